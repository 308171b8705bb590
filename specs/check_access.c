/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/access.h"
#include "reconcile/rule.h"
#include "specs/check.h"

static bool has(const struct checker *c, const char *path)
{
        return draft_has(c->draft, path) || !draft_is_sound(c->draft, path);
}

/* What comes in comes from somewhere, and what goes out goes to somewhere. */
static int check_direction(const struct checker *c, const struct access_spec *rule)
{
        bool in = rule->direction == DIRECTION_IN;
        const char *stray = in ? "spec.to" : "spec.from";

        if (rule->firewall == FIREWALL_INNER && check_can(c, "spec.firewall") && !has(c, "spec.direction"))
                return check_error(c, "spec.direction", "is missing; write in or out, firewall: inner needs it");
        if (!draft_is_sound(c->draft, "spec.direction") || !check_can(c, stray))
                return 0;

        return check_error(c, stray, "has no meaning with direction: %s; write %s, or leave it out", in ? "in" : "out",
                           in ? "from" : "to");
}

static int check_length(const struct checker *c, const struct access_spec *rule)
{
        static const char longest[] = "255.255.255.255"; /* of a machine */
        _cleanup_buf_ struct buf b = BUF_INIT(ACCESS_TEXT_MAX);
        int r;

        if (!draft_is_sound(c->draft, "spec.ports") || !draft_is_sound(c->draft, "spec.from") ||
            !draft_is_sound(c->draft, "spec.to") || !check_can(c, "spec.protocol"))
                return 0;
        r = access_spec_text(rule, longest, &b, NULL);
        if (r == -ENOBUFS)
                return check_error(c, "spec", "is longer than the %d characters that a rule may have; make it several",
                                   ACCESS_TEXT_MAX - 1);

        return r == -ENOMEM ? r : 0;
}

int check_access_rule(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct access_spec *rule = own->access;
        const struct provider *codec = check_codec(c);
        int r = 0;

        if (codec && !codec->making(&account->provider->options)[TYPE_ACCESS].possible)
                return check_error(c, "spec.provider",
                                   "is of type %s, which has no rules of access; leave the rule out", codec->type);
        if (!has(c, "spec.machineSet") && !has(c, "spec.machine"))
                r = check_error(c, "spec", "names no machine; write machineSet, or machine");
        if (r == 0 && rule->machine)
                r = check_machine_named(c, "spec.machine", rule->machine);
        if (r == 0)
                r = check_direction(c, rule);
        if (r == 0)
                r = check_ports(c, "spec.ports", "spec.protocol", rule->protocol, rule->ports);
        if (r == 0)
                r = check_networks(c, "spec.from", &rule->from);
        if (r == 0)
                r = check_networks(c, "spec.to", &rule->to);
        if (r == 0)
                r = check_length(c, rule);

        return r;
}
