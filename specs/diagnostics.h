/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Collecting what is wrong with the specs.
 *
 * The rule: a message is clean and bounded the moment it is taken in, whatever hostile text it quotes; and a thousand
 * errors are kept, the rest only counted.
 */

#include <errno.h>

#include "specs/specs.h"

/* Takes in what is wrong at a place; the file's name is copied, NULL is no file at all. 0 or -ENOMEM. */
int diagnostics_add(struct diagnostics *d, enum severity severity, const struct position *p, const char *format, ...)
        _printf_(4, 5);

#define diagnostics_error(d, p, ...) diagnostics_add(d, SEVERITY_ERROR, p, __VA_ARGS__)
#define diagnostics_warning(d, p, ...) diagnostics_add(d, SEVERITY_WARNING, p, __VA_ARGS__)

/* What telling about a mistake returned, as the answer of a function that cannot go on: -EINVAL or -ENOMEM. */
static inline int refused(int told)
{
        return told < 0 ? told : -EINVAL;
}

/* Brings them into their order, drops repetitions (one anchor may be read in many places) and says how many were too
 * many. To be called once, at the end. 0 or -ENOMEM. */
int diagnostics_finish(struct diagnostics *d);

/* The first characters of a text from a spec, escaped, in the caller's buffer: for quoting in a message. */
#define EXCERPT_MAX 272
const char *excerpt(const char *s, char text[static EXCERPT_MAX]);
