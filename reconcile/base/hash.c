/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/auxv.h>

#include "reconcile/base/hash.h"

struct state {
        uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
        return x << bits | x >> (64 - bits);
}

static inline void sip_round(struct state *s)
{
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotate(s->v1, 13) ^ s->v0;
        s->v3 = rotate(s->v3, 16) ^ s->v2;
        s->v0 = rotate(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotate(s->v1, 17) ^ s->v2;
        s->v3 = rotate(s->v3, 21) ^ s->v0;
        s->v2 = rotate(s->v2, 32);
}

static inline void sip_add(struct state *s, uint64_t word)
{
        s->v3 ^= word;
        sip_round(s);
        s->v0 ^= word;
}

/* The kernel hands each program 16 random bytes at its start: a key without a global and without a way to fail. */
const void *hash_key(void)
{
        return (const void *)getauxval(AT_RANDOM);
}

static struct state sip_start(const void *bytes)
{
        uint64_t key[2];

        memcpy(key, bytes, sizeof(key));

        return (struct state){
                .v0 = key[0] ^ UINT64_C(0x736f6d6570736575),
                .v1 = key[1] ^ UINT64_C(0x646f72616e646f6d),
                .v2 = key[0] ^ UINT64_C(0x6c7967656e657261),
                .v3 = key[1] ^ UINT64_C(0x7465646279746573),
        };
}

uint64_t hash_bytes(const void *key, const void *bytes, size_t n)
{
        const char *p = bytes;
        struct state s = sip_start(key);
        uint64_t word, last = 0;
        size_t left;

        for (left = n; left >= sizeof(word); p += sizeof(word), left -= sizeof(word)) {
                memcpy(&word, p, sizeof(word));
                sip_add(&s, word);
        }

        if (left > 0)
                memcpy(&last, p, left);
        sip_add(&s, last ^ (uint64_t)n << 56);

        s.v2 ^= 0xff;
        sip_round(&s);
        sip_round(&s);
        sip_round(&s);

        return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
