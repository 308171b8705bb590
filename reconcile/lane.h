/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Creates that leave no marker: what they make is told from the rest by when it came and by what it is made of.
 *
 * The rule: two such creates may be open at once only when they were made together, or when what they make can be told apart.
 */

#include "reconcile/planner.h"

/* Is the property one that the vendor's listings show? */
bool property_is_listed(const struct provider *codec, const struct pairs *options, enum property p);

/* Can things that were asked for with these values be told apart by what a listing shows of them? */
bool lane_differs(const struct provider *codec, const struct pairs *options, const struct values *a,
                  const struct values *b);

/* May the listed thing be one that was asked for with these values? What is not shown, or not said, fits. */
bool lane_fits(const struct values *wanted, const struct row *row);

/* Has the user said, by an option of the account, that nobody else makes such things there? */
bool lane_is_alone(const struct making *making, const struct pairs *options, const struct provider *codec);

/* Is nobody else known to make such things there? The user has said so, or they are made of a template of ours. */
bool lane_is_ours(const struct ledger *ledger, const char *account, const struct making *making,
                  const struct pairs *options, const struct provider *codec, const struct values *wanted);
