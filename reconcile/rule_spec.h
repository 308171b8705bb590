/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The rules of a SecurityGroup as its spec says them, in normal form.
 */

#include "reconcile/kinds.h"
#include "reconcile/rule.h"

/* As rule_text() has it. */
int rule_spec_text(const struct rule_spec *rule, struct buf *b, struct error *e);
