/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

/*
 * The tables of the ledger, and how those of an older schema become the ones of today: whoever opens the ledger to write brings it up
 * to date, in one transaction.
 */

#define SCHEMA_VERSION 2
#define APPLICATION_ID 0x6D757374 /* "must" */

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)
#define SCHEMA_IS_CURRENT "PRAGMA user_version = " TEXT_OF(SCHEMA_VERSION) ";"

/* Words rather than numbers for what is one of a few: rows are read by people, too. One by one and not IN a list, for which SQLite makes
 * a table in memory each time that a row is written. */
#define THINGS                                                                                                \
        "CREATE TABLE things ("                                                                               \
        " seq INTEGER PRIMARY KEY,"                                                                           \
        " account TEXT NOT NULL, resource TEXT NOT NULL, type TEXT NOT NULL, slot TEXT NOT NULL,"             \
        " id TEXT NOT NULL, created TEXT NOT NULL,"                                                           \
        " state TEXT NOT NULL CHECK (state = 'owned' OR state = 'leaving' OR state = 'parked' OR"             \
        "  state = 'released' OR state = 'gone'),"                                                            \
        " adopted INTEGER NOT NULL CHECK (adopted IN (0, 1)),"                                                \
        " protect INTEGER NOT NULL CHECK (protect IN (0, 1)),"                                                \
        " ever_ready INTEGER NOT NULL CHECK (ever_ready IN (0, 1)),"                                          \
        " missing INTEGER NOT NULL CHECK (missing IN (0, 1)),"                                                \
        " leaked INTEGER NOT NULL CHECK (leaked IN (0, 1)),"                                                  \
        " made_with TEXT NOT NULL, address TEXT NOT NULL,"                                                    \
        " condition TEXT NOT NULL"                                                                            \
        "  CHECK (condition = 'running' OR condition = 'stopped' OR condition = 'changing' OR"                \
        "  condition = 'asleep' OR condition = 'failed' OR condition = 'expired' OR condition = 'unshown' OR" \
        "  condition = 'unknown'),"                                                                           \
        " made_at INTEGER NOT NULL, gone_at INTEGER NOT NULL, note TEXT NOT NULL"                             \
        ") STRICT;"                                                                                           \
        "CREATE INDEX things_gone ON things (account, gone_at) WHERE state = 'gone';"

/* A row's seq stands at the end of its entry in each index: what these find is in the order of seq already. */
#define CALLS                                                                                                  \
        "CREATE TABLE calls ("                                                                                 \
        " seq INTEGER PRIMARY KEY,"                                                                            \
        " account TEXT NOT NULL, resource TEXT NOT NULL, slot TEXT NOT NULL, type TEXT NOT NULL,"              \
        " verb TEXT NOT NULL"                                                                                  \
        "  CHECK (verb = 'create' OR verb = 'delete' OR verb = 'start' OR verb = 'shut down' OR"               \
        "  verb = 'power off' OR verb = 'change' OR verb = 'rename' OR verb = 'attach' OR verb = 'detach'),"   \
        " field TEXT NOT NULL, id TEXT NOT NULL,"                                                              \
        " state TEXT NOT NULL CHECK (state = 'intent' OR state = 'sending' OR state = 'accepted' OR"           \
        "  state = 'unknown' OR state = 'resolved'),"                                                          \
        " counts TEXT NOT NULL CHECK (counts = 'nothing' OR counts = 'create' OR counts = 'delete' OR"         \
        "  counts = 'replace'),"                                                                               \
        " wanted TEXT NOT NULL,"                                                                               \
        " made_at INTEGER NOT NULL, boot TEXT NOT NULL, made_at_boot INTEGER NOT NULL,"                        \
        " outcome TEXT NOT NULL, note TEXT NOT NULL, request TEXT NOT NULL, resolved_at INTEGER NOT NULL,"     \
        " batch INTEGER NOT NULL, marker TEXT NOT NULL, cuts INTEGER NOT NULL"                                 \
        ") STRICT;"                                                                                            \
        "CREATE INDEX calls_open ON calls (seq) WHERE state <> 'resolved';"                                    \
        "CREATE INDEX calls_counted_by_boot ON calls (account, boot, made_at_boot) WHERE counts <> 'nothing';" \
        "CREATE INDEX calls_counted_by_time ON calls (account, made_at) WHERE counts <> 'nothing';"            \
        "CREATE INDEX calls_replacing ON calls (account, slot) WHERE counts = 'replace';"                      \
        "CREATE INDEX calls_by_resource ON calls (resource);"                                                  \
        "CREATE INDEX calls_by_slot ON calls (slot);"

#define STRANGERS                                                                                    \
        "CREATE TABLE strangers (account TEXT, type TEXT, id TEXT, PRIMARY KEY (account, type, id))" \
        " STRICT, WITHOUT ROWID;"

#define REQUESTS                                                                                     \
        "CREATE TABLE requests ("                                                                    \
        " seq INTEGER PRIMARY KEY,"                                                                  \
        " verb TEXT NOT NULL"                                                                        \
        "  CHECK (verb IN ('adopt', 'forget', 'accept-loss', 'retry', 'pause', 'resume', 'apply'))," \
        " account TEXT NOT NULL, resource TEXT NOT NULL, slot TEXT NOT NULL, id TEXT NOT NULL,"      \
        " reason TEXT NOT NULL,"                                                                     \
        " ok INTEGER CHECK (ok IN (0, 1)), answer TEXT, CHECK ((ok IS NULL) = (answer IS NULL))"     \
        ") STRICT;"

#define OWN_ID "INSERT INTO meta (key, value) VALUES ('id', lower(hex(randomblob(6))));"

static const char schema[] =
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE accounts ("
        " name TEXT PRIMARY KEY, type TEXT NOT NULL, endpoint TEXT NOT NULL, recorded_at INTEGER NOT NULL"
        ") STRICT, WITHOUT ROWID;"

        THINGS CALLS STRANGERS
        "CREATE TABLE pauses (resource TEXT PRIMARY KEY, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"

        REQUESTS "CREATE TABLE status ("
        " seq INTEGER PRIMARY KEY,"
        " resource TEXT NOT NULL, provider TEXT NOT NULL, phase TEXT NOT NULL, reason TEXT NOT NULL,"
        " desired INTEGER NOT NULL, ready INTEGER NOT NULL, message TEXT NOT NULL,"
        " since INTEGER NOT NULL, next_attempt INTEGER NOT NULL"
        ") STRICT;"

        OWN_ID "PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";" SCHEMA_IS_CURRENT;

/* Schema 1 knew machines only, each made by a call of its own. */
static const char from_1[] =
        "DROP INDEX things_gone; DROP INDEX calls_open; DROP INDEX calls_counted_by_boot;"
        "DROP INDEX calls_counted_by_time; DROP INDEX calls_replacing; DROP INDEX calls_by_resource;"
        "DROP INDEX calls_by_slot;"
        "ALTER TABLE things RENAME TO old_things; ALTER TABLE calls RENAME TO old_calls;"
        "ALTER TABLE requests RENAME TO old_requests;" THINGS CALLS STRANGERS REQUESTS
        "INSERT INTO things (seq, account, resource, type, slot, id, created, state, adopted, protect, ever_ready,"
        " missing, leaked, made_with, address, condition, made_at, gone_at, note)"
        " SELECT seq, account, resource, 'machine', slot, id, created, state, adopted, protect, ever_ready,"
        " missing, leaked, made_with, address, condition, made_at, gone_at, note FROM old_things;"
        "INSERT INTO calls (seq, account, resource, slot, type, verb, field, id, state, counts, wanted, made_at, boot,"
        " made_at_boot, outcome, note, request, resolved_at, batch, marker, cuts)"
        " SELECT seq, account, resource, slot, 'machine', verb, field, id, state, counts, wanted, made_at, boot,"
        " made_at_boot, outcome, note, request, resolved_at, 0, CASE verb WHEN 'create' THEN slot ELSE '' END, 0"
        " FROM old_calls;"
        "INSERT INTO requests (seq, verb, account, resource, slot, id, reason, ok, answer)"
        " SELECT seq, verb, account, resource, slot, id, reason, ok, answer FROM old_requests;"
        "DROP TABLE old_things; DROP TABLE old_calls; DROP TABLE old_requests;" OWN_ID SCHEMA_IS_CURRENT;

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

/* Of two who bring it up to date at once the second finds nothing left to do. */
static int upgrade(struct db *db, struct error *e)
{
        int64_t version = 0;
        int r;

        r = db_begin(db, e);
        if (r < 0)
                return r;

        r = ask_number(db, "PRAGMA user_version", &version, e);
        if (r == 0 && version == 1)
                r = db_exec(db, from_1, e);
        if (r < 0) {
                db_rollback(db);
                return r;
        }

        FAILPOINT("before", "upgrade");
        r = db_commit(db, e);
        FAILPOINT("after", "upgrade");
        return r;
}

/* A blank database is what remains when the making of a ledger was cut short: the same as none. */
int ledger_schema_check(struct db *db, const char *path, bool writable, struct error *e)
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
        if (version == SCHEMA_VERSION)
                return 0;
        if (!writable)
                return error_set(e, -EPROTO,
                                 "%s: written by an older muster (schema %lld); 'muster init' brings it up to date",
                                 path, (long long)version);

        return upgrade(db, e);
}

int ledger_schema_write(struct db *db, const char *path, const char *estate, struct error *e)
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
