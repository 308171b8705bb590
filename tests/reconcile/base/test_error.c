/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/error.h"

static void test_set_returns_its_number(_unused_ void **state)
{
        struct error e = {};

        assert_int_equal(error_set(&e, -EINVAL, "line %d: %s", 3, "no such field"), -EINVAL);
        assert_string_equal(e.text, "line 3: no such field");
        assert_int_equal(error_oom(&e), -ENOMEM);
        assert_string_equal(e.text, "out of memory");
}

static void test_no_words_wanted(_unused_ void **state)
{
        assert_int_equal(error_set(NULL, -EIO, "%s", "x"), -EIO);
        assert_int_equal(error_wrap(NULL, -EIO, "%s", "x"), -EIO);
        assert_int_equal(error_oom(NULL), -ENOMEM);
}

static void test_wrap_puts_context_in_front(_unused_ void **state)
{
        struct error e = {};

        error_set(&e, -EIO, "connection refused");
        assert_int_equal(error_wrap(&e, -EPROTO, "page %d", 2), -EPROTO);
        error_wrap(&e, -EPROTO, "provider star");
        assert_string_equal(e.text, "provider star: page 2: connection refused");
}

static void test_wrap_of_nothing_leaves_no_colon(_unused_ void **state)
{
        struct error e = {};

        error_wrap(&e, -EIO, "provider star");
        assert_string_equal(e.text, "provider star");
}

static void test_arguments_may_be_the_error_itself(_unused_ void **state)
{
        struct error e = {};

        error_set(&e, -EIO, "refused");
        error_set(&e, -EIO, "first %s, then %s", e.text, e.text);
        assert_string_equal(e.text, "first refused, then refused");
        error_wrap(&e, -EIO, "again %s", e.text);
        assert_string_equal(e.text, "again first refused, then refused: first refused, then refused");
}

static void test_long_text_is_cut(_unused_ void **state)
{
        char text[2000] = "";
        struct error e = {};

        memset(text, 'a', sizeof(text) - 1);
        error_set(&e, -EIO, "%s", text);
        assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
        error_wrap(&e, -EIO, "%s", text);
        assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

/* "é" is two bytes: at one of the two offsets the cut would fall inside it. */
static void test_cut_at_a_characters_border(_unused_ void **state)
{
        for (size_t offset = 0; offset < 2; offset++) {
                char text[2000] = "";
                struct error e = {};

                memset(text, 'a', offset);
                for (size_t i = offset; i + 2 < sizeof(text); i += 2)
                        memcpy(text + i, "é", 2);
                error_set(&e, -EIO, "%s", text);
                assert_int_equal(strlen(e.text), offset == 1 ? 1023 : 1022);
                assert_memory_equal(e.text, text, strlen(e.text));
        }
}

static void test_wrap_cuts_at_a_characters_border(_unused_ void **state)
{
        char context[1022] = "";
        struct error e = {};

        memset(context, 'c', 1020);
        error_set(&e, -EIO, "a€");
        error_wrap(&e, -EIO, "%s", context);
        assert_int_equal(strlen(e.text), 1023);
        assert_string_equal(e.text + 1020, ": a");

        memset(context, 'c', 1021);
        error_set(&e, -EIO, "€");
        error_wrap(&e, -EIO, "%s", context);
        assert_string_equal(e.text + 1021, ": ");
}

static void test_errno_gives_its_words_and_its_number(_unused_ void **state)
{
        struct error e = {};

        errno = ENOENT;
        assert_int_equal(error_errno(&e, "the file %s cannot be opened", "x"), -ENOENT);
        assert_string_equal(e.text, "the file x cannot be opened: No such file or directory");
        errno = 0;
        assert_int_equal(error_errno(NULL, "it failed"), -EIO);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_set_returns_its_number),
                cmocka_unit_test(test_no_words_wanted),
                cmocka_unit_test(test_wrap_puts_context_in_front),
                cmocka_unit_test(test_wrap_of_nothing_leaves_no_colon),
                cmocka_unit_test(test_arguments_may_be_the_error_itself),
                cmocka_unit_test(test_long_text_is_cut),
                cmocka_unit_test(test_cut_at_a_characters_border),
                cmocka_unit_test(test_wrap_cuts_at_a_characters_border),
                cmocka_unit_test(test_errno_gives_its_words_and_its_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
