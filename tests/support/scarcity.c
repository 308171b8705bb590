/* SPDX-License-Identifier: MIT */
#include "tests/support/scarcity.h"

#include <stdlib.h>

/* What the linker puts in the place of the real ones (CMakeLists.txt), which it keeps as __real_…. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

struct scarcity scarcity;

bool scarcity_denies(void)
{
        if (!scarcity.on || (scarcity.is_in && !scarcity.is_in()))
                return false;
        if (scarcity.ran_out)
                return scarcity.for_good;
        scarcity.ran_out = scarcity.left-- == 0;
        return scarcity.ran_out;
}

void scarcity_begin(uint64_t left, bool for_good)
{
        scarcity.left = left;
        scarcity.for_good = for_good;
        scarcity.ran_out = false;
        scarcity.on = true;
}

bool scarcity_end(void)
{
        scarcity.on = false;
        return scarcity.ran_out;
}

void *__wrap_malloc(size_t size)
{
        return scarcity_denies() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return scarcity_denies() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return scarcity_denies() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
        return scarcity_denies() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return scarcity_denies() ? NULL : __real_strndup(s, n);
}
