/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_backends.h"

/*
 * What a balancer hands its connections to. It follows the machines of sets: a back end is added once its machine runs and has its address, and
 * removed before the machine goes. What is kept from going, so that something is left, is planner_last.c's.
 */

void follower_done(struct follower *f)
{
        parts_done(&f->parts);
        free(f->known);
        strmap_done(&f->by_machine);
        strmap_done(&f->keys);
        strmap_done(&f->going);
        strmap_done(&f->starting);
}

/* Machines that this plan takes away, starts or stops, by their ids. */
static int note_machines(struct planning *pl, struct follower *f)
{
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct strmap *map = a->order == ORDER_DELETE  ? &f->going
                                     : a->order == ORDER_START ? &f->starting
                                                               : NULL;

                if (a->type != TYPE_MACHINE || !map || !a->vendor_id || a->blocked)
                        continue;
                if (strmap_set(map, a->vendor_id, (void *)(uintptr_t)(i + 1)) < 0)
                        return -1;
        }
        return 0;
}

size_t follower_going(const struct follower *f, const char *machine)
{
        return (uintptr_t)strmap_get(&f->going, machine);
}

/* A key taken apart, in a copy that is the plan's: 1, 0 it is none, or -1 out of memory. */
static int take_apart(struct planning *pl, const char *key, struct backend *ret)
{
        size_t n = strlen(key) + 1;
        char *copy = strpool_alloc(pl->plan->strings, n);

        if (!copy)
                return -1;
        return backend_parse(memcpy(copy, key, n), ret) == 0;
}

/* `machine` is NULL where the row shows too little of itself. */
static int know(struct planning *pl, const struct row *row, struct known *ret)
{
        *ret = (struct known){ .row = row };
        if (!*row->name || row->condition == CONDITION_UNKNOWN)
                return 0;
        return take_apart(pl, row->name, &ret->backend) < 0 ? -1 : 0;
}

/* What is listed in the balancer, each with the next one of the same machine. */
static int note_rows(struct planning *pl, struct follower *f)
{
        const struct listed *listed = &pl->in->machines->of[TYPE_BACKEND];

        for (size_t i = 0; f->parts.parent && i < listed->n_rows; i++) {
                struct known *known;

                if (!text_equal(listed->rows[i].parent, f->parts.parent))
                        continue;
                known = ARRAY_ADD(f->known, f->n_known, f->allocated_known);
                if (!known || know(pl, &listed->rows[i], known) < 0)
                        return -1;
                if (!known->backend.machine)
                        continue;
                known->next = (uintptr_t)strmap_get(&f->by_machine, known->backend.machine);
                if (strmap_set(&f->by_machine, known->backend.machine, (void *)(uintptr_t)f->n_known) < 0)
                        return -1;
        }
        return 0;
}

/* A new part, unless there is one with this key already; the key and the slot are the plan's. NULL: there is, or out of memory. */
static struct part *add_part(struct planning *pl, struct follower *f, const char *key, const char *slot)
{
        struct part *part;
        int r = key ? strmap_put(&f->keys, key, f) : 0;

        if (r == -EEXIST)
                return NULL;
        part = r < 0 || !*slot ? NULL : parts_add(pl, &f->parts); /* empty: out of memory */
        if (!part) {
                pl->failed = true;
                return NULL;
        }
        *part = (struct part){ .key = key, .slot = slot, .reason = f->reason };
        return part;
}

/* The text before the '/' is the balancer's slot. */
static const char *slot_of(struct planning *pl, const struct parts *parts, const char *machine, int64_t port)
{
        return plan_string(pl->plan, "%s/%s:%lld", parts->owner->name, machine, (long long)port);
}

static const char *name_row(struct planning *pl, const struct parts *parts, const struct row *row)
{
        const struct thing *t;
        struct known known;

        if (know(pl, row, &known) < 0 || !known.backend.machine)
                return plan_string(pl->plan, "%s/%s", parts->owner->name, row->id);
        t = strmap_get(&pl->census->ids, known.backend.machine);
        return slot_of(pl, parts, t ? t->slot : known.backend.machine, known.backend.port);
}

/* What is there of the machine stays as it is: nothing is known that speaks against it. True: there is something. */
static bool keep(struct planning *pl, struct follower *f, const char *machine, int64_t port)
{
        bool kept = false;

        for (size_t i = (uintptr_t)strmap_get(&f->by_machine, machine); i > 0; i = f->known[i - 1].next) {
                const struct known *known = &f->known[i - 1];
                struct part *part;

                if (known->backend.port != port)
                        continue;
                kept = true;
                part = add_part(pl, f, known->row->name, name_row(pl, &f->parts, known->row));
                if (part)
                        part->keeps = true;
        }
        return kept;
}

/* One that cannot be added before something else is there. */
static void add_later(struct planning *pl, struct follower *f, const char *machine, int64_t port, const char *waits,
                      size_t after, bool given_up)
{
        struct part *part = add_part(pl, f, NULL, slot_of(pl, &f->parts, machine, port));

        if (!part)
                return;
        part->waits = waits;
        part->machine = after;
        part->given_up = given_up;
}

static const char *summary(struct planning *pl, const char *address, const struct backend_spec *entry)
{
        return entry->weight ? plan_string(pl->plan, "%s, weight %lld", address, (long long)entry->weight)
                             : plan_string(pl->plan, "%s", address);
}

static struct part *add_known(struct planning *pl, struct follower *f, const struct backend_spec *entry,
                              const char *machine, const char *id, const char *address)
{
        _cleanup_buf_ struct buf key = BUF_INIT(BACKEND_KEY_MAX);
        const char *kept = backend_key(&key, id, address, entry->port) < 0 ? NULL : plan_words(pl->plan, &key);
        struct part *part = kept ? add_part(pl, f, kept, slot_of(pl, &f->parts, machine, entry->port)) : NULL;

        if (!kept)
                pl->failed = true;
        if (!part)
                return NULL;
        part->summary = summary(pl, address, entry);
        values_set_number(&part->wanted, PROPERTY_PORT, entry->port);
        if (entry->weight)
                values_set_number(&part->wanted, PROPERTY_WEIGHT, entry->weight);
        return part;
}

/* Will the machine run without anybody's doing? */
static bool will_run(const struct follower *f, const struct row *row)
{
        return row->condition == CONDITION_CHANGING || strmap_get(&f->starting, row->id);
}

/* A machine of a set that is there and stays. What it is already behind stays, whatever it is doing. */
static void want_machine(struct planning *pl, struct follower *f, const struct backend_spec *entry,
                         const struct thing *t, const struct row *row)
{
        bool runs = row->condition == CONDITION_RUNNING || row->condition == CONDITION_UNSHOWN;
        struct part *part;

        if (!*row->address) {
                if (!keep(pl, f, t->id, entry->port) &&
                    entry->machine_set.resource->machine_set->power == POWER_RUNNING)
                        add_later(pl, f, t->slot, entry->port, "its machine has no address yet", 0,
                                  !runs && !will_run(f, row));
                return;
        }
        part = add_known(pl, f, entry, t->slot, t->id, row->address);
        if (!part || runs)
                return;
        part->keeps = entry->machine_set.resource->machine_set->power == POWER_STOPPED;
        part->waits = "its machine does not run";
        part->given_up = !will_run(f, row);
}

/* One that goes or is gone comes back only where it is made anew. */
static void want_again(struct planning *pl, struct follower *f, const struct backend_spec *entry, const struct thing *t)
{
        const struct call *call = strmap_get(&pl->census->calls[TYPE_MACHINE], t->slot);
        size_t going = follower_going(f, t->id);
        bool again = going ? pl->plan->actions[going - 1].counts == COUNTS_REPLACE
                           : call && call->verb == ORDER_DELETE && call->counts == COUNTS_REPLACE;

        if (again)
                add_later(pl, f, t->slot, entry->port, "its machine is made anew first", going, false);
}

static void want_thing(struct planning *pl, struct follower *f, const struct backend_spec *entry, const struct thing *t)
{
        const struct row *row = *t->id ? observation_find(pl->in->machines, TYPE_MACHINE, t->id) : NULL;

        if (t->type != TYPE_MACHINE || t->state == THING_RELEASED)
                return;
        if (t->state == THING_LEAVING || (*t->id && follower_going(f, t->id)))
                want_again(pl, f, entry, t);
        else if (t->state == THING_OWNED && row)
                want_machine(pl, f, entry, t, row);
        else if (*t->id)
                (void)keep(pl, f, t->id, entry->port);
}

/* Machines of a set: those that there are, those that are being made, and those that this plan makes. */
static void want_set(struct planning *pl, struct follower *f, const struct backend_spec *entry)
{
        char name[RESOURCE_TEXT_MAX];

        resource_text(entry->machine_set.resource, name);
        for (const struct thing *t = strmap_get(&pl->census->things, name); t && !pl->failed; t = t->next)
                want_thing(pl, f, entry, t);
        for (size_t i = 0; i < pl->in->ledger->n_calls && !pl->failed; i++) {
                const struct call *c = pl->in->ledger->calls[i];

                if (c->state != CALL_RESOLVED && c->verb == ORDER_CREATE && c->type == TYPE_MACHINE &&
                    text_equal(c->account, pl->in->account) && text_equal(c->resource, name))
                        add_later(pl, f, c->slot, entry->port, "its machine is being made", 0, false);
        }
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_MACHINE && a->verb == ACTION_CREATE &&
                    text_equal(pl->plan->sections[a->section].resource, name))
                        add_later(pl, f, a->name, entry->port, "its machine goes first", i + 1, false);
        }
}

static void want_all(struct planning *pl, struct follower *f)
{
        const struct backend_spec *entries = f->spec->backends.items;

        for (size_t i = 0; i < f->spec->backends.n && !pl->failed; i++) {
                if (entries[i].machine_set.resource)
                        want_set(pl, f, &entries[i]);
                else if (!follower_going(f, entries[i].machine))
                        (void)add_known(pl, f, &entries[i], entries[i].machine, entries[i].machine, entries[i].address);
        }
}

/* A back end of the same machine and address that no part accounts for: its port can be changed in place. */
static const struct known *find_unclaimed(const struct follower *f, const struct backend *wanted)
{
        for (size_t i = (uintptr_t)strmap_get(&f->by_machine, wanted->machine); i > 0; i = f->known[i - 1].next) {
                const struct known *known = &f->known[i - 1];

                if (text_equal(known->backend.address, wanted->address) && !strmap_get(&f->keys, known->row->name))
                        return known;
        }
        return NULL;
}

static bool is_listed(const struct follower *f, const struct backend *wanted)
{
        for (size_t i = (uintptr_t)strmap_get(&f->by_machine, wanted->machine); i > 0; i = f->known[i - 1].next)
                if (text_equal(f->known[i - 1].backend.address, wanted->address) &&
                    f->known[i - 1].backend.port == wanted->port)
                        return true;
        return false;
}

static void pair_ports(struct planning *pl, struct follower *f)
{
        for (size_t i = 0; i < f->parts.n && !pl->failed; i++) {
                struct part *part = &f->parts.items[i];
                const struct known *known;
                struct backend wanted;

                if (!part->key || part->keeps || take_apart(pl, part->key, &wanted) <= 0 || is_listed(f, &wanted))
                        continue;
                known = find_unclaimed(f, &wanted);
                if (!known)
                        continue;
                if (strmap_put(&f->keys, known->row->name, f) < 0)
                        pl->failed = true;
                part->key = known->row->name;
                part->waits = NULL;
                part->given_up = false;
        }
}

/* Where fields that differ are only reported, what is there is taken as it is. */
static void tell_only(struct planning *pl, struct follower *f)
{
        for (size_t i = 0; i < f->n_known && !pl->failed; i++) {
                const struct row *row = f->known[i].row;

                for (size_t k = 0; k < f->parts.n; k++) {
                        struct part *part = &f->parts.items[k];

                        if (!text_equal(part->key, row->name))
                                continue;
                        for (enum property p = PROPERTY_PORT; p <= PROPERTY_WEIGHT; p++)
                                if (values_known(&part->wanted, p) && values_known(&row->values, p) &&
                                    !value_equal(p, &part->wanted, &row->values))
                                        planning_note(
                                                pl,
                                                plan_string(
                                                        pl->plan,
                                                        "%s: %s is %s, spec says %s; only reported, as onDrift says",
                                                        strchr(part->slot, '/') + 1, property_name(p),
                                                        value_text(pl->plan, p, &row->values),
                                                        value_text(pl->plan, p, &part->wanted)));
                        part->wanted = (struct values){ 0 };
                }
        }
}

static void await_balancer(struct follower *f, size_t made)
{
        for (size_t i = 0; i < f->parts.n; i++) {
                struct part *part = &f->parts.items[i];

                if (!part->waits)
                        part->waits = "its balancer goes first";
                part->made = made;
        }
}

/* The machine of a back end does not go before that is gone; and what the machine waits for, it waits for as well. */
static void tie(struct planning *pl, size_t going, size_t number)
{
        struct action *machine = &pl->plan->actions[going - 1];
        struct action *drop = number ? &pl->plan->actions[number - 1] : NULL;
        bool waits_itself = machine->waits && !text_equal(machine->waits, BACKENDS_FIRST);

        if (drop) {
                drop->reason = drop->serves ? drop->reason : "its machine goes";
                drop->serves = drop->serves ? drop->serves : going;
                if (waits_itself && !drop->waits)
                        drop->waits = machine->waits;
                planning_depends(pl, machine, number - 1);
        }
        machine->waits = machine->waits ? machine->waits : BACKENDS_FIRST;
}

/* Ties each back end of a machine that goes to its machine. */
static void tie_machines(struct planning *pl, struct follower *f, size_t first)
{
        _cleanup_strmap_ struct strmap drops = { 0 };

        for (size_t i = first; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_BACKEND && a->order == ORDER_DELETE &&
                    strmap_set(&drops, a->vendor_id, (void *)(uintptr_t)(i + 1)) < 0)
                        pl->failed = true;
        }
        for (size_t i = 0; i < f->n_known && !pl->failed; i++) {
                const struct known *known = &f->known[i];
                size_t going = known->backend.machine ? follower_going(f, known->backend.machine) : 0;

                if (going)
                        tie(pl, going, (uintptr_t)strmap_get(&drops, known->row->id));
        }
}

static void tell_disabled(struct planning *pl, const struct follower *f)
{
        for (size_t i = 0; i < f->n_known; i++)
                if (f->known[i].row->condition == CONDITION_STOPPED)
                        planning_note(pl,
                                      plan_string(pl->plan,
                                                  "%s (%s) is disabled at the vendor, which has no call to enable it",
                                                  name_row(pl, &f->parts, f->known[i].row), f->known[i].row->id));
}

const char *backends_follow(struct planning *pl, const struct resource *resource)
{
        const struct objects *backends = &resource->load_balancer->backends;
        _cleanup_buf_ struct buf b = BUF_INIT(FOLLOWS_MAX);
        const char *words;

        for (size_t i = 0; i < backends->n; i++) {
                const struct resource *set = ((const struct backend_spec *)backends->items)[i].machine_set.resource;
                char name[RESOURCE_TEXT_MAX];

                if (set && !strstr(buf_text(&b), resource_text(set, name)))
                        (void)buf_addf(&b, "%s%s", b.len ? ", " : "follows ", name);
        }
        words = plan_words(pl->plan, &b);
        return b.len ? words : NULL;
}

static struct follower follower_of(const char *name, const struct slot *owner, const char *id)
{
        return (struct follower){
                .parts = { .type = TYPE_BACKEND, .parent = id, .resource = name, .name_row = name_row, .owner = owner },
        };
}

void plan_backends(struct planning *pl, const struct resource *resource, const struct slot *owner, size_t made)
{
        char name[RESOURCE_TEXT_MAX];
        const char *follows = backends_follow(pl, resource);
        _cleanup_(follower_done) struct follower f = follower_of(resource_text(resource, name), owner,
                                                                 owner->row ? owner->row->id : NULL);
        size_t first = pl->plan->n_actions;

        f.spec = resource->load_balancer;
        f.reason = follows ? follows : "the spec names it";
        if (note_machines(pl, &f) < 0 || note_rows(pl, &f) < 0) {
                pl->failed = true;
                return;
        }
        want_all(pl, &f);
        pair_ports(pl, &f);
        if (resource->on_drift == ON_DRIFT_REPORT)
                tell_only(pl, &f);
        if (made)
                await_balancer(&f, made);
        tell_disabled(pl, &f);
        plan_parts(pl, &f.parts);
        tie_machines(pl, &f, first);
        if (!pl->failed)
                keep_last(pl, &f, first);
}

void plan_backends_leaving(struct planning *pl, const char *name, size_t number)
{
        const struct action *balancer = &pl->plan->actions[number];
        const struct slot owner = { .type = TYPE_BALANCER, .name = balancer->name };
        _cleanup_(follower_done) struct follower f = follower_of(name, &owner, balancer->vendor_id);
        size_t first = pl->plan->n_actions;

        if (note_machines(pl, &f) < 0 || note_rows(pl, &f) < 0) {
                pl->failed = true;
                return;
        }
        plan_parts_leaving(pl, &f.parts, number);
        tie_machines(pl, &f, first);
}

/* Is the machine ours, and on its way out or gone already? */
static bool is_leaving(const struct planning *pl, const struct follower *f, const char *machine)
{
        return follower_going(f, machine) || (!observation_find(pl->in->machines, TYPE_MACHINE, machine) &&
                                              ledger_held(pl->in->ledger, pl->in->account, TYPE_MACHINE, machine) &&
                                              !strmap_get(&pl->census->ids, machine));
}

void plan_backends_orphaned(struct planning *pl, const struct slot *owner)
{
        _cleanup_(follower_done) struct follower f = follower_of(planning_section(pl)->resource, owner, owner->row->id);
        size_t first = pl->plan->n_actions;

        if (note_machines(pl, &f) < 0 || note_rows(pl, &f) < 0) {
                pl->failed = true;
                return;
        }
        for (size_t i = 0; i < f.n_known && !pl->failed; i++) {
                const struct known *known = &f.known[i];
                struct part *part = known->backend.machine && is_leaving(pl, &f, known->backend.machine)
                                            ? NULL
                                            : add_part(pl, &f, known->row->name, name_row(pl, &f.parts, known->row));

                if (part)
                        part->keeps = true;
        }
        plan_parts(pl, &f.parts);
        tie_machines(pl, &f, first);
}

void plan_backends_unselected(struct planning *pl, const struct resource *resource)
{
        const struct thing *balancer = thing_current(pl->in->ledger, resource);
        const struct slot owner = { .type = TYPE_BALANCER, .name = balancer ? balancer->slot : "" };
        char name[RESOURCE_TEXT_MAX];
        _cleanup_(follower_done) struct follower f = follower_of(resource_text(resource, name), &owner,
                                                                 balancer ? balancer->id : NULL);

        if (note_machines(pl, &f) < 0 || note_rows(pl, &f) < 0)
                pl->failed = true;
        for (size_t i = 0; i < f.n_known && !pl->failed; i++) {
                const char *machine = f.known[i].backend.machine;
                size_t going = machine ? follower_going(&f, machine) : 0;

                if (going)
                        planning_block(
                                pl, &pl->plan->actions[going - 1], REASON_HELD,
                                plan_string(
                                        pl->plan,
                                        "it is behind %s, which is not selected; select that, and this goes with it",
                                        name));
        }
}
