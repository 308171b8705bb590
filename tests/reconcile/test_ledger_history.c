/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"

/* The numbers of the rows that were told, in that order. */
struct told {
        int64_t seqs[64];
        size_t n;
        size_t stop_after; /* 0: never */
};

static int tell(void *userdata, const struct history_row *row)
{
        struct told *told = userdata;

        assert_true(told->n < ARRAY_SIZE(told->seqs));
        told->seqs[told->n++] = row->seq;
        return told->n == told->stop_after ? -ECANCELED : 0;
}

/* `expected`: numbers of rows, ending with 0. */
static void assert_history(struct ledger *l, const char *resource, const char *slot, size_t limit,
                           const int64_t *expected)
{
        struct told told = {};
        struct error e = {};
        size_t n = 0;

        if (ledger_history(l, resource, slot, limit, tell, &told, &e) < 0)
                fail_msg("%s", e.text);

        for (; expected[n] != 0; n++) {
                assert_true(n < told.n);
                assert_int_equal(told.seqs[n], expected[n]);
        }
        assert_int_equal(told.n, n);
}

#define rows(...)              \
        (const int64_t[])      \
        {                      \
                __VA_ARGS__, 0 \
        }
#define no_rows           \
        (const int64_t[]) \
        {                 \
                0         \
        }

static struct call *add(struct ledger *l, const char *resource, const char *slot)
{
        return ledger_add_call(l, TYPE_MACHINE, "star", resource, slot, ORDER_START);
}

static void fill(struct ledger *l)
{
        add(l, "MachineSet/web", "web-0")->state = CALL_RESOLVED;
        add(l, "MachineSet/web", "web-1")->state = CALL_ACCEPTED;
        add(l, "MachineSet/db", "db-0")->state = CALL_RESOLVED;
        must_commit(l);
        ledger_sweep(l);
        add(l, "MachineSet/web", "web-0");
        add(l, "MachineSet/old", "web-0")->state = CALL_RESOLVED;
        must_commit(l);
}

static void the_newest_calls_come_first(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        assert_history(l, NULL, NULL, 10, no_rows);
        fill(l);

        for (int i = 0; i < 2; i++) {
                assert_history(l, NULL, NULL, SIZE_MAX, rows(5, 4, 3, 2, 1));
                assert_history(l, "MachineSet/web", NULL, 10, rows(4, 2, 1));
                assert_history(l, "MachineSet/web", "web-0", 10, rows(4, 1));
                assert_history(l, NULL, "web-0", 10, rows(5, 4, 1));
                assert_history(l, "MachineSet/db", "web-0", 10, no_rows);
                assert_history(l, "MachineSet", NULL, 10, no_rows);
                assert_history(l, "", NULL, 10, no_rows);
                ledger_free(l);
                l = must_open(*state, LEDGER_READ);
        }
}

static void a_limit_keeps_the_newest(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        fill(l);
        assert_history(l, NULL, NULL, 2, rows(5, 4));
        assert_history(l, "MachineSet/web", NULL, 2, rows(4, 2));
        assert_history(l, "MachineSet/web", "web-0", 1, rows(4));
        assert_history(l, NULL, NULL, 0, no_rows);
}

static void what_is_not_committed_is_not_told(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE), *empty = NULL;

        fill(l);
        add(l, "MachineSet/db", "db-1");
        assert_history(l, "MachineSet/db", NULL, 10, rows(3));
        must_commit(l);
        assert_history(l, "MachineSet/db", NULL, 10, rows(6, 3));

        assert_int_equal(ledger_new_empty(&empty), 0);
        add(empty, "MachineSet/db", "db-1");
        assert_history(empty, NULL, NULL, 10, no_rows);
}

static void the_callback_can_end_it(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct told told = { .stop_after = 2 };
        struct error e = {};

        fill(l);
        assert_int_equal(ledger_history(l, NULL, NULL, 10, tell, &told, &e), -ECANCELED);
        assert_int_equal(told.n, 2);

        /* Nothing of the walk that was cut short stands in the way. */
        add(l, "MachineSet/db", "db-1");
        must_commit(l);
        assert_history(l, NULL, NULL, 10, rows(6, 5, 4, 3, 2, 1));
}

/* The first row told is the change, the second the create. */
static int look_at_rows(void *userdata, const struct history_row *row)
{
        bool create = ++*(int *)userdata == 2;

        assert_int_equal(row->seq, create ? 1 : 2);
        assert_string_equal(row->account, "star");
        assert_string_equal(row->resource, "MachineSet/web");
        assert_string_equal(row->slot, "web-3");
        assert_string_equal(row->verb, create ? "create" : "change");
        assert_string_equal(row->field, create ? "" : "memory");
        assert_string_equal(row->id, create ? "" : "vm-77");
        assert_string_equal(row->state, create ? "resolved" : "unknown");
        assert_string_equal(row->outcome, create ? "capacity" : "");
        assert_string_equal(row->note, create ? "the wallet is empty" : "");
        assert_string_equal(row->request, create ? "POST cloudvm/create" : "PUT cloudvm/vm-77");
        assert_int_equal(row->made_at, create ? WALL : WALL + 60);
        assert_int_equal(row->resolved_at, create ? WALL + 2 : 0);
        return 0;
}

static void a_row_tells_all_in_words(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *create = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", ORDER_CREATE);
        struct call *change = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", ORDER_CHANGE);
        struct error e = {};
        int n = 0;

        create->state = CALL_RESOLVED;
        create->outcome = "capacity";
        create->note = "the wallet is empty";
        create->request = "POST cloudvm/create";
        create->made_at = WALL;
        create->resolved_at = WALL + 2;
        change->state = CALL_UNKNOWN;
        change->field = PROPERTY_MEMORY;
        change->id = "vm-77";
        change->request = "PUT cloudvm/vm-77";
        change->made_at = WALL + 60;
        must_commit(l);

        assert_int_equal(ledger_history(l, "MachineSet/web", "web-3", 10, look_at_rows, &n, &e), 0);
        assert_int_equal(n, 2);
}

static void a_damaged_row_is_named(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct told told = {};
        struct error e = {};

        fill(l);
        l = ledger_free(l);
        tamper(f,
               "PRAGMA writable_schema = ON;"
               " UPDATE sqlite_schema SET sql = replace(sql, 'note TEXT NOT NULL', 'note TEXT') WHERE name = 'calls'");
        tamper(f, "UPDATE calls SET note = NULL WHERE seq = 3");

        l = must_open(f, LEDGER_READ);
        assert_int_equal(ledger_history(l, NULL, NULL, 10, tell, &told, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "row 3 of calls"));
        assert_int_equal(told.n, 2);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(the_newest_calls_come_first),       ledger_test(a_limit_keeps_the_newest),
                ledger_test(what_is_not_committed_is_not_told), ledger_test(the_callback_can_end_it),
                ledger_test(a_row_tells_all_in_words),          ledger_test(a_damaged_row_is_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
