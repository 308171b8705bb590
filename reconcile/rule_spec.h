/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The rules of a SecurityGroup as its spec says them, in normal form.
 */

#include "reconcile/kinds.h"
#include "reconcile/rule.h"

/* The text of a rule, as rule_print() has it. 0; -EINVAL: what is wrong; -ENOBUFS: it is longer than a rule may be; -ENOMEM. */
int rule_spec_text(const struct rule_spec *written, struct buf *b, struct error *e);
