/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/failpoint.h"
#include "reconcile/base/text.h"
#include "reconcile/io/db.h"

#define BUSY_TIMEOUT_MSEC 5000

struct db {
        sqlite3 *sqlite;
        char *path;
        enum db_mode mode;
};

struct db_query {
        struct db *db;
        sqlite3_stmt *statement;
        int bound; /* SQLITE_OK, or why a parameter could not be bound; db_step() tells it */
};

/* What the system said when SQLite could not do its input or output; a full disk is told apart from a broken one. */
static int input_output_errno(sqlite3 *sqlite)
{
        int system = sqlite3_system_errno(sqlite);

        return system == ENOSPC || system == EDQUOT ? -ENOSPC : -EIO;
}

static int result_errno(sqlite3 *sqlite, int result)
{
        if (result == SQLITE_IOERR_NOMEM)
                return -ENOMEM;
        if (result == SQLITE_CONSTRAINT_UNIQUE || result == SQLITE_CONSTRAINT_PRIMARYKEY)
                return -EEXIST;

        switch (result & 0xFF) {
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_IOERR:
                return input_output_errno(sqlite);
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EBADMSG;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_CANTOPEN: {
                int r = -sqlite3_system_errno(sqlite);

                return r < 0 ? r : -EIO;
        }
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        default:
                return -EINVAL; /* a statement that is wrong, or a constraint that it breaks */
        }
}

static int db_failed(struct db *db, int result, struct error *e)
{
        return error_set(e, result_errno(db->sqlite, result), "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
}

/* SQLite takes some names for something else than a file. One that begins with a slash or a dot is always a file. */
static int file_name(const char *path, char **ret, struct error *e)
{
        _cleanup_buf_ struct buf b = BUF_INIT(PATH_MAX);

        if (path[0] != '/')
                buf_adds(&b, "./");
        buf_adds(&b, path);
        if (b.failed == -ENOMEM)
                return error_oom(e);
        if (b.failed < 0)
                return error_set(e, -ENAMETOOLONG, "%.64s…: cannot hold a path of this length", path);

        *ret = buf_steal(&b);
        return 0;
}

/* A record of what is owned must be nobody else's to read or write. */
static int check_file(const char *path, struct error *e)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return error_errno(e, "%s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(e, -EBADMSG, "%s: not a file", path);
        if (st.st_uid != geteuid())
                return error_set(e, -EPERM, "%s: owned by user %u, not by user %u who runs this", path, st.st_uid,
                                 geteuid());
        if (st.st_mode & 07777 & ~0600u)
                return error_set(e, -EPERM, "%s: its mode is %04o; it must not be looser than 0600 (chmod 600 %s)",
                                 path, st.st_mode & 07777, path);
        if (st.st_size == 0)
                return error_set(e, -ENOENT, "%s: empty, its making was cut short", path);

        return 0;
}

/* Made before SQLite sees it, so that there is no moment at which others could open it. Closed again before SQLite
 * opens it, because closing any descriptor of a file drops the locks of the process on it. An empty one that is there is
 * what somebody made who was killed then. */
static int make_file(const char *path, bool *ret_made, struct error *e)
{
        _cleanup_close_ int fd = -1;
        int r;

        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        r = fd < 0 ? -errno : 0;
        *ret_made = r == 0;
        if (r == -EEXIST && check_file(path, e) == -ENOENT)
                r = 0;
        if (r < 0)
                return error_set(e, r, "%s: %s", path, strerror(-r));

        FAILPOINT("after", "file");
        return 0;
}

static int expect_wal(struct db *db, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = db_prepare(db, "PRAGMA journal_mode = WAL", &q, e);
        if (!q)
                return r;
        r = db_step(q, e);
        if (r < 0)
                return r;

        if (r == 0 || !text_equal(db_text(q, 0), "wal"))
                return error_set(e, -ENOTSUP, "%s: its file system cannot hold SQLite's write-ahead log", db->path);
        return 0;
}

/* A reader opens the file for writing too where it can: only then does SQLite clear its side files away when the last
 * connection closes. The connection itself refuses to write. */
static int configure(struct db *db, struct error *e)
{
        int r;

        sqlite3_extended_result_codes(db->sqlite, 1);
        sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MSEC);
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
        sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);

        /* The first look at the file: what is no database is found here. */
        r = db_exec(db,
                    db->mode == DB_READ ? "PRAGMA query_only = ON; SELECT count(*) FROM sqlite_schema"
                                        : "PRAGMA synchronous = FULL; SELECT count(*) FROM sqlite_schema",
                    e);
        if (r < 0 || db->mode == DB_READ)
                return r;

        return expect_wal(db, e);
}

static int open_file(struct db *db, struct error *e)
{
        int result;

        result = sqlite3_open_v2(db->path, &db->sqlite,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
        if (!db->sqlite)
                return error_oom(e);
        if (result != SQLITE_OK)
                return db_failed(db, result, e);

        return configure(db, e);
}

int db_open(const char *path, enum db_mode mode, struct db **ret, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        bool made = false;
        int r;

        db = calloc(1, sizeof(*db));
        if (!db)
                return error_oom(e);
        db->mode = mode;
        r = file_name(path, &db->path, e);
        if (r < 0)
                return r;

        r = mode == DB_CREATE ? make_file(db->path, &made, e) : check_file(db->path, e);
        if (r < 0)
                return r;

        r = open_file(db, e);
        if (r < 0) {
                db = db_free(db);
                if (made)
                        (void)unlink(path); /* half made, and ours */
                return r;
        }

        *ret = STEAL(db);
        return 0;
}

struct db *db_free(struct db *db)
{
        if (!db)
                return NULL;

        (void)sqlite3_close_v2(db->sqlite); /* queries that still live keep the connection until they are freed */
        free(db->path);
        free(db);
        return NULL;
}

int db_exec(struct db *db, const char *sql, struct error *e)
{
        int result;

        result = sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL);
        if (result != SQLITE_OK)
                return db_failed(db, result, e);

        return 0;
}

int db_begin(struct db *db, struct error *e)
{
        return db_exec(db, db->mode == DB_READ ? "BEGIN" : "BEGIN IMMEDIATE", e);
}

int db_commit(struct db *db, struct error *e)
{
        int r;

        r = db_exec(db, "COMMIT", e);
        if (r < 0)
                db_rollback(db);

        return r;
}

/* Some failures have rolled back already: then there is nothing left to do. */
void db_rollback(struct db *db)
{
        if (!sqlite3_get_autocommit(db->sqlite))
                (void)sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

int64_t db_last_id(struct db *db)
{
        return sqlite3_last_insert_rowid(db->sqlite);
}

int64_t db_changes(struct db *db)
{
        return sqlite3_changes64(db->sqlite);
}

static bool is_blank(const char *s)
{
        while (isspace((unsigned char)*s) || *s == ';')
                s++;

        return *s == '\0';
}

int db_prepare(struct db *db, const char *sql, struct db_query **ret, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        const char *rest;
        int result;

        q = calloc(1, sizeof(*q));
        if (!q)
                return error_oom(e);
        q->db = db;

        result = sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->statement, &rest);
        if (result != SQLITE_OK)
                return db_failed(db, result, e);
        if (!q->statement || !is_blank(rest))
                return error_set(e, -EINVAL, "not one statement: %s", sql);

        *ret = STEAL(q);
        return 0;
}

struct db_query *db_query_free(struct db_query *q)
{
        if (!q)
                return NULL;

        (void)sqlite3_finalize(q->statement);
        free(q);
        return NULL;
}

static void note_bound(struct db_query *q, int result)
{
        if (q->bound == SQLITE_OK)
                q->bound = result;
}

void db_bind_int64(struct db_query *q, int i, int64_t value)
{
        note_bound(q, sqlite3_bind_int64(q->statement, i, value));
}

void db_bind_text(struct db_query *q, int i, const char *value)
{
        note_bound(q, sqlite3_bind_text(q->statement, i, value, -1, SQLITE_STATIC));
}

int db_step(struct db_query *q, struct error *e)
{
        int result;

        if (q->bound != SQLITE_OK)
                return error_set(e, result_errno(q->db->sqlite, q->bound), "%s: cannot bind a parameter: %s",
                                 q->db->path, sqlite3_errstr(q->bound));

        result = sqlite3_step(q->statement);
        if (result == SQLITE_ROW)
                return 1;
        if (result == SQLITE_DONE)
                return 0;

        return db_failed(q->db, result, e);
}

/* What sqlite3_reset() returns is the failure of the last step, which was told then. */
void db_reset(struct db_query *q)
{
        (void)sqlite3_reset(q->statement);
        (void)sqlite3_clear_bindings(q->statement);
        q->bound = SQLITE_OK;
}

int db_run(struct db_query *q, struct error *e)
{
        int r;

        do
                r = db_step(q, e);
        while (r > 0);

        db_reset(q);
        return r;
}

int64_t db_int64(struct db_query *q, int column)
{
        return sqlite3_column_int64(q->statement, column);
}

const char *db_text(struct db_query *q, int column)
{
        const char *text = (const char *)sqlite3_column_text(q->statement, column);

        return text && strlen(text) == (size_t)sqlite3_column_bytes(q->statement, column) ? text : NULL;
}
