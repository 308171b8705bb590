/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"

#define LABEL_LENGTH 8
#define LABEL_MAX_CHARACTERS 255
#define SYSTEM_SIZE 20 /* GiB, once it is made */
#define SEQUENCES 26   /* vda to vdz */

static void disk_done(struct record *r)
{
        struct disk *d = (struct disk *)r;

        if (!d)
                return;
        free(r->row);
        free(d->label);
        free(d);
}

static void disk_done_p(struct disk **d)
{
        disk_done((struct record *)*d);
}

void jimv_sim_disks_done(struct simulation *s)
{
        records_done(&s->disks, disk_done);
}

static int disk_put(struct simulation *s, struct disk *d, const char *label, struct disk **ret)
{
        _cleanup_(disk_done_p) struct disk *own = d;
        int r;

        if (!own)
                return -ENOMEM;
        own->label = jimv_sim_cut(label, LABEL_MAX_CHARACTERS);
        if (!own->label)
                return -ENOMEM;
        r = records_add(&s->disks, &own->record);
        if (r < 0)
                return r;
        *ret = STEAL(own);
        return 0;
}

int jimv_sim_disk_add(struct simulation *s, usec_t now, const struct disk_form *form, struct disk **ret)
{
        struct disk *d = calloc(1, sizeof(*d));
        char code[LABEL_LENGTH + 1];

        if (!d)
                return -ENOMEM;
        jimv_sim_uuid(s, form->uuid, d->record.id);
        d->size = form->size;
        d->sequence = -1;
        d->node_id = form->node_id;
        d->created = jimv_sim_calendar(now);
        if (!form->label)
                jimv_sim_code(s, LABEL_LENGTH, code);
        return disk_put(s, d, form->label ? form->label : code, ret);
}

/* It has its guest's uuid, and is tied to it once that is made. */
int jimv_sim_disk_add_system(struct simulation *s, const struct guest *g)
{
        struct disk *d = calloc(1, sizeof(*d));
        char label[NAME_MAX_CHARACTERS * 4 + sizeof("_SystemImage")];

        if (!d)
                return -ENOMEM;
        memcpy(d->record.id, g->record.id, UUID_SIZE);
        d->created = g->created;
        (void)snprintf(label, sizeof(label), "%s_SystemImage", g->name);
        return disk_put(s, d, label, &d);
}

struct disk *jimv_sim_disk_find(const struct simulation *s, const char *uuid)
{
        return (struct disk *)records_find(&s->disks, uuid);
}

void jimv_sim_disk_tie(struct disk *d, struct guest *g, int64_t sequence, enum disk_state state)
{
        if (!text_equal(d->guest_uuid, g->record.id) && sequence > 0)
                g->n_disks++;
        memcpy(d->guest_uuid, g->record.id, UUID_SIZE);
        d->sequence = sequence;
        d->state = state;
        if (sequence == 0) {
                d->size = SYSTEM_SIZE;
                d->node_id = g->node_id;
        }
        jimv_sim_changed(&d->record);
}

void jimv_sim_disk_untie(struct simulation *s, struct disk *d)
{
        struct guest *g = jimv_sim_guest_find(s, d->guest_uuid);

        if (g && d->sequence > 0)
                g->n_disks--;
        *d->guest_uuid = '\0';
        d->sequence = -1;
        d->state = DISK_IDLE;
        jimv_sim_changed(&d->record);
}

void jimv_sim_disk_remove(struct simulation *s, struct disk *d)
{
        if (*d->guest_uuid)
                jimv_sim_disk_untie(s, d);
        records_remove(&s->disks, &d->record);
        disk_done(&d->record);
}

void jimv_sim_disk_set(struct disk *d, int64_t size, enum disk_state state)
{
        d->size = size;
        d->state = state;
        jimv_sim_changed(&d->record);
}

int jimv_sim_disk_set_label(struct disk *d, const char *label)
{
        char *own = jimv_sim_cut(label, LABEL_MAX_CHARACTERS);

        if (!own)
                return -ENOMEM;
        free(d->label);
        d->label = own;
        jimv_sim_changed(&d->record);
        return 0;
}

int64_t jimv_sim_disk_next_sequence(const struct simulation *s, const struct guest *g)
{
        bool used[SEQUENCES] = { true };

        for (size_t i = 0; g->n_disks > 0 && i < s->disks.n_records; i++) {
                const struct disk *d = (const struct disk *)s->disks.records[i];

                if (text_equal(d->guest_uuid, g->record.id) && d->sequence > 0 && d->sequence < SEQUENCES)
                        used[d->sequence] = true;
        }
        for (int64_t sequence = 1; sequence < SEQUENCES; sequence++)
                if (!used[sequence])
                        return sequence;
        return -1;
}
