/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/selection.h"
#include "cmd/specs.h"

#define WORDS_MAX 16

/* Reads a command line and chooses out of selection.yaml; adds the names of what is chosen, each with a blank. */
static int choose(const char *line, struct buf *chosen, struct error *e)
{
        _cleanup_options_ struct options o, files = { 0 };
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_(selection_done) struct selection s = { 0 };
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        const char *words[WORDS_MAX], *path = TESTS_DIR "/cmd/selection.yaml";
        char copy[256];
        size_t n = 0;
        int r;

        (void)strcpy(copy, line);
        for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
                words[n++] = word;
        assert_int_equal(options_parse(words, n, &o, e), 0);

        files.specs = malloc(sizeof(*files.specs));
        assert_non_null(files.specs);
        files.specs[files.n_specs++] = path;
        assert_int_equal(specs_read(&files, &estate, &d), 0);

        r = selection_make(&o, estate, &s, e);
        for (size_t i = 0; r >= 0 && i < estate->n_resources; i++)
                if (selection_has(&s, estate->resources[i]))
                        (void)buf_addf(chosen, "%s ", estate->resources[i]->name);

        return r;
}

static void test_chosen(_unused_ void **state)
{
        static const struct {
                const char *line, *names;
        } cases[] = {
                { "plan", "moon star batch db web jump default " },
                { "plan -l team=shop", "star db web " },
                { "plan -l team=shop -l tier=front", "star web " },
                { "plan --target web", "star web " },
                { "plan --target MachineSet/db --target batch", "moon star batch db " },
                { "plan --target moon", "moon batch jump " },
                { "plan --target jump", "moon batch jump " },
                { "plan --target Provider/star", "star db web " },
                { "plan --target star -l tier=front", "star web " },
                { "plan --target web --target default", "star web default " },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf chosen = BUF_INIT(1024);
                struct error e;

                assert_int_equal(choose(cases[i].line, &chosen, &e), 0);
                assert_string_equal(buf_text(&chosen), cases[i].names);
        }
}

static void test_refused(_unused_ void **state)
{
        static const struct {
                const char *line, *words;
        } cases[] = {
                { "plan -l team=shops",
                  "nothing in the specs is selected by -l team=shops, so there is nothing to plan" },
                { "plan -l team=", "nothing in the specs is selected by -l team=, so there is nothing to plan" },
                { "plan -l place=north",
                  "nothing in the specs is selected by -l place=north, so there is nothing to plan" },
                { "plan -l tier=front --target db",
                  "nothing in the specs is selected by -l tier=front --target db, so there is nothing to plan" },
                { "plan --target Policy/default",
                  "nothing in the specs is selected by --target Policy/default, so there is nothing to plan" },
                { "plan --target MachineSet/wbe",
                  "--target: there is no 'MachineSet/wbe' (did you mean 'MachineSet/web'?)" },
                { "plan --target web-3", "--target: 'web-3' is a machine: name its MachineSet/web" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf chosen = BUF_INIT(1024);
                struct error e;

                assert_true(choose(cases[i].line, &chosen, &e) < 0);
                assert_string_equal(e.text, cases[i].words);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_chosen),
                cmocka_unit_test(test_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
