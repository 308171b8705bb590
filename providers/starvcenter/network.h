/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Private networks: one listing, and the calls that make, change and delete them.
 *
 * A row's settings are the name and the description, which the vendor changes together: who changes one of them sends the other as it is
 * shown. Whether a network is at the cloud router, and whether the firewall at its edge is on, no listing shows.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about them; ends with NULL. */
extern const char *const network_names[];

/* Adds the request where the observation's scope covers networks. */
int network_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                 struct error *e);

/* Is it network_look()'s request? Then its reply, taken apart, goes to network_saw(). */
bool network_is_asked(const struct request *rq);
int network_saw(const struct json_node *reply, struct observation *obs, struct error *e);

/* The request for an order about one of them. */
int network_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *network_made(const struct json_node *made, char scratch[static 32]);

/* Does the vendor refuse the order in words that say that all is so already? */
bool network_is_so_already(const struct order *order, const struct json_node *reply);
