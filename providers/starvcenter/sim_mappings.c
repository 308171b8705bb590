/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about mappings of addresses and ports. Where the document is silent: a mapping goes with its machine, which has to have an address;
 * an address of the shared net that is not said is a free one, and belongs to one machine; of one address outside and one protocol a
 * port is mapped once; a mapping of ports is told apart by nothing but what it says, since its id is not told.
 */

#define MAPPING(member) offsetof(struct sim_mapping, member)

static const char *const protocols[] = { "tcp", "udp", NULL };

static const struct sim_field fields[] = {
        SIM_ID("nat_id", NULL),
        { "type", "nat_type", NULL, FIELD_TEXT, MAPPING(type) },
        { "outerAddress", "nat_outerip", NULL, FIELD_TEXT, MAPPING(outer_address) },
        { "outerPort", "nat_outerport", NULL, FIELD_TEXT, MAPPING(outer_port), .style = STYLE_NULLABLE },
        { "innerAddress", "nat_innerip", NULL, FIELD_TEXT, MAPPING(inner_address) },
        { "innerPort", "nat_innerport", NULL, FIELD_TEXT, MAPPING(inner_port), .style = STYLE_NULLABLE },
        { "protocol", "nat_protocal", NULL, FIELD_TEXT, MAPPING(protocol), .style = STYLE_SHOUT },
        { "source", "nat_srcip", NULL, FIELD_TEXT, MAPPING(source), .style = STYLE_ADDRESSES },
        { "machine", "net_vmid", NULL, FIELD_PARENT },
        { NULL, "net_vmname", NULL, FIELD_PARENT_NAME },
        { "network", "nat_vnetid", NULL, FIELD_TEXT, MAPPING(network) },
        { "router", "nat_vrouteid", NULL, FIELD_TEXT, MAPPING(router) },
        { "created", "nat_usedtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "description", "nat_desc", NULL, FIELD_TEXT, MAPPING(description) },
        { "tenant", NULL, NULL, FIELD_TEXT, MAPPING(tenant) },
        {},
};

const struct sim_kind sim_mapping_kind = {
        .noun = "mapping",
        .list = "mappings",
        .next = "nextMapping",
        .prefix = "nat-",
        .size = sizeof(struct sim_mapping),
        .parent = SIM_MACHINES,
        .fields = fields,
};

struct sim_item *sim_machine_at(const struct simulation *s, const char *address, const struct sim_card **ret_card)
{
        for (size_t k = 0; *address && k < s->things[SIM_CARDS].n_records; k++) {
                const struct sim_card *card = (const struct sim_card *)sim_item_at(s, SIM_CARDS, k);

                if (text_equal(card->address, address)) {
                        *ret_card = card;
                        return card->item.parent;
                }
        }
        return NULL;
}

/* The mapping that has the outer address, and where the port is given that port; NULL: none. */
static const struct sim_mapping *find_outer(const struct simulation *s, const char *address, const char *port,
                                            const char *protocol)
{
        for (size_t k = 0; k < s->things[SIM_MAPPINGS].n_records; k++) {
                const struct sim_mapping *m = (const struct sim_mapping *)sim_item_at(s, SIM_MAPPINGS, k);

                if (text_equal(m->outer_address, address) &&
                    (!port || text_equal(m->type, "ip") ||
                     (text_equal(m->outer_port, port) && text_equal(m->protocol, protocol))))
                        return m;
        }
        return NULL;
}

struct form {
        const char *type, *outer_address, *outer_port, *inner_port, *protocol, *source, *description;
};

static int add(struct plain_call *c, const struct sim_card *card, const struct form *form, struct sim_mapping **ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_MAPPINGS);
        struct sim_mapping *m = (struct sim_mapping *)i;
        const struct sim_network *n = sim_network_find(c->s, card->network);
        const char *tenant = ((const struct sim_machine *)card->item.parent)->tenant;

        if (!m || sim_text_set(&m->type, form->type) < 0 || sim_text_set(&m->outer_address, form->outer_address) < 0 ||
            sim_text_set(&m->outer_port, form->outer_port) < 0 || sim_text_set(&m->inner_address, card->address) < 0 ||
            sim_text_set(&m->inner_port, form->inner_port) < 0 || sim_text_set(&m->protocol, form->protocol) < 0 ||
            sim_text_set(&m->source, form->source) < 0 || sim_text_set(&m->description, form->description) < 0 ||
            sim_text_set(&m->network, card->network) < 0 || sim_text_set(&m->router, n ? n->router : NULL) < 0 ||
            sim_text_set(&m->tenant, tenant ? tenant : SIM_TENANT) < 0 ||
            sim_item_put(c->s, c->now, i, card->item.parent) < 0)
                return -ENOMEM;
        i = NULL;
        *ret = m;
        return 0;
}

/* An address of the shared net that no mapping has. */
static void choose_address(const struct simulation *s, char text[static SIM_ADDRESS_MAX])
{
        unsigned n = (unsigned)s->things[SIM_MAPPINGS].next_serial;

        do {
                (void)snprintf(text, SIM_ADDRESS_MAX, "100.%u.%u.%u", 64 + (n >> 16 & 0x3F), n >> 8 & 0xFF, n & 0xFF);
                n++;
        } while (find_outer(s, text, NULL, NULL));
}

int sim_serve_connect(struct plain_call *c)
{
        static const struct sim_check checks[] = {
                { "vm.outer.ipaddress", CHECK_ADDRESS },
                { "vm.allow.srcip", CHECK_ADDRESSES },
                { "desc", CHECK_TEXT },
                {},
        };
        struct form form = {
                .type = "ip",
                .outer_address = sim_text(c, "vm.outer.ipaddress"),
                .source = sim_text(c, "vm.allow.srcip"),
                .description = sim_text(c, "desc"),
        };
        char chosen[SIM_ADDRESS_MAX];
        const struct sim_card *card;
        struct sim_mapping *m;
        int r = 0;
        struct sim_item *machine = sim_named(c, SIM_MACHINES, sim_text(c, "vm.id"), &r);

        if (!machine || !sim_check(c, checks, c->body, &r))
                return r;
        card = (const struct sim_card *)sim_item_child(machine, SIM_CARDS, NULL);
        if (!card || !*card->address)
                return sim_say_no(c, "the machine has no address yet");
        if (find_outer(c->s, form.outer_address, NULL, NULL))
                return sim_say_no(c, "vm.outer.ipaddress is in use");
        if (!*form.outer_address) {
                choose_address(c->s, chosen);
                form.outer_address = chosen;
        }
        r = add(c, card, &form, &m);
        return r < 0 ? r
                     : sim_say(c, json_pack("{s:o, s:{s:s}}", "result", sim_code(c->s, 0), "data", "tenant.shareip",
                                            m->outer_address));
}

int sim_serve_shared(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_MAPPINGS, .paged = true, .needs_page = true, .bare = true };
        struct sim_rows rows _cleanup_sim_rows_ = {};

        for (size_t k = 0; k < c->s->things[SIM_MAPPINGS].n_records; k++) {
                const struct sim_item *i = sim_item_at(c->s, SIM_MAPPINGS, k);
                const struct sim_mapping *m = (const struct sim_mapping *)i;
                const char *name = ((const struct sim_machine *)i->parent)->name;
                const char *address = m->outer_address ? m->outer_address : "";

                name = name ? name : "";
                if (!text_equal(m->type, "ip") || !strstr(name, sim_text(c, "vm.name")) ||
                    !strstr(address, sim_text(c, "tenant.shareip")))
                        continue;
                if (sim_rows_add_json(&rows,
                                      json_pack("{s:s, s:s, s:s, s:s}", "nat.id", i->record.id, "vm.id",
                                                i->parent->record.id, "vm.name", name, "tenant.shareip", address)) < 0)
                        return -ENOMEM;
        }
        return sim_say_rows(c, &listing, &rows);
}

int sim_serve_port_mapping(struct plain_call *c)
{
        static const struct sim_check checks[] = {
                { "innerIp", CHECK_ADDRESS, .needed = true },
                { "innerPort", CHECK_PORT, .needed = true },
                { "ipaddress", CHECK_ADDRESS, .needed = true },
                { "outerPort", CHECK_PORT, .needed = true },
                { "protocal", CHECK_WORD, .needed = true, .words = protocols },
                { "sourceIp", CHECK_ADDRESSES },
                { "desc", CHECK_TEXT },
                {},
        };
        const struct sim_quota more = { .ip = 1 };
        char inner[32], outer[32];
        const struct sim_card *card;
        struct sim_mapping *m;
        struct form form;
        int r = 0;

        if (!sim_check(c, checks, c->body, &r))
                return r;
        form = (struct form){
                .type = "port",
                .outer_address = sim_text(c, "ipaddress"),
                .protocol = sim_word(sim_text(c, "protocal"), protocols),
                .source = sim_text(c, "sourceIp"),
                .description = sim_text(c, "desc"),
        };
        (void)json_read_text(sim_param(c, "innerPort"), inner, &form.inner_port);
        (void)json_read_text(sim_param(c, "outerPort"), outer, &form.outer_port);
        if (!sim_machine_at(c->s, sim_text(c, "innerIp"), &card))
                return sim_say_no(c, "innerIp is the address of no machine");
        if (find_outer(c->s, form.outer_address, form.outer_port, form.protocol))
                return sim_say_no(c, "outerPort of ipaddress is in use");
        if (!sim_outer_address_is_used(c->s, form.outer_address, NULL) &&
            !sim_has_room(c, ((const struct sim_machine *)card->item.parent)->tenant, &more, &r))
                return r;
        r = add(c, card, &form, &m);
        return r < 0 ? r : sim_done(c);
}

int sim_serve_mapping_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_MAPPINGS, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_say(c, json_pack("{s:o, s:{}}", "result", sim_code(c->s, 0), "data"));
}

int sim_serve_mappings(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "natOuterip", "outerAddress", MATCH_NAME }, { "natType", "type", MATCH_WHOLE },
                { "natOuterport", "outerPort", MATCH_WHOLE }, { "natInnerport", "innerPort", MATCH_WHOLE },
                { "natInnerip", "innerAddress", MATCH_NAME }, { "natVrouteid", "router", MATCH_WHOLE },
                { "natAppid", "tenant", MATCH_WHOLE },        {},
        };
        static const struct sim_listing listing = { SIM_MAPPINGS, filters, .paged = true, .nothing = "null",
                                                    .bare = true };

        return sim_serve_listing(c, &listing);
}
