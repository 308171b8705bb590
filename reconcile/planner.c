/* SPDX-License-Identifier: MIT */
#include "reconcile/planner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

const char *retry_key(const char *slot, enum order_verb verb, enum machine_field field, char key[static RETRY_KEY_MAX])
{
        snprintf(key, RETRY_KEY_MAX, "%s %d %d", slot, (int)verb, (int)field);
        return key;
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

void planning_note(struct planning *pl, const char *text)
{
        struct section *s = planning_section(pl);
        const char **note = ARRAY_ADD(s->notes, s->n_notes, s->allocated_notes);

        if (!note || !text)
                pl->failed = true;
        if (note)
                *note = text ? text : "";
}

void planning_block(struct planning *pl, struct action *a, enum phase_reason reason, const char *why)
{
        if (!why)
                pl->failed = true;
        if (a->blocked)
                return;
        a->blocked = why;
        section_reason(&pl->plan->sections[a->section], reason, why);
}

struct action *planning_action(struct planning *pl, enum action_verb verb, const struct slot *slot, const char *reason)
{
        struct action *a = ARRAY_ADD(pl->plan->actions, pl->plan->n_actions, pl->plan->allocated_actions);

        if (!a || !reason) {
                pl->failed = true;
                return NULL;
        }
        *a = (struct action){
                .verb = verb,
                .kind = "Machine",
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

/* An order that failed a short while ago waits; one that failed too often waits for a person. */
static void wait_for_retry(struct planning *pl, struct action *a)
{
        struct section *s = &pl->plan->sections[a->section];
        char key[RETRY_KEY_MAX], text[UNITS_TEXT_MAX];
        const struct retry *retry = strmap_get(pl->in->retries, retry_key(a->name, a->order, a->field, key));

        if (!retry || a->waits || a->blocked || (!retry->given_up && pl->in->now >= retry->next))
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

/* What a machine of the set is made of, in the order of the vendor's table. */
static const char *summary_text(struct planning *pl, const struct values *v)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);

        for (const struct machine_support *m = pl->in->codec->machines; m->field; m++) {
                const struct field *field = field_find(kind_machine_set.fields, m->field);
                const char *text;

                if (!field || field->machine == MACHINE_NONE || !values_known(v, field->machine))
                        continue;
                text = value_text(pl->plan, field->machine, v);
                if (field->machine == MACHINE_MEMORY)
                        buf_addf(&b, "%s%s", b.len ? ", " : "", text);
                else if (field->machine == MACHINE_CPU)
                        buf_addf(&b, "%s%s cpu", b.len ? ", " : "", text);
                else
                        buf_addf(&b, "%s%s %s", b.len ? ", " : "", m->field, text);
        }
        return plan_string(pl->plan, "%s", buf_text(&b));
}

static struct action *plan_create(struct planning *pl, const char *name, const char *reason)
{
        const struct slot slot = { .name = name };
        const struct row *stranger;
        struct action *a;

        a = planning_action(pl, ACTION_CREATE, &slot, reason);
        if (!a)
                return NULL;
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        values_wanted(pl->set->spec, pl->in->codec, &a->wanted);
        a->summary = summary_text(pl, &a->wanted);
        stranger = strmap_get(&pl->census->names, a->name);
        if (stranger)
                planning_block(
                        pl, a, REASON_CONFLICT,
                        plan_string(pl->plan,
                                    "a machine named %s (%s) is there and is not ours; take it under management with "
                                    "'muster adopt %s %s', or rename it",
                                    a->name, stranger->id, a->name, stranger->id));
        return a;
}

/* Is the ordinal taken? A slot whose machine leaves for good takes its name until it is gone. */
static const struct slot *slot_at(const struct set *set, int64_t ordinal, size_t *from)
{
        while (*from < set->n_slots && set->slots[*from].ordinal < ordinal)
                (*from)++;
        return *from < set->n_slots && set->slots[*from].ordinal == ordinal ? &set->slots[*from] : NULL;
}

static bool leaves_for_good(const struct slot *s)
{
        return s->thing && s->thing->state == THING_LEAVING && !(s->call && s->call->counts == COUNTS_REPLACE);
}

/* A machine that looks like the set's, on an account that the ledger has no record of: the first by name. */
static const char *look_alike(const struct planning *pl)
{
        const char *first = NULL;

        if (ledger_knows_account(pl->in->ledger, pl->in->account))
                return NULL;
        STRMAP_FOREACH (slot, &pl->census->names) {
                if (slot_ordinal(strchr(pl->set->name, '/') + 1, slot->key) < 0)
                        continue;
                if (!first || text_natural_compare(slot->key, first) < 0)
                        first = slot->key;
        }
        return first;
}

static void grow(struct planning *pl, int64_t missing, const char *reason)
{
        const char *set_name = strchr(pl->set->name, '/') + 1, *alike = look_alike(pl);
        size_t from = 0;

        for (int64_t ordinal = 0; missing > 0 && !pl->failed; ordinal++) {
                const struct slot *taken = slot_at(pl->set, ordinal, &from);
                struct action *a;

                if (taken && !leaves_for_good(taken))
                        continue;
                a = plan_create(pl, plan_string(pl->plan, "%s-%lld", set_name, (long long)ordinal), reason);
                missing--;
                if (!a)
                        return;
                if (taken)
                        a->waits = plan_string(pl->plan, "%s is still being deleted", a->name);
                if (alike)
                        planning_block(
                                pl, a, REASON_CONFLICT,
                                plan_string(
                                        pl->plan,
                                        "%s is not on record in the ledger and has machines named like this set's (%s); take them "
                                        "with 'muster adopt %s', or record them as not ours with 'muster init'",
                                        pl->in->account, alike, pl->set->name));
        }
}

static bool may_go(const struct slot *s)
{
        return slot_is_shown(s) && !s->call && !s->protect && !s->hold && s->row->condition != CONDITION_UNKNOWN;
}

/* Failed machines first, then by when muster made them. */
static int compare_victims(const struct slot *a, const struct slot *b, bool oldest_first)
{
        bool a_failed = a->row->condition == CONDITION_FAILED, b_failed = b->row->condition == CONDITION_FAILED;

        if (a_failed != b_failed)
                return a_failed ? -1 : 1;
        if (a->thing->seq != b->thing->seq)
                return (a->thing->seq < b->thing->seq) == oldest_first ? -1 : 1;
        return 0;
}

static int compare_newest(const void *a, const void *b)
{
        return compare_victims(*(struct slot *const *)a, *(struct slot *const *)b, false);
}

static int compare_oldest(const void *a, const void *b)
{
        return compare_victims(*(struct slot *const *)a, *(struct slot *const *)b, true);
}

static void plan_delete(struct planning *pl, struct slot *s, const char *reason)
{
        struct action *a = planning_action(pl, ACTION_DELETE, s, reason);

        if (!a)
                return;
        s->victim = true;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_DELETE;
        if (s->row->address[0])
                a->summary = plan_string(pl->plan, "%s, %s, %s", s->thing->id, condition_text(s->row->condition),
                                         s->row->address);
        else
                a->summary = plan_string(pl->plan, "%s, %s", s->thing->id, condition_text(s->row->condition));
        if (s->row->condition == CONDITION_CHANGING)
                a->waits = "the vendor is still at work on it";
        else if (pl->set->uncertain)
                a->waits = "some machine of this set may or may not be there; nothing is deleted until that is known";
}

static void shrink(struct planning *pl, struct set *set, int64_t surplus, const char *reason)
{
        _cleanup_free_ struct slot **victims = calloc(set->n_slots, sizeof(*victims));
        size_t n = 0;

        if (!victims) {
                pl->failed = true;
                return;
        }
        for (size_t i = 0; i < set->n_slots; i++)
                if (may_go(&set->slots[i]))
                        victims[n++] = &set->slots[i];
        qsort(victims, n, sizeof(*victims),
              set->spec && set->spec->scale_in == SCALE_IN_OLDEST ? compare_oldest : compare_newest);
        for (size_t i = 0; i < n && (int64_t)i < surplus; i++)
                plan_delete(pl, victims[i], reason);
        if ((int64_t)n < surplus && set->spec)
                planning_note(
                        pl,
                        plan_string(
                                pl->plan,
                                "%lld more should go, but protect, hold, or a state that muster does not act on keeps the rest",
                                (long long)surplus - (long long)n));
}

/* A machine that failed is replaced as replaceFailed says, and not over and over. */
static int plan_failed(struct planning *pl, struct slot *s, struct error *e)
{
        const struct machine_set *spec = pl->set->spec;
        const char *whether = s->thing->ever_ready ? "it failed" : "it failed before it ever worked";
        int64_t replaced;
        struct action *a;
        int r;

        if (spec->replace_failed == REPLACE_NEVER ||
            (spec->replace_failed == REPLACE_NEVER_READY && s->thing->ever_ready)) {
                const char *words = plan_string(pl->plan, "%s: %s; it is kept, as replaceFailed says", s->name,
                                                whether);

                planning_note(pl, words);
                section_reason(planning_section(pl), REASON_REFUSED, words);
                return 0;
        }
        if (s->protect)
                return planning_note(pl,
                                     plan_string(pl->plan, "%s: %s; it is kept, as protect says", s->name, whether)),
                       0;
        r = ledger_replacements(pl->in->ledger, pl->in->account, s->name, pl->in->now, pl->in->wall, &replaced, e);
        if (r < 0)
                return r;
        a = planning_action(pl, ACTION_REPLACE, s, plan_string(pl->plan, "%s", whether));
        if (!a)
                return -ENOMEM;
        s->victim = true;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_REPLACE;
        a->summary = plan_string(pl->plan, "%s, failed", s->thing->id);
        if (replaced >= REPLACEMENTS_PER_HOUR)
                planning_block(
                        pl, a, REASON_REFUSED,
                        plan_string(
                                pl->plan,
                                "it was replaced %lld times within the hour and failed again; something else is wrong",
                                (long long)replaced));
        return 0;
}

/* The slots about which something must be said though nothing is done. */
static void tell_slots(struct planning *pl, const struct set *set)
{
        struct section *section = planning_section(pl);

        for (size_t i = 0; i < set->n_slots; i++) {
                const struct slot *s = &set->slots[i];
                const char *words;

                if (!s->thing) {
                        section->waiting = true;
                        if (s->call->state != CALL_UNKNOWN)
                                continue;
                        pl->plan->unknown++;
                        words = plan_string(
                                pl->plan,
                                "%s: its create ended without an answer to trust (%s); muster waits, then looks whether it is there",
                                s->name, s->call->note[0] ? s->call->note : "muster was stopped in the middle");
                        planning_note(pl, words);
                } else if (s->thing->state == THING_PARKED) {
                        words = plan_string(pl->plan,
                                            "%s is parked: %s; 'muster adopt %s ID' or 'muster forget %s' decides",
                                            s->name, s->thing->note, s->name, s->name);
                        planning_note(pl, words);
                        section_reason(section, REASON_PARKED, words);
                } else if (s->thing->state == THING_LEAVING) {
                        section->waiting = true;
                }
        }
}

/* An owned machine that the listing lacks is made again, but only once a second look agrees. */
static void plan_missing(struct planning *pl, const struct set *set)
{
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *s = &set->slots[i];
                struct action *a;

                if (!s->thing || s->thing->state != THING_OWNED || s->row || !s->thing->missing)
                        continue;
                planning_section(pl)->waiting = true;
                if (s->hold || set->counted > set->spec->count)
                        continue;
                a = plan_create(pl, s->name,
                                plan_string(pl->plan, "%s (%s) is gone from the listing", s->name, s->thing->id));
                if (a && !a->waits)
                        a->waits = "a second look must confirm that it is gone";
        }
}

static void headline(struct planning *pl, const struct set *set)
{
        struct section *s = planning_section(pl);
        int64_t there = 0;

        for (size_t i = 0; i < set->n_slots; i++)
                there += slot_is_shown(&set->slots[i]);
        s->headline = set->spec ? plan_string(pl->plan, "count is %lld, %lld exist%s", (long long)set->spec->count,
                                              (long long)there, there == 1 ? "s" : "")
                                : plan_string(pl->plan, "no spec names it any more; %lld exist%s", (long long)there,
                                              there == 1 ? "s" : "");
        if (!s->headline)
                pl->failed = true;
}

static int plan_set(struct planning *pl, struct set *set, struct error *e)
{
        const char *reason;
        int64_t surplus;

        headline(pl, set);
        reason = planning_section(pl)->headline;
        surplus = set->counted - set->spec->count;
        if (surplus > 0)
                shrink(pl, set, surplus, reason);
        for (size_t i = 0; i < set->n_slots; i++) {
                struct slot *s = &set->slots[i];
                int r;

                if (!may_go(s) && !(slot_is_shown(s) && s->protect && !s->call && !s->hold))
                        continue;
                if (s->victim || s->row->condition != CONDITION_FAILED)
                        continue;
                r = plan_failed(pl, s, e);
                if (r < 0)
                        return r;
        }
        plan_missing(pl, set);
        if (surplus < 0)
                grow(pl, -surplus, reason);
        tell_slots(pl, set);
        diff_set(pl);
        return 0;
}

static void plan_orphans(struct planning *pl, struct set *set)
{
        const struct resource *policy = pl->in->estate->policy;

        headline(pl, set);
        pl->plan->orphaned += (int64_t)set->n_slots;
        if (policy && policy->policy->prune) {
                shrink(pl, set, (int64_t)set->n_slots, planning_section(pl)->headline);
                tell_slots(pl, set);
                return;
        }
        for (size_t i = 0; i < set->n_slots; i++)
                planning_note(pl, plan_string(pl->plan, "%s (%s) is orphaned: kept, because prune is off",
                                              set->slots[i].name,
                                              set->slots[i].thing ? set->slots[i].thing->id : "being made"));
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
                .desired = resource ? resource->machine_set->count : 0,
        };
        if (resource)
                s->position = resource->position;
        pl->section = pl->plan->n_sections - 1;
        return s->resource && s->provider ? 0 : -ENOMEM;
}

static const char *paused_by(const struct plan_input *in, const struct resource *resource)
{
        if (resource && resource->paused)
                return "paused in its spec";
        if (in->provider && in->provider->paused)
                return "its provider is paused";
        if (in->estate->policy && in->estate->policy->paused)
                return "the estate's policy is paused";
        return NULL;
}

static void conclude(struct planning *pl)
{
        struct section *s = planning_section(pl);

        if (s->unknown) {
                s->phase = pl->in->hold ? PHASE_BLOCKED : PHASE_UNKNOWN;
                s->message = s->unknown;
        } else if (pl->paused) {
                s->phase = PHASE_PAUSED;
                s->message = pl->paused;
        } else if (s->phase_reason == REASON_REFUSED) {
                s->phase = PHASE_FAILED;
        } else if (s->phase_reason != REASON_NONE) {
                s->phase = PHASE_BLOCKED;
        } else if (s->n_actions || s->waiting) {
                s->phase = PHASE_PROGRESSING;
                s->message = s->n_notes && s->waiting ? s->notes[0]
                                                      : plan_string(pl->plan, "%lld of %lld ready", (long long)s->ready,
                                                                    (long long)s->desired);
        } else {
                s->phase = PHASE_CONVERGED;
                s->message = s->n_notes ? s->notes[0] : "";
        }
        if (!s->message)
                pl->failed = true;
}

static int plan_section(struct planning *pl, const char *name, const struct resource *resource, struct error *e)
{
        _cleanup_set_ struct set set = { 0 };
        size_t first = pl->plan->n_actions;
        int r;

        r = new_section(pl, name, resource);
        if (r < 0)
                return r;
        pl->paused = paused_by(pl->in, resource);
        if (!pl->in->machines || pl->in->hold) {
                planning_section(pl)->unknown = plan_string(pl->plan, "%s",
                                                            pl->in->hold ? pl->in->hold : pl->in->unreadable);
                planning_section(pl)->phase_reason = pl->in->hold ? REASON_HELD : pl->in->unreadable_reason;
                planning_section(pl)->headline = "unknown";
                pl->plan->unknown++;
                return planning_section(pl)->unknown ? 0 : -ENOMEM;
        }
        r = set_expand(pl->in, pl->census, name, resource, &set);
        if (r < 0)
                return r;
        pl->set = &set;
        if (resource)
                r = plan_set(pl, &set, e);
        else
                plan_orphans(pl, &set);
        for (size_t i = first; i < pl->plan->n_actions; i++)
                wait_for_retry(pl, &pl->plan->actions[i]);
        pl->set = NULL;
        return r;
}

static bool is_named(const struct plan_input *in, const char *name)
{
        const struct resource *r = estate_find(in->estate, &kind_machine_set, strchr(name, '/') + 1);

        return r && in->provider && resource_provider(r) == in->provider;
}

/* What the ledger owns here and no spec names any more, in natural order. */
static int orphan_names(const struct plan_input *in, const struct census *census, const char ***ret, size_t *ret_n)
{
        _cleanup_free_ const char **names = NULL;
        size_t n = 0, allocated = 0;

        STRMAP_FOREACH (slot, &census->things) {
                const char **name;

                if (is_named(in, slot->key))
                        continue;
                name = ARRAY_ADD(names, n, allocated);
                if (!name)
                        return -ENOMEM;
                *name = slot->key;
        }
        for (size_t i = 1; i < n; i++)
                for (size_t k = i; k > 0 && text_natural_compare(names[k], names[k - 1]) < 0; k--) {
                        const char *swap = names[k];

                        names[k] = names[k - 1];
                        names[k - 1] = swap;
                }
        *ret = STEAL(names);
        *ret_n = n;
        return 0;
}

static int plan_resources(struct planning *pl, struct error *e)
{
        _cleanup_free_ const char **orphans = NULL;
        char name[RESOURCE_TEXT_MAX];
        size_t n = 0;
        int r;

        for (size_t i = 0; i < pl->in->estate->n_resources; i++) {
                const struct resource *resource = pl->in->estate->resources[i];

                if (resource->kind != &kind_machine_set || !pl->in->provider ||
                    resource_provider(resource) != pl->in->provider)
                        continue;
                r = plan_section(pl, resource_text(resource, name), resource, e);
                if (r < 0)
                        return r;
        }
        r = orphan_names(pl->in, pl->census, &orphans, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = plan_section(pl, orphans[i], NULL, e);
        return r;
}

int plan_account(struct plan *p, const struct plan_input *in, struct error *e)
{
        size_t first_section = p->n_sections, first_action = p->n_actions;
        _cleanup_census_ struct census census = { 0 };
        struct planning pl = { .plan = p, .in = in, .census = &census };
        int r;

        r = census_take(in, &census);
        if (r < 0)
                return r == -ENOMEM ? error_oom(e) : r;
        r = plan_resources(&pl, e);
        if (r < 0)
                return r == -ENOMEM ? error_oom(e) : r;
        r = guard_limits(&pl, first_action, e);
        if (r < 0)
                return r;
        p->foreign += (int64_t)census.n_foreign;
        for (pl.section = first_section; pl.section < p->n_sections; pl.section++) {
                pl.paused = paused_by(in, p->sections[pl.section].position.file
                                                  ? estate_find(in->estate, &kind_machine_set,
                                                                strchr(p->sections[pl.section].resource, '/') + 1)
                                                  : NULL);
                conclude(&pl);
        }
        return pl.failed ? error_oom(e) : 0;
}
