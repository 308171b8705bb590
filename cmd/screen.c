/* SPDX-License-Identifier: MIT */
#include "cmd/screen.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reconcile/base/text.h"

#define HOME "\033[H"
#define CLEAR "\033[2J"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

bool screen_possible(int fd)
{
        const char *terminal = getenv("TERM");

        return isatty(fd) && terminal && !text_equal(terminal, "dumb");
}

struct screen_size screen_size(int fd)
{
        struct winsize size;

        if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
                return (struct screen_size){ .columns = 80, .lines = 24 };

        return (struct screen_size){ .columns = size.ws_col, .lines = size.ws_row };
}

/* The bytes of the first characters of a line, at most `columns` of them. */
static size_t cut(const char *line, size_t n, size_t columns)
{
        size_t i = 0, width = 0;

        for (; i < n; i++) {
                bool begins = ((unsigned char)line[i] & 0xC0) != 0x80;

                if (begins && width == columns)
                        break;
                width += begins;
        }

        return i;
}

static size_t count_lines(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == '\n';

        return n;
}

int screen_draw(const char *text, struct screen_size size, bool first, struct buf *b)
{
        /* The cursor stands below the last line, and what is too much is told there. */
        size_t room = size.lines > 2 ? size.lines - 2 : 1, n = count_lines(text), shown = n > room ? room : n;

        (void)buf_adds(b, first ? HOME CLEAR : HOME);
        for (size_t i = 0; i < shown; i++) {
                size_t length = strcspn(text, "\n");

                (void)buf_add(b, text, cut(text, length, size.columns));
                (void)buf_adds(b, CLEAR_LINE "\n");
                text += length + 1;
        }
        if (shown < n)
                (void)buf_addf(b, "and %zu more line%s" CLEAR_LINE "\n", n - shown, n - shown == 1 ? "" : "s");

        return buf_adds(b, CLEAR_BELOW);
}
