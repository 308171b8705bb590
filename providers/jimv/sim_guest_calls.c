/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about guests that are there. Whatever changes one is a message to its host; that a call was answered
 * with yes says no more than that the message went out.
 */

#define BATCH_MAX 100 /* guests that one GET of several shows */

static const struct column columns_2017[] = {
        { "id", offsetof(struct guest, record.serial), COLUMN_NUMBER, true, false },
        { "uuid", offsetof(struct guest, record.id), COLUMN_CHARACTERS, true, false },
        { "name", offsetof(struct guest, name), COLUMN_STRING, true, true },
        { "status", offsetof(struct guest, status), COLUMN_NUMBER, true, false },
        { "remark", offsetof(struct guest, remark), COLUMN_STRING, true, true },
        { "ip", offsetof(struct guest, ip), COLUMN_CHARACTERS, true, true },
        { "cpu", offsetof(struct guest, cpu), COLUMN_NUMBER, false, false },
        { "memory", offsetof(struct guest, memory), COLUMN_NUMBER, false, false },
        { "os_template_id", offsetof(struct guest, template), COLUMN_NUMBER, false, false },
        { "create_time", offsetof(struct guest, created), COLUMN_NUMBER, false, false },
        {},
};

static const struct column columns_0_8[] = {
        { "id", offsetof(struct guest, record.serial), COLUMN_NUMBER, true, false },
        { "uuid", offsetof(struct guest, record.id), COLUMN_CHARACTERS, true, false },
        { "label", offsetof(struct guest, name), COLUMN_STRING, true, true },
        { "status", offsetof(struct guest, status), COLUMN_NUMBER, true, false },
        { "remark", offsetof(struct guest, remark), COLUMN_STRING, true, true },
        { "node_id", offsetof(struct guest, node_id), COLUMN_NUMBER, true, false },
        { "ip", offsetof(struct guest, ip), COLUMN_CHARACTERS, true, true },
        { "bandwidth", offsetof(struct guest, bandwidth), COLUMN_NUMBER, true, false },
        { "cpu", offsetof(struct guest, cpu), COLUMN_NUMBER, false, false },
        { "memory", offsetof(struct guest, memory), COLUMN_NUMBER, false, false },
        { "progress", offsetof(struct guest, progress), COLUMN_NUMBER, false, false },
        { "create_time", offsetof(struct guest, created), COLUMN_NUMBER, false, false },
        {},
};

/* The guest's row with `adornment`, which ends with a comma, or is "". */
static int print_guest(struct plain_call *c, struct guest *g, int64_t status, const char *adornment)
{
        const char *row = jimv_sim_guest_row(c->s, g);

        if (!row)
                return -ENOMEM;
        buf_addf(&c->out, "{\"status\": %" PRId64 ", %s", status, adornment);
        return buf_adds(&c->out, row + 1);
}

/* How several are shown in era 0.8: where a host is silent, its guests have no state; where it is missing, the
 * vendor falls over. */
static int print_watched(struct plain_call *c, struct guest *g, bool listed)
{
        struct host *h = jimv_sim_host_find(c->s, g->node_id);
        bool missing = !h || h->state == HOST_MISSING;
        char adornment[256];

        if (missing && c->s->quirks)
                return jimv_sim_page(c, 500) < 0 ? -ENOMEM : 1;
        (void)snprintf(adornment, sizeof(adornment),
                       listed ? "\"ssh_keys\": [], \"snapshot\": {\"creatable\": true, \"mapping\": []}, "
                                "\"hostname\": \"%s\", \"html\": {\"logo\": \"\", \"os_template_label\": \"t%" PRId64
                                "\"}, "
                              : "\"ssh_keys\": [], ",
                       missing ? "" : h->name, g->template);
        return print_guest(c, g, !missing && jimv_sim_host_seems_alive(h, c->now) ? g->status : 0, adornment);
}

static int print_listed(struct plain_call *c, struct record *r)
{
        struct guest *g = (struct guest *)r;

        return c->s->era == ERA_2017 ? print_guest(c, g, g->status, "") : print_watched(c, g, true);
}

static struct listing guests(const struct plain_call *c)
{
        return (struct listing){
                .table = &c->s->guests,
                .columns = c->s->era == ERA_2017 ? columns_2017 : columns_0_8,
                .path = "api/guests",
                .print = print_listed,
        };
}

int jimv_sim_serve_guests(struct plain_call *c)
{
        struct listing l = guests(c);

        return jimv_sim_serve_listing(c, &l);
}

int jimv_sim_serve_guest_search(struct plain_call *c)
{
        struct listing l = guests(c);

        return jimv_sim_serve_search(c, &l);
}

static int print_single(struct plain_call *c, struct record *r)
{
        struct guest *g = (struct guest *)r;

        return print_guest(c, g, g->status, c->s->era == ERA_2017 ? "" : "\"ssh_keys\": [], ");
}

static int print_bare(struct plain_call *c, struct record *r)
{
        struct guest *g = (struct guest *)r;

        return print_guest(c, g, g->status, "");
}

static int print_one_of_several(struct plain_call *c, struct record *r)
{
        return print_watched(c, (struct guest *)r, false);
}

static int compare_uuids(const void *a, const void *b)
{
        return strcmp((*(struct record *const *)a)->id, (*(struct record *const *)b)->id);
}

/* Several at once, by uuid: those that are not there are left out, and those after the hundredth, but `total` counts
 * them. */
static int say_several(struct plain_call *c, struct selection *x)
{
        size_t n = x->n_records < BATCH_MAX ? x->n_records : BATCH_MAX;
        int r;

        qsort(x->records, x->n_records, sizeof(struct record *), compare_uuids);
        if (jimv_sim_ok_begin(c) < 0)
                return -ENOMEM;
        r = jimv_sim_add_records(c, x->records, n, print_one_of_several);
        return r != 0 ? (r < 0 ? r : 0) : buf_addf(&c->out, ", \"total\": %zu}", x->n_records);
}

int jimv_sim_serve_guest(struct plain_call *c)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (c->s->era == ERA_2017) {
                struct record *g = jimv_sim_select_one(c, &c->s->guests, c->captures[0], &r);

                return g ? jimv_sim_say_record(c, g, print_single) : r;
        }
        if (!jimv_sim_select_some(c, &c->s->guests, c->captures[0], &x, &r))
                return r;
        if (x.n_named > 1)
                return say_several(c, &x);
        return x.missing ? jimv_sim_no_record(c, x.missing) : jimv_sim_say_record(c, x.records[0], print_single);
}

static int set_remark(struct record *r, const char *remark)
{
        return jimv_sim_guest_set_remark((struct guest *)r, remark);
}

/* Of all that a body may say, only a remark is heard. */
int jimv_sim_serve_guest_update(struct plain_call *c)
{
        const struct update u = { &c->s->guests, "remark", set_remark, print_bare };

        return jimv_sim_serve_update(c, &u);
}

static int send(struct plain_call *c, const struct record *g, enum work work, int64_t first, int64_t second)
{
        struct message m = { .work = work, .first = first, .second = second };

        memcpy(m.guest, g->id, UUID_SIZE);
        return jimv_sim_send(c->s, c->now, &m);
}

static int send_to_selected(struct plain_call *c, const struct selection *x, enum work work, int64_t first,
                            int64_t second)
{
        for (size_t i = 0; i < x->n_records; i++) {
                int r = send(c, x->records[i], work, first, second);

                if (r < 0)
                        return r;
        }
        return jimv_sim_ok(c);
}

static int send_to_all(struct plain_call *c, enum work work)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (!jimv_sim_select_all(c, &c->s->guests, c->captures[0], &x, &r))
                return r;
        return send_to_selected(c, &x, work, 0, 0);
}

int jimv_sim_serve_reboot(struct plain_call *c)
{
        return send_to_all(c, WORK_REBOOT);
}

int jimv_sim_serve_shutdown(struct plain_call *c)
{
        return send_to_all(c, WORK_SHUTDOWN);
}

int jimv_sim_serve_force_shutdown(struct plain_call *c)
{
        return send_to_all(c, WORK_FORCE_SHUTDOWN);
}

int jimv_sim_serve_boot(struct plain_call *c)
{
        return send_to_all(c, WORK_BOOT);
}

int jimv_sim_serve_suspend(struct plain_call *c)
{
        return send_to_all(c, WORK_SUSPEND);
}

int jimv_sim_serve_resume(struct plain_call *c)
{
        return send_to_all(c, WORK_RESUME);
}

/* A guest that no host ever made, and that is known for that, needs no host to go in era 0.8. */
static bool goes_at_once(const struct plain_call *c, const struct guest *g)
{
        const struct disk *system = jimv_sim_disk_find(c->s, g->record.id);

        return c->s->era == ERA_0_8 && jimv_sim_guest_is(c->s, g, DIRTY) && system && system->state == DISK_PENDING;
}

int jimv_sim_serve_guest_delete(struct plain_call *c)
{
        struct selection x _cleanup_selection_ = {};
        int r = 0;

        if (!jimv_sim_select_all(c, &c->s->guests, c->captures[0], &x, &r))
                return r;
        r = send_to_selected(c, &x, WORK_DELETE, 0, 0);
        for (size_t i = 0; r == 0 && i < x.n_records; i++)
                if (goes_at_once(c, (struct guest *)x.records[i]))
                        jimv_sim_guest_remove(c->s, (struct guest *)x.records[i]);
        return r;
}

/* A number of a path as Python reads it; false: it falls over. */
static bool take_number(const char *text, int64_t *ret)
{
        return text_to_int64(text, ret) == 0;
}

/* Only guests that are shut off; those that are not come with the refusal, passwords and all. */
int jimv_sim_serve_adjust(struct plain_call *c)
{
        struct selection x _cleanup_selection_ = {};
        int64_t cpu, memory;
        size_t n = 0;
        int r = 0;

        if (!take_number(c->captures[1], &cpu) || !take_number(c->captures[2], &memory))
                return jimv_sim_page(c, 500);
        if (!c->s->quirks && (cpu < 1 || memory < 1))
                return jimv_sim_no(c, 41203, cpu < 1 ? "cpu" : "memory");
        if (!jimv_sim_select_all(c, &c->s->guests, c->captures[0], &x, &r))
                return r;
        for (size_t i = 0; i < x.n_records; i++)
                if (!jimv_sim_guest_is(c->s, (struct guest *)x.records[i], SHUT_OFF))
                        x.records[n++] = x.records[i];
        if (n > 0) {
                if (jimv_sim_no_begin(c, 41261, NULL) < 0 || buf_adds(&c->out, ", \"data\": ") < 0)
                        return -ENOMEM;
                if (jimv_sim_add_records(c, x.records, n, print_bare) < 0)
                        return -ENOMEM;
                return buf_addc(&c->out, '}');
        }
        return send_to_selected(c, &x, WORK_ADJUST, cpu, memory);
}

static json_t *print_host(const struct plain_call *c, const struct host *h)
{
        int64_t heard = h->state == HOST_SILENT ? (int64_t)h->noticed - (int64_t)USEC_PER_MINUTE : (int64_t)c->now;

        return json_pack("{s:s, s:o, s:b, s:b, s:I, s:i, s:I, s:I, s:[f,f,f], s:s, s:i}", "hostname", h->name,
                         "node_id", json_sprintf("%" PRId64, h->node_id), "alive",
                         (int)jimv_sim_host_seems_alive(h, c->now), "nonrandom", 0, "timestamp",
                         (json_int_t)((jimv_sim_calendar(0) + heard) / (int64_t)USEC_PER_SEC), "cpu", 64, "memory",
                         (json_int_t)1 << 38, "memory_available", (json_int_t)1 << 37, "system_load", 0.5, 0.5, 0.5,
                         "version", "0.8", "boot_time", 1);
}

int jimv_sim_serve_hosts(struct plain_call *c)
{
        _cleanup_json_ json_t *hosts = json_array();
        _cleanup_free_ char *text = NULL;

        for (size_t i = 0; i < HOSTS; i++)
                if (c->s->hosts[i].state != HOST_MISSING &&
                    json_array_append_new(hosts, print_host(c, &c->s->hosts[i])) < 0)
                        return -ENOMEM;
        text = json_to_text(hosts, 0);
        if (!text || jimv_sim_ok_begin(c) < 0)
                return -ENOMEM;
        return buf_addf(&c->out, "%s}", text);
}
