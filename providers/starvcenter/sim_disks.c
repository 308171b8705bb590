/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about the disks of machines. Where the document is silent: a locked machine takes no change of
 * its disks; a disk at which work goes on refuses every change as locked, and one that is being added is not listed before it is there,
 * though its id is given at once; the one from the machine's creation cannot be deleted; only a larger size extends. Work at a disk locks nothing else.
 */

#define GIGABYTES_MAX 100000
#define DISKS_MAX 16 /* of a machine; its devices are vda to vdp */

static const struct sim_field fields[] = {
        SIM_ID("vdisk.id", NULL),
        { "name", "vdisk.name", NULL, FIELD_TEXT, offsetof(struct sim_disk, name) },
        { "device", "vdisk.devname", NULL, FIELD_TEXT, offsetof(struct sim_disk, device) },
        { "description", "vdisk.desc", NULL, FIELD_TEXT, offsetof(struct sim_disk, description),
          .style = STYLE_NULLABLE },
        { "created", "vdisk.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "machine", "vdisk.vmid", NULL, FIELD_PARENT },
        { "size", "vdisk.size", NULL, FIELD_NUMBER, offsetof(struct sim_disk, size) },
        {},
};

static void settle(struct simulation *s, struct sim_item *i, enum sim_work work)
{
        (void)s;
        if (work == WORK_EXTEND)
                ((struct sim_disk *)i)->size = i->wanted;
        sim_item_changed(i);
}

const struct sim_kind sim_disk_kind = {
        .noun = "disk",
        .list = "disks",
        .next = "nextDisk",
        .prefix = "disk-",
        .size = sizeof(struct sim_disk),
        .parent = SIM_MACHINES,
        .fields = fields,
        .settle = settle,
};

int sim_serve_disks(struct plain_call *c)
{
        static const struct sim_listing listing = { SIM_DISKS, .bare = true };
        int r = 0;
        struct sim_item *machine = sim_named(c, SIM_MACHINES, sim_text(c, "vdisk.vmid"), &r);

        return machine ? sim_serve_children(c, &listing, machine) : r;
}

/* The first device that no disk of the machine has; 0: there is none left. */
static char free_device(const struct sim_item *machine)
{
        unsigned used = 0;

        for (const struct sim_item *i = NULL; (i = sim_item_child(machine, SIM_DISKS, i));) {
                const char *device = ((const struct sim_disk *)i)->device;

                if (device && device[0] == 'v' && device[1] == 'd' && device[2] >= 'a' && device[2] < 'a' + DISKS_MAX)
                        used |= 1U << (device[2] - 'a');
        }
        for (int k = 0; k < DISKS_MAX; k++)
                if (!(used & 1U << k))
                        return (char)('a' + k);
        return 0;
}

static int add(struct plain_call *c, struct sim_item *machine, char letter, int64_t size)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_DISKS);
        struct sim_disk *d = (struct sim_disk *)i;
        const char device[] = { 'v', 'd', letter, '\0' };

        if (!d || sim_text_set(&d->name, device) < 0 || sim_text_set(&d->device, device) < 0 ||
            sim_text_set(&d->description, sim_text(c, "vdisk.desc")) < 0)
                return -ENOMEM;
        d->size = size;
        if (sim_item_put(c->s, c->now, i, machine) < 0)
                return -ENOMEM;
        i = NULL;
        sim_work_begin(c->s, &d->item, WORK_ADD, c->now, 0);
        return sim_say(c, json_pack("{s:o, s:{s:s, s:s}, s:o}", "result", sim_code(c->s, 0), "data", "vdisk.id",
                                    d->item.record.id, "vdisk.devname", d->device, "startid", sim_task(c->s)));
}

static bool has_room(struct plain_call *c, const struct sim_item *machine, int64_t gigabytes, int *ret)
{
        const struct sim_quota more = { .storage = gigabytes };

        return sim_has_room(c, ((const struct sim_machine *)machine)->tenant, &more, ret);
}

int sim_serve_disk_add(struct plain_call *c)
{
        int r = 0;
        struct sim_item *machine = sim_changeable(c, SIM_MACHINES, sim_text(c, "vdisk.vmid"), &r);
        int64_t size;
        char letter;

        if (!machine)
                return r;
        if (!sim_number(c, "vdisk.size", 1, GIGABYTES_MAX, &size))
                return sim_say_no(c, "vdisk.size is missing or not from 1 to %d", GIGABYTES_MAX);
        letter = free_device(machine);
        if (!letter)
                return sim_say_no(c, "the machine has %d disks already", DISKS_MAX);
        return has_room(c, machine, size, &r) ? add(c, machine, letter, size) : r;
}

int sim_serve_disk_extend(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_changeable(c, SIM_DISKS, sim_text(c, "vdisk.id"), &r);
        int64_t size;

        if (!i || !sim_changeable(c, SIM_MACHINES, i->parent->record.id, &r))
                return r;
        if (!sim_number(c, "vdisk.size", 1, GIGABYTES_MAX, &size))
                return sim_say_no(c, "vdisk.size is missing or not from 1 to %d", GIGABYTES_MAX);
        if (size <= ((struct sim_disk *)i)->size)
                return sim_say_no(c, "vdisk.size is not larger than the disk");
        if (!has_room(c, i->parent, size - ((struct sim_disk *)i)->size, &r))
                return r;
        return sim_begin(c, i, WORK_EXTEND, size);
}

int sim_serve_disk_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_changeable(c, SIM_DISKS, c->captures[0], &r);

        if (!i || !sim_changeable(c, SIM_MACHINES, i->parent->record.id, &r))
                return r;
        if (text_equal(((struct sim_disk *)i)->device, "vda"))
                return sim_say_no(c, "the system disk cannot be deleted");
        return sim_begin(c, i, WORK_DELETE, 0);
}
