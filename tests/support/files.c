/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/buf.h"
#include "tests/support/files.h"

#define FILE_MAX ((size_t)1 << 20)

static void read_file(const char *path, struct buf *b)
{
        FILE *f = fopen(path, "re");
        char bytes[4096];
        size_t n;

        if (!f)
                fail_msg("%s cannot be opened", path);
        while ((n = fread(bytes, 1, sizeof(bytes), f)) > 0)
                (void)buf_add(b, bytes, n);
        (void)fclose(f);
        assert_int_equal(b->failed, 0);
}

char *test_file_read(const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(FILE_MAX);
        char path[4096];

        (void)snprintf(path, sizeof(path), "%s/%s", TESTS_DIR, file);
        read_file(path, &b);
        return buf_steal(&b);
}

size_t test_folder_each(const char *folder, bool (*check)(const char *folder, const char *file))
{
        struct dirent *entry;
        char path[4096];
        size_t n = 0;
        DIR *dir;

        (void)snprintf(path, sizeof(path), "%s/%s", TESTS_DIR, folder);
        dir = opendir(path);
        if (!dir)
                fail_msg("%s cannot be opened", path);
        while ((entry = readdir(dir)))
                n += check(folder, entry->d_name);
        (void)closedir(dir);
        return n;
}

/* With MUSTER_TESTS_WRITE in the environment, what is said now becomes what is expected: read the difference before you
 * commit it. */
static void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "we");

        if (!f || fputs(text, f) < 0 || fclose(f) != 0)
                fail_msg("%s cannot be written", path);
}

void assert_same_as_file(const char *text, const char *file)
{
        _cleanup_buf_ struct buf expected = BUF_INIT(FILE_MAX);
        char path[4096];
        size_t same = 0;

        (void)snprintf(path, sizeof(path), "%s/%s", TESTS_DIR, file);
        if (getenv("MUSTER_TESTS_WRITE")) {
                write_file(path, text);
                return;
        }
        read_file(path, &expected);
        if (strcmp(text, buf_text(&expected)) == 0)
                return;

        while (text[same] && text[same] == buf_text(&expected)[same])
                same++;
        fail_msg("%s differs from byte %zu on: it has \"%.200s\", the text \"%.200s\"", file, same,
                 buf_text(&expected) + same, text + same);
}
