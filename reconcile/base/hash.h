/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The hash behind strmap and strpool: SipHash-1-3 with a key of this process, so that nobody outside can choose strings
 * that collide. It differs from run to run: it is never stored, and nothing that people see may depend on its order.
 */

#include <stddef.h>
#include <stdint.h>

/* The key of this process. To find it takes longer than to hash a name, so whoever hashes often keeps it. */
const void *hash_key(void);

uint64_t hash_bytes(const void *key, const void *bytes, size_t n);
