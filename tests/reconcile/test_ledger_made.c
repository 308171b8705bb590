/* SPDX-License-Identifier: MIT */

/*
 * When copies of machines were asked for, on the boot clock; and that they are no machines to the Policy's limits.
 */

#include "tests/reconcile/test_ledger_fixture.h"

/* A backup that was made by a call of this boot, and both are on the disk. */
static struct thing *make(struct ledger *l, const char *slot, const char *outcome, usec_t at)
{
        struct thing *t = ledger_add_thing(l, TYPE_BACKUP, "star", "BackupPolicy/nightly", slot, slot);
        struct call *c = ledger_add_call(l, TYPE_BACKUP, "star", "BackupPolicy/nightly", slot, ORDER_CREATE);

        assert_non_null(t);
        assert_non_null(c);
        t->made_at = WALL;
        c->state = CALL_RESOLVED;
        c->outcome = outcome;
        c->made_at = WALL;
        c->made_at_boot = at;
        must_commit(l);
        ledger_sweep(l);
        return t;
}

static void check(struct ledger *l, struct thing *t, int result, usec_t expected)
{
        struct error e = {};
        usec_t made = 0;

        for (int twice = 0; twice < 2; twice++) {
                assert_int_equal(ledger_made_in_boot(l, t, &made, &e), result);
                assert_int_equal(made, expected);
        }
}

static void test_made_in_this_boot(void **state)
{
        struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *disk;

        check(l, make(l, "web-0/nightly-1", "done", NOW), 1, NOW);
        check(l, make(l, "web-0/nightly-2", "not done", NOW), 0, 0);
        check(l, make(l, "web-0/nightly-3", "done", 0), 0, 0); /* when in its boot is not known */
        (void)make(l, "web-0/nightly-4", "done", NOW);
        check(l, make(l, "web-0/nightly-4", "done", 2 * NOW), 1, 2 * NOW); /* the last one that was in the slot */
        disk = ledger_add_thing(l, TYPE_DISK, "star", "MachineSet/web", "web-0/nightly-1", "disk-1");
        assert_non_null(disk);
        check(l, disk, 0, 0); /* of another type */
        ledger_free(l);
}

static void test_made_in_another_boot(void **state)
{
        struct ledger *l = must_open(*state, LEDGER_CREATE);

        (void)make(l, "web-0/nightly-1", "done", NOW);
        ledger_free(l);
        tamper(*state, "UPDATE calls SET boot = 'another'");
        l = must_open(*state, LEDGER_WRITE);
        check(l, l->things[0], 0, 0);
        ledger_free(l);
}

static void test_what_was_just_made_is_noted(void **state)
{
        struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *t = ledger_add_thing(l, TYPE_BACKUP, "star", "BackupPolicy/nightly", "web-0/nightly-1", "b-1");
        struct call *c = ledger_add_call(l, TYPE_BACKUP, "star", "BackupPolicy/nightly", "web-0/nightly-1",
                                         ORDER_CREATE);

        c->made_at_boot = NOW;
        ledger_note_made(l, t, c);
        check(l, t, 1, NOW);
        c->made_at_boot = 0; /* when in this boot nobody knows */
        ledger_note_made(l, t, c);
        check(l, t, 0, 0);
        c->made_at_boot = NOW;
        c->boot = "another";
        ledger_note_made(l, t, c);
        check(l, t, 0, 0);
        ledger_free(l);
}

static void test_no_ledger_knows_no_boot(_unused_ void **state)
{
        struct ledger *l = NULL;
        struct thing *t;

        assert_int_equal(ledger_new_empty(&l), 0);
        t = ledger_add_thing(l, TYPE_BACKUP, "star", "BackupPolicy/nightly", "web-0/nightly-1", "b-1");
        check(l, t, 0, 0);
        ledger_free(l);
}

static void check_owned(struct ledger *l, int64_t expected)
{
        struct ledger_hour hour;
        struct error e = {};

        assert_int_equal(ledger_hour(l, "star", NOW, WALL, &hour, &e), 0);
        assert_int_equal(hour.most_owned, expected);
}

/* A share of what is owned is one of machines: a hundred backups allow no ten deletes. */
static void test_copies_are_not_counted(void **state)
{
        struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *t;

        t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-0");
        assert_non_null(t);
        t->made_at = WALL;
        (void)make(l, "web-0/nightly-1", "done", NOW);
        t = make(l, "web-0/nightly-2", "done", NOW);
        check_owned(l, 1);
        t->state = THING_GONE;
        t->gone_at = WALL;
        assert_int_equal(ledger_touch_thing(l, t), 0);
        must_commit(l);
        check_owned(l, 1);
        ledger_sweep(l);
        check_owned(l, 1);
        ledger_free(l);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(test_made_in_this_boot),           ledger_test(test_made_in_another_boot),
                ledger_test(test_what_was_just_made_is_noted), ledger_test(test_no_ledger_knows_no_boot),
                ledger_test(test_copies_are_not_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
