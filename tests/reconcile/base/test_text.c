/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/text.h"

static void test_equal_and_starts(_unused_ void **state)
{
        assert_true(text_equal("a", "a"));
        assert_true(text_equal(NULL, NULL));
        assert_false(text_equal("a", NULL));
        assert_false(text_equal(NULL, ""));
        assert_false(text_equal("a", "b"));
        assert_true(text_starts("MUSTER_URL", "MUSTER_"));
        assert_true(text_starts("a", ""));
        assert_false(text_starts("MUST", "MUSTER_"));
}

static void test_numbers(_unused_ void **state)
{
        static const struct {
                const char *s;
                int r;
                int64_t value;
        } cases[] = {
                { "0", 0, 0 },
                { "7", 0, 7 },
                { "-1", 0, -1 },
                { "1000000", 0, 1000000 },
                { "9223372036854775807", 0, INT64_MAX },
                { "-9223372036854775808", 0, INT64_MIN },
                { "9223372036854775808", -ERANGE, 0 },
                { "-9223372036854775809", -ERANGE, 0 },
                { "99999999999999999999999999", -ERANGE, 0 },
                { NULL, -EINVAL, 0 },
                { "", -EINVAL, 0 },
                { "-", -EINVAL, 0 },
                { "--1", -EINVAL, 0 },
                { "+1", -EINVAL, 0 },
                { "-0", -EINVAL, 0 },
                { "010", -EINVAL, 0 },
                { "-010", -EINVAL, 0 },
                { "00", -EINVAL, 0 },
                { "1e3", -EINVAL, 0 },
                { "0x10", -EINVAL, 0 },
                { "1.0", -EINVAL, 0 },
                { "1_000", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 ", -EINVAL, 0 },
                { "99999999999999999999x", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int64_t value = 42;

                assert_int_equal(text_to_int64(cases[i].s, &value), cases[i].r);
                assert_int_equal(value, cases[i].r == 0 ? cases[i].value : 42);
        }
}

static void test_utf8(_unused_ void **state)
{
        static const char *const good[] = { "",
                                            "plain",
                                            "\xC2\x80",
                                            "größe",
                                            "\xE0\xA0\x80",
                                            "\xED\x9F\xBF",
                                            "\xEE\x80\x80",
                                            "日本",
                                            "\xF0\x90\x80\x80",
                                            "\xF4\x8F\xBF\xBF" };
        static const char *const bad[] = { "\x80",
                                           "a\xBF",
                                           "\xC0\x80",
                                           "\xC1\xBF",
                                           "\xC3",
                                           "\xC3(",
                                           "\xE0\x9F\xBF",
                                           "\xED\xA0\x80",
                                           "\xED\xBF\xBF",
                                           "\xE2\x82",
                                           "\xF0\x8F\xBF\xBF",
                                           "\xF4\x90\x80\x80",
                                           "\xF8\x88\x80\x80\x80",
                                           "\xFE",
                                           "\xFF" };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                assert_true(text_is_utf8(good[i], strlen(good[i])));
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_false(text_is_utf8(bad[i], strlen(bad[i])));
        assert_false(text_is_utf8("a\0b", 3));
        assert_true(text_is_utf8("é", 2));
        assert_false(text_is_utf8("é", 1));
}

static void test_width(_unused_ void **state)
{
        assert_int_equal(text_width(""), 0);
        assert_int_equal(text_width("web-1"), 5);
        assert_int_equal(text_width("größe…"), 6);
}

static void assert_escaped(const char *s, size_t max_chars, const char *expected)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1000);

        assert_int_equal(text_escape(&b, s, max_chars), 0);
        assert_string_equal(buf_text(&b), expected);
}

static void test_escape(_unused_ void **state)
{
        assert_escaped("", 80, "");
        assert_escaped("web-1 größe 日本 😀 \\ \"", 80, "web-1 größe 日本 😀 \\ \"");
        assert_escaped("\x1b[31mred", 80, "\\x1b[31mred");
        assert_escaped("a\nb\tc\rd\x7f", 80, "a\\x0ab\\x09c\\x0dd\\x7f");
        assert_escaped("\x01", 80, "\\x01");
        assert_escaped("\xC2\x80\xC2\x9B\xC2\x9F\xC2\xA0", 80, "\\u{0080}\\u{009b}\\u{009f}\xC2\xA0");
        assert_escaped("\u200e\u200f\u202a\u202e\u2066\u2069", 80,
                       "\\u{200e}\\u{200f}\\u{202a}\\u{202e}\\u{2066}\\u{2069}");
        assert_escaped("\u2028\u2029\ufeff\u061c", 80, "\\u{2028}\\u{2029}\\u{feff}\\u{061c}");
        assert_escaped("\u2027\u202f\u2065\u206a", 80, "\u2027\u202f\u2065\u206a");
        assert_escaped("a\xC3(\xFF\xED\xA0\x80", 80, "a\\xc3(\\xff\\xed\\xa0\\x80");
        assert_escaped("\xE2\x82", 80, "\\xe2\\x82");
}

static void test_escape_cuts(_unused_ void **state)
{
        assert_escaped("12345", 5, "12345");
        assert_escaped("123456", 5, "12345…");
        assert_escaped("ééééé", 5, "ééééé");
        assert_escaped("éééééé", 5, "ééééé…");
        assert_escaped("ab\x1b", 5, "ab…");
        assert_escaped("a\x1b", 5, "a\\x1b");
        assert_escaped("a", 0, "…");
}

static void test_escape_tells_a_full_buffer(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(3);

        assert_int_equal(text_escape(&b, "abcd", 80), -ENOBUFS);
        assert_int_equal(text_escape(&b, "abcd", 2), -ENOBUFS);
}

static void test_nearest(_unused_ void **state)
{
        static const char *const names[] = { "cpu", "memory", "network", "template", "securityGroups", "dataDisks" };
        static const struct {
                const char *s, *nearest;
        } cases[] = {
                { "memory", "memory" },
                { "memroy", "memory" },
                { "meory", "memory" },
                { "mmemory", "memory" },
                { "emory", "memory" },
                { "netwrok", "network" },
                { "tmplate", "template" },
                { "securitygroup", "securityGroups" },
                { "securityGrp", "securityGroups" },
                { "dataDisk", "dataDisks" },
                { "cp", "cpu" },
                { "cpx", "cpu" },
                { "cxx", NULL },
                { "mxxxxy", NULL },
                { "", NULL },
                { "something else", NULL },
                { "securityGroupsXYZW", NULL },
                { "securityGroupsXYZ", "securityGroups" },
                { "XYZsecurityGroups", "securityGroups" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *nearest = text_nearest(cases[i].s, names, ARRAY_SIZE(names));

                if (cases[i].nearest)
                        assert_string_equal(nearest, cases[i].nearest);
                else
                        assert_null(nearest);
        }
        assert_null(text_nearest("cpu", NULL, 0));
}

static void test_nearest_takes_the_nearest(_unused_ void **state)
{
        static const char *const names[] = { "template-x1", "templates", "template" };

        assert_string_equal(text_nearest("template", names, 3), "template");
        assert_string_equal(text_nearest("templatesx", names, 3), "templates");
}

static int sign(int n)
{
        return (n > 0) - (n < 0);
}

/* Each is before all that follow it, so that the order is one order. */
static void test_natural_order(_unused_ void **state)
{
        static const char *const sorted[] = { "",
                                              "-",
                                              "0",
                                              "1",
                                              "02",
                                              "2",
                                              "10",
                                              "99999999999999999999999998",
                                              "99999999999999999999999999",
                                              "web",
                                              "web-",
                                              "web-0",
                                              "web-1",
                                              "web-9",
                                              "web-9/data",
                                              "web-10",
                                              "web-10/data-2",
                                              "web-10/data-10",
                                              "web-a",
                                              "webs",
                                              "é" };

        for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
                for (size_t j = 0; j < ARRAY_SIZE(sorted); j++)
                        assert_int_equal(sign(text_natural_compare(sorted[i], sorted[j])), (i > j) - (i < j));
}

static void test_natural_order_of_leading_zeros(_unused_ void **state)
{
        assert_true(text_natural_compare("a-007", "a-7") != 0);
        assert_int_equal(sign(text_natural_compare("a-007", "a-7")), -sign(text_natural_compare("a-7", "a-007")));
        assert_true(text_natural_compare("a-007-b", "a-7-a") > 0);
        assert_true(text_natural_compare("a-000", "a-1") < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_equal_and_starts),
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_utf8),
                cmocka_unit_test(test_width),
                cmocka_unit_test(test_escape),
                cmocka_unit_test(test_escape_cuts),
                cmocka_unit_test(test_escape_tells_a_full_buffer),
                cmocka_unit_test(test_nearest),
                cmocka_unit_test(test_nearest_takes_the_nearest),
                cmocka_unit_test(test_natural_order),
                cmocka_unit_test(test_natural_order_of_leading_zeros),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
