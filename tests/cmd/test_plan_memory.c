/* SPDX-License-Identifier: MIT */

/*
 * Memory that runs out while a plan is made, at each allocation in turn, once or from then on: specs are read, expanded and held against what four
 * vendors have, and the plan is printed. It is the whole plan, or there is none and an error that says why.
 *
 * MUSTER_ALLOCATIONS=every takes each allocation, and some minutes; without it, every so many.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/command.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/support/scarcity.h"

#define FILES TESTS_DIR "/cmd/memory/"
#define STRIDE 29
#define OUTPUT_MAX ((size_t)1 << 20)

struct result {
        int code; /* below zero: the signal that ended it */
        bool ran_out;
        char *out, *err; /* OUTPUT_MAX bytes each */
};

#define RAN_OUT 0x80 /* of an exit code */

static void read_back(FILE *file, char *ret)
{
        rewind(file);
        ret[fread(ret, 1, OUTPUT_MAX - 1, file)] = '\0';
}

/* In a process of its own, which a crash ends alone. */
static void run_plan(const char *format, uint64_t allocations, bool for_good, struct result *ret)
{
        const char *const words[] = { "plan", "-o", format, "--snapshot", FILES "snapshot.json", FILES "specs.yaml" };
        FILE *out = tmpfile(), *err = tmpfile();
        int status;
        pid_t pid;

        assert_non_null(out);
        assert_non_null(err);
        fflush(NULL);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int code;

                (void)dup2(fileno(out), STDOUT_FILENO);
                (void)dup2(fileno(err), STDERR_FILENO);
                scarcity_begin(allocations, for_good);
                code = command_line_run(words, ARRAY_SIZE(words));
                code |= scarcity_end() ? RAN_OUT : 0;
                fflush(NULL);
                _exit(code);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        read_back(out, ret->out);
        read_back(err, ret->err);
        fclose(out);
        fclose(err);
        ret->code = WIFEXITED(status) ? WEXITSTATUS(status) & ~RAN_OUT : -WTERMSIG(status);
        ret->ran_out = !WIFEXITED(status) || WEXITSTATUS(status) & RAN_OUT;
}

/* From the line on where the two part. */
static const char *difference(const char *is, const char *whole)
{
        const char *line = is;

        for (; *is && *is == *whole; is++, whole++)
                if (*is == '\n')
                        line = is + 1;
        return line;
}

/* The whole plan; or an error, which may leave one provider unknown. */
static bool is_right(const struct result *is, const struct result *whole, uint64_t n)
{
        if (is->code == EXIT_DONE && text_equal(is->out, whole->out))
                return true;
        if (is->code == EXIT_ERROR && (strstr(is->err, "out of memory") || strstr(is->err, strerror(ENOMEM))))
                return true;
        print_error("allocation %llu: ended with %d: %s; the plan differs from here on: %.200s\n",
                    (unsigned long long)n, is->code, is->err, difference(is->out, whole->out));
        return false;
}

static void each_in_turn(const char *format, bool for_good)
{
        static char buffers[4][OUTPUT_MAX];
        uint64_t stride = text_equal(getenv("MUSTER_ALLOCATIONS"), "every") ? 1 : STRIDE, wrong = 0, n = 0;
        struct result whole = { .out = buffers[0], .err = buffers[1] };
        struct result is = { .out = buffers[2], .err = buffers[3] };

        run_plan(format, UINT64_MAX, for_good, &whole);
        assert_int_equal(whole.code, EXIT_DONE);
        do {
                run_plan(format, n, for_good, &is);
                wrong += !is_right(&is, &whole, n);
                n += stride;
        } while (is.ran_out);
        print_message("%llu allocations\n", (unsigned long long)n);
        assert_int_equal(wrong, 0);
        assert_true(n > 1000);
}

static void test_one_allocation_fails(_unused_ void **state)
{
        each_in_turn("json", false);
        each_in_turn("text", false);
        each_in_turn("markdown", false);
}

static void test_memory_is_out_for_good(_unused_ void **state)
{
        each_in_turn("json", true);
        each_in_turn("text", true);
}

/* All of it is read, or lacking memory is told; nothing is left out. False: memory lasted. */
static bool read_with(const char *text, const json_t *whole, uint64_t allocations, bool for_good)
{
        _cleanup_json_ json_t *value = NULL;
        bool ran_out;
        int r;

        scarcity_begin(allocations, for_good);
        r = json_parse(text, strlen(text), &value, NULL);
        ran_out = scarcity_end();
        assert_int_equal(r, ran_out ? -ENOMEM : 0);
        assert_true(ran_out || json_equal(value, whole));
        return ran_out;
}

/* Among them texts that jansson's buffer has to grow for at their very end. */
static void test_nothing_is_left_out_of_what_is_read(_unused_ void **state)
{
        for (int length = 0; length < 80; length++) {
                _cleanup_json_ json_t *whole = NULL;
                char text[256];

                (void)snprintf(
                        text, sizeof(text),
                        "{\"front\": {\"address\": \"%.*s\", \"port\": 80}, \"rules\": [1, 2.5, null, \"\\u00e4\"]}",
                        length,
                        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234");
                assert_int_equal(json_parse(text, strlen(text), &whole, NULL), 0);
                for (int for_good = 0; for_good < 2; for_good++)
                        for (uint64_t n = 0; read_with(text, whole, n, for_good);)
                                n++;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_allocation_fails),
                cmocka_unit_test(test_memory_is_out_for_good),
                cmocka_unit_test(test_nothing_is_left_out_of_what_is_read),
        };

        json_set_alloc_funcs(malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
