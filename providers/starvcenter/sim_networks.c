/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about private networks and cloud routers. Where the document is silent: several networks may have one name; one that has cards
 * or is at a router cannot be deleted; a machine may be on a network that nobody here created, which is somebody else's; a router is
 * no machine of the listings; networks join the oldest router that is online; two routers make a group of high
 * availability.
 */

#define ADDRESSES 253 /* of a network that cards can have */

static const struct sim_field network_fields[] = {
        SIM_ID("vpc.id", NULL),
        { "name", "vpc.name", NULL, FIELD_TEXT, offsetof(struct sim_network, name) },
        { "cidr", "vpc.cidr", " vpc.cidr", SIM_CHARS(struct sim_network, cidr) },
        { "gateway", "vpc.gateway", NULL, SIM_CHARS(struct sim_network, gateway) },
        { "description", "vpc.desc", NULL, FIELD_TEXT, offsetof(struct sim_network, description),
          .style = STYLE_NULLABLE },
        { "created", "vpc.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "router", NULL, NULL, FIELD_TEXT, offsetof(struct sim_network, router) },
        { "gate", NULL, NULL, FIELD_TRUTH, offsetof(struct sim_network, gate) },
        {},
};

const struct sim_kind sim_network_kind = {
        .noun = "network",
        .list = "networks",
        .next = "nextNetwork",
        .prefix = "vpc-",
        .size = sizeof(struct sim_network),
        .parent = SIM_NONE,
        .fields = network_fields,
};

static const struct sim_field router_fields[] = {
        SIM_ID("vroute.id", NULL),
        { "name", "vroute.name", NULL, FIELD_TEXT, offsetof(struct sim_router, name) },
        { "description", "vroute.desc", NULL, FIELD_TEXT, offsetof(struct sim_router, description) },
        { "created", "vroute.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "registered", "vroute.register.address", NULL, FIELD_TEXT, offsetof(struct sim_router, registered) },
        { "online", "vroute.online", NULL, FIELD_TRUTH, offsetof(struct sim_router, online) },
        { "address", "vroute.manageip", NULL, FIELD_TEXT, offsetof(struct sim_router, address),
          .style = STYLE_NULLABLE },
        {},
};

static void settle_router(struct simulation *s, struct sim_item *i, enum sim_work work)
{
        (void)s;
        (void)work;
        ((struct sim_router *)i)->online = true;
        sim_item_changed(i);
}

const struct sim_kind sim_router_kind = {
        .noun = "router",
        .list = "routers",
        .next = "nextRouter",
        .prefix = "vr-",
        .size = sizeof(struct sim_router),
        .parent = SIM_NONE,
        .fields = router_fields,
        .settle = settle_router,
};

static const struct sim_check network_checks[] = {
        { "vpc.name", CHECK_TEXT },
        { "vpc.desc", CHECK_TEXT },
        {},
};

int sim_serve_network_create(struct plain_call *c)
{
        const struct sim_quota more = { .vpc = 1 };
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;
        unsigned serial = (unsigned)(c->s->things[SIM_NETWORKS].next_serial & 0x7FFF);
        struct sim_network *n;
        int r = 0;

        if (!sim_check(c, network_checks, c->body, &r) || !sim_has_room(c, NULL, &more, &r))
                return r;
        i = sim_item_new(SIM_NETWORKS);
        n = (struct sim_network *)i;
        if (!n || sim_fill(i, network_checks, c->body) < 0)
                return -ENOMEM;
        (void)snprintf(n->cidr, sizeof(n->cidr), "10.%u.%u.0/24", 128 + (serial >> 8), serial & 0xFF);
        (void)snprintf(n->gateway, sizeof(n->gateway), "10.%u.%u.1", 128 + (serial >> 8), serial & 0xFF);
        if (sim_item_put(c->s, c->now, i, NULL) < 0)
                return -ENOMEM;
        i = NULL;
        return sim_say(c, json_pack(c->s->quirks ? "{s:o, s:[{s:s, s:s, s:s, s:s}]}" : "{s:o, s:{s:s, s:s, s:s, s:s}}",
                                    "result", sim_code(c->s, 0), "data", "vpc.id", n->item.record.id, "vpc.name",
                                    n->name ? n->name : "", "vpc.cidr", n->cidr, "vpc.gateway", n->gateway));
}

const struct sim_network *sim_network_find(const struct simulation *s, const char *id)
{
        return id ? (const struct sim_network *)sim_item_find(s, SIM_NETWORKS, id) : NULL;
}

static int64_t count_cards(const struct simulation *s, const char *network)
{
        int64_t n = 0;

        for (size_t k = 0; k < s->things[SIM_CARDS].n_records; k++)
                n += text_equal(((const struct sim_card *)sim_item_at(s, SIM_CARDS, k))->network, network);
        return n;
}

/* The cards show the name, too. */
static int rename_cards(struct simulation *s, const struct sim_network *n)
{
        for (size_t k = 0; k < s->things[SIM_CARDS].n_records; k++) {
                struct sim_card *card = (struct sim_card *)sim_item_at(s, SIM_CARDS, k);

                if (!text_equal(card->network, n->item.record.id))
                        continue;
                if (sim_text_set(&card->network_name, n->name) < 0)
                        return -ENOMEM;
                sim_item_changed(&card->item);
        }
        return 0;
}

int sim_serve_network_modify(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_NETWORKS, sim_text(c, "vpc.id"), &r);

        if (!i || !sim_check(c, network_checks, c->body, &r))
                return r;
        if (sim_fill(i, network_checks, c->body) < 0 || rename_cards(c->s, (struct sim_network *)i) < 0)
                return -ENOMEM;
        return sim_done(c);
}

int sim_serve_network_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_NETWORKS, sim_text(c, "vpc.id"), &r);

        if (!i)
                return r;
        if (count_cards(c->s, i->record.id) > 0)
                return sim_say_no(c, "the network has cards");
        if (((struct sim_network *)i)->router)
                return sim_say_no(c, "the network is at a router");
        sim_item_remove(c->s, i);
        return sim_done(c);
}

int sim_serve_networks(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_NETWORKS, .paged = true, .nothing = "\"\"", .bare = true };
        struct sim_rows rows _cleanup_sim_rows_ = {};

        for (size_t k = 0; k < c->s->things[SIM_NETWORKS].n_records; k++) {
                struct sim_item *i = sim_item_at(c->s, SIM_NETWORKS, k);
                int64_t left = ADDRESSES - count_cards(c->s, i->record.id);

                if (sim_rows_add_more(c, &rows, i,
                                      json_pack("{s:o}", "vpc.usable.ipcount",
                                                c->s->quirks ? json_integer(left) : json_sprintf("%" PRId64, left))) <
                    0)
                        return -ENOMEM;
        }
        return sim_say_rows(c, &listing, &rows);
}

int sim_serve_gate(struct plain_call *c)
{
        static const char *const deeds[] = { "open", "close", NULL };
        static const struct sim_check checks[] = { { "type", CHECK_WORD, .needed = true, .words = deeds }, {} };
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_NETWORKS, sim_text(c, "portgroup.id"), &r);

        if (!i || !sim_check(c, checks, c->body, &r))
                return r;
        ((struct sim_network *)i)->gate = text_equal(sim_word(sim_text(c, "type"), deeds), "open");
        sim_item_changed(i);
        return sim_done(c);
}

static int create_router(struct plain_call *c, json_t *made)
{
        static const struct sim_check checks[] = { { "vroute.name", CHECK_TEXT },
                                                   { "vroute.manageip", CHECK_ADDRESS },
                                                   {} };
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_ROUTERS);
        struct sim_router *router = (struct sim_router *)i;

        if (!i || sim_fill(i, checks, c->body) < 0 || sim_text_set(&router->registered, router->address) < 0 ||
            sim_item_put(c->s, c->now, i, NULL) < 0)
                return -ENOMEM;
        i = NULL;
        sim_work_begin(c->s, &router->item, WORK_INSTALL, c->now, 0);
        return json_array_append_new(made,
                                     json_pack("{s:s, s:s, s:s, s:o}", "vm.id", router->item.record.id, "vm.name",
                                               router->name ? router->name : "", "vm.manageip",
                                               router->address ? router->address : "", "jobstartid", sim_task(c->s)));
}

int sim_serve_router_create(struct plain_call *c)
{
        static const struct sim_check checks[] = { { "vroute.name", CHECK_TEXT },
                                                   { "vroute.ha.enable", CHECK_TRUTH },
                                                   { "vroute.manageip", CHECK_ADDRESS },
                                                   {} };
        _cleanup_json_ json_t *made = json_array();
        bool twice = false;
        int r = 0;

        if (!sim_check(c, checks, c->body, &r))
                return r;
        (void)json_read_bool(sim_param(c, "vroute.ha.enable"), &twice);
        for (int k = 0; k < (twice ? 2 : 1); k++)
                if (!made || create_router(c, made) < 0)
                        return -ENOMEM;
        return sim_say(c, json_pack("{s:o, s:O}", "result", sim_code(c->s, 0), "data", made));
}

int sim_serve_router(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_ROUTERS, c->captures[0], &r);

        return i ? sim_say_row(c, i) : r;
}

/* The network that is to join or leave; NULL: no is said. */
static struct sim_network *moving(struct plain_call *c, int *ret)
{
        return (struct sim_network *)sim_named(c, SIM_NETWORKS, sim_text(c, "portgroup.id"), ret);
}

int sim_serve_router_join(struct plain_call *c)
{
        int r = 0;
        struct sim_network *n = moving(c, &r);

        if (!n)
                return r;
        if (n->router)
                return sim_say_no(c, "the network is at a router already");
        for (size_t k = 0; k < c->s->things[SIM_ROUTERS].n_records; k++) {
                const struct sim_router *router = (const struct sim_router *)sim_item_at(c->s, SIM_ROUTERS, k);

                if (router->online)
                        return sim_text_set(&n->router, router->item.record.id) < 0 ? -ENOMEM : sim_done(c);
        }
        return sim_say_no(c, "there is no router that is online");
}

int sim_serve_router_leave(struct plain_call *c)
{
        int r = 0;
        struct sim_network *n = moving(c, &r);

        if (!n)
                return r;
        if (!n->router)
                return sim_say_no(c, "the network is at no router");
        return sim_text_set(&n->router, NULL) < 0 ? -ENOMEM : sim_done(c);
}
