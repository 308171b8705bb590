/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of JimV-C's simulator share: a simulation with its time and its session, and calls that are written by
 * hand, not by the codec.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/jimv/jimv.h"
#include "reconcile/base/text.h"

#define READY_DELAY (10 * USEC_PER_SEC)
#define NOBODY "00000000-0000-0000-0000-000000000000"
#define OK "{\"state\": {\"code\": \"200\", \"zh-cn\": \"成功\", \"en-us\": \"OK\"}}"
#define CREATE_2017 "\"cpu\":2,\"memory\":4,\"os_template_id\":1,\"password\":\"\",\"lease_term\":100"
#define CREATE_0_8                                                          \
        "\"cpu\":2,\"memory\":4,\"bandwidth\":10,\"bandwidth_unit\":\"m\"," \
        "\"os_template_image_id\":1,\"password\":\"\",\"lease_term\":100"
#define NODE_1 "1234567890123451"
#define NODE_2 "1234567890123452"

static const struct simulator *const simulator = &jimv_simulator;

struct world {
        struct simulation *s;
        usec_t now;
        char *cookie;
};

static inline struct world world_new(const char *variant, bool quirks, size_t machines)
{
        const struct simulator_options options = {
                .machines = machines, .quirks = quirks, .ready_delay = READY_DELAY, .token = "p1", .variant = variant
        };
        struct world w = {};

        assert_int_equal(simulator->new (&options, &w.s, NULL), 0);
        return w;
}

static inline void world_done(struct world *w)
{
        simulator->free(w->s);
        free(w->cookie);
}

static inline struct request make_request(const struct world *w, enum method method, const char *path, const char *body)
{
        struct request rq = { .method = method };

        rq.url = strdup(path);
        assert_non_null(rq.url);
        assert_int_equal(request_add_header(&rq, "Host", "jimv.test:8008", NULL), 0);
        if (w->cookie)
                assert_int_equal(request_add_header(&rq, "Cookie", w->cookie, NULL), 0);
        if (body) {
                assert_int_equal(request_add_header(&rq, "Content-Type", "application/json", NULL), 0);
                rq.body = strdup(body);
                rq.body_len = strlen(body);
        }
        return rq;
}

static inline struct reply call(struct world *w, enum method method, const char *path, const char *body)
{
        struct request rq _cleanup_request_ = make_request(w, method, path, body);
        struct reply rp = {};
        const char *class;

        assert_int_equal(simulator->serve(w->s, w->now, &rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_string_equal(class, simulator->classify(w->s, &rq));
        assert_int_equal(rp.end, REPLY_COMPLETE);
        assert_int_equal(rp.body_len, strlen(rp.body));
        return rp;
}

static inline void check_body(const char *path, const struct reply *rp, int status, const char *expected)
{
        if (rp->status != status || !strstr(rp->body, expected))
                fail_msg("%s is answered %d %s, not %d with %s", path, rp->status, rp->body, status, expected);
}

/* One call: its status, and something that its body has. */
static inline void check(struct world *w, enum method method, const char *path, const char *body, int status,
                         const char *expected)
{
        struct reply rp _cleanup_reply_ = call(w, method, path, body);

        check_body(path, &rp, status, expected);
}

/* The same, with the whole of a short body. */
static inline void check_ok(struct world *w, enum method method, const char *path, const char *body)
{
        struct reply rp _cleanup_reply_ = call(w, method, path, body);

        assert_int_equal(rp.status, 200);
        assert_string_equal(rp.body, OK);
}

/* `path` has %s where `uuid` belongs. */
static inline void check_of(struct world *w, enum method method, const char *path, const char *uuid, const char *body,
                            int status, const char *expected)
{
        char whole[256], *place = strstr(path, "%s");

        assert_non_null(place);
        snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(place - path), path, uuid, place + 2);
        check(w, method, whole, body, status, expected);
}

static inline void check_code(struct world *w, enum method method, const char *path, const char *body, int code)
{
        char expected[64];

        snprintf(expected, sizeof(expected), "\"code\": \"%d\"}}}", code);
        check(w, method, path, body, code / 100, expected);
}

static inline void check_code_of(struct world *w, enum method method, const char *path, const char *uuid,
                                 const char *body, int code)
{
        char expected[64];

        snprintf(expected, sizeof(expected), "\"code\": \"%d\"}", code);
        check_of(w, method, path, uuid, body, code / 100, expected);
}

static inline void check_page(struct world *w, enum method method, const char *path, const char *body, int status)
{
        struct reply rp _cleanup_reply_ = call(w, method, path, body);

        check_body(path, &rp, status, "<title>");
}

static inline json_t *json_of(const struct reply *rp)
{
        json_t *json = NULL;

        assert_int_equal(json_parse(rp->body, rp->body_len, &json, NULL), 0);
        return json;
}

/* A member of the record that stands at `i` of "machines" or "disks" in the saved state; -1 counts from the end. */
static inline json_t *saved(struct world *w, const char *list, int i, const char *key)
{
        json_t *state = simulator->save(w->s, w->now), *records, *value;

        assert_non_null(state);
        records = json_object_get(state, list);
        value = json_object_get(json_array_get(records, i < 0 ? json_array_size(records) + (size_t)i : (size_t)i), key);
        assert_non_null(value);
        json_incref(value);
        json_decref(state);
        return value;
}

static inline int64_t saved_number(struct world *w, const char *list, int i, const char *key)
{
        _cleanup_json_ json_t *value = saved(w, list, i, key);

        return json_integer_value(value);
}

static inline void saved_text(struct world *w, const char *list, int i, const char *key, char ret[static 64])
{
        _cleanup_json_ json_t *value = saved(w, list, i, key);

        snprintf(ret, 64, "%s", json_string_value(value));
}

static inline size_t count(struct world *w, const char *list)
{
        _cleanup_json_ json_t *state = simulator->save(w->s, w->now);

        return json_array_size(json_object_get(state, list));
}

static inline int console_says(struct world *w, const char *verb, const char *arguments)
{
        _cleanup_json_ json_t *json = NULL;
        struct error e = { "" };
        int r;

        assert_int_equal(json_parse(arguments, strlen(arguments), &json, NULL), 0);
        r = simulator->console(w->s, w->now, verb, json, &e);
        assert_true(r == 0 || *e.text);
        return r;
}

static inline void console(struct world *w, const char *verb, const char *arguments)
{
        assert_int_equal(console_says(w, verb, arguments), 0);
}

/* Era 0.8: signs in, and keeps the cookie. */
static inline void sign_in(struct world *w)
{
        struct reply rp _cleanup_reply_ = call(w, METHOD_POST, "/api/user/_sign_in",
                                               "{\"login_name\":\"admin\",\"password\":\"p1\"}");

        assert_int_equal(rp.status, 200);
        assert_string_equal(rp.body, OK);
        assert_non_null(rp.set_cookie);
        free(w->cookie);
        w->cookie = strndup(rp.set_cookie, strcspn(rp.set_cookie, ";"));
}
