/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Finding and reading the files of one path that the user gave: a file, a folder with all below it, or "-".
 *
 * The rules: what a path names must be there, and nothing outside a folder is ever read through a link inside it. Only
 * regular files are read, of a bounded size, and not when they change meanwhile. A path without specs is an error,
 * because "nothing is wanted" would delete a fleet.
 */

#include "reconcile/base/buf.h"
#include "specs/diagnostics.h"

#define FILE_SIZE_MAX ((size_t)8 << 20)
#define FILES_MAX 100000

struct names {
        char **items;
        size_t n, allocated;
};

/* The files that one path stands for. */
struct source {
        int root;           /* the folder; -1: the path is the file */
        size_t prefix;      /* how much of each name is the root's */
        struct names names; /* as people see them, sorted by their bytes */
};

/* Finds the files. What is wrong goes to `d`, and `ret` then lacks what it was wrong with. 0 or -ENOMEM. */
int source_open(const char *path, struct diagnostics *d, struct source **ret);
struct source *source_free(struct source *source);
DEFINE_CLEANUP(struct source *, source_free)

/* Reads the file with number `i`. `ret` is emptied first and should have FILE_SIZE_MAX as its maximum. 0; -EINVAL: it
 * cannot be read (told); -ENOMEM. */
int source_read(const struct source *source, size_t i, struct diagnostics *d, struct buf *ret);
