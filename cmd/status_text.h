/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is known of resources, for people and as muster.status/v1. Pure: the same status at the same time gives the same
 * bytes.
 */

#include "cmd/machines.h"
#include "reconcile/base/units.h"

struct status {
        struct status_row *rows; /* those that are asked for */
        size_t n;
        int64_t at;               /* wall clock: when they were written; 0: never */
        const char *resource;     /* what was asked for, "MachineSet/web"; NULL: everything */
        bool one;                 /* a machine was asked for: */
        struct machines machines; /* it */
};

void status_done(struct status *s);
#define _cleanup_status_ _cleanup_(status_done)

/* `now` (wall clock) is what the ages in it are counted from. 0, -ENOMEM or -ENOBUFS. */
int status_text(const struct status *s, int64_t now, struct buf *b);

json_t *status_json(const struct status *s); /* NULL: out of memory; the next likewise */
json_t *status_row_json(const struct status_row *row);

/* How long ago, for people: "3m"; "-" for never. */
const char *ago_text(int64_t wall, int64_t now, char text[static UNITS_TEXT_MAX]);
