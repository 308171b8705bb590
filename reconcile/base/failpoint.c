/* SPDX-License-Identifier: MIT */
#include "reconcile/base/failpoint.h"

#ifdef MUSTER_FAILPOINTS
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/base/cleanup.h"

static void log_pass(const char *file, const char *name)
{
        _cleanup_close_ int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0 || dprintf(fd, "%s\n", name) < 0)
                abort();
}

void failpoint_pass(const char *when, const char *what)
{
        const char *fatal = getenv("MUSTER_FAILPOINT"), *log = getenv("MUSTER_FAILPOINT_LOG");
        static unsigned long passes;
        char name[64];
        size_t n;

        n = (size_t)snprintf(name, sizeof(name), "%s-%s", when, what);
        if (log)
                log_pass(log, name);
        if (!fatal || strncmp(fatal, name, n) != 0 || (fatal[n] && fatal[n] != ':'))
                return;
        if (++passes == (fatal[n] ? strtoul(&fatal[n + 1], NULL, 10) : 1))
                (void)raise(SIGKILL);
}
#endif
