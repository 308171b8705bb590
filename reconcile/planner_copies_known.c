/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_copies.h"

#define NUMBER_MAX 1000000000 /* no policy makes as many; a mark may say anything */

void copying_done(struct copying *c)
{
        free(c->machines);
        free(c->copies);
        strmap_done(&c->by_name);
}

/* The machine of a slot, "web-0" of "web-0/nightly-3"; NULL: it is none of those that are known here. */
static struct covered *find_machine(const struct copying *c, const char *slot)
{
        char name[SLOT_MAX];
        uintptr_t number;

        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(slot, "/"), slot);
        number = (uintptr_t)strmap_get(&c->by_name, name);
        return number ? &c->machines[number - 1] : NULL;
}

static struct covered *add_machine(struct planning *pl, struct copying *c, const char *name)
{
        struct covered *m = name ? ARRAY_ADD(c->machines, c->n_machines, c->allocated_machines) : NULL;

        if (!m || strmap_set(&c->by_name, name, (void *)(uintptr_t)c->n_machines) < 0) {
                pl->failed = true;
                return NULL;
        }
        *m = (struct covered){ .name = name };
        return m;
}

static void know_thing(struct planning *pl, struct covered *m, const struct thing *t)
{
        const struct resource *set = estate_find_text(pl->in->estate, t->resource);
        const struct machine_set *spec = set ? set->machine_set : NULL;

        m->machine = t;
        m->row = *t->id ? observation_find(pl->in->machines, TYPE_MACHINE, t->id) : NULL;
        m->goes = t->state == THING_LEAVING;
        m->hold = spec && is_in_list(&spec->hold, t->slot, t->id);
        m->released = t->state == THING_RELEASED || (spec && is_in_list(&spec->release, t->slot, t->id));
        m->protect = t->protect || (spec && is_in_list(&spec->protect, t->slot, t->id));
}

/* Is there a machine afterwards that has no copies yet? */
static bool brings_one(const struct action *a)
{
        return a->type == TYPE_MACHINE &&
               (a->verb == ACTION_CREATE || a->verb == ACTION_ADOPT || (a->verb == ACTION_REPLACE && !a->blocked));
}

/* The machines of the policy's set, those among them that are still to be made. */
static void know_machines(struct planning *pl, struct copying *c)
{
        char set[RESOURCE_TEXT_MAX];

        if (!c->spec)
                return;
        resource_text(c->spec->machine_set.resource, set);
        for (const struct thing *t = strmap_get(&pl->census->things, set); t && !pl->failed; t = t->next) {
                struct covered *m;

                if (t->type != TYPE_MACHINE ||
                    (t->state != THING_OWNED && t->state != THING_LEAVING && t->state != THING_PARKED))
                        continue;
                m = add_machine(pl, c, t->slot);
                if (!m)
                        return;
                know_thing(pl, m, t);
                m->wanted = !m->released;
        }
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct covered *m;

                if (!brings_one(a) || !text_equal(pl->plan->sections[a->section].resource, set))
                        continue;
                m = find_machine(c, a->name);
                if (!m)
                        m = add_machine(pl, c, a->name);
                if (!m)
                        return;
                m->wanted = true;
                m->made = i + 1;
                m->goes = m->goes || a->verb == ACTION_REPLACE;
        }
}

/* What the ledger owns of this policy, also of machines that it is no longer about. */
static int know_copies(struct planning *pl, struct copying *c, struct error *e)
{
        for (struct thing *t = strmap_get(&pl->census->things, c->name); t; t = t->next) {
                struct covered *m;
                struct copy *copy;
                int r;

                if (t->type != c->type || t->state == THING_RELEASED || !strchr(t->slot, '/'))
                        continue;
                m = find_machine(c, t->slot);
                if (!m)
                        m = add_machine(pl, c, plan_string(pl->plan, "%.*s", (int)strcspn(t->slot, "/"), t->slot));
                copy = m ? ARRAY_ADD(c->copies, c->n_copies, c->allocated_copies) : NULL;
                if (!copy)
                        return -ENOMEM;
                *copy = (struct copy){ .thing = t, .machine = (size_t)(m - c->machines) };
                copy->call = strmap_get(&pl->census->calls[c->type], t->slot);
                copy->row = *t->id ? observation_find(pl->in->machines, c->type, t->id) : NULL;
                r = copy_find_stale(pl->in, copy, e);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Machines that the ledger has, and the policy's set has not. */
static void know_other_machines(struct planning *pl, const struct copying *c)
{
        for (size_t i = 0; i < pl->in->ledger->n_things; i++) {
                const struct thing *t = pl->in->ledger->things[i];
                struct covered *m;

                if (t->type != TYPE_MACHINE || t->state == THING_GONE || !text_equal(t->account, pl->in->account))
                        continue;
                m = find_machine(c, t->slot);
                if (m && !m->machine)
                        know_thing(pl, m, t);
        }
}

static int compare_copies(const void *left, const void *right)
{
        const struct copy *a = left, *b = right;

        if (a->machine != b->machine)
                return a->machine < b->machine ? -1 : 1;
        return (a->thing->seq > b->thing->seq) - (a->thing->seq < b->thing->seq);
}

static void hand_out_copies(struct copying *c)
{
        if (c->n_copies > 1)
                qsort(c->copies, c->n_copies, sizeof(*c->copies), compare_copies);
        for (size_t i = 0; i < c->n_copies; i++) {
                struct covered *m = &c->machines[c->copies[i].machine];

                m->copies = m->n++ ? m->copies : &c->copies[i];
        }
}

/* A new number is above all that are there, so that a name tells one copy from all others. */
static void know_number(const struct copying *c, const char *slot)
{
        struct covered *m = find_machine(c, slot);
        const char *slash = strchr(slot, '/');
        int64_t number = slash ? slot_ordinal(c->stem, slash + 1) : -1;

        if (m && number > m->highest && number < NUMBER_MAX)
                m->highest = number;
}

static void know_numbers(const struct planning *pl, struct copying *c)
{
        const struct listed *listed = &pl->in->machines->of[c->type];
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_things; i++)
                if (ledger->things[i]->type == c->type && ledger->things[i]->state != THING_GONE &&
                    text_equal(ledger->things[i]->account, pl->in->account))
                        know_number(c, ledger->things[i]->slot);
        for (size_t i = 0; i < listed->n_rows; i++)
                know_number(c, listed->rows[i].name);
}

/* What hangs on a machine locks it while the vendor is at work on it; a copy that is deleted does not. */
static bool locks(const struct planning *pl, enum thing_type type, enum order_verb verb)
{
        return type == TYPE_MACHINE ||
               (pl->in->making[type].goes_along && !(thing_is_copy(type) && verb == ORDER_DELETE));
}

/* While a copy is made its machine is locked, whatever it is a copy of. */
static int know_copying(const struct planning *pl, struct copying *c, struct error *e)
{
        for (size_t i = 0; i < pl->in->ledger->n_things; i++) {
                struct thing *t = pl->in->ledger->things[i];
                struct copy copy = { .thing = t };
                struct covered *m;
                int r;

                if (!thing_is_copy(t->type) || t->condition != CONDITION_CHANGING ||
                    !text_equal(t->account, pl->in->account))
                        continue;
                copy.row = observation_find(pl->in->machines, t->type, t->id);
                r = copy_find_stale(pl->in, &copy, e);
                if (r < 0)
                        return r;
                m = find_machine(c, t->slot);
                if (m && copy_is_coming(&copy))
                        m->busy = "the vendor is still at work on its machine";
        }
        return 0;
}

static void know_work(struct planning *pl, struct copying *c)
{
        for (size_t i = 0; i < pl->in->ledger->n_calls; i++) {
                const struct call *call = pl->in->ledger->calls[i];
                struct covered *m = find_machine(c, call->slot);

                if (!m || call->state == CALL_RESOLVED || !text_equal(call->account, pl->in->account))
                        continue;
                if (call->type == c->type && call->verb == ORDER_CREATE)
                        know_number(c, call->slot);
                if (call->type == c->type && call->verb == ORDER_CREATE && text_equal(call->resource, c->name))
                        m->making = true;
                else if (locks(pl, call->type, call->verb))
                        m->busy = "the vendor is still at work on its machine";
        }
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct covered *m = locks(pl, a->type, a->order) ? find_machine(c, a->name) : NULL;

                if (!m || i + 1 == m->made)
                        continue;
                if (a->type == TYPE_MACHINE && a->order == ORDER_DELETE) {
                        m->goes = m->goes || !a->blocked;
                } else if (!a->blocked && !a->waits && !a->given_up && a->requests) {
                        m->busy = "what else is to be done to its machine goes first";
                        if (depends_add(pl->plan, &m->busy_with, i) < 0)
                                pl->failed = true;
                }
        }
}

int copying_know(struct planning *pl, struct copying *c, struct error *e)
{
        int r;

        know_machines(pl, c);
        r = pl->failed ? -ENOMEM : know_copies(pl, c, e);
        if (r < 0)
                return r;
        know_other_machines(pl, c);
        hand_out_copies(c);
        know_numbers(pl, c);
        r = know_copying(pl, c, e);
        if (r == 0)
                know_work(pl, c);
        return r;
}
