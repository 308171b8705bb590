/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/digest.h"

/* FIPS 180-2, appendix B, and the empty message. */
#define DIGEST_OF_NOTHING "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_OF_ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_nothing(_unused_ void **state)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;
        char text[DIGEST_TEXT_MAX];

        assert_int_equal(digest_new(&d), 0);
        assert_int_equal(digest_end(d, text), 0);
        assert_string_equal(text, DIGEST_OF_NOTHING);
}

static void test_pieces(_unused_ void **state)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;
        char text[DIGEST_TEXT_MAX];

        assert_int_equal(digest_new(&d), 0);
        assert_int_equal(digest_add(d, "a", 1), 0);
        assert_int_equal(digest_add(d, NULL, 0), 0);
        assert_int_equal(digest_add(d, "bc", 2), 0);
        assert_int_equal(digest_end(d, text), 0);
        assert_string_equal(text, DIGEST_OF_ABC);
}

static void test_nothing_after_the_end(_unused_ void **state)
{
        _cleanup_(digest_free_p) struct digest *d = NULL;
        char text[DIGEST_TEXT_MAX], again[DIGEST_TEXT_MAX] = "untouched";

        assert_int_equal(digest_new(&d), 0);
        assert_int_equal(digest_end(d, text), 0);
        assert_int_equal(digest_add(d, "a", 1), -EINVAL);
        assert_int_equal(digest_end(d, again), -EINVAL);
        assert_string_equal(again, "untouched");
}

static void test_free_takes_null(_unused_ void **state)
{
        assert_null(digest_free(NULL));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_pieces),
                cmocka_unit_test(test_nothing_after_the_end),
                cmocka_unit_test(test_free_takes_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
