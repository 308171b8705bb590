/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Regular expressions for numbers of a range: what a JSON Schema needs where a number stands in a text, like 8GiB.
 *
 * The rule: the expressions use only what every dialect has ('|', '()', '[]', '{}'), so that any validator reads them;
 * and they take a number exactly when the readers of specs do: decimal, without leading zeros, within the range.
 *
 * Nothing is returned: a buffer keeps its failure.
 */

#include "reconcile/base/buf.h"
#include "reconcile/base/units.h"

/* Adds what the numbers from `min` to `max` look like: "[1-9]|[1-5][0-9]|6[0-4]" for 1 to 64. `max` is at most
 * INT64_MAX; when it is below `min`, nothing is added. */
void pattern_add_range(struct buf *b, uint64_t min, uint64_t max);

/* Adds what the values from `min` to `max` look like, each with one of the units: "([1-9]|1[0-6])GiB|…". */
void pattern_add_units(struct buf *b, const struct unit *units, uint64_t min, uint64_t max);
