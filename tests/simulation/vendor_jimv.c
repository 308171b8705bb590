/* SPDX-License-Identifier: MIT */
#include "providers/jimv/jimv.h"
#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "tests/simulation/vendors.h"
#include "tests/support/estate.h"

/* Each era; the name is the marker in that of 2017, the remark in 0.8. */

static size_t count(const struct simulation *s)
{
        return s->guests.n_records;
}

static bool is_leaving(const struct simulation *s, const struct guest *g)
{
        for (const struct message *m = s->first_message; m; m = m->next)
                if (m->work == WORK_DELETE && text_equal(m->guest, g->record.id))
                        return true;
        return false;
}

static void view(const struct simulation *s, const struct guest *g, struct machine_view *ret)
{
        *ret = (struct machine_view){
                .id = g->record.id,
                .serial = (uint64_t)g->record.serial,
                .leaving = is_leaving(s, g),
                .broken = !g->made || (!jimv_sim_guest_is(s, g, RUNNING) && !jimv_sim_guest_is(s, g, SHUT_OFF)),
        };
}

static void at(const struct simulation *s, size_t i, struct machine_view *ret)
{
        view(s, (const struct guest *)s->guests.records[i], ret);
}

static bool find(struct simulation *s, usec_t now, const char *id, struct machine_view *ret)
{
        const struct guest *g;

        jimv_sim_settle(s, now);
        g = jimv_sim_guest_find(s, id);
        if (g)
                view(s, g, ret);
        return g;
}

/* A system disk has its guest's uuid. In 2017 a disk is marked after it is made. */
static size_t count_parts(const struct simulation *s, enum thing_type type)
{
        return type == TYPE_DISK ? s->disks.n_records : 0;
}

static void part_at(const struct simulation *s, enum thing_type type, size_t i, struct part_view *ret)
{
        const struct disk *d = (const struct disk *)s->disks.records[i];

        (void)type;
        *ret = (struct part_view){ .id = d->record.id,
                                   .serial = (uint64_t)d->record.serial,
                                   .name = "",
                                   .parent = d->guest_uuid,
                                   .machine = "" };
}

static bool is_awaited(const struct simulation *s, const struct disk *d)
{
        for (const struct message *m = s->first_message; m; m = m->next)
                if (text_equal(m->disk, d->record.id))
                        return true;
        return false;
}

/* Disks whose message was lost are stuck in between, and those of a guest that is gone stay tied to it. */
static void mend_parts(struct simulation *s, usec_t now)
{
        jimv_sim_settle(s, now);
        for (size_t i = s->disks.n_records; i > 0; i--) {
                struct disk *d = (struct disk *)s->disks.records[i - 1];
                const struct guest *g = *d->guest_uuid ? jimv_sim_guest_find(s, d->guest_uuid) : NULL;

                if (d->sequence == 0 || is_awaited(s, d))
                        continue;
                if (d->state == DISK_PENDING)
                        jimv_sim_disk_remove(s, d);
                else if (d->state == DISK_MOUNTING || d->state == DISK_UNLOADING || (*d->guest_uuid && !g))
                        jimv_sim_disk_untie(s, d);
        }
}

static json_t *add(const char *name, unsigned template)
{
        (void)template;
        return json_pack("{s:s}", "name", name);
}

static void describe(struct estate *estate, struct resource *provider, const struct machine_form *form,
                     struct machine_set *set)
{
        set->cpu = form->cpu;
        set->memory = form->memory << 30;
        set->network.name = NULL;
        set->template.name = test_estate_text(estate, "%u", form->template % 4 + 1);
        set->lease = 90 * USEC_PER_DAY;
        if (provider->provider->options.n)
                set->bandwidth = 100000000;
}

#define COMMON                                                                                                \
        .simulator = &jimv_simulator, .codec = &jimv_provider, .path = "", .marks = true, .resizes = true,    \
        .powers = true, .has_disks = true, .hides_work = true, .odd_states = { "77", "78" }, .mend = "start", \
        .count = count, .at = at, .find = find, .count_parts = count_parts, .part_at = part_at,               \
        .mend_parts = mend_parts, .add = add,                                                                 \
        .mischiefs = { { "lose", "{\"count\": 1}" }, { "lose", "{\"count\": 3}" }, { "expire", "{}" } },      \
        .reset = { { "lose", "{\"count\": 0}" } }, .describe = describe

const struct world_vendor world_jimv_2017 = { .name = "jimv-2017", COMMON, .variants = { "2017" } };

const struct world_vendor world_jimv_08 = {
        .name = "jimv-0.8",
        COMMON,
        .variants = { "0.8" },
        .login = "admin",
        .secret = true,
        .option = "api",
        .value = "0.8",
        .resizes_while_off = true,
};
