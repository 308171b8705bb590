/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes a run that fails shorter: fewer deeds, fewer faults, less time, for as long as it fails in the same way.
 *
 * The rule: what comes out has failed, when it was tried last. It is short, and not the shortest there is.
 */

#include "tests/simulation/scenario.h"

struct shrunk {
        struct scenario_options options; /* of the run that is left */
        struct scenario_extent before, after;
        size_t deeds_left, faults_left;
        unsigned runs; /* that it took */
};

/* `options` is of a run that fails, and not traced. */
void shrink(const struct scenario_options *options, struct shrunk *ret);
