/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * What resources that are one thing with a name have in common: the name is the marker, so that a stranger of that name is a conflict, and one that
 * takes the place of another gets a name of its own.
 */

const char *named_next(struct planning *pl, const struct resource *resource, const struct thing *before)
{
        const char *dot = before ? strrchr(before->slot, '.') : NULL;
        int64_t number = 1;

        if (!before)
                return plan_string(pl->plan, "%s", resource->name);
        if (dot)
                (void)text_to_int64(dot + 1, &number);
        return plan_string(pl->plan, "%s.%lld", resource->name, (long long)number + 1);
}

bool named_is_growing(const struct set *set)
{
        for (size_t i = 0; i < set->n_slots; i++)
                if (!set->slots[i].thing || set->slots[i].thing->state == THING_PARKED)
                        return true;
        return false;
}

void named_meet_stranger(struct planning *pl, const struct resource *resource, struct action *a, const char *what)
{
        const struct listed *listed = &pl->in->machines->of[a->type];

        for (size_t i = 0; i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i];

                if (!text_equal(row->name, a->name))
                        continue;
                planning_block(pl, a, REASON_CONFLICT,
                               plan_string(pl->plan,
                                           "a %s named %s (%s) is there and is not ours; take it under management with "
                                           "'muster adopt %s/%s %s', or rename it",
                                           what, a->name, row->id, resource->kind->name, resource->name, row->id));
                return;
        }
}

void named_rename(struct planning *pl, const struct resource *resource, const struct slot *slot)
{
        struct action *a;

        if (slot->thing->adopted || !*slot->row->name || text_equal(slot->row->name, slot->name))
                return;
        if (resource->on_drift == ON_DRIFT_REPORT) {
                planning_note(pl, plan_string(pl->plan, "%s is named %s at the vendor; only reported, as onDrift says",
                                              slot->name, slot->row->name));
                return;
        }
        a = planning_action(pl, ACTION_UPDATE, slot,
                            plan_string(pl->plan, "it was renamed to %s at the vendor", slot->row->name));
        if (!a)
                return;
        a->order = ORDER_RENAME;
        planning_change(pl, a, "name", plan_string(pl->plan, "%s", slot->row->name), slot->name);
}

bool named_is_away(struct planning *pl, const struct slot *slot)
{
        bool is_made = !slot->thing, goes = slot->call && slot->call->verb == ORDER_DELETE;

        if (is_made || goes) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan, "%s is being %s", slot->name, is_made ? "made" : "deleted"));
        } else if (slot->thing->state == THING_PARKED) {
                tell_parked(pl, slot);
        } else if (!slot->row) {
                planning_section(pl)->waiting = true;
                planning_note(pl,
                              plan_string(pl->plan, "%s (%s) is gone from the listing; a second look must confirm that",
                                          slot->name, slot->thing->id));
        } else {
                return false;
        }
        return true;
}
