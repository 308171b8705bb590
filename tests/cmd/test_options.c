/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "cmd/options.h"

#define WORDS_MAX 16

/* Splits a line at its blanks and reads it. Options point into `line`. */
static int parse(char *line, struct options *ret, struct error *e)
{
        const char *words[WORDS_MAX];
        size_t n = 0;

        for (char *word = strtok(line, " "); word && n < WORDS_MAX; word = strtok(NULL, " "))
                words[n++] = word;

        return options_parse(words, n, ret, e);
}

static void test_all_forms(_unused_ void **state)
{
        char line[] =
                "--color never plan a -o json --max-deletes=10% --state /x -fb --specs c --detailed-exitcode -- -d";
        _cleanup_options_ struct options o;
        struct error e;

        assert_int_equal(parse(line, &o, &e), 0);
        assert_string_equal(o.command, "plan");
        assert_int_equal(o.n_arguments, 2);
        assert_string_equal(o.arguments[0], "a");
        assert_string_equal(o.arguments[1], "-d");
        assert_int_equal(o.color, COLOR_NEVER);
        assert_int_equal(o.output, OUTPUT_JSON);
        assert_true(o.max_deletes.given && o.max_deletes.percent && o.max_deletes.value == 10);
        assert_string_equal(o.state, "/x");
        assert_int_equal(o.n_specs, 2);
        assert_string_equal(o.specs[0], "b");
        assert_string_equal(o.specs[1], "c");
        assert_true(o.detailed_exitcode);
}

static void test_switches_and_durations(_unused_ void **state)
{
        char line[] = "apply -y --init --timeout 90s - --log-level debug --max-deletes 0";
        _cleanup_options_ struct options o;
        struct error e;

        assert_int_equal(parse(line, &o, &e), 0);
        assert_true(o.yes && o.init);
        assert_true(o.timeout == 90 * USEC_PER_SEC);
        assert_string_equal(o.arguments[0], "-");
        assert_int_equal(o.log_level, LOG_LEVEL_DEBUG);
        assert_true(o.max_deletes.given && !o.max_deletes.percent && o.max_deletes.value == 0);
}

static void test_refused(_unused_ void **state)
{
        static const struct {
                const char *line, *words;
        } cases[] = {
                { "plan --stat x", "there is no option '--stat' (did you mean '--state'?)" },
                { "plan --zzzzzzzz", "there is no option '--zzzzzzzz'" },
                { "plan -z", "there is no option '-z'" },
                { "plan -yz", "there is no option '-z'" },
                { "plan --yes=1", "the option '--yes' takes no value" },
                { "plan --state", "the option '--state' needs a value (FILE)" },
                { "plan -f", "the option '-f' needs a value (PATH)" },
                { "plan --state=", "option '--state': the path is empty" },
                { "plan --out=", "option '--out': the path is empty" },
                { "plan -l team", "option '-l': \"team\" is no label: write team=shop, for example" },
                { "plan --selector =shop", "option '--selector': \"=shop\" is no label: write team=shop, for example" },
                { "plan --snapshot https:///v1/snapshot",
                  "option '--snapshot': \"https:///v1/snapshot\" names no host: write https://muster.example/v1/snapshot" },
                { "plan --snapshot http://me:secret@h/v1/snapshot",
                  "option '--snapshot': a URL with a name or a password in it is not taken: the token is for "
                  "MUSTER_SNAPSHOT_TOKEN" },
                { "plan --snapshot unix:",
                  "option '--snapshot': \"unix:\" lacks its path: write it as unix:/run/muster/agent.sock" },
                { "agent --listen :1",
                  "option '--listen': \":1\": the address must be a number, as in 127.0.0.1 or [::1]" },
                { "agent --listen 9469",
                  "option '--listen': \"9469\": write it as 127.0.0.1:8080, [::1]:8080 or unix:PATH" },
                { "agent --listen unix:",
                  "option '--listen': \"unix:\" lacks its path: write it as unix:/run/muster/agent.sock" },
                { "plan -o xml", "option '-o': there is no output format 'xml': write text or json" },
                { "apply --timeout 5",
                  "option '--timeout': \"5\" lacks its unit (ms, s, m, h or d): write 5s, for example" },
                { "apply --timeout 0s", "option '--timeout': write a duration between 1s and 365d" },
                { "apply --max-deletes 101%",
                  "option '--max-deletes': \"101%\" is no number and no share: write 5 or 10%, for example" },
                { "apply --max-deletes=-1",
                  "option '--max-deletes': \"-1\" is no number and no share: write 5 or 10%, for example" },
                { "plan --color blue", "option '--color': colours cannot be 'blue': write auto, always or never" },
                { "plan --log-level loud",
                  "option '--log-level': there is no level 'loud': write debug, info, warning or error" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_options_ struct options o;
                char line[128];
                struct error e;

                (void)strcpy(line, cases[i].line);
                assert_true(parse(line, &o, &e) < 0);
                assert_string_equal(e.text, cases[i].words);
        }
}

static void test_options_of_others_are_refused(_unused_ void **state)
{
        char line[] = "status --yes";
        _cleanup_options_ struct options o;
        struct error e;

        assert_int_equal(parse(line, &o, &e), 0);
        assert_int_equal(options_check(&o, TAKES(OPTION_YES), &e), 0);
        assert_int_equal(options_check(&o, TAKES(OPTION_STATE), &e), -EINVAL);
        assert_string_equal(e.text, "'status' does not take the option '--yes' (init and apply do)");
}

static void test_formats_of_others_are_refused(_unused_ void **state)
{
        char line[] = "status -o ansible";
        _cleanup_options_ struct options o;
        struct error e;

        assert_int_equal(parse(line, &o, &e), 0);
        assert_int_equal(options_check_format(&o, FORMATS_USUAL | FORMAT(OUTPUT_ANSIBLE), &e), 0);
        assert_int_equal(options_check_format(&o, FORMATS_USUAL, &e), -EINVAL);
        assert_string_equal(e.text, "'status' has no output format 'ansible': write text (default) or json");
        assert_int_equal(options_check_format(&o, FORMATS_USUAL | FORMAT(OUTPUT_GITHUB), &e), -EINVAL);
        assert_string_equal(e.text, "'status' has no output format 'ansible': write text (default), json or github");
}

static void test_environment(_unused_ void **state)
{
        const uint32_t taken = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_COLOR) | TAKES(OPTION_INTERVAL);
        char line[] = "agent --interval 5s";
        _cleanup_options_ struct options o;
        struct error e;

        (void)setenv("MUSTER_STATE", "/from/environment", 1);
        (void)setenv("MUSTER_SPECS", "specs", 1);
        (void)setenv("MUSTER_INTERVAL", "7h", 1);
        (void)setenv("MUSTER_LOG_LEVEL", "no level at all", 1);
        (void)setenv("NO_COLOR", "1", 1);

        assert_int_equal(parse(line, &o, &e), 0);
        assert_int_equal(options_environment(&o, taken, &e), 0);
        assert_string_equal(o.state, "/from/environment");
        assert_string_equal(o.specs[0], "specs");
        assert_int_equal(o.color, COLOR_NEVER);
        assert_true(o.interval == 5 * USEC_PER_SEC);

        assert_int_equal(options_environment(&o, TAKES(OPTION_LOG_LEVEL), &e), -EINVAL);
        assert_string_equal(e.text, "environment variable MUSTER_LOG_LEVEL: there is no level 'no level at all': write "
                                    "debug, info, warning or error");
}

/* Every command has its help, and names for its options that the table knows. */
static void test_commands(_unused_ void **state)
{
        struct error e;

        for (size_t i = 0; commands[i]; i++) {
                const struct command *c = commands[i];

                assert_ptr_equal(command_find(c->name), c);
                assert_true(c->run && *c->summary && *c->text && *c->examples && *c->exits);
                assert_true(c->least <= c->most);
                assert_int_equal(c->options & ~(TAKES(OPTIONS) - 1), 0);
        }

        assert_null(command_find("launch"));
        assert_int_equal(command_unknown("launch", &e), -EINVAL);
        assert_string_equal(e.text, "there is no command 'launch'");
        assert_int_equal(command_unknown("aply", &e), -EINVAL);
        assert_string_equal(e.text, "there is no command 'aply' (did you mean 'apply'?)");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_forms),
                cmocka_unit_test(test_switches_and_durations),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_options_of_others_are_refused),
                cmocka_unit_test(test_formats_of_others_are_refused),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_commands),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
