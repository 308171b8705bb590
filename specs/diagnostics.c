/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/buf.h"
#include "reconcile/base/text.h"
#include "specs/diagnostics.h"

#define KEPT_MAX 1000 /* of errors, and of warnings */
#define MESSAGE_CHARS_MAX 1000
#define FILE_CHARS_MAX 4096
#define EXCERPT_CHARS_MAX 64

void diagnostics_done(struct diagnostics *d)
{
        if (!d)
                return;

        for (size_t i = 0; i < d->n; i++)
                free(d->items[i].message);
        free(d->items);
        strpool_free(d->strings);
        *d = (struct diagnostics){ 0 };
}

static size_t n_warnings(const struct diagnostics *d)
{
        return d->n - (d->errors < KEPT_MAX ? d->errors : KEPT_MAX);
}

/* The message as one line that is safe to show. */
static int clean_message(const char *message, char **ret)
{
        _cleanup_buf_ struct buf b = BUF_INIT(MESSAGE_CHARS_MAX * 4 + 8);
        char *clean;

        (void)text_escape(&b, message, MESSAGE_CHARS_MAX);
        clean = buf_steal(&b);
        if (!clean)
                return -ENOMEM;

        *ret = clean;
        return 0;
}

static int keep_file(struct diagnostics *d, const char *file, const char **ret)
{
        if (!file) {
                *ret = NULL;
                return 0;
        }

        if (!d->strings)
                d->strings = strpool_new();
        if (!d->strings)
                return -ENOMEM;

        *ret = strpool_add(d->strings, file);
        return *ret ? 0 : -ENOMEM;
}

static int keep(struct diagnostics *d, enum severity severity, const struct position *p, const char *message)
{
        struct diagnostic *item;
        struct position position = *p;
        char *clean;
        int r;

        r = keep_file(d, p->file, &position.file);
        if (r < 0)
                return r;
        r = clean_message(message, &clean);
        if (r < 0)
                return r;

        item = ARRAY_ADD(d->items, d->n, d->allocated);
        if (!item) {
                free(clean);
                return -ENOMEM;
        }

        *item = (struct diagnostic){ .severity = severity, .position = position, .message = clean };
        return 0;
}

int diagnostics_add(struct diagnostics *d, enum severity severity, const struct position *p, const char *format, ...)
{
        _cleanup_free_ char *message = NULL;
        size_t kept = severity == SEVERITY_ERROR ? d->errors : n_warnings(d);
        va_list arguments;
        int r;

        if (kept < KEPT_MAX) {
                va_start(arguments, format);
                message = text_vformat(format, arguments);
                va_end(arguments);
                if (!message)
                        return -ENOMEM;

                r = keep(d, severity, p, message);
                if (r < 0)
                        return r;
        }

        if (severity == SEVERITY_ERROR)
                d->errors++;
        return 0;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
        return (a > b) - (a < b);
}

static int compare_diagnostics(const void *left, const void *right)
{
        const struct diagnostic *a = left, *b = right;
        int r = strcmp(a->position.file, b->position.file);

        if (r == 0)
                r = compare_numbers(a->position.line, b->position.line);
        if (r == 0)
                r = compare_numbers(a->position.column, b->position.column);
        if (r == 0)
                r = compare_numbers(a->severity, b->severity);

        return r != 0 ? r : strcmp(a->message, b->message);
}

static void drop_repetitions(struct diagnostics *d)
{
        size_t n = 0;

        for (size_t i = 0; i < d->n; i++) {
                if (n == 0 || compare_diagnostics(&d->items[n - 1], &d->items[i]) != 0) {
                        d->items[n++] = d->items[i];
                        continue;
                }

                d->errors -= d->items[i].severity == SEVERITY_ERROR;
                free(d->items[i].message);
        }

        d->n = n;
}

int diagnostics_finish(struct diagnostics *d)
{
        size_t more = d->errors > KEPT_MAX ? d->errors - KEPT_MAX : 0;

        if (d->n > 0)
                qsort(d->items, d->n, sizeof(*d->items), compare_diagnostics);
        drop_repetitions(d);
        if (more == 0)
                return 0;

        return keep(d, SEVERITY_ERROR, &(struct position){ 0 },
                    "there are more errors than are shown; mend these first, and check again");
}

int diagnostic_text(struct buf *b, const struct diagnostic *d)
{
        if (d->position.file) {
                (void)text_escape(b, d->position.file, FILE_CHARS_MAX);
                if (d->position.line > 0)
                        (void)buf_addf(b, ":%" PRIu32 ":%" PRIu32, d->position.line, d->position.column);
                (void)buf_adds(b, ": ");
        }

        (void)buf_adds(b, d->severity == SEVERITY_ERROR ? "error: " : "warning: ");
        return buf_adds(b, d->message);
}

const char *excerpt(const char *s, char text[static EXCERPT_MAX])
{
        _cleanup_buf_ struct buf b = BUF_INIT(EXCERPT_MAX - 1);

        (void)text_escape(&b, s, EXCERPT_CHARS_MAX);
        return memcpy(text, buf_text(&b), b.len + 1);
}
