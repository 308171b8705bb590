/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim.h"

static const struct sim_field fields[] = {
        SIM_ID("vm.id", NULL),
        { "name", "vm.name", NULL, FIELD_TEXT, offsetof(struct sim_machine, name) },
        { "description", "vm.desc", NULL, FIELD_TEXT, offsetof(struct sim_machine, description), .later = true },
        { "created", "vm.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "state", "vm.state", NULL, FIELD_NUMBER, offsetof(struct sim_machine, state) },
        { "cpu", "vm.vcpu.num", NULL, FIELD_NUMBER, offsetof(struct sim_machine, cpu) },
        { "memory", "vm.memory.mem", NULL, FIELD_NUMBER, offsetof(struct sim_machine, memory), .style = STYLE_TEXT },
        { NULL, "vm.tenant.type", "vm.tenant.type ", FIELD_STANDARD },
        { "model", "vm.tenant.model", NULL, FIELD_TEXT, offsetof(struct sim_machine, model) },
        { "address", "vm.ip", NULL, SIM_CHARS(struct sim_machine, address), .style = STYLE_NULLABLE },
        { "canReboot", "vm.reboot.enable", NULL, FIELD_TRUTH, offsetof(struct sim_machine, can_reboot), .later = true },
        { "canShutDown", "vm.shutdown.enable", NULL, FIELD_TRUTH, offsetof(struct sim_machine, can_shut_down) },
        { "template", NULL, NULL, FIELD_TEXT, offsetof(struct sim_machine, template) },
        { "network", NULL, NULL, FIELD_TEXT, offsetof(struct sim_machine, network) },
        { "tenant", NULL, NULL, FIELD_TEXT, offsetof(struct sim_machine, tenant), .later = true },
        {},
};

static void settle(struct simulation *s, struct sim_item *i, enum sim_work work)
{
        struct sim_machine *m = (struct sim_machine *)i;

        (void)s;
        if (work == WORK_INSTALL || work == WORK_START)
                sim_machine_set_state(m, SIM_RUNNING);
        else if (work == WORK_STOP)
                sim_machine_set_state(m, SIM_STOPPED);
        else if (work == WORK_CPU)
                m->cpu = i->wanted;
        else if (work == WORK_MEMORY)
                m->memory = i->wanted;
        sim_item_changed(i);
}

const struct sim_kind sim_machine_kind = {
        .noun = "machine",
        .list = "machines",
        .next = "nextSerial",
        .prefix = "vm-",
        .size = sizeof(struct sim_machine),
        .parent = SIM_NONE,
        .fields = fields,
        .settle = settle,
};

static struct sim_machine *machine_new(const struct sim_form *form)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_MACHINES);
        struct sim_machine *m = (struct sim_machine *)i;

        if (!m || sim_text_set(&m->name, form->name) < 0 || sim_text_set(&m->template, form->template) < 0 ||
            sim_text_set(&m->model, form->model) < 0 || sim_text_set(&m->network, form->network) < 0)
                return NULL;
        m->state = SIM_STOPPED;
        m->cpu = form->cpu;
        m->memory = form->memory;
        m->can_reboot = m->can_shut_down = true;
        return (struct sim_machine *)STEAL(i);
}

struct sim_machine *sim_machine_add(struct simulation *s, usec_t now, const struct sim_form *form)
{
        struct sim_machine *m = machine_new(form);

        if (!m)
                return NULL;
        if (sim_item_put(s, now, &m->item, NULL) < 0) {
                sim_item_free(&m->item);
                return NULL;
        }
        if (sim_machine_equip(s, now, m, SIM_DISKS) < 0 || sim_machine_equip(s, now, m, SIM_CARDS) < 0) {
                sim_item_remove(s, &m->item);
                return NULL;
        }
        return m;
}

static int add_system_disk(struct simulation *s, usec_t now, struct sim_machine *m)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_DISKS);
        struct sim_disk *d = (struct sim_disk *)i;

        if (!d || sim_text_set(&d->name, "system") < 0 || sim_text_set(&d->device, "vda") < 0)
                return -ENOMEM;
        d->size = SIM_SYSTEM_SIZE;
        if (sim_item_put(s, now, i, &m->item) < 0)
                return -ENOMEM;
        i = NULL;
        return 0;
}

int sim_machine_equip(struct simulation *s, usec_t now, struct sim_machine *m, enum sim_kind_name kind)
{
        struct sim_card *card;
        int r;

        if (kind == SIM_DISKS)
                return add_system_disk(s, now, m);
        r = sim_card_add(s, now, m, m->network, &card);
        if (r == 0)
                memcpy(card->address, m->address, sizeof(card->address));
        return r;
}

struct sim_machine *sim_machine_find(const struct simulation *s, const char *id)
{
        return (struct sim_machine *)sim_item_find(s, SIM_MACHINES, id);
}

int sim_machine_rename(struct sim_machine *m, const char *name)
{
        sim_item_changed(&m->item);
        return sim_text_set(&m->name, name);
}

void sim_machine_move(struct sim_machine *m, const char *address)
{
        struct sim_card *card = (struct sim_card *)sim_item_child(&m->item, SIM_CARDS, NULL);

        (void)snprintf(m->address, sizeof(m->address), "%s", address);
        sim_item_changed(&m->item);
        if (!card)
                return;
        memcpy(card->address, m->address, sizeof(card->address));
        sim_item_changed(&card->item);
}

void sim_machine_set_state(struct sim_machine *m, int64_t state)
{
        unsigned n = (unsigned)(m->item.record.serial & 0xFFFFFF);
        struct sim_card *card;

        m->state = state;
        sim_item_changed(&m->item);
        if (state != SIM_RUNNING || *m->address)
                return;
        (void)snprintf(m->address, sizeof(m->address), "10.%u.%u.%u", n >> 16, n >> 8 & 0xFF, n & 0xFF);
        card = (struct sim_card *)sim_item_child(&m->item, SIM_CARDS, NULL);
        if (card && !*card->address) {
                memcpy(card->address, m->address, sizeof(card->address));
                sim_item_changed(&card->item);
        }
}
