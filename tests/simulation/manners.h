/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How requests are sent: never more at a time nor faster than the specs allow, with no account's token at another's host, and those that act
 * only out of a look of which nothing failed; and what a plan shows is what an apply sends.
 */

#include "tests/simulation/world.h"

void manners_send(struct world *w, const struct exchange *x);
void manners_reply(struct world *w, const struct exchange *x, bool complete);

/* From now on an apply carries this plan out, and nothing else: takes it over. At the end all of it must have been begun. */
void manners_expect(struct world *w, struct plan *plan);
void manners_expected(struct world *w);

void manners_done(struct server *s);
