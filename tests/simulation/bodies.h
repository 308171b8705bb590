/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The JSON in a reply's body, for faults that change it: plain, or in Base64 as one vendor sends it.
 */

#include "reconcile/base/json.h"
#include "reconcile/base/wire.h"

/* The caller's; NULL: there is no JSON in it. `ret_coded`: it was in Base64. */
json_t *body_read(const struct reply *rp, bool *ret_coded);

/* Puts it in the place of the body that is there, in the same way. */
void body_write(struct reply *rp, const json_t *json, bool coded);
