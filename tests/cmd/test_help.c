/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/help.h"
#include "cmd/man.h"
#include "reconcile/base/text.h"
#include "tests/support/files.h"

#define WORDS_MAX 32
#define PAGE_MAX ((size_t)1 << 18)
#define COLUMNS 100 /* text ends at 80; an example is never broken and may be longer */

static void test_pages_fit_a_terminal(_unused_ void **state)
{
        for (size_t i = 0; i == 0 || commands[i - 1]; i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(PAGE_MAX);
                const struct command *command = i == 0 ? NULL : commands[i - 1];

                help_text(command, &b);
                assert_int_equal(b.failed, 0);
                for (const char *line = buf_text(&b); *line; line += strcspn(line, "\n") + 1)
                        if (strcspn(line, "\n") > COLUMNS)
                                fail_msg("%s: %.*s", command ? command->name : "help", (int)strcspn(line, "\n"), line);
        }
}

/* The first muster of an example, up to the next program or the comment. What is quoted is one word. */
static size_t split(char *example, const char *words[static WORDS_MAX])
{
        char *rest = strstr(example, "muster "), *word;
        bool quoted = false;
        size_t n = 0;

        if (!rest)
                return 0;
        rest += strlen("muster ");
        rest[strcspn(rest, "#|>)\\")] = '\0';
        for (char *s = rest; *s; s++) {
                quoted ^= *s == '\'';
                if (quoted && *s == ' ')
                        *s = '_';
        }
        while ((word = strsep(&rest, " ")))
                if (*word) {
                        assert_true(n < WORDS_MAX);
                        words[n++] = word;
                }

        return n;
}

static void check_example(const struct command *command, char *example)
{
        _cleanup_options_ struct options o = { 0 };
        const char *words[WORDS_MAX];
        const struct command *named;
        size_t n = split(example, words);
        struct error e;
        int r;

        if (n == 0)
                return; /* another program, on what muster wrote */

        r = options_parse(words, n, &o, &e);
        named = o.command ? command_find(o.command) : NULL;
        if (r >= 0 && !named)
                r = error_set(&e, -EINVAL, "no command");
        if (r >= 0)
                r = options_check(&o, named->options | TAKEN_BY_ALL, &e);
        if (r >= 0)
                r = options_check_format(&o, named->formats | FORMATS_USUAL, &e);
        if (r >= 0 && (o.n_arguments < named->least || o.n_arguments > named->most))
                r = error_set(&e, -EINVAL, "%zu arguments", o.n_arguments);
        if (r < 0)
                fail_msg("help of %s: %s: %s", command->name, example, e.text);
}

static void test_examples_are_right(_unused_ void **state)
{
        for (size_t i = 0; commands[i]; i++) {
                char *copy = strdup(commands[i]->examples), *rest = copy, *line;

                assert_non_null(copy);
                while ((line = strsep(&rest, "\n")))
                        if (*line) {
                                assert_true(text_starts(line, "  ") && line[2] != ' ');
                                check_example(commands[i], line);
                        }
                free(copy);
        }
}

/* Behind the head, which holds the version and its day. */
static void test_a_manual_page(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(PAGE_MAX);
        const char *name;

        man_page(&command_validate, &b);
        name = strstr(buf_text(&b), ".Sh NAME\n");
        assert_non_null(name);
        assert_true(text_starts(buf_text(&b), ".Dd "));
        assert_non_null(strstr(buf_text(&b), "\n.Dt MUSTER-VALIDATE 1\n.Os \"muster " MUSTER_VERSION "\"\n"));
        assert_same_as_file(name, "cmd/golden/muster-validate.1");
}

static size_t count(const char *text, const char *words)
{
        size_t n = 0;

        for (const char *s = text; (s = strstr(s, words)); s += strlen(words))
                n++;

        return n;
}

/* Whatever the tables hold, no line of them is taken for a macro, and each list ends. */
static void test_all_manual_pages(_unused_ void **state)
{
        static const char *const macros[] = { ".Dd ", ".Dt ", ".Os ", ".Sh ", ".Nm", ".Nd ", ".Cm ", ".Op ", ".Ar ",
                                              ".Bl ", ".It ", ".El",  ".Bd ", ".Ed", ".Pp",  ".Fl ", ".Xr " };

        for (size_t i = 0; i == 0 || commands[i - 1]; i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(PAGE_MAX);

                man_page(i == 0 ? NULL : commands[i - 1], &b);
                assert_int_equal(b.failed, 0);
                assert_int_equal(count(buf_text(&b), "\n.Bl "), count(buf_text(&b), "\n.El\n"));
                for (const char *line = buf_text(&b); *line; line += strcspn(line, "\n") + 1) {
                        bool known = false;

                        assert_true(*line != '\'');
                        for (size_t m = 0; m < ARRAY_SIZE(macros); m++)
                                known |= text_starts(line, macros[m]);
                        assert_true(*line != '.' || known);
                }
        }
}

static void test_overview_names_every_command_and_variable(_unused_ void **state)
{
        _cleanup_buf_ struct buf help = BUF_INIT(PAGE_MAX), man = BUF_INIT(PAGE_MAX);

        help_text(NULL, &help);
        man_page(NULL, &man);
        for (size_t i = 0; commands[i]; i++) {
                char line[64];

                (void)snprintf(line, sizeof(line), "\n  %s ", commands[i]->name);
                assert_non_null(strstr(buf_text(&help), line));
                (void)snprintf(line, sizeof(line), "\n.It Cm %s", commands[i]->name);
                assert_non_null(strstr(buf_text(&man), line));
        }
        for (enum option i = 0; i < OPTIONS; i++)
                if (option_help[i].environment)
                        assert_non_null(strstr(buf_text(&man), option_help[i].environment));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_pages_fit_a_terminal),
                cmocka_unit_test(test_examples_are_right),
                cmocka_unit_test(test_a_manual_page),
                cmocka_unit_test(test_all_manual_pages),
                cmocka_unit_test(test_overview_names_every_command_and_variable),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
