/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One machine or one set from its line in the specs to the vendor: what is wanted, what is known, what was done, what
 * holds it, and what is next. Pure: out of specs, ledger and history; the same input gives the same bytes.
 *
 * The rule: nothing secret is in any of them, and whatever a vendor said is escaped.
 */

#include "cmd/table.h"
#include "reconcile/base/json.h"
#include "reconcile/ledger.h"

struct explained {
        const struct estate *estate;
        const struct ledger *ledger;
        const char *name;                /* "MachineSet/web" */
        const char *slot;                /* "web-3"; NULL: the set as a whole */
        const struct resource *spec;     /* NULL: no spec names it any more */
        const struct provider *codec;    /* NULL: not known without its Provider */
        const struct status_row *status; /* NULL: nothing is known yet */
        int64_t status_at;               /* wall clock */
        const struct table *calls;       /* its last ones, with headings */
        int64_t now;                     /* wall clock */
};

/* 0, -ENOMEM or -ENOBUFS. */
int explain_text(const struct explained *x, struct buf *b);

/* The same as muster.explain/v1: what the text says line by line, and beside it the machines, the status and the last
 * calls (`calls`, a list of call_json()) as other commands have them. NULL: out of memory. */
json_t *explain_json(const struct explained *x, json_t *calls);
