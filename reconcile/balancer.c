/* SPDX-License-Identifier: MIT */
#include "reconcile/balancer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reconcile/base/text.h"

int backend_key(struct buf *b, const char *machine, const char *address, int64_t port)
{
        return buf_addf(b, "%s %s:%" PRId64, machine, address, port);
}

/* A machine's id may hold a blank, so the key is read from its end. */
int backend_parse(char *key, struct backend *ret)
{
        char *blank = strrchr(key, ' '), *colon = strrchr(key, ':');
        struct backend backend = { .machine = key };

        if (!blank || !colon || colon < blank || blank == key || text_to_int64(colon + 1, &backend.port) < 0)
                return -EINVAL;
        *blank = *colon = '\0';
        backend.address = blank + 1;
        *ret = backend;
        return 0;
}
