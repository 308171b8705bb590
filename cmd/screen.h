/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A text that is shown again and again in the same place of a terminal.
 *
 * The rule: it never scrolls. Lines that are too long, and lines that are too many, are cut to the terminal's size.
 */

#include <stdbool.h>
#include <stddef.h>

#include "reconcile/base/buf.h"

struct screen_size {
        size_t columns, lines;
};

/* Can the descriptor be drawn on at all? */
bool screen_possible(int fd);

/* Of the terminal behind the descriptor; 80 by 24 where it does not tell. */
struct screen_size screen_size(int fd);

/* Adds what draws `text` (whole lines, escaped) over what was drawn before. `first`: over whatever is there. 0, -ENOMEM
 * or -ENOBUFS. */
int screen_draw(const char *text, struct screen_size size, bool first, struct buf *b);
