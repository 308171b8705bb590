/* SPDX-License-Identifier: MIT */
#include "reconcile/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/* The questions of one look take no longer than this at the account's pace, or than half of the agent's interval: with its listing a look is over
 * long before it is too old to act on. */
#define SPAN_MOST (30 * USEC_PER_SEC)
#define RATE_USUAL 1200 /* a minute, where the Provider has no limit */
#define BUDGET_LEAST 32
/* Those that are wanted leave so much of the budget to the others: one part in so many. */
#define OTHERS 4

void sweep_done(struct sweep *s)
{
        s->known = observation_free(s->known);
        free(s->turns);
        s->turns = NULL;
        s->n_turns = s->allocated_turns = 0;
}

/* A command that looks once asks for all, and so does the first look of apply: what it shows to a person is what is. */
static size_t budget(const struct account *a)
{
        const struct engine_options *options = &a->engine->options;
        int64_t rate = a->provider ? a->provider->provider->rate_limit : 0;
        usec_t span = SPAN_MOST;
        size_t n;

        switch (options->mode) {
        case ENGINE_APPLY:
                if (!a->sweep.known)
                        return SIZE_MAX;
                break;
        case ENGINE_AGENT:
        case ENGINE_OBSERVE:
                span = usec_min(span, options->interval / 2);
                break;
        default:
                return SIZE_MAX;
        }
        n = (size_t)((usec_t)(rate ? rate : RATE_USUAL) * span / USEC_PER_MINUTE);
        return n > BUDGET_LEAST ? n : BUDGET_LEAST;
}

static usec_t known_since(const struct account *a, enum thing_type type, const char *machine)
{
        return a->sweep.known ? observation_remembers(a->sweep.known, type, machine) : 0;
}

void sweep_begin(struct account *a)
{
        a->sweep.n_turns = 0;
}

int sweep_add(struct account *a, enum thing_type type, const struct thing *machine)
{
        struct turn *turn = ARRAY_ADD(a->sweep.turns, a->sweep.n_turns, a->sweep.allocated_turns);

        if (!turn)
                return -ENOMEM;
        *turn = (struct turn){ .type = type,
                               .id = machine->id,
                               .slot = machine->slot,
                               .seq = machine->seq,
                               .at = known_since(a, type, machine->id) };
        turn->rank = !turn->at || machine->condition == CONDITION_CHANGING ? TURN_NEW : TURN_KNOWN;
        return 0;
}

/* Of those that were never asked about the newest are first: something waits for what was just made. */
static int compare_turns(const void *a, const void *b)
{
        const struct turn *x = a, *y = b;

        if (x->rank != y->rank)
                return x->rank < y->rank ? -1 : 1;
        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->seq != y->seq ? (x->seq > y->seq ? -1 : 1) : 0;
}

/* Slots of machines, each with the types that it is to be asked about: bits, by their numbers. */
static int want(struct strmap *slots, struct account *a, enum thing_type type, const char *part)
{
        const char *slot = strpool_addn(a->engine->strings, part, strcspn(part, "/"));
        uintptr_t types = slot ? (uintptr_t)strmap_get(slots, slot) : 0;

        return slot ? strmap_set(slots, slot, (void *)(types | (uintptr_t)1 << type)) : -ENOMEM;
}

static bool is_wanted(const struct strmap *slots, const struct turn *turn)
{
        return (uintptr_t)strmap_get(slots, turn->slot) >> turn->type & 1;
}

/* Is something of this to be heard soon: is it gone, is the vendor done with it? */
static bool is_open(const struct account *a, const struct thing *t)
{
        return a->making[t->type].goes_along && t->state == THING_OWNED && text_equal(t->account, a->name) &&
               (t->missing || t->condition == CONDITION_CHANGING);
}

/* The questions on whose answer it hangs what became of a call, or of a thing. */
static int find_open(struct account *a, struct strmap *slots)
{
        const struct ledger *ledger = a->engine->ledger;
        int r = 0;

        for (size_t i = 0; i < ledger->n_calls && r == 0; i++)
                if (a->making[ledger->calls[i]->type].goes_along && call_is_open(a, ledger->calls[i]))
                        r = want(slots, a, ledger->calls[i]->type, ledger->calls[i]->slot);
        for (size_t i = 0; i < ledger->n_things && r == 0; i++)
                if (is_open(a, ledger->things[i]))
                        r = want(slots, a, ledger->things[i]->type, ledger->things[i]->slot);
        return r;
}

/* What the last plan would do something about. */
static int find_wanted(struct account *a, struct strmap *slots)
{
        int r = 0;

        for (size_t i = 0; a->plan && engine_acts(a->engine) && i < a->plan->n_actions && r == 0; i++) {
                const struct action *action = &a->plan->actions[i];

                if (a->making[action->type].goes_along && !action->blocked && !action->given_up)
                        r = want(slots, a, action->type, action->name);
        }
        return r;
}

static int rank_turns(struct account *a)
{
        _cleanup_strmap_ struct strmap open = { 0 }, wanted = { 0 };
        int r = find_open(a, &open);

        if (r == 0)
                r = find_wanted(a, &wanted);
        for (size_t i = 0; r == 0 && i < a->sweep.n_turns; i++) {
                struct turn *turn = &a->sweep.turns[i];

                if (is_wanted(&open, turn))
                        turn->rank = TURN_OPEN;
                else if (is_wanted(&wanted, turn))
                        turn->rank = TURN_WANTED;
        }
        return r;
}

/* Wanted ones do not keep the others from ever being asked about. */
static size_t wanted_most(const struct sweep *s, size_t most)
{
        size_t wanted = 0, others;

        while (wanted < s->n_turns && s->turns[wanted].rank <= TURN_WANTED)
                wanted++;
        others = s->n_turns - wanted < most / OTHERS ? s->n_turns - wanted : most / OTHERS;
        return wanted < most - others ? wanted : most - others;
}

static int ask(struct account *a, const struct turn *turn)
{
        return details_add_one(a, turn->type, turn->id);
}

int sweep_choose(struct account *a)
{
        struct sweep *s = &a->sweep;
        size_t most = budget(a), n, wanted;
        int r = 0;

        if (s->n_turns <= most) {
                for (size_t i = 0; i < s->n_turns && r == 0; i++)
                        r = ask(a, &s->turns[i]);
                return r;
        }
        r = rank_turns(a);
        if (r < 0)
                return r;
        qsort(s->turns, s->n_turns, sizeof(*s->turns), compare_turns);
        wanted = wanted_most(s, most);
        for (n = 0; n < wanted && r == 0; n++)
                r = ask(a, &s->turns[n]);
        for (size_t i = n; i < s->n_turns && n < most && r == 0; i++) {
                if (s->turns[i].rank <= TURN_WANTED)
                        continue;
                r = ask(a, &s->turns[i]);
                n++;
        }
        return r;
}

/* The rows that hang on machines of which `of` remembers something. */
static int take_rows(struct observation *to, const struct observation *of, const struct listed *from,
                     enum thing_type type)
{
        int r = 0;

        for (size_t i = 0; i < from->n_rows && r == 0; i++)
                if (observation_remembers(of, type, from->rows[i].parent))
                        r = observation_take_row(to, type, &from->rows[i]);
        return r;
}

/* What an earlier look saw of machines that are there still and that this one did not ask about. */
static int fill_in(struct account *a)
{
        int r = 0;

        for (size_t i = 0; i < a->sweep.n_turns && r == 0; i++) {
                const struct turn *turn = &a->sweep.turns[i];
                usec_t at = known_since(a, turn->type, turn->id);

                if (at && observation_find(a->machines, TYPE_MACHINE, turn->id) &&
                    !observation_covers_in(a->machines, turn->type, turn->id) &&
                    !observation_missed(a->machines, turn->type, turn->id))
                        r = observation_remember(a->machines, turn->type, turn->id, at);
        }
        for (enum thing_type type = 0; type < THING_TYPES && r == 0; type++)
                if (a->making[type].goes_along)
                        r = take_rows(a->machines, a->machines, &a->sweep.known->of[type], type);
        return r;
}

/* All that is known now, apart from the look that goes once its pass is over. */
static int keep_known(struct account *a, struct observation *known)
{
        struct sweep *s = &a->sweep;
        int r = 0;

        s->n_known = 0;
        s->oldest = 0;
        for (size_t i = 0; i < s->n_turns && r == 0; i++) {
                const struct turn *turn = &s->turns[i];
                bool fresh = observation_covers_in(a->machines, turn->type, turn->id);
                usec_t at = fresh ? a->machines_at : observation_remembers(a->machines, turn->type, turn->id);

                if (!at)
                        continue;
                s->n_known++;
                s->oldest = s->oldest ? usec_min(s->oldest, at) : at;
                r = observation_remember(known, turn->type, turn->id, at);
        }
        for (enum thing_type type = 0; type < THING_TYPES && r == 0; type++)
                if (a->making[type].goes_along)
                        r = take_rows(known, known, &a->machines->of[type], type);
        return r;
}

int sweep_keep(struct account *a)
{
        struct scope scope = { .type = SCOPE_ACCOUNT };
        _cleanup_(observation_free_p) struct observation *known = NULL;
        size_t before = a->sweep.n_known;

        for (enum thing_type type = 0; type < THING_TYPES; type++)
                scope.types |= (unsigned)a->making[type].goes_along << type;
        if (!scope.types || a->engine->options.mode == ENGINE_PLAN || a->engine->options.mode == ENGINE_ANSWER)
                return 0;
        if (a->sweep.known && fill_in(a) < 0)
                return -ENOMEM;
        if (observation_new(&scope, &known) < 0 || keep_known(a, known) < 0)
                return -ENOMEM;
        a->sweep.goes_on = a->sweep.n_known > before && a->sweep.n_known < a->sweep.n_turns;
        observation_free(a->sweep.known);
        a->sweep.known = STEAL(known);
        return 0;
}
