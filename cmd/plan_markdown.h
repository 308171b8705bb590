/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan as a comment on a pull request. Pure: the same plan gives the same bytes.
 *
 * The rule: whatever comes from specs and vendors stands in code spans, so that nobody is mentioned, nothing is linked,
 * and no table breaks; and the whole never gets longer than what a comment may hold.
 */

#include "reconcile/plan.h"

#define PLAN_MARKDOWN_MAX 65000 /* bytes, and so at most as many characters */

/* 0, -ENOMEM or -ENOBUFS. */
int plan_markdown(const struct plan *p, struct buf *b);
