/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "tests/simulation/scenario_parts.h"

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
                    !server_has(w, account, t->id))
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

static void meddle_oddly(struct scenario *sc)
{
        size_t account;
        const struct machine_record *r = pick_ours(sc, &account);

        if (r)
                server_console(sc->world, account, "state", r->id,
                               sc->world->servers[account].vendor->odd_states[random_below(&sc->random, 2)]);
}

static void do_mischief(struct scenario *sc)
{
        size_t account = random_below(&sc->random, sc->world->options.accounts);
        const char *const *deed = sc->world->servers[account].vendor->mischiefs[random_below(&sc->random, 3)];

        if (deed[0])
                server_mischief(sc->world, account, deed[0], deed[1]);
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
        const struct world_vendor *vendor;
        char name[64];

        snprintf(name, sizeof(name), "%s-%d", scenario_set_names[i], COUNT_MAX + 5 + (int)random_below(&sc->random, 5));
        if (r && random_chance(&sc->random, 500))
                snprintf(name, sizeof(name), "%s", r->slot);
        else
                account = sc->sets[i].account;
        vendor = sc->world->servers[account].vendor;
        if (vendor->add)
                server_add(sc->world, account, vendor->add(name, sc->sets[i].form.template), NULL);
}

static struct scenario_set *set_of(struct scenario *sc, const char *slot, char resource[static 64])
{
        for (size_t i = 0; i < sc->n_sets; i++) {
                size_t n = strlen(scenario_set_names[i]);

                if (strncmp(slot, scenario_set_names[i], n) != 0 || slot[n] != '-' || slot[n + 1] < '0' ||
                    slot[n + 1] > '9')
                        continue;
                snprintf(resource, 64, "MachineSet/%s", scenario_set_names[i]);
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
        if (!set || (by_specs && set->n_releases == RELEASES_MAX) || !server_let_go(sc->world, account, r->slot, NULL))
                return;
        world_trace(sc->world, "PERSON %s %s", by_specs ? "releases" : "forgets", r->slot);
        if (by_specs) {
                snprintf(set->release[set->n_releases++], sizeof(set->release[0]), "%s", r->slot);
                scenario_publish(sc);
        } else {
                world_ask(sc->world, REQUEST_FORGET, "", resource, r->slot, r->id);
        }
}

/* A person hands a machine of somebody else over to muster. */
static void hand_over(struct scenario *sc)
{
        size_t i = random_below(&sc->random, sc->n_sets);
        struct scenario_set *set = &sc->sets[i];
        struct server *s = &sc->world->servers[set->account];
        size_t n = s->vendor->count(s->simulation);
        struct machine_view m;
        char slot[64];

        if (set->adopt[0] || !n)
                return;
        s->vendor->at(s->simulation, random_below(&sc->random, n), &m);
        if (server_record(s, m.id))
                return;
        snprintf(set->adopt, sizeof(set->adopt), "%s", m.id);
        snprintf(slot, sizeof(slot), "%s-%d", scenario_set_names[i], ADOPTED_SLOT);
        server_adopted(s, m.id, slot);
        scenario_publish(sc);
}

/* A person says that a parked slot may be filled again: what was made there before is the person's from then on. */
static void retry(struct scenario *sc)
{
        const struct ledger *l = sc->world->ledger;

        for (size_t i = 0; l && i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                size_t account = text_equal(t->account, sc->world->servers[0].account) ? 0 : 1;

                if (t->state != THING_PARKED || t->type != TYPE_MACHINE ||
                    !server_let_go(sc->world, account, t->slot, t->note))
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

        snprintf(resource, sizeof(resource), "MachineSet/%s",
                 scenario_set_names[random_below(&sc->random, sc->n_sets)]);
        world_trace(sc->world, "PERSON %s %s", pause ? "pauses" : "resumes", resource);
        world_ask(sc->world, pause ? REQUEST_PAUSE : REQUEST_RESUME, "", resource, "", "");
}

static void change_specs(struct scenario *sc)
{
        struct scenario_set *set = &sc->sets[random_below(&sc->random, sc->n_sets)];

        switch (random_below(&sc->random, 9)) {
        case 8:
                set->form.template ++;
                break;
        case 0:
                set->form.cpu = (int64_t)random_between(&sc->random, 1, 8);
                break;
        case 1:
                set->form.memory = (int64_t)random_between(&sc->random, 1, 8);
                break;
        case 2:
                if (sc->world->servers[set->account].vendor->powers)
                        set->power = set->power == POWER_RUNNING ? POWER_STOPPED : POWER_RUNNING;
                break;
        default:
                set->count = (int64_t)random_below(&sc->random, COUNT_MAX + 1);
                break;
        }
        scenario_publish(sc);
}

/* Another agent on the same ledger: it is told who holds it, and goes. */
static void start_second(struct world *w)
{
        struct ledger_lock *lock = NULL;
        int r = ledger_lock(w->path, "agent", &lock, NULL);

        /* Not the words of the error: they tell the time of this machine, and its process. */
        world_trace(w, "PERSON starts a second agent: %s", r < 0 ? strerror(-r) : "nobody holds the ledger");
        if (w->engine && r != -EBUSY)
                world_violate(w, "two agents can hold one ledger");
        ledger_unlock(lock);
}

static void live_on(struct scenario *sc)
{
        struct world *w = sc->world;

        switch (random_below(&sc->random, 7)) {
        case 6:
                scenario_publish_bad(sc);
                break;
        case 5:
                start_second(w);
                break;
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

void scenario_deed(struct world *w, void *userdata)
{
        const struct deed *deed = userdata;
        struct scenario *sc = deed->scenario;
        char name[32];

        if (w->now >= sc->trouble_until)
                return;
        sc->random.state = deed->seed;
        if (scenario_extras_any(sc) && random_chance(&sc->random, 350)) {
                scenario_extras_deed(sc);
                return;
        }
        if (scenario_links_any(sc) && random_chance(&sc->random, 300)) {
                scenario_links_deed(sc);
                return;
        }
        if (scenario_copies_any(sc) && random_chance(&sc->random, 200)) {
                scenario_copies_deed(sc);
                return;
        }
        switch (random_below(&sc->random, 22)) {
        case 21:
                sc->endless_until = w->now + random_between(&sc->random, 1, 60) * USEC_PER_SEC;
                world_trace(w, "listings of machines have no end for a while");
                break;
        case 20:
                do_mischief(sc);
                break;
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
                meddle_oddly(sc);
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
