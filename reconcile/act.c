/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* Calls whose CALL_SENDING is committed together, before any of them goes out. */
#define WINDOW 32
/* The next window is marked while so many of the last one have still to go, so that its commit is no extra one. */
#define WINDOW_LOW 16
/* A plan is made of what was seen; older than this it is made anew before more goes out. */
#define PLAN_AGE_MAX (2 * USEC_PER_MINUTE)

/* A call that for certain did nothing: a machine that was to go stays ours. */
static void call_undone(struct account *a, struct call *c, const char *outcome, const char *note)
{
        struct thing *t = c->verb == ORDER_DELETE ? call_thing(a, c) : NULL;

        if (t && t->state == THING_LEAVING) {
                t->state = THING_OWNED;
                touch_thing(a, t);
        }
        call_resolve(a, c, outcome, note);
}

static int add_intent(struct account *a, const struct action *action, usec_t now)
{
        struct ledger *ledger = a->engine->ledger;
        const struct section *section = &a->plan->sections[action->section];
        struct call *c = ledger_add_call(ledger, TYPE_MACHINE, a->name, section->resource, action->name, action->order),
                    **place;

        if (!c)
                return -ENOMEM;
        c->field = action->field;
        c->counts = action->counts;
        c->made_at = engine_wall(a->engine);
        c->made_at_boot = now;
        if (action->vendor_id)
                c->id = ledger_string(ledger, action->vendor_id);
        if (!c->id || ledger_set_values(ledger, &action->wanted, &c->wanted, &c->wanted_text) < 0)
                return -ENOMEM;
        if (action->order == ORDER_DELETE) {
                action->thing->state = THING_LEAVING;
                touch_thing(a, action->thing);
        }
        place = ARRAY_ADD(a->queue, a->n_queue, a->allocated_queue);
        if (!place)
                return -ENOMEM;
        *place = c;
        return 0;
}

/* An adoption is no call: what the plan showed is written down. */
static int adopt(struct account *a, const struct action *action)
{
        struct ledger *ledger = a->engine->ledger;
        const struct row *row = observation_find(a->machines, TYPE_MACHINE, action->vendor_id);
        struct thing *t = row ? ledger_adopt(ledger, TYPE_MACHINE, a->name, a->plan->sections[action->section].resource,
                                             action->name, row, engine_wall(a->engine))
                              : NULL;

        if (!t)
                return -ENOMEM;
        engine_tell(a, EVENT_DONE, action->name, "adopted %s", action->vendor_id);
        return 0;
}

static void carry_out_remark(struct account *a, const struct remark *remark)
{
        struct thing *t = remark->thing;

        if (remark->type == REMARK_RELEASE) {
                t->state = THING_RELEASED;
                t->missing = false;
                engine_tell(a, EVENT_DONE, t->slot, "released: %s is no longer ours", t->id);
        } else {
                t->protect = remark->type == REMARK_PROTECT;
        }
        touch_thing(a, t);
}

int act_begin(struct account *a, usec_t now, struct error *e)
{
        struct engine *engine = a->engine;
        bool adopted = false;

        a->n_queue = a->next_window = a->next_send = 0;
        for (size_t i = 0; i < a->plan->n_remarks; i++)
                carry_out_remark(a, &a->plan->remarks[i]);
        for (size_t i = 0; i < a->plan->n_actions; i++) {
                const struct action *action = &a->plan->actions[i];

                if (action->blocked || action->waits)
                        continue;
                if ((action->verb == ACTION_ADOPT ? adopt(a, action) : add_intent(a, action, now)) < 0)
                        return error_oom(e);
                adopted = adopted || action->verb == ACTION_ADOPT;
        }
        if (!a->n_queue && !adopted)
                return 0;
        if (!ledger_knows_account(engine->ledger, a->name) &&
            ledger_record_account(engine->ledger, a->name, a->codec->type, a->config.endpoint, engine_wall(engine)) < 0)
                return error_oom(e);
        engine->commit_now = true;
        return 1;
}

/* The password of a new machine is read at the moment that it is needed, and never kept. */
static int password_of(struct account *a, const struct call *c, const char **ret, struct error *e)
{
        const struct resource *r = estate_find(a->engine->estate, &kind_machine_set, strchr(c->resource, '/') + 1);

        *ret = NULL;
        if (c->verb != ORDER_CREATE || !r || !(r->machine_set->password_env || r->machine_set->password_file))
                return 0;
        *ret = a->engine->options.secret(a->engine->options.secret_userdata, r->machine_set->password_env,
                                         r->machine_set->password_file, e);
        return *ret ? 0 : -EINVAL;
}

static struct order order_of(const struct call *c)
{
        return (struct order){
                .verb = c->verb,
                .id = c->verb == ORDER_CREATE ? NULL : c->id,
                .n = 1,
                .name = c->slot,
                .marker = c->slot,
                .field = c->field,
                .wanted = &c->wanted,
        };
}

static const char *started_text(enum order_verb verb)
{
        switch (verb) {
        case ORDER_CREATE:
                return "creating";
        case ORDER_DELETE:
                return "deleting";
        case ORDER_START:
                return "starting";
        case ORDER_SHUT_DOWN:
                return "shutting down";
        case ORDER_POWER_OFF:
                return "switching off";
        case ORDER_RENAME:
                return "renaming";
        default:
                return "changing";
        }
}

/* How the row of a call that for certain did nothing is closed. */
static const char *undone_text(enum outcome_class class)
{
        if (class == OUTCOME_NOT_SENT)
                return "not sent";
        return class == OUTCOME_THROTTLED ? "not done" : "refused";
}

static void call_failed(struct account *a, struct call *c, enum outcome_class class, const char *why, usec_t now)
{
        const char *note = ledger_string(a->engine->ledger, why);

        if (!note) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        engine_tell(a, EVENT_FAILED, c->slot, "%s: %s", outcome_text(class), note);
        retry_failed(a, c, class, note, now);
        call_undone(a, c, undone_text(class), note);
}

/* For the history: what was asked, without host and parameters. */
static void note_request(struct account *a, struct call *c, const struct request *rq)
{
        size_t n = strlen(a->config.endpoint);
        char text[256];

        snprintf(text, sizeof(text), "%s %s", method_name(rq->method),
                 strncmp(rq->url, a->config.endpoint, n) == 0 ? rq->url + n : rq->url);
        c->request = ledger_string(a->engine->ledger, text);
        if (!c->request)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_call(a, c);
}

static void send_call(struct account *a, struct call *c, usec_t now)
{
        _cleanup_request_ struct request rq = { 0 };
        struct order order = order_of(c);
        struct error e = { 0 };
        int r;

        r = password_of(a, c, &order.password, &e);
        if (r >= 0)
                r = a->codec->act(&a->config, &order, &rq, &e);
        if (r < 0) {
                call_failed(a, c, OUTCOME_REFUSED, e.text, now);
                return;
        }
        note_request(a, c, &rq);
        engine_tell(a, EVENT_STARTED, c->slot, "%s", started_text(c->verb));
        r = account_send(a, now, &rq, (struct flight){ .call = c }, &e);
        if (r < 0)
                call_failed(a, c, OUTCOME_NOT_SENT, e.text, now);
        if (rq.body)
                explicit_bzero(rq.body, rq.body_len);
}

static void open_window(struct account *a)
{
        size_t marked = 0;

        if (a->next_window - a->next_send > WINDOW_LOW)
                return;
        for (; a->next_window < a->n_queue && marked < WINDOW; marked++) {
                struct call *c = a->queue[a->next_window++];

                c->state = CALL_SENDING;
                touch_call(a, c);
        }
}

void act_drop_unsent(struct account *a, const char *why)
{
        for (size_t i = a->next_send; i < a->n_queue; i++)
                call_undone(a, a->queue[i], "not sent", why);
        a->n_queue = a->next_window = a->next_send;
}

void act_send(struct account *a, usec_t now)
{
        struct engine *engine = a->engine;

        if (usec_since(now, a->machines_at) > PLAN_AGE_MAX && a->next_send < a->n_queue)
                act_drop_unsent(a, "the plan had become old");
        open_window(a);
        while (!engine->broken && a->next_send < a->next_window && account_may_send(a, now)) {
                struct call *c = a->queue[a->next_send];

                if (!c->durable) {
                        engine->commit_now = true;
                        return;
                }
                a->next_send++;
                send_call(a, c, now);
                open_window(a);
        }
}

bool act_is_over(const struct account *a)
{
        return a->next_send >= a->n_queue && account_in_flight(a, true) == 0;
}

static void call_accepted(struct account *a, struct call *c, const struct outcome *outcome, usec_t now)
{
        c->state = CALL_ACCEPTED;
        c->class = OUTCOME_ACCEPTED;
        c->settle_from = now;
        if (outcome->n_ids && c->verb == ORDER_CREATE)
                c->id = ledger_string(a->engine->ledger, outcome->ids[0]);
        if (!c->id)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_call(a, c);
}

static void call_unknown(struct account *a, struct call *c, const char *why, bool said_no, usec_t now)
{
        c->state = CALL_UNKNOWN;
        c->class = OUTCOME_UNKNOWN;
        c->said_no = said_no;
        c->settle_from = now;
        c->note = ledger_string(a->engine->ledger, why);
        if (!c->note)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_call(a, c);
        engine_tell(a, EVENT_UNKNOWN, c->slot, "outcome unknown: %s", why);
}

static void read_outcome(struct account *a, const struct call *c, struct reply *rp, struct outcome *ret)
{
        struct order order = order_of(c);

        *ret = (struct outcome){ .class = OUTCOME_UNKNOWN };
        if (rp->end == REPLY_COMPLETE) {
                a->codec->acted(&a->config, &order, rp, ret);
                return;
        }
        if (rp->end == REPLY_NOT_SENT)
                ret->class = OUTCOME_NOT_SENT;
        error_set(&ret->why, -EIO, "%s", rp->why ? rp->why : "the connection was lost");
}

void act_reply(struct account *a, struct call *c, struct reply *rp, usec_t now)
{
        struct outcome outcome;

        read_outcome(a, c, rp, &outcome);
        a->engine->replies++;
        if (outcome.class == OUTCOME_THROTTLED)
                a->paused_until = usec_max(
                        a->paused_until, usec_add(now, usec_max(usec_min(outcome.wait, USEC_PER_HOUR), USEC_PER_SEC)));
        if (outcome.class == OUTCOME_ACCEPTED)
                call_accepted(a, c, &outcome, now);
        else if (outcome.class == OUTCOME_UNKNOWN || (outcome.class == OUTCOME_THROTTLED && c->verb == ORDER_CREATE))
                call_unknown(a, c, outcome.why.text, outcome.said_no, now);
        else
                call_failed(a, c, outcome.class, outcome.why.text, now);
}
