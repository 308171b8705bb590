/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The headers of a reply: of all that a server sends, the four that matter to a codec.
 *
 * Lines are taken one at a time as they come and are bounded together. Nothing here reads a clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/cleanup.h"
#include "reconcile/base/usec.h"

#define HTTP_HEADERS_MAX 65536               /* bytes of all lines of one reply */
#define HTTP_RETRY_AFTER_MAX (USEC_PER_HOUR) /* nobody can send us to sleep for longer */

struct http_headers {
        size_t bytes;
        bool ended;         /* the empty line behind them was here */
        char *content_type; /* NULL: none; the same below. The first header of a name counts */
        char *location;
        char *set_cookie;
        usec_t retry_after; /* a length of time; 0: none */
};

void http_headers_done(struct http_headers *headers);

/* One line, its end of line with it. `wall` is now, seconds since 1970, for a Retry-After that is a date. A status line
 * starts anew: what an interim reply said is forgotten. 0, -ENOBUFS past the bound, or -ENOMEM. */
int http_headers_add(struct http_headers *headers, const char *line, size_t n, int64_t wall);
