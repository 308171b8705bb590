/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The walk over the pages of the vendor's listings, of guests and then of disks, until each row is there once.
 *
 * Rows are asked for in the order of their numbers, which only grow, and each page begins with the row that the one
 * before it ended with. So a row that slips from one page into another while they are read leaves a seam that does
 * not fit, and the listing counts as none: a total that stays the same, because as many came as went, does not hide
 * it.
 */

#include "reconcile/provider.h"

/* The members of struct provider of the same names. */
int jimv_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
int jimv_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e);
int jimv_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
