/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/rule.h"
#include "reconcile/rule_spec.h"
#include "specs/check.h"

#define PATH_BYTES_MAX 96 /* of a field of a group */
#define ITEM_BYTES_MAX 32 /* of an item's number */
#define REQUIRED 2        /* of the fields of a rule: those that stand first */

static const char *path_of(const char *list, size_t i, const char *field, char path[static PATH_BYTES_MAX])
{
        (void)snprintf(path, PATH_BYTES_MAX, "spec.%s[%zu]%s%s", list, i, field ? "." : "", field ? field : "");
        return path;
}

static bool has(const struct checker *c, const char *list, size_t i, const char *field)
{
        char path[PATH_BYTES_MAX];

        (void)path_of(list, i, field, path);
        return draft_has(c->draft, path) || !draft_is_sound(c->draft, path);
}

int check_ports(const struct checker *c, const char *path, const char *protocol_path, int protocol, const char *ports)
{
        _cleanup_rule_ struct rule rule = { 0 };
        struct error e = { "" };
        int r;

        if (!check_can(c, path) || !ports)
                return 0;
        if (protocol == RULE_ICMP && check_can(c, protocol_path))
                return check_error(c, path, "has a meaning only with protocol: tcp or udp; leave it out");
        r = rule_add_ports(&rule, ports, &e);

        return r == -EINVAL ? check_error(c, path, "is not right: %s", e.text) : r;
}

/* Each address has its own place. */
int check_networks(const struct checker *c, const char *path, const struct strings *networks)
{
        for (size_t k = 0; k < networks->n; k++) {
                _cleanup_rule_ struct rule rule = { 0 };
                char item[PATH_BYTES_MAX + ITEM_BYTES_MAX];
                struct error e = { "" };
                int r;

                (void)snprintf(item, sizeof(item), "%.*s[%zu]", PATH_BYTES_MAX - 1, path, k);
                if (!check_can(c, item))
                        continue;
                r = strchr(networks->items[k], ',')
                            ? error_set(&e, -EINVAL,
                                        "write one address or network an item, like [10.0.0.0/8, 192.0.2.7]")
                            : rule_add_networks(&rule.from, networks->items[k], true, &e);
                if (r == -EINVAL)
                        r = check_error(c, item, "is not right: %s", e.text);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* What comes in comes from somewhere, and what goes out goes to somewhere. */
static int check_direction(const struct checker *c, const struct rule_spec *rule, size_t i)
{
        const char *stray = rule->direction == DIRECTION_IN ? "to" : "from";
        char path[PATH_BYTES_MAX];

        if (!check_can(c, path_of("rules", i, "direction", path)) || !has(c, "rules", i, stray))
                return 0;

        return check_error(
                c, path_of("rules", i, stray, path), "has no meaning with direction: %s; write %s, or leave it out",
                rule->direction == DIRECTION_IN ? "in" : "out", rule->direction == DIRECTION_IN ? "from" : "to");
}

/* Two that are written in two ways and say the same are one: what is meant is not harmed, and told. */
static int check_twice(const struct checker *c, const struct rule_spec *rule, size_t i, struct strmap *seen)
{
        static const char *const fields[] = { "direction", "protocol", "ports", "from", "to" };
        _cleanup_buf_ struct buf b = BUF_INIT(RULE_TEXT_MAX);
        char path[PATH_BYTES_MAX];
        const char *key;
        int r;

        for (size_t k = 0; k < ARRAY_SIZE(fields); k++)
                if (!draft_is_sound(c->draft, path_of("rules", i, fields[k], path)) ||
                    (k < REQUIRED && !draft_has(c->draft, path)))
                        return 0;
        (void)path_of("rules", i, NULL, path);
        r = rule_spec_text(rule, &b, NULL);
        if (r == -ENOBUFS)
                return check_error(c, path, "is longer than the %d characters that a rule may have; make it several",
                                   RULE_TEXT_MAX - 1);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        key = strpool_add(c->estate->strings, buf_text(&b));
        r = key ? strmap_put(seen, key, c->estate) : -ENOMEM;
        if (r != -EEXIST)
                return r;

        return check_warning(c, path, "is a rule a second time, written in another way or the same; one will do");
}

static int check_rules(const struct checker *c, const struct security_group *group)
{
        _cleanup_strmap_ struct strmap seen = { 0 };
        int r = 0;

        for (size_t i = 0; i < group->rules.n && r >= 0; i++) {
                const struct rule_spec *rule = &((const struct rule_spec *)group->rules.items)[i];
                char path[PATH_BYTES_MAX], protocol[PATH_BYTES_MAX];

                r = check_ports(c, path_of("rules", i, "ports", path), path_of("rules", i, "protocol", protocol),
                                rule->protocol, rule->ports);
                if (r == 0)
                        r = check_direction(c, rule, i);
                if (r == 0)
                        r = check_networks(c, path_of("rules", i, "from", path), &rule->from);
                if (r == 0)
                        r = check_networks(c, path_of("rules", i, "to", path), &rule->to);
                if (r == 0)
                        r = check_twice(c, rule, i, &seen);
        }

        return r;
}

/* A set, or one machine; each once. */
static int check_member(const struct checker *c, const struct attach_spec *to, size_t i, struct strmap *sets,
                        struct strmap *machines)
{
        const char *set = to->machine_set.name, *name = set ? set : to->machine;
        char path[PATH_BYTES_MAX], shown[EXCERPT_MAX];
        int r;

        if (!draft_is_sound(c->draft, path_of("attach", i, NULL, path)))
                return 0;
        if (!has(c, "attach", i, "machineSet") && !has(c, "attach", i, "machine"))
                return check_error(c, path, "names no machine; write machineSet, or machine");
        if (!check_can(c, path_of("attach", i, set ? "machineSet" : "machine", path)))
                return 0;
        r = strmap_put(set ? sets : machines, name, c->estate);

        return r == -EEXIST ? check_error(c, path, "is \"%s\" a second time; leave it out", excerpt(name, shown)) : r;
}

static int check_attach(const struct checker *c, const struct security_group *group)
{
        _cleanup_strmap_ struct strmap sets = { 0 }, machines = { 0 };
        int r = 0;

        for (size_t i = 0; i < group->attach.n && r == 0; i++)
                r = check_member(c, &((const struct attach_spec *)group->attach.items)[i], i, &sets, &machines);

        return r;
}

int check_security_group(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct provider *codec = check_codec(c);
        int r;

        if (codec && !codec->making(&account->provider->options)[TYPE_GROUP].possible)
                return check_error(c, "spec.provider",
                                   "is of type %s, which has no security groups; leave the group out", codec->type);
        r = check_rules(c, own->security_group);

        return r < 0 ? r : check_attach(c, own->security_group);
}
