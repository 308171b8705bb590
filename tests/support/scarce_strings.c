/* SPDX-License-Identifier: MIT */
#include "reconcile/base/strpool.h"
#include "tests/support/scarcity.h"

/* Pools of strings, of which each request may be the one that memory lacks for. */

const char *__real_strpool_add(struct strpool *pool, const char *s);
const char *__real_strpool_addn(struct strpool *pool, const char *s, size_t n);
void *__real_strpool_alloc(struct strpool *pool, size_t size);
const char *__wrap_strpool_add(struct strpool *pool, const char *s);
const char *__wrap_strpool_addn(struct strpool *pool, const char *s, size_t n);
void *__wrap_strpool_alloc(struct strpool *pool, size_t size);

static bool is_denied(struct strpool *pool)
{
        bool denied = scarcity_denies();

        if (denied)
                strpool_fail(pool);
        return denied;
}

const char *__wrap_strpool_add(struct strpool *pool, const char *s)
{
        return is_denied(pool) ? NULL : __real_strpool_add(pool, s);
}

const char *__wrap_strpool_addn(struct strpool *pool, const char *s, size_t n)
{
        return is_denied(pool) ? NULL : __real_strpool_addn(pool, s, n);
}

void *__wrap_strpool_alloc(struct strpool *pool, size_t size)
{
        return is_denied(pool) ? NULL : __real_strpool_alloc(pool, size);
}
