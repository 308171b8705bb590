/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The bearer token between an agent's endpoint and who reads it: MUSTER_SNAPSHOT_TOKEN, the same on both sides.
 */

#include <stdbool.h>

#include "reconcile/base/error.h"

#define SNAPSHOT_TOKEN_VARIABLE "MUSTER_SNAPSHOT_TOKEN"

/* The environment's; NULL: none is set. -EINVAL: one that no header can carry, or an empty one. */
int snapshot_token(const char **ret, struct error *e);

/* Does the value of an Authorization header carry the token? Its time tells nothing about how much of it is right. */
bool snapshot_token_fits(const char *authorization, const char *token);
