/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "providers/plain_call.h"

static int serve(struct plain_call *c)
{
        return plain_call_say(c, 200, json_true());
}

static const struct plain_route routes[] = {
        { METHOD_GET, "things", "list", serve }, { METHOD_POST, "things", "create", serve },
        { METHOD_GET, "thing/*", "get", serve }, { METHOD_POST, "thing/*/grow/*", "other", serve },
        { METHOD_GET, NULL, NULL, NULL },
};

/* The call that a request is, with the request, which it looks into. */
struct opened {
        struct request rq;
        struct plain_call c;
};

static void opened_done(struct opened *o)
{
        plain_call_done(&o->c);
        free(o->rq.url);
        free(o->rq.body);
        free(o);
}

static struct opened *open_call(enum method method, const char *url, const char *body)
{
        struct opened *o = calloc(1, sizeof(*o));

        assert_non_null(o);
        o->rq = (struct request){ .method = method, .url = strdup(url), .body = body ? strdup(body) : NULL };
        assert_non_null(o->rq.url);
        o->rq.body_len = body ? strlen(body) : 0;
        o->c.rq = &o->rq;
        assert_int_equal(plain_call_open(&o->c, "/v1", routes), 0);
        return o;
}

static void check_route(enum method method, const char *url, const char *class)
{
        struct opened *o = open_call(method, url, NULL);

        if (!class && o->c.route)
                fail_msg("%s is of class %s", url, o->c.route->class);
        if (class && !o->c.route)
                fail_msg("%s is in no route", url);
        if (class)
                assert_string_equal(o->c.route->class, class);
        opened_done(o);
}

static void routes_go_by_method_and_whole_path(void **state)
{
        (void)state;
        check_route(METHOD_GET, "/v1/things", "list");
        check_route(METHOD_GET, "http://host.test:80/v1/things?page=1", "list");
        check_route(METHOD_POST, "/v1/things", "create");
        check_route(METHOD_GET, "/v1/thing/7", "get");
        check_route(METHOD_POST, "/v1/thing/7/grow/2", "other");
        check_route(METHOD_DELETE, "/v1/things", NULL);
        check_route(METHOD_GET, "/v1/things/", NULL);
        check_route(METHOD_GET, "/v1/thing", NULL);
        check_route(METHOD_GET, "/v1/thing/", NULL);
        check_route(METHOD_GET, "/v1/thing/7/8", NULL);
        check_route(METHOD_GET, "/v2/things", NULL);
        check_route(METHOD_GET, "/v1things", NULL);
        check_route(METHOD_GET, "/v1/a/b/c/d/e/f/g/h/i/j", NULL);
        check_route(METHOD_GET, "/v1/thing/%zz", NULL);
        check_route(METHOD_GET, "http://host.test", NULL);
        check_route(METHOD_GET, "", NULL);
}

static void parts_of_the_path_are_decoded_one_by_one(void **state)
{
        struct opened *o = open_call(METHOD_POST, "/v1/thing/a%2Fb+c/grow/%E4%B8%8A?x=1", NULL);

        (void)state;
        assert_string_equal(o->c.captures[0], "a/b+c");
        assert_string_equal(o->c.captures[1], "上");
        assert_null(o->c.captures[2]);
        opened_done(o);
}

static void numbers_of_the_query_have_their_range(void **state)
{
        struct opened *o = open_call(METHOD_GET, "/v1/things?page=2&pageSize=25&none=&word=x&far=99999999999999999999",
                                     NULL);
        int64_t n = -1;

        (void)state;
        assert_true(plain_call_number(&o->c, "page", 1, 2, &n));
        assert_int_equal(n, 2);
        assert_true(plain_call_number(&o->c, "pageSize", 1, 25, &n));
        assert_int_equal(n, 25);
        assert_false(plain_call_number(&o->c, "page", 3, 9, &n));
        assert_false(plain_call_number(&o->c, "page", 0, 1, &n));
        assert_false(plain_call_number(&o->c, "pag", 0, 100, &n));
        assert_false(plain_call_number(&o->c, "none", 0, 100, &n));
        assert_false(plain_call_number(&o->c, "word", 0, 100, &n));
        assert_false(plain_call_number(&o->c, "far", 0, INT64_MAX, &n));
        assert_false(plain_call_number(&o->c, "size", 0, 100, &n));
        opened_done(o);
}

static void bodies_are_json_or_nothing(void **state)
{
        struct opened *good = open_call(METHOD_POST, "/v1/things", "{\"name\":\"x\",\"n\":1}");
        struct opened *bad = open_call(METHOD_POST, "/v1/things", "name=x");

        (void)state;
        assert_string_equal(plain_call_text(&good->c, "name"), "x");
        assert_string_equal(plain_call_text(&good->c, "n"), "");
        assert_string_equal(plain_call_text(&good->c, "other"), "");
        assert_null(bad->c.body);
        assert_string_equal(plain_call_text(&bad->c, "name"), "");
        opened_done(good);
        opened_done(bad);
}

static void check_reply(struct plain_call *c, int status, const char *type, const char *body)
{
        struct reply rp _cleanup_reply_ = {};

        assert_int_equal(plain_call_reply(c, &rp), 0);
        assert_int_equal(rp.end, REPLY_COMPLETE);
        assert_int_equal(rp.status, status);
        assert_non_null(strstr(rp.content_type, type));
        assert_string_equal(rp.body, body);
        assert_int_equal(rp.body_len, strlen(body));
}

static void answers_are_json_or_a_page(void **state)
{
        struct opened *o = open_call(METHOD_GET, "/v1/things", NULL);
        struct opened *page = open_call(METHOD_GET, "/v1/things", NULL);

        (void)state;
        assert_int_equal(plain_call_say(&o->c, 500, json_string("no")), 0);
        assert_int_equal(plain_call_say(&o->c, 200, json_pack("{s:f, s:s}", "amount", 1.10, "name", "上")), 0);
        check_reply(&o->c, 200, "application/json", "{\"amount\":1.1,\"name\":\"上\"}");
        assert_int_equal(plain_call_page(&page->c, 404, "Not Found"), 0);
        check_reply(&page->c, 404, "text/html", "<!DOCTYPE html>\n<title>Not Found</title>\n<h1>404 Not Found</h1>\n");
        opened_done(o);
        opened_done(page);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(routes_go_by_method_and_whole_path),
                cmocka_unit_test(parts_of_the_path_are_decoded_one_by_one),
                cmocka_unit_test(numbers_of_the_query_have_their_range),
                cmocka_unit_test(bodies_are_json_or_nothing),
                cmocka_unit_test(answers_are_json_or_a_page),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
