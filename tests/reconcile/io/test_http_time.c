/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/http_client.h"
#include "tests/support/raw_server.h"

/* The bounds in time, and what ends an exchange from our side. Waits are short, and nothing is asserted of how long
 * they took. */

#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void serve_text(struct raw_server *server, int fd, void *userdata)
{
        while (raw_read_request(server, fd) > 0)
                if (raw_writes(fd, userdata) < 0)
                        return;
}

/* Says so much, and then nothing more until the peer goes. */
static void serve_and_hold(struct raw_server *server, int fd, void *userdata)
{
        if (raw_read_request(server, fd) > 0 && raw_writes(fd, userdata) == 0)
                raw_hold(server, fd);
}

/* Never reads nor writes. */
static void serve_hold(struct raw_server *server, int fd, _unused_ void *userdata)
{
        raw_hold(server, fd);
}

static struct raw_server *start(raw_server_fn fn, const char *text)
{
        struct raw_server *server = raw_server_new(fn, (void *)text);

        assert_non_null(server);
        return server;
}

static void sleep_for(usec_t length)
{
        const struct timespec ts = { .tv_sec = (time_t)(length / USEC_PER_SEC),
                                     .tv_nsec = (long)(length % USEC_PER_SEC) * 1000 };

        (void)nanosleep(&ts, NULL);
}

static void silent_server_times_out(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_and_hold, "");
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");
        const struct reply *rp;

        rq.timeout = 200 * USEC_PER_MSEC;
        rp = client_ask(client, 1, &rq);
        assert_int_equal(rp->end, REPLY_TIMEOUT);
        assert_int_equal(rp->status, 0);
        assert_string_equal(rp->why, "no answer within 200ms");
        assert_int_equal(raw_server_requests(server), 1);
}

static void reply_that_stalls_times_out(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(
                serve_and_hold, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_GET, raw_server_port(server), "/");
        const struct reply *rp;

        /* The bytes that came count for the first window, none comes in the second. */
        rq.timeout = 4 * USEC_PER_SEC;
        rq.read = true;
        rp = client_ask(client, 1, &rq);
        assert_int_equal(rp->end, REPLY_TIMEOUT);
        assert_int_equal(rp->status, 200);
        assert_int_equal(rp->body_len, 0);
        assert_string_equal(rp->why, "the reply stalled for 1s");
}

/* Slow by nature: nothing for longer than the window in which a stall would be seen. */
static void serve_late(struct raw_server *server, int fd, void *userdata)
{
        if (raw_read_request(server, fd) == 0)
                return;
        sleep_for(800 * USEC_PER_MSEC);
        (void)raw_writes(fd, userdata);
}

static void silence_before_the_reply_is_no_stall(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_late, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/expand");

        rq.timeout = 2 * USEC_PER_SEC; /* a window of 500ms */
        assert_int_equal(client_ask(client, 1, &rq)->end, REPLY_COMPLETE);
}

/* A byte a while, without end. */
static void serve_drops(struct raw_server *server, int fd, _unused_ void *userdata)
{
        if (raw_read_request(server, fd) == 0 || raw_writes(fd, "HTTP/1.1 200 OK\r\n\r\n") < 0)
                return;
        while (raw_writes(fd, "x") == 0)
                sleep_for(20 * USEC_PER_MSEC);
}

static void reply_without_end_times_out(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_drops, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_GET, raw_server_port(server), "/");
        const struct reply *rp;

        rq.timeout = 500 * USEC_PER_MSEC;
        rp = client_ask(client, 1, &rq);
        assert_int_equal(rp->end, REPLY_TIMEOUT);
        assert_string_equal(rp->why, "the reply did not end within 500ms");
}

/* A listener whose queue is full: the kernel answers no further connect. */
static int open_full_listener(int fillers[4], uint16_t *ret_port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(fd, 0), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        for (int i = 0; i < 4; i++) {
                fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)connect(fillers[i], (struct sockaddr *)&address, size);
        }

        *ret_port = ntohs(address.sin_port);
        return fd;
}

static void connect_that_never_ends_was_not_sent(_unused_ void **state)
{
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = {};
        const struct reply *rp;
        int fillers[4], fd;
        uint16_t port;

        fd = open_full_listener(fillers, &port);
        rq = client_request(METHOD_POST, port, "/");
        rq.timeout = 300 * USEC_PER_MSEC;
        rp = client_ask(client, 1, &rq);
        assert_int_equal(rp->end, REPLY_NOT_SENT);
        assert_non_null(strstr(rp->why, "no connection to 127.0.0.1:"));
        assert_non_null(strstr(rp->why, "within 300ms"));

        close(fd);
        for (int i = 0; i < 4; i++)
                close(fillers[i]);
}

static void tls_that_never_ends_was_not_sent(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_hold, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = {};
        _cleanup_free_ char *url = NULL;

        assert_true(asprintf(&url, "https://127.0.0.1:%u/", raw_server_port(server)) > 0);
        rq = client_request(METHOD_POST, -1, url);
        rq.timeout = 300 * USEC_PER_MSEC;
        assert_int_equal(client_ask(client, 1, &rq)->end, REPLY_NOT_SENT);
}

static int on_pause(void *userdata)
{
        sleep_for(*(usec_t *)userdata);
        return 0;
}

/* As after the machine slept, or the process was stopped: before the connect, and between it and the first byte. */
static void request_whose_time_is_over_does_not_go_out(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");
        _cleanup_(loop_timer_free_p) struct loop_timer *timer = NULL;
        usec_t pause = 300 * USEC_PER_MSEC;

        rq.timeout = 200 * USEC_PER_MSEC;
        client_send(client, 1, &rq);
        sleep_for(pause);
        client_wait(client, 1);
        assert_int_equal(client->replies[1].end, REPLY_NOT_SENT);

        assert_int_equal(loop_timer_new(client->loop, on_pause, &pause, &timer, NULL), 0);
        client_send(client, 2, &rq);
        assert_int_equal(loop_timer_set(timer, loop_now(client->loop)), 0); /* libcurl's was set before */
        client_wait(client, 1);
        assert_int_equal(client->replies[2].end, REPLY_NOT_SENT);

        timer = loop_timer_free(timer);
        rq.timeout = 20 * USEC_PER_SEC;
        assert_int_equal(client_ask(client, 3, &rq)->end, REPLY_COMPLETE);
        assert_int_equal(raw_server_requests(server), 1);
}

static void request_needs_a_deadline(_unused_ void **state)
{
        static const usec_t wrong[] = { 0, 1, USEC_INFINITY };
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_GET, 1, "/");
        struct error e = {};

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                rq.timeout = wrong[i];
                assert_int_equal(http_send(client->http, 1, &rq, &e), -EINVAL);
        }
        assert_int_equal(client->calls[1], 0);
}

static void slow_server_holds_up_no_other(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *slow = start(serve_and_hold, "");
        _cleanup_(raw_server_free_p) struct raw_server *quick = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(slow), "/");

        client_send(client, 0, &rq);
        for (uint64_t i = 1; i <= 20; i++)
                assert_int_equal(client_get(client, i, raw_server_port(quick), "/")->end, REPLY_COMPLETE);
        assert_int_equal(client->calls[0], 0); /* and freed in flight */
}

static void cancelled_is_not_heard_of_again(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_GET, raw_server_port(server), "/");

        rq.read = true;
        client_send(client, 1, &rq);
        client_send(client, 2, &rq);
        http_cancel(client->http, 1);
        http_cancel(client->http, 77); /* unknown */
        client_wait(client, 1);
        assert_int_equal(client->calls[1], 0);
        assert_int_equal(client->calls[2], 1);
        http_cancel(client->http, 2); /* over already */
        assert_int_equal(client_get(client, 3, raw_server_port(server), "/")->end, REPLY_COMPLETE);
        assert_int_equal(client->calls[1], 0);
}

/* From within `done` further requests are sent and others cancelled. */
struct relay {
        struct loop *loop;
        struct http *http;
        const struct request *rq;
        unsigned calls;
};

static void on_relay(void *userdata, uint64_t id, struct reply *rp)
{
        struct relay *relay = userdata;

        assert_int_equal(rp->end, REPLY_COMPLETE);
        relay->calls++;
        http_cancel(relay->http, id);     /* itself: over already */
        http_cancel(relay->http, id + 1); /* one that may be over as well, with its reply not given yet */
        if (id < 20)
                assert_int_equal(http_send(relay->http, id + 2, relay->rq, NULL), 0);
        else
                loop_exit(relay->loop, 0);
}

static void done_may_send_and_cancel(_unused_ void **state)
{
        const struct http_options options = { .connections = 2, .max_body = 1000 };
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_request_ struct request rq = client_request(METHOD_GET, raw_server_port(server), "/");
        _cleanup_(loop_free_p) struct loop *loop = NULL;
        _cleanup_(http_free_p) struct http *http = NULL;
        struct relay relay = { .rq = &rq };
        struct error e = {};

        rq.read = true;
        assert_int_equal(loop_new(&loop, &e), 0);
        assert_int_equal(http_new(loop, &options, on_relay, &relay, &http, &e), 0);
        relay.loop = loop;
        relay.http = http;
        assert_int_equal(http_send(http, 0, &rq, &e), 0);
        assert_int_equal(loop_run(loop, &e), 0);
        assert_int_equal(relay.calls, 11);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(silent_server_times_out),
                cmocka_unit_test(reply_that_stalls_times_out),
                cmocka_unit_test(silence_before_the_reply_is_no_stall),
                cmocka_unit_test(reply_without_end_times_out),
                cmocka_unit_test(connect_that_never_ends_was_not_sent),
                cmocka_unit_test(tls_that_never_ends_was_not_sent),
                cmocka_unit_test(request_whose_time_is_over_does_not_go_out),
                cmocka_unit_test(request_needs_a_deadline),
                cmocka_unit_test(slow_server_holds_up_no_other),
                cmocka_unit_test(cancelled_is_not_heard_of_again),
                cmocka_unit_test(done_may_send_and_cancel),
        };

        return cmocka_run_group_tests_name("http time", tests, NULL, NULL);
}
