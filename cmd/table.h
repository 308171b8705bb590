/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A table of text for people: columns as wide as their widest cell. Cells are escaped, because vendors' words are
 * among them.
 */

#include "reconcile/base/buf.h"

#define TABLE_COLUMNS_MAX 8

struct table {
        size_t n_columns;
        char **cells; /* row after row, the headings first */
        size_t n_cells, allocated_cells;
};

/* Adds one row: `n_columns` texts. 0 or -ENOMEM. */
int table_add(struct table *t, const char *const *row);
int table_print(const struct table *t, struct buf *b);
void table_done(struct table *t);
#define _cleanup_table_ _cleanup_(table_done)
