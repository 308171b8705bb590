/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "reconcile/base/text.h"
#include "reconcile/io/httpd.h"
#include "reconcile/io/listener.h"

#define IDLE (120 * USEC_PER_SEC)
#define CONNECTION_MEMORY 65536

/* What is to become of an exchange once its request is here. */
enum answer { ANSWER_NONE, ANSWER_REPLY, ANSWER_DROP };

struct httpd_exchange {
        struct httpd *httpd;
        struct MHD_Connection *connection;
        struct request request;
        struct buf body;
        bool started;   /* the headers are here */
        bool handed;    /* the handler has the request */
        bool suspended; /* and answers later */

        enum answer answer;
        unsigned status;
        struct MHD_Response *response;
        size_t pending; /* bytes of its reply */

        struct httpd_exchange *next, **link;
};

/* A connection whose time is bounded. */
struct guest {
        struct MHD_Connection *connection;
        usec_t until;
        struct guest *next, **link; /* NULL: its time is over */
};

struct httpd {
        struct loop *loop;
        struct loop_fd *watch;
        struct loop_timer *timer, *over;
        struct MHD_Daemon *daemon;
        struct listener listener;
        size_t max_body;
        usec_t lifetime;
        bool reads_only;
        httpd_handler handler;
        void *userdata;
        struct httpd_exchange *exchanges;
        struct guest *guests, **last_guest; /* in the order in which their time is over */
        size_t pending;
        bool again; /* libmicrohttpd has work that neither its descriptor nor its timeout tells of */
};

/* The body of a reply that is to end early. */
struct truncated_body {
        char *bytes;
        size_t length;
};

static struct httpd_exchange *exchange_free(struct httpd_exchange *x)
{
        if (!x)
                return NULL;

        *x->link = x->next;
        if (x->next)
                x->next->link = x->link;

        x->httpd->pending -= x->pending;
        if (x->response)
                MHD_destroy_response(x->response);
        request_done(&x->request);
        buf_done(&x->body);
        free(x);
        return NULL;
}

/* Called with the request's line, before the query is taken apart: here the URL is as it was received. What it returns
 * is the exchange from now on; NULL: out of memory. */
static void *on_request_line(void *userdata, const char *uri, struct MHD_Connection *connection)
{
        struct httpd *h = userdata;
        struct httpd_exchange *x;

        x = calloc(1, sizeof(*x));
        if (!x)
                return NULL;
        *x = (struct httpd_exchange){
                .httpd = h,
                .connection = connection,
                .request.url = strdup(uri),
                .body = BUF_INIT(h->max_body),
                .next = h->exchanges,
                .link = &h->exchanges,
        };
        if (x->next)
                x->next->link = &x->next;
        h->exchanges = x;

        return x;
}

static void on_completed(_unused_ void *userdata, _unused_ struct MHD_Connection *connection, void **exchange,
                         _unused_ enum MHD_RequestTerminationCode how)
{
        exchange_free(*exchange);
        *exchange = NULL;
}

/* A header that cannot be passed on, because of a control character in it, is as good as not sent. */
static enum MHD_Result on_header(void *userdata, _unused_ enum MHD_ValueKind kind, const char *name, const char *value)
{
        struct request *rq = userdata;

        return request_add_header(rq, name, value ? value : "", NULL) == -ENOMEM ? MHD_NO : MHD_YES;
}

static int add_header(struct MHD_Response *response, const char *name, const char *value)
{
        if (!value)
                return 0;

        return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : -EINVAL;
}

static enum MHD_Result answer_status(struct httpd_exchange *x, unsigned status)
{
        const char *allow = status == MHD_HTTP_METHOD_NOT_ALLOWED ? "GET, HEAD" : NULL;

        x->response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        if (!x->response || add_header(x->response, MHD_HTTP_HEADER_ALLOW, allow) < 0 ||
            add_header(x->response, MHD_HTTP_HEADER_CONNECTION, x->httpd->lifetime > 0 ? "close" : NULL) < 0)
                return MHD_NO;

        x->handed = true;
        return MHD_queue_response(x->connection, status, x->response);
}

/* The headers are here, the body is not. What will not be taken is refused now. */
static enum MHD_Result start(struct httpd_exchange *x, const char *method)
{
        const char *length;
        int64_t bytes;

        x->started = true;
        if (!x->request.url || MHD_get_connection_values(x->connection, MHD_HEADER_KIND, on_header, &x->request) < 0)
                return MHD_NO;
        if (x->httpd->reads_only) {
                /* libmicrohttpd leaves the body out where it was asked for the head alone. */
                if (!text_equal(method, "GET") && !text_equal(method, "HEAD"))
                        return answer_status(x, MHD_HTTP_METHOD_NOT_ALLOWED);
                x->request.method = METHOD_GET;
        } else if (method_parse(method, &x->request.method) < 0) {
                return answer_status(x, MHD_HTTP_NOT_IMPLEMENTED);
        }

        length = request_header(&x->request, "Content-Length");
        if (length && (text_to_int64(length, &bytes) < 0 || (uint64_t)bytes > x->httpd->max_body))
                return answer_status(x, MHD_HTTP_CONTENT_TOO_LARGE);

        return MHD_YES;
}

static enum MHD_Result give_answer(struct httpd_exchange *x)
{
        return x->answer == ANSWER_REPLY ? MHD_queue_response(x->connection, x->status, x->response) : MHD_NO;
}

static enum MHD_Result hand_over(struct httpd_exchange *x)
{
        x->handed = true;
        if (x->body.len > 0) {
                x->request.body_len = x->body.len;
                x->request.body = buf_steal(&x->body);
        }
        x->httpd->handler(x->httpd->userdata, &x->request, x);
        if (x->answer != ANSWER_NONE)
                return give_answer(x);

        x->suspended = true;
        MHD_suspend_connection(x->connection);
        return MHD_YES;
}

/* Called with the headers, with each piece of the body, at its end, and again when a suspended exchange goes on. MHD_NO
 * closes the connection without a byte. */
static enum MHD_Result on_request(_unused_ void *userdata, _unused_ struct MHD_Connection *connection,
                                  _unused_ const char *url, const char *method, _unused_ const char *version,
                                  const char *upload, size_t *upload_size, void **exchange)
{
        struct httpd_exchange *x = *exchange;

        if (!x)
                return MHD_NO;
        if (!x->started)
                return start(x, method);

        if (*upload_size > 0) {
                if (buf_add(&x->body, upload, *upload_size) < 0)
                        return MHD_NO;
                *upload_size = 0;
                return MHD_YES;
        }

        if (!x->handed)
                return hand_over(x);
        return x->answer == ANSWER_NONE ? MHD_YES : give_answer(x);
}

/* libmicrohttpd's epoll descriptor says when there is work; its timeout must be asked for anew after each run. Neither
 * tells of an exchange that was resumed, nor that there is room again for a connection that waits. */
static int run(struct httpd *h)
{
        MHD_UNSIGNED_LONG_LONG milliseconds;
        usec_t at = USEC_INFINITY;

        h->again = false;
        if (MHD_run(h->daemon) != MHD_YES)
                return -EIO;

        if (h->again)
                at = 0;
        else if (MHD_get_timeout(h->daemon, &milliseconds) == MHD_YES)
                at = usec_add(loop_now(h->loop), milliseconds * USEC_PER_MSEC);

        return loop_timer_set(h->timer, at);
}

static int on_work(void *userdata, _unused_ int fd, _unused_ uint32_t revents)
{
        return run(userdata);
}

static int on_timeout(void *userdata)
{
        return run(userdata);
}

/* Answers. */

static void end_exchange(struct httpd_exchange *x, enum answer answer)
{
        x->answer = answer;
        if (!x->suspended)
                return; /* the handler is running */

        x->suspended = false;
        MHD_resume_connection(x->connection);
        x->httpd->again = true;
        (void)loop_timer_set(x->httpd->timer, 0);
}

static int add_headers(const struct httpd *httpd, struct MHD_Response *response, const struct reply *rp,
                       const struct header *more, size_t n_more)
{
        char seconds[32];
        int r;

        r = add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, rp->content_type);
        if (r == 0)
                r = add_header(response, MHD_HTTP_HEADER_LOCATION, rp->location);
        if (r == 0)
                r = add_header(response, MHD_HTTP_HEADER_SET_COOKIE, rp->set_cookie);
        if (r == 0 && httpd->lifetime > 0)
                r = add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
        for (size_t i = 0; r == 0 && i < n_more; i++)
                r = add_header(response, more[i].name, more[i].value);
        if (r == 0 && rp->retry_after > 0) {
                (void)snprintf(seconds, sizeof(seconds), "%" PRIu64, (rp->retry_after - 1) / USEC_PER_SEC + 1);
                r = add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
        }

        return r;
}

/* Takes the response, which may be NULL: out of memory. */
static int reply_with(struct httpd_exchange *x, const struct reply *rp, const struct header *more, size_t n_more,
                      struct MHD_Response *response)
{
        int r = -ENOMEM;

        x->response = response;
        x->pending = response ? rp->body_len : 0;
        x->httpd->pending += x->pending;
        if (response)
                r = rp->status >= 200 && rp->status <= 999 ? add_headers(x->httpd, response, rp, more, n_more)
                                                           : -EINVAL;

        x->status = (unsigned)rp->status;
        end_exchange(x, r == 0 ? ANSWER_REPLY : ANSWER_DROP);
        return r;
}

int httpd_reply_more(struct httpd_exchange *x, const struct reply *rp, const struct header *more, size_t n_more)
{
        return reply_with(x, rp, more, n_more,
                          MHD_create_response_from_buffer(rp->body_len, rp->body, MHD_RESPMEM_MUST_COPY));
}

int httpd_reply(struct httpd_exchange *x, const struct reply *rp)
{
        return httpd_reply_more(x, rp, NULL, 0);
}

static ssize_t read_truncated(void *userdata, uint64_t position, char *buffer, size_t max)
{
        const struct truncated_body *body = userdata;
        size_t n;

        if (position >= body->length)
                return MHD_CONTENT_READER_END_WITH_ERROR;

        n = body->length - position < max ? body->length - position : max;
        memcpy(buffer, body->bytes + position, n);
        return (ssize_t)n;
}

static void free_truncated(void *userdata)
{
        struct truncated_body *body = userdata;

        free(body->bytes);
        free(body);
}

static struct MHD_Response *truncated_response(const struct reply *rp, size_t bytes)
{
        struct MHD_Response *response = NULL;
        struct truncated_body *body;

        body = calloc(1, sizeof(*body));
        if (!body)
                return NULL;

        body->length = bytes;
        body->bytes = malloc(bytes + 1);
        if (body->bytes) {
                memcpy(body->bytes, rp->body, bytes);
                response = MHD_create_response_from_callback(rp->body_len, CONNECTION_MEMORY, read_truncated, body,
                                                             free_truncated);
        }
        if (!response)
                free_truncated(body);

        return response;
}

int httpd_reply_truncated(struct httpd_exchange *x, const struct reply *rp, size_t bytes)
{
        if (bytes >= rp->body_len)
                return httpd_reply(x, rp);

        return reply_with(x, rp, NULL, 0, truncated_response(rp, bytes));
}

void httpd_drop(struct httpd_exchange *x)
{
        end_exchange(x, ANSWER_DROP);
}

/* Guests: connections come and go, and those that stay too long are shown out. */

static int set_over(struct httpd *h)
{
        return loop_timer_set(h->over, h->guests ? h->guests->until : USEC_INFINITY);
}

static void leave_list(struct httpd *h, struct guest *g)
{
        if (!g->link)
                return;

        *g->link = g->next;
        if (g->next)
                g->next->link = g->link;
        else
                h->last_guest = g->link;
        g->link = NULL;
}

/* libmicrohttpd sees that the socket is shut, and closes the connection by itself. */
static int on_over(void *userdata)
{
        struct httpd *h = userdata;
        usec_t now = loop_now(h->loop);

        while (h->guests && h->guests->until <= now) {
                struct guest *g = h->guests;
                const union MHD_ConnectionInfo *info;

                info = MHD_get_connection_info(g->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
                if (info)
                        (void)shutdown(info->connect_fd, SHUT_RDWR);
                leave_list(h, g);
        }

        return set_over(h);
}

static void on_connection(void *userdata, struct MHD_Connection *connection, void **guest,
                          enum MHD_ConnectionNotificationCode what)
{
        struct httpd *h = userdata;
        struct guest *g;

        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                h->again = true;
                g = *guest;
                if (g)
                        leave_list(h, g);
                free(g);
                *guest = NULL;
                return;
        }

        g = h->lifetime > 0 ? calloc(1, sizeof(*g)) : NULL; /* out of memory: that it is idle still ends it */
        if (!g)
                return;
        *g = (struct guest){
                .connection = connection,
                .until = usec_add(loop_now(h->loop), h->lifetime),
                .link = h->last_guest,
        };
        *h->last_guest = g;
        h->last_guest = &g->next;
        *guest = g;
        if (h->guests == g)
                (void)set_over(h);
}

/* Listening. */

static int start_daemon(struct httpd *h, const struct httpd_options *o, struct error *e)
{
        unsigned idle = (unsigned)((o->idle > 0 ? o->idle : IDLE) / USEC_PER_SEC);
        const union MHD_DaemonInfo *info;

        h->daemon = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL, on_request, h,
                MHD_OPTION_LISTEN_SOCKET, h->listener.fd, MHD_OPTION_URI_LOG_CALLBACK, on_request_line, h,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
                MHD_OPTION_CONNECTION_TIMEOUT, idle, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                o->connections > 0 ? MHD_OPTION_CONNECTION_LIMIT : MHD_OPTION_END, o->connections, MHD_OPTION_END);
        if (!h->daemon)
                return error_set(e, -EIO, "the HTTP server cannot be started");
        h->listener.fd = -1; /* it is libmicrohttpd's to close */

        info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (!info)
                return error_set(e, -ENOTSUP, "libmicrohttpd was built without epoll");

        return loop_fd_new(h->loop, info->epoll_fd, EPOLLIN, on_work, h, &h->watch, e);
}

int httpd_new(struct loop *loop, const struct httpd_options *options, httpd_handler handler, void *userdata,
              struct httpd **ret, struct error *e)
{
        _cleanup_(httpd_free_p) struct httpd *h = NULL;
        int r;

        h = calloc(1, sizeof(*h));
        if (!h)
                return error_oom(e);
        *h = (struct httpd){
                .loop = loop,
                .listener = LISTENER_NONE,
                .max_body = options->max_body,
                .lifetime = options->lifetime,
                .reads_only = options->reads_only,
                .handler = handler,
                .userdata = userdata,
                .last_guest = &h->guests,
        };

        r = listener_open(options->address, &h->listener, e);
        if (r == 0)
                r = loop_timer_new(loop, on_timeout, h, &h->timer, e);
        if (r == 0)
                r = loop_timer_new(loop, on_over, h, &h->over, e);
        if (r == 0)
                r = start_daemon(h, options, e);
        if (r < 0)
                return r;

        *ret = STEAL(h);
        return 0;
}

/* libmicrohttpd aborts when it is stopped with connections suspended. */
struct httpd *httpd_free(struct httpd *h)
{
        if (!h)
                return NULL;

        for (struct httpd_exchange *x = h->exchanges; x; x = x->next)
                if (x->suspended)
                        httpd_drop(x);

        loop_fd_free(h->watch);
        loop_timer_free(h->timer);
        if (h->daemon)
                MHD_stop_daemon(h->daemon);
        loop_timer_free(h->over); /* those who are still there go when the daemon stops */
        listener_done(&h->listener);
        free(h);
        return NULL;
}

uint16_t httpd_port(const struct httpd *h)
{
        return h->listener.port;
}

size_t httpd_pending(const struct httpd *h)
{
        return h->pending;
}
