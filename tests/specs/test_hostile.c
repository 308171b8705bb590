/* SPDX-License-Identifier: MIT */

/*
 * Input that is made to hurt: each is refused with one error, and none makes the program large.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/specs/load.h"

#define INPUT_MAX ((size_t)32 << 20)
#define RESIDENT_MAX_KIB (512L * 1024) /* of the whole test, the sanitizer's own included */
#define N_RANDOM 300

#define POLICY "apiVersion: muster/v1\nkind: Policy\nmetadata: {name: prod}\nspec: {}\n"

static int set_up(void **state)
{
        char *path = strdup("/tmp/muster-hostile-XXXXXX");
        int fd = path ? mkstemp(path) : -1;

        if (fd < 0)
                return -1;

        *state = path;
        return close(fd);
}

static int tear_down(void **state)
{
        _cleanup_free_ char *path = *state;

        return unlink(path);
}

static void write_input(const char *path, const struct buf *input)
{
        FILE *f = fopen(path, "we");

        assert_int_equal(input->failed, 0);
        assert_non_null(f);
        assert_int_equal(fwrite(input->data, 1, input->len, f), input->len);
        assert_int_equal(fclose(f), 0);
}

static void assert_small(void)
{
        struct rusage usage;

        assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
        assert_true(usage.ru_maxrss < RESIDENT_MAX_KIB);
}

/* The input gives exactly this error, at this place; line 0 is the whole file. */
static void assert_refused(const char *path, struct buf *input, uint32_t line, uint32_t column, const char *message)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct estate *estate = NULL;

        write_input(path, input);
        assert_int_equal(specs_load(&options, &path, 1, &estate, &d), -EINVAL);
        assert_int_equal(d.n, 1);
        assert_string_equal(d.items[0].message, message);
        assert_int_equal(d.items[0].position.line, line);
        assert_int_equal(d.items[0].position.column, column);
        assert_small();
        buf_reset(input);
}

static void repeat(struct buf *b, const char *text, size_t n)
{
        for (size_t i = 0; i < n; i++)
                (void)buf_adds(b, text);
}

#define TOO_DEEP "the nesting is more than 64 levels deep; specs need only a few"
#define TOO_MANY "the file has more than 100000 nodes, aliases followed; split it into several files"
#define TOO_LARGE "is larger than 8 MiB; split it into several files"

static void test_depth(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        repeat(&b, "[", 300000);
        assert_refused(*state, &b, 1, 65, TOO_DEEP);
        repeat(&b, "[\n", 300000);
        assert_refused(*state, &b, 65, 1, TOO_DEEP);
        repeat(&b, "{", 300000);
        assert_refused(*state, &b, 1, 65, TOO_DEEP);
        repeat(&b, "{a: ", 300000);
        assert_refused(*state, &b, 1, 257, TOO_DEEP);
        repeat(&b, "- ", 300000);
        assert_refused(*state, &b, 1, 129, TOO_DEEP);
        repeat(&b, "? ", 300000);
        assert_refused(*state, &b, 1, 129, TOO_DEEP);
}

static void test_depth_in_blocks(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        for (size_t i = 0; i < 3000; i++) {
                repeat(&b, " ", i);
                (void)buf_adds(&b, "a:\n");
        }
        assert_refused(*state, &b, 65, 65, TOO_DEEP);
}

/* Each alias adds the depth of what it stands for. */
static void test_depth_through_aliases(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        repeat(&b, "[", 1);
        (void)buf_adds(&b, "&a0 []");
        for (int i = 1; i < 70; i++)
                (void)buf_addf(&b, ", &a%d [*a%d]\n", i, i - 1);
        (void)buf_adds(&b, "]");
        assert_refused(*state, &b, 63, 9, TOO_DEEP);
}

/* A level more or less decides. */
static void test_depth_at_the_limit(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        repeat(&b, "[", 64);
        repeat(&b, "]", 64);
        assert_refused(*state, &b, 1, 1, "the document is no mapping; write apiVersion, kind, metadata and spec");
        repeat(&b, "[", 65);
        repeat(&b, "]", 65);
        assert_refused(*state, &b, 1, 65, TOO_DEEP);
}

static void test_alias_bomb(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        (void)buf_adds(&b, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 20; i++) {
                (void)buf_addf(&b, "a%d: &a%d [*a%d", i, i, i - 1);
                for (int k = 1; k < 9; k++)
                        (void)buf_addf(&b, ", *a%d", i - 1);
                (void)buf_adds(&b, "]\n");
        }
        assert_refused(*state, &b, 6, 10, TOO_MANY);
}

static void test_merge_bomb(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        (void)buf_adds(&b, "a0: &a0 {k: v}\n");
        for (int i = 1; i < 40; i++)
                (void)buf_addf(&b, "a%d: &a%d {<<: [*a%d, *a%d, *a%d]}\n", i, i, i - 1, i - 1, i - 1);
        assert_refused(*state, &b, 10, 20, TOO_MANY);
}

static void test_nodes_at_the_limit(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        repeat(&b, "- x\n", 99999);
        assert_refused(*state, &b, 1, 1, "the document is no mapping; write apiVersion, kind, metadata and spec");
        repeat(&b, "- x\n", 100000);
        assert_refused(*state, &b, 100000, 3, TOO_MANY);

        /* They are counted over all documents of a file. */
        repeat(&b, "---\n", 200000);
        assert_refused(*state, &b, 100002, 1, TOO_MANY);
}

static void test_long_scalars(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        (void)buf_adds(&b, "a: ");
        repeat(&b, "0123456789", 2000000);
        assert_refused(*state, &b, 0, 0, TOO_LARGE);

        (void)buf_adds(&b, POLICY "  a: ");
        repeat(&b, "0123456789", 800000);
        assert_refused(
                *state, &b, 5, 3,
                "the YAML cannot be read: while parsing a block mapping that begins on line 1, did not find expected "
                "key; check the indentation against the lines above");
}

static void test_directives(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

        for (int i = 0; i < 300000; i++)
                (void)buf_addf(&b, "%%TAG !t%d! x\n", i);
        (void)buf_adds(&b, "---\na: b\n");
        assert_refused(*state, &b, 17, 1, "the file has more than 16 lines that begin with '%'; leave them out");
}

/* Past a thousand errors there is one that says so. */
static void test_many_errors(void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        const char *path = *state;
        struct estate *estate;

        (void)buf_adds(&b, POLICY);
        for (int i = 0; i < 40000; i++)
                (void)buf_addf(&b, "key%d: x\n", i);
        write_input(path, &b);

        assert_int_equal(specs_load(&options, &path, 1, &estate, &d), -EINVAL);
        assert_int_equal(d.n, 1001);
        assert_int_equal(d.errors, 40000);
        assert_int_equal(d.items[0].position.line, 5);
        assert_null(d.items[1000].position.file);
        assert_string_equal(d.items[1000].message,
                            "there are more errors than are shown; mend these first, and check again");
        assert_small();
}

static uint32_t next_random(uint32_t *state)
{
        *state ^= *state << 13;
        *state ^= *state >> 17;
        *state ^= *state << 5;

        return *state;
}

/* Whatever it is, it is an estate or there is an error with a place and words. */
static void assert_answered(const char *path, const struct buf *input)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        int r;

        write_input(path, input);
        r = specs_load(&options, &path, 1, &estate, &d);
        assert_true(r == 0 || r == -EINVAL);
        assert_int_equal(r == 0, estate != NULL);
        assert_int_equal(r == 0, d.errors == 0);
        for (size_t i = 0; i < d.n; i++) {
                assert_true(text_is_utf8(d.items[i].message, strlen(d.items[i].message)));
                assert_null(strpbrk(d.items[i].message, "\n\r\033"));
        }
}

static void test_random_bytes(void **state)
{
        uint32_t random = 1;

        for (size_t i = 0; i < N_RANDOM; i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);
                size_t n = 1 + next_random(&random) % 2000;

                while (b.len < n)
                        (void)buf_addc(&b, (char)next_random(&random));
                assert_answered(*state, &b);
        }
        assert_small();
}

/* Bytes that mean something to YAML, put at random into what is right otherwise. */
static void test_random_changes(void **state)
{
        static const char spec[] =
                "apiVersion: muster/v1\nkind: Provider\nmetadata: {name: star, labels: &l {a: b}}\n"
                "spec:\n  type: starvcenter\n  endpoint: https://star.example/\n"
                "  auth: {tokenEnv: A}\n  timeout: 30s\n---\napiVersion: muster/v1\nkind: MachineSet\n"
                "metadata: {name: web}\nspec:\n  provider: star\n  count: 3\n  template: t\n  cpu: 4\n"
                "  memory: 8GiB\n  network: n\n  hold: [web-0, web-1]\n  protect:\n    - web-2\n";
        static const char bytes[] = "\n\n  \t:-?[]{},#&*!|>'\"%@`~0azA.<\\\x01\xc3\xff";
        uint32_t random = 7;

        for (size_t i = 0; i < 10 * N_RANDOM; i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(INPUT_MAX);

                assert_int_equal(buf_add(&b, spec, strlen(spec)), 0);
                for (uint32_t k = 1 + next_random(&random) % 4; k > 0; k--)
                        b.data[next_random(&random) % b.len] = bytes[next_random(&random) % (sizeof(bytes) - 1)];
                assert_answered(*state, &b);
        }
        assert_small();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_depth),
                TEST(test_depth_in_blocks),
                TEST(test_depth_through_aliases),
                TEST(test_depth_at_the_limit),
                TEST(test_alias_bomb),
                TEST(test_merge_bomb),
                TEST(test_nodes_at_the_limit),
                TEST(test_long_scalars),
                TEST(test_directives),
                TEST(test_many_errors),
                TEST(test_random_bytes),
                TEST(test_random_changes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
