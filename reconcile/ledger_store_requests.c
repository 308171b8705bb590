/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

static const char *const request_verbs[] = {
        [REQUEST_ADOPT] = "adopt", [REQUEST_FORGET] = "forget", [REQUEST_ACCEPT_LOSS] = "accept-loss",
        [REQUEST_RETRY] = "retry", [REQUEST_PAUSE] = "pause",   [REQUEST_RESUME] = "resume",
        [REQUEST_APPLY] = "apply",
};

static int insert_request(struct db *db, const struct ledger_request *request, struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        int r;

        r = db_prepare(
                db, "INSERT INTO requests (verb, account, resource, slot, id, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                &q, e);
        if (r < 0)
                return r;

        db_bind_text(q, 1, request_verbs[request->verb]);
        db_bind_text(q, 2, request->account);
        db_bind_text(q, 3, request->resource);
        db_bind_text(q, 4, request->slot);
        db_bind_text(q, 5, request->id);
        db_bind_text(q, 6, request->reason);
        return db_run(q, e);
}

int ledger_ask(const char *path, const struct ledger_request *request, int64_t *ret_seq, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        int64_t seq;
        int r;

        r = ledger_store_attach(path, true, &db, e);
        if (r < 0)
                return r;

        r = db_begin(db, e);
        if (r < 0)
                return r;

        r = insert_request(db, request, e);
        if (r < 0) {
                db_rollback(db);
                return r;
        }

        seq = db_last_id(db);
        FAILPOINT("before", "ask");
        r = db_commit(db, e);
        if (r < 0)
                return r;
        FAILPOINT("after", "ask");

        *ret_seq = seq;
        return 0;
}

int ledger_answer_of(const char *path, int64_t seq, bool *ret_ok, struct buf *answer, struct error *e)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        const char *text;
        int r;

        r = ledger_store_attach(path, false, &db, e);
        if (r < 0)
                return r;

        r = db_prepare(db, "SELECT ok, answer FROM requests WHERE seq = ?1", &q, e);
        if (r < 0)
                return r;

        db_bind_int64(q, 1, seq);
        r = db_step(q, e);
        if (r < 0)
                return r;
        if (r == 0)
                return error_set(e, -ENOENT, "%s: there is no request %lld", path, (long long)seq);
        text = db_text(q, 1);
        if (!text)
                return 0;

        r = buf_adds(answer, text);
        if (r == -ENOMEM)
                return error_oom(e);
        if (r < 0)
                return error_set(e, r, "the answer to request %lld is too long", (long long)seq);

        *ret_ok = db_int64(q, 0) != 0;
        return 1;
}

static int read_request(struct row_reader *in, struct ledger_request *ret)
{
        struct ledger_request request = {
                .seq = row_seq(in),
        };

        request.verb = (enum request_verb)row_word(in, request_verbs, ARRAY_SIZE(request_verbs));
        request.account = row_text(in);
        request.resource = row_text(in);
        request.slot = row_text(in);
        request.id = row_text(in);
        request.reason = row_text(in);
        if (in->failed < 0)
                return in->failed;

        *ret = request;
        return 1;
}

int ledger_next_request(struct ledger *l, struct ledger_request *ret, struct error *e)
{
        struct ledger_store *store = l->store;
        struct row_reader in = { .ledger = l, .table = "requests", .error = e };
        int r;

        if (!store)
                return 0;

        r = ledger_store_prepare(store, &store->next_request,
                                 "SELECT seq, verb, account, resource, slot, id, reason FROM requests"
                                 " WHERE ok IS NULL ORDER BY seq LIMIT 1",
                                 e);
        if (r < 0)
                return r;

        in.query = store->next_request;
        r = db_step(in.query, e);
        if (r > 0)
                r = read_request(&in, ret);
        db_reset(in.query);

        return r;
}
