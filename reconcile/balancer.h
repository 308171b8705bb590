/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What specs, listings and calls must write alike of load balancers and their back ends.
 *
 * The rule: within its balancer a back end is told by its machine, address and port, and by nothing else that a vendor gives it.
 */

#include "reconcile/base/buf.h"
#include "reconcile/settings.h"

/* A setting that no spec has: false where the vendor cannot use the certificate that it was given. */
#define SETTING_USABLE "certificate.usable"

/* Can two of these settings not be those of two balancers at the same time, because they are reached at the same place? */
bool balancer_fronts_meet(const json_t *a, const json_t *b);

/* "vm-123 10.0.0.9:8080", at the end of `b`. 0 or what buf_addf() returns. */
#define BACKEND_KEY_MAX ((size_t)1 << 10)
int backend_key(struct buf *b, const char *machine, const char *address, int64_t port);

/* The same taken apart in place: the texts lie in `key`. -EINVAL: it is none. */
struct backend {
        const char *machine, *address;
        int64_t port;
};
int backend_parse(char *key, struct backend *ret);
