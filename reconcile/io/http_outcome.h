/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How an exchange ended: which of the ends of a reply it is, and the words for it.
 *
 * The rule that it keeps: REPLY_NOT_SENT is said only when the connection never stood, so that no byte of the request
 * can have gone out. The words hold no header, no body and no query: nothing that may be a secret.
 */

#include "reconcile/base/wire.h"

enum http_failure {
        HTTP_NO_FAILURE,
        HTTP_FAILURE_RESOLVE,
        HTTP_FAILURE_CONNECT,
        HTTP_FAILURE_CERTIFICATE,
        HTTP_FAILURE_CA_FILE,
        HTTP_FAILURE_TLS,
        HTTP_FAILURE_SCHEME,
        HTTP_FAILURE_DEADLINE,
        HTTP_FAILURE_STALL,
        HTTP_FAILURE_CLOSED,
        HTTP_FAILURE_NOT_HTTP,
        HTTP_FAILURE_COMPRESSION,
        HTTP_FAILURE_BODY_TOO_LARGE,
        HTTP_FAILURE_HEADERS_TOO_LARGE,
        HTTP_FAILURE_MEMORY,
        HTTP_FAILURE_OTHER, /* told by the library's words and by how far the reply had come */
};

struct http_outcome {
        enum http_failure failure;
        bool sending;          /* the connection stood: bytes may have gone out */
        bool begun;            /* the final status line was here */
        int system;            /* errno of the connect; 0: not known */
        int64_t got, expected; /* bytes of the body as sent; -1: not known */
        size_t max_body;
        usec_t timeout, connect_timeout, stall_window; /* lengths of time */
        char *peer;                                    /* host and port; owned */
        const char *ca_file;                           /* NULL: the system's */
        const char *words;                             /* the library's */
        const char *tls_words;                         /* the library's, of a TLS that failed; NULL or "": none */
};

void http_outcome_done(struct http_outcome *o);

/* Host and port of a URL, without a user's name and password; NULL: out of memory. */
char *http_peer_of(const char *url);

enum reply_end http_outcome_end(const struct http_outcome *o);

/* One sentence, cut where it is too long; "" for REPLY_COMPLETE. */
void http_outcome_words(const struct http_outcome *o, char *text, size_t size);
