/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A vendor whose machines, disks and backups are arrays, and its codec: what hangs on a machine is one question for each of them.
 */

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/reconcile/test_ledger_fixture.h"

#define MACHINES_MAX 12000
#define GIB ((int64_t)1 << 30)

enum answer { ANSWER, LOST, SLOW, ERROR, HTML };

struct disk { /* or a backup */
        char id[24], name[64];
        bool backup;
        int machine; /* its number */
        int64_t size;
        struct disk *next; /* of the machine */
};

struct vendor {
        char machines[MACHINES_MAX][24]; /* "vm-1": names, by number; "": it is gone */
        size_t n_machines;
        struct disk disks[MACHINES_MAX];
        size_t n_disks;
        struct disk *of[MACHINES_MAX];     /* the disks of each */
        enum answer answers[MACHINES_MAX]; /* to the questions for what hangs on each */
        unsigned asked[MACHINES_MAX];      /* how often, since the test began to count */
        bool lose_replies;                 /* of what acts: it is done */
        unsigned acted;
};

/* The codec has no other memory than its vendor. */
static struct vendor vendor;

static const char *id_of(size_t number, char id[static 24])
{
        (void)snprintf(id, 24, "vm-%u", (unsigned)number);
        return id;
}

static size_t number_of(const char *id)
{
        size_t number;

        assert_int_equal(sscanf(id, "vm-%zu", &number), 1);
        return number;
}

static int ask(struct request_list *further, bool read, size_t detail, struct error *e, const char *format, ...)
        _printf_(5, 6);

static int ask(struct request_list *further, bool read, size_t detail, struct error *e, const char *format, ...)
{
        _cleanup_request_ struct request rq = { .read = read, .detail = detail };
        va_list ap;

        va_start(ap, format);
        assert_true(vasprintf(&rq.url, format, ap) > 0);
        va_end(ap);
        return request_list_add(further, &rq, e);
}

static int look(_unused_ const struct account_config *account, struct observation *obs, struct request_list *further,
                struct error *e)
{
        int r = ask(further, true, 0, e, "machines");

        for (size_t i = 0; i < obs->scope.n_details && r == 0; i++)
                r = ask(further, true, i + 1, e, "%s %s", obs->scope.details[i].of == TYPE_BACKUP ? "backups" : "disks",
                        obs->scope.details[i].id);
        return r;
}

/* The machine that is asked for what hangs on it; NULL: it is another request. */
static const char *asked_of(const char *url)
{
        return text_starts(url, "disks ") || text_starts(url, "backups ") ? strchr(url, ' ') + 1 : NULL;
}

static void saw_machines(struct observation *obs)
{
        char id[24];

        for (size_t i = 0; i < vendor.n_machines; i++) {
                const struct row row = { .id = observation_string(obs, id_of(i, id)),
                                         .name = observation_string(obs, vendor.machines[i]),
                                         .condition = CONDITION_RUNNING };

                if (*row.name)
                        assert_int_equal(observation_add(obs, TYPE_MACHINE, &row), 1);
        }
}

static void saw_disks(struct observation *obs, const char *machine, bool backups)
{
        for (const struct disk *d = vendor.of[number_of(machine)]; d; d = d->next) {
                struct row row = { .id = observation_string(obs, d->id),
                                   .name = observation_string(obs, d->name),
                                   .parent = observation_string(obs, machine),
                                   .condition = CONDITION_RUNNING };

                if (!*d->name || d->backup != backups)
                        continue;
                if (!backups)
                        values_set_number(&row.values, PROPERTY_SIZE, d->size);
                assert_int_equal(observation_add(obs, backups ? TYPE_BACKUP : TYPE_DISK, &row), 1);
        }
}

static int saw(_unused_ const struct account_config *account, const struct request *rq, struct reply *rp,
               struct observation *obs, _unused_ struct request_list *further, struct error *e)
{
        int r = reply_status_check(rp, e);

        if (r < 0)
                return r;
        if (text_equal(rp->body, "<html>"))
                return error_set(e, -EBADMSG, "that is a page");
        if (text_equal(rq->url, "machines"))
                saw_machines(obs);
        else
                saw_disks(obs, asked_of(rq->url), text_starts(rq->url, "backups"));
        return 0;
}

static int seen(_unused_ const struct account_config *account, _unused_ struct observation *obs,
                _unused_ struct request_list *further, _unused_ struct error *e)
{
        return 0;
}

static int act(_unused_ const struct account_config *account, const struct order *order, struct request *ret,
               struct error *e)
{
        _cleanup_request_list_ struct request_list one = { 0 };
        int64_t size = values_known(order->wanted, PROPERTY_SIZE) ? order->wanted->of[PROPERTY_SIZE].number : 0;
        int r;

        r = ask(&one, false, 0, e, "%d %d %s %s %lld", (int)order->type, (int)order->verb,
                order->verb == ORDER_CREATE ? order->name : order->id, order->parent ? order->parent : "-",
                (long long)size);
        *ret = one.requests[0];
        one.requests[0] = (struct request){ 0 };
        return r;
}

static void acted(_unused_ const struct account_config *account, _unused_ const struct order *order,
                  _unused_ struct reply *rp, struct outcome *ret)
{
        *ret = (struct outcome){ .class = OUTCOME_ACCEPTED };
}

static struct disk *add_disk(int machine, const char *name, int64_t size)
{
        struct disk *d = &vendor.disks[vendor.n_disks];

        assert_true(vendor.n_disks < MACHINES_MAX);
        *d = (struct disk){ .machine = machine, .size = size, .next = vendor.of[machine] };
        vendor.of[machine] = d;
        (void)snprintf(d->id, sizeof(d->id), "disk-%u", (unsigned)vendor.n_disks++);
        (void)snprintf(d->name, sizeof(d->name), "%s", name);
        return d;
}

static struct disk *disk_named(const char *name)
{
        struct disk *found = NULL;

        for (size_t i = 0; i < vendor.n_disks; i++) {
                if (!text_equal(vendor.disks[i].name, name))
                        continue;
                assert_null(found); /* no two of one name */
                found = &vendor.disks[i];
        }
        return found;
}

/* What the vendor does on a request that acts. */
static void serve(const char *url)
{
        char what[64], parent[24];
        int type, verb;
        long long size;

        assert_int_equal(sscanf(url, "%d %d %63s %23s %lld", &type, &verb, what, parent, &size), 5);
        vendor.acted++;
        if (type == TYPE_MACHINE) {
                assert_int_equal(verb, ORDER_CREATE);
                assert_true(vendor.n_machines < MACHINES_MAX);
                (void)snprintf(vendor.machines[vendor.n_machines++], 24, "%.23s", what);
                return;
        }
        if (verb == ORDER_CREATE) {
                assert_null(disk_named(what));
                add_disk((int)number_of(parent), what, size)->backup = type == TYPE_BACKUP;
                return;
        }
        for (size_t i = 0; i < vendor.n_disks; i++)
                if (text_equal(vendor.disks[i].id, what)) {
                        assert_true(*vendor.disks[i].name);
                        if (verb == ORDER_DELETE)
                                vendor.disks[i].name[0] = '\0';
                        else
                                vendor.disks[i].size = size;
                }
}

static const struct making *making(_unused_ const struct pairs *options)
{
        static const struct making all[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true, .marker = MARKER_NAME, .name_stays = true },
                [TYPE_DISK] = { .possible = true, .marker = MARKER_NAME, .name_stays = true, .goes_along = true },
                [TYPE_BACKUP] = { .possible = true, .marker = MARKER_NAME, .name_stays = true, .goes_along = true },
        };

        return all;
}

static const struct machine_support machines_have[] = {
        { "disks", .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { NULL },
};

static const struct provider codec = {
        .type = "starvcenter",
        .machines = machines_have,
        .making = making,
        .timing = { USEC_PER_SEC, USEC_PER_SEC, USEC_PER_SEC, USEC_PER_SEC, USEC_PER_SEC },
        .look = look,
        .saw = saw,
        .seen = seen,
        .act = act,
        .acted = acted,
};

static const struct provider *provider_find(_unused_ const char *type)
{
        return &codec;
}
