/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Guests and disks as the vendor prints them, read into rows of an observation.
 *
 * The rules: a value that can mean only one thing is taken, however it is printed; a row with any other makes the
 * whole reply unreadable. A system disk is never a row.
 */

#include "providers/jimv/message.h"

/* Reads one guest, or one disk, and adds it: 1 it is new; 0 its uuid was there already, or it is a system disk;
 * -EBADMSG naming what is wrong; -ENOMEM. */
int jimv_read_guest(struct observation *obs, enum jimv_era era, const struct json_node *guest, struct error *e);
int jimv_read_disk(struct observation *obs, enum jimv_era era, const struct json_node *disk, struct error *e);

/* The number by which listings are in order. */
int jimv_read_number(const struct json_node *row, int64_t *ret, struct error *e);
