/* SPDX-License-Identifier: MIT */

/*
 * Backups and snapshots in a scenario. They are made once a day, which is longer than one lasts: what is due later is seen in test_copies.c.
 */

#include <stdio.h>

#include "reconcile/base/text.h"
#include "tests/simulation/parts.h"
#include "tests/simulation/scenario_parts.h"
#include "tests/support/estate.h"

static size_t account_of(const struct scenario *sc)
{
        return sc->sets[sc->copies.set].account;
}

static const struct server *server_of(const struct scenario *sc)
{
        return &sc->world->servers[account_of(sc)];
}

void scenario_copies_draw(struct scenario *sc)
{
        struct random *r = &sc->random;
        struct scenario_copies *c = &sc->copies;

        c->set = (unsigned)random_below(r, sc->n_sets);
        c->keep = (int64_t)random_between(r, 1, 3);
        if (server_of(sc)->vendor->has_parts && random_chance(r, 250)) {
                c->backups = random_chance(r, 600);
                c->snapshots = random_chance(r, 600);
        }
}

bool scenario_copies_any(const struct scenario *sc)
{
        return sc->copies.backups || sc->copies.snapshots;
}

static void add_policy(const struct scenario *sc, struct estate *estate, const struct kind *kind, const char *name,
                       struct resource *provider, struct resource *set)
{
        *test_estate_add(estate, kind, name)->copy_policy = (struct copy_policy){
                .every = USEC_PER_DAY,
                .keep = sc->copies.keep,
                .provider = { .name = provider->name, .resource = provider },
                .machine_set = { .name = set->name, .resource = set },
        };
}

void scenario_copies_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                         struct resource *const *sets)
{
        struct resource *provider = providers[account_of(sc)], *set = sets[sc->copies.set];

        if (sc->copies.backups)
                add_policy(sc, estate, &kind_backup_policy, "nightly", provider, set);
        if (sc->copies.snapshots)
                add_policy(sc, estate, &kind_snapshot_policy, "often", provider, set);
}

/* A person copies a machine of anybody's; that copy is not muster's. */
static void copy_one(struct scenario *sc, const char *verb)
{
        const struct server *s = server_of(sc);
        size_t n = s->vendor->count(s->simulation);
        struct machine_view m;
        char given[256];

        if (!n)
                return;
        s->vendor->at(s->simulation, random_below(&sc->random, n), &m);
        if (m.leaving)
                return;
        snprintf(given, sizeof(given), "{\"machine\": \"%s\", \"name\": \"by-hand\", \"usable\": true}", m.id);
        server_mischief(sc->world, account_of(sc), verb, given);
}

void scenario_copies_deed(struct scenario *sc)
{
        switch (random_below(&sc->random, 6)) {
        case 0:
                sc->copies.backups = !sc->copies.backups;
                scenario_publish(sc);
                break;
        case 1:
                sc->copies.snapshots = !sc->copies.snapshots;
                scenario_publish(sc);
                break;
        case 2:
                sc->copies.keep = (int64_t)random_between(&sc->random, 1, 3);
                scenario_publish(sc);
                break;
        case 3:
                copy_one(sc, "snapshot-add");
                break;
        default:
                copy_one(sc, "backup-add");
                break;
        }
}
