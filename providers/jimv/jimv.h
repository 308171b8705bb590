/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JimV-C, a manager of KVM guests, of two eras: what the table of vendors names.
 */

#include "providers/simulator.h"

extern const struct simulator jimv_simulator;
