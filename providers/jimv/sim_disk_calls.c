/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about disks. Era 0.8 lists the guests' system disks among them. A disk is tied to its guest when it is
 * attached; in era 2017 it stays so when the guest is deleted first, and can neither be detached nor deleted any
 * more.
 */

#define SIZE_DIGITS_MAX 17
#define DISKS_MAX 1000000

static const struct column columns_2017[] = {
        { "id", offsetof(struct disk, record.serial), COLUMN_NUMBER, true, false },
        { "uuid", offsetof(struct disk, record.id), COLUMN_CHARACTERS, true, true },
        { "label", offsetof(struct disk, label), COLUMN_STRING, true, true },
        { "size", offsetof(struct disk, size), COLUMN_NUMBER, true, false },
        { "state", offsetof(struct disk, state), COLUMN_NUMBER, true, false },
        { "sequence", offsetof(struct disk, sequence), COLUMN_NUMBER, true, false },
        { "guest_uuid", offsetof(struct disk, guest_uuid), COLUMN_CHARACTERS, true, true },
        {},
};

static const struct column columns_0_8[] = {
        { "id", offsetof(struct disk, record.serial), COLUMN_NUMBER, true, false },
        { "uuid", offsetof(struct disk, record.id), COLUMN_CHARACTERS, true, true },
        { "remark", offsetof(struct disk, label), COLUMN_STRING, true, true },
        { "size", offsetof(struct disk, size), COLUMN_NUMBER, true, false },
        { "state", offsetof(struct disk, state), COLUMN_NUMBER, true, false },
        { "sequence", offsetof(struct disk, sequence), COLUMN_NUMBER, true, false },
        { "node_id", offsetof(struct disk, node_id), COLUMN_NUMBER, true, false },
        { "guest_uuid", offsetof(struct disk, guest_uuid), COLUMN_CHARACTERS, true, true },
        { "create_time", offsetof(struct disk, created), COLUMN_NUMBER, false, false },
        {},
};

static int print_disk(struct plain_call *c, struct record *r)
{
        const char *row = jimv_sim_disk_row(c->s, (struct disk *)r);

        return row ? buf_adds(&c->out, row) : -ENOMEM;
}

static struct listing disks(const struct plain_call *c)
{
        return (struct listing){
                .table = &c->s->disks,
                .columns = c->s->era == ERA_2017 ? columns_2017 : columns_0_8,
                .path = "api/disks",
                .print = print_disk,
        };
}

int jimv_sim_serve_disks(struct plain_call *c)
{
        struct listing l = disks(c);

        return jimv_sim_serve_listing(c, &l);
}

int jimv_sim_serve_disk_search(struct plain_call *c)
{
        struct listing l = disks(c);

        return jimv_sim_serve_search(c, &l);
}

/* Era 0.8 falls over a disk that is not there, since there is none to adorn. */
int jimv_sim_serve_disk(struct plain_call *c)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (!jimv_sim_select_some(c, &c->s->disks, c->captures[0], &x, &r))
                return r < 0 || !c->s->quirks ? r : jimv_sim_page(c, 500);
        if (x.n_named == 1 && x.missing)
                return c->s->quirks ? jimv_sim_page(c, 500) : jimv_sim_no_record(c, x.missing);
        if (x.n_named == 1)
                return jimv_sim_say_record(c, x.records[0], print_disk);
        if (jimv_sim_ok_begin(c) < 0 || jimv_sim_add_records(c, x.records, x.n_records, print_disk) < 0)
                return -ENOMEM;
        return buf_addf(&c->out, ", \"total\": %zu}", x.n_records);
}

static int send(struct plain_call *c, const struct disk *d, const struct guest *g, enum work work, int64_t first)
{
        struct message m = { .work = work, .first = first };

        memcpy(m.disk, d->record.id, UUID_SIZE);
        if (g)
                memcpy(m.guest, g->record.id, UUID_SIZE);
        return jimv_sim_send(c->s, c->now, &m);
}

static int create(struct plain_call *c, const char *label, int64_t node_id)
{
        struct disk_form form = { .label = label, .size = jimv_sim_body_number(c, "size"), .node_id = node_id };
        int64_t quantity = c->s->era == ERA_0_8 ? jimv_sim_body_number(c, "quantity") : 1;

        if (quantity < 0 || quantity > DISKS_MAX - (int64_t)c->s->disks.n_records)
                return jimv_sim_page(c, 500); /* where the vendor would not come to an end */
        while (quantity-- > 0) {
                struct disk *d;
                int r;

                r = jimv_sim_disk_add(c->s, c->now, &form, &d);
                if (r == 0)
                        r = send(c, d, NULL, WORK_DISK_CREATE, 0);
                if (r < 0)
                        return r;
        }
        return jimv_sim_ok(c);
}

/* Nobody asks whether there is such a host; where there is none, the disk stays pending. */
int jimv_sim_serve_disk_create(struct plain_call *c)
{
        static const struct rule rules[] = {
                { "size", CHECK_INTEGER, false },
                { "remark", CHECK_TEXT, false },
                { "quantity", CHECK_POSITIVE, false },
                { "node_id", CHECK_NODE, false },
        };
        int64_t node_id = 0;
        int r = 0;

        if (!jimv_sim_check_body(c, rules, c->s->era == ERA_0_8 ? ARRAY_SIZE(rules) : 1, &r))
                return r;
        if (jimv_sim_body_number(c, "size") < 1)
                return jimv_sim_no(c, 41255, NULL);
        if (c->s->era == ERA_2017)
                return create(c, NULL, 0);
        if (text_to_int64(plain_call_text(c, "node_id"), &node_id) < 0)
                return jimv_sim_page(c, 500);
        return create(c, plain_call_text(c, "remark"), node_id);
}

static int set_label(struct record *r, const char *label)
{
        return jimv_sim_disk_set_label((struct disk *)r, label);
}

int jimv_sim_serve_disk_update(struct plain_call *c)
{
        const struct update u = { &c->s->disks, c->s->era == ERA_2017 ? "label" : "remark", set_label, print_disk };

        return jimv_sim_serve_update(c, &u);
}

/* A disk may shrink in era 2017, and loses its data then. */
int jimv_sim_serve_disk_resize(struct plain_call *c)
{
        const char *text = c->captures[1];
        size_t n = strlen(text);
        struct record *found;
        struct disk *d;
        int64_t size = 0;
        int r = 0;

        if (strlen(c->captures[0]) != UUID_SIZE - 1)
                return jimv_sim_no(c, 41203, "uuid");
        if (n > SIZE_DIGITS_MAX || strspn(text, "0123456789") != n || text_to_int64(text, &size) < 0)
                return jimv_sim_no(c, 41209, "size");
        found = jimv_sim_select_one(c, &c->s->disks, c->captures[0], &r);
        if (!found)
                return r;
        d = (struct disk *)found;
        if (c->s->era == ERA_2017 && size < 1)
                return jimv_sim_no(c, 41255, NULL);
        if (c->s->era == ERA_0_8 && size <= d->size)
                return jimv_sim_no(c, 41257, NULL);
        r = send(c, d, NULL, WORK_DISK_RESIZE, size);
        return r < 0 ? r : jimv_sim_ok(c);
}

static bool is_deletable(const struct plain_call *c, const struct disk *d)
{
        if (c->s->era == ERA_2017)
                return !*d->guest_uuid;
        return d->state == DISK_IDLE || d->state == DISK_DIRTY;
}

int jimv_sim_serve_disk_delete(struct plain_call *c)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (c->s->era == ERA_2017 && strlen(c->captures[0]) != UUID_SIZE - 1)
                return jimv_sim_no(c, 41203, "uuid");
        if (!jimv_sim_select_all(c, &c->s->disks, c->captures[0], &x, &r))
                return r;
        for (size_t i = 0; i < x.n_records; i++)
                if (!is_deletable(c, (struct disk *)x.records[i]))
                        return jimv_sim_no(c, 41256, NULL);
        for (size_t i = 0; i < x.n_records; i++) {
                r = send(c, (struct disk *)x.records[i], NULL, WORK_DISK_DELETE, 0);
                if (r < 0)
                        return r;
        }
        return jimv_sim_ok(c);
}

static bool is_usable(const struct plain_call *c, const struct guest *g)
{
        return !jimv_sim_guest_is(c->s, g, NO_STATE) && !jimv_sim_guest_is(c->s, g, DIRTY);
}

/* Era 0.8 ties the disk at once, era 2017 once its host has done it. */
int jimv_sim_serve_attach(struct plain_call *c)
{
        int64_t sequence;
        struct record *found;
        struct guest *g;
        struct disk *d;
        int r = 0;

        found = jimv_sim_select_one(c, &c->s->guests, c->captures[0], &r);
        if (!found)
                return r;
        g = (struct guest *)found;
        found = jimv_sim_select_one(c, &c->s->disks, c->captures[1], &r);
        if (!found)
                return r;
        d = (struct disk *)found;
        sequence = jimv_sim_disk_next_sequence(c->s, g);
        if (*d->guest_uuid || d->state != DISK_IDLE)
                return jimv_sim_no(c, 41258, NULL);
        if (!is_usable(c, g))
                return jimv_sim_no(c, 41259, NULL);
        if (c->s->era == ERA_0_8 && d->node_id != g->node_id)
                return jimv_sim_no(c, 41260, NULL);
        if (sequence < 0)
                return jimv_sim_page(c, 500);

        if (c->s->era == ERA_0_8)
                jimv_sim_disk_tie(d, g, sequence, DISK_MOUNTING);
        r = send(c, d, g, WORK_DISK_ATTACH, sequence);
        return r < 0 ? r : jimv_sim_ok(c);
}

/* What is not attached is detached already, and a system disk stays: both are answered with yes. */
int jimv_sim_serve_detach(struct plain_call *c)
{
        struct record *found;
        struct guest *g;
        struct disk *d;
        int r = 0;

        found = jimv_sim_select_one(c, &c->s->disks, c->captures[0], &r);
        if (!found)
                return r;
        d = (struct disk *)found;
        if (d->state != DISK_MOUNTED || d->sequence == 0)
                return jimv_sim_ok(c);
        g = jimv_sim_guest_find(c->s, d->guest_uuid);
        if (!g)
                return jimv_sim_no_record(c, d->guest_uuid);
        if (!is_usable(c, g))
                return jimv_sim_no(c, 41259, NULL);

        if (c->s->era == ERA_0_8)
                jimv_sim_disk_set(d, d->size, DISK_UNLOADING);
        r = send(c, d, g, WORK_DISK_DETACH, 0);
        return r < 0 ? r : jimv_sim_ok(c);
}
