/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/snapshot_fetch.h"
#include "cmd/snapshot_token.h"
#include "reconcile/base/text.h"

#define URL "https://h/v1/snapshot?key=hidden"
#define NAME "https://h/v1/snapshot"

static void test_where(_unused_ void **state)
{
        static const struct {
                const char *where;
                bool remote;
                int result;
        } cases[] = {
                { "http://h", true, 0 },
                { "https://h:1/v1/snapshot", true, 0 },
                { "https://[::1]:1/", true, 0 },
                { "https://h/a@b", true, 0 },
                { "unix:/run/x", true, 0 },
                { "now.json", false, 0 },
                { "./unix:x", false, 0 },
                { "ftp://h/x", false, 0 },
                { "http://", true, -EINVAL },
                { "https:///x", true, -EINVAL },
                { "https://?x", true, -EINVAL },
                { "https://me@h/", true, -EINVAL },
                { "https://127.0.0.1:80@h/", true, -EINVAL },
                { "https://h/a b", true, -EINVAL },
                { "https://h/a\nb", true, -EINVAL },
                { "unix:", true, -EINVAL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct error e = { 0 };

                assert_int_equal(snapshot_is_remote(cases[i].where), cases[i].remote);
                if (cases[i].remote && snapshot_check_remote(cases[i].where, &e) != cases[i].result)
                        fail_msg("%s: %s", cases[i].where, e.text);
        }
}

static void test_answers_that_are_no_snapshots(_unused_ void **state)
{
        static const struct {
                struct reply reply;
                bool token_sent;
                const char *words;
        } cases[] = {
                { { .end = REPLY_NOT_SENT, .why = (char *)"connection refused by h" },
                  false,
                  "no snapshot can be had from " NAME ": connection refused by h" },
                { { .status = 401 },
                  false,
                  NAME " wants the agent's bearer token (401), and MUSTER_SNAPSHOT_TOKEN is not set" },
                { { .status = 401 },
                  true,
                  NAME " wants the agent's bearer token (401), and the one in MUSTER_SNAPSHOT_TOKEN is not it" },
                { { .status = 404 }, false, "there is no " NAME " (404): an agent's snapshot is at /v1/snapshot" },
                { { .status = 307, .location = (char *)"https://elsewhere/?token" },
                  false,
                  NAME " redirects to another address (307), which is not followed: give that one" },
                { { .status = 503, .content_type = (char *)"text/plain", .body = (char *)"not yet\nmore" },
                  false,
                  NAME " answers with 503: not yet" },
                { { .status = 503, .content_type = (char *)"text/plain" },
                  false,
                  NAME " answers with 503 and no snapshot" },
                { { .status = 502, .content_type = (char *)"text/html", .body = (char *)"<html>" },
                  false,
                  NAME " answers with 502 and no snapshot" },
                { { .status = 200, .content_type = (char *)"text/html", .body = (char *)"{}" },
                  false,
                  NAME " answers with a web page and no snapshot: is that the agent?" },
                { { .status = 200, .body = (char *)"\n\t<p>" },
                  false,
                  NAME " answers with a web page and no snapshot: is that the agent?" },
                { { .status = 200, .body = (char *)"{}" },
                  false,
                  "what " NAME " answers is no snapshot: its format is not muster.snapshot/v1" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct reply rp = cases[i].reply;
                struct snapshot *s = NULL;
                struct error e = { 0 };

                rp.body = rp.body ? rp.body : (char *)"";
                rp.body_len = strlen(rp.body);
                assert_true(snapshot_of_reply(URL, cases[i].token_sent, &rp, &s, &e) < 0);
                assert_string_equal(e.text, cases[i].words);
                assert_null(s);
        }
}

static void test_snapshot(_unused_ void **state)
{
        char body[] = "{\"format\": \"muster.snapshot/v1\", \"at\": \"2026-01-01T00:00:00Z\", \"estate\": \"prod\", "
                      "\"accounts\": {}, \"ledger\": null}";
        const struct reply rp = { .status = 200, .body = body, .body_len = strlen(body) };
        _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
        struct error e = { 0 };

        assert_int_equal(snapshot_of_reply(URL, false, &rp, &s, &e), 0);
        assert_string_equal(s->estate, "prod");
}

static void test_token(_unused_ void **state)
{
        static const struct {
                const char *value;
                int result;
        } cases[] = {
                { "secret", 0 },    { "a.b-c_d~e+f/g==", 0 }, { "", -EINVAL },         { "x y", -EINVAL },
                { "a\n", -EINVAL }, { "\x7f", -EINVAL },      { "\xc3\xa4", -EINVAL },
        };
        const char *token = "untouched";
        struct error e = { 0 };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(setenv(SNAPSHOT_TOKEN_VARIABLE, cases[i].value, 1), 0);
                assert_int_equal(snapshot_token(&token, &e), cases[i].result);
                if (cases[i].result == 0)
                        assert_string_equal(token, cases[i].value);
                assert_true(!*cases[i].value || !strstr(e.text, cases[i].value));
        }
        assert_int_equal(unsetenv(SNAPSHOT_TOKEN_VARIABLE), 0);
        assert_int_equal(snapshot_token(&token, &e), 0);
        assert_null(token);
}

static void test_authorization(_unused_ void **state)
{
        static const struct {
                const char *header;
                bool fits;
        } cases[] = {
                { "Bearer secret", true },
                { "bearer secret", true },
                { "BEARER   secret", true },
                { NULL, false },
                { "", false },
                { "secret", false },
                { "Bearer", false },
                { "Bearer ", false },
                { "Bearer secre", false },
                { "Bearer secrets", false },
                { "Bearer Secret", false },
                { "Bearer secretsecret", false },
                { "Bearer secret ", false },
                { "Bearersecret", false },
                { "Basic secret", false },
                { "Bearer\tsecret", false },
                { "Bearer xsecret", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (snapshot_token_fits(cases[i].header, "secret") != cases[i].fits)
                        fail_msg("%s", cases[i].header);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_where),         cmocka_unit_test(test_answers_that_are_no_snapshots),
                cmocka_unit_test(test_snapshot),      cmocka_unit_test(test_token),
                cmocka_unit_test(test_authorization),
        };

        return cmocka_run_group_tests_name("snapshot_fetch", tests, NULL, NULL);
}
