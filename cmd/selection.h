/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What --selector and --target choose out of the specs.
 *
 * The rule: a chosen resource brings what it refers to with it, and a choice of nothing is an error, never "nothing to
 * do".
 */

#include "cmd/options.h"

struct selection {
        bool given;
        struct strmap chosen; /* "MachineSet/web" -> the resource */
};

/* -ENOENT: nothing is chosen, or a target is unknown. The estate keeps the names. */
int selection_make(const struct options *o, const struct estate *estate, struct selection *ret, struct error *e);
void selection_done(struct selection *s);

bool selection_has(const struct selection *s, const struct resource *r); /* of none given: everything */
