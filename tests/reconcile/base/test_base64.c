/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/base64.h"

/* RFC 4648, section 10. */
static const struct {
        const char *plain, *encoded;
} vectors[] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
};

/* From memory of just that size, so that a sanitizer sees every step beyond it. */
static void assert_decodes(const char *encoded, const char *plain, size_t n_plain)
{
        size_t n = strlen(encoded), n_decoded = 0;
        _cleanup_free_ char *text = malloc(n);

        memcpy(text, encoded, n);
        assert_int_equal(base64_decode_in_place(text, n, &n_decoded, NULL), 0);
        assert_int_equal(n_decoded, n_plain);
        assert_memory_equal(text, plain, n_plain);
        if (n > 0)
                assert_int_equal(text[n_decoded], '\0');
}

static void assert_bad(const char *encoded, const char *words)
{
        size_t n = strlen(encoded), n_decoded = 42;
        _cleanup_free_ char *text = malloc(n);
        struct error e = {};

        memcpy(text, encoded, n);
        assert_int_equal(base64_decode_in_place(text, n, &n_decoded, &e), -EINVAL);
        assert_int_equal(n_decoded, 42);
        assert_string_equal(e.text, words);
}

static void test_vectors(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(100);

                assert_int_equal(base64_encode(&b, vectors[i].plain, strlen(vectors[i].plain)), 0);
                assert_string_equal(buf_text(&b), vectors[i].encoded);
                assert_decodes(vectors[i].encoded, vectors[i].plain, strlen(vectors[i].plain));
        }
}

static void test_every_character(_unused_ void **state)
{
        static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        _cleanup_buf_ struct buf b = BUF_INIT(100);
        char text[sizeof(all)];
        size_t n = 0;

        memcpy(text, all, sizeof(all));
        assert_int_equal(base64_decode_in_place(text, sizeof(all) - 1, &n, NULL), 0);
        assert_int_equal(n, 48);
        assert_int_equal(base64_encode(&b, text, n), 0);
        assert_string_equal(buf_text(&b), all);
}

static void test_blanks_anywhere(_unused_ void **state)
{
        assert_decodes("Zm9v\r\nYmFy\r\n", "foobar", 6);
        assert_decodes(" \t\nZ m\n9\rv Y m F y", "foobar", 6);
        assert_decodes("Zg\n=\n=\n", "f", 1);
        assert_decodes("Zg\n", "f", 1);
        assert_decodes(" \r\n\t", "", 0);
        assert_decodes(" ", "", 0);
}

static void test_missing_padding(_unused_ void **state)
{
        assert_decodes("Zg", "f", 1);
        assert_decodes("Zg=", "f", 1);
        assert_decodes("Zm8", "fo", 2);
        assert_decodes("Zm9vYg", "foob", 4);
}

static void test_garbage(_unused_ void **state)
{
        assert_bad("Zm9v*mFy", "not Base64: bad character at byte 4");
        assert_bad("Zm9vYm\x80y", "not Base64: bad character at byte 6");
        assert_bad("Zm-_", "not Base64: bad character at byte 2");
        assert_bad("{\"a\": 1}", "not Base64: bad character at byte 0");
        assert_bad("=", "not Base64: bad character at byte 0");
        assert_bad("Z=", "not Base64: bad character at byte 1");
        assert_bad("Z===", "not Base64: bad character at byte 1");
        assert_bad("Zg===", "not Base64: bad character at byte 4");
        assert_bad("Zm8==", "not Base64: bad character at byte 4");
        assert_bad("Zm9v=", "not Base64: bad character at byte 4");
        assert_bad("Zg==Zg==", "not Base64: bad character at byte 4");
        assert_bad("Zg=v", "not Base64: bad character at byte 3");
        assert_bad("Zm9vY", "not Base64: cut off at byte 5");
        assert_bad("Z", "not Base64: cut off at byte 1");
}

static void test_nul_is_garbage(_unused_ void **state)
{
        char text[] = "Zm\0v";
        size_t n;

        assert_int_equal(base64_decode_in_place(text, 4, &n, NULL), -EINVAL);
}

static void test_a_full_buffer(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(7);

        assert_int_equal(base64_encode(&b, "foobar", 6), -ENOBUFS);
}

static uint32_t next_random(uint32_t *seed)
{
        *seed = *seed * 1664525U + 1013904223U;
        return *seed >> 8;
}

/* The same text with blanks between its characters, and with or without its padding. */
static void scatter(struct buf *b, const char *encoded, uint32_t *seed)
{
        bool padded = next_random(seed) % 2;

        for (; *encoded && (padded || *encoded != '='); encoded++) {
                while (next_random(seed) % 8 == 0)
                        buf_addc(b, " \t\r\n"[next_random(seed) % 4]);
                buf_addc(b, *encoded);
        }
}

static void test_round_trips(_unused_ void **state)
{
        uint32_t seed = 7;

        for (int i = 0; i < 3000; i++) {
                _cleanup_buf_ struct buf encoded = BUF_INIT(10000), scattered = BUF_INIT(20000);
                size_t n = next_random(&seed) % (i % 50 == 0 ? 3000 : 60);
                char plain[3000];

                for (size_t k = 0; k < n; k++)
                        plain[k] = (char)next_random(&seed);
                assert_int_equal(base64_encode(&encoded, plain, n), 0);
                assert_int_equal(encoded.len, (n + 2) / 3 * 4);
                assert_decodes(buf_text(&encoded), plain, n);

                scatter(&scattered, buf_text(&encoded), &seed);
                assert_int_equal(scattered.failed, 0);
                assert_decodes(buf_text(&scattered), plain, n);
        }
}

/* Any bytes are decoded or refused, never read or written beyond their end. */
static void test_random_bytes(_unused_ void **state)
{
        uint32_t seed = 11;

        for (int i = 0; i < 20000; i++) {
                size_t n = next_random(&seed) % 24, n_decoded = 0;
                _cleanup_free_ char *text = malloc(n);
                int r;

                for (size_t k = 0; k < n; k++)
                        text[k] = "AZaz09+/= \n*"[next_random(&seed) % 12];
                r = base64_decode_in_place(text, n, &n_decoded, NULL);
                assert_true(r == 0 || r == -EINVAL);
                assert_true(n_decoded <= n / 4 * 3 + 2);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_vectors),         cmocka_unit_test(test_every_character),
                cmocka_unit_test(test_blanks_anywhere), cmocka_unit_test(test_missing_padding),
                cmocka_unit_test(test_garbage),         cmocka_unit_test(test_nul_is_garbage),
                cmocka_unit_test(test_a_full_buffer),   cmocka_unit_test(test_round_trips),
                cmocka_unit_test(test_random_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
