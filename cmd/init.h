/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Making the ledger: looks at every account first, so that nothing that is there already is ever taken for something
 * of ours to be made again, or to be deleted.
 */

#include "cmd/context.h"

/* Makes the ledger, or adds new accounts to it, and leaves it open. The specs of `c` are read and its lock is held.
 * Returns the exit code. */
int init_ledger(struct context *c);
