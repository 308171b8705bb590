/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of StarVCenter's simulator share: a simulation, and calls that are written by hand, not by the codec.
 */

#include "tests/providers/starvcenter/exchange.h"

#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"

#define READY_DELAY (5 * USEC_PER_SEC)

static inline struct simulation *make_sim(size_t machines, bool quirks)
{
        const struct simulator_options options = {
                .machines = machines, .quirks = quirks, .ready_delay = READY_DELAY, .token = "t1"
        };
        struct simulation *s = NULL;

        assert_int_equal(simulator->new (&options, &s, NULL), 0);
        return s;
}

static inline struct request make_call(enum method method, const char *path, const char *params)
{
        struct request rq = { .method = method };

        assert_true(asprintf(&rq.url, "%s/%s", simulator->base_path, path) > 0);
        assert_int_equal(request_add_header(&rq, "KEY_TOKEN", "t1", NULL), 0);
        if (params) {
                struct buf base64 = BUF_INIT(65536), form = BUF_INIT(65536);

                base64_encode(&base64, params, strlen(params));
                buf_adds(&form, "other=1&KEY_PARAM=");
                wire_percent_encode(&form, base64.data, base64.len);
                rq.body_len = form.len;
                rq.body = buf_steal(&form);
                buf_done(&base64);
        }
        return rq;
}

/* One call at `now`: the reply's JSON as text, in the caller's memory. */
static inline char *call(struct simulation *s, usec_t now, enum method method, const char *path, const char *params)
{
        struct request rq _cleanup_request_ = make_call(method, path, params);
        struct reply rp _cleanup_reply_ = {};
        const char *class;
        char *text;
        size_t n;

        assert_int_equal(simulator->serve(s, now, &rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_string_equal(class, simulator->classify(s, &rq));
        assert_int_equal(rp.status, 200);
        assert_int_equal(base64_decode_in_place(rp.body, rp.body_len, &n, NULL), 0);
        text = strndup(rp.body, n);
        assert_non_null(text);
        return text;
}

static inline void check_call(struct simulation *s, usec_t now, enum method method, const char *path,
                              const char *params, const char *expected)
{
        _cleanup_free_ char *text = call(s, now, method, path, params);

        if (!strstr(text, expected))
                fail_msg("%s answers %s, which has no %s", path, text, expected);
}

/* The same of a POST without quirks, for the whole of what is said. */
static inline void check_says(struct simulation *s, usec_t now, const char *path, const char *params,
                              const char *expected)
{
        _cleanup_free_ char *text = call(s, now, METHOD_POST, path, params);

        assert_string_equal(text, expected);
}

/* It is refused, with these words among others. */
static inline void check_no(struct simulation *s, usec_t now, enum method method, const char *path, const char *params,
                            const char *words)
{
        _cleanup_free_ char *text = call(s, now, method, path, params);

        if (!text_starts(text, "{\"result\":\"1\",\"resultinfo\":\"") || !strstr(text, words))
                fail_msg("%s %s answers %s, which is no refusal for %s", path, params ? params : "", text, words);
}

/* How a call is counted, and what it is said to be about. */
static inline void check_class(struct simulation *s, enum method method, const char *path, const char *params,
                               const char *class, const char *expected)
{
        struct request rq _cleanup_request_ = make_call(method, path, params);
        char subject[SIMULATOR_SUBJECT_MAX];

        assert_string_equal(simulator->classify(s, &rq), class);
        simulator->subject(s, &rq, subject);
        assert_string_equal(subject, expected);
}

/* Saves a simulation, and goes on with another one that has loaded that. */
static inline struct simulation *saved_and_loaded(struct simulation *s, usec_t now, bool quirks)
{
        struct simulation *loaded = make_sim(3, quirks);
        json_t *saved = simulator->save(s, now);

        assert_non_null(saved);
        assert_int_equal(simulator->load(loaded, now, saved, NULL), 0);
        json_decref(saved);
        simulator->free(s);
        return loaded;
}

/* A person's deed at `now`; whatever is refused is refused with words. */
static inline void console_at(struct simulation *s, usec_t now, const char *verb, const char *arguments, int expected)
{
        struct error e = { "" };
        json_t *json = NULL;

        assert_int_equal(json_parse(arguments, strlen(arguments), &json, NULL), 0);
        if (simulator->console(s, now, verb, json, &e) != expected)
                fail_msg("%s %s: \"%s\"", verb, arguments, e.text);
        assert_true((*e.text == '\0') == (expected == 0));
        json_decref(json);
}

static inline void console(struct simulation *s, const char *verb, const char *arguments, int expected)
{
        console_at(s, 0, verb, arguments, expected);
}
