/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Replies of vendors, out of texts and files, for the tests of codecs.
 */

#include "reconcile/base/wire.h"

/* A complete reply with a copy of the bytes, in memory of exactly their size, so that reading past them is found. */
struct reply test_reply(int status, const char *bytes, size_t n);

/* A file below tests/ that holds a reply as it came: the status line, headers, an empty line, the body. */
struct reply test_reply_read(const char *file);
