/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

/* How much history is kept, and how many calls go by between two looks at it. */
#define CALLS_KEPT 100000
#define CALLS_BETWEEN_DROPS 1000
#define SECONDS_KEPT 7200
#define REQUESTS_KEPT 1000

int row_damaged(struct row_reader *in, const char *what)
{
        if (in->failed == 0)
                in->failed = error_set(in->error, -EBADMSG, "%s: row %lld of %s is damaged: %s", in->ledger->path,
                                       (long long)in->seq, in->table, what);

        return in->failed;
}

int64_t row_number(struct row_reader *in)
{
        return db_int64(in->query, in->column++);
}

int64_t row_seq(struct row_reader *in)
{
        in->seq = row_number(in);
        if (in->seq < 0 || in->seq == INT64_MAX)
                row_damaged(in, "it has a number that no row can have");

        return in->seq;
}

int64_t row_time(struct row_reader *in)
{
        int64_t time = row_number(in);

        if (time < 0)
                row_damaged(in, "a time is before all times");

        return time;
}

bool row_flag(struct row_reader *in)
{
        int64_t flag = row_number(in);

        if (flag != 0 && flag != 1)
                row_damaged(in, "a flag is neither 0 nor 1");

        return flag == 1;
}

const char *row_passing_text(struct row_reader *in)
{
        const char *text = db_text(in->query, in->column++);

        if (!text)
                row_damaged(in, "a text is missing or has a NUL in it");

        return text ? text : "";
}

const char *row_text(struct row_reader *in)
{
        const char *kept = ledger_string(in->ledger, row_passing_text(in));

        if (!kept && in->failed == 0)
                in->failed = error_oom(in->error);

        return kept ? kept : "";
}

int row_word(struct row_reader *in, const char *const *words, size_t n)
{
        const char *text = db_text(in->query, in->column++);

        for (size_t i = 0; text && i < n; i++)
                if (strcmp(words[i], text) == 0)
                        return (int)i;

        row_damaged(in, "it holds a word that has no meaning there");
        return 0;
}

/* Most machines of a set were made with the same values: each distinct text is parsed once. `known` maps texts of the
 * ledger to their values. */
static const char *row_values(struct row_reader *in, struct strmap *known, struct values *ret)
{
        const char *text = row_text(in);
        struct values *values = strmap_get(known, text);
        struct error why;
        int r;

        if (in->failed < 0)
                return text;

        if (!values) {
                values = strpool_alloc(in->ledger->strings, sizeof(*values));
                if (!values || strmap_put(known, text, values) < 0) {
                        in->failed = error_oom(in->error);
                        return text;
                }

                r = ledger_values_from_text(in->ledger, text, values, &why);
                if (r == -ENOMEM)
                        in->failed = error_oom(in->error);
                else if (r < 0)
                        row_damaged(in, why.text);
        }

        *ret = *values;
        return text;
}

static enum property row_field(struct row_reader *in)
{
        const char *name = db_text(in->query, in->column++);
        enum property field = name ? property_find(name) : PROPERTY_NONE;

        if (!name || (*name && field == PROPERTY_NONE))
                row_damaged(in, "it names a property that no machine has");
        return field;
}

/* Goes over the rows of a statement; each is read by `read`. */
static int load_rows(struct ledger *l, const char *table, const char *sql,
                     int (*read)(struct row_reader *in, struct strmap *known), struct error *e)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        _cleanup_strmap_ struct strmap known = {};
        int64_t n = 0;
        int r;

        r = db_prepare(l->store->db, sql, &q, e);
        if (r < 0)
                return r == -EINVAL ? error_wrap(e, -EBADMSG, "damaged") : r; /* its tables are not as they were made */

        while ((r = db_step(q, e)) > 0) {
                struct row_reader in = { .ledger = l, .query = q, .table = table, .seq = ++n, .error = e };

                r = read(&in, &known);
                if (in.failed < 0)
                        return in.failed;
                if (r < 0)
                        return error_oom(e);
        }

        return r;
}

static int read_estate(struct row_reader *in, _unused_ struct strmap *known)
{
        in->ledger->estate = row_text(in);
        return 0;
}

static int read_account(struct row_reader *in, _unused_ struct strmap *known)
{
        struct account_record account = {
                .name = row_text(in),
        };

        account.type = row_text(in);
        account.endpoint = row_text(in);
        account.recorded_at = row_time(in);
        return in->failed < 0 ? in->failed : ledger_keep_account(in->ledger, &account);
}

static int read_thing(struct row_reader *in, struct strmap *known)
{
        struct thing t = {
                .seq = row_seq(in),
        };

        t.account = row_text(in);
        t.resource = row_text(in);
        t.slot = row_text(in);
        t.id = row_text(in);
        t.created = row_text(in);
        t.state = (enum thing_state)row_word(in, thing_state_words, ARRAY_SIZE(thing_state_words));
        t.adopted = row_flag(in);
        t.protect = row_flag(in);
        t.ever_ready = row_flag(in);
        t.missing = row_flag(in);
        t.leaked = row_flag(in);
        t.made_with_text = row_values(in, known, &t.made_with);
        t.address = row_text(in);
        t.condition = (enum condition)row_word(in, condition_words, CONDITIONS);
        t.made_at = row_time(in);
        t.gone_at = row_time(in);
        t.note = row_text(in);

        return in->failed < 0 || ledger_keep_thing(in->ledger, &t) ? 0 : -ENOMEM;
}

static int read_held_id(struct row_reader *in, _unused_ struct strmap *known)
{
        const char *account, *id;

        (void)row_seq(in);
        account = row_text(in);
        id = row_text(in);

        return ledger_hold_id(in->ledger, account, id);
}

static int read_call(struct row_reader *in, struct strmap *known)
{
        struct call c = {
                .seq = row_seq(in),
        };

        c.account = row_text(in);
        c.resource = row_text(in);
        c.slot = row_text(in);
        c.verb = (enum order_verb)row_word(in, order_verb_words, ARRAY_SIZE(order_verb_words));
        c.field = row_field(in);
        c.id = row_text(in);
        c.state = (enum call_state)row_word(in, call_state_words, ARRAY_SIZE(call_state_words));
        c.counts = (enum call_counts)row_word(in, call_counts_words, ARRAY_SIZE(call_counts_words));
        c.wanted_text = row_values(in, known, &c.wanted);
        c.made_at = row_time(in);
        c.boot = row_text(in);
        c.made_at_boot = (usec_t)row_time(in);
        c.outcome = row_text(in);
        c.note = row_text(in);
        c.request = row_text(in);
        c.resolved_at = row_time(in);
        c.class = OUTCOME_UNKNOWN;
        c.durable = c.state == CALL_SENDING;

        return in->failed < 0 || ledger_keep_call(in->ledger, &c) ? 0 : -ENOMEM;
}

static int read_pause(struct row_reader *in, _unused_ struct strmap *known)
{
        const char *resource = row_text(in), *reason = row_text(in);

        return in->failed < 0 ? in->failed : ledger_keep_pause(in->ledger, resource, reason);
}

/* Sequence numbers are never used again, though their rows have left the model. */
static int read_last_thing(struct row_reader *in, _unused_ struct strmap *known)
{
        int64_t last = row_seq(in);

        if (in->failed == 0)
                in->ledger->next_thing = last + 1;
        return 0;
}

static int read_last_call(struct row_reader *in, _unused_ struct strmap *known)
{
        int64_t last = row_seq(in);

        if (in->failed == 0)
                in->ledger->next_call = in->ledger->store->first_new_call = last + 1;
        return 0;
}

static int load_all(struct ledger *l, struct error *e)
{
        static const struct {
                const char *table, *sql;
                int (*read)(struct row_reader *in, struct strmap *known);
        } loads[] = {
                { "meta", "SELECT value FROM meta WHERE key = 'estate'", read_estate },
                { "accounts", "SELECT name, type, endpoint, recorded_at FROM accounts", read_account },
                { "things",
                  "SELECT seq, account, resource, slot, id, created, state, adopted, protect, ever_ready, missing,"
                  " leaked, made_with, address, condition, made_at, gone_at, note"
                  " FROM things WHERE state <> 'gone' ORDER BY seq",
                  read_thing },
                { "things", "SELECT seq, account, id FROM things WHERE state = 'gone'", read_held_id },
                { "calls",
                  "SELECT seq, account, resource, slot, verb, field, id, state, counts, wanted, made_at, boot,"
                  " made_at_boot, outcome, note, request, resolved_at"
                  " FROM calls WHERE state <> 'resolved' ORDER BY seq",
                  read_call },
                { "pauses", "SELECT resource, reason FROM pauses", read_pause },
                { "things", "SELECT coalesce(max(seq), 0) FROM things", read_last_thing },
                { "calls", "SELECT coalesce(max(seq), 0) FROM calls", read_last_call },
        };

        for (size_t i = 0; i < ARRAY_SIZE(loads); i++) {
                int r = load_rows(l, loads[i].table, loads[i].sql, loads[i].read, e);

                if (r < 0)
                        return r;
        }

        return *l->estate ? 0 : error_set(e, -EBADMSG, "%s: damaged, it names no estate", l->path);
}

/* In one transaction, so that things and calls fit together though somebody else may be writing. */
int ledger_store_load(struct ledger *l, struct error *e)
{
        int r;

        r = db_begin(l->store->db, e);
        if (r < 0)
                return r;

        r = load_all(l, e);
        db_rollback(l->store->db);

        return r;
}

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
        " leaked, made_with, address, condition, made_at, gone_at, note)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)"
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
        return db_run(q, e);
}

static const char write_call_sql[] =
        "INSERT INTO calls (seq, account, resource, slot, verb, field, id, state, counts, wanted, made_at, boot,"
        " made_at_boot, outcome, note, request, resolved_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
        " ON CONFLICT (seq) DO UPDATE SET account = excluded.account, resource = excluded.resource,"
        " slot = excluded.slot, verb = excluded.verb, field = excluded.field, id = excluded.id,"
        " state = excluded.state, counts = excluded.counts, wanted = excluded.wanted, made_at = excluded.made_at,"
        " boot = excluded.boot, made_at_boot = excluded.made_at_boot, outcome = excluded.outcome,"
        " note = excluded.note, request = excluded.request, resolved_at = excluded.resolved_at";

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

        for (size_t i = 0; i < changes->n_replies && r == 0; i++)
                r = write_reply(l->store, &changes->replies[i], e);

        return r == 0 && newest ? drop_old_calls(l, newest, e) : r;
}

int ledger_store_write(struct ledger *l, struct error *e)
{
        int r;

        r = ledger_store_begin(l->store, e);
        if (r < 0)
                return r;

        r = ledger_store_end(l->store, write_changes(l, e), e);
        if (r < 0)
                return r;

        l->store->first_new_call = l->next_call;
        return 0;
}
