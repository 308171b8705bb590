/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/options.h"

#define WORDS_MAX 16
#define SPECS TESTS_DIR "/cmd/completion.yaml"
#define SPECS_WITH_ERRORS TESTS_DIR "/cmd/completion-errors.yaml"

/* What a line may become; a blank at its end begins a new word. Descriptions are left out. */
static void complete_line(const char *typed, struct buf *b)
{
        _cleanup_buf_ struct buf answer = BUF_INIT(1 << 16);
        char *line = strdup(typed), *rest = line, *word, *end;
        const char *words[WORDS_MAX];
        size_t n = 0;

        assert_non_null(line);
        while ((word = strsep(&rest, " ")) && n < WORDS_MAX)
                words[n++] = word;
        complete_words(words, n, &answer);
        for (const char *s = buf_text(&answer); *s; s = end + 1) {
                end = strchr(s, '\n');
                assert_non_null(end);
                (void)buf_add(b, s, strcspn(s, "\t\n"));
                (void)buf_addc(b, ' ');
        }
        free(line);
}

static void check(const char *typed, const char *expected)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);

        complete_line(typed, &b);
        assert_string_equal(buf_text(&b), expected);
}

static void check_has(const char *typed, const char *word, bool has)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1 << 16);
        char with_blanks[64];

        (void)buf_addc(&b, ' ');
        complete_line(typed, &b);
        (void)snprintf(with_blanks, sizeof(with_blanks), " %s ", word);
        if (!strstr(buf_text(&b), with_blanks) == has)
                fail_msg("'%s': %s is %s among%s", typed, word, has ? "not" : "", buf_text(&b));
}

static void test_commands(_unused_ void **state)
{
        for (size_t i = 0; commands[i]; i++)
                check_has("", commands[i]->name, true);
        check("pla", "plan ");
        check("--color never pla", "plan ");
        check("no-such-thing", "");
        check("no-such-thing ", "");
        check("help accept", "accept-loss ");
        check("-", "--help --version ");
        check("completion ", "bash zsh fish ");
        check("completion bash ", "");
        check("schema MachineS", "MachineSet ");
}

/* Every option of every command is offered, and no other. */
static void test_options(_unused_ void **state)
{
        for (size_t i = 0; commands[i]; i++)
                for (enum option o = 0; o < OPTIONS; o++) {
                        char line[64], option[64];

                        (void)snprintf(line, sizeof(line), "%s --", commands[i]->name);
                        (void)snprintf(option, sizeof(option), "--%s", option_help[o].name);
                        check_has(line, option, ((commands[i]->options | TAKEN_BY_ALL) & TAKES(o)) != 0);
                }
        check("plan --detailed", "--detailed-exitcode ");
        check("plan -y -- --detailed", ":files ");
}

static void test_values(_unused_ void **state)
{
        check("plan --color ", "auto always never ");
        check("plan --color=a", "--color=auto --color=always ");
        check("plan --log-level w", "warning ");
        check("status -o ", "text json ");
        check("status -qo j", "json ");
        check("status -ojson --colo", "--color ");
        check("status --output=j", "--output=json ");
        check("plan --state ", ":files ");
        check("plan --state=", ":files ");
        check("plan --state x -f ", ":files ");
        check("plan ", ":files ");
        check("plan a b", ":files ");
        check("apply --timeout ", "");
        check("apply --yes=", "");
        check("apply --nonsense=", "");
}

static void test_names_of_specs(_unused_ void **state)
{
        check("status -f " SPECS " ", "Provider/star MachineSet/web MachineSet/worker ");
        check("status -f " SPECS " w", "web worker ");
        check("status MachineSet/web ", "");
        check("adopt -f " SPECS " MachineSet/we", "MachineSet/web ");
        check("accept-loss -f " SPECS " ", "star ");
        check("--specs=" SPECS " accept-loss ", "star ");
}

static void test_labels(_unused_ void **state)
{
        check("plan -f " SPECS " -l ", "team=shop tier=front tier=back ");
        check("plan -f " SPECS " -l tier=b", "tier=back ");
        check("plan -f " SPECS " --selector=te", "--selector=team=shop ");
        check("plan -f " SPECS " -l team=other", "");
        check("plan -f " SPECS_WITH_ERRORS " -l ", "");
}

/* A specs folder with mistakes, none at all, or standard input: nothing is offered, and nothing is said. */
static void test_silent_where_nothing_is_known(_unused_ void **state)
{
        check("status -f " SPECS_WITH_ERRORS " ", "");
        check("status -f /no/such/folder ", "");
        check("status -f - ", "");
        check("status --state /no/such/file -f " SPECS " web", "web ");
}

static int remove_environment(_unused_ void **state)
{
        (void)unsetenv("MUSTER_SPECS");
        (void)setenv("MUSTER_STATE", "/no/such/ledger", 1);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commands), cmocka_unit_test(test_options),
                cmocka_unit_test(test_values),   cmocka_unit_test(test_names_of_specs),
                cmocka_unit_test(test_labels),   cmocka_unit_test(test_silent_where_nothing_is_known),
        };

        return cmocka_run_group_tests(tests, remove_environment, NULL);
}
