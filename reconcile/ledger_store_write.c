/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

/* How much history is kept, and how many calls go by between two looks at it. */
#define CALLS_KEPT 100000
#define CALLS_BETWEEN_DROPS 1000
#define SECONDS_KEPT 10800
#define REQUESTS_KEPT 1000

static int write_account(struct ledger_store *store, const struct account_record *a, struct error *e)
{
        struct db_query *q;
        int r;

        r = ledger_store_prepare(store, &store->write_account,
                                 "INSERT INTO accounts (name, type, endpoint, recorded_at) VALUES (?1, ?2, ?3, ?4)"
                                 " ON CONFLICT (name) DO UPDATE SET type = excluded.type, endpoint = excluded.endpoint",
                                 e);
        if (r < 0)
                return r;

        q = store->write_account;
        db_bind_text(q, 1, a->name);
        db_bind_text(q, 2, a->type);
        db_bind_text(q, 3, a->endpoint);
        db_bind_int64(q, 4, a->recorded_at);
        return db_run(q, e);
}

static const char write_thing_sql[] =
        "INSERT INTO things (seq, account, resource, slot, id, created, state, adopted, protect, ever_ready, missing,"
        " leaked, made_with, address, condition, made_at, gone_at, note, type)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
        " ON CONFLICT (seq) DO UPDATE SET account = excluded.account, resource = excluded.resource,"
        " slot = excluded.slot, id = excluded.id, created = excluded.created, state = excluded.state,"
        " adopted = excluded.adopted, protect = excluded.protect, ever_ready = excluded.ever_ready,"
        " missing = excluded.missing, leaked = excluded.leaked, made_with = excluded.made_with,"
        " address = excluded.address, condition = excluded.condition, made_at = excluded.made_at,"
        " gone_at = excluded.gone_at, note = excluded.note";

static int write_thing(struct ledger_store *store, const struct thing *t, struct error *e)
{
        struct db_query *q;
        int r;

        r = ledger_store_prepare(store, &store->write_thing, write_thing_sql, e);
        if (r < 0)
                return r;

        q = store->write_thing;
        db_bind_int64(q, 1, t->seq);
        db_bind_text(q, 2, t->account);
        db_bind_text(q, 3, t->resource);
        db_bind_text(q, 4, t->slot);
        db_bind_text(q, 5, t->id);
        db_bind_text(q, 6, t->created);
        db_bind_text(q, 7, thing_state_words[t->state]);
        db_bind_int64(q, 8, t->adopted);
        db_bind_int64(q, 9, t->protect);
        db_bind_int64(q, 10, t->ever_ready);
        db_bind_int64(q, 11, t->missing);
        db_bind_int64(q, 12, t->leaked);
        db_bind_text(q, 13, t->made_with_text);
        db_bind_text(q, 14, t->address);
        db_bind_text(q, 15, condition_text(t->condition));
        db_bind_int64(q, 16, t->made_at);
        db_bind_int64(q, 17, t->gone_at);
        db_bind_text(q, 18, t->note);
        db_bind_text(q, 19, thing_type_words[t->type]);
        return db_run(q, e);
}

static const char write_call_sql[] =
        "INSERT INTO calls (seq, account, resource, slot, verb, field, id, state, counts, wanted, made_at, boot,"
        " made_at_boot, outcome, note, request, resolved_at, type, batch, marker, cuts)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
        " ON CONFLICT (seq) DO UPDATE SET account = excluded.account, resource = excluded.resource,"
        " slot = excluded.slot, verb = excluded.verb, field = excluded.field, id = excluded.id,"
        " state = excluded.state, counts = excluded.counts, wanted = excluded.wanted, made_at = excluded.made_at,"
        " boot = excluded.boot, made_at_boot = excluded.made_at_boot, outcome = excluded.outcome,"
        " note = excluded.note, request = excluded.request, resolved_at = excluded.resolved_at, cuts = excluded.cuts";

static int write_call(struct ledger_store *store, const struct call *c, struct error *e)
{
        struct db_query *q;
        int r;

        r = ledger_store_prepare(store, &store->write_call, write_call_sql, e);
        if (r < 0)
                return r;

        q = store->write_call;
        db_bind_int64(q, 1, c->seq);
        db_bind_text(q, 2, c->account);
        db_bind_text(q, 3, c->resource);
        db_bind_text(q, 4, c->slot);
        db_bind_text(q, 5, order_verb_words[c->verb]);
        db_bind_text(q, 6, c->field == PROPERTY_NONE ? "" : property_name(c->field));
        db_bind_text(q, 7, c->id);
        db_bind_text(q, 8, call_state_words[c->state]);
        db_bind_text(q, 9, call_counts_words[c->counts]);
        db_bind_text(q, 10, c->wanted_text);
        db_bind_int64(q, 11, c->made_at);
        db_bind_text(q, 12, c->boot);
        db_bind_int64(q, 13, (int64_t)c->made_at_boot);
        db_bind_text(q, 14, c->outcome);
        db_bind_text(q, 15, c->note);
        db_bind_text(q, 16, c->request);
        db_bind_int64(q, 17, c->resolved_at);
        db_bind_text(q, 18, thing_type_words[c->type]);
        db_bind_int64(q, 19, c->batch);
        db_bind_text(q, 20, c->marker);
        db_bind_int64(q, 21, c->cuts);
        return db_run(q, e);
}

static int write_pause(struct ledger_store *store, const char *resource, const char *reason, struct error *e)
{
        int r;

        r = ledger_store_prepare(store, &store->write_pause,
                                 "INSERT INTO pauses (resource, reason) VALUES (?1, ?2)"
                                 " ON CONFLICT (resource) DO UPDATE SET reason = excluded.reason",
                                 e);
        if (r < 0)
                return r;

        db_bind_text(store->write_pause, 1, resource);
        db_bind_text(store->write_pause, 2, reason);
        return db_run(store->write_pause, e);
}

static int drop_pause(struct ledger_store *store, const char *resource, struct error *e)
{
        int r;

        r = ledger_store_prepare(store, &store->drop_pause, "DELETE FROM pauses WHERE resource = ?1", e);
        if (r < 0)
                return r;

        db_bind_text(store->drop_pause, 1, resource);
        return db_run(store->drop_pause, e);
}

static int write_pauses(struct ledger *l, struct error *e)
{
        const struct ledger_changes *changes = l->changes;
        int r = 0;

        for (size_t i = 0; i < changes->n_pauses && r == 0; i++) {
                const char *resource = changes->pauses[i], *reason = ledger_paused(l, resource);

                r = reason ? write_pause(l->store, resource, reason, e) : drop_pause(l->store, resource, e);
        }

        return r;
}

/* The model's key is what the row holds, in one text: account, type and id have blanks between them, and only the id may have more. */
static int write_stranger(struct ledger_store *store, const char *key, struct error *e)
{
        const char *type = strchr(key, ' ') + 1, *id = strchr(type, ' ') + 1;
        int r;

        r = ledger_store_prepare(store, &store->write_stranger,
                                 "INSERT OR IGNORE INTO strangers (account, type, id)"
                                 " VALUES (substr(?1, 1, ?2), substr(?1, ?2 + 2, ?3), ?4)",
                                 e);
        if (r < 0)
                return r;

        db_bind_text(store->write_stranger, 1, key);
        db_bind_int64(store->write_stranger, 2, type - key - 1);
        db_bind_int64(store->write_stranger, 3, id - type - 1);
        db_bind_text(store->write_stranger, 4, id);
        return db_run(store->write_stranger, e);
}

/* What was answered long ago is dropped with it. */
static int write_reply(struct ledger_store *store, const struct ledger_reply *reply, struct error *e)
{
        int r;

        r = ledger_store_prepare(store, &store->write_reply, "UPDATE requests SET ok = ?2, answer = ?3 WHERE seq = ?1",
                                 e);
        if (r == 0)
                r = ledger_store_prepare(store, &store->drop_requests,
                                         "DELETE FROM requests WHERE ok IS NOT NULL AND seq <= ?1", e);
        if (r < 0)
                return r;

        db_bind_int64(store->write_reply, 1, reply->request);
        db_bind_int64(store->write_reply, 2, reply->ok);
        db_bind_text(store->write_reply, 3, reply->text);
        r = db_run(store->write_reply, e);
        if (r < 0)
                return r;

        db_bind_int64(store->drop_requests, 1, reply->request - REQUESTS_KEPT);
        return db_run(store->drop_requests, e);
}

/* Drops resolved calls behind the newest CALLS_KEPT, now and then. None that is less than SECONDS_KEPT older than the
 * newest call goes, by the clock that the two have in common: the hour is counted from these rows. */
static int drop_old_calls(struct ledger *l, const struct call *newest, struct error *e)
{
        struct ledger_store *store = l->store;
        int64_t before = l->next_call - CALLS_KEPT;
        int r;

        if (before < store->dropped_before + CALLS_BETWEEN_DROPS || strcmp(newest->boot, l->boot) != 0)
                return 0;

        r = ledger_store_prepare(store, &store->drop_calls,
                                 "DELETE FROM calls WHERE seq < ?1 AND state = 'resolved'"
                                 " AND CASE WHEN boot = ?2 AND made_at_boot > 0 THEN made_at_boot < ?3"
                                 " ELSE made_at < ?4 END",
                                 e);
        if (r < 0)
                return r;

        db_bind_int64(store->drop_calls, 1, before);
        db_bind_text(store->drop_calls, 2, ledger_store_boot(l));
        db_bind_int64(store->drop_calls, 3, (int64_t)usec_since(newest->made_at_boot, SECONDS_KEPT * USEC_PER_SEC));
        db_bind_int64(store->drop_calls, 4, newest->made_at - SECONDS_KEPT);
        r = db_run(store->drop_calls, e);
        if (r < 0)
                return r;

        store->dropped_before = before;
        return 0;
}

static int write_changes(struct ledger *l, struct error *e)
{
        const struct ledger_changes *changes = l->changes;
        const struct call *newest = NULL;
        int r = 0;

        for (size_t i = 0; i < changes->n_accounts && r == 0; i++)
                r = write_account(l->store, changes->accounts[i], e);

        for (size_t i = 0; i < changes->n_things && r == 0; i++)
                r = write_thing(l->store, changes->things[i], e);

        for (size_t i = 0; i < changes->n_calls && r == 0; i++) {
                r = write_call(l->store, changes->calls[i], e);
                if (!newest || newest->seq < changes->calls[i]->seq)
                        newest = changes->calls[i];
        }

        if (r == 0)
                r = write_pauses(l, e);

        for (size_t i = 0; i < changes->n_strangers && r == 0; i++)
                r = write_stranger(l->store, changes->strangers[i], e);

        for (size_t i = 0; i < changes->n_replies && r == 0; i++)
                r = write_reply(l->store, &changes->replies[i], e);

        return r == 0 && newest ? drop_old_calls(l, newest, e) : r;
}

/* What tests call a commit: by the state of its call that has come the least far, else by what there is instead. */
static _unused_ const char *commit_name(const struct ledger_changes *changes)
{
        const struct call *least = changes->n_calls > 0 ? changes->calls[0] : NULL;

        if (changes->n_replies > 0)
                return "answer";
        for (size_t i = 1; i < changes->n_calls; i++)
                if (changes->calls[i]->state < least->state)
                        least = changes->calls[i];
        if (least)
                return call_state_words[least->state];

        return changes->n_things > 0 ? "thing" : "account";
}

int ledger_store_write(struct ledger *l, struct error *e)
{
        int r;

        r = ledger_store_begin(l->store, e);
        if (r < 0)
                return r;

        r = write_changes(l, e);
        FAILPOINT("before", commit_name(l->changes));
        r = ledger_store_end(l->store, r, e);
        if (r < 0)
                return r;
        FAILPOINT("after", commit_name(l->changes));

        l->store->first_new_call = l->next_call;
        return 0;
}
