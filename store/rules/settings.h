/**
 * @file store/rules/settings.h
 * @brief What can be set of the store besides its options: WEIR_STORE_SETTINGS_MAP (weir/store.h) as a struct.
 */
#ifndef WEIR_STORE_SETTINGS_H
#define WEIR_STORE_SETTINGS_H

#include "weir/store.h"

struct weir_store_settings {
    int64_t scale_quiet_ms;      /**< a scale that is asked for waits until its segments have not grown for so long */
    int64_t scale_cooldown_ms;   /**< no advice about a segment that is younger */
    int64_t scale_mute_ms;       /**< between two pieces of the same advice about one segment */
    int64_t scale_expiry_ms;     /**< a segment that was silent for so long is cold */
    int64_t scale_minute_ms;     /**< the minute of the rates: they look back 2, 5, 10 and 20 of it */
    int64_t retention_period_ms; /**< between two looks at a stream's retention */
    int64_t watermark_period_ms; /**< between two watermarks of a stream */
};

void weir_store_settings_init(struct weir_store_settings *settings);
/**
 * Takes "KEY=VALUE".
 * @retval WEIR_E_INVAL  no such key, or a value out of its range: the message says what is allowed
 */
enum weir_status weir_store_settings_set(struct weir_store_settings *settings, const char *assignment,
                                         struct weir_error *err);

#endif
