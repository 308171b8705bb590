/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Machines as the vendor prints them, read into rows of an observation.
 *
 * A value that can mean only one thing is taken, however it is printed; a row with any other makes the whole reply
 * unreadable, since half a row would be a wrong one.
 */

#include "reconcile/base/json_read.h"
#include "reconcile/observation.h"

/* What is read of replies that show machines; ends with NULL. */
extern const char *const rows_machine_names[];

/* Reads one machine and adds it: 1 it is new, 0 its id was there already; -EBADMSG naming what is wrong; -ENOMEM. */
int rows_read_machine(struct observation *obs, const struct json_node *machine, struct error *e);

/* The machine's id; NULL with words when there is none that could be an id. */
const char *rows_machine_id(const struct json_node *machine, char scratch[static 32], struct error *e);
