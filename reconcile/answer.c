/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"

/*
 * The deeds of a person: adopt, forget, accept-loss. They change the ledger only, after a complete look at the account, so that they
 * are checked against what is there.
 */

#define ANSWER_MAX 16384

struct answering {
        struct account *a;
        const struct ledger_request *request;
        struct buf text;
        bool refused;
};

static int refuse(struct answering *w, const char *format, ...) _printf_(2, 3);
static int refuse(struct answering *w, const char *format, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        w->refused = true;
        return buf_addf(&w->text, "%s%s", w->text.len ? "\n" : "", text);
}

static struct thing *find_thing(const struct account *a, const char *slot, const char *id)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state != THING_GONE && text_equal(t->account, a->name) &&
                    (slot ? text_equal(t->slot, slot) : text_equal(t->id, id)))
                        return t;
        }
        return NULL;
}

static struct call *find_call(const struct account *a, const char *slot)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++)
                if (ledger->calls[i]->state != CALL_RESOLVED && text_equal(ledger->calls[i]->account, a->name) &&
                    text_equal(ledger->calls[i]->slot, slot))
                        return ledger->calls[i];
        return NULL;
}

static void drop(struct account *a, struct thing *t, const char *note)
{
        t->state = THING_GONE;
        t->missing = false;
        t->gone_at = engine_wall(a->engine);
        t->note = note;
        touch_thing(a, t);
}

/* Takes one machine. What stands in its way is told. */
static int take(struct answering *w, const char *slot, const struct row *row)
{
        struct account *a = w->a;
        struct thing *there = find_thing(a, slot, NULL), *owner = find_thing(a, NULL, row->id), *t;

        if (owner && owner->state == THING_OWNED && text_equal(owner->slot, slot))
                return buf_addf(&w->text, "%s%s is %s already", w->text.len ? "\n" : "", slot, row->id);
        if (owner && owner != there)
                return refuse(w, "%s is %s of %s already; 'muster forget %s' first", row->id, owner->slot,
                              owner->resource, owner->slot);
        if (there && there->state != THING_PARKED)
                return refuse(w, "%s is %s already; 'muster forget %s' first", slot, there->id, slot);
        if (find_call(a, slot))
                return refuse(w, "a call on %s is still open; wait until its outcome is known, or 'muster forget %s'",
                              slot, slot);
        if (there)
                drop(a, there, "adopted");
        t = ledger_add_thing(a->engine->ledger, a->name, w->request->resource, slot, row->id);
        if (!t)
                return -ENOMEM;
        t->adopted = true;
        t->made_at = engine_wall(a->engine);
        t->created = ledger_string(a->engine->ledger, row->created);
        t->address = ledger_string(a->engine->ledger, row->address);
        t->condition = row->condition;
        t->ever_ready = row->condition == CONDITION_RUNNING || row->condition == CONDITION_STOPPED;
        if (!t->created || !t->address)
                return -ENOMEM;
        return buf_addf(&w->text, "%sadopted %s (%s)", w->text.len ? "\n" : "", slot, row->id);
}

static size_t rows_named(const struct account *a, const char *name)
{
        size_t n = 0;

        for (size_t i = 0; i < a->machines->n_rows; i++)
                n += text_equal(a->machines->rows[i].name, name);
        return n;
}

static int adopt_by_names(struct answering *w)
{
        struct account *a = w->a;
        const char *set = strchr(w->request->resource, '/') + 1;
        size_t fitting = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < a->machines->n_rows; i++) {
                const struct row *row = &a->machines->rows[i];

                if (slot_ordinal(set, row->name) < 0)
                        continue;
                fitting++;
                if (find_thing(a, NULL, row->id))
                        continue;
                if (rows_named(a, row->name) > 1)
                        r = refuse(w, "several machines on %s are named %s; name the one: 'muster adopt %s ID'",
                                   a->name, row->name, row->name);
                else
                        r = take(w, row->name, row);
        }
        if (!fitting)
                return refuse(w, "no machine on %s is named like %s-0", a->name, set);
        if (r >= 0 && !w->text.len)
                r = buf_adds(&w->text, "every machine that is named like this set's is its already");
        return r;
}

static int adopt(struct answering *w)
{
        const struct row *row;

        if (!w->request->slot[0])
                return adopt_by_names(w);
        if (!w->request->id[0])
                return refuse(w, "which machine? 'muster adopt %s ID'", w->request->slot);
        row = observation_find(w->a->machines, w->request->id);
        if (!row)
                return refuse(w, "%s shows no machine with the id %s", w->a->name, w->request->id);
        return take(w, w->request->slot, row);
}

static int forget(struct answering *w)
{
        struct ledger *ledger = w->a->engine->ledger;
        const char *slot = w->request->slot;
        int r = 0;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                struct call *c = ledger->calls[i];

                if (c->state == CALL_RESOLVED || !text_equal(c->resource, w->request->resource) ||
                    (slot[0] && !text_equal(c->slot, slot)))
                        continue;
                call_resolve(w->a, c, "forgotten", c->note);
                if (c->verb == ORDER_CREATE)
                        r = buf_addf(&w->text, "%sforgot that %s was being made", w->text.len ? "\n" : "", c->slot);
        }
        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state == THING_GONE || !text_equal(t->resource, w->request->resource) ||
                    (slot[0] && !text_equal(t->slot, slot)))
                        continue;
                drop(w->a, t, "forgotten");
                r = buf_addf(&w->text, "%sforgot %s%s%s%s", w->text.len ? "\n" : "", t->slot, t->id[0] ? " (" : "",
                             t->id, t->id[0] ? "), which is left as it is" : "");
        }
        return r >= 0 && !w->text.len
                       ? refuse(w, "the ledger knows nothing of %s", slot[0] ? slot : w->request->resource)
                       : r;
}

static int accept_loss(struct answering *w)
{
        struct ledger *ledger = w->a->engine->ledger;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state != THING_OWNED || !t->missing || !text_equal(t->account, w->a->name))
                        continue;
                r = buf_addf(&w->text, "%s%s (%s) is taken for gone", w->text.len ? "\n" : "", t->slot, t->id);
                drop(w->a, t, "loss accepted");
        }
        w->a->hold = NULL;
        w->a->hold_confirmed = false;
        if (r >= 0 && !w->text.len)
                r = buf_addf(&w->text, "nothing of ours is missing on %s", w->a->name);
        return r;
}

void answer_now(struct engine *engine, bool ok, const char *text)
{
        struct error e = { 0 };
        int r;

        /* The deed first: when the machine stops between the two, it is asked for again, and finds itself done. */
        r = ledger_is_touched(engine->ledger) ? engine->host.commit(engine->host.userdata, &e) : 0;
        if (r >= 0)
                r = ledger_answer(engine->ledger, engine->request.seq, ok, text, &e);
        engine->request = (struct ledger_request){ 0 };
        engine->request_account = NULL;
        engine->answered = true;
        if (r < 0)
                engine_break(engine, r, "%s", e.text);
}

void answer_request(struct account *a)
{
        struct engine *engine = a->engine;
        struct answering w = { .a = a, .request = &engine->request, .text = BUF_INIT(ANSWER_MAX) };
        int r;

        if (!engine->request.seq || !text_equal(engine->request_account, a->name))
                return;
        if (!a->readable && engine->request.verb != REQUEST_FORGET)
                r = refuse(&w, "%s cannot be read: %s", a->name, a->why.text);
        else if (engine->request.verb == REQUEST_ADOPT)
                r = adopt(&w);
        else if (engine->request.verb == REQUEST_FORGET)
                r = forget(&w);
        else
                r = accept_loss(&w);
        if (r == -ENOMEM)
                engine_break(engine, r, "out of memory");
        else
                answer_now(engine, !w.refused,
                           r == -ENOBUFS ? "done; the list of machines is too long to tell" : buf_text(&w.text));
        buf_done(&w.text);
}

const char *answer_account(const struct engine *engine, const struct ledger_request *request)
{
        const struct resource *r;

        if (request->verb == REQUEST_ACCEPT_LOSS)
                return request->account;
        r = strchr(request->resource, '/')
                    ? estate_find(engine->estate, &kind_machine_set, strchr(request->resource, '/') + 1)
                    : NULL;
        if (r && resource_provider(r))
                return resource_provider(r)->name;
        for (size_t i = 0; i < engine->ledger->n_things; i++)
                if (text_equal(engine->ledger->things[i]->resource, request->resource))
                        return engine->ledger->things[i]->account;
        return NULL;
}
