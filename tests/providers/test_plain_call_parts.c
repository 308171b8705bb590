/* SPDX-License-Identifier: MIT */

/*
 * What simulated calls know beside their route: parameters as texts, paths of other methods, and headers of answers.
 */

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

static void check_parameter(const struct plain_call *c, const char *key, const char *expected)
{
        assert_string_equal(plain_call_parameter(c, key, "fallback"), expected);
}

static void texts_of_the_query_are_decoded(void **state)
{
        struct opened *o = open_call(
                METHOD_GET, "/v1/things?a=b+c%2F%E4%B8%8A&none=&d=1=2&a=again&bad=%zz&worse=%ff&alone&e=f", NULL);
        struct opened *many = open_call(
                METHOD_GET, "/v1/things?1=&2=&3=&4=&5=&6=&7=&8=&9=&10=&11=&12=&13=&14=&15=&16=x&17=x", NULL);

        (void)state;
        check_parameter(&o->c, "a", "b c/上");
        check_parameter(&o->c, "none", "");
        check_parameter(&o->c, "d", "1=2");
        check_parameter(&o->c, "e", "f");
        check_parameter(&o->c, "bad", "fallback");
        check_parameter(&o->c, "worse", "fallback");
        check_parameter(&o->c, "alone", "fallback");
        check_parameter(&many->c, "16", "x");
        check_parameter(&many->c, "17", "fallback");
        opened_done(o);
        opened_done(many);
}

static void paths_are_known_with_another_method(void **state)
{
        struct opened *other = open_call(METHOD_DELETE, "/v1/thing/7", NULL),
                      *none = open_call(METHOD_GET, "/v1/x", NULL);

        (void)state;
        assert_null(other->c.route);
        assert_true(other->c.known_path);
        assert_false(none->c.known_path);
        opened_done(other);
        opened_done(none);
}

static void bad_bodies_are_told_from_none(void **state)
{
        struct opened *none = open_call(METHOD_POST, "/v1/things", NULL),
                      *good = open_call(METHOD_POST, "/v1/things", "{}");
        struct opened *bad = open_call(METHOD_POST, "/v1/things", "{\"name\"");

        (void)state;
        assert_false(none->c.bad_body);
        assert_false(good->c.bad_body);
        assert_true(bad->c.bad_body);
        opened_done(none);
        opened_done(good);
        opened_done(bad);
}

static void answers_have_headers(void **state)
{
        struct opened *o = open_call(METHOD_GET, "/v1/things", NULL);
        struct reply rp _cleanup_reply_ = {};

        (void)state;
        o->c.location = strdup("http://host.test/login");
        o->c.set_cookie = strdup("sid=1");
        assert_int_equal(plain_call_page(&o->c, 404, "Not Found"), 0);
        assert_int_equal(plain_call_reply(&o->c, &rp), 0);
        assert_string_equal(rp.location, "http://host.test/login");
        assert_string_equal(rp.set_cookie, "sid=1");
        opened_done(o);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(texts_of_the_query_are_decoded),
                cmocka_unit_test(paths_are_known_with_another_method),
                cmocka_unit_test(bad_bodies_are_told_from_none),
                cmocka_unit_test(answers_have_headers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
