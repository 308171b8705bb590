/* SPDX-License-Identifier: MIT */

/*
 * A disk that fails under the ledger, at each call of SQLite's in turn; and the power that goes at each durable step, with what was
 * not synced. Nothing is sent without a row that lasts, nothing is made twice or lost.
 *
 * MUSTER_DISK_CALLS=every takes each call in turn; without it, every so many.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/text.h"
#include "tests/simulation/arrange.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/inside.h"

#define STRIDE 7

/* A world whose engine alone the disk fails. */
static struct world *arrange(void)
{
        struct world *w = arrange_world();

        disk_count(inside_engine);
        return w;
}

static void work(struct world *w)
{
        server_fault(w, 0, "create:1=drop-reply");
        w->commits_may_fail = true;
        arrange_count(w, 2);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 30 * USEC_PER_SEC);
        arrange_count(w, 1);
        world_pass(w, 10 * USEC_PER_SEC);
}

static void assert_one_is_there(struct world *w)
{
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

/* Makes two machines, one of them with a lost reply, and deletes one. False: that takes fewer calls. */
static bool survives(uint64_t calls, enum disk_fault fault, bool for_good)
{
        _cleanup_(world_free_p) struct world *w = arrange();

        disk_fail(calls, fault, for_good);
        work(w);
        disk_heal();
        assert_one_is_there(w);
        return disk_has_failed();
}

static void each_in_turn(enum disk_fault fault)
{
        uint64_t step = text_equal(getenv("MUSTER_DISK_CALLS"), "every") ? 1 : STRIDE, n = 0;

        for (int for_good = 0; for_good < 2; for_good++) {
                for (n = 0; survives(n, fault, for_good);)
                        n += step;
                print_message("%llu calls\n", (unsigned long long)n);
                assert_true(n > 20);
        }
}

static void test_calls_that_fail(_unused_ void **state)
{
        each_in_turn(DISK_EIO);
}

static void test_a_full_disk(_unused_ void **state)
{
        each_in_turn(DISK_FULL);
}

static void test_nothing_goes_out_while_it_is_full(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange();

        disk_fail(0, DISK_FULL, true);
        w->commits_may_fail = true;
        arrange_count(w, 2);
        world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 0);
        assert_int_equal(w->acts, 0);
        disk_heal();
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

static void test_short_writes(_unused_ void **state)
{
        each_in_turn(DISK_SHORT);
}

/* A sync that fails, and then the power: what it was to make durable is gone, and so is muster's trust in it. */
static bool survives_a_cut_after(uint64_t calls)
{
        _cleanup_(world_free_p) struct world *w = arrange();

        disk_fail(calls, DISK_EIO, false);
        work(w);
        disk_heal();
        disk_lose_power();
        world_kill(w);
        assert_one_is_there(w);
        return disk_has_failed();
}

static void test_the_power_goes_after_a_failure(_unused_ void **state)
{
        uint64_t step = text_equal(getenv("MUSTER_DISK_CALLS"), "every") ? 1 : STRIDE, n = 0;

        while (survives_a_cut_after(n))
                n += step;
        assert_true(n > 20);
}

/* The power goes at one point. False: it never came to that point. */
static bool survives_a_cut_at(enum death where, unsigned survived)
{
        _cleanup_(world_free_p) struct world *w = arrange();
        usec_t end = usec_add(w->now, 40 * USEC_PER_SEC);

        server_fault(w, 0, "create:1=drop-reply");
        w->death = where;
        w->survives = survived;
        w->at_death = disk_lose_power;
        w->rest = USEC_INFINITY;
        arrange_count(w, 2);
        world_start(w, ENGINE_AGENT);
        while (w->now < end && !w->died)
                world_pass(w, USEC_PER_MSEC);
        w->rest = USEC_PER_SEC;
        if (!w->engine)
                world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
        return w->died;
}

static void test_the_power_goes_at_every_step(_unused_ void **state)
{
        for (enum death where = DEATH_BEFORE_COMMIT; where < DEATHS; where++) {
                unsigned survived = 0;

                while (survives_a_cut_at(where, survived))
                        survived++;
                assert_true(survived >= 1);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_calls_that_fail),
                cmocka_unit_test(test_a_full_disk),
                cmocka_unit_test(test_nothing_goes_out_while_it_is_full),
                cmocka_unit_test(test_short_writes),
                cmocka_unit_test(test_the_power_goes_after_a_failure),
                cmocka_unit_test(test_the_power_goes_at_every_step),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
