/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
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

/* A network card that is known: because it is bound in the group, or because it was looked for. */
struct card {
        const char *machine, *id;
        const struct row *bound; /* NULL: it is not in the group */
};

struct group {
        const struct resource *resource;
        struct parts rules, bindings;
        struct card *cards; /* sorted by machine and id, each once */
        size_t n_cards;
        struct strmap going; /* names of machines that the plan deletes -> the plan */
};

static void group_done(struct group *g)
{
        parts_done(&g->rules);
        parts_done(&g->bindings);
        free(g->cards);
        strmap_done(&g->going);
}

/* Of two that are the same the bound one comes first. */
static int compare_cards(const void *left, const void *right)
{
        const struct card *a = left, *b = right;
        int r = strcmp(a->machine, b->machine);

        if (r == 0)
                r = text_natural_compare(a->id, b->id);
        return r ? r : !a->bound - !b->bound;
}

/* All cards that are known, of machines that should be in the group and of those that are. */
static void know_cards(struct planning *pl, struct group *g)
{
        const struct listed *bindings = &pl->in->machines->of[TYPE_BINDING], *cards = &pl->in->machines->of[TYPE_CARD];
        size_t n = 0;

        g->cards = calloc(bindings->n_rows + cards->n_rows + 1, sizeof(*g->cards));
        if (!g->cards) {
                pl->failed = true;
                return;
        }
        for (size_t i = 0; g->bindings.parent && i < bindings->n_rows; i++) {
                const struct row *row = &bindings->rows[i];

                if (text_equal(row->parent, g->bindings.parent))
                        g->cards[n++] = (struct card){ .machine = row->traits, .id = row->name, .bound = row };
        }
        for (size_t i = 0; i < cards->n_rows; i++)
                g->cards[n++] = (struct card){ .machine = cards->rows[i].parent, .id = cards->rows[i].id };
        if (n > 1)
                qsort(g->cards, n, sizeof(*g->cards), compare_cards);
        for (size_t i = 0; i < n; i++)
                if (g->n_cards == 0 || !text_equal(g->cards[g->n_cards - 1].id, g->cards[i].id) ||
                    !text_equal(g->cards[g->n_cards - 1].machine, g->cards[i].machine))
                        g->cards[g->n_cards++] = g->cards[i];
}

/* The cards of one machine: how many, and the first. */
static const struct card *cards_of(const struct group *g, const char *machine, size_t *ret_n)
{
        size_t from = 0, to = g->n_cards, n = 0;

        while (from < to) {
                size_t middle = from + (to - from) / 2;

                if (strcmp(g->cards[middle].machine, machine) < 0)
                        from = middle + 1;
                else
                        to = middle;
        }
        while (from + n < g->n_cards && text_equal(g->cards[from + n].machine, machine))
                n++;
        *ret_n = n;
        return &g->cards[from];
}

/* The machines that are to go for good, so that nothing is done about them any more. */
static void know_going(struct planning *pl, struct group *g)
{
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_MACHINE && a->verb == ACTION_DELETE && strmap_set(&g->going, a->name, pl->plan) < 0)
                        pl->failed = true;
        }
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

/* Where a machine has one card, the machine's name says it all. */
static const char *name_binding(struct planning *pl, const struct group *g, const char *machine, const char *id,
                                const char *card)
{
        size_t n;

        (void)cards_of(g, id, &n);
        return n == 1 ? plan_string(pl->plan, "%s/%s", group_name(&g->bindings), machine)
                      : plan_string(pl->plan, "%s/%s/%s", group_name(&g->bindings), machine, card);
}

static const char *name_bound(struct planning *pl, const struct parts *parts, const struct row *row)
{
        const struct thing *t = strmap_get(&pl->census->ids, row->traits);

        return name_binding(pl, parts->userdata, t ? t->slot : row->traits, row->traits, row->name);
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
                key = plan_words(pl->plan, &text);
                part = add_part(pl, &g->rules, plan_string(pl->plan, "%s/%s", group_name(&g->rules), buf_text(&text)),
                                "the group has no such rule");
                if (part)
                        part->key = key;
        }
}

/* A machine that is there: all of its cards that are known. Its name in the plan is `machine`. */
static void want_machine(struct planning *pl, struct group *g, const char *machine, const char *id)
{
        const struct row *row = observation_find(pl->in->machines, TYPE_MACHINE, id);
        struct part *part;
        size_t n;
        const struct card *cards = cards_of(g, id, &n);

        for (size_t i = 0; i < n && !pl->failed; i++) {
                part = add_part(pl, &g->bindings, name_binding(pl, g, machine, id, cards[i].id),
                                "its card is not in the group");
                if (!part)
                        return;
                part->key = cards[i].id;
                if (row && row->condition == CONDITION_CHANGING)
                        part->waits = "the vendor is still at work on its machine";
        }
        if (n > 0 || pl->failed)
                return;
        part = add_part(pl, &g->bindings, plan_string(pl->plan, "%s/%s", group_name(&g->bindings), machine),
                        "its card is not in the group");
        if (part)
                part->waits = g->bindings.parent ? "the vendor shows no card of it yet" : "its group goes first";
}

/* What is in the group of a machine stays there, and nothing is added. */
static void keep_machine(struct planning *pl, struct group *g, const char *machine, const char *id)
{
        size_t n;
        const struct card *cards = cards_of(g, id, &n);

        for (size_t i = 0; i < n && !pl->failed; i++) {
                struct part *part = cards[i].bound ? add_part(pl, &g->bindings,
                                                              name_binding(pl, g, machine, id, cards[i].id), "")
                                                   : NULL;

                if (!part)
                        continue;
                part->key = cards[i].id;
                part->keeps = true;
        }
}

/* A machine that is to be made is in the group once it is there. */
static void want_coming(struct planning *pl, struct group *g, const char *set)
{
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct part *part;

                if (a->type != TYPE_MACHINE || a->verb != ACTION_CREATE ||
                    !text_equal(pl->plan->sections[a->section].resource, set))
                        continue;
                part = add_part(pl, &g->bindings, plan_string(pl->plan, "%s/%s", group_name(&g->bindings), a->name),
                                "its card is not in the group");
                if (!part)
                        return;
                part->waits = "its machine goes first";
                part->after[0] = i + 1;
        }
}

static void want_set(struct planning *pl, struct group *g, const struct resource *set)
{
        char name[RESOURCE_TEXT_MAX];

        resource_text(set, name);
        for (const struct thing *t = strmap_get(&pl->census->things, name); t && !pl->failed; t = t->next) {
                if (t->type != TYPE_MACHINE || t->state != THING_OWNED || !*t->id ||
                    !observation_find(pl->in->machines, TYPE_MACHINE, t->id) || strmap_get(&g->going, t->slot))
                        continue;
                if (is_in_list(&set->machine_set->hold, t->slot, t->id))
                        keep_machine(pl, g, t->slot, t->id);
                else
                        want_machine(pl, g, t->slot, t->id);
        }
        want_coming(pl, g, name);
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
        for (size_t i = 0; i < g->n_cards && !pl->failed; i++) {
                const struct thing *t = strmap_get(&pl->census->ids, g->cards[i].machine);

                if ((i > 0 && text_equal(g->cards[i].machine, g->cards[i - 1].machine)) || !t ||
                    (t->state != THING_LEAVING && !strmap_get(&g->going, t->slot)))
                        continue;
                keep_machine(pl, g, t->slot, t->id);
        }
}

/* What the group is to contain; `made` is the number + 1 of the action that makes it, 0: it is there. */
static void plan_contents(struct planning *pl, struct group *g, size_t made)
{
        know_cards(pl, g);
        know_going(pl, g);
        if (pl->failed)
                return;
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
        _cleanup_json_ json_t *shown = NULL;

        if (values_known(&row->values, PROPERTY_SPEC) &&
            settings_parse(row->values.of[PROPERTY_SPEC].text, &shown) == -ENOMEM)
                plan_fail(pl->plan);
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
        planning_change(pl, a, property_name(PROPERTY_PENDING),
                        value_text(pl->plan, PROPERTY_PENDING, &slot->row->values), "0");
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

static void group_init(struct group *g, const char *name, const struct resource *resource, const char *id)
{
        *g = (struct group){
                .resource = resource,
                .rules = { .type = TYPE_RULE,
                           .parent = id,
                           .resource = name,
                           .name_row = name_rule,
                           .unread_counts = true },
                .bindings = { .type = TYPE_BINDING,
                              .parent = id,
                              .resource = name,
                              .name_row = name_bound,
                              .userdata = g,
                              .any_order = true },
        };
}

void plan_group(struct planning *pl, const struct resource *resource)
{
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX];
        _cleanup_(group_done) struct group g = { 0 };

        group_init(&g, resource_text(resource, name), resource, NULL);
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
        _cleanup_(group_done) struct group g = { 0 };

        group_init(&g, name, NULL, pl->plan->actions[number].vendor_id);
        know_cards(pl, &g);
        if (pl->failed)
                return;
        plan_parts_leaving(pl, &g.bindings, number);
        plan_parts_leaving(pl, &g.rules, number);
}
