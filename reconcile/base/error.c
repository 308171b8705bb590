/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/error.h"

/* One byte more than an error holds: the first byte that is cut off tells whether it began a character. */
#define FULL_MAX (sizeof(((struct error *)NULL)->text) + 1)

/* Adds what fits. */
static void append(char full[static FULL_MAX], const char *text)
{
        size_t n = strlen(full), n_text = strnlen(text, FULL_MAX - 1 - n);

        memcpy(full + n, text, n_text);
        full[n + n_text] = '\0';
}

/* The most bytes of `text`, below the size of an error, that end at a character's border. */
static size_t fitting_length(const char *text)
{
        size_t n = strlen(text);

        if (n < FULL_MAX - 1)
                return n;

        n = FULL_MAX - 2;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80)
                n--;

        return n;
}

static void store(struct error *e, const char *text)
{
        size_t n = fitting_length(text);

        memcpy(e->text, text, n);
        e->text[n] = '\0';
}

/* The arguments may point into the error itself, so the text is made aside and then copied. */
static void _printf_(2, 0) format_aside(char full[static FULL_MAX], const char *format, va_list arguments)
{
        (void)vsnprintf(full, FULL_MAX, format, arguments);
}

void error_write(struct error *e, const char *format, ...)
{
        char full[FULL_MAX] = "";
        va_list arguments;

        if (!e)
                return;
        va_start(arguments, format);
        format_aside(full, format, arguments);
        va_end(arguments);
        store(e, full);
}

void error_write_errno(struct error *e, int number, const char *format, ...)
{
        char full[FULL_MAX] = "";
        va_list arguments;

        if (!e)
                return;
        va_start(arguments, format);
        format_aside(full, format, arguments);
        va_end(arguments);
        append(full, ": ");
        append(full, strerror(number));
        store(e, full);
}

void error_write_context(struct error *e, const char *context, ...)
{
        char full[FULL_MAX] = "";
        va_list arguments;

        if (!e)
                return;
        va_start(arguments, context);
        format_aside(full, context, arguments);
        va_end(arguments);
        if (e->text[0]) {
                append(full, ": ");
                append(full, e->text);
        }
        store(e, full);
}
