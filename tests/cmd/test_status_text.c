/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/output.h"
#include "cmd/status_text.h"
#include "tests/support/files.h"

#define NOW 1800000000

static struct status_row rows[] = {
        { .resource = "MachineSet/web",
          .provider = "star",
          .phase = "progressing",
          .reason = "",
          .desired = 5,
          .ready = 3,
          .message = "2 machines installing",
          .since = NOW - 125 },
        { .resource = "MachineSet/batch",
          .provider = "fin",
          .phase = "blocked",
          .reason = "capacity",
          .desired = 40,
          .ready = 2,
          .message = "the vendor said: \"no \x1b[31mmoney\"",
          .since = NOW - 7200,
          .next_attempt = NOW + 60 },
        { .resource = "MachineSet/idle",
          .provider = "star",
          .phase = "paused",
          .reason = "",
          .desired = 1,
          .ready = 1,
          .message = "" },
};

static void check(const struct status *s, const char *text, const char *json)
{
        _cleanup_buf_ struct buf t = BUF_INIT(OUTPUT_MAX), j = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *value = status_json(s);

        assert_int_equal(status_text(s, NOW, &t), 0);
        assert_same_as_file(buf_text(&t), text);
        assert_int_equal(output_json_to(value, &j), 0);
        assert_same_as_file(buf_text(&j), json);
}

static void test_all(_unused_ void **state)
{
        check(&(struct status){ .rows = rows, .n = ARRAY_SIZE(rows), .at = NOW - 3 }, "cmd/golden/status.txt",
              "cmd/golden/status.json");
}

static void test_one_machine(_unused_ void **state)
{
        struct thing web = { .account = "star",
                             .resource = "MachineSet/web",
                             .slot = "web-3",
                             .id = "vm-77",
                             .address = "",
                             .condition = CONDITION_CHANGING };
        struct thing *items[] = { &web };

        check(&(struct status){ .rows = rows,
                                .n = 1,
                                .at = NOW - 3,
                                .resource = "MachineSet/web",
                                .one = true,
                                .machines = { .items = items, .n = 1 } },
              "cmd/golden/status-machine.txt", "cmd/golden/status-machine.json");
}

static void check_text(const struct status *s, const char *expected)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(status_text(s, NOW, &b), 0);
        assert_string_equal(buf_text(&b), expected);
}

static void test_nothing_known(_unused_ void **state)
{
        check_text(&(struct status){ 0 }, "Nothing is known yet: 'muster apply' or 'muster agent' writes it down.\n");
        check_text(&(struct status){ .at = NOW - 60, .resource = "MachineSet/new" },
                   "Nothing is known yet of MachineSet/new: 'muster apply' or 'muster agent' writes it down.\n"
                   "\nAs of 1m ago.\n");
}

static void test_ages(_unused_ void **state)
{
        char text[UNITS_TEXT_MAX];

        assert_string_equal(ago_text(0, NOW, text), "-");
        assert_string_equal(ago_text(NOW - 45, NOW, text), "45s");
        assert_string_equal(ago_text(NOW + 9, NOW, text), "0s");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_one_machine),
                cmocka_unit_test(test_nothing_known),
                cmocka_unit_test(test_ages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
