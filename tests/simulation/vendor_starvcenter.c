/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "providers/starvcenter/sim.h"
#include "providers/starvcenter/starvcenter.h"
#include "tests/simulation/vendors.h"
#include "tests/support/estate.h"

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
        .lies_no = true,
        .odd_states = { "2", "77" },
        .mend = "start",
        .count = count,
        .at = at,
        .find = find,
        .add = add,
        .describe = describe,
};
