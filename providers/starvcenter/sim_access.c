/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about rules of access. Where the document is silent: the address has to be a machine's, and the rule goes with that; there may be
 * equal rules; a rule of the network's edge has no direction, and its target is the machine.
 */

#define ACCESS(member) offsetof(struct sim_access, member)

static const char *const types[] = { "net_gate", "net_inner", NULL };
static const char *const directions[] = { "in", "out", NULL };
static const char *const protocols[] = { "tcp", "udp", "icmp", NULL };

static const struct sim_field fields[] = {
        SIM_ID("aclrule_id", NULL),
        { "type", "aclrule_type", NULL, FIELD_TEXT, ACCESS(type) },
        { "router", "aclrule_vrouteid", NULL, FIELD_TEXT, ACCESS(router), .style = STYLE_NULLABLE },
        { "network", "aclrule_vnetid", NULL, FIELD_TEXT, ACCESS(network) },
        { "target", "aclrule_target", NULL, FIELD_TEXT, ACCESS(target), .style = STYLE_ADDRESSES },
        { NULL, "vmname", NULL, FIELD_PARENT_NAME },
        { "source", "aclrule_srcip", NULL, FIELD_TEXT, ACCESS(source), .style = STYLE_ADDRESSES },
        { "ports", "aclrule_vmport", NULL, FIELD_TEXT, ACCESS(ports), .style = STYLE_PORTS },
        { "protocol", "aclrule_protocal", NULL, FIELD_TEXT, ACCESS(protocol), .style = STYLE_SHOUT },
        { "tenantName", "aclrule_appname", NULL, FIELD_TEXT, ACCESS(tenant_name) },
        { "tenant", "aclrule_appid", NULL, FIELD_TEXT, ACCESS(tenant) },
        { "machine", NULL, NULL, FIELD_PARENT },
        { "direction", NULL, NULL, FIELD_TEXT, ACCESS(direction) },
        { "description", NULL, NULL, FIELD_TEXT, ACCESS(description) },
        { "created", NULL, NULL, SIM_CHARS(struct sim_item, created) },
        {},
};

const struct sim_kind sim_access_kind = {
        .noun = "acl",
        .list = "acls",
        .next = "nextAcl",
        .prefix = "acl-",
        .size = sizeof(struct sim_access),
        .parent = SIM_MACHINES,
        .fields = fields,
};

int sim_serve_acls(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "aclrule_target", "target", MATCH_PART },    { "aclrule_vnetid", "network", MATCH_PART },
                { "aclrule_type", "type", MATCH_WHOLE },       { "aclrule_vmport", "ports", MATCH_WHOLE },
                { "aclrule_vrouteid", "router", MATCH_WHOLE }, {},
        };
        static const struct sim_listing listing = { SIM_ACLS, filters, .paged = true, .needs_page = true,
                                                    .bare = true };

        return sim_serve_listing(c, &listing);
}

/* NULL: what the request says goes together. */
static const char *look_over(const struct plain_call *c)
{
        const char *address = sim_text(c, "vm.ip"), *direction = sim_word(sim_text(c, "allow.direction"), directions);

        if (text_equal(sim_word(sim_text(c, "aclrule.type"), types), "net_inner") && !*direction)
                return "allow.direction is missing";
        if (*sim_text(c, "allow.internalport") && !*sim_text(c, "allow.protocol"))
                return "allow.protocol is missing";
        if (text_equal(direction, "in") && *sim_text(c, "allow.dstips") &&
            !text_equal(sim_text(c, "allow.dstips"), address))
                return "allow.dstips is not vm.ip";
        if (text_equal(direction, "out") && *sim_text(c, "allow.sourceips") &&
            !text_equal(sim_text(c, "allow.sourceips"), address))
                return "allow.sourceips is not vm.ip";
        return NULL;
}

static int add(struct plain_call *c, const struct sim_card *card, struct sim_item **ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_ACLS);
        struct sim_access *a = (struct sim_access *)i;
        const char *address = sim_text(c, "vm.ip"), *tenant = ((const struct sim_machine *)card->item.parent)->tenant;
        const char *source = sim_text(c, "allow.sourceips"), *target = sim_text(c, "allow.dstips");
        const struct sim_network *n = sim_network_find(c->s, card->network);
        const char *direction = sim_word(sim_text(c, "allow.direction"), directions);
        bool out = text_equal(direction, "out");

        if (!a || sim_text_set(&a->type, sim_word(sim_text(c, "aclrule.type"), types)) < 0 ||
            sim_text_set(&a->description, sim_text(c, "aclrule.desc")) < 0 ||
            sim_text_set(&a->direction, direction) < 0 ||
            sim_text_set(&a->ports, sim_text(c, "allow.internalport")) < 0 ||
            sim_text_set(&a->protocol, sim_word(sim_text(c, "allow.protocol"), protocols)) < 0 ||
            sim_text_set(&a->source, out ? address : source) < 0 ||
            sim_text_set(&a->target, out ? target : address) < 0 || sim_text_set(&a->network, card->network) < 0 ||
            sim_text_set(&a->router, n ? n->router : NULL) < 0 ||
            sim_text_set(&a->tenant, tenant ? tenant : SIM_TENANT) < 0 ||
            sim_text_set(&a->tenant_name, tenant ? tenant : SIM_TENANT) < 0 ||
            sim_item_put(c->s, c->now, i, card->item.parent) < 0)
                return -ENOMEM;
        *ret = STEAL(i);
        return 0;
}

int sim_serve_acl_add(struct plain_call *c)
{
        static const struct sim_check checks[] = {
                { "vm.ip", CHECK_ADDRESS, .needed = true },
                { "aclrule.type", CHECK_WORD, .needed = true, .words = types },
                { "aclrule.desc", CHECK_TEXT },
                { "allow.direction", CHECK_WORD, .words = directions },
                { "allow.dstips", CHECK_ADDRESSES },
                { "allow.internalport", CHECK_PORTS },
                { "allow.sourceips", CHECK_ADDRESSES },
                { "allow.protocol", CHECK_WORD, .words = protocols },
                {},
        };
        const struct sim_card *card;
        struct sim_item *added;
        const char *wrong;
        int r = 0;

        if (!sim_check(c, checks, c->body, &r))
                return r;
        if (!sim_machine_at(c->s, sim_text(c, "vm.ip"), &card))
                return sim_say_no(c, "vm.ip is the address of no machine");
        wrong = look_over(c);
        if (wrong)
                return sim_say_no(c, "%s", wrong);
        r = add(c, card, &added);
        return r < 0 ? r : sim_say_made(c, "rule.id", added);
}

int sim_serve_acl_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_ACLS, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_done(c);
}
