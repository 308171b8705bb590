/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A server on loopback that does to a connection whatever a test wants: it serves one connection after the other, in a
 * thread of its own, so that it may drop, cut short or stall where no real server would.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "reconcile/base/cleanup.h"

struct raw_server;

/* Talks on one connection, which is closed behind it. Runs in the server's thread: it may not assert. */
typedef void (*raw_server_fn)(struct raw_server *server, int fd, void *userdata);

struct raw_server *raw_server_new(raw_server_fn fn, void *userdata);
struct raw_server *raw_server_free(struct raw_server *server); /* waits for the thread */
DEFINE_CLEANUP(struct raw_server *, raw_server_free)

uint16_t raw_server_port(const struct raw_server *server);
unsigned raw_server_connections(const struct raw_server *server);
unsigned raw_server_requests(const struct raw_server *server); /* whole ones that raw_read_request() saw */

/* The last of them, for the test to look at once its exchange is over. */
const char *raw_server_last_request(const struct raw_server *server);

/* Reads one request with its body (of a Content-Length). Its bytes; 0: the peer closed, or the server is to end. */
size_t raw_read_request(struct raw_server *server, int fd);

/* All of it; 0, or -1 when the peer has gone. */
int raw_write(int fd, const void *bytes, size_t n);
int raw_writes(int fd, const char *text);

/* Waits until the peer closes, or the server is to end. */
void raw_hold(struct raw_server *server, int fd);

/* Makes the close that follows a reset. */
void raw_reset_on_close(int fd);
