/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The bounds of one exchange in time: the end of the whole, and, once the reply has begun, a byte a second.
 *
 * Before the reply begins, silence is no failure: a server may work on a slow request for as long as the whole may take.
 * Nothing here reads a clock.
 */

#include <stdbool.h>

#include "reconcile/io/http_outcome.h"

struct http_deadline {
        usec_t at;          /* when all must be over */
        usec_t window;      /* a length of time: what comes within it must be a byte a second */
        usec_t next_look;   /* when that is looked at; USEC_INFINITY: the reply has not begun */
        uint64_t last_seen; /* bytes that had come at the last look */
};

/* `timeout` is the length of the whole. */
struct http_deadline http_deadline_start(usec_t now, usec_t timeout);

/* The reply begins; later calls change nothing. */
void http_deadline_reply_begins(struct http_deadline *d, usec_t now);

static inline bool http_deadline_has_begun(const struct http_deadline *d)
{
        return d->next_look != USEC_INFINITY;
}

/* The next time at which something may be over. */
static inline usec_t http_deadline_next(const struct http_deadline *d)
{
        return usec_min(d->at, d->next_look);
}

/* Is it over? HTTP_NO_FAILURE, HTTP_FAILURE_DEADLINE or HTTP_FAILURE_STALL. `seen` is all bytes that have come. */
enum http_failure http_deadline_look(struct http_deadline *d, usec_t now, uint64_t seen);
