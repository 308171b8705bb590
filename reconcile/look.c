/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"

/* A request that did not get through is sent again, so that one lost connection does not spoil a whole listing. */
#define TRIES_MAX 3
/* A listing that does not fit together is read again once; then nothing is known. */
#define WALKS_MAX 2
/* What cannot be read of so many single things is not asked of the others either; one that took as long as a request may counts for
 * several. */
#define MISSES_MAX 16
#define MISSES_OF_TIME 6

static const usec_t try_delays[TRIES_MAX] = { 0, 200 * USEC_PER_MSEC, USEC_PER_SEC };

static void drop_items(struct look *l)
{
        for (size_t i = 0; i < l->n_items; i++)
                request_done(&l->items[i].request);
        free(l->items);
        l->items = NULL;
        l->n_items = l->allocated_items = l->next = l->n_open = 0;
}

void look_done(struct look *l)
{
        drop_items(l);
        l->seen = observation_free(l->seen);
}

/* What is still in flight for the question is of no more use. */
static void cancel_flights(struct account *a, const struct look *l)
{
        size_t kept = 0;

        for (size_t i = 0; i < a->n_flights; i++) {
                if (a->flights[i].look == l)
                        a->engine->host.cancel(a->engine->host.userdata, a->number, a->flights[i].id);
                else
                        a->flights[kept++] = a->flights[i];
        }
        a->n_flights = kept;
}

static void look_fail(struct account *a, struct look *l)
{
        cancel_flights(a, l);
        drop_items(l);
        l->seen->state = OBSERVATION_INCOMPLETE;
}

static int take_requests(struct look *l, struct request_list *further)
{
        for (size_t i = 0; i < further->n_requests; i++) {
                struct look_item *item = ARRAY_ADD(l->items, l->n_items, l->allocated_items);

                if (!item)
                        return -ENOMEM;
                item->request = further->requests[i];
                further->requests[i] = (struct request){ 0 };
                l->n_open++;
        }
        return 0;
}

static int begin_walk(struct account *a, struct look *l, struct error *e)
{
        _cleanup_request_list_ struct request_list further = { 0 };
        int r;

        l->seen = observation_free(l->seen);
        drop_items(l);
        l->walks++;
        r = observation_new(&l->scope, &l->seen);
        if (r < 0)
                return error_oom(e);
        r = a->codec->look(&a->config, l->seen, &further, e);
        if (r < 0)
                return r;
        return take_requests(l, &further) < 0 ? error_oom(e) : 0;
}

int look_start(struct account *a, struct look *l, const struct scope *scope, usec_t now, struct error *e)
{
        look_done(l);
        *l = (struct look){ .scope = *scope, .started = now };
        return begin_walk(a, l, e);
}

/* Rows that moved while paging, or a page that could not be read: once more from the start, then give up. */
static void walk_again(struct account *a, struct look *l, const struct error *why)
{
        struct error words = *why, e = { 0 };

        cancel_flights(a, l);
        if (l->walks < WALKS_MAX && begin_walk(a, l, &e) >= 0)
                return;
        if (!l->seen)
                (void)observation_new(&l->scope, &l->seen);
        if (!l->seen) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        l->seen->why = words;
        look_fail(a, l);
}

static bool retry_item(struct look *l, struct look_item *item, usec_t now, usec_t wait)
{
        if (++item->tries >= TRIES_MAX)
                return false;
        item->state = ITEM_WAITING;
        item->not_before = usec_add(now, usec_max(wait, try_delays[item->tries]));
        l->next = usec_min(l->next, (size_t)(item - l->items));
        return true;
}

static void finish(struct account *a, struct look *l)
{
        _cleanup_request_list_ struct request_list further = { 0 };
        struct error e = { 0 };
        int r;

        r = a->codec->seen(&a->config, l->seen, &further, &e);
        if (r == 1 && take_requests(l, &further) >= 0)
                return;
        if (r == 0) {
                l->seen->state = OBSERVATION_COMPLETE;
                drop_items(l);
                return;
        }
        walk_again(a, l, &e);
}

static void item_done(struct account *a, struct look *l, size_t number)
{
        struct look_item *item = &l->items[number];

        item->state = ITEM_DONE;
        request_done(&item->request);
        item->request = (struct request){ 0 };
        if (--l->n_open == 0)
                finish(a, l);
}

/* It could not be answered. Where it was about one thing alone, that is not known, and the rest is. */
static void item_failed(struct account *a, struct look *l, size_t number, const char *why)
{
        size_t detail = l->items[number].request.detail;
        const struct detail *about;

        if (!detail || detail > l->seen->scope.n_details) {
                error_set(&l->seen->why, -EIO, "%s", why);
                look_fail(a, l);
                return;
        }
        about = &l->seen->scope.details[detail - 1];
        if (observation_miss(l->seen, about->of, about->id, why) < 0) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        l->n_missed++;
        item_done(a, l, number);
}

static void item_lost(struct account *a, struct look *l, size_t number, const struct reply *rp, usec_t now)
{
        bool worth = rp->end == REPLY_NOT_SENT || rp->end == REPLY_BROKEN;

        if (worth && retry_item(l, &l->items[number], now, 0))
                return;
        if (rp->end == REPLY_TIMEOUT)
                l->n_missed += MISSES_OF_TIME - 1;
        item_failed(a, l, number, rp->why ? rp->why : "the connection was lost");
}

/* The session is over. The listing is begun again in a new one; that one thing could not be asked after says nothing. */
static void look_anew(struct account *a, const struct look *l)
{
        login_forget(a);
        if (l == &a->listing)
                login_begin(a);
}

void look_reply(struct account *a, struct look *l, size_t number, struct reply *rp, usec_t now)
{
        _cleanup_request_list_ struct request_list further = { 0 };
        struct look_item *item = &l->items[number];
        struct error e = { 0 };
        int r;

        if (rp->end != REPLY_COMPLETE) {
                item_lost(a, l, number, rp, now);
                return;
        }
        r = a->codec->saw(&a->config, &item->request, rp, l->seen, &further, &e);
        if (r == -EAGAIN) {
                a->paused_until = usec_max(a->paused_until, usec_add(now, rp->retry_after));
                if (retry_item(l, item, now, rp->retry_after))
                        return;
        }
        if (item->request.detail && (r == -EBADMSG || r == -EAGAIN)) {
                if (r == -EAGAIN || !retry_item(l, item, now, 0))
                        item_failed(a, l, number, e.text);
                return;
        }
        if (r == -EBADMSG || r == -ESTALE) {
                walk_again(a, l, &e);
                return;
        }
        if (r >= 0)
                r = take_requests(l, &further);
        if (r < 0) {
                l->seen->why = e;
                l->failed = r;
                look_fail(a, l);
                if (r == -EKEYEXPIRED)
                        look_anew(a, l);
                return;
        }
        item_done(a, l, number);
}

bool look_send(struct account *a, struct look *l, usec_t now)
{
        if (l->seen->state != OBSERVATION_RUNNING)
                return true;
        for (size_t i = l->next; i < l->n_items && account_may_send(a, now); i++) {
                struct look_item *item = &l->items[i];
                struct flight flight = { .look = l, .item = i };
                struct error e = { 0 };

                if (item->state != ITEM_WAITING || item->not_before > now)
                        continue;
                if (item->request.detail && l->n_missed >= MISSES_MAX) {
                        item_failed(a, l, i, "it was not asked for: too many others could not be read");
                        if (l->n_open == 0)
                                return l->seen->state != OBSERVATION_RUNNING;
                        continue;
                }
                if (account_send(a, now, &item->request, flight, &e) < 0) {
                        l->seen->why = e;
                        look_fail(a, l);
                        return true;
                }
                item->state = ITEM_SENT;
                if (i == l->next)
                        l->next++;
        }
        while (l->next < l->n_items && l->items[l->next].state != ITEM_WAITING)
                l->next++;
        return false;
}

usec_t look_next(const struct look *l)
{
        usec_t next = USEC_INFINITY;

        for (size_t i = l->next; i < l->n_items; i++) {
                if (l->items[i].state != ITEM_WAITING)
                        continue;
                next = usec_min(next, l->items[i].not_before);
                if (l->items[i].not_before == 0)
                        break;
        }
        return next;
}
