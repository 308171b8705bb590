/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * HTTP in: libmicrohttpd on the loop. Serves the simulator, on loopback.
 *
 * A handler is called with the whole request and answers now or later.
 */

#include "reconcile/base/wire.h"
#include "reconcile/io/loop.h"

struct httpd;
struct httpd_exchange;

typedef void (*httpd_handler)(void *userdata, const struct request *rq, struct httpd_exchange *x);

/* `address` is "127.0.0.1:0" or "[::1]:8080"; port 0 takes a free one. */
int httpd_new(struct loop *loop, const char *address, size_t max_body, httpd_handler handler, void *userdata,
              struct httpd **ret, struct error *e);
struct httpd *httpd_free(struct httpd *h); /* drops what is unanswered */
DEFINE_CLEANUP(struct httpd *, httpd_free)
uint16_t httpd_port(const struct httpd *h);

/* Each ends the exchange: with a reply (status, content_type, location, set_cookie, retry_after and body are sent), with
 * only the first `bytes` of its body (the length still says all of it), or by closing the connection unanswered. A reply
 * that cannot be sent, for its status, a header or want of memory, is dropped, and a negative errno says so. The request
 * lives until then. */
int httpd_reply(struct httpd_exchange *x, const struct reply *rp);
int httpd_reply_truncated(struct httpd_exchange *x, const struct reply *rp, size_t bytes);
void httpd_drop(struct httpd_exchange *x);
