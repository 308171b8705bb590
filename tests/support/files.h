/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Golden files: what a text has to be, byte by byte.
 */

/* Fails the test unless the file below tests/ holds exactly `text`; tells where they part. */
void assert_same_as_file(const char *text, const char *file);
