/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tells when files under given paths have changed: inotify on the loop.
 *
 * The rule: it speaks only once nothing has changed for a second, so that a tree is not read while it is being
 * written; and what it says is no more than "look again", so that an event too many does no harm and a lost one is
 * made good by the next. Folders that come later are watched as well, links are watched where they stand and where
 * they lead; names with a dot in front are not looked at, nor files of other endings than those asked for.
 */

#include "reconcile/base/error.h"
#include "reconcile/io/loop.h"

struct watch;

/* `trouble` is NULL, or says what of the paths cannot be watched now; that is tried again every few seconds, and
 * told when it has passed. */
typedef int (*watch_fn)(void *userdata, const char *trouble);

/* Watches `n` paths: files, and folders for the files below them whose names have one of the `endings` (ending
 * with NULL). Paths are copied, endings are not. */
int watch_new(struct loop *loop, const char *const *paths, size_t n, const char *const *endings, watch_fn changed,
              void *userdata, struct watch **ret, struct error *e);
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch *, watch_free)
