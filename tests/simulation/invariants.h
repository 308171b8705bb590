/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What must never be, whatever the network, the vendors, people and chance do; and what must be once they leave muster in peace.
 */

#include "tests/simulation/world.h"

/* A request is about to leave. */
void invariants_send(struct world *w, const struct exchange *x);

/* Something has happened at the vendors or in the ledger. */
void invariants_state(struct world *w);

/* The durable row `seq` sends this request; a second one must not. */
void invariants_spend(struct world *w, const struct exchange *x, int64_t seq);

/* The specs changed: how many machines there may be follows. */
void invariants_wanted(struct world *w);

/* Nothing disturbs any more, and time enough has passed. `strict`: nothing may be left that waits for a person or for the specs
 * to change, but parked slots. */
void invariants_final(struct world *w, bool strict);
