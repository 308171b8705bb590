/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/array.h"

#define FIRST_ITEMS 8

int array_reserve(void **items, size_t *allocated, size_t need, size_t size)
{
        size_t n = *allocated > SIZE_MAX / 2 ? SIZE_MAX : 2 * *allocated, bytes;
        void *grown;

        if (need <= *allocated)
                return 0;

        if (n < FIRST_ITEMS)
                n = FIRST_ITEMS;
        if (n < need)
                n = need;
        if (__builtin_mul_overflow(n, size, &bytes))
                return -ENOMEM;

        /* The caller's pointer has a type of its own: its bytes are copied, so that no void * is written over it. */
        memcpy(&grown, items, sizeof(grown));
        grown = realloc(grown, bytes);
        if (!grown)
                return -ENOMEM;

        memset((char *)grown + *allocated * size, 0, (n - *allocated) * size);
        memcpy(items, &grown, sizeof(grown));
        *allocated = n;
        return 0;
}
