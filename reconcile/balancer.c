/* SPDX-License-Identifier: MIT */
#include "reconcile/balancer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "reconcile/base/text.h"

static bool is_dedicated(const json_t *settings)
{
        return json_is_true(settings_get(settings, "frontend.dedicated")) &&
               !text_equal(json_string_value(settings_get(settings, "frontend.network")), "internal");
}

bool balancer_fronts_meet(const json_t *a, const json_t *b)
{
        const char *address = json_string_value(settings_get(a, "frontend.address"));
        const char *network = json_string_value(settings_get(a, "frontend.network"));
        const char *other = json_string_value(settings_get(b, "frontend.network"));

        if (!address || !text_equal(address, json_string_value(settings_get(b, "frontend.address"))) ||
            (network && other && !text_equal(network, other)))
                return false;
        return is_dedicated(a) || is_dedicated(b) ||
               json_equal(settings_get(a, "frontend.port"), settings_get(b, "frontend.port"));
}

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
