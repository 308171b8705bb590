/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a tenant may still use: cores, memory and storage, as the one row of TYPE_QUOTA.
 *
 * A number that is not shown, or is less than nothing, is not known: nothing documents what it would mean.
 */

#include "providers/starvcenter/message.h"

/* What is read of a reply; ends with NULL. */
extern const char *const quota_names[];

/* Adds the request where the observation's scope covers quotas. -EINVAL: the account's options name no tenant. */
int quota_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e);

/* Is it quota_look()'s request? Then its reply, taken apart, goes to quota_saw(). */
bool quota_is_asked(const struct request *rq);
int quota_saw(const struct account_config *account, const struct json_node *reply, struct observation *obs,
              struct error *e);
