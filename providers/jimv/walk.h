/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The look: guests and disks by offset, until all are there that the vendor counts. Its links to a next page never end.
 */

#include "reconcile/provider.h"

int jimv_look(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
int jimv_saw(const struct account_config *account, const struct request *rq, struct reply *rp, struct observation *obs,
             struct request_list *further, struct error *e);
int jimv_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
              struct error *e);
