/* SPDX-License-Identifier: MIT */

/*
 * Specs as people write them. invalid/ holds NAME.yaml (or a folder NAME) and in NAME.expected every message that it
 * must give; valid/ holds the same with what is read, the defaults filled in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "specs/write.h"
#include "tests/specs/load.h"

#define TEXT_MAX ((size_t)1 << 20)

static void read_text_file(const char *path, struct buf *b)
{
        FILE *f = fopen(path, "re");
        char piece[4096];
        size_t n;

        assert_non_null(f);
        while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
                assert_int_equal(buf_add(b, piece, n), 0);
        assert_int_equal(fclose(f), 0);
}

/* With MUSTER_TESTS_WRITE in the environment, what is said now becomes what is expected: read the difference before you commit it. */
static void write_text_file(const char *name, const struct buf *b)
{
        char path[256];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s.expected", name);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(buf_text(b), 1, b->len, f), b->len);
        assert_int_equal(fclose(f), 0);
}

/* The case is loaded from its own folder, so that messages name it without a way to it. */
static void check_case(const char *name, int result)
{
        _cleanup_buf_ struct buf expected = BUF_INIT(TEXT_MAX), actual = BUF_INIT(TEXT_MAX);
        char path[256];
        const char *paths[] = { path };
        struct stat st;
        int r;

        (void)snprintf(path, sizeof(path), "%s.expected", name);
        read_text_file(path, &expected);
        (void)snprintf(path, sizeof(path), "%s.yaml", name);
        if (stat(path, &st) < 0)
                (void)snprintf(path, sizeof(path), "%s", name);

        r = load_text(paths, 1, &actual);
        if (r == result && getenv("MUSTER_TESTS_WRITE")) {
                write_text_file(name, &actual);
                return;
        }
        if (r != result || strcmp(buf_text(&actual), buf_text(&expected)) != 0)
                fail_msg("%s gave %d and\n%swhere expected was\n%s", path, r, buf_text(&actual), buf_text(&expected));
}

/* The name of a case when the entry is what is expected of one, else NULL. */
static char *case_name(const char *entry)
{
        const char *end = strstr(entry, ".expected");

        return end && !end[strlen(".expected")] ? strndup(entry, (size_t)(end - entry)) : NULL;
}

static struct estate *read_estate(const char *path)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct estate *estate = NULL;

        if (specs_load(&options, &path, 1, &estate, &d) < 0)
                fail_msg("%s cannot be read: %s", path, d.n > 0 ? d.items[0].message : "?");
        return estate;
}

static void dump_resource(struct buf *b, const struct resource *r)
{
        (void)buf_addf(b, "%s/%s\n", r->kind->name, r->name);
        dump_pairs(b, "labels", &r->labels);
        dump_pairs(b, "annotations", &r->annotations);
        dump_fields(b, "spec", common_fields, r);
        dump_fields(b, "spec", r->kind->fields, r->spec);
}

/* What is written of it reads back as the same. */
static void check_written(const char *name, _unused_ int result)
{
        _cleanup_buf_ struct buf document = BUF_INIT(TEXT_MAX);
        _cleanup_(estate_free_p) struct estate *first = NULL, *second = NULL;
        char path[256], written[] = "/tmp/muster-written-XXXXXX.yaml";
        struct stat st;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s.yaml", name);
        if (stat(path, &st) < 0)
                (void)snprintf(path, sizeof(path), "%s", name);
        first = read_estate(path);
        for (size_t i = 0; i < first->n_resources; i++) {
                assert_int_equal(buf_adds(&document, "---\n"), 0);
                assert_int_equal(write_document(&document, first->resources[i], NULL), 0);
        }
        f = fdopen(mkstemps(written, (int)strlen(".yaml")), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(buf_text(&document), 1, document.len, f), document.len);
        assert_int_equal(fclose(f), 0);
        second = read_estate(written);
        assert_int_equal(unlink(written), 0);
        assert_int_equal(second->n_resources, first->n_resources);
        for (size_t i = 0; i < first->n_resources; i++) {
                _cleanup_buf_ struct buf was = BUF_INIT(TEXT_MAX), is = BUF_INIT(TEXT_MAX);

                dump_resource(&was, first->resources[i]);
                dump_resource(&is, second->resources[i]);
                if (strcmp(buf_text(&was), buf_text(&is)) != 0)
                        fail_msg("%s: it was\n%sand is\n%sas written\n%s", name, buf_text(&was), buf_text(&is),
                                 buf_text(&document));
        }
}

static size_t check_cases(const char *folder, int result, void (*check)(const char *name, int result))
{
        struct dirent *entry;
        DIR *cases;
        size_t n = 0;

        assert_int_equal(chdir(folder), 0);
        cases = opendir(".");
        assert_non_null(cases);
        while ((entry = readdir(cases))) {
                _cleanup_free_ char *name = case_name(entry->d_name);

                if (!name)
                        continue;
                check(name, result);
                n++;
        }
        assert_int_equal(closedir(cases), 0);

        return n;
}

static void test_invalid(void **state _unused_)
{
        assert_true(check_cases(TESTS_DIR "/specs/invalid", -EINVAL, check_case) >= 180);
}

static void test_valid(void **state _unused_)
{
        assert_true(check_cases(TESTS_DIR "/specs/valid", 0, check_case) >= 30);
}

static void test_written_again(void **state _unused_)
{
        assert_true(check_cases(TESTS_DIR "/specs/valid", 0, check_written) >= 30);
}

static struct estate *load(const char *const *paths, size_t n)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct estate *estate = NULL;

        assert_int_equal(chdir(TESTS_DIR "/specs/valid"), 0);
        assert_int_equal(specs_load(&options, paths, n, &estate, &d), 0);
        assert_int_equal(d.errors, 0);
        assert_non_null(estate);

        return estate;
}

static void test_no_estate_when_wrong(void **state _unused_)
{
        const char *const paths[] = { TESTS_DIR "/specs/invalid/count-word.yaml" };
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct estate *estate = (struct estate *)&d;

        assert_int_equal(specs_load(&options, paths, 1, &estate, &d), -EINVAL);
        assert_ptr_equal(estate, &d);
        assert_int_equal(d.errors, 1);
        assert_int_equal(d.n, 1);
        assert_int_equal(d.items[0].severity, SEVERITY_ERROR);
        assert_int_equal(d.items[0].position.line, 14);
        assert_string_equal(d.items[0].message, "spec.count is \"five\"; write a whole number, like 4");
}

static void test_positions(void **state _unused_)
{
        const char *const paths[] = { "contract.yaml" };
        _cleanup_(estate_free_p) struct estate *estate = load(paths, 1);
        const struct resource *set = estate_find(estate, &kind_machine_set, "web");
        const struct position *p;

        assert_non_null(set);
        p = resource_position(set, "spec.memory");
        assert_string_equal(p->file, "contract.yaml");
        assert_int_equal(p->line, 24);
        assert_int_equal(p->column, 11);
        assert_int_equal(resource_position(set, "spec.hold[0]")->line, 30);
        assert_int_equal(resource_position(set, "spec.hold[0]")->column, 10);

        /* What is not there stands where the nearest thing around it does. */
        assert_int_equal(resource_position(set, "spec.hold[7]")->line, 30);
        assert_int_equal(resource_position(set, "spec.lease")->line, 19);
        assert_int_equal(resource_position(set, "other.thing")->line, 16);
        assert_int_equal(resource_position(set, "")->line, 16);
}

static void test_digest(void **state _unused_)
{
        static const char *const one[] = { "least.yaml" }, *const folder[] = { "folder" },
                                 *const apart[] = { "folder/a.yaml", "folder/b/c.yml" },
                                 *const turned[] = { "folder/b/c.yml", "folder/a.yaml" };
        _cleanup_(estate_free_p) struct estate *a = load(one, 1), *b = load(folder, 1), *c = load(apart, 2),
                                               *d = load(turned, 2);

        /* The file's 8 bytes of length, then the file. */
        assert_string_equal(a->digest, "sha256:69c72f990935cbdf100fa9c01804a5efa30f5deef42c15eac0df9224235ff3dd");
        assert_string_equal(b->digest, c->digest);
        assert_string_not_equal(c->digest, d->digest);
        assert_string_not_equal(a->digest, b->digest);
}

static void assert_file_path(const struct resource *r, const char *value, const char *expected)
{
        _cleanup_free_ char *path = NULL;

        assert_int_equal(specs_file_path(r, "spec.passwordFile", value, &path), 0);
        assert_string_equal(path, expected);
}

static void test_file_paths(void **state _unused_)
{
        static const char *const below[] = { "folder" }, *const here[] = { "lists.yaml" };
        _cleanup_(estate_free_p) struct estate *a = load(below, 1), *b = load(here, 1);
        const struct resource *in_folder = estate_find(a, &kind_machine_set, "web");
        const struct resource *in_file = estate_find(b, &kind_machine_set, "web");

        assert_file_path(in_folder, "secrets/web", "folder/b/secrets/web");
        assert_file_path(in_folder, "/run/secrets/web", "/run/secrets/web");
        assert_file_path(in_file, in_file->machine_set->password_file, "secrets/web");
}

static void test_two_paths(void **state _unused_)
{
        static const char *const paths[] = { "folder", "least.yaml" };
        _cleanup_(estate_free_p) struct estate *estate = load(paths, 2);
        struct resource *set = estate_find(estate, &kind_machine_set, "web");

        assert_int_equal(estate->n_resources, 3);
        assert_string_equal(estate->name, "prod");
        assert_ptr_equal(estate->policy, estate_find(estate, &kind_policy, "prod"));
        assert_ptr_equal(resource_provider(set), estate_find(estate, &kind_provider, "star"));
        assert_ptr_equal(resource_provider(resource_provider(set)), resource_provider(set));
        assert_null(resource_provider(estate->policy));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_invalid),       cmocka_unit_test(test_valid),
                cmocka_unit_test(test_written_again), cmocka_unit_test(test_no_estate_when_wrong),
                cmocka_unit_test(test_positions),     cmocka_unit_test(test_digest),
                cmocka_unit_test(test_file_paths),    cmocka_unit_test(test_two_paths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
