/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan for people. Pure: the same plan, colours and width give the same bytes.
 */

#include "cmd/color.h"
#include "reconcile/plan.h"

/* `columns`: of the terminal that it is for; 0: none, and then no line is broken. 0, -ENOMEM or -ENOBUFS. */
int plan_text(const struct plan *p, const struct palette *colors, size_t columns, struct buf *b);

/* "4 to create, 1 to change, 0 to delete, 0 blocked, 1 unknown. About 9 requests." Returns as above. */
int plan_text_counts(const struct plan *p, struct buf *b);
int plan_text_no_changes(const struct plan *p, struct buf *b); /* "12 machines are as the specs say." */
