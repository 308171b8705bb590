/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A question to the person at the terminal. Whatever is not a clear yes is a no.
 */

#include <stdbool.h>

bool ask_possible(void); /* is there a terminal to ask on? */

/* Prints the question, and "[y/N]", on standard error. */
void ask_show(const char *question);

/* Reads the answer's line. Blocks until there is one; to wait in a loop instead, watch standard input first. */
bool ask_is_yes(void);
