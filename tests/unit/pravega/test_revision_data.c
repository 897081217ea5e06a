/*
 * test_revision_data.c - the primitives and envelopes of upstream's versioned objects: sizes at their boundaries, what
 * newer and older writers leave, and nothing read beyond what an object is nested in.
 */
#include "pravega/format/revision_data.h"

#include <stdlib.h>

#include "format_vectors.h"
#include "hex.h"

static struct weir_buf out;

static void setup(void)
{
    weir_buf_init(&out, 1 << 20);
}
static void teardown(void)
{
    weir_buf_fini(&out);
}

static struct pravega_in written(void)
{
    ck_assert_int_eq(out.status, WEIR_OK);
    return pravega_in(weir_buf_view(&out));
}

static const struct compact {
    int64_t value;
    size_t cint_len, clong_len, cslong_len; /* 0: cannot be held */
} compact_numbers[] = {
    {0, 1, 1, 1},
    {31, 1, 1, 1},
    {32, 1, 1, 2},
    {63, 1, 1, 2},
    {64, 1, 2, 2},
    {127, 1, 2, 2},
    {128, 2, 2, 2},
    {8191, 2, 2, 2},
    {8192, 2, 2, 4},
    {16383, 2, 2, 4},
    {16384, 4, 4, 4},
    {(1 << 29) - 1, 4, 4, 4},
    {1 << 29, 4, 4, 8},
    {PRAVEGA_CINT_MAX, 4, 4, 8},
    {PRAVEGA_CINT_MAX + 1, 0, 4, 8},
    {INT64_C(1) << 30, 0, 8, 8},
    {PRAVEGA_CSLONG_MAX, 0, 8, 8},
    {PRAVEGA_CSLONG_MAX + 1, 0, 8, 0},
    {PRAVEGA_CLONG_MAX, 0, 8, 0},
    {PRAVEGA_CLONG_MAX + 1, 0, 0, 0},
    {INT64_MAX, 0, 0, 0},
    {-1, 0, 0, 1},
    {-32, 0, 0, 1},
    {-33, 0, 0, 2},
    {-8192, 0, 0, 2},
    {-8193, 0, 0, 4},
    {-(1 << 29), 0, 0, 4},
    {-(1 << 29) - 1, 0, 0, 8},
    {PRAVEGA_CSLONG_MIN, 0, 0, 8},
    {PRAVEGA_CSLONG_MIN - 1, 0, 0, 0},
    {INT64_MIN, 0, 0, 0},
};
#define COMPACT_COUNT ((int)(sizeof(compact_numbers) / sizeof(compact_numbers[0])))

static void assert_size(size_t len)
{
    ck_assert_int_eq(out.status, len > 0 ? WEIR_OK : WEIR_E_LIMIT);
    ck_assert_uint_eq(out.len, len);
}

/* Goal: a compact number takes the shortest form that holds it, and is read back; one that no form holds is an error.
 */
START_TEST(compact_numbers_take_their_shortest_form)
{
    const struct compact *n = &compact_numbers[_i];
    struct pravega_in in;

    pravega_put_cint(&out, n->value);
    assert_size(n->cint_len);
    if (n->cint_len > 0) {
        in = written();
        ck_assert_int_eq(pravega_get_cint(&in), n->value);
    }
    weir_buf_reset(&out);
    pravega_put_clong(&out, n->value);
    assert_size(n->clong_len);
    if (n->clong_len > 0) {
        in = written();
        ck_assert_int_eq(pravega_get_clong(&in), n->value);
    }
    weir_buf_reset(&out);
    pravega_put_cslong(&out, n->value);
    assert_size(n->cslong_len);
    if (n->cslong_len > 0) {
        in = written();
        ck_assert_int_eq(pravega_get_cslong(&in), n->value);
    }
}
END_TEST

/* Goal: longer forms than needed are read as well. */
START_TEST(longer_forms_are_read)
{
    struct pravega_in in = pravega_in(weir_view("\x80\x05\xc0\0\0\x05", 6));

    ck_assert_int_eq(pravega_get_cint(&in), 5);
    ck_assert_int_eq(pravega_get_cint(&in), 5);
    in = pravega_in(weir_view("\x40\x05\x80\0\0\x05\xc0\0\0\0\0\0\0\x05", 14));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pravega_get_clong(&in), 5);
    in = pravega_in(weir_view("\xa0\x05\xc0\0\0\x05\xe0\0\0\0\0\0\0\x05", 14));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pravega_get_cslong(&in), -6);
    ck_assert_int_eq(pravega_in_status(&in), WEIR_OK);
    ck_assert_uint_eq(weir_in_left(&in.bytes), 0);
}
END_TEST

/* UTF-8, and what Java's writeUTF makes of it. */
static const struct text {
    const char *utf8;
    size_t utf8_len;
    const char *java;
    size_t java_len;
} texts[] = {
    {"", 0, "", 0},
    {"reader-1", 8, "reader-1", 8},
    {"\xc3\xa9\xe4\xb8\xad", 5, "\xc3\xa9\xe4\xb8\xad", 5},
    {"a\xf0\x9f\x98\x80z", 6, "a\xed\xa0\xbd\xed\xb8\x80z", 8},
    {"\xf4\x8f\xbf\xbf", 4, "\xed\xaf\xbf\xed\xbf\xbf", 6},
    {"\xc0\x80", 2, "\xc0\x80", 2},           /* a NUL: as Java has it, so that it comes back */
    {"\xed\xa0\xbd!", 4, "\xed\xa0\xbd!", 4}, /* half a pair of surrogates */
};
#define TEXT_COUNT ((int)(sizeof(texts) / sizeof(texts[0])))

START_TEST(text_is_javas_modified_utf8)
{
    const struct text *text = &texts[_i];
    struct weir_view raw;
    struct pravega_in in;
    char *utf8;

    pravega_put_utf(&out, weir_view(text->utf8, text->utf8_len));
    in = written();
    raw = pravega_get_utf(&in);
    ck_assert(weir_view_equal(raw, weir_view(text->java, text->java_len)));
    in = written();
    utf8 = pravega_get_str(&in);
    ck_assert(weir_view_equal(weir_view_str(utf8), weir_view(text->utf8, text->utf8_len)));
    free(utf8);
}
END_TEST

START_TEST(text_that_is_none_is_refused)
{
    static const char *const bad[] = {"\x80", "\xff", "\xf0\x9f\x98\x80", "\xc3", "\xc3(", "\xe4\xb8", "\xe4\xb8("};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pravega_in in;

        weir_buf_reset(&out);
        weir_buf_u16be(&out, (uint16_t)strlen(bad[i]));
        weir_buf_append(&out, bad[i], strlen(bad[i]));
        in = written();
        ck_assert_ptr_null(pravega_get_str(&in));
        ck_assert_int_eq(pravega_in_status(&in), WEIR_E_INVAL);
    }
}
END_TEST

START_TEST(text_of_more_than_65535_bytes_is_over_the_limit)
{
    char *text = calloc(1, 70000);

    memset(text, 'a', 65535);
    pravega_put_str(&out, text);
    ck_assert_int_eq(out.status, WEIR_OK);
    memcpy(text, "\xf0\x9f\x98\x80", 4); /* six bytes in Java's form: two too many */
    weir_buf_reset(&out);
    pravega_put_str(&out, text);
    ck_assert_int_eq(out.status, WEIR_E_LIMIT);
    text[65535] = 'a';
    weir_buf_reset(&out);
    pravega_put_str(&out, text);
    ck_assert_int_eq(out.status, WEIR_E_LIMIT);
    free(text);
}
END_TEST

static bool segment_is(const char *text)
{
    struct pravega_in in;

    weir_buf_reset(&out);
    pravega_put_str(&out, text);
    in = written();
    (void)pravega_get_segment(&in);
    return pravega_get_more(&in);
}

START_TEST(segments_are_read_in_their_parts)
{
    struct pravega_stream_name name = {"my.scope", "_RGgroup-1"};
    struct pravega_segment_ref segment;
    struct pravega_in in;

    pravega_put_segment(&out, &name, INT64_C(7) << 32 | 2);
    pravega_put_str(&out, "s/t/12");
    in = written();
    segment = pravega_get_segment(&in);
    ck_assert(weir_view_equal(segment.scope, weir_view_str("my.scope")));
    ck_assert(weir_view_equal(segment.stream, weir_view_str("_RGgroup-1")));
    ck_assert_int_eq(segment.id, INT64_C(7) << 32 | 2);
    segment = pravega_get_segment(&in);
    ck_assert_int_eq(segment.id, 12); /* from before there were epochs */
    ck_assert(pravega_get_more(&in));

    ck_assert(segment_is("s/t/2147483647.#epoch.2147483647"));
    ck_assert(!segment_is("s/t/2147483648.#epoch.0"));
    ck_assert(!segment_is("s/t/0.#epoch."));
    ck_assert(!segment_is("s/t/.#epoch.0"));
    ck_assert(!segment_is("s/t/-1.#epoch.0"));
    ck_assert(!segment_is("s/t/0.#epoch.0x"));
    ck_assert(!segment_is("t/0.#epoch.0"));
    ck_assert(!segment_is("s//0.#epoch.0"));
    ck_assert(!segment_is("s/t/u/0.#epoch.0"));
    ck_assert(!segment_is("s/t u/0.#epoch.0"));
    ck_assert(!segment_is(""));
}
END_TEST

/* Goal: an object of another class, of which only its bytes matter: upstream's EventWriterConfig with its defaults. */
START_TEST(an_event_writers_configuration_is_as_javas)
{
    struct pravega_version version;
    struct weir_buf recorded = hex_bytes(EVENT_WRITER_CONFIG_HEX);
    struct pravega_in in = pravega_in(weir_buf_view(&recorded));
    size_t revision;

    pravega_put_version(&out, 0, 1);
    revision = pravega_put_revision(&out, 0);
    pravega_put_i32(&out, 1);      /* initial backoff, ms */
    pravega_put_i32(&out, 20000);  /* the longest one */
    pravega_put_i32(&out, 10);     /* attempts */
    pravega_put_i32(&out, 10);     /* backoff multiple */
    pravega_put_bool(&out, false); /* connection pooling */
    pravega_put_i64(&out, 599999); /* transaction timeout, ms */
    pravega_put_bool(&out, false); /* notes times by itself */
    pravega_put_bool(&out, false); /* large events */
    pravega_end_revision(&out, revision);
    assert_hex(&out, EVENT_WRITER_CONFIG_HEX);

    pravega_get_version(&in, 0, &version);
    ck_assert(pravega_get_revision(&version));
    ck_assert(pravega_get_i32(&in) == 1 && pravega_get_i32(&in) == 20000 && pravega_get_i32(&in) == 10);
    ck_assert(pravega_get_i32(&in) == 10 && !pravega_get_bool(&in) && pravega_get_i64(&in) == 599999);
    ck_assert(!pravega_get_bool(&in) && !pravega_get_bool(&in) && weir_in_left(&in.bytes) == 0);
    pravega_end_version(&version);
    ck_assert_int_eq(pravega_in_status(&in), WEIR_OK);
    weir_buf_fini(&recorded);
}
END_TEST

/* An object with one of every primitive in three revisions, another object in a byte array, and what it says. */
static void put_everything(void)
{
    struct pravega_stream_name name = {"s", "t"};
    size_t revision, bytes, inner;

    pravega_put_typed_version(&out, 9, 1, 3);
    revision = pravega_put_revision(&out, 0);
    pravega_put_bool(&out, true);
    pravega_put_i32(&out, -5);
    pravega_put_i64(&out, INT64_MIN);
    pravega_put_double(&out, -1.0);
    pravega_put_uuid(&out, (struct weir_uuid){1, 2});
    pravega_end_revision(&out, revision);
    revision = pravega_put_revision(&out, 1);
    pravega_put_count(&out, 2);
    pravega_put_str(&out, "one");
    pravega_put_str(&out, "two");
    pravega_put_stream(&out, &name);
    pravega_end_revision(&out, revision);
    revision = pravega_put_revision(&out, 2);
    bytes = pravega_put_bytes_begin(&out);
    pravega_put_version(&out, 0, 1);
    inner = pravega_put_revision(&out, 0);
    for (int i = 0; i < 200; i++)
        weir_buf_u8(&out, (uint8_t)i);
    pravega_end_revision(&out, inner);
    pravega_end_bytes(&out, bytes);
    pravega_put_bytes(&out, weir_view("end", 3));
    pravega_end_revision(&out, revision);
    weir_buf_u8(&out, 0x77); /* something after it */
}

struct everything {
    struct weir_uuid uuid;
    double number;
    char **names;
    size_t name_count;
    struct weir_view scope, stream, end;
    uint8_t type_id, inner_sum, after;
};

static void get_inner(struct pravega_in *in, struct everything *all)
{
    struct pravega_version version;

    pravega_get_version(in, 0, &version);
    if (pravega_get_revision(&version))
        for (int i = 0; i < 100; i++) /* and leaves the rest of it */
            all->inner_sum += weir_in_u8(&in->bytes);
    pravega_end_version(&version);
}

/* Knows `revisions` of the three. */
static enum weir_status get_everything(struct weir_view view, int revisions, struct everything *all)
{
    struct pravega_in in = pravega_in(view);
    struct pravega_version version;
    const uint8_t *outer;

    pravega_get_typed_version(&in, 1, &version);
    all->type_id = version.type_id;
    if (revisions > 0 && pravega_get_revision(&version)) {
        if (!pravega_get_bool(&in) || pravega_get_i32(&in) != -5 || pravega_get_i64(&in) != INT64_MIN)
            pravega_in_refuse(&in);
        all->number = pravega_get_double(&in);
        all->uuid = pravega_get_uuid(&in);
    }
    if (revisions > 1 && pravega_get_revision(&version)) {
        all->name_count = pravega_get_items(&in, 2, sizeof(*all->names), (void **)&all->names);
        for (size_t i = 0; i < all->name_count && pravega_get_more(&in); i++)
            all->names[i] = pravega_get_str(&in);
        pravega_get_stream(&in, &all->scope, &all->stream);
    }
    if (revisions > 2 && pravega_get_revision(&version)) {
        outer = pravega_enter_bytes(&in);
        get_inner(&in, all);
        pravega_leave_bytes(&in, outer);
        all->end = pravega_get_bytes(&in);
    }
    pravega_end_version(&version);
    all->after = weir_in_u8(&in.bytes);
    return pravega_in_status(&in);
}

static void free_everything(struct everything *all)
{
    for (size_t i = 0; i < all->name_count; i++)
        free(all->names[i]);
    free(all->names);
}

/* Goal: what a reader does not know, or does not read, is skipped; what it knows is there. Method: it knows 0 to 3
 * revisions (the loop index), and reads half of an inner object; the byte after the object tells where it ended. */
START_TEST(unknown_revisions_and_unread_bytes_are_skipped)
{
    struct everything all = {0};

    put_everything();
    ck_assert_int_eq(get_everything(weir_buf_view(&out), _i, &all), WEIR_OK);
    ck_assert_uint_eq(all.type_id, 9);
    ck_assert_uint_eq(all.after, 0x77);
    ck_assert(all.uuid.lsb == (_i > 0 ? 2u : 0u) && all.number == (_i > 0 ? -1.0 : 0.0));
    ck_assert_uint_eq(all.name_count, _i > 1 ? 2 : 0);
    if (_i > 1)
        ck_assert_str_eq(all.names[1], "two");
    ck_assert(_i < 3 || weir_view_equal(all.end, weir_view("end", 3)));
    ck_assert_uint_eq(all.inner_sum, _i < 3 ? 0 : 99 * 100 / 2 % 256);
    free_everything(&all);
}
END_TEST

/* Goal: missing revisions leave what they would have said at its default. */
START_TEST(missing_revisions_are_defaults)
{
    struct everything all = {0};
    size_t revision;

    pravega_put_typed_version(&out, 9, 0, 1);
    revision = pravega_put_revision(&out, 0);
    pravega_put_bool(&out, true);
    pravega_put_i32(&out, -5);
    pravega_put_i64(&out, INT64_MIN);
    pravega_put_double(&out, 2.0);
    pravega_put_uuid(&out, (struct weir_uuid){1, 2});
    pravega_end_revision(&out, revision);
    weir_buf_u8(&out, 0x77);
    ck_assert_int_eq(get_everything(weir_buf_view(&out), 3, &all), WEIR_OK);
    ck_assert(all.number == 2.0 && all.name_count == 0 && all.end.len == 0 && all.after == 0x77);
}
END_TEST

/* Goal: bytes that end early are refused, wherever they do. Method: cut at every length, in memory of just that size.
 */
START_TEST(objects_cut_anywhere_are_refused)
{
    put_everything();
    for (size_t len = 0; len < out.len; len++) {
        struct everything all = {0};
        uint8_t *cut = malloc(len > 0 ? len : 1);

        memcpy(cut, out.ptr, len);
        ck_assert_int_eq(get_everything(weir_view(cut, len), 3, &all), WEIR_E_INVAL);
        free_everything(&all);
        free(cut);
    }
}
END_TEST

/* Goal: an inner length cannot reach beyond what it is in. */
START_TEST(lengths_are_bounded_by_what_is_around_them)
{
    static const char beyond[] = "\0\0\1\0\0\0\0\2\x05"
                                 "abcdefg"; /* a revision of 2 bytes: an array of 5 */
    struct pravega_in in = pravega_in(weir_view(beyond, sizeof(beyond) - 1));
    struct pravega_version version;

    pravega_get_version(&in, 0, &version);
    ck_assert(pravega_get_revision(&version));
    ck_assert_uint_eq(pravega_get_bytes(&in).len, 0);
    pravega_end_version(&version);
    ck_assert_int_eq(pravega_in_status(&in), WEIR_E_INVAL);
    ck_assert_uint_eq(weir_in_u8(&in.bytes), 0); /* a failed reader has no bytes left */
}
END_TEST

static enum weir_status envelope(const char *bytes, size_t len)
{
    struct pravega_in in = pravega_in(weir_view(bytes, len));
    struct pravega_version version;

    pravega_get_version(&in, 1, &version);
    while (pravega_get_revision(&version))
        continue;
    pravega_end_version(&version);
    return pravega_in_status(&in);
}

START_TEST(envelopes_that_are_none_are_refused)
{
    ck_assert_int_eq(envelope("\0\1\0", 3), WEIR_OK);
    ck_assert_int_eq(envelope("\1\1\0", 3), WEIR_E_INVAL);                     /* a format to come */
    ck_assert_int_eq(envelope("\0\2\0", 3), WEIR_E_INVAL);                     /* a version to come */
    ck_assert_int_eq(envelope("\0\0\x80", 3), WEIR_E_INVAL);                   /* a negative count */
    ck_assert_int_eq(envelope("\0\0\1\1\0\0\0\0", 8), WEIR_E_INVAL);           /* revisions begin with 0 */
    ck_assert_int_eq(envelope("\0\0\1\0\0\0\0\1", 8), WEIR_E_INVAL);           /* longer than the rest */
    ck_assert_int_eq(envelope("\0\0\1\0\xff\xff\xff\xff\1", 9), WEIR_E_INVAL); /* a negative length */
    ck_assert_int_eq(envelope("\0\0\2\0\0\0\0\0\1\0\0\0\0", 13), WEIR_OK);
}
END_TEST

/* Java takes the count for a signed byte: 128 revisions are none, though they may all be there. */
START_TEST(envelopes_of_128_revisions_are_refused)
{
    uint8_t count = (uint8_t)_i;

    pravega_put_version(&out, 0, count);
    for (uint8_t i = 0; i < count; i++)
        pravega_end_revision(&out, pravega_put_revision(&out, i));
    ck_assert_int_eq(envelope((char *)out.ptr, out.len), count < 128 ? WEIR_OK : WEIR_E_INVAL);
}
END_TEST

START_TEST(counts_are_bounded_by_what_is_left)
{
    struct pravega_in in = pravega_in(weir_view("\x03"
                                                "abcdef",
                                                7));
    void *items;

    ck_assert_uint_eq(pravega_get_count(&in, 2), 3);
    in = pravega_in(weir_view("\xff\xff\xff\xff"
                              "abcdef",
                              10));
    ck_assert_uint_eq(pravega_get_items(&in, 2, 1 << 20, &items), 0);
    ck_assert_ptr_null(items);
    ck_assert_int_eq(pravega_in_status(&in), WEIR_E_INVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("revision_data");
    TCase *tc = tcase_create("revision_data");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, compact_numbers_take_their_shortest_form, 0, COMPACT_COUNT);
    tcase_add_test(tc, longer_forms_are_read);
    tcase_add_loop_test(tc, text_is_javas_modified_utf8, 0, TEXT_COUNT);
    tcase_add_test(tc, text_that_is_none_is_refused);
    tcase_add_test(tc, text_of_more_than_65535_bytes_is_over_the_limit);
    tcase_add_test(tc, segments_are_read_in_their_parts);
    tcase_add_test(tc, an_event_writers_configuration_is_as_javas);
    tcase_add_loop_test(tc, unknown_revisions_and_unread_bytes_are_skipped, 0, 4);
    tcase_add_test(tc, missing_revisions_are_defaults);
    tcase_add_test(tc, objects_cut_anywhere_are_refused);
    tcase_add_test(tc, lengths_are_bounded_by_what_is_around_them);
    tcase_add_test(tc, envelopes_that_are_none_are_refused);
    tcase_add_loop_test(tc, envelopes_of_128_revisions_are_refused, 127, 129);
    tcase_add_test(tc, counts_are_bounded_by_what_is_left);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
