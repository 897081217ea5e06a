/*
 * test_policies.c - the rules by which the controller acts by itself, without a controller: rates and scales, stream
 * cuts and truncations, noted times and watermarks, and the settings of all of it.
 */
#include <check.h>
#include <stdlib.h>

#include "pravega/proto.h"
#include "store/rules/retention_rules.h"
#include "store/rules/scale_choice.h"
#include "store/rules/segment_rates.h"
#include "store/rules/settings.h"
#include "store/rules/watermark_rules.h"

#define MINUTE INT64_C(60000)
#define TICK (MINUTE / WEIR_RATE_TICKS)
#define COOLDOWN (10 * MINUTE)

/* --- Settings and policies -------------------------------------------------------------------------------------- */

START_TEST(settings_have_upstreams_defaults_and_two_units)
{
    struct weir_store_settings settings;

    weir_store_settings_init(&settings);
    ck_assert_int_eq(settings.retention_period_ms, 30 * MINUTE);
    ck_assert_int_eq(settings.watermark_period_ms, 10000);
    ck_assert_int_eq(settings.scale_cooldown_ms, 10 * MINUTE);
    ck_assert_int_eq(settings.scale_mute_ms, 10 * MINUTE);
    ck_assert_int_eq(settings.scale_expiry_ms, 20 * MINUTE);
    ck_assert_int_eq(settings.scale_minute_ms, MINUTE);
    ck_assert_int_eq(weir_store_settings_set(&settings, "controller.retention.frequency.minutes=2", NULL), WEIR_OK);
    ck_assert_int_eq(settings.retention_period_ms, 2 * MINUTE);
    ck_assert_int_eq(weir_store_settings_set(&settings, "weir.retention.frequency.milliseconds=250", NULL), WEIR_OK);
    ck_assert_int_eq(settings.retention_period_ms, 250);
}
END_TEST

START_TEST(settings_refuse_what_they_are_not)
{
    static const char *const wrong[] = {"",
                                        "=1",
                                        "autoScale",
                                        "controller.retention.frequency.minutes",
                                        "controller.retention.frequency.minutes=",
                                        "controller.retention.frequency.minutes=0",
                                        "controller.retention.frequency.minutes=-1",
                                        "controller.retention.frequency.minutes=1x",
                                        "controller.retention.frequency.minutes=99999999999999999999",
                                        "controller.retention.frequency.minute=1"};
    struct weir_store_settings settings, before;

    weir_store_settings_init(&settings);
    before = settings;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct weir_error err = {0};

        ck_assert_int_eq(weir_store_settings_set(&settings, wrong[i], &err), WEIR_E_INVAL);
        ck_assert_uint_gt(strlen(err.message), 0);
    }
    ck_assert_mem_eq(&settings, &before, sizeof(settings));
}
END_TEST

static struct weir_stream_policy policy_of(Pravega__ScalingPolicy *scaling, Pravega__RetentionPolicy *retention)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    struct weir_stream_policy policy;
    uint8_t packed[256];

    config.scalingpolicy = scaling;
    config.retentionpolicy = retention;
    config.timestampaggregationtimeout = 77;
    ck_assert_uint_le(pravega__stream_config__get_packed_size(&config), sizeof(packed));
    weir_stream_policy_read(&policy, weir_view(packed, pravega__stream_config__pack(&config, packed)));
    ck_assert_int_eq(policy.mark_timeout_ms, 77);
    return policy;
}

START_TEST(policies_are_read_from_configurations)
{
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    Pravega__RetentionPolicy retention = PRAVEGA__RETENTION_POLICY__INIT;
    struct weir_stream_policy policy = policy_of(NULL, NULL);

    ck_assert_int_eq(policy.scale_type, WEIR_SCALE_FIXED);
    ck_assert_int_eq(policy.segments_min, 1);
    ck_assert_int_eq(policy.retention_type, WEIR_RETENTION_NONE);
    scaling.scaletype = PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_KBYTES_PER_SEC;
    scaling.minnumsegments = 3;
    policy = policy_of(&scaling, NULL); /* without a rate there is nothing to aim at */
    ck_assert_int_eq(policy.scale_type, WEIR_SCALE_FIXED);
    scaling.targetrate = 9;
    retention.retentiontype = PRAVEGA__RETENTION_POLICY__RETENTION_POLICY_TYPE__SIZE;
    retention.retentionparam = 5;
    policy = policy_of(&scaling, &retention);
    ck_assert_int_eq(policy.scale_type, WEIR_SCALE_KBYTES);
    ck_assert_int_eq(policy.target_rate, 9);
    ck_assert_int_eq(policy.scale_factor, 2);
    ck_assert_int_eq(policy.segments_min, 3);
    ck_assert_int_eq(policy.retention_type, WEIR_RETENTION_SIZE);
    ck_assert_int_eq(policy.retain_min, 5);
    ck_assert_int_eq(policy.retain_max, INT64_MAX);
}
END_TEST

/* --- Rates ------------------------------------------------------------------------------------------------------ */

static struct weir_segment_rates rates;
static int64_t rates_now;

/* A segment that grows by `per_second` for so long. */
static void grow(double per_second, int64_t for_ms)
{
    for (int64_t end = rates_now + for_ms; rates_now < end;) {
        rates_now += TICK;
        weir_segment_rates_add(&rates, (int64_t)(per_second * (double)TICK / 1000), rates_now, MINUTE);
    }
}

static enum weir_scale_advice advice(double target, int64_t cooldown_ms, int32_t *parts)
{
    return weir_segment_rates_advise(&rates, target, rates_now, cooldown_ms, MINUTE, parts);
}

static void rates_setup(void)
{
    rates_now = 1000;
    weir_segment_rates_init(&rates, rates_now);
}

/* Goal: the steeper the growth the sooner the advice; at the rate that is wanted there is none. */
START_TEST(advice_comes_by_how_steep_the_growth_is)
{
    static const struct {
        double per_second;
        int64_t after_ms, parts;
    } cases[] = {{601, 2 * MINUTE, 6}, {301, 5 * MINUTE, 3}, {130, 10 * MINUTE, 2}, {100, 0, 0}};
    int32_t parts = 0;

    rates_setup();
    grow(cases[_i].per_second, cases[_i].after_ms > 0 ? cases[_i].after_ms : 40 * MINUTE);
    ck_assert_int_eq(advice(100, 0, &parts), WEIR_SCALE_STAY); /* not before the time is over */
    if (cases[_i].after_ms == 0)
        return;
    grow(cases[_i].per_second, TICK);
    ck_assert_int_eq(advice(100, 0, &parts), WEIR_SCALE_UP);
    ck_assert_int_eq(parts, cases[_i].parts);
    ck_assert_int_eq(advice(100, 11 * MINUTE, &parts), WEIR_SCALE_STAY);
}
END_TEST

START_TEST(advice_to_merge_takes_twenty_slow_minutes)
{
    int32_t parts = 0;

    rates_setup();
    grow(40, 20 * MINUTE);
    ck_assert_int_eq(advice(100, COOLDOWN, &parts), WEIR_SCALE_STAY);
    grow(40, TICK);
    ck_assert_int_eq(advice(100, COOLDOWN, &parts), WEIR_SCALE_DOWN);
    grow(60, 60 * MINUTE); /* more than half of what is wanted */
    ck_assert_int_eq(advice(100, COOLDOWN, &parts), WEIR_SCALE_STAY);
}
END_TEST

START_TEST(silence_counts)
{
    rates_setup();
    grow(1000, 3 * MINUTE);
    rates_now += 30 * MINUTE;
    weir_segment_rates_add(&rates, 5000, rates_now, MINUTE);
    ck_assert(rates.two < 200);
    ck_assert(rates.twenty > 200); /* of 1000, an hour's third later */
    rates_now += INT64_C(1000000) * MINUTE;
    weir_segment_rates_add(&rates, 0, rates_now, MINUTE);
    ck_assert(rates.twenty < 0.001);
}
END_TEST

START_TEST(a_transaction_counts_over_its_life)
{
    ck_assert_int_eq(weir_segment_rates_spread(600, TICK, MINUTE), 600);
    ck_assert_int_eq(weir_segment_rates_spread(600, MINUTE, MINUTE), 50);
    ck_assert_int_eq(weir_segment_rates_spread(INT64_MAX, 24 * 60 * MINUTE, MINUTE) > 0, 1);
}
END_TEST

/* --- Scales ----------------------------------------------------------------------------------------------------- */

START_TEST(a_split_covers_its_segment)
{
    const struct weir_segment_range range = {7, 0.1, 0.7};
    struct weir_segment_range parts[7];

    for (int32_t count = 2; count <= 7; count++) {
        weir_scale_split(&range, count, parts);
        ck_assert(parts[0].min_key == 0.1);
        ck_assert(parts[count - 1].max_key == 0.7);
        for (int32_t i = 1; i < count; i++)
            ck_assert(parts[i].min_key == parts[i - 1].max_key && parts[i].min_key < parts[i].max_key);
    }
}
END_TEST

static bool cold_by_bit(void *arg, int64_t id)
{
    return (*(const unsigned *)arg >> id & 1) != 0;
}

/* Goal: only neighbours that are cold, the one that is asked for among them, and never below the least count.
 * Method: four segments; which are cold is a bit each. */
START_TEST(a_merge_takes_cold_neighbours)
{
    static const struct {
        unsigned cold;
        int64_t id;
        size_t least, count;
        int64_t first;
    } cases[] = {{0x0, 1, 1, 0, 0}, {0x2, 1, 1, 0, 0}, {0x3, 1, 1, 2, 0}, {0x6, 1, 1, 2, 1}, {0x7, 1, 1, 3, 0},
                 {0x7, 1, 3, 2, 0}, {0x7, 1, 4, 0, 0}, {0xd, 0, 1, 0, 0}, {0xc, 3, 1, 2, 2}, {0xf, 3, 1, 2, 2},
                 {0xb, 2, 1, 0, 0}};
    struct weir_epochs epochs;
    struct weir_segment_range range;
    int64_t merged[3];
    unsigned cold = cases[_i].cold;

    ck_assert_int_eq(weir_epochs_init(&epochs, 4, 0, 0), WEIR_OK);
    ck_assert_uint_eq(weir_scale_merge(weir_epochs_active(&epochs), cases[_i].id, cases[_i].least, cold_by_bit, &cold,
                                       merged, &range),
                      cases[_i].count);
    for (size_t i = 0; i < cases[_i].count; i++)
        ck_assert_int_eq(merged[i], cases[_i].first + (int64_t)i);
    if (cases[_i].count > 0) {
        ck_assert(range.min_key == (double)cases[_i].first / 4);
        ck_assert(range.max_key == (double)(cases[_i].first + (int64_t)cases[_i].count) / 4);
    }
    weir_epochs_fini(&epochs);
}
END_TEST

/* --- Stream cuts ------------------------------------------------------------------------------------------------ */

/*
 *     0 | 2 |      Two segments; then 0 is split into 2 and 3, then all are merged into 4.
 *       | 3 | 4
 *     1     |
 */
static struct weir_epochs epochs;
static int64_t s2, s3, s4;

static void cuts_setup(void)
{
    struct weir_segment_range halves[] = {{0, 0, 0.25}, {0, 0.25, 0.5}}, whole = {0, 0, 1};
    int64_t first = 0, all[3];

    ck_assert_int_eq(weir_epochs_init(&epochs, 2, 0, 0), WEIR_OK);
    ck_assert_int_eq(weir_epochs_scale(&epochs, &first, 1, halves, 2, 0), WEIR_OK);
    s2 = weir_segment_id(1, 2);
    s3 = weir_segment_id(1, 3);
    all[0] = s2;
    all[1] = s3;
    all[2] = 1;
    ck_assert_int_eq(weir_epochs_scale(&epochs, all, 3, &whole, 1, 0), WEIR_OK);
    s4 = weir_segment_id(2, 4);
}

static void cuts_teardown(void)
{
    weir_epochs_fini(&epochs);
}

/* A cut with up to three entries, each an id and an offset; sorted. It is never freed. */
#define CUT(...) cut_of((int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
static struct weir_cut *cut_of(const int64_t *numbers, size_t count)
{
    static struct {
        struct weir_cut cut;
        struct weir_cut_entry entries[3];
    } pool[64];
    static size_t next;
    struct weir_cut *cut = &pool[next % 64].cut;

    cut->entries = pool[next++ % 64].entries;
    cut->count = count / 2;
    for (size_t i = 0; i < count / 2; i++)
        cut->entries[i] = (struct weir_cut_entry){numbers[2 * i], numbers[2 * i + 1]};
    weir_cut_sort(cut);
    return cut;
}

START_TEST(cuts_are_related)
{
    const struct weir_cut *begin = CUT(0, 0, 1, 0), *split = CUT(s2, 0, s3, 0, 1, 5), *end = CUT(s4, 9);

    ck_assert_int_eq(weir_cut_relate(&epochs, begin, begin), WEIR_CUT_NOT_BEFORE);
    ck_assert_int_eq(weir_cut_relate(&epochs, begin, split), WEIR_CUT_BEFORE);
    ck_assert_int_eq(weir_cut_relate(&epochs, split, begin), WEIR_CUT_NOT_BEFORE);
    ck_assert_int_eq(weir_cut_relate(&epochs, split, end), WEIR_CUT_BEFORE);
    ck_assert_int_eq(weir_cut_relate(&epochs, CUT(0, 7, 1, 9), split), WEIR_CUT_OVERLAPS);
    ck_assert_int_eq(weir_cut_relate(&epochs, split, CUT(0, 7, 1, 9)), WEIR_CUT_OVERLAPS);
    ck_assert_int_eq(weir_cut_relate(&epochs, CUT(s4, -1), CUT(s4, 0)), WEIR_CUT_BEFORE);
}
END_TEST

static void bound_is(const struct weir_cut *const *cuts, size_t count, const struct weir_cut *expected)
{
    const struct weir_cut *turned[3];
    struct weir_cut bound;

    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < count; i++)
            turned[i] = cuts[turn == 0 ? i : count - 1 - i];
        ck_assert_int_eq(weir_cut_lower_bound(&epochs, turned, count, &bound), WEIR_OK);
        ck_assert(weir_cut_equal(&bound, expected));
        weir_cut_fini(&bound);
    }
}

/* Goal: nobody stands before the bound in any key, whatever the order in which the cuts come. */
START_TEST(the_lower_bound_is_before_all)
{
    bound_is(NULL, 0, CUT());
    bound_is((const struct weir_cut *[]){CUT(0, 3, 1, 4)}, 1, CUT(0, 3, 1, 4));
    bound_is((const struct weir_cut *[]){CUT(0, 3, 1, 9), CUT(0, 7, 1, 4)}, 2, CUT(0, 3, 1, 4));
    bound_is((const struct weir_cut *[]){CUT(0, 3, 1, 9), CUT(s2, 1, s3, 1, 1, 4)}, 2, CUT(0, 3, 1, 4));
    bound_is((const struct weir_cut *[]){CUT(s2, 2, s3, 9, 1, 9), CUT(s2, 1, s3, 10, 1, 4)}, 2,
             CUT(s2, 1, s3, 9, 1, 4));
    bound_is((const struct weir_cut *[]){CUT(s4, 50), CUT(0, 3, 1, 9), CUT(s2, 1, s3, 1, 1, 4)}, 3, CUT(0, 3, 1, 4));
    /* One has read 1 to its end and waits for 4; the other is in 4. */
    bound_is((const struct weir_cut *[]){CUT(0, 7, s4, -1), CUT(s4, 50)}, 2, CUT(0, 7, s4, -1));
    bound_is((const struct weir_cut *[]){CUT(0, 7, s4, -1), CUT(0, 3, 1, 2)}, 2, CUT(0, 3, 1, 2));
}
END_TEST

static int64_t hundred(void *arg, int64_t id)
{
    (void)arg;
    (void)id;
    return 100;
}

START_TEST(bytes_between_cuts)
{
#define BETWEEN(from, to) weir_cut_bytes_between(&epochs, from, to, hundred, NULL)
    ck_assert_int_eq(BETWEEN(CUT(0, 10, 1, 20), CUT(0, 30, 1, 20)), 20);
    ck_assert_int_eq(BETWEEN(CUT(0, 10, 1, 20), CUT(s2, 5, s3, 6, 1, 50)), 90 + 5 + 6 + 30);
    ck_assert_int_eq(BETWEEN(CUT(0, 0, 1, 0), CUT(s4, 7)), 4 * 100 + 7);
    ck_assert_int_eq(BETWEEN(CUT(0, 10, s4, -1), CUT(s4, 7)), 90 + 100 + 100 + 7);
}
END_TEST

/* --- Retention -------------------------------------------------------------------------------------------------- */

static struct weir_retention_set set;
static struct weir_stream_policy policy;

static void retention_setup(void)
{
    cuts_setup();
    policy = (struct weir_stream_policy){.retain_max = INT64_MAX};
}

static void retention_teardown(void)
{
    weir_retention_set_fini(&set);
    cuts_teardown();
}

static void took(int64_t time_ms, int64_t size, const struct weir_cut *cut)
{
    struct weir_retention_cut item = {.time_ms = time_ms, .size = size};

    ck_assert_int_eq(weir_cut_copy(&item.cut, cut), WEIR_OK);
    ck_assert_int_eq(weir_retention_set_add(&set, &item), WEIR_OK);
}

/* NULL: nowhere. */
static void cut_off_at(int64_t now, const struct weir_cut *bound, int64_t bound_size, const struct weir_cut *expected)
{
    struct weir_retention_question question = {.epochs = &epochs,
                                               .policy = &policy,
                                               .set = &set,
                                               .now_ms = now,
                                               .size = now,
                                               .bound = bound,
                                               .bound_size = bound_size};
    const struct weir_cut *answer = weir_retention_answer(&question);

    ck_assert((answer == NULL) == (expected == NULL));
    ck_assert(answer == NULL || weir_cut_equal(answer, expected));
}

/* Goal: at the newest cut that leaves enough, by time as by size (the sizes are those of the times). */
START_TEST(retention_without_subscribers_keeps_the_least)
{
    policy.retention_type = _i == 0 ? WEIR_RETENTION_TIME : WEIR_RETENTION_SIZE;
    policy.retain_min = 100;
    cut_off_at(500, NULL, 0, NULL);
    took(100, 100, CUT(0, 10, 1, 10));
    took(200, 200, CUT(0, 20, 1, 20));
    took(300, 300, CUT(0, 30, 1, 30));
    cut_off_at(199, NULL, 0, NULL);
    cut_off_at(200, NULL, 0, CUT(0, 10, 1, 10));
    cut_off_at(399, NULL, 0, CUT(0, 20, 1, 20));
    cut_off_at(400, NULL, 0, CUT(0, 30, 1, 30));
    policy.retain_max = 150; /* the least counts first */
    cut_off_at(390, NULL, 0, CUT(0, 20, 1, 20));
}
END_TEST

/* Goal: at the subscribers' place as long as it is between the limits.
 * Method: the tail is at 400, what is kept at least 100, at most 250; cuts at 100, 200, 300. */
START_TEST(retention_by_size_waits_for_subscribers)
{
    policy = (struct weir_stream_policy){.retention_type = WEIR_RETENTION_SIZE, .retain_min = 100, .retain_max = 250};
    took(1, 100, CUT(0, 50, 1, 50));
    took(2, 200, CUT(0, 100, 1, 100));
    took(3, 300, CUT(0, 150, 1, 150));
    cut_off_at(400, CUT(0, 120, 1, 120), 240, CUT(0, 120, 1, 120));
    cut_off_at(400, CUT(0, 200, 1, 200), 400, CUT(0, 150, 1, 150)); /* they are at the tail */
    cut_off_at(400, CUT(0, 200, 1, 140), 340, CUT(0, 100, 1, 100)); /* there too, but behind 300 in one key */
    cut_off_at(400, CUT(0, 50, 1, 49), 99, CUT(0, 100, 1, 100));    /* too far behind */
    policy.retain_max = INT64_MAX;
    cut_off_at(400, CUT(0, 50, 1, 49), 99, CUT(0, 50, 1, 49));
    policy.retain_min = 1000;
    cut_off_at(400, CUT(0, 200, 1, 200), 400, NULL);
}
END_TEST

START_TEST(retention_by_time_waits_for_subscribers)
{
    policy = (struct weir_stream_policy){.retention_type = WEIR_RETENTION_TIME, .retain_min = 100, .retain_max = 250};
    took(100, 0, CUT(0, 50, 1, 50));
    took(200, 0, CUT(0, 100, 1, 100));
    took(300, 0, CUT(0, 150, 1, 150));
    cut_off_at(400, CUT(0, 120, 1, 120), 0, CUT(0, 120, 1, 120));
    cut_off_at(400, CUT(0, 200, 1, 200), 0, CUT(0, 150, 1, 150));
    cut_off_at(400, CUT(0, 200, 1, 140), 0, CUT(0, 100, 1, 100));
    cut_off_at(400, CUT(0, 50, 1, 49), 0, CUT(0, 100, 1, 100));  /* older than 250 in all */
    cut_off_at(400, CUT(0, 120, 1, 49), 0, CUT(0, 50, 1, 50));   /* in one key */
    policy.retain_max = INT64_MAX;
    cut_off_at(400, CUT(0, 50, 1, 49), 0, CUT(0, 50, 1, 49));
    policy.retain_min = 1000;
    cut_off_at(400, CUT(0, 200, 1, 200), 0, NULL);
}
END_TEST

START_TEST(a_retention_set_forgets_what_is_passed)
{
    took(1, 1, CUT(0, 50, 1, 50));
    took(2, 2, CUT(s2, 0, s3, 0, 1, 60));
    took(3, 3, CUT(s4, 0));
    ck_assert_uint_eq(weir_retention_set_until(&set, &epochs, CUT(0, 50, 1, 49)), 0);
    ck_assert_uint_eq(weir_retention_set_until(&set, &epochs, CUT(0, 50, 1, 50)), 1);
    ck_assert_uint_eq(weir_retention_set_until(&set, &epochs, CUT(s2, 9, s3, 9, 1, 60)), 2);
    ck_assert_uint_eq(weir_retention_set_until(&set, &epochs, CUT(s4, 1)), 3);
    weir_retention_set_drop(&set, 1);
    ck_assert_int_eq(set.items[1].time_ms, 3);
    weir_retention_set_drop_first(&set, 1);
    ck_assert_uint_eq(set.count, 1);
    ck_assert_int_eq(set.items[0].time_ms, 3);
}
END_TEST

/* --- Watermarks ------------------------------------------------------------------------------------------------- */

static struct weir_watermark last, made;

static void marks_teardown(void)
{
    weir_watermark_fini(&last);
    weir_watermark_fini(&made);
    cuts_teardown();
}

static enum weir_status make(const struct weir_noted *noted, size_t count)
{
    weir_watermark_fini(&made);
    return weir_watermark_make(&epochs, noted, count, &last, &made);
}

static void made_is(int64_t lower, int64_t upper, const struct weir_cut *cut)
{
    ck_assert_int_eq(made.lower, lower);
    ck_assert_int_eq(made.upper, upper);
    ck_assert(weir_cut_equal(&made.cut, cut));
    ck_assert(weir_cut_valid(&epochs, &made.cut));
}

/* Goal: the earliest time with a cut that no writer is beyond. */
START_TEST(a_watermark_bounds_all_writers)
{
    const struct weir_noted same[] = {{7, CUT(0, 10, 1, 3)}, {5, CUT(0, 4, 1, 30)}};
    const struct weir_noted scaled[] = {{7, CUT(0, 10, 1, 3)}, {9, CUT(s2, 5, s3, 6, 1, 2)}};
    const struct weir_noted merged[] = {{7, CUT(s4, 1)}, {9, CUT(0, 99, 1, 99)}};

    ck_assert_int_eq(make(same, 2), WEIR_OK);
    made_is(5, 7, CUT(0, 10, 1, 30));
    ck_assert_int_eq(make(scaled, 2), WEIR_OK);
    made_is(7, 9, CUT(s2, 5, s3, 6, 1, 3));
    ck_assert_int_eq(make(merged, 2), WEIR_OK);
    made_is(7, 9, CUT(s4, 1));
    ck_assert_int_eq(make(merged, 0), WEIR_E_AGAIN);
}
END_TEST

/* Goal: where writers say nothing, the newest segments stand in, so that the cut is whole. */
START_TEST(a_watermark_fills_gaps)
{
    const struct weir_noted one[] = {{7, CUT(0, 10)}}, newer[] = {{7, CUT(s3, 10)}};
    const struct weir_noted nothing[] = {{7, CUT(0, -1, 1, 5)}};
    const struct weir_noted unknown[] = {{7, CUT(12345, 10)}}, none[] = {{7, CUT()}};

    ck_assert_int_eq(make(one, 1), WEIR_OK);
    made_is(7, 7, CUT(0, 10, 1, 0));
    ck_assert_int_eq(make(newer, 1), WEIR_OK);
    made_is(7, 7, CUT(s2, 0, s3, 10, 1, 0));
    ck_assert_int_eq(make(nothing, 1), WEIR_OK);
    made_is(7, 7, CUT(0, 0, 1, 5));
    ck_assert_int_eq(make(unknown, 1), WEIR_E_AGAIN);
    ck_assert_int_eq(make(none, 1), WEIR_E_AGAIN);
}
END_TEST

START_TEST(watermarks_go_forward)
{
    const struct weir_noted late[] = {{7, CUT(0, 10, 1, 3)}}, more[] = {{8, CUT(0, 12, 1, 3)}};

    last = (struct weir_watermark){.lower = 7, .upper = 9};
    ck_assert_int_eq(weir_cut_copy(&last.cut, CUT(s2, 5, s3, 6, 1, 2)), WEIR_OK);
    ck_assert(!weir_watermark_takes(&last, 7));
    ck_assert(weir_watermark_takes(&last, 8));
    ck_assert_int_eq(make(late, 1), WEIR_E_AGAIN);
    ck_assert_int_eq(make(more, 1), WEIR_OK);
    made_is(8, 8, CUT(s2, 5, s3, 6, 1, 3));
    weir_watermark_fini(&last);
    ck_assert(weir_watermark_takes(&last, INT64_MIN));
}
END_TEST

static TCase *case_with(Suite *suite, const char *name, void (*setup)(void), void (*teardown)(void))
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(suite, tc);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("policies");
    TCase *tc = case_with(suite, "scaling", NULL, NULL);
    SRunner *runner;
    int failed;

    tcase_add_test(tc, settings_have_upstreams_defaults_and_two_units);
    tcase_add_test(tc, settings_refuse_what_they_are_not);
    tcase_add_test(tc, policies_are_read_from_configurations);
    tcase_add_loop_test(tc, advice_comes_by_how_steep_the_growth_is, 0, 4);
    tcase_add_test(tc, advice_to_merge_takes_twenty_slow_minutes);
    tcase_add_test(tc, silence_counts);
    tcase_add_test(tc, a_transaction_counts_over_its_life);
    tcase_add_test(tc, a_split_covers_its_segment);
    tcase_add_loop_test(tc, a_merge_takes_cold_neighbours, 0, 11);
    tc = case_with(suite, "cuts", cuts_setup, cuts_teardown);
    tcase_add_test(tc, cuts_are_related);
    tcase_add_test(tc, the_lower_bound_is_before_all);
    tcase_add_test(tc, bytes_between_cuts);
    tc = case_with(suite, "retention", retention_setup, retention_teardown);
    tcase_add_loop_test(tc, retention_without_subscribers_keeps_the_least, 0, 2);
    tcase_add_test(tc, retention_by_size_waits_for_subscribers);
    tcase_add_test(tc, retention_by_time_waits_for_subscribers);
    tcase_add_test(tc, a_retention_set_forgets_what_is_passed);
    tc = case_with(suite, "watermarks", cuts_setup, marks_teardown);
    tcase_add_test(tc, a_watermark_bounds_all_writers);
    tcase_add_test(tc, a_watermark_fills_gaps);
    tcase_add_test(tc, watermarks_go_forward);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
