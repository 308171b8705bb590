/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * OpenDCP "jupiter": machines of several clouds, made of templates that it calls clusters.
 */

#include "providers/simulator.h"
#include "reconcile/provider.h"

extern const struct provider opendcp_provider;
extern const struct simulator opendcp_simulator;
