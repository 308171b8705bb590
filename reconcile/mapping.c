/* SPDX-License-Identifier: MIT */
#include "reconcile/mapping.h"

#include <errno.h>

#include "reconcile/base/array.h"
#include "reconcile/settings.h"

const char *const mapping_protocol_words[] = { [MAPPING_TCP] = "tcp", [MAPPING_UDP] = "udp", NULL };

int mapping_print_from(struct networks *from, struct buf *b)
{
        /* A rule for whatever comes in has just this side. */
        _cleanup_rule_ struct rule rule = { .direction = DIRECTION_IN, .protocol = RULE_ANY, .from = *from };
        int r;

        *from = (struct networks){ 0 };
        r = rule_finish(&rule, NULL);
        return r < 0 ? r : networks_print(&rule.from, false, b);
}

static int put_text(json_t *settings, const char *key, const char *text)
{
        return text ? settings_put(settings, key, json_string(text)) : 0;
}

static int put_from(json_t *settings, const struct strings *list)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPPING_FROM_MAX);
        _cleanup_rule_ struct rule rule = { 0 };
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++)
                r = rule_add_networks(&rule.from, list->items[i], true, NULL);
        if (r == 0)
                r = mapping_print_from(&rule.from, &text);
        return r < 0 ? r : put_text(settings, "from", buf_text(&text));
}

json_t *mapping_settings(const struct resource *resource, const char *address)
{
        const struct mapping *spec = resource->mapping;
        bool port = resource->kind == &kind_port_mapping;
        _cleanup_json_ json_t *settings = json_object();

        if (!settings || put_text(settings, "machineAddress", address) < 0 ||
            (port && settings_put(settings, "port", json_integer(spec->port)) < 0) ||
            put_text(settings, "address", spec->address) < 0 ||
            (port && settings_put(settings, "outerPort", json_integer(spec->outer_port)) < 0) ||
            (port && put_text(settings, "protocol", mapping_protocol_words[spec->protocol]) < 0) ||
            put_from(settings, &spec->from) < 0 || put_text(settings, "description", spec->description) < 0)
                return NULL;
        return STEAL(settings);
}

static bool equal(const json_t *a, const json_t *b, const char *key)
{
        const json_t *one = settings_get(a, key), *other = settings_get(b, key);

        return one && other && json_equal(one, other);
}

bool mappings_meet(const json_t *a, const json_t *b)
{
        bool whole = !settings_get(a, "outerPort") || !settings_get(b, "outerPort");

        return equal(a, b, "address") && (whole || (equal(a, b, "outerPort") && equal(a, b, "protocol")));
}
