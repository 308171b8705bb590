/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/wire.h"

static void test_methods(_unused_ void **state)
{
        enum method m;

        for (m = METHOD_GET; m <= METHOD_DELETE; m++) {
                enum method read = METHOD_GET;

                assert_int_equal(method_parse(method_name(m), &read), 0);
                assert_int_equal(read, m);
        }
        assert_string_equal(method_name(METHOD_PATCH), "PATCH");
        assert_int_equal(method_parse("get", &m), -EINVAL);
        assert_int_equal(method_parse("HEAD", &m), -EINVAL);
        assert_int_equal(method_parse("", &m), -EINVAL);
}

static void test_headers(_unused_ void **state)
{
        _cleanup_request_ struct request rq = {};
        char value[] = "application/json";

        assert_null(request_header(&rq, "Accept"));
        assert_int_equal(request_add_header(&rq, "Accept", value, NULL), 0);
        value[0] = 'X';
        assert_string_equal(request_header(&rq, "accept"), "application/json");
        assert_string_equal(request_header(&rq, "ACCEPT"), "application/json");
        assert_null(request_header(&rq, "Accep"));
        assert_int_equal(request_add_header(&rq, "X-Empty", "", NULL), 0);
        assert_string_equal(request_header(&rq, "x-empty"), "");
        assert_int_equal(request_add_header(&rq, "X-Name", "größe ~", NULL), 0);
        assert_int_equal(rq.n_headers, 3);
}

static void test_headers_are_not_split(_unused_ void **state)
{
        static const char *const bad_values[] = { "a\r\nX-Evil: 1", "a\n", "\r", "a\tb", "\x01", "\x1f", "\x7f" };
        static const char *const bad_names[] = { "", "A:B", "A B", "A\n", "A\r", "Gr\xC3\xB6sse", "A\x7f", "(A)" };
        _cleanup_request_ struct request rq = {};

        for (size_t i = 0; i < ARRAY_SIZE(bad_values); i++)
                assert_int_equal(request_add_header(&rq, "X-Token", bad_values[i], NULL), -EINVAL);
        for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++)
                assert_int_equal(request_add_header(&rq, bad_names[i], "a", NULL), -EINVAL);
        assert_int_equal(rq.n_headers, 0);
}

static void test_errors_do_not_tell_the_value(_unused_ void **state)
{
        _cleanup_request_ struct request rq = {};
        struct error e = {};

        assert_int_equal(request_add_header(&rq, "X-Token", "s3cr3t\n", &e), -EINVAL);
        assert_non_null(strstr(e.text, "X-Token"));
        assert_null(strstr(e.text, "s3cr3t"));
}

static void test_done_empties(_unused_ void **state)
{
        struct request rq = { .url = strdup("/a"), .body = strdup("b"), .body_len = 1 };
        struct reply rp = { .body = strdup("{}"),
                            .body_len = 2,
                            .content_type = strdup("text/html"),
                            .location = strdup("/"),
                            .set_cookie = strdup("a=b"),
                            .why = strdup("reset") };

        assert_int_equal(request_add_header(&rq, "A", "b", NULL), 0);
        request_done(&rq);
        request_done(&rq);
        request_done(NULL);
        assert_null(rq.url);
        assert_int_equal(rq.n_headers, 0);
        assert_int_equal(rq.allocated_headers, 0);
        reply_done(&rp);
        reply_done(&rp);
        reply_done(NULL);
        assert_null(rp.body);
}

static void test_percent_encode(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1000), full = BUF_INIT(2);

        assert_int_equal(wire_percent_encode(&b, "AZaz09-._~", 10), 0);
        assert_int_equal(wire_percent_encode(&b, " +/&=%\n\0é", 10), 0);
        assert_string_equal(buf_text(&b), "AZaz09-._~%20%2B%2F%26%3D%25%0A%00%C3%A9");
        assert_int_equal(wire_percent_encode(&full, " ", 1), -ENOBUFS);
}

static void assert_decodes(const char *encoded, bool form, const char *plain)
{
        _cleanup_free_ char *s = strdup(encoded);

        assert_int_equal(wire_percent_decode(s, form), 0);
        assert_string_equal(s, plain);
}

static void test_percent_decode(_unused_ void **state)
{
        assert_decodes("", false, "");
        assert_decodes("plain", false, "plain");
        assert_decodes("a%20b%2fc%2Fd", false, "a b/c/d");
        assert_decodes("%C3%a9", false, "é");
        assert_decodes("a+b", false, "a+b");
        assert_decodes("a+b%2B", true, "a b+");
        assert_decodes("%2520", false, "%20");
}

static void test_percent_decode_refuses(_unused_ void **state)
{
        static const char *const bad[] = { "%", "%2", "%g0", "%0g", "%%", "%20%", "a%00b", "% 20", "%-1", "%2\xC3" };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_free_ char *s = strdup(bad[i]);

                assert_int_equal(wire_percent_decode(s, true), -EINVAL);
                assert_string_equal(s, bad[i]);
        }
}

static void test_every_byte_round_trips(_unused_ void **state)
{
        char all[256] = "";

        for (int i = 1; i < 256; i++)
                all[i - 1] = (char)i;
        for (int form = 0; form < 2; form++) {
                _cleanup_buf_ struct buf b = BUF_INIT(1000);

                assert_int_equal(wire_percent_encode(&b, all, 255), 0);
                assert_decodes(buf_text(&b), form, all);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_methods),
                cmocka_unit_test(test_headers),
                cmocka_unit_test(test_headers_are_not_split),
                cmocka_unit_test(test_errors_do_not_tell_the_value),
                cmocka_unit_test(test_done_empties),
                cmocka_unit_test(test_percent_encode),
                cmocka_unit_test(test_percent_decode),
                cmocka_unit_test(test_percent_decode_refuses),
                cmocka_unit_test(test_every_byte_round_trips),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
