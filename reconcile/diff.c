/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

/* The longest value of a property, which is the longest scalar of a spec. */
#define VALUE_MAX ((size_t)8 << 20)

static const void *field_at(const struct machine_set *set, const struct field *field)
{
        return (const char *)set + field->offset;
}

/* The vendor's id of what a reference means; NULL: there is nothing yet. */
static const char *reference_id(const struct reference *reference, const struct ledger *ledger)
{
        const struct thing *t;

        if (!reference->resource)
                return reference->name;
        t = thing_current(ledger, reference->resource);
        return t ? t->id : NULL;
}

void values_wanted(const struct machine_set *set, const struct provider *codec, const struct pairs *options,
                   const struct ledger *ledger, struct values *ret)
{
        *ret = (struct values){ 0 };
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                const struct field *field = property_field(f);
                const char *text;

                if (!field || !machine_support_find(codec, options, field->name))
                        continue;
                if (property_is_number(f)) {
                        int64_t number = *(const int64_t *)field_at(set, field);

                        if (number > 0)
                                values_set_number(ret, f, number);
                        continue;
                }
                text = field->type == FIELD_STRING ? *(const char *const *)field_at(set, field)
                                                   : reference_id(field_at(set, field), ledger);
                if (text)
                        values_set_text(ret, f, text);
        }
}

bool value_equal(enum property f, const struct values *a, const struct values *b)
{
        if (property_is_number(f))
                return a->of[f].number == b->of[f].number;
        return text_equal(a->of[f].text, b->of[f].text);
}

bool value_satisfies(enum property f, const struct values *shown, const struct values *wanted)
{
        if (f == PROPERTY_CREDIT)
                return shown->of[f].number >= wanted->of[f].number / CREDIT_LOW;
        return value_equal(f, shown, wanted);
}

const char *value_text(struct plan *p, enum property f, const struct values *v)
{
        _cleanup_buf_ struct buf b = BUF_INIT(VALUE_MAX);

        (void)values_print(v, f, &b);
        return plan_words(p, &b);
}

bool values_drifted(const struct machine_support *support, const struct slot *s, enum property f,
                    const struct values *wanted)
{
        const struct values *is = values_to_compare(support, s);

        return values_known(is, f) && !value_equal(f, is, wanted);
}

/* Is the machine's power as it should be? */
static bool is_ready(const struct machine_set *spec, const struct row *row)
{
        return row->condition == CONDITION_UNSHOWN ||
               row->condition == (spec->power == POWER_STOPPED ? CONDITION_STOPPED : CONDITION_RUNNING);
}

/* Drift that is told and left: one line for a whole set, however many machines have it. */
struct told {
        size_t n;
        const char *first;
        const char *from, *to;
};

static void tell(struct told *told, struct planning *pl, enum property f, const struct slot *s, const struct values *is,
                 const struct values *wanted)
{
        if (told[f].n++ > 0)
                return;
        told[f].first = s->name;
        told[f].from = value_text(pl->plan, f, is);
        told[f].to = value_text(pl->plan, f, wanted);
}

static void tell_all(struct planning *pl, const struct told *told)
{
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                const struct field *field = property_field(f);
                const struct machine_support *support;
                const char *why;

                if (!told[f].n)
                        continue;
                support = machine_support_find(pl->in->codec, pl->in->config->options, field->name);
                why = support->change == CHANGE_IN_PLACE ? "only reported, as onDrift says"
                                                         : "it cannot change in place, so the machine keeps it";
                if (told[f].n == 1)
                        planning_note(pl, plan_string(pl->plan, "%s: %s is %s, spec says %s; %s", told[f].first,
                                                      field->name, told[f].from, told[f].to, why));
                else
                        planning_note(pl, plan_string(pl->plan, "%s and %zu more: %s is %s (on %s), spec says %s; %s",
                                                      told[f].first, told[f].n - 1, field->name, told[f].from,
                                                      told[f].first, told[f].to, why));
        }
}

static void change_field(struct planning *pl, const struct slot *s, enum property f, const struct values *wanted)
{
        const char *name = property_name(f);
        const char *from = value_text(pl->plan, f, &s->row->values), *to = value_text(pl->plan, f, wanted);
        struct action *a;

        a = planning_action(pl, ACTION_UPDATE, s, plan_string(pl->plan, "%s is %s, spec says %s", name, from, to));
        if (!a)
                return;
        a->order = ORDER_CHANGE;
        a->field = f;
        a->wanted = *wanted;
        planning_change(pl, a, name, from, to);
}

/* What a vendor never shows is compared with what the machine was made with; unknown after an adoption is no drift. */
const struct values *values_to_compare(const struct machine_support *support, const struct slot *s)
{
        return support->readback == READBACK_LISTED ? &s->row->values : &s->thing->made_with;
}

static void diff_field(struct planning *pl, const struct slot *s, enum property f, const struct values *wanted,
                       struct told *told)
{
        const struct machine_support *support = machine_support_find(pl->in->codec, pl->in->config->options,
                                                                     property_name(f));

        if (!values_drifted(support, s, f, wanted))
                return;
        if (support->change != CHANGE_IN_PLACE || pl->set->resource->on_drift == ON_DRIFT_REPORT)
                tell(told, pl, f, s, values_to_compare(support, s), wanted);
        else if (needs_restart(pl, s, f))
                plan_restart(pl, s, f);
        else
                change_field(pl, s, f, wanted);
}

static void diff_fields(struct planning *pl, const struct slot *s, const struct values *wanted, struct told *told)
{
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++)
                if (values_known(wanted, f))
                        diff_field(pl, s, f, wanted, told);
}

enum order_verb power_order(const struct planning *pl, const struct slot *s)
{
        const struct retry *softly = planning_retry(pl, s, ORDER_SHUT_DOWN, PROPERTY_NONE);

        return s->row->can_shut_down && !(softly && softly->failures) ? ORDER_SHUT_DOWN : ORDER_POWER_OFF;
}

static void diff_power(struct planning *pl, const struct slot *s)
{
        bool stopped = pl->set->spec->power == POWER_STOPPED;
        struct action *a;

        if (s->row->condition == CONDITION_ASLEEP) {
                planning_note(pl, plan_string(pl->plan,
                                              "%s is asleep: somebody suspended it; wake it at the vendor's console",
                                              s->name));
                return;
        }
        if (pl->set->resource->on_drift == ON_DRIFT_REPORT) {
                planning_note(pl,
                              plan_string(pl->plan, "%s is %s, spec says %s; only reported, as onDrift says", s->name,
                                          condition_text(s->row->condition), stopped ? "stopped" : "running"));
                return;
        }
        if (!stopped) {
                a = planning_action(pl, ACTION_START, s, "it is stopped, spec says running");
                if (a)
                        a->order = ORDER_START;
                return;
        }
        a = planning_action(pl, ACTION_STOP, s,
                            power_order(pl, s) == ORDER_POWER_OFF && s->row->can_shut_down
                                    ? "it runs on after a shutdown, spec says stopped: its power is cut"
                                    : "it is running, spec says stopped");
        if (a)
                a->order = power_order(pl, s);
}

/* A person may have renamed it at the vendor; the name is how a create of unknown outcome is found again. */
static void diff_name(struct planning *pl, const struct slot *s)
{
        struct action *a;

        if (pl->in->making[TYPE_MACHINE].marker != MARKER_NAME || s->thing->adopted || !s->row->name[0] ||
            text_equal(s->row->name, s->name))
                return;
        if (pl->in->making[TYPE_MACHINE].name_stays) {
                planning_note(pl, plan_string(pl->plan, "%s is named %s at the vendor, which cannot name it back",
                                              s->name, s->row->name));
                return;
        }
        if (pl->set->resource->on_drift == ON_DRIFT_REPORT) {
                planning_note(pl, plan_string(pl->plan, "%s is named %s at the vendor; only reported, as onDrift says",
                                              s->name, s->row->name));
                return;
        }
        a = planning_action(pl, ACTION_UPDATE, s,
                            plan_string(pl->plan, "it was renamed to %s at the vendor", s->row->name));
        if (!a)
                return;
        a->order = ORDER_RENAME;
        planning_change(pl, a, "name", plan_string(pl->plan, "%s", s->row->name), s->name);
}

void planning_chain(struct planning *pl, const struct slot *s, size_t first, const char *why)
{
        size_t before = 0;

        for (size_t i = first; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];
                const struct retry *retry = planning_retry(pl, s, a->order, a->field);

                if (a->blocked || (retry && retry->given_up))
                        continue;
                if (before) {
                        action_depends(a, before - 1);
                        a->waits = a->waits ? a->waits : why;
                }
                before = i + 1;
        }
}

static void diff_slot(struct planning *pl, const struct slot *s, const struct values *wanted, struct told *told)
{
        size_t before = pl->plan->n_actions;

        switch (s->row->condition) {
        case CONDITION_CHANGING:
                if (!planning_is_stalled(pl, s))
                        planning_section(pl)->waiting = true;
                return;
        case CONDITION_UNKNOWN:
                planning_note(pl, plan_string(pl->plan, "%s is in a state that muster does not know: it is left alone",
                                              s->name));
                return;
        case CONDITION_EXPIRED:
                planning_note(pl, plan_string(pl->plan, "%s has expired: it is kept, and not replaced", s->name));
                return;
        case CONDITION_FAILED:
                return;         /* replacing it is the set's affair */
        case CONDITION_STOPPED: /* what can change only in a machine that is off goes before its start */
                diff_fields(pl, s, wanted, told);
                break;
        default:
                break;
        }
        if (!is_ready(pl->set->spec, s->row))
                diff_power(pl, s);
        diff_name(pl, s);
        if (s->row->condition != CONDITION_STOPPED)
                diff_fields(pl, s, wanted, told);
        planning_chain(pl, s, before, "one change of a machine at a time");
}

/* The number of the action that adopts a machine under this name. */
static size_t adoption_of(const struct planning *pl, const struct slot *s)
{
        for (size_t i = pl->plan->n_actions; i > 0; i--)
                if (pl->plan->actions[i - 1].verb == ACTION_ADOPT && text_equal(pl->plan->actions[i - 1].name, s->name))
                        return i - 1;
        return SIZE_MAX;
}

/* What an adoption will bring with it is shown with it: the machine is compared as if it were ours already. */
static void diff_adopted(struct planning *pl, const struct slot *s, const struct values *wanted, struct told *told)
{
        const struct row *row = observation_find(pl->in->machines, TYPE_MACHINE, s->adopt);
        struct thing *as_ours = strpool_alloc(pl->plan->strings, sizeof(*as_ours));
        size_t adoption = adoption_of(pl, s), first = pl->plan->n_actions;
        struct slot slot = *s;

        if (!as_ours) {
                pl->failed = true;
                return;
        }
        if (!row || adoption == SIZE_MAX || pl->plan->actions[adoption].blocked)
                return;
        *as_ours = (struct thing){
                .slot = s->name, .id = row->id, .state = THING_OWNED, .adopted = true, .condition = row->condition
        };
        slot.thing = as_ours;
        slot.row = row;
        diff_slot(pl, &slot, wanted, told);
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];

                a->thing = NULL;
                a->waits = "its adoption goes first";
                if (!a->depends_on[0])
                        action_depends(a, adoption);
        }
}

void diff_set(struct planning *pl)
{
        struct told told[PROPERTIES] = { 0 };
        struct section *section = planning_section(pl);
        struct values wanted;

        planning_wanted(pl, &wanted);
        for (size_t i = 0; i < pl->set->n_slots && !pl->failed; i++) {
                const struct slot *s = &pl->set->slots[i];
                size_t before = pl->plan->n_actions;

                if (s->adopt)
                        diff_adopted(pl, s, &wanted, told);
                if (!slot_is_shown(s))
                        continue;
                section->exist++;
                if (is_ready(pl->set->spec, s->row))
                        section->ready++;
                if (s->call) {
                        section->waiting = true;
                        continue;
                }
                if (s->release)
                        continue;
                if (!s->hold && !s->victim)
                        diff_slot(pl, s, &wanted, told);
                if (pl->plan->n_actions == before && !s->victim && s->row->condition != CONDITION_FAILED)
                        pl->plan->unchanged++;
        }
        tell_all(pl, told);
}
