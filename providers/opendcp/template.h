/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A MachineTemplate as the vendor's cluster.
 */

#include "reconcile/base/error.h"
#include "reconcile/base/json.h"
#include "reconcile/kinds.h"

/* -EINVAL: a value that the cloud would refuse, with the field's name. -ENOMEM. */
int opendcp_template_body(const char *name, const struct machine_template *template, json_t **ret, struct error *e);
