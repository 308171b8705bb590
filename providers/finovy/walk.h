/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The look: machines in pages, and beside them the packages and images that new machines can be made of.
 */

#include "reconcile/provider.h"

int finovy_look(const struct account_config *account, struct observation *obs, struct request_list *further,
                struct error *e);
int finovy_saw(const struct account_config *account, const struct request *rq, struct reply *rp,
               struct observation *obs, struct request_list *further, struct error *e);
int finovy_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
                struct error *e);
