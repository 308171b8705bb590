/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies as they go over the wire, from files: a status line, headers, an empty line, the body.
 *
 * The rule: the body is in memory of exactly its size, with a NUL behind it, so that reading past it is found.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reconcile/base/wire.h"

/* The value of a header; the caller's. NULL: there is none, or no memory. */
static inline char *reply_text_header(const char *head, size_t n, const char *name)
{
        size_t length = strlen(name);

        for (const char *line = head, *end; line < head + n; line = end + 1) {
                end = memchr(line, '\n', (size_t)(head + n - line));
                if (!end)
                        return NULL;
                if ((size_t)(end - line) > length + 2 && strncasecmp(line, name, length) == 0 && line[length] == ':')
                        return strndup(line + length + 2, (size_t)(end - line) - length - 2);
        }
        return NULL;
}

/* What does not begin with a status line is a body alone, of status 200. */
static inline struct reply reply_of_text(const char *text, size_t n)
{
        struct reply rp = { .end = REPLY_COMPLETE, .status = 200 };
        const char *gap = n > 13 && memcmp(text, "HTTP/1.", 7) == 0 ? memmem(text, n, "\n\n", 2) : NULL;
        size_t head = gap ? (size_t)(gap - text) + 2 : 0;
        char *retry_after;

        rp.body_len = n - head;
        rp.body = malloc(rp.body_len + 1);
        if (!rp.body)
                abort();
        if (rp.body_len)
                memcpy(rp.body, text + head, rp.body_len);
        rp.body[rp.body_len] = '\0';
        if (!gap)
                return rp;
        rp.status = (int)strtol(text + 9, NULL, 10) % 1000;
        rp.location = reply_text_header(text, head - 1, "Location");
        rp.set_cookie = reply_text_header(text, head - 1, "Set-Cookie");
        retry_after = reply_text_header(text, head - 1, "Retry-After");
        rp.retry_after = retry_after ? strtoul(retry_after, NULL, 10) % 100000 * USEC_PER_SEC : 0;
        free(retry_after);
        return rp;
}
