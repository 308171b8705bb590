/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/disk.h"

#include <errno.h>
#include <string.h>

#include "providers/starvcenter/fields.h"
#include "reconcile/base/text.h"

#define MARKER "muster:" /* how a description of ours begins; the slot follows */
#define GIBIBYTE ((int64_t)1 << 30)
#define SIZE_MAX_GIB 1000000

/* The tag of a request: above the number of the detail that it is about. Others' tags have none of this bit. */
#define ASK_DISKS ((uint64_t)1 << 59)

const char *const disk_names[] = {
        MESSAGE_NAMES, "vdisk.id", "vdisk.desc", "vdisk.createtime", "vdisk.vmid", "vdisk.size", NULL,
};

int disk_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                _cleanup_request_ struct request rq = { 0 };
                _cleanup_json_ json_t *params = NULL;

                if (obs->scope.details[i].of != TYPE_DISK)
                        continue;
                params = json_object();
                if (!params)
                        return error_oom(e);
                if ((r = message_put_text(params, "vdisk.vmid", obs->scope.details[i].id, e)) < 0 ||
                    (r = message_request(account, METHOD_POST, "cloudvm/vdisk/search", params, &rq, e)) < 0)
                        return r;
                rq.read = true;
                rq.tag = ASK_DISKS | i;
                rq.detail = i + 1;
                r = request_list_add(further, &rq, e);
        }
        return r;
}

bool disk_is_asked(const struct request *rq)
{
        return rq->tag & ASK_DISKS && rq->tag < ASK_DISKS << 1;
}

/* A size that nothing can be made of stays unknown. */
static int read_size(const struct json_node *disk, struct values *values, struct error *e)
{
        int64_t size;
        int r;

        r = json_node_read_int64(json_node_member(disk, "vdisk.size"), &size);
        if (r == -ENOENT)
                return 0;
        if (r < 0 || size < 0 || size > SIZE_MAX_GIB)
                return field_wrong("vdisk.size", "disk", e);
        values_set_number(values, PROPERTY_SIZE, size * GIBIBYTE);
        return 0;
}

/* The search may match more loosely than it should: what is of another machine is none of this one's. */
static int read_disk(struct observation *obs, const char *machine, const struct json_node *disk, struct error *e)
{
        static const char what[] = "disk";
        struct row row = { .condition = CONDITION_RUNNING };
        int r;

        if ((r = field_id(obs, disk, "vdisk.id", what, &row.id, e)) < 0 ||
            (r = field_text(obs, disk, "vdisk.desc", what, &row.name, e)) < 0 ||
            (r = field_text(obs, disk, "vdisk.createtime", what, &row.created, e)) < 0 ||
            (r = field_text(obs, disk, "vdisk.vmid", what, &row.parent, e)) < 0 ||
            (r = read_size(disk, &row.values, e)) < 0)
                return r;
        if (!text_starts(row.name, MARKER) || (*row.parent && !text_equal(row.parent, machine)))
                return 0;
        row.name += strlen(MARKER);
        row.parent = machine;
        return observation_add(obs, TYPE_DISK, &row) < 0 ? error_oom(e) : 0;
}

int disk_saw(const struct request *rq, const struct json_node *reply, enum message_result result,
             struct observation *obs, struct error *e)
{
        size_t number = (uint32_t)rq->tag, n = 0;
        const struct json_node *row = message_first_row(reply);
        const char *machine;
        int r;

        if (number >= obs->scope.n_details)
                return error_set(e, -EBADMSG, "the provider's reply is to a question that nobody asked");
        machine = obs->scope.details[number].id;
        /* It may be busy, or gone: either way nothing is known of its disks, and of others' all the same. */
        if (result == RESULT_FAILED)
                return observation_miss(obs, TYPE_DISK, machine, e->text) < 0 ? error_oom(e) : 0;
        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r == 0 && i < n; i++, row = json_node_next(row)) {
                r = read_disk(obs, machine, row, e);
                if (r < 0)
                        (void)error_wrap(e, r, "row %zu of the disks of %s", i + 1, machine);
        }
        return r;
}

static int put_size(json_t *params, const struct values *wanted, struct error *e)
{
        int64_t size = values_known(wanted, PROPERTY_SIZE) ? wanted->of[PROPERTY_SIZE].number : 0;

        if (size < GIBIBYTE || size % GIBIBYTE != 0 || size / GIBIBYTE > SIZE_MAX_GIB)
                return error_set(e, -EINVAL, "starvcenter takes the size of a disk in whole GiB");
        return message_put_number(params, "vdisk.size", size / GIBIBYTE, e);
}

static int put_new(json_t *params, const struct order *order, struct error *e)
{
        _cleanup_free_ char *description = NULL;
        int r;

        if (!order->parent || !order->marker)
                return error_set(e, -EINVAL, "a starvcenter disk needs its machine");
        if (asprintf(&description, MARKER "%s", order->marker) < 0) {
                description = NULL;
                return error_oom(e);
        }
        r = message_put_text(params, "vdisk.vmid", order->parent, e);
        return r < 0 ? r : message_put_text(params, "vdisk.desc", description, e);
}

int disk_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool is_new = order->verb == ORDER_CREATE;
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, "cloudvm/vdisk/", order->id, ret, e);
        if (!is_new && (order->verb != ORDER_CHANGE || order->field != PROPERTY_SIZE))
                return error_set(e, -EINVAL, "starvcenter can only add, extend and delete disks");
        params = json_object();
        if (!params)
                return error_oom(e);
        r = is_new ? put_new(params, order, e) : message_put_text(params, "vdisk.id", order->id, e);
        if (r == 0)
                r = put_size(params, order->wanted, e);
        if (r < 0)
                return r;
        return is_new ? message_request(account, METHOD_POST, "cloudvm/vdisk/add", params, ret, e)
                      : message_request(account, METHOD_PUT, "cloudvm/vdisk/extend", params, ret, e);
}

const char *disk_made(const struct json_node *made, char scratch[static 32])
{
        const char *id;

        return json_node_read_text(json_node_member(made, "vdisk.id"), scratch, &id) < 0 || !message_id_valid(id) ? NULL
                                                                                                                  : id;
}
