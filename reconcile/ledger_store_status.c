/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <time.h>

#include "reconcile/base/array.h"
#include "reconcile/base/failpoint.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

static int insert_row(struct db_query *q, const struct status_row *row, struct error *e)
{
        db_bind_text(q, 1, row->resource);
        db_bind_text(q, 2, row->provider);
        db_bind_text(q, 3, row->phase);
        db_bind_text(q, 4, row->reason);
        db_bind_int64(q, 5, row->desired);
        db_bind_int64(q, 6, row->ready);
        db_bind_text(q, 7, row->message);
        db_bind_int64(q, 8, row->since);
        db_bind_int64(q, 9, row->next_attempt);
        return db_run(q, e);
}

static int replace_rows(struct db *db, const struct status_row *rows, size_t n, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *insert = NULL, *stamp = NULL;
        int r;

        r = db_exec(db, "DELETE FROM status", e);
        if (r < 0)
                return r;

        r = db_prepare(db,
                       "INSERT INTO status (resource, provider, phase, reason, desired, ready, message, since,"
                       " next_attempt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                       &insert, e);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = insert_row(insert, &rows[i], e);
                if (r < 0)
                        return r;
        }

        r = db_prepare(db, "INSERT OR REPLACE INTO meta (key, value) VALUES ('status at', ?1)", &stamp, e);
        if (r < 0)
                return r;

        db_bind_int64(stamp, 1, (int64_t)time(NULL));
        return db_run(stamp, e);
}

int ledger_set_status(struct ledger *l, const struct status_row *rows, size_t n, struct error *e)
{
        int r;

        r = ledger_store_begin(l->store, e);
        if (r < 0)
                return r;

        r = replace_rows(l->store->db, rows, n, e);
        FAILPOINT("before", "status");
        r = ledger_store_end(l->store, r, e);
        FAILPOINT("after", "status");
        return r;
}

static int read_row(struct row_reader *in, struct status_row *ret)
{
        (void)row_seq(in);
        ret->resource = row_text(in);
        ret->provider = row_text(in);
        ret->phase = row_text(in);
        ret->reason = row_text(in);
        ret->desired = row_number(in);
        ret->ready = row_number(in);
        ret->message = row_text(in);
        ret->since = row_time(in);
        ret->next_attempt = row_time(in);

        return in->failed;
}

struct status_rows {
        struct status_row *items;
        size_t n, allocated;
        int64_t at;
};

static int read_rows(struct ledger *l, struct status_rows *rows, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = db_prepare(l->store->db,
                       "SELECT seq, resource, provider, phase, reason, desired, ready, message, since, next_attempt"
                       " FROM status ORDER BY seq",
                       &q, e);
        if (r < 0)
                return r;

        while ((r = db_step(q, e)) > 0) {
                struct row_reader in = { .ledger = l, .query = q, .table = "status", .error = e };
                struct status_row *row = ARRAY_ADD(rows->items, rows->n, rows->allocated);

                if (!row)
                        return error_oom(e);
                r = read_row(&in, row);
                if (r < 0)
                        return r;
        }

        return r;
}

static int read_time(struct ledger *l, struct status_rows *rows, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = db_prepare(l->store->db, "SELECT value FROM meta WHERE key = 'status at'", &q, e);
        if (r < 0)
                return r;

        r = db_step(q, e);
        rows->at = r > 0 ? db_int64(q, 0) : 0;
        return r < 0 ? r : 0;
}

/* Rows and their time are read in one transaction, so that they belong together. */
static int read_status(struct ledger *l, struct status_rows *rows, struct error *e)
{
        int r;

        r = db_begin(l->store->db, e);
        if (r < 0)
                return r;

        r = read_rows(l, rows, e);
        if (r == 0)
                r = read_time(l, rows, e);
        db_rollback(l->store->db);

        return r;
}

int ledger_get_status(struct ledger *l, struct status_row **ret, size_t *ret_n, int64_t *ret_at, struct error *e)
{
        struct status_rows rows = {};
        int r;

        r = l->store ? read_status(l, &rows, e) : 0;
        if (r < 0) {
                free(rows.items);
                return r;
        }

        *ret = rows.items;
        *ret_n = rows.n;
        *ret_at = rows.at;
        return 0;
}
