/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"

/*
 * A rollout takes machines away for a while: to make them anew, or to restart them. The rule: never more at a time than the spec's
 * maxUnavailable, counting every machine of the set that is away for whatever reason, or has not worked for minReady yet.
 */

/* Has it worked for long enough? After a restart of muster the time since it was made must do. */
static bool is_settled(const struct planning *pl, const struct thing *t)
{
        usec_t min_ready = pl->set->spec->rollout->min_ready;
        int64_t age = pl->in->wall - t->made_at;

        if (t->ready_since)
                return usec_since(pl->in->now, t->ready_since) >= min_ready;
        return age < 0 || age >= (int64_t)(min_ready / USEC_PER_SEC); /* a wall clock that was set back tells nothing */
}

static bool is_working(const struct planning *pl, const struct slot *s)
{
        return s->row->condition == CONDITION_UNSHOWN ||
               s->row->condition == (pl->set->spec->power == POWER_STOPPED ? CONDITION_STOPPED : CONDITION_RUNNING);
}

static bool is_available(const struct planning *pl, const struct slot *s)
{
        return slot_is_shown(s) && !s->call && !s->victim && is_working(pl, s) && is_settled(pl, s->thing);
}

int64_t rollout_budget(const struct planning *pl, const struct set *set)
{
        int64_t available = 0;

        for (size_t i = 0; i < set->n_slots; i++)
                available += !set->slots[i].release && is_available(pl, &set->slots[i]);
        return pl->set->spec->rollout->max_unavailable - (set->spec->count - available);
}

/* Do machines on hold that are away use all that may be away? Then only a person can make room. */
static bool is_held_up(const struct planning *pl, const struct set *set)
{
        int64_t away = 0;

        for (size_t i = 0; i < set->n_slots; i++)
                away += set->slots[i].hold && !(slot_is_shown(&set->slots[i]) && is_working(pl, &set->slots[i]));
        return away >= set->spec->rollout->max_unavailable;
}

static bool has_failed_machine(const struct set *set)
{
        for (size_t i = 0; i < set->n_slots; i++)
                if (slot_is_shown(&set->slots[i]) && set->slots[i].row->condition == CONDITION_FAILED)
                        return true;
        return false;
}

/* Takes the machine from the budget, or says why the action waits. One that does not work is away already. */
static void take_away(struct planning *pl, const struct set *set, const struct slot *s, struct action *a)
{
        const struct rollout_spec *rollout = set->spec->rollout;
        char text[UNITS_TEXT_MAX];

        if (a->blocked)
                return;
        if (rollout->on_failure == ON_FAILURE_STOP && has_failed_machine(set)) {
                a->waits = "a machine of the set failed, and rollout.onFailure says stop";
                a->given_up = true;
                section_reason(planning_section(pl), REASON_REFUSED, a->waits);
        } else if (is_working(pl, s) && is_held_up(pl, set)) {
                a->waits = "machines that are on hold are away, and no more may be (rollout.maxUnavailable)";
                a->given_up = true;
                section_reason(planning_section(pl), REASON_HELD, a->waits);
        } else if (is_working(pl, s) && pl->budget-- <= 0) {
                a->waits = plan_string(pl->plan, "at most %lld away at a time, and each new one works for %s first",
                                       (long long)rollout->max_unavailable, duration_text(rollout->min_ready, text));
        }
}

bool needs_restart(const struct planning *pl, const struct slot *s, enum property f)
{
        const struct machine_support *support = machine_support_find(pl->in->codec, pl->in->config->options,
                                                                     property_name(f));
        const struct retry *retry = planning_retry(pl, s, ORDER_CHANGE, f);

        if (s->row->condition != CONDITION_RUNNING)
                return false;
        return support->while_off || (retry && retry->given_up && retry->class == OUTCOME_REFUSED);
}

/* The first property of the machine that only a new machine can have as the spec says. */
static enum property outdated_field(const struct planning *pl, const struct slot *s, const struct values *wanted)
{
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++) {
                const struct machine_support *support;

                if (!values_known(wanted, f))
                        continue;
                support = machine_support_find(pl->in->codec, pl->in->config->options, property_name(f));
                if (support->change == CHANGE_REPLACE && values_drifted(support, s, f, wanted))
                        return f;
        }
        return PROPERTY_NONE;
}

static void replace(struct planning *pl, struct set *set, struct slot *s, enum property f, const struct values *wanted)
{
        const struct machine_support *support = machine_support_find(pl->in->codec, pl->in->config->options,
                                                                     property_name(f));
        const char *from = value_text(pl->plan, f, values_to_compare(support, s)),
                   *to = value_text(pl->plan, f, wanted);
        struct action *a;

        a = planning_action(pl, ACTION_REPLACE, s,
                            plan_string(pl->plan, "%s is %s, spec says %s", property_name(f), from, to));
        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_REPLACE;
        planning_change(pl, a, property_name(f), from, to);
        take_away(pl, set, s, a);
        s->victim = true;
}

void plan_rollout(struct planning *pl, struct set *set)
{
        struct values wanted;

        if (set->resource->on_drift != ON_DRIFT_REPLACE)
                return;
        planning_wanted(pl, &wanted);
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                struct slot *s = &set->slots[i];
                enum property f;

                if (!slot_is_shown(s) || s->call || s->hold || s->victim || s->release ||
                    (s->row->condition != CONDITION_RUNNING && s->row->condition != CONDITION_STOPPED &&
                     s->row->condition != CONDITION_UNSHOWN))
                        continue;
                f = outdated_field(pl, s, &wanted);
                if (f == PROPERTY_NONE)
                        continue;
                if (s->protect)
                        planning_note(pl, plan_string(pl->plan,
                                                      "%s: its %s is not as the spec says; it is kept, as protect says",
                                                      s->name, property_name(f)));
                else
                        replace(pl, set, s, f, &wanted);
        }
}

void plan_restart(struct planning *pl, const struct slot *s, enum property f)
{
        const char *name = property_name(f);
        struct action *a;

        a = planning_action(pl, ACTION_STOP, s, plan_string(pl->plan, "its %s cannot change while it runs", name));
        if (!a)
                return;
        a->order = power_order(pl, s);
        if (pl->set->spec->restart == RESTART_ROLLING)
                take_away(pl, pl->set, s, a);
        else
                planning_block(
                        pl, a, REASON_REFUSED,
                        plan_string(pl->plan, "the %s needs a restart, which 'restart: rolling' would allow", name));
}
