/* SPDX-License-Identifier: MIT */

/*
 * A network, mappings, a rule of access and a quota in a scenario: what the specs say of them, and what people do to them.
 */

#include <stdio.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/parts.h"
#include "tests/simulation/scenario_parts.h"
#include "tests/support/estate.h"

#define TENANT "app-1"
#define OUTSIDE "203.0.113.20" /* where ports are led in; people take other ports of it */

static const char *const ports[] = { "80", "443", "8000-8010" };

static bool has_links(const struct scenario *sc)
{
        return sc->world->servers[sc->links.account].vendor->has_parts;
}

void scenario_links_draw(struct scenario *sc)
{
        struct random *r = &sc->random;
        struct scenario_links *l = &sc->links;

        l->account = random_below(r, sc->world->options.accounts);
        if (has_links(sc) && random_chance(r, 500)) {
                l->network = random_chance(r, 300);
                l->port = random_chance(r, 400);
                l->address = random_chance(r, 300);
                l->access = random_chance(r, 500);
                l->quota = random_chance(r, 200);
        }
        l->set = (unsigned)random_below(r, sc->n_sets);
        l->machine = (int64_t)random_below(r, 4);
        l->outer_port = 2222;
        l->cores = 1000;
        l->ports = (int)random_below(r, ARRAY_SIZE(ports));
        l->gate = (int)random_below(r, 3);
}

bool scenario_links_any(const struct scenario *sc)
{
        const struct scenario_links *l = &sc->links;

        return l->network || l->port || l->address || l->access || l->quota;
}

/* The specs. */

static struct reference to(struct resource *resource)
{
        return (struct reference){ .name = resource->name, .resource = resource };
}

static struct mapping *add_mapping(const struct scenario *sc, struct estate *estate, const struct kind *kind,
                                   const char *name, struct resource *provider)
{
        struct mapping *m = test_estate_add(estate, kind, name)->mapping;

        m->provider = to(provider);
        m->machine = test_estate_text(estate, "%s-%d", scenario_set_names[sc->links.set], (int)sc->links.machine);
        return m;
}

/* Those of another account are about none of its machines. */
static bool is_about_machines(const struct scenario *sc)
{
        return sc->sets[sc->links.set].account == sc->links.account;
}

static void add_access(const struct scenario *sc, struct estate *estate, struct resource *provider,
                       struct resource *set)
{
        struct access_spec *a = test_estate_add(estate, &kind_access_rule, "pages")->access;

        a->provider = to(provider);
        a->firewall = FIREWALL_EDGE;
        a->machine_set = to(set);
        a->direction = DIRECTION_IN;
        a->protocol = RULE_TCP;
        a->ports = ports[sc->links.ports];
        a->from.items = test_estate_alloc(estate, sizeof(char *));
        a->from.items[a->from.n++] = "10.0.0.0/8";
}

/* More than anything here comes to: a quota that is too small is a matter for people. */
static void add_quota(const struct scenario *sc, struct estate *estate, struct resource *provider)
{
        struct tenant_quota *q = test_estate_add(estate, &kind_tenant_quota, "limits")->tenant_quota;

        *q = (struct tenant_quota){ .tenant = TENANT,
                                    .provider = to(provider),
                                    .cpu = sc->links.cores,
                                    .memory = INT64_C(4000) << 30,
                                    .storage = INT64_C(100) << 40,
                                    .addresses = 100,
                                    .networks = 100 };
}

void scenario_links_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                        struct resource *const *sets)
{
        const struct scenario_links *l = &sc->links;
        struct resource *provider = providers[l->account];

        if (l->network) {
                struct private_network *n = test_estate_add(estate, &kind_network, "back")->network;

                *n = (struct private_network){ .provider = to(provider),
                                               .firewall = l->gate == 1,
                                               .firewall_given = l->gate < 2 };
        }
        if (l->port && is_about_machines(sc)) {
                struct mapping *m = add_mapping(sc, estate, &kind_port_mapping, "ssh", provider);

                m->address = OUTSIDE;
                m->port = 22;
                m->outer_port = l->outer_port;
                m->protocol = MAPPING_TCP;
        }
        if (l->address && is_about_machines(sc))
                (void)add_mapping(sc, estate, &kind_address_mapping, "outside", provider);
        if (l->access && is_about_machines(sc))
                add_access(sc, estate, provider, sets[l->set]);
        if (l->quota)
                add_quota(sc, estate, provider);
}

static void change_specs(struct scenario *sc)
{
        struct scenario_links *l = &sc->links;
        struct random *r = &sc->random;

        switch (random_below(r, 7)) {
        case 0:
                l->network = !l->network;
                break;
        case 1:
                l->port = !l->port;
                break;
        case 2:
                l->access = !l->access;
                break;
        case 3:
                l->outer_port = l->outer_port == 2222 ? 2223 : 2222;
                break;
        case 4:
                l->ports = (int)random_below(r, ARRAY_SIZE(ports));
                break;
        case 5:
                l->gate = (int)random_below(r, 3);
                break;
        default:
                l->cores += (int64_t)random_between(r, 1, 10);
                break;
        }
        scenario_publish(sc);
}

/* People at the vendor's console. */

static bool pick(struct scenario *sc, enum thing_type type, struct part_view *ret)
{
        const struct server *s = &sc->world->servers[sc->links.account];
        size_t n = s->vendor->count_parts(s->simulation, type);

        if (!n)
                return false;
        s->vendor->part_at(s->simulation, type, random_below(&sc->random, n), ret);
        return true;
}

static void take(struct scenario *sc, enum thing_type type, const char *verb)
{
        struct part_view part;
        char arguments[200];

        if (!pick(sc, type, &part))
                return;
        snprintf(arguments, sizeof(arguments), "{\"id\": \"%s\"}", part.id);
        server_mischief(sc->world, sc->links.account, verb, arguments);
}

/* On a machine of anybody's: it is not muster's, whatever it says. */
static void add_foreign(struct scenario *sc)
{
        struct part_view card;
        char arguments[400];

        if (!pick(sc, TYPE_CARD, &card))
                return;
        if (random_chance(&sc->random, 500)) {
                snprintf(arguments, sizeof(arguments),
                         "{\"machine\": \"%s\", \"type\": \"port\", \"outerAddress\": \"" OUTSIDE
                         "\", \"outerPort\": \"%u\", \"innerPort\": \"22\", \"protocol\": \"tcp\", "
                         "\"description\": \"of somebody\"}",
                         card.parent, 3000 + (unsigned)random_below(&sc->random, 1000));
                server_mischief(sc->world, sc->links.account, "mapping-add", arguments);
        } else {
                snprintf(
                        arguments, sizeof(arguments),
                        "{\"machine\": \"%s\", \"type\": \"net_gate\", \"target\": \"10.250.0.1\", \"source\": "
                        "\"192.0.2.0/24\", \"ports\": \"22\", \"protocol\": \"tcp\", \"description\": \"of somebody\"}",
                        card.parent);
                server_mischief(sc->world, sc->links.account, "acl-add", arguments);
        }
}

/* With the name of ours where that is there: nothing is to be made just now. */
static void add_network(struct scenario *sc)
{
        const struct server *s = &sc->world->servers[sc->links.account];
        const struct ledger *l = sc->world->ledger;
        bool is_there = false;

        for (size_t i = 0; l && i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                struct part_view part;

                is_there = is_there ||
                           (t->type == TYPE_NETWORK && t->state == THING_OWNED && text_equal(t->account, s->account) &&
                            parts_find(s, TYPE_NETWORK, t->id, &part));
        }
        server_mischief(sc->world, sc->links.account, "network-add",
                        is_there && random_chance(&sc->random, 500) ? "{\"name\": \"back\"}"
                                                                    : "{\"name\": \"of-somebody\"}");
}

/* Somebody else's networks go, lest one has the name that muster wants. */
void scenario_links_tidy(struct scenario *sc)
{
        const struct server *s = &sc->world->servers[sc->links.account];
        char arguments[200];

        for (size_t i = has_links(sc) ? s->vendor->count_parts(s->simulation, TYPE_NETWORK) : 0; i > 0; i--) {
                struct part_view part;

                s->vendor->part_at(s->simulation, TYPE_NETWORK, i - 1, &part);
                if (parts_record(s, TYPE_NETWORK, part.id))
                        continue;
                snprintf(arguments, sizeof(arguments), "{\"id\": \"%s\"}", part.id);
                server_mischief(sc->world, sc->links.account, "network-delete", arguments);
        }
}

void scenario_links_deed(struct scenario *sc)
{
        if (random_chance(&sc->random, 500)) {
                change_specs(sc);
                return;
        }
        switch (random_below(&sc->random, 6)) {
        case 0:
                take(sc, TYPE_PORT_MAPPING, "mapping-delete");
                break;
        case 1:
                take(sc, TYPE_ACCESS, "acl-delete");
                break;
        case 2:
                take(sc, TYPE_NETWORK, "network-delete");
                break;
        case 3:
                add_network(sc);
                break;
        default:
                add_foreign(sc);
                break;
        }
}
