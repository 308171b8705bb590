/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The manual pages: muster.1, and muster-COMMAND.1 for each command, in mdoc. They are made of the same tables and
 * texts as the help, so that neither can say what the other does not.
 */

#include "cmd/command.h"
#include "reconcile/base/buf.h"

/* The page of a command; NULL: muster.1. A full buffer keeps its error. */
void man_page(const struct command *command, struct buf *b);

/* Writes all pages into a folder that is made when it is missing (its parent must be there). A page of the same name
 * is written over. */
int man_write(const char *folder, struct error *e);
