/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/manners.h"
#include "tests/simulation/scenario_parts.h"
#include "tests/simulation/server.h"

/* As long as any wait of muster lasts, and a little. */
#define PEACE (75 * USEC_PER_MINUTE)
/* At least so long nothing has happened, and nothing was left to do, where peace has come early. */
#define QUIET (6 * USEC_PER_MINUTE)
#define GLANCE USEC_PER_MINUTE
/* Minutes. */
#define TROUBLE_MOST 20
#define APPLY_EVERY (5 * USEC_PER_MINUTE)

/* The network and the vendors. */

/* Something goes wrong, unless the options leave it out. */
static bool permits(struct world *w)
{
        struct scenario *sc = w->userdata;

        return !omissions_have(&sc->options->faults, sc->n_faults++);
}

static unsigned pick(struct random *r, const unsigned *faults, size_t n)
{
        return faults[random_below(r, n)];
}

/* A lie that also hides machines that the ledger owns, so that it can be told from the truth; else none. */
static unsigned lie(const struct scenario *sc, const struct exchange *x)
{
        const struct world *w = sc->world;
        size_t owned = 0;

        for (size_t i = 0; i < w->ledger->n_things; i++)
                owned += w->ledger->things[i]->type == TYPE_MACHINE && w->ledger->things[i]->state == THING_OWNED &&
                         text_equal(w->ledger->things[i]->account, w->servers[x->account].account);
        if (owned >= 3 && random_chance(&sc->world->random, 500))
                return FAULT_SHORT;
        return owned >= 1 ? FAULT_EMPTY : 0;
}

static bool makes_something(const struct exchange *x)
{
        static const char *const classes[] = { "create",  "disk",    "group",   "rule", "bind",   "balancer",
                                               "backend", "network", "mapping", "acl",  "backup", "snapshot" };

        for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
                if (text_equal(x->class, classes[i]))
                        return true;
        return false;
}

static bool lists_what_is_contained(const struct exchange *x)
{
        return text_equal(x->class, "rule-list") || text_equal(x->class, "binding-list") ||
               text_equal(x->class, "backend-list");
}

static unsigned fault_of(struct scenario *sc, const struct exchange *x)
{
        static const unsigned lists[] = { FAULT_500,          FAULT_HTML,       FAULT_429,        FAULT_503,
                                          FAULT_DROP_REQUEST, FAULT_HANG,       FAULT_DROP_REPLY, FAULT_AUTH,
                                          FAULT_TRUNCATE,     FAULT_CUT,        FAULT_EMPTY,      FAULT_SHORT,
                                          FAULT_DUPLICATE,    FAULT_STALE,      FAULT_STALE,      FAULT_STALE,
                                          FAULT_NOT_SENT,     FAULT_SEND_FAILS, FAULT_REDIRECT,   FAULT_GARBAGE,
                                          FAULT_TYPE,         FAULT_TYPE,       FAULT_SHIFT,      FAULT_FIRST_PAGE };
        static const unsigned gets[] = { FAULT_500,        FAULT_HTML,     FAULT_429, FAULT_DROP_REQUEST, FAULT_HANG,
                                         FAULT_DROP_REPLY, FAULT_NOT_SENT, FAULT_CUT, FAULT_TYPE,         FAULT_AUTH };
        static const unsigned acts[] = { FAULT_500,        FAULT_500_AFTER,    FAULT_HTML,       FAULT_429,
                                         FAULT_503,        FAULT_DROP_REQUEST, FAULT_DROP_REPLY, FAULT_DROP_REPLY,
                                         FAULT_HANG,       FAULT_HANG_AFTER,   FAULT_REFUSE,     FAULT_AUTH,
                                         FAULT_TRUNCATE,   FAULT_CUT,          FAULT_GARBAGE,    FAULT_NOT_SENT,
                                         FAULT_SEND_FAILS, FAULT_REDIRECT,     FAULT_TYPE };
        struct random *r = &sc->world->random;

        if (text_equal(x->class, "list")) {
                unsigned fault = pick(r, lists, ARRAY_SIZE(lists));

                /* Where nothing marks what is ours, it is told from the rest by what was there before. A listing that hides
                 * machines, and none that the ledger knows, cannot be found out: nobody promises anything then. */
                if (fault & (FAULT_EMPTY | FAULT_SHORT) && !sc->world->servers[x->account].vendor->marks)
                        return lie(sc, x);
                return fault;
        }
        if (call_class_lists(x->class)) {
                unsigned fault = pick(r, lists, ARRAY_SIZE(lists));

                /* Of other things than machines the listing has the last word, once two of them agree: no vendor shows a single one. What
                 * a listing leaves out again and again is made again; and of what is contained the double is then seen, and goes. */
                if (fault == FAULT_EMPTY && lists_what_is_contained(x))
                        return fault;
                return fault & (FAULT_EMPTY | FAULT_SHORT | FAULT_SHIFT) ? FAULT_STALE : fault;
        }
        if (x->request.read) {
                unsigned fault = pick(r, gets, ARRAY_SIZE(gets));

                return fault == FAULT_AUTH && sc->world->servers[x->account].vendor->denies_alike ? 0 : fault;
        }
        /* Where a code says for certain that nothing was done, a vendor that lies makes doubles of everybody's machines. */
        if (makes_something(x) && sc->world->servers[x->account].vendor->lies_no && random_chance(r, 100))
                return FAULT_NO_AFTER;
        if (text_equal(x->class, "create") && sc->world->servers[x->account].vendor->name_fewer &&
            random_chance(r, 150))
                return FAULT_FEWER;
        return pick(r, acts, ARRAY_SIZE(acts));
}

static struct fate chance_fate(struct world *w, const struct exchange *x)
{
        struct scenario *sc = w->userdata;
        struct random *r = &w->random;
        struct fate fate = { .there = random_between(r, 1, 300) * USEC_PER_MSEC,
                             .back = random_between(r, 1, 300) * USEC_PER_MSEC };

        if (sc->lying && text_equal(x->class, "list"))
                fate.faults = lie(sc, x);
        if (w->now < sc->endless_until && text_equal(x->class, "list"))
                fate.faults = FAULT_ENDLESS;
        if (random_chance(r, 30))
                fate.there = random_between(r, 1, 20000) * USEC_PER_MSEC;
        if (!random_chance(r, sc->fault_chance))
                return fate;
        if (random_chance(r, 200)) {
                /* The connection breaks, or the time is up, while the request still travels. */
                usec_t end = random_chance(r, 500) ? x->request.timeout : random_between(r, 1, 5000) * USEC_PER_MSEC;

                fate.broken = end == x->request.timeout ? 0 : end;
                fate.there = end + random_below(r, w->options.acting + 1);
                return fate;
        }
        fate.faults = fault_of(sc, x);
        return fate;
}

static struct fate troubled_fate(struct world *w, const struct exchange *x)
{
        struct fate fate = chance_fate(w, x);
        bool wrong = fate.faults || fate.broken || fate.there > 300 * USEC_PER_MSEC;

        if (wrong && !permits(w))
                return (struct fate){ .there = USEC_PER_MSEC, .back = USEC_PER_MSEC };
        return fate;
}

static struct fate peaceful_fate(struct world *w, const struct exchange *x)
{
        (void)x;
        return (struct fate){ .there = random_between(&w->random, 1, 50) * USEC_PER_MSEC,
                              .back = random_between(&w->random, 1, 50) * USEC_PER_MSEC };
}

/* The run. */

static struct world_options draw_world(const struct scenario_options *options, struct scenario *sc)
{
        struct random *r = &sc->random;
        struct world_options w = { .seed = options->seed, .folder = options->folder, .untraced = !options->traced };
        bool quick = false, hidden = false;
        usec_t settle;

        w.accounts = random_chance(r, 300) ? 2 : 1;
        w.foreign = random_chance(r, 50) ? random_between(r, 20, 50) : random_below(r, 6);
        for (size_t i = 0; i < w.accounts; i++) {
                w.vendors[i] = options->vendor ? options->vendor : world_vendors[random_below(r, WORLD_VENDORS)];
                quick = quick || w.vendors[i]->quick;
                hidden = hidden || w.vendors[i]->hides_work;
        }
        w.variant = w.vendors[0]
                            ->variants[random_chance(r, 700) ? 0 : random_below(r, ARRAY_SIZE(w.vendors[0]->variants))];
        w.quirks = random_chance(r, 300);
        sc->settle = quick || random_chance(r, 500) ? random_between(r, 1, 60) * USEC_PER_SEC : 0;
        settle = sc->settle ? sc->settle : 60 * USEC_PER_SEC;
        w.acting = settle / 10 * 7;
        w.lag = settle / 10;
        /* What no listing shows under way has to be done within W after a call that came late. */
        w.ready_delay = random_below(r, hidden ? settle / 10 : settle / 2);
        if (quick && !w.foreign)
                w.foreign = 1; /* so that the first cluster is somebody else's */
        return w;
}

static void draw(struct scenario *sc)
{
        struct random *r = &sc->random;

        sc->confirm = random_between(r, 1, 30) * USEC_PER_SEC;
        sc->concurrency = (int64_t)random_between(r, 1, 8);
        sc->rate_limit = random_chance(r, 200) ? (int64_t)random_between(r, 60, 600) : 0;
        sc->max_deletes = random_chance(r, 600) ? -1 : random_chance(r, 500) ? -2 : (int64_t)random_below(r, 8);
        sc->fault_chance = random_chance(r, 200) ? 0 : (unsigned)random_below(r, 300);
        sc->n_sets = random_between(r, 1, SETS_MAX);
        for (size_t i = 0; i < sc->n_sets; i++)
                sc->sets[i] = (struct scenario_set){
                        .account = random_below(r, sc->world->options.accounts),
                        .count = (int64_t)random_below(r, COUNT_MAX + 1),
                        .form = { .template = (unsigned)random_below(r, 8), .cpu = 4, .memory = 8 },
                        .scale_in = random_chance(r, 500) ? SCALE_IN_NEWEST : SCALE_IN_OLDEST,
                        .replace_failed = (int)random_below(r, 3),
                        .restart = (int)random_below(r, 2),
                        .on_drift = random_chance(r, 300) ? ON_DRIFT_REPLACE : ON_DRIFT_UPDATE,
                };
        scenario_extras_draw(sc);
        scenario_links_draw(sc);
        scenario_copies_draw(sc);
        sc->world->death_chance = random_chance(r, 600) ? (unsigned)random_below(r, 8000) : 0;
        sc->world->commit_chance = random_chance(r, 200) ? (unsigned)random_below(r, 2000) : 0;
        sc->world->at_death = random_chance(r, 300) ? disk_lose_power : NULL;
        sc->world->rest = random_between(r, 0, 10000) * USEC_PER_MSEC;
        sc->world->interval = random_between(r, 2, 9) * USEC_PER_MINUTE;
        sc->world->pause = random_between(r, 0, 180) * USEC_PER_SEC;
}

static bool is_known(const struct ledger *l, const char *account, const char *id)
{
        for (size_t i = 0; i < l->n_things; i++)
                if (text_equal(l->things[i]->id, id) && l->things[i]->state != THING_GONE &&
                    text_equal(l->things[i]->account, account))
                        return true;
        return false;
}

/* What only people can put in order is put in order: strangers with our names go, and what they broke is mended. */
static void tidy_up(struct scenario *sc)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        struct world *w = sc->world;
        struct error e = { "" };

        /* Muster may be between two lives: what it knows then is in the file. */
        if (ledger_open(w->path, LEDGER_READ, NULL, &l, &e) < 0) {
                world_violate(w, "the ledger cannot be read: %s", e.text);
                return;
        }
        for (size_t account = 0; account < w->options.accounts; account++) {
                const struct server *s = &w->servers[account];

                for (size_t i = 0; i < s->n_records; i++) {
                        const struct machine_record *r = &s->records[i];
                        struct machine_view m;

                        if (!server_machine(w, account, r->id, &m))
                                continue;
                        if (!r->ours || (r->let_go && !is_known(l, s->account, r->id)))
                                server_console(w, account, "delete", r->id, NULL);
                        else if (m.broken)
                                server_console(w, account, s->vendor->mend, r->id, s->vendor->mended);
                }
                if (s->vendor->mend_parts)
                        s->vendor->mend_parts(s->simulation, w->now);
                scenario_extras_tidy(sc);
                scenario_links_tidy(sc);
                for (size_t i = 0; i < ARRAY_SIZE(s->vendor->reset) && s->vendor->reset[i][0]; i++)
                        server_mischief(w, account, s->vendor->reset[i][0], s->vendor->reset[i][1]);
        }
}

/* Nothing to do, and nothing to wait for but people, as muster sees it. */
static bool is_content(const struct world *w)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;

        if (w->asked || w->dying || w->stopping)
                return false;
        if (w->mode == ENGINE_APPLY)
                return w->engine || w->ended == ENGINE_CONVERGED;
        for (size_t i = 0; w->engine && i < engine_n_accounts(w->engine); i++) {
                struct account_view view;

                engine_account(w->engine, i, &view);
                if (!view.readable)
                        return false;
        }
        if (!w->engine || engine_plan(w->engine, &plan) < 0 || plan->n_actions || w->ledger->n_calls)
                return false;
        for (size_t i = 0; i < w->ledger->n_things; i++)
                if (w->ledger->things[i]->state == THING_LEAVING || w->ledger->things[i]->leaked)
                        return false;
        for (size_t i = 0; i < plan->n_sections; i++)
                if (plan->sections[i].phase != PHASE_CONVERGED && plan->sections[i].phase_reason != REASON_PARKED)
                        return false;
        return true;
}

/* Until every wait of muster is over, or until there has been none for long. Then nothing may come any more: that is waited for now and
 * then, for as long as if something were still to come. */
static void be_quiet(struct scenario *sc)
{
        struct world *w = sc->world;
        usec_t end = w->now + PEACE, since = w->now;
        uint64_t acts = w->acts, commits = w->commits;
        usec_t quiet = usec_max(QUIET, 2 * (w->mode == ENGINE_APPLY ? APPLY_EVERY : w->interval) + GLANCE);
        bool patient = random_chance(&sc->random, 50);

        while (w->now < end && !world_is_wrong(w)) {
                world_pass(w, GLANCE);
                if (!is_content(w) || acts != w->acts || commits != w->commits)
                        since = w->now;
                acts = w->acts;
                commits = w->commits;
                w->silent = w->now - since >= quiet;
                if (w->silent && !patient)
                        break;
        }
        w->silent = false;
}

/* Is a call open, or a request? A new life has its own to do with those, and a plan only waits. */
static bool is_in_doubt(struct world *w)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        struct error e = { "" };

        if (ledger_open(w->path, LEDGER_READ, NULL, &l, &e) >= 0)
                return w->asked || l->n_calls > 0;
        world_violate(w, "the ledger cannot be read: %s", e.text);
        return true;
}

/* In a world that stands still a plan is made, and then carried out by an apply that knows nothing of it. */
static void compare_plan_and_apply(struct scenario *sc)
{
        struct world *w = sc->world;
        usec_t rest = w->rest;

        w->rest = USEC_INFINITY;
        if (!w->engine)
                w->life++; /* one that was to come is none: the vendor is to be done with what was begun */
        world_stop(w);
        world_pass(w, 10 * USEC_PER_MINUTE);
        world_kill(w);
        if (world_is_wrong(w) || is_in_doubt(w)) {
                w->rest = rest;
                return;
        }
        world_trace(w, "PLAN and APPLY");
        manners_expect(w, world_plan(w));
        if (!world_is_wrong(w))
                world_start(w, ENGINE_APPLY);
        world_pass(w, 2 * USEC_PER_MINUTE);
        if (!world_is_wrong(w))
                manners_expected(w);
        world_kill(w);
        w->rest = rest;
}

static void come_to_peace(struct scenario *sc)
{
        struct world *w = sc->world;
        char resource[64];

        world_trace(w, "PEACE");
        sc->lying = false;
        w->fate = peaceful_fate;
        w->death_chance = w->commit_chance = 0;
        w->rest = w->mode == ENGINE_APPLY ? APPLY_EVERY : USEC_PER_SEC;
        w->pause = 0;
        if (random_chance(&sc->random, 100)) {
                enum engine_mode mode = w->mode;

                compare_plan_and_apply(sc);
                w->mode = mode;
        }
        if (!w->engine && !world_is_wrong(w))
                world_start(w, w->mode);
        tidy_up(sc);
        world_pass(w, 5 * USEC_PER_MINUTE);
        for (size_t i = 0; i < w->options.accounts && !world_is_wrong(w); i++)
                world_ask(w, REQUEST_ACCEPT_LOSS, w->servers[i].account, "", "", "");
        for (size_t i = 0; i < sc->n_sets && !world_is_wrong(w); i++) {
                snprintf(resource, sizeof(resource), "MachineSet/%s", scenario_set_names[i]);
                world_ask(w, REQUEST_RESUME, "", resource, "", "");
        }
        be_quiet(sc);
        invariants_final(w, false);
        if (world_is_wrong(w))
                return;
        world_trace(w, "PEACE without limits");
        sc->max_deletes = -1;
        tidy_up(sc);
        for (size_t i = 0; i < sc->n_sets; i++)
                if (!server_has(w, sc->sets[i].account, sc->sets[i].adopt))
                        sc->sets[i].adopt[0] = '\0';
        scenario_publish(sc);
        be_quiet(sc);
        world_stop(w);
        w->rest = USEC_INFINITY;
        world_pass(w, USEC_PER_MINUTE);
        invariants_final(w, true);
}

static void order_deeds(struct scenario *sc, usec_t length)
{
        struct world *w = sc->world;

        sc->n_deeds = random_below(&sc->random, sc->options->deeds_max + 1);
        for (size_t i = 0; i < sc->n_deeds; i++) {
                usec_t at = w->now + random_below(&sc->random, length);

                sc->deeds[i] = (struct deed){ .scenario = sc, .seed = random_next(&sc->random) };
                if (!omissions_have(&sc->options->deeds, i))
                        world_at(w, at, scenario_deed, &sc->deeds[i]);
        }
}

struct world *scenario_run(const struct scenario_options *options, struct scenario_extent *ret)
{
        struct scenario sc = { .options = options, .random = { .state = options->seed * 2 + 1 } };
        struct world_options drawn = draw_world(options, &sc);
        struct world *w = NULL;
        usec_t length;

        if (world_new(&drawn, &w) < 0)
                abort();
        sc.world = w;
        w->userdata = &sc;
        w->fate = troubled_fate;
        w->permits = permits;
        draw(&sc);
        length = random_between(&sc.random, 1, TROUBLE_MOST) * USEC_PER_MINUTE;
        order_deeds(&sc, length);
        if (options->trouble_most)
                length = usec_min(length, options->trouble_most);
        sc.trouble_until = w->now + length;
        scenario_publish(&sc);
        world_start(w, random_chance(&sc.random, 200) ? ENGINE_APPLY : ENGINE_AGENT);
        world_pass(w, length);
        if (!world_is_wrong(w))
                come_to_peace(&sc);
        if (ret)
                *ret = (struct scenario_extent){ .deeds = sc.n_deeds, .faults = sc.n_faults, .trouble = length };
        w->userdata = NULL; /* nothing of the scenario is left */
        w->fate = peaceful_fate;
        w->permits = NULL;
        return w;
}
