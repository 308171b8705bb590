/* SPDX-License-Identifier: MIT */
#include "cmd/ask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool ask_possible(void)
{
        return isatty(STDIN_FILENO);
}

void ask_show(const char *question)
{
        (void)fprintf(stderr, "%s [y/N] ", question);
        (void)fflush(stderr);
}

bool ask_is_yes(void)
{
        char line[64];
        ssize_t n;

        do {
                n = read(STDIN_FILENO, line, sizeof(line) - 1);
        } while (n < 0 && errno == EINTR);
        if (n <= 0)
                return false;

        while (n > 0 && isspace((unsigned char)line[n - 1]))
                n--;
        line[n] = '\0';

        return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}
