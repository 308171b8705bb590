/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * HTTP requests and replies as plain values: what codecs make and read, what io/http carries, what a simulator
 * answers. No I/O here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"
#include "reconcile/base/usec.h"

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE };

const char *method_name(enum method m);
int method_parse(const char *name, enum method *ret); /* 0 or -EINVAL */

struct header {
        char *name;
        char *value;
};

struct request {
        enum method method;
        char *url; /* client: absolute; simulator: path and query as received */
        struct header *headers;
        size_t n_headers, allocated_headers;
        char *body; /* NULL: none */
        size_t body_len;
        bool read;      /* the codec vouches: this changes nothing at the vendor. Anything else goes out once, on a
                      connection of its own, and never in a plan */
        usec_t timeout; /* a length of time: the whole exchange must end within it */
        uint64_t tag;   /* the codec's own: which page, which step */
        size_t detail; /* a read: what it cannot tell is not known of the detail of this number + 1 alone; 0: of everything */
};

void request_done(struct request *rq);
#define _cleanup_request_ _cleanup_(request_done)

/* Copies both. -EINVAL where a CR, LF or NUL, or a control character, would split the header. */
int request_add_header(struct request *rq, const char *name, const char *value, struct error *e);
const char *request_header(const struct request *rq, const char *name); /* case does not matter; NULL: none */

/* How an exchange ended. Only REPLY_NOT_SENT proves that the vendor has seen nothing. */
enum reply_end {
        REPLY_COMPLETE, /* status and whole body are here */
        REPLY_NOT_SENT, /* DNS, connect or TLS failed: no byte of the request went out */
        REPLY_BROKEN,   /* reset, or ended before its length */
        REPLY_TIMEOUT,  /* out of time after bytes may have gone out */
        REPLY_TOO_LARGE /* stopped at the body's limit */
};

struct reply {
        enum reply_end end;
        int status; /* 0 when no status line came */
        char *body; /* never NULL; writable, so that codecs decode in place; followed by a NUL */
        size_t body_len;
        char *content_type; /* NULL: none; the same below */
        char *location;
        char *set_cookie;
        usec_t retry_after; /* a length of time; 0: none */
        char *why;          /* for every end but REPLY_COMPLETE: what happened, in words; never a secret */
};

void reply_done(struct reply *rp);
#define _cleanup_reply_ _cleanup_(reply_done)

/* Adds `s` percent-encoded (everything but unreserved characters). */
int wire_percent_encode(struct buf *b, const char *s, size_t n);
/* Decodes in place, '+' as a blank when `form`. 0 or -EINVAL. */
int wire_percent_decode(char *s, bool form);
