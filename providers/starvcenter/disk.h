/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Data disks of machines: a listing for each machine, and the calls that change them.
 *
 * The rule: a disk is ours to see only by the marker in its description. Which one a machine's system is on is not said, and one without a
 * marker is never listed here, so never touched.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about disks; ends with NULL. */
extern const char *const disk_names[];

/* Adds a request for each machine of the observation's scope whose disks are wanted. */
int disk_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
              struct error *e);

/* Is it a request of disk_look()'s? Then its reply, taken apart, goes to disk_saw(). */
bool disk_is_asked(const struct request *rq);
int disk_saw(const struct request *rq, const struct json_node *reply, enum message_result result,
             struct observation *obs, struct error *e);

/* The request for an order about a disk. */
int disk_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What a row of the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *disk_made(const struct json_node *made, char scratch[static 32]);
