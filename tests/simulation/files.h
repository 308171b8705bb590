/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files in memory, as a layer of SQLite's: the ledgers of simulated worlds, with their side files. They are there for one process, are locked against
 * one another as real ones are, and last as long as nobody forgets them. The ledger makes the database's own file itself, where it looks for
 * its mode: that one stays on the real disk, with a byte in it if it is not empty here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Becomes SQLite's default layer, the first time that it is called. */
void files_install(void);

/* Who has it open keeps it until he closes it. */
void files_forget(const char *path);

/* Of one that is there, in the place of what may be there. */
void files_copy(const char *from, const char *to);

/* Puts `n` bytes at `at`, and cuts the file, or lets it grow, to `size`. There may be no such file any more. */
void files_put_back(const char *path, const void *bytes, size_t n, int64_t at, int64_t size);
