/* SPDX-License-Identifier: MIT */
#include "reconcile/account.h"

#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* Between looks while something is in progress: from the first, doubling, to the last. */
#define LOOK_FIRST (200 * USEC_PER_MSEC)
#define LOOK_LAST (30 * USEC_PER_SEC)
/* How long apply goes on trying a provider, or one thing of it, that it could read before. */
#define APPLY_PATIENCE (2 * USEC_PER_MINUTE)

struct account *account_free(struct account *a)
{
        if (!a)
                return NULL;
        look_done(&a->listing);
        for (size_t i = 0; i < a->n_checks; i++)
                look_done(&a->checks[i]);
        free(a->checks);
        observation_free(a->machines);
        observation_free(a->shown);
        observation_free(a->kept);
        free(a->tallies);
        free(a->details);
        sweep_done(&a->sweep);
        contents_done(a);
        plan_free(a->plan);
        strmap_done(&a->retries);
        free(a->queue);
        free(a->flights);
        text_wipe(&a->token);
        text_wipe(&a->next_token);
        login_forget(a);
        free(a->name);
        free(a);
        return NULL;
}

void account_rest(struct account *a, usec_t now, usec_t delay)
{
        a->step = STEP_RESTING;
        a->next_look = usec_add(now, delay);
}

static usec_t jittered(struct engine *engine, usec_t length)
{
        engine->random = engine->random * 6364136223846793005u + 1442695040888963407u;
        return length - length / 20 + (length / 10) * ((engine->random >> 33) % 1000) / 1000;
}

static bool plan_owes(const struct account *a)
{
        for (size_t i = 0; i < a->plan->n_sections; i++)
                if (a->plan->sections[i].waiting)
                        return true;
        for (size_t i = 0; i < a->plan->n_actions; i++)
                if (!a->plan->actions[i].blocked && !a->plan->actions[i].given_up)
                        return true;
        return false;
}

static bool unreadable_owes(const struct account *a, usec_t now)
{
        if (a->engine->options.mode != ENGINE_APPLY)
                return true;
        return !a->denied && a->was_readable && usec_since(now, a->unreadable_since) < APPLY_PATIENCE;
}

static bool owes_at(const struct account *a, usec_t now)
{
        if (!a->readable)
                return unreadable_owes(a, now);
        if (a->hold)
                return !a->hold_confirmed;
        return a->plan && plan_owes(a);
}

/* A hundred thousand machines are not kept for nobody; for who wants to see them, without what only finding them takes. */
static void put_away(struct account *a)
{
        struct observation *machines = STEAL(a->machines);

        if (!a->engine->options.keeps_seen || !a->readable) {
                observation_free(machines);
                return;
        }
        if (!machines)
                return;
        observation_shrink(machines);
        observation_free(a->kept);
        a->kept = machines;
}

/* What becomes due before the next look is not kept waiting for that. */
static usec_t until_due(const struct account *a, usec_t now, usec_t delay)
{
        usec_t due = a->plan ? a->plan->next_due : USEC_INFINITY;

        return due == USEC_INFINITY ? delay : usec_min(delay, usec_max(usec_since(due, now), USEC_PER_SEC));
}

/* How long until the next look when nothing can be done now. */
static void rest_until_due(struct account *a, usec_t now)
{
        const struct engine *engine = a->engine;
        usec_t due, delay;

        a->pass_took = usec_since(now, a->pass_began);
        if (!owes_at(a, now)) {
                a->look_delay = 0;
                put_away(a);
                account_rest(a, now,
                             engine->options.mode == ENGINE_AGENT || engine->options.mode == ENGINE_OBSERVE
                                     ? until_due(a, now, jittered(a->engine, engine->options.interval))
                                     : USEC_INFINITY);
                return;
        }
        a->look_delay = a->look_delay ? usec_min(a->look_delay * 2, LOOK_LAST) : LOOK_FIRST;
        delay = a->look_delay;
        due = recover_next(a);
        for (size_t i = 0; a->plan && i < a->plan->n_actions; i++) {
                const struct action *action = &a->plan->actions[i];
                char key[RETRY_KEY_MAX];
                const struct retry *retry = strmap_get(
                        &a->retries, retry_key(action->type, action->name, action->order, action->field, key));

                if (retry && !retry->given_up)
                        due = usec_min(due, usec_max(retry->next, now + 1));
        }
        if (a->sweep.goes_on)
                delay = LOOK_FIRST; /* each look asks for more of what nobody knows yet */
        if (due > now)
                delay = usec_min(delay, due - now);
        else if (a->readable)
                delay = LOOK_FIRST; /* it was over while the last listing was read */
        account_rest(a, now, delay);
}

static struct plan_input plan_input_of(struct account *a, const struct certificates *certificates, usec_t now)
{
        return (struct plan_input){
                .estate = a->engine->estate,
                .provider = a->provider,
                .account = a->name,
                .codec = a->codec,
                .making = a->making,
                .config = &a->config,
                .ledger = a->engine->ledger,
                .machines = a->readable ? a->machines : NULL,
                .unreadable = a->why.text,
                .unreadable_reason = a->denied ? REASON_AUTH : REASON_NONE,
                .patient = !a->missed_since || usec_since(now, a->missed_since) < APPLY_PATIENCE,
                .hold = a->hold,
                .hold_copies = a->hold_copies,
                .hold_copies_confirmed = a->hold_copies_confirmed,
                .quota_unknown = a->quota_why,
                .certificates = &certificates->by_resource,
                .retries = &a->retries,
                .max_deletes = &a->engine->options.max_deletes,
                .selects = a->engine->options.selects,
                .approves = a->engine->options.approves,
                .filter_userdata = a->engine->options.filter_userdata,
                .now = now,
                .wall = engine_wall(a->engine),
        };
}

static void make_plan(struct account *a, usec_t now)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        _cleanup_certificates_ struct certificates certificates = { 0 };
        struct plan_input in = plan_input_of(a, &certificates, now);
        struct error e = { 0 };
        int r;

        r = plan_new(&plan);
        if (r >= 0)
                r = certificates_read(a, &certificates);
        if (r >= 0)
                r = plan_account(plan, &in, &e);
        if (r < 0) {
                engine_break(a->engine, r, "%s", e.text[0] ? e.text : "out of memory");
                return;
        }
        if (!a->readable) {
                struct plan_diagnostic *d = ARRAY_ADD(plan->diagnostics, plan->n_diagnostics,
                                                      plan->allocated_diagnostics);

                if (!d) {
                        engine_break(a->engine, -ENOMEM, "out of memory");
                        return;
                }
                *d = (struct plan_diagnostic){ .severity = PLAN_ERROR,
                                               .resource = plan_string(plan, "Provider/%s", a->name),
                                               .message = plan_string(plan, "%s", a->why.text) };
        }
        if (plan_check(plan) < 0) {
                engine_break(a->engine, -ENOMEM, "out of memory");
                return;
        }
        plan_free(a->plan);
        a->plan = STEAL(plan);
        a->step = STEP_PLANNED;
}

static void note_looked(struct account *a)
{
        a->looked_with = a->codec;
        a->looked_at = strpool_add(a->engine->strings, a->config.endpoint);
        if (!a->looked_at)
                engine_break(a->engine, -ENOMEM, "out of memory");
}

void account_was_unreadable(struct account *a, int r, const struct error *why, usec_t now)
{
        bool new = a->readable || a->looks_failed == 0 || !text_equal(a->why.text, why->text);

        note_looked(a);
        a->denied = r == -EACCES;
        a->why = *why;
        if (a->readable || a->looks_failed == 0)
                a->unreadable_since = now;
        a->readable = false;
        a->looks_failed++;
        a->logins = 0; /* the next look may log in anew */
        if (new)
                engine_tell(a, EVENT_NOTE, a->name, "cannot be read: %s", a->why.text);
        answer_request(a);
        make_plan(a, now);
}

static void note_missed(struct account *a, usec_t now)
{
        bool missed = false;

        for (enum thing_type type = 0; type < THING_TYPES; type++)
                missed = missed || a->machines->missed[type].count;
        a->missed_since = !missed ? 0 : a->missed_since ? a->missed_since : now;
}

static void was_seen(struct account *a, struct observation *machines, usec_t started, usec_t now)
{
        struct error e = { 0 };
        int r;

        if (a->looks_failed)
                engine_tell(a, EVENT_NOTE, a->name, "can be read again");
        note_looked(a);
        observation_free(a->machines);
        a->kept = observation_free(a->kept);
        a->machines = machines;
        a->machines_at = started;
        losses_note_others(a);
        note_missed(a, now);
        a->seen_at = engine_wall(a->engine) - (int64_t)(usec_since(now, started) / USEC_PER_SEC);
        a->readable = a->was_readable = true;
        a->denied = false;
        a->looks_failed = a->logins = 0;
        a->quota_asked = false;
        a->quota_why = NULL;
        r = sweep_keep(a);
        if (r >= 0 && !a->is_shown) /* a snapshot says itself what was in doubt */
                r = contents_doubt(a);
        if (r >= 0)
                r = recover_see(a, now, &e);
        losses_keep_others(a);
        if (r < 0)
                engine_break(a->engine, r, "%s", e.text[0] ? e.text : "out of memory");
        else
                a->step = STEP_CHECKING;
}

/* Does a spec, or the ledger, have things of this type there? What is contained in something is where that is. */
static bool has_things(const struct account *a, enum thing_type type)
{
        const struct ledger *ledger = a->engine->ledger;

        if (a->making[type].contained)
                return has_things(a, a->making[type].container);
        if (type == TYPE_CARD)
                return has_things(a, TYPE_BINDING);

        for (size_t i = 0; i < ledger->n_things; i++)
                if (ledger->things[i]->type == type && ledger->things[i]->state != THING_GONE &&
                    text_equal(ledger->things[i]->account, a->name))
                        return true;
        for (size_t i = 0; i < ledger->n_calls; i++)
                if (ledger->calls[i]->type == type && call_is_open(a, ledger->calls[i]))
                        return true;
        for (size_t i = 0; i < a->engine->estate->n_resources; i++)
                if (resource_provider(a->engine->estate->resources[i]) == a->provider &&
                    resource_has(a->engine->estate->resources[i], type))
                        return true;
        return false;
}

/* What is looked at: machines, and of the rest only what there is, or is to be. */
static int scope_of(struct account *a, struct scope *scope)
{
        scope->types = 1u << TYPE_MACHINE | a->codec->looks_always;
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if ((a->making[type].possible || type == TYPE_CARD) && has_things(a, type))
                        scope->types |= 1u << type;
        return details_add(a, scope);
}

/* Does what is shown say of everything that would be looked for? */
static bool shows_enough(struct account *a)
{
        struct scope scope = { .type = SCOPE_ACCOUNT };

        if (scope_of(a, &scope) < 0) {
                error_set(&a->why, -ENOMEM, "out of memory");
                return false;
        }
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (scope.types >> type & 1 && !observation_covers(a->shown, type)) {
                        error_set(&a->why, -ENODATA, "what was seen of it says nothing of any %s",
                                  thing_type_words[type]);
                        return false;
                }
        return true;
}

/* A snapshot stands in for the provider: it is looked at as if it had just been read. */
static void see_shown(struct account *a, usec_t now)
{
        if (a->shown && shows_enough(a)) {
                was_seen(a, STEAL(a->shown), now, now);
                return;
        }
        a->readable = false;
        make_plan(a, now);
}

void account_look(struct account *a, usec_t now)
{
        struct scope scope = { .type = SCOPE_ACCOUNT };
        struct error e = { 0 };
        int r;

        r = scope_of(a, &scope);
        if (r >= 0)
                r = look_start(a, &a->listing, &scope, now, &e);
        if (r < 0)
                engine_break(a->engine, r, "%s", e.text[0] ? e.text : "out of memory");
        a->step = STEP_LOOKING;
}

static void start_listing(struct account *a, usec_t now)
{
        if (a->is_shown) {
                see_shown(a, now);
                return;
        }
        a->look_asked = false;
        a->pass_began = now;
        if (login_is_needed(a))
                login_begin(a);
        else
                account_look(a, now);
}

static void drop_checks(struct account *a)
{
        for (size_t i = 0; i < a->n_checks; i++)
                look_done(&a->checks[i]);
        a->n_checks = 0;
}

/* The plan that is there is made again once the answer is. */
static void begin_quota(struct account *a, usec_t now)
{
        struct error e = { 0 };
        int r;

        r = quota_ask(a, now, &e);
        if (r < 0)
                engine_break(a->engine, r, "%s", e.text[0] ? e.text : "out of memory");
        a->step = STEP_CHECKING;
}

static void step_checking(struct account *a, usec_t now)
{
        bool answered = true;

        for (size_t i = 0; i < a->n_checks; i++)
                answered = look_send(a, &a->checks[i], now) && answered;
        if (!answered)
                return;
        if (a->quota_asked && quota_settle(a) < 0)
                engine_break(a->engine, -ENOMEM, "out of memory");
        if (!a->quota_asked)
                losses_settle(a, now);
        drop_checks(a);
        if (a->engine->broken)
                return;
        answer_request(a);
        make_plan(a, now);
        if (!a->engine->broken && quota_is_wanted(a))
                begin_quota(a, now);
}

static void step_looking(struct account *a, usec_t now)
{
        if (!look_send(a, &a->listing, now))
                return;
        if (a->listing.seen->state == OBSERVATION_COMPLETE)
                was_seen(a, STEAL(a->listing.seen), a->listing.started, now);
        else
                account_was_unreadable(a, a->listing.failed, &a->listing.seen->why, now);
        if (a->listing.seen)
                a->listing.seen = observation_free(a->listing.seen);
}

static void step_planned(struct account *a, usec_t now)
{
        struct engine *engine = a->engine;
        struct error e = { 0 };
        int r = 0;

        if (engine->options.mode == ENGINE_PLAN || !engine->allowed || engine->stopping)
                return;
        if (engine_acts(engine) && a->readable)
                r = act_begin(a, now, &e);
        if (r < 0)
                engine_break(engine, r, "%s", e.text);
        else if (r > 0)
                a->step = STEP_ACTING;
        else
                rest_until_due(a, now);
}

static void step_acting(struct account *a, usec_t now)
{
        act_send(a, now);
        if (!act_is_over(a))
                return;
        a->pass_took = usec_since(now, a->pass_began);
        a->look_delay = 0;
        account_rest(a, now, 0);
}

void account_step(struct account *a, usec_t now)
{
        enum account_step before;

        do {
                before = a->step;
                switch (a->step) {
                case STEP_RESTING:
                        if (!a->engine->stopping && (a->look_asked || now >= a->next_look))
                                start_listing(a, now);
                        break;
                case STEP_LOGGING_IN:
                        login_step(a, now);
                        break;
                case STEP_LOOKING:
                        step_looking(a, now);
                        break;
                case STEP_CHECKING:
                        step_checking(a, now);
                        break;
                case STEP_PLANNED:
                        if (a->look_asked && !a->engine->stopping)
                                start_listing(a, now);
                        else
                                step_planned(a, now);
                        break;
                case STEP_ACTING:
                        step_acting(a, now);
                        break;
                }
        } while (a->step != before && !a->engine->broken);
}

usec_t account_next(const struct account *a, usec_t now)
{
        usec_t next = USEC_INFINITY;

        if (a->engine->stopping)
                return USEC_INFINITY;
        switch (a->step) {
        case STEP_RESTING:
                return a->look_asked ? now : a->next_look;
        case STEP_LOGGING_IN:
                return account_pace(a, now, a->login_sent ? USEC_INFINITY : now);
        case STEP_LOOKING:
                return account_pace(a, now, look_next(&a->listing));
        case STEP_CHECKING:
                for (size_t i = 0; i < a->n_checks; i++)
                        next = usec_min(next, look_next(&a->checks[i]));
                return account_pace(a, now, next);
        case STEP_ACTING:
                return account_pace(a, now, a->next_send < a->n_queue ? now : USEC_INFINITY);
        default:
                return USEC_INFINITY;
        }
}
