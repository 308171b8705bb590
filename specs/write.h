/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A typed resource back as a YAML document, field by field as the kinds' tables say.
 *
 * The rule: what is written reads back as the same resource. What has its default is left out, and what has to be there
 * and is not known is written as FIXME, which validation names.
 */

#include "reconcile/base/buf.h"
#include "reconcile/kinds.h"
#include "reconcile/provider.h"

/* What stands where a person has to write something. */
#define FIXME "FIXME"

/* Adds the document, without "---". `codec` says what a MachineSet of its type has to have; NULL: not known. 0, -ENOMEM
 * or -ENOBUFS. */
int write_document(struct buf *b, const struct resource *r, const struct provider *codec);

/* Adds what the document's `spec` says of its kind's own fields, not indented. */
int write_spec(struct buf *b, const struct resource *r);

/* Adds a text as a scalar that every reader of YAML takes for that text. */
int write_text(struct buf *b, const char *s);
