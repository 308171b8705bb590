/* SPDX-License-Identifier: MIT */
#include "reconcile/access.h"

#include <errno.h>
#include <string.h>

const char *const firewall_words[] = { [FIREWALL_EDGE] = "edge", [FIREWALL_INNER] = "inner", NULL };

void access_done(struct access *access)
{
        rule_done(&access->rule);
}

int access_print(struct access *access, struct buf *b, struct error *e)
{
        int r = rule_finish(&access->rule, e);

        if (r < 0)
                return r;
        (void)buf_addf(b, "%s ", firewall_words[access->firewall]);
        return rule_print(&access->rule, b);
}

static int add_list(struct networks *networks, const struct strings *list, struct error *e)
{
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++)
                r = rule_add_networks(networks, list->items[i], true, e);
        return r;
}

int access_spec_text(const struct access_spec *spec, const char *address, struct buf *b, struct error *e)
{
        _cleanup_access_ struct access access = { .firewall = (enum firewall)spec->firewall };
        struct rule *rule = &access.rule;
        bool in = spec->direction == DIRECTION_IN;
        int r;

        rule->direction = DIRECTION_IN;
        rule->protocol = (enum rule_protocol)spec->protocol;
        r = spec->ports ? rule_add_ports(rule, spec->ports, e) : 0;
        if (r == 0)
                r = add_list(in ? &rule->from : &rule->to, in ? &spec->from : &spec->to, e);
        if (r == 0)
                r = rule_add_networks(in ? &rule->to : &rule->from, address, true, e);
        return r < 0 ? r : access_print(&access, b, e);
}

int access_parse(const char *text, struct access *ret)
{
        const char *blank = strchr(text, ' ');
        struct access access = { 0 };
        int r = -EINVAL;

        for (int i = 0; blank && firewall_words[i]; i++)
                if (strncmp(firewall_words[i], text, (size_t)(blank - text)) == 0 && !firewall_words[i][blank - text]) {
                        access.firewall = (enum firewall)i;
                        r = rule_parse(blank + 1, &access.rule);
                }
        if (r == 0)
                *ret = access;
        return r;
}
