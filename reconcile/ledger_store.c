/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

struct ledger_store *ledger_store_free(struct ledger_store *store)
{
        if (!store)
                return NULL;

        db_query_free(store->write_account);
        db_query_free(store->write_thing);
        db_query_free(store->write_call);
        db_query_free(store->write_pause);
        db_query_free(store->drop_pause);
        db_query_free(store->write_stranger);
        db_query_free(store->write_reply);
        db_query_free(store->drop_calls);
        db_query_free(store->drop_requests);
        db_query_free(store->recent_calls);
        db_query_free(store->recent_replacements);
        db_query_free(store->recent_losses);
        db_query_free(store->next_request);
        db_query_free(store->made_in_boot);
        db_free(store->db);
        free(store);

        return NULL;
}

int ledger_store_prepare(struct ledger_store *store, struct db_query **q, const char *sql, struct error *e)
{
        return *q ? 0 : db_prepare(store->db, sql, q, e);
}

int ledger_store_begin(struct ledger_store *store, struct error *e)
{
        int r;

        if (!store)
                return error_set(e, -EROFS, "there is no ledger to write to");
        if (!store->writable)
                return error_set(e, -EROFS, "the ledger was opened for reading only");
        if (store->failed)
                return error_set(e, -ESTALE, "the ledger could not be written before and must be opened again");

        r = db_begin(store->db, e);
        if (r < 0)
                store->failed = true;

        return r;
}

int ledger_store_end(struct ledger_store *store, int r, struct error *e)
{
        if (r < 0)
                db_rollback(store->db);
        else
                r = db_commit(store->db, e);

        if (r < 0)
                store->failed = true;
        else
                store->commits++;

        return r;
}

int ledger_store_attach(const char *path, bool writable, struct db **ret, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        int r;

        r = db_open(path, writable ? DB_WRITE : DB_READ, &db, e);
        if (r < 0)
                return r;

        r = ledger_schema_check(db, path, writable, e);
        if (r < 0)
                return r;

        *ret = STEAL(db);
        return 0;
}

int ledger_make_folders(const char *path, struct error *e)
{
        _cleanup_free_ char *folder = strdup(path);

        if (!folder)
                return error_oom(e);

        for (char *p = *folder ? strchr(folder + 1, '/') : NULL; p; p = strchr(p + 1, '/')) {
                *p = '\0';
                if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                        return error_errno(e, "cannot make the folder %s", folder);
                *p = '/';
        }

        return 0;
}

/* Of two who make the same ledger at once one finds it not blank any more. */
static int make_database(const char *path, const char *estate, struct db **ret, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        int r;

        r = ledger_make_folders(path, e);
        if (r < 0)
                return r;

        r = db_open(path, DB_CREATE, &db, e);
        if (r == -EEXIST)
                r = db_open(path, DB_WRITE, &db, e);
        if (r < 0)
                return r;

        r = db_begin(db, e);
        if (r < 0)
                return r;

        r = ledger_schema_write(db, path, estate, e);
        if (r < 0) {
                db_rollback(db);
                return r;
        }

        FAILPOINT("before", "schema");
        r = db_commit(db, e);
        if (r < 0)
                return r;
        FAILPOINT("after", "schema");

        *ret = STEAL(db);
        return 0;
}

static const char *read_boot_id(struct ledger *l)
{
        _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        char id[64] = "";

        if (fd < 0 || read(fd, id, sizeof(id) - 1) <= 0)
                return UNKNOWN_BOOT;

        id[strcspn(id, "\n")] = '\0';
        return ledger_string(l, id);
}

/* Where the system tells no id, calls go by the wall clock alone. */
const char *ledger_store_boot(const struct ledger *l)
{
        return strcmp(l->boot, UNKNOWN_BOOT) == 0 ? NULL : l->boot;
}

static int attach(struct ledger *l, const char *path, enum ledger_mode mode, const char *estate, struct error *e)
{
        l->path = ledger_string(l, path);
        l->boot = read_boot_id(l);
        l->store = calloc(1, sizeof(*l->store));
        if (!l->path || !l->boot || !l->store)
                return error_oom(e);

        l->store->writable = mode != LEDGER_READ;
        if (mode == LEDGER_CREATE)
                return make_database(path, estate, &l->store->db, e);

        return ledger_store_attach(path, l->store->writable, &l->store->db, e);
}

/* A create that may have made something that nothing will tell from others. */
static bool is_unmarked(const struct call *call)
{
        return call->verb == ORDER_CREATE && call->state != CALL_RESOLVED && !*call->marker;
}

/* Whoever held the ledger before is gone: what was not sent will not be, and what was being sent has no witness. */
static int take_over_calls(struct ledger *l, struct error *e)
{
        for (size_t i = 0; i < l->n_calls; i++) {
                struct call *call = l->calls[i];

                if (call->state == CALL_INTENT) {
                        call->state = CALL_RESOLVED;
                        call->outcome = ledger_string(l, "never sent");
                } else if (call->state == CALL_SENDING) {
                        call->state = CALL_UNKNOWN;
                } else if (!is_unmarked(call)) {
                        continue;
                }
                call->cuts += is_unmarked(call);

                if (!call->outcome || ledger_touch_call(l, call) < 0)
                        return error_oom(e);
        }

        return 0;
}

int ledger_open(const char *path, enum ledger_mode mode, const char *estate, struct ledger **ret, struct error *e)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        int r;

        r = ledger_new_empty(&l);
        if (r < 0)
                return error_oom(e);

        r = attach(l, path, mode, estate, e);
        if (r < 0)
                return r;

        r = ledger_store_load(l, e);
        if (r < 0)
                return r;

        if (mode == LEDGER_WRITE) {
                r = take_over_calls(l, e);
                if (r < 0)
                        return r;
        }

        *ret = STEAL(l);
        return 0;
}
