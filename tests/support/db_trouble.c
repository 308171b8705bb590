/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "reconcile/io/db.h"
#include "tests/support/db_trouble.h"

/* The calls of the database: the linker puts these in the place of the real ones. */
int __real_db_open(const char *path, enum db_mode mode, struct db **ret, struct error *e);
int __real_db_exec(struct db *db, const char *sql, struct error *e);
int __real_db_begin(struct db *db, struct error *e);
int __real_db_commit(struct db *db, struct error *e);
int __real_db_prepare(struct db *db, const char *sql, struct db_query **ret, struct error *e);
int __real_db_step(struct db_query *q, struct error *e);
int __real_db_run(struct db_query *q, struct error *e);
const char *__real_db_text(struct db_query *q, int column);
int __wrap_db_open(const char *path, enum db_mode mode, struct db **ret, struct error *e);
int __wrap_db_exec(struct db *db, const char *sql, struct error *e);
int __wrap_db_begin(struct db *db, struct error *e);
int __wrap_db_commit(struct db *db, struct error *e);
int __wrap_db_prepare(struct db *db, const char *sql, struct db_query **ret, struct error *e);
int __wrap_db_step(struct db_query *q, struct error *e);
int __wrap_db_run(struct db_query *q, struct error *e);
const char *__wrap_db_text(struct db_query *q, int column);

/* A linker's wrapper has no userdata. */
static struct {
        enum db_trouble trouble;
        uint64_t left;
        bool happened;
} database;

static bool is_next(bool text)
{
        if ((database.trouble == DB_DAMAGED) != text || database.trouble == DB_NO_TROUBLE || database.happened)
                return false;
        database.happened = database.left-- == 0;
        return database.happened;
}

static int broken(struct error *e)
{
        return error_set(e, -EIO, "the disk is broken");
}

int __wrap_db_open(const char *path, enum db_mode mode, struct db **ret, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_open(path, mode, ret, e);
}

int __wrap_db_exec(struct db *db, const char *sql, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_exec(db, sql, e);
}

int __wrap_db_begin(struct db *db, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_begin(db, e);
}

int __wrap_db_commit(struct db *db, struct error *e)
{
        if (!is_next(false))
                return __real_db_commit(db, e);
        if (database.trouble == DB_UNSURE)
                assert_int_equal(__real_db_commit(db, e), 0);
        else
                db_rollback(db);
        return broken(e);
}

int __wrap_db_prepare(struct db *db, const char *sql, struct db_query **ret, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_prepare(db, sql, ret, e);
}

int __wrap_db_step(struct db_query *q, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_step(q, e);
}

int __wrap_db_run(struct db_query *q, struct error *e)
{
        return is_next(false) ? broken(e) : __real_db_run(q, e);
}

const char *__wrap_db_text(struct db_query *q, int column)
{
        return is_next(true) ? NULL : __real_db_text(q, column);
}

void db_trouble_begin(enum db_trouble trouble, uint64_t left)
{
        database.trouble = trouble;
        database.left = left;
        database.happened = false;
}

bool db_trouble_end(void)
{
        database.trouble = DB_NO_TROUBLE;
        return database.happened;
}
