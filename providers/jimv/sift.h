/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies without what nobody reads: the passwords of guests and their XML stand in every listing, and are most of
 * it.
 *
 * The rule: a member whose key is none of those that the codec reads is gone before anything looks at the reply. What
 * was cut off before is cut off afterwards.
 */

#include <stddef.h>

/* Takes the members out in place, and wipes what becomes free behind the rest; the length that is left. A NUL follows
 * the text. */
size_t jimv_sift(char *text, size_t n);
