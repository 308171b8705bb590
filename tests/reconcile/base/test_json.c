/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/json.h"
#include "tests/reconcile/base/json_cases.h"

static json_t *parsed(const char *text)
{
        struct error e = {};
        json_t *value = NULL;

        if (json_parse(text, strlen(text), &value, &e) < 0)
                fail_msg("%s: %s", text, e.text);

        return value;
}

static void assert_refused_bytes(const char *text, size_t n)
{
        json_t *untouched = NULL;
        struct error e = {};

        assert_int_equal(json_parse(text, n, &untouched, &e), -EBADMSG);
        assert_null(untouched);
        assert_true(e.text[0] != '\0');
}

static void assert_refused(const char *text)
{
        assert_refused_bytes(text, strlen(text));
}

static void test_any_value(_unused_ void **state)
{
        static const char *const texts[] = { "{}", "[]", "1", "-1.5", "\"\"", "null", "true", " {\"a\": [1]} \n" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_json_ json_t *value = parsed(texts[i]);

                assert_non_null(value);
        }
}

static void test_refused(_unused_ void **state)
{
        static const char *const texts[] = {
                "",
                " ",
                "{",
                "[1,]",
                "[1 2]",
                "{\"a\": 1,}",
                "{'a': 1}",
                "[}",
                "]",
                "{]",
                "nul",
                "01",
                "1 2",
                "{} {}",
                "{} x",
                "\"",
                "\"\\",
                "\"a\\\"",
                "{\"a\": 1, \"a\": 2}",
                "{\"a\": {\"b\": 1, \"b\": 1}}",
                "\"\xFF\"",
                "\"\xED\xA0\x80\"",
                "\"\\ud800\"",
                "\"\\u0000\"",
                "{\"\\u0000\": 1}",
                "\"a\nb\"",
                "99999999999999999999999",
                "<html>",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_refused(texts[i]);
        assert_refused_bytes("\"a\0b\"", 5);
        assert_refused_bytes("{}\0", 3);
}

/* The text is not a string: a byte behind its end must not be looked at. */
static void test_length_is_kept(_unused_ void **state)
{
        _cleanup_json_ json_t *value = NULL;

        assert_int_equal(json_parse("12345", 3, &value, NULL), 0);
        assert_int_equal(json_integer_value(value), 123);
        assert_refused_bytes("\"abc\"", 4);
        assert_refused_bytes("\"abc\\\"", 5);
}

static void test_error_gives_position_and_no_quote(_unused_ void **state)
{
        static const char text[] = "{\n  \"token\": s3cr3t\n}";
        struct error e = {};
        json_t *value;

        assert_int_equal(json_parse(text, strlen(text), &value, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "line 2"));
        assert_null(strstr(e.text, "s3cr3t"));
}

static void nest(struct buf *b, size_t depth, const char *inner)
{
        for (size_t i = 0; i < depth; i++)
                buf_adds(b, i % 2 ? "{\"a\":" : "[");
        buf_adds(b, inner);
        for (size_t i = depth; i > 0; i--)
                buf_adds(b, i % 2 ? "]" : "}");
}

static void test_depth(_unused_ void **state)
{
        _cleanup_buf_ struct buf deepest = BUF_INIT(10000), deeper = BUF_INIT(10000), bomb = BUF_INIT(1000000);
        _cleanup_json_ json_t *value = NULL;
        struct error e = {};

        nest(&deepest, 64, "1");
        assert_int_equal(json_parse(deepest.data, deepest.len, &value, NULL), 0);

        nest(&deeper, 65, "1");
        assert_refused_bytes(deeper.data, deeper.len);

        for (size_t i = 0; i < 500000; i++)
                buf_addc(&bomb, '[');
        assert_int_equal(json_parse(bomb.data, bomb.len, &value, &e), -EBADMSG);
        assert_string_equal(e.text, "JSON at byte 64 is nested deeper than 64 levels");
}

static void test_brackets_in_strings_do_not_nest(_unused_ void **state)
{
        _cleanup_buf_ struct buf text = BUF_INIT(1000);
        _cleanup_json_ json_t *value = NULL;

        buf_adds(&text, "[\"\\\"");
        for (size_t i = 0; i < 100; i++)
                buf_adds(&text, "[{");
        buf_adds(&text, "\\\\\", \"]\", 1]");
        assert_int_equal(json_parse(text.data, text.len, &value, NULL), 0);
        assert_int_equal(json_array_size(value), 3);
}

static void test_siblings_do_not_nest(_unused_ void **state)
{
        _cleanup_buf_ struct buf text = BUF_INIT(10000);
        _cleanup_json_ json_t *value = NULL;

        buf_addc(&text, '[');
        for (size_t i = 0; i < 500; i++)
                buf_adds(&text, "[{}],");
        buf_adds(&text, "[]]");
        assert_int_equal(json_parse(text.data, text.len, &value, NULL), 0);
        assert_int_equal(json_array_size(value), 501);
}

static void test_member(_unused_ void **state)
{
        _cleanup_json_ json_t *object = parsed("{\"id\": 1, \" id\": 2, \" vm Name \": 3, \"\\tcpu\": 4, \"a \": 5, "
                                               "\" a\": 6, \"ID\": 7, \"x\": null}");

        assert_int_equal(json_integer_value(json_member(object, "id")), 1);
        assert_int_equal(json_integer_value(json_member(object, "vmName")), 3);
        assert_int_equal(json_integer_value(json_member(object, "cpu")), 4);
        assert_null(json_member(object, "a"));
        assert_null(json_member(object, "vm"));
        assert_null(json_member(object, "vmNames"));
        assert_null(json_member(object, "Id"));
        assert_true(json_is_null(json_member(object, "x")));
        assert_null(json_member(NULL, "id"));
        assert_null(json_member(json_object_get(object, "id"), "id"));
}

static void test_read_int64(_unused_ void **state)
{
        _cleanup_json_ json_t *inexact = parsed("9007199254740994.0");

        for (size_t i = 0; i < ARRAY_SIZE(json_int64_cases); i++) {
                _cleanup_json_ json_t *value = parsed(json_int64_cases[i].text);
                int64_t number = 42;

                if (json_read_int64(value, &number) != json_int64_cases[i].r)
                        fail_msg("%s is not read as it should", json_int64_cases[i].text);
                assert_int_equal(number, json_int64_cases[i].r == 0 ? json_int64_cases[i].number : 42);
        }
        assert_int_equal(json_read_int64(NULL, &(int64_t){ 0 }), -ENOENT);
        assert_int_equal(json_read_int64(inexact, &(int64_t){ 0 }), -EBADMSG);
}

static void test_read_text(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(json_text_cases); i++) {
                _cleanup_json_ json_t *value = parsed(json_text_cases[i].text);
                const char *read = NULL;
                char scratch[32];

                assert_int_equal(json_read_text(value, scratch, &read), json_text_cases[i].r);
                if (json_text_cases[i].r == 0)
                        assert_string_equal(read, json_text_cases[i].read);
                else
                        assert_null(read);
        }
        assert_int_equal(json_read_text(NULL, (char[32]){ 0 }, &(const char *){ NULL }), -ENOENT);
}

static void test_read_bool(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(json_bool_cases); i++) {
                _cleanup_json_ json_t *value = parsed(json_bool_cases[i].text);
                bool flag = !json_bool_cases[i].flag;

                assert_int_equal(json_read_bool(value, &flag), json_bool_cases[i].r);
                assert_int_equal(flag, json_bool_cases[i].r == 0 ? json_bool_cases[i].flag : !json_bool_cases[i].flag);
        }
        assert_int_equal(json_read_bool(NULL, &(bool){ false }), -ENOENT);
}

static uint32_t next_random(uint32_t *seed)
{
        *seed = *seed * 1664525U + 1013904223U;
        return *seed >> 8;
}

/* Any bytes are parsed or refused; what is parsed is no deeper than the limit. */
static void test_random_bytes(_unused_ void **state)
{
        static const char *const pieces[] = { "[", "]", "{", "}", "\"", "\\", ":", ",", "1", "\"a\":", " ", "\xC3" };
        uint32_t seed = 3;

        for (int i = 0; i < 20000; i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(1000);
                _cleanup_free_ char *exact = NULL;
                _cleanup_json_ json_t *value = NULL;
                int r;

                for (size_t k = next_random(&seed) % 20; k > 0; k--)
                        buf_adds(&text, pieces[next_random(&seed) % ARRAY_SIZE(pieces)]);
                exact = malloc(text.len);
                memcpy(exact, buf_text(&text), text.len);
                r = json_parse(exact, text.len, &value, NULL);
                assert_true(r == (value ? 0 : -EBADMSG));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any_value),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_length_is_kept),
                cmocka_unit_test(test_error_gives_position_and_no_quote),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_brackets_in_strings_do_not_nest),
                cmocka_unit_test(test_siblings_do_not_nest),
                cmocka_unit_test(test_member),
                cmocka_unit_test(test_read_int64),
                cmocka_unit_test(test_read_text),
                cmocka_unit_test(test_read_bool),
                cmocka_unit_test(test_random_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
