/* SPDX-License-Identifier: MIT */

/*
 * Machines that seem to be gone, and machines that are: nothing is made or deleted on the word of a listing that may lie.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/starvcenter/sim.h"
#include "tests/simulation/arrange.h"

/* While listings lie nothing is sent that acts, though the specs ask for it; afterwards all is as before. */
static void lie(int64_t count, const char *rule)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(count);
        uint64_t acts = w->acts;

        server_fault(w, 0, rule);
        world_pass(w, 2 * USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(w->acts, acts);
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(w->acts, acts);
        assert_settled(w);
}

static void test_listing_without_rows(_unused_ void **state)
{
        lie(1, "list=empty");
        lie(2, "list=empty");
        lie(12, "list=empty");
}

static void test_listing_that_lost_rows(_unused_ void **state)
{
        lie(1, "list=short");
        lie(4, "list=short");
        lie(12, "list=short");
}

static void test_listing_that_is_none(_unused_ void **state)
{
        lie(3, "list=html");
        lie(3, "list=truncate");
        lie(3, "list=500");
        lie(3, "list=garbage");
        lie(3, "list=auth");
        lie(3, "list=duplicate");
        lie(3, "list=redirect");
}

/* Under the lie the specs want fewer, and more: neither happens before the listing is whole again. */
static void test_specs_that_change_under_a_lie(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(4);
        uint64_t acts = w->acts;

        server_fault(w, 0, "list=empty");
        world_pass(w, 3 * USEC_PER_MINUTE);
        arrange_count(w, 6);
        world_pass(w, 3 * USEC_PER_MINUTE);
        arrange_count(w, 2);
        world_pass(w, 3 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(w->acts, acts);
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

/* Specs that change while the vendor is asked after a machine: what was asked is no answer. */
static void test_specs_that_change_during_a_check(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(1);

        server_fault(w, 0, "list=empty");
        server_fault(w, 0, "get=delay=20s");
        while (arrange_sent(w, "delete") == 0 && !arrange_told(w, "ask moon get") && !world_is_wrong(w))
                world_pass(w, USEC_PER_SEC);
        arrange_count(w, 2);
        server_clear_faults(w, 0);
        server_fault(w, 0, "list:1=empty");
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 2);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

static void delete_all(struct world *w)
{
        for (size_t i = 0; i < w->servers[0].n_records; i++)
                if (w->servers[0].records[i].ours && server_has(w, 0, w->servers[0].records[i].id))
                        server_console(w, 0, "delete", w->servers[0].records[i].id, NULL);
}

static void test_all_gone(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);

        delete_all(w);
        world_pass(w, 2 * USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 3);
        assert_true(arrange_told(w, "'muster accept-loss moon'"));
        world_ask(w, REQUEST_ACCEPT_LOSS, "moon", "", "", "");
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 3);
        assert_int_equal(arrange_sent(w, "create"), 6);
        assert_settled(w);
}

/* A listing that lies is on its way when a person says that what is missing is gone: what was asked before is no answer to that. */
static void test_a_loss_that_is_accepted_during_a_lie(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);

        server_fault(w, 0, "list=empty");
        server_fault(w, 0, "list=delay=20s");
        engine_look_again(w->engine);
        world_pass(w, 10 * USEC_PER_SEC);
        server_clear_faults(w, 0);
        world_ask(w, REQUEST_ACCEPT_LOSS, "moon", "", "", "");
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 3);
        assert_settled(w);
}

/* After an answer to a person the engine waits again, and does not spin. */
static void test_rest_after_an_answer(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);

        world_ask(w, REQUEST_ACCEPT_LOSS, "moon", "", "", "");
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_settled(w);
}

static void test_one_gone(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);
        char id[SERVER_ID_MAX];

        (void)snprintf(id, sizeof(id), "%s", arrange_id(w, "web-1"));
        server_console(w, 0, "delete", id, NULL);
        engine_look_again(w->engine);
        world_pass(w, CONFIRM - USEC_PER_SEC);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 3);
        world_pass(w, 2 * USEC_PER_MINUTE);
        assert_int_equal(arrange_sent(w, "create"), 4);
        assert_int_equal(arrange_there(w), 3);
        assert_string_not_equal(arrange_id(w, "web-1"), id);
        assert_settled(w);
}

static void test_a_fifth_gone(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(12);
        char name[16];

        for (int i = 0; i < 5; i++) {
                (void)snprintf(name, sizeof(name), "web-%d", i);
                server_console(w, 0, "delete", arrange_id(w, name), NULL);
        }
        world_pass(w, USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 12);
        world_ask(w, REQUEST_ACCEPT_LOSS, "moon", "", "", "");
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 12);
        assert_settled(w);
}

/* The vendor gives an id of ours to a machine of somebody else. */
static void test_id_given_away_again(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);
        char id[SERVER_ID_MAX];
        struct sim_machine *m;

        (void)snprintf(id, sizeof(id), "%s", arrange_id(w, "web-1"));
        m = sim_machine_find(w->servers[0].simulation, id);
        assert_int_equal(sim_machine_rename(m, "of-somebody"), 0);
        (void)snprintf(m->item.created, sizeof(m->item.created), "2026-03-03 03:03:03");
        world_pass(w, 3 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_thing(w, "web-1")->state, THING_PARKED);
        server_released(&w->servers[0], id);
        arrange_count(w, 0);
        world_pass(w, USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "delete"), 1);
        assert_true(server_has(w, 0, id));
}

static size_t pages_asked(const struct world *w)
{
        size_t n = 0;

        for (const char *at = buf_text(&w->trace); (at = strstr(at, " ask moon list ")); at++)
                n++;
        return n;
}

static struct fate endless_fate(_unused_ struct world *w, const struct exchange *x)
{
        return (struct fate){ .faults = strcmp(x->class, "list") == 0 ? FAULT_ENDLESS : 0,
                              .there = USEC_PER_SEC,
                              .back = USEC_PER_SEC };
}

/* The pages of a listing do not end, and none has a machine of ours: nothing is taken for gone, whether the walk goes on or is cut off. */
static void test_listing_without_an_end(_unused_ void **state)
{
        for (unsigned minutes = 1; minutes <= 64; minutes *= 4) {
                _cleanup_(world_free_p) struct world *w = arrange_converged(3);
                struct fate (*calm)(struct world * w, const struct exchange *x) = w->fate;
                uint64_t acts = w->acts;
                size_t asked = pages_asked(w);

                w->fate = endless_fate;
                arrange_count(w, 5);
                world_pass(w, minutes * USEC_PER_MINUTE);
                assert_right(w);
                assert_true(pages_asked(w) > asked + 20 * minutes);
                assert_int_equal(w->acts, acts);
                w->fate = calm;
                world_pass(w, 10 * USEC_PER_MINUTE);
                assert_right(w);
                assert_int_equal(arrange_there(w), 5);
                assert_int_equal(arrange_sent(w, "create"), 5);
                assert_int_equal(arrange_sent(w, "delete"), 0);
                assert_settled(w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_listing_without_rows),
                cmocka_unit_test(test_listing_that_lost_rows),
                cmocka_unit_test(test_listing_that_is_none),
                cmocka_unit_test(test_specs_that_change_under_a_lie),
                cmocka_unit_test(test_specs_that_change_during_a_check),
                cmocka_unit_test(test_all_gone),
                cmocka_unit_test(test_a_loss_that_is_accepted_during_a_lie),
                cmocka_unit_test(test_rest_after_an_answer),
                cmocka_unit_test(test_one_gone),
                cmocka_unit_test(test_a_fifth_gone),
                cmocka_unit_test(test_id_given_away_again),
                cmocka_unit_test(test_listing_without_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
