/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the ledger says of all resources, for `muster status` and for the agent's endpoint: both show the same.
 */

#include "cmd/status_text.h"

/* In natural order; what is paused says so at once. The strings are the ledger's. */
int status_read(struct ledger *l, struct status *ret, struct error *e);
