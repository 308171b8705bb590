/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Interned strings: each distinct text is kept once and lives as long as its pool, so that a fleet of 100,000 machines
 * shares its few networks and templates, and ids need no freeing of their own.
 */

#include <stdbool.h>
#include <stddef.h>

#include "reconcile/base/cleanup.h"

struct strpool;

struct strpool *strpool_new(void); /* NULL: out of memory */
struct strpool *strpool_free(struct strpool *pool);
DEFINE_CLEANUP(struct strpool *, strpool_free)

/* Did the pool ever lack memory for what it was asked for? Then something that was made of its strings may lack one: who makes much asks once,
 * at the end. */
bool strpool_failed(const struct strpool *pool);
void strpool_fail(struct strpool *pool); /* memory was lacking for something that was to be in it */

/* The pool's own copy of the text; NULL: out of memory. Equal texts give the same pointer. */
const char *strpool_add(struct strpool *pool, const char *s);
const char *strpool_addn(struct strpool *pool, const char *s, size_t n);

/* Memory that lives as long as the pool, zeroed; NULL: out of memory. */
void *strpool_alloc(struct strpool *pool, size_t size);
