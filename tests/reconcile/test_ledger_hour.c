/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"

#define HOUR USEC_PER_HOUR
#define MINUTE USEC_PER_MINUTE

static struct call *add_counted(struct ledger *l, enum call_counts counts, const char *slot, const char *outcome)
{
        struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", slot, ORDER_CREATE);

        c->counts = counts;
        c->state = *outcome ? CALL_RESOLVED : CALL_UNKNOWN;
        c->outcome = ledger_string(l, outcome);
        c->made_at = WALL;
        c->made_at_boot = NOW;
        return c;
}

static struct ledger_hour hour(struct ledger *l, const char *account)
{
        struct ledger_hour h = {};
        struct error e = {};

        if (ledger_hour(l, account, NOW, WALL, &h, &e) < 0)
                fail_msg("%s", e.text);

        return h;
}

static void assert_hour(struct ledger *l, int64_t creates, int64_t deletes)
{
        struct ledger_hour h = hour(l, "star");

        assert_int_equal(h.creates, creates);
        assert_int_equal(h.deletes, deletes);
}

static void all_that_may_have_been_done_counts(void **state)
{
        static const char *const outcomes[] = { "",           "done",     "given up", "lost", "refused",  "not sent",
                                                "never sent", "not done", "capacity", "auth", "throttled" };
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
                add_counted(l, COUNTS_NOTHING, "web-0", outcomes[i]);
                add_counted(l, COUNTS_CREATE, "web-0", outcomes[i]);
                add_counted(l, COUNTS_DELETE, "web-0", outcomes[i]);
                add_counted(l, COUNTS_REPLACE, "web-0", outcomes[i]);
        }
        must_commit(l);

        assert_hour(l, 4, 8);
        assert_int_equal(hour(l, "fin").creates, 0);
        assert_int_equal(hour(l, "fin").deletes, 0);

        ledger_sweep(l);
        assert_hour(l, 4, 8);
        ledger_free(l);
        l = must_open(*state, LEDGER_READ);
        assert_hour(l, 4, 8);
}

/* A delete that was judged by a listing which still showed its machine. */
static void a_delete_that_seemed_to_come_to_nothing_counts_once_its_machine_is_gone(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1");

        assert_non_null(t);
        for (int i = 0; i < 2; i++) {
                struct call *c = add_counted(l, COUNTS_DELETE, "web-0", "not done");

                c->verb = ORDER_DELETE;
                c->id = t->id;
        }
        must_commit(l);
        assert_hour(l, 0, 0);
        t->state = THING_GONE;
        t->gone_at = WALL;
        ledger_touch_thing(l, t);
        must_commit(l);
        assert_hour(l, 0, 1);
}

static void calls_without_a_row_count(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE), *empty = NULL;
        struct call *c;

        add_counted(l, COUNTS_CREATE, "web-0", "");
        assert_hour(l, 1, 0);
        must_commit(l);
        assert_hour(l, 1, 0);

        c = add_counted(l, COUNTS_CREATE, "web-1", "");
        add_counted(l, COUNTS_REPLACE, "web-2", "");
        add_counted(l, COUNTS_DELETE, "web-2", "not sent");
        assert_hour(l, 2, 1);

        /* What has a row counts as the row says, and once. */
        must_commit(l);
        c->state = CALL_RESOLVED;
        c->outcome = "refused";
        assert_int_equal(ledger_touch_call(l, c), 0);
        assert_hour(l, 2, 1);
        must_commit(l);
        assert_hour(l, 1, 1);

        assert_int_equal(ledger_new_empty(&empty), 0);
        add_counted(empty, COUNTS_CREATE, "web-0", "");
        assert_hour(empty, 1, 0);
}

static void the_boot_clock_counts_in_this_boot(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *c;

        /* Whatever the wall clock said. */
        c = add_counted(l, COUNTS_CREATE, "web-0", "done");
        c->made_at_boot = NOW - HOUR + MINUTE;
        c->made_at = WALL - 1000000;
        c = add_counted(l, COUNTS_CREATE, "web-1", "done");
        c->made_at_boot = NOW - HOUR - MINUTE;
        c = add_counted(l, COUNTS_CREATE, "web-2", "done");
        c->made_at_boot = NOW - HOUR - MINUTE;
        c->made_at = WALL + 1000000;
        must_commit(l);

        assert_hour(l, 1, 0);
}

static void the_wall_clock_counts_for_other_boots(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        const char *other = ledger_string(l, "an earlier boot");
        static const int64_t ages[] = { 0, 3540, 3660, 1000000, -1000000 };

        for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
                struct call *c = add_counted(l, COUNTS_DELETE, "web-0", "done");

                c->boot = other;
                c->made_at = WALL - ages[i];
                c->made_at_boot = i % 2 ? NOW : 1;
        }
        must_commit(l);

        /* Now, 59 minutes ago, and what is still to come. */
        assert_hour(l, 0, 3);
}

/* It may have been acted upon until its end. What has none yet, or took for ever by a clock that was set meanwhile, took an hour. */
static void the_hour_begins_with_the_end(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        static const struct {
                int64_t minutes, took;
                const char *outcome;
                bool counts;
        } calls[] = {
                { 65, 10, "done", true },        { 65, 4, "done", false },
                { 65, 10, "refused", false },    { 119, 0, "", true },
                { 121, 0, "", false },           { 119, 1000000, "done", true },
                { 121, 1000000, "done", false }, { 65, -1000000, "done", false },
                { 59, -1000000, "done", true },
        };
        int64_t expected = 0;

        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                for (int boot = 0; boot < 2; boot++) {
                        struct call *c = add_counted(l, COUNTS_DELETE, "web-0", calls[i].outcome);

                        c->made_at = WALL - calls[i].minutes * 60;
                        c->made_at_boot = boot ? NOW - (usec_t)calls[i].minutes * MINUTE : 0;
                        c->resolved_at = *calls[i].outcome ? c->made_at + calls[i].took * 60 : 0;
                        expected += calls[i].counts;
                }
        must_commit(l);

        assert_hour(l, 0, expected);
}

static void without_a_boot_id_the_wall_clock_counts(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *c;

        l->boot = "unknown";
        c = add_counted(l, COUNTS_CREATE, "web-0", "done");
        c->made_at = WALL - 7200;
        c = add_counted(l, COUNTS_CREATE, "web-1", "done");
        c->made_at_boot = 0;
        must_commit(l);

        assert_hour(l, 1, 0);
}

static void the_wall_clock_counts_where_the_boot_clock_is_not_known(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *c;

        add_counted(l, COUNTS_CREATE, "web-0", "done")->made_at_boot = 0;
        c = add_counted(l, COUNTS_CREATE, "web-1", "done");
        c->made_at_boot = 0;
        c->made_at = WALL - 3700;
        must_commit(l);

        assert_hour(l, 1, 0);
}

static void an_hour_may_reach_before_the_boot(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct ledger_hour h;
        struct error e = {};

        add_counted(l, COUNTS_CREATE, "web-0", "done")->made_at_boot = 1;
        add_counted(l, COUNTS_CREATE, "web-1", "done")->made_at_boot = 0;
        must_commit(l);
        assert_int_equal(ledger_hour(l, "star", MINUTE, WALL, &h, &e), 0);
        assert_int_equal(h.creates, 2);
}

static void replacements_count_by_slot(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct error e = {};
        int64_t n = -1;

        add_counted(l, COUNTS_REPLACE, "web-0", "done");
        add_counted(l, COUNTS_REPLACE, "web-0", "refused");
        add_counted(l, COUNTS_DELETE, "web-0", "done");
        add_counted(l, COUNTS_REPLACE, "web-1", "done");
        add_counted(l, COUNTS_REPLACE, "web-0", "done")->made_at_boot = NOW - 2 * HOUR;
        must_commit(l);
        add_counted(l, COUNTS_REPLACE, "web-0", "");
        add_counted(l, COUNTS_DELETE, "web-0", "");

        assert_int_equal(ledger_replacements(l, "star", "web-0", NOW, WALL, &n, &e), 0);
        assert_int_equal(n, 2);
        assert_int_equal(ledger_replacements(l, "star", "web-1", NOW, WALL, &n, &e), 0);
        assert_int_equal(n, 1);
        assert_int_equal(ledger_replacements(l, "fin", "web-0", NOW, WALL, &n, &e), 0);
        assert_int_equal(n, 0);
}

static struct thing *add_owned(struct ledger *l, const char *id, int64_t made_at, int64_t gone_at)
{
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", id);

        t->made_at = made_at;
        t->gone_at = gone_at;
        t->state = gone_at != 0 ? THING_GONE : THING_OWNED;
        return t;
}

static void what_is_owned_now_is_the_most_when_nothing_went(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        assert_int_equal(hour(l, "star").most_owned, 0);
        add_owned(l, "vm-1", WALL - 10000, 0);
        add_owned(l, "vm-2", WALL - 10, 0);
        add_owned(l, "vm-3", 0, 0)->state = THING_LEAVING;
        add_owned(l, "vm-4", WALL + 50, 0);
        add_owned(l, "vm-5", WALL - 10000, 0)->state = THING_PARKED;
        add_owned(l, "vm-6", WALL - 10000, 0)->state = THING_RELEASED;
        add_owned(l, "vm-7", WALL - 10, 0)->state = THING_RELEASED;
        add_owned(l, "", WALL - 10000, 0);
        assert_int_equal(hour(l, "star").most_owned, 4);
        assert_int_equal(hour(l, "fin").most_owned, 0);
        must_commit(l);
        assert_int_equal(hour(l, "star").most_owned, 4);
}

static void the_most_is_what_was_there_at_once(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        add_owned(l, "vm-1", WALL - 90000, 0);
        /* Three at the hour's begin, … */
        add_owned(l, "vm-2", WALL - 90000, WALL - 3000);
        add_owned(l, "vm-3", WALL - 90000, WALL - 2000);
        /* … one that came and went between, and one that took another's place in the same second. */
        add_owned(l, "vm-4", WALL - 1800, WALL - 1000);
        add_owned(l, "vm-5", WALL - 3000, WALL - 1900);
        /* Gone before the hour, and never there. */
        add_owned(l, "vm-6", WALL - 90000, WALL - 4000);
        add_owned(l, "", WALL - 90000, WALL - 100);

        for (int i = 0; i < 3; i++) {
                assert_int_equal(hour(l, "star").most_owned, 3);
                must_commit(l);
                if (i > 0)
                        ledger_sweep(l);
        }
        assert_int_equal(l->n_things, 1);
        assert_int_equal(hour(l, "star").most_owned, 3);

        /* Gone in the model, while its row still has it. */
        l->things[0]->state = THING_GONE;
        l->things[0]->gone_at = WALL - 1;
        assert_int_equal(ledger_touch_thing(l, l->things[0]), 0);
        assert_int_equal(hour(l, "star").most_owned, 3);
}

/* It was not owned any more when it was forgotten: without a time it counts in no hour. */
static void what_was_released_and_then_forgotten_does_not_count(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        add_owned(l, "vm-1", WALL - 90000, 0);
        add_owned(l, "vm-2", WALL - 90000, 0)->state = THING_RELEASED;
        must_commit(l);
        assert_int_equal(hour(l, "star").most_owned, 1);

        l->things[1]->state = THING_GONE;
        assert_int_equal(ledger_touch_thing(l, l->things[1]), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(hour(l, "star").most_owned, 1);
                must_commit(l);
                ledger_sweep(l);
        }
        assert_int_equal(l->n_things, 1);
        assert_int_equal(hour(l, "star").most_owned, 1);
}

static void a_loss_that_is_still_to_come_counts(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        add_owned(l, "vm-1", WALL + 2000, WALL + 1000);
        add_owned(l, "vm-2", WALL - 90000, WALL + 1000);
        add_owned(l, "vm-3", WALL - 90000, 0);
        must_commit(l);
        ledger_sweep(l);
        assert_int_equal(hour(l, "star").most_owned, 2);
}

/* Mappings and rules of access count under no limit, so that they do not raise one that is a share, either. */
static void what_counts_under_no_limit_is_not_owned(void **state)
{
        static const enum thing_type types[] = { TYPE_PORT_MAPPING, TYPE_ADDRESS_MAPPING, TYPE_ACCESS };
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        add_owned(l, "vm-1", WALL - 90000, 0);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                assert_false(thing_type_counts(types[i]));
                add_owned(l, "n-1", WALL - 90000, 0)->type = types[i];
                add_owned(l, "n-2", WALL - 90000, WALL - 10)->type = types[i];
        }
        for (int i = 0; i < 3; i++) {
                assert_int_equal(hour(l, "star").most_owned, 1);
                must_commit(l);
                if (i > 0)
                        ledger_sweep(l);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(all_that_may_have_been_done_counts),
                ledger_test(a_delete_that_seemed_to_come_to_nothing_counts_once_its_machine_is_gone),
                ledger_test(calls_without_a_row_count),
                ledger_test(the_boot_clock_counts_in_this_boot),
                ledger_test(the_wall_clock_counts_for_other_boots),
                ledger_test(the_hour_begins_with_the_end),
                ledger_test(without_a_boot_id_the_wall_clock_counts),
                ledger_test(the_wall_clock_counts_where_the_boot_clock_is_not_known),
                ledger_test(an_hour_may_reach_before_the_boot),
                ledger_test(replacements_count_by_slot),
                ledger_test(what_is_owned_now_is_the_most_when_nothing_went),
                ledger_test(the_most_is_what_was_there_at_once),
                ledger_test(what_was_released_and_then_forgotten_does_not_count),
                ledger_test(a_loss_that_is_still_to_come_counts),
                ledger_test(what_counts_under_no_limit_is_not_owned),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
