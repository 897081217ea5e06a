/*
 * upkeep.c - a reader's round in its group. Times and conditions are upstream's; see upkeep.h for the order.
 */
#include "pravega/group/upkeep.h"

#include "weir/loop.h"

#define TIME_UNIT_NS WEIR_NS_PER_S /* of what a reader waits by its rank */
#define CONFIG_INTERVAL_NS (10 * WEIR_NS_PER_S)
#define RETRY_NS WEIR_NS_PER_S
#define WAIT_MAX_MS (INT64_C(1) << 40) /* 34 years; configurations may say more */

const char *pravega_upkeep_name(enum pravega_upkeep_action action)
{
    static const char *const names[] = {"rest",
                                        "fetch",
                                        "change the configuration",
                                        "record a checkpoint",
                                        "record a silent checkpoint",
                                        "complete a segment",
                                        "release a segment",
                                        "publish a cut",
                                        "give a checkpoint",
                                        "create a checkpoint",
                                        "acquire segments",
                                        "tell its lag",
                                        "go offline"};

    return names[action];
}

void pravega_upkeep_init(struct pravega_upkeep *upkeep, int64_t now_ns, int64_t acquire_delay_ns)
{
    *upkeep = (struct pravega_upkeep){.phase = PRAVEGA_PHASE_CONFIG,
                                      .release_ns = now_ns + TIME_UNIT_NS,
                                      .acquire_ns = now_ns + acquire_delay_ns,
                                      .fetch_ns = now_ns,
                                      .checkpoint_ns = now_ns + TIME_UNIT_NS,
                                      .lag_ns = now_ns + TIME_UNIT_NS,
                                      .config_ns = now_ns + TIME_UNIT_NS,
                                      .retry_ns = now_ns};
}

void pravega_upkeep_begin_checkpoint(struct pravega_upkeep *upkeep)
{
    upkeep->at_checkpoint = true;
    upkeep->answered_silently = false;
    upkeep->begin = true;
}

/* ---- timers ---- */

/* Readers with less to read are quicker to take, those with more to give. */
static int64_t acquire_time_ns(const struct pravega_upkeep_facts *facts)
{
    int32_t units = facts->reader_count - facts->ranking;

    return (units >= 1 ? units : 1) * TIME_UNIT_NS;
}

static void restart_sharing(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    upkeep->release_ns = now_ns + (1 + facts->ranking) * TIME_UNIT_NS;
    upkeep->acquire_ns = now_ns + acquire_time_ns(facts);
    upkeep->lag_ns = now_ns + (1 + facts->reader_count) * TIME_UNIT_NS;
}

static int64_t after_ms(int64_t now_ns, int64_t wait_ms)
{
    return now_ns + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS) * WEIR_NS_PER_MS;
}

static void restart_fetching(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    upkeep->fetch_ns = after_ms(now_ns, facts->group_refresh_time_ms > 0 ? facts->group_refresh_time_ms : 1);
}

static bool makes_checkpoints(const struct pravega_upkeep_facts *facts)
{
    return facts->automatic_checkpoint_interval_ms > 0 && !facts->checkpoint_ongoing;
}

static void restart_checkpoints(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    if (facts->automatic_checkpoint_interval_ms > 0)
        upkeep->checkpoint_ns = after_ms(now_ns, facts->automatic_checkpoint_interval_ms);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A round is over: the next one begins with the first timer that can mean something. */
static enum pravega_upkeep_action rest(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts)
{
    upkeep->phase = PRAVEGA_PHASE_CONFIG;
    upkeep->wake_ns = sooner(upkeep->config_ns, upkeep->fetch_ns);
    if (facts->pending != PRAVEGA_PENDING_NONE)
        return PRAVEGA_UPKEEP_REST;
    upkeep->wake_ns = sooner(sooner(upkeep->wake_ns, upkeep->acquire_ns), upkeep->lag_ns);
    if (makes_checkpoints(facts))
        upkeep->wake_ns = sooner(upkeep->wake_ns, upkeep->checkpoint_ns);
    return PRAVEGA_UPKEEP_REST;
}

/* ---- the phases: an action, or REST to go on with the phase that is set then ---- */

static enum pravega_upkeep_action decide_config(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                                int64_t now_ns)
{
    if (now_ns >= upkeep->config_ns) {
        if (now_ns >= upkeep->fetch_ns)
            return PRAVEGA_UPKEEP_FETCH;
        if (facts->updating_config)
            return PRAVEGA_UPKEEP_CONFIG;
        upkeep->config_ns = now_ns + CONFIG_INTERVAL_NS;
    }
    upkeep->phase = PRAVEGA_PHASE_RECORD;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_record(struct pravega_upkeep *upkeep)
{
    if (upkeep->at_checkpoint)
        return PRAVEGA_UPKEEP_RECORD;
    upkeep->phase = PRAVEGA_PHASE_ASK;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_complete(struct pravega_upkeep *upkeep,
                                                  const struct pravega_upkeep_facts *facts)
{
    if (facts->sealed_count > 0 && facts->pending == PRAVEGA_PENDING_NONE)
        return PRAVEGA_UPKEEP_COMPLETE;
    upkeep->phase = PRAVEGA_PHASE_RELEASE;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_release(struct pravega_upkeep *upkeep,
                                                 const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    if (now_ns >= upkeep->fetch_ns)
        return PRAVEGA_UPKEEP_FETCH;
    if (now_ns >= upkeep->release_ns && facts->pending == PRAVEGA_PENDING_NONE && facts->owns_too_many)
        return PRAVEGA_UPKEEP_RELEASE;
    upkeep->phase = upkeep->answered_silently ? PRAVEGA_PHASE_ASK : PRAVEGA_PHASE_PUBLISH;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_publish(struct pravega_upkeep *upkeep,
                                                 const struct pravega_upkeep_facts *facts)
{
    if (facts->publish_due)
        return PRAVEGA_UPKEEP_PUBLISH;
    upkeep->phase = PRAVEGA_PHASE_ASK;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_ask(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                             int64_t now_ns)
{
    if (now_ns >= upkeep->fetch_ns)
        return PRAVEGA_UPKEEP_FETCH;
    if (facts->pending != PRAVEGA_PENDING_NONE)
        restart_checkpoints(upkeep, facts, now_ns);
    if (facts->pending == PRAVEGA_PENDING_SILENT)
        return PRAVEGA_UPKEEP_RECORD_SILENT;
    if (facts->pending == PRAVEGA_PENDING_LOUD) {
        upkeep->at_checkpoint = false;
        return facts->given ? rest(upkeep, facts) : PRAVEGA_UPKEEP_GIVE;
    }
    if (now_ns >= upkeep->checkpoint_ns && makes_checkpoints(facts))
        return PRAVEGA_UPKEEP_CREATE_CHECKPOINT;
    upkeep->at_checkpoint = false;
    upkeep->phase = PRAVEGA_PHASE_ACQUIRE;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_acquire(struct pravega_upkeep *upkeep,
                                                 const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    if (now_ns >= upkeep->fetch_ns)
        return PRAVEGA_UPKEEP_FETCH;
    if (now_ns >= upkeep->acquire_ns && facts->pending == PRAVEGA_PENDING_NONE) {
        if (facts->unassigned_count > 0)
            return PRAVEGA_UPKEEP_ACQUIRE;
        upkeep->acquire_ns = now_ns + acquire_time_ns(facts);
    }
    upkeep->phase = PRAVEGA_PHASE_LAG;
    return PRAVEGA_UPKEEP_REST;
}

static enum pravega_upkeep_action decide_lag(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                             int64_t now_ns)
{
    return now_ns >= upkeep->lag_ns && facts->pending == PRAVEGA_PENDING_NONE ? PRAVEGA_UPKEEP_LAG
                                                                              : rest(upkeep, facts);
}

static enum pravega_upkeep_action decide(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                         int64_t now_ns)
{
    switch (upkeep->phase) {
    case PRAVEGA_PHASE_CONFIG:
        return decide_config(upkeep, facts, now_ns);
    case PRAVEGA_PHASE_RECORD:
        return decide_record(upkeep);
    case PRAVEGA_PHASE_COMPLETE:
        return decide_complete(upkeep, facts);
    case PRAVEGA_PHASE_RELEASE:
        return decide_release(upkeep, facts, now_ns);
    case PRAVEGA_PHASE_PUBLISH:
        return decide_publish(upkeep, facts);
    case PRAVEGA_PHASE_ASK:
        return decide_ask(upkeep, facts, now_ns);
    case PRAVEGA_PHASE_ACQUIRE:
        return decide_acquire(upkeep, facts, now_ns);
    case PRAVEGA_PHASE_LAG:
        return decide_lag(upkeep, facts, now_ns);
    }
    return PRAVEGA_UPKEEP_REST;
}

enum pravega_upkeep_action pravega_upkeep_next(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                               int64_t now_ns)
{
    if (!facts->online)
        return PRAVEGA_UPKEEP_OFFLINE;
    if (now_ns < upkeep->retry_ns) {
        upkeep->wake_ns = upkeep->retry_ns;
        return PRAVEGA_UPKEEP_REST;
    }
    if (upkeep->begin)
        upkeep->phase = PRAVEGA_PHASE_CONFIG;
    upkeep->begin = false;
    upkeep->wake_ns = 0;
    for (;;) {
        enum pravega_upkeep_action action = decide(upkeep, facts, now_ns);

        if (action != PRAVEGA_UPKEEP_REST || upkeep->wake_ns != 0)
            return action;
    }
}

void pravega_upkeep_done(struct pravega_upkeep *upkeep, enum pravega_upkeep_action action, bool did,
                         const struct pravega_upkeep_facts *facts, int64_t now_ns)
{
    switch (action) {
    case PRAVEGA_UPKEEP_FETCH:
        restart_fetching(upkeep, facts, now_ns);
        break;
    case PRAVEGA_UPKEEP_CONFIG:
        upkeep->config_ns = now_ns + CONFIG_INTERVAL_NS;
        break;
    case PRAVEGA_UPKEEP_RECORD:
        upkeep->phase = PRAVEGA_PHASE_COMPLETE;
        break;
    case PRAVEGA_UPKEEP_RECORD_SILENT: /* it may have held up what follows the given one */
        if (upkeep->at_checkpoint)
            upkeep->phase = PRAVEGA_PHASE_COMPLETE;
        upkeep->answered_silently = true;
        break;
    case PRAVEGA_UPKEEP_COMPLETE:
        if (did)
            upkeep->acquire_ns = now_ns;
        else
            upkeep->phase = PRAVEGA_PHASE_RELEASE;
        break;
    case PRAVEGA_UPKEEP_RELEASE:
        restart_sharing(upkeep, facts, now_ns);
        break;
    case PRAVEGA_UPKEEP_PUBLISH:
        upkeep->phase = PRAVEGA_PHASE_ASK;
        break;
    case PRAVEGA_UPKEEP_CREATE_CHECKPOINT:
        restart_checkpoints(upkeep, facts, now_ns);
        break;
    case PRAVEGA_UPKEEP_ACQUIRE:
        restart_sharing(upkeep, facts, now_ns);
        upkeep->phase = did ? PRAVEGA_PHASE_CONFIG : PRAVEGA_PHASE_LAG;
        break;
    case PRAVEGA_UPKEEP_LAG:
        upkeep->lag_ns = now_ns + (1 + facts->reader_count) * TIME_UNIT_NS;
        restart_fetching(upkeep, facts, now_ns);
        upkeep->phase = PRAVEGA_PHASE_CONFIG;
        break;
    case PRAVEGA_UPKEEP_GIVE:
    case PRAVEGA_UPKEEP_REST:
    case PRAVEGA_UPKEEP_OFFLINE:
        break;
    }
}

void pravega_upkeep_failed(struct pravega_upkeep *upkeep, int64_t now_ns)
{
    upkeep->retry_ns = now_ns + RETRY_NS;
    upkeep->fetch_ns = now_ns; /* what the failure left behind is to be seen first */
}
