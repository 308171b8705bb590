/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/ledger_store.h"

#define HOLDER_MAX 256

struct ledger_lock {
        int fd;
};

/* Whoever could write to the file could also say that somebody else holds the ledger. */
static int check_file(int fd, const char *file, struct error *e)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(e, "%s", file);
        if (!S_ISREG(st.st_mode))
                return error_set(e, -EPERM, "%s: not a file", file);
        if (st.st_uid != geteuid())
                return error_set(e, -EPERM, "%s: owned by user %u, not by user %u who runs this", file, st.st_uid,
                                 geteuid());
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return error_set(e, -EPERM, "%s: its mode is %04o; others must not be able to write to it", file,
                                 st.st_mode & 07777);

        return 0;
}

/* The holder writes right after it took the lock: for a moment the file may be empty. */
static int held_error(int fd, const char *path, struct error *e)
{
        _cleanup_buf_ struct buf holder = BUF_INIT(4 * HOLDER_MAX);
        char line[HOLDER_MAX] = "", *rest = line;
        ssize_t n;

        n = pread(fd, line, sizeof(line) - 1, 0);
        line[n > 0 ? strcspn(line, "\n") : 0] = '\0';

        rest += strspn(line, "0123456789");
        if (rest == line || *rest != ' ')
                return error_set(e, -EBUSY, "the ledger %s is held by another process", path);

        *rest++ = '\0';
        text_escape(&holder, rest, HOLDER_MAX);
        return error_set(e, -EBUSY, "the ledger %s is held by pid %s (%s)", path, line, buf_text(&holder));
}

static int write_holder(int fd, const char *file, const char *command, struct error *e)
{
        _cleanup_buf_ struct buf line = BUF_INIT(HOLDER_MAX);
        char since[UNITS_TEXT_MAX];
        int r;

        r = buf_addf(&line, "%d %s, since %s\n", getpid(), command, time_text((int64_t)time(NULL), since));
        if (r < 0)
                return error_set(e, r, "%s: cannot write who holds it", file);

        errno = EIO;
        if (ftruncate(fd, 0) < 0 || pwrite(fd, line.data, line.len, 0) != (ssize_t)line.len)
                return error_errno(e, "%s: cannot write who holds it", file);

        return 0;
}

static int take(int fd, const char *path, const char *file, const char *command, struct error *e)
{
        int r;

        r = check_file(fd, file, e);
        if (r < 0)
                return r;

        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK)
                        return held_error(fd, path, e);
                return error_errno(e, "%s: cannot lock it", file);
        }

        FAILPOINT("after", "lock");
        return write_holder(fd, file, command, e);
}

int ledger_lock(const char *path, const char *command, struct ledger_lock **ret, struct error *e)
{
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *file = NULL;
        struct ledger_lock *lock;
        int r;

        if (asprintf(&file, "%s.lock", path) < 0) {
                file = NULL;
                return error_oom(e);
        }

        r = ledger_make_folders(path, e);
        if (r < 0)
                return r;

        fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
        if (fd < 0)
                return error_errno(e, "%s", file);

        r = take(fd, path, file, command, e);
        if (r < 0)
                return r;

        lock = malloc(sizeof(*lock));
        if (!lock)
                return error_oom(e);

        lock->fd = fd;
        fd = -1;
        *ret = lock;
        return 0;
}

/* The file stays: were it removed, one process could hold a lock on the old file and another on a new one. */
struct ledger_lock *ledger_unlock(struct ledger_lock *lock)
{
        if (!lock)
                return NULL;

        /* Only words for people are lost when this fails. */
        if (ftruncate(lock->fd, 0) < 0)
                errno = 0;
        close(lock->fd);
        free(lock);

        return NULL;
}
