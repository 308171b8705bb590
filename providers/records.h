/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The things of a simulated vendor: records in the order of their making, each found by its id.
 *
 * The rule: serials are given once and never again, and rise from record to record.
 */

#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/strmap.h"

#define RECORD_ID_SIZE 40

/* What all things have in common: their first member. */
struct record {
        int64_t serial;
        char id[RECORD_ID_SIZE];
        char *row; /* the record as JSON, as far as it is its own; NULL: to be printed anew */
};

struct records {
        struct record **records; /* by serial */
        size_t n_records, allocated_records;
        struct strmap by_id;
        int64_t next_serial;
};

void records_done(struct records *t, void (*done)(struct record *r)); /* and it is empty, and begins with 1 */
int records_add(struct records *t, struct record *r);                 /* gives it its serial; 0 or -ENOMEM */
struct record *records_find(const struct records *t, const char *id);
void records_remove(struct records *t, struct record *r); /* it is the caller's again */
