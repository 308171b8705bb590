/* SPDX-License-Identifier: MIT */
#include "cmd/snapshot_fetch.h"

#include <errno.h>
#include <string.h>

#include "cmd/file.h"
#include "cmd/snapshot_token.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/io/http.h"
#include "reconcile/io/listener.h"

#define UNIX "unix:"
#define UNIX_URL "http://localhost/v1/snapshot"
#define TIMEOUT (2 * USEC_PER_MINUTE)
#define WORDS_MAX 200

bool snapshot_is_remote(const char *where)
{
        return text_starts(where, "http://") || text_starts(where, "https://") || text_starts(where, UNIX);
}

static const char *host_of(const char *url)
{
        return strstr(url, "://") + strlen("://");
}

int snapshot_check_remote(const char *where, struct error *e)
{
        const char *host;
        size_t n;
        bool local;

        if (text_starts(where, UNIX))
                return listener_check(where, &local, e);

        host = host_of(where);
        n = strcspn(host, "/?#");
        if (memchr(host, '@', n))
                return error_set(
                        e, -EINVAL,
                        "a URL with a name or a password in it is not taken: the token is for " SNAPSHOT_TOKEN_VARIABLE);
        if (n == 0)
                return error_set(e, -EINVAL, "\"%s\" names no host: write https://muster.example/v1/snapshot", where);
        for (const char *c = where; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 0x7f)
                        return error_set(e, -EINVAL, "a URL has no blanks in it");

        return 0;
}

/* Of a URL only what is no query: there may be a secret in that. */
static char *shown(const char *where)
{
        return strndup(where, text_starts(where, UNIX) ? strlen(where) : strcspn(where, "?#"));
}

static bool is_loopback(const char *url)
{
        const char *host = host_of(url);
        size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
        _cleanup_free_ char *address = NULL;
        bool local = false;

        if (n == strlen("localhost") && strncasecmp(host, "localhost", n) == 0)
                return true;
        if (asprintf(&address, "%.*s:0", (int)n, host) < 0) {
                address = NULL;
                return false;
        }

        return listener_check(address, &local, NULL) >= 0 && local;
}

/* What an answer says, where it is no snapshot. */
static int refused(const char *name, bool token_sent, const struct reply *rp, struct error *e)
{
        size_t line = strcspn(rp->body, "\r\n");

        switch (rp->status) {
        case 401:
        case 403:
                return error_set(e, -EACCES, "%s wants the agent's bearer token (%d), and %s", name, rp->status,
                                 token_sent ? "the one in " SNAPSHOT_TOKEN_VARIABLE " is not it"
                                            : SNAPSHOT_TOKEN_VARIABLE " is not set");
        case 404:
                return error_set(e, -ENOENT, "there is no %s (404): an agent's snapshot is at /v1/snapshot", name);
        default:
                break;
        }
        if (rp->status >= 300 && rp->status < 400)
                return error_set(e, -EREMOTE,
                                 "%s redirects to another address (%d), which is not followed: give that one", name,
                                 rp->status);
        if (rp->content_type && text_starts(rp->content_type, "text/plain") && line > 0)
                return error_set(e, -EREMOTEIO, "%s answers with %d: %.*s", name, rp->status,
                                 (int)(line < WORDS_MAX ? line : WORDS_MAX), rp->body);

        return error_set(e, -EREMOTEIO, "%s answers with %d and no snapshot", name, rp->status);
}

static bool is_web_page(const struct reply *rp)
{
        return (rp->content_type && text_starts(rp->content_type, "text/html")) ||
               rp->body[strspn(rp->body, " \t\r\n")] == '<';
}

int snapshot_of_reply(const char *where, bool token_sent, const struct reply *rp, struct snapshot **ret,
                      struct error *e)
{
        _cleanup_free_ char *name = shown(where);
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (!name)
                return error_oom(e);
        if (rp->end != REPLY_COMPLETE)
                return error_set(e, -EIO, "no snapshot can be had from %s: %s", name, rp->why);
        if (rp->status != 200)
                return refused(name, token_sent, rp, e);
        if (is_web_page(rp))
                return error_set(e, -EBADMSG, "%s answers with a web page and no snapshot: is that the agent?", name);

        r = json_parse(rp->body, rp->body_len, &json, e);
        if (r >= 0)
                r = snapshot_parse(json, ret, e);

        return r == -EBADMSG ? error_wrap(e, r, "what %s answers is no snapshot", name) : r;
}

struct fetch {
        struct loop *loop;
        struct reply reply;
};

static void fetch_done(struct fetch *f)
{
        reply_done(&f->reply);
        loop_free(f->loop);
}

static void on_reply(void *userdata, _unused_ uint64_t id, struct reply *rp)
{
        struct fetch *f = userdata;

        f->reply = *rp;
        *rp = (struct reply){ 0 };
        loop_exit(f->loop, 0);
}

static int make_request(const char *where, const char *token, struct request *ret, struct error *e)
{
        _cleanup_request_ struct request rq = { .method = METHOD_GET, .read = true, .timeout = TIMEOUT };
        _cleanup_free_ char *bearer = NULL;
        int r;

        rq.url = strdup(text_starts(where, UNIX) ? UNIX_URL : where);
        if (!rq.url)
                return error_oom(e);
        r = request_add_header(&rq, "Accept", "application/json", e);
        if (r >= 0 && token) {
                if (asprintf(&bearer, "Bearer %s", token) < 0) {
                        bearer = NULL;
                        return error_oom(e);
                }
                r = request_add_header(&rq, "Authorization", bearer, e);
                explicit_bzero(bearer, strlen(bearer));
        }
        if (r < 0)
                return r;

        *ret = rq;
        rq = (struct request){ 0 };
        return 0;
}

static int exchange(struct fetch *f, const char *where, const char *token, struct error *e)
{
        const struct http_options options = {
                .socket = text_starts(where, UNIX) ? where + strlen(UNIX) : NULL,
                .connections = 1,
                .max_body = FILE_BYTES_MAX,
        };
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_(http_free_p) struct http *http = NULL;
        int r;

        r = make_request(where, token, &rq, e);
        if (r >= 0)
                r = loop_new(&f->loop, e);
        if (r >= 0)
                r = http_new(f->loop, &options, on_reply, f, &http, e);
        if (r >= 0)
                r = http_send(http, 1, &rq, e);

        return r < 0 ? r : loop_run(f->loop, e);
}

int snapshot_fetch(const char *where, struct snapshot **ret, struct error *e)
{
        _cleanup_(fetch_done) struct fetch f = { 0 };
        const char *token = NULL;
        int r;

        r = snapshot_token(&token, e);
        if (r < 0)
                return r;
        if (token && text_starts(where, "http://") && !is_loopback(where))
                log_warning("the token in " SNAPSHOT_TOKEN_VARIABLE
                            " goes over the network unencrypted: https:// would hide it");

        r = exchange(&f, where, token, e);
        return r < 0 ? r : snapshot_of_reply(where, token != NULL, &f.reply, ret, e);
}
