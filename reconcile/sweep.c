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

static usec_t known_since(const struct account *a, const char *machine)
{
        return a->sweep.known ? observation_remembers(a->sweep.known, TYPE_DISK, machine) : 0;
}

int sweep_add(struct account *a, const struct thing *machine)
{
        struct turn *turn = ARRAY_ADD(a->sweep.turns, a->sweep.n_turns, a->sweep.allocated_turns);

        if (!turn)
                return -ENOMEM;
        *turn = (struct turn){
                .id = machine->id, .slot = machine->slot, .seq = machine->seq, .at = known_since(a, machine->id)
        };
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

static int want(struct strmap *slots, struct account *a, const char *disk)
{
        const char *slot = strpool_addn(a->engine->strings, disk, strcspn(disk, "/"));

        return slot ? strmap_set(slots, slot, (void *)slot) : -ENOMEM;
}

/* Machines on whose answer it hangs what became of a call, or whether a disk is gone. */
static int find_open(struct account *a, struct strmap *slots)
{
        const struct ledger *ledger = a->engine->ledger;
        int r = 0;

        for (size_t i = 0; i < ledger->n_calls && r == 0; i++)
                if (ledger->calls[i]->type == TYPE_DISK && call_is_open(a, ledger->calls[i]))
                        r = want(slots, a, ledger->calls[i]->slot);
        for (size_t i = 0; i < ledger->n_things && r == 0; i++)
                if (ledger->things[i]->type == TYPE_DISK && ledger->things[i]->missing &&
                    ledger->things[i]->state == THING_OWNED && text_equal(ledger->things[i]->account, a->name))
                        r = want(slots, a, ledger->things[i]->slot);
        return r;
}

/* Machines that the last plan would do something about. */
static int find_wanted(struct account *a, struct strmap *slots)
{
        int r = 0;

        for (size_t i = 0; a->plan && engine_acts(a->engine) && i < a->plan->n_actions && r == 0; i++) {
                const struct action *action = &a->plan->actions[i];

                if (action->type == TYPE_DISK && !action->blocked && !action->given_up)
                        r = want(slots, a, action->name);
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

                if (strmap_get(&open, turn->slot))
                        turn->rank = TURN_OPEN;
                else if (strmap_get(&wanted, turn->slot))
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

int sweep_choose(struct account *a)
{
        struct sweep *s = &a->sweep;
        size_t most = budget(a), n, wanted;
        int r = 0;

        if (s->n_turns <= most) {
                for (size_t i = 0; i < s->n_turns && r == 0; i++)
                        r = details_add_one(a, TYPE_DISK, s->turns[i].id);
                return r;
        }
        r = rank_turns(a);
        if (r < 0)
                return r;
        qsort(s->turns, s->n_turns, sizeof(*s->turns), compare_turns);
        wanted = wanted_most(s, most);
        for (n = 0; n < wanted && r == 0; n++)
                r = details_add_one(a, TYPE_DISK, s->turns[n].id);
        for (size_t i = n; i < s->n_turns && n < most && r == 0; i++) {
                if (s->turns[i].rank <= TURN_WANTED)
                        continue;
                r = details_add_one(a, TYPE_DISK, s->turns[i].id);
                n++;
        }
        return r;
}

/* What an earlier look saw of machines that are there still and that this one did not ask about. */
static int fill_in(struct account *a)
{
        const struct listed *known = &a->sweep.known->of[TYPE_DISK];
        int r = 0;

        for (size_t i = 0; i < a->sweep.n_turns && r == 0; i++) {
                const char *id = a->sweep.turns[i].id;
                usec_t at = known_since(a, id);

                if (at && observation_find(a->machines, TYPE_MACHINE, id) &&
                    !observation_covers_in(a->machines, TYPE_DISK, id) &&
                    !observation_missed(a->machines, TYPE_DISK, id))
                        r = observation_remember(a->machines, TYPE_DISK, id, at);
        }
        for (size_t i = 0; i < known->n_rows && r == 0; i++)
                if (observation_remembers(a->machines, TYPE_DISK, known->rows[i].parent))
                        r = observation_take_row(a->machines, TYPE_DISK, &known->rows[i]);
        return r;
}

/* All that is known now, apart from the look that goes once its pass is over. */
static int keep_known(struct account *a, struct observation *known)
{
        const struct listed *disks = &a->machines->of[TYPE_DISK];
        struct sweep *s = &a->sweep;
        int r = 0;

        s->n_known = 0;
        s->oldest = 0;
        for (size_t i = 0; i < s->n_turns && r == 0; i++) {
                bool fresh = observation_covers_in(a->machines, TYPE_DISK, s->turns[i].id);
                usec_t at = fresh ? a->machines_at : observation_remembers(a->machines, TYPE_DISK, s->turns[i].id);

                if (!at)
                        continue;
                s->n_known++;
                s->oldest = s->oldest ? usec_min(s->oldest, at) : at;
                r = observation_remember(known, TYPE_DISK, s->turns[i].id, at);
        }
        for (size_t i = 0; i < disks->n_rows && r == 0; i++)
                if (observation_remembers(known, TYPE_DISK, disks->rows[i].parent))
                        r = observation_take_row(known, TYPE_DISK, &disks->rows[i]);
        return r;
}

int sweep_keep(struct account *a)
{
        static const struct scope scope = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_DISK };
        _cleanup_(observation_free_p) struct observation *known = NULL;
        size_t before = a->sweep.n_known;

        if (!a->making[TYPE_DISK].goes_along || a->engine->options.mode == ENGINE_PLAN ||
            a->engine->options.mode == ENGINE_ANSWER)
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
