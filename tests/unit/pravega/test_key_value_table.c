/*
 * test_key_value_table.c - tables over a table server in memory: conditions, many keys, ordered walks, lost
 * connections.
 */
#include "pravega/key_value_table.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_table.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)
#define PRIMARY_LEN 2
#define SECONDARY_LEN 2
#define KEY_LEN (PRIMARY_LEN + SECONDARY_LEN)

static const struct pravega_table_config config = {3, PRIMARY_LEN, SECONDARY_LEN, 0};
static const struct pravega_table_name table_name = {PLAY_SCOPE, PLAY_TABLE};

struct world {
    struct play_store store;
    struct play_table server;
    struct pravega_client *client;
    struct pravega_table *table;
};

static void open_world(struct world *world, uint64_t seed, const struct pravega_table_config *with)
{
    play_store_open(&world->store, &(struct weir_sim_options){.seed = seed});
    play_table_open(&world->server, &world->store, with);
    world->client = play_store_client(&world->store, NULL);
    ck_assert_int_eq(pravega_table_new(world->client, &table_name, NULL, &world->table, NULL), WEIR_OK);
}

static void close_world(struct world *world)
{
    pravega_table_free(world->table);
    pravega_client_free(world->client);
    play_table_close(&world->server);
    play_store_close(&world->store);
}

/* ---- one call at a time ---- */

/* What the last call ended with; views copied as text. */
struct outcome {
    int calls;
    enum weir_status status;
    char words[WEIR_ERROR_MESSAGE_LEN_MAX];
    struct pravega_table_version versions[PRAVEGA_TABLE_UPDATE_COUNT_MAX];
    size_t count;
    bool exists;
    char value[64];
};

static void set(struct outcome *outcome, enum weir_status status, const struct weir_error *why)
{
    outcome->calls++;
    outcome->status = status;
    ck_assert_ptr_nonnull(why);
    if (status != WEIR_OK) {
        ck_assert_int_eq(why->status, status);
        ck_assert_str_ne(why->message, "");
    }
    snprintf(outcome->words, sizeof(outcome->words), "%s", status != WEIR_OK ? why->message : "");
}

static void on_versions(void *arg, enum weir_status status, const struct pravega_table_version *versions, size_t count,
                        const struct weir_error *why)
{
    struct outcome *outcome = arg;

    set(outcome, status, why);
    outcome->count = count;
    for (size_t i = 0; i < count; i++)
        outcome->versions[i] = versions[i];
}

static void on_exists(void *arg, enum weir_status status, bool exists, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    set(outcome, status, why);
    outcome->exists = exists;
}

static void on_entry(void *arg, enum weir_status status, const struct pravega_table_entry *entry,
                     const struct weir_error *why)
{
    struct outcome *outcome = arg;

    set(outcome, status, why);
    outcome->exists = entry != NULL;
    if (entry == NULL)
        return;
    ck_assert_uint_eq(entry->key.primary.len, PRIMARY_LEN);
    ck_assert_uint_eq(entry->key.secondary.len, SECONDARY_LEN);
    snprintf(outcome->value, sizeof(outcome->value), "%.*s", (int)entry->value.len, (const char *)entry->value.ptr);
    outcome->versions[0] = entry->version;
}

static bool is_over(void *arg)
{
    return ((struct outcome *)arg)->calls > 0;
}

static enum weir_status await(struct world *world, struct outcome *outcome)
{
    ck_assert_int_eq(outcome->calls, 0); /* never from within the call */
    ck_assert(weir_sim_run(world->store.sim, is_over, outcome, HOUR_NS));
    ck_assert_int_eq(outcome->calls, 1);
    outcome->calls = 0;
    return outcome->status;
}

/* "aabb" is primary "aa", secondary "bb". */
static struct pravega_table_key key_of(const char *text)
{
    return (struct pravega_table_key){weir_view(text, PRIMARY_LEN),
                                      weir_view(text + PRIMARY_LEN, strlen(text) - PRIMARY_LEN)};
}

static enum weir_status put(struct world *world, const char *key, const char *value, struct outcome *outcome)
{
    struct pravega_table_key k = key_of(key);

    pravega_table_put(world->table, &k, weir_view_str(value), on_versions, outcome);
    return await(world, outcome);
}

static const char *get(struct world *world, const char *key)
{
    static struct outcome outcome;
    struct pravega_table_key k = key_of(key);

    pravega_table_get(world->table, &k, on_entry, &outcome);
    ck_assert_int_eq(await(world, &outcome), WEIR_OK);
    return outcome.exists ? outcome.value : NULL;
}

START_TEST(an_entry_is_put_read_replaced_and_removed)
{
    struct pravega_table_key key = key_of("aa01");
    struct pravega_table_version first;
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &config);
    ck_assert_ptr_null(get(&world, "aa01"));
    ck_assert_int_eq(put(&world, "aa01", "one", &outcome), WEIR_OK);
    ck_assert_uint_eq(outcome.count, 1);
    first = outcome.versions[0];
    ck_assert_str_eq(get(&world, "aa01"), "one");
    pravega_table_exists(world.table, &key, on_exists, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert(outcome.exists);
    pravega_table_insert(world.table, &key, weir_view_str("two"), on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_CONFLICT);
    ck_assert_ptr_nonnull(strstr(outcome.words, "exists already"));
    pravega_table_replace(world.table, &key, weir_view_str("two"), first, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert_int_gt(outcome.versions[0].version, first.version);
    pravega_table_replace(world.table, &key, weir_view_str("three"), first, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_CONFLICT);
    ck_assert_ptr_nonnull(strstr(outcome.words, "has not version"));
    ck_assert_str_eq(get(&world, "aa01"), "two");
    pravega_table_remove(world.table, &key, first, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_CONFLICT);
    pravega_table_remove(world.table, &key, PRAVEGA_TABLE_NO_VERSION, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert_uint_eq(outcome.count, 0);
    pravega_table_exists(world.table, &key, on_exists, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert(!outcome.exists);
    ck_assert_int_eq(put(&world, "aa01", "", &outcome), WEIR_OK);
    ck_assert_str_eq(get(&world, "aa01"), ""); /* an empty value is not a missing one */
    close_world(&world);
}
END_TEST

START_TEST(several_updates_are_carried_out_all_or_none)
{
    struct pravega_table_update updates[4];
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &config);
    updates[0] = pravega_table_insert_of(key_of("aa01"), weir_view_str("1"));
    updates[1] = pravega_table_put_of(key_of("aa02"), weir_view_str("2"));
    updates[2] = pravega_table_insert_of(key_of("aa03"), weir_view_str("3"));
    pravega_table_update(world.table, updates, 3, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert_uint_eq(outcome.count, 3);
    ck_assert_int_eq(outcome.versions[0].segment, outcome.versions[2].segment);
    updates[0] = pravega_table_put_of(key_of("aa04"), weir_view_str("4"));
    pravega_table_update(world.table, updates, 3, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_CONFLICT);
    ck_assert_ptr_null(get(&world, "aa04"));
    updates[0] = pravega_table_remove_of(key_of("aa01"), PRAVEGA_TABLE_NO_VERSION);
    updates[1] = pravega_table_remove_of(key_of("aa02"), (struct pravega_table_version){0, 12345});
    updates[1].version.segment = outcome.versions[0].segment;
    pravega_table_update(world.table, updates, 2, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_CONFLICT);
    ck_assert_str_eq(get(&world, "aa01"), "1");
    updates[1].version = PRAVEGA_TABLE_NO_VERSION;
    pravega_table_update(world.table, updates, 2, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert_uint_eq(play_table_count(&world.server), 1);
    pravega_table_update(world.table, updates, 0, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    close_world(&world);
}
END_TEST

/* Goal: what the table cannot take is refused with words, and nothing is sent. */
START_TEST(wrong_updates_are_refused)
{
    static char long_value[PRAVEGA_TABLE_VALUE_LEN_MAX + 1];
    static struct pravega_table_update many[PRAVEGA_TABLE_UPDATE_COUNT_MAX + 1];
    struct weir_view longest = weir_view(long_value, PRAVEGA_TABLE_VALUE_LEN_MAX);
    struct pravega_table_update two[2];
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &config);
#define REFUSED(updates, count, why)                                                                                   \
    pravega_table_update(world.table, updates, count, on_versions, &outcome);                                          \
    ck_assert_int_eq(await(&world, &outcome), why)
    two[0] = pravega_table_put_of(key_of("aa"), weir_view_str("no secondary"));
    REFUSED(two, 1, WEIR_E_INVAL);
    two[0] = pravega_table_put_of(key_of("aa0"), weir_view_str("short"));
    REFUSED(two, 1, WEIR_E_INVAL);
    two[0].key.primary = weir_view_str("aaa");
    REFUSED(two, 1, WEIR_E_INVAL);
    two[0].key = (struct pravega_table_key){{NULL, 0}, {NULL, 0}};
    REFUSED(two, 1, WEIR_E_INVAL);
    two[0] = pravega_table_put_of(key_of("aa01"), weir_view_str("x"));
    two[1] = pravega_table_put_of(key_of("ab01"), weir_view_str("x"));
    REFUSED(two, 2, WEIR_E_INVAL);
    two[1] = pravega_table_remove_of(key_of("aa02"), PRAVEGA_TABLE_NO_VERSION);
    REFUSED(two, 2, WEIR_E_INVAL);
    two[0].version = (struct pravega_table_version){7, 0};
    REFUSED(two, 1, WEIR_E_INVAL); /* a segment that the key is not in */
    two[0] = pravega_table_put_of(key_of("aa01"), weir_view(long_value, sizeof(long_value)));
    REFUSED(two, 1, WEIR_E_LIMIT);
    for (size_t i = 0; i <= PRAVEGA_TABLE_UPDATE_COUNT_MAX; i++)
        many[i] = pravega_table_put_of(key_of("aa01"), i < 16 ? longest : weir_view_str(""));
    REFUSED(many, PRAVEGA_TABLE_UPDATE_COUNT_MAX + 1, WEIR_E_LIMIT);
    many[16].value = longest;
    REFUSED(many, 17, WEIR_E_LIMIT);
    ck_assert_uint_eq(world.server.update_count, 0);
    REFUSED(many, 16, WEIR_OK);
#undef REFUSED
    close_world(&world);
}
END_TEST

/* ---- many keys ---- */

static void fill(struct world *world, int primaries, int secondaries)
{
    struct outcome outcome = {0};

    for (int p = 0; p < primaries; p++) {
        static struct pravega_table_update updates[PRAVEGA_TABLE_UPDATE_COUNT_MAX];
        static char keys[PRAVEGA_TABLE_UPDATE_COUNT_MAX][KEY_LEN + 1];

        for (int s = 0; s < secondaries; s++) {
            snprintf(keys[s], sizeof(keys[s]), "%02d%02d", p, s);
            updates[s] = pravega_table_put_of(key_of(keys[s]), weir_view_str(keys[s]));
        }
        pravega_table_update(world->table, updates, (size_t)secondaries, on_versions, &outcome);
        ck_assert_int_eq(await(world, &outcome), WEIR_OK);
    }
}

struct many {
    struct outcome outcome;
    const struct pravega_table_key *asked;
    size_t count, missing_count;
};

static void on_entries(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                       const struct weir_error *why)
{
    struct many *many = arg;

    set(&many->outcome, status, why);
    many->count = count;
    many->missing_count = 0;
    for (size_t i = 0; i < count; i++) {
        ck_assert(weir_view_equal(entries[i].key.primary, many->asked[i].primary));
        ck_assert(weir_view_equal(entries[i].key.secondary, many->asked[i].secondary));
        if (entries[i].version.version == -1) {
            many->missing_count++;
            ck_assert_uint_eq(entries[i].value.len, 0);
        } else {
            ck_assert_uint_eq(entries[i].value.len, KEY_LEN);
            ck_assert_mem_eq(entries[i].value.ptr, many->asked[i].primary.ptr, KEY_LEN);
        }
    }
}

/* Goal: as many keys as one likes come in the order asked for, 15 at a time, 5 times at once from each segment. */
START_TEST(many_keys_are_read_in_slices)
{
    static const size_t counts[] = {0, 1, 15, 16, 500, 1500};
    static char text[1500][KEY_LEN + 1];
    static struct pravega_table_key keys[1500];
    struct many many = {.asked = keys};
    struct world world;

    open_world(&world, 1, &config);
    fill(&world, 50, 20);
    for (size_t i = 0; i < 1500; i++) {
        size_t n = i * 7919 % 1500; /* a third is missing */

        snprintf(text[i], sizeof(text[i]), "%02zu%02zu", n / 20, n % 20);
        keys[i] = key_of(text[i]);
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        pravega_table_get_all(world.table, keys, counts[i], on_entries, &many);
        ck_assert_int_eq(await(&world, &many.outcome), WEIR_OK);
        ck_assert_uint_eq(many.count, counts[i]);
    }
    ck_assert_uint_eq(many.missing_count, 500);
    ck_assert_uint_eq(world.server.read_keys_max, 15);
    ck_assert_uint_eq(world.server.reads_at_once_max, 5);
    close_world(&world);
}
END_TEST

/* ---- walks ---- */

struct walk {
    struct outcome outcome;
    struct pravega_table_iterator *iterator;
    char keys[1024][KEY_LEN + 1];
    size_t count, page_count;
    struct weir_buf continuation;
    bool keys_only;
};

static void on_page(void *arg, enum weir_status status, const struct pravega_table_entry *entries, size_t count,
                    struct weir_view continuation, const struct weir_error *why)
{
    struct walk *walk = arg;

    set(&walk->outcome, status, why);
    walk->page_count = count;
    weir_buf_reset(&walk->continuation);
    if (continuation.len > 0)
        weir_buf_append(&walk->continuation, continuation.ptr, continuation.len);
    for (size_t i = 0; i < count; i++) {
        char *key = walk->keys[walk->count++];

        ck_assert_uint_le(walk->count, 1024);
        memcpy(key, entries[i].key.primary.ptr, PRIMARY_LEN);
        memcpy(key + PRIMARY_LEN, entries[i].key.secondary.ptr, SECONDARY_LEN);
        ck_assert_int_ge(entries[i].version.version, 0);
        ck_assert_uint_eq(entries[i].value.len, walk->keys_only ? 0 : KEY_LEN);
        if (!walk->keys_only)
            ck_assert_mem_eq(entries[i].value.ptr, key, KEY_LEN);
    }
}

/* Walks to the end; with `hand_over`, each page by another iterator that has only the continuation. */
static void walk_over(struct world *world, struct walk *walk, struct pravega_table_range range, int32_t page_size,
                      bool hand_over)
{
    struct pravega_table_iterator_options options = {.page_size = page_size, .keys_only = walk->keys_only};

    walk->count = 0;
    weir_buf_init(&walk->continuation, SIZE_MAX);
    do {
        if (walk->iterator == NULL) {
            options.continuation = weir_buf_view(&walk->continuation);
            ck_assert_int_eq(pravega_table_iterator_new(world->table, &range, &options, &walk->iterator, NULL),
                             WEIR_OK);
        }
        pravega_table_iterator_next(walk->iterator, on_page, walk);
        ck_assert_int_eq(await(world, &walk->outcome), WEIR_OK);
        ck_assert_uint_le(walk->page_count, (size_t)(page_size > 0 ? page_size : 10));
        if (hand_over) {
            pravega_table_iterator_free(walk->iterator);
            walk->iterator = NULL;
        }
    } while (walk->page_count > 0);
    pravega_table_iterator_free(walk->iterator);
    walk->iterator = NULL;
    weir_buf_fini(&walk->continuation);
}

static void assert_keys(const struct walk *walk, int p_from, int p_to, int s_from, int s_to)
{
    size_t n = 0;

    for (int p = p_from; p <= p_to; p++)
        for (int s = s_from; s <= s_to; s++) {
            char key[2 * sizeof("-2147483648")]; /* which the compiler thinks possible */

            snprintf(key, sizeof(key), "%02d%02d", p, s);
            ck_assert_uint_lt(n, walk->count);
            ck_assert_str_eq(walk->keys[n++], key);
        }
    ck_assert_uint_eq(walk->count, n);
}

/* Goal: the entries of any range in order, whatever the sizes of pages and answers. */
START_TEST(walks_are_ordered_and_complete)
{
    static const int32_t page_sizes[] = {0, 1, 2, 3, 7, 100, 1000};
    struct walk *walk = calloc(1, sizeof(*walk));
    bool hand_over = _i % 2 == 1;
    struct world world;

    open_world(&world, 1, &config);
    fill(&world, 20, 9);
    walk->keys_only = _i / 2 % 2 == 1;
    world.server.page_count_max = _i / 4 == 1 ? 2 : 0; /* as where a page would have more than 2 MiB */
    for (size_t i = 0; i < sizeof(page_sizes) / sizeof(page_sizes[0]); i++) {
        walk_over(&world, walk, pravega_table_all(), page_sizes[i], hand_over);
        assert_keys(walk, 0, 19, 0, 8);
        walk_over(&world, walk, pravega_table_of_primary(weir_view_str("07"), weir_view_str(""), weir_view_str("")),
                  page_sizes[i], hand_over);
        assert_keys(walk, 7, 7, 0, 8);
        walk_over(&world, walk, pravega_table_of_primary(weir_view_str("07"), weir_view_str("02"), weir_view_str("05")),
                  page_sizes[i], hand_over);
        assert_keys(walk, 7, 7, 2, 5);
        walk_over(&world, walk, pravega_table_between(weir_view_str("03"), weir_view_str("12")), page_sizes[i],
                  hand_over);
        assert_keys(walk, 3, 12, 0, 8);
        walk_over(&world, walk, pravega_table_prefix(weir_view_str("1")), page_sizes[i], hand_over);
        assert_keys(walk, 10, 19, 0, 8);
        walk_over(&world, walk, pravega_table_between(weir_view_str("12"), weir_view_str("03")), page_sizes[i],
                  hand_over);
        ck_assert_uint_eq(walk->count, 0);
    }
    free(walk);
    close_world(&world);
}
END_TEST

START_TEST(wrong_walks_are_refused)
{
    struct pravega_table_iterator_options options = {.continuation = weir_view("\1\0\0\1ab", 6)};
    struct pravega_table_range all = pravega_table_all(), wrong = pravega_table_prefix(weir_view_str("toolong"));
    struct walk *walk = calloc(1, sizeof(*walk));
    struct world world;

    open_world(&world, 1, &config);
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, &options, &walk->iterator, NULL), WEIR_OK);
    weir_buf_init(&walk->continuation, SIZE_MAX);
    pravega_table_iterator_next(walk->iterator, on_page, walk);
    ck_assert_int_eq(await(&world, &walk->outcome), WEIR_E_INVAL);
    pravega_table_iterator_free(walk->iterator);
    options.continuation = weir_view_str("garbage");
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, &options, &walk->iterator, NULL), WEIR_E_INVAL);
    options = (struct pravega_table_iterator_options){.page_size = -1};
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, &options, &walk->iterator, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &wrong, NULL, &walk->iterator, NULL), WEIR_OK);
    pravega_table_iterator_next(walk->iterator, on_page, walk);
    ck_assert_int_eq(await(&world, &walk->outcome), WEIR_E_INVAL);
    pravega_table_iterator_free(walk->iterator);
    free(walk);
    close_world(&world);
}
END_TEST

/* ---- what goes wrong ---- */

START_TEST(a_missing_table_shows_in_every_call)
{
    struct pravega_table_key key = key_of("aa01");
    struct pravega_table_config none = {0};
    struct walk *walk = calloc(1, sizeof(*walk));
    struct pravega_table_range all = pravega_table_all();
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &none);
    ck_assert_int_eq(put(&world, "aa01", "x", &outcome), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(put(&world, "aa01", "x", &outcome), WEIR_E_NOT_FOUND); /* known by now */
    pravega_table_get(world.table, &key, on_entry, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_NOT_FOUND);
    pravega_table_exists(world.table, &key, on_exists, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_NOT_FOUND);
    weir_buf_init(&walk->continuation, SIZE_MAX);
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, NULL, &walk->iterator, NULL), WEIR_OK);
    pravega_table_iterator_next(walk->iterator, on_page, walk);
    ck_assert_int_eq(await(&world, &walk->outcome), WEIR_E_NOT_FOUND);
    pravega_table_iterator_free(walk->iterator);
    free(walk);
    close_world(&world);
}
END_TEST

START_TEST(answers_that_make_no_sense_are_refused)
{
    struct pravega_table_range all = pravega_table_all();
    struct pravega_table_key key = key_of("0000");
    struct walk *walk = calloc(1, sizeof(*walk));
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &config);
    fill(&world, 5, 5);
    world.server.lie = PLAY_OTHER_KEY;
    pravega_table_get(world.table, &key, on_entry, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_PROTO);
    world.server.lie = PLAY_FEWER_ENTRIES;
    pravega_table_get(world.table, &key, on_entry, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_E_PROTO);
    world.server.lie = PLAY_FEWER_VERSIONS;
    ck_assert_int_eq(put(&world, "0000", "0000", &outcome), WEIR_E_PROTO);
    world.server.lie = PLAY_REPEATED;
    weir_buf_init(&walk->continuation, SIZE_MAX);
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, NULL, &walk->iterator, NULL), WEIR_OK);
    pravega_table_iterator_next(walk->iterator, on_page, walk);
    ck_assert_int_eq(await(&world, &walk->outcome), WEIR_E_PROTO);
    world.server.lie = PLAY_HONEST;
    pravega_table_iterator_next(walk->iterator, on_page, walk); /* it may be asked again */
    ck_assert_int_eq(await(&world, &walk->outcome), WEIR_OK);
    pravega_table_iterator_free(walk->iterator);
    weir_buf_fini(&walk->continuation);
    free(walk);
    close_world(&world);
}
END_TEST

/* Goal: a connection lost at any moment loses no update and makes none up; where nobody can know, that is said.
 * Method: a fixed run of calls, cut at each frame in turn, before and after it is carried out. */
START_TEST(a_lost_connection_is_made_good)
{
    struct pravega_table_key key = key_of("0003");
    struct walk *walk = calloc(1, sizeof(*walk));
    struct outcome outcome = {0};
    struct pravega_table_version version;
    enum weir_status status;
    struct world world;

    open_world(&world, (uint64_t)_i + 1, &config);
    world.store.cut_at_frame = (uint64_t)_i / 2 + 1;
    world.store.cut_after_storing = _i % 2 == 1;
    fill(&world, 2, 3);
    pravega_table_insert(world.table, &key, weir_view_str("0003"), on_versions, &outcome);
    status = await(&world, &outcome);
    if (status == WEIR_E_CLOSED) {
        ck_assert(world.store.cut_after_storing);
        pravega_table_get(world.table, &key, on_entry, &outcome);
        ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
        ck_assert(outcome.exists);
    } else {
        ck_assert_int_eq(status, WEIR_OK);
    }
    version = outcome.versions[0];
    pravega_table_replace(world.table, &key, weir_view_str("0003"), version, on_versions, &outcome);
    status = await(&world, &outcome);
    ck_assert(status == WEIR_OK || (status == WEIR_E_CLOSED && world.store.cut_after_storing));
    ck_assert_str_eq(get(&world, "0003"), "0003");
    pravega_table_exists(world.table, &key, on_exists, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    ck_assert(outcome.exists);
    pravega_table_remove(world.table, &key, PRAVEGA_TABLE_NO_VERSION, on_versions, &outcome);
    ck_assert_int_eq(await(&world, &outcome), WEIR_OK);
    walk_over(&world, walk, pravega_table_all(), 2, false);
    assert_keys(walk, 0, 1, 0, 2);
    ck_assert_uint_gt(world.store.frame_count, 0);
    free(walk);
    close_world(&world);
}
END_TEST

/* Goal: tables back off as upstream's: 10 ms, x4, 10 attempts, then the call fails and the next one starts anew. */
START_TEST(attempts_end)
{
    struct outcome outcome = {0};
    struct world world;
    int64_t begun_ns;

    open_world(&world, 1, &config);
    ck_assert_int_eq(put(&world, "aa01", "x", &outcome), WEIR_OK);
    world.store.cut_at_frame = world.store.frame_count + 1;
    world.store.cut_every = 1;
    begun_ns = weir_sim_now_ns(world.store.sim);
    ck_assert_int_eq(put(&world, "aa01", "y", &outcome), WEIR_E_CLOSED);
    /* 10, 40, 160, 640, 2560, 10240 ms, then 30 s each */
    ck_assert_int_ge(weir_sim_now_ns(world.store.sim) - begun_ns, 103650 * WEIR_NS_PER_MS);
    ck_assert_int_le(weir_sim_now_ns(world.store.sim) - begun_ns, 106000 * WEIR_NS_PER_MS);
    world.store.cut_at_frame = world.store.cut_every = 0;
    ck_assert_int_eq(put(&world, "aa01", "z", &outcome), WEIR_OK);
    close_world(&world);
}
END_TEST

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Goal: a table may be freed at any moment, and no callback comes after that. Method: free it after each step of time.
 */
START_TEST(a_table_is_freed_with_calls_under_way)
{
    static struct pravega_table_key keys[100];
    struct pravega_table_key key = key_of("aa01");
    struct pravega_table_range all = pravega_table_all();
    struct many many = {.asked = keys};
    struct walk *walk = calloc(1, sizeof(*walk));
    struct outcome outcome = {0};
    struct world world;

    open_world(&world, 1, &config);
    for (size_t i = 0; i < 100; i++)
        keys[i] = key_of("0000");
    weir_buf_init(&walk->continuation, SIZE_MAX);
    pravega_table_put(world.table, &key, weir_view_str("aa01"), on_versions, &outcome);
    pravega_table_exists(world.table, &key, on_exists, &outcome);
    pravega_table_get_all(world.table, keys, 100, on_entries, &many);
    ck_assert_int_eq(pravega_table_iterator_new(world.table, &all, NULL, &walk->iterator, NULL), WEIR_OK);
    pravega_table_iterator_next(walk->iterator, on_page, walk);
    weir_sim_run(world.store.sim, never, NULL, _i * WEIR_NS_PER_MS / 4);
    pravega_table_iterator_free(walk->iterator);
    pravega_table_free(world.table);
    world.table = NULL;
    outcome.calls = many.outcome.calls = walk->outcome.calls = 0;
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(outcome.calls + many.outcome.calls + walk->outcome.calls, 0);
    weir_buf_fini(&walk->continuation);
    free(walk);
    close_world(&world);
}
END_TEST

struct freeing {
    struct outcome outcome;
    struct world *world;
};

static void free_on_versions(void *arg, enum weir_status status, const struct pravega_table_version *versions,
                             size_t count, const struct weir_error *why)
{
    struct freeing *freeing = arg;

    (void)versions, (void)count;
    set(&freeing->outcome, status, why);
    pravega_table_free(freeing->world->table);
    freeing->world->table = NULL;
}

/* Goal: a callback may free the table, with others waiting behind it. Method: a call that succeeds, one that is refused
 * before it is sent, and one of a table that is missing. */
START_TEST(a_callback_frees_the_table)
{
    struct pravega_table_config none = {0};
    struct pravega_table_key key = key_of("aa01"), wrong = key_of("aa1");
    struct freeing freeing = {0};
    struct outcome unheard = {0};
    struct world world;

    open_world(&world, 1, _i < 2 ? &config : &none);
    freeing.world = &world;
    pravega_table_put(world.table, _i == 0 ? &key : &wrong, weir_view_str("x"), free_on_versions, &freeing);
    pravega_table_put(world.table, _i == 0 ? &key : &wrong, weir_view_str("x"), on_versions, &unheard);
    await(&world, &freeing.outcome);
    ck_assert_int_eq(freeing.outcome.status, _i == 0 ? WEIR_OK : _i == 1 ? WEIR_E_INVAL : WEIR_E_NOT_FOUND);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(unheard.calls, 0);
    close_world(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("key_value_table");
    TCase *tc = tcase_create("key_value_table");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, an_entry_is_put_read_replaced_and_removed);
    tcase_add_test(tc, several_updates_are_carried_out_all_or_none);
    tcase_add_test(tc, wrong_updates_are_refused);
    tcase_add_test(tc, many_keys_are_read_in_slices);
    tcase_add_loop_test(tc, walks_are_ordered_and_complete, 0, 8);
    tcase_add_test(tc, wrong_walks_are_refused);
    tcase_add_test(tc, a_missing_table_shows_in_every_call);
    tcase_add_test(tc, answers_that_make_no_sense_are_refused);
    tcase_add_loop_test(tc, a_lost_connection_is_made_good, 0, 60);
    tcase_add_test(tc, attempts_end);
    tcase_add_loop_test(tc, a_table_is_freed_with_calls_under_way, 0, 40);
    tcase_add_loop_test(tc, a_callback_frees_the_table, 0, 3);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
