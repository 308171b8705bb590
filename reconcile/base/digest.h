/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * SHA-256, over several pieces.
 */

#include <stddef.h>

#include "reconcile/base/error.h"

#define DIGEST_TEXT_MAX 72 /* "sha256:" and 64 hexadecimal digits and a NUL, rounded up */

struct digest;

int digest_new(struct digest **ret);
struct digest *digest_free(struct digest *d);
DEFINE_CLEANUP(struct digest *, digest_free)

int digest_add(struct digest *d, const void *bytes, size_t n);
int digest_end(struct digest *d, char text[static DIGEST_TEXT_MAX]); /* "sha256:…"; nothing can be added after */
