/* SPDX-License-Identifier: MIT */
#include "tests/simulation/host.h"

#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/manners.h"
#include "tests/simulation/server.h"

/* A commit seldom takes more calls of SQLite's. */
#define BAD_CALLS_MAX 20
#define WALL_START 1767225600 /* the simulators' calendar begins then */

/* Exchanges. */

static char *copy(const char *s)
{
        return s ? world_must(strdup(s)) : NULL;
}

static void copy_request(const struct request *from, struct request *to)
{
        *to = *from;
        to->url = copy(from->url);
        to->headers = NULL;
        to->n_headers = to->allocated_headers = 0;
        for (size_t i = 0; i < from->n_headers; i++)
                if (request_add_header(to, from->headers[i].name, from->headers[i].value, NULL) < 0)
                        abort();
        if (from->body) {
                to->body = world_must(malloc(from->body_len + 1));
                memcpy(to->body, from->body, from->body_len);
                to->body[from->body_len] = '\0';
        }
}

struct exchange *exchange_unref(struct exchange *x)
{
        if (!x || --x->references > 0)
                return NULL;
        request_done(&x->request);
        reply_done(&x->reply);
        free(x);
        return NULL;
}

static struct exchange *exchange_new(struct world *w, size_t account, uint64_t id, const struct request *rq)
{
        struct exchange *x = world_must(calloc(1, sizeof(*x))), **place;

        x->id = id;
        x->life = w->life;
        x->account = account;
        copy_request(rq, &x->request);
        place = world_must(ARRAY_ADD(w->open, w->n_open, w->allocated_open));
        *place = x;
        x->references = 1;
        server_classify(w, x);
        return x;
}

static void schedule(struct world *w, struct exchange *x, enum event_kind kind, usec_t length)
{
        x->references++;
        events_add(w, &(struct world_event){ .at = usec_add(w->now, length), .kind = kind, .exchange = x });
}

/* For muster it is over. */
static void end(struct world *w, struct exchange *x)
{
        if (x->ended)
                return;
        x->ended = true;
        x->ended_at = w->now;
        for (size_t i = 0; i < w->n_open; i++)
                if (w->open[i] == x) {
                        w->open[i] = w->open[--w->n_open];
                        break;
                }
        exchange_unref(x);
}

void exchanges_end(struct world *w)
{
        while (w->n_open)
                end(w, w->open[0]);
}

static void deliver(struct world *w, struct exchange *x, struct reply *rp, const char *how)
{
        uint64_t id = x->id;

        world_trace(w, "  %s %s %s: %s", w->servers[x->account].account, x->class, x->subject, how);
        manners_reply(w, x, rp->end == REPLY_COMPLETE);
        end(w, x);
        engine_reply(w->engine, world_boot_clock(w), id, rp);
}

static void deliver_end(struct world *w, struct exchange *x, enum reply_end why, const char *words)
{
        struct reply rp _cleanup_reply_ = { .end = why, .body = copy(""), .why = copy(words) };

        deliver(w, x, &rp, words);
}

/* The vendor may be late with a call whose sender is gone, but not for ever. */
static bool comes_too_late(const struct world *w, const struct exchange *x)
{
        return x->ended && w->now > usec_add(x->ended_at, w->options.acting);
}

static void arrive(struct world *w, struct exchange *x)
{
        if (comes_too_late(w, x))
                return;
        if (server_serve(w, x))
                schedule(w, x, AT_CLIENT, x->fate.back);
        else if (x->fate.faults & (FAULT_DROP_REQUEST | FAULT_DROP_REPLY))
                schedule(w, x, BROKEN, x->fate.back);
}

void exchange_happens(struct world *w, const struct world_event *event)
{
        struct exchange *x = event->exchange;

        x->references++;
        if (event->kind == AT_SERVER)
                arrive(w, x);
        else if (x->ended)
                ;
        else if (event->kind == AT_CLIENT)
                deliver(w, x, &x->reply, "answered");
        else if (event->kind == BROKEN)
                deliver_end(w, x, REPLY_BROKEN, "connection broken");
        else if (event->kind == TIMED_OUT)
                deliver_end(w, x, REPLY_TIMEOUT, "timed out");
        else
                deliver_end(w, x, REPLY_NOT_SENT, "not sent");
        exchange_unref(x);
}

/* Death. */

static bool happens(struct world *w, unsigned chance)
{
        return chance && random_below(&w->random, 100000) < chance && (!w->permits || w->permits(w));
}

static bool strikes(struct world *w, enum death where)
{
        static const char *const texts[DEATHS] = { "", "before a commit", "after a commit", "before a send",
                                                   "after a send" };
        bool now = false;

        if (w->dying)
                return true;
        if (w->death == where) {
                now = w->survives == 0;
                if (now)
                        w->death = DEATH_NONE;
                else
                        w->survives--;
        }
        if (happens(w, w->death_chance))
                now = true;
        if (now)
                world_trace(w, "DIES %s", texts[where]);
        if (now && w->at_death)
                w->at_death();
        w->dying = now;
        w->died = w->died || now;
        return now;
}

/* The engine's host. Once dying nothing leaves any more: what the engine still does is as if it never had been. */

static int host_send(void *userdata, size_t account, uint64_t id, const struct request *rq, struct error *e)
{
        struct world *w = userdata;
        struct exchange *x;

        if (w->dying || (!rq->read && strikes(w, DEATH_BEFORE_SEND)))
                return error_set(e, -EIO, "muster is dead");
        x = exchange_new(w, account, id, rq);
        x->fate = w->fate(w, x);
        invariants_send(w, x);
        manners_send(w, x);
        world_trace(w, "%s %s %s %s", x->request.read ? "  ask" : "SEND", w->servers[account].account, x->class,
                    x->subject);
        if (!rq->read)
                w->acts++;
        if (x->fate.faults & FAULT_SEND_FAILS) {
                w->servers[account].sent_in = 0; /* it was not */
                end(w, x);
                return error_set(e, -EMFILE, "no connection can be opened");
        }
        if (x->fate.faults & FAULT_NOT_SENT) {
                schedule(w, x, NOT_SENT, x->fate.there);
        } else {
                schedule(w, x, AT_SERVER, x->fate.there);
                if (x->fate.broken)
                        schedule(w, x, BROKEN, x->fate.broken);
                schedule(w, x, TIMED_OUT, rq->timeout);
        }
        if (!rq->read)
                strikes(w, DEATH_AFTER_SEND);
        return 0;
}

static void host_cancel(void *userdata, size_t account, uint64_t id)
{
        struct world *w = userdata;

        for (size_t i = 0; i < w->n_open; i++)
                if (w->open[i]->id == id && w->open[i]->account == account) {
                        end(w, w->open[i]);
                        return;
                }
}

/* One call of SQLite's fails, or it and all after it; or none, where the commit takes fewer. */
static int commit_on_a_bad_disk(struct world *w, struct error *e)
{
        static const char *const texts[] = {
                [DISK_EIO] = "cannot be read or written", [DISK_FULL] = "is full", [DISK_SHORT] = "fills up"
        };
        enum disk_fault fault = (enum disk_fault)random_below(&w->random, ARRAY_SIZE(texts));
        uint64_t calls = random_below(&w->random, BAD_CALLS_MAX);
        int r;

        disk_fail(calls, fault, random_chance(&w->random, 500));
        r = ledger_commit(w->ledger, e);
        disk_heal();
        if (disk_has_failed())
                world_trace(w, "the disk %s", texts[fault]);
        return r;
}

static int host_commit(void *userdata, struct error *e)
{
        struct world *w = userdata;
        bool ill;
        int r;

        if (strikes(w, DEATH_BEFORE_COMMIT))
                return error_set(e, -EIO, "muster is dead");
        ill = happens(w, w->commit_chance);
        r = ill ? commit_on_a_bad_disk(w, e) : ledger_commit(w->ledger, e);
        w->commits++;
        world_trace(w, r < 0 ? "commit FAILS" : "commit");
        w->changed = true;
        if (r < 0 && !ill && !w->commits_may_fail)
                world_violate(w, "a commit failed: %s", e->text);
        strikes(w, DEATH_AFTER_COMMIT);
        return r;
}

static void host_event(void *userdata, const struct engine_event *event)
{
        static const char *const types[] = { "started", "done", "failed", "unknown", "note" };
        struct world *w = userdata;

        world_trace(w, "    %s: %s %s %s", types[event->type], event->account, event->name, event->text);
}

static int64_t host_wall(void *userdata)
{
        struct world *w = userdata;

        return WALL_START + (int64_t)(w->now / USEC_PER_SEC) + w->wall_off;
}

const struct engine_host world_host = {
        .send = host_send,
        .cancel = host_cancel,
        .commit = host_commit,
        .event = host_event,
        .wall = host_wall,
};
