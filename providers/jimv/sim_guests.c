/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim.h"
#include "reconcile/base/text.h"

#define FIRST_VNC_PORT 15900
#define CPU_MAX 255 /* what the columns hold; more is kept as that much, less than none as none */
#define MEMORY_MAX 4294967295
#define NAME_LENGTH 8
#define PASSWORD_LENGTH 16

static const int64_t status_numbers[][2] = {
        [NO_STATE] = { 0, 0 }, [CREATING] = { 0, 11 }, [BOOTING] = { 1, 1 }, [RUNNING] = { 1, 2 },
        [PAUSED] = { 3, 4 },   [SHUT_OFF] = { 5, 6 },  [CRASHED] = { 6, 7 }, [DIRTY] = { 255, 255 },
};

int64_t jimv_sim_status(const struct simulation *s, enum status status)
{
        return status_numbers[status][s->era];
}

bool jimv_sim_guest_is(const struct simulation *s, const struct guest *g, enum status status)
{
        return g->status == jimv_sim_status(s, status);
}

static void guest_done(struct record *r)
{
        struct guest *g = (struct guest *)r;

        if (!g)
                return;
        free(r->row);
        free(g->name);
        free(g->remark);
        free(g->password);
        free(g);
}

static void guest_done_p(struct guest **g)
{
        guest_done((struct record *)*g);
}

void jimv_sim_guests_done(struct simulation *s)
{
        strmap_done(&s->by_name);
        records_done(&s->guests, guest_done);
}

static int64_t clamp(int64_t value, int64_t max)
{
        return value < 0 ? 0 : value > max ? max : value;
}

void jimv_sim_guest_set_size(struct guest *g, int64_t cpu, int64_t memory)
{
        g->given_cpu = cpu;
        g->given_memory = memory;
        g->cpu = clamp(cpu, CPU_MAX);
        g->memory = clamp(memory, MEMORY_MAX);
        jimv_sim_changed(&g->record);
}

/* The name that was asked for; a random one where none was, or where that is taken. */
static char *choose_name(struct simulation *s, const char *name)
{
        char code[NAME_LENGTH + 1];

        if (name && *name && !strmap_get(&s->by_name, name))
                return jimv_sim_cut(name, NAME_MAX_CHARACTERS);
        do
                jimv_sim_code(s, NAME_LENGTH, code);
        while (strmap_get(&s->by_name, code));
        return strdup(code);
}

static char *choose_password(struct simulation *s, const char *password)
{
        char code[PASSWORD_LENGTH + 1];

        if (password && *password)
                return strdup(password);
        jimv_sim_code(s, PASSWORD_LENGTH, code);
        return strdup(code);
}

static struct guest *guest_new(struct simulation *s, usec_t now, const struct guest_form *form)
{
        _cleanup_(guest_done_p) struct guest *g = calloc(1, sizeof(*g));

        if (!g)
                return NULL;
        g->name = choose_name(s, form->name);
        g->remark = jimv_sim_cut(form->remark ? form->remark : "", REMARK_MAX_CHARACTERS);
        g->password = choose_password(s, form->password);
        if (!g->name || !g->remark || !g->password)
                return NULL;

        jimv_sim_uuid(s, form->uuid, g->record.id);
        jimv_sim_code(s, PASSWORD_LENGTH, g->vnc_password);
        jimv_sim_guest_set_size(g, form->cpu, form->memory);
        g->status = jimv_sim_status(s, NO_STATE);
        g->template = form->template;
        g->bandwidth = form->bandwidth;
        g->node_id = form->node_id;
        g->created = jimv_sim_calendar(now);
        return STEAL(g);
}

static int guest_put(struct simulation *s, struct guest *g)
{
        int r;

        r = strmap_put(&s->by_name, g->name, g);
        if (r < 0)
                return r;
        r = records_add(&s->guests, &g->record);
        if (r < 0) {
                strmap_remove(&s->by_name, g->name);
                return r;
        }
        s->free_addresses--;
        return s->era == ERA_0_8 ? jimv_sim_disk_add_system(s, g) : 0;
}

int jimv_sim_guest_add(struct simulation *s, usec_t now, const struct guest_form *form, struct guest **ret)
{
        _cleanup_(guest_done_p) struct guest *g = NULL;
        unsigned n;
        int r;

        if (s->free_addresses <= 0)
                return -ENOSPC;
        g = guest_new(s, now, form);
        if (!g)
                return -ENOMEM;
        r = guest_put(s, g);
        if (r < 0) {
                if (g->record.serial > 0)
                        jimv_sim_guest_remove(s, STEAL(g));
                return r;
        }

        n = (unsigned)(g->record.serial & 0xFFFFFF);
        (void)snprintf(g->ip, sizeof(g->ip), "10.%u.%u.%u", n >> 16, n >> 8 & 0xFF, n & 0xFF);
        g->vnc_port = FIRST_VNC_PORT + g->record.serial;
        *ret = STEAL(g);
        return 0;
}

struct guest *jimv_sim_guest_find(const struct simulation *s, const char *uuid)
{
        return (struct guest *)records_find(&s->guests, uuid);
}

/* Era 0.8 frees the data disks; era 2017 leaves them tied to the guest that is no more. */
void jimv_sim_guest_remove(struct simulation *s, struct guest *g)
{
        struct disk *system = jimv_sim_disk_find(s, g->record.id);

        if (system)
                jimv_sim_disk_remove(s, system);
        for (size_t i = 0; s->era == ERA_0_8 && g->n_disks > 0 && i < s->disks.n_records; i++) {
                struct disk *d = (struct disk *)s->disks.records[i];

                if (text_equal(d->guest_uuid, g->record.id))
                        jimv_sim_disk_untie(s, d);
        }
        strmap_remove(&s->by_name, g->name);
        records_remove(&s->guests, &g->record);
        s->free_addresses++;
        guest_done(&g->record);
}

void jimv_sim_guest_made(struct simulation *s, struct guest *g, int64_t status)
{
        struct disk *system = jimv_sim_disk_find(s, g->record.id);

        g->made = true;
        g->progress = 100;
        g->status = status;
        jimv_sim_changed(&g->record);
        if (system)
                jimv_sim_disk_tie(system, g, 0, DISK_MOUNTED);
}

int jimv_sim_guest_rename(struct simulation *s, struct guest *g, const char *name)
{
        _cleanup_free_ char *own = jimv_sim_cut(name, NAME_MAX_CHARACTERS);
        int r;

        if (!own)
                return -ENOMEM;
        if (text_equal(own, g->name))
                return 0;
        r = strmap_put(&s->by_name, own, g);
        if (r < 0)
                return r;

        strmap_remove(&s->by_name, g->name);
        free(g->name);
        g->name = STEAL(own);
        jimv_sim_changed(&g->record);
        return 0;
}

int jimv_sim_guest_set_remark(struct guest *g, const char *remark)
{
        char *own = jimv_sim_cut(remark, REMARK_MAX_CHARACTERS);

        if (!own)
                return -ENOMEM;
        free(g->remark);
        g->remark = own;
        jimv_sim_changed(&g->record);
        return 0;
}
