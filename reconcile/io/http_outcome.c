/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/io/http_headers.h"
#include "reconcile/io/http_outcome.h"

void http_outcome_done(struct http_outcome *o)
{
        if (o)
                free(STEAL(o->peer));
}

char *http_peer_of(const char *url)
{
        const char *start = strstr(url, "://"), *at;
        size_t n;

        start = start ? start + strlen("://") : url;
        n = strcspn(start, "/?#");
        at = memrchr(start, '@', n);
        if (at) {
                n -= (size_t)(at + 1 - start);
                start = at + 1;
        }

        return strndup(start, n);
}

enum reply_end http_outcome_end(const struct http_outcome *o)
{
        if (o->failure == HTTP_NO_FAILURE)
                return REPLY_COMPLETE;
        if (!o->sending)
                return REPLY_NOT_SENT;
        if (o->failure == HTTP_FAILURE_BODY_TOO_LARGE)
                return REPLY_TOO_LARGE;
        if (o->failure == HTTP_FAILURE_DEADLINE || o->failure == HTTP_FAILURE_STALL)
                return REPLY_TIMEOUT;

        return REPLY_BROKEN;
}

/* The library's longer words are shown for TLS only: elsewhere they may quote the URL. */
static const char *tls_words(const struct http_outcome *o)
{
        static const char prefix[] = "SSL certificate problem: ";

        if (!o->tls_words || !*o->tls_words)
                return o->words;

        return o->tls_words + (text_starts(o->tls_words, prefix) ? strlen(prefix) : 0);
}

static void say_unconnected(const struct http_outcome *o, char *text, size_t size)
{
        if (o->system == ECONNREFUSED)
                (void)snprintf(text, size, "connection refused by %s", o->peer);
        else if (o->system == 0)
                (void)snprintf(text, size, "cannot connect to %s", o->peer);
        else
                (void)snprintf(text, size, "cannot connect to %s: %s", o->peer, strerror(o->system));
}

static void say_late(const struct http_outcome *o, char *text, size_t size)
{
        char time[UNITS_TEXT_MAX];

        if (!o->sending)
                (void)snprintf(text, size, "no connection to %s within %s", o->peer,
                               duration_text(o->connect_timeout, time));
        else if (!o->begun)
                (void)snprintf(text, size, "no answer within %s", duration_text(o->timeout, time));
        else
                (void)snprintf(text, size, "the reply did not end within %s", duration_text(o->timeout, time));
}

static void say_cut_off(const struct http_outcome *o, char *text, size_t size)
{
        if (!o->begun)
                (void)snprintf(text, size, "the connection to %s broke before an answer: %s", o->peer, o->words);
        else if (o->expected < 0)
                (void)snprintf(text, size, "the reply ended early, after %" PRId64 " bytes", o->got);
        else
                (void)snprintf(text, size, "the reply ended after %" PRId64 " of %" PRId64 " bytes", o->got,
                               o->expected);
}

/* What came is of no use, though the connection held. */
static void say_unusable(const struct http_outcome *o, char *text, size_t size)
{
        if (o->failure == HTTP_FAILURE_NOT_HTTP)
                (void)snprintf(text, size, "what %s answered is not HTTP", o->peer);
        else if (o->failure == HTTP_FAILURE_COMPRESSION)
                (void)snprintf(text, size, "the reply's compression is damaged");
        else if (o->failure == HTTP_FAILURE_BODY_TOO_LARGE)
                (void)snprintf(text, size, "the reply is longer than %zu bytes", o->max_body);
        else
                (void)snprintf(text, size, "the reply's headers are longer than %d bytes", HTTP_HEADERS_MAX);
}

void http_outcome_words(const struct http_outcome *o, char *text, size_t size)
{
        char time[UNITS_TEXT_MAX];

        switch (o->failure) {
        case HTTP_NO_FAILURE:
                text[0] = '\0';
                break;
        case HTTP_FAILURE_RESOLVE:
                (void)snprintf(text, size, "the name of %s cannot be resolved", o->peer);
                break;
        case HTTP_FAILURE_CONNECT:
                say_unconnected(o, text, size);
                break;
        case HTTP_FAILURE_CERTIFICATE:
                (void)snprintf(text, size, "the certificate of %s is refused: %s", o->peer, tls_words(o));
                break;
        case HTTP_FAILURE_CA_FILE:
                (void)snprintf(text, size, "no certificates can be read from %s",
                               o->ca_file ? o->ca_file : "the system's CA file");
                break;
        case HTTP_FAILURE_TLS:
                (void)snprintf(text, size, "TLS with %s failed: %s", o->peer, tls_words(o));
                break;
        case HTTP_FAILURE_SCHEME:
                (void)snprintf(text, size, "only http and https are spoken");
                break;
        case HTTP_FAILURE_DEADLINE:
                say_late(o, text, size);
                break;
        case HTTP_FAILURE_STALL:
                (void)snprintf(text, size, "the reply stalled for %s", duration_text(o->stall_window, time));
                break;
        case HTTP_FAILURE_CLOSED:
                (void)snprintf(text, size, "%s closed the connection without an answer", o->peer);
                break;
        case HTTP_FAILURE_NOT_HTTP:
        case HTTP_FAILURE_COMPRESSION:
        case HTTP_FAILURE_BODY_TOO_LARGE:
        case HTTP_FAILURE_HEADERS_TOO_LARGE:
                say_unusable(o, text, size);
                break;
        case HTTP_FAILURE_MEMORY:
                (void)snprintf(text, size, "out of memory");
                break;
        case HTTP_FAILURE_OTHER:
                say_cut_off(o, text, size);
                break;
        }
}
