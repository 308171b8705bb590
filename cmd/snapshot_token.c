/* SPDX-License-Identifier: MIT */
#include "cmd/snapshot_token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME "bearer "
#define TOKEN_BYTES_MAX 4096

int snapshot_token(const char **ret, struct error *e)
{
        const char *token = getenv(SNAPSHOT_TOKEN_VARIABLE);
        size_t n = token ? strlen(token) : 0;

        if (token && n == 0)
                return error_set(e, -EINVAL,
                                 SNAPSHOT_TOKEN_VARIABLE " is set and empty: give it the token, or unset it");
        for (size_t i = 0; i < n; i++)
                if (token[i] < 0x21 || token[i] > 0x7e)
                        return error_set(e, -EINVAL,
                                         SNAPSHOT_TOKEN_VARIABLE
                                         " has a blank, a line break or a letter in it that no header can carry");
        if (n > TOKEN_BYTES_MAX)
                return error_set(e, -EINVAL, SNAPSHOT_TOKEN_VARIABLE " has more than %d characters", TOKEN_BYTES_MAX);

        *ret = token;
        return 0;
}

bool snapshot_token_fits(const char *authorization, const char *token)
{
        volatile unsigned char differs = 0;
        const char *given;
        size_t n;

        if (!authorization || strncasecmp(authorization, SCHEME, strlen(SCHEME)) != 0)
                return false;

        given = authorization + strlen(SCHEME);
        given += strspn(given, " ");
        n = strlen(given);
        for (size_t i = 0; i < n; i++)
                differs |= (unsigned char)(given[i] ^ token[i % strlen(token)]);

        return n == strlen(token) && differs == 0;
}
