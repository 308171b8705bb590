/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"
#include "reconcile/settings.h"

/*
 * A network is one thing with a name. What its listing shows is compared with that; whether it is at the cloud router, and whether its firewall is
 * on, no listing shows: what was sent last is kept by the ledger, and sent again where it differs or its outcome was never
 * known. Machines are made on it once it is as the spec says, and it goes after the last of them.
 */

#define SETTINGS_MAX ((size_t)1 << 16)

struct network {
        const struct resource *resource;
        const struct private_network *spec;
        const struct slot *slot;
        size_t made; /* number + 1 of the action that makes it; 0: it is there */
};

static const char *truth(bool is)
{
        return is ? "true" : "false";
}

/* "": it was sent, and nobody knows what came of that. NULL: it never was. One that is to be made is at no router. */
static const char *sent_last(const struct network *n, enum property f)
{
        const struct thing *t = n->slot->thing;

        if (!t)
                return f == PROPERTY_ROUTED ? "false" : NULL;
        return values_known(&t->made_with, f) ? t->made_with.of[f].text : NULL;
}

/* The settings with this description; NULL: out of memory (noted). */
static const char *settings_with(struct planning *pl, const char *description)
{
        _cleanup_json_ json_t *settings = description ? json_pack("{s:s}", "description", description) : json_object();
        _cleanup_free_ char *text = settings ? json_to_text(settings, JSON_COMPACT) : NULL;
        const char *kept = text ? plan_string(pl->plan, "%s", text) : NULL;

        if (!kept)
                pl->failed = true;
        return kept ? kept : "{}";
}

static struct action *change(struct planning *pl, const struct network *n, enum property f, const char *field,
                             const char *is, const char *wanted)
{
        struct action *a = planning_action(pl, ACTION_UPDATE, n->slot,
                                           plan_string(pl->plan, "%s is %s, spec says %s", field, is, wanted));

        if (!a)
                return NULL;
        a->order = ORDER_CHANGE;
        a->field = f;
        planning_change(pl, a, field, is, wanted);
        if (n->made) {
                a->waits = "its network goes first";
                planning_depends(pl, a, n->made - 1);
        }
        return a;
}

static void report(struct planning *pl, const struct network *n, const char *field, const char *is, const char *wanted)
{
        planning_note(pl, plan_string(pl->plan, "%s: %s is %s, spec says %s; only reported, as onDrift says",
                                      n->slot->name, field, is, wanted));
}

/* One of those that no listing shows. `as_made`: it is as it was when we made the network, so that the same was planned before that was
 * there, when nothing had an id. */
static void compare_sent(struct planning *pl, const struct network *n, enum property f, bool wanted, bool as_made)
{
        const char *sent = sent_last(n, f), *is = sent && *sent ? sent : "not known";
        struct action *a;

        if (text_equal(sent, truth(wanted)))
                return;
        if (n->resource->on_drift == ON_DRIFT_REPORT) {
                report(pl, n, property_name(f), is, truth(wanted));
                return;
        }
        a = change(pl, n, f, property_name(f), is, truth(wanted));
        if (!a)
                return;
        values_set_text(&a->wanted, f, truth(wanted));
        if (as_made)
                a->vendor_id = NULL;
}

/* An adopted network whose spec does not ask for a router stays where it is: what is not known is no drift. */
static void compare_routed(struct planning *pl, const struct network *n)
{
        const char *sent = sent_last(n, PROPERTY_ROUTED);

        if (sent || n->spec->routed)
                compare_sent(pl, n, PROPERTY_ROUTED, n->spec->routed, text_equal(sent, "false"));
}

static void compare_firewall(struct planning *pl, const struct network *n)
{
        const struct thing *t = n->slot->thing;

        if (n->spec->firewall_given)
                compare_sent(pl, n, PROPERTY_FIREWALL, n->spec->firewall,
                             !sent_last(n, PROPERTY_FIREWALL) && !(t && t->adopted));
}

static void compare_description(struct planning *pl, const struct network *n)
{
        const struct values *values = &n->slot->row->values;
        _cleanup_json_ json_t *shown = NULL;
        const char *is, *wanted = n->spec->description;
        struct action *a;

        if (!wanted || !values_known(values, PROPERTY_SPEC))
                return;
        if (settings_parse(values->of[PROPERTY_SPEC].text, &shown) < 0) {
                pl->failed = true;
                return;
        }
        is = json_string_value(settings_get(shown, "description"));
        if (!is || text_equal(is, wanted))
                return;
        is = *is ? plan_string(pl->plan, "%s", is) : "\"\"";
        if (n->resource->on_drift == ON_DRIFT_REPORT) {
                report(pl, n, "description", is, *wanted ? wanted : "\"\"");
                return;
        }
        a = change(pl, n, PROPERTY_SPEC, "description", is, *wanted ? plan_string(pl->plan, "%s", wanted) : "\"\"");
        if (a)
                values_set_text(&a->wanted, PROPERTY_SPEC, settings_with(pl, wanted));
}

static void plan_current(struct planning *pl, const struct network *n)
{
        size_t first = pl->plan->n_actions;

        planning_section(pl)->exist++;
        if (n->slot->call) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan, "%s is being changed", n->slot->name));
                return;
        }
        named_rename(pl, n->resource, n->slot);
        compare_description(pl, n);
        compare_routed(pl, n);
        compare_firewall(pl, n);
        planning_chain(pl, n->slot, first, "one change of a network at a time");
        if (pl->plan->n_actions > first)
                return;
        planning_part_unchanged(pl);
        planning_section(pl)->ready++;
}

/* One that is not there yet, and what is to be set of it once it is. */
static void make(struct planning *pl, struct network *n)
{
        const struct slot slot = { .type = TYPE_NETWORK, .name = named_next(pl, n->resource, NULL) };
        size_t first = pl->plan->n_actions;
        struct action *a = planning_action(pl, ACTION_CREATE, &slot, "it is not there yet");

        if (!a)
                return;
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        a->summary = n->spec->description && *n->spec->description ? plan_string(pl->plan, "%s", n->spec->description)
                                                                   : "private";
        values_set_text(&a->wanted, PROPERTY_SPEC, settings_with(pl, n->spec->description));
        values_set_text(&a->wanted, PROPERTY_ROUTED, truth(false));
        named_meet_stranger(pl, n->resource, a, "network");
        n->slot = &slot;
        n->made = first + 1;
        compare_routed(pl, n);
        compare_firewall(pl, n);
        n->slot = NULL;
        planning_chain(pl, &slot, first, "one change of a network at a time");
}

void plan_network(struct planning *pl, const struct resource *resource)
{
        const struct thing *current = thing_current(pl->in->ledger, resource);
        struct network n = { .resource = resource, .spec = resource->network };
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX];

        if (set_expand(pl->in, pl->census, resource_text(resource, name), NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        planning_section(pl)->headline = current ? plan_string(pl->plan, "it is %s", current->id)
                                                 : "it is not there yet";
        for (size_t i = 0; i < set.n_slots && !pl->failed; i++) {
                n.slot = &set.slots[i];
                if (!named_is_away(pl, n.slot))
                        plan_current(pl, &n);
        }
        if (!set.n_slots)
                make(pl, &n);
}

/* Machines that are to be made on it. */

/* Does it keep a machine from being made on the network? */
static bool goes_before_machines(const struct action *a)
{
        return a->type == TYPE_NETWORK &&
               (a->order == ORDER_CREATE || (a->order == ORDER_CHANGE && a->field == PROPERTY_ROUTED));
}

/* The section of the resource in this plan; NULL: it is not planned. */
static const struct section *find_section(const struct planning *pl, const char *name)
{
        for (size_t i = pl->plan->n_sections; i > 0; i--)
                if (text_equal(pl->plan->sections[i - 1].resource, name))
                        return &pl->plan->sections[i - 1];
        return NULL;
}

/* Nothing is planned about a network that is not there, or is not to be used: somebody has to see to it. */
static void give_up(struct planning *pl, struct action *a, const char *name)
{
        const struct section *s = find_section(pl, name);
        enum phase_reason reason = s ? s->phase_reason : REASON_HELD;

        if (reason == REASON_NONE)
                return;
        a->given_up = true;
        section_reason(planning_section(pl), reason,
                       plan_string(pl->plan, "%s goes first%s", name,
                                   s ? plan_string(pl->plan, ": %s", s->message) : ", and is not selected"));
}

void network_await(struct planning *pl, struct action *a)
{
        const struct reference *network = &pl->set->spec->network;
        const struct thing *current = network->resource ? thing_current(pl->in->ledger, network->resource) : NULL;
        const char *waits = NULL;
        char name[RESOURCE_TEXT_MAX];
        bool is_there;

        if (!network->resource)
                return;
        resource_text(network->resource, name);
        is_there = current && observation_find(pl->in->machines, TYPE_NETWORK, current->id) &&
                   !strmap_get(&pl->census->calls[TYPE_NETWORK], current->slot);
        /* Networks are planned before all machines. */
        for (size_t i = 0; i < pl->plan->n_actions && pl->plan->actions[i].type != TYPE_MACHINE; i++)
                if (goes_before_machines(&pl->plan->actions[i]) &&
                    text_equal(pl->plan->sections[pl->plan->actions[i].section].resource, name)) {
                        waits = "its network goes first";
                        planning_depends(pl, a, i);
                }
        if (is_there && !waits)
                return;
        a->waits = plan_string(pl->plan, "%s goes first", name);
        if (!waits)
                give_up(pl, a, name);
}

/* A network that goes. */

/* One that we do not know to be at no router leaves it first. Where the vendor does not let it, its delete is tried as it is. */
void plan_network_leaving(struct planning *pl, const struct slot *slot, size_t number)
{
        struct network n = { .slot = slot };
        const struct retry *retry = planning_retry(pl, slot, ORDER_CHANGE, PROPERTY_ROUTED);
        const char *sent = sent_last(&n, PROPERTY_ROUTED);
        struct action *a, *goes;

        if (text_equal(sent, "false") || (retry && retry->given_up))
                return;
        a = change(pl, &n, PROPERTY_ROUTED, property_name(PROPERTY_ROUTED), sent && *sent ? sent : "not known",
                   "false");
        if (!a)
                return;
        a->reason = "a network that goes leaves its cloud router first";
        a->serves = number + 1;
        values_set_text(&a->wanted, PROPERTY_ROUTED, truth(false));
        goes = &pl->plan->actions[number];
        planning_depends(pl, goes, pl->plan->n_actions - 1);
        if (goes->waits)
                a->waits = goes->waits;
        else
                goes->waits = "it leaves its cloud router first";
}

/* How many machines of ours are on a network, and what becomes of them. */
struct users {
        const char *id; /* the network's */
        size_t n, going;
        bool coming, leaving;  /* a call that makes, or deletes, one of them is open */
        const char *first;     /* one that stays */
        const char *wanted_by; /* a set that wants its machines there */
};

static bool is_on(const struct values *made_with, const char *id)
{
        return values_known(made_with, PROPERTY_NETWORK) && text_equal(made_with->of[PROPERTY_NETWORK].text, id);
}

static bool is_going(const struct planning *pl, size_t first, const struct thing *t)
{
        for (size_t i = first; i < pl->plan->n_actions; i++)
                if (pl->plan->actions[i].thing == t && pl->plan->actions[i].order == ORDER_DELETE)
                        return true;
        return false;
}

static void count_things(const struct planning *pl, size_t first, struct users *u)
{
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type != TYPE_MACHINE || !text_equal(t->account, pl->in->account) || !is_on(&t->made_with, u->id))
                        continue;
                if (t->state == THING_LEAVING)
                        u->leaving = true;
                else if (t->state != THING_OWNED && t->state != THING_PARKED)
                        continue;
                else if (is_going(pl, first, t))
                        u->going++;
                else if (u->n++ == 0)
                        u->first = t->slot;
        }
        for (size_t i = 0; i < ledger->n_calls; i++) {
                const struct call *c = ledger->calls[i];

                u->coming = u->coming ||
                            (c->state != CALL_RESOLVED && c->type == TYPE_MACHINE && c->verb == ORDER_CREATE &&
                             text_equal(c->account, pl->in->account) && is_on(&c->wanted, u->id));
        }
}

static void find_wanting(struct planning *pl, struct users *u)
{
        for (size_t i = 0; i < pl->in->estate->n_resources && !u->wanted_by; i++) {
                const struct resource *r = pl->in->estate->resources[i];

                if (r->kind == &kind_machine_set && resource_provider(r) == pl->in->provider &&
                    !r->machine_set->network.resource && text_equal(r->machine_set->network.name, u->id))
                        u->wanted_by = plan_string(pl->plan, "MachineSet/%s", r->name);
        }
}

/* The first of what is done about a network that goes: what its delete waits for, or that itself. */
static struct action *first_of(struct planning *pl, size_t number)
{
        for (size_t i = 0; i < pl->plan->n_actions; i++)
                if (pl->plan->actions[i].serves == number + 1)
                        return &pl->plan->actions[i];
        return &pl->plan->actions[number];
}

static void go_after_machines(struct planning *pl, size_t first, size_t number)
{
        struct users u = { .id = pl->plan->actions[number].vendor_id };
        struct action *a = first_of(pl, number);
        const char *words;

        count_things(pl, first, &u);
        find_wanting(pl, &u);
        if (u.wanted_by || u.n) {
                words = u.wanted_by ? plan_string(pl->plan, "%s wants its machines on it", u.wanted_by)
                        : u.n == 1
                                ? plan_string(pl->plan, "%s is on it: a network goes after its machines", u.first)
                                : plan_string(pl->plan, "%s and %zu more are on it: a network goes after its machines",
                                              u.first, u.n - 1);
                planning_block(pl, &pl->plan->actions[number], REASON_CONFLICT, words);
                planning_block(pl, a, REASON_CONFLICT, words);
                return;
        }
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                const struct action *other = &pl->plan->actions[i];

                if (other->type == TYPE_MACHINE && other->order == ORDER_DELETE &&
                    is_on(&other->thing->made_with, u.id))
                        planning_depends(pl, a, i);
        }
        if ((u.going || u.coming || u.leaving) && !a->waits)
                a->waits = "the machines on it go first";
}

void plan_networks_last(struct planning *pl, size_t first)
{
        for (size_t i = first; i < pl->plan->n_actions && !pl->failed; i++)
                if (pl->plan->actions[i].type == TYPE_NETWORK && pl->plan->actions[i].order == ORDER_DELETE)
                        go_after_machines(pl, first, i);
}
