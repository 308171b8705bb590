/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan for programs: muster.plan/v1. Pure: the same plan gives the same bytes.
 */

#include "reconcile/base/json.h"

#include "reconcile/plan.h"

/* NULL: out of memory. */
json_t *plan_json(const struct plan *p);
