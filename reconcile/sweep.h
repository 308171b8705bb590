/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The detail budget of an account: what hangs on machines and is shown by one question for each of them is asked of so many in a look as
 * its pace allows, in turn, and kept in memory with its age in between.
 *
 * The rule: what an earlier look saw is shown and planned with, and is never acted on. Before anything is done to what hangs on a machine, that
 * machine is asked for again.
 */

#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/strmap.h"
#include "reconcile/base/usec.h"
#include "reconcile/observation.h"

struct account;
struct thing;

/* A question that could be asked: what of this type hangs on a machine. The texts are the ledger's. */
struct turn {
        enum thing_type type;
        const char *id, *slot;
        enum { TURN_OPEN, TURN_WANTED, TURN_NEW, TURN_KNOWN } rank; /* who goes first */
        usec_t at;   /* boot clock: when it was asked about last; 0: never */
        int64_t seq; /* the order in which muster made them */
};

struct sweep {
        struct observation *known; /* what the last looks saw, each machine's as it was seen last; NULL: nothing */
        struct turn *turns;        /* of the look that was prepared last */
        size_t n_turns, allocated_turns;
        size_t n_known; /* of the turns, those whose answer is known */
        usec_t oldest;  /* boot clock: of what is known, the oldest; 0: nothing is */
        bool goes_on;   /* the last look came to know some, and there are more to come */
};

void sweep_done(struct sweep *s);

/* Before a look: takes note of each machine and what could be asked of it, then chooses what is asked, as details of the look's scope. 0 or
 * -ENOMEM. */
void sweep_begin(struct account *a);
int sweep_add(struct account *a, enum thing_type type, const struct thing *machine);
int sweep_choose(struct account *a);

/* After a look: fills in what it did not ask for with what is known, and keeps what it saw. 0 or -ENOMEM. */
int sweep_keep(struct account *a);
