/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of Finovy's simulator share: a simulation with its time, and calls that are written by hand, not by the
 * codec.
 */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/finovy/finovy.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"

#define READY_DELAY (5 * USEC_PER_SEC)
#define SMALL "{\"packageId\":\"pkg-small\",\"imageId\":\"4005\"}"
#define RENT(number, type) \
        "{\"packageId\":\"pkg-rent\",\"imageId\":\"4005\",\"periodNumber\":" #number ",\"periodType\":" #type "}"

static const struct simulator *const simulator = &finovy_simulator;

struct world {
        struct simulation *s;
        usec_t now;
};

static inline struct world world_of(size_t machines, bool quirks, const char *variant)
{
        const struct simulator_options options = {
                .machines = machines, .quirks = quirks, .ready_delay = READY_DELAY, .token = "t1", .variant = variant
        };
        struct world w = {};

        assert_int_equal(simulator->new (&options, &w.s, NULL), 0);
        return w;
}

static inline void world_done(struct world *w)
{
        simulator->free(w->s);
}
#define _cleanup_world_ _cleanup_(world_done)

static inline struct request make_call(enum method method, const char *path, const char *body)
{
        struct request rq = { .method = method };

        assert_true(asprintf(&rq.url, "/v1/pve/open/%s", path) > 0);
        assert_int_equal(request_add_header(&rq, "finovy-access-token", "t1", NULL), 0);
        rq.body = body ? strdup(body) : NULL;
        rq.body_len = body ? strlen(body) : 0;
        return rq;
}

/* The envelope of a reply, which every answer of the API has. In the caller's care. */
static inline json_t *open_reply(const struct reply *rp)
{
        json_t *answer = NULL;

        assert_int_equal(rp->status, 200);
        assert_string_equal(rp->content_type, "application/json;charset=UTF-8");
        assert_int_equal(json_parse(rp->body, rp->body_len, &answer, NULL), 0);
        assert_true(json_is_integer(json_object_get(answer, "code")));
        assert_non_null(json_object_get(answer, "data"));
        assert_true(json_string_length(json_object_get(answer, "msg")) > 0);
        assert_true(json_string_length(json_object_get(answer, "traceId")) > 0);
        assert_int_equal(json_object_size(answer), 4);
        return answer;
}

static inline json_t *ask(struct world *w, enum method method, const char *path, const char *body)
{
        struct request rq _cleanup_request_ = make_call(method, path, body);
        struct reply rp _cleanup_reply_ = {};
        const char *class;

        assert_int_equal(simulator->serve(w->s, w->now, &rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_string_equal(class, simulator->classify(w->s, &rq));
        return open_reply(&rp);
}

/* Refused with this code and without data; 0: a yes, and its data, in the caller's care. */
static inline json_t *check_code(struct world *w, enum method method, const char *path, const char *body, int code)
{
        _cleanup_json_ json_t *answer = ask(w, method, path, body);
        json_t *data = json_object_get(answer, "data");

        if (json_integer_value(json_object_get(answer, "code")) != code)
                fail_msg("%s answers %lld, not %d", path, json_integer_value(json_object_get(answer, "code")), code);
        assert_true(json_is_null(data) == (code != 0));
        return code == 0 ? json_incref(data) : NULL;
}

static inline void check_true(struct world *w, enum method method, const char *path, const char *body)
{
        _cleanup_json_ json_t *data = check_code(w, method, path, body, 0);

        assert_true(json_is_true(data));
}

/* What a rent answers: a new host's id. */
static inline char *rent(struct world *w, const char *body)
{
        _cleanup_json_ json_t *data = check_code(w, METHOD_POST, "createRent", body, 0);
        char *id = strdup(json_string_value(data));

        assert_non_null(id);
        return id;
}

static inline json_t *list(struct world *w, const char *query)
{
        _cleanup_free_ char *path = NULL;

        assert_true(asprintf(&path, "mypage?%s", query) > 0);
        return check_code(w, METHOD_GET, path, NULL, 0);
}

static inline size_t total(struct world *w)
{
        _cleanup_json_ json_t *page = list(w, "page=1&pageSize=1");

        return (size_t)json_integer_value(json_object_get(page, "totalCounts"));
}

/* The id of the host that stands at `i` of the listing; the newest is at 0. */
static inline char *id_at(struct world *w, size_t i)
{
        char query[64];
        _cleanup_json_ json_t *page = NULL;
        char *id;

        (void)snprintf(query, sizeof(query), "page=%zu&pageSize=1", i + 1);
        page = list(w, query);
        id = strdup(json_string_value(json_object_get(json_array_get(json_object_get(page, "data"), 0), "id")));
        assert_non_null(id);
        return id;
}

/* A call about one host, like "operate/%s?type=1". In the caller's care. */
static inline char *about(const char *format, const char *id)
{
        const char *place = strstr(format, "%s");
        char *path = NULL;

        assert_non_null(place);
        assert_true(asprintf(&path, "%.*s%s%s", (int)(place - format), format, id, place + 2) > 0);
        return path;
}

static inline void check_about(struct world *w, const char *format, const char *id, int code)
{
        _cleanup_free_ char *path = about(format, id);

        if (code == 0)
                check_true(w, METHOD_GET, path, NULL);
        else
                check_code(w, METHOD_GET, path, NULL, code);
}

static inline json_t *details(struct world *w, const char *id)
{
        _cleanup_free_ char *path = about("one/%s", id);

        return check_code(w, METHOD_GET, path, NULL, 0);
}

static inline void check_status(struct world *w, const char *id, const char *expected)
{
        _cleanup_json_ json_t *host = details(w, id);

        assert_string_equal(json_string_value(json_object_get(host, "status")), expected);
}

static inline void console(struct world *w, const char *verb, const char *arguments, int expected)
{
        _cleanup_json_ json_t *json = NULL;
        struct error e = { "" };

        assert_int_equal(json_parse(arguments, strlen(arguments), &json, NULL), 0);
        if (simulator->console(w->s, w->now, verb, json, &e) != expected)
                fail_msg("%s %s: \"%s\"", verb, arguments, e.text);
        assert_true((*e.text == '\0') == (expected == 0));
}

/* A verb about one host; `more` follows its id. */
static inline void console_one(struct world *w, const char *verb, const char *id, const char *more)
{
        _cleanup_free_ char *arguments = NULL;

        assert_true(asprintf(&arguments, "{\"id\":\"%s\"%s}", id, more) > 0);
        console(w, verb, arguments, 0);
}
