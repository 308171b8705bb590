/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whole looks at a vendor whose replies are the fuzzer's: what they make the codec ask for is answered until it is complete, refused, or
 * out of replies.
 */

#include <errno.h>

#include "reconcile/provider.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/reply_text.h"

/* Replies as they go over the wire, one behind the other, each ended by a NUL byte; behind the last one, empty ones. */
struct replies {
        const uint8_t *rest;
        size_t n;
        bool answered;
};

static inline struct reply replies_next(struct replies *replies)
{
        size_t length;
        _cleanup_free_ char *text = fuzz_take(&replies->rest, &replies->n, '\0', &length);

        replies->answered = true;
        return reply_of_text(text, length);
}

/* A codec under test, and what must hold of what it saw, at any time and once it is complete. */
struct looking {
        const struct provider *codec;
        const struct account_config *account;
        void (*check)(const struct observation *obs);
        void (*check_complete)(const struct observation *obs);
};

/* 0: all requests were answered; 1: there were not enough replies. */
static inline int looking_answer(const struct looking *l, struct replies *replies, struct observation *obs,
                                 struct request_list *asked, struct error *e)
{
        while (asked->n_requests > 0) {
                _cleanup_request_list_ struct request_list batch = *asked;

                *asked = (struct request_list){};
                for (size_t i = 0; i < batch.n_requests; i++) {
                        _cleanup_(reply_done) struct reply rp = {};
                        int r;

                        if (replies->n == 0 && replies->answered)
                                return 1;
                        must(batch.requests[i].read && batch.requests[i].url);
                        rp = replies_next(replies);
                        r = l->codec->saw(l->account, &batch.requests[i], &rp, obs, asked, e);
                        l->check(obs);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static inline void looking_check(const struct looking *l, struct replies replies, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        must(observation_new(scope, &obs) == 0);
        must(l->codec->look(l->account, obs, &asked, &e) == 0);
        do {
                r = looking_answer(l, &replies, obs, &asked, &e);
                if (r > 0)
                        return;
                if (r == 0)
                        r = l->codec->seen(l->account, obs, &asked, &e);
        } while (r > 0);
        if (r == 0) {
                l->check_complete(obs);
                return;
        }
        must(r == -EBADMSG || r == -EACCES || r == -EAGAIN || r == -EKEYEXPIRED || r == -ESTALE);
        must(*e.text && fuzz_is_showable(e.text));
}
