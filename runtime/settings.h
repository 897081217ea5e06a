/**
 * @file runtime/settings.h
 * @brief The table of settings: Flink's key, the field it fills, unit, default and help. Parsing and reference page
 * come from it.
 */
#ifndef WEIR_RUNTIME_SETTINGS_H
#define WEIR_RUNTIME_SETTINGS_H

#include "weir/env.h"

enum weir_setting_kind {
    WEIR_SETTING_INT,
    WEIR_SETTING_DURATION, /* int64_t milliseconds: "10 s", "500ms", "2 min", "1 h", "1 d", or a number of ms */
    WEIR_SETTING_SIZE,     /* int bytes: "32kb", "1mb", or a number of bytes */
    WEIR_SETTING_SWITCH,   /* bool: "true", "false" */
    WEIR_SETTING_NOT,      /* bool field that says the opposite of the key */
    WEIR_SETTING_TEXT,
    WEIR_SETTING_MODE, /* enum weir_checkpoint_mode */
};

struct weir_setting {
    const char *key; /* Flink's */
    enum weir_setting_kind kind;
    size_t offset;            /* of the field in struct weir_env_options */
    bool zero_is_minus_one;   /* the field's 0 means the default, so that a set 0 is kept as -1 */
    const char *default_text; /* as Flink's documentation has it */
    const char *help;
};

extern const struct weir_setting weir_settings[];
extern const size_t weir_settings_count;

/** Sets the field of `key`. Text fields borrow `value`. @retval WEIR_E_INVAL no such key (near ones are named), bad
 * value */
enum weir_status weir_setting_set(struct weir_env_options *options, const char *key, const char *value,
                                  struct weir_error *err);
/** Replaces zeros by defaults and checks the ranges, naming the key. Text is not touched but for the default folder. */
enum weir_status weir_settings_resolve(struct weir_env_options *options, struct weir_error *err);
/** The table of docs/configuration.md, which a test compares with it. */
void weir_settings_document(struct weir_buf *out);

#endif
