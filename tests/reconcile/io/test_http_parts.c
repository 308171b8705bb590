/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/io/http_deadline.h"
#include "reconcile/io/http_headers.h"
#include "reconcile/io/http_outcome.h"

#define WALL 784111777 /* 1994-11-06T08:49:37Z */

static int add(struct http_headers *headers, const char *line)
{
        return http_headers_add(headers, line, strlen(line), WALL);
}

static void headers_are_taken(_unused_ void **state)
{
        struct http_headers headers = {};

        assert_int_equal(add(&headers, "HTTP/1.1 200 OK\r\n"), 0);
        assert_int_equal(add(&headers, "content-type:  text/html; charset=x \t\r\n"), 0);
        assert_int_equal(add(&headers, "Content-Type-Other: no\r\n"), 0);
        assert_int_equal(add(&headers, "LOCATION:/login\r\n"), 0);
        assert_int_equal(add(&headers, "Set-Cookie: sid=1; Path=/\r\n"), 0);
        assert_int_equal(add(&headers, "Set-Cookie: sid=2\r\n"), 0);
        assert_false(headers.ended);
        assert_int_equal(add(&headers, "\r\n"), 0);
        assert_true(headers.ended);

        assert_string_equal(headers.content_type, "text/html; charset=x");
        assert_string_equal(headers.location, "/login");
        assert_string_equal(headers.set_cookie, "sid=1; Path=/");
        http_headers_done(&headers);
}

static void interim_reply_is_forgotten(_unused_ void **state)
{
        struct http_headers headers = {};

        add(&headers, "HTTP/1.1 103 Early Hints\r\n");
        add(&headers, "Location: /early\r\n");
        add(&headers, "Retry-After: 5\r\n");
        add(&headers, "\r\n");
        add(&headers, "HTTP/1.1 200 OK\r\n");
        assert_null(headers.location);
        assert_int_equal(headers.retry_after, 0);
        assert_false(headers.ended);
        http_headers_done(&headers);
}

static void headers_are_bounded_together(_unused_ void **state)
{
        struct http_headers headers = {};
        char line[1024];
        int n = 0;

        memset(line, 'x', sizeof(line));
        while (http_headers_add(&headers, line, sizeof(line), WALL) == 0)
                n++;
        assert_int_equal(n, 64);
        assert_int_equal(add(&headers, "HTTP/1.1 200 OK\r\n"), -ENOBUFS); /* no way around it */
        http_headers_done(&headers);
}

static void retry_after_is_seconds_or_a_date(_unused_ void **state)
{
        static const struct {
                const char *line;
                usec_t length;
        } cases[] = {
                { "Retry-After: 7\r\n", 7 * USEC_PER_SEC },
                { "retry-after: 0\r\n", 0 },
                { "Retry-After: -5\r\n", 0 },
                { "Retry-After: 3600\r\n", USEC_PER_HOUR },
                { "Retry-After: 3601\r\n", USEC_PER_HOUR },
                { "Retry-After: 99999999999999999999999\r\n", USEC_PER_HOUR },
                { "Retry-After: soon\r\n", 0 },
                { "Retry-After:\r\n", 0 },
                { "Retry-After: 1.5\r\n", 0 },
                { "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", 0 },
                { "Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 0 },
                { "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n", USEC_PER_MINUTE },
                { "Retry-After: Mon, 07 Nov 1994 08:50:37 GMT\r\n", USEC_PER_HOUR },
                { "Retry-After: Sun, 06 Nix 1994 08:50:37 GMT\r\n", 0 },
                { "Retry-After: Sun, 06 ovD 1994 08:50:37 GMT\r\n", 0 },
                { "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT and more\r\n", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct http_headers headers = {};

                assert_int_equal(add(&headers, cases[i].line), 0);
                assert_int_equal(headers.retry_after, cases[i].length);
                http_headers_done(&headers);
        }
}

static void silence_before_the_reply_is_bounded_by_the_whole_only(_unused_ void **state)
{
        struct http_deadline d = http_deadline_start(1000, 600 * USEC_PER_SEC);

        assert_false(http_deadline_has_begun(&d));
        assert_int_equal(http_deadline_next(&d), 1000 + 600 * USEC_PER_SEC);
        assert_int_equal(http_deadline_look(&d, 599 * USEC_PER_SEC, 0), HTTP_NO_FAILURE);
        assert_int_equal(http_deadline_look(&d, 1000 + 600 * USEC_PER_SEC, 0), HTTP_FAILURE_DEADLINE);
}

static void reply_must_keep_coming(_unused_ void **state)
{
        struct http_deadline d = http_deadline_start(0, 600 * USEC_PER_SEC);

        http_deadline_reply_begins(&d, 100 * USEC_PER_SEC);
        http_deadline_reply_begins(&d, 110 * USEC_PER_SEC);
        assert_int_equal(http_deadline_next(&d), 115 * USEC_PER_SEC);
        assert_int_equal(http_deadline_look(&d, 114 * USEC_PER_SEC, 0), HTTP_NO_FAILURE);
        assert_int_equal(http_deadline_look(&d, 115 * USEC_PER_SEC, 15), HTTP_NO_FAILURE);
        assert_int_equal(http_deadline_next(&d), 130 * USEC_PER_SEC);
        assert_int_equal(http_deadline_look(&d, 130 * USEC_PER_SEC, 29), HTTP_FAILURE_STALL); /* 14 bytes in 15 s */
}

static void stall_is_found_within_a_short_timeout(_unused_ void **state)
{
        struct http_deadline d = http_deadline_start(0, 4 * USEC_PER_SEC);

        http_deadline_reply_begins(&d, 0);
        assert_int_equal(http_deadline_next(&d), USEC_PER_SEC);
        assert_int_equal(http_deadline_look(&d, USEC_PER_SEC, 100), HTTP_NO_FAILURE);
        assert_int_equal(http_deadline_look(&d, 2 * USEC_PER_SEC, 100), HTTP_FAILURE_STALL);

        /* Bytes that trickle in do not put the end off. */
        d = http_deadline_start(0, 4 * USEC_PER_SEC);
        http_deadline_reply_begins(&d, 7 * USEC_PER_SEC / 2);
        assert_int_equal(http_deadline_next(&d), 4 * USEC_PER_SEC);
        assert_int_equal(http_deadline_look(&d, 4 * USEC_PER_SEC, 1000), HTTP_FAILURE_DEADLINE);
}

/* Whatever the failure: before the connection stood nothing was sent, after that this is never said. */
static void not_sent_is_said_only_of_what_was_not_sent(_unused_ void **state)
{
        for (enum http_failure failure = HTTP_FAILURE_RESOLVE; failure <= HTTP_FAILURE_OTHER; failure++) {
                struct http_outcome o = {
                        .failure = failure, .peer = (char *)"a:1", .words = "words", .timeout = 1, .expected = -1
                };
                char text[256] = "";

                assert_int_equal(http_outcome_end(&o), REPLY_NOT_SENT);
                http_outcome_words(&o, text, sizeof(text));
                assert_true(strlen(text) > 8);

                o.sending = true;
                assert_int_not_equal(http_outcome_end(&o), REPLY_NOT_SENT);
                assert_int_not_equal(http_outcome_end(&o), REPLY_COMPLETE);
        }
}

static void peer_has_no_secret(_unused_ void **state)
{
        static const struct {
                const char *url, *peer;
        } cases[] = {
                { "http://127.0.0.1:80/path?token=x", "127.0.0.1:80" },
                { "https://name", "name" },
                { "https://user:secret@name:8443/a@b", "name:8443" },
                { "https://user:se@cret@[::1]:1?a#b", "[::1]:1" },
                { "name?token=x", "name" },
                { "", "" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *peer = http_peer_of(cases[i].url);

                assert_string_equal(peer, cases[i].peer);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(headers_are_taken),
                cmocka_unit_test(interim_reply_is_forgotten),
                cmocka_unit_test(headers_are_bounded_together),
                cmocka_unit_test(retry_after_is_seconds_or_a_date),
                cmocka_unit_test(silence_before_the_reply_is_bounded_by_the_whole_only),
                cmocka_unit_test(reply_must_keep_coming),
                cmocka_unit_test(stall_is_found_within_a_short_timeout),
                cmocka_unit_test(not_sent_is_said_only_of_what_was_not_sent),
                cmocka_unit_test(peer_has_no_secret),
        };

        return cmocka_run_group_tests_name("http parts", tests, NULL, NULL);
}
