/* SPDX-License-Identifier: MIT */
#include "tests/simulation/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/server.h"
#include "tests/support/estate.h"

#define SETS_MAX 3
#define COUNT_MAX 12
#define RELEASES_MAX 4
#define ADOPTED_SLOT 30
/* As long as any wait of muster lasts, and a little. */
#define PEACE (75 * USEC_PER_MINUTE)

struct scenario_set {
        size_t account;
        int64_t count, cpu, memory;
        int power, scale_in, replace_failed, restart, on_drift;
        unsigned template;
        char release[RELEASES_MAX][64]; /* slots */
        size_t n_releases;
        char adopt[SERVER_ID_MAX]; /* an id that the set's ADOPTED_SLOT takes; "": none */
};

struct scenario {
        struct world *world;
        struct random random; /* for people; the world's own is for the rest */
        struct scenario_set sets[SETS_MAX];
        size_t n_sets;
        usec_t settle, confirm;
        int64_t concurrency, rate_limit, max_deletes; /* max_deletes -1: no limit, -2: the default */
        unsigned fault_chance;                        /* of a request, in a thousand */
        bool lying;
        usec_t trouble_until;
};

static const char *const set_names[SETS_MAX] = { "web", "db", "web-x" };

/* Specs. */

static const char *text(struct estate *estate, const char *format, ...) _printf_(2, 3);
static const char *text(struct estate *estate, const char *format, ...)
{
        char words[128];
        va_list ap;

        va_start(ap, format);
        vsnprintf(words, sizeof(words), format, ap);
        va_end(ap);
        return world_must((char *)strpool_add(estate->strings, words));
}

static void add_set(struct estate *estate, const struct scenario_set *set, const char *name, struct resource *provider)
{
        struct resource *r = test_estate_add_set(estate, name, provider, set->count);
        struct machine_set *spec = r->machine_set;

        spec->cpu = set->cpu;
        spec->memory = set->memory << 30;
        spec->power = set->power;
        spec->scale_in = set->scale_in;
        spec->replace_failed = set->replace_failed;
        spec->restart = set->restart;
        spec->template.name = text(estate, "tmpl-%u", set->template);
        r->on_drift = set->on_drift;
        spec->release.items = world_must(strpool_alloc(estate->strings, RELEASES_MAX * sizeof(char *)));
        for (size_t i = 0; i < set->n_releases; i++)
                spec->release.items[spec->release.n++] = text(estate, "%s", set->release[i]);
        if (!set->adopt[0])
                return;
        spec->adopt.items = world_must(strpool_alloc(estate->strings, sizeof(struct pair)));
        spec->adopt.items[spec->adopt.n++] = (struct pair){ .key = text(estate, "%s-%d", name, ADOPTED_SLOT),
                                                            .value = text(estate, "%s", set->adopt) };
}

static struct estate *make_estate(const struct scenario *sc)
{
        struct estate *estate = test_estate_new();
        struct resource *providers[ACCOUNTS_MAX];
        char endpoint[128];

        for (size_t i = 0; i < sc->world->options.accounts; i++) {
                const struct server *s = &sc->world->servers[i];

                snprintf(endpoint, sizeof(endpoint), "%s/starvcenter/services/cloudresource", s->host);
                providers[i] = test_estate_add_provider(estate, s->account, endpoint);
                providers[i]->provider->settle = sc->settle;
                providers[i]->provider->confirm = sc->confirm;
                providers[i]->provider->concurrency = sc->concurrency;
                providers[i]->provider->rate_limit = sc->rate_limit;
        }
        for (size_t i = 0; i < sc->n_sets; i++)
                add_set(estate, &sc->sets[i], set_names[i], providers[sc->sets[i].account]);
        if (sc->max_deletes != -2)
                test_estate_add_policy(estate)->policy->max_deletes = (struct share){
                        .given = true,
                        .percent = sc->max_deletes < 0,
                        .value = sc->max_deletes < 0 ? 100 : sc->max_deletes
                };
        test_estate_finish(estate);
        return estate;
}

static void publish(struct scenario *sc)
{
        sc->world->deletes_limit = sc->max_deletes == -1 ? INT64_MAX : sc->max_deletes == -2 ? 5 : sc->max_deletes;
        for (size_t i = 0; i < sc->n_sets; i++)
                world_trace(sc->world, "SPEC %s on %s: count %lld, cpu %lld, memory %lld, power %d", set_names[i],
                            sc->world->servers[sc->sets[i].account].account, (long long)sc->sets[i].count,
                            (long long)sc->sets[i].cpu, (long long)sc->sets[i].memory, sc->sets[i].power);
        world_set_estate(sc->world, make_estate(sc));
}

/* The network and the vendors. */

static unsigned pick(struct random *r, const unsigned *faults, size_t n)
{
        return faults[random_below(r, n)];
}

static unsigned fault_of(struct scenario *sc, const struct exchange *x)
{
        static const unsigned lists[] = { FAULT_500,          FAULT_HTML,       FAULT_429,        FAULT_503,
                                          FAULT_DROP_REQUEST, FAULT_HANG,       FAULT_DROP_REPLY, FAULT_AUTH,
                                          FAULT_TRUNCATE,     FAULT_CUT,        FAULT_EMPTY,      FAULT_SHORT,
                                          FAULT_DUPLICATE,    FAULT_STALE,      FAULT_STALE,      FAULT_STALE,
                                          FAULT_NOT_SENT,     FAULT_SEND_FAILS, FAULT_REDIRECT,   FAULT_GARBAGE };
        static const unsigned gets[] = { FAULT_500,  FAULT_HTML,       FAULT_429,      FAULT_DROP_REQUEST,
                                         FAULT_HANG, FAULT_DROP_REPLY, FAULT_NOT_SENT, FAULT_CUT };
        static const unsigned acts[] = { FAULT_500,        FAULT_500_AFTER,    FAULT_HTML,       FAULT_429,
                                         FAULT_503,        FAULT_DROP_REQUEST, FAULT_DROP_REPLY, FAULT_DROP_REPLY,
                                         FAULT_HANG,       FAULT_HANG_AFTER,   FAULT_REFUSE,     FAULT_AUTH,
                                         FAULT_TRUNCATE,   FAULT_CUT,          FAULT_GARBAGE,    FAULT_NOT_SENT,
                                         FAULT_SEND_FAILS, FAULT_REDIRECT };
        struct random *r = &sc->world->random;

        if (text_equal(x->class, "list"))
                return pick(r, lists, ARRAY_SIZE(lists));
        if (text_equal(x->class, "get"))
                return pick(r, gets, ARRAY_SIZE(gets));
        if (text_equal(x->class, "create") && random_chance(r, 100))
                return FAULT_NO_AFTER;
        return pick(r, acts, ARRAY_SIZE(acts));
}

/* A lie that also hides machines that the ledger owns, so that it can be told from the truth; else none. */
static unsigned lie(const struct scenario *sc, const struct exchange *x)
{
        const struct world *w = sc->world;
        size_t owned = 0;

        for (size_t i = 0; i < w->ledger->n_things; i++)
                owned += w->ledger->things[i]->state == THING_OWNED &&
                         text_equal(w->ledger->things[i]->account, w->servers[x->account].account);
        if (owned >= 3 && random_chance(&sc->world->random, 500))
                return FAULT_SHORT;
        return owned >= 1 ? FAULT_EMPTY : 0;
}

static struct fate troubled_fate(struct world *w, const struct exchange *x)
{
        struct scenario *sc = w->userdata;
        struct random *r = &w->random;
        struct fate fate = { .there = random_between(r, 1, 300) * USEC_PER_MSEC,
                             .back = random_between(r, 1, 300) * USEC_PER_MSEC };

        if (sc->lying && text_equal(x->class, "list"))
                fate.faults = lie(sc, x);
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

static struct fate peaceful_fate(struct world *w, const struct exchange *x)
{
        (void)x;
        return (struct fate){ .there = random_between(&w->random, 1, 50) * USEC_PER_MSEC,
                              .back = random_between(&w->random, 1, 50) * USEC_PER_MSEC };
}

/* People. */

/* A machine of ours that is there and known to the ledger; NULL: there is none. */
static const struct machine_record *pick_ours(struct scenario *sc, size_t *ret_account)
{
        struct world *w = sc->world;
        size_t account = random_below(&sc->random, w->options.accounts);
        struct server *s = &w->servers[account];
        const struct machine_record *found = NULL;
        uint64_t n = 0;

        for (size_t i = 0; w->ledger && i < w->ledger->n_things; i++) {
                const struct thing *t = w->ledger->things[i];
                const struct machine_record *record = server_record(s, t->id);

                if (t->state != THING_OWNED || !text_equal(t->account, s->account) || !record ||
                    !server_machine(w, account, t->id))
                        continue;
                if (random_below(&sc->random, ++n) == 0)
                        found = record;
        }
        *ret_account = account;
        return found;
}

static void meddle(struct scenario *sc, const char *verb, const char *text)
{
        size_t account;
        const struct machine_record *r = pick_ours(sc, &account);

        if (r)
                server_console(sc->world, account, verb, r->id, text);
}

static void delete_many(struct scenario *sc)
{
        for (uint64_t n = random_between(&sc->random, 2, COUNT_MAX); n > 0; n--)
                meddle(sc, "delete", NULL);
}

/* Far above every count, or where one of ours is: so that nothing is to be made there just now. */
static void add_lookalike(struct scenario *sc)
{
        size_t i = random_below(&sc->random, sc->n_sets), account;
        const struct machine_record *r = pick_ours(sc, &account);
        char name[64];

        snprintf(name, sizeof(name), "%s-%d", set_names[i], COUNT_MAX + 5 + (int)random_below(&sc->random, 5));
        if (r && random_chance(&sc->random, 500))
                server_add(sc->world, account, r->slot, 1, NULL);
        else
                server_add(sc->world, sc->sets[i].account, name, 1, NULL);
}

static struct scenario_set *set_of(struct scenario *sc, const char *slot, char resource[static 64])
{
        for (size_t i = 0; i < sc->n_sets; i++) {
                size_t n = strlen(set_names[i]);

                if (strncmp(slot, set_names[i], n) != 0 || slot[n] != '-' || slot[n + 1] < '0' || slot[n + 1] > '9')
                        continue;
                snprintf(resource, 64, "MachineSet/%s", set_names[i]);
                return &sc->sets[i];
        }
        return NULL;
}

/* A person takes a machine out of muster's hands, by command or by the specs. */
static void let_go(struct scenario *sc, bool by_specs)
{
        size_t account;
        const struct machine_record *r = pick_ours(sc, &account);
        struct scenario_set *set;
        char resource[64];

        set = r ? set_of(sc, r->slot, resource) : NULL;
        if (!set || (by_specs && set->n_releases == RELEASES_MAX) || !server_let_go(sc->world, account, r->slot))
                return;
        world_trace(sc->world, "PERSON %s %s", by_specs ? "releases" : "forgets", r->slot);
        if (by_specs) {
                snprintf(set->release[set->n_releases++], sizeof(set->release[0]), "%s", r->slot);
                publish(sc);
        } else {
                world_ask(sc->world, REQUEST_FORGET, "", resource, r->slot, "");
        }
}

/* A person hands a machine of somebody else over to muster. */
static void hand_over(struct scenario *sc)
{
        size_t i = random_below(&sc->random, sc->n_sets);
        struct scenario_set *set = &sc->sets[i];
        struct server *s = &sc->world->servers[set->account];
        const struct sim_machine *m;
        char slot[64];

        if (set->adopt[0] || !s->simulation->n_machines)
                return;
        m = s->simulation->machines[random_below(&sc->random, s->simulation->n_machines)];
        if (!text_starts(m->name, "elder-") || server_record(s, m->id))
                return;
        snprintf(set->adopt, sizeof(set->adopt), "%s", m->id);
        snprintf(slot, sizeof(slot), "%s-%d", set_names[i], ADOPTED_SLOT);
        server_adopted(s, m->id, slot);
        publish(sc);
}

/* A person says that a parked slot may be filled again: what was made there before is the person's from then on. */
static void retry(struct scenario *sc)
{
        const struct ledger *l = sc->world->ledger;

        for (size_t i = 0; l && i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                size_t account = text_equal(t->account, sc->world->servers[0].account) ? 0 : 1;

                if (t->state != THING_PARKED || !server_let_go(sc->world, account, t->slot))
                        continue;
                world_trace(sc->world, "PERSON retries %s", t->slot);
                world_ask(sc->world, REQUEST_RETRY, "", t->resource, t->slot, "");
                return;
        }
}

static void pause_or_resume(struct scenario *sc)
{
        bool pause = random_chance(&sc->random, 500);
        char resource[64];

        snprintf(resource, sizeof(resource), "MachineSet/%s", set_names[random_below(&sc->random, sc->n_sets)]);
        world_trace(sc->world, "PERSON %s %s", pause ? "pauses" : "resumes", resource);
        world_ask(sc->world, pause ? REQUEST_PAUSE : REQUEST_RESUME, "", resource, "", "");
}

static void change_specs(struct scenario *sc)
{
        struct scenario_set *set = &sc->sets[random_below(&sc->random, sc->n_sets)];

        switch (random_below(&sc->random, 9)) {
        case 8:
                set->template ++;
                break;
        case 0:
                set->cpu = (int64_t)random_between(&sc->random, 1, 8);
                break;
        case 1:
                set->memory = (int64_t)random_between(&sc->random, 1, 8);
                break;
        case 2:
                set->power = set->power == POWER_RUNNING ? POWER_STOPPED : POWER_RUNNING;
                break;
        default:
                set->count = (int64_t)random_below(&sc->random, COUNT_MAX + 1);
                break;
        }
        publish(sc);
}

static void live_on(struct scenario *sc)
{
        struct world *w = sc->world;

        switch (random_below(&sc->random, 5)) {
        case 0:
                world_stop(w);
                break;
        case 1:
                world_reboot(w);
                break;
        case 2:
                if (w->deletes_limit == INT64_MAX)
                        w->wall_off += (int64_t)random_below(&sc->random, 200000000) - 100000000;
                break;
        case 3:
                if (w->engine)
                        engine_look_again(w->engine);
                break;
        default:
                world_kill(w);
                break;
        }
}

static void deed(struct world *w, void *userdata)
{
        struct scenario *sc = userdata;
        char name[32];

        if (w->now >= sc->trouble_until)
                return;
        switch (random_below(&sc->random, 20)) {
        case 0:
        case 1:
                meddle(sc, "delete", NULL);
                break;
        case 2:
                meddle(sc, "stop", NULL);
                break;
        case 3:
                meddle(sc, "fail", NULL);
                break;
        case 4:
                snprintf(name, sizeof(name), "renamed-%u", (unsigned)random_below(&sc->random, 1000));
                meddle(sc, "rename", name);
                break;
        case 5:
                meddle(sc, "state", random_chance(&sc->random, 500) ? "2" : "77");
                break;
        case 6:
                add_lookalike(sc);
                break;
        case 7:
                if (random_chance(&sc->random, 300))
                        delete_many(sc);
                break;
        case 8:
                sc->lying = !sc->lying;
                world_trace(w, "listings %s", sc->lying ? "lie" : "do not lie any more");
                break;
        case 9:
                let_go(sc, random_chance(&sc->random, 500));
                break;
        case 10:
                hand_over(sc);
                break;
        case 11:
                if (random_chance(&sc->random, 300))
                        retry(sc);
                else
                        pause_or_resume(sc);
                break;
        case 12:
        case 13:
        case 14:
                live_on(sc);
                break;
        default:
                change_specs(sc);
                break;
        }
}

/* The run. */

static struct world_options draw_world(const struct scenario_options *options, struct scenario *sc)
{
        static const char *const variants[] = { "page", "offset1", "offset0", "ignored" };
        struct random *r = &sc->random;
        struct world_options w = { .seed = options->seed, .folder = options->folder };
        usec_t settle;

        w.accounts = random_chance(r, 300) ? 2 : 1;
        w.foreign = random_chance(r, 150) ? random_between(r, 20, 70) : random_below(r, 6);
        w.variant = variants[random_chance(r, 700) ? 0 : random_below(r, ARRAY_SIZE(variants))];
        w.quirks = random_chance(r, 300);
        sc->settle = random_chance(r, 500) ? random_between(r, 1, 60) * USEC_PER_SEC : 0;
        settle = sc->settle ? sc->settle : 60 * USEC_PER_SEC;
        w.acting = settle / 10 * 7;
        w.lag = settle / 10;
        w.ready_delay = random_below(r, settle / 2);
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
                        .cpu = 4,
                        .memory = 8,
                        .scale_in = random_chance(r, 500) ? SCALE_IN_NEWEST : SCALE_IN_OLDEST,
                        .replace_failed = (int)random_below(r, 3),
                        .restart = (int)random_below(r, 2),
                        .on_drift = random_chance(r, 300) ? ON_DRIFT_REPLACE : ON_DRIFT_UPDATE,
                };
        sc->world->death_chance = random_chance(r, 600) ? (unsigned)random_below(r, 8000) : 0;
        sc->world->commit_chance = random_chance(r, 200) ? (unsigned)random_below(r, 2000) : 0;
        sc->world->rest = random_between(r, 0, 10000) * USEC_PER_MSEC;
        sc->world->interval = random_between(r, 1, 8) * USEC_PER_MINUTE;
}

static bool is_known(const struct world *w, size_t account, const char *id)
{
        for (size_t i = 0; w->ledger && i < w->ledger->n_things; i++)
                if (text_equal(w->ledger->things[i]->id, id) && w->ledger->things[i]->state != THING_GONE &&
                    text_equal(w->ledger->things[i]->account, w->servers[account].account))
                        return true;
        return false;
}

/* What only people can put in order is put in order: strangers with our names go, and what they broke is mended. */
static void tidy_up(struct scenario *sc)
{
        struct world *w = sc->world;

        for (size_t account = 0; account < w->options.accounts; account++) {
                const struct server *s = &w->servers[account];

                for (size_t i = 0; i < s->n_records; i++) {
                        const struct machine_record *r = &s->records[i];
                        const struct sim_machine *m = server_machine(w, account, r->id);

                        if (m && (!r->ours || (r->let_go && !is_known(w, account, r->id))))
                                server_console(w, account, "delete", r->id, NULL);
                        else if (m && (m->state == SIM_FAILED || m->state == SIM_ASLEEP || m->state == 77))
                                server_console(w, account, "start", r->id, NULL);
                }
        }
}

static void come_to_peace(struct scenario *sc)
{
        struct world *w = sc->world;
        char resource[64];

        world_trace(w, "PEACE");
        sc->lying = false;
        w->fate = peaceful_fate;
        w->death_chance = w->commit_chance = 0;
        w->rest = w->mode == ENGINE_APPLY ? 10 * USEC_PER_MINUTE : USEC_PER_SEC;
        if (!w->engine)
                world_start(w, w->mode);
        tidy_up(sc);
        world_pass(w, 10 * USEC_PER_MINUTE);
        for (size_t i = 0; i < w->options.accounts && !world_is_wrong(w); i++)
                world_ask(w, REQUEST_ACCEPT_LOSS, w->servers[i].account, "", "", "");
        for (size_t i = 0; i < sc->n_sets && !world_is_wrong(w); i++) {
                snprintf(resource, sizeof(resource), "MachineSet/%s", set_names[i]);
                world_ask(w, REQUEST_RESUME, "", resource, "", "");
        }
        world_pass(w, PEACE);
        invariants_final(w, false);
        if (world_is_wrong(w))
                return;
        world_trace(w, "PEACE without limits");
        sc->max_deletes = -1;
        tidy_up(sc);
        for (size_t i = 0; i < sc->n_sets; i++)
                if (!server_machine(w, sc->sets[i].account, sc->sets[i].adopt))
                        sc->sets[i].adopt[0] = '\0';
        publish(sc);
        world_pass(w, PEACE);
        world_stop(w);
        w->rest = USEC_INFINITY;
        world_pass(w, USEC_PER_MINUTE);
        invariants_final(w, true);
}

struct world *scenario_run(const struct scenario_options *options)
{
        struct scenario sc = { .random = { .state = options->seed * 2 + 1 } };
        struct world_options drawn = draw_world(options, &sc);
        struct world *w = NULL;
        usec_t length;

        if (world_new(&drawn, &w) < 0)
                abort();
        sc.world = w;
        w->userdata = &sc;
        w->fate = troubled_fate;
        draw(&sc);
        length = random_between(&sc.random, 1, 30) * USEC_PER_MINUTE;
        sc.trouble_until = w->now + length;
        for (uint64_t n = random_below(&sc.random, options->deeds_max + 1); n > 0; n--)
                world_at(w, w->now + random_below(&sc.random, length), deed, &sc);
        publish(&sc);
        world_start(w, random_chance(&sc.random, 200) ? ENGINE_APPLY : ENGINE_AGENT);
        world_pass(w, length);
        if (!world_is_wrong(w))
                come_to_peace(&sc);
        return w;
}
