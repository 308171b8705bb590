/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a document's tree to a typed resource, field by field as the kinds' tables say.
 *
 * The rule: every mistake of a document is told, once. What was told about is remembered, so that no later check tells
 * again, in other words, about a value that could not be read.
 */

#include "reconcile/base/units.h"
#include "specs/tree.h"

/* A resource with what only the checks of its spec want to know. */
struct draft {
        struct resource *resource; /* of the estate */
        struct strmap faulty;      /* paths that a mistake was told about, or that a misspelt key was meant for */
};

struct drafts {
        struct draft *items;
        size_t n, allocated;
};

void drafts_done(struct drafts *drafts);
#define _cleanup_drafts_ _cleanup_(drafts_done)

/* Does the document have this field, "spec.cpu", whether its value is right or not? */
bool draft_has(const struct draft *draft, const char *path);

/* Was nothing wrong with this field so far? */
bool draft_is_sound(const struct draft *draft, const char *path);

/* Adds the document's resource to the estate and the drafts, or only tells what is wrong when its kind cannot be known.
 * `file` must live as long as the estate. 0 or -ENOMEM. */
int decode_document(struct estate *estate, const char *file, const struct node *document, struct drafts *drafts,
                    struct diagnostics *d);

/* What to write for a field: "a size with its unit, like 8GiB". In the caller's buffer. */
#define WANTS_MAX 256
const char *field_wants(const struct field *field, char text[static WANTS_MAX]);

/* A number as one would write it in a field: "8GiB". In the caller's buffer. */
const char *field_number(const struct field *field, int64_t number, char text[static UNITS_TEXT_MAX]);

/* Is there anything in it that may not stand on a line? */
bool has_control_characters(const char *s);
