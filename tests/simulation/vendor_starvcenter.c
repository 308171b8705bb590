/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/simulation/bodies.h"
#include "tests/simulation/vendors.h"
#include "tests/support/estate.h"

#define PAGE 30 /* rows */

static size_t count(const struct simulation *s)
{
        return s->things[SIM_MACHINES].n_records;
}

static void view(const struct sim_machine *m, struct machine_view *ret)
{
        *ret = (struct machine_view){
                .id = m->item.record.id,
                .serial = (uint64_t)m->item.record.serial,
                .leaving = m->item.work == WORK_DELETE,
                .broken = m->state == SIM_FAILED || m->state == SIM_ASLEEP || m->state == 77,
        };
}

static void at(const struct simulation *s, size_t i, struct machine_view *ret)
{
        view((const struct sim_machine *)sim_item_at(s, SIM_MACHINES, i), ret);
}

static bool find(struct simulation *s, usec_t now, const char *id, struct machine_view *ret)
{
        const struct sim_machine *m;

        sim_settle(s, now);
        m = sim_machine_find(s, id);
        if (m)
                view(m, ret);
        return m;
}

static enum sim_kind_name kind_of_part(enum thing_type type)
{
        switch (type) {
        case TYPE_DISK:
                return SIM_DISKS;
        case TYPE_GROUP:
                return SIM_GROUPS;
        case TYPE_RULE:
                return SIM_RULES;
        case TYPE_BINDING:
                return SIM_BINDINGS;
        case TYPE_CARD:
                return SIM_CARDS;
        case TYPE_BALANCER:
                return SIM_BALANCERS;
        case TYPE_BACKEND:
                return SIM_BACKENDS;
        case TYPE_NETWORK:
                return SIM_NETWORKS;
        case TYPE_PORT_MAPPING:
        case TYPE_ADDRESS_MAPPING:
                return SIM_MAPPINGS;
        case TYPE_ACCESS:
                return SIM_ACLS;
        default:
                return SIM_NONE;
        }
}

static size_t count_parts(const struct simulation *s, enum thing_type type)
{
        return kind_of_part(type) == SIM_NONE ? 0 : s->things[kind_of_part(type)].n_records;
}

static void part_at(const struct simulation *s, enum thing_type type, size_t i, struct part_view *ret)
{
        const struct sim_item *item = sim_item_at(s, kind_of_part(type), i);
        const char *text = "", *marker = "muster:";

        *ret = (struct part_view){ .id = item->record.id,
                                   .serial = (uint64_t)item->record.serial,
                                   .parent = item->parent ? item->parent->record.id : "",
                                   .machine = "" };
        if (type == TYPE_DISK)
                text = ((const struct sim_disk *)item)->description;
        else if (type == TYPE_GROUP)
                text = ((const struct sim_group *)item)->name;
        else if (type == TYPE_BALANCER)
                text = ((const struct sim_balancer *)item)->name;
        else if (type == TYPE_NETWORK)
                text = ((const struct sim_network *)item)->name;
        else if (type == TYPE_PORT_MAPPING || type == TYPE_ADDRESS_MAPPING)
                text = ((const struct sim_mapping *)item)->description;
        ret->name = text ? text : "";
        if (type == TYPE_DISK || type == TYPE_PORT_MAPPING || type == TYPE_ADDRESS_MAPPING)
                ret->name = text_starts(ret->name, marker) ? ret->name + strlen(marker) : "";
        if (type == TYPE_BINDING) {
                ret->machine = item->parent->parent->record.id;
                ret->parent = ((const struct sim_binding *)item)->group;
        } else if (type == TYPE_BACKEND) {
                ret->machine = ((const struct sim_backend *)item)->machine;
                ret->port = ((const struct sim_backend *)item)->port;
        }
}

/* With quirks keys stand between blanks. */
static bool is_key(const char *key, const char *name)
{
        size_t n = strlen(name);

        key += strspn(key, " ");
        return strncmp(key, name, n) == 0 && key[n + strspn(key + n, " ")] == '\0';
}

static void rename_ids(json_t *value, uint64_t page, unsigned *n)
{
        const char *key;
        json_t *member;
        char id[64];
        size_t i;
        void *next;

        json_object_foreach_safe(value, next, key, member)
        {
                snprintf(id, sizeof(id), "endless-%llu-%u", (unsigned long long)page, *n);
                if (!is_key(key, "vm.id"))
                        rename_ids(member, page, n);
                else if (++*n && json_object_set_new(value, key, json_string(id)) < 0)
                        abort();
        }
        json_array_foreach(value, i, member) rename_ids(member, page, n);
}

/* Only a page that is full is followed by another. Nothing on it has a name of ours: ids that nobody has
 * are none that a person could choose from. False: it
 * cannot be filled. */
static bool fill_page(json_t *rows)
{
        static const char row[] = "{\"vm.id\": \"\", \"vm.name\": \"of-somebody\", \"vm.desc\": \"\", "
                                  "\"vm.createtime\": \"2026-01-01 00:00:00\", \"vm.state\": \"1\", "
                                  "\"vm.vcpu.num\": \"2\", \"vm.memory.mem\": \"4096\", \"vm.ip\": \"10.0.0.1\"}";

        if (!json_is_array(rows))
                return false;
        if (json_array_clear(rows) < 0)
                abort();
        while (json_array_size(rows) < PAGE)
                if (json_array_append_new(rows, json_loads(row, 0, NULL)) < 0)
                        abort();
        return true;
}

static void go_on(struct reply *rp, uint64_t page)
{
        bool coded, filled = false;
        _cleanup_json_ json_t *body = body_read(rp, &coded);
        const char *key;
        json_t *member;
        unsigned n = 0;
        void *next;

        if (!body)
                abort(); /* it is the simulator's own */
        json_object_foreach_safe(body, next, key, member)
        {
                if (is_key(key, "data"))
                        filled = fill_page(member);
                else if (filled && is_key(key, "dataCount") && json_object_del(body, key) < 0)
                        abort();
        }
        if (filled)
                rename_ids(body, page, &n);
        body_write(rp, body, coded);
}

static json_t *add(const char *name, unsigned template)
{
        (void)template;
        return json_pack("{s:s}", "name", name);
}

static void describe(struct estate *estate, struct resource *provider, const struct machine_form *form,
                     struct machine_set *set)
{
        (void)provider;
        set->cpu = form->cpu;
        set->memory = form->memory << 30;
        set->template.name = test_estate_text(estate, "tmpl-%u", form->template);
}

const struct world_vendor world_starvcenter = {
        .name = "starvcenter",
        .simulator = &starvcenter_simulator,
        .codec = &starvcenter_provider,
        .path = "/starvcenter/services/cloudresource",
        .token_header = "KEY_TOKEN",
        .secret = true,
        .variants = { "page", "offset1", "offset0", "ignored" },
        .marks = true,
        .resizes = true,
        .powers = true,
        .has_disks = true,
        .hides_new_disks = true,
        .has_parts = true,
        .lies_no = true,
        .odd_states = { "2", "77" },
        .mend = "start",
        .count = count,
        .at = at,
        .find = find,
        .count_parts = count_parts,
        .part_at = part_at,
        .go_on = go_on,
        .add = add,
        .describe = describe,
};
