/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A server on loopback that speaks TLS with a certificate of its own making, and answers every request with "hello".
 */

#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/cleanup.h"

struct tls_server;

struct tls_certificate {
        const char *host; /* "127.0.0.1": an address; anything else is a name */
        bool expired;
};

/* Signed by a new authority, whose certificate is written to `ca_path`. */
struct tls_server *tls_server_new(const struct tls_certificate *certificate, const char *ca_path);
struct tls_server *tls_server_free(struct tls_server *server);
DEFINE_CLEANUP(struct tls_server *, tls_server_free)

uint16_t tls_server_port(const struct tls_server *server);
unsigned tls_server_requests(const struct tls_server *server); /* connections on which a byte of a request came */
