/* SPDX-License-Identifier: MIT */

/*
 * What a life of muster takes of its machine does not grow with its length: an agent that looks for weeks, all well or something always wrong, has
 * no more memory and no more descriptors than after its first day.
 */

#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "reconcile/base/array.h"
#include "tests/simulation/arrange.h"

/* The sanitizer's own, where there is one: the C library knows nothing of its allocations. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

#define DAY (24 * USEC_PER_HOUR)
#define DAYS 3
/* Per day that is measured; a text of 30 bytes that is kept for each look would be more. */
#define GROWTH_MAX (2 << 10)
#define CACHED_MAX ((size_t)8 << 20)

/* SQLite fills its cache of pages little by little, up to what it may have. */
static size_t memory_in_use(void)
{
        size_t cached = (size_t)sqlite3_memory_used();
        size_t all = __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                             : mallinfo2().uordblks;

        assert_true(cached < CACHED_MAX);
        return all - cached;
}

static size_t descriptors_in_use(void)
{
        DIR *folder = opendir("/proc/self/fd");
        size_t n = 0;

        assert_non_null(folder);
        while (readdir(folder))
                n++;
        assert_int_equal(closedir(folder), 0);
        return n;
}

/* The first day is for what is kept once: pools, caches, the largest plan. What the world itself writes down of each day is left out. */
static void check_days(struct world *w)
{
        size_t memory, descriptors;

        w->options.untraced = true;
        buf_done(&w->trace);
        world_pass(w, DAY);
        assert_right(w);
        memory = memory_in_use();
        descriptors = descriptors_in_use();
        world_pass(w, DAYS * DAY);
        assert_right(w);
        if (memory_in_use() > memory + (size_t)DAYS * GROWTH_MAX)
                fail_msg("it had %zu bytes, and %d days later %zu", memory, DAYS, memory_in_use());
        assert_int_equal(descriptors_in_use(), descriptors);
}

static void test_all_is_well(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(20);

        check_days(w);
        assert_settled(w);
}

/* Listings that are now there and now not, and creates that the vendor refuses again and again. */
static void test_something_is_always_wrong(_unused_ void **state)
{
        static const char *const rules[] = { "list=500", "list=empty", "create=refuse", "create=drop-reply" };

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                _cleanup_(world_free_p) struct world *w = arrange_converged(5);

                server_fault(w, 0, rules[i]);
                arrange_count(w, 6);
                check_days(w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_is_well),
                cmocka_unit_test(test_something_is_always_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
