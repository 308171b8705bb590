/* SPDX-License-Identifier: MIT */
#include "cmd/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "reconcile/base/json.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

static int write_all(const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t r = write(STDOUT_FILENO, bytes, n);

                if (r < 0 && errno == EINTR)
                        continue;
                if (r < 0)
                        return -errno;
                bytes += r;
                n -= (size_t)r;
        }

        return 0;
}

int output_write(const struct buf *b)
{
        return b->failed < 0 ? b->failed : write_all(buf_text(b), b->len);
}

int output_text(const struct buf *b, int code)
{
        int r = output_write(b);

        if (r >= 0 || r == -EPIPE)
                return code;

        log_error("cannot write the result to standard output: %s", strerror(-r));
        return code == EXIT_DONE ? EXIT_ERROR : code;
}

int output_json_to(const json_t *value, struct buf *b)
{
        int r = value ? json_print(value, JSON_INDENT(2), b) : -ENOMEM;

        return r < 0 ? r : buf_addc(b, '\n');
}

int output_json(const json_t *value, int code)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        b.failed = output_json_to(value, &b);
        return output_text(&b, code);
}

json_t *json_any_text(const char *s)
{
        _cleanup_buf_ struct buf escaped = BUF_INIT(OUTPUT_MAX);

        if (!s)
                return json_null();
        if (text_is_utf8(s, strlen(s)))
                return json_string(s);
        if (text_escape(&escaped, s, SIZE_MAX) < 0)
                return NULL;

        return json_string(buf_text(&escaped));
}

json_t *json_any_time(int64_t wall_seconds)
{
        char text[UNITS_TEXT_MAX];

        return wall_seconds == 0 ? json_null() : json_string(time_text(wall_seconds, text));
}
