/* SPDX-License-Identifier: MIT */
#include "reconcile/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/io/http.h"

/* How often the ledger is asked for requests that commands wrote. */
#define REQUEST_INTERVAL (500 * USEC_PER_MSEC)
#define STOP_TIME (20 * USEC_PER_SEC)
#define SECRET_MAX 65536
#define BODY_MAX ((size_t)16 << 20)
/* A rest of this length is worth giving memory back. */
#define TRIM_REST USEC_PER_SEC

struct client {
        struct http *http;
        char *ca_file;
        bool insecure;
        int64_t concurrency;
};

struct runner {
        struct loop *loop;
        struct ledger *ledger;
        struct runner_options options;
        struct engine *engine;
        struct client *clients; /* numbered as the engine's accounts */
        size_t n_clients, allocated_clients;
        struct client *retired; /* replaced, but may have something in flight */
        size_t n_retired, allocated_retired;
        struct loop_timer *due, *requests, *stop, *timeout;
        enum engine_state state;
        char *secret; /* handed out last */
        bool stopping, timed_out, trimmed, ended;
        int code;
};

static void client_done(struct client *c)
{
        http_free(c->http);
        free(c->ca_file);
}

struct runner *runner_free(struct runner *r)
{
        if (!r)
                return NULL;
        (void)loop_before_wait(r->loop, NULL, r, NULL);
        for (size_t i = 0; i < r->n_clients; i++)
                client_done(&r->clients[i]);
        for (size_t i = 0; i < r->n_retired; i++)
                client_done(&r->retired[i]);
        free(r->clients);
        free(r->retired);
        engine_free(r->engine);
        loop_timer_free(r->due);
        loop_timer_free(r->requests);
        loop_timer_free(r->stop);
        loop_timer_free(r->timeout);
        text_wipe(&r->secret);
        free(r);
        return NULL;
}

/* Secrets. */

static int read_secret_file(const char *path, char **ret, struct error *e)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        struct stat st;
        ssize_t n;

        if (fd < 0)
                return error_errno(e, "the file %s cannot be opened", path);
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return error_set(e, -EINVAL, "%s is not a regular file, and only one is read", path);
        text = calloc(1, SECRET_MAX + 1);
        if (!text)
                return error_oom(e);
        n = read(fd, text, SECRET_MAX + 1);
        if (n < 0)
                return error_errno(e, "the file %s cannot be read", path);
        if (n > SECRET_MAX) {
                explicit_bzero(text, (size_t)n);
                return error_set(e, -E2BIG, "the file %s has more than the 64 KiB that a secret may have", path);
        }
        text[n] = '\0';
        if (n > 0 && text[n - 1] == '\n')
                text[--n] = '\0';
        if (strlen(text) != (size_t)n) {
                explicit_bzero(text, (size_t)n);
                return error_set(e, -EINVAL, "the secret in %s has a NUL in it", path);
        }
        *ret = STEAL(text);
        return 0;
}

/* PEM has lines; any other secret is one. */
static bool may_hold(char c, bool pem)
{
        return ((unsigned char)c >= 0x20 && c != 0x7f) || (pem && (c == '\n' || c == '\r' || c == '\t'));
}

static int read_secret(const char *env, const char *file, bool pem, char **ret, struct error *e)
{
        _cleanup_(text_wipe) char *text = NULL;
        int r;

        if (env) {
                const char *value = getenv(env);

                if (!value)
                        return error_set(e, -ENOENT,
                                         "the environment variable %s is not set; it should hold the secret", env);
                text = strdup(value);
                if (!text)
                        return error_oom(e);
        } else {
                r = read_secret_file(file, &text, e);
                if (r < 0)
                        return r;
        }
        if (!text[0])
                return error_set(e, -EINVAL, "%s %s is empty", env ? "the environment variable" : "the file",
                                 env ? env : file);
        for (const char *c = text; *c; c++)
                if (!may_hold(*c, pem))
                        return error_set(
                                e, -EINVAL,
                                pem ? "the text in %s %s has a control character in it"
                                    : "the secret in %s %s has a line break or another control character in it",
                                env ? "the environment variable" : "the file", env ? env : file);
        *ret = STEAL(text);
        return 0;
}

static const char *hand_out_secret(void *userdata, const char *env, const char *file, bool pem, struct error *e)
{
        struct runner *r = userdata;

        text_wipe(&r->secret);
        return read_secret(env, file, pem, &r->secret, e) < 0 ? NULL : r->secret;
}

/* What the engine asks of its host. */

static int host_send(void *userdata, size_t account, uint64_t id, const struct request *rq, struct error *e)
{
        struct runner *r = userdata;

        if (r->options.offline)
                return error_set(e, -ENETUNREACH, "nothing is sent while a snapshot is planned with");
        return http_send(r->clients[account].http, id, rq, e);
}

static void host_cancel(void *userdata, size_t account, uint64_t id)
{
        struct runner *r = userdata;

        http_cancel(r->clients[account].http, id);
        for (size_t i = 0; i < r->n_retired; i++)
                http_cancel(r->retired[i].http, id);
}

static int host_commit(void *userdata, struct error *e)
{
        struct runner *r = userdata;

        return ledger_commit(r->ledger, e);
}

static void host_event(void *userdata, const struct engine_event *event)
{
        struct runner *r = userdata;

        if (r->options.event)
                r->options.event(r->options.userdata, event);
}

static int64_t host_wall(_unused_ void *userdata)
{
        return wall_now();
}

static void on_reply(void *userdata, uint64_t id, struct reply *rp)
{
        struct runner *r = userdata;

        engine_reply(r->engine, loop_now(r->loop), id, rp);
        r->trimmed = false;
}

/* What the loop calls. */

static void end(struct runner *r)
{
        if (r->ended)
                return;
        r->ended = true;
        engine_abandon(r->engine, loop_now(r->loop));
        loop_exit(r->loop, r->code);
}

static void give_memory_back(struct runner *r, usec_t now, usec_t next)
{
        if (r->trimmed || usec_since(next, now) < TRIM_REST || !engine_is_idle(r->engine))
                return;
        malloc_trim(0);
        r->trimmed = true;
}

static int before_wait(void *userdata)
{
        struct runner *r = userdata;
        usec_t now = loop_now(r->loop), next;
        enum engine_state state;

        if (r->ended)
                return 0;
        state = engine_step(r->engine, now);
        if (state != r->state) {
                int code;

                r->state = state;
                code = r->options.changed(r->options.userdata, state);
                if (code < 0 || r->ended)
                        return code;
                if (r->options.engine.mode == ENGINE_ANSWER)
                        (void)loop_timer_set(r->requests, loop_now(r->loop));
                return loop_timer_set(r->due, loop_now(r->loop)); /* it may have given the engine something to do */
        }
        if (r->stopping && engine_is_idle(r->engine)) {
                end(r);
                return 0;
        }
        now = loop_now(r->loop);
        next = engine_next(r->engine, now);
        give_memory_back(r, now, next);
        return loop_timer_set(r->due, next);
}

static int on_due(_unused_ void *userdata)
{
        return 0; /* the loop wakes, and before_wait() does what is due */
}

/* One that only answers ends when all are answered: those, too, whose command was killed. */
static int on_requests(void *userdata)
{
        struct runner *r = userdata;
        usec_t wait = REQUEST_INTERVAL;
        struct ledger_request request;
        struct error e = { 0 };
        int found;

        if (!r->stopping && !engine_is_asked(r->engine)) {
                found = ledger_next_request(r->ledger, &request, &e);
                if (found > 0) {
                        engine_ask(r->engine, &request, loop_now(r->loop));
                        wait = 0; /* it may have its answer already */
                } else if (found == 0 && r->options.engine.mode == ENGINE_ANSWER) {
                        end(r);
                }
        }
        return loop_timer_set(r->requests, usec_add(loop_now(r->loop), wait));
}

static int on_stop_time(void *userdata)
{
        end(userdata);
        return 0;
}

static int on_timeout(void *userdata)
{
        struct runner *r = userdata;

        r->timed_out = true;
        runner_stop(r, r->options.timeout_code);
        return 0;
}

static int make_timers(struct runner *r, struct error *e)
{
        enum engine_mode mode = r->options.engine.mode;
        int code;

        code = loop_timer_new(r->loop, on_due, r, &r->due, e);
        if (code >= 0)
                code = loop_timer_new(r->loop, on_requests, r, &r->requests, e);
        if (code >= 0)
                code = loop_timer_new(r->loop, on_stop_time, r, &r->stop, e);
        if (code >= 0)
                code = loop_timer_new(r->loop, on_timeout, r, &r->timeout, e);
        if (code >= 0)
                code = loop_before_wait(r->loop, before_wait, r, e);
        if (code >= 0 && mode != ENGINE_PLAN)
                code = loop_timer_set(r->requests, loop_now(r->loop));
        if (code >= 0 && r->options.timeout)
                code = loop_timer_set(r->timeout, usec_add(loop_now(r->loop), r->options.timeout));
        return code;
}

int runner_new(struct loop *loop, struct ledger *ledger, const struct runner_options *options, struct runner **ret,
               struct error *e)
{
        _cleanup_(runner_free_p) struct runner *r = calloc(1, sizeof(*r));
        struct engine_host host = { .userdata = r,
                                    .send = host_send,
                                    .cancel = host_cancel,
                                    .commit = host_commit,
                                    .event = host_event,
                                    .wall = host_wall };
        int code;

        if (!r)
                return error_oom(e);
        r->loop = loop;
        r->ledger = ledger;
        r->options = *options;
        r->options.engine.secret = options->offline ? NULL : hand_out_secret;
        r->options.engine.secret_userdata = r;
        r->state = ENGINE_RUNNING;
        code = engine_new(&r->options.engine, &host, ledger, &r->engine);
        if (code < 0)
                return error_oom(e);
        code = make_timers(r, e);
        if (code < 0)
                return code;
        *ret = STEAL(r);
        return 0;
}

struct engine *runner_engine(struct runner *r)
{
        return r->engine;
}

/* Clients. */

static bool client_fits(const struct client *c, const struct provider_spec *spec)
{
        const char *ca_file = spec->tls ? spec->tls->ca_file : NULL;

        return c->http && text_equal(c->ca_file, ca_file) && c->insecure == (spec->tls && spec->tls->insecure) &&
               c->concurrency == spec->concurrency;
}

static int make_client(struct runner *r, const struct provider_spec *spec, struct client *ret, struct error *e)
{
        const char *ca_file = spec->tls ? spec->tls->ca_file : NULL;
        struct http_options options = {
                .ca_file = ca_file,
                .insecure = spec->tls && spec->tls->insecure,
                .connections = (unsigned)spec->concurrency,
                .max_body = BODY_MAX,
        };

        *ret = (struct client){ .insecure = options.insecure, .concurrency = spec->concurrency };
        if (ca_file) {
                ret->ca_file = strdup(ca_file);
                if (!ret->ca_file)
                        return error_oom(e);
        }
        return http_new(r->loop, &options, on_reply, r, &ret->http, e);
}

static struct client *client_of(struct runner *r, const struct resource *provider)
{
        for (size_t i = 0; i < engine_n_accounts(r->engine) && i < r->n_clients; i++) {
                struct account_view view;

                engine_account(r->engine, i, &view);
                if (text_equal(view.name, provider->name))
                        return &r->clients[i];
        }
        return NULL;
}

/* The clients that the estate needs and that are not there, by the numbers of its resources; and room for them. */
static int make_clients(struct runner *r, const struct estate *estate, struct client *fresh, struct error *e)
{
        size_t n = 0;

        for (size_t i = 0; i < estate->n_resources; i++) {
                const struct resource *provider = estate->resources[i];
                const struct client *c;
                int code;

                if (!engine_follows(&r->options.engine, provider))
                        continue;
                n++;
                c = client_of(r, provider);
                if (c && client_fits(c, provider->provider))
                        continue;
                code = make_client(r, provider->provider, &fresh[i], e);
                if (code < 0)
                        return error_wrap(e, code, "Provider/%s", provider->name);
        }
        n += r->n_clients + engine_n_accounts(r->engine);
        if (array_reserve((void **)&r->clients, &r->allocated_clients, n, sizeof(*r->clients)) < 0 ||
            array_reserve((void **)&r->retired, &r->allocated_retired, r->n_retired + n, sizeof(*r->retired)) < 0)
                return error_oom(e);
        return 0;
}

/* Cannot fail: there is room. */
static void take_clients(struct runner *r, const struct estate *estate, struct client *fresh)
{
        while (r->n_clients < engine_n_accounts(r->engine))
                r->clients[r->n_clients++] = (struct client){ 0 };
        for (size_t i = 0; i < estate->n_resources; i++) {
                struct client *c = fresh[i].http ? client_of(r, estate->resources[i]) : NULL;

                if (!c)
                        continue;
                if (c->http)
                        r->retired[r->n_retired++] = *c;
                *c = fresh[i];
                fresh[i] = (struct client){ 0 };
        }
}

/* The token, or the password of the login. */
static int secret_of(const struct resource *provider, char **ret, struct error *e)
{
        const struct auth_spec *auth = provider->provider->auth;
        const char *env = !auth ? NULL : auth->login ? auth->password_env : auth->token_env;
        const char *file = !auth ? NULL : auth->login ? auth->password_file : auth->token_file;
        const struct position *at;
        int code;

        if (!env && !file)
                return 0;
        code = read_secret(env, file, false, ret, e);
        if (code >= 0)
                return 0;
        at = resource_position(provider, auth->login ? (env ? "spec.auth.passwordEnv" : "spec.auth.passwordFile")
                                                     : (env ? "spec.auth.tokenEnv" : "spec.auth.tokenFile"));
        return error_wrap(e, -EINVAL, "%s:%u:%u: error: Provider/%s", at->file, at->line, at->column, provider->name);
}

static int read_secrets(struct runner *r, const struct estate *estate, struct account_secret *secrets, size_t *n,
                        struct error *e)
{
        int code = 0;

        for (size_t i = 0; code >= 0 && i < estate->n_resources; i++) {
                char *token = NULL;

                if (!engine_follows(&r->options.engine, estate->resources[i]))
                        continue;
                code = r->options.offline ? 0 : secret_of(estate->resources[i], &token, e);
                secrets[(*n)++] = (struct account_secret){ .provider = estate->resources[i]->name, .token = token };
        }
        return code;
}

/* All that can fail comes first: specs that cannot be followed change nothing. */
int runner_set_estate(struct runner *r, const struct estate *estate, struct error *e)
{
        _cleanup_free_ struct account_secret *secrets = calloc(estate->n_resources + 1, sizeof(*secrets));
        _cleanup_free_ struct client *fresh = calloc(estate->n_resources + 1, sizeof(*fresh));
        size_t n = 0;
        int code;

        if (!secrets || !fresh)
                return error_oom(e);
        code = read_secrets(r, estate, secrets, &n, e);
        if (code >= 0 && !r->options.offline)
                code = make_clients(r, estate, fresh, e);
        if (code >= 0)
                code = engine_set_estate(r->engine, estate, secrets, n, loop_now(r->loop), e);
        if (code >= 0 && !r->options.offline)
                take_clients(r, estate, fresh);
        for (size_t i = 0; i < estate->n_resources; i++)
                client_done(&fresh[i]);
        for (size_t i = 0; i < n; i++) {
                char *token = (char *)secrets[i].token;

                text_wipe(&token);
        }
        return code;
}

void runner_wake(struct runner *r)
{
        r->trimmed = false;
        (void)loop_timer_set(r->due, loop_now(r->loop));
}

void runner_stop(struct runner *r, int code)
{
        r->code = code;
        if (r->stopping) {
                end(r);
                return;
        }
        r->stopping = true;
        engine_stop(r->engine);
        (void)loop_timer_set(r->stop, usec_add(loop_now(r->loop), STOP_TIME));
        runner_wake(r);
}

bool runner_timed_out(const struct runner *r)
{
        return r->timed_out;
}
