/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Results on standard output: whole texts and JSON.
 *
 * The rule: a result that could not be written is an error, unless its reader went away: then the command ends
 * quietly with the code that it would have had.
 */

#include "reconcile/base/json.h"
#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/buf.h"

/* The most that one command prints at once. */
#define OUTPUT_MAX ((size_t)1 << 30)

/* Prints the text; `code`, or EXIT_ERROR when that failed (a full buffer is a failure as well). */
int output_text(const struct buf *b, int code);

/* The same, for who goes on printing: 0, or a negative errno; -EPIPE: its reader went away. */
int output_write(const struct buf *b);

/* Prints the value, indented by 2, and ends with a newline. */
int output_json(const json_t *value, int code);
int output_json_to(const json_t *value, struct buf *b); /* the same bytes into a buffer: 0, -ENOMEM or -ENOBUFS */

/* A JSON string of any bytes: what is no UTF-8 is escaped first. NULL gives null. */
json_t *json_any_text(const char *s);
json_t *json_any_time(int64_t wall_seconds); /* RFC 3339 in UTC; 0 gives null */
