/* SPDX-License-Identifier: MIT */
#include "reconcile/rule_spec.h"

static int join(const struct strings *items, struct buf *b)
{
        for (size_t i = 0; i < items->n; i++)
                buf_addf(b, "%s%s", i > 0 ? "," : "", items->items[i]);
        return b->failed;
}

int rule_spec_text(const struct rule_spec *rule, struct buf *b, struct error *e)
{
        static const char *const protocols[] = { [RULE_TCP] = "tcp", [RULE_UDP] = "udp", [RULE_ICMP] = "icmp" };
        _cleanup_buf_ struct buf from = BUF_INIT(RULE_TEXT_MAX), to = BUF_INIT(RULE_TEXT_MAX);

        if (join(&rule->from, &from) < 0 || join(&rule->to, &to) < 0)
                return error_set(e, from.failed < 0 ? from.failed : to.failed, "the rule has too many addresses");
        return rule_text(
                &(const struct rule){
                        .direction = rule->direction == DIRECTION_IN ? "in" : "out",
                        .protocol = protocols[rule->protocol],
                        .ports = rule->ports,
                        .from = buf_text(&from),
                        .to = buf_text(&to),
                },
                b, e);
}
