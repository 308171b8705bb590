/* SPDX-License-Identifier: MIT */
#include "providers/jimv/orders.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/jimv/message.h"
#include "reconcile/base/text.h"

#define GIBIBYTE ((int64_t)1 << 30)
#define GIBIBYTES_MAX 1000000
#define CPU_MAX 255     /* more is kept as this many */
#define NAME_LONGEST 64 /* what is longer is cut */
#define REMARK_LONGEST 255

static int read_template(const char *text, int64_t *ret, struct error *e)
{
        int64_t number;

        if (!text || text_to_int64(text, &number) < 0 || number < 1)
                return error_set(e, -EINVAL, "template must be the number of an OS template of jimv, like 1");
        *ret = number;
        return 0;
}

static int check_cpu(int64_t cpu, struct error *e)
{
        return cpu < 1 || cpu > CPU_MAX ? error_set(e, -EINVAL, "jimv takes cpu from 1 to %d", CPU_MAX) : 0;
}

static int read_gibibytes(int64_t bytes, const char *what, int64_t *ret, struct error *e)
{
        if (bytes < GIBIBYTE || bytes % GIBIBYTE != 0 || bytes / GIBIBYTE > GIBIBYTES_MAX)
                return error_set(e, -EINVAL, "jimv takes %s in whole GiB, from 1 to %d", what, GIBIBYTES_MAX);
        *ret = bytes / GIBIBYTE;
        return 0;
}

int jimv_quote(const struct account_config *account, const struct observation *obs, const struct machine_set *set,
               struct quote *ret, struct error *e)
{
        int64_t number;
        int r;

        (void)account;
        (void)obs;
        if ((r = read_template(set->template.name, &number, e)) < 0 || (r = check_cpu(set->cpu, e)) < 0 ||
            (r = read_gibibytes(set->memory, "memory", &number, e)) < 0)
                return r;
        *ret = (struct quote){ 0 };
        return 0;
}

/* "api/VERB/UUID", or "api/VERB/UUID/REST" */
static int uuid_request(const struct account_config *account, enum method method, const char *verb, const char *uuid,
                        const char *rest, const json_t *body, struct request *ret, struct error *e)
{
        char path[256];

        if (!uuid || !jimv_uuid_valid(uuid))
                return error_set(e, -EINVAL, "the id of what the order is about is no uuid");
        (void)snprintf(path, sizeof(path), "api/%s/%s%s%s", verb, uuid, *rest ? "/" : "", rest);
        return jimv_request(account, method, path, body, ret, e);
}

/* What tells a listing which call made the thing. An empty one, or one that is cut, would not. */
static int check_marker(const struct order *order, size_t longest, struct error *e)
{
        if (!order->marker || !*order->marker || strlen(order->marker) > longest)
                return error_set(e, -EINVAL, "jimv takes a name or a remark of at most %zu characters", longest);
        if (order->n > 1)
                return error_set(e, -EINVAL, "jimv makes one thing at a time");
        return 0;
}

/* When the guest's time is over, in seconds since 1970. No server that was seen looks at it. */
static int read_lease(const struct order *order, int64_t *ret, struct error *e)
{
        usec_t lease = order->resource ? order->resource->machine_set->lease : 0;

        if (lease < USEC_PER_SEC)
                return error_set(e, -EINVAL, "a jimv machine needs a lease");
        *ret = order->wall + (int64_t)(lease / USEC_PER_SEC);
        return 0;
}

static int set_integer(json_t *body, const char *key, int64_t value, struct error *e)
{
        return json_object_set_new(body, key, json_integer(value)) < 0 ? error_oom(e) : 0;
}

static int set_text(json_t *body, const char *key, const char *value, struct error *e)
{
        return json_object_set_new(body, key, json_string(value)) < 0
                       ? error_set(e, -EINVAL, "\"%s\" is not UTF-8", key)
                       : 0;
}

/* "100Mbit/s" is 100 m: units are powers of ten here. */
static int set_bandwidth(json_t *body, const struct values *wanted, struct error *e)
{
        static const struct {
                int64_t bits;
                const char *word;
        } units[] = { { 1000000000, "g" }, { 1000000, "m" }, { 1000, "k" } };
        int64_t bits = values_known(wanted, PROPERTY_BANDWIDTH) ? wanted->of[PROPERTY_BANDWIDTH].number : 0;
        int r;

        for (size_t i = 0; bits > 0 && i < ARRAY_SIZE(units); i++) {
                if (bits % units[i].bits != 0)
                        continue;
                r = set_integer(body, "bandwidth", bits / units[i].bits, e);
                return r < 0 ? r : set_text(body, "bandwidth_unit", units[i].word, e);
        }
        return error_set(e, -EINVAL, "jimv takes bandwidth in whole kbit/s, from 1 on");
}

/* What both eras want to know of a guest. */
static int guest_body(const struct order *order, const char *template_key, json_t **ret, struct error *e)
{
        const struct values *wanted = order->wanted;
        _cleanup_json_ json_t *body = json_object();
        int64_t template, memory, lease;
        int r;

        if (!body)
                return error_oom(e);
        if (!values_known(wanted, PROPERTY_TEMPLATE) || !values_known(wanted, PROPERTY_CPU) ||
            !values_known(wanted, PROPERTY_MEMORY))
                return error_set(e, -EINVAL, "a jimv machine needs template, cpu and memory");
        if ((r = read_template(wanted->of[PROPERTY_TEMPLATE].text, &template, e)) < 0 ||
            (r = check_cpu(wanted->of[PROPERTY_CPU].number, e)) < 0 ||
            (r = read_gibibytes(wanted->of[PROPERTY_MEMORY].number, "memory", &memory, e)) < 0 ||
            (r = read_lease(order, &lease, e)) < 0 ||
            (r = set_integer(body, "cpu", wanted->of[PROPERTY_CPU].number, e)) < 0 ||
            (r = set_integer(body, "memory", memory, e)) < 0 ||
            (r = set_integer(body, template_key, template, e)) < 0 || (r = set_integer(body, "quantity", 1, e)) < 0 ||
            (r = set_text(body, "password", order->password ? order->password : "", e)) < 0 ||
            (r = set_integer(body, "lease_term", lease, e)) < 0)
                return r;
        *ret = STEAL(body);
        return 0;
}

static int create_guest(const struct account_config *account, const struct order *order, struct request *ret,
                        struct error *e)
{
        bool old = jimv_era(account->options) == JIMV_2017;
        _cleanup_json_ json_t *body = NULL;
        int r;

        if ((r = check_marker(order, old ? NAME_LONGEST : REMARK_LONGEST, e)) < 0 ||
            (r = guest_body(order, old ? "os_template_id" : "os_template_image_id", &body, e)) < 0 ||
            (r = set_text(body, old ? "name" : "remark", order->marker, e)) < 0 ||
            (!old && (r = set_bandwidth(body, order->wanted, e)) < 0))
                return r;
        return jimv_request(account, METHOD_POST, "api/guest", body, ret, e);
}

/* Both are told; the one that is not to change stays as the listing shows it. */
static int adjust_guest(const struct account_config *account, const struct order *order, struct request *ret,
                        struct error *e)
{
        const struct values *cpu = order->field == PROPERTY_CPU ? order->wanted : order->shown;
        const struct values *memory = order->field == PROPERTY_MEMORY ? order->wanted : order->shown;
        int64_t gibibytes;
        char rest[64];
        int r;

        if (order->field != PROPERTY_CPU && order->field != PROPERTY_MEMORY)
                return error_set(e, -EINVAL, "jimv changes only cpu and memory of a guest in place");
        if (jimv_era(account->options) == JIMV_2017)
                return error_set(e, -EINVAL, "jimv of 2017 changes neither cpu nor memory of a guest in place");
        if (!cpu || !memory || !values_known(cpu, PROPERTY_CPU) || !values_known(memory, PROPERTY_MEMORY))
                return error_set(e, -EINVAL,
                                 "the guest's cpu and memory are not shown, and jimv wants to be told both");
        if ((r = check_cpu(cpu->of[PROPERTY_CPU].number, e)) < 0 ||
            (r = read_gibibytes(memory->of[PROPERTY_MEMORY].number, "memory", &gibibytes, e)) < 0)
                return r;
        (void)snprintf(rest, sizeof(rest), "%" PRId64 "/%" PRId64, cpu->of[PROPERTY_CPU].number, gibibytes);
        return uuid_request(account, METHOD_PUT, "guests/_adjust_ability", order->id, rest, NULL, ret, e);
}

static int act_on_guest(const struct account_config *account, const struct order *order, struct request *ret,
                        struct error *e)
{
        switch (order->verb) {
        case ORDER_CREATE:
                return create_guest(account, order, ret, e);
        case ORDER_DELETE:
                return uuid_request(account, METHOD_DELETE, "guests", order->id, "", NULL, ret, e);
        case ORDER_START:
                return uuid_request(account, METHOD_PUT, "guests/_boot", order->id, "", NULL, ret, e);
        case ORDER_SHUT_DOWN:
                return uuid_request(account, METHOD_PUT, "guests/_shutdown", order->id, "", NULL, ret, e);
        case ORDER_POWER_OFF:
                return uuid_request(account, METHOD_PUT, "guests/_force_shutdown", order->id, "", NULL, ret, e);
        case ORDER_CHANGE:
                return adjust_guest(account, order, ret, e);
        default:
                return error_set(e, -EINVAL, "jimv cannot do this to a guest: its name stays as it was made");
        }
}

/* In 0.8 a disk is a file on one host, which has to be the guest's. */
static int create_disk(const struct account_config *account, const struct order *order, struct request *ret,
                       struct error *e)
{
        _cleanup_json_ json_t *body = json_object();
        int64_t size;
        int r;

        if (!body)
                return error_oom(e);
        if (!values_known(order->wanted, PROPERTY_SIZE))
                return error_set(e, -EINVAL, "a jimv disk needs a size");
        if ((r = read_gibibytes(order->wanted->of[PROPERTY_SIZE].number, "the size of a disk", &size, e)) < 0 ||
            (r = set_integer(body, "size", size, e)) < 0)
                return r;
        if (jimv_era(account->options) == JIMV_2017)
                return jimv_request(account, METHOD_POST, "api/disk", body, ret, e);
        if (!order->parent_traits || !*order->parent_traits)
                return error_set(e, -EINVAL, "on which host the disk's guest is is not shown");
        if ((r = check_marker(order, REMARK_LONGEST, e)) < 0 || (r = set_integer(body, "quantity", 1, e)) < 0 ||
            (r = set_text(body, "remark", order->marker, e)) < 0 ||
            (r = set_text(body, "node_id", order->parent_traits, e)) < 0)
                return r;
        return jimv_request(account, METHOD_POST, "api/disk", body, ret, e);
}

/* The server of 2017 cuts a disk off where it is told to. */
static int resize_disk(const struct account_config *account, const struct order *order, struct request *ret,
                       struct error *e)
{
        char rest[32];
        int64_t size;
        int r;

        if (order->field != PROPERTY_SIZE || !values_known(order->wanted, PROPERTY_SIZE))
                return error_set(e, -EINVAL, "jimv changes only the size of a disk in place");
        if (!order->shown || !values_known(order->shown, PROPERTY_SIZE))
                return error_set(e, -EINVAL,
                                 "the disk's size is not shown: it is not changed, since it must not shrink");
        if (order->wanted->of[PROPERTY_SIZE].number <= order->shown->of[PROPERTY_SIZE].number)
                return error_set(e, -EINVAL, "a disk can only grow: write more than it has");
        r = read_gibibytes(order->wanted->of[PROPERTY_SIZE].number, "the size of a disk", &size, e);
        if (r < 0)
                return r;
        (void)snprintf(rest, sizeof(rest), "%" PRId64, size);
        return uuid_request(account, METHOD_PUT, "disk/_disk_resize", order->id, rest, NULL, ret, e);
}

static int label_disk(const struct account_config *account, const struct order *order, struct request *ret,
                      struct error *e)
{
        _cleanup_json_ json_t *body = json_object();
        int r;

        if (!body)
                return error_oom(e);
        if (jimv_era(account->options) == JIMV_08)
                return error_set(e, -EINVAL, "the remark of a disk stays as it was made");
        r = set_text(body, "label", order->name, e);
        return r < 0 ? r : uuid_request(account, METHOD_PATCH, "disk", order->id, "", body, ret, e);
}

static int act_on_disk(const struct account_config *account, const struct order *order, struct request *ret,
                       struct error *e)
{
        if (order->verb == ORDER_CREATE)
                return create_disk(account, order, ret, e);
        if (text_equal(order->id, order->parent))
                return error_set(e, -EINVAL, "this is the disk that the guest's system is on: it is never touched");
        switch (order->verb) {
        case ORDER_DELETE:
                return uuid_request(account, METHOD_DELETE, jimv_era(account->options) == JIMV_2017 ? "disk" : "disks",
                                    order->id, "", NULL, ret, e);
        case ORDER_CHANGE:
                return resize_disk(account, order, ret, e);
        case ORDER_RENAME:
                return label_disk(account, order, ret, e);
        case ORDER_ATTACH:
                if (!order->id || !jimv_uuid_valid(order->id))
                        return error_set(e, -EINVAL, "the id of the disk is no uuid");
                return uuid_request(account, METHOD_PUT, "guest/_attach_disk", order->parent, order->id, NULL, ret, e);
        case ORDER_DETACH:
                return uuid_request(account, METHOD_PUT, "guest/_detach_disk", order->id, "", NULL, ret, e);
        default:
                return error_set(e, -EINVAL, "jimv cannot do this to a disk");
        }
}

int jimv_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        switch (order->type) {
        case TYPE_MACHINE:
                return act_on_guest(account, order, ret, e);
        case TYPE_DISK:
                return act_on_disk(account, order, ret, e);
        default:
                return error_set(e, -EINVAL, "jimv has no such things");
        }
}
