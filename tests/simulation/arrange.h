/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Worlds that a test arranges by hand: one account, one set named "web", a calm network with the faults that the test orders.
 */

#include "tests/simulation/invariants.h"
#include "tests/simulation/server.h"
#include "tests/support/estate.h"

/* The account's waits: W, the time between two looks that confirm a loss, and what the vendor needs for any work. */
#define SETTLE (10 * USEC_PER_SEC)
#define CONFIRM (20 * USEC_PER_SEC)
#define READY USEC_PER_SEC

/* Not started yet. Fails the test when it cannot be made. */
struct world *arrange_world(void); /* of StarVCenter */
struct world *arrange_world_of(const struct world_vendor *vendor);
struct world *arrange_world_as_seen(const struct world_vendor *vendor); /* with what its document does not say */

/* Specs of the set alone, for the test to change before it hands them to world_set_estate(). */
struct estate *arrange_specs(const struct world *w, int64_t count, struct machine_set **ret_set);
void arrange_count(struct world *w, int64_t count);

/* A world whose agent has made `count` machines and found that all is well. */
struct world *arrange_converged(int64_t count);
struct world *arrange_converged_of(const struct world_vendor *vendor, int64_t count);

/* Fails the test, with the end of the trace, when something was wrong. */
void assert_right(const struct world *w);
/* The same, and that all is as it should be for good. */
void assert_settled(struct world *w);

/* Machines that are there and were made for the set. */
size_t arrange_there(struct world *w);
/* The id of the machine that the ledger has in the slot; NULL: none. */
const char *arrange_id(const struct world *w, const char *slot);
const struct thing *arrange_thing(const struct world *w, const char *slot);

/* How many requests of the class went out, as the trace tells; and whether it has the text. */
size_t arrange_sent(const struct world *w, const char *class);
bool arrange_told(const struct world *w, const char *text);
