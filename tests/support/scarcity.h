/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Memory that runs out at one allocation, once or from then on. Programs that use it are named in tests/CMakeLists.txt, which has the linker put
 * it in the place of the C library's allocations, and for some of those of pools as well (scarce_strings.c): few of these come to one of
 * the library's.
 */

#include <stdbool.h>
#include <stdint.h>

struct scarcity {
        bool on;             /* is any allocation denied at all? */
        bool for_good;       /* all after the first one that is denied are, too */
        uint64_t left;       /* allocations until then */
        bool ran_out;        /* did it come to that? */
        bool (*is_in)(void); /* whose allocations count; NULL: everybody's */
};

/* A linker's wrapper has no userdata. */
extern struct scarcity scarcity;

/* From here on, until scarcity_end(), the allocation after `left` others is denied. */
void scarcity_begin(uint64_t left, bool for_good);
/* Did it come to that? */
bool scarcity_end(void);

/* Is this allocation denied? For what stands in the place of one. */
bool scarcity_denies(void);
