/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JimV-C, a manager of KVM guests, in its two eras: that of its document of 2017, and 0.8.
 */

#include "providers/simulator.h"
#include "reconcile/provider.h"

extern const struct provider jimv_provider;
extern const struct simulator jimv_simulator;
