/* SPDX-License-Identifier: MIT */

/*
 * Deletes, power and replacements: done once where once is enough, and not for ever where nothing comes of them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/starvcenter/sim.h"
#include "tests/simulation/arrange.h"

/* Work of this kind comes to nothing at the vendor, again and again. */
struct stubborn {
        enum sim_work work;
        bool fails; /* machines that are ready fail, besides */
        usec_t until;
};

static void resist(struct world *w, void *userdata)
{
        struct stubborn *s = userdata;
        struct simulation *sim = w->servers[0].simulation;

        sim_settle(sim, w->now);
        for (size_t i = 0; i < sim->things[SIM_MACHINES].n_records; i++) {
                struct sim_machine *m = (struct sim_machine *)sim_item_at(sim, SIM_MACHINES, i);
                const struct machine_record *r = server_record(&w->servers[0], m->item.record.id);

                if (!r || !r->ours)
                        continue;
                if (s->work != WORK_NONE && m->item.work == s->work)
                        sim_work_drop(sim, &m->item);
                if (s->fails && m->state == SIM_RUNNING && m->item.work == WORK_NONE)
                        sim_machine_set_state(m, SIM_FAILED);
        }
        if (w->now < s->until)
                world_at(w, w->now + READY / 4, resist, s);
}

static void delete_with_fault(const char *rule, size_t deletes)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);

        server_fault(w, 0, rule);
        arrange_count(w, 2);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_int_equal(arrange_sent(w, "delete"), deletes);
        assert_int_equal(w->servers[0].n_deletes, 1);
        assert_settled(w);
}

static void test_delete_of_which_nothing_is_heard(_unused_ void **state)
{
        delete_with_fault("delete:1=drop-reply", 1);
        delete_with_fault("delete:1=hang-after", 1);
        delete_with_fault("delete:1=500-after", 1);
        delete_with_fault("delete:1=truncate", 1);
        delete_with_fault("delete:1=drop-request", 2);
        delete_with_fault("delete:1=500", 2);
        delete_with_fault("delete:1=refuse", 2);
        delete_with_fault("delete:1=429", 2);
}

/* Dies at one point of deleting one of two. */
static bool die_once(enum death where, unsigned survives)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);

        w->death = where;
        w->survives = survives;
        arrange_count(w, 1);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 1);
        assert_int_equal(w->servers[0].n_deletes, 1);
        assert_non_null(arrange_id(w, "web-0"));
        assert_settled(w);
        return w->died;
}

static void test_death_at_every_step_of_a_delete(_unused_ void **state)
{
        for (enum death where = DEATH_BEFORE_COMMIT; where < DEATHS; where++) {
                unsigned survived = 0;

                while (die_once(where, survived))
                        survived++;
                assert_true(survived >= 1);
        }
}

static void test_delete_that_does_nothing(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);
        struct stubborn s = { .work = WORK_DELETE, .until = w->now + 12 * USEC_PER_HOUR };

        resist(w, &s);
        arrange_count(w, 1);
        world_pass(w, 6 * USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_int_equal(arrange_sent(w, "delete"), 5);
        assert_true(arrange_told(w, "failed: moon web-1 was not done"));
        s.until = 0;
        arrange_count(w, 1); /* as a person's change of the specs */
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

static void want_stopped(struct world *w)
{
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 1, &set);

        set->power = POWER_STOPPED;
        world_set_estate(w, estate);
}

static void test_shutdown_that_does_nothing(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(1);
        struct stubborn s = { .work = WORK_STOP, .until = w->now + 110 * USEC_PER_SEC };

        resist(w, &s);
        want_stopped(w);
        world_pass(w, 110 * USEC_PER_SEC);
        assert_int_equal(arrange_sent(w, "shutdown"), 1);
        assert_int_equal(arrange_sent(w, "poweroff"), 0);
        world_pass(w, 50 * USEC_PER_SEC);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "shutdown"), 1);
        assert_int_equal(arrange_sent(w, "poweroff"), 1);
        world_pass(w, USEC_PER_MINUTE);
        assert_int_equal(sim_machine_find(w->servers[0].simulation, arrange_id(w, "web-0"))->state, SIM_STOPPED);
        assert_settled(w);
}

static void test_machines_that_fail_and_fail(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        struct stubborn s = { .fails = true, .until = w->now + 12 * USEC_PER_HOUR };
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 1, &set);

        set->replace_failed = REPLACE_ALWAYS;
        world_set_estate(w, estate);
        world_start(w, ENGINE_AGENT);
        resist(w, &s);
        world_pass(w, 55 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 4);
        assert_int_equal(arrange_sent(w, "delete"), 3);
        world_pass(w, 60 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "delete"), 6);
        s.fails = false;
        world_pass(w, 2 * USEC_PER_HOUR);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

/* Without a policy five may go in an hour; a plan that asks for more does nothing of it. */
static void test_more_deletes_than_the_policy_has(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(8);

        w->deletes_limit = 5;
        arrange_count(w, 2);
        world_pass(w, 2 * USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_there(w), 8);
        arrange_count(w, 4);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 4);
        arrange_count(w, 2);
        world_pass(w, 40 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 4);
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

static void test_change_of_which_nothing_is_heard(_unused_ void **state)
{
        static const char *const rules[] = { "cpu:1=drop-reply", "cpu:1=500-after", "cpu:1=drop-request",
                                             "cpu:1=html" };

        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                _cleanup_(world_free_p) struct world *w = arrange_converged(1);
                struct machine_set *set;
                struct estate *estate = arrange_specs(w, 1, &set);

                server_fault(w, 0, rules[i]);
                set->cpu = 6;
                world_set_estate(w, estate);
                world_pass(w, 10 * USEC_PER_MINUTE);
                assert_int_equal(sim_machine_find(w->servers[0].simulation, arrange_id(w, "web-0"))->cpu, 6);
                assert_int_equal(arrange_sent(w, "cpu"), i < 2 ? 1 : 2);
                assert_settled(w);
        }
}

/* Names that the specs release are not used, though nothing was ever there. */
static void test_released_names(_unused_ void **state)
{
        static const char *released[] = { "web-0", "web-2" };
        _cleanup_(world_free_p) struct world *w = arrange_world();
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 2, &set);

        set->release = (struct strings){ .items = released, .n = 2 };
        world_set_estate(w, estate);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 2);
        assert_non_null(arrange_id(w, "web-1"));
        assert_non_null(arrange_id(w, "web-3"));
        assert_settled(w);
}

static void test_adopted_machine_that_is_lost(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world();
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 1, &set);
        char given[SERVER_ID_MAX];
        struct pair pair = { .key = "web-0", .value = given };

        server_add(w, 0, json_pack("{s:s}", "name", "of-somebody"), given);
        server_adopted(&w->servers[0], given, "web-0");
        set->cpu = 2;
        set->memory = INT64_C(4) << 30;
        set->adopt = (struct pairs){ .items = &pair, .n = 1 };
        world_set_estate(w, estate);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(w->acts, 0);
        assert_string_equal(arrange_id(w, "web-0"), given);
        server_console(w, 0, "delete", given, NULL);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_sent(w, "create"), 1);
        assert_int_equal(arrange_there(w), 1);
        assert_settled(w);
}

/* One that somebody stopped is replaced as well, and keeps the others from nothing. */
static void test_rollout_with_a_stopped_machine(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(3);
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 3, &set);
        struct resource *r = estate_find(estate, &kind_machine_set, "web");

        server_console(w, 0, "stop", arrange_id(w, "web-1"), NULL);
        r->on_drift = ON_DRIFT_REPLACE;
        set->template.name = "tmpl-8";
        world_set_estate(w, estate);
        world_pass(w, 20 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 6);
        assert_int_equal(arrange_sent(w, "delete"), 3);
        assert_int_equal(arrange_there(w), 3);
        assert_settled(w);
}

/* Those that wait for their turn wait for nothing that comes by itself where the limit blocks all of them. */
static void test_apply_ends_when_the_limit_blocks_a_rollout(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(6);
        struct machine_set *set;
        struct estate *estate = arrange_specs(w, 6, &set);

        world_stop(w);
        w->rest = USEC_INFINITY;
        world_pass(w, USEC_PER_MINUTE);
        estate_find(estate, &kind_machine_set, "web")->on_drift = ON_DRIFT_REPLACE;
        set->template.name = "tmpl-8";
        world_set_estate(w, estate);
        world_start(w, ENGINE_APPLY);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(w->ended, ENGINE_STUCK);
        assert_int_equal(arrange_sent(w, "delete"), 0);
}

/* Somebody gave the machine's name to another: the one that goes is ours all the same. */
static void test_delete_of_one_whose_name_another_has(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);
        char ours[SERVER_ID_MAX], other[SERVER_ID_MAX];

        (void)snprintf(ours, sizeof(ours), "%s", arrange_id(w, "web-1"));
        assert_true(server_console(w, 0, "rename", ours, "mine"));
        server_add(w, 0, json_pack("{s:s}", "name", "web-1"), other);
        arrange_count(w, 1);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_false(server_has(w, 0, ours));
        assert_true(server_has(w, 0, other));
        assert_settled(w);
}

static void assert_status(const struct world *w, const char *phase, const char *reason, const char *words)
{
        _cleanup_free_ struct status_row *rows = NULL;
        size_t n = 0;
        int64_t at;
        struct error e;

        assert_int_equal(ledger_get_status(w->ledger, &rows, &n, &at, &e), 0);
        assert_int_equal(n, 1);
        assert_string_equal(rows[0].phase, phase);
        assert_string_equal(rows[0].reason, reason);
        assert_non_null(strstr(rows[0].message, words));
}

/* A machine that the vendor is at work on is waited for, not for ever; when the work ends after all, all is well again. */
static void test_work_that_does_not_end(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged(2);
        uint64_t acts = w->acts;

        assert_true(server_console(w, 0, "state", arrange_id(w, "web-1"), "3"));
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_status(w, "progressing", "", "1 of 2 ready");
        world_pass(w, 40 * USEC_PER_MINUTE);
        assert_status(w, "blocked", "parked", "has been at work on it for 1h, which may never end");
        assert_int_equal(w->acts, acts);
        assert_true(server_console(w, 0, "state", arrange_id(w, "web-1"), "1"));
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_status(w, "converged", "", "");
        assert_settled(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_delete_of_which_nothing_is_heard),
                cmocka_unit_test(test_death_at_every_step_of_a_delete),
                cmocka_unit_test(test_delete_that_does_nothing),
                cmocka_unit_test(test_delete_of_one_whose_name_another_has),
                cmocka_unit_test(test_shutdown_that_does_nothing),
                cmocka_unit_test(test_machines_that_fail_and_fail),
                cmocka_unit_test(test_more_deletes_than_the_policy_has),
                cmocka_unit_test(test_released_names),
                cmocka_unit_test(test_adopted_machine_that_is_lost),
                cmocka_unit_test(test_rollout_with_a_stopped_machine),
                cmocka_unit_test(test_apply_ends_when_the_limit_blocks_a_rollout),
                cmocka_unit_test(test_change_of_which_nothing_is_heard),
                cmocka_unit_test(test_work_that_does_not_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
