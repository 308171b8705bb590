/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The units of the spec language: sizes, durations, rates, bit rates. Each has one reader and one canonical form.
 *
 * Readers take the exact forms of the contract and nothing else: digits without leading zeros, no blanks, no
 * fraction, a unit always. They return 0, -EINVAL (not of the form; the error says what to write instead) or -ERANGE.
 */

#include <stdint.h>

#include "reconcile/base/error.h"
#include "reconcile/base/usec.h"

struct unit {
        const char *name;
        uint64_t factor;
};

/* From the smallest to the largest; the last entry has no name. Of bytes, of microseconds, of things a minute, and of bits a
 * second. */
extern const struct unit size_units[], duration_units[], rate_units[], bitrate_units[];

/* Enough for the canonical form of any value below. */
#define UNITS_TEXT_MAX 32

int size_parse(const char *s, int64_t *ret_bytes, struct error *e);      /* KiB MiB GiB TiB; "8GiB" */
int duration_parse(const char *s, usec_t *ret, struct error *e);         /* ms s m h d; "30s" */
int rate_parse(const char *s, int64_t *ret_per_minute, struct error *e); /* "20/s", "90/m", kept per minute */
int bitrate_parse(const char *s, int64_t *ret_bits, struct error *e);    /* kbit/s Mbit/s Gbit/s; "100Mbit/s" */

/* Canonical form: the largest unit that divides the value. They write to `text` and return it. */
const char *size_text(int64_t bytes, char text[static UNITS_TEXT_MAX]);
const char *duration_text(usec_t length, char text[static UNITS_TEXT_MAX]);
const char *rate_text(int64_t per_minute, char text[static UNITS_TEXT_MAX]);
const char *bitrate_text(int64_t bits, char text[static UNITS_TEXT_MAX]);

/* About how long, for people: "45s", "3m", "2h", "5d". */
const char *duration_roughly(usec_t length, char text[static UNITS_TEXT_MAX]);

/* A wall-clock second as 2026-11-21T01:02:03Z. */
const char *time_text(int64_t wall_seconds, char text[static UNITS_TEXT_MAX]);
