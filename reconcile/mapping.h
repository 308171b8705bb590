/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Mappings of ports and addresses, in words that specs and listings share (settings.h): "machineAddress", "port", "address", "outerPort",
 * "protocol", "from" and "description", as far as they are known. "from" is one text, in normal form: everywhere is 0.0.0.0/0.
 */

#include "reconcile/base/json.h"
#include "reconcile/kinds.h"
#include "reconcile/rule.h"

/* The longest "from", with its end. */
#define MAPPING_FROM_MAX RULE_TEXT_MAX

extern const char *const mapping_protocol_words[]; /* as in specs; ends with NULL */

/* Networks, which are brought into their normal form, as one text. 0 or -ENOMEM; -ENOBUFS: they are too many. */
int mapping_print_from(struct networks *from, struct buf *b);

/* What the spec of a mapping says; `address` is the machine's, NULL: not known yet. NULL: out of memory. */
json_t *mapping_settings(const struct resource *resource, const char *address);

/* Would the two stand in each other's way? */
bool mappings_meet(const json_t *a, const json_t *b);
