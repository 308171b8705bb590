/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies without what nobody reads: passwords of machines and descriptions of their hardware stand in every listing, and are most of
 * what a long one costs.
 *
 * The rule: a member whose key is none of those that the codec reads is gone before anything looks at the reply. What
 * was cut off before is cut off afterwards. A key that is spelt with blanks or escapes stays: it may mean one that is read.
 */

#include <stddef.h>

struct sift_key {
        const char *text;
        size_t length;
};

#define SIFT_KEY(name)                    \
        {                                 \
                (name), sizeof(name) - 1, \
        }

/* Takes the members out in place whose keys are not among these, up to one of NULL, and wipes what becomes free behind the rest; the
 * length that is left. A NUL follows the text. */
size_t sift(char *text, size_t n, const struct sift_key *keys);
