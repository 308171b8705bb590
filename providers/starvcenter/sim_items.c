/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "providers/starvcenter/sim.h"

#define FIRST_SECOND 1767225600 /* the simulation's calendar begins on 2026-01-01, whatever the day is */

const struct sim_kind *sim_kind(enum sim_kind_name name)
{
        static const struct sim_kind *const kinds[SIM_KINDS] = {
                [SIM_TENANTS] = &sim_tenant_kind,     [SIM_NETWORKS] = &sim_network_kind,
                [SIM_ROUTERS] = &sim_router_kind,     [SIM_MAPPINGS] = &sim_mapping_kind,
                [SIM_ACLS] = &sim_access_kind,        [SIM_BACKUPS] = &sim_backup_kind,
                [SIM_SNAPSHOTS] = &sim_snapshot_kind, [SIM_MACHINES] = &sim_machine_kind,
                [SIM_DISKS] = &sim_disk_kind,         [SIM_CARDS] = &sim_card_kind,
                [SIM_GROUPS] = &sim_group_kind,       [SIM_RULES] = &sim_rule_kind,
                [SIM_BINDINGS] = &sim_binding_kind,   [SIM_BALANCERS] = &sim_balancer_kind,
                [SIM_BACKENDS] = &sim_backend_kind,
        };

        return kinds[name];
}

struct sim_item *sim_item_new(enum sim_kind_name kind)
{
        struct sim_item *i = calloc(1, sim_kind(kind)->size);

        if (!i)
                return NULL;
        i->kind = kind;
        if (sim_kind(kind)->begin)
                sim_kind(kind)->begin(i);
        return i;
}

struct sim_item *sim_item_free(struct sim_item *i)
{
        if (!i)
                return NULL;

        SIM_FOREACH_FIELD(f, i->kind)
        if (f->type == FIELD_TEXT)
                free(*(char **)((char *)i + f->offset));
        free(i->record.row);
        free(i);
        return NULL;
}

static void print_time(usec_t now, char text[static SIM_TIME_MAX])
{
        time_t second = FIRST_SECOND + (time_t)(now / USEC_PER_SEC);
        struct tm tm = {};

        gmtime_r(&second, &tm);
        strftime(text, SIM_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm);
}

static void hang(struct sim_item *i, struct sim_item *parent)
{
        i->parent = parent;
        if (!parent)
                return;

        i->previous = parent->last_child;
        *(i->previous ? &i->previous->next : &parent->first_child) = i;
        parent->last_child = i;
}

static void unhang(struct sim_item *i)
{
        if (!i->parent)
                return;

        *(i->previous ? &i->previous->next : &i->parent->first_child) = i->next;
        *(i->next ? &i->next->previous : &i->parent->last_child) = i->previous;
        i->parent = i->previous = i->next = NULL;
}

int sim_item_put(struct simulation *s, usec_t now, struct sim_item *i, struct sim_item *parent)
{
        struct records *things = &s->things[i->kind];
        int r;

        while (!*i->record.id) {
                (void)snprintf(i->record.id, sizeof(i->record.id), "%s%" PRId64, sim_kind(i->kind)->prefix,
                               things->next_serial);
                if (records_find(things, i->record.id)) { /* somebody chose the id already */
                        *i->record.id = '\0';
                        things->next_serial++;
                }
        }
        r = records_add(things, &i->record);
        if (r < 0)
                return r;
        if (!*i->created)
                print_time(now, i->created);
        hang(i, parent);
        return 0;
}

struct sim_item *sim_item_find(const struct simulation *s, enum sim_kind_name kind, const char *id)
{
        return (struct sim_item *)records_find(&s->things[kind], id);
}

struct sim_item *sim_item_at(const struct simulation *s, enum sim_kind_name kind, size_t i)
{
        return (struct sim_item *)s->things[kind].records[i];
}

struct sim_item *sim_item_child(const struct sim_item *parent, enum sim_kind_name kind, const struct sim_item *after)
{
        struct sim_item *child = after ? after->next : parent->first_child;

        while (child && child->kind != kind)
                child = child->next;
        return child;
}

bool sim_item_is_listed(const struct sim_item *i)
{
        return i->work != WORK_ADD;
}

void sim_item_remove(struct simulation *s, struct sim_item *i)
{
        while (i->last_child)
                sim_item_remove(s, i->last_child);
        if (i->kind == SIM_GROUPS)
                sim_unbind_all(s, i->record.id);
        sim_work_drop(s, i);
        unhang(i);
        records_remove(&s->things[i->kind], &i->record);
        sim_item_free(i);
}

void sim_item_changed(struct sim_item *i)
{
        free(i->record.row);
        i->record.row = NULL;
        for (struct sim_item *child = i->first_child; child; child = child->next) {
                free(child->record.row);
                child->record.row = NULL;
        }
}

static void record_done(struct record *r)
{
        sim_item_free((struct sim_item *)r);
}

void sim_items_done(struct simulation *s)
{
        for (size_t k = 0; k < SIM_KINDS; k++)
                records_done(&s->things[k], record_done);
        s->first_work = s->last_work = NULL;
}

/* The delay is the same for all, so that new work nearly always belongs to the end. */
void sim_work_put(struct simulation *s, struct sim_item *i, enum sim_work work, usec_t due, int64_t wanted)
{
        struct sim_item *before = s->last_work;

        while (before && before->due > due)
                before = before->previous_work;
        i->work = work;
        i->due = due;
        i->wanted = wanted;
        i->previous_work = before;
        i->next_work = before ? before->next_work : s->first_work;
        *(before ? &before->next_work : &s->first_work) = i;
        *(i->next_work ? &i->next_work->previous_work : &s->last_work) = i;
}

void sim_work_begin(struct simulation *s, struct sim_item *i, enum sim_work work, usec_t now, int64_t wanted)
{
        sim_work_put(s, i, work, usec_add(now, s->ready_delay), wanted);
}

void sim_work_drop(struct simulation *s, struct sim_item *i)
{
        if (i->work == WORK_NONE)
                return;

        *(i->previous_work ? &i->previous_work->next_work : &s->first_work) = i->next_work;
        *(i->next_work ? &i->next_work->previous_work : &s->last_work) = i->previous_work;
        i->previous_work = i->next_work = NULL;
        i->work = WORK_NONE;
}

static void settle_one(struct simulation *s, struct sim_item *i)
{
        enum sim_work work = i->work;

        sim_work_drop(s, i);
        if (work == WORK_DELETE)
                sim_item_remove(s, i);
        else if (work != WORK_ADD)
                sim_kind(i->kind)->settle(s, i, work);
}

void sim_settle(struct simulation *s, usec_t now)
{
        while (s->first_work && s->first_work->due <= now)
                settle_one(s, s->first_work);
}
