/* SPDX-License-Identifier: MIT */

/*
 * Backups and snapshots over weeks: made when they are due, once, whatever happens to clocks, calls, listings and muster itself; and
 * none goes before as many newer ones are usable as are kept. copies.c looks at every request.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/arrange.h"
#include "tests/simulation/copies.h"
#include "tests/simulation/host.h"

#define YEARS (INT64_C(365) * 24 * 60 * 60)

static void add_policy(struct estate *estate, const struct kind *kind, const char *name, usec_t every, int64_t keep)
{
        struct resource *r = test_estate_alloc(estate, sizeof(*r)), **place;
        struct resource *set = estate_find(estate, &kind_machine_set, "web");

        r->kind = kind;
        r->name = name;
        r->position = set->position;
        r->copy_policy = test_estate_alloc(estate, sizeof(*r->copy_policy));
        r->copy_policy->every = every;
        r->copy_policy->keep = keep;
        r->copy_policy->provider = set->machine_set->provider;
        r->copy_policy->machine_set = (struct reference){ .name = set->name, .resource = set };
        place = ARRAY_ADD(estate->resources, estate->n_resources, estate->allocated_resources);
        assert_non_null(place);
        *place = r;
        test_estate_finish(estate);
}

/* Two machines, one backup of each a day of which three are kept, one snapshot every six hours of which two are. */
static struct estate *specs(const struct world *w)
{
        struct estate *estate = arrange_specs(w, 2, NULL);

        add_policy(estate, &kind_backup_policy, "nightly", USEC_PER_DAY, 3);
        add_policy(estate, &kind_snapshot_policy, "often", 6 * USEC_PER_HOUR, 2);
        return estate;
}

/* An agent that has made the first ones, among some of other people's. */
static struct world *arrange_copied(void)
{
        struct world *w = arrange_world();
        char given[256];

        w->interval = 10 * USEC_PER_MINUTE;
        world_set_estate(w, specs(w));
        world_start(w, ENGINE_AGENT);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        snprintf(given, sizeof(given), "{\"machine\": \"%s\", \"name\": \"x\", \"usable\": true}",
                 arrange_id(w, "web-0"));
        server_mischief(w, 0, "backup-add", given);
        server_mischief(w, 0, "snapshot-add", given);
        assert_int_equal(copies_there(w, SIM_BACKUPS, "nightly", true), 2);
        assert_int_equal(copies_there(w, SIM_SNAPSHOTS, "often", true), 2);
        return w;
}

static void assert_rotated(struct world *w)
{
        assert_right(w);
        assert_int_equal(copies_there(w, SIM_BACKUPS, "", false), 6);
        assert_int_equal(copies_there(w, SIM_BACKUPS, "nightly", true), 6);
        assert_int_equal(copies_there(w, SIM_SNAPSHOTS, "", false), 4);
        assert_int_equal(copies_there(w, SIM_SNAPSHOTS, "often", true), 4);
        assert_int_equal(copies_of_others(w, SIM_BACKUPS), 1);
        assert_int_equal(copies_of_others(w, SIM_SNAPSHOTS), 1);
}

/* Stopped at any time, when some may be due: nothing is left open, and nothing was forgotten. */
static void assert_over(struct world *w)
{
        assert_rotated(w);
        world_stop(w);
        w->rest = USEC_INFINITY;
        world_pass(w, USEC_PER_MINUTE);
        invariants_final(w, false);
        assert_right(w);
}

static void test_two_weeks(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_copied();

        world_pass(w, 14 * USEC_PER_DAY + 30 * USEC_PER_MINUTE);
        assert_rotated(w);
        assert_int_equal(arrange_sent(w, "backup"), 2 * 15);
        assert_int_equal(arrange_sent(w, "snapshot"), 2 * (1 + 14 * 4));
        assert_int_equal(arrange_sent(w, "backup-delete"), 2 * 12);
        assert_settled(w);
}

/* It looks when one is due, however seldom it looks otherwise. */
static void test_due_before_the_next_look(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_copied();

        w->interval = 30 * USEC_PER_DAY;
        world_kill(w);
        world_pass(w, 3 * USEC_PER_DAY + USEC_PER_HOUR);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "backup"), 2 * 4);
        assert_int_equal(arrange_sent(w, "snapshot"), 2 * (1 + 3 * 4));
}

/* The wall clock jumps by years, there and back, while muster runs and while it does not: not one more, not one less. */
static void test_wall_clock_that_jumps(_unused_ void **state)
{
        static const int64_t jumps[] = { 10 * YEARS, -30 * YEARS, 0, 1 * YEARS, -1 * YEARS, 5 * YEARS };
        _cleanup_(world_free_p) struct world *w = arrange_copied();

        for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
                w->wall_off = jumps[i];
                if (i % 2)
                        world_kill(w);
                world_pass(w, USEC_PER_DAY);
                assert_right(w);
        }
        world_pass(w, 30 * USEC_PER_MINUTE);
        assert_int_equal(arrange_sent(w, "backup"), 2 * 7);
        assert_int_equal(arrange_sent(w, "snapshot"), 2 * (1 + 6 * 4));
        assert_rotated(w);
}

/* Switched on with a wrong clock, so that nothing tells how much time went by: at most one too many, and never none for long. */
static void test_boots_with_a_wrong_clock(_unused_ void **state)
{
        static const int64_t jumps[] = { 10 * YEARS, -30 * YEARS };

        for (size_t i = 0; i < ARRAY_SIZE(jumps); i++) {
                _cleanup_(world_free_p) struct world *w = arrange_copied();
                size_t before;

                world_pass(w, 5 * USEC_PER_DAY);
                before = arrange_sent(w, "backup");
                w->wall_off = jumps[i];
                world_reboot(w);
                world_pass(w, USEC_PER_HOUR);
                assert_in_range(arrange_sent(w, "backup"), before, before + 2);
                world_pass(w, 5 * USEC_PER_DAY);
                assert_in_range(arrange_sent(w, "backup"), before + 2 * 5, before + 2 * 6);
                w->wall_off = 0;
                world_reboot(w);
                world_pass(w, 5 * USEC_PER_DAY);
                assert_in_range(arrange_sent(w, "backup"), before + 2 * 10, before + 2 * 12);
                assert_rotated(w);
        }
}

/* Rebooted every few hours with the right clock. */
static void test_boots(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_copied();

        for (int i = 0; i < 50; i++) {
                world_reboot(w);
                world_pass(w, 5 * USEC_PER_HOUR);
                assert_right(w);
        }
        world_pass(w, USEC_PER_HOUR);
        assert_rotated(w);
        assert_in_range(arrange_sent(w, "backup"), 2 * 10, 2 * 11);
}

/* Creates and deletes of which nothing is heard. */
static void test_calls_that_are_lost(_unused_ void **state)
{
        static const char *const faults[] = { "drop-reply",   "hang-after", "500-after", "truncate", "garbage",
                                              "drop-request", "500",        "refuse",    "429" };
        static const char *const classes[] = { "backup", "backup-delete", "snapshot", "snapshot-delete" };

        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                _cleanup_(world_free_p) struct world *w = arrange_copied();

                for (size_t k = 0; k < ARRAY_SIZE(classes); k++) {
                        char rule[64];

                        snprintf(rule, sizeof(rule), "%s:2-4=%s", classes[k], faults[i]);
                        server_fault(w, 0, rule);
                }
                world_pass(w, 8 * USEC_PER_DAY);
                assert_over(w);
        }
}

static bool die_once(enum death where, unsigned survives)
{
        _cleanup_(world_free_p) struct world *w = arrange_copied();

        world_pass(w, 2 * USEC_PER_DAY + 12 * USEC_PER_HOUR);
        w->death = where;
        w->survives = survives;
        world_pass(w, USEC_PER_DAY);
        w->death = DEATH_NONE;
        world_pass(w, USEC_PER_DAY);
        assert_over(w);
        return w->died;
}

static void test_death_at_every_step_of_a_rotation(_unused_ void **state)
{
        for (enum death where = DEATH_BEFORE_COMMIT; where < DEATHS; where++)
                for (unsigned survives = 0; survives < 4; survives++)
                        assert_true(die_once(where, survives));
}

/* None becomes usable any more: the good ones stay, and it ends. */
static void never_usable(struct world *w, _unused_ void *userdata)
{
        struct simulation *sim = w->servers[0].simulation;

        for (size_t i = 0; i < sim->things[SIM_BACKUPS].n_records; i++) {
                struct sim_item *copy = sim_item_at(sim, SIM_BACKUPS, i);

                if (copy->work == WORK_COPY)
                        sim_work_drop(sim, copy);
        }
        world_at(w, w->now + READY / 4, never_usable, NULL);
}

static void test_none_becomes_usable(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_copied();
        size_t made;

        world_pass(w, 3 * USEC_PER_DAY);
        assert_rotated(w);
        made = arrange_sent(w, "backup");
        never_usable(w, NULL);
        world_pass(w, 5 * USEC_PER_DAY);
        assert_right(w);
        assert_int_equal(copies_there(w, SIM_BACKUPS, "", true), 6);
        assert_int_equal(copies_there(w, SIM_BACKUPS, "", false), 12);
        assert_int_equal(arrange_sent(w, "backup"), made + 2 * 3);
}

/* All sorts of faults, and deaths. */
static struct fate bad_luck(struct world *w, const struct exchange *x)
{
        static const unsigned faults[] = { FAULT_DROP_REQUEST, FAULT_DROP_REPLY, FAULT_HANG,      FAULT_HANG_AFTER,
                                           FAULT_500,          FAULT_500_AFTER,  FAULT_HTML,      FAULT_429,
                                           FAULT_REFUSE,       FAULT_TRUNCATE,   FAULT_GARBAGE,   FAULT_NOT_SENT,
                                           FAULT_CUT,          FAULT_NO_AFTER,   FAULT_SEND_FAILS };
        struct fate fate = { .there = random_between(&w->random, 1, 300) * USEC_PER_MSEC,
                             .back = random_between(&w->random, 1, 300) * USEC_PER_MSEC };

        if (x->request.read ? !random_chance(&w->random, 30) : !random_chance(&w->random, 300))
                return fate;
        if (random_chance(&w->random, 200)) {
                fate.broken = random_between(&w->random, 1, 5000) * USEC_PER_MSEC;
                fate.there = fate.broken + random_below(&w->random, w->options.acting + 1);
                return fate;
        }
        fate.faults = faults[random_below(&w->random, ARRAY_SIZE(faults))];
        return fate;
}

static struct fate no_luck_needed(_unused_ struct world *w, _unused_ const struct exchange *x)
{
        return (struct fate){ .there = USEC_PER_MSEC, .back = USEC_PER_MSEC };
}

static void test_bad_luck(_unused_ void **state)
{
        for (uint64_t seed = 1; seed <= 5; seed++) {
                _cleanup_(world_free_p) struct world *w = arrange_copied();

                w->random = (struct random){ seed };
                w->fate = bad_luck;
                w->death_chance = 20;
                world_pass(w, 10 * USEC_PER_DAY);
                assert_right(w);
                w->fate = no_luck_needed;
                w->death_chance = 0;
                world_pass(w, 2 * USEC_PER_DAY);
                assert_over(w);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_two_weeks),
                cmocka_unit_test(test_due_before_the_next_look),
                cmocka_unit_test(test_wall_clock_that_jumps),
                cmocka_unit_test(test_boots_with_a_wrong_clock),
                cmocka_unit_test(test_boots),
                cmocka_unit_test(test_calls_that_are_lost),
                cmocka_unit_test(test_death_at_every_step_of_a_rotation),
                cmocka_unit_test(test_none_becomes_usable),
                cmocka_unit_test(test_bad_luck),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
