/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A run that only looks: what `plan` and `init` have in common.
 */

#include "cmd/context.h"
#include "cmd/snapshot.h"

/* Makes the runner in `c` (its specs and ledger are there), and returns when every account is read or has failed. With a
 * snapshot nothing is asked: what it holds is taken out of it. */
int look_once(struct context *c, struct snapshot *shown, struct error *e);

/* Is every account of the engine readable? And is one? */
bool all_readable(const struct engine *engine);
bool any_readable(const struct engine *engine);
