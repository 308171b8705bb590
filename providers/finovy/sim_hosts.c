/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/finovy/sim.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define HOUR_MS INT64_C(3600000)

/* Ids are ten of these. Multiplying by what shares no factor with their number spreads them, and no two are the same. */
#define ID_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define ID_LENGTH 10
#define IDS UINT64_C(839299365868340224) /* 62 to the power of 10 */
#define SPREAD UINT64_C(519115047190643081)

const struct package finovy_sim_packages[] = {
        { "pkg-small", "small office", "ceph", "2", 0, 4, 4, 128, 0, "1.10", "1.00" },
        { "pkg-large", "large office", "ceph", "0", 0, 8, 16, 256, 0, "2.60", "0.80" },
        { "pkg-rent", "office for periods", "ceph", "1", 0, 4, 8, 128, 0, "0.90", "1.00" },
        { "pkg-gpu", "graphics", "BL", "2", 1, 16, 64, 500, 1, "9.99", "0.95" },
        { NULL },
};

const struct image finovy_sim_images[] = {
        { "4005", "ceph", "Ubuntu Server", "20.04 x64" },
        { "4006", "ceph", "Debian", "12 x64" },
        { "507", "BL", "Windows", "11 x64" },
        { NULL },
};

const struct package *finovy_sim_package(const char *id)
{
        const struct package *p = finovy_sim_packages;

        while (p->id && !text_equal(p->id, id))
                p++;
        return p;
}

const struct image *finovy_sim_image(const char *id)
{
        const struct image *i = finovy_sim_images;

        while (i->id && !text_equal(i->id, id))
                i++;
        return i;
}

static void changed(struct host *h)
{
        free(h->row);
        h->row = NULL;
}

static struct host *host_free(struct host *h)
{
        if (!h)
                return NULL;

        free(h->name);
        free(h->system);
        free(h->row);
        free(h);
        return NULL;
}
DEFINE_CLEANUP(struct host *, host_free)

static void print_id(uint64_t serial, char id[static ID_LENGTH + 1])
{
        uint64_t n = (uint64_t)((unsigned __int128)serial * SPREAD % IDS);

        for (size_t i = ID_LENGTH; i > 0; i--, n /= strlen(ID_LETTERS))
                id[i - 1] = ID_LETTERS[n % strlen(ID_LETTERS)];
        id[ID_LENGTH] = '\0';
}

static struct host *host_new(struct simulation *s, usec_t now, const struct package *package, const struct image *image)
{
        _cleanup_(host_free_p) struct host *h = calloc(1, sizeof(*h));

        if (!h)
                return NULL;
        h->serial = s->next_serial;
        print_id(h->serial, h->id);
        if (asprintf(&h->name, "渲大师%s", h->id) < 0)
                h->name = NULL;
        h->system = strdup(image->name);
        if (!h->name || !h->system)
                return NULL;
        h->use = package->use;
        h->cpu = package->cpu;
        h->memory = package->memory;
        h->disk = package->disk;
        h->gpus = package->gpus;
        h->created = s->epoch + (int64_t)(now / USEC_PER_MSEC);
        return STEAL(h);
}

static usec_t expiry(const struct simulation *s, const struct host *h)
{
        if (h->expires == 0 || h->status == HOST_EXPIRED || h->work == WORK_GONE)
                return USEC_INFINITY;
        return h->expires > s->epoch ? (usec_t)(h->expires - s->epoch) * USEC_PER_MSEC : 0;
}

struct host *finovy_sim_host_add(struct simulation *s, usec_t now, const struct package *package,
                                 const struct image *image, int64_t hours)
{
        _cleanup_(host_free_p) struct host *h = host_new(s, now, package, image);

        if (!h || array_reserve((void **)&s->hosts, &s->allocated_hosts, s->n_hosts + 1, sizeof(struct host *)) < 0 ||
            strmap_put(&s->by_id, h->id, h) < 0)
                return NULL;
        h->period = hours > 0;
        h->expires = h->period ? h->created + hours * HOUR_MS : 0;
        finovy_sim_host_switch_on(s, h);
        s->next_serial++;
        s->next_due = usec_min(s->next_due, expiry(s, h));
        s->hosts[s->n_hosts++] = h;
        return STEAL(h);
}

struct host *finovy_sim_host_find(const struct simulation *s, const char *id)
{
        return strmap_get(&s->by_id, id);
}

bool finovy_sim_host_is_on(const struct host *h)
{
        return h->status == HOST_ON || h->status == HOST_CHARGED;
}

void finovy_sim_host_set(struct host *h, int64_t status)
{
        h->work = WORK_NONE;
        h->status = status;
        h->reached = h->reached || finovy_sim_host_is_on(h);
        changed(h);
}

/* Quirk: what is paid for by the hour shows that it is being charged. */
void finovy_sim_host_switch_on(const struct simulation *s, struct host *h)
{
        finovy_sim_host_set(h, s->quirks && !h->period ? HOST_CHARGED : HOST_ON);
}

int finovy_sim_host_rename(struct host *h, const char *name)
{
        char *own = strdup(name);

        if (!own)
                return -ENOMEM;
        free(h->name);
        h->name = own;
        changed(h);
        return 0;
}

static int compare_serials(const void *a, const void *b)
{
        uint64_t x = (*(struct host *const *)a)->serial, y = (*(struct host *const *)b)->serial;

        return x < y ? -1 : x > y;
}

void finovy_sim_host_remove(struct simulation *s, struct host *h)
{
        struct host **place = bsearch(&h, s->hosts, s->n_hosts, sizeof(struct host *), compare_serials);
        size_t i = (size_t)(place - s->hosts);

        strmap_remove(&s->by_id, h->id);
        memmove(place, place + 1, (s->n_hosts - i - 1) * sizeof(struct host *));
        s->n_hosts--;
        host_free(h);
}

void finovy_sim_hosts_done(struct simulation *s)
{
        for (size_t i = 0; i < s->n_hosts; i++)
                host_free(s->hosts[i]);
        free(s->hosts);
        s->hosts = NULL;
        s->n_hosts = s->allocated_hosts = 0;
        s->next_due = USEC_INFINITY;
        strmap_done(&s->by_id);
}

void finovy_sim_work_put(struct simulation *s, struct host *h, enum host_work work, usec_t due)
{
        finovy_sim_host_set(h, work == WORK_UP ? HOST_COMING_UP : HOST_GOING_DOWN);
        h->work = work;
        h->due = due;
        s->next_due = usec_min(s->next_due, due);
}

void finovy_sim_work(struct simulation *s, struct host *h, enum host_work work, usec_t now)
{
        finovy_sim_work_put(s, h, work, usec_add(now, s->ready_delay));
}

static void settle_one(struct simulation *s, struct host *h, usec_t now)
{
        enum host_work work = h->due <= now ? h->work : WORK_NONE;

        if (work == WORK_GONE) {
                finovy_sim_host_remove(s, h);
                return;
        }
        if (work == WORK_UP)
                finovy_sim_host_switch_on(s, h);
        else if (work == WORK_DOWN)
                finovy_sim_host_set(h, HOST_OFF);
        if (expiry(s, h) <= now)
                finovy_sim_host_set(h, HOST_EXPIRED);
        s->next_due = usec_min(s->next_due, usec_min(h->work ? h->due : USEC_INFINITY, expiry(s, h)));
}

void finovy_sim_settle(struct simulation *s, usec_t now)
{
        if (now < s->next_due)
                return;
        s->next_due = USEC_INFINITY;
        for (size_t i = s->n_hosts; i > 0; i--)
                settle_one(s, s->hosts[i - 1], now);
}

const char *finovy_sim_account(const struct host *h, char text[static HOST_SECRET_MAX])
{
        (void)snprintf(text, HOST_SECRET_MAX, "HostAccountCanary%" PRIu64, h->serial);
        return text;
}

const char *finovy_sim_password(const struct host *h, char text[static HOST_SECRET_MAX])
{
        (void)snprintf(text, HOST_SECRET_MAX, "HostPwCanary%" PRIu64, h->serial);
        return text;
}

static json_t *number_or_null(int64_t number)
{
        return number ? json_integer(number) : json_null();
}

/* Account, password and the way in. Before a host was on for the first time there are none: of one by the hour all is
 * null, of one for a period the way in is "" and 0. */
static int print_login(const struct host *h, json_t *row)
{
        char account[HOST_SECRET_MAX], password[HOST_SECRET_MAX];
        bool login = h->reached || h->period;
        _cleanup_json_ json_t *members = json_pack("{s:s?, s:s?, s:s?, s:o}", "hostAccount",
                                                   login ? finovy_sim_account(h, account) : NULL, "hostPw",
                                                   login ? finovy_sim_password(h, password) : NULL, "address",
                                                   h->reached  ? "rdp.example.com"
                                                   : h->period ? ""
                                                               : NULL,
                                                   "port",
                                                   h->reached  ? json_integer(20000 + (json_int_t)(h->serial % 40000))
                                                   : h->period ? json_integer(0)
                                                               : json_null());

        return members ? json_object_update(row, members) : -1;
}

/* Quirk: the status is a number. */
static json_t *print(const struct simulation *s, const struct host *h)
{
        _cleanup_json_ json_t *row = NULL;
        char number[24];

        (void)snprintf(number, sizeof(number), "%" PRId64, h->status);
        row = json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:s, s:s, s:o, s:I, s:o}", "id", h->id, "name", h->name,
                        "gpuConfiguration", h->gpus ? "RTX" : "-", "gpuNumber", number_or_null(h->gpus), "memory",
                        (json_int_t)h->memory, "cpu", (json_int_t)h->cpu, "rigidDisk", (json_int_t)h->disk,
                        "operatingSystem", h->system, "useType", h->period ? "1" : "0", "pveMachineType",
                        json_sprintf("%" PRId64, h->use), "createTime", (json_int_t)h->created, "expirationTime",
                        number_or_null(h->expires));
        if (!row || print_login(h, row) < 0)
                return NULL;
        if (!s->older &&
            json_object_set_new(row, "status", s->quirks ? json_integer(h->status) : json_string(number)) < 0)
                return NULL;
        return STEAL(row);
}

const char *finovy_sim_row(struct simulation *s, struct host *h)
{
        _cleanup_json_ json_t *row = NULL;

        if (h->row)
                return h->row;
        row = print(s, h);
        h->row = json_to_text(row, JSON_COMPACT);
        return h->row;
}

/* A host shown by itself has its own addresses as well. */
json_t *finovy_sim_details(const struct simulation *s, const struct host *h)
{
        _cleanup_json_ json_t *row = print(s, h);
        unsigned n = (unsigned)(h->serial & 0xFFFFFF);
        json_t *mac = json_null(), *ipv4 = json_null();
        int r;

        if (finovy_sim_host_is_on(h)) {
                mac = json_sprintf("02:00:00:%02x:%02x:%02x", n >> 16, n >> 8 & 0xFF, n & 0xFF);
                ipv4 = json_sprintf("10.%u.%u.%u", n >> 16, n >> 8 & 0xFF, n & 0xFF);
        }
        r = json_object_set_new(row, "mac", mac);
        if (json_object_set_new(row, "ipv4", ipv4) < 0 || r < 0)
                return NULL;
        return STEAL(row);
}
