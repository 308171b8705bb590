/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Specs that the engine cannot follow, in the middle of a run: it says so, and goes on under those that it has.
 */

#include "tests/simulation/world.h"

/* Adds a Provider to it that nobody has a codec for. */
void rejected_spoil(struct estate *estate);

/* Takes the estate over, and does away with it at once: whoever holds on to anything of it afterwards reads what is gone. */
void rejected_offer(struct world *w, struct estate *estate);
