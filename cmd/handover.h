/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * `apply --plan` beside a running agent: the agent carries the plan out, this command checks it before and watches until the end.
 *
 * The rule: nothing is asked of the agent when more is to be done than was approved, or when it follows other specs.
 */

#include "cmd/context.h"

/* `holder` says who holds the lock. The exit code of `apply`. */
int hand_over(struct context *c, const struct saved_plan *saved, const struct error *holder);
