/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "providers/jimv/jimv.h"
#include "providers/jimv/message.h"
#include "providers/jimv/walk.h"
#include "reconcile/base/text.h"

#define GIBIBYTE ((int64_t)1 << 30)
#define CPU_MAX 255 /* what the vendor's database holds */
#define GIB_MAX 65535
#define IN_FLIGHT_MAX 8 /* more makes the server fail */

static const struct machine_support machines[] = {
        { "template", .required = true, .readback = READBACK_LISTED, .change = CHANGE_REPLACE },
        { "cpu", .required = true, .option = "api", .value = "2017", .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "memory", .required = true, .option = "api", .value = "2017", .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "cpu", .required = true, .option = "api", .value = "0.8", .readback = READBACK_LISTED,
          .change = CHANGE_IN_PLACE, .while_off = true },
        { "memory", .required = true, .option = "api", .value = "0.8", .readback = READBACK_LISTED,
          .change = CHANGE_IN_PLACE, .while_off = true },
        { "lease", .required = true, .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "bandwidth", .required = true, .option = "api", .value = "0.8", .readback = READBACK_LISTED,
          .change = CHANGE_REPLACE },
        { "disks", .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { "passwordEnv", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "passwordFile", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { NULL },
};

static const char *const eras[] = { "2017", "0.8", NULL };

static const struct provider_option options[] = {
        { "api", eras, "which era the installation is of: that of the document, or 0.8" },
        { NULL },
};

/* In 2017 a guest's name is the caller's, and unique; a disk gets a random label, which can be set afterwards. In 0.8 both have a
 * remark. */
static const struct making *making(const struct pairs *account_options)
{
        static const struct making makings[2][THING_TYPES] = {
                {
                        [TYPE_MACHINE] = { .possible = true, .marker = MARKER_NAME, .shows_one = true },
                        [TYPE_DISK] = { .possible = true,
                                        .marker = MARKER_NONE,
                                        .named_later = true,
                                        .detached = true },
                },
                {
                        [TYPE_MACHINE] = { .possible = true, .marker = MARKER_REMARK, .shows_one = true },
                        [TYPE_DISK] = { .possible = true,
                                        .marker = MARKER_REMARK,
                                        .detached = true,
                                        .shows_one = true },
                },
        };

        return makings[text_equal(provider_option_value(&jimv_provider, account_options, "api"), "0.8")];
}

/* Whole GiB in every era, whatever the document says of MB. */
static int whole_gib(const char *what, int64_t bytes, int64_t *ret, struct error *e)
{
        if (bytes < GIBIBYTE || bytes % GIBIBYTE != 0 || bytes / GIBIBYTE > GIB_MAX)
                return error_set(e, -EINVAL, "jimv takes %s in whole GiB from 1 to %d", what, GIB_MAX);
        *ret = bytes / GIBIBYTE;
        return 0;
}

static int add_bandwidth(json_t *body, int64_t bits, struct error *e)
{
        const char *unit = bits % 1000000000 == 0 ? "g" : bits % 1000000 == 0 ? "m" : "k";
        int64_t factor = *unit == 'g' ? 1000000000 : *unit == 'm' ? 1000000 : 1000;

        if (bits < factor || bits % factor != 0)
                return error_set(e, -EINVAL, "jimv takes bandwidth in whole kbit/s");
        if (json_object_set_new(body, "bandwidth", json_integer(bits / factor)) < 0 ||
            json_object_set_new(body, "bandwidth_unit", json_string(unit)) < 0)
                return error_oom(e);
        return 0;
}

/* One guest at a time: of several only the first would get the name. */
static int guest_body(const struct account_config *account, const struct order *order, json_t **ret, struct error *e)
{
        const struct values *wanted = order->wanted;
        bool newer = jimv_is_0_8(account);
        usec_t lease = order->resource ? order->resource->machine_set->lease : 0;
        _cleanup_json_ json_t *body = NULL;
        int64_t template, cpu, memory;
        int r;

        if (!values_known(wanted, PROPERTY_TEMPLATE) || !values_known(wanted, PROPERTY_CPU) ||
            !values_known(wanted, PROPERTY_MEMORY) || !order->marker)
                return error_set(e, -EINVAL, "a jimv guest needs template, cpu and memory");
        if (text_to_int64(wanted->of[PROPERTY_TEMPLATE].text, &template) < 0 || template <1)
                return error_set(e, -EINVAL, "template is \"%s\", and jimv's templates have numbers for ids",
                                 wanted->of[PROPERTY_TEMPLATE].text);
        cpu = wanted->of[PROPERTY_CPU].number;
        if (cpu < 1 || cpu > CPU_MAX)
                return error_set(e, -EINVAL, "jimv takes cpu from 1 to %d", CPU_MAX);
        r = whole_gib("memory", wanted->of[PROPERTY_MEMORY].number, &memory, e);
        if (r < 0)
                return r;
        body = json_pack("{s:I, s:I, s:I, s:i, s:s, s:s, s:I}", "cpu", (json_int_t)cpu, "memory", (json_int_t)memory,
                         newer ? "os_template_image_id" : "os_template_id", (json_int_t) template, "quantity", 1,
                         newer ? "remark" : "name", order->marker, "password", order->password ? order->password : "",
                         "lease_term", (json_int_t)((lease + USEC_PER_DAY - 1) / USEC_PER_DAY));
        if (!body)
                return error_set(e, -EINVAL, "name and password must be UTF-8");
        if (newer && !values_known(wanted, PROPERTY_BANDWIDTH))
                return error_set(e, -EINVAL, "a guest of jimv 0.8 needs bandwidth");
        r = newer ? add_bandwidth(body, wanted->of[PROPERTY_BANDWIDTH].number, e) : 0;
        if (r == 0)
                *ret = STEAL(body);
        return r;
}

/* In 0.8 a disk is on one host, which must be its guest's. */
static int disk_body(const struct account_config *account, const struct order *order, json_t **ret, struct error *e)
{
        int64_t size;
        int r;

        if (!values_known(order->wanted, PROPERTY_SIZE))
                return error_set(e, -EINVAL, "a disk needs a size");
        r = whole_gib("a disk's size", order->wanted->of[PROPERTY_SIZE].number, &size, e);
        if (r < 0)
                return r;
        if (!jimv_is_0_8(account))
                *ret = json_pack("{s:I}", "size", (json_int_t)size);
        else if (!order->marker)
                return error_set(e, -EINVAL, "a disk of jimv 0.8 needs a remark");
        else
                *ret = json_pack("{s:I, s:i, s:s, s:s}", "size", (json_int_t)size, "quantity", 1, "remark",
                                 order->marker, "node_id", order->parent_traits ? order->parent_traits : "");
        return *ret ? 0 : error_oom(e);
}

static int create(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *body = NULL;
        bool disk = order->type == TYPE_DISK;
        int r;

        r = disk ? disk_body(account, order, &body, e) : guest_body(account, order, &body, e);
        return r < 0 ? r : jimv_request(account, METHOD_POST, disk ? "api/disk" : "api/guest", body, ret, e);
}

/* A request whose path ends with an id, and perhaps more. */
static int about(const struct account_config *account, enum method method, const char *path, const char *id,
                 const char *more, const json_t *body, struct request *ret, struct error *e)
{
        _cleanup_buf_ struct buf whole = BUF_INIT(API_MAX);
        int r;

        buf_adds(&whole, path);
        r = api_add_id(&whole, id, e);
        if (r == 0 && buf_adds(&whole, more) < 0)
                r = error_oom(e);
        return r < 0 ? r : jimv_request(account, method, buf_text(&whole), body, ret, e);
}

/* Cores and memory go together: what is not to change is sent as it is. */
static int adjust(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        struct values values = order->shown ? *order->shown : (struct values){ 0 };
        int64_t memory;
        char more[64];
        int r;

        if (!jimv_is_0_8(account))
                return error_set(e, -EINVAL, "jimv of 2017 cannot change a guest's cpu or memory");
        if (!values_known(order->wanted, order->field))
                return error_set(e, -EINVAL, "what it is to change to is not known");
        values_set_number(&values, order->field, order->wanted->of[order->field].number);
        if (!values_known(&values, PROPERTY_CPU) || !values_known(&values, PROPERTY_MEMORY))
                return error_set(e, -EINVAL, "what the guest has of cpu and memory is not known");
        r = whole_gib("memory", values.of[PROPERTY_MEMORY].number, &memory, e);
        if (r < 0)
                return r;
        if (values.of[PROPERTY_CPU].number < 1 || values.of[PROPERTY_CPU].number > CPU_MAX)
                return error_set(e, -EINVAL, "jimv takes cpu from 1 to %d", CPU_MAX);
        (void)snprintf(more, sizeof(more), "/%" PRId64 "/%" PRId64, values.of[PROPERTY_CPU].number, memory);
        return about(account, METHOD_PUT, "api/guests/_adjust_ability/", order->id, more, NULL, ret, e);
}

/* The server of 2017 shrinks a disk when it is told to, and what was on it is gone. */
static int resize(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        int64_t size;
        char more[32];
        int r;

        if (!values_known(order->wanted, PROPERTY_SIZE) || !order->shown || !values_known(order->shown, PROPERTY_SIZE))
                return error_set(e, -EINVAL, "what size the disk has, or is to have, is not known");
        if (order->wanted->of[PROPERTY_SIZE].number <= order->shown->of[PROPERTY_SIZE].number)
                return error_set(e, -EINVAL, "a disk cannot shrink");
        r = whole_gib("a disk's size", order->wanted->of[PROPERTY_SIZE].number, &size, e);
        if (r < 0)
                return r;
        (void)snprintf(more, sizeof(more), "/%" PRId64, size);
        return about(account, METHOD_PUT, "api/disk/_disk_resize/", order->id, more, NULL, ret, e);
}

static int label(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *body = json_pack("{s:s}", "label", order->name);

        if (!body)
                return error_oom(e);
        if (order->type != TYPE_DISK || jimv_is_0_8(account))
                return error_set(e, -EINVAL, "jimv cannot rename a guest");
        return about(account, METHOD_PATCH, "api/disk/", order->id, "", body, ret, e);
}

static int attach(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_buf_ struct buf more = BUF_INIT(API_MAX);
        int r;

        if (!order->parent)
                return error_set(e, -EINVAL, "the machine that the disk is for is not known");
        buf_addc(&more, '/');
        r = api_add_id(&more, order->id, e);
        return r < 0 ? r
                     : about(account, METHOD_PUT, "api/guest/_attach_disk/", order->parent, buf_text(&more), NULL, ret,
                             e);
}

static int act_on_disk(const struct account_config *account, const struct order *order, struct request *ret,
                       struct error *e)
{
        switch (order->verb) {
        case ORDER_DELETE:
                return about(account, METHOD_DELETE, jimv_is_0_8(account) ? "api/disks/" : "api/disk/", order->id, "",
                             NULL, ret, e);
        case ORDER_ATTACH:
                return attach(account, order, ret, e);
        case ORDER_DETACH:
                return about(account, METHOD_PUT, "api/guest/_detach_disk/", order->id, "", NULL, ret, e);
        case ORDER_CHANGE:
                return resize(account, order, ret, e);
        case ORDER_RENAME:
                return label(account, order, ret, e);
        default:
                return error_set(e, -EINVAL, "jimv has no such order for a disk");
        }
}

static int act_on_guest(const struct account_config *account, const struct order *order, struct request *ret,
                        struct error *e)
{
        switch (order->verb) {
        case ORDER_DELETE:
                return about(account, METHOD_DELETE, "api/guests/", order->id, "", NULL, ret, e);
        case ORDER_START:
                return about(account, METHOD_PUT, "api/guests/_boot/", order->id, "", NULL, ret, e);
        case ORDER_SHUT_DOWN:
                return about(account, METHOD_PUT, "api/guests/_shutdown/", order->id, "", NULL, ret, e);
        case ORDER_POWER_OFF:
                return about(account, METHOD_PUT, "api/guests/_force_shutdown/", order->id, "", NULL, ret, e);
        case ORDER_CHANGE:
                return adjust(account, order, ret, e);
        default:
                return error_set(e, -EINVAL, "jimv has no such order for a guest");
        }
}

static int act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        if (order->verb == ORDER_CREATE)
                return create(account, order, ret, e);
        return order->type == TYPE_DISK ? act_on_disk(account, order, ret, e) : act_on_guest(account, order, ret, e);
}

static enum outcome_class class_of(int64_t code)
{
        if (code == JIMV_NO_ADDRESS || code == JIMV_NO_HOST)
                return OUTCOME_CAPACITY;
        if (code == JIMV_NOT_THERE || code == JIMV_NO_TEMPLATE || code == JIMV_DUPLICATE ||
            (code >= JIMV_MISSING && code <= JIMV_NOT_SHUT_OFF))
                return OUTCOME_REFUSED;
        return OUTCOME_UNKNOWN;
}

/* A yes means that a message to a host was sent; what comes of it is seen in what is listed. No reply names what was made. */
static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_json_ json_t *reply = NULL;
        int64_t code = 0;
        int r;

        (void)order;
        r = jimv_open(account, rp, &reply, &code, &outcome.why);
        if (r == 0) {
                outcome.class = OUTCOME_ACCEPTED;
        } else if (r == 1) {
                outcome.class = class_of(code);
                outcome.said_no = true;
        } else if (r == -EKEYEXPIRED) {
                outcome.class = OUTCOME_SESSION;
        } else if (rp->status < 200 || rp->status > 299) {
                struct error why = outcome.why;

                if (outcome_from_status(rp, &outcome) && outcome.class == OUTCOME_UNKNOWN)
                        outcome.why = why;
        }
        *ret = outcome;
}

const struct provider jimv_provider = {
        .type = "jimv",
        .machines = machines,
        .making = making,
        .auth = AUTH_LOGIN,
        .auth_option = "api",
        .auth_value = "0.8",
        .options = options,
        .most_in_flight = IN_FLIGHT_MAX,
        .timing = {
                .acting = 45 * USEC_PER_SEC,
                .lag = 10 * USEC_PER_SEC,
                .margin = 5 * USEC_PER_SEC,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .log_in = jimv_log_in,
        .logged_in = jimv_logged_in,
        .look = jimv_look,
        .saw = jimv_saw,
        .seen = jimv_seen,
        .act = act,
        .acted = acted,
};
