/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Errors with words.
 *
 * A function that can fail returns 0 or a negative errno, and takes a caller-owned `struct error *` as its last
 * parameter, into which it writes what happened, where, and what to do. Each layer may put its own context in front.
 * The text lives in the struct itself, so that an error can be told when memory is out. The parameter may be NULL
 * where the caller does not want the words.
 */

#include <errno.h>

#include "reconcile/base/cleanup.h"

struct error {
        char text[1024];
};

/* Writes the text and has the value `r`, so that `return error_set(e, -EINVAL, "…")` is one line. A text that is too long is
 * cut at a character's border. `r` must be negative. These are macros so that the compiler and its analysers see the value. */
#define error_set(e, r, ...)                   \
        ({                                     \
                int r_ = (r);                  \
                error_write((e), __VA_ARGS__); \
                r_;                            \
        })

/* The same for a call of the system that has just failed: the text gets errno's words behind it, and the value is -errno, negative for certain. */
#define error_errno(e, ...)                               \
        ({                                                \
                int r_ = -errno;                          \
                if (r_ >= 0)                              \
                        r_ = -EIO;                        \
                error_write_errno((e), -r_, __VA_ARGS__); \
                r_;                                       \
        })

/* Puts "context: " in front of the text that is there; has the value `r`. */
#define error_wrap(e, r, ...)                          \
        ({                                             \
                int r_ = (r);                          \
                error_write_context((e), __VA_ARGS__); \
                r_;                                    \
        })

/* -ENOMEM with its standard words. */
#define error_oom(e) error_set((e), -ENOMEM, "out of memory")

/* What the macros call. */
void error_write(struct error *e, const char *format, ...) _printf_(2, 3);
void error_write_errno(struct error *e, int number, const char *format, ...) _printf_(3, 4);
void error_write_context(struct error *e, const char *context, ...) _printf_(2, 3);
