/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/units.h"

#define KIB ((int64_t)1024)
#define GIB (KIB * 1024 * 1024)

struct reading {
        const char *s;
        int r;
        int64_t value;
};

typedef int (*reader)(const char *, int64_t *, struct error *);

static void assert_readings(reader read, const struct reading *readings, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct error e = {};
                int64_t value = 42;

                if (read(readings[i].s, &value, &e) != readings[i].r)
                        fail_msg("\"%s\" is not read as it should: %s", readings[i].s, e.text);
                assert_int_equal(value, readings[i].r == 0 ? readings[i].value : 42);
                assert_int_equal(e.text[0] != '\0', readings[i].r < 0);
        }
}

static void test_sizes(_unused_ void **state)
{
        static const struct reading readings[] = {
                { "8GiB", 0, 8 * GIB },
                { "0GiB", 0, 0 },
                { "1KiB", 0, KIB },
                { "512MiB", 0, 512 * KIB * KIB },
                { "2TiB", 0, 2 * KIB * GIB },
                { "8388607TiB", 0, 8388607 * KIB * GIB },
                { "9007199254740991KiB", 0, INT64_MAX - 1023 },
                { "8388608TiB", -ERANGE, 0 },
                { "9007199254740992KiB", -ERANGE, 0 },
                { "9223372036854775807KiB", -ERANGE, 0 },
                { "9999999999999999999KiB", -ERANGE, 0 },
                { "99999999999999999999999KiB", -ERANGE, 0 },
                { "8", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "GiB", -EINVAL, 0 },
                { "08GiB", -EINVAL, 0 },
                { "00GiB", -EINVAL, 0 },
                { "-1GiB", -EINVAL, 0 },
                { "+1GiB", -EINVAL, 0 },
                { "1e3GiB", -EINVAL, 0 },
                { "1.5GiB", -EINVAL, 0 },
                { "8 GiB", -EINVAL, 0 },
                { " 8GiB", -EINVAL, 0 },
                { "8GiB ", -EINVAL, 0 },
                { "8GB", -EINVAL, 0 },
                { "8G", -EINVAL, 0 },
                { "8gib", -EINVAL, 0 },
                { "8B", -EINVAL, 0 },
                { "8s", -EINVAL, 0 },
        };

        assert_readings(size_parse, readings, ARRAY_SIZE(readings));
}

static void test_rates(_unused_ void **state)
{
        static const struct reading readings[] = {
                { "20/s", 0, 1200 },
                { "90/m", 0, 90 },
                { "153722867280912930/s", 0, 153722867280912930 * 60 },
                { "153722867280912931/s", -ERANGE, 0 },
                { "9223372036854775807/m", 0, INT64_MAX },
                { "9223372036854775808/m", -ERANGE, 0 },
                { "20", -EINVAL, 0 },
                { "20/h", -EINVAL, 0 },
                { "20/", -EINVAL, 0 },
                { "010/s", -EINVAL, 0 },
                { "-1/s", -EINVAL, 0 },
                { "/s", -EINVAL, 0 },
                { "20 /s", -EINVAL, 0 },
        };

        assert_readings(rate_parse, readings, ARRAY_SIZE(readings));
}

static void test_durations(_unused_ void **state)
{
        static const struct {
                const char *s;
                int r;
                usec_t value;
        } cases[] = {
                { "30s", 0, 30 * USEC_PER_SEC },
                { "250ms", 0, 250 * USEC_PER_MSEC },
                { "5m", 0, 5 * USEC_PER_MINUTE },
                { "12h", 0, 12 * USEC_PER_HOUR },
                { "90d", 0, 90 * USEC_PER_DAY },
                { "0s", 0, 0 },
                { "213503982d", 0, 213503982 * USEC_PER_DAY },
                { "213503983d", -ERANGE, 0 },
                { "18446744073709551ms", 0, UINT64_C(18446744073709551000) },
                { "18446744073709552ms", -ERANGE, 0 },
                { "99999999999999999999d", -ERANGE, 0 },
                { "30", -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "030s", -EINVAL, 0 },
                { "1e3s", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "1.5h", -EINVAL, 0 },
                { "1h30m", -EINVAL, 0 },
                { "30 s", -EINVAL, 0 },
                { "30sec", -EINVAL, 0 },
                { "1w", -EINVAL, 0 },
                { "infinity", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                usec_t value = 42;

                assert_int_equal(duration_parse(cases[i].s, &value, NULL), cases[i].r);
                assert_int_equal(value, cases[i].r == 0 ? cases[i].value : 42);
        }
}

static void test_a_bare_number_names_the_units(_unused_ void **state)
{
        struct error e = {};
        usec_t length;
        int64_t value;

        assert_int_equal(size_parse("8", &value, &e), -EINVAL);
        assert_string_equal(e.text, "\"8\" lacks its unit (KiB, MiB, GiB or TiB): write 8GiB, for example");
        assert_int_equal(duration_parse("30", &length, &e), -EINVAL);
        assert_string_equal(e.text, "\"30\" lacks its unit (ms, s, m, h or d): write 30s, for example");
        assert_int_equal(rate_parse("010", &value, &e), -EINVAL);
        assert_string_equal(e.text, "\"010\" lacks its unit (/m or /s): write 10/s, for example");
}

static void test_other_errors_say_what_to_write(_unused_ void **state)
{
        struct error e = {};
        usec_t length;
        int64_t value;

        assert_int_equal(size_parse("8GB", &value, &e), -EINVAL);
        assert_string_equal(e.text, "\"8GB\" is not a size: write a whole number and its unit (KiB, MiB, GiB or TiB), "
                                    "8GiB for example");
        assert_int_equal(duration_parse("soon\x1b[0m", &length, &e), -EINVAL);
        assert_string_equal(e.text, "\"soon\\x1b[0m\" is not a duration: write a whole number and its unit "
                                    "(ms, s, m, h or d), 20s for example");
        assert_int_equal(size_parse("8388608TiB", &value, &e), -ERANGE);
        assert_string_equal(e.text, "the size is too large");
}

static void test_canonical_forms(_unused_ void **state)
{
        char text[UNITS_TEXT_MAX];

        assert_string_equal(size_text(8 * GIB, text), "8GiB");
        assert_string_equal(size_text(1024 * GIB, text), "1TiB");
        assert_string_equal(size_text(1536 * KIB * KIB, text), "1536MiB");
        assert_string_equal(size_text(1000, text), "1000B");
        assert_string_equal(size_text(0, text), "0GiB");
        assert_string_equal(size_text(-8 * GIB, text), "-8GiB");
        assert_string_equal(size_text(INT64_MIN, text), "-8388608TiB");
        assert_string_equal(size_text(INT64_MAX, text), "9223372036854775807B");

        assert_string_equal(duration_text(0, text), "0s");
        assert_string_equal(duration_text(90 * USEC_PER_SEC, text), "90s");
        assert_string_equal(duration_text(120 * USEC_PER_SEC, text), "2m");
        assert_string_equal(duration_text(48 * USEC_PER_HOUR, text), "2d");
        assert_string_equal(duration_text(1500 * USEC_PER_MSEC, text), "1500ms");
        assert_string_equal(duration_text(1, text), "1us");
        assert_string_equal(duration_text(USEC_INFINITY, text), "infinity");
        assert_string_equal(duration_text(USEC_INFINITY - 1, text), "18446744073709551614us");

        assert_string_equal(rate_text(1200, text), "20/s");
        assert_string_equal(rate_text(90, text), "90/m");
        assert_string_equal(rate_text(60, text), "1/s");
        assert_string_equal(rate_text(0, text), "0/s");
        assert_string_equal(rate_text(INT64_MAX, text), "9223372036854775807/m");
}

static void test_canonical_forms_read_back(_unused_ void **state)
{
        static const char *const sizes[] = { "0GiB", "1KiB", "1023KiB", "1MiB", "1536MiB", "8GiB", "8388607TiB" };
        static const char *const durations[] = { "0s", "1ms", "999ms", "1s", "90s", "2m", "25h", "90d" };

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                char text[UNITS_TEXT_MAX];
                int64_t bytes;

                assert_int_equal(size_parse(sizes[i], &bytes, NULL), 0);
                assert_string_equal(size_text(bytes, text), sizes[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
                char text[UNITS_TEXT_MAX];
                usec_t length;

                assert_int_equal(duration_parse(durations[i], &length, NULL), 0);
                assert_string_equal(duration_text(length, text), durations[i]);
        }
}

static void test_roughly(_unused_ void **state)
{
        char text[UNITS_TEXT_MAX];

        assert_string_equal(duration_roughly(0, text), "0s");
        assert_string_equal(duration_roughly(999 * USEC_PER_MSEC, text), "0s");
        assert_string_equal(duration_roughly(45 * USEC_PER_SEC, text), "45s");
        assert_string_equal(duration_roughly(59 * USEC_PER_SEC, text), "59s");
        assert_string_equal(duration_roughly(60 * USEC_PER_SEC, text), "1m");
        assert_string_equal(duration_roughly(200 * USEC_PER_SEC, text), "3m");
        assert_string_equal(duration_roughly(150 * USEC_PER_MINUTE, text), "2h");
        assert_string_equal(duration_roughly(130 * USEC_PER_HOUR, text), "5d");
        assert_string_equal(duration_roughly(USEC_INFINITY, text), "infinity");
}

static void test_times(_unused_ void **state)
{
        char text[UNITS_TEXT_MAX];

        assert_string_equal(time_text(0, text), "1970-01-01T00:00:00Z");
        assert_string_equal(time_text(1795222923, text), "2026-11-21T01:02:03Z");
        assert_string_equal(time_text(-1, text), "1969-12-31T23:59:59Z");
        assert_string_equal(time_text(INT64_MAX, text), "@9223372036854775807");
        assert_string_equal(time_text(INT64_MIN, text), "@-9223372036854775808");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_rates),
                cmocka_unit_test(test_durations),
                cmocka_unit_test(test_a_bare_number_names_the_units),
                cmocka_unit_test(test_other_errors_say_what_to_write),
                cmocka_unit_test(test_canonical_forms),
                cmocka_unit_test(test_canonical_forms_read_back),
                cmocka_unit_test(test_roughly),
                cmocka_unit_test(test_times),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
