/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about network cards. Where the document is silent: a machine has a card of its network from its creation, which has the
 * machine's address as soon as that has one, and one card of each network at most; one that is added has its address at once. A
 * locked machine takes none.
 */

static const struct sim_field fields[] = {
        SIM_ID("vnic.id", NULL),
        { "name", "vnic.name", NULL, FIELD_TEXT, offsetof(struct sim_card, name) },
        { "description", "vnic.desc", NULL, FIELD_TEXT, offsetof(struct sim_card, description) },
        { "created", "vnic.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "machine", "vnic.vmid", "vnic.vmid ", FIELD_PARENT },
        { "mac", "vnic.macaddress", NULL, SIM_CHARS(struct sim_card, mac) },
        { "address", "vnic.ipaddress", NULL, SIM_CHARS(struct sim_card, address), .style = STYLE_NULLABLE },
        { "network", "vnic.vpc.id", NULL, FIELD_TEXT, offsetof(struct sim_card, network) },
        { "networkName", "vnic.vpc.name", NULL, FIELD_TEXT, offsetof(struct sim_card, network_name) },
        {},
};

const struct sim_kind sim_card_kind = {
        .noun = "card",
        .list = "cards",
        .next = "nextCard",
        .prefix = "vnic-",
        .size = sizeof(struct sim_card),
        .parent = SIM_MACHINES,
        .fields = fields,
};

int sim_card_add(struct simulation *s, usec_t now, struct sim_machine *m, const char *network, struct sim_card **ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_CARDS);
        unsigned n = (unsigned)(s->things[SIM_CARDS].next_serial & 0xFFFFFF);
        const struct sim_network *known = sim_network_find(s, network);
        struct sim_card *card = (struct sim_card *)i;

        if (!card || sim_text_set(&card->network, network) < 0 ||
            sim_text_set(&card->network_name, known ? known->name : network) < 0 ||
            sim_text_set(&card->name, "nic") < 0)
                return -ENOMEM;
        (void)snprintf(card->mac, sizeof(card->mac), "52:54:00:%02x:%02x:%02x", n >> 16, n >> 8 & 0xFF, n & 0xFF);
        if (sim_item_put(s, now, i, &m->item) < 0)
                return -ENOMEM;
        i = NULL;
        *ret = card;
        return 0;
}

int sim_serve_cards(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_CARDS, .nothing = "null", .bare = true };
        int r = 0;
        struct sim_item *machine = sim_named(c, SIM_MACHINES, sim_text(c, "vnic.vmid"), &r);

        return machine ? sim_serve_children(c, &listing, machine) : r;
}

int sim_serve_card_add(struct plain_call *c)
{
        int r = 0;
        struct sim_item *machine = sim_changeable(c, SIM_MACHINES, sim_text(c, "vnic.vmid"), &r);
        const char *network = sim_text(c, "vnic.portgroupid");
        struct sim_card *card;
        unsigned n;

        if (!machine)
                return r;
        if (!*network)
                return sim_say_no(c, "vnic.portgroupid is missing");
        for (const struct sim_item *i = NULL; (i = sim_item_child(machine, SIM_CARDS, i));)
                if (text_equal(((const struct sim_card *)i)->network, network))
                        return sim_say_no(c, "the machine has a card of that network already");
        r = sim_card_add(c->s, c->now, (struct sim_machine *)machine, network, &card);
        if (r < 0)
                return r;
        n = (unsigned)(card->item.record.serial & 0xFFFFF);
        (void)snprintf(card->address, sizeof(card->address), "172.%u.%u.%u", 16 + (n >> 16), n >> 8 & 0xFF, n & 0xFF);
        return sim_say_made(c, "vnic.id", &card->item);
}
