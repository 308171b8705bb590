/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/calls.h"
#include "cmd/output.h"
#include "tests/support/files.h"

#define NOW 1800000000

static const struct history_row rows[] = {
        { .seq = 5,
          .made_at = NOW,
          .account = "star",
          .resource = "MachineSet/web",
          .slot = "web-5",
          .verb = "create",
          .field = "",
          .id = "",
          .state = "intent",
          .outcome = "",
          .note = "",
          .request = "" },
        { .seq = 4,
          .made_at = NOW - 5,
          .account = "star",
          .resource = "MachineSet/web",
          .slot = "web-4",
          .verb = "create",
          .field = "",
          .id = "",
          .state = "unknown",
          .outcome = "",
          .note = "no answer within 30s\x1b[2J",
          .request = "POST /cloudvm/create" },
        { .seq = 3,
          .made_at = NOW - 60,
          .resolved_at = NOW - 59,
          .account = "star",
          .resource = "MachineSet/web",
          .slot = "web-0",
          .verb = "change",
          .field = "cpu",
          .id = "vm-1",
          .state = "resolved",
          .outcome = "refused",
          .note = "the vendor said: \"quota\nof \xff cores\"",
          .request = "PUT /cloudvm/cpu/modify" },
        { .seq = 2,
          .made_at = NOW - 61,
          .account = "star",
          .resource = "MachineSet/web",
          .slot = "web-0",
          .verb = "shut down",
          .field = "",
          .id = "vm-1",
          .state = "accepted",
          .outcome = "",
          .note = "",
          .request = "PUT /cloudvm/shutdown" },
        { .seq = 1,
          .made_at = NOW - 62,
          .account = "star",
          .resource = "MachineSet/web",
          .slot = "web-0",
          .verb = "start",
          .field = "",
          .id = "vm-1",
          .state = "sending",
          .outcome = "",
          .note = "",
          .request = "PUT /cloudvm/start" },
};

static void test_text(_unused_ void **state)
{
        _cleanup_table_ struct table t = { .n_columns = CALLS_COLUMNS };
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(calls_add_headings(&t), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                assert_int_equal(calls_add(&t, &rows[i]), 0);
        assert_int_equal(table_print(&t, &b), 0);
        assert_same_as_file(buf_text(&b), "cmd/golden/calls.txt");
}

static void test_json(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_json_ json_t *json = call_json(&rows[i]);

                assert_int_equal(output_json_to(json, &b), 0);
        }
        assert_same_as_file(buf_text(&b), "cmd/golden/calls.json");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_json),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
