/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SQLite, and nothing above it. The only file that includes sqlite3.h is db.c.
 *
 * Opened for writing it is in WAL mode with synchronous=FULL: a commit that returned is on the disk.
 *
 * Failures carry SQLite's words and are told apart: -ENOSPC full, -EIO, -EBADMSG damaged, -EBUSY locked by another for
 * 5 s, -EROFS, -ENOMEM, -EEXIST a unique key that is there, -EINVAL another constraint or a wrong statement.
 */

#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/error.h"

struct db;
struct db_query;

enum db_mode {
        DB_READ,   /* fails with -ENOENT when the file is not there; writes nothing */
        DB_WRITE,  /* fails with -ENOENT when the file is not there */
        DB_CREATE, /* makes it, 0600; fails with -EEXIST when it is there */
};

/* -EPERM for a file with looser modes than 0600 or of another owner; -EBADMSG for one that is no database. An empty one is
 * what remains when its making was cut short, and counts as none. */
int db_open(const char *path, enum db_mode mode, struct db **ret, struct error *e);
struct db *db_free(struct db *db);
DEFINE_CLEANUP(struct db *, db_free)

int db_exec(struct db *db, const char *sql, struct error *e); /* one or more statements without results */
/* Takes the write lock; waits up to 5 s for a reader's request row. Opened with DB_READ: all reads until the end see one
 * moment. */
int db_begin(struct db *db, struct error *e);
int db_commit(struct db *db, struct error *e); /* durable when it returns 0; rolled back when it fails */
void db_rollback(struct db *db);
int64_t db_last_id(struct db *db);
int64_t db_changes(struct db *db);

/* A prepared statement, kept for reuse. */
int db_prepare(struct db *db, const char *sql, struct db_query **ret, struct error *e);
struct db_query *db_query_free(struct db_query *q);
DEFINE_CLEANUP(struct db_query *, db_query_free)

/* Parameters count from 1, columns from 0. Text must live until the next db_reset(). */
void db_bind_int64(struct db_query *q, int i, int64_t value);
void db_bind_text(struct db_query *q, int i, const char *value); /* NULL binds null */

int db_step(struct db_query *q, struct error *e); /* 1: a row; 0: done; negative: failed */
void db_reset(struct db_query *q);                /* ready to bind and step again */
int db_run(struct db_query *q, struct error *e);  /* steps to the end and resets: for statements without rows */
int64_t db_int64(struct db_query *q, int column);
/* Until the next step; NULL for null, and for a text with a NUL in it. */
const char *db_text(struct db_query *q, int column);
