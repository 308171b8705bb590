/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/http_client.h"
#include "tests/support/raw_server.h"
#include "tests/support/tls_server.h"

struct place {
        char folder[32];
        char ca[48], other_ca[48];
};

static int set_up(void **state)
{
        struct place *place = calloc(1, sizeof(*place));

        strcpy(place->folder, "/tmp/muster-tls-XXXXXX");
        if (!mkdtemp(place->folder))
                return -1;
        (void)snprintf(place->ca, sizeof(place->ca), "%s/ca.pem", place->folder);
        (void)snprintf(place->other_ca, sizeof(place->other_ca), "%s/other.pem", place->folder);
        *state = place;
        return 0;
}

static int tear_down(void **state)
{
        struct place *place = *state;

        (void)unlink(place->ca);
        (void)unlink(place->other_ca);
        (void)rmdir(place->folder);
        free(place);
        return 0;
}

static struct tls_server *start(const char *host, bool expired, const char *ca_path)
{
        struct tls_server *server = tls_server_new(&(struct tls_certificate){ .host = host, .expired = expired },
                                                   ca_path);

        assert_non_null(server);
        return server;
}

static struct client *client_trusting(const char *ca_file, bool insecure)
{
        return client_new(
                &(struct http_options){ .ca_file = ca_file, .insecure = insecure, .connections = 1, .max_body = 1000 });
}

/* A POST with a token, so that a server that should not see it would. */
static const struct reply *ask(struct client *client, const struct tls_server *server)
{
        _cleanup_request_ struct request rq = {};
        _cleanup_free_ char *url = NULL;

        assert_true(asprintf(&url, "https://127.0.0.1:%u/?token=secret", tls_server_port(server)) > 0);
        rq = client_request(METHOD_POST, -1, url);
        assert_int_equal(request_add_header(&rq, "X-Token", "secret", NULL), 0);
        return client_ask(client, 1, &rq);
}

static void assert_refused(struct client *client, const struct tls_server *server, const char *why)
{
        const struct reply *rp = ask(client, server);

        assert_int_equal(rp->end, REPLY_NOT_SENT);
        assert_int_equal(tls_server_requests(server), 0);
        if (!strstr(rp->why, why) || strstr(rp->why, "secret"))
                fail_msg("\"%s\"", rp->why);
}

static void trusted_server_is_spoken_to(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("127.0.0.1", false, place->ca);
        _cleanup_(client_free_p) struct client *client = client_trusting(place->ca, false);
        const struct reply *rp = ask(client, server);

        assert_int_equal(rp->end, REPLY_COMPLETE);
        assert_string_equal(rp->body, "hello");
        assert_int_equal(tls_server_requests(server), 1);
}

static void expired_certificate_is_refused(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("127.0.0.1", true, place->ca);
        _cleanup_(client_free_p) struct client *client = client_trusting(place->ca, false);

        assert_refused(client, server, "is refused: certificate has expired");
}

static void other_host_is_refused(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("somewhere.example", false, place->ca);
        _cleanup_(client_free_p) struct client *client = client_trusting(place->ca, false);

        assert_refused(client, server, "name matches target host");
}

static void other_authority_is_refused(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("127.0.0.1", false, place->ca);
        _cleanup_(tls_server_free_p) struct tls_server *other _unused_ = start("127.0.0.1", false, place->other_ca);
        _cleanup_(client_free_p) struct client *client = client_trusting(place->other_ca, false);
        _cleanup_(client_free_p) struct client *plain = client_trusting(NULL, false);

        assert_refused(client, server, "certificate");
        assert_refused(plain, server, "certificate");
}

static void verification_is_left_out_only_on_request(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("somewhere.example", true, place->ca);
        _cleanup_(client_free_p) struct client *client = client_trusting(NULL, true);

        assert_int_equal(ask(client, server)->end, REPLY_COMPLETE);
}

static void missing_ca_file_is_told(void **state)
{
        const struct place *place = *state;
        _cleanup_(tls_server_free_p) struct tls_server *server = start("127.0.0.1", false, place->ca);
        _cleanup_(client_free_p) struct client *client = client_trusting("/nowhere/ca.pem", false);

        assert_refused(client, server, "/nowhere/ca.pem");
}

static void serve_garbage(struct raw_server *server, int fd, _unused_ void *userdata)
{
        (void)raw_writes(fd, "220 not tls at all\r\n");
        raw_hold(server, fd);
}

static void serve_closed(_unused_ struct raw_server *server, _unused_ int fd, _unused_ void *userdata)
{
}

static void broken_handshake_was_not_sent(_unused_ void **state)
{
        const raw_server_fn fns[] = { serve_garbage, serve_closed };

        for (size_t i = 0; i < ARRAY_SIZE(fns); i++) {
                _cleanup_(raw_server_free_p) struct raw_server *server = raw_server_new(fns[i], NULL);
                _cleanup_(client_free_p) struct client *client = client_trusting(NULL, false);
                _cleanup_request_ struct request rq = {};
                _cleanup_free_ char *url = NULL;
                const struct reply *rp;

                assert_true(asprintf(&url, "https://127.0.0.1:%u/", raw_server_port(server)) > 0);
                rq = client_request(METHOD_POST, -1, url);
                rp = client_ask(client, 1, &rq);
                assert_int_equal(rp->end, REPLY_NOT_SENT);
                assert_non_null(strstr(rp->why, "TLS with 127.0.0.1:"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(trusted_server_is_spoken_to, set_up, tear_down),
                cmocka_unit_test_setup_teardown(expired_certificate_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(other_host_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(other_authority_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(verification_is_left_out_only_on_request, set_up, tear_down),
                cmocka_unit_test_setup_teardown(missing_ca_file_is_told, set_up, tear_down),
                cmocka_unit_test(broken_handshake_was_not_sent),
        };

        return cmocka_run_group_tests_name("http tls", tests, NULL, NULL);
}
