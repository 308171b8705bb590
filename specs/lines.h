/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A spec file as lines of bytes, before and beside what YAML makes of them.
 *
 * The rule: what gets past lines_check() is UTF-8 text that libyaml reads in a time that grows with its length.
 */

#include "specs/diagnostics.h"

/* 0; -EINVAL: it is none that may be read as YAML (told); -ENOMEM. */
int lines_check(const char *file, const char *bytes, size_t n, struct diagnostics *d);

/* The number, from 1, of the line that follows the first `n` bytes or goes on there. */
uint32_t lines_count(const char *bytes, size_t n);

/* Is there a tab in front of the first word of a line? */
bool lines_is_indented_by_tab(const char *bytes, size_t n, uint32_t line);
