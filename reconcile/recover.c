/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/lane.h"
#include "reconcile/planner_internal.h"

/*
 * Recovery: every call that is not resolved is held against a complete listing, and so is every thing that we own. What follows
 * from which evidence is the table in reconcile/README.md. A decision that something was *not* done needs a listing that began after
 * the call's settling time (W) was over; W counts in this process, from the call's end or from the start of recovery.
 */

/* So long a listing that has suddenly lost everything is no evidence that nothing came of a create. */

/* A create of ours that is not resolved, and the listed machines that carry its marker. */
struct claim {
        struct call *call;
        const struct row *match; /* the first new one */
        size_t n;
        bool taken; /* something that was ours before carries it, too */
};

struct recovery {
        struct account *a;
        usec_t now;
        struct strmap things[THING_TYPES]; /* slot -> struct thing * */
        struct claim *claims;
        size_t n_claims, allocated_claims;
};

static void recovery_done(struct recovery *rec)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                strmap_done(&rec->things[type]);
        free(rec->claims);
}

usec_t recover_settling(const struct account *a, const struct call *c)
{
        const struct timing *timing = &a->codec->timing;

        if (c->verb == ORDER_SHUT_DOWN)
                return timing->shut_down;
        if (a->provider && a->provider->provider->settle)
                return a->provider->provider->settle;
        if (c->state == CALL_ACCEPTED && c->verb != ORDER_CREATE)
                return timing->change;
        return timing->acting + timing->lag + timing->margin;
}

/* Did the last listing begin after the call's settling time? */
bool recover_is_settled(const struct account *a, const struct call *c)
{
        return a->machines_at >= usec_add(c->settle_from, recover_settling(a, c));
}

/* The machine that a create made becomes ours. */
void recover_own(struct account *a, struct call *c, const struct row *row)
{
        struct thing *t = ledger_add_thing(a->engine->ledger, c->type, c->account, c->resource, c->slot, row->id);

        if (!t || contents_made(a, c->type, row->id) < 0) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        t->state = THING_OWNED;
        t->made_at = engine_wall(a->engine);
        t->made_with = c->wanted;
        t->made_with_text = c->wanted_text;
        ledger_note_made(a->engine->ledger, t, c);
        engine_tell(a, EVENT_DONE, c->slot, "created as %s", row->id);
        thing_shown(a, t, row);
        retry_worked(a, c);
        call_resolve(a, c, "done", c->note);
}

/* A slot that waits for a person. `id` may be "". */
void recover_park_slot(struct account *a, struct call *c, const char *id, bool leaked, const char *note)
{
        struct thing *t = ledger_add_thing(a->engine->ledger, c->type, c->account, c->resource, c->slot, id);

        if (!t) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        t->made_at = engine_wall(a->engine);
        t->made_with = c->wanted;
        t->made_with_text = c->wanted_text;
        t->leaked = leaked;
        thing_park(a, t, note);
        call_resolve(a, c, "parked", note);
}

/* Is it the name that some open create gives? */
static bool is_claimed(const struct account *a, const struct row *row)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++)
                if (call_is_open(a, ledger->calls[i]) && text_equal(ledger->calls[i]->marker, row->name))
                        return true;
        return false;
}

/* May the row be what the create made, although it has another name? */
static bool resembles(const struct account *a, const struct call *c, const struct row *row)
{
        if (a->making[c->type].name_may_differ)
                return c->name_taken && lane_fits(&c->wanted, row) && !is_claimed(a, row) &&
                       !ledger_is_stranger(a->engine->ledger, a->name, c->type, row->id);
        return c->type == TYPE_MACHINE && a->codec->resembles && a->codec->resembles(c->marker, row->name);
}

/* The listed things that a create of unknown outcome may have made, for a person to choose from. */
static const char *candidates(struct account *a, const struct call *c)
{
        const struct listed *listed = &a->machines->of[c->type];
        _cleanup_buf_ struct buf b = BUF_INIT(512);
        size_t n = 0;

        for (size_t i = 0; i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i];

                if (!(text_equal(c->marker, row->name) || resembles(a, c, row)) ||
                    ledger_held(a->engine->ledger, a->name, c->type, row->id))
                        continue;
                if (n++ < 5)
                        buf_addf(&b, "%s%s (%s)", n > 1 ? ", " : "", row->id, row->name);
        }
        if (n > 5)
                buf_addf(&b, " and %zu more", n - 5);
        if (b.failed == -ENOMEM)
                engine_break(a->engine, -ENOMEM, "out of memory");
        return n ? account_words(a, "%s", buf_text(&b)) : NULL;
}

void recover_not_done(struct account *a, struct call *c, usec_t now)
{
        enum outcome_class class = c->said_no ? OUTCOME_REFUSED : OUTCOME_UNKNOWN;
        const char *note = c->note[0] ? c->note : "nothing came of it";

        if (c->verb != ORDER_CREATE || c->said_no)
                engine_tell(a, EVENT_FAILED, c->slot, "was not done: %s", note);
        retry_failed(a, c, class, note, now);
        call_resolve(a, c, "not done", note);
}

/* Is what a create was to make truly not there? Not by the word of one listing, nor of one that lacks machines of ours, too, or all of
 * a sudden others': what is said to be missing may only be left out. */
bool recover_stays_absent(const struct account *a, struct call *c)
{
        usec_t confirm = a->provider ? a->provider->provider->confirm : 0;
        usec_t apart = usec_min(confirm, recover_settling(a, c));
        bool lacking = thing_is_copy(c->type) ? a->lacks_copies : a->lacking;

        if (lacking || losses_of_others(a) || a->machines->capped || !observation_covers(a->machines, c->type) ||
            !call_is_looked_into(a, c))
                c->absent_since = 0;
        else if (!c->absent_since)
                c->absent_since = a->machines_at;
        return c->absent_since && c->absent_since < a->machines_at &&
               a->machines_at >= usec_add(c->absent_since, apart);
}

/* A machine with the right name that is made otherwise than was asked is somebody else's. One that is still being installed may not
 * show yet what it will be. */
static bool is_made_as_asked(const struct account *a, const struct call *c, const struct row *row)
{
        if (!recover_settings_are_asked(a, c, row))
                return false;
        for (enum property f = PROPERTY_NONE + 1; f < PROPERTIES; f++)
                if (f != PROPERTY_SPEC && values_known(&c->wanted, f) && values_known(&row->values, f) &&
                    !value_equal(f, &c->wanted, &row->values))
                        return row->condition == CONDITION_CHANGING;
        return true;
}

static const char *resembling_words(struct account *a, const struct call *c, const char *resembling)
{
        if (a->making[c->type].goes_along)
                return account_words(a, "after a create of unknown outcome its mark is on another machine's %s: %s",
                                     thing_type_words[c->type], resembling);
        return account_words(
                a,
                "after a create of unknown outcome there are machines that may be what it made, with another name: %s",
                resembling);
}

static void recover_unnamed_create(struct account *a, struct claim *claim, usec_t now)
{
        struct call *c = claim->call;
        bool as_asked = claim->n == 1 && is_made_as_asked(a, c, claim->match);
        const char *resembling;

        c->name_taken = c->name_taken || claim->taken || (claim->n && !as_asked);
        /* What is said to be done and is listed is taken at once. Another thing with its name may only have been listed sooner. */
        if (!(as_asked && c->state == CALL_ACCEPTED) && !recover_is_settled(a, c))
                return;
        if (claim->n == 1) {
                if (as_asked)
                        recover_own(a, c, claim->match);
                else
                        recover_park_slot(
                                a, c, "", false,
                                account_words(
                                        a,
                                        "after a create of unknown outcome there is a %s with its name that is not "
                                        "made as was asked: %s",
                                        thing_type_words[c->type], candidates(a, c)));
                return;
        }
        if (claim->n > 1) {
                recover_park_slot(a, c, "", false,
                                  account_words(a, "several %ss carry its name after a create of unknown outcome: %s",
                                                thing_type_words[c->type], candidates(a, c)));
                return;
        }
        if (!recover_stays_absent(a, c))
                return;
        resembling = candidates(a, c);
        if (resembling)
                recover_park_slot(a, c, "", false, resembling_words(a, c, resembling));
        else
                recover_not_done(a, c, now);
}

static void recover_create(struct account *a, struct claim *claim, usec_t now)
{
        struct call *c = claim->call;
        const struct row *row;

        if (!c->id[0]) {
                recover_unnamed_create(a, claim, now);
                return;
        }
        row = observation_find(a->machines, c->type, c->id);
        if (row && ledger_held(a->engine->ledger, a->name, c->type, c->id))
                recover_park_slot(a, c, "", false,
                                  account_words(a,
                                                "the vendor said that it made %s, an id that the ledger knows already",
                                                c->id));
        else if (row)
                recover_own(a, c, row);
        else if (recover_is_settled(a, c) && recover_stays_absent(a, c))
                recover_park_slot(a, c, c->id, true,
                                  account_words(a, "the vendor said that it made %s, and no listing shows it", c->id));
}

static bool has_settings(const struct call *c)
{
        return c->verb == ORDER_CHANGE && (c->field == PROPERTY_SPEC || c->field == PROPERTY_CERTIFICATE ||
                                           c->field == PROPERTY_ROUTED || c->field == PROPERTY_FIREWALL);
}

static bool reads_as_wanted(const struct account *a, const struct call *c, const struct thing *t, const struct row *row)
{
        switch (c->verb) {
        case ORDER_START:
                return row->condition == CONDITION_RUNNING;
        case ORDER_SHUT_DOWN:
        case ORDER_POWER_OFF:
                return row->condition == CONDITION_STOPPED;
        case ORDER_CHANGE:
                if (has_settings(c))
                        return recover_settings_are_wanted(a, c, row);
                return values_known(&row->values, c->field) && value_satisfies(c->field, &row->values, &c->wanted);
        case ORDER_ATTACH:
                return row->parent[0];
        case ORDER_DETACH:
                return !row->parent[0];
        case ORDER_RENAME:
                return text_equal(row->name, t->slot);
        default:
                return false;
        }
}

static const char *done_text(enum order_verb verb)
{
        switch (verb) {
        case ORDER_START:
                return "started";
        case ORDER_SHUT_DOWN:
                return "shut down";
        case ORDER_POWER_OFF:
                return "switched off";
        case ORDER_RENAME:
                return "renamed";
        case ORDER_ATTACH:
                return "attached";
        case ORDER_DETACH:
                return "detached";
        default:
                return "changed";
        }
}

static void recover_change(struct account *a, struct call *c, struct thing *t, usec_t now)
{
        const struct row *row = t ? observation_find(a->machines, t->type, t->id) : NULL;

        if (!t || t->state == THING_PARKED) {
                call_resolve(a, c, "dropped", "it is not ours to change any more");
        } else if (row && reads_as_wanted(a, c, t, row)) {
                engine_tell(a, EVENT_DONE, c->slot, "%s", done_text(c->verb));
                if (has_settings(c))
                        recover_keep_sent(a, t, c);
                retry_worked(a, c);
                call_resolve(a, c, "done", c->note);
        } else if (row && recover_is_settled(a, c)) {
                if (has_settings(c))
                        recover_doubt_sent(a, t, c);
                recover_not_done(a, c, now);
        }
}

static void recover_delete(struct account *a, struct call *c, struct thing *t, usec_t now)
{
        if (!t || t->state == THING_PARKED) {
                call_resolve(a, c, "dropped", "it is not ours to delete any more");
                return;
        }
        if (!observation_covers(a->machines, t->type))
                return;
        if (!observation_find(a->machines, t->type, t->id)) {
                c->absent += !a->machines->capped;
                return;
        }
        c->absent = 0;
        if (!recover_is_settled(a, c))
                return;
        t->state = THING_OWNED;
        touch_thing(a, t);
        recover_not_done(a, c, now);
}

/* Finds the things of one type that carry the markers of open creates, were never ours, and so may be what those made. */
static int match_type(struct recovery *rec, enum thing_type type)
{
        const struct listed *listed = &rec->a->machines->of[type];
        _cleanup_strmap_ struct strmap markers = { 0 };

        for (size_t i = 0; i < rec->n_claims; i++) {
                struct call *c = rec->claims[i].call;

                if (c->type == type && c->marker[0] && strmap_set(&markers, c->marker, &rec->claims[i]) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; markers.count && i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i];
                struct claim *claim = strmap_get(&markers, row->name);

                if (!claim || observation_remembers(rec->a->machines, type, row->parent))
                        continue;
                if (!call_may_have_made(rec->a, claim->call, row))
                        continue;
                if (ledger_held(rec->a->engine->ledger, rec->a->name, type, row->id))
                        claim->taken = true;
                else if (claim->n++ == 0)
                        claim->match = row;
        }
        return 0;
}

static int match_claims(struct recovery *rec)
{
        int r = 0;

        for (enum thing_type type = 0; rec->n_claims && type < THING_TYPES && r >= 0; type++)
                r = rec->a->making[type].contained ? 0 : match_type(rec, type);
        return r;
}

struct deletes {
        struct strmap of[THING_TYPES]; /* slot -> struct call * */
};

static void deletes_done(struct deletes *deletes)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                strmap_done(&deletes->of[type]);
}

/* A machine that was to go, and whose delete never went out or is over, is ours as before. */
static int take_back(struct account *a)
{
        _cleanup_(deletes_done) struct deletes deletes = { 0 };
        struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                struct call *c = ledger->calls[i];

                if (c->state == CALL_RESOLVED || c->verb != ORDER_DELETE || !text_equal(c->account, a->name))
                        continue;
                if (strmap_set(&deletes.of[c->type], c->slot, c) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state != THING_LEAVING || !text_equal(t->account, a->name) ||
                    strmap_get(&deletes.of[t->type], t->slot))
                        continue;
                t->state = THING_OWNED;
                touch_thing(a, t);
        }
        return 0;
}

static bool is_ours(const struct recovery *rec, const struct thing *t)
{
        return t->state != THING_GONE && text_equal(t->account, rec->a->name);
}

static int gather(struct recovery *rec)
{
        struct ledger *ledger = rec->a->engine->ledger;

        bool mapped = ledger->n_calls || rec->a->making[TYPE_DISK].goes_along;

        for (size_t i = 0; mapped && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (is_ours(rec, t) && strmap_set(&rec->things[t->type], t->slot, t) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < ledger->n_things; i++)
                if (is_ours(rec, ledger->things[i]))
                        thing_see(rec->a, ledger->things[i], &rec->things[TYPE_MACHINE]);
        for (size_t i = 0; i < ledger->n_calls; i++) {
                struct call *c = ledger->calls[i];
                struct claim *claim;

                if (!call_is_open(rec->a, c) || c->verb != ORDER_CREATE || c->in_flight)
                        continue;
                claim = ARRAY_ADD(rec->claims, rec->n_claims, rec->allocated_claims);
                if (!claim)
                        return -ENOMEM;
                claim->call = c;
        }
        return match_claims(rec);
}

/* Creates whose things nothing names are looked at together, once all those were that can be told by an id or a marker. */
static int recover_unmarked(struct recovery *rec)
{
        _cleanup_free_ struct call **calls = NULL;
        size_t n = 0;

        if (!rec->n_claims)
                return 0;
        calls = calloc(rec->n_claims, sizeof(struct call *));
        if (!calls)
                return -ENOMEM;
        for (size_t i = 0; i < rec->n_claims; i++) {
                struct call *c = rec->claims[i].call;

                if (call_is_open(rec->a, c) && !c->id[0] && !c->marker[0])
                        calls[n++] = c;
        }
        return n ? recover_lanes(rec->a, calls, n, rec->now) : 0;
}

static void recover_call(struct recovery *rec, struct call *c, size_t *claim)
{
        struct account *a = rec->a;

        if (!c->settle_from)
                c->settle_from = a->machines_at;
        if (a->making[c->type].contained) {
                *claim += c->verb == ORDER_CREATE;
                recover_part(a, c, rec->now);
        } else if (a->making[c->type].always_there) {
                recover_standing(a, c, rec->now);
        } else if (!call_is_looked_into(a, c)) {
                *claim += c->verb == ORDER_CREATE;
                c->absent_since = 0; /* two looks that both looked for it must lack it */
        } else if (c->verb == ORDER_CREATE) {
                struct claim *own = &rec->claims[(*claim)++];

                if (c->id[0] || c->marker[0])
                        recover_create(a, own, rec->now);
        } else if (c->verb == ORDER_DELETE) {
                recover_delete(a, c, strmap_get(&rec->things[c->type], c->slot), rec->now);
        } else {
                recover_change(a, c, strmap_get(&rec->things[c->type], c->slot), rec->now);
        }
}

int recover_see(struct account *a, usec_t now, struct error *e)
{
        _cleanup_(recovery_done) struct recovery rec = { .a = a, .now = now };
        struct ledger *ledger = a->engine->ledger;
        struct losses losses;
        size_t claim = 0;

        if (take_back(a) < 0 || gather(&rec) < 0)
                return error_oom(e);
        losses = losses_count(a);
        a->lacking = losses.all.missing > 0;
        a->lacks_copies = losses.copies.missing > 0;
        for (size_t i = 0, n = ledger->n_calls; i < n; i++) {
                struct call *c = ledger->calls[i];

                if (call_is_open(a, c) && !c->in_flight)
                        recover_call(&rec, c, &claim);
        }
        if (recover_unmarked(&rec) < 0)
                return error_oom(e);
        losses_hold(a, &losses);
        losses_hold_copies(a, &losses.copies);
        if (!engine_acts(a->engine))
                return 0;
        if (strangers_note(a) < 0)
                return error_oom(e);
        return losses_check(a, now, e);
}

/* The earlier of the two, as far as the last listing did not begin after it. */
static usec_t still_to_come(const struct account *a, usec_t next, usec_t due)
{
        return due > a->machines_at ? usec_min(next, due) : next;
}

usec_t recover_next(const struct account *a)
{
        const struct ledger *ledger = a->engine->ledger;
        usec_t confirm = a->provider ? a->provider->provider->confirm : 0, next = USEC_INFINITY;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                const struct call *c = ledger->calls[i];

                if (!call_is_open(a, c) || !c->settle_from || c->in_flight)
                        continue;
                if (c->absent_since)
                        next = still_to_come(a, next,
                                             usec_add(c->absent_since, usec_min(confirm, recover_settling(a, c))));
                else
                        next = still_to_come(a, next, usec_add(c->settle_from, recover_settling(a, c)));
        }
        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->state == THING_OWNED && t->missing && t->missing_since && text_equal(t->account, a->name))
                        next = still_to_come(a, next, usec_add(t->missing_since, confirm));
        }
        return next;
}
