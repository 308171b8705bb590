/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/text.h"
#include "reconcile/planner.h"

/*
 * The deeds of a person: adopt, forget, retry, accept-loss, pause and resume; and of a saved plan. They change the ledger only, after a complete look at
 * the account, so that they are checked against what is there. What is only dropped from the ledger needs no such check, and is done
 * also where nothing can be looked at.
 */

#define LINES_MAX 20
#define ANSWER_MAX ((LINES_MAX + 1) * 512)

struct answering {
        struct account *a;
        const struct ledger_request *request;
        enum thing_type type; /* of what it is about */
        struct buf text;
        bool refused;
        size_t told;              /* lines of the answer, also those beyond the ones that it shows */
        struct strmap slots, ids; /* -> struct thing * */
};

static void answering_done(struct answering *w)
{
        buf_done(&w->text);
        strmap_done(&w->slots);
        strmap_done(&w->ids);
}

/* A line of the answer. A long answer shows its first lines and counts the others. */
static int tell(struct answering *w, const char *format, ...) _printf_(2, 3);
static int tell(struct answering *w, const char *format, ...)
{
        char text[512];
        va_list ap;

        if (w->told++ >= LINES_MAX)
                return 0;
        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        return buf_addf(&w->text, "%s%s", w->text.len ? "\n" : "", text);
}

#define refuse(w, ...) ((w)->refused = true, tell(w, __VA_ARGS__))

/* What the account owns, by slot and by id: a whole set is adopted at once. */
static int know_things(struct answering *w)
{
        const struct ledger *ledger = w->a->engine->ledger;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state == THING_GONE || t->type != w->type || !text_equal(t->account, w->a->name))
                        continue;
                r = strmap_set(&w->slots, t->slot, t);
                if (r >= 0 && t->id[0])
                        r = strmap_set(&w->ids, t->id, t);
        }
        return r;
}

static struct call *find_call(const struct account *a, enum thing_type type, const char *slot)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++)
                if (ledger->calls[i]->state != CALL_RESOLVED && ledger->calls[i]->type == type &&
                    text_equal(ledger->calls[i]->account, a->name) && text_equal(ledger->calls[i]->slot, slot))
                        return ledger->calls[i];
        return NULL;
}

static void drop(struct account *a, struct thing *t, const char *note)
{
        if (t->state == THING_OWNED || t->state == THING_LEAVING)
                t->gone_at = engine_wall(a->engine); /* what was parked or released counted as owned in no hour */
        t->state = THING_GONE;
        t->missing = false;
        t->note = note;
        touch_thing(a, t);
}

/* With all that hangs on it for good: the next machine in its slot has none of that. */
static void drop_whole(struct account *a, struct thing *t, const char *note)
{
        struct ledger *ledger = a->engine->ledger;

        drop(a, t, note);
        for (size_t i = 0; i < ledger->n_things; i++)
                if (thing_goes_along(a, ledger->things[i], t))
                        drop(a, ledger->things[i], note);
}

/* Takes one machine. What stands in its way is told. */
static int take(struct answering *w, const char *slot, const struct row *row)
{
        struct account *a = w->a;
        struct thing *there = strmap_get(&w->slots, slot), *owner = strmap_get(&w->ids, row->id), *t;
        int r;

        if (owner && owner->state == THING_OWNED && text_equal(owner->slot, slot))
                return tell(w, "%s is %s already", slot, row->id);
        if (owner && owner != there && owner->state != THING_RELEASED)
                return refuse(w, "%s is %s of %s already; 'muster forget %s' first", row->id, owner->slot,
                              owner->resource, owner->slot);
        if (there && there->state != THING_PARKED && there->state != THING_RELEASED)
                return refuse(w, "%s is %s already; 'muster forget %s' first", slot, there->id, slot);
        if (find_call(a, w->type, slot))
                return refuse(w, "a call on %s is still open; wait until its outcome is known, or 'muster forget %s'",
                              slot, slot);
        if (there)
                drop_whole(a, there, "adopted");
        t = ledger_adopt(a->engine->ledger, w->type, a->name, w->request->resource, slot, row, engine_wall(a->engine));
        if (!t)
                return -ENOMEM;
        r = strmap_set(&w->slots, t->slot, t);
        if (r >= 0)
                r = strmap_set(&w->ids, t->id, t);
        return r < 0 ? r : tell(w, "adopted %s (%s)", slot, row->id);
}

/* Machines that carry a name of the set: name -> row, or the map's own address where several carry it. */
static int rows_by_name(const struct account *a, const char *set, struct strmap *ret)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < a->machines->of[TYPE_MACHINE].n_rows; i++) {
                const struct row *row = &a->machines->of[TYPE_MACHINE].rows[i];

                if (slot_ordinal(set, row->name) < 0)
                        continue;
                r = strmap_set(ret, row->name, strmap_get(ret, row->name) ? (void *)ret : (void *)row);
        }
        return r;
}

static int adopt_by_names(struct answering *w)
{
        _cleanup_strmap_ struct strmap names = { 0 };
        struct account *a = w->a;
        const char *set = strchr(w->request->resource, '/') + 1;
        int r;

        r = rows_by_name(a, set, &names);
        if (r >= 0 && !names.count)
                return refuse(w, "no machine on %s is named like %s-0", a->name, set);
        for (size_t i = 0; r >= 0 && i < a->machines->of[TYPE_MACHINE].n_rows; i++) {
                const struct row *row = &a->machines->of[TYPE_MACHINE].rows[i];
                const void *named = strmap_get(&names, row->name);

                if (!named || strmap_get(&w->ids, row->id))
                        continue;
                if (named == &names)
                        r = refuse(w, "%s: several machines on %s have this name; name the one: 'muster adopt %s ID'",
                                   row->id, a->name, row->name);
                else
                        r = take(w, row->name, row);
        }
        if (r >= 0 && !w->text.len)
                r = tell(w, "every machine that is named like this set's is its already");
        return r;
}

/* A rule of access takes the place of a parked one that says the same; else it has a name of its own until the plan finds what it is. */
static const char *access_slot(struct answering *w, const struct row *row)
{
        const struct ledger *ledger = w->a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type == TYPE_ACCESS && t->state == THING_PARKED &&
                    text_equal(t->resource, w->request->resource) && text_equal(t->account, w->a->name) &&
                    values_known(&t->made_with, PROPERTY_SPEC) && values_known(&row->values, PROPERTY_SPEC) &&
                    value_equal(PROPERTY_SPEC, &t->made_with, &row->values))
                        return t->slot;
        }
        return account_words(w->a, "%s/%s", strchr(w->request->resource, '/') + 1, row->id);
}

static int adopt(struct answering *w)
{
        const struct row *row;

        const char *slot = w->request->slot;

        if (thing_is_copy(w->type) && !slot[0])
                return refuse(w, "a %s is not adopted: muster rotates only those that it made",
                              thing_type_words[w->type]);
        if (w->type != TYPE_MACHINE && !thing_is_copy(w->type))
                slot = strchr(w->request->resource, '/') + 1;
        if (w->a->making[w->type].always_there)
                return refuse(w, "%s is always there, and nobody's own: there is nothing to adopt",
                              w->request->resource);
        if (!slot[0])
                return adopt_by_names(w);
        if (!w->request->id[0])
                return refuse(w, "which %s? 'muster adopt %s ID'", thing_type_words[w->type],
                              w->request->slot[0] ? slot : w->request->resource);
        row = observation_find(w->a->machines, w->type, w->request->id);
        if (!row)
                return refuse(w, "%s shows no %s with the id %s", w->a->name, thing_type_words[w->type],
                              w->request->id);
        return take(w, w->type == TYPE_ACCESS ? access_slot(w, row) : slot, row);
}

/* Is it what the request names, or a disk of the machine that it names? */
static bool is_named(const struct ledger_request *request, const char *resource, const char *slot)
{
        size_t n = strlen(request->slot);

        return text_equal(resource, request->resource) &&
               (!n || (strncmp(slot, request->slot, n) == 0 && (!slot[n] || slot[n] == '/')));
}

/* What hangs on a machine is not known any more without it; each is told, as far as `told` says how. */
static int drop_along(struct answering *w, const struct thing *machine, const char *note, const char *told)
{
        struct ledger *ledger = w->a->engine->ledger;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (!thing_goes_along(w->a, t, machine))
                        continue;
                drop(w->a, t, note);
                r = tell(w, "%s %s%s%s%s", told, t->slot, t->id[0] ? " (" : "", t->id, t->id[0] ? ")" : "");
        }
        return r;
}

static bool is_thing_named(const struct ledger_request *request, const char *account, const struct thing *t)
{
        return t->state != THING_GONE && text_equal(t->account, account) && is_named(request, t->resource, t->slot);
}

static bool is_call_named(const struct ledger_request *request, const char *account, const struct call *c)
{
        return c->state != CALL_RESOLVED && text_equal(c->account, account) && is_named(request, c->resource, c->slot);
}

/* Has the account what the request names? A request that had to wait is about the one that was there when it was made, and not about what took
 * its place. */
static bool has_named(const struct ledger *ledger, const char *account, const struct ledger_request *request)
{
        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (is_thing_named(request, account, t) &&
                    (!*request->id || (text_equal(t->slot, request->slot) && text_equal(t->id, request->id))))
                        return true;
        }
        for (size_t i = 0; i < ledger->n_calls && !*request->id; i++)
                if (is_call_named(request, account, ledger->calls[i]))
                        return true;
        return false;
}

static int forget(struct answering *w)
{
        struct ledger *ledger = w->a->engine->ledger;
        const char *slot = w->request->slot;
        int r = 0;

        if (w->request->id[0] && !has_named(ledger, w->a->name, w->request))
                return refuse(w, "%s is not %s any more, which was to be forgotten: nothing was", slot, w->request->id);
        for (size_t i = 0; i < ledger->n_calls; i++) {
                struct call *c = ledger->calls[i];

                if (!is_call_named(w->request, w->a->name, c))
                        continue;
                call_resolve(w->a, c, "forgotten", c->note);
                if (c->verb == ORDER_CREATE)
                        r = tell(w, "forgot that %s was being made", c->slot);
        }
        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (!is_thing_named(w->request, w->a->name, t))
                        continue;
                drop(w->a, t, "forgotten");
                r = tell(w, "forgot %s%s%s%s", t->slot, t->id[0] ? " (" : "", t->id,
                         t->id[0] ? "), which is left as it is" : "");
                if (r >= 0)
                        r = drop_along(w, t, "forgotten", "forgot with it");
        }
        return r >= 0 && !w->text.len
                       ? refuse(w, "the ledger knows nothing of %s", slot[0] ? slot : w->request->resource)
                       : r;
}

static bool is_meant(const struct answering *w, const char *resource, const char *slot)
{
        return text_equal(resource, w->request->resource) &&
               (!w->request->slot[0] || text_equal(slot, w->request->slot));
}

/* What is parked is let go, so that the slot is made anew; what failed too often may be tried again. */
static int try_again(struct answering *w)
{
        struct ledger *ledger = w->a->engine->ledger;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ledger->n_things; i++) {
                struct thing *t = ledger->things[i];

                if (t->state != THING_PARKED || !text_equal(t->account, w->a->name) ||
                    !is_meant(w, t->resource, t->slot))
                        continue;
                drop(w->a, t, "let go to be tried again");
                r = tell(w, "%s is not parked any more%s%s", t->slot, t->id[0] ? "; left as it is: " : "", t->id);
                if (r >= 0)
                        r = drop_along(w, t, "let go with its machine", "let go with it:");
        }
        STRMAP_FOREACH (slot, &w->a->retries) {
                struct retry *retry = slot->value;

                if (!is_meant(w, retry->resource, retry->slot))
                        continue;
                *retry = (struct retry){ .resource = retry->resource, .slot = retry->slot, .why = retry->why };
                if (r >= 0)
                        r = tell(w, "%s is tried again", retry->slot);
        }
        return r >= 0 && !w->told ? tell(w, "nothing of %s waits for a person",
                                         w->request->slot[0] ? w->request->slot : w->request->resource)
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
                r = tell(w, "%s (%s) is taken for gone", t->slot, t->id);
                drop(w->a, t, "loss accepted");
                if (r >= 0)
                        r = drop_along(w, t, "went with its machine", "gone with it:");
        }
        w->a->hold = NULL;
        w->a->hold_confirmed = false;
        w->a->hold_copies = NULL;
        if (r >= 0 && !w->text.len)
                r = tell(w, "nothing of ours is missing on %s", w->a->name);
        return r;
}

void answer_now(struct engine *engine, bool ok, const char *text)
{
        struct error e = { 0 };
        int r;

        r = ledger_answer(engine->ledger, engine->request.seq, ok, text, &e); /* with the deed, in one commit */
        engine->request = (struct ledger_request){ 0 };
        engine->request_account = NULL;
        engine->answered = true;
        if (r < 0)
                engine_break(engine, r, "%s", e.text);
}

bool answer_needs_no_look(const struct ledger_request *request)
{
        return request->verb == REQUEST_FORGET || request->verb == REQUEST_RETRY;
}

void answer_request(struct account *a)
{
        struct engine *engine = a->engine;
        _cleanup_(answering_done) struct answering w = { .a = a,
                                                         .request = &engine->request,
                                                         .text = BUF_INIT(ANSWER_MAX) };
        const struct kind *kind;
        int r;

        if (!engine->request.seq || !text_equal(engine->request_account, a->name))
                return;
        if (a->readable && a->look_asked && !answer_needs_no_look(&engine->request))
                return; /* what this look asked before the request came is no answer to that */
        kind = kind_of(engine->request.resource);
        w.type = kind ? kind->makes : TYPE_MACHINE;
        r = know_things(&w);
        if (r < 0)
                ;
        else if (!a->readable && !answer_needs_no_look(&engine->request))
                r = refuse(&w, "%s cannot be read: %s", a->name, a->why.text);
        else if (engine->request.verb == REQUEST_ADOPT)
                r = adopt(&w);
        else if (engine->request.verb == REQUEST_FORGET)
                r = forget(&w);
        else if (engine->request.verb == REQUEST_RETRY)
                r = try_again(&w);
        else
                r = accept_loss(&w);
        if (r >= 0 && w.told > LINES_MAX)
                r = buf_addf(&w.text, "\nand %zu more", w.told - LINES_MAX);
        if (r < 0)
                engine_break(engine, r, "out of memory");
        else
                answer_now(engine, !w.refused,
                           r == -ENOBUFS ? "done; the list of machines is too long to tell" : buf_text(&w.text));
        buf_done(&w.text);
}

/* What an agent plans it carries out anyway: it only has to follow the same specs, and to act at all. */
static void answer_apply(struct engine *engine)
{
        if (engine->options.mode != ENGINE_AGENT)
                answer_now(engine, false,
                           engine->options.mode == ENGINE_OBSERVE
                                   ? "the agent only observes (--observe), and carries nothing out"
                                   : "only an agent takes a saved plan over: run this again when that has ended");
        else if (!text_equal(engine->request.reason, engine->estate->digest))
                answer_now(engine, false, "the agent follows other specs than those that the plan was made of");
        else
                answer_now(engine, true, "the agent carries it out");
}

/* Pausing and resuming concern the ledger alone: no vendor is asked. */
bool answer_at_once(struct engine *engine)
{
        const struct ledger_request *request = &engine->request;
        char text[256];
        int r;

        if (request->verb == REQUEST_APPLY) {
                answer_apply(engine);
                return true;
        }
        if (request->verb != REQUEST_PAUSE && request->verb != REQUEST_RESUME)
                return false;
        if (request->verb == REQUEST_RESUME && !ledger_paused(engine->ledger, request->resource))
                snprintf(text, sizeof(text), "%s is not paused", request->resource);
        else
                snprintf(text, sizeof(text), "%s is %s", request->resource,
                         request->verb == REQUEST_PAUSE ? "paused" : "no longer paused");
        r = ledger_set_paused(engine->ledger, request->resource,
                              request->verb == REQUEST_PAUSE ? request->reason : NULL);
        if (r < 0)
                engine_break(engine, r, "out of memory");
        else
                answer_now(engine, true, text);
        return true;
}

/* What was made of the resource may be on an account that its spec does not name any more. */
static const char *account_of_named(const struct engine *engine, const struct ledger_request *request)
{
        for (size_t i = 0; i < engine->ledger->n_things; i++)
                if (has_named(engine->ledger, engine->ledger->things[i]->account, request))
                        return engine->ledger->things[i]->account;
        for (size_t i = 0; i < engine->ledger->n_calls; i++)
                if (has_named(engine->ledger, engine->ledger->calls[i]->account, request))
                        return engine->ledger->calls[i]->account;
        return NULL;
}

const char *answer_account(const struct engine *engine, const struct ledger_request *request)
{
        const struct resource *r = estate_find_text(engine->estate, request->resource), *provider;
        const char *account;

        if (request->verb == REQUEST_ACCEPT_LOSS)
                return request->account;
        provider = r ? resource_provider(r) : NULL;
        if (provider && (request->verb != REQUEST_FORGET || has_named(engine->ledger, provider->name, request)))
                return provider->name;
        account = account_of_named(engine, request);
        return account || !provider ? account : provider->name;
}
