/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One resource's part of a plan as rows for people: what text and markdown have in common.
 *
 * The rule: three actions or more that differ in nothing but the ordinal of their machine, without a gap between them,
 * are one row; and what several rows are blocked by, or wait for, is said once, below them. Whatever is written here is
 * escaped already.
 */

#include "reconcile/base/buf.h"
#include "reconcile/plan.h"

struct plan_row {
        const char *name;            /* as it is shown */
        const struct action *action; /* the first of them */
        size_t n;                    /* how many actions; more than 1: the ordinals `from` to `to` */
        int64_t from, to;
};

struct plan_rows {
        const struct plan *plan;
        const struct section *section;
        struct plan_row *items;
        size_t n, allocated;
        const char *blocked, *waits; /* said once, for every row that does not say why itself; NULL: nothing is */
};

/* The rows of the actions numbered `first` to before `end`, all of one section. 0 or -ENOMEM. */
int plan_rows_make(const struct plan *p, size_t section, size_t first, size_t end, struct plan_rows *ret);
void plan_rows_done(struct plan_rows *rows);
#define _cleanup_plan_rows_ _cleanup_(plan_rows_done)

const char *plan_row_mark(const struct plan_row *row); /* "+", "~", "-", "±" or "!" */

/* Each adds to the buffer and returns what that said last. */
int plan_row_name(const struct plan_row *row, struct buf *b); /* "web-3", or "web-3..web-9" */
int plan_row_kind(const struct plan_row *row, struct buf *b); /* "back end" */
int plan_row_details(const struct plan_rows *rows, const struct plan_row *row, struct buf *b);

/* A string of the plan. */
int plan_escape(struct buf *b, const char *s);
