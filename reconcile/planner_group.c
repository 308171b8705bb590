/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"
#include "reconcile/rule_spec.h"
#include "reconcile/settings.h"

/*
 * A security group is one thing with a name, which is its marker; its rules and the cards that are bound in it are what it contains. The vendor
 * cannot change a group: what differs is told. A rule that is written otherwise is another rule: the new one comes before the old
 * one goes.
 */

struct group {
        const struct resource *resource;
        struct parts rules, bindings;
};

static void group_done(struct group *g)
{
        parts_done(&g->rules);
        parts_done(&g->bindings);
}

/* What it is called: its slot, before the '/'. */
static const char *group_name(const struct parts *parts)
{
        return strchr(parts->resource, '/') + 1;
}

static const char *name_rule(struct planning *pl, const struct parts *parts, const struct row *row)
{
        return plan_string(pl->plan, "%s/%s", group_name(parts), row->name);
}

/* Is it the only card of its machine in the group? Then the machine's name says it all. */
static bool is_only_card(const struct planning *pl, const char *group, const char *machine, const char *card)
{
        const struct listed *bindings = &pl->in->machines->of[TYPE_BINDING], *cards = &pl->in->machines->of[TYPE_CARD];

        for (size_t i = 0; i < cards->n_rows; i++)
                if (text_equal(cards->rows[i].parent, machine) && !text_equal(cards->rows[i].id, card))
                        return false;
        for (size_t i = 0; i < bindings->n_rows; i++)
                if (text_equal(bindings->rows[i].parent, group) && text_equal(bindings->rows[i].traits, machine) &&
                    !text_equal(bindings->rows[i].name, card))
                        return false;
        return true;
}

static const char *name_binding(struct planning *pl, const struct parts *parts, const char *machine, const char *id,
                                const char *card)
{
        return is_only_card(pl, parts->parent, id, card)
                       ? plan_string(pl->plan, "%s/%s", group_name(parts), machine)
                       : plan_string(pl->plan, "%s/%s/%s", group_name(parts), machine, card);
}

static const char *name_bound(struct planning *pl, const struct parts *parts, const struct row *row)
{
        const struct thing *t = strmap_get(&pl->census->ids, row->traits);

        return name_binding(pl, parts, t ? t->slot : row->traits, row->traits, row->name);
}

static struct part *add_part(struct planning *pl, struct parts *parts, const char *slot, const char *reason)
{
        struct part *part = parts_add(pl, parts);

        if (!slot)
                pl->failed = true;
        if (part)
                *part = (struct part){ .slot = slot, .reason = reason };
        return part;
}

/* A rule that is written in two ways is one. */
static bool is_added(const struct parts *parts, const char *key)
{
        for (size_t i = 0; i < parts->n; i++)
                if (text_equal(parts->items[i].key, key))
                        return true;
        return false;
}

static void want_rules(struct planning *pl, struct group *g)
{
        const struct objects *rules = &g->resource->security_group->rules;

        for (size_t i = 0; i < rules->n && !pl->failed; i++) {
                _cleanup_buf_ struct buf text = BUF_INIT(RULE_TEXT_MAX);
                const char *key;
                struct part *part;

                if (rule_spec_text(&((const struct rule_spec *)rules->items)[i], &text, NULL) < 0) {
                        pl->failed = true;
                        return;
                }
                key = plan_string(pl->plan, "%s", buf_text(&text));
                if (is_added(&g->rules, key))
                        continue;
                part = add_part(pl, &g->rules, plan_string(pl->plan, "%s/%s", g->resource->name, buf_text(&text)),
                                "the group has no such rule");
                if (part)
                        part->key = key;
        }
}

static void want_card(struct planning *pl, struct group *g, const char *machine, const char *id, const char *card)
{
        struct part *part;

        if (is_added(&g->bindings, card))
                return;
        part = add_part(pl, &g->bindings, name_binding(pl, &g->bindings, machine, id, card),
                        "its card is not in the group");
        if (part)
                part->key = card;
}

/* The cards of a machine that is there: those that are bound, and where none is all that it has. */
static void want_machine(struct planning *pl, struct group *g, const char *machine, const char *id)
{
        const struct listed *bindings = &pl->in->machines->of[TYPE_BINDING], *cards = &pl->in->machines->of[TYPE_CARD];
        size_t before = g->bindings.n;
        struct part *part;

        for (size_t i = 0; i < bindings->n_rows && !pl->failed; i++)
                if (g->bindings.parent && text_equal(bindings->rows[i].parent, g->bindings.parent) &&
                    text_equal(bindings->rows[i].traits, id))
                        want_card(pl, g, machine, id, bindings->rows[i].name);
        for (size_t i = 0; i < cards->n_rows && !pl->failed; i++)
                if (text_equal(cards->rows[i].parent, id))
                        want_card(pl, g, machine, id, cards->rows[i].id);
        if (g->bindings.n > before || pl->failed)
                return;
        part = add_part(pl, &g->bindings, plan_string(pl->plan, "%s/%s", g->resource->name, machine),
                        "its card is not in the group");
        if (part)
                part->waits = g->bindings.parent ? "the vendor shows no card of it yet" : "its group goes first";
}

/* The action that makes, or takes away, the machine; SIZE_MAX: there is none. */
static size_t find_action(const struct planning *pl, enum action_verb verb, const char *name)
{
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_MACHINE && a->verb == verb && text_equal(a->name, name))
                        return i;
        }
        return SIZE_MAX;
}

static void want_set(struct planning *pl, struct group *g, const struct resource *set)
{
        char name[RESOURCE_TEXT_MAX];

        resource_text(set, name);
        for (const struct thing *t = strmap_get(&pl->census->things, name); t && !pl->failed; t = t->next)
                if (t->type == TYPE_MACHINE && t->state == THING_OWNED && *t->id &&
                    observation_find(pl->in->machines, TYPE_MACHINE, t->id) &&
                    find_action(pl, ACTION_DELETE, t->slot) == SIZE_MAX)
                        want_machine(pl, g, t->slot, t->id);
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct part *part;

                if (a->type != TYPE_MACHINE || a->verb != ACTION_CREATE ||
                    !text_equal(pl->plan->sections[a->section].resource, name))
                        continue;
                part = add_part(pl, &g->bindings, plan_string(pl->plan, "%s/%s", g->resource->name, a->name),
                                "its card is not in the group");
                if (!part)
                        return;
                part->waits = "its machine goes first";
                part->after[0] = i + 1;
        }
}

static void want_bindings(struct planning *pl, struct group *g)
{
        const struct objects *attach = &g->resource->security_group->attach;

        for (size_t i = 0; i < attach->n && !pl->failed; i++) {
                const struct attach_spec *to = &((const struct attach_spec *)attach->items)[i];

                if (to->machine_set.resource)
                        want_set(pl, g, to->machine_set.resource);
                else if (to->machine)
                        want_machine(pl, g, to->machine, to->machine);
        }
}

/* A machine that goes takes its bindings along: they are let be until then. */
static void keep_leaving(struct planning *pl, struct group *g)
{
        const struct listed *bindings = &pl->in->machines->of[TYPE_BINDING];

        for (size_t i = 0; i < bindings->n_rows && !pl->failed; i++) {
                const struct row *row = &bindings->rows[i];
                const struct thing *t = strmap_get(&pl->census->ids, row->traits);
                struct part *part;

                if (!g->bindings.parent || !text_equal(row->parent, g->bindings.parent) || !t ||
                    (t->state != THING_LEAVING && find_action(pl, ACTION_DELETE, t->slot) == SIZE_MAX) ||
                    is_added(&g->bindings, row->name))
                        continue;
                part = add_part(pl, &g->bindings, t->slot, "");
                if (part)
                        *part = (struct part){ .key = row->name, .slot = t->slot, .reason = "", .keeps = true };
        }
}

/* What the group is to contain; `made` is the number + 1 of the action that makes it, 0: it is there. */
static void plan_contents(struct planning *pl, struct group *g, size_t made)
{
        want_rules(pl, g);
        want_bindings(pl, g);
        keep_leaving(pl, g);
        for (size_t i = 0; made && i < g->rules.n; i++) {
                g->rules.items[i].waits = "its group goes first";
                g->rules.items[i].after[0] = made;
        }
        for (size_t i = 0; made && i < g->bindings.n; i++) {
                size_t *after = g->bindings.items[i].after;

                g->bindings.items[i].waits = "its group goes first";
                after[after[0] ? 1 : 0] = made;
        }
        if (!pl->failed)
                plan_parts(pl, &g->rules);
        if (!pl->failed)
                plan_parts(pl, &g->bindings);
}

static const struct row *find_named(const struct planning *pl, const char *name)
{
        const struct listed *listed = &pl->in->machines->of[TYPE_GROUP];

        for (size_t i = 0; i < listed->n_rows; i++)
                if (text_equal(listed->rows[i].name, name))
                        return &listed->rows[i];
        return NULL;
}

static size_t make(struct planning *pl, const struct resource *resource)
{
        const struct slot slot = { .type = TYPE_GROUP, .name = plan_string(pl->plan, "%s", resource->name) };
        const struct row *stranger = find_named(pl, resource->name);
        struct action *a = slot.name ? planning_action(pl, ACTION_CREATE, &slot, "it is not there yet") : NULL;

        if (!a) {
                pl->failed = true;
                return 0;
        }
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        a->summary = plan_string(pl->plan, "%zu rule%s", resource->security_group->rules.n,
                                 resource->security_group->rules.n == 1 ? "" : "s");
        if (stranger)
                planning_block(pl, a, REASON_CONFLICT,
                               plan_string(pl->plan,
                                           "a security group named %s (%s) is there and is not ours; take it under "
                                           "management with 'muster adopt SecurityGroup/%s %s', or rename it",
                                           resource->name, stranger->id, resource->name, stranger->id));
        return pl->plan->n_actions;
}

/* One of the group's own fields, which the vendor cannot change. */
static void tell_field(struct planning *pl, const struct resource *resource, const json_t *shown, const char *field,
                       const char *wanted)
{
        const char *is = json_string_value(settings_get(shown, field));

        if (is && wanted && !text_equal(is, wanted))
                planning_note(pl,
                              plan_string(pl->plan, "%s: %s is \"%s\", spec says \"%s\"; it cannot be changed there",
                                          resource->name, field, is, wanted));
}

static void tell_drift(struct planning *pl, const struct resource *resource, const struct row *row)
{
        _cleanup_json_ json_t *shown = values_known(&row->values, PROPERTY_SPEC)
                                               ? json_loads(row->values.of[PROPERTY_SPEC].text, 0, NULL)
                                               : NULL;

        tell_field(pl, resource, shown, "description", resource->security_group->description);
        tell_field(pl, resource, shown, "tenant", resource->security_group->tenant);
}

/* Rules that were accepted and are not in effect are named, and asked for again. True: there are some. */
static bool ask_again(struct planning *pl, const struct slot *slot)
{
        const struct listed *rules = &pl->in->machines->of[TYPE_RULE];
        struct action *a;

        if (!values_known(&slot->row->values, PROPERTY_PENDING) || slot->row->values.of[PROPERTY_PENDING].number == 0)
                return false;
        planning_section(pl)->waiting = true;
        for (size_t i = 0; i < rules->n_rows; i++)
                if (text_equal(rules->rows[i].parent, slot->row->id) && rules->rows[i].condition == CONDITION_CHANGING)
                        planning_note(
                                pl, plan_string(pl->plan, "%s is accepted and not in effect yet", rules->rows[i].name));
        if (slot->call)
                return true;
        a = planning_action(pl, ACTION_UPDATE, slot,
                            "some of its rules are accepted and not in effect: they are asked for again");
        if (!a)
                return true;
        a->order = ORDER_CHANGE;
        a->field = PROPERTY_PENDING;
        values_set_number(&a->wanted, PROPERTY_PENDING, 0);
        a->changes[a->n_changes++] = (struct change_line){
                .field = property_name(PROPERTY_PENDING),
                .from = value_text(pl->plan, PROPERTY_PENDING, &slot->row->values),
                .to = "0",
        };
        return true;
}

static void plan_current(struct planning *pl, struct group *g, const struct slot *slot)
{
        size_t before = pl->plan->n_actions;
        bool pending;

        g->rules.parent = g->bindings.parent = slot->thing->id;
        planning_section(pl)->exist++;
        tell_drift(pl, g->resource, slot->row);
        pending = ask_again(pl, slot);
        plan_contents(pl, g, 0);
        if (pl->plan->n_actions == before)
                planning_part_unchanged(pl);
        planning_section(pl)->ready += !pending;
}

static void plan_slot(struct planning *pl, struct group *g, const struct slot *slot)
{
        bool coming = !slot->thing || (slot->call && slot->call->verb != ORDER_CHANGE);

        if (coming) {
                planning_section(pl)->waiting = true;
                planning_note(pl,
                              plan_string(pl->plan, "%s is being %s", slot->name, slot->thing ? "deleted" : "made"));
        } else if (slot->thing->state == THING_PARKED) {
                tell_parked(pl, slot);
        } else if (!slot->row) {
                planning_section(pl)->waiting = true;
                planning_note(pl,
                              plan_string(pl->plan, "%s (%s) is gone from the listing; a second look must confirm that",
                                          slot->name, slot->thing->id));
        } else {
                plan_current(pl, g, slot);
        }
}

static struct group group_of(const char *name, const struct resource *resource, const char *id)
{
        return (struct group){
                .resource = resource,
                .rules = { .type = TYPE_RULE, .parent = id, .resource = name, .name_row = name_rule },
                .bindings = { .type = TYPE_BINDING, .parent = id, .resource = name, .name_row = name_bound },
        };
}

void plan_group(struct planning *pl, const struct resource *resource)
{
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX];
        _cleanup_(group_done) struct group g = group_of(resource_text(resource, name), resource, NULL);

        if (set_expand(pl->in, pl->census, name, NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        planning_section(pl)->headline = set.n_slots && set.slots[0].thing
                                                 ? plan_string(pl->plan, "it is %s", set.slots[0].thing->id)
                                                 : "it is not there yet";
        for (size_t i = 0; i < set.n_slots && !pl->failed; i++)
                plan_slot(pl, &g, &set.slots[i]);
        if (!set.n_slots)
                plan_contents(pl, &g, make(pl, resource));
}

void plan_group_leaving(struct planning *pl, const char *name, size_t number)
{
        struct group g = group_of(name, NULL, pl->plan->actions[number].vendor_id);

        plan_parts_leaving(pl, &g.bindings, number);
        plan_parts_leaving(pl, &g.rules, number);
}
