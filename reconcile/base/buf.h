/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A growing buffer of bytes with a maximum from birth.
 *
 * Errors stick: once an addition failed (-ENOMEM, or -ENOBUFS past the maximum), every later one returns the same and
 * changes nothing, so a writer may check once at its end. The bytes are always followed by a NUL that does not count.
 */

#include <stddef.h>

#include "reconcile/base/cleanup.h"

struct buf {
        char *data; /* NULL until the first addition */
        size_t len;
        size_t allocated;
        size_t max; /* most bytes that it may ever hold, the NUL not counted */
        int failed; /* 0, or the negative errno that stuck */
};

#define BUF_INIT(maximum) ((struct buf){ .max = (maximum) })

void buf_done(struct buf *b);  /* frees the bytes; the buffer is empty and usable again */
void buf_reset(struct buf *b); /* empties it, keeps the memory, clears a stuck error */
#define _cleanup_buf_ _cleanup_(buf_done)

int buf_add(struct buf *b, const void *bytes, size_t n);
int buf_adds(struct buf *b, const char *string);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *format, ...) _printf_(2, 3);

/* Where memory ran out for a part of it, it has for the whole: said before the part's text is added. */
void buf_inherit(struct buf *b, const struct buf *part);

/* Adds blanks until the line that began at byte `line_start` is `column` characters (not bytes) wide. */
int buf_pad(struct buf *b, size_t column, size_t line_start);

/* The text so far, never NULL. */
static inline const char *buf_text(const struct buf *b)
{
        return b->data ? b->data : "";
}

/* Gives the bytes away as a malloc'ed string and leaves the buffer empty; NULL when an error stuck. */
char *buf_steal(struct buf *b);
