/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/text.h"

#define BUF_FIRST_ALLOCATION 64

void buf_done(struct buf *b)
{
        if (!b)
                return;

        free(b->data);
        *b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b)
{
        b->len = 0;
        b->failed = 0;
        if (b->data)
                b->data[0] = '\0';
}

static int buf_fail(struct buf *b, int r)
{
        b->failed = r;
        return r;
}

/* Doubles, so that many small additions cost little, but never beyond the maximum. */
static size_t next_allocation(const struct buf *b, size_t need)
{
        size_t size = b->allocated > SIZE_MAX / 2 ? SIZE_MAX : 2 * b->allocated;

        if (size < BUF_FIRST_ALLOCATION)
                size = BUF_FIRST_ALLOCATION;
        if (size - 1 > b->max)
                size = b->max + 1;

        return size < need ? need : size;
}

/* Makes room for `n` more bytes and the NUL behind them. */
static int buf_reserve(struct buf *b, size_t n)
{
        size_t need, size;
        char *data;

        if (b->failed < 0)
                return b->failed;
        if (n > b->max - b->len || n >= SIZE_MAX - b->len)
                return buf_fail(b, -ENOBUFS);

        need = b->len + n + 1;
        if (need <= b->allocated)
                return 0;

        size = next_allocation(b, need);
        data = realloc(b->data, size);
        if (!data)
                return buf_fail(b, -ENOMEM);

        b->data = data;
        b->allocated = size;
        return 0;
}

int buf_add(struct buf *b, const void *bytes, size_t n)
{
        int r;

        r = buf_reserve(b, n);
        if (r < 0)
                return r;

        if (n > 0)
                memcpy(b->data + b->len, bytes, n);
        b->len += n;
        b->data[b->len] = '\0';

        return 0;
}

int buf_adds(struct buf *b, const char *string)
{
        return buf_add(b, string, strlen(string));
}

int buf_addc(struct buf *b, char c)
{
        return buf_add(b, &c, 1);
}

/* Most fit into the room that is there, and are printed once only. */
int buf_addf(struct buf *b, const char *format, ...)
{
        size_t room = b->failed < 0 ? 0 : b->allocated - b->len;
        va_list arguments;
        int n, r;

        va_start(arguments, format);
        n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, format, arguments);
        va_end(arguments);
        if (n >= 0 && (size_t)n < room) {
                b->len += (size_t)n;
                return 0;
        }

        if (room > 0)
                b->data[b->len] = '\0';
        if (n < 0)
                return b->failed < 0 ? b->failed : buf_fail(b, -EINVAL);

        r = buf_reserve(b, (size_t)n);
        if (r < 0)
                return r;

        va_start(arguments, format);
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, format, arguments);
        va_end(arguments);
        b->len += (size_t)n;

        return 0;
}

void buf_inherit(struct buf *b, const struct buf *part)
{
        if (part->failed == -ENOMEM)
                (void)buf_fail(b, -ENOMEM);
}

int buf_pad(struct buf *b, size_t column, size_t line_start)
{
        size_t width = line_start < b->len ? text_width(b->data + line_start) : 0;
        size_t n = width < column ? column - width : 0;
        int r;

        r = buf_reserve(b, n);
        if (r < 0)
                return r;

        memset(b->data + b->len, ' ', n);
        b->len += n;
        b->data[b->len] = '\0';

        return 0;
}

char *buf_steal(struct buf *b)
{
        char *data;

        /* A buffer that nothing was added to still gives a string. */
        if (buf_add(b, NULL, 0) < 0)
                return NULL;

        data = STEAL(b->data);
        buf_done(b);
        return data;
}
