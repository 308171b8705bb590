/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Time, in microseconds.
 *
 * A `usec_t` is a point on the boot clock (CLOCK_BOOTTIME, which a wrong wall clock cannot bend and which runs on
 * while the machine sleeps) or a length of time; its name says which. Wall-clock times are kept as whole seconds
 * since 1970 in an int64_t, and only shown to people. No function here reads a clock.
 */

#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_INFINITY UINT64_MAX
#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)

/* Addition that stays at USEC_INFINITY instead of wrapping around. */
static inline usec_t usec_add(usec_t a, usec_t b)
{
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

static inline usec_t usec_min(usec_t a, usec_t b)
{
        return a < b ? a : b;
}

static inline usec_t usec_max(usec_t a, usec_t b)
{
        return a > b ? a : b;
}

/* How long ago `then` was at `now`; 0 when it is still to come. */
static inline usec_t usec_since(usec_t now, usec_t then)
{
        return now > then ? now - then : 0;
}
