/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about the rules of security groups. Where the document is silent: a group may have equal rules; a rule is in effect
 * at once, unless a person has seen to it that it is not: then there is one retry of it for each machine that has a card in the group, until the
 * rule was asked for again as often as that takes; that asks for all of them; without quirks an unknown group among several
 * is an error.
 *
 * With quirks rules are printed in another form than they were written: protocols in capitals, lists from behind, an address as its
 * network, a range as its first port and the others.
 */

static const char *const directions[] = { "in", "out", NULL };
static const char *const protocols[] = { "tcp", "udp", "icmp", NULL };

static const struct sim_field fields[] = {
        SIM_ID("aclrule_id", NULL),
        { "source", "aclrule_srcip", NULL, FIELD_TEXT, offsetof(struct sim_rule, source), .style = STYLE_ADDRESSES },
        { "target", "aclrule_target", NULL, FIELD_TEXT, offsetof(struct sim_rule, target), .style = STYLE_ADDRESSES },
        { "direction", "aclrule_direction", NULL, FIELD_TEXT, offsetof(struct sim_rule, direction) },
        { "ports", "aclrule_vmport", NULL, FIELD_TEXT, offsetof(struct sim_rule, ports), .style = STYLE_PORTS },
        { "protocol", "aclrule_protocal", NULL, FIELD_TEXT, offsetof(struct sim_rule, protocol), .style = STYLE_SHOUT },
        { "group", "aclrule_securitygroupid", "aclrule_ securitygroupid", FIELD_PARENT },
        { "created", NULL, NULL, SIM_CHARS(struct sim_item, created) },
        { "waits", NULL, NULL, FIELD_NUMBER, offsetof(struct sim_rule, waits) },
        { "retries", NULL, NULL, FIELD_NUMBER, offsetof(struct sim_rule, retries) },
        {},
};

const struct sim_kind sim_rule_kind = {
        .noun = "rule",
        .list = "rules",
        .next = "nextRule",
        .prefix = "rule-",
        .size = sizeof(struct sim_rule),
        .parent = SIM_GROUPS,
        .fields = fields,
};

/* Is each group of the list there? */
static bool are_groups(struct plain_call *c, const char *list, int *ret)
{
        _cleanup_free_ char *names = strdup(list);
        char *rest = names;

        *ret = names ? 0 : -ENOMEM;
        for (char *name; names && (name = strsep(&rest, ","));)
                if (!sim_named(c, SIM_GROUPS, name, ret))
                        return false;
        return names;
}

int sim_serve_rules(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "aclrule.securitygroupid", "group", MATCH_LIST }, { "aclrule.id", "id", MATCH_WHOLE },
                { "aclrule.vmport", "ports", MATCH_WHOLE },         { "aclrule.protocal", "protocol", MATCH_LETTER },
                { "aclrule.srcip", "source", MATCH_ONE },           { "aclrule.target", "target", MATCH_ONE },
                { "aclrule.direction", "direction", MATCH_WHOLE },  {},
        };
        static const struct sim_listing listing = { SIM_RULES, filters, .paged = true, .bare = true };
        const char *groups = sim_text(c, "aclrule.securitygroupid");
        int r = 0;

        if (!*groups)
                return sim_say_no(c, "aclrule.securitygroupid is missing");
        if (!c->s->quirks && !are_groups(c, groups, &r))
                return r;
        return sim_serve_listing(c, &listing);
}

int sim_serve_rule_add(struct plain_call *c)
{
        static const struct sim_check checks[] = {
                { "aclrule.vmport", CHECK_PORTS },
                { "aclrule.srcip", CHECK_ADDRESSES },
                { "aclrule.target", CHECK_ADDRESSES },
                { "aclrule.direction", CHECK_WORD, .needed = true, .words = directions },
                { "aclrule.protocal", CHECK_WORD, .words = protocols },
                {},
        };
        _cleanup_(sim_item_free_p) struct sim_item *i = NULL;
        struct sim_item *group;
        struct sim_rule *rule;
        int r = 0;

        group = sim_named(c, SIM_GROUPS, sim_text(c, "aclrule.securitygroupid"), &r);
        if (!group || !sim_check(c, checks, c->body, &r))
                return r;
        i = sim_item_new(SIM_RULES);
        rule = (struct sim_rule *)i;
        if (!rule || sim_fill(i, checks, c->body) < 0 || sim_item_put(c->s, c->now, i, group) < 0)
                return -ENOMEM;
        i = NULL;
        if (c->s->waiting_rules > 0) {
                c->s->waiting_rules--;
                rule->waits = c->s->waiting_resets;
        }
        return sim_say_made(c, "aclrule.id", &rule->item);
}

int sim_serve_rule_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_RULES, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_done(c);
}

/* A rule's row with what it is to a machine. */
static int add_machine_rule(struct plain_call *c, struct sim_item *i, struct sim_rows *rows)
{
        bool in_effect = ((struct sim_rule *)i)->waits == 0;
        const char *name = ((struct sim_group *)i->parent)->name;

        return sim_rows_add_more(
                c, rows, i,
                json_pack("{s:s, s:o}", "aclrule_securitygroupname", name ? name : "", "aclrule_status",
                          c->s->quirks ? json_boolean(in_effect) : json_string(in_effect ? "true" : "false")));
}

int sim_serve_machine_rules(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_RULES, .paged = true, .nothing = "\"\"", .bare = true };
        struct sim_rows rows _cleanup_sim_rows_ = {};
        int r = 0;
        struct sim_item *machine = sim_named(c, SIM_MACHINES, sim_text(c, "vm.id"), &r);

        if (!machine)
                return r;
        for (size_t k = 0; k < c->s->things[SIM_RULES].n_records; k++) {
                struct sim_item *i = sim_item_at(c->s, SIM_RULES, k);

                if (sim_is_bound(machine, i->parent->record.id) && add_machine_rule(c, i, &rows) < 0)
                        return -ENOMEM;
        }
        return sim_say_rows(c, &listing, &rows);
}

/* One for each machine that has a card in the rule's group. */
static int add_retries(struct plain_call *c, const struct sim_item *i, struct sim_rows *rows)
{
        const char *wanted = sim_text(c, "vm.id"), *group = i->parent->record.id;
        const struct records *machines = &c->s->things[SIM_MACHINES];
        int64_t retries = ((const struct sim_rule *)i)->retries;

        for (size_t k = 0; k < machines->n_records; k++) {
                const struct sim_item *m = sim_item_at(c->s, SIM_MACHINES, k);
                int r;

                if ((*wanted && !text_equal(wanted, m->record.id)) || !sim_is_bound(m, group))
                        continue;
                r = sim_rows_add_json(
                        rows, json_pack("{s:o, s:s, s:s, s:o}", "issue.id",
                                        json_sprintf("issue-%" PRId64 "-%" PRId64, i->record.serial, m->record.serial),
                                        "aclrule.id", i->record.id, "vm.id", m->record.id, "retry.num",
                                        c->s->quirks ? json_integer(retries) : json_sprintf("%" PRId64, retries)));
                if (r < 0)
                        return r;
        }
        return 0;
}

int sim_serve_retries(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_RULES, .paged = true, .nothing = "\"\"", .bare = true };
        struct sim_rows rows _cleanup_sim_rows_ = {};
        const char *group = sim_text(c, "securitygroup.id");

        for (size_t k = 0; k < c->s->things[SIM_RULES].n_records; k++) {
                const struct sim_item *i = sim_item_at(c->s, SIM_RULES, k);

                if (((const struct sim_rule *)i)->waits > 0 && (!*group || text_equal(group, i->parent->record.id)) &&
                    add_retries(c, i, &rows) < 0)
                        return -ENOMEM;
        }
        return sim_say_rows(c, &listing, &rows);
}

int sim_serve_retry_reset(struct plain_call *c)
{
        for (size_t k = 0; k < c->s->things[SIM_RULES].n_records; k++) {
                struct sim_rule *rule = (struct sim_rule *)sim_item_at(c->s, SIM_RULES, k);

                if (rule->waits <= 0)
                        continue;
                rule->waits--;
                rule->retries++;
        }
        return sim_done(c);
}
