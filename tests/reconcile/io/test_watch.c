/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconcile/io/watch.h"

/* Long enough for the slowest machine; what is waited for comes after about a second. */
#define PATIENCE (60 * USEC_PER_SEC)

/* How long nothing must be heard before it counts as nothing: longer than the watch takes to speak. */
#define SILENCE (3 * USEC_PER_SEC)

struct fixture {
        char folder[64];
        struct loop *loop;
        struct loop_timer *patience;
        struct watch *watch;
        int heard;
        bool troubled;
};

static int on_patience(void *userdata)
{
        struct fixture *f = userdata;

        loop_exit(f->loop, 1);
        return 0;
}

static int on_change(void *userdata, const char *trouble)
{
        struct fixture *f = userdata;

        f->heard++;
        f->troubled = trouble;
        loop_exit(f->loop, 0);
        return 0;
}

static int set_up(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));

        (void)strcpy(f->folder, "/tmp/muster-watch-XXXXXX");
        if (!mkdtemp(f->folder) || chdir(f->folder) < 0 || loop_new(&f->loop, NULL) < 0)
                return -1;

        *state = f;
        return loop_timer_new(f->loop, on_patience, f, &f->patience, NULL);
}

static int remove_one(const char *path, _unused_ const struct stat *st, _unused_ int type, _unused_ struct FTW *walk)
{
        return remove(path);
}

static int tear_down(void **state)
{
        struct fixture *f = *state;

        watch_free(f->watch);
        loop_timer_free(f->patience);
        loop_free(f->loop);
        (void)chdir("/");
        (void)nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        free(f);
        return 0;
}

static void write_file(const char *path, const char *text)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void watch(struct fixture *f, const char *path)
{
        static const char *const endings[] = { ".yaml", ".yml", NULL };
        struct error e;

        assert_int_equal(watch_new(f->loop, &path, 1, endings, on_change, f, &f->watch, &e), 0);
}

/* Turns the loop until a change is told, or for that long. */
static void turn(struct fixture *f, usec_t length)
{
        struct error e;

        f->heard = 0;
        assert_int_equal(loop_timer_set(f->patience, usec_add(loop_now(f->loop), length)), 0);
        assert_true(loop_run(f->loop, &e) >= 0);
}

static void assert_change(struct fixture *f)
{
        turn(f, PATIENCE);
        assert_int_equal(f->heard, 1);
}

static void assert_silence(struct fixture *f)
{
        turn(f, SILENCE);
        assert_int_equal(f->heard, 0);
}

static void test_files_and_folders(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(mkdir("specs", 0700), 0);
        watch(f, "specs");

        write_file("specs/a.yaml", "a");
        write_file("specs/b.yaml", "b");
        assert_change(f);
        assert_int_equal(mkdir("specs/below", 0700), 0);
        assert_change(f);
        write_file("specs/below/c.yml", "c");
        assert_change(f);
        assert_int_equal(rename("specs/below/c.yml", "specs/below/d.yml"), 0);
        assert_change(f);
        assert_int_equal(unlink("specs/a.yaml"), 0);
        assert_change(f);
        assert_false(f->troubled);
}

/* What the specs do not look at is not looked at: editors' files, a ledger beside the specs, a repository's own folder. */
static void test_other_files(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(mkdir("specs", 0700), 0);
        assert_int_equal(mkdir("specs/.git", 0700), 0);
        watch(f, "specs/");

        write_file("specs/.a.yaml.swp", "a");
        write_file("specs/.git/x.yaml", "x");
        write_file("specs/muster.db-wal", "w");
        write_file("other.yaml", "o");
        assert_silence(f);
}

/* A folder that is swapped by its link, as git-sync and Kubernetes do it. */
static void test_swapped_links(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(mkdir("one", 0700), 0);
        assert_int_equal(mkdir("two", 0700), 0);
        assert_int_equal(mkdir("one/specs", 0700), 0);
        assert_int_equal(mkdir("two/specs", 0700), 0);
        assert_int_equal(symlink("one", "current"), 0);
        watch(f, "current/specs");

        assert_int_equal(symlink("two", "next"), 0);
        assert_int_equal(rename("next", "current"), 0);
        assert_change(f);
        write_file("two/specs/a.yaml", "a");
        assert_change(f);
        assert_int_equal(symlink("nowhere", "two/specs/..data"), 0);
        assert_change(f);
        write_file("one/specs/a.yaml", "a");
        assert_silence(f);
}

static void test_one_file(void **state)
{
        struct fixture *f = *state;

        write_file("a.yaml", "1");
        watch(f, "a.yaml");

        write_file("b.yaml", "1");
        assert_silence(f);
        write_file("a.new", "2");
        assert_int_equal(rename("a.new", "a.yaml"), 0);
        assert_change(f);
        write_file("a.yaml", "3");
        assert_change(f);
}

static void test_missing_for_a_while(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(mkdir("specs", 0700), 0);
        watch(f, "specs");

        assert_int_equal(rename("specs", "away"), 0);
        assert_change(f);
        assert_true(f->troubled);
        assert_int_equal(rename("away", "specs"), 0);
        assert_change(f);
        assert_false(f->troubled);
        write_file("specs/a.yaml", "a");
        assert_change(f);
}

static void test_refused(void **state)
{
        static const char *const endings[] = { ".yaml", NULL };
        const char *path = "not-there";
        struct fixture *f = *state;
        struct error e;

        assert_int_equal(watch_new(f->loop, &path, 1, endings, on_change, f, &f->watch, &e), -ENOENT);
        assert_non_null(strstr(e.text, "not-there"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_files_and_folders, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_other_files, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_swapped_links, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_one_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_missing_for_a_while, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
