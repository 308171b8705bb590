/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The tests' source of chance: one seed, one sequence, on every machine.
 */

#include <stdbool.h>
#include <stdint.h>

struct random {
        uint64_t state;
};

/* SplitMix64: any seed is a good one. */
static inline uint64_t random_next(struct random *r)
{
        uint64_t x = r->state += UINT64_C(0x9E3779B97F4A7C15);

        x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
        return x ^ x >> 31;
}

/* From 0 to `n` - 1; `n` is not 0. */
static inline uint64_t random_below(struct random *r, uint64_t n)
{
        return random_next(r) % n;
}

static inline uint64_t random_between(struct random *r, uint64_t least, uint64_t most)
{
        return least + random_below(r, most - least + 1);
}

static inline bool random_chance(struct random *r, uint64_t in_a_thousand)
{
        return random_below(r, 1000) < in_a_thousand;
}
