/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconcile/io/httpd.h"
#include "reconcile/io/listener.h"
#include "tests/support/http_client.h"

/* A folder of its own, and the address of a socket in it. */
struct place {
        char folder[64], path[96], address[112];
};

static int set_up(void **state)
{
        static struct place place;

        (void)snprintf(place.folder, sizeof(place.folder), "/tmp/muster-listener-XXXXXX");
        if (!mkdtemp(place.folder))
                return -1;
        (void)snprintf(place.path, sizeof(place.path), "%s/socket", place.folder);
        (void)snprintf(place.address, sizeof(place.address), "unix:%s", place.path);
        *state = &place;
        return 0;
}

static int tear_down(void **state)
{
        const struct place *place = *state;

        (void)unlink(place->path);
        return rmdir(place->folder);
}

static void addresses_are_told_apart(_unused_ void **state)
{
        static const struct {
                const char *address;
                int result;
                bool local;
        } cases[] = {
                { "127.0.0.1:0", 0, true },
                { "127.200.1.1:80", 0, true },
                { "[::1]:80", 0, true },
                { "[::ffff:127.0.0.1]:80", 0, true },
                { "unix:/run/x", 0, true },
                { "unix:x", 0, true },
                { "0.0.0.0:80", 0, false },
                { "128.0.0.1:80", 0, false },
                { "10.0.0.1:80", 0, false },
                { "[::]:80", 0, false },
                { "[::ffff:10.0.0.1]:80", 0, false },
                { "[fe80::1]:80", 0, false },
                { "unix:", -EINVAL, false },
                { "", -EINVAL, false },
                { ":80", -EINVAL, false },
                { "localhost:80", -EINVAL, false },
                { "127.0.0.1", -EINVAL, false },
                { "127.0.0.1:70000", -EINVAL, false },
                { "::1:80", -EINVAL, false },
                { "127.0.0.1:80 ", -EINVAL, false },
        };
        char longest[200] = "unix:/";

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct error e = {};
                bool local = false;

                if (listener_check(cases[i].address, &local, &e) != cases[i].result || local != cases[i].local)
                        fail_msg("%s: %s", cases[i].address, e.text);
                assert_true((cases[i].result < 0) == (e.text[0] != '\0'));
        }
        memset(longest + strlen(longest), 'x', 108);
        assert_int_equal(listener_check(longest, &(bool){ false }, &(struct error){}), -EINVAL);
}

static void socket_is_its_owner_s_and_goes_with_it(void **state)
{
        const struct place *place = *state;
        mode_t before = umask(0);
        struct listener l;
        struct error e = {};
        struct stat st;

        assert_int_equal(listener_open(place->address, &l, &e), 0);
        (void)umask(before);
        assert_int_equal(lstat(place->path, &st), 0);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(l.port, 0);

        listener_done(&l);
        assert_int_equal(lstat(place->path, &st), -1);
}

static void live_one_is_left_and_stale_one_replaced(void **state)
{
        const struct place *place = *state;
        struct listener first, second;
        struct error e = {};
        struct stat st;

        assert_int_equal(listener_open(place->address, &first, &e), 0);
        assert_int_equal(listener_open(place->address, &second, &e), -EADDRINUSE);
        assert_non_null(strstr(e.text, "another process listens on "));

        /* As if it had been killed: nobody listens, and the file is there. */
        close(first.fd);
        first.fd = -1;
        assert_int_equal(listener_open(place->address, &second, &e), 0);

        /* What is not its own any more, it does not remove. */
        first.inode++;
        listener_done(&first);
        assert_int_equal(lstat(place->path, &st), 0);
        listener_done(&second);
        assert_int_equal(lstat(place->path, &st), -1);
}

static void what_is_no_socket_is_left_alone(void **state)
{
        const struct place *place = *state;
        struct listener l;
        struct error e = {};
        int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        close(fd);
        assert_int_equal(listener_open(place->address, &l, &e), -EEXIST);
        assert_non_null(strstr(e.text, "is no socket"));
        assert_int_equal(access(place->path, F_OK), 0);

        assert_int_equal(listener_open("unix:/nowhere/at/all", &l, &e), -ENOENT);
        assert_non_null(strstr(e.text, "/nowhere/at/all"));
}

static void serve(_unused_ void *userdata, _unused_ const struct request *rq, struct httpd_exchange *x)
{
        (void)httpd_reply(x, &(struct reply){ .status = 200, .body = (char *)"hello", .body_len = 5 });
}

static void it_is_spoken_through(void **state)
{
        const struct place *place = *state;
        _cleanup_(client_free_p) struct client *client = client_new(
                &(struct http_options){ .connections = 1, .max_body = 100, .socket = place->path });
        const struct httpd_options options = { .address = place->address, .max_body = 100 };
        struct httpd *httpd = NULL;
        struct error e = {};

        assert_int_equal(client_get(client, 1, -1, "http://localhost/")->end, REPLY_NOT_SENT);
        assert_non_null(strstr(client->replies[1].why, place->path));

        assert_int_equal(httpd_new(client->loop, &options, serve, NULL, &httpd, &e), 0);
        assert_int_equal(client_get(client, 2, -1, "http://localhost/")->end, REPLY_COMPLETE);
        assert_string_equal(client->replies[2].body, "hello");
        httpd_free(httpd);
        assert_int_equal(access(place->path, F_OK), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_told_apart),
                cmocka_unit_test_setup_teardown(socket_is_its_owner_s_and_goes_with_it, set_up, tear_down),
                cmocka_unit_test_setup_teardown(live_one_is_left_and_stale_one_replaced, set_up, tear_down),
                cmocka_unit_test_setup_teardown(what_is_no_socket_is_left_alone, set_up, tear_down),
                cmocka_unit_test_setup_teardown(it_is_spoken_through, set_up, tear_down),
        };

        return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
