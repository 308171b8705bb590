/* SPDX-License-Identifier: MIT */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "reconcile/base/failpoint.h"
#include "reconcile/base/text.h"
#include "reconcile/io/http.h"
#include "reconcile/io/http_deadline.h"
#include "reconcile/io/http_headers.h"
#include "reconcile/io/http_outcome.h"

#define CONNECT_TIMEOUT_MAX (10 * USEC_PER_SEC)
#define HANDLES_KEPT_MAX 64
#define WHY_MAX 512

/* One exchange. Its easy handle is taken from those kept, and goes back there. */
struct transfer {
        struct http *http;
        uint64_t id;
        bool read;
        CURL *easy;
        struct curl_slist *headers;
        char *why; /* WHY_MAX bytes */
        char tls_words[CURL_ERROR_SIZE];
        struct http_outcome outcome; /* what is known so far; a failure set here is ours, not libcurl's */
        struct http_deadline deadline;
        struct loop_timer *timer; /* the deadline's next */

        struct buf body;
        struct http_headers reply_headers;
        struct transfer *next, **link;
};

struct http {
        struct loop *loop;
        struct loop_timer *timer; /* libcurl's */
        CURLM *multi;

        char *ca_file, *socket;
        bool insecure;
        size_t max_body;
        http_done_fn done;
        void *userdata;

        struct transfer *transfers;
        CURL *kept[HANDLES_KEPT_MAX];
        size_t n_kept;
        bool curl_is_set_up;
};

static struct transfer *transfer_free(struct transfer *t)
{
        if (!t)
                return NULL;

        loop_timer_free(t->timer);
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers);
        buf_done(&t->body);
        http_headers_done(&t->reply_headers);
        http_outcome_done(&t->outcome);
        free(t->why);
        free(t);
        return NULL;
}
DEFINE_CLEANUP(struct transfer *, transfer_free)

/* What arrives. */

static size_t on_body(char *data, _unused_ size_t size, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        int r;

        r = buf_add(&t->body, data, n);
        if (r < 0)
                t->outcome.failure = r == -ENOBUFS ? HTTP_FAILURE_BODY_TOO_LARGE : HTTP_FAILURE_MEMORY;

        return r < 0 ? 0 : n; /* 0 ends the exchange */
}

/* A reply begins with its final status line: an interim one is only a sign of life. */
static void note_begun(struct transfer *t)
{
        long status = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status < 200 || http_deadline_has_begun(&t->deadline))
                return;

        http_deadline_reply_begins(&t->deadline, loop_now(t->http->loop));
        (void)loop_timer_set(t->timer, http_deadline_next(&t->deadline));
}

static size_t on_header(char *line, _unused_ size_t size, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        int r;

        r = http_headers_add(&t->reply_headers, line, n, wall_now());
        if (r < 0) {
                t->outcome.failure = r == -ENOBUFS ? HTTP_FAILURE_HEADERS_TOO_LARGE : HTTP_FAILURE_MEMORY;
                return 0;
        }

        note_begun(t);
        return n;
}

/* Called when the connection, with its TLS, stands, just before the first byte of the request. The machine may have
 * slept, or the process been stopped, on the way here: a request whose time is over does not go out any more. */
static int on_connected(void *userdata, _unused_ char *remote, _unused_ char *local, _unused_ int remote_port,
                        _unused_ int local_port)
{
        struct transfer *t = userdata;

        if (!t->outcome.sending && loop_now(t->http->loop) >= t->deadline.at) {
                t->outcome.failure = HTTP_FAILURE_DEADLINE;
                return CURL_PREREQFUNC_ABORT;
        }

        if (!t->read)
                FAILPOINT("before", "request");
        t->outcome.sending = true;
        return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket_wanted(void *userdata, _unused_ curlsocktype purpose, struct curl_sockaddr *address)
{
        struct transfer *t = userdata;
        int fd;

        fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
        if (fd < 0)
                t->outcome.system = errno;

        return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* What is not told apart here is told by libcurl's words and by how far the exchange had come. */
static enum http_failure failure_of(CURLcode result, bool sending)
{
        static const struct {
                CURLcode result;
                enum http_failure failure;
        } failures[] = {
                { CURLE_OK, HTTP_NO_FAILURE },
                { CURLE_COULDNT_RESOLVE_HOST, HTTP_FAILURE_RESOLVE },
                { CURLE_COULDNT_CONNECT, HTTP_FAILURE_CONNECT },
                { CURLE_OPERATION_TIMEDOUT, HTTP_FAILURE_DEADLINE },
                { CURLE_PEER_FAILED_VERIFICATION, HTTP_FAILURE_CERTIFICATE },
                { CURLE_SSL_CACERT_BADFILE, HTTP_FAILURE_CA_FILE },
                { CURLE_SSL_CONNECT_ERROR, HTTP_FAILURE_TLS },
                { CURLE_WEIRD_SERVER_REPLY, HTTP_FAILURE_NOT_HTTP },
                { CURLE_GOT_NOTHING, HTTP_FAILURE_CLOSED },
                { CURLE_BAD_CONTENT_ENCODING, HTTP_FAILURE_COMPRESSION },
                { CURLE_OUT_OF_MEMORY, HTTP_FAILURE_MEMORY },
        };

        for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
                if (failures[i].result == result)
                        return failures[i].failure;

        /* First it is said of the URL, and later of the answer. */
        if (result == CURLE_UNSUPPORTED_PROTOCOL)
                return sending ? HTTP_FAILURE_NOT_HTTP : HTTP_FAILURE_SCHEME;

        return HTTP_FAILURE_OTHER;
}

static void complete_outcome(struct transfer *t, CURLcode result)
{
        struct http_outcome *o = &t->outcome;
        curl_off_t got = 0, expected = -1;
        long number = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &got);
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &expected);
        (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);

        if (o->failure == HTTP_NO_FAILURE)
                o->failure = failure_of(result, o->sending);
        if (o->failure == HTTP_NO_FAILURE && !t->reply_headers.ended)
                o->failure = HTTP_FAILURE_OTHER; /* libcurl takes a reply that breaks off among its headers for whole */
        o->words = curl_easy_strerror(result);
        o->begun = http_deadline_has_begun(&t->deadline);
        o->got = got;
        o->expected = expected;
        if (o->system == 0)
                o->system = (int)number;
}

/* All memory that a reply needs was taken when the request was sent, so that its end can always be told. */
static struct reply take_reply(struct transfer *t, CURLcode result)
{
        struct reply rp = { .retry_after = t->reply_headers.retry_after };
        long status = 0;

        complete_outcome(t, result);
        rp.end = http_outcome_end(&t->outcome);
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        rp.status = (int)status;
        rp.content_type = STEAL(t->reply_headers.content_type);
        rp.location = STEAL(t->reply_headers.location);
        rp.set_cookie = STEAL(t->reply_headers.set_cookie);

        if (rp.end != REPLY_COMPLETE) {
                http_outcome_words(&t->outcome, t->why, WHY_MAX);
                rp.why = STEAL(t->why);
                buf_reset(&t->body);
        }
        rp.body_len = t->body.len;
        rp.body = buf_steal(&t->body);
        return rp;
}

/* Takes the exchange off the wire; its easy handle is kept for the next one. */
static void detach(struct transfer *t)
{
        struct http *h = t->http;

        *t->link = t->next;
        if (t->next)
                t->next->link = t->link;

        (void)curl_multi_remove_handle(h->multi, t->easy);
        curl_easy_reset(t->easy);
        if (h->n_kept < HANDLES_KEPT_MAX)
                h->kept[h->n_kept++] = STEAL(t->easy);
}

/* `done` may send and cancel, so whoever calls this looks at no other transfer that it knew before. */
static void finish(struct transfer *ended, CURLcode result)
{
        _cleanup_(transfer_free_p) struct transfer *t = ended;
        _cleanup_reply_ struct reply rp = take_reply(t, result);

        detach(t);
        if (!t->read)
                FAILPOINT("after", "reply");
        t->http->done(t->http->userdata, t->id, &rp);
}

static int on_deadline(void *userdata)
{
        struct transfer *t = userdata;
        curl_off_t body = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
        t->outcome.failure = http_deadline_look(&t->deadline, loop_now(t->http->loop),
                                                t->reply_headers.bytes + (uint64_t)body);

        if (t->outcome.failure == HTTP_NO_FAILURE)
                return loop_timer_set(t->timer, http_deadline_next(&t->deadline));

        finish(t, CURLE_OPERATION_TIMEDOUT);
        return 0;
}

/* libcurl's sockets and its timer, on the loop. */

static void end_finished(struct http *h)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(h->multi, &left))) {
                char *t = NULL;

                (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
                finish((struct transfer *)(void *)t, message->data.result);
        }
}

static int act_on(struct http *h, curl_socket_t fd, int events)
{
        int running;

        (void)curl_multi_socket_action(h->multi, fd, events, &running);
        end_finished(h);
        return 0;
}

static int on_curl_timer(void *userdata)
{
        return act_on(userdata, CURL_SOCKET_TIMEOUT, 0);
}

/* An error on the socket is left to libcurl to find, where it reads or writes. */
static int on_socket_ready(void *userdata, int fd, uint32_t revents)
{
        int events = (revents & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                     (revents & (EPOLLOUT | EPOLLERR) ? CURL_CSELECT_OUT : 0);

        return act_on(userdata, fd, events);
}

static int on_timer_wanted(_unused_ CURLM *multi, long milliseconds, void *userdata)
{
        struct http *h = userdata;
        usec_t at = USEC_INFINITY;

        if (milliseconds >= 0)
                at = usec_add(loop_now(h->loop), (usec_t)milliseconds * USEC_PER_MSEC);
        (void)loop_timer_set(h->timer, at);
        return 0;
}

/* A socket that cannot be watched, for want of memory, leaves its exchange to its deadline: libcurl would give up every
 * exchange if this failed. */
static int on_watch_wanted(_unused_ CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data)
{
        uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                          (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
        struct http *h = userdata;
        struct loop_fd *watch = socket_data;

        if (what == CURL_POLL_REMOVE) {
                (void)curl_multi_assign(h->multi, fd, NULL);
                loop_fd_free(watch);
        } else if (watch) {
                (void)loop_fd_events(watch, events);
        } else if (loop_fd_new(h->loop, fd, events, on_socket_ready, h, &watch, NULL) == 0) {
                (void)curl_multi_assign(h->multi, fd, watch);
        }

        return 0;
}

/* Requests out. */

/* A chain of curl_easy_setopt() that ends at its first failure. */
#define SET(option, value)                                                \
        do {                                                              \
                if (result == CURLE_OK)                                   \
                        result = curl_easy_setopt(easy, option, (value)); \
        } while (false)

static CURLcode set_policy(CURL *easy, const struct http *h)
{
        const char *system_bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
        CURLcode result = CURLE_OK;

        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, ""); /* none, whatever the environment says */
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_QUICK_EXIT, 1L); /* cancelling waits for no name lookup */
        SET(CURLOPT_ACCEPT_ENCODING, "gzip");
        SET(CURLOPT_USERAGENT, "muster/" MUSTER_VERSION);
        SET(CURLOPT_UNIX_SOCKET_PATH, h->socket);

        SET(CURLOPT_SSL_VERIFYPEER, h->insecure ? 0L : 1L);
        SET(CURLOPT_SSL_VERIFYHOST, h->insecure ? 0L : 2L);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (h->ca_file)
                SET(CURLOPT_CAINFO, h->ca_file);
        /* A folder of certificates would be trusted beside the file, and keeps libcurl from parsing the file only once. */
        if (h->ca_file || system_bundle)
                SET(CURLOPT_CAPATH, NULL);

        return result;
}

static CURLcode set_callbacks(CURL *easy, struct transfer *t)
{
        CURLcode result = CURLE_OK;

        SET(CURLOPT_PRIVATE, t);
        SET(CURLOPT_ERRORBUFFER, t->tls_words);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        SET(CURLOPT_PREREQFUNCTION, on_connected);
        SET(CURLOPT_PREREQDATA, t);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket_wanted);
        SET(CURLOPT_OPENSOCKETDATA, t);

        return result;
}

static bool has_body(const struct request *rq)
{
        return rq->body || rq->method == METHOD_POST || rq->method == METHOD_PUT || rq->method == METHOD_PATCH;
}

static CURLcode set_request(CURL *easy, const struct transfer *t, const struct request *rq)
{
        CURLcode result = CURLE_OK;

        SET(CURLOPT_URL, rq->url);
        SET(CURLOPT_HTTPHEADER, t->headers);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(t->outcome.connect_timeout / USEC_PER_MSEC));
        if (has_body(rq)) {
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
                SET(CURLOPT_COPYPOSTFIELDS, rq->body ? rq->body : "");
        }
        SET(CURLOPT_CUSTOMREQUEST, method_name(rq->method));

        /* On a connection that was used before, libcurl would send a request again when it dies unanswered. */
        SET(CURLOPT_FRESH_CONNECT, rq->read ? 0L : 1L);
        SET(CURLOPT_FORBID_REUSE, rq->read ? 0L : 1L);

        return result;
}

static int add_header(struct transfer *t, const char *line)
{
        struct curl_slist *list = curl_slist_append(t->headers, line);

        if (!list)
                return -ENOMEM;

        t->headers = list;
        return 0;
}

/* The headers of the request, and none that libcurl would add to a body of its own accord. */
static int add_headers(struct transfer *t, const struct request *rq)
{
        _cleanup_buf_ struct buf line = BUF_INIT(HTTP_HEADERS_MAX);
        int r;

        r = add_header(t, "Expect:");
        if (r == 0 && !request_header(rq, "Content-Type"))
                r = add_header(t, "Content-Type:");

        for (size_t i = 0; r == 0 && i < rq->n_headers; i++) {
                const char *name = rq->headers[i].name, *value = rq->headers[i].value;

                buf_reset(&line);
                r = *value ? buf_addf(&line, "%s: %s", name, value) : buf_addf(&line, "%s;", name);
                if (r == 0)
                        r = add_header(t, buf_text(&line));
        }

        return r;
}

static int transfer_new(struct http *h, uint64_t id, const struct request *rq, struct transfer **ret)
{
        _cleanup_(transfer_free_p) struct transfer *t = NULL;
        int r;

        t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (struct transfer){
                .http = h,
                .id = id,
                .read = rq->read,
                .easy = h->n_kept > 0 ? h->kept[--h->n_kept] : curl_easy_init(),
                .why = calloc(1, WHY_MAX),
                .deadline = http_deadline_start(loop_now(h->loop), rq->timeout),
                .body = BUF_INIT(h->max_body),
                .outcome = {
                        .peer = h->socket ? strdup(h->socket) : http_peer_of(rq->url),
                        .ca_file = h->ca_file,
                        .tls_words = t->tls_words,
                        .timeout = rq->timeout,
                        .connect_timeout = usec_min(rq->timeout, CONNECT_TIMEOUT_MAX),
                        .max_body = h->max_body,
                },
        };
        t->outcome.stall_window = t->deadline.window;
        if (!t->easy || !t->why || !t->outcome.peer)
                return -ENOMEM;

        r = buf_add(&t->body, "", 0);
        if (r == 0)
                r = add_headers(t, rq);
        if (r == 0)
                r = loop_timer_new(h->loop, on_deadline, t, &t->timer, NULL);
        if (r == 0)
                r = loop_timer_set(t->timer, http_deadline_next(&t->deadline));
        if (r < 0)
                return r;

        if (set_policy(t->easy, h) != CURLE_OK || set_callbacks(t->easy, t) != CURLE_OK ||
            set_request(t->easy, t, rq) != CURLE_OK)
                return -ENOMEM;

        *ret = STEAL(t);
        return 0;
}

int http_send(struct http *h, uint64_t id, const struct request *rq, struct error *e)
{
        _cleanup_(transfer_free_p) struct transfer *t = NULL;
        int r;

        if (rq->timeout < USEC_PER_MSEC || rq->timeout == USEC_INFINITY)
                return error_set(e, -EINVAL, "a request needs a deadline");

        r = transfer_new(h, id, rq, &t);
        if (r < 0)
                return error_set(e, r, "cannot prepare a request: %s", strerror(-r));
        if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
                return error_oom(e);

        t->next = h->transfers;
        t->link = &h->transfers;
        if (t->next)
                t->next->link = &t->next;
        h->transfers = STEAL(t);
        return 0;
}

void http_cancel(struct http *h, uint64_t id)
{
        for (struct transfer *t = h->transfers; t; t = t->next)
                if (t->id == id) {
                        detach(t);
                        transfer_free(t);
                        return;
                }
}

static int set_up_multi(struct http *h, const struct http_options *options)
{
        h->multi = curl_multi_init();
        if (!h->multi)
                return -ENOMEM;

        if (curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_watch_wanted) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)options->connections) != CURLM_OK)
                return -EINVAL;

        return 0;
}

int http_new(struct loop *loop, const struct http_options *options, http_done_fn done, void *userdata,
             struct http **ret, struct error *e)
{
        _cleanup_(http_free_p) struct http *h = NULL;
        int r;

        h = calloc(1, sizeof(*h));
        if (!h)
                return error_oom(e);
        *h = (struct http){
                .loop = loop,
                .insecure = options->insecure,
                .max_body = options->max_body,
                .done = done,
                .userdata = userdata,
                .ca_file = options->ca_file ? strdup(options->ca_file) : NULL,
                .socket = options->socket ? strdup(options->socket) : NULL,
        };
        if ((options->ca_file && !h->ca_file) || (options->socket && !h->socket))
                return error_oom(e);

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return error_set(e, -EIO, "libcurl cannot be set up");
        h->curl_is_set_up = true;

        r = loop_timer_new(loop, on_curl_timer, h, &h->timer, e);
        if (r < 0)
                return r;

        r = set_up_multi(h, options);
        if (r < 0)
                return error_set(e, r, "libcurl cannot be set up: %s", strerror(-r));

        *ret = STEAL(h);
        return 0;
}

struct http *http_free(struct http *h)
{
        if (!h)
                return NULL;

        while (h->transfers) {
                struct transfer *t = h->transfers;

                detach(t);
                transfer_free(t);
        }
        while (h->n_kept > 0)
                curl_easy_cleanup(h->kept[--h->n_kept]);
        if (h->multi)
                (void)curl_multi_cleanup(h->multi);
        if (h->curl_is_set_up)
                curl_global_cleanup();

        loop_timer_free(h->timer);
        free(h->ca_file);
        free(h->socket);
        free(h);
        return NULL;
}
