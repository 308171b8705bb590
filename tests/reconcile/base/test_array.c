/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "reconcile/base/array.h"
#include "reconcile/base/cleanup.h"

struct item {
        int number;
        char *name;
};

static void test_items_are_kept_and_new_ones_zeroed(_unused_ void **state)
{
        size_t n_items = 0, allocated_items = 0;
        struct item *items = NULL;

        for (int i = 0; i < 1000; i++) {
                struct item *item = ARRAY_ADD(items, n_items, allocated_items);

                assert_non_null(item);
                assert_int_equal(item->number, 0);
                assert_null(item->name);
                item->number = i;
        }
        assert_int_equal(n_items, 1000);
        assert_true(allocated_items >= 1000);
        for (int i = 0; i < 1000; i++)
                assert_int_equal(items[i].number, i);
        free(items);
}

static void test_impossible_sizes_change_nothing(_unused_ void **state)
{
        size_t n_items = 0, allocated_items = 0, before;
        struct item *items = NULL, *was;

        assert_non_null(ARRAY_ADD(items, n_items, allocated_items));
        before = allocated_items;
        was = items;
        assert_int_equal(array_reserve((void **)&items, &allocated_items, SIZE_MAX / 2, sizeof(*items)), -ENOMEM);
        assert_int_equal(array_reserve((void **)&items, &allocated_items, SIZE_MAX, sizeof(*items)), -ENOMEM);
        assert_int_equal(allocated_items, before);
        assert_ptr_equal(items, was);
        free(items);
}

static void test_room_at_once(_unused_ void **state)
{
        size_t allocated_items = 0;
        struct item *items = NULL;

        assert_int_equal(array_reserve((void **)&items, &allocated_items, 100, sizeof(*items)), 0);
        assert_true(allocated_items >= 100);
        assert_int_equal(items[99].number, 0);
        assert_int_equal(array_reserve((void **)&items, &allocated_items, 0, sizeof(*items)), 0);
        free(items);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_items_are_kept_and_new_ones_zeroed),
                cmocka_unit_test(test_impossible_sizes_change_nothing),
                cmocka_unit_test(test_room_at_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
