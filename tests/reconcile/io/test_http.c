/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "reconcile/base/text.h"
#include "reconcile/io/httpd.h"
#include "tests/support/http_client.h"
#include "tests/support/raw_server.h"

/* Answers each request of a connection with the text. */
static void serve_text(struct raw_server *server, int fd, void *userdata)
{
        while (raw_read_request(server, fd) > 0)
                if (raw_writes(fd, userdata) < 0)
                        return;
}

/* Answers the first request only, and closes. */
static void serve_text_once(struct raw_server *server, int fd, void *userdata)
{
        if (raw_read_request(server, fd) > 0)
                (void)raw_writes(fd, userdata);
}

#define OK_TEXT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct raw_server *start(raw_server_fn fn, const char *text)
{
        struct raw_server *server = raw_server_new(fn, (void *)text);

        assert_non_null(server);
        return server;
}

static void assert_has(const char *text, const char *part)
{
        if (!text || !strstr(text, part))
                fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(null)");
}

static void assert_has_not(const char *text, const char *part)
{
        if (strstr(text, part))
                fail_msg("\"%s\" is in \"%s\"", part, text);
}

static void whole_exchange(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(
                serve_text, "HTTP/1.1 429 Slow Down\r\nContent-Type: text/plain\r\nSet-Cookie: sid=7; Path=/\r\n"
                            "Retry-After: 9\r\nContent-Length: 5\r\n\r\nwait\n");
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_PATCH, raw_server_port(server), "/a%20b?c=d&e=%2F");
        const struct reply *rp;
        const char *sent;

        rq.body = strdup("{}");
        rq.body_len = 2;
        assert_int_equal(request_add_header(&rq, "X-Token", "secret", NULL), 0);
        assert_int_equal(request_add_header(&rq, "X-Empty", "", NULL), 0);
        assert_int_equal(request_add_header(&rq, "Content-Type", "application/json", NULL), 0);
        rp = client_ask(client, 1, &rq);

        assert_int_equal(rp->end, REPLY_COMPLETE);
        assert_int_equal(rp->status, 429);
        assert_string_equal(rp->body, "wait\n");
        assert_string_equal(rp->content_type, "text/plain");
        assert_string_equal(rp->set_cookie, "sid=7; Path=/");
        assert_null(rp->location);
        assert_int_equal(rp->retry_after, 9 * USEC_PER_SEC);

        sent = raw_server_last_request(server);
        assert_true(text_starts(sent, "PATCH /a%20b?c=d&e=%2F HTTP/1.1\r\n"));
        assert_has(sent, "\r\nX-Token: secret\r\n");
        assert_has(sent, "\r\nX-Empty:\r\n");
        assert_has(sent, "\r\nContent-Type: application/json\r\n");
        assert_has(sent, "\r\nContent-Length: 2\r\n");
        assert_has(sent, "\r\nAccept-Encoding: gzip\r\n");
        assert_has(sent, "\r\n\r\n{}");
        assert_has_not(sent, "Expect");
        assert_has_not(sent, "Cookie");
}

static void methods_and_bodies(_unused_ void **state)
{
        static const struct {
                enum method method;
                const char *body, *line, *length;
        } cases[] = {
                { METHOD_GET, NULL, "GET / HTTP/1.1\r\n", NULL },
                { METHOD_GET, "q", "GET / HTTP/1.1\r\n", "\r\nContent-Length: 1\r\n" },
                { METHOD_POST, NULL, "POST / HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
                { METHOD_POST, "abc", "POST / HTTP/1.1\r\n", "\r\nContent-Length: 3\r\n" },
                { METHOD_PUT, NULL, "PUT / HTTP/1.1\r\n", "\r\nContent-Length: 0\r\n" },
                { METHOD_DELETE, NULL, "DELETE / HTTP/1.1\r\n", NULL },
                { METHOD_DELETE, "d", "DELETE / HTTP/1.1\r\n", "\r\nContent-Length: 1\r\n" },
                { METHOD_GET, NULL, "GET / HTTP/1.1\r\n", NULL }, /* nothing is left of what went before */
        };
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_request_ struct request rq = client_request(cases[i].method, raw_server_port(server), "/");
                const char *sent;

                if (cases[i].body) {
                        rq.body = strdup(cases[i].body);
                        rq.body_len = strlen(cases[i].body);
                }
                assert_int_equal(client_ask(client, i, &rq)->end, REPLY_COMPLETE);
                sent = raw_server_last_request(server);
                assert_true(text_starts(sent, cases[i].line));
                assert_has_not(sent, "Content-Type");
                if (cases[i].length)
                        assert_has(sent, cases[i].length);
                else
                        assert_has_not(sent, "Content-Length");
        }
}

/* The first request of a connection is answered; at the second it dies without a byte. */
static void serve_dying(struct raw_server *server, int fd, _unused_ void *userdata)
{
        if (raw_read_request(server, fd) > 0 && raw_writes(fd, OK_TEXT) == 0)
                (void)raw_read_request(server, fd);
}

/* libcurl would ask before it sends a long body. */
static void long_body_is_sent_unasked(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");

        rq.body_len = 4 << 20;
        rq.body = malloc(rq.body_len);
        memset(rq.body, 'x', rq.body_len);
        assert_int_equal(client_ask(client, 1, &rq)->end, REPLY_COMPLETE);
        assert_has_not(raw_server_last_request(server), "Expect");
}

static void serve_nothing(struct raw_server *server, int fd, _unused_ void *userdata)
{
        (void)raw_read_request(server, fd);
}

static void write_is_sent_once_though_the_connection_dies(_unused_ void **state)
{
        static const enum method methods[] = { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE };
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_nothing, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);

        for (unsigned i = 0; i < ARRAY_SIZE(methods); i++) {
                _cleanup_request_ struct request rq = client_request(methods[i], raw_server_port(server), "/");
                const struct reply *rp = client_ask(client, i, &rq);

                assert_int_equal(rp->end, REPLY_BROKEN);
                assert_int_equal(rp->status, 0);
                assert_has(rp->why, "without an answer");
                assert_int_equal(raw_server_requests(server), i + 1);
                assert_int_equal(raw_server_connections(server), i + 1);
        }
}

static void read_is_sent_again_when_a_used_connection_dies(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_dying, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);

        for (uint64_t i = 0; i < 20; i++)
                assert_int_equal(client_get(client, i, raw_server_port(server), "/")->end, REPLY_COMPLETE);
        assert_int_equal(raw_server_connections(server), 20);
        assert_int_equal(raw_server_requests(server), 20 + 19);
}

/* Answers reads, and drops the connection of every write. */
static void serve_reads_only(void *userdata, const struct request *rq, struct httpd_exchange *x)
{
        unsigned *writes = userdata;

        if (rq->method == METHOD_GET) {
                (void)httpd_reply(x, &(struct reply){ .status = 200, .body = (char *)"" });
                return;
        }
        ++*writes;
        httpd_drop(x);
}

/* With a connection at hand that would die: a write takes a new one, and is seen once. */
static void write_takes_no_used_connection(_unused_ void **state)
{
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_(httpd_free_p) struct httpd *httpd = NULL;
        _cleanup_request_ struct request rq = {};
        unsigned writes = 0;

        assert_int_equal(httpd_new(client->loop, &(struct httpd_options){ .address = "127.0.0.1:0", .max_body = 1000 },
                                   serve_reads_only, &writes, &httpd, NULL),
                         0);
        rq = client_request(METHOD_POST, httpd_port(httpd), "/create");

        for (unsigned i = 0; i < 10; i += 2) {
                assert_int_equal(client_get(client, i, httpd_port(httpd), "/")->end, REPLY_COMPLETE);
                assert_int_equal(client_ask(client, i + 1, &rq)->end, REPLY_BROKEN);
                assert_int_equal(writes, i / 2 + 1);
        }

        httpd = httpd_free(httpd); /* before the loop that it is on */
}

static void reads_share_connections_and_writes_do_not(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text, OK_TEXT);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);

        for (uint64_t i = 0; i < 5; i++)
                assert_int_equal(client_get(client, i, raw_server_port(server), "/")->end, REPLY_COMPLETE);
        assert_int_equal(raw_server_connections(server), 1);

        client = client_free(client);
        client = client_new(NULL);
        for (uint64_t i = 0; i < 3; i++) {
                _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");

                assert_int_equal(client_ask(client, i, &rq)->end, REPLY_COMPLETE);
        }
        assert_int_equal(raw_server_connections(server), 4);
        assert_int_equal(raw_server_requests(server), 8);
}

static void redirect_is_a_reply(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *other = start(serve_text, OK_TEXT);
        _cleanup_free_ char *text = NULL;
        _cleanup_(raw_server_free_p) struct raw_server *server = NULL;
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = {};
        const struct reply *rp;

        assert_true(asprintf(&text, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
                             raw_server_port(other)) > 0);
        server = start(serve_text, text);
        rq = client_request(METHOD_GET, raw_server_port(server), "/");
        rq.read = true;
        assert_int_equal(request_add_header(&rq, "X-Token", "secret", NULL), 0);
        rp = client_ask(client, 1, &rq);

        assert_int_equal(rp->end, REPLY_COMPLETE);
        assert_int_equal(rp->status, 302);
        assert_has(rp->location, "http://127.0.0.1:");
        assert_int_equal(raw_server_connections(other), 0);
}

static void environment_is_not_obeyed(_unused_ void **state)
{
        static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
        _cleanup_(raw_server_free_p) struct raw_server *proxy = start(serve_text, OK_TEXT);
        _cleanup_(raw_server_free_p) struct raw_server *server = start(
                serve_text, "HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nContent-Length: 0\r\n\r\n");
        _cleanup_(client_free_p) struct client *client = NULL;
        char home[] = "/tmp/muster-home-XXXXXX", netrc[64], url[64];
        FILE *file;

        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", raw_server_port(proxy));
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
                setenv(variables[i], url, 1);
        assert_non_null(mkdtemp(home));
        (void)snprintf(netrc, sizeof(netrc), "%s/.netrc", home);
        file = fopen(netrc, "we");
        assert_non_null(file);
        (void)fputs("machine 127.0.0.1 login a password b\ndefault login a password b\n", file);
        assert_int_equal(fclose(file), 0);
        setenv("HOME", home, 1);

        client = client_new(NULL);
        for (uint64_t i = 0; i < 2; i++)
                assert_int_equal(client_get(client, i, raw_server_port(server), "/")->end, REPLY_COMPLETE);
        assert_has_not(raw_server_last_request(server), "Authorization");
        assert_has_not(raw_server_last_request(server), "Cookie");
        assert_int_equal(client_get(client, 2, -1, "https://127.0.0.1:1/")->end, REPLY_NOT_SENT);
        assert_int_equal(raw_server_connections(proxy), 0);

        for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
                unsetenv(variables[i]);
        assert_int_equal(unlink(netrc), 0);
        assert_int_equal(rmdir(home), 0);
}

static const char zipped[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\xca\x48\xcd\xc9\xc9\x57\xb2\x82\xd0\x0a"
                             "\x78\x49\xa5\x5a\x00\xae\x37\x82\xbe\x2f\x00\x00\x00";

/* userdata: whether the stream is damaged. */
static void serve_zipped(struct raw_server *server, int fd, void *userdata)
{
        char body[sizeof(zipped)];

        memcpy(body, zipped, sizeof(zipped));
        if (userdata)
                body[12] ^= 0x7F;
        while (raw_read_request(server, fd) > 0) {
                (void)raw_writes(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 35\r\n\r\n");
                (void)raw_write(fd, body, sizeof(zipped) - 1);
        }
}

static void gzip_is_read(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_zipped, NULL);
        _cleanup_(raw_server_free_p) struct raw_server *damaged = start(serve_zipped, "");
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        const struct reply *rp;

        rp = client_get(client, 1, raw_server_port(server), "/");
        assert_int_equal(rp->end, REPLY_COMPLETE);
        assert_string_equal(rp->body, "{\"hello\":\"hello hello hello hello hello hello\"}");

        rp = client_get(client, 2, raw_server_port(damaged), "/");
        assert_int_equal(rp->end, REPLY_BROKEN);
        assert_has(rp->why, "compression");
}

/* One deflate block that repeats a letter for ever: 258 bytes of it for each 13 bits. */
static void serve_bomb(struct raw_server *server, int fd, _unused_ void *userdata)
{
        static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3 };
        static const char repeat[] = "1100010100000"; /* length 258, distance 1, in fixed codes */
        unsigned char bytes[13 * 256] = {};
        size_t bit = 0;

        if (raw_read_request(server, fd) == 0 ||
            raw_writes(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n") < 0 ||
            raw_write(fd, head, sizeof(head)) < 0)
                return;

        /* "The last block, in fixed codes" and a letter; then its repeats, 8 * 13 bits a round. */
        for (const char *p = "11010010001"; *p; p++, bit++)
                bytes[bit / 8] |= (unsigned char)((*p - '0') << bit % 8);
        for (size_t i = 0; bit < sizeof(bytes) * 8; i++, bit++)
                bytes[bit / 8] |= (unsigned char)((repeat[i % 13] - '0') << bit % 8);
        if (raw_write(fd, bytes, sizeof(bytes)) < 0)
                return;

        memmove(bytes, bytes + sizeof(bytes) / 2, sizeof(bytes) / 2); /* whole rounds of the pattern */
        while (raw_write(fd, bytes, sizeof(bytes) / 2) == 0)
                ;
}

static void serve_endless(struct raw_server *server, int fd, _unused_ void *userdata)
{
        char bytes[4096];

        memset(bytes, 'x', sizeof(bytes));
        if (raw_read_request(server, fd) > 0 && raw_writes(fd, "HTTP/1.1 200 OK\r\n\r\n") == 0)
                while (raw_write(fd, bytes, sizeof(bytes)) == 0)
                        ;
}

static void body_is_bounded(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *bomb = start(serve_bomb, NULL);
        _cleanup_(raw_server_free_p) struct raw_server *endless = start(serve_endless, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        const struct raw_server *servers[] = { bomb, endless };

        for (uint64_t i = 0; i < ARRAY_SIZE(servers); i++) {
                const struct reply *rp = client_get(client, i, raw_server_port(servers[i]), "/");

                assert_int_equal(rp->end, REPLY_TOO_LARGE);
                assert_int_equal(rp->body_len, 0);
                assert_string_equal(rp->why, "the reply is longer than 1048576 bytes");
        }
}

static void bound_itself_is_allowed(_unused_ void **state)
{
        const struct http_options options = { .connections = 1, .max_body = 2 };
        _cleanup_(raw_server_free_p) struct raw_server *fits = start(serve_text, OK_TEXT);
        _cleanup_(raw_server_free_p) struct raw_server *over = start(serve_text,
                                                                     "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        _cleanup_(client_free_p) struct client *client = client_new(&options);

        assert_int_equal(client_get(client, 1, raw_server_port(fits), "/")->end, REPLY_COMPLETE);
        assert_int_equal(client_get(client, 2, raw_server_port(over), "/")->end, REPLY_TOO_LARGE);
}

static void serve_long_headers(struct raw_server *server, int fd, _unused_ void *userdata)
{
        char line[1000];

        memset(line, 'x', sizeof(line));
        line[1] = ':';
        memcpy(line + sizeof(line) - 2, "\r\n", 2);
        if (raw_read_request(server, fd) == 0 || raw_writes(fd, "HTTP/1.1 200 OK\r\n") < 0)
                return;
        while (raw_write(fd, line, sizeof(line)) == 0)
                ;
}

static void headers_are_bounded(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_long_headers, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        const struct reply *rp = client_get(client, 1, raw_server_port(server), "/");

        assert_int_equal(rp->end, REPLY_BROKEN);
        assert_has(rp->why, "headers are longer than");
}

static void cut_replies_are_broken(_unused_ void **state)
{
        static const struct {
                const char *text, *why;
                int status;
        } cases[] = {
                { "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\nabc", "the reply ended after 3 of 4096 bytes", 200 },
                { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "the reply ended after 0 of 1 bytes", 200 },
                { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "the reply ended early", 200 },
                { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "the reply ended early", 200 },
                { "HTTP/1.1 200 OK\r\nContent-Le", "the reply ended early", 200 },
                { "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n", "the reply ended early", 200 },
                { "HTTP/1.1 2", "without an answer", 0 },
                { "220 smtp ready\r\n", "is not HTTP", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text_once, cases[i].text);
                _cleanup_(client_free_p) struct client *client = client_new(NULL);
                const struct reply *rp = client_get(client, i, raw_server_port(server), "/");

                assert_int_equal(rp->end, REPLY_BROKEN);
                assert_int_equal(rp->body_len, 0);
                assert_int_equal(rp->status, cases[i].status);
                assert_has(rp->why, cases[i].why);
        }
}

static void whole_replies_of_every_form(_unused_ void **state)
{
        static const struct {
                const char *text, *body;
        } cases[] = {
                { "HTTP/1.1 204 No Content\r\n\r\n", "" },
                { "HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end" },
                { "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok" },
                { "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok" },
                { "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1", "1" },
                { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok" },
                { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", "ok" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_text_once, cases[i].text);
                _cleanup_(client_free_p) struct client *client = client_new(NULL);
                const struct reply *rp = client_get(client, i, raw_server_port(server), "/");

                assert_int_equal(rp->end, REPLY_COMPLETE);
                assert_string_equal(rp->body, cases[i].body);
        }
}

static void serve_reset(struct raw_server *server, int fd, void *userdata)
{
        if (raw_read_request(server, fd) > 0)
                (void)raw_writes(fd, userdata);
        raw_reset_on_close(fd);
}

static void resets_are_broken(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *silent = start(serve_reset, "");
        _cleanup_(raw_server_free_p) struct raw_server *halfway = start(
                serve_reset, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(silent), "/");

        assert_int_equal(client_ask(client, 1, &rq)->end, REPLY_BROKEN);
        assert_int_equal(raw_server_requests(silent), 1);
        assert_int_equal(client_get(client, 2, raw_server_port(halfway), "/")->end, REPLY_BROKEN);
}

static void serve_a_glance(_unused_ struct raw_server *server, int fd, _unused_ void *userdata)
{
        char c;

        (void)!recv(fd, &c, 1, 0);
        raw_reset_on_close(fd);
}

/* A body larger than any buffer, to a peer that reads a byte of it and goes: no signal, no second try. */
static void peer_that_goes_while_a_body_is_sent(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = start(serve_a_glance, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");

        rq.body_len = 8 << 20;
        rq.body = calloc(1, rq.body_len);
        assert_int_equal(client_ask(client, 1, &rq)->end, REPLY_BROKEN);
        assert_int_equal(raw_server_connections(server), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whole_exchange),
                cmocka_unit_test(methods_and_bodies),
                cmocka_unit_test(long_body_is_sent_unasked),
                cmocka_unit_test(write_is_sent_once_though_the_connection_dies),
                cmocka_unit_test(read_is_sent_again_when_a_used_connection_dies),
                cmocka_unit_test(write_takes_no_used_connection),
                cmocka_unit_test(reads_share_connections_and_writes_do_not),
                cmocka_unit_test(redirect_is_a_reply),
                cmocka_unit_test(environment_is_not_obeyed),
                cmocka_unit_test(gzip_is_read),
                cmocka_unit_test(body_is_bounded),
                cmocka_unit_test(bound_itself_is_allowed),
                cmocka_unit_test(headers_are_bounded),
                cmocka_unit_test(cut_replies_are_broken),
                cmocka_unit_test(whole_replies_of_every_form),
                cmocka_unit_test(resets_are_broken),
                cmocka_unit_test(peer_that_goes_while_a_body_is_sent),
        };

        return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
