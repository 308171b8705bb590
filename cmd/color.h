/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Colours, for terminals only. Without them every code is the empty string, so that text is made the same way.
 */

#include "cmd/options.h"

struct palette {
        const char *create, *update, *delete, *replace, *blocked, *unknown;
        const char *strong, *faint, *end;
};

extern const struct palette palette_plain, palette_colored;

/* What fits the descriptor that is written to. */
const struct palette *palette_for(enum color_when when, int fd);
