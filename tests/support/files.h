/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Golden files: what a text has to be, byte by byte.
 */

#include <stdbool.h>
#include <stddef.h>

/* The whole of a file below tests/; the caller's to free. Fails the test where there is none. */
char *test_file_read(const char *file);

/* Hands the name of each file of a folder below tests/ to `check`, and counts those that it says it has checked. */
size_t test_folder_each(const char *folder, bool (*check)(const char *folder, const char *file));

/* Fails the test unless the file below tests/ holds exactly `text`; tells where they part. */
void assert_same_as_file(const char *text, const char *file);
