/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/http_client.h"
#include "tests/support/raw_server.h"

/* What never gets as far as a connection. Names go to a resolver of the test's own in the place of the system's:
 * "slow.test" is looked up until the test lets go, every other name is unknown. */

static atomic_bool let_go;
static atomic_int lookups_running;

int getaddrinfo(const char *node, _unused_ const char *service, _unused_ const struct addrinfo *hints,
                _unused_ struct addrinfo **ret)
{
        const struct timespec while_ = { .tv_nsec = 5000000 };

        lookups_running++;
        while (strcmp(node, "slow.test") == 0 && !let_go)
                (void)nanosleep(&while_, NULL);
        lookups_running--;

        return EAI_NONAME;
}

static struct request request_to(const char *url)
{
        return client_request(METHOD_POST, -1, url);
}

static void unknown_name_was_not_sent(_unused_ void **state)
{
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = request_to("http://unknown.test:81/?token=secret");
        const struct reply *rp = client_ask(client, 1, &rq);

        assert_int_equal(rp->end, REPLY_NOT_SENT);
        assert_string_equal(rp->why, "the name of unknown.test:81 cannot be resolved");
}

/* Neither its deadline, nor a cancel, nor the end of the client waits for the lookup; nor does any other request. */
static void endless_lookup_holds_nothing_up(_unused_ void **state)
{
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request slow = request_to("http://slow.test/"), other = request_to("http://b.test/");

        slow.timeout = 200 * USEC_PER_MSEC;
        assert_int_equal(client_ask(client, 1, &slow)->end, REPLY_NOT_SENT);
        assert_string_equal(client->replies[1].why, "no connection to slow.test within 200ms");
        assert_int_equal(lookups_running, 1);

        slow.timeout = 20 * USEC_PER_SEC;
        client_send(client, 2, &slow);
        client_send(client, 3, &slow);
        assert_int_equal(client_ask(client, 4, &other)->end, REPLY_NOT_SENT);
        http_cancel(client->http, 2);
        client = client_free(client);
        assert_in_range(lookups_running, 1, 3);

        let_go = true;
        while (lookups_running > 0)
                sched_yield();
}

static uint16_t closed_port(void)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM, 0);
        socklen_t size = sizeof(address);

        assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        return ntohs(address.sin_port);
}

static void what_cannot_connect_was_not_sent(_unused_ void **state)
{
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, closed_port(), "/?token=secret");
        const struct reply *rp = client_ask(client, 1, &rq);
        char why[64];

        assert_int_equal(rp->end, REPLY_NOT_SENT);
        assert_int_equal(rp->status, 0);
        (void)snprintf(why, sizeof(why), "connection refused by %.*s", (int)strcspn(rq.url + 7, "/"), rq.url + 7);
        assert_string_equal(rp->why, why);
}

static void only_http_is_spoken(_unused_ void **state)
{
        static const char *const urls[] = { "ftp://127.0.0.1:1/", "file:///etc/passwd", "gopher://127.0.0.1:1/",
                                            "smb://127.0.0.1:1/" };
        _cleanup_(client_free_p) struct client *client = client_new(NULL);

        for (uint64_t i = 0; i < ARRAY_SIZE(urls); i++) {
                const struct reply *rp = client_get(client, i, -1, urls[i]);

                assert_int_equal(rp->end, REPLY_NOT_SENT);
                assert_string_equal(rp->why, "only http and https are spoken");
        }
        assert_int_equal(client_get(client, 8, -1, "http://127.0.0.1:99999/?secret")->end, REPLY_NOT_SENT);
        assert_null(strstr(client->replies[8].why, "secret"));
        assert_int_equal(client_get(client, 9, -1, "http://127.0.0.1:1/\r\nX: secret")->end, REPLY_NOT_SENT);
        assert_null(strstr(client->replies[9].why, "secret"));
}

static void serve_ok(struct raw_server *server, int fd, _unused_ void *userdata)
{
        while (raw_read_request(server, fd) > 0)
                if (raw_writes(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") < 0)
                        return;
}

static void without_descriptors_nothing_is_sent(_unused_ void **state)
{
        _cleanup_(raw_server_free_p) struct raw_server *server = raw_server_new(serve_ok, NULL);
        _cleanup_(client_free_p) struct client *client = client_new(NULL);
        _cleanup_request_ struct request rq = client_request(METHOD_POST, raw_server_port(server), "/");
        struct rlimit old, low;
        const struct reply *rp;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
        low = (struct rlimit){ .rlim_cur = 3, .rlim_max = old.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
        rp = client_ask(client, 1, &rq);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);

        assert_int_equal(rp->end, REPLY_NOT_SENT);
        assert_non_null(strstr(rp->why, strerror(EMFILE)));
        assert_int_equal(raw_server_connections(server), 0);
        assert_int_equal(client_ask(client, 2, &rq)->end, REPLY_COMPLETE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(unknown_name_was_not_sent),
                cmocka_unit_test(endless_lookup_holds_nothing_up),
                cmocka_unit_test(what_cannot_connect_was_not_sent),
                cmocka_unit_test(only_http_is_spoken),
                cmocka_unit_test(without_descriptors_nothing_is_sent),
        };

        return cmocka_run_group_tests_name("http unsent", tests, NULL, NULL);
}
