/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Growing arrays as three plain members of a struct: `struct foo *foos; size_t n_foos, allocated_foos;`.
 */

#include <errno.h>
#include <stddef.h>

/* Makes room for `need` items of `size` bytes; new room is zeroed. 0 or -ENOMEM, the array as it was. */
int array_reserve(void **items, size_t *allocated, size_t need, size_t size);

/* A pointer to a new zeroed item at the end of the array, already counted; NULL: out of memory. */
#define ARRAY_ADD(items, count, allocated) \
        (array_reserve((void **)&(items), &(allocated), (count) + 1, sizeof(*(items))) < 0 ? NULL : &(items)[(count)++])

/* Makes room for one more item, so that what is added next cannot fail. 0 or -ENOMEM. */
#define ARRAY_RESERVE(items, count, allocated) \
        array_reserve((void **)&(items), &(allocated), (count) + 1, sizeof(*(items)))
