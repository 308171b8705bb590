/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "reconcile/base/text.h"
#include "reconcile/io/httpd.h"
#include "tests/support/http_client.h"

#define MAX_BODY 1000

/* A server and a client on one loop, and what the server saw. */
struct site {
        struct client *client;
        struct loop *loop;
        struct httpd *httpd;
        struct loop_timer *timer;

        unsigned calls;
        char seen[256]; /* method, URL, a header and the body of the last request */
        const struct request *request;
        struct httpd_exchange *waiting[8];
        unsigned n_waiting, stop_at; /* ends the loop when so many wait */

        struct loop_fd *watch;
        char answer[8192];
        size_t answer_len;
};

/* What is done with a request is in its path. */
static void serve(void *userdata, const struct request *rq, struct httpd_exchange *x)
{
        struct site *site = userdata;
        struct reply rp = { .status = 201,
                            .body = (char *)"0123456789",
                            .body_len = 10,
                            .content_type = (char *)"text/plain",
                            .location = (char *)"/there",
                            .set_cookie = (char *)"sid=1",
                            .retry_after = 1500 * USEC_PER_MSEC };
        const char *header = request_header(rq, "x-header");

        site->calls++;
        site->request = rq;
        (void)snprintf(site->seen, sizeof(site->seen), "%s %s %s %.*s", method_name(rq->method), rq->url,
                       header ? header : "-", rq->body ? (int)rq->body_len : 1, rq->body ? rq->body : "-");

        if (text_starts(rq->url, "/later")) {
                site->waiting[site->n_waiting++] = x;
                if (site->n_waiting == site->stop_at)
                        loop_exit(site->loop, 0);
        } else if (text_starts(rq->url, "/drop"))
                httpd_drop(x);
        else if (text_starts(rq->url, "/cut"))
                assert_int_equal(httpd_reply_truncated(x, &rp, (size_t)atoi(rq->url + strlen("/cut/"))), 0);
        else if (text_starts(rq->url, "/bad"))
                assert_int_equal(httpd_reply(x, &(struct reply){ .status = 7, .body = (char *)"" }), -EINVAL);
        else
                assert_int_equal(httpd_reply(x, &rp), 0);
}

static int answer_all(void *userdata)
{
        struct site *site = userdata;

        for (unsigned i = 0; i < site->n_waiting; i++)
                (void)httpd_reply(site->waiting[i],
                                  &(struct reply){ .status = 200, .body = (char *)"late", .body_len = 4 });
        site->n_waiting = 0;
        return 0;
}

static int make(struct site *site, const char *address, struct httpd **ret, struct error *e)
{
        const struct httpd_options options = { .address = address, .max_body = MAX_BODY };

        return httpd_new(site->loop, &options, serve, site, ret, e);
}

static int set_up(void **state)
{
        struct site *site = calloc(1, sizeof(*site));
        struct error e = {};

        *state = site;
        site->client = client_new(NULL);
        site->loop = site->client->loop;
        return loop_timer_new(site->loop, answer_all, site, &site->timer, &e) < 0 ||
                               make(site, "127.0.0.1:0", &site->httpd, &e) < 0
                       ? -1
                       : 0;
}

static int tear_down(void **state)
{
        struct site *site = *state;

        httpd_free(site->httpd);
        loop_timer_free(site->timer);
        client_free(site->client);
        free(site);
        return 0;
}

static const struct reply *get(struct site *site, uint64_t id, const char *path)
{
        return client_get(site->client, id, httpd_port(site->httpd), path);
}

static void request_is_whole_and_reply_too(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_PUT, httpd_port(site->httpd), "/a%2Fb?c=%20d+&e");
        const struct reply *rp;

        rq.body = strdup("{\"x\":1}");
        rq.body_len = strlen(rq.body);
        assert_int_equal(request_add_header(&rq, "X-Header", "value of it", NULL), 0);
        rp = client_ask(site->client, 1, &rq);

        assert_string_equal(site->seen, "PUT /a%2Fb?c=%20d+&e value of it {\"x\":1}");
        assert_int_equal(rp->end, REPLY_COMPLETE);
        assert_int_equal(rp->status, 201);
        assert_string_equal(rp->body, "0123456789");
        assert_string_equal(rp->content_type, "text/plain");
        assert_string_equal(rp->location, "/there");
        assert_string_equal(rp->set_cookie, "sid=1");
        assert_int_equal(rp->retry_after, 2 * USEC_PER_SEC);
}

static void methods_are_told_apart(void **state)
{
        struct site *site = *state;

        for (enum method m = METHOD_GET; m <= METHOD_DELETE; m++) {
                _cleanup_request_ struct request rq = client_request(m, httpd_port(site->httpd), "/");

                assert_int_equal(client_ask(site->client, (uint64_t)m, &rq)->status, 201);
                assert_true(text_starts(site->seen, method_name(m)));
        }
}

static void answer_may_come_later(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_POST, httpd_port(site->httpd), "/later");

        rq.body = strdup("body");
        rq.body_len = 4;
        site->stop_at = 3;
        for (uint64_t i = 0; i < 3; i++)
                client_send(site->client, i, &rq);
        client_wait(site->client, 0);
        assert_int_equal(site->n_waiting, 3);

        /* The request is still whole, and others are served meanwhile. */
        assert_int_equal(get(site, 3, "/now")->status, 201);
        assert_string_equal(site->waiting[2] ? site->seen : "", "GET /now - -");
        assert_int_equal(loop_timer_set(site->timer, 1), 0);
        client_wait(site->client, 3);
        for (size_t i = 0; i < 3; i++) {
                assert_int_equal(site->client->replies[i].end, REPLY_COMPLETE);
                assert_string_equal(site->client->replies[i].body, "late");
        }
        assert_int_equal(site->calls, 4); /* each was handed over once */
}

static void request_lives_until_it_is_answered(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_POST, httpd_port(site->httpd), "/later?x");

        rq.body = strdup("body");
        rq.body_len = 4;
        site->stop_at = 1;
        client_send(site->client, 1, &rq);
        client_wait(site->client, 0);

        assert_string_equal(site->request->url, "/later?x");
        assert_string_equal(site->request->body, "body");
        httpd_drop(site->waiting[0]);
        client_wait(site->client, 1);
        assert_int_equal(site->client->replies[1].end, REPLY_BROKEN);
        assert_non_null(strstr(site->client->replies[1].why, "without an answer"));
}

static void truncated_reply_states_its_whole_length(void **state)
{
        struct site *site = *state;

        for (int i = 0; i < 10; i++) {
                char path[32], why[64];

                (void)snprintf(path, sizeof(path), "/cut/%d", i);
                (void)snprintf(why, sizeof(why), "the reply ended after %d of 10 bytes", i);
                assert_int_equal(get(site, 1, path)->end, REPLY_BROKEN);
                assert_string_equal(site->client->replies[1].why, why);
                site->client->calls[1] = 0;
        }
        assert_int_equal(get(site, 2, "/cut/10")->end, REPLY_COMPLETE);
        assert_int_equal(get(site, 3, "/cut/99")->end, REPLY_COMPLETE);
}

static void impossible_reply_is_dropped(void **state)
{
        struct site *site = *state;

        assert_int_equal(get(site, 1, "/bad")->end, REPLY_BROKEN);
        assert_int_equal(get(site, 2, "/")->end, REPLY_COMPLETE);
}

static void long_body_is_refused(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_POST, httpd_port(site->httpd), "/");

        rq.body = calloc(1, MAX_BODY + 1);
        rq.body_len = MAX_BODY;
        assert_int_equal(client_ask(site->client, 1, &rq)->status, 201);
        rq.body_len = MAX_BODY + 1;
        assert_int_equal(client_ask(site->client, 2, &rq)->status, 413);
        assert_int_equal(site->calls, 1);
}

/* Raw clients. */

static int on_answer(void *userdata, int fd, _unused_ uint32_t revents)
{
        struct site *site = userdata;
        ssize_t n = recv(fd, site->answer + site->answer_len, sizeof(site->answer) - 1 - site->answer_len, 0);

        if (n < 0 && errno == EAGAIN)
                return 0;
        if (n > 0) {
                site->answer_len += (size_t)n;
                return 0;
        }

        site->watch = loop_fd_free(site->watch);
        loop_exit(site->loop, 0);
        return 0;
}

static int connect_to(const struct site *site)
{
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                       .sin_port = htons(httpd_port(site->httpd)) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        return fd;
}

/* Says so much, and reads to the end of the connection. */
static const char *converse(struct site *site, const char *text)
{
        _cleanup_close_ int fd = connect_to(site);
        struct error e = {};

        memset(site->answer, 0, sizeof(site->answer));
        site->answer_len = 0;
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
        assert_int_equal(loop_fd_new(site->loop, fd, EPOLLIN, on_answer, site, &site->watch, &e), 0);
        client_wait(site->client, 0);

        return site->answer;
}

static void drop_sends_no_byte(void **state)
{
        struct site *site = *state;

        assert_string_equal(converse(site, "GET /drop HTTP/1.1\r\nHost: a\r\n\r\n"), "");
        assert_int_equal(site->answer_len, 0);
        assert_int_equal(site->calls, 1);
}

static void strange_requests_are_refused(void **state)
{
        static const struct {
                const char *text, *answer;
        } cases[] = {
                { "BREW /pot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 501 " },
                { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", "HTTP/1.1 4" },
                { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 " },
                { "nonsense\r\n\r\n", "" },
        };
        struct site *site = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (!text_starts(converse(site, cases[i].text), cases[i].answer))
                        fail_msg("%zu: %s", i, site->answer);
        assert_int_equal(site->calls, 0);
        assert_int_equal(get(site, 1, "/")->end, REPLY_COMPLETE);
}

static void chunked_body_is_bounded(void **state)
{
        struct site *site = *state;
        char text[4096];
        int n = snprintf(text, sizeof(text),
                         "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%01001d\r\n0\r\n\r\n",
                         0);

        assert_in_range(n, 1001, sizeof(text) - 1);
        assert_string_equal(converse(site, text), "");
        assert_int_equal(site->calls, 0);

        assert_non_null(strstr(converse(site, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                               "201"));
        assert_string_equal(site->seen, "POST / - abcde");
}

static void pipelined_requests_are_served(void **state)
{
        struct site *site = *state;

        (void)converse(site, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
                             "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_int_equal(site->calls, 3);
        assert_string_equal(site->seen, "GET /3 - -");
}

/* Clients that go in the middle: of a request, of a body, while they wait, and before they read. */
static void vanished_clients_are_survived(void **state)
{
        static const char *const texts[] = { "",
                                             "GET / HT",
                                             "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
                                             "GET /later HTTP/1.1\r\nHost: a\r\n\r\n",
                                             "GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
                                             "GET /cut/5 HTTP/1.1\r\nHost: a\r\n\r\n" };
        const struct linger linger = { .l_onoff = 1 };
        struct site *site = *state;

        for (size_t i = 0; i < 2 * ARRAY_SIZE(texts); i++) {
                const char *text = texts[i / 2];
                int fd = connect_to(site);

                assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
                if (i % 2 == 1)
                        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)); /* a reset */
                close(fd);
                assert_int_equal(get(site, i, "/")->end, REPLY_COMPLETE);
        }
        assert_int_equal(loop_timer_set(site->timer, 1), 0); /* answers those that went */
        for (size_t i = 0; i < 10; i++)
                assert_int_equal(get(site, 100 + i, "/")->end, REPLY_COMPLETE);
        assert_int_equal(site->n_waiting, 0);
}

static void unanswered_exchanges_end_with_the_server(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_POST, httpd_port(site->httpd), "/later");

        site->stop_at = 2;
        client_send(site->client, 1, &rq);
        client_send(site->client, 2, &rq);
        client_wait(site->client, 0);

        site->httpd = httpd_free(site->httpd);
        client_wait(site->client, 2);
        assert_int_equal(site->client->replies[1].end, REPLY_BROKEN);
        assert_int_equal(site->client->replies[2].end, REPLY_BROKEN);
}

/* Many at once, on more connections than are kept. */
static void many_at_once(void **state)
{
        struct site *site = *state;
        _cleanup_request_ struct request rq = client_request(METHOD_GET, httpd_port(site->httpd), "/");

        rq.read = true;
        for (unsigned round = 0; round < 10; round++) {
                for (uint64_t i = 0; i < 50; i++)
                        client_send(site->client, round * 50 + i, &rq);
                client_wait(site->client, 50);
        }
        for (size_t i = 0; i < 500; i++) {
                assert_int_equal(site->client->calls[i], 1);
                assert_int_equal(site->client->replies[i].end, REPLY_COMPLETE);
        }
        assert_int_equal(site->calls, 500);
}

static void addresses(void **state)
{
        static const char *const wrong[] = { "",
                                             "127.0.0.1",
                                             "localhost:80",
                                             "127.0.0.1:",
                                             ":80",
                                             "127.0.0.1:65536",
                                             "127.0.0.1:-1",
                                             "::1:80",
                                             "[127.0.0.1]:80",
                                             "[::1]",
                                             "[::1]:x",
                                             "127.0.0.1:080" };
        struct site *site = *state;
        struct httpd *httpd = NULL;
        struct error e = {};
        char taken[32];

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(make(site, wrong[i], &httpd, &e), -EINVAL);

        (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", httpd_port(site->httpd));
        assert_int_equal(make(site, taken, &httpd, &e), -EADDRINUSE);
        assert_non_null(strstr(e.text, taken));
}

static void ipv6_is_served(void **state)
{
        struct site *site = *state;
        struct httpd *httpd = NULL;
        struct error e = {};
        char url[64];
        int r = make(site, "[::1]:0", &httpd, &e);

        if (r == -EADDRNOTAVAIL || r == -EAFNOSUPPORT)
                skip(); /* a machine without IPv6 */
        assert_int_equal(r, 0);
        (void)snprintf(url, sizeof(url), "http://[::1]:%u/", httpd_port(httpd));
        assert_int_equal(client_get(site->client, 1, -1, url)->status, 201);
        httpd_free(httpd);
}

/* What the agent's endpoint asks for. */

static void replace_httpd(struct site *site, const struct httpd_options *options)
{
        struct error e = {};

        httpd_free(site->httpd);
        site->httpd = NULL;
        if (httpd_new(site->loop, options, serve, site, &site->httpd, &e) < 0)
                fail_msg("%s", e.text);
}

static void other_methods_are_refused_where_only_reads_are_served(void **state)
{
        static const char *const others[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW" };
        struct site *site = *state;
        char text[128];

        replace_httpd(site,
                      &(struct httpd_options){ .address = "127.0.0.1:0", .max_body = MAX_BODY, .reads_only = true });
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                const char *answer;

                (void)snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", others[i]);
                answer = converse(site, text);
                assert_true(text_starts(answer, "HTTP/1.1 405 "));
                assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
        }
        assert_int_equal(site->calls, 0);

        (void)converse(site, "HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_string_equal(site->seen, "GET /x - -");
        assert_non_null(strstr(site->answer, "\r\nContent-Length: 10\r\n"));
        assert_null(strstr(site->answer, "0123456789"));
}

static int tell_pending(void *userdata)
{
        struct site *site = userdata;

        loop_exit(site->loop, httpd_pending(site->httpd) > 0);
        return 0;
}

/* One that reads nothing, and one that says nothing, are gone when their time is over; others are served meanwhile. */
static void connections_end_with_their_time(void **state)
{
        struct site *site = *state;
        usec_t began;

        replace_httpd(site, &(struct httpd_options){ .address = "127.0.0.1:0",
                                                     .max_body = MAX_BODY,
                                                     .connections = 10,
                                                     .lifetime = 300 * USEC_PER_MSEC });
        began = loop_now(site->loop);
        assert_string_equal(converse(site, "GET / HT"), "");
        assert_in_range(usec_since(loop_now(site->loop), began), 250 * USEC_PER_MSEC, 5 * USEC_PER_SEC);

        assert_non_null(strstr(converse(site, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                              "GET /second HTTP/1.1\r\nHost: a\r\n\r\n"),
                               "\r\nConnection: close\r\n"));
        assert_int_equal(site->calls, 1); /* and none after the first */
        for (uint64_t i = 0; i < 30; i++)
                assert_int_equal(get(site, i, "/")->end, REPLY_COMPLETE);
}

/* The second one waits until there is room. */
static void connections_beyond_the_limit_wait(void **state)
{
        struct site *site = *state;
        int first, second;

        replace_httpd(site,
                      &(struct httpd_options){
                              .address = "127.0.0.1:0", .max_body = MAX_BODY, .connections = 2, .idle = USEC_PER_SEC });
        first = connect_to(site);
        second = connect_to(site);
        assert_non_null(strstr(converse(site, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), " 201 "));
        close(first);
        close(second);
}

static void what_clients_have_not_taken_is_counted(void **state)
{
        struct site *site = *state;
        struct loop_timer *timer = NULL;
        struct error e = {};

        replace_httpd(site,
                      &(struct httpd_options){ .address = "127.0.0.1:0", .max_body = MAX_BODY, .lifetime = 1000000 });
        assert_int_equal(get(site, 1, "/")->end, REPLY_COMPLETE);
        assert_int_equal(loop_timer_new(site->loop, tell_pending, site, &timer, &e), 0);
        assert_int_equal(loop_timer_set(timer, usec_add(loop_now(site->loop), 100 * USEC_PER_MSEC)), 0);
        assert_int_equal(loop_run(site->loop, &e), 0);
        loop_timer_free(timer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(request_is_whole_and_reply_too, set_up, tear_down),
                cmocka_unit_test_setup_teardown(methods_are_told_apart, set_up, tear_down),
                cmocka_unit_test_setup_teardown(answer_may_come_later, set_up, tear_down),
                cmocka_unit_test_setup_teardown(request_lives_until_it_is_answered, set_up, tear_down),
                cmocka_unit_test_setup_teardown(truncated_reply_states_its_whole_length, set_up, tear_down),
                cmocka_unit_test_setup_teardown(impossible_reply_is_dropped, set_up, tear_down),
                cmocka_unit_test_setup_teardown(long_body_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(drop_sends_no_byte, set_up, tear_down),
                cmocka_unit_test_setup_teardown(strange_requests_are_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(chunked_body_is_bounded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(pipelined_requests_are_served, set_up, tear_down),
                cmocka_unit_test_setup_teardown(vanished_clients_are_survived, set_up, tear_down),
                cmocka_unit_test_setup_teardown(unanswered_exchanges_end_with_the_server, set_up, tear_down),
                cmocka_unit_test_setup_teardown(many_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(addresses, set_up, tear_down),
                cmocka_unit_test_setup_teardown(ipv6_is_served, set_up, tear_down),
                cmocka_unit_test_setup_teardown(other_methods_are_refused_where_only_reads_are_served, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(connections_end_with_their_time, set_up, tear_down),
                cmocka_unit_test_setup_teardown(connections_beyond_the_limit_wait, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_clients_have_not_taken_is_counted, set_up, tear_down),
        };

        return cmocka_run_group_tests_name("httpd", tests, NULL, NULL);
}
