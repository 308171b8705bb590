/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>

#include "reconcile/io/http_headers.h"
#include "tests/fuzz/fuzz.h"

static void check_value(const char *value)
{
        if (!value || !*value)
                return;

        must(!isspace((unsigned char)value[0]) && !strchr(value, '\n'));
}

/* One line, in memory of exactly its size: lines end with their length and not with a NUL. */
static int add_line(struct http_headers *headers, const uint8_t *line, size_t n, int64_t wall)
{
        _cleanup_free_ char *copy = malloc(n);

        must(copy);
        memcpy(copy, line, n);
        return http_headers_add(headers, copy, n, wall);
}

/* The input is the headers of a reply, as many lines as there are. The clock stands where the first bytes say, within the
 * years that a clock can show. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct http_headers headers = {};
        int64_t wall = 784111777 + (size > 0 ? (int64_t)data[0] << 24 : 0);
        int r = 0;

        for (size_t at = 0, n; at < size && r == 0; at += n) {
                const uint8_t *end = memchr(data + at, '\n', size - at);

                n = end ? (size_t)(end - data) - at + 1 : size - at;
                r = add_line(&headers, data + at, n, wall);
                must(r == 0 || (r == -ENOBUFS && size > HTTP_HEADERS_MAX));
                must(headers.bytes <= HTTP_HEADERS_MAX);
                must(headers.retry_after <= HTTP_RETRY_AFTER_MAX);
        }

        check_value(headers.content_type);
        check_value(headers.location);
        check_value(headers.set_cookie);
        http_headers_done(&headers);
        return 0;
}
