/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the tests of StarVCenter's smaller listings share: one reply, and all that the codec makes of it, as text.
 */

#include "tests/providers/starvcenter/exchange.h"

#include "reconcile/base/text.h"

static inline void print_listed(struct buf *b, const struct listed *listed)
{
        for (size_t i = 0; i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i];

                buf_addf(b, "%s|%s|%s|%s", row->id, row->name, row->address, condition_text(row->condition));
                for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                        if (!values_known(&row->values, p))
                                continue;
                        buf_addf(b, "|%s ", property_name(p));
                        values_print(&row->values, p, b);
                }
                buf_adds(b, "\n");
        }
}

/* What the first reply to a look makes of it; where the codec then asks for more, that is said. */
static inline void print_look(struct buf *b, const struct scope *scope, struct reply *rp)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        assert_true(first.requests[0].read);
        r = codec->saw(&account, &first.requests[0], rp, obs, &further, &e);
        if (r == 0)
                r = codec->seen(&account, obs, &further, &e);
        if (r < 0)
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
        if (r > 0)
                buf_adds(b, "more is asked for\n");
        for (enum thing_type type = 0; r == 0 && type < THING_TYPES; type++) {
                if (obs->of[type].n_rows)
                        buf_addf(b, "%s:\n", thing_type_text(type));
                print_listed(b, &obs->of[type]);
        }
}

/* One golden file of a folder, in every wrapping. */
static inline bool check_listing(const char *folder, const char *file, const struct scope *scope)
{
        const char *dot = strrchr(file, '.');
        char path[4096];
        char *bytes;
        size_t n;

        if (!dot || !text_equal(dot, ".json"))
                return false;
        (void)snprintf(path, sizeof(path), TESTS_DIR "/%s/%s", folder, file);
        bytes = read_file(path, &n);
        (void)snprintf(path, sizeof(path), "%s/%.*s.expected", folder, (int)(dot - file), file);
        for (enum wrapping how = 0; how < WRAPPINGS; how++) {
                struct reply rp = wrapped(bytes, n, how);
                struct buf b = BUF_INIT(TEXT_MAX);

                print_look(&b, scope, &rp);
                assert_same_as_file(buf_text(&b), path);
                buf_done(&b);
                reply_done(&rp);
        }
        free(bytes);
        return true;
}

/* A listing that is cut anywhere is never complete. */
static inline void check_truncated(const char *file, const struct scope *scope)
{
        char path[4096];
        struct reply whole;
        size_t n, said;
        char *json;

        (void)snprintf(path, sizeof(path), FOLDER "%s", file);
        json = read_file(path, &n);
        whole = wrapped(json, n, WRAP_PLAIN);
        for (said = whole.body_len; strchr("=\n", whole.body[said - 1]);)
                said--;
        for (size_t cut = 0; cut + 2 < said; cut++) {
                struct reply rp = reply_of(200, whole.body, cut);
                struct buf b = BUF_INIT(TEXT_MAX);

                print_look(&b, scope, &rp);
                assert_true(text_starts(buf_text(&b), "-EBADMSG: "));
                buf_done(&b);
                reply_done(&rp);
        }
        reply_done(&whole);
        free(json);
}

static inline void check_first_request(const char *name, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, 1);
        assert_true(further.requests[0].read);
        check_request(name, &further.requests[0]);
}

static inline void check_order(const char *name, const struct order *order)
{
        struct request rq = {};
        struct error e = { "" };

        if (codec->act(&account, order, &rq, &e) < 0)
                fail_msg("%s: %s", name, e.text);
        assert_false(rq.read);
        check_request(name, &rq);
}

static inline void check_impossible(const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(&account, order, &rq, &e), -EINVAL);
        assert_non_null(strstr(e.text, words));
        assert_null(rq.url);
}

static inline void check_outcome(const struct order *order, const char *reply, enum outcome_class class, const char *id)
{
        struct reply rp = reply_of_json(reply);
        struct outcome outcome;

        codec->acted(&account, order, &rp, &outcome);
        assert_int_equal(outcome.class, class);
        assert_int_equal(outcome.n_ids, id ? 1 : 0);
        if (id)
                assert_string_equal(outcome.ids[0], id);
        reply_done(&rp);
}
