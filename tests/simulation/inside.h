/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tells whether the engine is at work, or the ledger for it, and not the world around them: for tests that take something away from the
 * one and leave it to the other. For programs that are linked as tests/CMakeLists.txt says.
 */

#include <stdbool.h>

bool inside_engine(void);
