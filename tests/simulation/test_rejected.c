/* SPDX-License-Identifier: MIT */

/*
 * Specs that cannot be followed change nothing: neither what is wanted, nor the credentials, nor what is under way.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/simulation/arrange.h"
#include "tests/simulation/rejected.h"

static void offer_none(struct world *w)
{
        struct estate *estate = arrange_specs(w, 0, NULL);

        rejected_spoil(estate);
        rejected_offer(w, estate);
        assert_right(w);
        assert_true(arrange_told(w, "SPECS that cannot be followed"));
}

static void test_at_rest(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);
        uint64_t acts = w->acts;

        offer_none(w);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 3);
        assert_int_equal(w->acts, acts);
        assert_settled(w);
}

/* At every moment of the making of machines; what was begun is finished. */
static void test_while_it_acts(_unused_ void **state)
{
        for (usec_t at = 0; at < 40 * USEC_PER_MSEC; at += 2 * USEC_PER_MSEC) {
                _cleanup_(world_free_p) struct world *w = arrange_converged(1);

                arrange_count(w, 5);
                world_pass(w, at);
                offer_none(w);
                world_pass(w, 10 * USEC_PER_MINUTE);
                assert_right(w);
                assert_int_equal(arrange_there(w), 5);
                assert_int_equal(arrange_sent(w, "create"), 5);
                assert_settled(w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_at_rest),
                cmocka_unit_test(test_while_it_acts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
