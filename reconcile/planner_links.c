/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * Mappings and rules of access hang on a machine. One goes before its machine does, so that nothing leads to whoever gets the address next; and what no
 * spec names any more goes as the Policy says.
 */

/* What a machine waits for that something still leads to. */
#define LINKS_FIRST "what leads to it goes first"

struct leaving {
        struct strmap machines; /* id of one that the plan deletes -> number + 1 of the action */
        struct strmap deletes;  /* "TYPE ID" of what is about a machine -> likewise */
};

static void leaving_done(struct leaving *l)
{
        strmap_done(&l->machines);
        strmap_done(&l->deletes);
}

/* In the plan's pool; NULL: out of memory. */
static const char *key_of(struct planning *pl, enum thing_type type, const char *id)
{
        return plan_string(pl->plan, "%d %s", (int)type, id);
}

static int know_deletes(struct planning *pl, struct leaving *l)
{
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct strmap *map = a->type == TYPE_MACHINE ? &l->machines : &l->deletes;
                const char *key;

                if (a->order != ORDER_DELETE || !a->vendor_id ||
                    (a->type == TYPE_MACHINE ? a->blocked != NULL : !pl->in->making[a->type].of_machine))
                        continue;
                key = a->type == TYPE_MACHINE ? a->vendor_id : key_of(pl, a->type, a->vendor_id);
                if (!key || strmap_set(map, key, (void *)(uintptr_t)(i + 1)) < 0)
                        return -1;
        }
        return 0;
}

/* The section of a resource; SIZE_MAX: it is not planned. */
static size_t section_of(const struct planning *pl, const char *resource)
{
        for (size_t i = 0; i < pl->plan->n_sections; i++)
                if (text_equal(pl->plan->sections[i].resource, resource))
                        return i;
        return SIZE_MAX;
}

/* A new delete of something whose machine goes: its number + 1; 0: out of memory. `again`: another one is made
 * once the machine is there again. */
static size_t add_delete(struct planning *pl, struct thing *t, const struct row *row, size_t section, bool again)
{
        const struct slot slot = { .type = t->type, .name = t->slot, .thing = t, .row = row };
        struct action *a;

        pl->section = section;
        pl->paused = planning_paused_by(pl, estate_find_text(pl->in->estate, t->resource));
        a = planning_action(pl, again ? ACTION_REPLACE : ACTION_DELETE, &slot,
                            again ? "its machine is made anew" : "its machine goes");
        if (!a)
                return 0;
        a->order = ORDER_DELETE;
        return pl->plan->n_actions;
}

/* The machine does not go before that; and what the machine waits for, it waits for as well. */
static void tie(struct planning *pl, size_t going, size_t number)
{
        struct action *machine = &pl->plan->actions[going - 1], *a = &pl->plan->actions[number - 1];
        bool waits_itself = machine->waits && !text_equal(machine->waits, LINKS_FIRST);

        a->serves = going;
        if (waits_itself && !a->waits)
                a->waits = machine->waits;
        planning_depends(pl, machine, number - 1);
        machine->waits = machine->waits ? machine->waits : LINKS_FIRST;
}

static void leave_unselected(struct planning *pl, const struct thing *t, size_t going)
{
        planning_block(pl, &pl->plan->actions[going - 1], REASON_HELD,
                       plan_string(pl->plan, "%s is about it, and is not selected; select that, and this goes with it",
                                   t->resource));
}

static void leave(struct planning *pl, struct leaving *l, struct thing *t, const struct row *row, size_t going)
{
        const char *key = key_of(pl, t->type, t->id);
        size_t number = key ? (uintptr_t)strmap_get(&l->deletes, key) : 0;
        bool named = estate_find_text(pl->in->estate, t->resource);
        size_t section = section_of(pl, t->resource);

        if (!key)
                pl->failed = true;
        if (t->state == THING_LEAVING) {
                struct action *machine = &pl->plan->actions[going - 1];

                machine->waits = machine->waits ? machine->waits : LINKS_FIRST;
        } else if (number) {
                tie(pl, going, number);
        } else if (named && section == SIZE_MAX) {
                leave_unselected(pl, t, going);
        } else if (named) {
                number = add_delete(pl, t, row, section, pl->plan->actions[going - 1].counts == COUNTS_REPLACE);
                if (number)
                        tie(pl, going, number);
        }
}

/* The vendor shows our thing no longer as ours: it is left alone. */
static bool is_ours(const struct planning *pl, const struct thing *t, const struct row *row)
{
        return t->adopted || pl->in->making[t->type].marker != MARKER_NAME || text_equal(row->name, t->slot);
}

void links_want_room(struct planning *pl, const struct action *a, const struct thing *occupant)
{
        struct room *room = ARRAY_ADD(pl->rooms, pl->n_rooms, pl->allocated_rooms);

        if (room)
                *room = (struct room){ .action = (size_t)(a - pl->plan->actions), .occupant = occupant };
        else
                pl->failed = true;
}

/* True: the action is blocked, since what is in its place does not go. */
static bool settle_room(struct planning *pl, const struct leaving *l, const struct room *room)
{
        const struct thing *t = room->occupant;
        struct action *a = &pl->plan->actions[room->action];
        const char *key = key_of(pl, t->type, t->id);
        size_t number = key ? (uintptr_t)strmap_get(&l->deletes, key) : 0;
        bool goes = t->state == THING_LEAVING || (number && !pl->plan->actions[number - 1].blocked);

        if (!key)
                pl->failed = true;
        if (a->blocked)
                return false;
        if (!goes) {
                planning_block(pl, a, REASON_CONFLICT, plan_string(pl->plan, PLACE_TAKEN, t->resource, t->id));
                return true;
        }
        if (a->order == ORDER_CREATE) {
                a->waits = a->waits ? a->waits : plan_string(pl->plan, "%s (%s) goes first", t->resource, t->id);
                if (number)
                        planning_depends(pl, a, number - 1);
        }
        return false;
}

/* What does not go keeps what wants its place, and so on. */
static void settle_rooms(struct planning *pl, const struct leaving *l)
{
        bool more;

        do {
                more = false;
                for (size_t i = 0; i < pl->n_rooms && !pl->failed; i++)
                        more = settle_room(pl, l, &pl->rooms[i]) || more;
        } while (more);
}

void plan_links_leaving(struct planning *pl)
{
        _cleanup_(leaving_done) struct leaving l = { 0 };

        if (know_deletes(pl, &l) < 0) {
                pl->failed = true;
                return;
        }
        settle_rooms(pl, &l);
        for (size_t i = 0; l.machines.count && i < pl->in->ledger->n_things && !pl->failed; i++) {
                struct thing *t = pl->in->ledger->things[i];
                const struct row *row;
                const char *machine;
                size_t going;

                if (!pl->in->making[t->type].of_machine || !text_equal(t->account, pl->in->account) || !*t->id ||
                    (t->state != THING_OWNED && t->state != THING_LEAVING))
                        continue;
                row = observation_find(pl->in->machines, t->type, t->id);
                machine = row && is_ours(pl, t, row) ? machine_behind(t, row) : NULL;
                going = machine ? (uintptr_t)strmap_get(&l.machines, machine) : 0;
                if (going)
                        leave(pl, &l, t, row, going);
        }
}

/* What no spec names any more. */

static void prune(struct planning *pl, const struct slot *slot)
{
        struct action *a;

        if (named_is_away(pl, slot))
                return;
        if (!is_ours(pl, slot->thing, slot->row)) {
                planning_note(pl,
                              plan_string(pl->plan,
                                          "%s (%s) does not carry the mark of muster's any more, and is left alone; "
                                          "'muster forget %s'",
                                          slot->name, slot->row->id, planning_section(pl)->resource));
                return;
        }
        a = planning_action(pl, ACTION_DELETE, slot, planning_why_orphaned(pl));
        if (a)
                a->order = ORDER_DELETE;
}

void plan_links_orphaned(struct planning *pl, const char *name)
{
        const struct resource *policy = pl->in->estate->policy;
        bool prunes = policy && policy->policy->prune;
        _cleanup_set_ struct set set = { 0 };

        if (set_expand(pl->in, pl->census, name, NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        pl->plan->orphaned += (int64_t)set.n_slots;
        planning_section(pl)->headline = planning_why_orphaned(pl);
        for (size_t i = 0; i < set.n_slots && !pl->failed; i++) {
                const struct slot *slot = &set.slots[i];

                if (prunes)
                        prune(pl, slot);
                else
                        planning_note(pl, plan_string(pl->plan, "%s (%s) is orphaned: kept, because prune is off",
                                                      slot->name, slot->thing ? slot->thing->id : "being made"));
        }
}
