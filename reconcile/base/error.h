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

#include "reconcile/base/cleanup.h"

struct error {
        char text[1024];
};

/* Writes the text and returns `r`, so that `return error_set(e, -EINVAL, "…")` is one line. A text that is too long is
 * cut at a character's border. `r` must be negative. */
int error_set(struct error *e, int r, const char *format, ...) _printf_(3, 4);

/* Puts "context: " in front of the text that is there, and returns `r`. */
int error_wrap(struct error *e, int r, const char *format, ...) _printf_(3, 4);

/* -ENOMEM with its standard words. */
int error_oom(struct error *e);
