/* SPDX-License-Identifier: MIT */
#include "reconcile/planner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

const char *retry_key(enum thing_type type, const char *slot, enum order_verb verb, enum property field,
                      char key[static RETRY_KEY_MAX])
{
        snprintf(key, RETRY_KEY_MAX, "%d %d %d %s", (int)type, (int)verb, (int)field, slot);
        return key;
}

void planning_wanted(const struct planning *pl, struct values *ret)
{
        values_wanted(pl->set->spec, pl->in->codec, pl->in->config->options, pl->in->ledger, ret);
}

struct section *planning_section(struct planning *pl)
{
        return &pl->plan->sections[pl->section];
}

void section_reason(struct section *s, enum phase_reason reason, const char *message)
{
        if (s->phase_reason != REASON_NONE)
                return;
        s->phase_reason = reason;
        s->message = message;
}

void planning_part_unchanged(struct planning *pl)
{
        pl->plan->unchanged++;
        pl->plan->unchanged_parts++;
}

void planning_note(struct planning *pl, const char *text)
{
        struct section *s = planning_section(pl);
        const char **note = ARRAY_ADD(s->notes, s->n_notes, s->allocated_notes);

        if (note)
                *note = text;
        else
                pl->failed = true;
}

void planning_trouble(struct planning *pl, bool unknown, const char *name, const char *text)
{
        struct section *s = planning_section(pl);
        struct trouble *trouble = ARRAY_ADD(s->troubles, s->n_troubles, s->allocated_troubles);
        const char *words = name && text ? plan_string(pl->plan, "%s: %s", name, text) : NULL;

        if (!trouble || !words) {
                pl->failed = true;
                s->n_troubles -= trouble != NULL;
                return;
        }
        *trouble = (struct trouble){ .unknown = unknown, .name = name, .text = text };
        pl->plan->unknown += unknown;
        if (!unknown)
                section_reason(s, REASON_REFUSED, words);
}

void planning_block(struct planning *pl, struct action *a, enum phase_reason reason, const char *why)
{
        if (a->blocked)
                return;
        a->blocked = why;
        section_reason(&pl->plan->sections[a->section], reason, why);
}

struct action *planning_action(struct planning *pl, enum action_verb verb, const struct slot *slot, const char *reason)
{
        struct action *a = ARRAY_ADD(pl->plan->actions, pl->plan->n_actions, pl->plan->allocated_actions);

        if (!a) {
                pl->failed = true;
                return NULL;
        }
        *a = (struct action){
                .verb = verb,
                .type = slot->type,
                .kind = thing_type_text(slot->type),
                .name = plan_string(pl->plan, "%s", slot->name),
                .vendor_id = slot->thing && slot->thing->id[0] ? plan_string(pl->plan, "%s", slot->thing->id) : NULL,
                .reason = reason,
                .requests = verb == ACTION_REPLACE ? 2 : 1,
                .section = pl->section,
                .thing = slot->thing,
        };
        planning_section(pl)->n_actions++;
        if (pl->paused)
                planning_block(pl, a, REASON_NONE, pl->paused);
        return a;
}

void planning_change(struct planning *pl, struct action *a, const char *field, const char *from, const char *to)
{
        const struct change_line change = { .field = field, .from = from, .to = to };

        if (!field || !from || !to || action_add_change(pl->plan, a, &change) < 0)
                pl->failed = true;
}

void planning_depends(struct planning *pl, struct action *a, size_t number)
{
        if (action_depends(pl->plan, a, number) < 0)
                pl->failed = true;
}

static enum phase_reason reason_of(enum outcome_class class)
{
        switch (class) {
        case OUTCOME_CAPACITY:
                return REASON_CAPACITY;
        case OUTCOME_AUTH:
                return REASON_AUTH;
        default:
                return REASON_REFUSED;
        }
}

static const struct retry *live_retry(const struct planning *pl, enum thing_type type, const char *name,
                                      const struct thing *thing, enum order_verb verb, enum property field)
{
        char key[RETRY_KEY_MAX];
        const struct retry *retry = strmap_get(pl->in->retries, retry_key(type, name, verb, field, key));

        return retry && thing && retry->condition != thing->condition ? NULL : retry;
}

const struct retry *planning_retry(const struct planning *pl, const struct slot *s, enum order_verb verb,
                                   enum property field)
{
        return live_retry(pl, s->type, s->name, s->thing, verb, field);
}

/* An order that failed a short while ago waits; one that failed too often waits for a person. */
static void wait_for_retry(struct planning *pl, struct action *a)
{
        struct section *s = &pl->plan->sections[a->section];
        const struct retry *retry = live_retry(pl, a->type, a->name, a->thing, a->order, a->field);
        char text[UNITS_TEXT_MAX];

        if (!retry || a->waits || a->blocked || pl->in->now >= retry->next)
                return;
        a->given_up = retry->given_up;
        if (retry->given_up)
                section_reason(s, reason_of(retry->class), plan_string(pl->plan, "%s: %s", a->name, retry->why));
        if (retry->next == USEC_INFINITY) {
                a->waits = plan_string(pl->plan, "%s; not tried again before the spec changes", retry->why);
                return;
        }
        a->not_before = pl->in->wall + (int64_t)(usec_since(retry->next, pl->in->now) / USEC_PER_SEC) + 1;
        if (!s->next_attempt || a->not_before < s->next_attempt)
                s->next_attempt = a->not_before;
        a->waits = plan_string(pl->plan, "%s; next try in %s", retry->why,
                               duration_roughly(usec_max(usec_since(retry->next, pl->in->now), USEC_PER_SEC), text));
}

static int new_section(struct planning *pl, const char *name, const struct resource *resource)
{
        struct section *s = ARRAY_ADD(pl->plan->sections, pl->plan->n_sections, pl->plan->allocated_sections);

        if (!s)
                return -ENOMEM;
        *s = (struct section){
                .resource = plan_string(pl->plan, "%s", name),
                .provider = plan_string(pl->plan, "%s", pl->in->account),
                .headline = "",
                .message = "",
                .desired = !resource                             ? 0
                           : resource->kind == &kind_machine_set ? resource->machine_set->count
                                                                 : 1,
        };
        if (resource)
                s->position = resource->position;
        pl->section = pl->plan->n_sections - 1;
        return plan_check(pl->plan);
}

/* Paused by its spec, or by a person: `muster pause`. */
const char *planning_paused(struct planning *pl, const struct resource *r)
{
        char name[RESOURCE_TEXT_MAX];
        const char *reason;

        if (r->paused)
                return plan_string(pl->plan, "%s is paused in its spec", resource_text(r, name));
        reason = ledger_paused(pl->in->ledger, resource_text(r, name));
        if (!reason)
                return NULL;
        return plan_string(pl->plan, "%s is paused%s%s; 'muster resume %s' goes on", name, reason[0] ? ": " : "",
                           reason, name);
}

const char *planning_paused_by(struct planning *pl, const struct resource *resource)
{
        const char *why = resource ? planning_paused(pl, resource) : NULL;

        if (!why && pl->in->provider)
                why = planning_paused(pl, pl->in->provider);
        if (!why && pl->in->estate->policy)
                why = planning_paused(pl, pl->in->estate->policy);
        return why;
}

static void conclude(struct planning *pl)
{
        struct section *s = planning_section(pl);

        if (s->unknown) {
                s->phase = s->phase_reason == REASON_HELD ? PHASE_BLOCKED : PHASE_UNKNOWN;
                s->message = s->unknown;
        } else if (pl->paused) {
                s->phase = PHASE_PAUSED;
                s->message = pl->paused;
        } else if (s->phase_reason == REASON_REFUSED) {
                s->phase = PHASE_FAILED;
        } else if (s->phase_reason != REASON_NONE) {
                s->phase = PHASE_BLOCKED;
        } else if (s->n_troubles) { /* an error would have given a reason */
                s->phase = PHASE_UNKNOWN;
                s->message = plan_string(pl->plan, "%s: %s", s->troubles[0].name, s->troubles[0].text);
        } else if (s->n_actions || s->waiting) {
                s->phase = PHASE_PROGRESSING;
                s->message = s->n_notes && s->waiting ? s->notes[0]
                                                      : plan_string(pl->plan, "%lld of %lld ready", (long long)s->ready,
                                                                    (long long)s->desired);
        } else {
                s->phase = PHASE_CONVERGED;
                s->next_attempt = s->due_at;
                s->message = s->n_notes ? s->notes[0] : s->when_converged ? s->when_converged : "";
        }
}

const char *planning_why_orphaned(struct planning *pl)
{
        const struct resource *resource = estate_find_text(pl->in->estate, planning_section(pl)->resource);
        const struct resource *provider = resource ? resource_provider(resource) : NULL;
        const char *why = "no spec names it any more";

        if (provider && !text_equal(provider->name, pl->in->account))
                why = plan_string(pl->plan, "its spec names Provider/%s now", provider->name);
        pl->failed = pl->failed || !why;
        return why;
}

static const struct slot *slot_of(const struct set *set, const struct action *a)
{
        size_t i = 0;

        while (set->slots[i].thing != a->thing)
                i++;
        return &set->slots[i];
}

/* What is in something that goes has to go before it; all that is planned of what no spec names is that it goes. */
static void plan_contents(struct planning *pl, const char *name, const struct set *set, size_t first)
{
        size_t end = pl->plan->n_actions;

        for (size_t i = first; i < end && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];

                if (a->type == TYPE_GROUP)
                        plan_group_leaving(pl, name, i);
                else if (a->type == TYPE_BALANCER)
                        plan_backends_leaving(pl, name, i);
                else if (a->type == TYPE_NETWORK)
                        plan_network_leaving(pl, slot_of(set, a), i);
        }
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++)
                if (set->slots[i].type == TYPE_NETWORK && set->slots[i].call && slot_is_shown(&set->slots[i]))
                        planning_section(pl)->waiting = true;
        for (size_t i = 0; i < set->n_slots && first == end && !pl->failed; i++)
                if (set->slots[i].type == TYPE_BALANCER && slot_is_shown(&set->slots[i]))
                        plan_backends_orphaned(pl, &set->slots[i]);
}

/* Is it of this account, and may have been carried out? */
static bool is_in_doubt(const struct plan_input *in, const struct call *c)
{
        return c->state != CALL_INTENT && c->state != CALL_RESOLVED && text_equal(c->account, in->account);
}

/* What is still open may yet have made, or changed, what no spec asks for any more. */
static void wait_for_calls(struct planning *pl, const char *name)
{
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++)
                if (is_in_doubt(pl->in, ledger->calls[i]) && text_equal(ledger->calls[i]->resource, name))
                        planning_section(pl)->waiting = true;
}

/* What is always there is nobody's: once no spec names it, only calls about it are left to come to their end. */
static bool is_always_there(const struct planning *pl, const char *name)
{
        const struct kind *kind = kind_of(name);

        return kind && pl->in->making[kind->makes].always_there;
}

/* Is it a mapping or a rule of access, which goes with its machine? */
static bool is_of_machine(const struct planning *pl, const char *name)
{
        const struct kind *kind = kind_of(name);

        return kind && pl->in->making[kind->makes].of_machine;
}

static bool is_of_copies(const char *name)
{
        const struct kind *kind = kind_of(name);

        return kind && thing_is_copy(kind->makes);
}

/* Nothing can be said of the resource, or nothing is to be done to it. */
static int leave_unknown(struct planning *pl, const char *hold)
{
        struct section *s = planning_section(pl);

        s->unknown = plan_string(pl->plan, "%s", hold ? hold : pl->in->unreadable);
        s->phase_reason = hold ? REASON_HELD : pl->in->unreadable_reason;
        s->headline = "unknown";
        s->waiting = hold && !pl->in->hold && !pl->in->hold_copies_confirmed;
        pl->plan->unknown++;
        return s->unknown ? 0 : -ENOMEM;
}

static int plan_section(struct planning *pl, const char *name, const struct resource *resource, struct error *e)
{
        _cleanup_set_ struct set set = { 0 };
        const char *hold = pl->in->hold ? pl->in->hold : is_of_copies(name) ? pl->in->hold_copies : NULL;
        size_t first = pl->plan->n_actions;
        int r;

        r = new_section(pl, name, resource);
        if (r < 0)
                return r;
        pl->paused = planning_paused_by(pl, resource);
        if (!pl->in->machines || hold)
                return leave_unknown(pl, hold);
        if (is_of_copies(name)) {
                r = plan_copies(pl, name, resource, e);
                if (r < 0)
                        return r;
        } else if (resource && resource->kind == &kind_machine_template) {
                plan_template(pl, resource);
        } else if (resource && resource->kind == &kind_security_group) {
                plan_group(pl, resource);
        } else if (resource && resource->kind == &kind_load_balancer) {
                plan_balancer(pl, resource);
        } else if (resource && resource->kind == &kind_network) {
                plan_network(pl, resource);
        } else if (resource && resource->kind == &kind_tenant_quota) {
                plan_tenant_quota(pl, resource);
        } else if (resource && (resource->kind == &kind_port_mapping || resource->kind == &kind_address_mapping)) {
                plan_mapping(pl, resource);
        } else if (resource && resource->kind == &kind_access_rule) {
                plan_access(pl, resource);
        } else if (!resource && is_always_there(pl, name)) {
                planning_section(pl)->headline = planning_why_orphaned(pl);
                planning_note(pl, "a change of it that was sent is still open");
        } else if (!resource && is_of_machine(pl, name)) {
                plan_links_orphaned(pl, name);
        } else {
                r = set_expand(pl->in, pl->census, name, resource, &set);
                if (r < 0)
                        return r;
                pl->set = &set;
                if (resource)
                        r = plan_set(pl, &set, e);
                else
                        plan_orphans(pl, &set);
                plan_disks(pl, first);
                if (!resource)
                        plan_contents(pl, name, &set, first);
        }
        for (size_t i = first; i < pl->plan->n_actions; i++)
                wait_for_retry(pl, &pl->plan->actions[i]);
        wait_for_calls(pl, name);
        pl->set = NULL;
        return r;
}

static bool is_named(const struct plan_input *in, const char *name)
{
        const struct resource *r = estate_find_text(in->estate, name);

        return r && in->provider && resource_provider(r) == in->provider;
}

/* What others hang on is planned before them. */
static int compare_resources(const char *a, const char *b)
{
        size_t a_kind = kind_order(kind_of(a)), b_kind = kind_order(kind_of(b));

        return a_kind != b_kind ? (a_kind < b_kind ? -1 : 1) : text_natural_compare(a, b);
}

/* Names of what has things, and of what may have come to have some by calls whose outcome is open. */
static int note_names(const struct plan_input *in, const struct census *census, struct strmap *names)
{
        int r = 0;

        STRMAP_FOREACH (slot, &census->things)
                if (r >= 0)
                        r = strmap_set(names, slot->key, (void *)slot->key);
        for (size_t i = 0; i < in->ledger->n_calls && r >= 0; i++) {
                const struct call *c = in->ledger->calls[i];

                if (is_in_doubt(in, c))
                        r = strmap_set(names, c->resource, (void *)c->resource);
        }
        return r;
}

/* What the ledger owns here, or may, and no spec names any more, sorted. */
static int orphan_names(const struct plan_input *in, const struct census *census, const char ***ret, size_t *ret_n)
{
        _cleanup_strmap_ struct strmap all = { 0 };
        _cleanup_free_ const char **names = NULL;
        size_t n = 0, allocated = 0;

        if (note_names(in, census, &all) < 0)
                return -ENOMEM;
        STRMAP_FOREACH (slot, &all) {
                const char **name;

                if (is_named(in, slot->key))
                        continue;
                name = ARRAY_ADD(names, n, allocated);
                if (!name)
                        return -ENOMEM;
                *name = slot->key;
        }
        for (size_t i = 1; i < n; i++)
                for (size_t k = i; k > 0 && compare_resources(names[k], names[k - 1]) < 0; k--) {
                        const char *swap = names[k];

                        names[k] = names[k - 1];
                        names[k - 1] = swap;
                }
        *ret = STEAL(names);
        *ret_n = n;
        return 0;
}

static bool is_planned(const struct planning *pl, const struct resource *resource)
{
        return resource->kind->provider_offset && pl->in->provider && resource_provider(resource) == pl->in->provider;
}

/* What was not selected may be in the way of what was. */
static void plan_unselected(struct planning *pl)
{
        for (size_t i = 0; i < pl->in->estate->n_resources && !pl->failed; i++) {
                const struct resource *resource = pl->in->estate->resources[i];

                if (is_planned(pl, resource) && resource->kind == &kind_load_balancer && pl->in->machines &&
                    !pl->in->selects(pl->in->filter_userdata, resource))
                        plan_backends_unselected(pl, resource);
        }
}

/* What is about machines that go has to go before them. */
static void plan_leaving(struct planning *pl)
{
        size_t first = pl->plan->n_actions;

        if (pl->in->machines && !pl->in->hold && !pl->failed)
                plan_links_leaving(pl);
        for (size_t i = first; i < pl->plan->n_actions; i++)
                wait_for_retry(pl, &pl->plan->actions[i]);
}

static int plan_resources(struct planning *pl, struct error *e)
{
        _cleanup_free_ const char **orphans = NULL;
        char name[RESOURCE_TEXT_MAX];
        size_t n = 0;
        int r;

        for (size_t i = 0; i < pl->in->estate->n_resources; i++) {
                const struct resource *resource = pl->in->estate->resources[i];

                if (!is_planned(pl, resource))
                        continue;
                if (pl->in->selects && !pl->in->selects(pl->in->filter_userdata, resource))
                        continue;
                r = plan_section(pl, resource_text(resource, name), resource, e);
                if (r < 0)
                        return r;
        }
        if (pl->in->selects) {
                plan_unselected(pl);
                plan_leaving(pl);
                return 0; /* what no spec names is not looked at through a filter */
        }
        r = orphan_names(pl->in, pl->census, &orphans, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = plan_section(pl, orphans[i], NULL, e);
        if (r >= 0)
                plan_leaving(pl);
        return r;
}

static void planning_done(struct planning *pl)
{
        free(pl->admitted);
        targets_done(&pl->targets);
        free(pl->rooms);
}

/* One of those that go first and do not happen by themselves; NULL: they all do. */
static const struct action *stopped_by(const struct plan *p, const struct action *a)
{
        for (size_t i = 0; i < a->depends_on.n; i++) {
                const struct action *before = &p->actions[a->depends_on.of[i]];

                if (before->blocked || before->given_up)
                        return before;
        }
        return NULL;
}

static bool give_up_after(struct planning *pl, struct action *a)
{
        struct plan *p = pl->plan;
        const struct action *before = a->blocked || a->given_up ? NULL : stopped_by(p, a);
        const struct section *from = before ? &p->sections[before->section] : NULL;

        if (!before)
                return false;
        a->given_up = true;
        if (before->section != a->section && from->phase_reason != REASON_NONE)
                section_reason(&p->sections[a->section], from->phase_reason,
                               plan_string(p, "%s goes first: %s", from->resource, from->message));
        return true;
}

/* What goes after something that does not happen by itself does not either; nor does what goes after that. */
static void give_up_dependents(struct planning *pl, size_t first_action)
{
        bool more;

        do {
                more = false;
                for (size_t i = first_action; i < pl->plan->n_actions; i++)
                        more = give_up_after(pl, &pl->plan->actions[i]) || more;
        } while (more);
}

int plan_account(struct plan *p, const struct plan_input *in, struct error *e)
{
        size_t first_section = p->n_sections, first_action = p->n_actions;
        _cleanup_census_ struct census census = { 0 };
        _cleanup_(planning_done) struct planning pl = { .plan = p, .in = in, .census = &census };
        int r;

        r = census_take(in, &census);
        if (r < 0)
                return r == -ENOMEM ? error_oom(e) : r;
        r = plan_resources(&pl, e);
        if (r < 0)
                return r == -ENOMEM ? error_oom(e) : r;
        plan_networks_last(&pl, first_action);
        for (size_t i = first_action; in->approves && i < p->n_actions; i++)
                if (!p->actions[i].blocked && !in->approves(in->filter_userdata, p, &p->actions[i]))
                        planning_block(&pl, &p->actions[i], REASON_HELD, "it is not in the plan that was approved");
        r = guard_limits(&pl, first_action, e);
        if (r < 0)
                return r;
        quota_check(&pl, first_action);
        give_up_dependents(&pl, first_action);
        p->foreign += (int64_t)census.n_foreign;
        for (pl.section = first_section; pl.section < p->n_sections; pl.section++) {
                pl.paused = planning_paused_by(&pl,
                                               p->sections[pl.section].position.file
                                                       ? estate_find_text(in->estate, p->sections[pl.section].resource)
                                                       : NULL);
                conclude(&pl);
        }
        return pl.failed || plan_check(p) < 0 ? error_oom(e) : 0;
}
