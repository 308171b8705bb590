/* SPDX-License-Identifier: MIT */

/*
 * Regular expressions for numbers of a range, held against the numbers themselves.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>

#include "specs/pattern.h"

#define PATTERN_MAX 4096

static void compile(const struct buf *alternatives, regex_t *ret)
{
        _cleanup_buf_ struct buf whole = BUF_INIT(PATTERN_MAX + 8);

        assert_int_equal(alternatives->failed, 0);
        assert_int_equal(buf_addf(&whole, "^(%s)$", buf_text(alternatives)), 0);
        assert_int_equal(regcomp(ret, buf_text(&whole), REG_EXTENDED | REG_NOSUB), 0);
}

static bool fits(const regex_t *expression, const char *text)
{
        return regexec(expression, text, 0, NULL, 0) == 0;
}

static void assert_range(uint64_t min, uint64_t max, uint64_t from, uint64_t to)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);
        regex_t expression;

        pattern_add_range(&pattern, min, max);
        compile(&pattern, &expression);
        for (uint64_t i = from; i <= to; i++) {
                char text[32];

                (void)snprintf(text, sizeof(text), "%" PRIu64, i);
                if (fits(&expression, text) != (i >= min && i <= max))
                        fail_msg("%s does not hold %" PRIu64 " to %" PRIu64 " at %s", buf_text(&pattern), min, max,
                                 text);
        }
        regfree(&expression);
}

/* All ranges of small numbers; then the ends of large ones. */
static void test_ranges(void **state _unused_)
{
        static const uint64_t large[] = { 99999, 100000, 100001, 6871947, 3153600000000, INT64_MAX - 1, INT64_MAX };

        for (uint64_t min = 0; min <= 125; min++)
                for (uint64_t max = min; max <= 125; max++)
                        assert_range(min, max, 0, 130);
        for (uint64_t max = 980; max <= 1120; max++)
                assert_range(7, max, 0, 1200);

        for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++) {
                assert_range(0, large[i], large[i] - 50, large[i] + 50);
                assert_range(large[i] - 20, large[i], large[i] - 50, large[i] + 50);
                assert_range(large[i], large[i], large[i] - 50, large[i] + 50);
        }
}

/* One number has one spelling. */
static void test_spelling(void **state _unused_)
{
        static const char *const wrong[] = {
                "", "00", "01", "007", "+1", "-1", "1.0", "1e1", " 1", "1 ", "0x1", "1\n"
        };
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);
        regex_t expression;

        pattern_add_range(&pattern, 0, 100000);
        assert_string_equal(buf_text(&pattern), "0|[1-9][0-9]{0,4}|100000");
        compile(&pattern, &expression);
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                assert_false(fits(&expression, wrong[i]));
        regfree(&expression);
}

static void test_short(void **state _unused_)
{
        static const struct {
                uint64_t min, max;
                const char *pattern;
        } cases[] = {
                { 0, 0, "0" },
                { 5, 5, "5" },
                { 1, 64, "[1-9]|[1-5][0-9]|6[0-4]" },
                { 10, 99, "[1-9][0-9]" },
                { 1, 999, "[1-9][0-9]{0,2}" },
                { 100, 999, "[1-9][0-9]{2}" },
                { 9, 8, "" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

                pattern_add_range(&pattern, cases[i].min, cases[i].max);
                assert_string_equal(buf_text(&pattern), cases[i].pattern);
        }
}

/* What fits is what the reader takes, for each unit on its own. */
static void test_units(void **state _unused_)
{
        const uint64_t min = 90 * USEC_PER_SEC, max = 2 * USEC_PER_DAY + USEC_PER_HOUR;
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);
        regex_t expression;

        pattern_add_units(&pattern, duration_units, min, max);
        compile(&pattern, &expression);
        for (const struct unit *unit = duration_units; unit->name; unit++)
                for (uint64_t i = 0; i <= 200000; i++) {
                        char text[UNITS_TEXT_MAX];
                        usec_t length;

                        (void)snprintf(text, sizeof(text), "%" PRIu64 "%s", i, unit->name);
                        assert_int_equal(duration_parse(text, &length, NULL), 0);
                        if (fits(&expression, text) != (length >= min && length <= max))
                                fail_msg("%s does not hold %s", buf_text(&pattern), text);
                }
        regfree(&expression);
}

/* A unit of which nothing lies in the range is not there. */
static void test_units_too_large(void **state _unused_)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

        pattern_add_units(&pattern, size_units, 1024, 3 * 1024);
        assert_string_equal(buf_text(&pattern), "([1-3])KiB");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranges), cmocka_unit_test(test_spelling),        cmocka_unit_test(test_short),
                cmocka_unit_test(test_units),  cmocka_unit_test(test_units_too_large),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
