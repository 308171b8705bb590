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
