/* SPDX-License-Identifier: MIT */
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/lane.h"
#include "reconcile/planner_internal.h"

/* An open create of the account that could not be told from this one; NULL: none. */
static const struct call *open_lookalike(const struct planning *pl, const struct action *a)
{
        const struct plan_input *in = pl->in;

        for (size_t i = 0; i < in->ledger->n_calls; i++) {
                const struct call *c = in->ledger->calls[i];

                if (c->state != CALL_RESOLVED && c->verb == ORDER_CREATE && c->type == a->type && !c->marker[0] &&
                    text_equal(c->account, in->account) &&
                    !lane_differs(in->codec, in->config->options, &c->wanted, &a->wanted))
                        return c;
        }
        return NULL;
}

/* One of ours that the listing lacks; NULL: none. Then it may leave out strangers as well, which would be taken for what is made. */
static const struct thing *missing_one(const struct planning *pl, enum thing_type type)
{
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type == type && t->state == THING_OWNED && t->missing && text_equal(t->account, pl->in->account))
                        return t;
        }
        return NULL;
}

static bool values_equal(const struct values *a, const struct values *b)
{
        if (a->known != b->known)
                return false;
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(a, p) && !value_equal(p, a, b))
                        return false;
        return true;
}

/* Those for the same things go together, as many as one request makes; what could be taken for them waits. */
static struct admitted *find_admitted(struct planning *pl, const struct action *a, bool *ret_same)
{
        for (size_t i = 0; i < pl->n_admitted; i++) {
                struct admitted *before = &pl->admitted[i];

                if (before->type != a->type)
                        continue;
                *ret_same = values_equal(&before->wanted, &a->wanted);
                if (*ret_same || !lane_differs(pl->in->codec, pl->in->config->options, &before->wanted, &a->wanted))
                        return before;
        }
        return NULL;
}

void planning_admit(struct planning *pl, struct action *a)
{
        const struct making *making = &pl->in->making[a->type];
        struct admitted *admitted;
        const struct thing *missing;
        const struct call *c;
        bool same = false;

        if (making->marker != MARKER_NONE || a->blocked || a->waits)
                return;
        c = making->told_by_content ? NULL : open_lookalike(pl, a);
        if (c) {
                a->waits = plan_string(pl->plan, "%s is still being made, and nothing would tell the two apart",
                                       c->slot);
                planning_section(pl)->waiting = true;
                return;
        }
        missing = missing_one(pl, a->type);
        if (missing) {
                a->waits = plan_string(pl->plan,
                                       "the listing lacks %s (%s), and may lack more that it would be told from",
                                       missing->slot, missing->id);
                planning_section(pl)->waiting = true;
                return;
        }
        if (making->told_by_content)
                return; /* those that say the same are as good as each other, and others are told apart */
        admitted = find_admitted(pl, a, &same);
        if (admitted && !same) {
                a->waits = "others that could be taken for it are made first";
        } else if (admitted && making->together > 1 && admitted->n >= making->together) {
                a->waits = plan_string(pl->plan, "%u at a time", making->together);
        } else if (admitted) {
                admitted->n++;
        } else {
                admitted = ARRAY_ADD(pl->admitted, pl->n_admitted, pl->allocated_admitted);
                if (admitted)
                        *admitted = (struct admitted){ .type = a->type, .wanted = a->wanted, .n = 1 };
                else
                        pl->failed = true;
        }
}
