/* SPDX-License-Identifier: MIT */

/*
 * Which URLs a spec may have as an endpoint.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "specs/endpoint.h"

static const struct {
        const char *url;
        bool encrypted, loopback;
} taken[] = {
        { "https://star.example", true, false },
        { "https://star.example/", true, false },
        { "https://star.example:8443/a/b", true, false },
        { "http://star.example:18081/starvcenter/services/cloudresource", false, false },
        { "http://192.0.2.7:80", false, false },
        { "http://127.0.0.1:18081", false, true },
        { "http://127.9.8.7", false, true },
        { "http://localhost:1", false, true },
        { "http://LOCALHOST", false, true },
        { "http://localhost.example", false, false },
        { "http://[::1]:80/x", false, true },
        { "http://[::ffff:127.0.0.1]", false, true },
        { "https://[2001:db8::7]:8443", true, false },
        { "https://[2001:db8::7]", true, false },
        { "https://under_score.example:65535", true, false },
        { "http://169.253.0.1", false, false },
        { "http://0.0.0.0", false, false },
        { "http://127.0.0.1.example", false, false },
};

static const struct {
        const char *url, *words;
} refused[] = {
        { "", "no URL that begins" },
        { "star.example", "no URL that begins" },
        { "HTTP://star.example", "no URL that begins" },
        { "ftp://star.example", "no URL that begins" },
        { "file:///etc/passwd", "no URL that begins" },
        { "http:/star.example", "no URL that begins" },
        { "http://", "no host" },
        { "http:///path", "no host" },
        { "http://:80", "no host" },
        { "http://[]", "no host" },
        { "http://star.example:", "a port" },
        { "http://star.example:0", "a port" },
        { "http://star.example:65536", "a port" },
        { "http://star.example:+80", "a port" },
        { "http://star.example:080", "a port" },
        { "http://star.example:80:90", "a port" },
        { "http://2001:db8::7", "a port" },
        { "http://[2001:db8::7", "without its ']'" },
        { "http://[2001:db8::7]80", "no port" },
        { "http://[star.example]", "no IPv6 address" },
        { "http://[192.0.2.7]", "no IPv6 address" },
        { "https://me@star.example", "a user or a password" },
        { "https://me:secret@star.example/x", "a user or a password" },
        { "https://star.example@evil.example", "a user or a password" },
        { "https://star.example?a=b", "a '?'" },
        { "https://star.example/?a=b", "a '?'" },
        { "https://star.example/#top", "a '?'" },
        { "https://star.example\\@evil.example", "a '?'" },
        { "https://star.example/a b", "a character" },
        { "https://star.example/\r\nX: y", "a character" },
        { "https://stär.example", "a character" },
        { "https://star!.example", "characters that no host has" },
        { "https://$(id).example", "characters that no host has" },
        { "http://169.254.169.254", "link-local" },
        { "https://169.254.0.1:80/latest", "link-local" },
        { "http://[fe80::1]", "link-local" },
        { "http://[febf::1]:80", "link-local" },
        { "http://[fe80::1%25eth0]", "link-local" },
        { "http://[::ffff:169.254.169.254]", "link-local" },
        { "http://[::ffff:a9fe:a9fe]", "link-local" },
        { "http://[::169.254.169.254]", "link-local" },
        { "http://2852039166", "four numbers" },
        { "http://0xa9fea9fe", "four numbers" },
        { "http://169.254.43518", "four numbers" },
        { "http://0251.0376.0251.0376", "four numbers" },
        { "http://127.1", "four numbers" },
};

static void test_taken(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
                struct endpoint endpoint = { 0 };
                struct error e = { 0 };

                if (endpoint_parse(taken[i].url, &endpoint, &e) != 0)
                        fail_msg("%s %s", taken[i].url, e.text);
                if (endpoint.encrypted != taken[i].encrypted || endpoint.loopback != taken[i].loopback)
                        fail_msg("%s: encrypted %d, loopback %d", taken[i].url, endpoint.encrypted, endpoint.loopback);
        }
}

static void test_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                struct endpoint endpoint = { 0 };
                struct error e = { 0 };

                if (endpoint_parse(refused[i].url, &endpoint, &e) != -EINVAL)
                        fail_msg("%s was taken", refused[i].url);
                if (!strstr(e.text, refused[i].words) || !strstr(e.text, "; "))
                        fail_msg("%s %s", refused[i].url, e.text);
                assert_null(strstr(e.text, "secret@"));
        }
}

static void test_long_host(void **state)
{
        char url[400] = "https://";
        struct endpoint endpoint;
        struct error e;

        (void)state;
        memset(url + strlen(url), 'a', 255);
        assert_int_equal(endpoint_parse(url, &endpoint, &e), 0);
        memset(url + strlen(url), 'a', 1);
        assert_int_equal(endpoint_parse(url, &endpoint, &e), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_taken),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_long_host),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
