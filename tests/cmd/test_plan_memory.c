/* SPDX-License-Identifier: MIT */

/*
 * Memory that runs out while a plan is made, at each allocation in turn, once or from then on: specs are read, expanded and held against what four
 * vendors have, and the plan is printed. It is the whole plan, or there is none and an error that says why.
 *
 * MUSTER_ALLOCATIONS=every takes each allocation, and some minutes; without it, every so many.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
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

#define FILES TESTS_DIR "/cmd/memory/"
#define STRIDE 29
#define OUTPUT_MAX ((size_t)1 << 20)

/* What the linker puts in the place of the real ones (CMakeLists.txt), which it keeps as __real_…. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

/* A linker's wrapper has no userdata. */
static struct {
        bool scarce;   /* does memory run out at all? */
        bool for_good; /* no allocation after it comes about either */
        uint64_t left; /* allocations until it runs out */
        bool ran_out;
        bool planning, spared;
} memory;

static bool is_denied(void)
{
        if (!memory.scarce || memory.spared)
                return false;
        if (memory.ran_out)
                return memory.for_good;
        memory.ran_out = memory.left-- == 0;
        return memory.ran_out;
}

void *__wrap_malloc(size_t size)
{
        return is_denied() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return is_denied() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return is_denied() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
        return is_denied() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return is_denied() ? NULL : __real_strndup(s, n);
}

/* Where memory runs out while jansson reads, it may end the process: plans are tried with enough for that. */
json_t *__real_json_loadb(const char *text, size_t n, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t n, size_t flags, json_error_t *error);

json_t *__wrap_json_loadb(const char *text, size_t n, size_t flags, json_error_t *error)
{
        json_t *value;

        memory.spared = memory.planning;
        value = __real_json_loadb(text, n, flags, error);
        memory.spared = false;
        return value;
}

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
static void run_plan(const char *format, struct result *ret)
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
                memory.scarce = memory.planning = true;
                code = command_line_run(words, ARRAY_SIZE(words));
                memory.scarce = false;
                fflush(NULL);
                _exit(code | (memory.ran_out ? RAN_OUT : 0));
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

        memory.left = UINT64_MAX;
        memory.for_good = for_good;
        run_plan(format, &whole);
        assert_int_equal(whole.code, EXIT_DONE);
        do {
                memory.left = n;
                run_plan(format, &is);
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

/* True: memory lasted, or lacking it was told, or it ended the process; never is something left out of what is read. */
static bool is_read_whole(const char *text, const json_t *whole, bool *ret_ran_out)
{
        pid_t pid = fork();
        int status;

        assert_true(pid >= 0);
        if (pid == 0) {
                json_t *value = NULL;
                int r;

                (void)close(STDERR_FILENO);
                (void)signal(SIGSEGV, SIG_DFL);
                (void)signal(SIGABRT, SIG_DFL);
                memory.scarce = true;
                r = json_parse(text, strlen(text), &value, NULL);
                memory.scarce = false;
                _exit((r == -ENOMEM || (r == 0 && json_equal(value, whole))) | (memory.ran_out ? RAN_OUT : 0));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        *ret_ran_out = !WIFEXITED(status) || WEXITSTATUS(status) & RAN_OUT;
        return !WIFEXITED(status) || WEXITSTATUS(status) & 1;
}

static void test_nothing_is_left_out_of_what_is_read(_unused_ void **state)
{
        static const char text[] =
                "{\"frontend\": {\"address\": \"203.0.113.10, and what else may stand there\", \"port\": 80}, "
                "\"rules\": [1, 2.5, true, null, \"another text that is longer than a few bytes\"]}";
        _cleanup_json_ json_t *whole = NULL;
        bool ran_out = true;

        assert_int_equal(json_parse(text, strlen(text), &whole, NULL), 0);
        memory.for_good = false;
        for (uint64_t n = 0; ran_out; n++) {
                memory.left = n;
                memory.ran_out = false;
                assert_true(is_read_whole(text, whole, &ran_out));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_allocation_fails),
                cmocka_unit_test(test_memory_is_out_for_good),
                cmocka_unit_test(test_nothing_is_left_out_of_what_is_read),
        };

        json_set_alloc_funcs(__wrap_malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
