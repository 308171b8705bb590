/* SPDX-License-Identifier: MIT */
#include "cmd/color.h"

#include <stdlib.h>
#include <unistd.h>

#include "reconcile/base/text.h"

const struct palette palette_plain = { "", "", "", "", "", "", "", "", "" };

const struct palette palette_colored = {
        .create = "\033[32m",
        .update = "\033[33m",
        .delete = "\033[31m",
        .replace = "\033[35m",
        .blocked = "\033[31m",
        .unknown = "\033[36m",
        .strong = "\033[1m",
        .faint = "\033[2m",
        .end = "\033[0m",
};

const struct palette *palette_for(enum color_when when, int fd)
{
        const char *terminal = getenv("TERM");

        if (when == COLOR_AUTO)
                when = isatty(fd) && terminal && !text_equal(terminal, "dumb") ? COLOR_ALWAYS : COLOR_NEVER;

        return when == COLOR_ALWAYS ? &palette_colored : &palette_plain;
}
