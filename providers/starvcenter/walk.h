/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The walk over the pages of the vendor's listing of machines, until each is there once.
 *
 * The document calls the start of a page a "start position" and leaves open whether that is a page's number or a row's,
 * and from where rows count. The second page tells; and whatever it tells, a listing is complete only when as many
 * different ids are there as the vendor counts, in every page alike. What pages cannot show is a machine that goes while
 * another comes between the same two pages: the total stays, and a row slips from one page into the one before. That is
 * why a missing machine is missed only after a second complete listing.
 */

#include "reconcile/provider.h"

/* The members of struct provider of the same names. */
int walk_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
int walk_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e);
int walk_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
