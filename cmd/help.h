/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Help by example, made out of the tables of commands and options.
 */

#include "cmd/command.h"

/* The help of one command, or with NULL the list of all. Returns the exit code. */
int help_print(const struct command *command);
