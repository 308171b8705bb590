/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What there is to know of a terminal that is written to.
 */

#include <stddef.h>

/* How many characters fit on one of its lines; 0: it is no terminal, or does not tell. */
size_t terminal_columns(int fd);
