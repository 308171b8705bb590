/* SPDX-License-Identifier: MIT */

/*
 * Settings: fields within fields, by their paths.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "reconcile/base/array.h"
#include "reconcile/settings.h"

static json_t *parse(const char *text)
{
        json_t *settings = NULL;

        assert_int_equal(settings_parse(text, &settings), 0);
        return settings;
}

static void assert_text(const json_t *settings, const char *expected)
{
        _cleanup_free_ char *text = json_to_text(settings, JSON_COMPACT);

        assert_string_equal(text, expected);
}

static void test_paths(void **state _unused_)
{
        _cleanup_json_ json_t *s = parse("{\"a\":1,\"b\":{\"c\":\"x\"},\"d\":2}");

        assert_int_equal(json_integer_value(settings_get(s, "a")), 1);
        assert_string_equal(json_string_value(settings_get(s, "b.c")), "x");
        assert_null(settings_get(s, "b.d"));
        assert_null(settings_get(s, "e"));
        assert_null(settings_get(s, "e.f"));
        assert_null(settings_get(s, "d.c"));
        assert_null(settings_get(NULL, "a"));
        assert_int_equal(settings_put(s, "b.d", json_integer(4)), 0);
        assert_int_equal(settings_put(s, "e.f", json_true()), 0);
        assert_int_equal(settings_put(s, "a", json_integer(7)), 0);
        assert_int_equal(settings_put(s, "g", NULL), -ENOMEM);
        assert_text(s, "{\"a\":7,\"b\":{\"c\":\"x\",\"d\":4},\"d\":2,\"e\":{\"f\":true}}");
}

static void test_parse(void **state _unused_)
{
        json_t *settings = NULL;

        assert_int_equal(settings_parse("", &settings), -EBADMSG);
        assert_int_equal(settings_parse("[]", &settings), -EBADMSG);
        assert_int_equal(settings_parse("{\"a\":", &settings), -EBADMSG);
        assert_null(settings);
}

/* What is merged in is a copy, and nothing of what was there is lost. */
static void test_merge(void **state _unused_)
{
        _cleanup_json_ json_t *into = parse("{\"a\":1,\"b\":{\"c\":1,\"d\":2},\"e\":3}");
        _cleanup_json_ json_t *from = parse("{\"b\":{\"c\":9},\"e\":{\"f\":1},\"g\":{\"h\":1}}");

        assert_int_equal(settings_merge(into, from), 0);
        assert_int_equal(settings_put(from, "g.h", json_integer(5)), 0);
        assert_text(into, "{\"a\":1,\"b\":{\"c\":9,\"d\":2},\"e\":{\"f\":1},\"g\":{\"h\":1}}");
}

static void test_satisfy(void **state _unused_)
{
        static const struct {
                const char *shown, *wanted;
                bool satisfied, satisfied_unshown;
        } cases[] = {
                { "{}", "{}", true, true },
                { "{\"a\":1}", "{}", true, true },
                { "{\"a\":1,\"b\":{\"c\":2}}", "{\"b\":{\"c\":2}}", true, true },
                { "{\"a\":1}", "{\"a\":2}", false, false },
                { "{\"a\":1}", "{\"a\":\"1\"}", false, false },
                { "{\"a\":1}", "{\"a\":1,\"b\":{\"c\":2}}", false, true },
                { "{\"b\":{\"d\":1}}", "{\"b\":{\"c\":2,\"d\":1}}", false, true },
                { "{\"b\":{\"d\":1}}", "{\"b\":{\"c\":2,\"d\":3}}", false, false },
                { "{\"b\":7}", "{\"b\":{\"c\":2}}", false, true },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *shown = parse(cases[i].shown), *wanted = parse(cases[i].wanted);

                assert_int_equal(settings_satisfy(shown, wanted, false), cases[i].satisfied);
                assert_int_equal(settings_satisfy(shown, wanted, true), cases[i].satisfied_unshown);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_merge),
                cmocka_unit_test(test_satisfy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
