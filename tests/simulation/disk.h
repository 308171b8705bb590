/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A disk below SQLite that fails when it is told to, and that forgets what was not synced when the power goes.
 *
 * The rule: below it are files in memory, and only what a real disk may do is done. What was written and
 * not synced is remembered as it was before, so that it can be put back; after a sync that failed it is never safe, whatever
 * later syncs say. One disk for the whole program: SQLite has one default layer.
 */

#include <stdbool.h>
#include <stdint.h>

enum disk_fault {
        DISK_EIO,   /* reads, writes, syncs, locks, openings */
        DISK_FULL,  /* writes; the rest fails as above */
        DISK_SHORT, /* writes, half of which come about before the disk is full */
};

/* A new disk, on which nothing is; the first time that it is called it becomes SQLite's default layer. */
void disk_new(void);

/* Only calls for which this says so may fail; NULL, as on a new disk: all. */
void disk_count(bool (*counts)(void));

/* Of the calls that count, the one after so many fails, and with `for_good` all after it; until disk_heal(). */
void disk_fail(uint64_t calls, enum disk_fault fault, bool for_good);
void disk_heal(void);
bool disk_has_failed(void); /* since disk_fail() */

/* The power goes: from here on nothing reaches the disk. It comes back, once all files are closed, with what was synced; where it never went
 * nothing happens. */
void disk_lose_power(void);
void disk_power_on(void);
