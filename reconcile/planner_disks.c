/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

/*
 * The data disks of a set's machines. A disk belongs to its machine's slot, not to the machine: it follows when the machine is made
 * anew, and goes when the slot goes. A disk that the ledger does not own is never touched, wherever it hangs.
 */

#define DISK_SLOT_MAX 128 /* "web-99999/data" */

/* One disk of one slot, with what is known of it. */
struct disk {
        const struct disk_spec *spec; /* NULL: the set has no such disk any more */
        const struct slot *machine;   /* NULL: there is no such slot any more */
        struct slot slot;
};

static const struct disk_spec *find_spec(const struct machine_set *set, const char *name)
{
        for (size_t i = 0; set && i < set->disks.n; i++) {
                const struct disk_spec *spec = &((const struct disk_spec *)set->disks.items)[i];

                if (text_equal(spec->name, name))
                        return spec;
        }
        return NULL;
}

/* "web-0/data" is of "web-0". */
static const struct slot *find_machine(const struct planning *pl, const char *disk)
{
        size_t n = strcspn(disk, "/");
        char name[DISK_SLOT_MAX];

        if (n >= sizeof(name))
                return NULL;
        memcpy(name, disk, n);
        name[n] = '\0';
        return strmap_get(&pl->machines, name);
}

static struct thing *find_thing(const struct planning *pl, const char *disk)
{
        return strmap_get(&pl->disks, disk);
}

static int index_disk(struct planning *pl, struct thing *t)
{
        const char *owner = strpool_addn(pl->plan->strings, t->slot, strcspn(t->slot, "/"));

        if (!owner || strmap_put(&pl->disks, t->slot, t) == -ENOMEM)
                return -ENOMEM;
        return strmap_set(&pl->owners, owner, t);
}

/* Of a set of many machines each disk is looked up, not searched for. */
static int index_set(struct planning *pl)
{
        int r = 0;

        for (size_t i = 0; i < pl->set->n_slots && r == 0; i++)
                r = strmap_set(&pl->machines, pl->set->slots[i].name, &pl->set->slots[i]);
        for (struct thing *t = strmap_get(&pl->census->things, pl->set->name); t && r == 0; t = t->next)
                r = t->type == TYPE_DISK ? index_disk(pl, t) : 0;
        return r;
}

static void index_done(struct planning *pl)
{
        strmap_done(&pl->machines);
        strmap_done(&pl->disks);
        strmap_done(&pl->owners);
        pl->machines = pl->disks = pl->owners = (struct strmap){ 0 };
}

static struct disk disk_at(const struct planning *pl, const char *name, struct thing *thing)
{
        struct disk d = {
                .spec = find_spec(pl->set->spec, strchr(name, '/') + 1),
                .machine = find_machine(pl, name),
                .slot = { .type = TYPE_DISK, .name = name, .thing = thing },
        };

        d.slot.call = strmap_get(&pl->census->calls[TYPE_DISK], name);
        if (thing && thing->id[0])
                d.slot.row = observation_find(pl->in->machines, TYPE_DISK, thing->id);
        return d;
}

/* One with its marker that is not ours: a second one would be a double. */
static void block_stranger(struct planning *pl, struct action *a)
{
        const struct listed *listed = &pl->in->machines->of[TYPE_DISK];

        if (pl->in->making[TYPE_DISK].marker != MARKER_NAME)
                return;
        for (size_t i = 0; i < listed->n_rows; i++)
                if (text_equal(listed->rows[i].name, a->name) &&
                    !ledger_held(pl->in->ledger, pl->in->account, TYPE_DISK, listed->rows[i].id))
                        planning_block(pl, a, REASON_CONFLICT,
                                       plan_string(pl->plan,
                                                   "a disk that is marked as %s (%s) is there and is not ours; delete "
                                                   "it, or take the mark out of its description",
                                                   a->name, listed->rows[i].id));
}

static void make(struct planning *pl, const struct disk_spec *spec, const char *name, size_t after)
{
        const struct slot slot = { .type = TYPE_DISK, .name = name };
        struct action *a = planning_action(pl, ACTION_CREATE, &slot, "its machine has no such disk yet");

        if (!a)
                return;
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        values_set_number(&a->wanted, PROPERTY_SIZE, spec->size);
        block_stranger(pl, a);
        a->summary = value_text(pl->plan, PROPERTY_SIZE, &a->wanted);
        if (after) {
                planning_depends(pl, a, after - 1);
                a->waits = "its machine goes first";
                a->serves = after;
        }
        planning_admit(pl, a);
}

static struct action *change(struct planning *pl, const struct disk *d, enum action_verb verb, enum order_verb order,
                             const char *reason)
{
        struct action *a = planning_action(pl, verb, &d->slot, reason);

        if (a)
                a->order = order;
        return a;
}

/* A marker that can only be set afterwards is set before the disk is put to use. */
static bool rename_disk(struct planning *pl, const struct disk *d)
{
        struct action *a;

        if (!pl->in->making[TYPE_DISK].named_later || d->slot.thing->adopted ||
            text_equal(d->slot.row->name, d->slot.name))
                return false;
        a = change(pl, d, ACTION_UPDATE, ORDER_RENAME, "it does not carry its name yet");
        if (a)
                planning_change(pl, a, "name", plan_string(pl->plan, "%s", d->slot.row->name), d->slot.name);
        return true;
}

static bool attach(struct planning *pl, const struct disk *d)
{
        const struct slot *m = d->machine;
        struct action *a;

        if (text_equal(d->slot.row->parent, m->row->id))
                return false;
        if (*d->slot.row->parent && !observation_find(pl->in->machines, TYPE_MACHINE, d->slot.row->parent)) {
                (void)change(pl, d, ACTION_DETACH, ORDER_DETACH, "the machine that it hangs on is gone");
                return true;
        }
        if (*d->slot.row->parent) {
                planning_note(pl, plan_string(pl->plan, "%s (%s) is attached to %s and not to %s: it is left there",
                                              d->slot.name, d->slot.row->id, d->slot.row->parent, m->name));
                return true;
        }
        a = change(pl, d, ACTION_ATTACH, ORDER_ATTACH, "it is attached to no machine");
        if (a)
                a->summary = plan_string(pl->plan, "to %s (%s)", m->name, m->row->id);
        return true;
}

static void resize(struct planning *pl, const struct disk *d)
{
        struct values wanted = { 0 };
        bool reported = pl->set->resource->on_drift == ON_DRIFT_REPORT;
        const char *is, *to;
        struct action *a;
        int64_t size;

        if (!values_known(&d->slot.row->values, PROPERTY_SIZE))
                return;
        size = d->slot.row->values.of[PROPERTY_SIZE].number;
        if (size == d->spec->size)
                return;
        values_set_number(&wanted, PROPERTY_SIZE, d->spec->size);
        is = value_text(pl->plan, PROPERTY_SIZE, &d->slot.row->values);
        to = value_text(pl->plan, PROPERTY_SIZE, &wanted);
        if (reported) {
                planning_note(pl, plan_string(pl->plan, "%s: size is %s, spec says %s; only reported, as onDrift says",
                                              d->slot.name, is, to));
                return;
        }
        if (size > d->spec->size) {
                planning_trouble(pl, false, d->slot.name,
                                 plan_string(pl->plan,
                                             "size is %s, spec says %s; a disk cannot shrink: write size: %s or more",
                                             is, to, is));
                return;
        }
        a = change(pl, d, ACTION_UPDATE, ORDER_CHANGE, plan_string(pl->plan, "size is %s, spec says %s", is, to));
        if (!a)
                return;
        a->field = PROPERTY_SIZE;
        a->wanted = wanted;
        planning_change(pl, a, property_name(PROPERTY_SIZE), is, to);
}

/* A disk that is there, of a machine that is there and stays: one change at a time. */
static void compare(struct planning *pl, const struct disk *d)
{
        size_t before = pl->plan->n_actions, troubles = planning_section(pl)->n_troubles;

        if (d->slot.row->condition == CONDITION_CHANGING) {
                planning_section(pl)->waiting = true;
                return;
        }
        if (d->slot.row->condition != CONDITION_RUNNING) {
                planning_note(pl, plan_string(pl->plan, "%s is %s: it is left alone", d->slot.name,
                                              condition_text(d->slot.row->condition)));
                return;
        }
        if (!rename_disk(pl, d) && !attach(pl, d))
                resize(pl, d);
        if (pl->plan->n_actions == before && planning_section(pl)->n_troubles == troubles)
                planning_part_unchanged(pl);
}

/* What hangs on a machine is detached first, where the vendor wants that. */
static void delete_disk(struct planning *pl, const struct disk *d, const char *reason)
{
        bool attached = *d->slot.row->parent && pl->in->making[TYPE_DISK].detached;
        struct action *detach = NULL, *a;
        size_t number = pl->plan->n_actions;

        if (attached)
                detach = change(pl, d, ACTION_DETACH, ORDER_DETACH, reason);
        a = planning_action(pl, ACTION_DELETE, &d->slot, reason);
        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_DELETE;
        a->summary = value_text(pl->plan, PROPERTY_SIZE, &d->slot.row->values);
        if (d->slot.row->condition == CONDITION_CHANGING)
                a->waits = "the vendor is still at work on it";
        else if (pl->set->uncertain)
                a->waits = "some machine of this set may or may not be there; nothing is deleted until that is known";
        if (!detach)
                return;
        detach = &pl->plan->actions[number];
        detach->waits = a->waits;
        detach->serves = number + 2;
        planning_depends(pl, a, number);
        a->waits = a->waits ? a->waits : "it is detached first";
}

/* Is the machine of the disk's slot to be made, or made again? */
static bool is_coming_back(const struct planning *pl, const struct disk *d, size_t first)
{
        size_t n = strcspn(d->slot.name, "/");

        for (size_t i = first; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_MACHINE && a->verb == ACTION_CREATE && strncmp(a->name, d->slot.name, n) == 0 &&
                    !a->name[n])
                        return true;
        }
        return false;
}

/* No spec asks for it any more: it goes with its machine's slot, or by the Policy's word. */
static void leave(struct planning *pl, const struct disk *d, size_t first)
{
        const struct resource *policy = pl->in->estate->policy;
        const struct slot *m = d->machine;

        if (m && m->release) {
                planning_remark(pl, d->slot.thing, REMARK_RELEASE);
                return;
        }
        if (!d->slot.row || (m && (m->victim || m->hold || (m->thing && m->thing->state == THING_LEAVING))))
                return; /* with its machine, or not at all */
        if (!m && pl->set->spec && d->spec && is_coming_back(pl, d, first))
                return;
        if (!m && pl->set->spec && d->spec)
                delete_disk(pl, d, "its machine is gone for good");
        else if (policy && policy->policy->prune && !(m && m->protect))
                delete_disk(pl, d, planning_why_orphaned(pl));
        else {
                pl->plan->orphaned++;
                planning_note(pl, plan_string(pl->plan, "%s (%s) is orphaned: kept, because %s", d->slot.name,
                                              d->slot.thing->id, m && m->protect ? "protect says so" : "prune is off"));
        }
}

/* The disks of a machine are not known where nobody looked, or nobody was told: then nothing is missing either. */
static bool is_looked_into(const struct planning *pl, const struct slot *s)
{
        return !pl->in->making[TYPE_DISK].goes_along || machine_was_asked(pl, TYPE_DISK, s->thing);
}

static void plan_disk(struct planning *pl, const struct disk *d, size_t first)
{
        const struct slot *m = d->machine;

        if (d->slot.call) {
                planning_section(pl)->waiting = true;
                return;
        }
        if (d->slot.thing->state == THING_PARKED) {
                tell_parked(pl, &d->slot);
                return;
        }
        if (d->slot.thing->state != THING_OWNED || (m && slot_is_shown(m) && !is_looked_into(pl, m)))
                return;
        if (!d->slot.row && d->slot.thing->missing) {
                planning_section(pl)->waiting = true;
                planning_note(pl,
                              plan_string(pl->plan, "%s (%s) is gone from the listing; a second look must confirm that",
                                          d->slot.name, d->slot.thing->id));
                return;
        }
        if (!m || !d->spec || m->release)
                leave(pl, d, first);
        else if (d->slot.row && slot_is_shown(m) && !m->victim && !m->call && !m->hold && !m->release &&
                 (m->row->condition == CONDITION_RUNNING || m->row->condition == CONDITION_STOPPED))
                compare(pl, d);
}

/* Disks that the ledger knows of the set. */
static void plan_known(struct planning *pl, size_t first)
{
        for (struct thing *t = strmap_get(&pl->census->things, pl->set->name); t && !pl->failed; t = t->next) {
                struct disk d;

                if (t->type != TYPE_DISK || !strchr(t->slot, '/'))
                        continue;
                d = disk_at(pl, t->slot, t);
                plan_disk(pl, &d, first);
        }
}

/* Disks that a machine should have, and nothing is known of. `after` is the number + 1 of the action that makes the machine. */
static void plan_missing_of(struct planning *pl, const char *machine, size_t after)
{
        const struct objects *disks = &pl->set->spec->disks;

        for (size_t i = 0; i < disks->n && !pl->failed; i++) {
                const struct disk_spec *spec = &((const struct disk_spec *)disks->items)[i];
                char name[DISK_SLOT_MAX];

                (void)snprintf(name, sizeof(name), "%s/%s", machine, spec->name);
                if (find_thing(pl, name))
                        continue;
                if (strmap_get(&pl->census->calls[TYPE_DISK], name)) {
                        planning_section(pl)->waiting = true;
                        continue;
                }
                make(pl, spec, plan_string(pl->plan, "%s", name), after);
        }
}

static void plan_missing(struct planning *pl, size_t first)
{
        size_t end = pl->plan->n_actions;

        for (size_t i = 0; i < pl->set->n_slots && !pl->failed; i++) {
                const struct slot *s = &pl->set->slots[i];

                if (slot_is_shown(s) && !s->victim && !s->call && !s->hold && !s->release &&
                    (s->row->condition == CONDITION_RUNNING || s->row->condition == CONDITION_STOPPED) &&
                    is_looked_into(pl, s))
                        plan_missing_of(pl, s->name, 0);
        }
        for (size_t i = first; i < end && !pl->failed; i++)
                if (pl->plan->actions[i].type == TYPE_MACHINE && pl->plan->actions[i].verb == ACTION_CREATE)
                        plan_missing_of(pl, pl->plan->actions[i].name, i + 1);
}

/* A machine does not go while a disk of ours hangs on it: the disk would go with it, or stay tied to it for good. The number of the
 * machine's action is `number`. */
static void detach_first(struct planning *pl, const struct disk *d, size_t number)
{
        const char *waits = pl->plan->actions[number].waits;
        struct action *a, *machine;

        if (d->slot.row && !*d->slot.row->parent && !d->slot.call)
                return;
        if (d->slot.row && !d->slot.call) {
                a = change(pl, d, ACTION_DETACH, ORDER_DETACH, "its machine goes");
                if (!a)
                        return;
                a->waits = waits;
                a->serves = number + 1;
                planning_depends(pl, &pl->plan->actions[number], pl->plan->n_actions - 1);
        }
        machine = &pl->plan->actions[number];
        machine->waits = machine->waits ? machine->waits : "its disks are detached first";
}

/* The disk of a slot that is given up goes once its machine is gone. */
static void delete_after(struct planning *pl, const struct disk *d, size_t number)
{
        struct action *a;

        if (!d->slot.row || d->slot.call)
                return;
        a = planning_action(pl, ACTION_DELETE, &d->slot, "its machine goes for good");
        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_DELETE;
        a->summary = value_text(pl->plan, PROPERTY_SIZE, &d->slot.row->values);
        if (pl->in->making[TYPE_DISK].goes_along)
                a->requests = 0;
        planning_depends(pl, a, number);
        a->serves = number + 1;
        a->waits = "its machine goes first";
}

/* What is on the disks of a machine that is made anew is lost: nobody should find that out afterwards. */
static void tell_emptied(struct planning *pl, struct action *machine, size_t disks)
{
        machine->summary = plan_string(pl->plan, "%s%sits %s with it and come%s back empty",
                                       machine->summary ? machine->summary : "", machine->summary ? ", " : "",
                                       disks == 1 ? "data disk goes" : "data disks go", disks == 1 ? "s" : "");
        if (!machine->summary)
                pl->failed = true;
}

/* The disks of a machine that is deleted, for good or to be made anew. */
static void plan_leaving(struct planning *pl, size_t number)
{
        bool for_good = pl->plan->actions[number].counts == COUNTS_DELETE;
        const char *name = pl->plan->actions[number].name;
        size_t n = strlen(name), disks = 0;

        for (struct thing *t = strmap_get(&pl->census->things, pl->set->name); t && !pl->failed; t = t->next) {
                struct disk d;

                if (t->type != TYPE_DISK || t->state != THING_OWNED || strncmp(t->slot, name, n) != 0 ||
                    t->slot[n] != '/')
                        continue;
                d = disk_at(pl, t->slot, t);
                if (pl->in->making[TYPE_DISK].detached)
                        detach_first(pl, &d, number);
                if (for_good)
                        delete_after(pl, &d, number);
                disks++;
        }
        if (disks && !for_good && pl->in->making[TYPE_DISK].goes_along)
                tell_emptied(pl, &pl->plan->actions[number], disks);
}

static bool has_disks(const struct planning *pl, const struct slot *s)
{
        return (pl->set->spec && pl->set->spec->disks.n) || strmap_get(&pl->owners, s->name);
}

static void tell_unknown(struct planning *pl)
{
        struct asked asked = { .type = TYPE_DISK };

        if (!pl->in->making[TYPE_DISK].goes_along)
                return;
        for (size_t i = 0; i < pl->set->n_slots && !pl->failed; i++) {
                const struct slot *s = &pl->set->slots[i];

                if (slot_is_shown(s) && !s->hold && !s->release && has_disks(pl, s))
                        asked_count(pl, &asked, s->thing);
        }
        asked_tell(pl, &asked);
}

/* Numbers + 1 of the actions by which machines that stay are changed in this pass. */
static int find_changes(const struct planning *pl, size_t first, size_t end, struct strmap *ret)
{
        int r = 0;

        for (size_t i = first; i < end && r == 0; i++) {
                const struct action *a = &pl->plan->actions[i];
                const struct slot *m = a->type == TYPE_MACHINE ? find_machine(pl, a->name) : NULL;
                const struct retry *retry = m ? planning_retry(pl, m, a->order, a->field) : NULL;

                if (m && a->order != ORDER_CREATE && a->order != ORDER_DELETE && a->verb != ACTION_ADOPT &&
                    !a->blocked && !a->waits && !(retry && pl->in->now < retry->next))
                        r = strmap_set(ret, a->name, (void *)(i + 1));
        }
        return r;
}

/* What is planned out of what an earlier look saw is not carried out: the next look asks for it first. And a machine that is changed is locked
 * meanwhile: what hangs on it comes after that. */
static void hold_back(struct planning *pl, size_t first, size_t end)
{
        _cleanup_strmap_ struct strmap changes = { 0 };

        if (find_changes(pl, first, end, &changes) < 0)
                pl->failed = true;
        for (size_t i = end; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];
                const struct slot *m = a->type == TYPE_DISK ? find_machine(pl, a->name) : NULL;
                size_t change;

                if (!m || a->waits || !slot_is_shown(m))
                        continue;
                change = (size_t)(uintptr_t)strmap_get(&changes, m->name);
                a->waits = asked_wait(pl, TYPE_DISK, m->thing);
                if (!a->waits && change) {
                        planning_depends(pl, a, change - 1);
                        a->waits = "one change of a machine at a time";
                }
        }
}

void plan_disks(struct planning *pl, size_t first)
{
        size_t end = pl->plan->n_actions;

        if (!pl->in->making[TYPE_DISK].possible)
                return;
        pl->failed = pl->failed || index_set(pl) < 0;
        for (size_t i = first; i < end && !pl->failed; i++)
                if (pl->plan->actions[i].type == TYPE_MACHINE && pl->plan->actions[i].order == ORDER_DELETE)
                        plan_leaving(pl, i);
        tell_unknown(pl);
        plan_known(pl, first);
        if (pl->set->spec)
                plan_missing(pl, first);
        if (pl->in->making[TYPE_DISK].goes_along)
                hold_back(pl, first, end);
        index_done(pl);
}
