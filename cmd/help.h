/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What muster says about itself, for a terminal.
 *
 * The rule: a page is made of the tables of commands and options alone, and the manual pages are made of the same. What
 * concerns all commands is said once, in the texts here.
 */

#include "cmd/command.h"
#include "cmd/options.h"
#include "reconcile/base/buf.h"

extern const char help_about[], help_resource[], help_first_run[], help_exits[], help_exit_usage[];

/* The help of a command; NULL: the overview. A full buffer keeps its error. */
void help_text(const struct command *command, struct buf *b);

/* Prints it, and returns the exit code. */
int help_print(const struct command *command);

/* Takes the next exit code off a table of them: its words go into `words`. The code; -ENOENT: that was all. */
int help_next_exit(const char **table, struct buf *words);

/* The words on an option in a command: those of the table, and for --output its formats. */
void help_option(const struct command *command, enum option option, struct buf *b);
