/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/lines.h"

/* libyaml looks through all directives at each one more. Nobody needs any. */
#define DIRECTIVES_MAX 16
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

#define fatal(file_, line_, ...)                                                                  \
        ({                                                                                        \
                const struct position place_ = { .file = (file_), .line = (line_), .column = 1 }; \
                refused(diagnostics_error(d, &place_, __VA_ARGS__));                              \
        })

int lines_check(const char *file, const char *bytes, size_t n_bytes, struct diagnostics *d)
{
        const char *end = bytes + n_bytes;
        uint32_t line = 1, n_directives = 0;

        if (n_bytes >= strlen(BYTE_ORDER_MARK) && memcmp(bytes, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
                return fatal(file, 1, "the file begins with a byte order mark; save it as UTF-8 without one");

        for (const char *s = bytes; s < end; line++) {
                const char *newline = memchr(s, '\n', (size_t)(end - s));
                size_t n = (size_t)((newline ? newline : end) - s);

                if (memchr(s, '\0', n))
                        return fatal(file, line, "the line holds a NUL byte; a spec is plain UTF-8 text");
                if (!text_is_utf8(s, n))
                        return fatal(file, line, "the line is not UTF-8; save the file as UTF-8");
                if (n > 0 && *s == '%' && ++n_directives > DIRECTIVES_MAX)
                        return fatal(file, line, "the file has more than %d lines that begin with '%%'; leave them out",
                                     DIRECTIVES_MAX);
                s = newline ? newline + 1 : end;
        }

        return 0;
}

uint32_t lines_count(const char *bytes, size_t n)
{
        uint32_t line = 1;

        for (size_t i = 0; i < n; i++)
                line += bytes[i] == '\n';

        return line;
}

bool lines_is_indented_by_tab(const char *bytes, size_t n, uint32_t line)
{
        const char *s = bytes, *end = bytes + n;

        while (s < end && --line > 0) {
                const char *newline = memchr(s, '\n', (size_t)(end - s));

                s = newline ? newline + 1 : end;
        }
        while (s < end && *s == ' ')
                s++;

        return s < end && *s == '\t';
}
