/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

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

static enum thing_type row_type(struct row_reader *in)
{
        return (enum thing_type)row_word(in, thing_type_words, THING_TYPES);
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

static int read_id(struct row_reader *in, _unused_ struct strmap *known)
{
        in->ledger->id = row_text(in);
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
        t.type = row_type(in);
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
        enum thing_type type;
        const char *account, *id;

        (void)row_seq(in);
        account = row_text(in);
        type = row_type(in);
        id = row_text(in);

        return ledger_hold_id(in->ledger, account, type, id);
}

static int read_stranger(struct row_reader *in, _unused_ struct strmap *known)
{
        const char *account = row_text(in);
        enum thing_type type = row_type(in);
        const char *id = row_text(in);

        return in->failed < 0 ? in->failed : ledger_keep_stranger(in->ledger, account, type, id);
}

static int read_call(struct row_reader *in, struct strmap *known)
{
        struct call c = {
                .seq = row_seq(in),
        };

        c.account = row_text(in);
        c.resource = row_text(in);
        c.slot = row_text(in);
        c.type = row_type(in);
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
        c.batch = row_time(in);
        c.marker = row_text(in);
        c.cuts = row_time(in);
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
                { "meta", "SELECT value FROM meta WHERE key = 'id'", read_id },
                { "accounts", "SELECT name, type, endpoint, recorded_at FROM accounts", read_account },
                { "things",
                  "SELECT seq, account, resource, type, slot, id, created, state, adopted, protect, ever_ready, missing,"
                  " leaked, made_with, address, condition, made_at, gone_at, note"
                  " FROM things WHERE state <> 'gone' ORDER BY seq",
                  read_thing },
                { "things", "SELECT seq, account, type, id FROM things WHERE state = 'gone'", read_held_id },
                { "calls",
                  "SELECT seq, account, resource, slot, type, verb, field, id, state, counts, wanted, made_at, boot,"
                  " made_at_boot, outcome, note, request, resolved_at, batch, marker, cuts"
                  " FROM calls WHERE state <> 'resolved' ORDER BY seq",
                  read_call },
                { "pauses", "SELECT resource, reason FROM pauses", read_pause },
                { "strangers", "SELECT account, type, id FROM strangers", read_stranger },
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
