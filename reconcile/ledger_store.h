/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Between the ledger's model (ledger.c, ledger_values.c) and its rows on the disk (ledger_store*.c).
 *
 * The rule: the model knows no SQL and reads no clock; the store decides nothing: it loads rows into the model, writes
 * what was touched in one transaction, and counts. Another kind of storage takes the place of the ledger_store*.c files.
 */

#include "reconcile/ledger.h"

#define UNKNOWN_BOOT "unknown"

struct db;
struct db_query;

/* A Provider on record. */
struct account_record {
        const char *name, *type, *endpoint;
        int64_t recorded_at; /* wall clock, the first time */
        bool touched;
};

/* An answer to a request, on its way to the disk. */
struct ledger_reply {
        int64_t request;
        bool ok;
        const char *text;
};

struct ledger_changes {
        struct thing **things;
        size_t n_things, allocated_things;
        struct call **calls;
        size_t n_calls, allocated_calls;
        struct account_record **accounts;
        size_t n_accounts, allocated_accounts;
        const char **pauses; /* resources that were paused or resumed: the model says which of the two */
        size_t n_pauses, allocated_pauses;
        const char **strangers; /* keys of the model's map: account, type and id, with blanks between */
        size_t n_strangers, allocated_strangers;
        struct ledger_reply *replies;
        size_t n_replies, allocated_replies;
};

struct ledger_store {
        struct db *db;
        bool writable;
        bool failed; /* a write failed: nothing more is written before the ledger was opened again */
        int64_t commits;
        int64_t first_new_call; /* calls from this seq on are in no row yet */
        int64_t dropped_before; /* old history was last dropped up to this seq */

        /* Statements, each prepared when it is needed first. */
        struct db_query *write_account, *write_thing, *write_call, *write_pause, *drop_pause, *write_stranger;
        struct db_query *write_reply;
        struct db_query *drop_calls, *drop_requests;
        struct db_query *recent_calls, *recent_replacements, *recent_losses;
        struct db_query *next_request;
        struct db_query *made_in_boot;
};

/* The model's part. Rows that were loaded are copied in, in the order of seq; they are not touched. NULL: out of memory. */
struct thing *ledger_keep_thing(struct ledger *l, const struct thing *row);
struct call *ledger_keep_call(struct ledger *l, const struct call *row);
int ledger_keep_account(struct ledger *l, const struct account_record *row);
int ledger_keep_stranger(struct ledger *l, const char *account, enum thing_type type, const char *id);
int ledger_keep_pause(struct ledger *l, const char *resource, const char *reason); /* both the ledger's */

/* The store's part. ledger_store_attach() opens the file of an existing ledger and checks that it is one, of a schema
 * that is known. */
int ledger_schema_write(struct db *db, const char *path, const char *estate, struct error *e); /* -EEXIST: not blank */
/* -ENOENT: blank; -EBADMSG: no ledger; -EPROTO: newer, or older and to be read only. An older one is brought up to date. */
int ledger_schema_check(struct db *db, const char *path, bool writable, struct error *e);
int ledger_store_attach(const char *path, bool writable, struct db **ret, struct error *e);
int ledger_store_load(struct ledger *l, struct error *e);
int ledger_store_write(struct ledger *l, struct error *e); /* all changes, durable when it returns 0 */
struct ledger_store *ledger_store_free(struct ledger_store *store);

/* A transaction that writes. -EROFS: the ledger cannot be written; -ESTALE: an earlier write failed. The end takes the result
 * of what was done in it: 0 is committed, anything else rolled back and returned. */
int ledger_store_begin(struct ledger_store *store, struct error *e);
int ledger_store_end(struct ledger_store *store, int r, struct error *e);

/* The statement at `q`, made of `sql` unless it is there already. */
int ledger_store_prepare(struct ledger_store *store, struct db_query **q, const char *sql, struct error *e);

/* This boot's id; NULL when it is not known, so that it equals none. */
const char *ledger_store_boot(const struct ledger *l);

/* Makes the folders that `path` lies in, 0700, where they are missing. */
int ledger_make_folders(const char *path, struct error *e);

/* A row being read, column after column. The first failure sticks, so that it is checked once, at the end. */
struct row_reader {
        struct ledger *ledger;
        struct db_query *query;
        const char *table;
        int64_t seq; /* names the row in an error; where a table has none, the row's number in the reading */
        int column;  /* the next one */
        int failed;
        struct error *error;
};

int64_t row_number(struct row_reader *in);
int64_t row_seq(struct row_reader *in);  /* the row's own, which errors name from here on; it has a next one */
int64_t row_time(struct row_reader *in); /* never negative, so that any two have a difference */
bool row_flag(struct row_reader *in);
const char *row_text(struct row_reader *in);         /* the ledger's; never NULL */
const char *row_passing_text(struct row_reader *in); /* until the next step; never NULL */
int row_word(struct row_reader *in, const char *const *words, size_t n);
int row_damaged(struct row_reader *in, const char *what);
