/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Security groups, their rules, and the cards that are bound in them.
 *
 * What is asked: all groups in one request; the rules of all groups of ours in one, and which of them are not in effect in another; the
 * bindings of each group of ours; and the cards of those machines only that should be in a group and have no card in it. Fewer
 * requests do not show it: bindings are listed by group, cards by machine.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about them; ends with NULL. */
extern const char *const group_names[];

bool group_is_of(enum thing_type type);

/* Adds the request for groups, where the observation's scope covers them. */
int group_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e);

/* Is it a request of group_look()'s, or one that followed it? Then its reply, taken apart, goes to group_saw(). */
bool group_is_asked(const struct request *rq);
int group_saw(const struct account_config *account, const struct request *rq, const struct json_node *reply,
              enum message_result result, struct observation *obs, struct request_list *further, struct error *e);

/* The request for an order about one of them. */
int group_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What a row of the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *group_made(const struct order *order, const struct json_node *made, char scratch[static 32]);
