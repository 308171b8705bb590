/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/copies.h"
#include "reconcile/planner_internal.h"

/*
 * Backups and snapshots of a set's machines. One is made of each machine when the newest of this policy has become too old, one at a time;
 * and one goes once so many newer ones are usable as are to be kept, so that what a clock says can cost none. What the
 * ledger does not own is never touched, whatever it is called. What a policy made of machines that it is no longer about is
 * orphaned.
 */

/* A machine with the copies that this policy has made of it. */
struct covered {
        const char *name;            /* "web-0" */
        const struct thing *machine; /* NULL: it is still to be made, or the ledger knows of none */
        const struct row *row;       /* NULL: it is not shown */
        size_t made;                 /* number + 1 of the action that makes it; 0: none does */
        bool wanted;                 /* it is of the policy's set */
        bool hold, protect, released, goes;
        const char *busy;    /* NULL, or what the vendor does, or is to do, to the machine meanwhile */
        bool making;         /* a create of this policy is open */
        int64_t highest;     /* number of a copy of this policy's name, whoever made it */
        struct copy *copies; /* the oldest first */
        size_t n;
};

struct copying {
        const char *name;                /* "BackupPolicy/nightly" */
        const struct resource *resource; /* NULL: no spec names it any more */
        const struct copy_policy *spec;  /* likewise */
        enum thing_type type;
        const char *stem;   /* "nightly" */
        const char *paused; /* why nothing is done to the set's machines; NULL: it may be */
        struct covered *machines;
        size_t n_machines, allocated_machines;
        struct strmap by_name; /* -> number of the machine + 1 */
        struct copy *copies;   /* sorted by machine, then by when muster made them */
        size_t n_copies, allocated_copies;
        size_t under_way, orphans, orphans_of;
        usec_t oldest; /* age of the oldest newest one */
        const struct thing *oldest_thing;
};

static void copying_done(struct copying *c)
{
        free(c->machines);
        free(c->copies);
        strmap_done(&c->by_name);
}

static const char *word_of(const struct copying *c)
{
        return thing_type_words[c->type];
}

/* The machine of a slot, "web-0" of "web-0/nightly-3"; NULL: it is none of those that are known here. */
static struct covered *find_machine(const struct copying *c, const char *slot)
{
        char name[SLOT_MAX];
        uintptr_t number;

        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(slot, "/"), slot);
        number = (uintptr_t)strmap_get(&c->by_name, name);
        return number ? &c->machines[number - 1] : NULL;
}

static struct covered *add_machine(struct planning *pl, struct copying *c, const char *name)
{
        struct covered *m = name ? ARRAY_ADD(c->machines, c->n_machines, c->allocated_machines) : NULL;

        if (!m || strmap_set(&c->by_name, name, (void *)(uintptr_t)c->n_machines) < 0) {
                pl->failed = true;
                return NULL;
        }
        *m = (struct covered){ .name = name };
        return m;
}

static void know_thing(struct planning *pl, struct covered *m, const struct thing *t)
{
        const struct resource *set = estate_find_text(pl->in->estate, t->resource);
        const struct machine_set *spec = set ? set->machine_set : NULL;

        m->machine = t;
        m->row = *t->id ? observation_find(pl->in->machines, TYPE_MACHINE, t->id) : NULL;
        m->goes = t->state == THING_LEAVING;
        m->hold = spec && is_in_list(&spec->hold, t->slot, t->id);
        m->released = t->state == THING_RELEASED || (spec && is_in_list(&spec->release, t->slot, t->id));
        m->protect = t->protect || (spec && is_in_list(&spec->protect, t->slot, t->id));
}

/* Is there a machine afterwards that has no copies yet? */
static bool brings_one(const struct action *a)
{
        return a->type == TYPE_MACHINE &&
               (a->verb == ACTION_CREATE || a->verb == ACTION_ADOPT || (a->verb == ACTION_REPLACE && !a->blocked));
}

/* The machines of the policy's set, those among them that are still to be made. */
static void know_machines(struct planning *pl, struct copying *c)
{
        char set[RESOURCE_TEXT_MAX];

        if (!c->spec)
                return;
        resource_text(c->spec->machine_set.resource, set);
        for (const struct thing *t = strmap_get(&pl->census->things, set); t && !pl->failed; t = t->next) {
                struct covered *m;

                if (t->type != TYPE_MACHINE || (t->state != THING_OWNED && t->state != THING_LEAVING))
                        continue;
                m = add_machine(pl, c, t->slot);
                if (!m)
                        return;
                know_thing(pl, m, t);
                m->wanted = !m->released;
        }
        for (size_t i = 0; i < pl->plan->n_actions && !pl->failed; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct covered *m;

                if (!brings_one(a) || !text_equal(pl->plan->sections[a->section].resource, set))
                        continue;
                m = find_machine(c, a->name);
                if (!m)
                        m = add_machine(pl, c, a->name);
                if (!m)
                        return;
                m->wanted = true;
                m->made = i + 1;
                m->goes = m->goes || a->verb == ACTION_REPLACE;
        }
}

/* What the ledger owns of this policy, and machines that it is of no more. */
static void know_copies(struct planning *pl, struct copying *c)
{
        for (struct thing *t = strmap_get(&pl->census->things, c->name); t && !pl->failed; t = t->next) {
                struct covered *m;
                struct copy *copy;

                if (t->type != c->type || t->state == THING_RELEASED || !strchr(t->slot, '/'))
                        continue;
                m = find_machine(c, t->slot);
                if (!m)
                        m = add_machine(pl, c, plan_string(pl->plan, "%.*s", (int)strcspn(t->slot, "/"), t->slot));
                copy = m ? ARRAY_ADD(c->copies, c->n_copies, c->allocated_copies) : NULL;
                if (!copy) {
                        pl->failed = true;
                        return;
                }
                *copy = (struct copy){ .thing = t, .machine = (size_t)(m - c->machines) };
                copy->call = strmap_get(&pl->census->calls[c->type], t->slot);
                copy->row = *t->id ? observation_find(pl->in->machines, c->type, t->id) : NULL;
                copy->stale = copy_is_stale(pl->in, copy);
        }
        for (size_t i = 0; i < pl->in->ledger->n_things; i++) {
                const struct thing *t = pl->in->ledger->things[i];
                struct covered *m;

                if (t->type != TYPE_MACHINE || t->state == THING_GONE || !text_equal(t->account, pl->in->account))
                        continue;
                m = find_machine(c, t->slot);
                if (m && !m->machine)
                        know_thing(pl, m, t);
        }
}

static int compare_copies(const void *left, const void *right)
{
        const struct copy *a = left, *b = right;

        if (a->machine != b->machine)
                return a->machine < b->machine ? -1 : 1;
        return (a->thing->seq > b->thing->seq) - (a->thing->seq < b->thing->seq);
}

static void hand_out_copies(struct copying *c)
{
        if (c->n_copies > 1)
                qsort(c->copies, c->n_copies, sizeof(*c->copies), compare_copies);
        for (size_t i = 0; i < c->n_copies; i++) {
                struct covered *m = &c->machines[c->copies[i].machine];

                m->copies = m->n++ ? m->copies : &c->copies[i];
        }
}

/* A number is given only once, so that a name tells one copy from all others. */
static void know_number(const struct copying *c, const char *slot)
{
        struct covered *m = find_machine(c, slot);
        const char *slash = strchr(slot, '/');
        int64_t number = slash ? slot_ordinal(c->stem, slash + 1) : -1;

        if (m && number > m->highest)
                m->highest = number;
}

static void know_numbers(const struct planning *pl, struct copying *c)
{
        const struct listed *listed = &pl->in->machines->of[c->type];
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_things; i++)
                if (ledger->things[i]->type == c->type && ledger->things[i]->state != THING_GONE &&
                    text_equal(ledger->things[i]->account, pl->in->account))
                        know_number(c, ledger->things[i]->slot);
        for (size_t i = 0; i < listed->n_rows; i++)
                know_number(c, listed->rows[i].name);
}

/* What hangs on a machine locks it while the vendor is at work on it; a copy that is deleted does not. */
static bool locks(const struct planning *pl, enum thing_type type, enum order_verb verb)
{
        return type == TYPE_MACHINE ||
               (pl->in->making[type].goes_along && !(thing_is_copy(type) && verb == ORDER_DELETE));
}

static void know_work(struct planning *pl, struct copying *c)
{
        for (size_t i = 0; i < pl->in->ledger->n_calls; i++) {
                const struct call *call = pl->in->ledger->calls[i];
                struct covered *m = find_machine(c, call->slot);

                if (!m || call->state == CALL_RESOLVED || !text_equal(call->account, pl->in->account))
                        continue;
                if (call->type == c->type && call->verb == ORDER_CREATE)
                        know_number(c, call->slot);
                if (call->type == c->type && call->verb == ORDER_CREATE && text_equal(call->resource, c->name))
                        m->making = true;
                else if (locks(pl, call->type, call->verb))
                        m->busy = "the vendor is still at work on its machine";
        }
        for (size_t i = 0; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];
                struct covered *m = locks(pl, a->type, a->order) ? find_machine(c, a->name) : NULL;

                if (!m || i + 1 == m->made)
                        continue;
                if (a->type == TYPE_MACHINE && a->order == ORDER_DELETE)
                        m->goes = m->goes || !a->blocked;
                else if (!a->blocked && !a->waits && !a->given_up && a->requests)
                        m->busy = "what else is to be done to its machine goes first";
        }
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

        if (a)
                a->order = ORDER_DELETE;
        if (a && c->paused)
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
                                action_depends(a, made - 1);
                                a->waits = "the new one has to be usable first";
                        }
                } else if (copy->thing->state == THING_OWNED && copy->row) {
                        planning_part_unchanged(pl);
                }
                usable += copy_is_usable(copy);
        }
}

/* What the newest copy is that counts: one that is usable, or being made. NULL: there is none. `ret_failed` are newer than that and will not
 * be usable; `ret_doubt` says that one is missing, and that this is not confirmed yet. */
static struct copy *newest_good(const struct covered *m, size_t *ret_failed, bool *ret_doubt)
{
        *ret_failed = 0;
        *ret_doubt = false;
        for (size_t i = 0; i < m->n; i++) {
                struct copy *copy = newest(m, i);

                if (copy_is_usable(copy) || copy_is_coming(copy))
                        return copy;
                *ret_failed += copy_is_unusable(copy) || copy->thing->state == THING_PARKED;
                *ret_doubt = *ret_doubt || (copy->thing->state == THING_OWNED && !copy->row);
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
                action_depends(a, m->made - 1);
                a->waits = "its machine goes first";
        } else if (m->row->condition == CONDITION_CHANGING) {
                a->waits = "the vendor is still at work on its machine";
        } else {
                a->waits = m->busy;
        }
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
        if (!s->next_attempt || at < s->next_attempt)
                s->next_attempt = at;
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
                planning_section(pl)->waiting = planning_section(pl)->waiting || m->making || doubt || last->row;
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
        reason = last ? plan_string(pl->plan, "the last is from %s", time_text(age.at, text)) : "there is none yet";
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
        } else if (m->hold) {
                planning_note(pl, plan_string(pl->plan, "%s is on hold: no %s of it is made or deleted", m->name,
                                              word_of(c)));
        } else if (!m->row) {
                planning_section(pl)->waiting = true;
        } else if (!condition_works(m->row->condition) && m->row->condition != CONDITION_CHANGING) {
                planning_note(pl, plan_string(pl->plan, "%s is %s: no %s of it is made or deleted", m->name,
                                              condition_text(m->row->condition), word_of(c)));
        } else if (!observation_covers_in(pl->in->machines, c->type, m->machine->id)) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan, "%s: its %ss are not known yet; nothing is done about them",
                                              m->name, word_of(c)));
        } else {
                return plan_due(pl, c, m, e);
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
                a = drop(pl, c, copy, "no spec asks for it any more");
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
                                              prune ? "they are of no machine that may be touched" : "prune is off"));
}

static void conclude(struct planning *pl, const struct copying *c)
{
        struct section *s = planning_section(pl);
        char text[UNITS_TEXT_MAX];

        if (c->under_way)
                planning_note(pl, plan_string(pl->plan, "%zu %s%s being made", c->under_way, word_of(c),
                                              c->under_way == 1 ? " is" : "s are"));
        tell_orphans(pl, c);
        if (!c->spec)
                s->headline = plan_string(pl->plan, "no spec names it any more; %zu %s%s", c->n_copies, word_of(c),
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
        _cleanup_(copying_done) struct copying c = {
                .name = name,
                .resource = resource,
                .spec = resource ? resource->copy_policy : NULL,
                .type = kind_of(name)->makes,
                .stem = strchr(name, '/') + 1,
                .paused = resource ? planning_paused(pl, resource->copy_policy->machine_set.resource) : NULL,
        };
        int r;

        planning_section(pl)->desired = 0;
        know_machines(pl, &c);
        know_copies(pl, &c);
        if (pl->failed)
                return -ENOMEM;
        hand_out_copies(&c);
        know_numbers(pl, &c);
        know_work(pl, &c);
        r = plan_machines(pl, &c, e);
        if (r == 0)
                conclude(pl, &c);
        return r;
}
