/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Backups and snapshots in the simulated world: what must hold of each request about one, and how many there are.
 */

#include "providers/starvcenter/sim.h"
#include "tests/simulation/world.h"

/* Is it one that makes or deletes a copy? */
bool copies_are_about(const struct exchange *x);

/* Before such a request leaves: a durable row of its own; nothing is made while there is a young one, or one under way, of the same policy
 * and machine; nothing goes that muster did not make, or while fewer newer ones are usable than its policy keeps. */
void copies_send(struct world *w, const struct exchange *x);

/* Those at the vendor that carry a mark of muster's and of this policy ("" for all), and those without. */
size_t copies_there(struct world *w, enum sim_kind_name kind, const char *policy, bool usable);
size_t copies_of_others(struct world *w, enum sim_kind_name kind);

/* At the end: each machine of a set with a policy has a usable copy, and no more than are kept, unless a person is waited for. */
void copies_complete(struct world *w, const struct ledger *l);
