/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/access.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * A rule of access is there once for each machine that it is about: "web-in/web-3". What says the same as is wanted is as wanted, whatever it is
 * called; a rule that is to say something else is added anew, as "web-in/web-3.2", before the old one goes.
 */

/* What one machine should have. */
struct wanted {
        struct target target;
        const char *base;    /* "web-in/web-3" */
        const char *content; /* NULL: the machine's address is not known */
        bool keeps;          /* what is there stays, and nothing is added */
        bool off;            /* it is switched off by its spec, and has never had an address */
        bool busy;           /* something of this name may be there, or waits for a person */
        bool satisfied;
        size_t made; /* number + 1 of the action that adds it; 0: none does */
        size_t next; /* number + 1 of the one before that says the same; 0: none does */
};

struct rules {
        const struct resource *resource;
        struct wanted *items;
        size_t n, allocated;
        struct strmap bases, contents; /* -> number + 1 of what has it, the last one of a content */
        struct strmap slots;           /* the names that are taken */
};

static void rules_done(struct rules *r)
{
        free(r->items);
        strmap_done(&r->bases);
        strmap_done(&r->contents);
        strmap_done(&r->slots);
}

/* The length of the base of a slot: of "web-in/web-3.2" that of "web-in/web-3". */
static size_t base_length(const char *slot)
{
        const char *dot = strrchr(slot, '.');

        return dot && dot[1] && strspn(dot + 1, "0123456789") == strlen(dot + 1) ? (size_t)(dot - slot) : strlen(slot);
}

/* What a slot is of; a vendor's id may look as if it had a number behind. NULL: of nothing that is wanted. */
static struct wanted *find_base(struct planning *pl, const struct rules *r, const char *slot)
{
        size_t number = (uintptr_t)strmap_get(&r->bases, slot), n = base_length(slot);
        const char *base = number || !slot[n] ? NULL : strpool_addn(pl->plan->strings, slot, n);

        if (base)
                number = (uintptr_t)strmap_get(&r->bases, base);
        return number ? &r->items[number - 1] : NULL;
}

static const char *content_of(struct planning *pl, const struct rules *r, const char *address)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ACCESS_TEXT_MAX);
        int code = access_spec_text(r->resource->access, address, &text, NULL);

        if (code == -ENOMEM)
                pl->failed = true;
        return code < 0 ? NULL : plan_string(pl->plan, "%s", buf_text(&text));
}

/* Machines of one set or several may have one address only by mistake; each has its rule all the same. */
static int know_content(struct rules *r, size_t number)
{
        struct wanted *w = &r->items[number];

        w->next = (uintptr_t)strmap_get(&r->contents, w->content);
        return strmap_set(&r->contents, w->content, (void *)(uintptr_t)(number + 1));
}

static bool is_switched_off(const struct access_spec *spec, const struct target *target)
{
        const struct resource *set = spec->machine_set.resource;

        return set && set->machine_set->power == POWER_STOPPED && target->row &&
               target->row->condition == CONDITION_STOPPED;
}

static void want(struct planning *pl, struct rules *r, const char *machine)
{
        const char *base = plan_string(pl->plan, "%s/%s", r->resource->name, machine);
        int code = base ? strmap_put(&r->bases, base, (void *)(uintptr_t)(r->n + 1)) : -ENOMEM;
        struct wanted *w;

        if (code == -EEXIST)
                return;
        w = code < 0 ? NULL : ARRAY_ADD(r->items, r->n, r->allocated);
        if (!w) {
                pl->failed = true;
                return;
        }
        *w = (struct wanted){ .base = base };
        target_find(pl, machine, &w->target);
        if (w->target.address && *w->target.address)
                w->content = content_of(pl, r, w->target.address);
        w->off = !w->content && is_switched_off(r->resource->access, &w->target);
        w->keeps = w->off || w->target.leaves || w->target.hold || (w->target.id && !w->target.row);
        if (w->content && know_content(r, r->n - 1) < 0)
                pl->failed = true;
}

static void want_set(struct planning *pl, struct rules *r, const struct resource *set)
{
        char name[RESOURCE_TEXT_MAX];

        resource_text(set, name);
        for (const struct thing *t = strmap_get(&pl->census->things, name); t && !pl->failed; t = t->next)
                if (t->type == TYPE_MACHINE && t->state != THING_RELEASED)
                        want(pl, r, t->slot);
        for (size_t i = 0; i < pl->in->ledger->n_calls && !pl->failed; i++) {
                const struct call *c = pl->in->ledger->calls[i];

                if (c->state != CALL_RESOLVED && c->verb == ORDER_CREATE && c->type == TYPE_MACHINE &&
                    text_equal(c->account, pl->in->account) && text_equal(c->resource, name))
                        want(pl, r, c->slot);
        }
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_MACHINE && (a->verb == ACTION_CREATE || a->verb == ACTION_ADOPT) &&
                    text_equal(pl->plan->sections[a->section].resource, name))
                        want(pl, r, a->name);
        }
}

/* What it says: as it is shown, or where that cannot be read, as it was made, since a rule never changes. NULL: not known. */
static const char *content_shown(const struct slot *slot)
{
        const struct values *shown = &slot->row->values, *made = &slot->thing->made_with;
        const struct values *v = values_known(shown, PROPERTY_SPEC) ? shown : made;

        return values_known(v, PROPERTY_SPEC) ? v->of[PROPERTY_SPEC].text : NULL;
}

/* Under our id there is another rule by now, or the vendor writes it as nobody can know: a person has to look, and nothing is added beside it. */
static bool is_another(struct planning *pl, const struct slot *slot)
{
        const struct values *made = &slot->thing->made_with;
        const char *is = content_shown(slot), *words;

        if (is && (!values_known(made, PROPERTY_SPEC) || text_equal(made->of[PROPERTY_SPEC].text, is)))
                return false;
        words = is ? plan_string(pl->plan, "%s (%s) is %s, and was made as %s: it is left alone; 'muster forget %s'",
                                 slot->name, slot->row->id, is, made->of[PROPERTY_SPEC].text,
                                 planning_section(pl)->resource)
                   : plan_string(pl->plan, "%s (%s) shows too little of itself, and is left alone", slot->name,
                                 slot->row->id);
        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_CONFLICT, words);
        return true;
}

static bool satisfies(struct rules *r, const char *content)
{
        for (size_t i = (uintptr_t)strmap_get(&r->contents, content); i > 0; i = r->items[i - 1].next)
                if (!r->items[i - 1].satisfied) {
                        r->items[i - 1].satisfied = true;
                        return true;
                }
        return false;
}

/* It has one, and a rule is about IPv4 addresses alone: that does not change by itself. */
static void await_address(struct planning *pl, const struct wanted *w, struct action *a)
{
        a->waits = plan_string(pl->plan, "its machine is at %s, and no rule can be about that", w->target.address);
        a->given_up = true;
        section_reason(planning_section(pl), REASON_HELD, plan_string(pl->plan, "%s: %s", a->name, a->waits));
}

static void add(struct planning *pl, const struct rules *r, struct wanted *w)
{
        const struct access_spec *spec = r->resource->access;
        struct slot slot = { .type = TYPE_ACCESS, .name = w->base };
        struct action *a;
        size_t number = 1;

        while (slot.name && strmap_get(&r->slots, slot.name))
                slot.name = plan_string(pl->plan, "%s.%zu", w->base, ++number);
        a = slot.name ? planning_action(pl, ACTION_CREATE, &slot, "its machine has no such rule") : NULL;
        if (!a) {
                pl->failed = true;
                return;
        }
        w->made = pl->plan->n_actions;
        a->order = ORDER_CREATE;
        if (w->content) {
                a->summary = w->content;
                values_set_text(&a->wanted, PROPERTY_SPEC, w->content);
                values_set_text(&a->wanted, PROPERTY_DIRECTION, rule_direction_words[spec->direction]);
                values_set_text(&a->wanted, PROPERTY_MACHINE, w->target.id ? w->target.id : "");
        } else {
                target_await(pl, &w->target, a);
                if (!a->waits)
                        await_address(pl, w, a);
        }
        planning_admit(pl, a);
}

static void drop(struct planning *pl, const struct slot *slot, const struct wanted *w)
{
        const char *reason = !w                                            ? "no spec asks for it"
                             : text_equal(content_shown(slot), w->content) ? "it is there twice"
                                                                           : "the spec says otherwise";
        struct action *a = planning_action(pl, ACTION_DELETE, slot, reason);

        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->summary = plan_string(pl->plan, "%s", content_shown(slot));
        if (!w || !w->made)
                return;
        planning_depends(pl, a, w->made - 1);
        a->waits = "what is new is added first";
}

static void tell_only(struct planning *pl, const struct slot *slot, struct wanted *w)
{
        w->satisfied = true;
        planning_note(pl, plan_string(pl->plan, "%s is %s, spec says %s; only reported, as onDrift says", slot->name,
                                      content_shown(slot), w->content));
}

/* What becomes of a rule of ours that is listed. True: it stays. */
static bool stays(struct planning *pl, struct rules *r, const struct slot *slot)
{
        struct wanted *w = find_base(pl, r, slot->name);

        if (w && (w->keeps || w->busy || !w->content))
                return true;
        if (!w || w->satisfied || r->resource->on_drift != ON_DRIFT_REPORT)
                return false;
        tell_only(pl, slot, w);
        return true;
}

/* Each of the slots: `stay` is true where nothing is to be done about it. */
static void match(struct planning *pl, struct rules *r, const struct set *set, bool *stay)
{
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *slot = &set->slots[i];
                struct wanted *w = find_base(pl, r, slot->name);

                if (strmap_set(&r->slots, slot->name, r) < 0)
                        pl->failed = true;
                if (slot->thing && slot->thing->state == THING_LEAVING) {
                        planning_section(pl)->waiting = true;
                        stay[i] = true;
                } else if (named_is_away(pl, slot)) {
                        stay[i] = true;
                        if (w)
                                w->busy = true;
                } else if (is_another(pl, slot)) {
                        planning_section(pl)->exist++;
                        stay[i] = true;
                        if (w)
                                w->busy = true;
                } else {
                        planning_section(pl)->exist++;
                        stay[i] = satisfies(r, content_shown(slot));
                }
        }
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                stay[i] = stay[i] || stays(pl, r, &set->slots[i]);
                if (stay[i] && set->slots[i].row && !set->slots[i].call)
                        planning_part_unchanged(pl);
        }
}

/* One that somebody else made says what is to be added: that is told, since it may be ours by another ledger's word. */
static void tell_equal(struct planning *pl, const struct rules *r)
{
        const struct listed *listed = &pl->in->machines->of[TYPE_ACCESS];

        for (size_t i = 0; i < listed->n_rows && !pl->failed; i++) {
                const struct row *row = &listed->rows[i];
                size_t number = values_known(&row->values, PROPERTY_SPEC)
                                        ? (uintptr_t)strmap_get(&r->contents, row->values.of[PROPERTY_SPEC].text)
                                        : 0;

                if (number && r->items[number - 1].made &&
                    !ledger_held(pl->in->ledger, pl->in->account, TYPE_ACCESS, row->id))
                        planning_note(pl,
                                      plan_string(pl->plan,
                                                  "%s says the same as what %s is to have, and is not ours; 'muster "
                                                  "adopt %s %s' takes it",
                                                  row->id, r->items[number - 1].target.name,
                                                  planning_section(pl)->resource, row->id));
        }
}

static void plan_rules(struct planning *pl, struct rules *r, const struct set *set)
{
        _cleanup_free_ bool *stay = calloc(set->n_slots + 1, sizeof(*stay));
        struct section *section = planning_section(pl);
        bool adds = false;

        if (!stay) {
                pl->failed = true;
                return;
        }
        section->desired = 0;
        match(pl, r, set, stay);
        for (size_t i = 0; i < r->n && !pl->failed; i++) {
                struct wanted *w = &r->items[i];

                section->desired += !w->target.leaves && !w->off;
                section->ready += w->satisfied;
                if (!w->satisfied && !w->keeps && !w->busy)
                        add(pl, r, w);
                adds = adds || w->made;
        }
        if (adds)
                tell_equal(pl, r);
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++)
                if (!stay[i])
                        drop(pl, &set->slots[i], find_base(pl, r, set->slots[i].name));
}

void plan_access(struct planning *pl, const struct resource *resource)
{
        _cleanup_(rules_done) struct rules r = { .resource = resource };
        const struct resource *followed = resource->access->machine_set.resource;
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX], of[RESOURCE_TEXT_MAX];

        if (set_expand(pl->in, pl->census, resource_text(resource, name), NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        if (followed)
                want_set(pl, &r, followed);
        else
                want(pl, &r, resource->access->machine);
        planning_section(pl)->headline = followed ? plan_string(pl->plan, "follows %s", resource_text(followed, of))
                                                  : plan_string(pl->plan, "is about %s", resource->access->machine);
        if (!pl->failed)
                plan_rules(pl, &r, &set);
}
