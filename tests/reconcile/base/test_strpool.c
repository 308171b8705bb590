/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdalign.h>
#include <stdio.h>

#include "reconcile/base/strpool.h"

static void test_equal_texts_are_one_pointer(_unused_ void **state)
{
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();
        const char *a = strpool_add(pool, "pg-12");

        assert_string_equal(a, "pg-12");
        assert_ptr_equal(strpool_add(pool, "pg-12"), a);
        assert_ptr_equal(strpool_addn(pool, "pg-123", 5), a);
        assert_ptr_not_equal(strpool_add(pool, "pg-1"), a);
        assert_ptr_not_equal(strpool_add(pool, "pg-123"), a);
}

static void test_empty_text(_unused_ void **state)
{
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();
        const char *empty = strpool_add(pool, "");

        assert_string_equal(empty, "");
        assert_ptr_equal(strpool_addn(pool, "abc", 0), empty);
        assert_ptr_equal(strpool_addn(pool, NULL, 0), empty);
}

static void test_texts_with_nul(_unused_ void **state)
{
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();
        const char *with = strpool_addn(pool, "a\0b", 3);

        assert_memory_equal(with, "a\0b", 4);
        assert_ptr_not_equal(strpool_add(pool, "a"), with);
        assert_ptr_equal(strpool_addn(pool, "a\0b", 3), with);
        assert_ptr_not_equal(strpool_addn(pool, "a\0c", 3), with);
}

static void test_many(_unused_ void **state)
{
        enum { N = 50000 };
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();
        _cleanup_free_ const char **kept = calloc(N, sizeof(*kept));
        char name[32];

        for (int i = 0; i < N; i++) {
                snprintf(name, sizeof(name), "vm-%d", i);
                kept[i] = strpool_add(pool, name);
                assert_non_null(kept[i]);
        }
        for (int i = 0; i < N; i++) {
                snprintf(name, sizeof(name), "vm-%d", i);
                assert_string_equal(kept[i], name);
                assert_ptr_equal(strpool_add(pool, name), kept[i]);
        }
}

static void test_large_texts(_unused_ void **state)
{
        enum { N = 300000 };
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();
        _cleanup_free_ char *large = malloc(N);
        const char *small = strpool_add(pool, "small"), *kept;

        memset(large, 'x', N);
        for (size_t n = 1000; n < N; n += 9973) {
                kept = strpool_addn(pool, large, n);
                assert_int_equal(strlen(kept), n);
                assert_ptr_equal(strpool_addn(pool, large, n), kept);
        }
        assert_ptr_equal(strpool_add(pool, "small"), small);
        assert_string_equal(small, "small");
}

/* Objects and strings share blocks: neither may overwrite the other. */
static void test_objects_are_zeroed_and_aligned(_unused_ void **state)
{
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();

        for (size_t i = 0; i < 20000; i++) {
                size_t size = i % 97;
                unsigned char *object = strpool_alloc(pool, size);
                char name[32];

                assert_non_null(object);
                assert_int_equal((uintptr_t)object % alignof(max_align_t), 0);
                for (size_t k = 0; k < size; k++)
                        assert_int_equal(object[k], 0);
                memset(object, 0xA5, size);
                snprintf(name, sizeof(name), "%zu", i);
                assert_string_equal(strpool_add(pool, name), name);
        }
        assert_string_equal(strpool_add(pool, "17"), "17");
}

static void test_impossible_sizes(_unused_ void **state)
{
        _cleanup_(strpool_free_p) struct strpool *pool = strpool_new();

        assert_null(strpool_alloc(pool, SIZE_MAX));
        assert_null(strpool_alloc(pool, SIZE_MAX - 15));
        assert_non_null(strpool_alloc(pool, 1000000));
        assert_non_null(strpool_alloc(pool, 8));
}

static void test_free_takes_null(_unused_ void **state)
{
        assert_null(strpool_free(NULL));
        assert_null(strpool_free(strpool_new()));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_equal_texts_are_one_pointer),
                cmocka_unit_test(test_empty_text),
                cmocka_unit_test(test_texts_with_nul),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_large_texts),
                cmocka_unit_test(test_objects_are_zeroed_and_aligned),
                cmocka_unit_test(test_impossible_sizes),
                cmocka_unit_test(test_free_takes_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
