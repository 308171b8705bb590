/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a thing with many fields of its own is set to, in the names, words and units of its spec: so specs, listings and the ledger can be
 * held against each other field by field. As a text it is one line of JSON, the value of PROPERTY_SPEC.
 *
 * The rule: what is not in the settings is not known, and nothing follows from it.
 */

#include "reconcile/base/json.h"

/* The value at "frontend.port", which stays the settings'; NULL: it is not known. */
json_t *settings_get(const json_t *settings, const char *path);

/* Puts a value there, and takes it over in any case. 0; -ENOMEM, also for a value of NULL. */
int settings_put(json_t *settings, const char *path, json_t *value);

/* Reads a text. 0; -EBADMSG: it is no object; -ENOMEM. */
int settings_parse(const char *text, json_t **ret);

/* Puts all that is in `from` into `into`. 0 or -ENOMEM. */
int settings_merge(json_t *into, const json_t *from);

/* Is everything that is wanted shown just so? `unshown`: what the answer is where all that is shown is, and the rest is not. */
bool settings_satisfy(const json_t *shown, const json_t *wanted, bool unshown);
