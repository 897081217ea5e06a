/*
 * test_types.c - every type goes through bytes and copies unchanged, and hashes as Java does.
 */
#include "weir/type.h"

#include <check.h>
#include <stdlib.h>

struct reading {
    int32_t sensor;
    int64_t at_ms;
    double value;
    bool good;
    struct weir_view unit, raw;
};

static const struct weir_field reading_fields[] = {
    WEIR_FIELD(struct reading, sensor, INT),   WEIR_FIELD(struct reading, at_ms, LONG),
    WEIR_FIELD(struct reading, value, DOUBLE), WEIR_FIELD(struct reading, good, BOOL),
    WEIR_FIELD(struct reading, unit, STRING),  WEIR_FIELD(struct reading, raw, BYTES),
};
static const struct weir_type reading_type = WEIR_STRUCT_TYPE(struct reading, reading_fields, false);

static struct reading sample(void)
{
    return (struct reading){.sensor = -7,
                            .at_ms = INT64_C(1700000000123),
                            .value = 2.5,
                            .good = true,
                            .unit = weir_view_str("°C"),
                            .raw = weir_view("\0\1\2", 3)};
}

START_TEST(a_struct_survives_its_bytes)
{
    struct reading in = sample(), out;
    struct weir_buf buf;
    struct weir_in bytes;

    weir_buf_init(&buf, 1 << 16);
    weir_type_serialize(&reading_type, &in, &buf);
    ck_assert_int_eq(buf.status, WEIR_OK);
    bytes = weir_in(weir_buf_view(&buf));
    weir_type_deserialize(&reading_type, &bytes, &out);
    ck_assert(!bytes.bad);
    ck_assert_uint_eq(weir_in_left(&bytes), 0);
    ck_assert(weir_type_equal(&reading_type, &in, &out));
    ck_assert_int_eq(weir_type_hash_code(&reading_type, &in), weir_type_hash_code(&reading_type, &out));
    out.sensor++;
    ck_assert(!weir_type_equal(&reading_type, &in, &out));
    weir_buf_fini(&buf);
}
END_TEST

/* Method: the form of a struct cut short at every length is refused, never read past. */
START_TEST(a_short_form_is_bad_at_every_cut)
{
    struct reading in = sample(), out;
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 16);
    weir_type_serialize(&reading_type, &in, &buf);
    for (size_t len = 0; len < buf.len; len++) {
        uint8_t *exact = malloc(len + 1);
        struct weir_in bytes;

        memcpy(exact, buf.ptr, len);
        bytes = weir_in(weir_view(exact, len));
        weir_type_deserialize(&reading_type, &bytes, &out);
        ck_assert_msg(bytes.bad, "cut at %zu of %zu was taken", len, buf.len);
        free(exact);
    }
    weir_buf_fini(&buf);
}
END_TEST

START_TEST(a_copy_owns_what_it_points_to)
{
    char unit[] = "mm";
    struct reading in = sample(), copy;

    in.unit = weir_view_str(unit);
    ck_assert_int_eq(weir_type_copy(&reading_type, &copy, &in), WEIR_OK);
    unit[0] = 'c';
    ck_assert_mem_eq(copy.unit.ptr, "mm", 2);
    ck_assert(!weir_type_equal(&reading_type, &in, &copy));
    weir_type_destroy(&reading_type, &copy);
}
END_TEST

START_TEST(hash_codes_are_javas)
{
    int64_t number = INT64_C(0x123456789abcdef0);
    int32_t small = -5;
    double half = 0.5;
    bool yes = true;
    struct weir_view hello = weir_view_str("hello"), bytes = weir_view("\1\xff", 2);

    ck_assert_int_eq(weir_type_hash_code(weir_long_type(), &number), (int32_t)(0x12345678 ^ 0x9abcdef0));
    ck_assert_int_eq(weir_type_hash_code(weir_int_type(), &small), -5);
    ck_assert_int_eq(weir_type_hash_code(weir_double_type(), &half), 0x3fe00000);
    ck_assert_int_eq(weir_type_hash_code(weir_bool_type(), &yes), 1231);
    ck_assert_int_eq(weir_type_hash_code(weir_string_type(), &hello), 99162322);
    ck_assert_int_eq(weir_type_hash_code(weir_bytes_type(), &bytes), (31 * 1 + 1) * 31 - 1);
}
END_TEST

START_TEST(fields_are_found_by_name)
{
    ck_assert_ptr_eq(weir_type_field(&reading_type, "value"), &reading_fields[2]);
    ck_assert_ptr_null(weir_type_field(&reading_type, "nothing"));
    ck_assert_ptr_null(weir_type_field(weir_long_type(), "value"));
    ck_assert_ptr_eq(weir_field_type(&reading_fields[4]), weir_string_type());
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("types");
    TCase *tc = tcase_create("types");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, a_struct_survives_its_bytes);
    tcase_add_test(tc, a_short_form_is_bad_at_every_cut);
    tcase_add_test(tc, a_copy_owns_what_it_points_to);
    tcase_add_test(tc, hash_codes_are_javas);
    tcase_add_test(tc, fields_are_found_by_name);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
