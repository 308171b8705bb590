/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Completion on the command line. The shells' scripts only ask: what can stand here is said by muster itself, out of
 * the tables of commands and options and, for the names of resources, out of the specs and the ledger.
 *
 * The rule: asking is cheap, silent, and changes nothing. A word that cannot be known is simply not offered.
 */

#include <stddef.h>

#include "reconcile/base/buf.h"

/* `muster __complete WORD…` is for the scripts: not in the help, not for people. */
#define COMPLETE_COMMAND "__complete"

/* Adds what the last of these words (`n` of them, without "muster") may become: a line each, "word\tdescription"; or
 * the one line ":files", where the shell's own completion of files is the right one. */
void complete_words(const char *const *words, size_t n, struct buf *b);

/* Prints that, and returns the exit code. */
int complete(const char *const *words, size_t n);
