/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rules of access, of the networks' edge and within networks.
 *
 * A listing shows what a rule says, but neither which way it goes nor a description: it is told by its id, which the reply to a create names, and
 * where that is lost by all that it says (reconcile/access.h). walk.c reads the pages.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about them; ends with NULL. */
extern const char *const access_names[];

/* One row of a page: 1 it is new, 0 it was there already, or an error. */
int access_read(struct observation *obs, const struct json_node *rule, struct error *e);

/* The request for an order about one of them. */
int access_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What a row of the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *access_made(const struct json_node *made, char scratch[static 32]);
