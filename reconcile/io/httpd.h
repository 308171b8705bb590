/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * HTTP in: libmicrohttpd on the loop. Serves the agent's endpoint, and the simulator.
 *
 * A handler is called with the whole request and answers now or later. No client can hold up the loop: whatever waits for
 * one waits beside it, for as long as the options say.
 */

#include "reconcile/base/wire.h"
#include "reconcile/io/loop.h"

struct httpd;
struct httpd_exchange;

typedef void (*httpd_handler)(void *userdata, const struct request *rq, struct httpd_exchange *x);

struct httpd_options {
        const char *address;  /* as in listener.h; port 0 takes a free one */
        size_t max_body;      /* bytes of a request's body */
        unsigned connections; /* at once, more wait; 0: as many as libmicrohttpd can */
        usec_t idle;          /* ends a connection on which nothing moves; 0: after two minutes */
        usec_t lifetime;      /* ends a connection whatever moves, and each carries one request only; 0: any */
        bool reads_only;      /* GET and HEAD, which is handed over as a GET; all else is answered with 405 */
};

int httpd_new(struct loop *loop, const struct httpd_options *options, httpd_handler handler, void *userdata,
              struct httpd **ret, struct error *e);
struct httpd *httpd_free(struct httpd *h); /* drops what is unanswered */
DEFINE_CLEANUP(struct httpd *, httpd_free)
uint16_t httpd_port(const struct httpd *h);  /* 0: it is a socket in the file system */
size_t httpd_pending(const struct httpd *h); /* bytes of replies that their clients have not taken yet */

/* Each ends the exchange: with a reply (status, content_type, location, set_cookie, retry_after and body are sent), with
 * more headers than a reply names, with only the first `bytes` of its body (the length still says all of it), or by closing the connection unanswered. A reply
 * that cannot be sent, for its status, a header or want of memory, is dropped, and a negative errno says so. The request
 * lives until then. */
int httpd_reply(struct httpd_exchange *x, const struct reply *rp);
int httpd_reply_more(struct httpd_exchange *x, const struct reply *rp, const struct header *more, size_t n_more);
int httpd_reply_truncated(struct httpd_exchange *x, const struct reply *rp, size_t bytes);
void httpd_drop(struct httpd_exchange *x);
