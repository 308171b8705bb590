/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "reconcile/base/hash.h"
#include "reconcile/base/strpool.h"

/* A pool that stays small costs little; one that grows takes few blocks. */
#define BLOCK_FIRST ((size_t)4 * 1024)
#define BLOCK_MOST ((size_t)64 * 1024)
#define FIRST_SLOTS 256

/* Objects grow from the front of a block, aligned; strings from its back, packed. What lies between is still zero. */
struct block {
        struct block *next;
        size_t front, back;
        alignas(max_align_t) char bytes[];
};

struct slot {
        const char *s; /* NULL: free */
        uint32_t n;
        uint32_t hash;
};

struct strpool {
        const void *hash_key;
        struct block *blocks; /* the first is the one being filled */
        struct slot *slots;
        size_t n_slots; /* a power of two, or 0 */
        size_t n_strings;
        size_t block_size; /* of the next block */
        bool failed;
};

struct strpool *strpool_new(void)
{
        struct strpool *pool = calloc(1, sizeof(*pool));

        if (pool) {
                pool->hash_key = hash_key();
                pool->block_size = BLOCK_FIRST;
        }
        return pool;
}

struct strpool *strpool_free(struct strpool *pool)
{
        if (!pool)
                return NULL;

        while (pool->blocks) {
                struct block *next = pool->blocks->next;

                free(pool->blocks);
                pool->blocks = next;
        }
        free(pool->slots);
        free(pool);

        return NULL;
}

bool strpool_failed(const struct strpool *pool)
{
        return pool->failed;
}

void strpool_fail(struct strpool *pool)
{
        pool->failed = true;
}

/* A block with room for `size` bytes, which must be a multiple of the alignment. What is large gets a block to itself,
 * behind the one that is being filled, so that the rest of that one is not lost. */
static struct block *block_with_room(struct strpool *pool, size_t size)
{
        struct block *first = pool->blocks, *block;
        size_t capacity = size > pool->block_size / 4 ? size : pool->block_size;

        if (first && first->back - first->front >= size)
                return first;

        block = capacity <= SIZE_MAX - sizeof(*block) ? calloc(1, sizeof(*block) + capacity) : NULL;
        if (!block) {
                pool->failed = true;
                return NULL;
        }

        block->back = capacity;
        if (first && capacity == size) {
                block->next = first->next;
                first->next = block;
        } else {
                block->next = first;
                pool->blocks = block;
                if (pool->block_size < BLOCK_MOST)
                        pool->block_size *= 2;
        }

        return block;
}

/* Rounded up to the alignment that any object may have; 0 when that does not fit. */
static size_t aligned(size_t size)
{
        size_t mask = alignof(max_align_t) - 1;

        return size > SIZE_MAX - mask ? 0 : (size + mask) & ~mask;
}

void *strpool_alloc(struct strpool *pool, size_t size)
{
        size_t whole = aligned(size > 0 ? size : 1);
        struct block *block = whole > 0 ? block_with_room(pool, whole) : NULL;
        void *object;

        if (!block)
                return NULL;

        object = block->bytes + block->front;
        block->front += whole;
        return object;
}

static const char *copy_string(struct strpool *pool, const char *s, size_t n)
{
        struct block *block = block_with_room(pool, n + 1);
        char *copy;

        if (!block)
                return NULL;

        block->back -= n + 1;
        copy = block->bytes + block->back;
        memcpy(copy, s, n);
        copy[n] = '\0';

        return copy;
}

/* The slot that holds the text, or the free one where it belongs. */
static struct slot *find_slot(struct slot *slots, size_t n_slots, const char *s, size_t n, uint32_t hash)
{
        size_t i = hash & (n_slots - 1);

        while (slots[i].s && (slots[i].hash != hash || slots[i].n != n || memcmp(slots[i].s, s, n) != 0))
                i = (i + 1) & (n_slots - 1);

        return &slots[i];
}

/* Keeps a quarter of the slots free, so that a search ends soon. */
static int reserve_slot(struct strpool *pool)
{
        size_t n_slots = pool->n_slots > 0 ? 2 * pool->n_slots : FIRST_SLOTS;
        struct slot *slots;

        if (pool->n_strings < pool->n_slots - pool->n_slots / 4)
                return 0;

        slots = calloc(n_slots, sizeof(*slots));
        if (!slots)
                return -1;

        for (size_t i = 0; i < pool->n_slots; i++) {
                size_t at = pool->slots[i].hash & (n_slots - 1);

                if (!pool->slots[i].s)
                        continue;
                while (slots[at].s)
                        at = (at + 1) & (n_slots - 1);
                slots[at] = pool->slots[i];
        }

        free(pool->slots);
        pool->slots = slots;
        pool->n_slots = n_slots;
        return 0;
}

const char *strpool_addn(struct strpool *pool, const char *s, size_t n)
{
        struct slot *slot;
        const char *copy;
        uint32_t hash;

        if (n == 0)
                return ""; /* every pool's; `s` may be NULL */
        hash = (uint32_t)hash_bytes(pool->hash_key, s, n);

        if (n >= UINT32_MAX || reserve_slot(pool) < 0) {
                pool->failed = true;
                return NULL;
        }

        slot = find_slot(pool->slots, pool->n_slots, s, n, hash);
        if (slot->s)
                return slot->s;

        copy = copy_string(pool, s, n);
        if (!copy)
                return NULL;

        *slot = (struct slot){ .s = copy, .n = (uint32_t)n, .hash = hash };
        pool->n_strings++;
        return copy;
}

const char *strpool_add(struct strpool *pool, const char *s)
{
        return strpool_addn(pool, s, strlen(s));
}
