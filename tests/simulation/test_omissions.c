/* SPDX-License-Identifier: MIT */

/*
 * Numbers that are left out of a replay, as text and back.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/simulation/omissions.h"

static void test_text_and_back(_unused_ void **state)
{
        static const char *const texts[] = { "0", "1,4-7", "0-3,9-", "4095", "7-" };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(1000);
                struct omissions o;

                assert_int_equal(omissions_parse(texts[i], &o), 0);
                omissions_print(&o, 5000, &b);
                assert_string_equal(buf_text(&b), texts[i]);
        }
}

static void test_what_is_named_is_left_out(_unused_ void **state)
{
        static const bool left_out[] = { false, true, false, false, true, true, false, true, true };
        struct omissions o;

        assert_int_equal(omissions_parse("1,4-5,7-", &o), 0);
        for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
                assert_int_equal(omissions_have(&o, i), left_out[i]);
        assert_true(omissions_have(&o, OMISSIONS_MAX + 1));
        assert_int_equal(omissions_count(&o, ARRAY_SIZE(left_out)), 5);
        omissions_set(&o, 4, 1, false);
        assert_false(omissions_have(&o, 4));
        omissions_set(&o, OMISSIONS_MAX - 1, 3, true);
        assert_int_equal(omissions_count(&(struct omissions){ 0 }, 100), 0);
}

static void test_bad_text(_unused_ void **state)
{
        static const char *const texts[] = { "", "a", "1,", ",1", "5-3", "1-2-3", "-4", "1 2", "4096", "2-,3" };
        struct omissions o;

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_int_equal(omissions_parse(texts[i], &o), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text_and_back),
                cmocka_unit_test(test_what_is_named_is_left_out),
                cmocka_unit_test(test_bad_text),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
