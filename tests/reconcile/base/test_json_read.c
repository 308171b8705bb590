/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/buf.h"
#include "reconcile/base/json_read.h"
#include "tests/reconcile/base/json_cases.h"
#include "tests/support/files.h"
#include "tests/support/json_agree.h"
#include "tests/support/random.h"

static const char *const names[] = { "id", "vmName", "cpu", "a", "b", "data", NULL };

static struct json_doc *parsed(const char *text)
{
        struct error e = {};
        struct json_doc *doc = NULL;

        if (json_read(text, strlen(text), names, false, &doc, &e) < 0)
                fail_msg("%s: %s", text, e.text);
        return doc;
}

static void assert_refused_bytes(const char *text, size_t n)
{
        struct json_doc *untouched = NULL;
        struct error e = {};

        if (json_read(text, n, names, false, &untouched, &e) != -EBADMSG)
                fail_msg("%.*s is taken", (int)n, text);
        assert_null(untouched);
        assert_true(e.text[0] != '\0');
}

static void test_any_value(_unused_ void **state)
{
        static const char *const texts[] = { "{}",   "[]",   "1",     "-1.5", "0",
                                             "\"\"", "null", "false", "true", " {\"a\": [1, {\"b\": null}]} \n" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_json_doc_ struct json_doc *doc = parsed(texts[i]);

                assert_non_null(json_root(doc));
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
                "{\"a\" 1}",
                "{1: 1}",
                "[}",
                "]",
                "{]",
                "nul",
                "01",
                "1.",
                "-",
                "+1",
                "NaN",
                "1 2",
                "{} {}",
                "{} x",
                "{} \"",
                "{} tru",
                "1\"",
                "1-",
                "[1,\v2]",
                "\f1",
                "\"",
                "\"\\",
                "\"a\\\"",
                "\"\\x41\"",
                "/* no */ 1",
                "{\"a\": 1, \"a\": 2}",
                "{\"a\": {\"b\": 1, \"b\": 1}}",
                "{\"a\": 1, \" a\": 2}",
                "{\"a\": 1, \"\\u0061\": 2}",
                "\"\xFF\"",
                "\"\xED\xA0\x80\"",
                "\"\xC0\xAF\"",
                "\"\\ud800\"",
                "\"\\udc00\"",
                "\"\\ud800\\u0041\"",
                "\"\\ud800\\ud800\"",
                "\"\\u0000\"",
                "\"a\nb\"",
                "<html>",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_refused_bytes(texts[i], strlen(texts[i]));
        assert_refused_bytes("\"a\0b\"", 5);
        assert_refused_bytes("{}\0", 3);
        assert_refused_bytes("0\0", 2);
}

/* The text is not a string: a byte behind its end must not be looked at. */
static void test_length_is_kept(_unused_ void **state)
{
        _cleanup_json_doc_ struct json_doc *doc = NULL;

        assert_int_equal(json_read("12345", 3, names, false, &doc, NULL), 0);
        assert_string_equal(json_node_number(json_root(doc)), "123");
        assert_refused_bytes("\"abc\"", 4);
        assert_refused_bytes("\"abc\\\"", 5);
}

static void test_error_gives_position_and_no_quote(_unused_ void **state)
{
        static const char text[] = "{\n  \"token\": s3cr3t\n}";
        struct json_doc *doc;
        struct error e = {};

        assert_int_equal(json_read(text, strlen(text), names, false, &doc, &e), -EBADMSG);
        assert_string_equal(e.text, "not JSON at line 2, column 12: invalid char in json text");
}

static void nest(struct buf *b, size_t depth, const char *inner)
{
        for (size_t i = 0; i < depth; i++)
                buf_adds(b, i % 2 ? "{\"a\":" : "[");
        buf_adds(b, inner);
        for (size_t i = depth; i > 0; i--)
                buf_adds(b, i % 2 ? "]" : "}");
}

/* Nor where nobody reads what is so deep. */
static void test_depth(_unused_ void **state)
{
        _cleanup_buf_ struct buf deepest = BUF_INIT(10000), deeper = BUF_INIT(10000), bomb = BUF_INIT(1000000);
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        struct json_doc *none;
        struct error e = {};

        nest(&deepest, 64, "1");
        assert_int_equal(json_read(deepest.data, deepest.len, names, false, &doc, NULL), 0);
        nest(&deeper, 65, "1");
        assert_refused_bytes(deeper.data, deeper.len);
        buf_adds(&bomb, "{\"nobody\": ");
        for (size_t i = 0; i < 500000; i++)
                buf_addc(&bomb, '[');
        assert_int_equal(json_read(bomb.data, bomb.len, names, true, &none, &e), -EBADMSG);
        assert_string_equal(e.text, "not JSON at line 1, column 75: it is nested deeper than 64 levels");
}

/* More than a reply can mean: the memory that it would take is bounded. */
static void test_many_values(_unused_ void **state)
{
        _cleanup_buf_ struct buf text = BUF_INIT(10000000);

        buf_addc(&text, '[');
        for (size_t i = 0; i < 1100000; i++)
                buf_adds(&text, "1,");
        buf_adds(&text, "1]");
        assert_refused_bytes(text.data, text.len);
}

static void test_first(_unused_ void **state)
{
        _cleanup_json_doc_ struct json_doc *object = NULL, *number = NULL;
        _cleanup_buf_ struct buf text = BUF_INIT(1000);
        struct json_doc *none;

        buf_adds(&text, "{\"a\": 1}");
        for (size_t i = 0; i < 100; i++)
                buf_addc(&text, '[');
        assert_int_equal(json_read(text.data, text.len, names, true, &object, NULL), 0);
        assert_non_null(json_node_member(json_root(object), "a"));
        assert_int_equal(json_read("1 <br>", 6, names, true, &number, NULL), 0);
        assert_string_equal(json_node_number(json_root(number)), "1");
        assert_int_equal(json_read("<br>{}", 6, names, true, &none, NULL), -EBADMSG);
        assert_int_equal(json_read("", 0, names, true, &none, NULL), -EBADMSG);
        assert_int_equal(json_read("{\"a\": 1, \"a\": 2} x", 18, names, true, &none, NULL), -EBADMSG);
}

static int64_t number_of(const struct json_node *node)
{
        int64_t number = -1;

        assert_int_equal(json_node_read_int64(node, &number), 0);
        return number;
}

static void test_members(_unused_ void **state)
{
        _cleanup_json_doc_ struct json_doc *doc = parsed(
                "{\"id\": 1, \"password\": {\"a\": [\"s3cr3t\"]}, \" vm Name \": 3, \"\\tcpu\": 4, \"ID\": 7, \"i\": 8, "
                "\"a\": null, \"\": 9, \"data\": [[], {\"b\": \"x\", \"z\": 1, \"a\": true}, 2]}");
        const struct json_node *root = json_root(doc), *data = json_node_member(root, "data"), *item;

        assert_int_equal(number_of(json_node_member(root, "id")), 1);
        assert_int_equal(number_of(json_node_member(root, "vmName")), 3);
        assert_int_equal(number_of(json_node_member(root, "cpu")), 4);
        assert_true(json_node_is_null(json_node_member(root, "a")));
        assert_null(json_node_member(root, "b"));
        assert_null(json_node_member(root, "password")); /* nobody named it */
        assert_null(json_node_member(root, "Id"));
        assert_null(json_node_member(NULL, "id"));
        assert_null(json_node_member(data, "id"));

        assert_true(json_node_is_array(data));
        assert_int_equal(json_node_count(data), 3);
        item = json_node_first(data);
        assert_null(json_node_first(item));
        item = json_node_next(item);
        assert_true(json_node_is_object(item));
        assert_string_equal(json_node_string(json_node_member(item, "b")), "x");
        assert_true(json_node_is_true(json_node_member(item, "a")));
        assert_null(json_node_first(item));
        assert_int_equal(json_node_count(item), 0);
        item = json_node_next(item);
        assert_null(json_node_string(item));
        assert_string_equal(json_node_number(item), "2");
        assert_null(json_node_next(item));
}

static void test_escapes(_unused_ void **state)
{
        _cleanup_json_doc_ struct json_doc *doc = parsed(
                "{\"a\": \"\\u6e32\\ud83d\\ude00\\n\\\"\\\\ud800\", \"\\u0062\": \"\xE6\xB8\xB2\"}");

        assert_string_equal(json_node_string(json_node_member(json_root(doc), "a")),
                            "\xE6\xB8\xB2\xF0\x9F\x98\x80\n\"\\ud800");
        assert_string_equal(json_node_string(json_node_member(json_root(doc), "b")), "\xE6\xB8\xB2");
}

static void test_read_int64(_unused_ void **state)
{
        _cleanup_json_doc_ struct json_doc *exact = parsed("9007199254740993.0");

        for (size_t i = 0; i < ARRAY_SIZE(json_int64_cases); i++) {
                _cleanup_json_doc_ struct json_doc *doc = parsed(json_int64_cases[i].text);
                int64_t number = 42;

                if (json_node_read_int64(json_root(doc), &number) != json_int64_cases[i].r)
                        fail_msg("%s is not read as it should", json_int64_cases[i].text);
                assert_int_equal(number, json_int64_cases[i].r == 0 ? json_int64_cases[i].number : 42);
        }
        assert_int_equal(json_node_read_int64(NULL, &(int64_t){ 0 }), -ENOENT);
        assert_int_equal(number_of(json_root(exact)), INT64_C(9007199254740993));
}

static void test_read_text(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(json_text_cases); i++) {
                _cleanup_json_doc_ struct json_doc *doc = parsed(json_text_cases[i].text);
                const char *read = NULL;
                char scratch[32];

                assert_int_equal(json_node_read_text(json_root(doc), scratch, &read), json_text_cases[i].r);
                if (json_text_cases[i].r == 0)
                        assert_string_equal(read, json_text_cases[i].read);
                else
                        assert_null(read);
        }
        assert_int_equal(json_node_read_text(NULL, (char[32]){ 0 }, &(const char *){ NULL }), -ENOENT);
}

static void test_read_bool(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(json_bool_cases); i++) {
                _cleanup_json_doc_ struct json_doc *doc = parsed(json_bool_cases[i].text);
                bool flag = !json_bool_cases[i].flag;

                assert_int_equal(json_node_read_bool(json_root(doc), &flag), json_bool_cases[i].r);
                assert_int_equal(flag, json_bool_cases[i].r == 0 ? json_bool_cases[i].flag : !json_bool_cases[i].flag);
        }
        assert_int_equal(json_node_read_bool(NULL, &(bool){ false }), -ENOENT);
}

/* A reply that is cut off, wherever, is none. */
static void test_cut_anywhere(_unused_ void **state)
{
        static const char text[] =
                "{\"data\": [{\"id\": \"vm-1\", \"cpu\": 4, \"x\": [true, {\"y\": \"\\u00e9\"}]}], \"a\": -1.5e3}";

        for (size_t n = 0; n < strlen(text); n++)
                assert_refused_bytes(text, n);
}

/* Any bytes are read or refused. */
static void test_random_bytes(_unused_ void **state)
{
        static const char *const pieces[] = { "[", "]", "{",      "}", "\"",   "\\",      ":",
                                              ",", "1", "\"a\":", " ", "\xC3", "\\ud800", "\"zz\":" };
        struct random r = { .state = 3 };

        for (int i = 0; i < 20000; i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(1000);
                _cleanup_json_doc_ struct json_doc *doc = NULL;
                _cleanup_free_ char *exact = NULL;
                int result;

                for (uint64_t k = random_below(&r, 20); k > 0; k--)
                        buf_adds(&text, pieces[random_below(&r, ARRAY_SIZE(pieces))]);
                exact = malloc(text.len);
                memcpy(exact, buf_text(&text), text.len);
                result = json_read(exact, text.len, names, random_chance(&r, 500), &doc, NULL);
                assert_int_equal(result, doc ? 0 : -EBADMSG);
        }
}

/* Any byte, NUL among them, in any place. */
static void test_any_byte_as_jansson(_unused_ void **state)
{
        static const char text[] =
                "{\"data\": [{\"id\": 1, \"xml\": \"<a b=\\\"c\\\\\\\"/>\", \"keys\": [{\"key\": \"]\"}], \"cpu\": 2.5e1, "
                "\"a\": \"\\ud83d\\ude00\xC3\xA9\"}], \"paging\": {\"a\": null}}";

        for (size_t i = 0; i < strlen(text); i++)
                for (int byte = 0; byte < 256; byte++) {
                        _cleanup_free_ char *damaged = strdup(text);

                        assert_non_null(damaged);
                        damaged[i] = (char)byte;
                        if (!json_readers_agree(damaged, strlen(text), names))
                                fail_msg("byte %d at %zu", byte, i);
                }
}

static void test_random_pieces_as_jansson(_unused_ void **state)
{
        static const char *const pieces[] = { "[",    "]",    "{",       "}",       "\"",      "\\",
                                              ":",    ",",    "1",       "\"a\":",  "\"id\":", " ",
                                              "\xC3", "\xA9", "\"b \":", "\"zz\":", "\\ud83d", "\\ude00",
                                              "-",    "0",    ".",       "e",       "true",    "\\u0000" };
        struct random r = { .state = 4 };

        for (int i = 0; i < 100000; i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(1000);
                _cleanup_free_ char *exact = NULL;

                for (uint64_t k = random_below(&r, 20); k > 0; k--)
                        buf_adds(&text, pieces[random_below(&r, ARRAY_SIZE(pieces))]);
                exact = malloc(text.len + 1);
                memcpy(exact, buf_text(&text), text.len);
                if (!json_readers_agree(exact, text.len, names))
                        fail_msg("%s", buf_text(&text));
        }
}

/* nftw() has no userdata. */
static size_t n_replies;

static int check_reply(const char *path, _unused_ const struct stat *st, int type, _unused_ struct FTW *ftw)
{
        static const char *const all[] = { "state",  "code",     "sub",    "zh-cn", "data",    "paging",     "total",
                                           "id",     "uuid",     "name",   "msg",   "status",  "password",   "cpu",
                                           "result", "vm.id",    "vm.ip",  "Id",    "Cluster", "InstanceId", "content",
                                           "Name",   "vm.state", "amount", NULL };
        _cleanup_free_ char *text = NULL;
        const char *body;

        if (type != FTW_F || !strstr(path, "/golden/") || strstr(path, ".expected"))
                return 0;
        text = test_file_read(path + strlen(TESTS_DIR) + 1);
        body = strpbrk(text, "{[<");
        if (!body)
                return 0;
        n_replies++;
        if (!json_readers_agree(body, strlen(body), all))
                fail_msg("%s", path);
        return 0;
}

static void test_golden_replies_as_jansson(_unused_ void **state)
{
        assert_int_equal(nftw(TESTS_DIR "/providers", check_reply, 10, 0), 0);
        assert_true(n_replies > 500);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any_value),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_length_is_kept),
                cmocka_unit_test(test_error_gives_position_and_no_quote),
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_many_values),
                cmocka_unit_test(test_first),
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_escapes),
                cmocka_unit_test(test_read_int64),
                cmocka_unit_test(test_read_text),
                cmocka_unit_test(test_read_bool),
                cmocka_unit_test(test_cut_anywhere),
                cmocka_unit_test(test_random_bytes),
                cmocka_unit_test(test_any_byte_as_jansson),
                cmocka_unit_test(test_random_pieces_as_jansson),
                cmocka_unit_test(test_golden_replies_as_jansson),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
