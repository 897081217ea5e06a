/*
 * settings.c - the store's settings, by their names. Two names may stand for one setting, in different units.
 */
#include "store/rules/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct setting {
    const char *key;
    size_t offset;
    int64_t unit_ms, least, most, value;
} settings_table[] = {
#define ROW(key, field, unit, least, most, value, help)                                                                \
    {key, offsetof(struct weir_store_settings, field), unit, least, most, value},
    WEIR_STORE_SETTINGS_MAP(ROW)
#undef ROW
};

#define SETTING_COUNT (sizeof(settings_table) / sizeof(settings_table[0]))

static void put(struct weir_store_settings *settings, const struct setting *setting, int64_t value)
{
    *(int64_t *)((char *)settings + setting->offset) = value * setting->unit_ms;
}

void weir_store_settings_init(struct weir_store_settings *settings)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        put(settings, &settings_table[i], settings_table[i].value);
}

static const struct setting *find(const char *key, size_t len)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strlen(settings_table[i].key) == len && memcmp(settings_table[i].key, key, len) == 0)
            return &settings_table[i];
    }
    return NULL;
}

enum weir_status weir_store_settings_set(struct weir_store_settings *settings, const char *assignment,
                                         struct weir_error *err)
{
    const char *equals = strchr(assignment, '=');
    size_t len = equals != NULL ? (size_t)(equals - assignment) : strlen(assignment);
    const struct setting *setting = find(assignment, len);
    long long value;
    char *end;

    if (setting == NULL)
        return weir_fail(err, WEIR_E_INVAL, "the store has no setting \"%.*s\"; weir store --help lists them",
                         (int)(len < 100 ? len : 100), assignment);
    errno = 0;
    value = equals != NULL ? strtoll(equals + 1, &end, 10) : -1;
    if (equals == NULL || errno != 0 || end == equals + 1 || *end != '\0' || value < setting->least ||
        value > setting->most)
        return weir_fail(err, WEIR_E_INVAL, "%s has to be a number from %" PRId64 " to %" PRId64, setting->key,
                         setting->least, setting->most);
    put(settings, setting, value);
    return WEIR_OK;
}
