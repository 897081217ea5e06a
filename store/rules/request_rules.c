/*
 * request_rules.c - which requests the controller refuses before it looks at anything.
 *
 * A table: for each call the strings that must not be empty, and what else its message must be. A string is named by
 * its way through the message, "streamInfo.scope"; a message that is missing on the way counts as an empty one.
 */
#include "store/rules/request_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/uuid.h"
#include "store/rules/epochs.h"

#define NAMES_MAX 3
#define TAGS_MAX 127
#define TAG_LEN_MAX 255 /* of UTF-16 */

struct rule {
    const char *rpc;
    const char *names[NAMES_MAX];
    bool (*is_sound)(const void *request); /* may be NULL */
    enum weir_grpc_code code;
};

/* --- What some messages must be ----------------------------------------------------------------------------------- */

static size_t utf16_len(const char *text)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    size_t len = 0;

    while (at != end)
        len += weir_utf8_next(&at, end) >= 0x10000 ? 2 : 1;
    return len;
}

static bool stream_config_is_sound(const void *request)
{
    const Pravega__StreamConfig *config = request;

    if (config->rolloversizebytes < 0 ||
        (config->scalingpolicy != NULL &&
         protobuf_c_enum_descriptor_get_value(&pravega__scaling_policy__scaling_policy_type__descriptor,
                                              config->scalingpolicy->scaletype) == NULL))
        return false;
    if (config->retentionpolicy != NULL &&
        protobuf_c_enum_descriptor_get_value(&pravega__retention_policy__retention_policy_type__descriptor,
                                             config->retentionpolicy->retentiontype) == NULL)
        return false;
    if (config->tags != NULL && config->tags->n_tag > TAGS_MAX)
        return false;
    for (size_t i = 0; config->tags != NULL && i < config->tags->n_tag; i++) {
        if (utf16_len(config->tags->tag[i]) > TAG_LEN_MAX)
            return false;
    }
    return true;
}

static bool cut_is_sound(const void *request)
{
    return ((const Pravega__StreamCut *)request)->n_cut > 0;
}

static bool cuts_are_sound(const void *request)
{
    const Pravega__StreamCutRange *range = request;

    return range->n_from > 0 || range->n_to > 0;
}

static bool epoch_segments_is_sound(const void *request)
{
    return ((const Pravega__GetEpochSegmentsRequest *)request)->epoch >= 0;
}

static bool check_scale_is_sound(const void *request)
{
    return ((const Pravega__ScaleStatusRequest *)request)->epoch >= 0;
}

/* As Java tells the keys of a map apart: the two zeros differ, and one NaN is as good as another. */
static bool same_key(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

/* The ranges are taken for a map by where they start. */
static bool scale_is_sound(const void *request)
{
    const Pravega__ScaleRequest *scale = request;

    for (size_t i = 0; i < scale->n_newkeyranges && scale->n_newkeyranges <= WEIR_EPOCH_SEGMENTS_MAX; i++) {
        for (size_t j = 0; j < i; j++) {
            if (same_key(scale->newkeyranges[i]->start, scale->newkeyranges[j]->start))
                return false;
        }
    }
    return true;
}

static bool is_uuid(const char *text)
{
    struct weir_uuid id;

    return weir_uuid_parse(weir_view_str(text), &id);
}

/* The smallest and the largest segment of a cut. */
struct span {
    int64_t min, max;
};

static struct span span_of(const Pravega__StreamCut *cut)
{
    struct span span = {INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < cut->n_cut; i++) {
        span.min = cut->cut[i]->key < span.min ? cut->cut[i]->key : span.min;
        span.max = cut->cut[i]->key > span.max ? cut->cut[i]->key : span.max;
    }
    return span;
}

/* An offset of -1 is the segment's end. */
static bool ends_after(int64_t start, int64_t end)
{
    return start == -1 ? end == -1 : end == -1 || start <= end;
}

static bool follows(const Pravega__StreamCut *start, const Pravega__StreamCut *end)
{
    struct span from = span_of(start), to = span_of(end);

    for (size_t i = 0; i < start->n_cut; i++) {
        for (size_t j = 0; j < end->n_cut; j++) {
            if (start->cut[i]->key == end->cut[j]->key && !ends_after(start->cut[i]->value, end->cut[j]->value))
                return false;
        }
    }
    return from.min <= to.min && from.max <= to.max;
}

static bool same_stream(const Pravega__StreamInfo *a, const Pravega__StreamInfo *b)
{
    return strcmp(a->scope, b->scope) == 0 && strcmp(a->stream, b->stream) == 0;
}

static bool names_streams(Pravega__StreamCut *const *cuts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (cuts[i]->streaminfo == NULL || cuts[i]->streaminfo->scope[0] == '\0' ||
            cuts[i]->streaminfo->stream[0] == '\0')
            return false;
    }
    return true;
}

static int stream_compare(const void *a, const void *b)
{
    const Pravega__StreamInfo *x = *(Pravega__StreamInfo *const *)a, *y = *(Pravega__StreamInfo *const *)b;
    int order = strcmp(x->scope, y->scope);

    return order != 0 ? order : strcmp(x->stream, y->stream);
}

/* The cuts are taken for a map by their streams. */
static bool is_each_once(Pravega__StreamCut *const *cuts, size_t count)
{
    Pravega__StreamInfo **sorted = malloc((count + 1) * sizeof(*sorted));
    bool once = sorted != NULL;

    for (size_t i = 0; i < count && once; i++)
        sorted[i] = cuts[i]->streaminfo;
    if (once)
        qsort(sorted, count, sizeof(*sorted), stream_compare);
    for (size_t i = 1; i < count && once; i++)
        once = stream_compare(&sorted[i - 1], &sorted[i]) != 0;
    free(sorted);
    return once;
}

/* Every bounded end of a stream follows its bounded start. */
static bool ends_follow_starts(const Pravega__ReaderGroupConfiguration *config)
{
    for (size_t i = 0; i < config->n_endingstreamcuts; i++) {
        const Pravega__StreamCut *end = config->endingstreamcuts[i];

        for (size_t j = 0; end->n_cut > 0 && j < config->n_startingstreamcuts; j++) {
            const Pravega__StreamCut *start = config->startingstreamcuts[j];

            if (start->n_cut > 0 && same_stream(start->streaminfo, end->streaminfo) && !follows(start, end))
                return false;
        }
    }
    return true;
}

static bool group_config_is_sound(const void *request)
{
    const Pravega__ReaderGroupConfiguration *config = request;

    return is_uuid(config->readergroupid) && config->maxoutstandingcheckpointrequest > 0 &&
           config->retentiontype >= 0 && config->retentiontype <= 2 && config->n_startingstreamcuts > 0 &&
           names_streams(config->startingstreamcuts, config->n_startingstreamcuts) &&
           names_streams(config->endingstreamcuts, config->n_endingstreamcuts) &&
           is_each_once(config->startingstreamcuts, config->n_startingstreamcuts) &&
           is_each_once(config->endingstreamcuts, config->n_endingstreamcuts) && ends_follow_starts(config);
}

/* --- The table ---------------------------------------------------------------------------------------------------- */

static const struct rule rules[] = {
    {"getURI", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"createScope", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"deleteScope", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"deleteScopeRecursive", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"checkScopeExists", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"createStream", {"streamInfo.scope"}, stream_config_is_sound, WEIR_GRPC_INTERNAL},
    {"updateStream", {"streamInfo.scope", "streamInfo.stream"}, stream_config_is_sound, WEIR_GRPC_INTERNAL},
    {"truncateStream", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"sealStream", {"scope", "stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"deleteStream", {"scope", "stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"getStreamConfiguration", {"scope", "stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"checkStreamExists", {"scope", "stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"listStreamsInScope", {"scope.scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"listStreamsInScopeForTag", {"scope.scope", "tag"}, NULL, WEIR_GRPC_INTERNAL},
    {"getCurrentSegments", {"scope", "stream"}, NULL, WEIR_GRPC_UNKNOWN},
    {"getEpochSegments", {"streamInfo.scope", "streamInfo.stream"}, epoch_segments_is_sound, WEIR_GRPC_INTERNAL},
    {"getSegments", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"getSegmentsImmediatlyFollowing", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"getSegmentsImmediatelyFollowing", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"getSegmentsBetween", {"streamInfo.scope", "streamInfo.stream"}, cuts_are_sound, WEIR_GRPC_INTERNAL},
    {"isSegmentValid", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"isStreamCutValid", {"streamInfo.scope", "streamInfo.stream"}, cut_is_sound, WEIR_GRPC_INTERNAL},
    {"scale", {"streamInfo.scope", "streamInfo.stream"}, scale_is_sound, WEIR_GRPC_INTERNAL},
    {"checkScale", {"streamInfo.scope", "streamInfo.stream"}, check_scale_is_sound, WEIR_GRPC_INTERNAL},
    {"createTransaction", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"commitTransaction", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"abortTransaction", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"pingTransaction", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"checkTransactionState", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"listCompletedTransactions", {"streamInfo.scope", "streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"noteTimestampFromWriter", {"position.streamInfo.scope", "position.streamInfo.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"removeWriter", {"stream.scope", "stream.stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"getKeyValueTableConfiguration", {"scope", "kvtName"}, NULL, WEIR_GRPC_INTERNAL},
    {"getCurrentSegmentsKeyValueTable", {"scope", "kvtName"}, NULL, WEIR_GRPC_INTERNAL},
    {"listKeyValueTablesInScope", {"scope.scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"deleteKeyValueTable", {"scope", "kvtName"}, NULL, WEIR_GRPC_INTERNAL},
    {"createKeyValueTable", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"createReaderGroup", {"scope"}, group_config_is_sound, WEIR_GRPC_INTERNAL},
    {"getReaderGroupConfig", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"updateReaderGroup", {"scope"}, group_config_is_sound, WEIR_GRPC_INTERNAL},
    {"deleteReaderGroup", {"scope"}, NULL, WEIR_GRPC_INTERNAL},
    {"listSubscribers", {"scope", "stream"}, NULL, WEIR_GRPC_INTERNAL},
    {"updateSubscriberStreamCut",
     {"streamCut.streamInfo.scope", "streamCut.streamInfo.stream"},
     NULL,
     WEIR_GRPC_INTERNAL},
};

/* Whether the string at the end of `way` is missing or empty. */
static bool is_empty(const ProtobufCMessage *message, const char *way)
{
    while (message != NULL) {
        size_t len = strcspn(way, ".");
        char name[32] = "";
        const ProtobufCFieldDescriptor *field;
        const void *member;

        memcpy(name, way, len);
        field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        member = (const char *)message + field->offset;
        if (way[len] == '\0')
            return **(const char *const *)member == '\0';
        message = *(const ProtobufCMessage *const *)member;
        way += len + 1;
    }
    return true;
}

static bool is_kept(const struct rule *rule, const ProtobufCMessage *request)
{
    for (size_t i = 0; i < NAMES_MAX && rule->names[i] != NULL; i++) {
        if (is_empty(request, rule->names[i]))
            return false;
    }
    return rule->is_sound == NULL || rule->is_sound(request);
}

enum weir_grpc_code weir_request_check(const char *rpc, const ProtobufCMessage *request)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (strcmp(rules[i].rpc, rpc) == 0 && !is_kept(&rules[i], request))
            return rules[i].code;
    }
    return WEIR_GRPC_OK;
}
