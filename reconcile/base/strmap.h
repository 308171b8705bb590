/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A hash table from strings to pointers. Keys are not copied: they must outlive the map (keep them in a strpool or in
 * the value itself). Hashing is seeded for each process, so hostile names cannot make it slow.
 */

#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/cleanup.h"

struct strmap {
        struct strmap_slot {
                const char *key; /* NULL: free */
                uint64_t hash;
                void *value;
        } * slots;
        size_t count;
        size_t allocated;     /* a power of two, or 0 */
        const void *hash_key; /* NULL: nothing was ever put into it */
};

void strmap_done(struct strmap *map);
#define _cleanup_strmap_ _cleanup_(strmap_done)

void *strmap_get(const struct strmap *map, const char *key);      /* NULL: not there */
int strmap_put(struct strmap *map, const char *key, void *value); /* 0, -EEXIST (kept as it was) or -ENOMEM */
int strmap_set(struct strmap *map, const char *key, void *value); /* 0 or -ENOMEM; replaces key and value */
void *strmap_remove(struct strmap *map, const char *key);         /* what was there, or NULL */

#define STRMAP_FOREACH(slot, map)                                                                             \
        for (struct strmap_slot *slot = (map)->slots; slot && slot < (map)->slots + (map)->allocated; slot++) \
                if (slot->key)
