/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/screen.h"

static void check(const char *text, size_t columns, size_t lines, bool first, const char *expected)
{
        _cleanup_buf_ struct buf b = BUF_INIT(65536);

        assert_int_equal(screen_draw(text, (struct screen_size){ .columns = columns, .lines = lines }, first, &b), 0);
        assert_string_equal(buf_text(&b), expected);
}

static void test_fits(_unused_ void **state)
{
        check("one\ntwo\n", 80, 24, true, "\033[H\033[2Jone\033[K\ntwo\033[K\n\033[J");
        check("one\ntwo\n", 80, 24, false, "\033[Hone\033[K\ntwo\033[K\n\033[J");
        check("", 80, 24, false, "\033[H\033[J");
}

static void test_cut(_unused_ void **state)
{
        check("abcdef\nüöäß!\nab\n", 4, 24, false, "\033[Habcd\033[K\nüöäß\033[K\nab\033[K\n\033[J");
        check("1\n2\n3\n4\n5\n", 80, 5, false, "\033[H1\033[K\n2\033[K\n3\033[K\nand 2 more lines\033[K\n\033[J");
        check("1\n2\n3\n", 80, 5, false, "\033[H1\033[K\n2\033[K\n3\033[K\n\033[J");
        check("1\n2\n", 80, 1, false, "\033[H1\033[K\nand 1 more line\033[K\n\033[J");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fits),
                cmocka_unit_test(test_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
