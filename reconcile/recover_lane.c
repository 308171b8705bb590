/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/lane.h"

/*
 * Recovery of creates that leave no marker: new things that fit are held against the calls that were made for such things. Where
 * nobody else makes any, they are ours as they are listed. Elsewhere only equal numbers tell, and only once nothing more may come; all
 * else waits for a person.
 */

/* How many processes may have had to take such a create up before it is given to a person. */
#define CUTS_MAX 3

/* Calls for the same things, and the listed things that may be theirs. */
struct lane {
        struct account *a;
        struct call **calls;
        size_t n_calls;
        size_t n_accepted;
        const struct row **rows;
        size_t n_rows, allocated_rows;
        bool shared; /* some row may be another lane's as well */
};

static bool is_same_lane(const struct call *a, const struct call *b)
{
        return a->type == b->type && text_equal(a->wanted_text, b->wanted_text);
}

static bool is_new(const struct account *a, const struct call *c, const struct row *row)
{
        return !ledger_held(a->engine->ledger, a->name, c->type, row->id) &&
               !ledger_is_stranger(a->engine->ledger, a->name, c->type, row->id);
}

/* Is the row one that some call of another lane may have made? */
static bool is_shared(const struct lane *lane, struct call *const *all, size_t n, const struct row *row)
{
        for (size_t i = 0; i < n; i++)
                if (all[i]->type == lane->calls[0]->type && !is_same_lane(all[i], lane->calls[0]) &&
                    lane_fits(&all[i]->wanted, row))
                        return true;
        return false;
}

static int gather_rows(struct lane *lane, struct call *const *all, size_t n)
{
        const struct call *first = lane->calls[0];
        const struct listed *listed = &lane->a->machines->of[first->type];

        for (size_t i = 0; i < listed->n_rows; i++) {
                const struct row *row = &listed->rows[i], **place;

                if (!is_new(lane->a, first, row) || !lane_fits(&first->wanted, row))
                        continue;
                place = ARRAY_ADD(lane->rows, lane->n_rows, lane->allocated_rows);
                if (!place)
                        return -ENOMEM;
                *place = row;
                lane->shared = lane->shared || is_shared(lane, all, n, row);
        }
        return 0;
}

static const char *candidates(const struct lane *lane)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);

        for (size_t i = 0; i < lane->n_rows && i < 5; i++)
                buf_addf(&b, "%s%s", i ? ", " : "", lane->rows[i]->id);
        if (lane->n_rows > 5)
                buf_addf(&b, " and %zu more", lane->n_rows - 5);
        if (b.failed == -ENOMEM)
                engine_break(lane->a->engine, -ENOMEM, "out of memory");
        return account_words(lane->a, "%s", lane->n_rows ? buf_text(&b) : "none");
}

static void park(struct lane *lane, struct call *c, const char *why)
{
        recover_park_slot(lane->a, c, "", false,
                          account_words(lane->a,
                                        "%s, and nothing tells what it made from what others make; candidates: %s", why,
                                        candidates(lane)));
}

/* Which call made which row nobody knows: where some have theirs, the others wait for as long as any of all these may still act. */
static void wait_for_the_last(struct lane *lane, usec_t last)
{
        for (size_t i = 0; i < lane->n_calls; i++)
                if (call_is_open(lane->a, lane->calls[i]))
                        lane->calls[i]->settle_from = last;
}

/* What is listed is ours, that first which was said to be done. */
static void take_as_listed(struct lane *lane, usec_t now)
{
        size_t taken = 0;
        usec_t last = 0;

        for (size_t i = 0; i < lane->n_calls; i++)
                last = usec_max(last, lane->calls[i]->settle_from);
        for (int accepted = 1; accepted >= 0; accepted--)
                for (size_t i = 0; i < lane->n_calls && taken < lane->n_rows; i++)
                        if ((lane->calls[i]->state == CALL_ACCEPTED) == accepted &&
                            call_is_open(lane->a, lane->calls[i]))
                                recover_own(lane->a, lane->calls[i], lane->rows[taken++]);
        if (taken)
                wait_for_the_last(lane, last);
        for (size_t i = 0; i < lane->n_calls; i++) {
                struct call *c = lane->calls[i];

                if (call_is_open(lane->a, c) && recover_is_settled(lane->a, c) && recover_stays_absent(lane->a, c))
                        recover_not_done(lane->a, c, now);
        }
}

static bool all_are_settled(const struct lane *lane)
{
        for (size_t i = 0; i < lane->n_calls; i++)
                if (!recover_is_settled(lane->a, lane->calls[i]))
                        return false;
        return true;
}

/* A listing that lacks machines of ours may lack some of these as well: it tells no numbers, and no candidates. */
static bool names_candidates(const struct lane *lane)
{
        return !lane->a->lacking && !lane->a->machines->capped;
}

static bool may_be_counted(const struct lane *lane)
{
        return all_are_settled(lane) && names_candidates(lane);
}

/* Nothing new is there. What was said to be done, and is not, is for a person; the rest was not done. */
static void none_came(struct lane *lane, usec_t now)
{
        for (size_t i = 0; i < lane->n_calls; i++) {
                struct call *c = lane->calls[i];

                if (!recover_stays_absent(lane->a, c))
                        continue;
                if (c->state == CALL_ACCEPTED)
                        park(lane, c, "the vendor said that it was made, and no listing shows it");
                else
                        recover_not_done(lane->a, c, now);
        }
}

/* What is made of a template of ours is ours, unless a person made some of it meanwhile: then there are more than were asked for, once
 * nothing more may come. */
static void take_of_template(struct lane *lane, usec_t now)
{
        if (!may_be_counted(lane))
                return;
        if (lane->n_rows <= lane->n_calls) {
                take_as_listed(lane, now);
                return;
        }
        for (size_t i = 0; i < lane->n_calls; i++)
                park(lane, lane->calls[i],
                     account_words(lane->a, "%zu were asked for, and %zu new ones came", lane->n_calls, lane->n_rows));
}

/* What is new and says just what was asked for is ours; nothing may be among it of which that is not known. */
static void take_by_content(struct lane *lane, usec_t now)
{
        bool known = true;

        if (!may_be_counted(lane))
                return;
        for (size_t i = 0; i < lane->n_rows; i++)
                known = known && values_known(&lane->rows[i]->values, PROPERTY_SPEC);
        if (known && lane->n_rows <= lane->n_calls) {
                take_as_listed(lane, now);
                return;
        }
        for (size_t i = 0; i < lane->n_calls; i++)
                park(lane, lane->calls[i],
                     account_words(lane->a, "%zu %s asked for, and %zu new ones that may be meant came", lane->n_calls,
                                   lane->n_calls == 1 ? "was" : "were", lane->n_rows));
}

static void take_by_numbers(struct lane *lane, usec_t now)
{
        if (!may_be_counted(lane))
                return;
        if (!lane->n_rows) {
                none_came(lane, now);
                return;
        }
        for (size_t i = 0; i < lane->n_calls; i++) {
                if (!lane->shared && lane->n_accepted == lane->n_calls && lane->n_rows == lane->n_calls)
                        recover_own(lane->a, lane->calls[i], lane->rows[i]);
                else
                        park(lane, lane->calls[i],
                             account_words(
                                     lane->a,
                                     "of %zu creates that were made together %zu were accepted, and %zu new ones came",
                                     lane->n_calls, lane->n_accepted, lane->n_rows));
        }
}

static void decide(struct lane *lane, usec_t now)
{
        struct account *a = lane->a;
        const struct call *first = lane->calls[0];
        const struct making *making = &a->making[first->type];

        if (!lane->shared && lane_is_alone(making, a->config.options, a->codec)) {
                take_as_listed(lane, now);
                return;
        }
        if (!lane->shared &&
            lane_is_ours(a->engine->ledger, a->name, making, a->config.options, a->codec, &first->wanted)) {
                take_of_template(lane, now);
                return;
        }
        if (!lane->shared && making->told_by_content) {
                take_by_content(lane, now);
                return;
        }
        for (size_t i = 0; i < lane->n_calls; i++)
                if (lane->calls[i]->cuts >= CUTS_MAX && names_candidates(lane)) {
                        for (size_t k = 0; k < lane->n_calls; k++)
                                park(lane, lane->calls[k],
                                     "muster was stopped again and again before its outcome was known");
                        return;
                }
        take_by_numbers(lane, now);
}

/* Brings the calls of one lane together at the front of those from `first` on; returns how many they are. */
static size_t next_lane(struct call **calls, size_t n, size_t first)
{
        size_t end = first + 1;

        for (size_t i = end; i < n; i++)
                if (is_same_lane(calls[first], calls[i])) {
                        struct call *c = calls[i];

                        calls[i] = calls[end];
                        calls[end++] = c;
                }
        return end - first;
}

int recover_lanes(struct account *a, struct call **calls, size_t n, usec_t now)
{
        for (size_t first = 0, n_lane; first < n; first += n_lane) {
                struct lane lane = { .a = a, .calls = calls + first };
                int r;

                n_lane = next_lane(calls, n, first);
                if (!observation_covers(a->machines, calls[first]->type))
                        continue;
                lane.n_calls = n_lane;
                for (size_t i = 0; i < n_lane; i++)
                        lane.n_accepted += lane.calls[i]->state == CALL_ACCEPTED;
                r = gather_rows(&lane, calls, n);
                if (r >= 0)
                        decide(&lane, now);
                free(lane.rows);
                if (r < 0)
                        return r;
        }
        return 0;
}
