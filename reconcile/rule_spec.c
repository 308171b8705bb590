/* SPDX-License-Identifier: MIT */
#include "reconcile/rule_spec.h"

static int add_side(struct networks *networks, const struct strings *list, struct error *e)
{
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++)
                r = rule_add_networks(networks, list->items[i], true, e);
        return r;
}

int rule_spec_text(const struct rule_spec *written, struct buf *b, struct error *e)
{
        _cleanup_rule_ struct rule rule = { .direction = (enum rule_direction)written->direction,
                                            .protocol = (enum rule_protocol)written->protocol };
        int r = written->ports ? rule_add_ports(&rule, written->ports, e) : 0;

        if (r == 0)
                r = add_side(&rule.from, &written->from, e);
        if (r == 0)
                r = add_side(&rule.to, &written->to, e);
        if (r == 0)
                r = rule_finish(&rule, e);
        return r < 0 ? r : rule_print(&rule, b);
}
