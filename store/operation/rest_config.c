/*
 * rest_config.c - a stream's configuration as JSON.
 */
#include "store/operation/rest_config.h"

#include <string.h>

#include "store/rules/epochs.h"

#define TEXT(n) TEXT_(n)
#define TEXT_(n) #n
#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_HOUR (60 * MS_PER_MINUTE)
#define MS_PER_DAY (24 * MS_PER_HOUR)
#define BYTES_PER_MB (INT64_C(1) << 20)

/* What is wrong with a value is the result of a reader; NULL: nothing. */

static const char *take_count(const json_t *in, const char *key, int64_t max, int64_t *out)
{
    const json_t *value = json_object_get(in, key);

    *out = 0;
    if (value == NULL || json_is_null(value))
        return NULL;
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return "a number in it is none, or out of range";
    *out = json_integer_value(value);
    return NULL;
}

/* --- Scaling ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    Pravega__ScalingPolicy__ScalingPolicyType type;
} scaling_types[] = {
    {"FIXED_NUM_SEGMENTS", PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS},
    {"BY_RATE_IN_KBYTES_PER_SEC", PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_KBYTES_PER_SEC},
    {"BY_RATE_IN_EVENTS_PER_SEC", PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_EVENTS_PER_SEC},
};
#define SCALING_TYPE_COUNT (sizeof(scaling_types) / sizeof(scaling_types[0]))

static bool take_scaling_type(const json_t *in, Pravega__ScalingPolicy *out)
{
    const char *name = json_string_value(json_object_get(in, "type"));

    for (size_t i = 0; name != NULL && i < SCALING_TYPE_COUNT; i++) {
        if (strcmp(scaling_types[i].name, name) == 0) {
            out->scaletype = scaling_types[i].type;
            return true;
        }
    }
    return false;
}

static const char *read_scaling(const json_t *in, Pravega__ScalingPolicy *out)
{
    int64_t segments, rate, factor;
    const char *wrong;

    if (!json_is_object(in) || !take_scaling_type(in, out))
        return "it needs a scalingPolicy of a type: FIXED_NUM_SEGMENTS, BY_RATE_IN_KBYTES_PER_SEC, "
               "BY_RATE_IN_EVENTS_PER_SEC";
    wrong = take_count(in, "minSegments", INT32_MAX, &segments);
    if (wrong == NULL)
        wrong = take_count(in, "targetRate", INT32_MAX, &rate);
    if (wrong == NULL)
        wrong = take_count(in, "scaleFactor", INT32_MAX, &factor);
    if (wrong != NULL)
        return wrong;
    if (segments < 1 || segments > WEIR_EPOCH_SEGMENTS_MAX)
        return "minSegments of its scalingPolicy has to be 1 to " TEXT(WEIR_EPOCH_SEGMENTS_MAX);
    out->minnumsegments = (int32_t)segments;
    if (out->scaletype == PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS)
        return NULL;
    if (rate < 1 || factor < 1)
        return "targetRate and scaleFactor of its scalingPolicy have to be 1 or more";
    out->targetrate = (int32_t)rate;
    out->scalefactor = (int32_t)factor;
    return NULL;
}

static json_t *write_scaling(const Pravega__ScalingPolicy *policy)
{
    const char *type = scaling_types[0].name;

    for (size_t i = 0; i < SCALING_TYPE_COUNT; i++) {
        if (scaling_types[i].type == policy->scaletype)
            type = scaling_types[i].name;
    }
    if (policy->scaletype == PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS)
        return json_pack("{s:s, s:i}", "type", type, "minSegments", (int)policy->minnumsegments);
    return json_pack("{s:s, s:i, s:i, s:i}", "type", type, "targetRate", (int)policy->targetrate, "scaleFactor",
                     (int)policy->scalefactor, "minSegments", (int)policy->minnumsegments);
}

/* --- Retention ---------------------------------------------------------------------------------------------------- */

/* "value" in days or, where it is 0, days, hours and minutes. */
static const char *take_time(const json_t *in, const char *days_key, const char *parts_key, int64_t *out)
{
    const json_t *parts = json_object_get(in, parts_key);
    int64_t value, days, hours, minutes;
    const char *wrong = take_count(in, days_key, 1000000, &value);

    if (wrong == NULL)
        wrong = take_count(parts, "days", 1000000, &days);
    if (wrong == NULL)
        wrong = take_count(parts, "hours", 1000000, &hours);
    if (wrong == NULL)
        wrong = take_count(parts, "minutes", 1000000, &minutes);
    if (wrong != NULL)
        return wrong;
    *out = value > 0 ? value * MS_PER_DAY : days * MS_PER_DAY + hours * MS_PER_HOUR + minutes * MS_PER_MINUTE;
    return NULL;
}

static const char *take_size(const json_t *in, const char *key, int64_t *out)
{
    const char *wrong = take_count(in, key, INT64_MAX / BYTES_PER_MB, out);

    *out *= BYTES_PER_MB;
    return wrong;
}

static const char *read_retention(const json_t *in, Pravega__RetentionPolicy *out)
{
    const char *type = json_string_value(json_object_get(in, "type")), *wrong;

    if (in == NULL || json_is_null(in))
        return NULL;
    if (type != NULL && strcmp(type, "LIMITED_SIZE_MB") == 0) {
        out->retentiontype = PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE;
        wrong = take_size(in, "value", &out->retentionparam);
        if (wrong == NULL)
            wrong = take_size(in, "maxValue", &out->retentionmax);
    } else if (type != NULL && strcmp(type, "LIMITED_DAYS") == 0) {
        out->retentiontype = PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__TIME;
        wrong = take_time(in, "value", "timeBasedRetention", &out->retentionparam);
        if (wrong == NULL)
            wrong = take_time(in, "maxValue", "maxTimeBasedRetention", &out->retentionmax);
    } else {
        return "its retentionPolicy needs a type: LIMITED_DAYS or LIMITED_SIZE_MB";
    }
    if (wrong == NULL && out->retentionparam == 0) /* to keep nothing is what a forgotten value would mean */
        return "its retentionPolicy needs a value of 1 or more, or a timeBasedRetention that is not 0";
    if (out->retentionmax == 0)
        out->retentionmax = INT64_MAX; /* no limit, as Pravega's client writes it */
    return wrong;
}

/* As Pravega's own: whole days are also the value, anything else is 0 and in parts. The maximum is not shown. */
static json_t *write_retention(const Pravega__RetentionPolicy *policy)
{
    int64_t ms = policy->retentionparam, days = ms / MS_PER_DAY, rest = ms % MS_PER_DAY;

    if (policy->retentiontype == PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE)
        return json_pack("{s:s, s:I}", "type", "LIMITED_SIZE_MB", "value",
                         (json_int_t)(policy->retentionparam / BYTES_PER_MB));
    return json_pack("{s:s, s:I, s:{s:I, s:I, s:I}}", "type", "LIMITED_DAYS", "value",
                     (json_int_t)(rest == 0 ? days : 0), "timeBasedRetention", "days", (json_int_t)days, "hours",
                     (json_int_t)(rest / MS_PER_HOUR), "minutes", (json_int_t)(rest % MS_PER_HOUR / MS_PER_MINUTE));
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

static const char *read_tags(const json_t *in, struct weir_rest_config *out)
{
    if (in == NULL || json_is_null(in))
        return NULL;
    if (!json_is_array(in) || json_array_size(in) > WEIR_STREAM_TAGS_MAX)
        return "streamTags has to be a list of at most 128 tags";
    out->tags.tag = out->tag_list;
    for (size_t i = 0; i < json_array_size(in); i++) {
        const json_t *tag = json_array_get(in, i);

        if (!json_is_string(tag) || json_string_length(tag) > WEIR_STREAM_TAG_LEN_MAX)
            return "a tag has to be a text of at most 256 bytes";
        out->tag_list[out->tags.n_tag++] = pravega_proto_str(json_string_value(tag));
    }
    return NULL;
}

const char *weir_rest_config_read(const json_t *in, const char *scope, const char *stream,
                                  struct weir_rest_config *out)
{
    const char *wrong;

    pravega__stream_config__init(&out->config);
    pravega__stream_info__init(&out->info);
    pravega__scaling_policy__init(&out->scaling);
    pravega__retention_policy__init(&out->retention);
    pravega__tags__init(&out->tags);
    out->info.scope = pravega_proto_str(scope);
    out->info.stream = pravega_proto_str(stream);
    out->config.streaminfo = &out->info;
    out->config.scalingpolicy = &out->scaling;
    out->config.retentionpolicy = &out->retention;
    out->config.tags = &out->tags;
    wrong = read_scaling(json_object_get(in, "scalingPolicy"), &out->scaling);
    if (wrong == NULL)
        wrong = read_retention(json_object_get(in, "retentionPolicy"), &out->retention);
    if (wrong == NULL)
        wrong = read_tags(json_object_get(in, "streamTags"), out);
    if (wrong == NULL)
        wrong =
            take_count(in, "timestampAggregationTimeout", INT64_MAX, &out->config.timestampaggregationtimeout);
    if (wrong == NULL)
        wrong = take_count(in, "rolloverSizeBytes", INT64_MAX, &out->config.rolloversizebytes);
    return wrong;
}

json_t *weir_rest_config_write(const char *scope, const char *stream, const Pravega__StreamConfig *config)
{
    static const Pravega__ScalingPolicy no_scaling = PRAVEGA__SCALING_POLICY__INIT;
    const Pravega__RetentionPolicy *retention = config->retentionpolicy;
    json_t *tags = json_array(), *out;

    for (size_t i = 0; config->tags != NULL && i < config->tags->n_tag; i++)
        json_array_append_new(tags, json_string(config->tags->tag[i]));
    out = json_pack("{s:s, s:s, s:o, s:o, s:I, s:I}", "scopeName", scope, "streamName", stream, "scalingPolicy",
                    write_scaling(config->scalingpolicy != NULL ? config->scalingpolicy : &no_scaling), "tags", tags,
                    "timestampAggregationTimeout", (json_int_t)config->timestampaggregationtimeout, "rolloverSizeBytes",
                    (json_int_t)config->rolloversizebytes);
    if (retention != NULL &&
        retention->retentiontype != PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__UNKNOWN)
        json_object_set_new(out, "retentionPolicy", write_retention(retention));
    return out;
}
