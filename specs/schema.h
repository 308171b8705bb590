/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON Schema (draft 7, which editors know best) of the spec language, made from the kinds' tables: completion, help
 * and marks in an editor, and a check for tools that know schemas and not muster.
 *
 * The rule: what specs_load() takes, the schema takes. It sees one document at a time, with the types that YAML 1.2
 * gives to scalars: what depends on another resource, or on how a number was written, it leaves to muster.
 */

#include "reconcile/base/json.h"
#include "reconcile/kinds.h"

/* The schema of every document, or of the documents of one kind. `types` are those of the Providers that this program
 * knows, ending with NULL. 0, and the caller releases `ret`; or -ENOMEM. */
int schema_of_all(const char *const *types, json_t **ret);
int schema_of_kind(const struct kind *kind, const char *const *types, json_t **ret);
