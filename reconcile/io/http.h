/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * HTTP out: libcurl's multi interface on the loop.
 *
 * The rule that it keeps: a request that is not marked `read` is on the wire at most once. libcurl resends a request
 * when a reused connection dies before a byte came back, so such a request gets a fresh connection that is not reused.
 * It follows no redirect, uses no proxy from the environment, carries headers to no second host, and bounds every
 * exchange in time (connect, total, and stalls once the reply has begun) and in decompressed bytes.
 */

#include "reconcile/base/wire.h"
#include "reconcile/io/loop.h"

struct http;

/* What all requests of one provider share. Strings are copied. */
struct http_options {
        const char *ca_file;  /* NULL: the system's */
        const char *socket;   /* a socket in the file system to speak through, whatever the URL's host; NULL: none */
        bool insecure;        /* do not verify TLS; only where the spec says so */
        unsigned connections; /* kept open for reads; at least 1 */
        size_t max_body;      /* decompressed bytes of one reply */
};

/* The reply is the callee's to read until it returns; it may take body or strings by setting them to NULL. */
typedef void (*http_done_fn)(void *userdata, uint64_t id, struct reply *rp);

int http_new(struct loop *loop, const struct http_options *options, http_done_fn done, void *userdata,
             struct http **ret, struct error *e);
struct http *http_free(struct http *h); /* drops what is in flight without calling back; not from within `done` */
DEFINE_CLEANUP(struct http *, http_free)

/* Starts an exchange; everything of `rq` is copied. `done` is called for it later, never from within this call, exactly
 * once. 0, or a negative errno: nothing was sent, `done` will not be called. */
int http_send(struct http *h, uint64_t id, const struct request *rq, struct error *e);

/* Ends it now, without calling back. What went out may still be acted on. */
void http_cancel(struct http *h, uint64_t id);
