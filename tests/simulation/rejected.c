/* SPDX-License-Identifier: MIT */
#include "tests/simulation/rejected.h"

#include <stdlib.h>

#include "reconcile/base/text.h"
#include "tests/support/estate.h"

void rejected_spoil(struct estate *estate)
{
        test_estate_add_provider(estate, "sun", "http://sun.test")->provider->type = "of-nobody";
        test_estate_finish(estate);
}

static struct plan *plan_of(const struct world *w)
{
        struct plan *plan = NULL;

        if (engine_plan(w->engine, &plan) < 0)
                abort();
        return plan;
}

static bool is_same(const struct plan *a, const struct plan *b)
{
        bool same = text_equal(a->digest, b->digest) && a->n_resources == b->n_resources &&
                    a->n_actions == b->n_actions && a->n_sections == b->n_sections && a->n_providers == b->n_providers;

        for (size_t i = 0; same && i < a->n_actions; i++)
                same = a->actions[i].verb == b->actions[i].verb && text_equal(a->actions[i].name, b->actions[i].name);
        return same;
}

/* What it is to log in with from then on: a token that none of the vendors takes. */
static int offer(struct world *w, const struct estate *estate, struct error *e)
{
        struct account_secret secrets[ACCOUNTS_MAX];

        for (size_t i = 0; i < w->options.accounts; i++)
                secrets[i] = (struct account_secret){ .provider = w->servers[i].account,
                                                      .token = w->servers[i].vendor->secret ? "of-nobody" : NULL };
        return engine_set_estate(w->engine, estate, secrets, w->options.accounts, world_boot_clock(w), e);
}

void rejected_offer(struct world *w, struct estate *estate)
{
        _cleanup_(estate_free_p) struct estate *taken = estate;
        _cleanup_(plan_free_p) struct plan *before = NULL, *after = NULL;
        struct error e = { "" };
        size_t in_flight = w->n_open;

        if (!w->engine || w->stopping)
                return;
        before = plan_of(w);
        if (offer(w, taken, &e) >= 0) {
                world_violate(w, "the engine takes specs that it cannot follow");
                return;
        }
        world_trace(w, "SPECS that cannot be followed: %s", e.text);
        after = plan_of(w);
        if (!is_same(before, after))
                world_violate(w, "specs that cannot be followed change the plan");
        if (w->n_open != in_flight)
                world_violate(w, "specs that cannot be followed end what is in flight");
}
