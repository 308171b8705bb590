/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the fuzz targets share. A target is one file fuzz_NAME.c with one function, which libFuzzer calls with bytes of
 * its own making. Besides crashes and what the sanitizers find, must() says what has to hold whatever the bytes are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                                \
        do {                                                                                           \
                if (!(condition)) {                                                                    \
                        fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
                        abort();                                                                       \
                }                                                                                      \
        } while (0)

/* The bytes with a NUL behind them, in memory of exactly that size, so that reading past it is found. */
static inline char *fuzz_text(const uint8_t *bytes, size_t n)
{
        char *text = malloc(n + 1);

        must(text);
        if (n > 0)
                memcpy(text, bytes, n);
        text[n] = '\0';
        return text;
}

/* What stands before the first byte `end`, and steps over both; all of it when there is no such byte. `ret_length`, where it
 * is not NULL, tells how long that is: there may be a NUL in it. */
static inline char *fuzz_take(const uint8_t **bytes, size_t *n, char end, size_t *ret_length)
{
        const uint8_t *found = *n > 0 ? memchr(*bytes, end, *n) : NULL;
        size_t length = found ? (size_t)(found - *bytes) : *n;
        char *text = fuzz_text(*bytes, length);

        *bytes += length + (found != NULL);
        *n -= length + (found != NULL);
        if (ret_length)
                *ret_length = length;
        return text;
}

/* May it be shown to a person as one line: well-formed, without anything that a terminal obeys? */
static inline bool fuzz_is_showable(const char *s)
{
        for (const char *c = s; *c; c++)
                if ((unsigned char)*c < 0x20 || *c == 0x7F)
                        return false;

        return text_is_utf8(s, strlen(s));
}
