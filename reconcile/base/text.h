/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Small operations on text: what every layer needs and libc lacks.
 *
 * Strings from a vendor or a spec are hostile until they went through text_escape(): they may hold terminal escapes.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/buf.h"

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *s, const char *prefix);

/* The whole string as a decimal number, no sign but '-', no blanks, no leading zeros. 0, -EINVAL or -ERANGE. */
int text_to_int64(const char *s, int64_t *ret);

/* The whole number that a text holds, with blanks around it or a fraction of zeros; or that a real is, up to where every whole number
 * has a real of its own. 0 or -EBADMSG. */
int text_to_whole(const char *s, int64_t *ret);
int text_whole_of_real(double real, int64_t *ret);

/* Frees a secret, and leaves nothing of it in memory; what it pointed to is NULL then. */
void text_wipe(char **secret);

/* Formats into a malloc'ed text; NULL: out of memory. */
char *text_vformat(const char *format, va_list arguments) _printf_(1, 0);

/* Is it well-formed UTF-8 without NUL? */
bool text_is_utf8(const char *s, size_t n);

/* Width in characters (code points), for lining columns up. */
size_t text_width(const char *s);

/* Adds `s` with every control character, C1 control, bidirectional override and byte that is not UTF-8 as \xNN or
 * \u{NNNN}. For people's eyes; at most `max_chars` characters, then "…". */
int text_escape(struct buf *b, const char *s, size_t max_chars);

/* The member of `names` (n of them) nearest to `s` by edit distance, for "did you mean"; NULL when none is near enough
 * (a third of the longer length, at most 3). */
const char *text_nearest(const char *s, const char *const *names, size_t n);

/* Natural order: runs of digits compare as numbers, so that web-9 comes before web-10. Like strcmp. */
int text_natural_compare(const char *a, const char *b);
