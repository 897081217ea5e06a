/*
 * stream_policy.c - what a stream's configuration asks the controller to do by itself.
 */
#include "store/rules/stream_policy.h"

#include "pravega/proto.h"

static void read_scaling(struct weir_stream_policy *policy, const Pravega__ScalingPolicy *in)
{
    policy->segments_min = in->minnumsegments > 1 ? in->minnumsegments : 1;
    if (in->targetrate < 1)
        return;
    if (in->scaletype == PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_KBYTES_PER_SEC)
        policy->scale_type = WEIR_SCALE_KBYTES;
    else if (in->scaletype == PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_EVENTS_PER_SEC)
        policy->scale_type = WEIR_SCALE_EVENTS;
    policy->target_rate = in->targetrate;
    policy->scale_factor = in->scalefactor > 2 ? in->scalefactor : 2;
}

static void read_retention(struct weir_stream_policy *policy, const Pravega__RetentionPolicy *in)
{
    if (in->retentionparam < 0)
        return;
    if (in->retentiontype == PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__TIME)
        policy->retention_type = WEIR_RETENTION_TIME;
    else if (in->retentiontype == PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE)
        policy->retention_type = WEIR_RETENTION_SIZE;
    policy->retain_min = in->retentionparam;
    policy->retain_max = in->retentionmax > 0 ? in->retentionmax : INT64_MAX; /* clients of old send none */
}

void weir_stream_policy_read(struct weir_stream_policy *policy, struct weir_view packed)
{
    const Pravega__StreamConfig *config;
    ProtobufCMessage *message = NULL;

    *policy = (struct weir_stream_policy){.scale_factor = 2, .segments_min = 1, .retain_max = INT64_MAX};
    if (pravega_proto_unpack(&pravega__stream_config__descriptor, packed, &message, NULL) != WEIR_OK)
        return;
    config = (const Pravega__StreamConfig *)message;
    if (config->scalingpolicy != NULL)
        read_scaling(policy, config->scalingpolicy);
    if (config->retentionpolicy != NULL)
        read_retention(policy, config->retentionpolicy);
    policy->mark_timeout_ms = config->timestampaggregationtimeout;
    pravega_proto_free(message);
}
