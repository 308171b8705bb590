/* SPDX-License-Identifier: MIT */

/*
 * Data disks that hang on their machines for good: calls about them come to an end whatever becomes of the machine and of the specs.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/simulation/arrange.h"

static struct disk_spec data = { .name = "data", .size = INT64_C(5) << 30 };

static struct estate *specs_with_disk(const struct world *w, int64_t count, struct machine_set **ret_set)
{
        struct estate *estate = arrange_specs(w, count, ret_set);

        (*ret_set)->disks = (struct objects){ .items = &data, .n = 1 };
        return estate;
}

/* Machines that have no disk yet, and the making of the first one is not heard of. */
static struct world *begin_unheard(int64_t count, const char *rule)
{
        struct world *w = arrange_converged(count);
        struct machine_set *set;

        server_fault(w, 0, rule);
        world_set_estate(w, specs_with_disk(w, count, &set));
        world_pass(w, USEC_PER_SEC);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "disk"), count);
        return w;
}

static void test_disk_that_the_specs_drop_while_it_is_made(_unused_ void **state)
{
        static const char *const rules[] = { "disk:1=drop-reply", "disk:1=drop-request" };

        for (size_t i = 0; i < 2; i++) {
                _cleanup_(world_free_p) struct world *w = begin_unheard(1, rules[i]);

                arrange_count(w, 1);
                world_pass(w, 10 * USEC_PER_MINUTE);
                assert_right(w);
                assert_int_equal(w->ledger->n_calls, 0);
        }
}

static void test_disk_of_a_machine_that_is_released_while_it_is_made(_unused_ void **state)
{
        static const char *released[] = { "web-0" };
        _cleanup_(world_free_p) struct world *w = begin_unheard(1, "disk:1=drop-reply");
        struct machine_set *set;
        struct estate *estate = specs_with_disk(w, 0, &set);

        set->release = (struct strings){ .items = released, .n = 1 };
        assert_true(server_let_go(w, 0, "web-0", NULL));
        world_set_estate(w, estate);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(w->ledger->n_calls, 0);
}

/* A run of apply has not ended while something may still come of it. */
static void test_apply_waits_for_what_no_spec_asks_for(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = begin_unheard(1, "disk:1=drop-request");

        world_kill(w);
        w->rest = USEC_INFINITY;
        arrange_count(w, 1);
        world_start(w, ENGINE_APPLY);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(w->ended, ENGINE_CONVERGED);
        assert_settled(w);
}

static void test_a_loss_that_is_accepted_takes_the_disks_along(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);
        struct machine_set *set;

        world_set_estate(w, specs_with_disk(w, 3, &set));
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_non_null(arrange_id(w, "web-2/data"));
        for (int64_t i = 0; i < 3; i++) {
                char slot[16];

                (void)snprintf(slot, sizeof(slot), "web-%d", (int)i);
                assert_true(server_console(w, 0, "delete", arrange_id(w, slot), NULL));
        }
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_sent(w, "create"), 3);
        world_ask(w, REQUEST_ACCEPT_LOSS, w->servers[0].account, "", "", "");
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 6);
        assert_int_equal(arrange_sent(w, "disk"), 6);
        assert_settled(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_disk_that_the_specs_drop_while_it_is_made),
                cmocka_unit_test(test_disk_of_a_machine_that_is_released_while_it_is_made),
                cmocka_unit_test(test_apply_waits_for_what_no_spec_asks_for),
                cmocka_unit_test(test_a_loss_that_is_accepted_takes_the_disks_along),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
