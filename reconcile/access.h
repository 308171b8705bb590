/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rules of access, as one text for all who write the same rule: "edge in tcp 80,443 from 10.0.0.0/8 to 10.1.0.5/32".
 *
 * The rule: two of them let the same through when their texts are the same. Which way a rule goes no listing shows, but one side of it is always one
 * machine: so a text is of what comes "in" to its target, whichever side the machine is.
 */

#include "reconcile/rule.h"

/* The longest text, with its end. */
#define ACCESS_TEXT_MAX (RULE_TEXT_MAX + 64)

extern const char *const firewall_words[]; /* as in specs; ends with NULL */

struct access {
        enum firewall firewall;
        struct rule rule; /* its direction is DIRECTION_IN */
};

void access_done(struct access *access);
#define _cleanup_access_ _cleanup_(access_done)

/* Brings a rule to which all was added into its normal form, and prints it. 0; -EINVAL: what is wrong; or what buf_addf() returns. */
int access_print(struct access *access, struct buf *b, struct error *e);

/* What a spec says of the machine at this address. Likewise. */
int access_spec_text(const struct access_spec *spec, const char *address, struct buf *b, struct error *e);

/* Reads such a text. -EINVAL: it is none; -ENOMEM. */
int access_parse(const char *text, struct access *ret);
