/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reconcile/base/usec.h"
#include "reconcile/observation.h"

#define HOUR ((int64_t)USEC_PER_HOUR)

static void check_number(enum property p, int64_t number, const char *text)
{
        _cleanup_buf_ struct buf b = BUF_INIT(256);
        struct values v = {};

        values_set_number(&v, p, number);
        assert_int_equal(values_print(&v, p, &b), 0);
        assert_string_equal(buf_text(&b), text);
}

static void values_are_printed_in_the_specs_units(void **state)
{
        (void)state;
        check_number(PROPERTY_CPU, 4, "4");
        check_number(PROPERTY_MEMORY, INT64_C(8) << 30, "8GiB");
        check_number(PROPERTY_BANDWIDTH, 100000000, "100Mbit/s");
        check_number(PROPERTY_CREDIT, 500 * HOUR, "500h");
        check_number(PROPERTY_CREDIT, 0, "0s");
}

/* More than all of it may be used up. */
static void a_credit_below_zero_is_printed_as_one(void **state)
{
        (void)state;
        check_number(PROPERTY_CREDIT, -HOUR, "-1h");
        check_number(PROPERTY_CREDIT, -2147483647 * HOUR, "-2147483647h");
        check_number(PROPERTY_CREDIT, INT64_MIN, "-9223372036854775808us");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_printed_in_the_specs_units),
                cmocka_unit_test(a_credit_below_zero_is_printed_as_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
