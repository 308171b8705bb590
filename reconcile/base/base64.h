/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Base64 (RFC 4648, the standard alphabet).
 */

#include <stddef.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"

/* Adds the Base64 of `n` bytes, padded, in one line. */
int base64_encode(struct buf *b, const void *bytes, size_t n);

/* Decodes in place: the result is never longer than its source. Blanks and line breaks between the characters are
 * passed over, missing padding is allowed. A NUL follows the result (the source has room for it unless it is empty).
 * 0, or -EINVAL with the offset of the first bad character in the error. */
int base64_decode_in_place(char *text, size_t n, size_t *ret_n, struct error *e);
