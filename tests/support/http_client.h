/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The HTTP client with a loop of its own, for tests: replies are kept by the id of their request.
 */

#include "reconcile/io/http.h"

#define CLIENT_REPLIES 1024

struct client {
        struct loop *loop;
        struct http *http;
        struct loop_timer *patience; /* a test that hangs fails instead */
        struct reply replies[CLIENT_REPLIES];
        unsigned calls[CLIENT_REPLIES]; /* how often `done` was called for an id */
        unsigned waiting;               /* for so many more replies does client_wait() turn the loop */
        bool sending;                   /* within http_send() */
};

/* NULL options: a body of 1 MiB, 4 connections, the system's certificates. */
struct client *client_new(const struct http_options *options);
struct client *client_free(struct client *client);
DEFINE_CLEANUP(struct client *, client_free)

/* A request to a port of loopback; -1 as a port takes `path` as the whole URL. */
struct request client_request(enum method method, int port, const char *path);

void client_send(struct client *client, uint64_t id, const struct request *rq);
void client_wait(struct client *client, unsigned n); /* until n more replies are here */

/* Sends and waits for the one reply, which stays the client's. */
const struct reply *client_ask(struct client *client, uint64_t id, const struct request *rq);

/* A GET marked as a read. */
const struct reply *client_get(struct client *client, uint64_t id, int port, const char *path);
