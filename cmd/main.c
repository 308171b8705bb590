/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cmd/command.h"

/* The leak checker attaches to the process like a debugger. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Tokens are in this memory: it goes into no core dump and to no debugger. A reader that left early, or a file
 * that may grow no more, is told by the write that fails, not by a signal in the middle of an action. */
static void prepare_process(void)
{
        const struct rlimit none = { 0, 0 };

        (void)setrlimit(RLIMIT_CORE, &none);
        if (!SANITIZED)
                (void)prctl(PR_SET_DUMPABLE, 0);
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN);
}

/* Where a standard descriptor is closed, the next file that is opened would get its number, and be written to. */
static int open_standard_files(void)
{
        int fd;

        do {
                fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        } while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd < 0)
                return -1;

        return close(fd);
}

int main(int argc, char *argv[])
{
        if (open_standard_files() < 0)
                return EXIT_ERROR;
        prepare_process();

        return command_line_run((const char *const *)argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
}
