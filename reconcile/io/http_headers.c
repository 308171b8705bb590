/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "reconcile/base/text.h"
#include "reconcile/io/http_headers.h"

void http_headers_done(struct http_headers *headers)
{
        if (!headers)
                return;

        free(headers->content_type);
        free(headers->location);
        free(headers->set_cookie);
        *headers = (struct http_headers){};
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form of date that HTTP still writes. -1 when it is none. */
static int64_t parse_date(const char *s)
{
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct tm tm = {};
        const char *found;
        char month[4];
        int end = 0;

        if (sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
                   &tm.tm_min, &tm.tm_sec, &end) != 6 ||
            end == 0 || s[end] != '\0')
                return -1;

        found = strlen(month) == 3 ? strstr(months, month) : NULL;
        if (!found || (found - months) % 3 != 0)
                return -1;
        tm.tm_mon = (int)(found - months) / 3;
        tm.tm_year -= 1900;

        return (int64_t)timegm(&tm);
}

static usec_t parse_retry_after(const char *value, int64_t wall)
{
        int64_t seconds, date;
        int r;

        r = text_to_int64(value, &seconds);
        if (r == -ERANGE)
                return HTTP_RETRY_AFTER_MAX;
        if (r < 0) {
                date = parse_date(value);
                seconds = date < 0 ? 0 : date - wall;
        }
        if (seconds <= 0)
                return 0;

        return (uint64_t)seconds >= HTTP_RETRY_AFTER_MAX / USEC_PER_SEC ? HTTP_RETRY_AFTER_MAX
                                                                        : (usec_t)seconds * USEC_PER_SEC;
}

/* 1 and the value, without the blanks around it, when the line is a header of this name; 0 when it is not. */
static int header_value(const char *line, size_t n, const char *name, char **ret)
{
        size_t length = strlen(name);
        char *value;

        if (n <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
                return 0;

        line += length + 1;
        n -= length + 1;
        for (; n > 0 && isspace((unsigned char)line[0]); n--)
                line++;
        while (n > 0 && isspace((unsigned char)line[n - 1]))
                n--;

        value = strndup(line, n);
        if (!value)
                return -ENOMEM;

        *ret = value;
        return 1;
}

int http_headers_add(struct http_headers *headers, const char *line, size_t n, int64_t wall)
{
        const struct {
                const char *name;
                char **value;
        } texts[] = {
                { "Content-Type", &headers->content_type },
                { "Location", &headers->location },
                { "Set-Cookie", &headers->set_cookie },
        };
        _cleanup_free_ char *retry_after = NULL;
        size_t bytes = headers->bytes + n;
        int r;

        if (bytes > HTTP_HEADERS_MAX)
                return -ENOBUFS;
        if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
                http_headers_done(headers);
        headers->bytes = bytes;
        if (n > 0 && (line[0] == '\r' || line[0] == '\n'))
                headers->ended = true;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                if (*texts[i].value)
                        continue;
                r = header_value(line, n, texts[i].name, texts[i].value);
                if (r != 0)
                        return r < 0 ? r : 0;
        }

        r = header_value(line, n, "Retry-After", &retry_after);
        if (r > 0)
                headers->retry_after = parse_retry_after(retry_after, wall);

        return r < 0 ? r : 0;
}
