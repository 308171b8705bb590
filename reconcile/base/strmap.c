/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/hash.h"
#include "reconcile/base/strmap.h"

#define FIRST_SLOTS 16

void strmap_done(struct strmap *map)
{
        if (!map)
                return;

        free(map->slots);
        *map = (struct strmap){};
}

static uint64_t hash_of(const struct strmap *map, const char *key)
{
        return hash_bytes(map->hash_key, key, strlen(key));
}

/* Where a key of this hash belongs when nothing is in its way. */
static size_t home(const struct strmap *map, uint64_t hash)
{
        return hash & (map->allocated - 1);
}

static size_t next(const struct strmap *map, size_t i)
{
        return (i + 1) & (map->allocated - 1);
}

/* The slot of the key, or the free one where it belongs, in a map that has slots. */
static struct strmap_slot *find(const struct strmap *map, const char *key, uint64_t hash)
{
        size_t i;

        for (i = home(map, hash); map->slots[i].key; i = next(map, i))
                if (map->slots[i].hash == hash && strcmp(map->slots[i].key, key) == 0)
                        break;

        return &map->slots[i];
}

/* Keeps a quarter of the slots free, so that a search ends soon. */
static int reserve_slot(struct strmap *map)
{
        struct strmap larger = { .count = map->count, .hash_key = map->hash_key };

        if (map->count < map->allocated - map->allocated / 4)
                return 0;

        if (!larger.hash_key)
                larger.hash_key = hash_key();
        larger.allocated = map->allocated > 0 ? 2 * map->allocated : FIRST_SLOTS;
        larger.slots = calloc(larger.allocated, sizeof(*larger.slots));
        if (!larger.slots)
                return -ENOMEM;

        STRMAP_FOREACH (slot, map)
                *find(&larger, slot->key, slot->hash) = *slot;

        free(map->slots);
        *map = larger;
        return 0;
}

void *strmap_get(const struct strmap *map, const char *key)
{
        return map->count ? find(map, key, hash_of(map, key))->value : NULL;
}

/* Sees to it that the key is in the map: 0, 1 when it was before, or -ENOMEM. */
static int add(struct strmap *map, const char *key, struct strmap_slot **ret)
{
        struct strmap_slot *slot;
        uint64_t hash;
        int r;

        r = reserve_slot(map);
        if (r < 0)
                return r;

        hash = hash_of(map, key);
        slot = find(map, key, hash);
        *ret = slot;
        if (slot->key)
                return 1;

        *slot = (struct strmap_slot){ .key = key, .hash = hash };
        map->count++;
        return 0;
}

int strmap_put(struct strmap *map, const char *key, void *value)
{
        struct strmap_slot *slot;
        int r;

        r = add(map, key, &slot);
        if (r != 0)
                return r < 0 ? r : -EEXIST;

        slot->value = value;
        return 0;
}

int strmap_set(struct strmap *map, const char *key, void *value)
{
        struct strmap_slot *slot;
        int r;

        r = add(map, key, &slot);
        if (r < 0)
                return r;

        slot->key = key;
        slot->value = value;
        return 0;
}

/* The slots that follow move up into the gap where that brings them no further than their home, so that a search never
 * meets a hole before its key. */
void *strmap_remove(struct strmap *map, const char *key)
{
        struct strmap_slot *slot = map->count ? find(map, key, hash_of(map, key)) : NULL;
        size_t gap, mask = map->allocated - 1;
        void *value;

        if (!slot || !slot->key)
                return NULL;

        value = slot->value;
        gap = (size_t)(slot - map->slots);
        for (size_t i = next(map, gap); map->slots[i].key; i = next(map, i)) {
                size_t from_home = (i - home(map, map->slots[i].hash)) & mask;

                if (from_home >= ((i - gap) & mask)) {
                        map->slots[gap] = map->slots[i];
                        gap = i;
                }
        }

        map->slots[gap] = (struct strmap_slot){};
        map->count--;
        return value;
}
