/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define BACKOFF_FIRST USEC_PER_SEC
#define BACKOFF_MOST (5 * USEC_PER_MINUTE)
#define BACKOFF_LONG_FIRST USEC_PER_MINUTE
#define BACKOFF_LONG_MOST USEC_PER_HOUR

bool call_is_open(const struct account *a, const struct call *c)
{
        return c->state != CALL_RESOLVED && c->state != CALL_INTENT && text_equal(c->account, a->name);
}

static void count_done(struct account *a, enum order_verb verb)
{
        if (verb == ORDER_CREATE)
                a->created++;
        else if (verb == ORDER_DELETE)
                a->deleted++;
        else
                a->changed++;
}

/* A figure that memory lacks for is not worth an account that stops. */
static void count_outcome(struct account *a, enum order_verb verb, const char *outcome)
{
        struct call_tally *tally;

        for (size_t i = 0; i < a->n_tallies; i++)
                if (a->tallies[i].verb == verb && text_equal(a->tallies[i].outcome, outcome)) {
                        a->tallies[i].n++;
                        return;
                }
        tally = ARRAY_ADD(a->tallies, a->n_tallies, a->allocated_tallies);
        if (tally)
                *tally = (struct call_tally){ .verb = verb, .outcome = outcome, .n = 1 };
}

void call_resolve(struct account *a, struct call *c, const char *outcome, const char *note)
{
        count_outcome(a, c->verb, outcome);
        if (text_equal(outcome, "done"))
                count_done(a, c->verb);
        c->state = CALL_RESOLVED;
        c->outcome = outcome;
        c->note = note;
        c->resolved_at = engine_wall(a->engine);
        touch_call(a, c);
}

bool call_is_about(const struct call *c, const struct thing *t)
{
        return c->type == t->type && text_equal(c->slot, t->slot) && text_equal(c->account, t->account);
}

struct thing *call_thing(const struct account *a, const struct call *c)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++)
                if (call_is_about(c, ledger->things[i]) && ledger->things[i]->state != THING_GONE)
                        return ledger->things[i];
        return NULL;
}

/* The slot of what is contained begins with that of what it is in. */
static bool is_within(const char *slot, const char *container)
{
        size_t n = strlen(container);

        return strncmp(slot, container, n) == 0 && slot[n] == '/';
}

const char *call_container(const struct account *a, const struct call *c)
{
        const struct ledger *ledger = a->engine->ledger;
        const char *last = NULL;

        for (size_t i = ledger->n_things; i > 0; i--) {
                const struct thing *t = ledger->things[i - 1];

                if (t->type != a->making[c->type].container || !text_equal(t->account, a->name) || !*t->id ||
                    !text_equal(t->resource, c->resource) || (t->state != THING_OWNED && t->state != THING_LEAVING))
                        continue;
                if (is_within(c->slot, t->slot))
                        return t->id;
                last = last ? last : t->id;
        }
        return last; /* it was named after its resource, which was renamed since */
}

/* The machine in whose slot a disk or a copy is; one that is released is nobody's here, and so is what was made for it. */
static const char *machine_of(const struct account *a, const struct call *c)
{
        const struct ledger *ledger = a->engine->ledger;
        size_t n = strcspn(c->slot, "/");

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type == TYPE_MACHINE && t->state != THING_GONE && t->state != THING_RELEASED &&
                    text_equal(t->account, a->name) && strncmp(t->slot, c->slot, n) == 0 && !t->slot[n])
                        return t->id;
        }
        return NULL;
}

const char *call_parent(const struct account *a, const struct call *c)
{
        if (a->making[c->type].contained)
                return call_container(a, c);
        return c->type == TYPE_DISK || a->making[c->type].goes_along ? machine_of(a, c) : NULL;
}

bool call_may_have_made(const struct account *a, const struct call *c, const struct row *row)
{
        const char *machine = thing_is_copy(c->type) ? call_parent(a, c) : NULL;

        return !machine || text_equal(row->parent, machine);
}

bool call_is_looked_into(const struct account *a, const struct call *c)
{
        const char *machine = a->making[c->type].goes_along ? call_parent(a, c) : NULL;

        return !machine || !observation_find(a->machines, TYPE_MACHINE, machine) ||
               observation_covers_in(a->machines, c->type, machine);
}

static uint64_t next_random(struct engine *engine)
{
        engine->random ^= engine->random << 13;
        engine->random ^= engine->random >> 7;
        engine->random ^= engine->random << 17;
        return engine->random;
}

static usec_t backoff(struct engine *engine, unsigned failures, usec_t first, usec_t most)
{
        usec_t delay = first;

        for (unsigned i = 1; i < failures && delay < most; i++)
                delay *= 2;
        delay = usec_min(delay, most);
        return delay - next_random(engine) % (delay / 4);
}

static bool lasts(enum outcome_class class)
{
        return class == OUTCOME_CAPACITY || class == OUTCOME_AUTH;
}

/* What state its machine is in; of no meaning for a create. */
static enum condition condition_of(const struct account *a, const struct call *c)
{
        const struct thing *t = c->verb == ORDER_CREATE ? NULL : call_thing(a, c);

        return t ? t->condition : CONDITION_UNKNOWN;
}

static struct retry *retry_add(struct account *a, const char *key)
{
        struct strpool *strings = a->engine->strings;
        struct retry *retry = strpool_alloc(strings, sizeof(*retry));
        const char *kept = strpool_add(strings, key);

        return retry && kept && strmap_set(&a->retries, kept, retry) == 0 ? retry : NULL;
}

void retry_failed(struct account *a, const struct call *c, enum outcome_class class, const char *why, usec_t now)
{
        struct engine *engine = a->engine;
        char key[RETRY_KEY_MAX];
        struct retry *retry = strmap_get(&a->retries, retry_key(c->type, c->slot, c->verb, c->field, key));
        const char *kept = strpool_add(engine->strings, why);
        /* What is contained is told by what it says, and of copies there are many: another attempt can do no harm, and a lock may be all
         * that was in its way. */
        bool refused_create = c->verb == ORDER_CREATE && class == OUTCOME_REFUSED && !a->making[c->type].contained &&
                              !thing_is_copy(c->type);

        if (kept && !retry)
                retry = retry_add(a, key);
        if (!kept || !retry) {
                engine_break(engine, -ENOMEM, "out of memory");
                return;
        }
        if (retry->condition != condition_of(a, c))
                retry->failures = 0;
        retry->failures++;
        retry->condition = condition_of(a, c);
        retry->resource = c->resource;
        retry->slot = c->slot;
        retry->class = class;
        retry->why = kept;
        retry->given_up = lasts(class) || refused_create ||
                          (retry->failures >= ATTEMPTS_MAX && class != OUTCOME_NOT_SENT);
        if (!retry->given_up)
                retry->next = usec_add(now, backoff(engine, retry->failures, BACKOFF_FIRST, BACKOFF_MOST));
        else if (class == OUTCOME_UNKNOWN && c->verb != ORDER_CREATE)
                retry->next = USEC_INFINITY; /* sent as often as makes sense, and nothing came of it */
        else
                retry->next = usec_add(now, backoff(engine, retry->failures, BACKOFF_LONG_FIRST, BACKOFF_LONG_MOST));
}

void retry_worked(struct account *a, const struct call *c)
{
        char key[RETRY_KEY_MAX];

        strmap_remove(&a->retries, retry_key(c->type, c->slot, c->verb, c->field, key));
}
