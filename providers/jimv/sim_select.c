/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "providers/jimv/sim_wire.h"
#include "reconcile/base/array.h"

void jimv_sim_selection_done(struct selection *x)
{
        free(x->uuids);
        free(x->records);
}

/* As loosely as the vendor looks. */
static bool is_uuid(const char *text)
{
        size_t n = 0;

        for (; *text; text++, n++)
                if (*text != '-' && *text != '_' && !isalnum((unsigned char)*text))
                        return false;
        return n == UUID_SIZE - 1;
}

/* One that is named twice counts once. */
static int select_one(struct selection *x, const struct records *t, const char *uuid)
{
        struct record *r = records_find(t, uuid), **added;

        x->n_named++;
        if (!r) {
                x->missing = x->missing ? x->missing : uuid;
                return 0;
        }
        for (size_t i = 0; i < x->n_records; i++)
                if (x->records[i] == r)
                        return 0;
        added = ARRAY_ADD(x->records, x->n_records, x->allocated_records);
        if (!added)
                return -ENOMEM;
        *added = r;
        return 0;
}

bool jimv_sim_select_some(struct plain_call *c, const struct records *t, const char *capture, struct selection *x,
                          int *ret_r)
{
        char *rest = x->uuids = strdup(capture);

        *ret_r = rest ? 0 : -ENOMEM;
        for (char *uuid; *ret_r == 0 && (uuid = strsep(&rest, ","));) {
                if (!is_uuid(uuid)) {
                        *ret_r = jimv_sim_no(c, 41209, "uuids");
                        return false;
                }
                *ret_r = select_one(x, t, uuid);
        }
        return *ret_r == 0;
}

bool jimv_sim_select_all(struct plain_call *c, const struct records *t, const char *capture, struct selection *x,
                         int *ret_r)
{
        if (!jimv_sim_select_some(c, t, capture, x, ret_r))
                return false;
        if (x->missing)
                *ret_r = jimv_sim_no_record(c, x->missing);
        return !x->missing;
}

struct record *jimv_sim_select_one(struct plain_call *c, const struct records *t, const char *capture, int *ret_r)
{
        struct record *r = records_find(t, capture);

        if (strlen(capture) != UUID_SIZE - 1)
                *ret_r = jimv_sim_no(c, 41203, "uuid");
        else if (!r)
                *ret_r = jimv_sim_no_record(c, capture);
        return strlen(capture) == UUID_SIZE - 1 ? r : NULL;
}

int jimv_sim_no_record(struct plain_call *c, const char *uuid)
{
        _cleanup_buf_ struct buf about = BUF_INIT(4096);

        if (c->s->era == ERA_2017)
                return jimv_sim_no(c, 40401, "id");
        buf_addf(&about, "uuid: %s", uuid);
        return jimv_sim_no(c, 40401, buf_text(&about));
}
