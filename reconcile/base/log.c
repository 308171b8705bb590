/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

#define LINE_CHARS_MAX 4000
#define LINE_BYTES_MAX ((size_t)5 * LINE_CHARS_MAX)

static const struct {
        const char *word;
        char priority; /* as syslog counts them */
} levels[] = {
        [LOG_LEVEL_ERROR] = { "error", '3' },
        [LOG_LEVEL_WARNING] = { "warning", '4' },
        [LOG_LEVEL_INFO] = { "info", '6' },
        [LOG_LEVEL_DEBUG] = { "debug", '7' },
};

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
        max_level = level;
}

enum log_level log_level(void)
{
        return max_level;
}

int log_level_parse(const char *word, enum log_level *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (text_equal(levels[i].word, word)) {
                        *ret = (enum log_level)i;
                        return 0;
                }

        return -EINVAL;
}

/* systemd names the socket that it gave us; a shell that sent standard error elsewhere inherits the name as well. */
static bool goes_to_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        char ours[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;

        (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return text_equal(stream, ours);
}

/* In one write, so that the lines of several processes do not mix. */
static void write_line(const char *line, size_t n)
{
        ssize_t r;

        do {
                r = write(STDERR_FILENO, line, n);
        } while (r < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *format, ...)
{
        static const char no_memory[] = "muster: error: out of memory for a line of the log\n";
        _cleanup_buf_ struct buf line = BUF_INIT(LINE_BYTES_MAX);
        _cleanup_free_ char *text = NULL;
        int saved_errno = errno;
        va_list arguments;

        if (level > max_level)
                return;

        va_start(arguments, format);
        if (vasprintf(&text, format, arguments) < 0)
                text = NULL;
        va_end(arguments);

        if (goes_to_journal())
                (void)buf_addf(&line, "<%c>", levels[level].priority);
        else
                (void)buf_addf(&line, "muster: %s: ", levels[level].word);
        if (text && text_escape(&line, text, LINE_CHARS_MAX) == 0 && buf_addc(&line, '\n') == 0)
                write_line(line.data, line.len);
        else
                write_line(no_memory, sizeof(no_memory) - 1);

        errno = saved_errno;
}
