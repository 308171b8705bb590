/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files that commands leave for each other: saved plans and snapshots.
 *
 * The rule: a file is there as a whole or not at all, and only its owner may read it.
 */

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"
#include "reconcile/base/json.h"

/* The most that such a file may hold. */
#define FILE_BYTES_MAX ((size_t)512 << 20)

/* Writes the value with mode 0600, in the place of what is there. A value of NULL is -ENOMEM. */
int file_write_json(const char *path, const json_t *value, struct error *e);

/* Reads a regular file as JSON. -EBADMSG: it is none; the words name the file. */
int file_read_json(const char *path, json_t **ret, struct error *e);
