/* SPDX-License-Identifier: MIT */

/*
 * A create, whatever becomes of it: there is one machine in the end, or a person is told.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/text.h"
#include "tests/simulation/arrange.h"
#include "tests/simulation/files.h"

/* Dies at one point of making one machine. False: it never came to that point. */
static bool die_once(enum death where, unsigned survives, const char *rule)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        if (rule)
                server_fault(w, 0, rule);
        w->death = where;
        w->survives = survives;
        arrange_count(w, 1);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
        return w->died;
}

static void each_death(const char *rule)
{
        for (enum death where = DEATH_BEFORE_COMMIT; where < DEATHS; where++) {
                unsigned survived = 0;

                while (die_once(where, survived, rule))
                        survived++;
                /* At least the row and the reply are committed, and at least one request goes out. */
                assert_true(survived >= (where == DEATH_BEFORE_COMMIT || where == DEATH_AFTER_COMMIT ? 2 : 1));
        }
}

static void test_death_at_every_step(_unused_ void **state)
{
        each_death(NULL);
}

static void test_death_at_every_step_of_a_lost_request(_unused_ void **state)
{
        each_death("create:1=drop-request");
}

static void test_death_at_every_step_of_a_lost_reply(_unused_ void **state)
{
        each_death("create:1=drop-reply");
}

static void make_with_fault(const char *rule, size_t creates)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        server_fault(w, 0, rule);
        arrange_count(w, 3);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 3);
        assert_int_equal(arrange_sent(w, "create"), creates);
        assert_settled(w);
}

static void test_acted_upon_and_not_told(_unused_ void **state)
{
        make_with_fault("create:2=drop-reply", 3);
        make_with_fault("create:2=hang-after", 3);
        make_with_fault("create:2=500-after", 3);
        make_with_fault("create:2=truncate", 3);
        make_with_fault("create:2=garbage", 3);
}

/* Waits that end while a listing is being read are not forgotten: the next listing follows at once. */
static void test_waits_that_end_one_after_another(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        server_fault(w, 0, "create:1=drop-reply");
        server_fault(w, 0, "create:2=delay=100ms,drop-reply");
        server_fault(w, 0, "create:3=delay=200ms,drop-reply");
        server_fault(w, 0, "list=delay=400ms");
        arrange_count(w, 3);
        world_start(w, ENGINE_AGENT);
        world_pass(w, SETTLE + 3 * USEC_PER_SEC);
        assert_non_null(arrange_id(w, "web-0"));
        assert_non_null(arrange_id(w, "web-1"));
        assert_non_null(arrange_id(w, "web-2"));
        assert_right(w);
}

static void test_not_acted_upon(_unused_ void **state)
{
        make_with_fault("create:2=drop-request", 4);
        make_with_fault("create:2=hang", 4);
        make_with_fault("create:2=500", 4);
        make_with_fault("create:2=html", 4);
        make_with_fault("create:2=429", 4);
        make_with_fault("create:2=refuse", 4);
}

/* The listing says for a while that it is not there, and lacks others, too. */
static void test_lost_reply_and_a_listing_that_lies(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);

        server_fault(w, 0, "create:1=drop-reply");
        arrange_count(w, 4);
        world_pass(w, USEC_PER_SEC / 10);
        assert_int_equal(arrange_there(w), 4);
        server_fault(w, 0, "list=empty");
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 4);
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 4);
        assert_settled(w);
}

/* One listing is not enough to say that nothing came of a create. */
static void test_lost_reply_and_one_empty_listing(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        server_fault(w, 0, "create:1=drop-reply");
        arrange_count(w, 1);
        world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_SEC);
        assert_int_equal(arrange_there(w), 1);
        server_fault(w, 0, "list=empty");
        world_pass(w, SETTLE + SETTLE / 2);
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

static void lose_a_reply_and_rows(const struct world_vendor *vendor, const char *lie)
{
        _cleanup_(world_free_p) struct world *w = arrange_world_of(vendor);

        arrange_count(w, 0);
        world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_MINUTE);
        server_fault(w, 0, "create:1=drop-reply");
        arrange_count(w, 1);
        world_pass(w, USEC_PER_SEC);
        server_fault(w, 0, lie);
        world_pass(w, 5 * USEC_PER_MINUTE);
        server_clear_faults(w, 0);
        world_pass(w, 15 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
}

/* Nor is a listing that has suddenly lost everything, or some of it, none of which is ours: not for some minutes. */
static void test_lost_reply_and_a_listing_that_lost_others(_unused_ void **state)
{
        for (size_t i = 0; world_vendors[i]; i++) {
                lose_a_reply_and_rows(world_vendors[i], "list=empty");
                lose_a_reply_and_rows(world_vendors[i], "list=short");
        }
}

static struct fate first_create_is_late(struct world *w, const struct exchange *x)
{
        struct fate fate = { .there = 5 * USEC_PER_MSEC, .back = 5 * USEC_PER_MSEC };
        unsigned *creates = w->userdata;

        if (text_equal(x->class, "create") && (*creates)++ == 0)
                fate.there = usec_add(30 * USEC_PER_SEC, w->options.acting - USEC_PER_MSEC);
        return fate;
}

/* A create whose sender gave up acts as late as the vendor may: W is longer than that. */
static void test_a_create_that_acts_as_late_as_it_may(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        struct estate *estate = arrange_specs(w, 1, NULL);
        unsigned creates = 0;

        estate_find(estate, &kind_provider, w->servers[0].account)->provider->confirm = USEC_PER_SEC / 5;
        w->fate = first_create_is_late;
        w->userdata = &creates;
        world_set_estate(w, estate);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(creates, 1);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

static void test_stranger_with_the_name(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        char stranger[SERVER_ID_MAX];

        server_add(w, 0, json_pack("{s:s}", "name", "web-1"), stranger);
        arrange_count(w, 3);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_int_equal(arrange_sent(w, "create"), 2);
        assert_null(arrange_id(w, "web-1"));
        server_console(w, 0, "delete", stranger, NULL);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 3);
        assert_settled(w);
}

/* Who asks twice, before anybody answers, has the same machine in mind: not that which comes in its place. */
static void test_forgetting_twice(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(1);
        char id[SERVER_ID_MAX];

        (void)snprintf(id, sizeof(id), "%s", arrange_id(w, "web-0"));
        assert_true(server_let_go(w, 0, "web-0", ""));
        assert_true(server_console(w, 0, "rename", id, "other"));
        world_ask(w, REQUEST_FORGET, "", "MachineSet/web", "web-0", id);
        world_ask(w, REQUEST_FORGET, "", "MachineSet/web", "web-0", id);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 2);
        assert_settled(w);
}

/* A machine that a person told muster to forget carries the name again while a create is in doubt: it is not what that made. */
static void test_a_name_of_one_that_was_ours(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(1);
        char id[SERVER_ID_MAX];
        usec_t end = usec_add(w->now, 10 * USEC_PER_MINUTE);

        (void)snprintf(id, sizeof(id), "%s", arrange_id(w, "web-0"));
        assert_true(server_let_go(w, 0, "web-0", ""));
        assert_true(server_console(w, 0, "rename", id, "other"));
        world_ask(w, REQUEST_FORGET, "", "MachineSet/web", "web-0", "");
        server_fault(w, 0, "create:1=drop-request");
        while (arrange_sent(w, "create") < 2 && !world_is_wrong(w) && w->now < end)
                world_pass(w, USEC_PER_SEC);
        assert_true(server_console(w, 0, "rename", id, "web-0"));
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_true(!arrange_thing(w, "web-0") || !text_equal(arrange_id(w, "web-0"), id));
        assert_true(server_has(w, 0, id));
}

/* Which of the two did the create make? Nobody can say but a person. */
static void test_two_with_one_name(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        const struct thing *t;
        char stranger[SERVER_ID_MAX];

        server_fault(w, 0, "create:1=drop-reply");
        arrange_count(w, 1);
        world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_SEC);
        server_add(w, 0, json_pack("{s:s}", "name", "web-0"), stranger);
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_right(w);
        t = arrange_thing(w, "web-0");
        assert_non_null(t);
        assert_int_equal(t->state, THING_PARKED);
        assert_non_null(strstr(t->note, stranger));
        assert_int_equal(arrange_sent(w, "create"), 1);
        assert_int_equal(arrange_sent(w, "delete"), 0);
        assert_settled(w);
}

/* The create never came about, and a person has made one of that name, after the look and before the next. */
static void test_stranger_in_the_place_of_a_lost_one(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        char stranger[SERVER_ID_MAX];

        server_fault(w, 0, "create:1=drop-request");
        arrange_count(w, 1);
        world_start(w, ENGINE_AGENT);
        world_pass(w, USEC_PER_SEC);
        server_add(w, 0, json_pack("{s:s}", "name", "web-0"), stranger);
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_thing(w, "web-0")->state, THING_PARKED);
        assert_non_null(strstr(arrange_thing(w, "web-0")->note, stranger));
        assert_int_equal(w->acts, 1);
        assert_settled(w);
}

/* What the old ledger does not know has our names: it is nobody's, and keeps new ones from being made. */
static void test_ledger_out_of_a_backup(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);
        char backup[300];

        snprintf(backup, sizeof(backup), "%s.old", w->path);
        world_kill(w);
        files_copy(w->path, backup);
        arrange_count(w, 5);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 5);

        world_kill(w);
        files_copy(backup, w->path);
        files_forget(backup);
        w->n_spent = 0; /* the old ledger counts its rows anew */
        world_pass(w, 2 * USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 5);
        assert_int_equal(arrange_sent(w, "delete"), 0);
        assert_int_equal(arrange_there(w), 5);
        arrange_count(w, 0);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
}

/* Told to stop while it still looks. */
static void test_apply_stopped_early(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        w->rest = USEC_INFINITY;
        arrange_count(w, 2);
        world_start(w, ENGINE_APPLY);
        world_pass(w, USEC_PER_MSEC);
        world_stop(w);
        world_pass(w, USEC_PER_MINUTE);
        assert_right(w);
        assert_null(w->engine);
        assert_int_equal(w->acts, 0);
}

static void test_apply(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();

        w->rest = USEC_INFINITY;
        server_fault(w, 0, "create:2=drop-reply");
        arrange_count(w, 4);
        world_start(w, ENGINE_APPLY);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_null(w->engine);
        assert_int_equal(w->ended, ENGINE_CONVERGED);
        assert_int_equal(arrange_there(w), 4);
        assert_settled(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_death_at_every_step),
                cmocka_unit_test(test_death_at_every_step_of_a_lost_request),
                cmocka_unit_test(test_death_at_every_step_of_a_lost_reply),
                cmocka_unit_test(test_acted_upon_and_not_told),
                cmocka_unit_test(test_waits_that_end_one_after_another),
                cmocka_unit_test(test_not_acted_upon),
                cmocka_unit_test(test_lost_reply_and_a_listing_that_lies),
                cmocka_unit_test(test_lost_reply_and_one_empty_listing),
                cmocka_unit_test(test_lost_reply_and_a_listing_that_lost_others),
                cmocka_unit_test(test_a_create_that_acts_as_late_as_it_may),
                cmocka_unit_test(test_stranger_with_the_name),
                cmocka_unit_test(test_a_name_of_one_that_was_ours),
                cmocka_unit_test(test_forgetting_twice),
                cmocka_unit_test(test_two_with_one_name),
                cmocka_unit_test(test_stranger_in_the_place_of_a_lost_one),
                cmocka_unit_test(test_ledger_out_of_a_backup),
                cmocka_unit_test(test_apply_stopped_early),
                cmocka_unit_test(test_apply),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
