/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Golden files of codecs: NAME.http is a reply as it came, NAME.expected says what it means.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/text.h"
#include "tests/support/files.h"
#include "tests/support/reply_text.h"

static inline struct reply reply_of_file(const char *file)
{
        _cleanup_free_ char *text = test_file_read(file);

        return reply_of_text(text, strlen(text));
}

/* Prints what a reply means at the end of `b`; `folder` is the last part of the folder's name. */
typedef void (*reply_reader)(struct buf *b, const char *folder, const char *file, struct reply *rp);

/* For test_folder_each(): true when the file is a reply, which is then read as it should be. */
static inline bool reply_file_check(const char *folder, const char *file, reply_reader read)
{
        const char *dot = strrchr(file, '.');
        struct buf b = BUF_INIT((size_t)1 << 20);
        char path[4096];
        struct reply rp;

        if (!dot || !text_equal(dot, ".http"))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
        rp = reply_of_file(path);
        read(&b, strrchr(folder, '/') + 1, file, &rp);
        assert_int_equal(b.failed, 0);
        (void)snprintf(path, sizeof(path), "%s/%.*s.expected", folder, (int)(dot - file), file);
        assert_same_as_file(buf_text(&b), path);
        buf_done(&b);
        reply_done(&rp);
        return true;
}
