/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/files.h"
#include "tests/support/replies.h"

struct reply test_reply(int status, const char *bytes, size_t n)
{
        struct reply rp = { .end = REPLY_COMPLETE, .status = status, .body_len = n };

        rp.body = malloc(n + 1);
        assert_non_null(rp.body);
        memcpy(rp.body, bytes, n);
        rp.body[n] = '\0';
        return rp;
}

struct reply test_reply_read(const char *file)
{
        _cleanup_free_ char *text = test_file_read(file);
        const char *end = strstr(text, "\n\n");
        int status = 0;

        if (!end || sscanf(text, "HTTP/1.1 %d ", &status) != 1)
                fail_msg("%s holds no reply", file);
        return test_reply(status, end + 2, strlen(end + 2));
}
