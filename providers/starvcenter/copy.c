/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/copy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/fields.h"
#include "reconcile/base/text.h"

#define MARKER "muster:" /* how a description of ours begins; the slot follows */
#define NAME_MAX_BYTES 256

/* The tag of a request: above the number of the detail that it is about. Others' tags have none of this bit. */
#define ASK_COPIES ((uint64_t)1 << 56)

const char *const copy_names[] = {
        MESSAGE_NAMES,     "backup.id",   "backup.name",   "backup.desc",   "backup.vmid",   "backup.createtime",
        "backup.enable",   "snapshot.id", "snapshot.name", "snapshot.desc", "snapshot.vmid", "snapshot.createtime",
        "snapshot.enable", NULL,
};

/* The words of one of the two. */
struct dialect {
        enum thing_type type;
        const char *what;
        const char *list, *create; /* paths; the first is that of deleting one, too */
        const char *id, *name, *description, *machine, *created, *usable;
};

static const struct dialect dialects[] = {
        { TYPE_BACKUP, "backup", "cloudvm/backup/", "cloudvm/backup/create", "backup.id", "backup.name", "backup.desc",
          "backup.vmid", "backup.createtime", "backup.enable" },
        { TYPE_SNAPSHOT, "snapshot", "cloudvm/snapshot/", "cloudvm/snapshot/create", "snapshot.id", "snapshot.name",
          "snapshot.desc", "snapshot.vmid", "snapshot.createtime", "snapshot.enable" },
};

static const struct dialect *dialect_of(enum thing_type type)
{
        return &dialects[type == TYPE_SNAPSHOT];
}

int copy_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
              struct error *e)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                const struct detail *detail = &obs->scope.details[i];
                _cleanup_request_ struct request rq = { 0 };

                if (!thing_is_copy(detail->of))
                        continue;
                r = message_id_request(account, METHOD_GET, dialect_of(detail->of)->list, detail->id, &rq, e);
                if (r < 0)
                        return r;
                rq.read = true;
                rq.tag = ASK_COPIES | i;
                r = request_list_add(further, &rq, e);
        }
        return r;
}

bool copy_is_asked(const struct request *rq)
{
        return rq->tag & ASK_COPIES && rq->tag < ASK_COPIES << 1;
}

/* One that is being made is not usable yet; whether one that is not usable will ever be is not said. A word that is in no document is a
 * state all the same. */
static int read_condition(const struct dialect *d, const struct json_node *copy, enum condition *ret, struct error *e)
{
        const struct json_node *said = json_node_member(copy, d->usable);
        bool usable;
        int r;

        r = json_node_read_bool(said, &usable);
        if (r == -EBADMSG && !json_node_is_string(said))
                return field_wrong(d->usable, d->what, e);
        *ret = r < 0 ? CONDITION_UNKNOWN : usable ? CONDITION_RUNNING : CONDITION_CHANGING;
        return 0;
}

/* The listing may match more loosely than it should: what is of another machine is none of this one's. */
static int read_copy(struct observation *obs, const struct dialect *d, const char *machine,
                     const struct json_node *copy, struct error *e)
{
        struct row row = { 0 };
        int r;

        if ((r = field_id(obs, copy, d->id, d->what, &row.id, e)) < 0 ||
            (r = field_text(obs, copy, d->description, d->what, &row.name, e)) < 0 ||
            (r = field_text(obs, copy, d->created, d->what, &row.created, e)) < 0 ||
            (r = field_text(obs, copy, d->machine, d->what, &row.parent, e)) < 0 ||
            (r = read_condition(d, copy, &row.condition, e)) < 0)
                return r;
        if (*row.parent && !text_equal(row.parent, machine))
                return 0;
        row.name = text_starts(row.name, MARKER) ? row.name + strlen(MARKER) : "";
        row.parent = machine;
        return observation_add(obs, d->type, &row) < 0 ? error_oom(e) : 0;
}

int copy_saw(const struct request *rq, const struct json_node *reply, enum message_result result,
             struct observation *obs, struct error *e)
{
        size_t number = (uint32_t)rq->tag, n = 0;
        const struct json_node *row = message_first_row(reply);
        const struct detail *detail;
        int r;

        if (number >= obs->scope.n_details || !thing_is_copy(obs->scope.details[number].of))
                return error_set(e, -EBADMSG, "the provider's reply is to a question that nobody asked");
        detail = &obs->scope.details[number];
        /* The machine may be busy, or gone: either way nothing is known of its copies, and of others' all the same. */
        if (result == RESULT_FAILED)
                return observation_miss(obs, detail->of, detail->id, e->text) < 0 ? error_oom(e) : 0;
        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r == 0 && i < n; i++, row = json_node_next(row)) {
                r = read_copy(obs, dialect_of(detail->of), detail->id, row, e);
                if (r < 0)
                        (void)error_wrap(e, r, "row %zu of the %ss of %s", i + 1, dialect_of(detail->of)->what,
                                         detail->id);
        }
        return r;
}

/* "nightly-web-0-12" of the slot "web-0/nightly-12": what people look for first stands first. */
static int name_of(const char *slot, char name[static NAME_MAX_BYTES])
{
        const char *slash = strchr(slot, '/'), *dash = strrchr(slot, '-');
        int n;

        if (!slash || !dash || dash < slash)
                return -EINVAL;
        n = snprintf(name, NAME_MAX_BYTES, "%.*s-%.*s%s", (int)(dash - slash - 1), slash + 1, (int)(slash - slot), slot,
                     dash);
        return n < NAME_MAX_BYTES ? 0 : -EINVAL;
}

static int create_params(const struct dialect *d, const struct order *order, json_t *params, struct error *e)
{
        _cleanup_free_ char *description = NULL;
        char name[NAME_MAX_BYTES];
        int r;

        if (!order->parent || !order->marker || name_of(order->name, name) < 0)
                return error_set(e, -EINVAL, "a starvcenter %s needs its machine and a name", d->what);
        if (asprintf(&description, MARKER "%s", order->marker) < 0) {
                description = NULL;
                return error_oom(e);
        }
        if ((r = message_put_text(params, d->machine, order->parent, e)) < 0 ||
            (r = message_put_text(params, d->name, name, e)) < 0)
                return r;
        return message_put_text(params, d->description, description, e);
}

int copy_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        const struct dialect *d = dialect_of(order->type);
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, d->list, order->id, ret, e);
        if (order->verb != ORDER_CREATE)
                return error_set(e, -EINVAL, "muster makes and deletes %ss of starvcenter, and nothing else", d->what);
        params = json_object();
        if (!params)
                return error_oom(e);
        r = create_params(d, order, params, e);
        return r < 0 ? r : message_request(account, METHOD_POST, d->create, params, ret, e);
}

const char *copy_made(const struct order *order, const struct json_node *made, char scratch[static 32])
{
        const struct json_node *id = json_node_member(made, dialect_of(order->type)->id);
        const char *text;

        return json_node_read_text(id, scratch, &text) < 0 || !message_id_valid(text) ? NULL : text;
}
