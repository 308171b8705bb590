/* SPDX-License-Identifier: MIT */
#include "tests/simulation/manners.h"

#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* Faults by which a reply is none that could be read. */
#define UNREADABLE \
        (FAULT_500 | FAULT_HTML | FAULT_429 | FAULT_503 | FAULT_REDIRECT | FAULT_AUTH | FAULT_TRUNCATE | FAULT_GARBAGE)

/* A question of a look, and what became of it. */
struct question {
        char *text;
        usec_t asked_at;
        bool answered;
};

static const struct provider_spec *spec_of(const struct world *w, size_t account)
{
        const struct resource *r = estate_find(w->estate, &kind_provider, w->servers[account].account);

        return r ? r->provider : NULL;
}

static bool is_slow(const struct server *s, const struct exchange *x)
{
        return text_equal(x->class, "create") && s->vendor->codec->making(&(struct pairs){ 0 })[TYPE_MACHINE].slow;
}

static void check_number(struct world *w, const struct exchange *x, int64_t most)
{
        const struct server *s = &w->servers[x->account];
        int64_t n = 0;

        for (size_t i = 0; i < w->n_open; i++)
                n += w->open[i]->account == x->account && !is_slow(s, w->open[i]);
        if (n > most)
                world_violate(w, "%lld requests of %s are in flight, and %lld may be", (long long)n, s->account,
                              (long long)most);
}

static void check_pace(struct world *w, const struct exchange *x, int64_t a_minute)
{
        struct server *s = &w->servers[x->account];

        if (a_minute > 0 && s->sent_in == w->life && w->now < s->sent_at + USEC_PER_MINUTE / (usec_t)a_minute)
                world_violate(w, "%s %s follows the request before it faster than %lld a minute", x->class, x->subject,
                              (long long)a_minute);
        s->sent_in = w->life;
        s->sent_at = w->now;
}

static bool has_text(const struct request *rq, const char *text)
{
        for (size_t i = 0; i < rq->n_headers; i++)
                if (strstr(rq->headers[i].value, text))
                        return true;
        return strstr(rq->url, text) || (rq->body && strstr(rq->body, text));
}

static void check_tokens(struct world *w, const struct exchange *x)
{
        for (size_t i = 0; i < w->options.accounts; i++)
                if (i != x->account && has_text(&x->request, w->servers[i].token))
                        world_violate(w, "a request of %s carries the token of %s", w->servers[x->account].account,
                                      w->servers[i].account);
}

/* Looks. What a machine's disks or cards are is asked for each alone, and what fails of that is left alone. */

static bool is_of_look(const struct exchange *x)
{
        return call_class_lists(x->class) && !text_equal(x->class, "disk-list") && !text_equal(x->class, "card-list");
}

static struct question *question_of(struct server *s, const struct exchange *x)
{
        _cleanup_free_ char *text = NULL;
        struct question *q;

        if (asprintf(&text, "%s %s", x->request.url, x->request.body ? x->request.body : "") < 0)
                abort();
        for (size_t i = 0; i < s->n_questions; i++)
                if (text_equal(s->questions[i].text, text))
                        return &s->questions[i];
        q = world_must(ARRAY_ADD(s->questions, s->n_questions, s->allocated_questions));
        q->text = STEAL(text);
        return q;
}

static void ask(struct world *w, struct server *s, const struct exchange *x)
{
        struct question *q = question_of(s, x);

        s->looks += q == s->questions;
        q->asked_at = w->now;
        q->answered = false;
}

/* Every question since the first one of the look, which is always the same, has had its answer. */
static void check_look(struct world *w, const struct exchange *x)
{
        const struct server *s = &w->servers[x->account];

        for (size_t i = 0; i < s->n_questions; i++)
                if (s->questions[i].asked_at >= s->questions[0].asked_at && !s->questions[i].answered)
                        world_violate(w, "%s %s is sent out of a look of which %s failed", x->class, x->subject,
                                      s->questions[i].text);
}

void manners_reply(struct world *w, const struct exchange *x, bool complete)
{
        if (is_of_look(x))
                question_of(&w->servers[x->account], x)->answered = complete && !(x->fate.faults & UNREADABLE);
}

void manners_done(struct server *s)
{
        for (size_t i = 0; i < s->n_questions; i++)
                free(s->questions[i].text);
        free(s->questions);
}

/* Plan and apply. */

void manners_expect(struct world *w, struct plan *plan)
{
        plan_free(w->expected);
        w->expected = plan;
        for (size_t i = 0; i < w->options.accounts; i++) {
                w->servers[i].compared = false;
                w->servers[i].looks = 0;
        }
}

static bool is_due(const struct plan *p, const struct action *a, const char *account)
{
        return !a->blocked && !a->waits && a->verb != ACTION_ADOPT &&
               text_equal(p->sections[a->section].provider, account);
}

static bool is_same(const struct action *a, const struct call *c)
{
        return a->type == c->type && a->order == c->verb && a->field == c->field && text_equal(a->name, c->slot);
}

/* At the first request that acts all that the apply means to do is written down. What it does only after another look, which confirms
 * something, is in no plan of the first. */
static void compare(struct world *w, const struct server *s)
{
        const struct plan *p = w->expected;
        size_t due = 0, begun = 0;

        for (size_t i = 0; i < p->n_actions; i++)
                due += is_due(p, &p->actions[i], s->account);
        for (size_t k = 0; k < w->ledger->n_calls && s->looks == 1; k++) {
                const struct call *c = w->ledger->calls[k];
                bool planned = false;

                if (!text_equal(c->account, s->account) || (c->state != CALL_INTENT && c->state != CALL_SENDING))
                        continue;
                begun++;
                for (size_t i = 0; i < p->n_actions; i++)
                        planned = planned || (is_due(p, &p->actions[i], s->account) && is_same(&p->actions[i], c));
                if (!planned)
                        world_violate(w, "apply begins to %s %s, which the plan does not show",
                                      order_verb_words[c->verb], c->slot);
        }
        if (begun != due)
                world_violate(w, "apply begins %zu actions on %s where the plan shows %zu", begun, s->account, due);
}

void manners_expected(struct world *w)
{
        const struct plan *p = w->expected;

        for (size_t i = 0; p && i < p->n_actions; i++)
                for (size_t k = 0; k < w->options.accounts; k++)
                        if (!w->servers[k].compared && is_due(p, &p->actions[i], w->servers[k].account))
                                world_violate(w, "the plan shows %s, and apply does not begin it", p->actions[i].name);
        w->expected = plan_free(w->expected);
}

void manners_send(struct world *w, const struct exchange *x)
{
        const struct provider_spec *spec = spec_of(w, x->account);
        struct server *s = &w->servers[x->account];

        check_tokens(w, x);
        if (spec) {
                check_number(w, x, spec->concurrency);
                check_pace(w, x, spec->rate_limit);
        }
        if (is_of_look(x))
                ask(w, s, x);
        if (x->request.read || text_equal(x->class, "login"))
                return;
        check_look(w, x);
        if (w->expected && !s->compared)
                compare(w, s);
        s->compared = true;
}
