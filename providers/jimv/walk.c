/* SPDX-License-Identifier: MIT */
#include "providers/jimv/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "providers/jimv/message.h"
#include "reconcile/base/text.h"

/* Rows of a page: the vendor knows no most, and a guest's row has a domain's whole XML in it, some 4 KB. */
#define PAGE 250
#define COUNT_MAX 1000000
#define NUMBER_MAX 100000000
#define GIBIBYTE ((int64_t)1 << 30)

/* What a request asks for: its tag. A page's offset stands above these bits. */
enum question { ASK_GUESTS, ASK_DISKS, ASK_ONE };
#define QUESTION_BITS 2

enum step { STEP_PAGES, STEP_MOVED };

static enum thing_type type_of(enum question question)
{
        return question == ASK_DISKS ? TYPE_DISK : TYPE_MACHINE;
}

static int ask_page(const struct account_config *account, enum question question, int64_t offset,
                    struct request_list *further, struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        char path[128];
        int r;

        (void)snprintf(path, sizeof(path), "api/%s?offset=%" PRId64 "&limit=%d&order_by=id&order=asc",
                       question == ASK_DISKS ? "disks" : "guests", offset, PAGE);
        r = jimv_request(account, METHOD_GET, path, NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, question | (uint64_t)offset << QUESTION_BITS, further, e);
}

static int ask_one(const struct account_config *account, const struct scope *scope, struct request_list *further,
                   struct error *e)
{
        const char *guests = jimv_is_0_8(account) ? "api/guests/" : "api/guest/";
        _cleanup_buf_ struct buf path = BUF_INIT(API_MAX);
        _cleanup_request_ struct request rq = { 0 };
        int r;

        buf_adds(&path, scope->of == TYPE_DISK ? "api/disks/" : guests);
        r = api_add_id(&path, scope->id, e);
        if (r == 0)
                r = jimv_request(account, METHOD_GET, buf_text(&path), NULL, &rq, e);
        return r < 0 ? r : api_ask(&rq, ASK_ONE, further, e);
}

int jimv_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r = 0;

        if (obs->scope.type == SCOPE_ONE)
                return ask_one(account, &obs->scope, further, e);
        if (observation_covers(obs, TYPE_MACHINE))
                r = ask_page(account, ASK_GUESTS, 0, further, e);
        if (r == 0 && observation_covers(obs, TYPE_DISK))
                r = ask_page(account, ASK_DISKS, 0, further, e);
        return r;
}

/* Era 2017. What is said to be shutting down, migrating or the like is on its way. */
static enum condition condition_2017(int64_t status)
{
        switch (status) {
        case 1:
        case 2:
                return CONDITION_RUNNING;
        case 3:
        case 7:
                return CONDITION_ASLEEP;
        case 5:
                return CONDITION_STOPPED;
        case 6:
        case 255:
                return CONDITION_FAILED;
        case 0:
        case 4:
        case 8:
        case 9:
        case 10:
                return CONDITION_CHANGING;
        default:
                return CONDITION_UNKNOWN;
        }
}

/* Era 0.8. A guest whose host is silent is listed as 0, which says nothing of how it is. */
static enum condition condition_0_8(int64_t status)
{
        switch (status) {
        case 2:
        case 3:
                return CONDITION_RUNNING;
        case 4:
        case 8:
                return CONDITION_ASLEEP;
        case 6:
                return CONDITION_STOPPED;
        case 7:
        case 255:
                return CONDITION_FAILED;
        case 0:
        case 1:
        case 5:
        case 9:
        case 10:
        case 11:
        case 12:
                return CONDITION_CHANGING;
        default:
                return CONDITION_UNKNOWN;
        }
}

static enum condition condition_of_disk(int64_t state)
{
        switch (state) {
        case 1:
        case 2:
                return CONDITION_RUNNING;
        case 0:
        case 3:
        case 4:
                return CONDITION_CHANGING;
        case 255:
                return CONDITION_FAILED;
        default:
                return CONDITION_UNKNOWN;
        }
}

static int read_state(const json_t *row, const char *key, const char *what, int64_t *ret, struct error *e)
{
        if (json_read_int64(json_object_get(row, key), ret) < 0)
                return error_set(e, -EBADMSG, "\"%s\" of a %s in the provider's reply is not what it should be", key,
                                 what);
        return 0;
}

/* A template's id is a number there, and a text in a spec. 0: none is shown. */
static int read_template(struct observation *obs, const json_t *guest, const char *key, struct values *values,
                         struct error *e)
{
        const char *id;
        int r;

        r = api_read_text(obs, guest, key, "guest", &id, e);
        if (r == 0 && *id && !text_equal(id, "0"))
                values_set_text(values, PROPERTY_TEMPLATE, id);
        return r;
}

/* Passwords and the domain's XML stand beside all this, and are not looked at. */
static int read_guest(const struct account_config *account, struct observation *obs, const json_t *guest,
                      struct error *e)
{
        bool newer = jimv_is_0_8(account);
        struct row row = { .can_shut_down = true };
        int64_t status;
        int r;

        if ((r = api_read_id(obs, guest, "uuid", "guest", &row.id, e)) < 0 ||
            (r = api_read_text(obs, guest, newer ? "remark" : "name", "guest", &row.name, e)) < 0 ||
            (r = api_read_text(obs, guest, "ip", "guest", &row.address, e)) < 0 ||
            (r = api_read_text(obs, guest, "create_time", "guest", &row.created, e)) < 0 ||
            (r = api_read_text(obs, guest, "node_id", "guest", &row.traits, e)) < 0 ||
            (r = read_state(guest, "status", "guest", &status, e)) < 0 ||
            (r = api_read_number(guest, "cpu", "guest", 1, NUMBER_MAX, PROPERTY_CPU, &row.values, e)) < 0 ||
            (r = api_read_number(guest, "memory", "guest", GIBIBYTE, NUMBER_MAX, PROPERTY_MEMORY, &row.values, e)) <
                    0 ||
            (r = read_template(obs, guest, newer ? "os_template_image_id" : "os_template_id", &row.values, e)) < 0)
                return r;
        if (newer)
                r = api_read_number(guest, "bandwidth", "guest", 1, INT64_MAX, PROPERTY_BANDWIDTH, &row.values, e);
        if (r < 0)
                return r;
        row.condition = newer ? condition_0_8(status) : condition_2017(status);
        r = observation_add(obs, TYPE_MACHINE, &row);
        return r < 0 ? error_oom(e) : 0;
}

/* A system disk has its guest's uuid, or is the first of its guest: it is nobody's business. */
static bool is_system_disk(const json_t *disk, const struct row *row)
{
        int64_t sequence;

        return text_equal(row->id, row->parent) ||
               (*row->parent && json_read_int64(json_object_get(disk, "sequence"), &sequence) == 0 && sequence == 0);
}

static int read_disk(const struct account_config *account, struct observation *obs, const json_t *disk,
                     size_t *ret_system, struct error *e)
{
        struct row row = { 0 };
        int64_t state;
        int r;

        if ((r = api_read_id(obs, disk, "uuid", "disk", &row.id, e)) < 0 ||
            (r = api_read_text(obs, disk, jimv_is_0_8(account) ? "remark" : "label", "disk", &row.name, e)) < 0 ||
            (r = api_read_text(obs, disk, "guest_uuid", "disk", &row.parent, e)) < 0 ||
            (r = api_read_text(obs, disk, "create_time", "disk", &row.created, e)) < 0 ||
            (r = read_state(disk, "state", "disk", &state, e)) < 0 ||
            (r = api_read_number(disk, "size", "disk", GIBIBYTE, NUMBER_MAX, PROPERTY_SIZE, &row.values, e)) < 0)
                return r;
        if (is_system_disk(disk, &row)) {
                (*ret_system)++;
                return 0;
        }
        row.condition = condition_of_disk(state);
        r = observation_add(obs, TYPE_DISK, &row);
        return r < 0 ? error_oom(e) : 0;
}

/* Offsets are good only for as long as nothing comes or goes. `step` counts system disks above its lowest bit: they are among what
 * the vendor counts. */
static int saw_page(const struct account_config *account, enum question question, int64_t offset, const json_t *reply,
                    struct observation *obs, struct request_list *further, struct error *e)
{
        struct listed *listed = &obs->of[type_of(question)];
        const json_t *rows = json_object_get(reply, "data");
        size_t system = 0;
        int64_t total;
        int r = 0;

        if (!json_is_array(rows) || json_array_size(rows) > PAGE)
                return error_set(e, -EBADMSG, "the provider's list is none, or longer than was asked for");
        if (json_read_int64(json_object_get(json_object_get(reply, "paging"), "total"), &total) < 0 || total < 0 ||
            total > COUNT_MAX)
                return error_set(e, -EBADMSG, "\"total\" of the provider's list is no number of rows");
        if (listed->pages_read++ == 0)
                listed->total = total;
        else if (listed->total != total)
                listed->step |= STEP_MOVED;
        for (size_t i = 0; r == 0 && i < json_array_size(rows); i++)
                r = question == ASK_DISKS ? read_disk(account, obs, json_array_get(rows, i), &system, e)
                                          : read_guest(account, obs, json_array_get(rows, i), e);
        listed->step += (unsigned)system << 1;
        for (int64_t next = PAGE; r == 0 && offset == 0 && next < total; next += PAGE)
                r = ask_page(account, question, next, further, e);
        return r;
}

static int saw_one(const struct account_config *account, const json_t *reply, struct observation *obs, struct error *e)
{
        const json_t *data = json_object_get(reply, "data");
        const struct listed *listed = &obs->of[obs->scope.of];
        size_t system = 0;
        int r;

        if (json_is_array(data) && json_array_size(data) == 1)
                data = json_array_get(data, 0);
        r = obs->scope.of == TYPE_DISK ? read_disk(account, obs, data, &system, e) : read_guest(account, obs, data, e);
        if (r == 0 && (!listed->n_rows || !text_equal(listed->rows[0].id, obs->scope.id)))
                return error_set(e, -EBADMSG, "the provider's reply shows another one than was asked for");
        return r;
}

int jimv_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e)
{
        enum question question = (enum question)(rq->tag & ((1u << QUESTION_BITS) - 1));
        _cleanup_json_ json_t *reply = NULL;
        int64_t code = 0;
        int r;

        r = jimv_open(account, rp, &reply, &code, e);
        if (r == -EBADMSG && (rp->status == 429 || rp->status == 503))
                return reply_status_check(rp, e);
        if (r == 1 && question == ASK_ONE && code == JIMV_NOT_THERE) {
                obs->denied = true;
                return 0;
        }
        if (r != 0)
                return r == 1 ? -EBADMSG : r;
        if (question == ASK_ONE)
                return saw_one(account, reply, obs, e);
        return saw_page(account, question, (int64_t)(rq->tag >> QUESTION_BITS), reply, obs, further, e);
}

static int check_type(const struct observation *obs, enum thing_type type, struct error *e)
{
        const struct listed *listed = &obs->of[type];
        int64_t shown = (int64_t)listed->n_rows + (listed->step >> 1);

        if (!observation_covers(obs, type) || (!(listed->step & STEP_MOVED) && shown == listed->total))
                return 0;
        return error_set(e, -ESTALE,
                         "the provider's pages do not fit together: it says that there are %" PRId64
                         " %ss, and shows %" PRId64,
                         listed->total, type == TYPE_DISK ? "disk" : "guest", shown);
}

int jimv_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r;

        (void)account;
        (void)further;
        if (obs->scope.type == SCOPE_ONE)
                return 0;
        r = check_type(obs, TYPE_MACHINE, e);
        return r < 0 ? r : check_type(obs, TYPE_DISK, e);
}
