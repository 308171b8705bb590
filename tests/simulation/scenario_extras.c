/* SPDX-License-Identifier: MIT */

/*
 * Data disks, a security group and a load balancer in a scenario: what the specs say of them, and what people do to them.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/parts.h"
#include "tests/simulation/scenario_parts.h"
#include "tests/support/estate.h"

static const struct {
        int direction, protocol;
        const char *ports, *from, *to;
} rules[RULES] = {
        { DIRECTION_IN, RULE_TCP, "80,443", "10.0.0.0/8", NULL },
        { DIRECTION_IN, RULE_TCP, "22", "192.0.2.7", NULL },
        { DIRECTION_OUT, RULE_UDP, "53", NULL, "192.0.2.53" },
        { DIRECTION_IN, RULE_ICMP, NULL, "10.0.0.0/8", NULL },
        { DIRECTION_OUT, RULE_TCP, "1-1024", NULL, "198.51.100.0/24" },
};

/* What a vendor hides until it is done has to be done within W of a call that came late. */
static bool can_have_disks(const struct scenario *sc, size_t account)
{
        const struct world_vendor *vendor = sc->world->servers[account].vendor;

        return vendor->has_disks &&
               (!vendor->hides_new_disks || sc->world->options.ready_delay <= sc->world->options.lag);
}

void scenario_extras_draw(struct scenario *sc)
{
        struct random *r = &sc->random;
        struct scenario_extras *x = &sc->extras;

        x->account = random_below(r, sc->world->options.accounts);
        if (sc->world->servers[x->account].vendor->has_parts && random_chance(r, 600)) {
                x->group = random_chance(r, 700);
                x->balancer = !x->group || random_chance(r, 500);
        }
        x->rules = (unsigned)random_below(r, 1u << RULES);
        x->attached = (unsigned)random_below(r, 1u << SETS_MAX);
        x->behind = (unsigned)random_below(r, 1u << SETS_MAX);
        x->port = 8080;
        for (size_t i = 0; i < sc->n_sets; i++)
                if (can_have_disks(sc, sc->sets[i].account) && random_chance(r, 400)) {
                        sc->sets[i].disks = random_between(r, 1, DISKS_MAX);
                        sc->sets[i].disk_size = (int64_t)random_between(r, 1, 20);
                }
}

bool scenario_extras_any(const struct scenario *sc)
{
        bool any = sc->extras.group || sc->extras.balancer;

        for (size_t i = 0; i < sc->n_sets; i++)
                any = any || sc->sets[i].disks;
        return any;
}

/* The specs. */

void scenario_extras_disks(struct estate *estate, const struct scenario_set *set, struct machine_set *spec)
{
        struct disk_spec *disks = test_estate_alloc(estate, DISKS_MAX * sizeof(*disks));

        for (size_t i = 0; i < set->disks; i++)
                disks[i] = (struct disk_spec){ .name = i ? "logs" : "data", .size = set->disk_size << 30 };
        spec->disks = (struct objects){ .items = disks, .n = set->disks };
}

static struct strings one_string(struct estate *estate, const char *text)
{
        struct strings strings = { 0 };

        if (text) {
                strings.items = test_estate_alloc(estate, sizeof(char *));
                strings.items[strings.n++] = text;
        }
        return strings;
}

static void add_group(const struct scenario *sc, struct estate *estate, struct resource *provider,
                      struct resource *const *sets)
{
        struct security_group *spec = test_estate_add_group(estate, "tier", provider)->security_group;
        struct rule_spec *said = test_estate_alloc(estate, RULES * sizeof(*said));
        struct attach_spec *attached = test_estate_alloc(estate, SETS_MAX * sizeof(*attached));

        spec->rules.items = said;
        for (size_t i = 0; i < RULES; i++)
                if (sc->extras.rules >> i & 1)
                        said[spec->rules.n++] = (struct rule_spec){ .direction = rules[i].direction,
                                                                    .protocol = rules[i].protocol,
                                                                    .ports = rules[i].ports,
                                                                    .from = one_string(estate, rules[i].from),
                                                                    .to = one_string(estate, rules[i].to) };
        spec->attach.items = attached;
        for (size_t i = 0; i < sc->n_sets; i++)
                if (sc->extras.attached >> i & 1 && sc->sets[i].account == sc->extras.account)
                        attached[spec->attach.n++].machine_set = (struct reference){ .name = sets[i]->name,
                                                                                     .resource = sets[i] };
}

static void add_balancer(const struct scenario *sc, struct estate *estate, struct resource *provider,
                         struct resource *const *sets)
{
        struct load_balancer *spec = test_estate_add_balancer(estate, "shop", provider)->load_balancer;
        struct backend_spec *behind = test_estate_alloc(estate, SETS_MAX * sizeof(*behind));

        spec->enabled = !sc->extras.disabled;
        spec->idle_timeout = sc->extras.idle * USEC_PER_SEC;
        spec->backends.items = behind;
        for (size_t i = 0; i < sc->n_sets; i++)
                if (sc->extras.behind >> i & 1 && sc->sets[i].account == sc->extras.account)
                        behind[spec->backends.n++] = (struct backend_spec){ .machine_set = { .name = sets[i]->name,
                                                                                             .resource = sets[i] },
                                                                            .port = sc->extras.port,
                                                                            .weight = sc->extras.weight };
}

void scenario_extras_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                         struct resource *const *sets)
{
        if (sc->extras.group)
                add_group(sc, estate, providers[sc->extras.account], sets);
        if (sc->extras.balancer)
                add_balancer(sc, estate, providers[sc->extras.account], sets);
}

static void change_disks(struct scenario *sc)
{
        struct scenario_set *set = &sc->sets[random_below(&sc->random, sc->n_sets)];

        if (!can_have_disks(sc, set->account))
                return;
        if (random_chance(&sc->random, 500)) {
                set->disks = random_below(&sc->random, DISKS_MAX + 1);
                if (!set->disk_size)
                        set->disk_size = 1;
        } else {
                set->disk_size += (int64_t)random_between(&sc->random, 1, 10);
        }
}

static void change_specs(struct scenario *sc)
{
        struct scenario_extras *x = &sc->extras;
        struct random *r = &sc->random;

        switch (random_below(r, 8)) {
        case 0:
                x->rules ^= 1u << random_below(r, RULES);
                break;
        case 1:
                x->attached ^= 1u << random_below(r, sc->n_sets);
                break;
        case 2:
                x->behind ^= 1u << random_below(r, sc->n_sets);
                break;
        case 3:
                x->port = x->port == 8080 ? 8081 : 8080;
                break;
        case 4:
                x->weight = (int64_t)random_between(r, 1, 10);
                break;
        case 5:
                x->idle = random_between(r, 1, 100);
                break;
        case 6:
                x->disabled = !x->disabled;
                break;
        default:
                change_disks(sc);
                break;
        }
        scenario_publish(sc);
}

/* People at the vendor's console. */

static bool pick(struct scenario *sc, const struct server *s, enum thing_type type, struct part_view *ret)
{
        size_t n = s->vendor->count_parts ? s->vendor->count_parts(s->simulation, type) : 0;

        if (!n)
                return false;
        s->vendor->part_at(s->simulation, type, random_below(&sc->random, n), ret);
        return true;
}

/* The vendor's own ids need no escapes. */
_printf_(3, 4) static void tell_console(struct scenario *sc, const char *verb, const char *format, ...)
{
        char arguments[400];
        va_list ap;

        va_start(ap, format);
        vsnprintf(arguments, sizeof(arguments), format, ap);
        va_end(ap);
        server_mischief(sc->world, sc->extras.account, verb, arguments);
}

static void meddle(struct scenario *sc, const struct server *s, enum thing_type type, const char *verb)
{
        struct part_view part;

        if (pick(sc, s, type, &part))
                tell_console(sc, verb, "{\"id\": \"%s\"}", part.id);
}

/* A data disk of ours; a system disk is of its machine, and nobody takes it out. */
static void take_disk(struct scenario *sc, const struct server *s)
{
        struct part_view part;

        if (pick(sc, s, TYPE_DISK, &part) && parts_record(s, TYPE_DISK, part.id))
                tell_console(sc, "disk-delete", "{\"id\": \"%s\"}", part.id);
}

/* No card can be in a group twice. */
static bool is_bound(const struct server *s, const struct part_view *group, const struct part_view *card)
{
        for (size_t i = 0; i < s->vendor->count_parts(s->simulation, TYPE_BINDING); i++) {
                struct part_view binding;

                s->vendor->part_at(s->simulation, TYPE_BINDING, i, &binding);
                if (text_equal(binding.parent, group->id) && text_equal(binding.machine, card->parent))
                        return true;
        }
        return false;
}

static void add_within(struct scenario *sc, const struct server *s)
{
        struct part_view part, card;
        size_t i = random_below(&sc->random, RULES);

        switch (random_below(&sc->random, 4)) {
        case 0:
                if (!pick(sc, s, TYPE_GROUP, &part))
                        return;
                tell_console(
                        sc, "rule-add",
                        "{\"group\": \"%s\", \"direction\": \"%s\", \"protocol\": \"%s\", \"ports\": \"%s\", \"%s\": \"%s\"}",
                        part.id, rules[i].direction == DIRECTION_IN ? "in" : "out",
                        rules[i].protocol == RULE_UDP ? "udp" : "tcp", random_chance(&sc->random, 500) ? "80" : "53",
                        rules[i].from ? "source" : "target", rules[i].from ? rules[i].from : rules[i].to);
                break;
        case 1:
                if (pick(sc, s, TYPE_GROUP, &part) && pick(sc, s, TYPE_CARD, &card) && !is_bound(s, &part, &card))
                        tell_console(sc, "binding-add", "{\"group\": \"%s\", \"card\": \"%s\"}", part.id, card.id);
                break;
        case 2:
                if (pick(sc, s, TYPE_BALANCER, &part) && pick(sc, s, TYPE_CARD, &card))
                        tell_console(
                                sc, "backend-add",
                                "{\"balancer\": \"%s\", \"machine\": \"%s\", \"address\": \"10.9.9.9\", \"port\": 8080}",
                                part.id, card.parent);
                break;
        default:
                if (pick(sc, s, TYPE_CARD, &card))
                        tell_console(sc, "disk-add", "{\"machine\": \"%s\", \"size\": 5, \"description\": \"mine\"}",
                                     card.parent);
                break;
        }
}

/* With the name of one that is ours: nothing is to be made there just now. */
static bool add_lookalike(struct scenario *sc, const struct server *s, enum thing_type type, const char *verb)
{
        const struct ledger *l = sc->world->ledger;
        struct part_view part;

        for (size_t i = 0; l && i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->type != type || t->state != THING_OWNED || !text_equal(t->account, s->account) ||
                    !parts_find(s, type, t->id, &part))
                        continue;
                tell_console(sc, verb, "{\"name\": \"%s\"}", part.name);
                return true;
        }
        return false;
}

static void add_foreign(struct scenario *sc, const struct server *s)
{
        if (random_chance(&sc->random, 300) && add_lookalike(sc, s, TYPE_GROUP, "group-add"))
                return;
        if (random_chance(&sc->random, 300) && add_lookalike(sc, s, TYPE_BALANCER, "balancer-add"))
                return;
        if (random_chance(&sc->random, 500))
                tell_console(sc, "group-add", "{\"name\": \"of-somebody\"}");
        else
                tell_console(sc, "balancer-add",
                             "{\"name\": \"of-somebody\", \"protocol\": \"http\", \"address\": \"203.0.113.99\"}");
}

/* Somebody else's groups and balancers go, lest they have a name that muster wants. */
void scenario_extras_tidy(struct scenario *sc)
{
        static const enum thing_type types[] = { TYPE_GROUP, TYPE_BALANCER };
        const struct server *s = &sc->world->servers[sc->extras.account];

        for (size_t k = 0; s->vendor->has_parts && k < ARRAY_SIZE(types); k++)
                for (size_t i = s->vendor->count_parts(s->simulation, types[k]); i > 0; i--) {
                        struct part_view part;

                        s->vendor->part_at(s->simulation, types[k], i - 1, &part);
                        if (!parts_record(s, types[k], part.id))
                                tell_console(sc, types[k] == TYPE_GROUP ? "group-delete" : "balancer-delete",
                                             "{\"id\": \"%s\"}", part.id);
                }
}

void scenario_extras_deed(struct scenario *sc)
{
        const struct server *s = &sc->world->servers[sc->extras.account];

        if (!s->vendor->has_parts || random_chance(&sc->random, 500)) {
                change_specs(sc);
                return;
        }
        switch (random_below(&sc->random, 9)) {
        case 0:
                meddle(sc, s, TYPE_RULE, "rule-delete");
                break;
        case 1:
                meddle(sc, s, TYPE_BINDING, "binding-delete");
                break;
        case 2:
                meddle(sc, s, TYPE_BACKEND, "backend-delete");
                break;
        case 3:
                meddle(sc, s, TYPE_GROUP, "group-delete");
                break;
        case 4:
                meddle(sc, s, TYPE_BALANCER, "balancer-delete");
                break;
        case 5:
                take_disk(sc, s);
                break;
        case 6:
                add_foreign(sc, s);
                break;
        default:
                add_within(sc, s);
                break;
        }
}
