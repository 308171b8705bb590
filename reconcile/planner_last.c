/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/planner_backends.h"

/*
 * The last back end. The rule: as long as the spec wants any, one is kept that is enabled and whose machine runs and has its address. A scale-in, a
 * replacement and a restart wait for another one to become so; where none is to come, that is told and waits for a person. What the spec
 * itself takes away, a set whose count is zero or one that it no longer follows, waits only while another one is to come.
 */

/* What takes back ends away in this pass: the deletes of their own, by their ids, and restarts, by the ids of their machines. */
struct takers {
        struct strmap drops, restarts; /* -> number + 1 of the action */
};

static void takers_done(struct takers *t)
{
        strmap_done(&t->drops);
        strmap_done(&t->restarts);
}

/* One that is ready and would be taken away. */
struct candidate {
        const struct known *known;
        size_t number; /* of the action */
        bool strict;   /* the spec does not ask for its going */
};

static const struct row *machine_of(const struct planning *pl, const struct known *known)
{
        return known->backend.machine ? observation_find(pl->in->machines, TYPE_MACHINE, known->backend.machine) : NULL;
}

/* It may still be listed as running. */
static bool is_being_stopped(const struct planning *pl, const struct row *machine)
{
        const struct thing *t = strmap_get(&pl->census->ids, machine->id);
        const struct call *call = t ? strmap_get(&pl->census->calls[TYPE_MACHINE], t->slot) : NULL;

        return call && (call->verb == ORDER_SHUT_DOWN || call->verb == ORDER_POWER_OFF);
}

static bool is_ready(const struct planning *pl, const struct known *known)
{
        const struct row *machine = machine_of(pl, known);
        const struct thing *t = machine ? strmap_get(&pl->census->ids, machine->id) : NULL;

        if (machine && is_being_stopped(pl, machine))
                return false;
        return machine && known->row->condition != CONDITION_STOPPED &&
               (machine->condition == CONDITION_RUNNING || machine->condition == CONDITION_UNSHOWN) &&
               text_equal(machine->address, known->backend.address) && !(t && t->state == THING_LEAVING);
}

/* The set whose section the action on a machine is in: what no spec names any more is planned later. */
static const struct machine_set *set_of(const struct planning *pl, const struct action *a)
{
        return estate_find_text(pl->in->estate, pl->plan->sections[a->section].resource)->machine_set;
}

/* A stop that only prepares a change: the spec wants the machine to run. */
static bool is_restart(const struct planning *pl, const struct action *a)
{
        return a->type == TYPE_MACHINE && a->verb == ACTION_STOP && set_of(pl, a)->power == POWER_RUNNING;
}

/* From `first` on all actions are about back ends. */
static int note_takers(const struct planning *pl, size_t first, struct takers *ret)
{
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];
                bool drop = i >= first && a->order == ORDER_DELETE;

                if (a->blocked || a->waits || !a->vendor_id || (!drop && !is_restart(pl, a)))
                        continue;
                if (strmap_set(drop ? &ret->drops : &ret->restarts, a->vendor_id, (void *)(uintptr_t)(i + 1)) < 0)
                        return -1;
        }
        return 0;
}

/* True: somebody takes it away. */
static bool is_taken(const struct planning *pl, const struct follower *f, const struct takers *takers,
                     const struct known *known, struct candidate *ret)
{
        size_t drop = (uintptr_t)strmap_get(&takers->drops, known->row->id);
        size_t restart = (uintptr_t)strmap_get(&takers->restarts, known->backend.machine);
        size_t going = follower_going(f, known->backend.machine);

        if (!drop && !restart)
                return false;
        *ret = (struct candidate){ .known = known,
                                   .number = (drop ? drop : restart) - 1,
                                   .strict = !drop || (going && set_of(pl, &pl->plan->actions[going - 1])->count > 0) };
        return true;
}

/* The one to keep back; `known` NULL: something stays without. */
static struct candidate find_last(const struct planning *pl, const struct follower *f, const struct takers *takers)
{
        struct candidate last = { 0 };

        for (size_t i = 0; i < f->n_known; i++) {
                const struct known *known = &f->known[i];
                struct candidate taken;

                if (!known->backend.machine || !is_ready(pl, known))
                        continue;
                if (!is_taken(pl, f, takers, known, &taken))
                        return (struct candidate){ 0 };
                if (!last.known || taken.strict >= last.strict)
                        last = taken;
        }
        return last;
}

static bool wants_any(const struct follower *f)
{
        const struct backend_spec *entries = f->spec->backends.items;

        for (size_t i = 0; i < f->spec->backends.n; i++)
                if (!entries[i].machine_set.resource || entries[i].machine_set.resource->machine_set->count > 0)
                        return true;
        return false;
}

/* Was the create refused for good? */
static bool was_given_up(const struct planning *pl, const struct action *a)
{
        const struct slot slot = { .type = a->type, .name = a->name };
        const struct retry *retry = planning_retry(pl, &slot, ORDER_CREATE, PROPERTY_NONE);

        return retry && retry->given_up && pl->in->now < retry->next;
}

/* Is another one to become ready, without anybody's doing and without this one's going? */
static bool is_another_coming(struct planning *pl, const struct follower *f, size_t first, const struct candidate *last)
{
        size_t going = follower_going(f, last->known->backend.machine);

        if (planning_section(pl)->waiting)
                return true;
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->verb == ACTION_CREATE && !a->blocked && !a->given_up && !was_given_up(pl, a) &&
                    !(going && depends_has(&a->depends_on, going - 1)))
                        return true;
        }
        for (size_t i = 0; i < f->n_known; i++) {
                const struct row *machine = machine_of(pl, &f->known[i]);

                if (machine && &f->known[i] != last->known && !follower_going(f, machine->id) &&
                    (machine->condition == CONDITION_CHANGING || strmap_get(&f->starting, machine->id) ||
                     is_being_stopped(pl, machine)))
                        return true;
        }
        return false;
}

void keep_last(struct planning *pl, struct follower *f, size_t first)
{
        _cleanup_(takers_done) struct takers takers = { 0 };
        struct candidate last;
        struct action *a;
        bool coming;

        if (note_takers(pl, first, &takers) < 0) {
                pl->failed = true;
                return;
        }
        last = find_last(pl, f, &takers);
        if (!last.known || !wants_any(f))
                return;
        coming = is_another_coming(pl, f, first, &last);
        if (!coming && !last.strict)
                return;
        a = &pl->plan->actions[last.number];
        a->waits = plan_string(pl->plan, "%s (%s) is the last back end of %s that is ready: another one goes first%s",
                               last.known->row->id, last.known->row->address, f->parts.resource,
                               coming ? "" : ", and none is to come; raise the count, or write zero");
        if (coming)
                return;
        a->given_up = true;
        section_reason(&pl->plan->sections[a->section], REASON_HELD, a->waits);
}
