/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What tenants may use, and what of that is left: a row of TYPE_QUOTA for each tenant.
 *
 * Its values are what is left, its settings all that the tenant may use, in the spec's words. A number that is not shown, or is less than
 * nothing, is not known: nothing documents what it would mean. The vendor changes all of a quota at once.
 */

#include "providers/starvcenter/message.h"

/* What is read of a reply; ends with NULL. */
extern const char *const quota_names[];

/* Adds the requests where the observation's scope covers quotas: for the tenants of its details; where it has none, for that of the account's
 * options, and where those name none -EINVAL. */
int quota_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e);

/* Is it a request of quota_look()'s? Then its reply, taken apart, goes to quota_saw(). A tenant of a detail whose quota is not
 * shown, or not readable, is missed in the observation, and spoils nothing else. */
bool quota_is_asked(const struct request *rq);
int quota_saw(const struct account_config *account, const struct request *rq, const struct json_node *reply,
              enum message_result result, struct observation *obs, struct error *e);

/* The request that changes a quota. */
int quota_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);
