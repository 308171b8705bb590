/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

#define SCHEMA_VERSION 1
#define APPLICATION_ID 0x6D757374 /* "must" */

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/* Words rather than numbers for what is one of a few: rows are read by people, too. */
static const char schema[] =
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE accounts ("
        " name TEXT PRIMARY KEY, type TEXT NOT NULL, endpoint TEXT NOT NULL, recorded_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"

        "CREATE TABLE things ("
        " seq INTEGER PRIMARY KEY,"
        " account TEXT NOT NULL, resource TEXT NOT NULL, slot TEXT NOT NULL, id TEXT NOT NULL, created TEXT NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('owned', 'leaving', 'parked', 'released', 'gone')),"
        " adopted INTEGER NOT NULL CHECK (adopted IN (0, 1)),"
        " protect INTEGER NOT NULL CHECK (protect IN (0, 1)),"
        " ever_ready INTEGER NOT NULL CHECK (ever_ready IN (0, 1)),"
        " missing INTEGER NOT NULL CHECK (missing IN (0, 1)),"
        " leaked INTEGER NOT NULL CHECK (leaked IN (0, 1)),"
        " made_with TEXT NOT NULL, address TEXT NOT NULL,"
        " condition TEXT NOT NULL"
        "  CHECK (condition IN ('running', 'stopped', 'changing', 'asleep', 'failed', 'expired', 'unknown')),"
        " made_at INTEGER NOT NULL, gone_at INTEGER NOT NULL, note TEXT NOT NULL"
        ") STRICT;"
        "CREATE INDEX things_gone ON things (account, gone_at) WHERE state = 'gone';"

        "CREATE TABLE calls ("
        " seq INTEGER PRIMARY KEY,"
        " account TEXT NOT NULL, resource TEXT NOT NULL, slot TEXT NOT NULL,"
        " verb TEXT NOT NULL"
        "  CHECK (verb IN ('create', 'delete', 'start', 'shut down', 'power off', 'change', 'rename')),"
        " field TEXT NOT NULL, id TEXT NOT NULL,"
        " state TEXT NOT NULL CHECK (state IN ('intent', 'sending', 'accepted', 'unknown', 'resolved')),"
        " counts TEXT NOT NULL CHECK (counts IN ('nothing', 'create', 'delete', 'replace')),"
        " wanted TEXT NOT NULL,"
        " made_at INTEGER NOT NULL, boot TEXT NOT NULL, made_at_boot INTEGER NOT NULL,"
        " outcome TEXT NOT NULL, note TEXT NOT NULL, request TEXT NOT NULL, resolved_at INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX calls_open ON calls (seq) WHERE state <> 'resolved';"
        "CREATE INDEX calls_counted_by_boot ON calls (account, boot, made_at_boot) WHERE counts <> 'nothing';"
        "CREATE INDEX calls_counted_by_time ON calls (account, made_at) WHERE counts <> 'nothing';"
        "CREATE INDEX calls_replacing ON calls (account, slot) WHERE counts = 'replace';"
        /* A row's seq stands at the end of its entry in each index: what these find is in the order of seq already. */
        "CREATE INDEX calls_by_resource ON calls (resource);"
        "CREATE INDEX calls_by_slot ON calls (slot);"

        "CREATE TABLE pauses (resource TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE requests ("
        " seq INTEGER PRIMARY KEY,"
        " verb TEXT NOT NULL CHECK (verb IN ('adopt', 'forget', 'accept-loss', 'retry', 'pause', 'resume')),"
        " account TEXT NOT NULL, resource TEXT NOT NULL, slot TEXT NOT NULL, id TEXT NOT NULL,"
        " reason TEXT NOT NULL,"
        " ok INTEGER CHECK (ok IN (0, 1)), answer TEXT, CHECK ((ok IS NULL) = (answer IS NULL))"
        ") STRICT;"

        "CREATE TABLE status ("
        " seq INTEGER PRIMARY KEY,"
        " resource TEXT NOT NULL, provider TEXT NOT NULL, phase TEXT NOT NULL, reason TEXT NOT NULL,"
        " desired INTEGER NOT NULL, ready INTEGER NOT NULL, message TEXT NOT NULL,"
        " since INTEGER NOT NULL, next_attempt INTEGER NOT NULL"
        ") STRICT;"

        "PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";"
                                                           "PRAGMA user_version = " TEXT_OF(SCHEMA_VERSION) ";";

struct ledger_store *ledger_store_free(struct ledger_store *store)
{
        if (!store)
                return NULL;

        db_query_free(store->write_account);
        db_query_free(store->write_thing);
        db_query_free(store->write_call);
        db_query_free(store->write_pause);
        db_query_free(store->drop_pause);
        db_query_free(store->write_reply);
        db_query_free(store->drop_calls);
        db_query_free(store->drop_requests);
        db_query_free(store->recent_calls);
        db_query_free(store->recent_replacements);
        db_query_free(store->recent_losses);
        db_query_free(store->next_request);
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

/* One number out of a statement without parameters. */
static int ask_number(struct db *db, const char *sql, int64_t *ret, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = db_prepare(db, sql, &q, e);
        if (r < 0)
                return r;

        r = db_step(q, e);
        if (r < 0)
                return r;

        *ret = r > 0 ? db_int64(q, 0) : 0;
        return 0;
}

static int is_blank(struct db *db, struct error *e)
{
        int64_t n = 0;
        int r;

        r = ask_number(db, "SELECT count(*) FROM sqlite_schema", &n, e);
        return r < 0 ? r : n == 0;
}

/* A blank database is what remains when the making of a ledger was cut short: the same as none. */
static int check_schema(struct db *db, const char *path, struct error *e)
{
        int64_t application = 0, version = 0;
        int r;

        r = ask_number(db, "PRAGMA application_id", &application, e);
        if (r == 0)
                r = ask_number(db, "PRAGMA user_version", &version, e);
        if (r < 0)
                return r;

        if (application == 0 && version == 0) {
                r = is_blank(db, e);
                if (r < 0)
                        return r;
                if (r > 0)
                        return error_set(e, -ENOENT, "%s: holds no ledger, its making was cut short", path);
        }
        if (application != APPLICATION_ID || version < 1)
                return error_set(e, -EBADMSG, "%s: a database, but not a ledger", path);
        if (version > SCHEMA_VERSION)
                return error_set(e, -EPROTO, "%s: written by a newer muster (schema %lld, this one knows %d)", path,
                                 (long long)version, SCHEMA_VERSION);

        return 0;
}

int ledger_store_attach(const char *path, bool writable, struct db **ret, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        int r;

        r = db_open(path, writable ? DB_WRITE : DB_READ, &db, e);
        if (r < 0)
                return r;

        r = check_schema(db, path, e);
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

        for (char *p = strchr(folder + 1, '/'); *path && p; p = strchr(p + 1, '/')) {
                *p = '\0';
                if (mkdir(folder, 0700) < 0 && errno != EEXIST)
                        return error_set(e, -errno, "cannot make the folder %s: %s", folder, strerror(errno));
                *p = '/';
        }

        return 0;
}

static int write_schema(struct db *db, const char *path, const char *estate, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = is_blank(db, e);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(e, -EEXIST, "%s: there is a ledger already", path);

        r = db_exec(db, schema, e);
        if (r < 0)
                return r;

        r = db_prepare(db, "INSERT INTO meta (key, value) VALUES ('estate', ?1)", &q, e);
        if (r < 0)
                return r;

        db_bind_text(q, 1, estate);
        return db_run(q, e);
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

        r = write_schema(db, path, estate, e);
        if (r < 0) {
                db_rollback(db);
                return r;
        }

        r = db_commit(db, e);
        if (r < 0)
                return r;

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
                } else {
                        continue;
                }

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
