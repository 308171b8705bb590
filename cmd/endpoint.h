/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The agent's endpoint: what is known, over HTTP, for people, probes, Prometheus and `plan --snapshot`.
 *
 * The rule: it only shows, and asks no provider; nothing secret is in it; and no client, slow or many, stops the agent.
 */

#include "cmd/context.h"

struct endpoint;

/* -EACCES: the address can be reached from elsewhere, and no token is set that would be required there. Answers when the
 * context's loop turns; the context, which must stay where it is, may be without a ledger or a runner meanwhile. */
int endpoint_new(struct context *c, const char *address, struct endpoint **ret, struct error *e);
struct endpoint *endpoint_free(struct endpoint *ep);

const char *endpoint_url(const struct endpoint *ep); /* "http://127.0.0.1:9469", "unix:/run/muster/agent.sock" */
void endpoint_stop(struct endpoint *ep);             /* the agent is about to end, so it is not ready any more */
