/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The vendors: one line each, and nothing else outside a vendor's own folder knows it.
 */

#include "providers/simulator.h"
#include "reconcile/provider.h"

struct vendor {
        const struct provider *codec;
        const struct simulator *simulator;
};

extern const struct vendor vendors[]; /* ends with an entry without codec */

const struct vendor *vendor_find(const char *type); /* NULL: none */
