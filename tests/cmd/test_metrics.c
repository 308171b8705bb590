/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/metrics.h"
#include "tests/support/files.h"

static struct resource star = { .name = "star" }, moon = { .name = "moon" };

static const struct call_tally tallies[] = {
        { .verb = ORDER_CREATE, .outcome = "done", .n = 40 },
        { .verb = ORDER_CREATE, .outcome = "not sent", .n = 1 },
        { .verb = ORDER_DELETE, .outcome = "refused", .n = 2 },
};

static const struct metrics_provider providers[] = {
        { .view = { .provider = &star,
                    .looked = true,
                    .readable = true,
                    .seen_at = 1800000000,
                    .n_details = 10000,
                    .n_details_known = 9400,
                    .details_since = 1799999000,
                    .pass_took = 1250000,
                    .reads = 7,
                    .acts = 43,
                    .tallies = tallies,
                    .n_tallies = ARRAY_SIZE(tallies) },
          .parked = 2,
          .open = 1 },
        { .view = { .provider = &moon, .why = "connection refused" } },
};

static const struct status_row rows[] = {
        { .resource = "MachineSet/db", .provider = "moon", .phase = "unknown", .reason = "", .desired = 2 },
        { .resource = "MachineSet/web",
          .provider = "star",
          .phase = "converged",
          .reason = "",
          .desired = 5,
          .ready = 5 },
        { .resource = "MachineSet/web",
          .provider = "star",
          .phase = "converged",
          .reason = "",
          .desired = 5,
          .ready = 4 },
        /* Such names are in no spec; a damaged ledger may hold them. */
        { .resource = "a\"b\\c\nd", .provider = "\xff{}", .phase = "dancing", .reason = "", .desired = -1, .ready = 0 },
};

static void test_all(_unused_ void **state)
{
        const struct metrics m = {
                .version = "1.2.3",
                .ready = true,
                .rows = rows,
                .n_rows = ARRAY_SIZE(rows),
                .providers = providers,
                .n_providers = ARRAY_SIZE(providers),
        };
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);

        assert_int_equal(metrics_text(&m, &b), 0);
        assert_same_as_file(buf_text(&b), "cmd/golden/metrics.txt");
}

static void test_nothing(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 20);

        assert_int_equal(metrics_text(&(struct metrics){ .version = "1.2.3" }, &b), 0);
        assert_same_as_file(buf_text(&b), "cmd/golden/metrics-nothing.txt");
}

static void test_no_room(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(100);

        assert_true(metrics_text(&(struct metrics){ .version = "1.2.3" }, &b) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all),
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_no_room),
        };

        return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
