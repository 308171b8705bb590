/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "tests/simulation/rejected.h"
#include "tests/simulation/scenario_parts.h"
#include "tests/support/estate.h"

const char *const scenario_set_names[SETS_MAX] = { "web", "db", "web-x" };

static struct resource *add_set(struct estate *estate, const struct scenario_set *set, const char *name,
                                struct resource *provider, const struct world_vendor *vendor)
{
        struct resource *r = test_estate_add_set(estate, name, provider, set->count);
        struct machine_set *spec = r->machine_set;

        vendor->describe(estate, provider, &set->form, spec);
        spec->power = set->power;
        spec->scale_in = set->scale_in;
        spec->replace_failed = set->replace_failed;
        spec->restart = set->restart;
        r->on_drift = set->on_drift;
        spec->release.items = world_must(strpool_alloc(estate->strings, RELEASES_MAX * sizeof(char *)));
        for (size_t i = 0; i < set->n_releases; i++)
                spec->release.items[spec->release.n++] = test_estate_text(estate, "%s", set->release[i]);
        scenario_extras_disks(estate, set, spec);
        if (!set->adopt[0])
                return r;
        spec->adopt.items = world_must(strpool_alloc(estate->strings, sizeof(struct pair)));
        spec->adopt.items[spec->adopt.n++] = (struct pair){ .key = test_estate_text(estate, "%s-%d", name,
                                                                                    ADOPTED_SLOT),
                                                            .value = test_estate_text(estate, "%s", set->adopt) };
        return r;
}

static struct resource *add_provider(const struct scenario *sc, struct estate *estate, const struct server *s)
{
        struct resource *r = world_vendor_add_provider(s->vendor, estate, s->account, s->host);

        r->provider->settle = sc->settle;
        r->provider->confirm = sc->confirm;
        r->provider->concurrency = sc->concurrency;
        r->provider->rate_limit = sc->rate_limit;
        return r;
}

static struct estate *make_estate(const struct scenario *sc)
{
        struct estate *estate = test_estate_new();
        struct resource *providers[ACCOUNTS_MAX], *sets[SETS_MAX];

        for (size_t i = 0; i < sc->world->options.accounts; i++)
                providers[i] = add_provider(sc, estate, &sc->world->servers[i]);
        for (size_t i = 0; i < sc->n_sets; i++)
                sets[i] = add_set(estate, &sc->sets[i], scenario_set_names[i], providers[sc->sets[i].account],
                                  sc->world->servers[sc->sets[i].account].vendor);
        scenario_extras_add(sc, estate, providers, sets);
        scenario_links_add(sc, estate, providers, sets);
        scenario_copies_add(sc, estate, providers, sets);
        if (sc->max_deletes != -2)
                test_estate_add_policy(estate)->policy->max_deletes = (struct share){
                        .given = true,
                        .percent = sc->max_deletes < 0,
                        .value = sc->max_deletes < 0 ? 100 : sc->max_deletes
                };
        test_estate_finish(estate);
        return estate;
}

void scenario_publish(struct scenario *sc)
{
        sc->world->deletes_limit = sc->max_deletes == -1 ? INT64_MAX : sc->max_deletes == -2 ? -1 : sc->max_deletes;
        for (size_t i = 0; i < sc->n_sets; i++)
                world_trace(sc->world, "SPEC %s on %s: count %lld, cpu %lld, memory %lld, template %u, power %d",
                            scenario_set_names[i], sc->world->servers[sc->sets[i].account].account,
                            (long long)sc->sets[i].count, (long long)sc->sets[i].form.cpu,
                            (long long)sc->sets[i].form.memory, sc->sets[i].form.template, sc->sets[i].power);
        world_set_estate(sc->world, make_estate(sc));
}

void scenario_publish_bad(struct scenario *sc)
{
        struct scenario none = *sc;
        struct estate *estate;

        for (size_t i = 0; i < none.n_sets; i++)
                none.sets[i].count = 0;
        estate = make_estate(&none);
        rejected_spoil(estate);
        rejected_offer(sc->world, estate);
}
