/* SPDX-License-Identifier: MIT */

/*
 * Memory that runs out, at each allocation of the engine in turn, once or for a while: in decoders, in the making of a plan, in
 * recovery. Nothing is sent without its row, nothing is made twice or lost, and once there is memory again all is as it should be.
 *
 * Only what the engine and the ledger allocate by themselves is denied; the world around them has all that it wants.
 * MUSTER_ALLOCATIONS=every takes each one in turn, and some minutes; without it, every so many.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/simulation/arrange.h"
#include "tests/simulation/inside.h"
#include "tests/support/scarcity.h"

#define STRIDE 47

/* Makes two machines, one of them with a lost reply, and deletes one. False: that takes fewer allocations. */
static bool survives(uint64_t allocations, bool for_good)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        bool ran_out;

        server_fault(w, 0, "create:1=drop-reply");
        w->commits_may_fail = true;
        arrange_count(w, 2);
        scarcity_begin(allocations, for_good);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 30 * USEC_PER_SEC);
        arrange_count(w, 1);
        world_pass(w, 10 * USEC_PER_SEC);
        ran_out = scarcity_end();
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
        return ran_out;
}

static void each_in_turn(bool for_good)
{
        bool every = text_equal(getenv("MUSTER_ALLOCATIONS"), "every");
        uint64_t n = 0;

        while (survives(n, for_good))
                n += every ? 1 : STRIDE;
        print_message("%llu allocations\n", (unsigned long long)n);
        assert_true(n > 100);
}

static void test_one_allocation_fails(_unused_ void **state)
{
        each_in_turn(false);
}

static void test_memory_is_out_for_a_while(_unused_ void **state)
{
        each_in_turn(true);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_allocation_fails),
                cmocka_unit_test(test_memory_is_out_for_a_while),
        };

        scarcity.is_in = inside_engine;
        json_set_alloc_funcs(malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
