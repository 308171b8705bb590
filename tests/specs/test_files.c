/* SPDX-License-Identifier: MIT */

/*
 * Which files of a path are read, and which are not. Each test has a folder of its own that it stands in.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tests/specs/load.h"

#define TEXT_MAX ((size_t)1 << 20)
#define NOBODY 65534
#define POLICY "apiVersion: muster/v1\nkind: Policy\nmetadata: {name: prod}\n"
#define PROVIDER(name)                                                        \
        "apiVersion: muster/v1\nkind: Provider\nmetadata: {name: " name "}\n" \
        "spec: {type: opendcp, endpoint: 'https://bare.example'}\n"

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_, struct FTW *ftw _unused_)
{
        return remove(path);
}

static int set_up(void **state)
{
        char *folder = strdup("/tmp/muster-files-XXXXXX");

        if (!folder || !mkdtemp(folder) || chmod(folder, 0755) < 0 || chdir(folder) < 0)
                return -1;

        *state = folder;
        return mkdir("specs", 0755);
}

static int tear_down(void **state)
{
        _cleanup_free_ char *folder = *state;

        return chdir("/") < 0 ? -1 : nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *path, const char *text)
{
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* What loading gave: the messages, or the names of the resources. */
static void assert_load(const char *const *paths, size_t n, const char *expected)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        int r = specs_load(&options, paths, n, &estate, &d);

        for (size_t i = 0; i < d.n; i++) {
                assert_int_equal(diagnostic_text(&b, &d.items[i]), 0);
                assert_int_equal(buf_addc(&b, '\n'), 0);
        }
        for (size_t i = 0; estate && i < estate->n_resources; i++)
                assert_int_equal(
                        buf_addf(&b, "%s %s\n", estate->resources[i]->name, estate->resources[i]->position.file), 0);

        assert_string_equal(buf_text(&b), expected);
        assert_int_equal(r, estate ? 0 : -EINVAL);
}

static void assert_load_one(const char *path, const char *expected)
{
        assert_load(&path, 1, expected);
}

static void test_names(void **state _unused_)
{
        assert_int_equal(mkdir("specs/below", 0755), 0);
        assert_int_equal(mkdir("specs/.dot", 0755), 0);
        assert_int_equal(mkdir("specs/folder.yaml", 0755), 0);
        write_file("specs/b.yml", PROVIDER("b"));
        write_file("specs/below/a.yaml", PROVIDER("a"));
        write_file("specs/folder.yaml/c.yaml", PROVIDER("c"));
        write_file("specs/.hidden.yaml", "[");
        write_file("specs/.dot/x.yaml", "[");
        write_file("specs/x.json", "[");
        write_file("specs/yaml", "[");
        write_file("specs/x.yaml~", "[");

        assert_load_one("specs", "a specs/below/a.yaml\nb specs/b.yml\nc specs/folder.yaml/c.yaml\n");
        assert_load_one("specs/", "a specs/below/a.yaml\nb specs/b.yml\nc specs/folder.yaml/c.yaml\n");
        assert_load_one("./specs", "a ./specs/below/a.yaml\nb ./specs/b.yml\nc ./specs/folder.yaml/c.yaml\n");
        assert_load_one(".", "a specs/below/a.yaml\nb specs/b.yml\nc specs/folder.yaml/c.yaml\n");

        /* What is named itself is read, whatever its name. */
        write_file("specs/anything", PROVIDER("d"));
        assert_load_one("specs/anything", "d specs/anything\n");
}

static void test_paths_in_order(void **state _unused_)
{
        static const char *const twice[] = { "specs/a.yaml", "specs" };

        write_file("specs/a.yaml", POLICY);
        assert_load(twice, 2,
                    "specs/a.yaml:2:7: error: kind is Policy, and there is one at specs/a.yaml:1; keep one of them\n");
}

static void test_nothing_there(void **state _unused_)
{
        static const char *const missing[] = { "specs/a.yaml", "specs/none" };

        assert_load_one("specs",
                        "specs: error: holds no *.yaml or *.yml file; give the folder that the specs are in\n");
        assert_load_one("none",
                        "none: error: does not exist; give a file or a folder of specs, or - for standard input\n");
        assert_load_one("", ": error: does not exist; give a file or a folder of specs, or - for standard input\n");

        write_file("specs/a.yaml", "# all of it is a comment\n");
        assert_load_one("specs", "specs: error: holds no document; write at least one resource, or leave it out\n");
        assert_load_one("specs/a.yaml",
                        "specs/a.yaml: error: holds no document; write at least one resource, or leave it out\n");
        write_file("specs/a.yaml", "");
        assert_load_one("specs", "specs: error: holds no document; write at least one resource, or leave it out\n");

        /* One path with specs does not make up for one without. */
        write_file("specs/a.yaml", POLICY);
        assert_load(missing, 2,
                    "specs/none: error: does not exist; give a file or a folder of specs, or - for standard input\n");
}

static void test_link_out(void **state _unused_)
{
        write_file("outside.yaml", PROVIDER("out"));
        write_file("specs/a.yaml", POLICY);
        assert_int_equal(symlink("../outside.yaml", "specs/b.yaml"), 0);
        assert_load_one("specs",
                        "specs/b.yaml: error: is a symbolic link that leads out of the folder given; put the file "
                        "itself here, or give its path too\n");

        /* A folder is one as well, and so is an absolute path. */
        assert_int_equal(unlink("specs/b.yaml"), 0);
        assert_int_equal(symlink("/", "specs/all"), 0);
        assert_load_one("specs",
                        "specs/all: error: is a symbolic link that leads out of the folder given; put the file "
                        "itself here, or give its path too\n");
}

static void test_link_inside(void **state _unused_)
{
        /* As a ConfigMap is mounted: names that lead into a folder whose name begins with a dot. */
        assert_int_equal(mkdir("specs/..one", 0755), 0);
        write_file("specs/..one/a.yaml", PROVIDER("a"));
        assert_int_equal(symlink("..one", "specs/..data"), 0);
        assert_int_equal(symlink("..data/a.yaml", "specs/a.yaml"), 0);
        assert_load_one("specs", "a specs/a.yaml\n");
}

static void test_link_given(void **state _unused_)
{
        write_file("specs/a.yaml", POLICY);
        assert_int_equal(symlink("specs", "current"), 0);
        assert_int_equal(symlink("specs/a.yaml", "one.yaml"), 0);
        assert_load_one("current", "prod current/a.yaml\n");
        assert_load_one("one.yaml", "prod one.yaml\n");
}

static void test_link_round(void **state _unused_)
{
        assert_int_equal(mkdir("specs/below", 0755), 0);
        write_file("specs/below/a.yaml", POLICY);
        assert_int_equal(symlink("..", "specs/below/up"), 0);
        assert_int_equal(symlink("below", "specs/also"), 0);
        assert_load_one("specs", "prod specs/also/a.yaml\n");

        assert_int_equal(symlink("self.yaml", "specs/self.yaml"), 0);
        assert_load_one("specs",
                        "specs/self.yaml: error: is a symbolic link that leads round in a circle; remove it\n");
}

static void test_link_nowhere(void **state _unused_)
{
        write_file("specs/a.yaml", POLICY);
        assert_int_equal(symlink("none", "specs/mounted"), 0);
        assert_load_one("specs",
                        "specs/mounted: error: does not exist, or is a symbolic link that leads nowhere; put it "
                        "there or remove the link\n");
}

#define IRREGULAR "is no regular file; give what it holds on standard input, with - as the path\n"

static void test_irregular(void **state _unused_)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "specs/c.yaml" };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(mkfifo("specs/a.yaml", 0644), 0);
        assert_load_one("specs/a.yaml", "specs/a.yaml: error: " IRREGULAR);
        assert_load_one("specs", "specs/a.yaml: error: " IRREGULAR);
        assert_load_one("/dev/zero", "/dev/zero: error: " IRREGULAR);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
        assert_load_one("specs/c.yaml", "specs/c.yaml: error: " IRREGULAR);
}

/* The superuser may read everything, so somebody else tries. */
static void test_unreadable(void **state _unused_)
{
        bool is_root = geteuid() == 0;

        write_file("specs/a.yaml", POLICY);
        assert_int_equal(mkdir("specs/closed", 0), 0);
        assert_int_equal(chmod("specs/a.yaml", 0), 0);
        assert_int_equal(is_root ? seteuid(NOBODY) : 0, 0);
        assert_load_one("specs/a.yaml", "specs/a.yaml: error: cannot be opened: Permission denied; make it readable\n");
        assert_load_one("specs", "specs/a.yaml: error: cannot be opened: Permission denied; make it readable\n"
                                 "specs/closed: error: cannot be opened: Permission denied; make it readable\n");
        assert_int_equal(is_root ? seteuid(0) : 0, 0);
        assert_int_equal(chmod("specs/closed", 0755), 0);
}

/* A file below /proc says that it is empty and then is not, like one that grows while it is read. */
static void test_changed_while_read(void **state _unused_)
{
        assert_load_one("/proc/self/status", "/proc/self/status: error: changed while it was read; run again\n");
}

static void write_sized(const char *path, size_t size)
{
        FILE *f = fopen(path, "we");

        assert_non_null(f);
        assert_true(fputs(POLICY "#", f) >= 0);
        for (size_t n = strlen(POLICY "#"); n < size; n++)
                assert_int_equal(fputc('x', f), 'x');
        assert_int_equal(fclose(f), 0);
}

static void test_size(void **state _unused_)
{
        write_sized("specs/a.yaml", (size_t)8 << 20);
        assert_load_one("specs", "prod specs/a.yaml\n");
        write_sized("specs/a.yaml", ((size_t)8 << 20) + 1);
        assert_load_one("specs", "specs/a.yaml: error: is larger than 8 MiB; split it into several files\n");
}

static void test_depth_of_folders(void **state _unused_)
{
        char path[512] = "specs";

        for (size_t i = 0; i < 64; i++) {
                (void)strcat(path, "/d");
                assert_int_equal(mkdir(path, 0755), 0);
        }

        write_file("specs/a.yaml", POLICY);
        (void)strcat(path, ": error: is more than 64 folders deep; move it up\n");
        assert_load_one("specs", path);
}

#define KUSTOMIZE(folder) \
        "is for kustomize, whose output muster reads; run: kustomize build " folder " | muster plan -\n"

static void test_kustomization(void **state _unused_)
{
        assert_int_equal(mkdir("specs/prod", 0755), 0);
        write_file("specs/a.yaml", POLICY);
        write_file("specs/prod/kustomization.yaml", "resources: []\n");
        assert_load_one("specs", "specs/prod/kustomization.yaml: error: " KUSTOMIZE("specs/prod"));
        assert_load_one("specs/prod/kustomization.yaml",
                        "specs/prod/kustomization.yaml: error: " KUSTOMIZE("specs/prod"));
        assert_int_equal(chdir("specs/prod"), 0);
        assert_load_one(".", "kustomization.yaml: error: " KUSTOMIZE("."));
        assert_load_one("kustomization.yaml", "kustomization.yaml: error: " KUSTOMIZE("."));
}

/* Loads with `text` on standard input. */
static void assert_load_input(const char *const *paths, size_t n, const char *text, const char *expected)
{
        _cleanup_close_ int saved = dup(STDIN_FILENO);
        int ends[2];

        assert_true(saved >= 0);
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
        assert_int_equal(close(ends[1]), 0);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(close(ends[0]), 0);

        assert_load(paths, n, expected);
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
}

static void test_standard_input(void **state _unused_)
{
        static const char *const once[] = { "-" }, *const twice[] = { "-", "-" }, *const beside[] = { "specs", "-" };

        write_file("specs/a.yaml", PROVIDER("a"));
        assert_load_input(once, 1, POLICY, "prod -\n");
        assert_load_input(beside, 2, POLICY, "a specs/a.yaml\nprod -\n");
        assert_load_input(once, 1, "kind: [",
                          "-:2:1: error: the YAML cannot be read: while parsing a flow node, did not find "
                          "expected node content; check the indentation, quotes and brackets here\n");
        assert_load_input(once, 1, "", "-: error: holds no document; write at least one resource, or leave it out\n");
        assert_load_input(twice, 2, POLICY, "-: error: standard input is given twice; leave one out\n");
}

static void test_escapes_in_names(void **state _unused_)
{
        write_file("specs/\033[31m.yaml", "x");
        assert_load_one("specs",
                        "specs/\\x1b[31m.yaml:1:1: error: the document is no mapping; write apiVersion, kind, metadata "
                        "and spec\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_names),
                TEST(test_paths_in_order),
                TEST(test_nothing_there),
                TEST(test_link_out),
                TEST(test_link_inside),
                TEST(test_link_given),
                TEST(test_link_round),
                TEST(test_link_nowhere),
                TEST(test_irregular),
                TEST(test_unreadable),
                TEST(test_changed_while_read),
                TEST(test_size),
                TEST(test_depth_of_folders),
                TEST(test_kustomization),
                TEST(test_standard_input),
                TEST(test_escapes_in_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
