/* SPDX-License-Identifier: MIT */
#include "reconcile/io/http_deadline.h"

#define WINDOW_MAX (15 * USEC_PER_SEC)

struct http_deadline http_deadline_start(usec_t now, usec_t timeout)
{
        return (struct http_deadline){
                .at = usec_add(now, timeout),
                .window = usec_min(timeout / 4, WINDOW_MAX), /* so that a stall shows before the end of the whole */
                .next_look = USEC_INFINITY,
        };
}

void http_deadline_reply_begins(struct http_deadline *d, usec_t now)
{
        if (!http_deadline_has_begun(d))
                d->next_look = usec_add(now, d->window);
}

enum http_failure http_deadline_look(struct http_deadline *d, usec_t now, uint64_t seen)
{
        uint64_t least = usec_max(d->window / USEC_PER_SEC, 1);

        if (now >= d->at)
                return HTTP_FAILURE_DEADLINE;
        if (now < d->next_look)
                return HTTP_NO_FAILURE;
        if (seen - d->last_seen < least)
                return HTTP_FAILURE_STALL;

        d->last_seen = seen;
        d->next_look = usec_add(now, d->window);
        return HTTP_NO_FAILURE;
}
