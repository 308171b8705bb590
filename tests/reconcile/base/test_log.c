/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/log.h"

/* Standard error goes into a file in memory for the length of one test. */
struct capture {
        int file, standard_error;
};

static void capture_start(struct capture *c)
{
        c->file = memfd_create("log", MFD_CLOEXEC);
        assert_true(c->file >= 0);
        c->standard_error = dup(STDERR_FILENO);
        assert_int_equal(dup2(c->file, STDERR_FILENO), STDERR_FILENO);
}

static void capture_end(struct capture *c, char *text, size_t size)
{
        ssize_t n = pread(c->file, text, size - 1, 0);

        assert_int_equal(dup2(c->standard_error, STDERR_FILENO), STDERR_FILENO);
        close(c->standard_error);
        close(c->file);
        assert_true(n >= 0);
        text[n] = '\0';
}

static void name_journal(int file, ino_t other)
{
        char name[64];
        struct stat st;

        assert_int_equal(fstat(file, &st), 0);
        snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)(st.st_ino + other));
        setenv("JOURNAL_STREAM", name, 1);
}

static int reset(_unused_ void **state)
{
        unsetenv("JOURNAL_STREAM");
        log_set_level(LOG_LEVEL_INFO);
        return 0;
}

static void log_all(void)
{
        log_error("cannot read %s", "a.yaml");
        log_warning("page %d", 2);
        log_info("started");
        log_debug("tick");
}

static void test_words_in_front(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        log_all();
        capture_end(&c, text, sizeof(text));
        assert_string_equal(text,
                            "muster: error: cannot read a.yaml\nmuster: warning: page 2\nmuster: info: started\n");
}

static void test_levels(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        log_set_level(LOG_LEVEL_ERROR);
        log_all();
        log_set_level(LOG_LEVEL_DEBUG);
        log_debug("tick");
        capture_end(&c, text, sizeof(text));
        assert_int_equal(log_level(), LOG_LEVEL_DEBUG);
        assert_string_equal(text, "muster: error: cannot read a.yaml\nmuster: debug: tick\n");
}

static void test_priorities_for_the_journal(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        name_journal(c.file, 0);
        log_set_level(LOG_LEVEL_DEBUG);
        log_all();
        capture_end(&c, text, sizeof(text));
        assert_string_equal(text, "<3>cannot read a.yaml\n<4>page 2\n<6>started\n<7>tick\n");
}

static void test_a_journal_that_is_elsewhere(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        name_journal(c.file, 1);
        log_info("started");
        capture_end(&c, text, sizeof(text));
        assert_string_equal(text, "muster: info: started\n");
}

static void test_one_line_an_event(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        log_info("%s", "a\nmuster: error: forged\x1b[31m");
        log_info("%s", "");
        capture_end(&c, text, sizeof(text));
        assert_string_equal(text, "muster: info: a\\x0amuster: error: forged\\x1b[31m\nmuster: info: \n");
}

static void test_long_lines_are_cut(_unused_ void **state)
{
        static char text[50000], message[30001];
        struct capture c;

        memset(message, 'x', sizeof(message) - 1);
        capture_start(&c);
        log_info("%s", message);
        for (size_t i = 0; i + 4 < sizeof(message); i += 4)
                memcpy(message + i, "😀", 4);
        log_info("%s", message);
        capture_end(&c, text, sizeof(text));
        assert_int_equal(strlen(text), strlen("muster: info: ") * 2 + 4000 + 16000 + strlen("…\n") * 2);
        assert_string_equal(text + strlen(text) - strlen("😀…\n"), "😀…\n");
}

static void test_errno_survives(_unused_ void **state)
{
        struct capture c;
        char text[1000];

        capture_start(&c);
        name_journal(c.file, 0);
        errno = EXDEV;
        log_info("started");
        log_debug("tick");
        assert_int_equal(errno, EXDEV);
        capture_end(&c, text, sizeof(text));
        assert_string_equal(text, "<6>started\n");
}

static void test_level_words(_unused_ void **state)
{
        enum log_level level = LOG_LEVEL_INFO;

        assert_int_equal(log_level_parse("error", &level), 0);
        assert_int_equal(level, LOG_LEVEL_ERROR);
        assert_int_equal(log_level_parse("warning", &level), 0);
        assert_int_equal(level, LOG_LEVEL_WARNING);
        assert_int_equal(log_level_parse("info", &level), 0);
        assert_int_equal(level, LOG_LEVEL_INFO);
        assert_int_equal(log_level_parse("debug", &level), 0);
        assert_int_equal(level, LOG_LEVEL_DEBUG);
        assert_int_equal(log_level_parse("Debug", &level), -EINVAL);
        assert_int_equal(log_level_parse("", &level), -EINVAL);
        assert_int_equal(level, LOG_LEVEL_DEBUG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_words_in_front, reset),
                cmocka_unit_test_setup(test_levels, reset),
                cmocka_unit_test_setup(test_priorities_for_the_journal, reset),
                cmocka_unit_test_setup(test_a_journal_that_is_elsewhere, reset),
                cmocka_unit_test_setup(test_one_line_an_event, reset),
                cmocka_unit_test_setup(test_long_lines_are_cut, reset),
                cmocka_unit_test_setup(test_errno_survives, reset),
                cmocka_unit_test_setup(test_level_words, reset),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
