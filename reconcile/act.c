/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/lane.h"

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

/* What the vendor will show of the thing, so that a create of unknown outcome is found again. */
static const char *marker_of(struct account *a, const struct call *c, const struct action *action)
{
        if (a->making[c->type].contained)
                return account_words(a, "%s", action->key ? action->key : "");
        if (c->verb != ORDER_CREATE)
                return "";
        switch (a->making[c->type].marker) {
        case MARKER_NAME:
                return c->slot;
        case MARKER_REMARK:
                return account_words(a, "muster:%s:%s:%lld", a->engine->ledger->id, c->slot, (long long)c->seq);
        default:
                return "";
        }
}

/* How many things one request of this sort can be about. */
static unsigned together_max(const struct account *a, const struct call *c)
{
        unsigned n = c->verb == ORDER_CREATE   ? a->making[c->type].together
                     : c->verb == ORDER_DELETE ? a->making[c->type].deleted_together
                                               : 1;

        return n ? n : 1;
}

/* Calls that follow each other and ask for the same are made together: creates that leave no marker, so that they are recovered
 * together, and what goes out in one request. */
static void join_batch(struct account *a, struct call *c)
{
        struct call *before = a->n_queue ? a->queue[a->n_queue - 1] : NULL;
        bool joins = before && before->verb == c->verb && before->type == c->type &&
                     text_equal(before->wanted_text, c->wanted_text);
        unsigned most = together_max(a, c);

        if ((c->verb != ORDER_CREATE || c->marker[0]) && most == 1)
                return;
        c->batch = joins ? before->batch : c->seq;
        if (most == 1)
                return;
        if (joins && c->seq - c->batch < (int64_t)most)
                before->together = c;
        else
                c->batch = c->seq;
}

static int add_intent(struct account *a, const struct action *action, usec_t now)
{
        struct ledger *ledger = a->engine->ledger;
        const struct section *section = &a->plan->sections[action->section];
        struct call *c = ledger_add_call(ledger, action->type, a->name, section->resource, action->name, action->order);
        struct call **place;

        if (!c)
                return -ENOMEM;
        c->field = action->field;
        c->counts = action->counts;
        c->made_at = engine_wall(a->engine);
        c->made_at_boot = now;
        c->marker = marker_of(a, c, action);
        if (action->vendor_id)
                c->id = ledger_string(ledger, action->vendor_id);
        else if (action->thing)
                c->id = action->thing->id;
        if (!c->id || ledger_set_values(ledger, &action->wanted, &c->wanted, &c->wanted_text) < 0)
                return -ENOMEM;
        if (action->order == ORDER_DELETE && action->thing) {
                action->thing->state = THING_LEAVING;
                touch_thing(a, action->thing);
        }
        join_batch(a, c);
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
        const struct row *row = observation_find(a->machines, action->type, action->vendor_id);
        struct thing *t = row ? ledger_adopt(ledger, action->type, a->name, a->plan->sections[action->section].resource,
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
static int password_of(struct account *a, const struct order *order, const char **ret, struct error *e)
{
        const struct machine_set *set;

        *ret = NULL;
        if (!order->resource || order->resource->kind != &kind_machine_set || order->type != TYPE_MACHINE)
                return 0;
        set = order->resource->machine_set;
        if (!set->password_env && !set->password_file)
                return 0;
        *ret = a->engine->options.secret(a->engine->options.secret_userdata, set->password_env, set->password_file,
                                         false, e);
        return *ret ? 0 : -EINVAL;
}

/* The certificate of a balancer, with its key, must still be the one that was planned. */
static int pem_of(const struct account *a, const struct call *c, struct order *order, struct pem *pem, struct error *e)
{
        const struct resource *resource = c->type == TYPE_BALANCER ? estate_find_text(a->engine->estate, c->resource)
                                                                   : NULL;
        int r;

        if (c->type != TYPE_BALANCER || !values_known(&c->wanted, PROPERTY_CERTIFICATE))
                return 0;
        if (!resource || !resource->load_balancer->certificate)
                return error_set(e, -EINVAL, "no spec says where its certificate is");
        r = pem_read(a->engine, resource->load_balancer->certificate, pem, e);
        if (r < 0)
                return r;
        if (!text_equal(pem->digest, c->wanted.of[PROPERTY_CERTIFICATE].text))
                return error_set(e, -EINVAL, "its certificate changed after the plan was made");
        order->certificate = pem->certificate;
        order->key = pem->key;
        return 0;
}

/* All but what it needs only when it goes out. */
static struct order order_of(const struct account *a, const struct call *c)
{
        return (struct order){
                .verb = c->verb,
                .type = c->type,
                .id = c->verb == ORDER_CREATE ? NULL : c->id,
                .n = 1,
                .name = c->slot,
                .marker = c->marker[0] ? c->marker : NULL,
                .parent = call_parent(a, c),
                .field = c->field,
                .wanted = &c->wanted,
                .resource = c->verb == ORDER_CREATE ? estate_find_text(a->engine->estate, c->resource) : NULL,
        };
}

/* An order for all that goes out in one request. The ids are the caller's to free. */
static int order_together(const struct account *a, const struct call *c, struct order *ret, const char ***ret_ids)
{
        _cleanup_free_ const char **ids = NULL;
        struct order order = order_of(a, c);

        order.n = 0;
        for (const struct call *each = c; each; each = each->together)
                order.n++;
        if (order.n > 1 && c->verb != ORDER_CREATE) {
                ids = calloc(order.n, sizeof(*ids));
                if (!ids)
                        return -ENOMEM;
                for (size_t i = 0; i < order.n; i++, c = c->together)
                        ids[i] = c->id;
                order.ids = ids;
        }
        *ret = order;
        *ret_ids = STEAL(ids);
        return 0;
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
        case ORDER_ATTACH:
                return "attaching";
        case ORDER_DETACH:
                return "detaching";
        default:
                return "changing";
        }
}

/* How the row of a call that for certain did nothing is closed. */
static const char *undone_text(enum outcome_class class)
{
        if (class == OUTCOME_NOT_SENT)
                return "not sent";
        return class == OUTCOME_THROTTLED || class == OUTCOME_SESSION ? "not done" : "refused";
}

static void call_failed(struct account *a, struct call *c, enum outcome_class class, const char *why, usec_t now)
{
        const char *note = ledger_string(a->engine->ledger, why);

        c->in_flight = false;
        if (!note) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        engine_tell(a, EVENT_FAILED, c->slot, "%s: %s", outcome_text(class), note);
        if (class != OUTCOME_SESSION)
                retry_failed(a, c, class, note, now);
        call_undone(a, c, undone_text(class), note);
}

/* The same for all that were to go out in one request. */
static void request_failed(struct account *a, struct call *c, enum outcome_class class, const char *why, usec_t now)
{
        for (struct call *next; c; c = next) {
                next = c->together;
                call_failed(a, c, class, why, now);
        }
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

static int make_request(struct account *a, const struct call *c, struct request *ret, struct error *e)
{
        _cleanup_free_ const char **ids = NULL;
        const struct row *row = c->verb == ORDER_CREATE ? NULL : observation_find(a->machines, c->type, c->id);
        _cleanup_(pem_done) struct pem pem = { 0 };
        const struct row *parent;
        struct order order;
        int r;

        if (order_together(a, c, &order, &ids) < 0)
                return error_oom(e);
        order.shown = row ? &row->values : NULL;
        parent = order.parent ? observation_find(a->machines, TYPE_MACHINE, order.parent) : NULL;
        order.parent_traits = parent ? parent->traits : NULL;
        order.wall = engine_wall(a->engine);
        r = password_of(a, &order, &order.password, e);
        if (r == 0)
                r = pem_of(a, c, &order, &pem, e);
        return r < 0 ? r : a->codec->act(&a->config, &order, ret, e);
}

static void send_call(struct account *a, struct call *c, usec_t now)
{
        struct flight flight = { .call = c, .slow = c->verb == ORDER_CREATE && a->making[c->type].slow };
        _cleanup_request_ struct request rq = { 0 };
        struct error e = { 0 };
        int r;

        r = make_request(a, c, &rq, &e);
        if (r < 0) {
                request_failed(a, c, OUTCOME_REFUSED, e.text, now);
                return;
        }
        for (struct call *each = c; each; each = each->together) {
                note_request(a, each, &rq);
                each->in_flight = true;
                engine_tell(a, EVENT_STARTED, each->slot, "%s", started_text(each->verb));
        }
        r = account_send(a, now, &rq, flight, &e);
        if (r < 0)
                request_failed(a, c, OUTCOME_NOT_SENT, e.text, now);
        if (rq.body)
                explicit_bzero(rq.body, rq.body_len);
}

/* What goes out in one request is marked together. */
static void open_window(struct account *a)
{
        size_t marked = 0;

        if (a->next_window - a->next_send > WINDOW_LOW)
                return;
        for (; a->next_window < a->n_queue &&
               (marked < WINDOW || a->queue[a->next_window - 1]->together == a->queue[a->next_window]);
             marked++) {
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

/* Are all rows of the request on the disk? */
static bool is_durable(const struct call *c)
{
        do {
                if (!c->durable)
                        return false;
                c = c->together;
        } while (c);
        return true;
}

static size_t count_together(const struct call *c)
{
        size_t n = 1;

        for (; c->together; c = c->together)
                n++;
        return n;
}

void act_send(struct account *a, usec_t now)
{
        struct engine *engine = a->engine;

        if (usec_since(now, a->machines_at) > PLAN_AGE_MAX && a->next_send < a->n_queue)
                act_drop_unsent(a, "the plan had become old");
        open_window(a);
        while (!engine->broken && a->next_send < a->next_window && account_may_send(a, now)) {
                struct call *c = a->queue[a->next_send];

                if (!is_durable(c)) {
                        engine->commit_now = true;
                        return;
                }
                a->next_send += count_together(c);
                send_call(a, c, now);
                open_window(a);
        }
}

bool act_is_over(const struct account *a)
{
        return a->next_send >= a->n_queue && account_in_flight(a) == 0;
}

/* `id` is what the vendor calls it; "": it did not say. */
static void call_accepted(struct account *a, struct call *c, const char *id, usec_t now)
{
        c->in_flight = false;
        c->state = CALL_ACCEPTED;
        c->class = OUTCOME_ACCEPTED;
        c->settle_from = now;
        if (id[0] && c->verb == ORDER_CREATE)
                c->id = ledger_string(a->engine->ledger, id);
        if (!c->id)
                engine_break(a->engine, -ENOMEM, "out of memory");
        touch_call(a, c);
}

static void call_unknown(struct account *a, struct call *c, const char *why, bool said_no, usec_t now)
{
        c->in_flight = false;
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

static int read_outcome(struct account *a, const struct call *c, struct reply *rp, struct outcome *ret)
{
        _cleanup_free_ const char **ids = NULL;
        struct order order;

        *ret = (struct outcome){ .class = OUTCOME_UNKNOWN };
        if (rp->end != REPLY_COMPLETE) {
                if (rp->end == REPLY_NOT_SENT)
                        ret->class = OUTCOME_NOT_SENT;
                error_set(&ret->why, -EIO, "%s", rp->why ? rp->why : "the connection was lost");
                return 0;
        }
        if (order_together(a, c, &order, &ids) < 0)
                return -ENOMEM;
        a->codec->acted(&a->config, &order, rp, ret);
        return 0;
}

/* The vendor said yes. Of several that it was to make it may have made fewer: what it does not name may still come. */
static void request_accepted(struct account *a, struct call *c, const struct outcome *outcome, usec_t now)
{
        bool several = c->together && c->verb == ORDER_CREATE;
        size_t i = 0;

        for (; c; c = c->together, i++) {
                if (several && i >= outcome->n_ids)
                        call_unknown(a, c, "the vendor named fewer than it was asked for", false, now);
                else
                        call_accepted(a, c, i < outcome->n_ids ? outcome->ids[i] : "", now);
        }
}

void act_reply(struct account *a, struct call *c, struct reply *rp, usec_t now)
{
        bool is_create = c->verb == ORDER_CREATE;
        struct outcome outcome;

        if (read_outcome(a, c, rp, &outcome) < 0) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        a->engine->replies++;
        if (outcome.class == OUTCOME_THROTTLED)
                a->paused_until = usec_max(
                        a->paused_until, usec_add(now, usec_max(usec_min(outcome.wait, USEC_PER_HOUR), USEC_PER_SEC)));
        if (outcome.class == OUTCOME_SESSION)
                login_forget(a);
        if (outcome.class == OUTCOME_ACCEPTED) {
                request_accepted(a, c, &outcome, now);
        } else if (outcome.class == OUTCOME_UNKNOWN || (outcome.class == OUTCOME_THROTTLED && is_create)) {
                for (; c; c = c->together)
                        call_unknown(a, c, outcome.why.text, outcome.said_no, now);
        } else {
                request_failed(a, c, outcome.class, outcome.why.text, now);
        }
}
