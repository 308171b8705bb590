/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>

#include "reconcile/base/strmap.h"

static void test_empty(_unused_ void **state)
{
        _cleanup_strmap_ struct strmap map = {};
        size_t n = 0;

        assert_null(strmap_get(&map, "a"));
        assert_null(strmap_remove(&map, "a"));
        STRMAP_FOREACH (slot, &map)
                n++;
        assert_int_equal(n, 0);
}

static void test_put_keeps_and_set_replaces(_unused_ void **state)
{
        _cleanup_strmap_ struct strmap map = {};
        char first[] = "web", second[] = "web";
        int a, b;

        assert_int_equal(strmap_put(&map, first, &a), 0);
        assert_int_equal(strmap_put(&map, second, &b), -EEXIST);
        assert_ptr_equal(strmap_get(&map, "web"), &a);
        assert_int_equal(strmap_set(&map, second, &b), 0);
        assert_ptr_equal(strmap_get(&map, "web"), &b);
        assert_int_equal(map.count, 1);
        STRMAP_FOREACH (slot, &map)
                assert_ptr_equal(slot->key, second);

        assert_int_equal(strmap_set(&map, "db", &a), 0);
        assert_ptr_equal(strmap_get(&map, "db"), &a);
        assert_int_equal(map.count, 2);
}

static void test_remove(_unused_ void **state)
{
        _cleanup_strmap_ struct strmap map = {};
        int a;

        strmap_put(&map, "web", &a);
        assert_null(strmap_remove(&map, "db"));
        assert_ptr_equal(strmap_remove(&map, "web"), &a);
        assert_null(strmap_remove(&map, "web"));
        assert_null(strmap_get(&map, "web"));
        assert_int_equal(map.count, 0);
}

static void test_key_without_value(_unused_ void **state)
{
        _cleanup_strmap_ struct strmap map = {};

        assert_int_equal(strmap_put(&map, "", NULL), 0);
        assert_null(strmap_get(&map, ""));
        assert_int_equal(strmap_put(&map, "", NULL), -EEXIST);
        assert_int_equal(map.count, 1);
}

static uint32_t next_random(uint32_t *seed)
{
        *seed = *seed * 1664525U + 1013904223U;
        return *seed >> 16;
}

enum { N_KEYS = 500 };

static void assert_same(const struct strmap *map, char keys[][16], const bool *present)
{
        size_t n_present = 0, n_slots = 0;

        for (size_t k = 0; k < N_KEYS; k++) {
                assert_ptr_equal(strmap_get(map, keys[k]), present[k] ? keys[k] : NULL);
                n_present += present[k];
        }
        STRMAP_FOREACH (slot, map) {
                assert_ptr_equal(slot->key, slot->value);
                n_slots++;
        }
        assert_int_equal(map->count, n_present);
        assert_int_equal(n_slots, n_present);
}

/* Against a plain table of what should be there: removals must leave every other key reachable. */
static void test_many_changes(_unused_ void **state)
{
        static char keys[N_KEYS][16];
        _cleanup_strmap_ struct strmap map = {};
        bool present[N_KEYS] = {};
        uint32_t seed = 1;

        for (size_t k = 0; k < N_KEYS; k++)
                snprintf(keys[k], sizeof(keys[k]), "web-%zu", k);

        for (size_t i = 0; i < 20000; i++) {
                size_t k = next_random(&seed) % N_KEYS;

                if (next_random(&seed) % 2) {
                        assert_int_equal(strmap_put(&map, keys[k], keys[k]), present[k] ? -EEXIST : 0);
                        present[k] = true;
                } else {
                        assert_ptr_equal(strmap_remove(&map, keys[k]), present[k] ? keys[k] : NULL);
                        present[k] = false;
                }
                if (i % 500 == 0)
                        assert_same(&map, keys, present);
        }
        assert_same(&map, keys, present);
}

static void test_done_leaves_it_usable(_unused_ void **state)
{
        struct strmap map = {};
        int a;

        strmap_done(NULL);
        strmap_put(&map, "web", &a);
        strmap_done(&map);
        assert_null(strmap_get(&map, "web"));
        assert_int_equal(strmap_put(&map, "web", &a), 0);
        strmap_done(&map);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_empty),        cmocka_unit_test(test_put_keeps_and_set_replaces),
                cmocka_unit_test(test_remove),       cmocka_unit_test(test_key_without_value),
                cmocka_unit_test(test_many_changes), cmocka_unit_test(test_done_leaves_it_usable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
