/* SPDX-License-Identifier: MIT */
#include "reconcile/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* Replies ride on a commit that comes anyway, or on one after so many, or after so long: losing them costs a look, no more. */
#define COMMIT_REPLIES 16
#define COMMIT_DELAY (50 * USEC_PER_MSEC)

int engine_new(const struct engine_options *options, const struct engine_host *host, struct ledger *ledger,
               struct engine **ret)
{
        _cleanup_(engine_free_p) struct engine *engine = calloc(1, sizeof(*engine));

        if (!engine)
                return -ENOMEM;
        engine->options = *options;
        engine->host = *host;
        engine->ledger = ledger;
        engine->random = options->seed ? options->seed : 1;
        engine->allowed = options->mode != ENGINE_APPLY;
        engine->strings = strpool_new();
        if (!engine->strings)
                return -ENOMEM;
        *ret = STEAL(engine);
        return 0;
}

struct engine *engine_free(struct engine *engine)
{
        if (!engine)
                return NULL;
        for (size_t i = 0; i < engine->n_accounts; i++)
                account_free(engine->accounts[i]);
        free(engine->accounts);
        strpool_free(engine->strings);
        free(engine->status_written);
        free(engine);
        return NULL;
}

static struct account *find_account(const struct engine *engine, const char *name)
{
        for (size_t i = 0; i < engine->n_accounts; i++)
                if (text_equal(engine->accounts[i]->name, name))
                        return engine->accounts[i];
        return NULL;
}

static struct account *add_account(struct engine *engine, const char *name)
{
        struct account *a = calloc(1, sizeof(*a)), **place;

        if (!a)
                return NULL;
        a->engine = engine;
        a->number = engine->n_accounts;
        a->name = strdup(name);
        place = a->name ? ARRAY_ADD(engine->accounts, engine->n_accounts, engine->allocated_accounts) : NULL;
        if (!place)
                return account_free(a);
        *place = a;
        return a;
}

/* Reads in flight are of no use under other specs; calls in flight go on. */
static void cancel_reads(struct account *a)
{
        size_t kept = 0;

        for (size_t i = 0; i < a->n_flights; i++) {
                if (!a->flights[i].call)
                        a->engine->host.cancel(a->engine->host.userdata, a->number, a->flights[i].id);
                else
                        a->flights[kept++] = a->flights[i];
        }
        a->n_flights = kept;
        look_done(&a->listing);
        for (size_t i = 0; i < a->n_checks; i++)
                look_done(&a->checks[i]);
        a->n_checks = 0;
}

static void begin_anew(struct account *a, usec_t now)
{
        cancel_reads(a);
        act_drop_unsent(a, "the specs changed");
        strmap_done(&a->retries);
        a->retries = (struct strmap){ 0 };
        a->plan = plan_free(a->plan);
        a->provider = NULL;
        a->config = (struct account_config){ .endpoint = "" };
        a->look_delay = 0;
        if (account_in_flight(a) == 0)
                account_rest(a, now, 0);
        else
                a->step = STEP_ACTING;
}

/* Whatever may fail of taking an account over, before anything of it has changed. */
static int prepare_account(struct engine *engine, const struct resource *provider, const struct account_secret *secrets,
                           size_t n, struct error *e)
{
        struct account *a = find_account(engine, provider->name);

        if (!engine->options.provider_find(provider->provider->type))
                return error_set(e, -EINVAL, "Provider/%s: this version has no codec for the type '%s'", provider->name,
                                 provider->provider->type);
        if (!a)
                a = add_account(engine, provider->name);
        if (!a)
                return error_oom(e);
        for (size_t i = 0; i < n; i++) {
                if (!text_equal(secrets[i].provider, provider->name) || !secrets[i].token)
                        continue;
                text_wipe(&a->next_token);
                a->next_token = strdup(secrets[i].token);
                if (!a->next_token)
                        return error_oom(e);
        }
        return 0;
}

static void set_account(struct engine *engine, const struct resource *provider, usec_t now)
{
        struct account *a = find_account(engine, provider->name);

        a->provider = provider;
        a->codec = engine->options.provider_find(provider->provider->type);
        login_forget(a);
        a->next_look = engine->options.mode == ENGINE_ANSWER ? USEC_INFINITY : now;
        text_wipe(&a->token);
        a->token = STEAL(a->next_token);
        a->making = a->codec->making(&provider->provider->options);
        a->config = (struct account_config){
                .endpoint = provider->provider->endpoint,
                .login = provider->provider->auth ? provider->provider->auth->login : NULL,
                .token = a->token,
                .options = &provider->provider->options,
                .timeout = provider->provider->timeout,
        };
}

bool engine_selects(const struct engine_options *options, const struct resource *r)
{
        return !options->selects || options->selects(options->filter_userdata, r);
}

bool engine_follows(const struct engine_options *options, const struct resource *r)
{
        return r->kind == &kind_provider && engine_selects(options, r);
}

static int prepare_estate(struct engine *engine, const struct estate *estate, const struct account_secret *secrets,
                          size_t n, struct error *e)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < estate->n_resources; i++)
                if (engine_follows(&engine->options, estate->resources[i]))
                        r = prepare_account(engine, estate->resources[i], secrets, n, e);
        if (r >= 0 && rename_owned(engine, estate) < 0) {
                /* Some of it is renamed, and no specs fit that: what is on the disk has to be read again. */
                engine_break(engine, -ENOMEM, "out of memory while names in the ledger were changed");
                r = error_oom(e);
        }
        for (size_t i = 0; r < 0 && i < engine->n_accounts; i++)
                text_wipe(&engine->accounts[i]->next_token);
        return r;
}

int engine_set_estate(struct engine *engine, const struct estate *estate, const struct account_secret *secrets,
                      size_t n, usec_t now, struct error *e)
{
        int r = prepare_estate(engine, estate, secrets, n, e);

        if (r < 0)
                return r;
        for (size_t i = 0; i < engine->n_accounts; i++)
                begin_anew(engine->accounts[i], now);
        engine->estate = estate;
        for (size_t i = 0; i < estate->n_resources; i++)
                if (engine_follows(&engine->options, estate->resources[i]))
                        set_account(engine, estate->resources[i], now);
        if (engine->request_account && !find_account(engine, engine->request_account)->provider)
                answer_now(engine, false, "its provider is in no spec any more");
        return 0;
}

int engine_show(struct engine *engine, const char *provider, struct observation *machines, const char *why)
{
        struct account *a = find_account(engine, provider);

        if (!a || !a->provider)
                return -ENOENT;
        a->is_shown = true;
        observation_free(a->shown);
        a->shown = machines;
        error_set(&a->why, -ENODATA, "%s", why ? why : "");
        return 0;
}

void engine_reply(struct engine *engine, usec_t now, uint64_t id, struct reply *rp)
{
        for (size_t i = 0; i < engine->n_accounts; i++) {
                struct account *a = engine->accounts[i];

                for (size_t k = 0; k < a->n_flights; k++) {
                        struct flight flight = a->flights[k];

                        if (flight.id != id)
                                continue;
                        a->flights[k] = a->flights[--a->n_flights];
                        if (flight.look)
                                look_reply(a, flight.look, flight.item, rp, now);
                        else if (flight.login)
                                login_reply(a, rp, now);
                        else
                                act_reply(a, flight.call, rp, now);
                        a->look_asked = a->look_asked || flight.slow; /* nobody waits for it where it was sent */
                        return;
                }
        }
}

static bool calls_in_flight(const struct engine *engine)
{
        for (size_t i = 0; i < engine->n_accounts; i++)
                if (account_in_flight(engine->accounts[i]))
                        return true;
        return false;
}

static bool commit_is_due(struct engine *engine, usec_t now)
{
        if (engine->options.mode == ENGINE_PLAN || !ledger_is_touched(engine->ledger)) {
                engine->touched_at = 0; /* an answer took the rows with it */
                return false;
        }
        if (!engine->touched_at)
                engine->touched_at = now;
        return engine->commit_now || engine->replies >= COMMIT_REPLIES || !calls_in_flight(engine) ||
               now >= usec_add(engine->touched_at, COMMIT_DELAY);
}

static void commit(struct engine *engine)
{
        struct error e = { 0 };
        int r;

        r = engine->host.commit(engine->host.userdata, &e);
        engine->commit_now = false;
        engine->replies = 0;
        engine->touched_at = 0;
        if (r < 0)
                engine_break(engine, r, "%s", e.text);
        else
                ledger_sweep(engine->ledger);
}

static bool is_resting(const struct account *a)
{
        return a->step == STEP_RESTING && a->n_flights == 0;
}

static bool is_done(const struct account *a)
{
        return is_resting(a) && !a->look_asked && a->next_look == USEC_INFINITY;
}

static bool is_converged(const struct account *a)
{
        if (!a->readable || a->hold || !a->plan || a->plan->n_actions)
                return false;
        for (size_t i = 0; i < a->plan->n_sections; i++)
                if (a->plan->sections[i].phase == PHASE_BLOCKED || a->plan->sections[i].phase == PHASE_FAILED ||
                    a->plan->sections[i].phase == PHASE_UNKNOWN)
                        return false;
        return true;
}

static enum engine_state state_of(const struct engine *engine)
{
        bool converged = true;

        if (engine->broken)
                return ENGINE_BROKEN;
        if (engine->options.mode == ENGINE_AGENT || engine->options.mode == ENGINE_OBSERVE)
                return ENGINE_RUNNING;
        if (engine->options.mode == ENGINE_ANSWER)
                return engine->request.seq || !engine->answered ? ENGINE_RUNNING : ENGINE_CONVERGED;
        for (size_t i = 0; i < engine->n_accounts; i++) {
                const struct account *a = engine->accounts[i];

                if (!a->provider && account_in_flight(a) == 0)
                        continue;
                if (engine->options.mode == ENGINE_PLAN || !engine->allowed) {
                        if (a->step != STEP_PLANNED)
                                return ENGINE_RUNNING;
                        continue;
                }
                if (!is_done(a))
                        return ENGINE_RUNNING;
                converged = converged && is_converged(a);
        }
        if (engine->options.mode == ENGINE_APPLY && !engine->allowed)
                return ENGINE_PLANNED;
        return converged || engine->options.mode == ENGINE_PLAN ? ENGINE_CONVERGED : ENGINE_STUCK;
}

static bool all_rest(const struct engine *engine)
{
        for (size_t i = 0; i < engine->n_accounts; i++)
                if (engine->accounts[i]->provider && !(is_resting(engine->accounts[i]) && engine->accounts[i]->plan))
                        return false;
        return true;
}

enum engine_state engine_step(struct engine *engine, usec_t now)
{
        bool again;

        do {
                again = false;
                for (size_t i = 0; i < engine->n_accounts && !engine->broken; i++)
                        if (engine->accounts[i]->provider || engine->accounts[i]->step == STEP_ACTING)
                                account_step(engine->accounts[i], now);
                if (!engine->broken && commit_is_due(engine, now)) {
                        commit(engine);
                        again = true;
                }
        } while (again && !engine->broken);
        if (!engine->broken && (engine_acts(engine) || engine->options.mode == ENGINE_OBSERVE) && engine->allowed &&
            all_rest(engine))
                status_write(engine);
        return state_of(engine);
}

usec_t engine_next(const struct engine *engine, usec_t now)
{
        usec_t next = engine->touched_at ? usec_add(engine->touched_at, COMMIT_DELAY) : USEC_INFINITY;

        if (engine->broken)
                return USEC_INFINITY;
        for (size_t i = 0; i < engine->n_accounts; i++)
                if (engine->accounts[i]->provider)
                        next = usec_min(next, account_next(engine->accounts[i], now));
        return next;
}

void engine_allow(struct engine *engine)
{
        engine->allowed = true;
}

void engine_look_again(struct engine *engine)
{
        for (size_t i = 0; i < engine->n_accounts; i++)
                engine->accounts[i]->look_asked = true;
}

/* The account that a request is about; one that no spec names any more is there for what needs no look at it. NULL: none. */
static struct account *account_asked(struct engine *engine, const struct ledger_request *request)
{
        const char *name = answer_account(engine, request);
        struct account *a = name ? find_account(engine, name) : NULL;

        if (!a && name && answer_needs_no_look(request))
                return add_account(engine, name);
        return a && !a->provider && !answer_needs_no_look(request) ? NULL : a;
}

int engine_ask(struct engine *engine, const struct ledger_request *request, usec_t now)
{
        struct account *a;

        if (engine->request.seq)
                return -EBUSY;
        engine->request = *request;
        if (answer_at_once(engine)) {
                if (engine->options.mode != ENGINE_ANSWER)
                        engine_look_again(engine); /* what was paused or resumed is planned anew */
                return 0;
        }
        a = account_asked(engine, request);
        if (!a) {
                answer_now(engine, false,
                           answer_needs_no_look(request)
                                   ? "the ledger knows nothing of it"
                                   : "no spec names what this is about, or its provider: write them first");
                return 0;
        }
        engine->request_account = a->name; /* the estate may go before the answer comes */
        if (!a->provider) {
                answer_request(a);
                return 0;
        }
        a->look_asked = true;
        a->next_look = usec_min(a->next_look, now);
        return 0;
}

bool engine_is_asked(const struct engine *engine)
{
        return engine->request.seq != 0;
}

void engine_stop(struct engine *engine)
{
        engine->stopping = true;
        for (size_t i = 0; i < engine->n_accounts; i++) {
                cancel_reads(engine->accounts[i]);
                act_drop_unsent(engine->accounts[i], "muster was told to stop");
                if (engine->accounts[i]->step != STEP_ACTING)
                        account_rest(engine->accounts[i], 0, USEC_INFINITY);
        }
}

bool engine_is_idle(const struct engine *engine)
{
        for (size_t i = 0; i < engine->n_accounts; i++)
                if (engine->accounts[i]->n_flights)
                        return false;
        return true;
}

void engine_abandon(struct engine *engine, usec_t now)
{
        struct reply lost = { .end = REPLY_BROKEN,
                              .body = (char[]){ "" },
                              .why = (char[]){ "muster was stopped before the answer came" } };

        for (size_t i = 0; i < engine->n_accounts; i++) {
                struct account *a = engine->accounts[i];

                while (a->n_flights) {
                        struct flight flight = a->flights[--a->n_flights];

                        engine->host.cancel(engine->host.userdata, a->number, flight.id);
                        if (flight.call)
                                act_reply(a, flight.call, &lost, now);
                }
        }
        if (!engine->broken && engine->options.mode != ENGINE_PLAN && ledger_is_touched(engine->ledger))
                commit(engine);
}

int engine_plan(struct engine *engine, struct plan **ret)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        int r;

        r = plan_new(&plan);
        if (r < 0)
                return r;
        plan->digest = strpool_add(plan->strings, engine->estate->digest);
        plan->n_resources = engine->estate->n_resources;
        for (size_t i = 0; i < engine->n_accounts; i++) {
                const struct account *a = engine->accounts[i];
                struct plan_provider *p;

                if (!a->provider || !a->plan)
                        continue;
                r = plan_append(plan, a->plan);
                p = r < 0 ? NULL : ARRAY_ADD(plan->providers, plan->n_providers, plan->allocated_providers);
                if (!p)
                        return -ENOMEM;
                *p = (struct plan_provider){ .name = strpool_add(plan->strings, a->name),
                                             .reads = a->reads,
                                             .currency = a->codec->currency };
                for (size_t k = 0; k < a->plan->n_actions; k++) {
                        if (a->plan->actions[k].blocked)
                                continue;
                        p->planned += a->plan->actions[k].requests;
                        p->price += a->plan->actions[k].price;
                }
        }
        r = plan_sort(plan);
        if (r >= 0)
                r = plan_check(plan);
        if (r < 0)
                return r;
        *ret = STEAL(plan);
        return 0;
}

const struct error *engine_error(const struct engine *engine)
{
        return &engine->error;
}

size_t engine_n_accounts(const struct engine *engine)
{
        return engine->n_accounts;
}

/* A time of the boot clock not after the last complete look, by the wall clock. */
static int64_t wall_at(const struct account *a, usec_t at)
{
        return a->seen_at - (int64_t)(usec_since(a->machines_at, at) / USEC_PER_SEC);
}

void engine_account(const struct engine *engine, size_t number, struct account_view *ret)
{
        const struct account *a = engine->accounts[number];

        /* What was seen under another spec says nothing of what this one names. */
        bool looked = a->provider && a->looked_with == a->codec && text_equal(a->looked_at, a->config.endpoint);

        *ret = (struct account_view){
                .name = a->name,
                .provider = a->provider,
                .looked = looked,
                .readable = looked && a->readable,
                .why = a->why.text,
                .machines = !looked       ? NULL
                            : a->machines ? a->machines
                                          : a->kept,
                .seen_at = looked ? a->seen_at : 0,
                .n_details = looked ? a->sweep.n_turns : 0,
                .n_details_known = looked ? a->sweep.n_known : 0,
                .details_since = looked && a->sweep.oldest ? wall_at(a, a->sweep.oldest) : 0,
                .pass_took = a->pass_took,
                .reads = a->reads,
                .acts = a->acts,
                .tallies = a->tallies,
                .n_tallies = a->n_tallies,
        };
}

struct engine_figures engine_figures(const struct engine *engine)
{
        struct engine_figures f = { .commits = ledger_commits(engine->ledger) };

        for (size_t i = 0; i < engine->n_accounts; i++) {
                f.reads += engine->accounts[i]->reads;
                f.acts += engine->accounts[i]->acts;
                f.created += engine->accounts[i]->created;
                f.changed += engine->accounts[i]->changed;
                f.deleted += engine->accounts[i]->deleted;
        }
        return f;
}
