/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A MachineTemplate as the vendor's cluster. What the vendor keeps of it is not what was sent: it rewrites some fields, so they are never
 * compared.
 */

#include "reconcile/base/error.h"
#include "reconcile/base/json.h"
#include "reconcile/kinds.h"

/* Is it a template that the vendor may take? -EINVAL: a value that it, or the cloud, is known to refuse; with the field's name. */
int opendcp_template_check(const struct machine_template *template, struct error *e);

/* `template` NULL: one of which no spec says what it is. -EINVAL: a text is not UTF-8; -ENOMEM. */
int opendcp_template_body(const char *name, const struct machine_template *template, json_t **ret, struct error *e);
