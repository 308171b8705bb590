/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/lane.h"
#include "reconcile/planner_internal.h"

/* Nothing that a vendor does to a machine takes this long. */
#define STALLED_AFTER USEC_PER_HOUR

/* What a machine of the set is made of, in the order of the vendor's table. */
static const char *summary_text(struct planning *pl, const struct values *v)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);

        for (const struct machine_support *m = pl->in->codec->machines; m->field; m++) {
                const struct field *field = field_find(kind_machine_set.fields, m->field);
                const char *text;

                if (!field || field->property == PROPERTY_NONE || !values_known(v, field->property) ||
                    machine_support_find(pl->in->codec, pl->in->config->options, m->field) != m)
                        continue;
                text = value_text(pl->plan, field->property, v);
                if (field->property == PROPERTY_MEMORY)
                        buf_addf(&b, "%s%s", b.len ? ", " : "", text);
                else if (field->property == PROPERTY_CPU)
                        buf_addf(&b, "%s%s cpu", b.len ? ", " : "", text);
                else
                        buf_addf(&b, "%s%s %s", b.len ? ", " : "", m->field, text);
        }
        return plan_words(pl->plan, &b);
}

/* A machine that is not ours, or is under another name, has the name that this one is to get. */
static void meet_namesake(struct planning *pl, struct action *a)
{
        const struct row *row = strmap_get(&pl->census->names, a->name);
        const struct thing *own = row ? strmap_get(&pl->census->ids, row->id) : NULL;

        if (!row || pl->in->making[TYPE_MACHINE].marker != MARKER_NAME)
                return;
        planning_block(
                pl, a, REASON_CONFLICT,
                own ? plan_string(
                              pl->plan,
                              "%s (%s) is named %s at the vendor: two of one name could not be told apart; rename it there",
                              own->slot, row->id, a->name)
                    : plan_string(pl->plan,
                                  "a machine named %s (%s) is there and is not ours; take it under management with "
                                  "'muster adopt %s %s', or rename it",
                                  a->name, row->id, a->name, row->id));
}

/* What the machines are made from is a resource of this repo, and is not there yet. */
static void await_template(struct planning *pl, struct action *a)
{
        const struct reference *template = &pl->set->spec->template;
        const struct row *row;

        if (!template->resource)
                return;
        if (values_known(&a->wanted, PROPERTY_TEMPLATE)) {
                row = observation_find(pl->in->machines, TYPE_TEMPLATE, a->wanted.of[PROPERTY_TEMPLATE].text);
                if (!template->resource->machine_template->credit ||
                    (row && values_known(&row->values, PROPERTY_CREDIT) && row->values.of[PROPERTY_CREDIT].number > 0))
                        return;
                planning_section(pl)->waiting = true;
        }
        a->waits = plan_string(pl->plan, "MachineTemplate/%s goes first", template->name);
        for (size_t i = 0; i < pl->plan->n_actions; i++)
                if (pl->plan->actions[i].type == TYPE_TEMPLATE && pl->plan->actions[i].verb == ACTION_CREATE &&
                    text_equal(pl->plan->sections[pl->plan->actions[i].section].resource + strlen("MachineTemplate/"),
                               template->name))
                        planning_depends(pl, a, i);
}

static void merge_values(struct values *into, const struct values *from)
{
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(from, p) && !values_known(into, p)) {
                        into->of[p] = from->of[p];
                        into->known |= 1u << p;
                }
}

static struct action *plan_create(struct planning *pl, const char *name, const char *reason)
{
        const struct slot slot = { .name = name };
        struct action *a;

        a = planning_action(pl, ACTION_CREATE, &slot, reason);
        if (!a)
                return NULL;
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        planning_wanted(pl, &a->wanted);
        a->summary = summary_text(pl, &a->wanted);
        merge_values(&a->wanted, &pl->quote.shows);
        a->price = pl->quote.price;
        if (pl->unquotable)
                planning_block(pl, a, REASON_REFUSED, pl->unquotable);
        if (pl->in->machines->capped)
                planning_block(
                        pl, a, REASON_HELD,
                        plan_string(
                                pl->plan,
                                "%s shows %zu machines and may have more than it shows: nothing is made there while their number is not known",
                                pl->in->account, pl->in->machines->of[TYPE_MACHINE].n_rows));
        await_template(pl, a);
        network_await(pl, a);
        meet_namesake(pl, a);
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

/* A machine that looks like the set's, on an account that the ledger has no record of: the first by name; where machines have no names of
 * ours, any that the set could have made. */
static const char *look_alike(const struct planning *pl)
{
        bool named = pl->in->making[TYPE_MACHINE].marker == MARKER_NAME;
        const char *first = NULL;
        struct values wanted;

        if (ledger_knows_account(pl->in->ledger, pl->in->account))
                return NULL;
        planning_wanted(pl, &wanted);
        if (!named && pl->set->spec->template.resource && !values_known(&wanted, PROPERTY_TEMPLATE))
                return NULL; /* of a template that is not there yet nothing was made */
        merge_values(&wanted, &pl->quote.shows);
        for (size_t i = 0; i < pl->in->machines->of[TYPE_MACHINE].n_rows; i++) {
                const struct row *row = &pl->in->machines->of[TYPE_MACHINE].rows[i];
                const char *shown = named ? row->name : row->id;

                if (named ? slot_ordinal(strchr(pl->set->name, '/') + 1, row->name) < 0 : !lane_fits(&wanted, row))
                        continue;
                if (!strmap_get(&pl->census->ids, row->id) && (!first || text_natural_compare(shown, first) < 0))
                        first = shown;
        }
        return first;
}

/* Is the name given away by the spec? Whatever the ledger knows of it, it is not used again. */
static bool is_given_away(const struct machine_set *spec, const char *name)
{
        for (size_t i = 0; i < spec->release.n; i++)
                if (text_equal(spec->release.items[i], name))
                        return true;
        return false;
}

static void grow(struct planning *pl, int64_t missing, const char *reason)
{
        const char *set_name = strchr(pl->set->name, '/') + 1, *alike = look_alike(pl);
        size_t from = 0;

        for (int64_t ordinal = 0; missing > 0 && !pl->failed; ordinal++) {
                const struct slot *taken = slot_at(pl->set, ordinal, &from);
                struct action *a;
                const char *name;

                if (taken && !leaves_for_good(taken))
                        continue;
                name = plan_string(pl->plan, "%s-%lld", set_name, (long long)ordinal);
                if (name && is_given_away(pl->set->spec, name))
                        continue;
                a = plan_create(pl, name, reason);
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
                                        "%s is not on record in the ledger and has machines like this set's (%s); take them "
                                        "with 'muster adopt %s', or record them as not ours with 'muster init'",
                                        pl->in->account, alike, pl->set->name));
                planning_admit(pl, a);
        }
}

static bool may_go(const struct slot *s)
{
        return slot_is_shown(s) && !s->call && !s->protect && !s->hold && !s->release &&
               s->row->condition != CONDITION_UNKNOWN;
}

/* Failed machines first, then by when muster made them. */
static int compare_victims(const struct slot *a, const struct slot *b, bool oldest_first)
{
        bool a_failed = a->row->condition == CONDITION_FAILED, b_failed = b->row->condition == CONDITION_FAILED;

        if (a_failed != b_failed)
                return a_failed ? -1 : 1;
        return (a->thing->seq < b->thing->seq) == oldest_first ? -1 : 1; /* no two have the same */
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
        a->summary = condition_text(s->row->condition);
        a->address = s->row->address[0] ? plan_string(pl->plan, "%s", s->row->address) : NULL;
        if (values_known(&s->thing->made_with, PROPERTY_TEMPLATE) && pl->set->spec &&
            text_equal(s->thing->made_with.of[PROPERTY_TEMPLATE].text, pl->set->spec->template.name))
                a->price = -pl->quote.price;
        if (s->type == TYPE_TEMPLATE && template_users(pl->in, s->thing->id))
                a->waits = "machines are made of it";
        else if (s->row->condition == CONDITION_CHANGING && !planning_is_stalled(pl, s))
                a->waits = "the vendor is still at work on it";
        else if (pl->set->uncertain)
                a->waits = "some machine of this set may or may not be there; nothing is deleted until that is known";
}

/* The specs have said whose it is. */
static bool is_released(const struct planning *pl, const struct row *row)
{
        const struct plan_input *in = pl->in;

        for (size_t i = 0; i < in->ledger->n_things; i++) {
                const struct thing *t = in->ledger->things[i];

                if (t->state == THING_RELEASED && t->type == TYPE_MACHINE && text_equal(t->account, in->account) &&
                    text_equal(t->id, row->id))
                        return true;
        }
        return false;
}

/* Machines that are made of the set's template, and not ours, leave it open what the set's machines are: none goes meanwhile. */
static const char *foreign_members(struct planning *pl)
{
        const struct listed *machines = &pl->in->machines->of[TYPE_MACHINE];
        const struct row *first = NULL;
        struct values wanted;
        size_t n = 0;

        if (!pl->set->spec || pl->in->making[TYPE_MACHINE].marker != MARKER_NONE ||
            !property_is_listed(pl->in->codec, pl->in->config->options, PROPERTY_TEMPLATE))
                return NULL;
        planning_wanted(pl, &wanted);
        for (size_t i = 0; values_known(&wanted, PROPERTY_TEMPLATE) && i < machines->n_rows; i++) {
                const struct row *row = &machines->rows[i];

                if (strmap_get(&pl->census->ids, row->id) || is_released(pl, row) ||
                    !values_known(&row->values, PROPERTY_TEMPLATE) ||
                    !value_equal(PROPERTY_TEMPLATE, &row->values, &wanted))
                        continue;
                first = n++ ? first : row;
        }
        if (!n)
                return NULL;
        return plan_string(
                pl->plan,
                "%zu machine%s made of template %s %s not ours (%s%s): take %s with 'muster adopt', or delete %s, before any goes",
                n, n == 1 ? "" : "s", wanted.of[PROPERTY_TEMPLATE].text, n == 1 ? "is" : "are", first->id,
                n == 1 ? "" : ", ...", n == 1 ? "it" : "them", n == 1 ? "it" : "them");
}

static void shrink(struct planning *pl, struct set *set, int64_t surplus, const char *reason)
{
        _cleanup_free_ struct slot **victims = calloc(set->n_slots, sizeof(*victims));
        const char *foreign = foreign_members(pl);
        size_t first = pl->plan->n_actions, n = 0;

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
        for (size_t i = first; foreign && i < pl->plan->n_actions; i++)
                planning_block(pl, &pl->plan->actions[i], REASON_CONFLICT, foreign);
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
        a->summary = condition_text(s->row->condition);
        if (replaced >= REPLACEMENTS_PER_HOUR)
                planning_block(
                        pl, a, REASON_REFUSED,
                        plan_string(
                                pl->plan,
                                "it was replaced %lld times within the hour and failed again; something else is wrong",
                                (long long)replaced));
        return 0;
}

/* "web-3 is being made", "web-3 and 4 more are being made" */
static void tell_under_way(struct planning *pl, size_t n, const char *first, const char *what)
{
        if (n == 0)
                return;
        planning_section(pl)->waiting = true;
        if (n == 1)
                planning_note(pl, plan_string(pl->plan, "%s is being %s", first, what));
        else
                planning_note(pl, plan_string(pl->plan, "%s and %zu more are being %s", first, n - 1, what));
}

static void tell_unknown_create(struct planning *pl, const struct slot *s)
{
        planning_section(pl)->waiting = true;
        pl->plan->unknown++;
        planning_note(pl, plan_string(pl->plan,
                                      "%s: its create ended without an answer to trust (%s); muster waits, then looks "
                                      "whether it is there",
                                      s->name, s->call->note[0] ? s->call->note : "muster was stopped in the middle"));
}

void tell_parked(struct planning *pl, const struct slot *s)
{
        const char *words = plan_string(pl->plan,
                                        "%s is parked: %s; 'muster adopt %s ID' or 'muster forget %s' decides", s->name,
                                        s->thing->note, s->name, s->name);

        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_PARKED, words);
}

bool planning_is_stalled(const struct planning *pl, const struct slot *s)
{
        return s->thing && s->row && s->row->condition == CONDITION_CHANGING && s->thing->changing_since &&
               usec_since(pl->in->now, s->thing->changing_since) >= STALLED_AFTER;
}

static void tell_stalled(struct planning *pl, const struct slot *s)
{
        char age[UNITS_TEXT_MAX];
        const char *words = plan_string(
                pl->plan,
                "%s (%s): %s has been at work on it for %s, which may never end; look there, or 'muster forget %s'",
                s->name, s->thing->id, pl->in->account,
                duration_roughly(usec_since(pl->in->now, s->thing->changing_since), age), s->name);

        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_PARKED, words);
}

/* The slots about which something must be said though nothing is done. */
static void tell_slots(struct planning *pl, const struct set *set)
{
        const char *first_made = NULL, *first_leaving = NULL;
        size_t made = 0, leaving = 0;

        for (size_t i = 0; i < set->n_slots; i++) {
                const struct slot *s = &set->slots[i];

                if (s->adopt || s->release)
                        continue;
                if (!s->thing && s->call->state == CALL_UNKNOWN) {
                        tell_unknown_create(pl, s);
                } else if (!s->thing) {
                        first_made = made++ == 0 ? s->name : first_made;
                } else if (s->thing->state == THING_PARKED) {
                        tell_parked(pl, s);
                } else if (planning_is_stalled(pl, s) && !s->victim) {
                        tell_stalled(pl, s);
                } else if (s->thing->state == THING_LEAVING) {
                        first_leaving = leaving++ == 0 ? s->name : first_leaving;
                }
        }
        tell_under_way(pl, made, first_made, "made");
        tell_under_way(pl, leaving, first_leaving, "deleted");
}

/* An owned machine that the listing lacks is made again, but only once a second look agrees. */
static void plan_missing(struct planning *pl, const struct set *set)
{
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *s = &set->slots[i];
                struct action *a;

                if (!s->thing || s->thing->state != THING_OWNED || s->row || !s->thing->missing || s->release)
                        continue;
                planning_section(pl)->waiting = true;
                if (s->hold || set->counted > set->spec->count) {
                        planning_note(pl,
                                      plan_string(pl->plan,
                                                  "%s (%s) is gone from the listing; a second look must confirm that",
                                                  s->name, s->thing->id));
                        continue;
                }
                a = plan_create(pl, s->name,
                                plan_string(pl->plan, "%s (%s) is gone from the listing", s->name, s->thing->id));
                if (a && !a->waits)
                        a->waits = "a second look must confirm that it is gone";
        }
}

/* Machines that are there and that the spec gives to this set. */
static void plan_adoptions(struct planning *pl, const struct set *set)
{
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *s = &set->slots[i];
                const struct row *row = s->adopt ? observation_find(pl->in->machines, TYPE_MACHINE, s->adopt) : NULL;
                struct action *a;

                if (!s->adopt)
                        continue;
                a = planning_action(pl, ACTION_ADOPT, s, "the spec adopts it");
                if (!a)
                        return;
                a->vendor_id = plan_string(pl->plan, "%s", s->adopt);
                a->requests = 0;
                a->summary = row ? plan_string(pl->plan, "%s, %s", row->name, condition_text(row->condition)) : NULL;
                if (!row)
                        planning_block(
                                pl, a, REASON_CONFLICT,
                                plan_string(pl->plan, "%s shows no machine with the id %s", pl->in->account, s->adopt));
                else if (strmap_get(&pl->census->ids, s->adopt))
                        planning_block(
                                pl, a, REASON_CONFLICT,
                                plan_string(pl->plan, "%s is %s already; 'muster forget' or release it there first",
                                            s->adopt,
                                            ((const struct thing *)strmap_get(&pl->census->ids, s->adopt))->slot));
        }
}

void planning_remark(struct planning *pl, struct thing *thing, enum remark_type type)
{
        struct remark *r = ARRAY_ADD(pl->plan->remarks, pl->plan->n_remarks, pl->plan->allocated_remarks);

        if (r)
                *r = (struct remark){ .thing = thing, .type = type };
        else
                pl->failed = true;
}

/* What the spec says of machines that needs no call: it is written down when the plan is carried out. */
static void remark_slots(struct planning *pl, const struct set *set)
{
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *s = &set->slots[i];

                if (!s->thing || s->call || pl->paused)
                        continue;
                if (s->protect != s->thing->protect)
                        planning_remark(pl, s->thing, s->protect ? REMARK_PROTECT : REMARK_UNPROTECT);
                if (!s->release || s->thing->state != THING_OWNED)
                        continue;
                planning_remark(pl, s->thing, REMARK_RELEASE);
                planning_note(pl, plan_string(pl->plan, "%s (%s) is released: no longer ours, left as it is", s->name,
                                              s->thing->id));
        }
}

static void headline(struct planning *pl, const struct set *set)
{
        struct section *s = planning_section(pl);
        int64_t there = 0;

        for (size_t i = 0; i < set->n_slots; i++)
                there += slot_is_shown(&set->slots[i]) && !set->slots[i].release;
        s->headline = set->spec ? plan_string(pl->plan, "count is %lld, %lld exist%s", (long long)set->spec->count,
                                              (long long)there, there == 1 ? "s" : "")
                                : plan_string(pl->plan, "%s; %lld exist%s", planning_why_orphaned(pl), (long long)there,
                                              there == 1 ? "s" : "");
}

/* What new machines of the set would be, and whether they can be made at all. */
static void quote(struct planning *pl, const struct set *set)
{
        struct error why = { 0 };

        pl->quote = (struct quote){ 0 };
        pl->unquotable = NULL;
        if (!pl->in->codec->quote)
                return;
        if (pl->in->codec->quote(pl->in->config, pl->in->machines, set->spec, &pl->quote, &why) < 0)
                pl->unquotable = plan_string(pl->plan, "%s", why.text);
}

int plan_set(struct planning *pl, struct set *set, struct error *e)
{
        const char *reason;
        int64_t surplus;

        headline(pl, set);
        quote(pl, set);
        reason = planning_section(pl)->headline;
        plan_adoptions(pl, set);
        remark_slots(pl, set);
        surplus = set->counted - set->spec->count;
        if (surplus - set->hoped > 0)
                shrink(pl, set, surplus - set->hoped, reason);
        for (size_t i = 0; i < set->n_slots; i++) {
                struct slot *s = &set->slots[i];
                int r;

                if (!may_go(s) && !(slot_is_shown(s) && s->protect && !s->call && !s->hold && !s->release))
                        continue;
                if (s->victim || s->row->condition != CONDITION_FAILED)
                        continue;
                r = plan_failed(pl, s, e);
                if (r < 0)
                        return r;
        }
        pl->budget = rollout_budget(pl, set);
        plan_rollout(pl, set);
        plan_missing(pl, set);
        if (surplus < 0)
                grow(pl, -surplus, reason);
        if (surplus < 0 && pl->quote.note)
                planning_note(pl, plan_string(pl->plan, "%s", pl->quote.note));
        tell_slots(pl, set);
        diff_set(pl);
        return 0;
}

void plan_orphans(struct planning *pl, struct set *set)
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
