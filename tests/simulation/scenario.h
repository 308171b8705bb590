/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A run out of one seed: specs that change, people who meddle, vendors and networks that fail, deaths of muster; then peace, in which
 * everything must come to its end.
 */

#include "tests/simulation/omissions.h"
#include "tests/simulation/world.h"

#define DEEDS_MAX 200

struct scenario_options {
        uint64_t seed;
        const char *folder;                /* for ledgers */
        const struct world_vendor *vendor; /* NULL: the seed says */
        unsigned deeds_max;                /* of people, before there is peace; at most DEEDS_MAX */
        bool traced;                       /* keeps a trace */
        /* Of what the seed has in store, what is left out; both are numbered from 0, in the order in which they come up. */
        struct omissions deeds, faults;
        usec_t trouble_most; /* 0: it lasts as long as the seed says */
};

struct scenario_extent {
        size_t deeds, faults; /* that came up, those that were left out among them */
        usec_t trouble;       /* how long it lasted */
};

/* The world as it ended; its `violation` says what was wrong, if anything. The caller frees it. `ret` may be NULL. */
struct world *scenario_run(const struct scenario_options *options, struct scenario_extent *ret);
