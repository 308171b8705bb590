/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What is known of an agent as text for Prometheus (text format 0.0.4). Pure: the same figures give the same bytes.
 *
 * The rule: labels are names out of specs and words of ours; nothing that a vendor said is one.
 */

#include "reconcile/engine.h"

struct metrics_provider {
        struct account_view view; /* its provider is not NULL */
        size_t parked, open;      /* things that wait for a person; calls that may be out, or whose outcome is open */
};

struct metrics {
        const char *version;
        bool ready;
        const struct status_row *rows; /* in an order that brings equal ones together */
        size_t n_rows;
        const struct metrics_provider *providers;
        size_t n_providers;
};

/* 0, -ENOMEM or -ENOBUFS. */
int metrics_text(const struct metrics *m, struct buf *b);
