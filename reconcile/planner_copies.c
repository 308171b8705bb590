/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_copies.h"

/*
 * Backups and snapshots of a set's machines. One is made of each machine when the newest of this policy has become too old, one at a time;
 * and one goes once so many newer ones are usable as are to be kept, so that what a clock says can cost none. What the
 * ledger does not own is never touched, whatever it is called. What a policy made of machines that it is no longer about is
 * orphaned.
 */

static const char *word_of(const struct copying *c)
{
        return thing_type_words[c->type];
}

/* The copies of one machine, from the newest. */
static struct copy *newest(const struct covered *m, size_t i)
{
        return &m->copies[m->n - 1 - i];
}

static void tell_copies(struct planning *pl, struct copying *c, const struct covered *m)
{
        for (size_t i = 0; i < m->n; i++) {
                const struct copy *copy = &m->copies[i];
                const struct slot slot = { .type = c->type, .name = copy->thing->slot, .thing = copy->thing };

                if (copy->thing->state == THING_LEAVING || copy->call) {
                        planning_section(pl)->waiting = true;
                } else if (copy->thing->state == THING_PARKED) {
                        tell_parked(pl, &slot);
                } else if (copy->thing->state == THING_OWNED && !copy->row && copy->thing->missing) {
                        planning_section(pl)->waiting = true;
                        planning_note(pl,
                                      plan_string(pl->plan,
                                                  "%s (%s) is gone from the listing; a second look must confirm that",
                                                  copy->thing->slot, copy->thing->id));
                } else if (copy_is_doubted(copy)) {
                        planning_section(pl)->waiting = true;
                        planning_note(pl, plan_string(pl->plan,
                                                      "%s (%s) is not usable any more; a second look must confirm that",
                                                      copy->thing->slot, copy->thing->id));
                } else if (copy_is_unusable(copy)) {
                        planning_note(pl, plan_string(pl->plan,
                                                      "%s (%s) is %s: it is kept until newer ones take its place; "
                                                      "'muster forget %s' drops it from the ledger",
                                                      copy->thing->slot, copy->thing->id,
                                                      copy->row->condition == CONDITION_UNKNOWN
                                                              ? "in a state that is not known"
                                                      : copy->thing->ever_ready ? "not usable any more"
                                                                                : "still not usable",
                                                      copy->thing->slot));
                }
        }
}

static struct action *drop(struct planning *pl, const struct copying *c, const struct copy *copy, const char *reason)
{
        const struct slot slot = { .type = c->type, .name = copy->thing->slot, .thing = copy->thing };
        struct action *a = planning_action(pl, ACTION_DELETE, &slot, reason);

        if (!a)
                return NULL;
        a->order = ORDER_DELETE;
        a->waits = asked_wait(pl, c->type, c->machines[copy->machine].machine);
        if (c->paused)
                planning_block(pl, a, REASON_HELD, c->paused);
        return a;
}

/* A copy goes once as many newer ones are usable as are kept. `made` is the number + 1 of the action that makes one more, which counts
 * once it is there. */
static void rotate(struct planning *pl, const struct copying *c, const struct covered *m, size_t made)
{
        int64_t usable = 0;

        for (size_t i = 0; i < m->n && !pl->failed; i++) {
                struct copy *copy = newest(m, i);
                bool now = usable >= c->spec->keep;
                struct action *a;

                if ((now || (made && usable + 1 >= c->spec->keep)) && copy_may_go(copy)) {
                        a = drop(pl, c, copy,
                                 plan_string(pl->plan, "%lld newer one%s kept", (long long)c->spec->keep,
                                             c->spec->keep == 1 ? " is" : "s are"));
                        if (a && !now) {
                                planning_depends(pl, a, made - 1);
                                a->waits = "the new one has to be usable first";
                        }
                } else if (copy->thing->state == THING_OWNED && copy->row) {
                        planning_part_unchanged(pl);
                }
                usable += copy_is_usable(copy);
        }
}

/* What the newest copy is that counts: one that is usable, or being made. NULL: there is none. `ret_failed` are newer than that and will not
 * be usable; `ret_doubt` says that one is missing, or not usable any more, and that this is not confirmed yet. */
static struct copy *newest_good(const struct covered *m, size_t *ret_failed, bool *ret_doubt)
{
        *ret_failed = 0;
        *ret_doubt = false;
        for (size_t i = 0; i < m->n; i++) {
                struct copy *copy = newest(m, i);

                if (copy_is_usable(copy) || copy_is_coming(copy))
                        return copy;
                *ret_failed += copy_is_unusable(copy) || copy->thing->state == THING_PARKED;
                *ret_doubt = *ret_doubt || copy_is_doubted(copy) || (copy->thing->state == THING_OWNED && !copy->row);
        }
        return NULL;
}

static void make(struct planning *pl, const struct copying *c, struct covered *m, const char *reason, size_t failed)
{
        const struct slot slot = { .type = c->type,
                                   .name = plan_string(pl->plan, "%s/%s-%lld", m->name, c->stem,
                                                       m->made ? 1 : (long long)m->highest + 1) };
        struct action *a = slot.name ? planning_action(pl, ACTION_CREATE, &slot, reason) : NULL;

        if (!a) {
                pl->failed = true;
                return;
        }
        a->order = ORDER_CREATE;
        a->summary = "due";
        if (m->made) {
                planning_depends(pl, a, m->made - 1);
                a->waits = "its machine goes first";
        } else if (m->row->condition == CONDITION_CHANGING) {
                a->waits = "the vendor is still at work on its machine";
        } else {
                a->waits = m->busy;
                if (action_depends_all(pl->plan, a, &m->busy_with) < 0)
                        pl->failed = true;
        }
        if (!a->waits)
                a->waits = asked_wait(pl, c->type, m->machine);
        if (c->paused)
                planning_block(pl, a, REASON_HELD, c->paused);
        if (failed >= COPIES_FAILED_MAX)
                planning_block(
                        pl, a, REASON_REFUSED,
                        plan_string(pl->plan,
                                    "%zu %ss of %s in a row did not become usable; look at the vendor's console, and "
                                    "delete them there or 'muster forget' them",
                                    failed, word_of(c), m->name));
        if (!m->made)
                rotate(pl, c, m, a->blocked ? 0 : pl->plan->n_actions);
}

static void note_due(struct planning *pl, const struct copying *c, usec_t age)
{
        struct section *s = planning_section(pl);
        usec_t left = c->spec->every - age;
        int64_t at = pl->in->wall + (int64_t)(left / USEC_PER_SEC) + 1;

        pl->plan->next_due = usec_min(pl->plan->next_due, usec_add(pl->in->now, left));
        if (!s->due_at || at < s->due_at)
                s->due_at = at;
}

/* Is there one that is young enough? Else one is made. */
static int plan_due(struct planning *pl, struct copying *c, struct covered *m, struct error *e)
{
        char text[UNITS_TEXT_MAX];
        const char *reason;
        size_t failed;
        bool doubt;
        struct copy *last = newest_good(m, &failed, &doubt);
        struct copy_age age = { 0 };
        int r;

        if (m->making || doubt || (last && copy_is_coming(last))) {
                c->under_way += !doubt;
                planning_section(pl)->waiting = planning_section(pl)->waiting || m->making || doubt ||
                                                (last->row && last->row->condition == CONDITION_CHANGING);
                rotate(pl, c, m, 0);
                return 0;
        }
        r = last ? copy_age(pl->in, last, &age, e) : 0;
        if (r < 0)
                return r;
        if (last && age.known && age.length < c->spec->every) {
                planning_section(pl)->ready++;
                note_due(pl, c, age.length);
                if (!c->oldest_thing || age.length > c->oldest) {
                        c->oldest = age.length;
                        c->oldest_thing = last->thing;
                }
                rotate(pl, c, m, 0);
                return 0;
        }
        reason = last   ? plan_string(pl->plan, "the last is from %s", time_text(age.at, text))
                 : m->n ? "none is usable"
                        : "there is none yet";
        make(pl, c, m, reason, failed);
        return 0;
}

/* What is on a machine goes with it: nobody should find that out afterwards. */
static void tell_going(struct planning *pl, const struct copying *c, const struct covered *m)
{
        if (m->n)
                planning_note(pl, plan_string(pl->plan, "%s goes, and with it %s %zu %s%s", m->name,
                                              m->n == 1 ? "its" : "all its", m->n, word_of(c), m->n == 1 ? "" : "s"));
}

static int plan_wanted(struct planning *pl, struct copying *c, struct covered *m, struct error *e)
{
        if (m->goes)
                tell_going(pl, c, m);
        if (m->goes && !m->made)
                return 0;
        planning_section(pl)->desired++;
        if (!m->goes)
                tell_copies(pl, c, m);
        if (m->made) {
                make(pl, c, m, "there is none yet", 0);
        } else if (m->hold || m->machine->state == THING_PARKED) {
                planning_note(pl, plan_string(pl->plan, "%s is %s: no %s of it is made or deleted", m->name,
                                              m->hold ? "on hold" : "parked", word_of(c)));
        } else if (!m->row) {
                planning_section(pl)->waiting = true;
        } else if (!condition_works(m->row->condition) && m->row->condition != CONDITION_CHANGING) {
                planning_note(pl, plan_string(pl->plan, "%s is %s: no %s of it is made or deleted", m->name,
                                              condition_text(m->row->condition), word_of(c)));
        } else {
                asked_count(pl, &c->asked, m->machine);
                return machine_was_asked(pl, c->type, m->machine) ? plan_due(pl, c, m, e) : 0;
        }
        return 0;
}

/* No policy speaks of its machine any more: they go by the Policy's word alone. What is lost so cannot be made again, so it counts. */
static void leave(struct planning *pl, struct copying *c, const struct covered *m)
{
        const struct resource *policy = pl->in->estate->policy;
        bool prune = policy && policy->policy->prune && m->row && !m->hold && !m->protect;
        size_t kept = 0;

        if (m->goes) {
                tell_going(pl, c, m);
                return;
        }
        for (size_t i = 0; i < m->n && !pl->failed; i++) {
                struct copy *copy = &m->copies[i];
                struct action *a;

                if (m->released) {
                        if (!pl->paused && copy->thing->state == THING_OWNED)
                                planning_remark(pl, copy->thing, REMARK_RELEASE);
                        continue;
                }
                if (copy->thing->state == THING_LEAVING || copy->call) {
                        planning_section(pl)->waiting = true;
                        continue;
                }
                if (!prune || copy->thing->state != THING_OWNED || !copy->row ||
                    copy->row->condition == CONDITION_UNKNOWN) {
                        kept++;
                        continue;
                }
                a = drop(pl, c, copy, planning_why_orphaned(pl));
                if (!a)
                        return;
                a->counts = COUNTS_DELETE;
                if (copy_is_coming(copy))
                        a->waits = "the vendor is still at work on it";
        }
        c->orphans += kept;
        c->orphans_of += kept > 0;
}

static void tell_orphans(struct planning *pl, const struct copying *c)
{
        const struct resource *policy = pl->in->estate->policy;
        bool prune = policy && policy->policy->prune;

        pl->plan->orphaned += (int64_t)c->orphans;
        if (c->orphans)
                planning_note(pl, plan_string(pl->plan, "%zu %s%s of %zu machine%s %s orphaned: kept, because %s",
                                              c->orphans, word_of(c), c->orphans == 1 ? "" : "s", c->orphans_of,
                                              c->orphans_of == 1 ? "" : "s", c->orphans == 1 ? "is" : "are",
                                              !prune               ? "prune is off"
                                              : c->orphans_of == 1 ? "its machine may not be touched"
                                                                   : "their machines may not be touched"));
}

static void conclude(struct planning *pl, const struct copying *c)
{
        struct section *s = planning_section(pl);
        char text[UNITS_TEXT_MAX];

        if (c->under_way)
                planning_note(pl, plan_string(pl->plan, "%zu %s%s being made", c->under_way, word_of(c),
                                              c->under_way == 1 ? " is" : "s are"));
        asked_tell(pl, &c->asked);
        tell_orphans(pl, c);
        if (!c->spec)
                s->headline = plan_string(pl->plan, "%s; %zu %s%s", planning_why_orphaned(pl), c->n_copies, word_of(c),
                                          c->n_copies == 1 ? "" : "s");
        else
                s->headline = plan_string(pl->plan, "every %s, keep %lld of MachineSet/%s",
                                          duration_text(c->spec->every, text), (long long)c->spec->keep,
                                          c->spec->machine_set.name);
        if (c->oldest_thing)
                s->when_converged = plan_string(pl->plan, "the oldest of the last %ss is %s, from %s", word_of(c),
                                                c->oldest_thing->slot, time_text(c->oldest_thing->made_at, text));
        if (!s->headline || (c->oldest_thing && !s->when_converged))
                pl->failed = true;
}

static int compare_machines(const void *left, const void *right)
{
        const struct covered *const *a = left, *const *b = right;

        return text_natural_compare((*a)->name, (*b)->name);
}

/* In the order of their names, so that the same facts give the same plan. */
static int plan_machines(struct planning *pl, struct copying *c, struct error *e)
{
        _cleanup_free_ struct covered **sorted = calloc(c->n_machines + 1, sizeof(struct covered *));
        int r = 0;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_machines; i++)
                sorted[i] = &c->machines[i];
        if (c->n_machines > 1)
                qsort(sorted, c->n_machines, sizeof(*sorted), compare_machines);
        for (size_t i = 0; i < c->n_machines && r == 0 && !pl->failed; i++) {
                if (sorted[i]->wanted)
                        r = plan_wanted(pl, c, sorted[i], e);
                else
                        leave(pl, c, sorted[i]);
        }
        return r;
}

int plan_copies(struct planning *pl, const char *name, const struct resource *resource, struct error *e)
{
        _cleanup_copying_ struct copying c = {
                .name = name,
                .spec = resource ? resource->copy_policy : NULL,
                .type = kind_of(name)->makes,
                .asked = { .type = kind_of(name)->makes },
                .stem = strchr(name, '/') + 1,
                .paused = resource ? planning_paused(pl, resource->copy_policy->machine_set.resource) : NULL,
        };
        int r;

        planning_section(pl)->desired = 0;
        r = copying_know(pl, &c, e);
        if (r == 0)
                r = plan_machines(pl, &c, e);
        if (r == 0)
                conclude(pl, &c);
        return r;
}
