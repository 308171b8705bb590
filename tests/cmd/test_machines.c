/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/machines.h"
#include "cmd/output.h"
#include "tests/support/files.h"

static struct thing *add(struct ledger *l, const char *account, const char *resource, const char *slot, const char *id,
                         const char *address)
{
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, account, resource, slot, id);

        assert_non_null(t);
        t->condition = CONDITION_RUNNING;
        t->address = address;
        return t;
}

/* Machines of every state, in no order, among them two of one name, and sets whose names mean something to Ansible. */
static struct ledger *make_ledger(void)
{
        struct ledger *l = NULL;

        assert_int_equal(ledger_new_empty(&l), 0);
        add(l, "star", "MachineSet/web-front", "web-front-10", "vm-10", "10.0.0.10");
        add(l, "star", "MachineSet/web-front", "web-front-2", "vm-2", "10.0.0.2")->condition = CONDITION_STOPPED;
        add(l, "star", "MachineSet/web-front", "web-front-3", "vm-3", "");
        add(l, "star", "MachineSet/web-front", "web-front-4", "", "")->state = THING_PARKED;
        add(l, "star", "MachineSet/web-front", "web-front-5", "vm-5", "10.0.0.5")->state = THING_LEAVING;
        add(l, "star", "MachineSet/web-front", "web-front-6", "vm-6", "10.0.0.6")->state = THING_RELEASED;
        add(l, "star", "MachineSet/web-front", "web-front-7", "vm-7", "10.0.0.7")->missing = true;
        add(l, "star", "MachineSet/all", "all-0", "vm-20", "10.0.0.20");
        add(l, "star", "MachineSet/ungrouped", "ungrouped-0", "vm\x1b[2J", "10.0.0.21");
        add(l, "east", "MachineSet/db", "db-0", "vm-30", "10.1.0.30");
        add(l, "west", "MachineSet/db", "db-0", "vm-31", "10.2.0.31");

        add(l, "star", "BackupPolicy/nightly", "all-0/nightly-1", "backup-1", "")->type = TYPE_BACKUP;
        add(l, "star", "BackupPolicy/nightly", "all-0/nightly-2", "backup-2", "")->type = TYPE_BACKUP;
        l->things[l->n_things - 1]->condition = CONDITION_CHANGING;

        return l;
}

static void pick(const struct ledger *l, const char *resource, const char *slot, struct machines *ret)
{
        struct error e;

        assert_int_equal(machines_pick(l, resource, slot, ret, &e), 0);
}

static void test_inventory(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make_ledger();
        _cleanup_machines_ struct machines m = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;

        pick(l, NULL, NULL, &m);
        json = machines_inventory(&m);
        assert_int_equal(output_json_to(json, &b), 0);
        assert_same_as_file(buf_text(&b), "cmd/golden/inventory.json");
}

static void test_inventory_of_nothing(_unused_ void **state)
{
        const struct machines none = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = machines_inventory(&none);

        assert_int_equal(output_json_to(json, &b), 0);
        assert_string_equal(
                buf_text(&b),
                "{\n  \"_meta\": {\n    \"hostvars\": {}\n  },\n  \"all\": {\n    \"children\": []\n  }\n}\n");
}

static void test_text(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make_ledger();
        _cleanup_machines_ struct machines m = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        pick(l, NULL, NULL, &m);
        assert_int_equal(machines_text(&m, &b), 0);
        assert_same_as_file(buf_text(&b), "cmd/golden/machines.txt");
}

static void test_copies(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make_ledger();
        _cleanup_machines_ struct machines m = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX), inventory = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;

        pick(l, "BackupPolicy/nightly", NULL, &m);
        assert_int_equal(machines_text(&m, &b), 0);
        assert_string_equal(buf_text(&b),
                            "NAME             ID        ADDRESS  STATE       RESOURCE              PROVIDER\n"
                            "all-0/nightly-1  backup-1  -        usable      BackupPolicy/nightly  star\n"
                            "all-0/nightly-2  backup-2  -        not usable  BackupPolicy/nightly  star\n");
        json = machines_inventory(&m);
        assert_int_equal(output_json_to(json, &inventory), 0);
        assert_null(strstr(buf_text(&inventory), "nightly")); /* they are no hosts */
}

static void test_pick(_unused_ void **state)
{
        static const struct {
                const char *resource, *slot;
                size_t n;
        } cases[] = {
                { "MachineSet/db", NULL, 2 },
                { "MachineSet/web-front", NULL, 7 },
                { NULL, "all-0", 1 },
                { "Provider/star", NULL, 9 },
                { "Provider/west", "db-0", 1 },
                { "MachineSet/db", "db-1", 0 },
                { "MachineSet/none", NULL, 0 },
                { "BackupPolicy/nightly", NULL, 2 },
                { "BackupPolicy/nightly", "all-0/nightly-2", 1 },
        };
        _cleanup_(ledger_free_p) struct ledger *l = make_ledger();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_machines_ struct machines m = { 0 };

                pick(l, cases[i].resource, cases[i].slot, &m);
                assert_int_equal(m.n, cases[i].n);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inventory), cmocka_unit_test(test_inventory_of_nothing),
                cmocka_unit_test(test_text),      cmocka_unit_test(test_copies),
                cmocka_unit_test(test_pick),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
