/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/io/db.h"
#include "reconcile/ledger_store.h"

#define SECONDS_AN_HOUR 3600
#define KEY_MAX ((size_t)1 << 20)

/* Of calls, those that are known not to have been done do not count; but a delete that seemed to come to nothing, and whose machine is gone
 * since, was done after all. */
#define MAY_BE_DONE(from)                                                                                        \
        "(outcome NOT IN ('refused', 'capacity', 'auth', 'throttled', 'not sent', 'never sent', 'not done')"     \
        " OR (outcome = 'not done' AND verb = 'delete' AND EXISTS (SELECT 1 FROM things AS gone"                 \
        "     WHERE gone.account = ?1 AND gone.state = 'gone' AND gone.type = " from ".type AND gone.id = " from \
        ".id AND gone.id <> '')))"
/* A machine goes once, however often that was asked for. */
#define MACHINES "DISTINCT CASE WHEN id = '' THEN CAST(seq AS TEXT) ELSE type || ' ' || id END"

/* A call counts for an hour after its end, since only then it is known when it was acted upon at the latest. What is still open, and what
 * took longer than an hour, counts as if it had taken one. Seconds; times are cut off to whole ones, hence one more. */
#define LASTED "CASE WHEN state = 'resolved' THEN max(0, min(resolved_at - made_at, 3599)) + 1 ELSE 3600 END"
#define IN_HOUR_BY_BOOT "made_at_boot + (" LASTED ") * 1000000 >= ?3"
#define IN_HOUR_BY_WALL "made_at + (" LASTED ") >= ?4"

/* Calls that tell when in this boot they were made go by the boot clock; all others by the wall clock, on which what is
 * still to come counts as within the hour. That a row is not two hours old is for the index. */
static const char recent_calls_sql[] =
        "WITH recent AS ("
        " SELECT seq, type, verb, id, counts, outcome FROM calls"
        " WHERE account = ?1 AND counts <> 'nothing' AND boot = ?2 AND made_at_boot >= max(?3 - 3600000000, 1)"
        " AND " IN_HOUR_BY_BOOT " UNION ALL"
        " SELECT seq, type, verb, id, counts, outcome FROM calls"
        " WHERE account = ?1 AND counts <> 'nothing' AND (boot IS NOT ?2 OR made_at_boot = 0) AND made_at >= ?4 - 3600"
        " AND " IN_HOUR_BY_WALL ")"
        " SELECT count(*) FILTER (WHERE counts = 'create'),"
        "  count(" MACHINES ") FILTER (WHERE counts IN ('delete', 'replace'))"
        " FROM recent WHERE " MAY_BE_DONE("recent");

static const char recent_replacements_sql[] =
        "SELECT count(*) FROM calls WHERE account = ?1 AND counts = 'replace' AND slot = ?5"
        " AND CASE WHEN boot = ?2 AND made_at_boot > 0 THEN " IN_HOUR_BY_BOOT " ELSE " IN_HOUR_BY_WALL
        " END AND " MAY_BE_DONE("calls");

static const char recent_losses_sql[] = "SELECT seq, made_at, gone_at FROM things"
                                        " WHERE account = ?1 AND state = 'gone' AND gone_at >= ?2 AND id <> ''"
                                        " AND type <> 'port-mapping' AND type <> 'address-mapping'"
                                        " AND type <> 'access-rule'" /* thing_type_counts() */
                                        " AND type <> 'backup' AND type <> 'snapshot'";

/* A question about the hour before `now`. */
struct hour {
        struct ledger *ledger;
        const char *account;
        usec_t since; /* boot clock */
        int64_t wall_since;
        struct error *error;
};

static void bind_hour(struct db_query *q, const struct hour *h)
{
        db_bind_text(q, 1, h->account);
        db_bind_text(q, 2, ledger_store_boot(h->ledger));
        db_bind_int64(q, 3, (int64_t)h->since);
        db_bind_int64(q, 4, h->wall_since);
}

static int count_rows(const struct hour *h, struct ledger_hour *counted)
{
        struct ledger_store *store = h->ledger->store;
        struct db_query *q;
        int r;

        if (!store)
                return 0;

        r = ledger_store_prepare(store, &store->recent_calls, recent_calls_sql, h->error);
        if (r < 0)
                return r;

        q = store->recent_calls;
        bind_hour(q, h);
        r = db_step(q, h->error);
        if (r > 0) {
                counted->creates = db_int64(q, 0);
                counted->deletes = db_int64(q, 1);
        }
        db_reset(q);

        return r < 0 ? r : 0;
}

/* The calls that have no row yet were planned by this process, just now. NULL: there is none before number `*i`. */
static const struct call *new_call_before(const struct hour *h, size_t *i)
{
        const struct ledger *l = h->ledger;
        int64_t first = l->store ? l->store->first_new_call : 0;

        while (*i > 0 && l->calls[*i - 1]->seq >= first) {
                const struct call *call = l->calls[--*i];

                if (call->state != CALL_RESOLVED && strcmp(call->account, h->account) == 0)
                        return call;
        }

        return NULL;
}

static int count_calls(const struct hour *h, struct ledger_hour *counted)
{
        size_t i = h->ledger->n_calls;
        const struct call *call;
        int r;

        r = count_rows(h, counted);
        if (r < 0)
                return r;

        while ((call = new_call_before(h, &i))) {
                counted->creates += call->counts == COUNTS_CREATE;
                counted->deletes += call->counts == COUNTS_DELETE || call->counts == COUNTS_REPLACE;
        }

        return 0;
}

static int count_replacement_rows(const struct hour *h, const char *slot, int64_t *counted)
{
        struct ledger_store *store = h->ledger->store;
        struct db_query *q;
        int r;

        if (!store)
                return 0;

        r = ledger_store_prepare(store, &store->recent_replacements, recent_replacements_sql, h->error);
        if (r < 0)
                return r;

        q = store->recent_replacements;
        bind_hour(q, h);
        db_bind_text(q, 5, slot);
        r = db_step(q, h->error);
        if (r > 0)
                *counted = db_int64(q, 0);
        db_reset(q);

        return r < 0 ? r : 0;
}

static bool is_owned(const struct thing *thing)
{
        return thing->state == THING_OWNED || thing->state == THING_LEAVING;
}

/* Within the hour one more, or one less, was owned. */
struct turn {
        int64_t at;
        int change;
};

struct turns {
        struct turn *items;
        size_t n, allocated;
        int64_t owned; /* now */
};

/* At the same second the loss is taken first: rather a lower maximum than one that never was. */
static int compare_turns(const void *a, const void *b)
{
        const struct turn *x = a, *y = b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;

        return (x->change > y->change) - (x->change < y->change);
}

static int add_turn(const struct hour *h, struct turns *turns, int64_t at, int change)
{
        struct turn *turn;

        if (at < h->wall_since)
                return 0;

        turn = ARRAY_ADD(turns->items, turns->n, turns->allocated);
        if (!turn)
                return error_oom(h->error);

        *turn = (struct turn){ .at = at, .change = change };
        return 0;
}

static int add_loss(const struct hour *h, struct turns *turns, int64_t made_at, int64_t gone_at)
{
        int r;

        if (gone_at < h->wall_since)
                return 0;

        r = add_turn(h, turns, made_at, 1);
        return r < 0 ? r : add_turn(h, turns, gone_at, -1);
}

static int add_things(const struct hour *h, struct turns *turns)
{
        const struct ledger *l = h->ledger;
        int r = 0;

        for (size_t i = 0; i < l->n_things && r == 0; i++) {
                const struct thing *thing = l->things[i];

                if (!*thing->id || !thing_type_counts(thing->type) || thing_is_copy(thing->type) ||
                    strcmp(thing->account, h->account) != 0)
                        continue;

                if (thing->state == THING_GONE) {
                        r = add_loss(h, turns, thing->made_at, thing->gone_at);
                } else if (is_owned(thing)) {
                        turns->owned++;
                        r = add_turn(h, turns, thing->made_at, 1);
                }
        }

        return r;
}

static bool in_model(const struct ledger *l, int64_t seq)
{
        size_t low = 0, high = l->n_things;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (l->things[middle]->seq == seq)
                        return true;
                if (l->things[middle]->seq < seq)
                        low = middle + 1;
                else
                        high = middle;
        }

        return false;
}

/* Things that are gone and have left the model. */
static int add_lost_rows(const struct hour *h, struct turns *turns)
{
        struct ledger_store *store = h->ledger->store;
        struct db_query *q;
        int r;

        if (!store)
                return 0;

        r = ledger_store_prepare(store, &store->recent_losses, recent_losses_sql, h->error);
        if (r < 0)
                return r;

        q = store->recent_losses;
        db_bind_text(q, 1, h->account);
        db_bind_int64(q, 2, h->wall_since);
        while ((r = db_step(q, h->error)) > 0) {
                if (in_model(h->ledger, db_int64(q, 0)))
                        continue;
                r = add_loss(h, turns, db_int64(q, 1), db_int64(q, 2));
                if (r < 0)
                        break;
        }
        db_reset(q);

        return r;
}

/* Walks from the hour's begin to now. */
static int64_t highest(struct turns *turns)
{
        int64_t owned = turns->owned, most;

        for (size_t i = 0; i < turns->n; i++)
                owned -= turns->items[i].change;

        most = owned;
        if (turns->n > 0)
                qsort(turns->items, turns->n, sizeof(*turns->items), compare_turns);
        for (size_t i = 0; i < turns->n; i++) {
                owned += turns->items[i].change;
                most = owned > most ? owned : most;
        }

        return most;
}

static int most_owned(const struct hour *h, int64_t *ret)
{
        struct turns turns = {};
        int r;

        r = add_things(h, &turns);
        if (r == 0)
                r = add_lost_rows(h, &turns);
        if (r == 0)
                *ret = highest(&turns);

        free(turns.items);
        return r;
}

/* What was told of a ledger in memory: of an account under its name, of a slot under both. 1; 0 nothing was; or -ENOMEM. */
static int told(const struct ledger *l, const char *account, const char *slot, void *ret, size_t size, struct error *e)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
        const void *known;

        if (buf_addf(&key, "%s %s", account, slot) < 0)
                return error_oom(e);
        known = strmap_get(&l->hours, buf_text(&key));
        if (!known)
                return 0;
        memcpy(ret, known, size);
        return 1;
}

static int tell(struct ledger *l, const char *account, const char *slot, const void *value, size_t size)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
        void *kept = strpool_alloc(l->strings, size);
        const char *name = buf_addf(&key, "%s %s", account, slot) < 0 ? NULL : ledger_string(l, buf_text(&key));

        if (!kept || !name)
                return -ENOMEM;

        memcpy(kept, value, size);
        return strmap_set(&l->hours, name, kept);
}

int ledger_tell_hour(struct ledger *l, const char *account, const struct ledger_hour *hour)
{
        return tell(l, account, "", hour, sizeof(*hour));
}

int ledger_tell_replacements(struct ledger *l, const char *account, const char *slot, int64_t n)
{
        return tell(l, account, slot, &n, sizeof(n));
}

static struct hour hour_before(struct ledger *l, const char *account, usec_t now, int64_t wall, struct error *e)
{
        return (struct hour){
                .ledger = l,
                .account = account,
                .since = usec_max(usec_since(now, USEC_PER_HOUR), 1),
                .wall_since = wall - SECONDS_AN_HOUR,
                .error = e,
        };
}

int ledger_hour(struct ledger *l, const char *account, usec_t now, int64_t wall, struct ledger_hour *ret,
                struct error *e)
{
        const struct hour h = hour_before(l, account, now, wall, e);
        struct ledger_hour counted = {};
        int r;

        r = told(l, account, "", ret, sizeof(*ret), e);
        if (r != 0)
                return r < 0 ? r : 0;

        r = count_calls(&h, &counted);
        if (r < 0)
                return r;

        r = most_owned(&h, &counted.most_owned);
        if (r < 0)
                return r;

        *ret = counted;
        return 0;
}

int ledger_replacements(struct ledger *l, const char *account, const char *slot, usec_t now, int64_t wall, int64_t *ret,
                        struct error *e)
{
        const struct hour h = hour_before(l, account, now, wall, e);
        size_t i = l->n_calls;
        const struct call *call;
        int64_t counted = 0;
        int r;

        r = told(l, account, slot, ret, sizeof(*ret), e);
        if (r != 0)
                return r < 0 ? r : 0;

        r = count_replacement_rows(&h, slot, &counted);
        if (r < 0)
                return r;

        while ((call = new_call_before(&h, &i)))
                counted += call->counts == COUNTS_REPLACE && strcmp(call->slot, slot) == 0;

        *ret = counted;
        return 0;
}
