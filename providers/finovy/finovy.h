/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Finovy: hosts rented by the hour or for a period.
 */

#include "providers/simulator.h"
#include "reconcile/provider.h"

extern const struct provider finovy_provider;
extern const struct simulator finovy_simulator;
