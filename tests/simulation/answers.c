/* SPDX-License-Identifier: MIT */
#include "tests/simulation/answers.h"

#include <stdlib.h>
#include <string.h>

#include "tests/simulation/server.h"
#include "tests/simulation/spoil.h"

void answer_fill(struct reply *rp, int status, const char *type, const char *body, size_t n)
{
        reply_done(rp);
        *rp = (struct reply){ .end = REPLY_COMPLETE, .status = status, .body_len = n };
        rp->body = world_must(malloc(n + 1));
        memcpy(rp->body, body, n);
        rp->body[n] = '\0';
        rp->content_type = world_must(strdup(type));
}

/* Mostly a moment; what a client makes of more than an hour is no vendor's affair, and capped where the headers are read. */
static usec_t retry_after(struct random *r)
{
        if (random_chance(r, 700))
                return USEC_PER_SEC;
        return random_between(r, 0, 300) * USEC_PER_SEC;
}

bool answer_fails_before(struct world *w, struct exchange *x, bool *ret_answered)
{
        static const char page[] = "<!DOCTYPE html>\n<html><body>Please wait.</body></html>\n";
        unsigned faults = x->fate.faults;

        *ret_answered = !(faults & (FAULT_DROP_REQUEST | FAULT_HANG));
        if (!*ret_answered)
                return true;
        if (faults & FAULT_500)
                answer_fill(&x->reply, 500, "text/plain", "internal error", 14);
        else if (faults & FAULT_HTML)
                answer_fill(&x->reply, 200, "text/html", page, sizeof(page) - 1);
        else if (faults & (FAULT_429 | FAULT_503))
                answer_fill(&x->reply, faults & FAULT_429 ? 429 : 503, "text/plain", "wait", 4);
        else if (faults & FAULT_REDIRECT)
                answer_fill(&x->reply, 302, "text/plain", "elsewhere", 9);
        else
                return false;
        if (faults & (FAULT_429 | FAULT_503))
                x->reply.retry_after = retry_after(&w->random);
        if (faults & FAULT_REDIRECT)
                x->reply.location = world_must(strdup("http://192.0.2.1/elsewhere"));
        return true;
}

static void cut_short(struct world *w, struct reply *rp)
{
        rp->body_len = rp->body_len ? random_below(&w->random, rp->body_len) : 0;
        rp->body[rp->body_len] = '\0';
}

static void fill_garbage(struct world *w, struct reply *rp)
{
        char bytes[64];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)random_next(&w->random);
        answer_fill(rp, 200, "text/plain", bytes, sizeof(bytes));
}

bool answer_fails_after(struct world *w, struct server *s, struct exchange *x, const struct request *rq)
{
        unsigned faults = x->fate.faults;
        const char *class;

        if (faults & (FAULT_DROP_REPLY | FAULT_HANG_AFTER))
                return false;
        if (faults & FAULT_NO_AFTER) {
                reply_done(&x->reply);
                if (s->vendor->simulator->serve(s->simulation, w->now, rq, PRETEND_REFUSAL, &x->reply, &class) < 0)
                        abort();
        }
        if (faults & FAULT_ENDLESS && s->vendor->go_on)
                s->vendor->go_on(&x->reply, x->id);
        if (faults & FAULT_500_AFTER)
                answer_fill(&x->reply, 500, "text/plain", "internal error", 14);
        if (faults & FAULT_FEWER)
                s->vendor->name_fewer(&x->reply, random_below(&w->random, server_makes(w, x)));
        if (faults & FAULT_GARBAGE)
                fill_garbage(w, &x->reply);
        if (faults & (FAULT_CUT | FAULT_TRUNCATE))
                cut_short(w, &x->reply);
        if (faults & FAULT_TYPE)
                (void)spoil_a_type(&x->reply, &w->random);
        if (faults & FAULT_TRUNCATE) {
                x->reply.end = REPLY_BROKEN;
                x->reply.why = world_must(strdup("ended before its length"));
        }
        return true;
}
