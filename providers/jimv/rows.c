/* SPDX-License-Identifier: MIT */
#include "providers/jimv/rows.h"

#include <errno.h>

#include "reconcile/base/text.h"

#define GIBIBYTE ((int64_t)1 << 30)
#define NUMBER_MAX 1000000 /* cores, GiB */
#define BITRATE_MAX INT64_C(1000000000000000)

#define PROGRESS_DONE 100

static int no_reading(const char *key, const char *what, struct error *e)
{
        return error_set(e, -EBADMSG, "\"%s\" of a %s in the provider's reply is not what it should be", key, what);
}

static int read_uuid(struct observation *obs, const struct json_node *object, const char *what, const char **ret,
                     struct error *e)
{
        int r;

        r = api_read_id(obs, object, "uuid", what, ret, e);
        return r == 0 && !jimv_uuid_valid(*ret) ? no_reading("uuid", what, e) : r;
}

/* A state that is in no document is one all the same: it is read as a number that stands for none. */
static int read_state(const struct json_node *object, const char *key, const char *what, int64_t *ret, struct error *e)
{
        const struct json_node *state = json_node_member(object, key);
        int r;

        r = json_node_read_int64(state, ret);
        if (r < 0 && r != -ENOENT && !json_node_is_string(state))
                return no_reading(key, what, e);
        if (r < 0)
                *ret = -1;
        return 0;
}

/* The numbers from 8 on are those of the servers between the two eras, and mean nothing else in 2017. */
static enum condition condition_2017(int64_t status)
{
        switch (status) {
        case 1: /* running */
        case 2: /* blocked: it runs, and waits for something */
                return CONDITION_RUNNING;
        case 5: /* shut off */
                return CONDITION_STOPPED;
        case 0:  /* no state yet */
        case 4:  /* shutting down */
        case 8:  /* migrating */
        case 9:  /* update */
        case 10: /* creating */
                return CONDITION_CHANGING;
        case 3: /* paused */
        case 7: /* suspended by its power management */
                return CONDITION_ASLEEP;
        case 6:   /* crashed */
        case 255: /* dirty */
                return CONDITION_FAILED;
        default:
                return CONDITION_UNKNOWN;
        }
}

/* A guest that was finished once and has no state is on a host that is silent: what it does is not known. */
static enum condition condition_08(int64_t status, int64_t progress)
{
        switch (status) {
        case 2: /* running */
        case 3: /* blocked */
                return CONDITION_RUNNING;
        case 6: /* shut off */
                return CONDITION_STOPPED;
        case 0: /* no state */
                return progress < PROGRESS_DONE ? CONDITION_CHANGING : CONDITION_UNKNOWN;
        case 1:  /* booting */
        case 5:  /* shutting down */
        case 9:  /* migrating */
        case 10: /* update */
        case 11: /* creating */
        case 12: /* a snapshot is being converted */
                return CONDITION_CHANGING;
        case 4: /* paused */
        case 8: /* suspended by its power management */
                return CONDITION_ASLEEP;
        case 7:   /* crashed */
        case 255: /* dirty */
                return CONDITION_FAILED;
        default:
                return CONDITION_UNKNOWN;
        }
}

static int read_guest_condition(enum jimv_era era, const struct json_node *guest, enum condition *ret, struct error *e)
{
        int64_t status, progress = 0;
        int r;

        r = read_state(guest, "status", "guest", &status, e);
        if (r < 0)
                return r;
        if (era == JIMV_2017) {
                *ret = condition_2017(status);
                return 0;
        }
        r = json_node_read_int64(json_node_member(guest, "progress"), &progress);
        if (r < 0 && r != -ENOENT)
                return no_reading("progress", "guest", e);
        *ret = condition_08(status, progress);
        return 0;
}

static int read_template(struct observation *obs, enum jimv_era era, const struct json_node *guest,
                         struct values *values, struct error *e)
{
        const char *template;
        int r;

        r = api_read_text(obs, guest, era == JIMV_08 ? "os_template_image_id" : "os_template_id", "guest", &template,
                          e);
        if (r == 0 && *template)
                values_set_text(values, PROPERTY_TEMPLATE, template);
        return r;
}

/* What only 0.8 shows: what the network card may carry, and the host, which the guest's disks have to be on. */
static int read_08(struct observation *obs, enum jimv_era era, const struct json_node *guest, struct row *row,
                   struct error *e)
{
        int r;

        if (era != JIMV_08)
                return 0;
        r = api_read_number(guest, "bandwidth", "guest", 1, BITRATE_MAX, PROPERTY_BANDWIDTH, &row->values, e);
        return r < 0 ? r : api_read_text(obs, guest, "node_id", "guest", &row->traits, e);
}

int jimv_read_guest(struct observation *obs, enum jimv_era era, const struct json_node *guest, struct error *e)
{
        struct row row = { .can_shut_down = true };
        int r;

        if ((r = read_uuid(obs, guest, "guest", &row.id, e)) < 0 ||
            (r = api_read_text(obs, guest, era == JIMV_08 ? "remark" : "name", "guest", &row.name, e)) < 0 ||
            (r = api_read_text(obs, guest, "ip", "guest", &row.address, e)) < 0 ||
            (r = api_read_text(obs, guest, "create_time", "guest", &row.created, e)) < 0 ||
            (r = read_guest_condition(era, guest, &row.condition, e)) < 0 ||
            (r = api_read_number(guest, "cpu", "guest", 1, NUMBER_MAX, PROPERTY_CPU, &row.values, e)) < 0 ||
            (r = api_read_number(guest, "memory", "guest", GIBIBYTE, NUMBER_MAX, PROPERTY_MEMORY, &row.values, e)) <
                    0 ||
            (r = read_template(obs, era, guest, &row.values, e)) < 0 || (r = read_08(obs, era, guest, &row, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_MACHINE, &row);
        return r < 0 ? error_oom(e) : r;
}

static int read_disk_condition(enum jimv_era era, const struct json_node *disk, enum condition *ret, struct error *e)
{
        int64_t state;
        int r;

        r = read_state(disk, "state", "disk", &state, e);
        if (r < 0)
                return r;
        if (state == 1 || state == 2) /* idle, mounted */
                *ret = CONDITION_RUNNING;
        else if (state == 0) /* pending */
                *ret = CONDITION_CHANGING;
        else if (era == JIMV_08 && (state == 3 || state == 4)) /* being mounted, being unmounted */
                *ret = CONDITION_CHANGING;
        else if (state == 255) /* dirty */
                *ret = CONDITION_FAILED;
        else
                *ret = CONDITION_UNKNOWN;
        return 0;
}

/* Where the guest's system is: it stands first on the guest, or has the guest's own uuid. */
static int is_system_disk(const struct observation *obs, const struct json_node *disk, const struct row *row,
                          struct error *e)
{
        int64_t sequence = -1;
        int r;

        r = json_node_read_int64(json_node_member(disk, "sequence"), &sequence);
        if (r < 0 && r != -ENOENT)
                return no_reading("sequence", "disk", e);
        return sequence == 0 || text_equal(row->id, row->parent) || observation_find(obs, TYPE_MACHINE, row->id);
}

static int read_parent(struct observation *obs, const struct json_node *disk, const char **ret, struct error *e)
{
        int r;

        r = api_read_text(obs, disk, "guest_uuid", "disk", ret, e);
        return r == 0 && **ret && !jimv_uuid_valid(*ret) ? no_reading("guest_uuid", "disk", e) : r;
}

int jimv_read_disk(struct observation *obs, enum jimv_era era, const struct json_node *disk, struct error *e)
{
        struct row row = { 0 };
        int r;

        if ((r = read_uuid(obs, disk, "disk", &row.id, e)) < 0 || (r = read_parent(obs, disk, &row.parent, e)) < 0 ||
            (r = api_read_text(obs, disk, era == JIMV_08 ? "remark" : "label", "disk", &row.name, e)) < 0 ||
            (r = api_read_text(obs, disk, "create_time", "disk", &row.created, e)) < 0 ||
            (r = read_disk_condition(era, disk, &row.condition, e)) < 0 ||
            (r = api_read_number(disk, "size", "disk", GIBIBYTE, NUMBER_MAX, PROPERTY_SIZE, &row.values, e)) < 0 ||
            (r = is_system_disk(obs, disk, &row, e)) < 0)
                return r;
        if (r > 0)
                return 0;
        r = observation_add(obs, TYPE_DISK, &row);
        return r < 0 ? error_oom(e) : r;
}

int jimv_read_number(const struct json_node *row, int64_t *ret, struct error *e)
{
        if (json_node_read_int64(json_node_member(row, "id"), ret) < 0)
                return error_set(e, -EBADMSG, "a row of the provider's listing has no number (\"id\")");
        return 0;
}
