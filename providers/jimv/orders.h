/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Orders as the requests that carry them out.
 *
 * The rule: numbers are checked here, since the vendor takes 0, negative and too large ones, shrinks disks, and makes
 * as many guests as the caller was wrong to ask for.
 */

#include "reconcile/provider.h"

/* The members of struct provider of the same names. */
int jimv_quote(const struct account_config *account, const struct observation *obs, const struct machine_set *set,
               struct quote *ret, struct error *e);
int jimv_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);
