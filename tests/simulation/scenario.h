/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A run out of one seed: specs that change, people who meddle, vendors and networks that fail, deaths of muster; then peace, in which
 * everything must come to its end.
 */

#include "tests/simulation/world.h"

struct scenario_options {
        uint64_t seed;
        const char *folder;                /* for ledgers */
        const struct world_vendor *vendor; /* NULL: the seed says */
        unsigned deeds_max;                /* of people, before there is peace */
        bool traced;                       /* keeps a trace */
};

/* The world as it ended; its `violation` says what was wrong, if anything. The caller frees it. */
struct world *scenario_run(const struct scenario_options *options);
