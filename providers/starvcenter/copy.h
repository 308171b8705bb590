/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Backups and snapshots of machines, which are alike but for a word: a listing for each machine, and the calls that make and delete them.
 *
 * The rule: only the marker in a description tells which call made one. One without is shown without a name, so that it is
 * nobody's of ours.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about them; ends with NULL. */
extern const char *const copy_names[];

/* Adds a request for each machine of the observation's scope whose backups, or snapshots, are wanted. */
int copy_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
              struct error *e);

/* Is it a request of copy_look()'s? Then its reply, taken apart, goes to copy_saw(). */
bool copy_is_asked(const struct request *rq);
int copy_saw(const struct request *rq, const struct json_node *reply, enum message_result result,
             struct observation *obs, struct error *e);

/* The request for an order about one. */
int copy_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What a row of the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *copy_made(const struct order *order, const struct json_node *made, char scratch[static 32]);
