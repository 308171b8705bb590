/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan for people. Pure: the same plan gives the same bytes.
 */

#include "cmd/color.h"
#include "reconcile/plan.h"

/* 0, -ENOMEM or -ENOBUFS. */
int plan_text(const struct plan *p, const struct palette *colors, struct buf *b);
