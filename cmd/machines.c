/* SPDX-License-Identifier: MIT */
#include "cmd/machines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/output.h"
#include "cmd/table.h"
#include "reconcile/base/text.h"

#define GROUP_BYTES_MAX 128

void machines_done(struct machines *m)
{
        free(m->items);
        *m = (struct machines){ 0 };
}

/* A copy does not run. */
static const char *copy_state(enum condition c)
{
        switch (c) {
        case CONDITION_RUNNING:
                return "usable";
        case CONDITION_CHANGING:
                return "not usable";
        default:
                return condition_text(c);
        }
}

const char *machine_state(const struct thing *t)
{
        switch (t->state) {
        case THING_LEAVING:
                return "leaving";
        case THING_PARKED:
                return "parked";
        case THING_RELEASED:
                return "released";
        case THING_GONE:
                return "gone";
        case THING_OWNED:
                break;
        }

        if (t->missing)
                return "missing";

        return thing_is_copy(t->type) ? copy_state(t->condition) : condition_text(t->condition);
}

static int compare(const void *a, const void *b)
{
        const struct thing *x = *(struct thing *const *)a, *y = *(struct thing *const *)b;
        int r = text_natural_compare(x->resource, y->resource);

        if (r == 0)
                r = text_natural_compare(x->slot, y->slot);

        return r != 0 ? r : (x->seq > y->seq) - (x->seq < y->seq);
}

static bool is_of(const struct thing *t, const char *resource)
{
        const char *name = strchr(resource, '/');

        if (text_starts(resource, "Provider/"))
                return text_equal(t->account, name + 1);

        return text_equal(t->resource, resource);
}

int machines_pick(const struct ledger *l, const char *resource, const char *slot, struct machines *ret, struct error *e)
{
        const struct kind *kind = resource ? kind_of(resource) : NULL;
        enum thing_type type = kind && thing_is_copy(kind->makes) ? kind->makes : TYPE_MACHINE;
        struct machines m = { .items = calloc(l->n_things + 1, sizeof(*m.items)) };

        if (!m.items)
                return error_oom(e);

        for (size_t i = 0; i < l->n_things; i++) {
                struct thing *t = l->things[i];

                if (t->type != type)
                        continue;
                if ((!resource || is_of(t, resource)) && (!slot || text_equal(t->slot, slot)))
                        m.items[m.n++] = t;
        }
        qsort(m.items, m.n, sizeof(*m.items), compare);

        *ret = m;
        return 0;
}

static const char *or_dash(const char *s)
{
        return *s ? s : "-";
}

int machines_text(const struct machines *m, struct buf *b)
{
        _cleanup_table_ struct table t = { .n_columns = 6 };
        int r;

        r = table_add(&t, (const char *[]){ "NAME", "ID", "ADDRESS", "STATE", "RESOURCE", "PROVIDER" });
        for (size_t i = 0; r >= 0 && i < m->n; i++) {
                const struct thing *thing = m->items[i];

                r = table_add(&t, (const char *[]){ or_dash(thing->slot), or_dash(thing->id), or_dash(thing->address),
                                                    machine_state(thing), thing->resource, thing->account });
        }

        return r < 0 ? r : table_print(&t, b);
}

static json_t *machine_json(const struct thing *t)
{
        return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "name", json_any_text(t->slot), "id",
                         json_any_text(*t->id ? t->id : NULL), "address",
                         json_any_text(*t->address ? t->address : NULL), "state", machine_state(t), "resource",
                         json_any_text(t->resource), "provider", json_any_text(t->account));
}

json_t *machines_json(const struct machines *m)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < m->n; i++)
                if (json_array_append_new(list, machine_json(m->items[i])) < 0)
                        return NULL;

        return STEAL(list);
}

/* The set's name as Ansible takes groups: without '-'. Those that mean something to it get a '_', which no set's name
 * ends with. */
static const char *group_name(const char *resource, char text[static GROUP_BYTES_MAX])
{
        static const char *const taken[] = { "all", "ungrouped" };
        const char *name = strchr(resource, '/'), *after = "";

        name = name ? name + 1 : resource;
        for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
                if (text_equal(name, taken[i]))
                        after = "_";
        (void)snprintf(text, GROUP_BYTES_MAX, "%s%s", name, after);
        for (char *c = strchr(text, '-'); c; c = strchr(c, '-'))
                *c = '_';

        return text;
}

static json_t *host_json(const struct thing *t)
{
        json_t *host = json_pack("{s:o, s:s, s:o, s:o}", "muster_id", json_any_text(t->id), "muster_state",
                                 machine_state(t), "muster_resource", json_any_text(t->resource), "muster_provider",
                                 json_any_text(t->account));

        if (host && *t->address && json_object_set_new(host, "ansible_host", json_any_text(t->address)) < 0) {
                json_decref(host);
                return NULL;
        }

        return host;
}

/* The machine's name. While a set moves from one provider to another both may have a machine of the same name: the
 * second one's provider stands behind it. */
static json_t *host_name(const struct thing *t, const json_t *hosts)
{
        if (!json_object_get(hosts, t->slot))
                return json_any_text(t->slot);

        return json_sprintf("%s.%s", t->slot, t->account);
}

struct inventory {
        json_t *groups, *hosts, *children; /* borrowed from the whole */
};

static int add_host(struct inventory *in, const struct thing *t)
{
        _cleanup_json_ json_t *name = host_name(t, in->hosts);
        char text[GROUP_BYTES_MAX];
        const char *group = group_name(t->resource, text);
        json_t *entry;

        if (!name)
                return -ENOMEM;
        if (!json_object_get(in->groups, group) &&
            (json_object_set_new(in->groups, group, json_pack("{s:[]}", "hosts")) < 0 ||
             json_array_append_new(in->children, json_string(group)) < 0))
                return -ENOMEM;

        entry = json_object_get(json_object_get(in->groups, group), "hosts");
        if (json_array_append(entry, name) < 0 ||
            json_object_set_new(in->hosts, json_string_value(name), host_json(t)) < 0)
                return -ENOMEM;

        return 0;
}

json_t *machines_inventory(const struct machines *m)
{
        _cleanup_json_ json_t *whole = json_pack("{s:{s:{}}, s:{s:[]}}", "_meta", "hostvars", "all", "children");
        struct inventory in = {
                .groups = whole,
                .hosts = json_object_get(json_object_get(whole, "_meta"), "hostvars"),
                .children = json_object_get(json_object_get(whole, "all"), "children"),
        };

        if (!whole)
                return NULL;

        for (size_t i = 0; i < m->n; i++) {
                const struct thing *t = m->items[i];

                if (t->type == TYPE_MACHINE && t->state == THING_OWNED && !t->missing && add_host(&in, t) < 0)
                        return NULL;
        }

        return STEAL(whole);
}
