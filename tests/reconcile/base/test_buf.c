/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/buf.h"

static void test_additions(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1000);

        assert_null(b.data);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(buf_adds(&b, "web"), 0);
        assert_int_equal(buf_addc(&b, '-'), 0);
        assert_int_equal(buf_addf(&b, "%d/%s", 7, "data"), 0);
        assert_int_equal(buf_add(&b, "x\0y", 3), 0);
        assert_int_equal(b.len, 13);
        assert_memory_equal(b.data, "web-7/datax\0y", 14);
}

static void test_exactly_to_the_maximum(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(5);

        assert_int_equal(buf_adds(&b, "123"), 0);
        assert_int_equal(buf_addf(&b, "%d", 45), 0);
        assert_int_equal(buf_adds(&b, ""), 0);
        assert_string_equal(b.data, "12345");
        assert_true(b.allocated <= 6);
        assert_int_equal(buf_addc(&b, '6'), -ENOBUFS);
        assert_string_equal(b.data, "12345");
}

static void test_formatted_text_that_does_not_fit(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100), small = BUF_INIT(8);

        assert_int_equal(buf_adds(&b, "abc"), 0);
        assert_int_equal(buf_addf(&b, "%090d", 7), 0); /* more than there is room for */
        assert_int_equal(b.len, 93);
        assert_int_equal(strlen(b.data), 93);
        assert_string_equal(b.data + 91, "07");

        assert_int_equal(buf_adds(&small, "abc"), 0);
        assert_int_equal(buf_addf(&small, "%s", "too long"), -ENOBUFS);
        assert_int_equal(small.len, 3);
        assert_string_equal(small.data, "abc");
}

static void test_an_error_sticks(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4);

        assert_int_equal(buf_adds(&b, "ab"), 0);
        assert_int_equal(buf_adds(&b, "too long"), -ENOBUFS);
        assert_int_equal(buf_addc(&b, 'c'), -ENOBUFS);
        assert_int_equal(buf_addf(&b, "%c", 'c'), -ENOBUFS);
        assert_int_equal(buf_pad(&b, 3, 0), -ENOBUFS);
        assert_int_equal(buf_add(&b, NULL, 0), -ENOBUFS);
        assert_string_equal(b.data, "ab");
        assert_null(buf_steal(&b));
        assert_int_equal(b.failed, -ENOBUFS);

        buf_reset(&b);
        assert_string_equal(buf_text(&b), "");
        assert_int_equal(buf_adds(&b, "abcd"), 0);
        assert_string_equal(b.data, "abcd");
}

static void test_a_maximum_of_nothing(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(0);

        assert_int_equal(buf_adds(&b, ""), 0);
        assert_int_equal(buf_addc(&b, 'a'), -ENOBUFS);
}

static void test_lengths_do_not_wrap_around(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(SIZE_MAX);

        assert_int_equal(buf_adds(&b, "abc"), 0);
        assert_int_equal(buf_pad(&b, SIZE_MAX, 0), -ENOBUFS);
        assert_string_equal(b.data, "abc");
}

static void test_growing(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100000);

        for (size_t i = 0; i < 100000; i++)
                assert_int_equal(buf_addc(&b, (char)('a' + i % 26)), 0);
        assert_int_equal(buf_addc(&b, '!'), -ENOBUFS);
        for (size_t i = 0; i < 100000; i++)
                assert_int_equal(b.data[i], 'a' + (int)(i % 26));
        assert_int_equal(b.data[100000], '\0');
}

static void test_pad_counts_characters(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);

        assert_int_equal(buf_adds(&b, "first\n"), 0);
        assert_int_equal(buf_adds(&b, "größe"), 0);
        assert_int_equal(buf_pad(&b, 8, 6), 0);
        assert_int_equal(buf_addc(&b, '|'), 0);
        assert_string_equal(b.data, "first\ngröße   |");
        assert_int_equal(buf_pad(&b, 3, 6), 0);
        assert_string_equal(b.data, "first\ngröße   |");
        assert_int_equal(buf_pad(&b, 2, b.len), 0);
        assert_string_equal(b.data, "first\ngröße   |  ");
}

static void test_pad_of_an_empty_buffer(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);

        assert_int_equal(buf_pad(&b, 2, 0), 0);
        assert_string_equal(b.data, "  ");
}

static void test_steal(_unused_ void **state)
{
        _cleanup_free_ char *text = NULL, *empty = NULL;
        _cleanup_buf_ struct buf b = BUF_INIT(100);

        buf_adds(&b, "abc");
        text = buf_steal(&b);
        assert_string_equal(text, "abc");
        assert_null(b.data);
        assert_int_equal(b.len, 0);
        assert_int_equal(b.max, 100);

        empty = buf_steal(&b);
        assert_string_equal(empty, "");
        assert_int_equal(buf_adds(&b, "usable"), 0);
}

static void test_done_takes_anything(_unused_ void **state)
{
        struct buf b = BUF_INIT(10);

        buf_done(NULL);
        buf_done(&b);
        assert_int_equal(buf_adds(&b, "abc"), 0);
        assert_int_equal(buf_adds(&b, "too long by far"), -ENOBUFS);
        buf_done(&b);
        assert_int_equal(buf_adds(&b, "usable"), 0);
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_additions),
                cmocka_unit_test(test_exactly_to_the_maximum),
                cmocka_unit_test(test_formatted_text_that_does_not_fit),
                cmocka_unit_test(test_an_error_sticks),
                cmocka_unit_test(test_a_maximum_of_nothing),
                cmocka_unit_test(test_lengths_do_not_wrap_around),
                cmocka_unit_test(test_growing),
                cmocka_unit_test(test_pad_counts_characters),
                cmocka_unit_test(test_pad_of_an_empty_buffer),
                cmocka_unit_test(test_steal),
                cmocka_unit_test(test_done_takes_anything),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
