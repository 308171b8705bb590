/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/finovy/sim.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* The simulation's calendar begins here: ms since 1970. */
#define EPOCH_MS INT64_C(1790000000000)
#define DAY_MS INT64_C(86400000)

const struct package finovy_sim_packages[] = {
        { "pkg-small", "small office", "ceph", "2", 4, 4, 128, 0, "1.10", "1.00" },
        { "pkg-large", "large office", "ceph", "0", 8, 16, 256, 0, "2.60", "0.80" },
        { "pkg-rent", "office for periods", "ceph", "1", 4, 8, 128, 0, "0.90", "1.00" },
        { "pkg-gpu", "graphics", "BL", "2", 16, 64, 500, 1, "9.99", "0.95" },
        { NULL },
};

const struct image finovy_sim_images[] = {
        { "4005", "ceph", "Ubuntu Server", "20.04 x64" },
        { "4006", "ceph", "Debian", "12 x64" },
        { "507", "BL", "Windows", "11 x64" },
        { NULL },
};

static void changed(struct host *h)
{
        free(h->row);
        h->row = NULL;
}

static struct host *host_free(struct host *h)
{
        free(h->name);
        free(h->system);
        free(h->row);
        free(h);
        return NULL;
}

struct host *finovy_sim_host_add(struct simulation *s, usec_t now, const struct package *package,
                                 const struct image *image)
{
        struct host *h = calloc(1, sizeof(*h)), **place;

        if (!h)
                return NULL;
        h->serial = s->next_serial++;
        (void)snprintf(h->id, sizeof(h->id), "host%06" PRIu64, h->serial);
        if (asprintf(&h->name, "XuanDaShi %s", h->id) < 0)
                h->name = NULL;
        h->system = strdup(image->name);
        h->cpu = package->cpu;
        h->memory = package->memory;
        h->disk = package->disk;
        h->gpus = package->gpus;
        h->status = HOST_ON;
        h->created = EPOCH_MS + (int64_t)(now / USEC_PER_MSEC);
        place = h->name && h->system ? ARRAY_ADD(s->hosts, s->n_hosts, s->allocated_hosts) : NULL;
        if (!place || strmap_put(&s->by_id, h->id, h) < 0) {
                s->n_hosts -= place != NULL;
                return host_free(h);
        }
        *place = h;
        return h;
}

struct host *finovy_sim_host_find(const struct simulation *s, const char *id)
{
        return strmap_get(&s->by_id, id);
}

void finovy_sim_host_set(struct host *h, int64_t status)
{
        h->status = status;
        changed(h);
}

void finovy_sim_host_remove(struct simulation *s, struct host *h)
{
        size_t i = 0;

        while (s->hosts[i] != h)
                i++;
        memmove(&s->hosts[i], &s->hosts[i + 1], (s->n_hosts - i - 1) * sizeof(*s->hosts));
        s->n_hosts--;
        strmap_remove(&s->by_id, h->id);
        host_free(h);
}

void finovy_sim_hosts_done(struct simulation *s)
{
        for (size_t i = 0; i < s->n_hosts; i++)
                host_free(s->hosts[i]);
        free(s->hosts);
        s->hosts = NULL;
        s->n_hosts = s->allocated_hosts = 0;
        strmap_done(&s->by_id);
        s->by_id = (struct strmap){ 0 };
}

void finovy_sim_work(struct simulation *s, struct host *h, enum host_work work, usec_t now)
{
        h->work = work;
        h->due = usec_add(now, s->ready_delay);
        finovy_sim_host_set(h, work == WORK_UP ? HOST_COMING_UP : HOST_GOING_DOWN);
}

void finovy_sim_settle(struct simulation *s, usec_t now)
{
        for (size_t i = s->n_hosts; i > 0; i--) {
                struct host *h = s->hosts[i - 1];
                enum host_work work = h->work;

                if (work == WORK_NONE || h->due > now)
                        continue;
                h->work = WORK_NONE;
                if (work == WORK_GONE)
                        finovy_sim_host_remove(s, h);
                else
                        finovy_sim_host_set(h, work == WORK_UP ? HOST_ON : HOST_OFF);
        }
}

static json_t *number_or_null(int64_t number)
{
        return number ? json_integer(number) : json_null();
}

/* Login and password of the host are in every row: nobody may keep or show them. */
static json_t *print(const struct simulation *s, const struct host *h)
{
        char address[32];
        json_t *row;

        (void)snprintf(address, sizeof(address), "10.%u.%u.%u", (unsigned)(h->serial >> 16 & 0xFF),
                       (unsigned)(h->serial >> 8 & 0xFF), (unsigned)(h->serial & 0xFF));
        row = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:s, s:o, s:s, s:s, s:i, s:n, s:s?, s:s, s:I, s:o}",
                        "id", h->id, "name", h->name, "gpuConfiguration", "-", "gpuNumber", number_or_null(h->gpus),
                        "memory", (json_int_t)h->memory, "cpu", (json_int_t)h->cpu, "rigidDisk", (json_int_t)h->disk,
                        "operatingSystem", h->system, "hostAccount", "root", "hostPw",
                        json_sprintf("HostPwCanary%" PRIu64, h->serial), "useType", h->period ? "1" : "0", "address",
                        h->status == HOST_ON ? "rdp.example.com" : "", "port", 54220, "mac", "ipv4",
                        h->status == HOST_ON ? address : NULL, "pveMachineType", "0", "createTime",
                        (json_int_t)h->created, "expirationTime", number_or_null(h->expires));
        if (row && !s->older &&
            json_object_set_new(row, "status",
                                s->quirks ? json_integer(h->status) : json_sprintf("%" PRId64, h->status)) < 0) {
                json_decref(row);
                return NULL;
        }
        return row;
}

const char *finovy_sim_row(struct simulation *s, struct host *h)
{
        _cleanup_json_ json_t *row = NULL;

        if (h->row)
                return h->row;
        row = print(s, h);
        h->row = row ? json_dumps(row, JSON_COMPACT) : NULL;
        return h->row;
}

/* A person's hand: `id` names a host, or `name`, which is the same with the vendor's words before it. */
static struct host *find_named(const struct simulation *s, const json_t *arguments)
{
        const char *id = json_string_value(json_object_get(arguments, "id"));
        const char *name = json_string_value(json_object_get(arguments, "name"));

        if (id)
                return finovy_sim_host_find(s, id);
        for (size_t i = 0; name && i < s->n_hosts; i++)
                if (text_equal(s->hosts[i]->name, name) || text_equal(s->hosts[i]->id, name))
                        return s->hosts[i];
        return NULL;
}

static const struct package *find_package(const char *id)
{
        const struct package *p = finovy_sim_packages;

        while (p->id && id && !text_equal(p->id, id))
                p++;
        return p;
}

static int console_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        const struct package *package = find_package(json_string_value(json_object_get(arguments, "template")));
        int64_t n = 1;

        if (json_object_get(arguments, "count") &&
            (json_read_int64(json_object_get(arguments, "count"), &n) < 0 || n < 1 || n > 10000))
                return error_set(e, -EINVAL, "\"count\" is from 1 to 10000");
        if (!package->id)
                return error_set(e, -EINVAL, "there is no such package");
        for (; n > 0; n--)
                if (!finovy_sim_host_add(s, now, package, finovy_sim_images))
                        return error_oom(e);
        return 0;
}

/* "wallet" and "room": how many machines more are paid for, or have their resources. */
static int console_set(const json_t *arguments, int64_t *ret, struct error *e)
{
        if (json_read_int64(json_object_get(arguments, "machines"), ret) < 0 || *ret < 0)
                return error_set(e, -EINVAL, "say how many: \"machines\"");
        return 0;
}

int finovy_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        struct host *h;
        int64_t status;

        finovy_sim_settle(s, now);
        if (text_equal(verb, "add"))
                return console_add(s, now, arguments, e);
        if (text_equal(verb, "wallet"))
                return console_set(arguments, &s->wallet, e);
        if (text_equal(verb, "room"))
                return console_set(arguments, &s->room, e);
        h = find_named(s, arguments);
        if (!h)
                return error_set(e, -ENOENT, "there is no such host");
        if (text_equal(verb, "delete")) {
                finovy_sim_host_remove(s, h);
        } else if (text_equal(verb, "stop") || text_equal(verb, "start")) {
                finovy_sim_host_set(h, text_equal(verb, "stop") ? HOST_OFF : HOST_ON);
        } else if (text_equal(verb, "fail")) {
                finovy_sim_host_set(h, HOST_EXPIRED);
        } else if (text_equal(verb, "state")) {
                if (json_read_int64(json_object_get(arguments, "state"), &status) < 0)
                        return error_set(e, -EINVAL, "say the vendor's number: \"state\"");
                finovy_sim_host_set(h, status);
        } else {
                return error_set(e, -EINVAL, "nobody can %s a host of finovy", verb);
        }
        return 0;
}

static json_t *save_host(const struct host *h, usec_t now)
{
        return json_pack("{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:i, s:I}", "serial",
                         (json_int_t)h->serial, "id", h->id, "name", h->name, "system", h->system, "cpu",
                         (json_int_t)h->cpu, "memory", (json_int_t)h->memory, "disk", (json_int_t)h->disk, "gpus",
                         (json_int_t)h->gpus, "period", h->period, "state", (json_int_t)h->status, "created",
                         (json_int_t)h->created, "expires", (json_int_t)h->expires, "work", (int)h->work, "left",
                         (json_int_t)(h->work ? usec_since(h->due, now) : 0));
}

json_t *finovy_sim_save(struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *machines = json_array();

        finovy_sim_settle(s, now);
        for (size_t i = 0; machines && i < s->n_hosts; i++)
                if (json_array_append_new(machines, save_host(s->hosts[i], now)) < 0)
                        return NULL;
        return json_pack("{s:O?, s:I, s:I, s:I}", "machines", machines, "next_serial", (json_int_t)s->next_serial,
                         "wallet", (json_int_t)s->wallet, "room", (json_int_t)s->room);
}

static int load_host(struct simulation *s, usec_t now, const json_t *saved, struct error *e)
{
        json_int_t serial, cpu, memory, disk, gpus, status, created, expires, left;
        const char *id, *name, *system;
        int period, work;
        struct host *h;

        if (json_unpack((json_t *)saved, "{s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:i, s:I}",
                        "serial", &serial, "id", &id, "name", &name, "system", &system, "cpu", &cpu, "memory", &memory,
                        "disk", &disk, "gpus", &gpus, "period", &period, "state", &status, "created", &created,
                        "expires", &expires, "work", &work, "left", &left) < 0 ||
            strlen(id) >= sizeof(h->id) || work < WORK_NONE || work > WORK_GONE || left < 0)
                return error_set(e, -EINVAL, "a saved host is not as it was saved");
        s->next_serial = (uint64_t)serial;
        h = finovy_sim_host_add(s, now, finovy_sim_packages, finovy_sim_images);
        if (!h)
                return error_oom(e);
        strmap_remove(&s->by_id, h->id);
        (void)snprintf(h->id, sizeof(h->id), "%s", id);
        if (strmap_put(&s->by_id, h->id, h) < 0)
                return error_oom(e);
        free(h->name);
        free(h->system);
        h->name = strdup(name);
        h->system = strdup(system);
        if (!h->name || !h->system)
                return error_oom(e);
        h->cpu = cpu;
        h->memory = memory;
        h->disk = disk;
        h->gpus = gpus;
        h->period = period;
        h->status = status;
        h->created = created;
        h->expires = expires;
        h->work = (enum host_work)work;
        h->due = usec_add(now, (usec_t)left);
        return 0;
}

int finovy_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        const json_t *machines = json_object_get(state, "machines");
        int64_t next, wallet, room;
        int r = 0;

        if (!json_is_array(machines) || json_read_int64(json_object_get(state, "next_serial"), &next) < 0 ||
            json_read_int64(json_object_get(state, "wallet"), &wallet) < 0 ||
            json_read_int64(json_object_get(state, "room"), &room) < 0 || next < 1)
                return error_set(e, -EINVAL, "this is no saved state of finovy's simulator");
        finovy_sim_hosts_done(s);
        for (size_t i = 0; r == 0 && i < json_array_size(machines); i++)
                r = load_host(s, now, json_array_get(machines, i), e);
        if (r < 0)
                return r;
        s->next_serial = (uint64_t)next;
        s->wallet = wallet;
        s->room = room;
        return 0;
}
