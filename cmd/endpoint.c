/* SPDX-License-Identifier: MIT */
#include "cmd/endpoint.h"

#include <errno.h>
#include <string.h>

#include "cmd/metrics.h"
#include "cmd/output.h"
#include "cmd/snapshot.h"
#include "cmd/snapshot_token.h"
#include "cmd/status_read.h"
#include "reconcile/base/text.h"
#include "reconcile/io/httpd.h"
#include "reconcile/io/listener.h"

/* No request has a body of use. A client has this long to ask and to take its answer, and so many may be there at once. */
#define REQUEST_BODY_MAX 4096
#define CONNECTIONS 64
#define IDLE (10 * USEC_PER_SEC)
#define LIFETIME USEC_PER_MINUTE

#define ANSWER_MAX ((size_t)256 << 20)
/* While answers of so many bytes wait for their clients, no further snapshot is made. */
#define PENDING_MAX ((size_t)32 << 20)
#define RETRY_AFTER (5 * USEC_PER_SEC)
/* Memory of more than this is given back at once. */
#define LARGE ((size_t)1 << 20)
#define URL_MAX 256

#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_JSON "application/json"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

struct endpoint {
        struct context *c;
        struct httpd *httpd;
        char *url, *token; /* token NULL: none is required */
        bool stopping;
};

struct answer {
        int status;
        const char *type;
        struct buf body;
        usec_t retry_after;
};

static void unavailable(struct answer *a, const char *why)
{
        a->status = 503;
        a->retry_after = RETRY_AFTER;
        (void)buf_addf(&a->body, "%s\n", why);
}

/* After a failed commit the ledger in memory is ahead of the one on the disk: it is as good as not there. */
static bool is_open(const struct endpoint *ep)
{
        return ep->c->runner && ep->c->ledger && !engine_error(runner_engine(ep->c->runner))->text[0];
}

static struct engine *engine_of(const struct endpoint *ep)
{
        return runner_engine(ep->c->runner);
}

/* What is missing, a line for each; nothing: it is ready. */
static void add_missing(const struct endpoint *ep, struct buf *b)
{
        if (ep->stopping)
                (void)buf_adds(b, "the agent is stopping\n");
        if (!ep->c->estate)
                (void)buf_adds(b, "the specs have not been read\n");
        if (!is_open(ep)) {
                (void)buf_adds(b, "the ledger is not open\n");
                return;
        }

        for (size_t i = 0; i < engine_n_accounts(engine_of(ep)); i++) {
                struct account_view view;

                engine_account(engine_of(ep), i, &view);
                if (view.provider && !view.looked)
                        (void)buf_addf(b, "Provider/%s has not been looked at\n", view.provider->name);
        }
}

/* The pages. Each fills its answer, or returns a negative errno. */

static int show_health(_unused_ struct endpoint *ep, struct answer *a)
{
        return buf_adds(&a->body, "ok\n");
}

static int show_readiness(struct endpoint *ep, struct answer *a)
{
        add_missing(ep, &a->body);
        if (a->body.len > 0)
                a->status = 503;
        else
                (void)buf_adds(&a->body, "ready\n");

        return a->body.failed;
}

static int show_status(struct endpoint *ep, struct answer *a)
{
        _cleanup_status_ struct status s = { 0 };
        _cleanup_json_ json_t *json = NULL;
        struct error e;
        int r;

        if (!is_open(ep)) {
                unavailable(a, "the ledger is not open");
                return 0;
        }
        r = status_read(ep->c->ledger, &s, &e);
        if (r < 0)
                return r;

        a->type = TYPE_JSON;
        json = status_json(&s);
        return output_json_to(json, &a->body);
}

/* It is as old as the oldest look in it, and does not say what no look has shown. */
static int date(const struct endpoint *ep, json_t *snapshot)
{
        json_t *accounts = json_object_get(snapshot, "accounts");
        int64_t at = wall_now();

        for (size_t i = 0; i < engine_n_accounts(engine_of(ep)); i++) {
                struct account_view view;

                engine_account(engine_of(ep), i, &view);
                if (view.provider && !view.looked)
                        (void)json_object_del(accounts, view.provider->name);
                if (view.provider && view.readable && view.seen_at > 0 && view.seen_at < at)
                        at = view.seen_at;
        }

        return json_object_set_new(snapshot, "at", json_any_time(at));
}

static int show_snapshot(struct endpoint *ep, struct answer *a)
{
        _cleanup_(snapshot_note_done) struct snapshot_note note = { 0 };
        _cleanup_json_ json_t *json = NULL;
        struct error e;
        int r;

        if (!is_open(ep) || httpd_pending(ep->httpd) > PENDING_MAX) {
                unavailable(a, is_open(ep) ? "others are still taking their snapshots" : "the ledger is not open");
                return 0;
        }
        r = snapshot_note(ep->c->ledger, loop_now(ep->c->loop), wall_now(), &note, &e);
        if (r < 0)
                return r;
        json = snapshot_json(&note, ep->c->estate, engine_of(ep), &e);
        if (!json || date(ep, json) < 0)
                return -ENOMEM;

        a->type = TYPE_JSON;
        r = output_json_to(json, &a->body);
        if (a->body.len > LARGE)
                runner_wake(ep->c->runner);
        return r;
}

static void count_waiting(const struct ledger *l, struct metrics_provider *p)
{
        const char *name = p->view.provider->name;

        for (size_t i = 0; i < l->n_things; i++)
                p->parked += l->things[i]->state == THING_PARKED && text_equal(l->things[i]->account, name);
        for (size_t i = 0; i < l->n_calls; i++)
                p->open += l->calls[i]->state != CALL_RESOLVED && l->calls[i]->state != CALL_INTENT &&
                           text_equal(l->calls[i]->account, name);
}

static int add_metrics(const struct endpoint *ep, struct metrics *m, struct buf *b)
{
        size_t n = is_open(ep) ? engine_n_accounts(engine_of(ep)) : 0;
        _cleanup_free_ struct metrics_provider *providers = calloc(n + 1, sizeof(*providers));

        if (!providers)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                struct metrics_provider *p = &providers[m->n_providers];

                engine_account(engine_of(ep), i, &p->view);
                if (!p->view.provider)
                        continue;
                count_waiting(ep->c->ledger, p);
                m->n_providers++;
        }
        m->providers = providers;
        return metrics_text(m, b);
}

static int show_metrics(struct endpoint *ep, struct answer *a)
{
        _cleanup_buf_ struct buf missing = BUF_INIT(LARGE);
        _cleanup_status_ struct status s = { 0 };
        struct metrics m = { .version = MUSTER_VERSION };
        struct error e;
        int r;

        r = is_open(ep) ? status_read(ep->c->ledger, &s, &e) : 0;
        if (r < 0)
                return r;

        add_missing(ep, &missing);
        m.ready = missing.len == 0;
        m.rows = s.rows;
        m.n_rows = s.n;
        a->type = TYPE_METRICS;
        return add_metrics(ep, &m, &a->body);
}

static const struct page {
        const char *path;
        bool open; /* to who has no token, too */
        int (*show)(struct endpoint *ep, struct answer *a);
} pages[] = {
        { "/healthz", true, show_health },    { "/readyz", true, show_readiness },
        { "/v1/status", false, show_status }, { "/v1/snapshot", false, show_snapshot },
        { "/metrics", false, show_metrics },
};

static const struct page *find_page(const char *url)
{
        size_t n = strcspn(url, "?");

        for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
                if (strlen(pages[i].path) == n && memcmp(pages[i].path, url, n) == 0)
                        return &pages[i];

        return NULL;
}

static void give(struct httpd_exchange *x, const struct answer *a)
{
        const struct header more[] = {
                { (char *)"Cache-Control", (char *)"no-store" },
                { (char *)"X-Content-Type-Options", (char *)"nosniff" },
                { (char *)"WWW-Authenticate", (char *)"Bearer realm=\"muster\"" },
        };
        const struct reply rp = {
                .status = a->status,
                .content_type = (char *)a->type,
                .retry_after = a->retry_after,
                .body = (char *)buf_text(&a->body),
                .body_len = a->body.len,
        };

        (void)httpd_reply_more(x, &rp, more, ARRAY_SIZE(more) - (a->status != 401));
}

static void on_request(void *userdata, const struct request *rq, struct httpd_exchange *x)
{
        struct endpoint *ep = userdata;
        const struct page *page = find_page(rq->url);
        struct answer a = { .status = 200, .type = TYPE_TEXT, .body = BUF_INIT(ANSWER_MAX) };
        int r = 0;

        if (ep->token && !(page && page->open) &&
            !snapshot_token_fits(request_header(rq, "Authorization"), ep->token)) {
                a.status = 401;
                (void)buf_adds(&a.body, "this needs the bearer token that the agent was given\n");
        } else if (!page) {
                a.status = 404;
                (void)buf_adds(&a.body, "there are /healthz, /readyz, /v1/status, /v1/snapshot and /metrics\n");
        } else
                r = page->show(ep, &a);

        if (r < 0 || a.body.failed < 0) {
                buf_done(&a.body);
                a = (struct answer){ .status = 500, .type = TYPE_TEXT, .body = BUF_INIT(LARGE) };
                (void)buf_addf(&a.body, "this cannot be shown: %s\n", strerror(r < 0 ? -r : ENOMEM));
        }
        give(x, &a);
        buf_done(&a.body);
}

/* With port 0, the one that was given. */
static char *make_url(const char *address, uint16_t port)
{
        _cleanup_buf_ struct buf b = BUF_INIT(URL_MAX);

        if (port == 0)
                (void)buf_adds(&b, address);
        else
                (void)buf_addf(&b, "http://%.*s:%u", (int)(strrchr(address, ':') - address), address, port);

        return buf_steal(&b);
}

static int take_token(struct endpoint *ep, const char *address, struct error *e)
{
        const char *token = NULL;
        bool local;
        int r;

        r = listener_check(address, &local, e);
        if (r >= 0)
                r = snapshot_token(&token, e);
        if (r < 0)
                return r;
        if (!token && !local)
                return error_set(e, -EACCES,
                                 "%s can be reached from other machines: set " SNAPSHOT_TOKEN_VARIABLE
                                 " to the bearer token that is required there, or listen on 127.0.0.1, [::1] or "
                                 "unix:PATH",
                                 address);

        ep->token = token ? strdup(token) : NULL;
        return token && !ep->token ? error_oom(e) : 0;
}

int endpoint_new(struct context *c, const char *address, struct endpoint **ret, struct error *e)
{
        const struct httpd_options options = {
                .address = address,
                .max_body = REQUEST_BODY_MAX,
                .connections = CONNECTIONS,
                .idle = IDLE,
                .lifetime = LIFETIME,
                .reads_only = true,
        };
        struct endpoint *ep = calloc(1, sizeof(*ep));
        int r;

        if (!ep)
                return error_oom(e);

        ep->c = c;
        r = take_token(ep, address, e);
        if (r >= 0)
                r = httpd_new(c->loop, &options, on_request, ep, &ep->httpd, e);
        if (r >= 0) {
                ep->url = make_url(address, httpd_port(ep->httpd));
                r = ep->url ? 0 : error_oom(e);
        }
        if (r < 0) {
                endpoint_free(ep);
                return r;
        }

        *ret = ep;
        return 0;
}

struct endpoint *endpoint_free(struct endpoint *ep)
{
        if (!ep)
                return NULL;

        httpd_free(ep->httpd);
        text_wipe(&ep->token);
        free(ep->url);
        free(ep);
        return NULL;
}

const char *endpoint_url(const struct endpoint *ep)
{
        return ep->url;
}

void endpoint_stop(struct endpoint *ep)
{
        ep->stopping = true;
}
