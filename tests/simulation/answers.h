/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What goes wrong with the answers of vendors, and on their way.
 */

#include "tests/simulation/world.h"

void answer_fill(struct reply *rp, int status, const char *type, const char *body, size_t n);

/* True: it ended before anything was done; the exchange's reply is filled, or none comes. */
bool answer_fails_before(struct world *w, struct exchange *x, bool *ret_answered);

/* What is done to the answer of a call that was carried out. False: it never comes. */
bool answer_fails_after(struct world *w, struct server *s, struct exchange *x, const struct request *rq);
