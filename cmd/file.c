/* SPDX-License-Identifier: MIT */
#include "cmd/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/output.h"

/* Where to write: a link is followed, and what is no regular file is left alone. */
static int find_place(const char *path, char **ret, struct error *e)
{
        struct stat st;

        if (stat(path, &st) >= 0) {
                if (!S_ISREG(st.st_mode))
                        return error_set(e, -EINVAL, "%s is not a regular file, so it is not written", path);
                *ret = realpath(path, NULL);
        } else {
                *ret = strdup(path);
        }

        return *ret ? 0 : error_errno(e, "%s cannot be written", path);
}

static int write_all(int fd, const struct buf *b)
{
        const char *bytes = buf_text(b);
        size_t left = b->len;

        while (left > 0) {
                ssize_t n = write(fd, bytes, left);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                bytes += n;
                left -= (size_t)n;
        }

        return fsync(fd) < 0 ? -errno : 0;
}

/* Writes beside the place, and moves it there when it is whole. */
static int replace(const char *place, const struct buf *b)
{
        _cleanup_free_ char *beside = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (asprintf(&beside, "%s.XXXXXX", place) < 0) {
                beside = NULL;
                return -ENOMEM;
        }
        fd = mkostemp(beside, O_CLOEXEC); /* 0600 */
        if (fd < 0)
                return -errno;

        r = write_all(fd, b);
        if (r >= 0 && rename(beside, place) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(beside);

        return r;
}

int file_write_json(const char *path, const json_t *value, struct error *e)
{
        _cleanup_buf_ struct buf b = BUF_INIT(FILE_BYTES_MAX);
        _cleanup_free_ char *place = NULL;
        int r;

        r = output_json_to(value, &b);
        if (r == -ENOBUFS)
                return error_set(e, -EFBIG, "%s is not written: it would be larger than 512 MiB", path);
        if (r < 0)
                return error_oom(e);

        r = find_place(path, &place, e);
        if (r < 0)
                return r;

        r = replace(place, &b);
        return r < 0 ? error_set(e, r, "%s cannot be written: %s", path, strerror(-r)) : 0;
}

static int read_all(int fd, struct buf *b)
{
        _cleanup_free_ char *bytes = malloc(1 << 16);

        if (!bytes)
                return -ENOMEM;

        for (;;) {
                ssize_t n = read(fd, bytes, 1 << 16);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                r = buf_add(b, bytes, (size_t)n);
                if (r < 0)
                        return r;
        }
}

int file_read_json(const char *path, json_t **ret, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_buf_ struct buf b = BUF_INIT(FILE_BYTES_MAX);
        struct stat st;
        int r;

        if (fd < 0)
                return error_errno(e, "%s cannot be opened", path);
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set(e, -EINVAL, "%s is not a regular file", path);

        r = read_all(fd, &b);
        if (r == -ENOBUFS)
                return error_set(e, -EFBIG, "%s is larger than 512 MiB", path);
        if (r < 0)
                return error_set(e, r, "%s cannot be read: %s", path, strerror(-r));

        r = json_parse(buf_text(&b), b.len, ret, e);
        return r == -EBADMSG ? error_wrap(e, r, "%s", path) : r;
}
