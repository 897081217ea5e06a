/*
 * settings.c - the table of settings, how their values are read, and the reference page that is made from it.
 */
#include "runtime/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SETTING(key, kind, field, zero, text, help)                                                                    \
    {                                                                                                                  \
        key, WEIR_SETTING_##kind, offsetof(struct weir_env_options, field), zero, text, help                           \
    }

const struct weir_setting weir_settings[] = {
    SETTING("parallelism.default", INT, parallelism, false, "1", "Subtasks of each operator that sets no own number."),
    SETTING("pipeline.max-parallelism", INT, max_parallelism, false,
            "128, or the power of two from 1.5 x parallelism on",
            "Key groups: the most that the parallelism of a keyed operator can ever be."),
    SETTING("taskmanager.numberOfTaskSlots", INT, workers, false, "min(parallelism, cores)",
            "Worker threads, each with its own loop."),
    SETTING("execution.checkpointing.interval", DURATION, checkpoint_interval_ms, false, "off",
            "A checkpoint begins about this often."),
    SETTING("execution.checkpointing.mode", MODE, checkpoint_mode, false, "EXACTLY_ONCE",
            "EXACTLY_ONCE aligns barriers; AT_LEAST_ONCE does not, and may count records twice after a failure."),
    SETTING("execution.checkpointing.timeout", DURATION, checkpoint_timeout_ms, false, "10 min",
            "A checkpoint that takes longer is given up."),
    SETTING("execution.checkpointing.min-pause", DURATION, checkpoint_min_pause_ms, false, "0",
            "At least this much time between the end of one checkpoint and the begin of the next."),
    SETTING("execution.checkpointing.tolerable-failed-checkpoints", INT, tolerable_failed_checkpoints, false, "0",
            "So many checkpoints in a row may fail before the job does."),
    SETTING("state.checkpoints.dir", TEXT, checkpoints_dir, false, "weir-checkpoints",
            "The folder of the checkpoints."),
    SETTING("state.checkpoints.num-retained", INT, checkpoints_retained, false, "1",
            "So many complete checkpoints are kept."),
    SETTING("execution.savepoint.path", TEXT, from_checkpoint, false, "none",
            "The checkpoint to start from: a chk-N folder, or \"latest\"."),
    SETTING("execution.savepoint.ignore-unclaimed-state", SWITCH, ignore_unclaimed_state, false, "false",
            "Start even if the checkpoint has state of operators that the pipeline does not have."),
    SETTING("restart-strategy.fixed-delay.attempts", INT, restart_attempts, true,
            "without limit when checkpointing, else 0", "So many times a failed job is restarted; 0 means never."),
    SETTING("restart-strategy.fixed-delay.delay", DURATION, restart_delay_ms, true, "1 s",
            "Time between a failure and the restart."),
    SETTING("execution.buffer-timeout.interval", DURATION, buffer_timeout_ms, true, "100 ms",
            "A partly filled buffer leaves after this time at the latest; 0: after every record."),
    SETTING("pipeline.auto-watermark-interval", DURATION, auto_watermark_interval_ms, true, "200 ms",
            "Watermarks are made about this often; 0: only the last one."),
    SETTING("pipeline.operator-chaining.enabled", NOT, disable_chaining, false, "true",
            "Operators that can call each other directly do."),
    SETTING("taskmanager.memory.segment-size", SIZE, buffer_bytes, false, "32kb",
            "Size of the buffers that tasks exchange."),
    SETTING("taskmanager.network.memory.max-buffers-per-channel", INT, buffers_per_channel, false, "8",
            "So many buffers may wait between two tasks before the producer stops; rounded up to a power of two."),
};
const size_t weir_settings_count = sizeof(weir_settings) / sizeof(weir_settings[0]);

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {{"", 1},      {"ms", 1},      {"s", 1000},     {"sec", 1000}, {"min", 60000},
                                        {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit sizes[] = {{"", 1},         {"b", 1},       {"kb", 1024}, {"k", 1024},
                                    {"mb", 1048576}, {"m", 1048576}, {NULL, 0}};
static const struct unit plain[] = {{"", 1}, {NULL, 0}};

/* "10 s" -> 10000. False if it is not a number with one of the units, negative, or above `value_max`. */
static bool read_number(const char *text, const struct unit *units, int64_t value_max, int64_t *out)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || number < 0)
        return false;
    while (*end == ' ')
        end++;
    for (; units->name != NULL; units++) {
        if (strcasecmp(end, units->name) != 0)
            continue;
        *out = number * units->factor;
        return number <= value_max / units->factor;
    }
    return false;
}

static enum weir_status bad_value(const char *key, const char *value, const char *want, struct weir_error *err)
{
    return weir_fail(err, WEIR_E_INVAL, "setting %s: \"%s\" is not %s", key, value, want);
}

static enum weir_status set_number(const struct weir_setting *setting, void *field, const char *value,
                                   struct weir_error *err)
{
    bool is_duration = setting->kind == WEIR_SETTING_DURATION;
    const struct unit *units = is_duration ? durations : setting->kind == WEIR_SETTING_SIZE ? sizes : plain;
    int64_t number;

    if (!read_number(value, units, is_duration ? INT64_MAX / WEIR_NS_PER_MS : INT_MAX, &number))
        return bad_value(setting->key, value,
                         is_duration                          ? "a duration (500 ms, 10 s, 2 min)"
                         : setting->kind == WEIR_SETTING_SIZE ? "a size (32kb)"
                                                              : "a whole number of 0 or more",
                         err);
    if (number == 0 && setting->zero_is_minus_one)
        number = -1;
    if (is_duration)
        *(int64_t *)field = number;
    else
        *(int *)field = (int)number;
    return WEIR_OK;
}

static enum weir_status set_switch(const struct weir_setting *setting, void *field, const char *value,
                                   struct weir_error *err)
{
    bool yes = strcasecmp(value, "true") == 0;

    if (!yes && strcasecmp(value, "false") != 0)
        return bad_value(setting->key, value, "true or false", err);
    *(bool *)field = (setting->kind == WEIR_SETTING_SWITCH) == yes;
    return WEIR_OK;
}

static enum weir_status set_mode(const struct weir_setting *setting, void *field, const char *value,
                                 struct weir_error *err)
{
    bool at_least_once = strcasecmp(value, "AT_LEAST_ONCE") == 0;

    if (!at_least_once && strcasecmp(value, "EXACTLY_ONCE") != 0)
        return bad_value(setting->key, value, "EXACTLY_ONCE or AT_LEAST_ONCE", err);
    *(enum weir_checkpoint_mode *)field = at_least_once ? WEIR_AT_LEAST_ONCE : WEIR_EXACTLY_ONCE;
    return WEIR_OK;
}

/* The key that shares the longest beginning and end with a mistyped one; NULL if none is half like it. */
static const char *nearest(const char *key)
{
    const char *best = NULL;
    size_t best_len = strlen(key) / 2;

    for (size_t i = 0; i < weir_settings_count; i++) {
        const char *candidate = weir_settings[i].key;
        size_t head = 0, tail = 0, key_len = strlen(key), len = strlen(candidate);

        while (head < key_len && key[head] == candidate[head])
            head++;
        while (tail < key_len && tail < len && key[key_len - 1 - tail] == candidate[len - 1 - tail])
            tail++;
        if (head + tail > best_len) {
            best_len = head + tail;
            best = candidate;
        }
    }
    return best;
}

enum weir_status weir_setting_set(struct weir_env_options *options, const char *key, const char *value,
                                  struct weir_error *err)
{
    const char *near;

    for (size_t i = 0; i < weir_settings_count; i++) {
        const struct weir_setting *setting = &weir_settings[i];
        void *field = (uint8_t *)options + setting->offset;

        if (strcmp(setting->key, key) != 0)
            continue;
        switch (setting->kind) {
        case WEIR_SETTING_INT:
        case WEIR_SETTING_DURATION:
        case WEIR_SETTING_SIZE:
            return set_number(setting, field, value, err);
        case WEIR_SETTING_SWITCH:
        case WEIR_SETTING_NOT:
            return set_switch(setting, field, value, err);
        case WEIR_SETTING_TEXT:
            *(const char **)field = value;
            return WEIR_OK;
        case WEIR_SETTING_MODE:
            return set_mode(setting, field, value, err);
        }
    }
    near = nearest(key);
    if (near == NULL)
        return weir_fail(err, WEIR_E_INVAL, "there is no setting \"%s\"; docs/configuration.md lists them", key);
    return weir_fail(err, WEIR_E_INVAL, "there is no setting \"%s\"; did you mean %s?", key, near);
}

/* Flink's rule: half as many key groups again as subtasks, a power of two, from 128 to 32768. */
static int default_max_parallelism(int parallelism)
{
    int64_t want = parallelism + (int64_t)parallelism / 2;
    int groups = 128;

    while (groups < want && groups < 32768)
        groups *= 2;
    return groups;
}

#define DEFAULT(field, value)                                                                                          \
    do {                                                                                                               \
        if (options->field == 0)                                                                                       \
            options->field = (value);                                                                                  \
        else if (options->field == -1)                                                                                 \
            options->field = 0;                                                                                        \
    } while (0)

enum weir_status weir_settings_resolve(struct weir_env_options *options, struct weir_error *err)
{
    bool checkpointing = options->checkpoint_interval_ms > 0;

    DEFAULT(restart_attempts, checkpointing ? INT_MAX : 0);
    DEFAULT(restart_delay_ms, 1000);
    DEFAULT(buffer_timeout_ms, 100);
    DEFAULT(auto_watermark_interval_ms, 200);
    options->parallelism = options->parallelism != 0 ? options->parallelism : 1;
    if (options->max_parallelism == 0)
        options->max_parallelism = default_max_parallelism(options->parallelism);
    if (options->checkpoint_timeout_ms == 0)
        options->checkpoint_timeout_ms = 600000;
    if (options->checkpoints_retained == 0)
        options->checkpoints_retained = 1;
    if (options->buffer_bytes == 0)
        options->buffer_bytes = 32768;
    if (options->buffers_per_channel == 0)
        options->buffers_per_channel = 8;
    if (options->checkpoints_dir == NULL)
        options->checkpoints_dir = "weir-checkpoints";
    for (size_t i = 0; i < weir_settings_count; i++) {
        const struct weir_setting *setting = &weir_settings[i];
        const void *field = (const uint8_t *)options + setting->offset;

        if ((setting->kind == WEIR_SETTING_INT || setting->kind == WEIR_SETTING_SIZE) && *(const int *)field < 0)
            return weir_fail(err, WEIR_E_INVAL, "setting %s: %d is negative", setting->key, *(const int *)field);
        if (setting->kind == WEIR_SETTING_DURATION && *(const int64_t *)field < 0)
            return weir_fail(err, WEIR_E_INVAL, "setting %s: %lld ms is negative", setting->key,
                             (long long)*(const int64_t *)field);
    }
    if (options->max_parallelism > 32768)
        return weir_fail(err, WEIR_E_INVAL, "setting pipeline.max-parallelism: %d is above 32768",
                         options->max_parallelism);
    if (options->buffer_bytes < 1024 || options->buffer_bytes > 1 << 24)
        return weir_fail(err, WEIR_E_INVAL, "setting taskmanager.memory.segment-size: %d bytes is not within 1kb..16mb",
                         options->buffer_bytes);
    if (options->buffers_per_channel > 4096)
        return weir_fail(err, WEIR_E_INVAL,
                         "setting taskmanager.network.memory.max-buffers-per-channel: %d is above 4096",
                         options->buffers_per_channel);
    return WEIR_OK;
}

void weir_settings_document(struct weir_buf *out)
{
    weir_buf_printf(out, "| Key | Default | Meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < weir_settings_count; i++)
        weir_buf_printf(out, "| `%s` | %s | %s |\n", weir_settings[i].key, weir_settings[i].default_text,
                        weir_settings[i].help);
}
