/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies with a value of another type than it should have, as vendors print them now and then: "1" or 1.0 or [1] for 1, null for anything.
 */

#include "reconcile/base/wire.h"
#include "tests/support/random.h"

/* Changes one value of a reply in JSON; any other reply stays as it is. True: one was changed. */
bool spoil_a_type(struct reply *rp, struct random *r);
