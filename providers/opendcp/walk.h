/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The look: all machines in one list, the templates beside it, and what is left of the credit of some. A list stops silently at 1000
 * rows: then the machines of each template are read as well, which have the same limit each. The rule: where some list of them may have
 * left rows out, the observation is capped.
 */

#include "reconcile/provider.h"

int opendcp_look(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e);
int opendcp_saw(const struct account_config *account, const struct request *rq, struct reply *rp,
                struct observation *obs, struct request_list *further, struct error *e);
int opendcp_seen(const struct account_config *account, struct observation *obs, struct request_list *further,
                 struct error *e);
