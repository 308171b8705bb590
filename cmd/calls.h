/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Calls of the ledger's history, shown. Pure: the same rows give the same bytes.
 */

#include "cmd/table.h"
#include "reconcile/base/json.h"
#include "reconcile/ledger.h"

/* A table of calls: time, machine, what, outcome, id, request and words. */
#define CALLS_COLUMNS 6
int calls_add_headings(struct table *t);                       /* 0 or -ENOMEM */
int calls_add(struct table *t, const struct history_row *row); /* 0 or -ENOMEM */

json_t *call_json(const struct history_row *row); /* NULL: out of memory */

/* "change cpu", in the caller's buffer. */
#define CALL_WHAT_MAX 64
const char *call_what(const struct history_row *row, char text[static CALL_WHAT_MAX]);

/* How it ended, or how far it is: "done", "in flight", … */
const char *call_outcome(const struct history_row *row);
