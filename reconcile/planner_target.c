/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * The one machine that something is about, by the name that it has in its set or by the vendor's id: where it is, or what it waits for.
 */

void targets_done(struct targets *t)
{
        strmap_done(&t->slots);
        strmap_done(&t->making);
        strmap_done(&t->going);
        strmap_done(&t->starting);
}

static int know_action(struct targets *t, const struct action *a, size_t number)
{
        void *value = (void *)(uintptr_t)(number + 1);

        if (a->type != TYPE_MACHINE)
                return 0;
        if (a->verb == ACTION_CREATE || a->verb == ACTION_ADOPT)
                return strmap_set(&t->making, a->name, value);
        if (a->order == ORDER_DELETE && a->vendor_id && !a->blocked)
                return strmap_set(&t->going, a->vendor_id, value);
        if (a->order == ORDER_START && a->vendor_id && !a->blocked)
                return strmap_set(&t->starting, a->vendor_id, value);
        return 0;
}

static int know(const struct planning *pl, struct targets *ret)
{
        const struct ledger *ledger = pl->in->ledger;
        int r = 0;

        for (size_t i = 0; i < ledger->n_things && r >= 0; i++) {
                struct thing *t = ledger->things[i];

                if (t->type == TYPE_MACHINE && t->state != THING_GONE && text_equal(t->account, pl->in->account))
                        r = strmap_set(&ret->slots, t->slot, t);
        }
        for (size_t i = 0; i < pl->plan->n_actions && r >= 0; i++)
                r = know_action(ret, &pl->plan->actions[i], i);
        return r;
}

/* All machines are planned before what is about them: what is known of them is made once. */
static const struct targets *targets_of(struct planning *pl)
{
        if (!pl->targets.known && know(pl, &pl->targets) < 0)
                pl->failed = true;
        pl->targets.known = true;
        return &pl->targets;
}

/* Does a set of these specs say that the machine is not to be touched? */
static bool is_on_hold(const struct planning *pl, const struct thing *t)
{
        const struct resource *set = estate_find_text(pl->in->estate, t->resource);

        return set && set->kind == &kind_machine_set && is_in_list(&set->machine_set->hold, t->slot, t->id);
}

/* Is it made anew once it is gone? */
static bool comes_again(const struct planning *pl, const struct target *target, const struct thing *t)
{
        const struct call *call = strmap_get(&pl->census->calls[TYPE_MACHINE], t->slot);

        if (target->going)
                return pl->plan->actions[target->going - 1].counts == COUNTS_REPLACE;
        return call && call->counts == COUNTS_REPLACE;
}

static void find_leaving(struct planning *pl, struct target *target, const struct thing *t)
{
        bool again = comes_again(pl, target, t);

        target->leaves = true;
        target->given_up = !again;
        target->after = again ? target->going : 0;
        target->waits = again ? "its machine is made anew first" : "its machine goes";
}

/* One that is listed. */
static void find_row(struct planning *pl, const struct targets *targets, struct target *target)
{
        const struct row *row = target->row;
        bool runs = row->condition == CONDITION_RUNNING || row->condition == CONDITION_UNSHOWN;
        bool will_run = row->condition == CONDITION_CHANGING || strmap_get(&targets->starting, row->id);

        target->address = plan_string(pl->plan, "%s", row->address);
        if (!runs) {
                target->waits = "its machine does not run";
                target->given_up = !will_run;
        } else if (!*row->address) {
                target->waits = "its machine has no address yet";
        }
}

static void find_thing(struct planning *pl, const struct targets *targets, struct target *target, const struct thing *t)
{
        target->id = *t->id ? plan_string(pl->plan, "%s", t->id) : NULL;
        target->name = plan_string(pl->plan, "%s", t->slot);
        target->row = *t->id ? observation_find(pl->in->machines, TYPE_MACHINE, t->id) : NULL;
        target->going = *t->id ? (uintptr_t)strmap_get(&targets->going, t->id) : 0;
        target->hold = is_on_hold(pl, t);
        if (t->state == THING_LEAVING || target->going) {
                find_leaving(pl, target, t);
        } else if (target->row) {
                find_row(pl, targets, target);
        } else {
                target->waits = t->state == THING_PARKED ? "its machine waits for a person"
                                                         : "its machine is gone from the listing";
                target->given_up = t->state == THING_PARKED;
        }
}

/* The set of these specs that a machine of this name would be of; NULL: none is. */
static const struct resource *set_of(const struct planning *pl, const char *machine)
{
        return machine_set_named(pl->in->estate, pl->in->provider, machine);
}

static void find_unknown(struct planning *pl, struct target *target, const char *machine)
{
        const struct resource *set = set_of(pl, machine);

        target->given_up = true;
        target->waits = set ? plan_string(pl->plan, "%s is no machine of MachineSet/%s, whose count is %lld", machine,
                                          set->name, (long long)set->machine_set->count)
                            : plan_string(pl->plan, "%s shows no machine with the id %s", pl->in->account, machine);
}

void target_find(struct planning *pl, const char *machine, struct target *ret)
{
        const struct targets *targets = targets_of(pl);
        const struct thing *t = strmap_get(&targets->slots, machine);
        size_t making = (uintptr_t)strmap_get(&targets->making, machine);

        *ret = (struct target){ .name = plan_string(pl->plan, "%s", machine), .address = "" };
        if (!t)
                t = strmap_get(&pl->census->ids, machine);
        if (t) {
                find_thing(pl, targets, ret, t);
        } else if (strmap_get(&pl->census->calls[TYPE_MACHINE], machine)) {
                ret->waits = "its machine is being made";
        } else if (making) {
                ret->after = making;
                ret->waits = "its machine goes first";
        } else {
                ret->row = set_of(pl, machine) ? NULL : observation_find(pl->in->machines, TYPE_MACHINE, machine);
                ret->id = ret->row ? plan_string(pl->plan, "%s", ret->row->id) : NULL;
                if (ret->row)
                        find_row(pl, targets, ret);
                else
                        find_unknown(pl, ret, machine);
        }
        if (ret->hold && !ret->waits) {
                ret->waits = "its machine is on hold";
                ret->given_up = true;
        }
        if (!ret->name || !ret->address)
                pl->failed = true;
}

void target_await(struct planning *pl, const struct target *target, struct action *a)
{
        if (!target->waits)
                return;
        a->waits = target->waits;
        a->given_up = target->given_up;
        if (target->after)
                planning_depends(pl, a, target->after - 1);
        if (target->given_up)
                section_reason(planning_section(pl), REASON_HELD,
                               plan_string(pl->plan, "%s: %s", a->name, target->waits));
}

const char *machine_behind(const struct thing *t, const struct row *row)
{
        if (row && values_known(&row->values, PROPERTY_MACHINE))
                return row->values.of[PROPERTY_MACHINE].text;
        return values_known(&t->made_with, PROPERTY_MACHINE) ? t->made_with.of[PROPERTY_MACHINE].text : NULL;
}
