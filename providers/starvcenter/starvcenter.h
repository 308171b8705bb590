/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * StarVCenter, a multi-tenant cloud platform: the two things that the table of vendors names.
 */

#include "providers/simulator.h"
#include "reconcile/provider.h"

extern const struct provider starvcenter_provider;
extern const struct simulator starvcenter_simulator;
