/* SPDX-License-Identifier: MIT */
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

#define HISTORY                                                                                                     \
        "SELECT seq, account, resource, slot, verb, field, id, state, outcome, note, request, made_at, resolved_at" \
        " FROM calls"
#define NEWEST_FIRST " ORDER BY seq DESC LIMIT ?3"

/* A slot has fewer calls than its resource: where both are given, the index of slots serves. */
static const char *history_sql(const char *resource, const char *slot)
{
        if (slot)
                return HISTORY " WHERE slot = ?2 AND (?1 IS NULL OR resource = ?1)" NEWEST_FIRST;
        if (resource)
                return HISTORY " WHERE resource = ?1" NEWEST_FIRST;

        return HISTORY NEWEST_FIRST;
}

static int read_history(struct row_reader *in, struct history_row *ret)
{
        struct history_row row = {
                .seq = row_seq(in),
        };

        row.account = row_passing_text(in);
        row.resource = row_passing_text(in);
        row.slot = row_passing_text(in);
        row.verb = row_passing_text(in);
        row.field = row_passing_text(in);
        row.id = row_passing_text(in);
        row.state = row_passing_text(in);
        row.outcome = row_passing_text(in);
        row.note = row_passing_text(in);
        row.request = row_passing_text(in);
        row.made_at = row_time(in);
        row.resolved_at = row_time(in);
        if (in->failed < 0)
                return in->failed;

        *ret = row;
        return 0;
}

int ledger_history(struct ledger *l, const char *resource, const char *slot, size_t limit, ledger_history_fn fn,
                   void *userdata, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        if (!l->store)
                return 0;

        r = db_prepare(l->store->db, history_sql(resource, slot), &q, e);
        if (r < 0)
                return r;

        db_bind_text(q, 1, resource);
        db_bind_text(q, 2, slot);
        db_bind_int64(q, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
        while ((r = db_step(q, e)) > 0) {
                struct row_reader in = { .ledger = l, .query = q, .table = "calls", .error = e };
                struct history_row row;

                r = read_history(&in, &row);
                if (r == 0)
                        r = fn(userdata, &row);
                if (r < 0)
                        return r;
        }

        return r;
}
