/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The URL of a provider's endpoint, as far as a spec may have it.
 *
 * The rule: http or https, a host, a port and a path; nothing that hides a password or a way to a machine's own
 * metadata service.
 */

#include <stdbool.h>

#include "reconcile/base/error.h"

struct endpoint {
        bool encrypted; /* https */
        bool loopback;  /* it never leaves the machine */
};

/* 0; -EINVAL with "what is wrong; what to write instead"; -ENOMEM. */
int endpoint_parse(const char *url, struct endpoint *ret, struct error *e);
