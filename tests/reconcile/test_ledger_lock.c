/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"

static void read_lock_file(const struct fixture *f, char text[static 256])
{
        _cleanup_close_ int fd = -1;
        char path[128];
        ssize_t n;

        snprintf(path, sizeof(path), "%s.lock", f->path);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        n = read(fd, text, 255);
        assert_true(n >= 0);
        text[n] = '\0';
}

static struct ledger_lock *must_lock(const struct fixture *f, const char *command)
{
        struct ledger_lock *lock = NULL;
        struct error e = {};

        if (ledger_lock(f->path, command, &lock, &e) < 0)
                fail_msg("%s", e.text);

        return lock;
}

static void the_lock_says_who_holds_it(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_unlock_p) struct ledger_lock *lock = must_lock(f, "muster apply");
        char path[128], text[256], expected[64];
        struct stat st;

        snprintf(path, sizeof(path), "%s.lock", f->path);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        read_lock_file(f, text);
        snprintf(expected, sizeof(expected), "%d muster apply, since 20", getpid());
        assert_memory_equal(text, expected, strlen(expected));
        assert_string_equal(text + strlen(text) - 2, "Z\n");

        lock = ledger_unlock(lock);
        read_lock_file(f, text);
        assert_string_equal(text, "");
}

/* In a child: holds the lock from when it has said so until its input ends, or for ever. */
static void hold(const struct fixture *f, int ready, int end)
{
        struct ledger_lock *lock = NULL;
        struct error e = {};
        char c = 'x';

        if (ledger_lock(f->path, "muster agent", &lock, &e) < 0 || write(ready, &c, 1) != 1)
                _exit(1);
        if (read(end, &c, 1) < 0)
                _exit(2);

        ledger_unlock(lock);
        _exit(0);
}

struct holder {
        pid_t pid;
        int end;
};

static struct holder start_holder(const struct fixture *f)
{
        int ready[2], end[2];
        struct holder holder;
        char c;

        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        assert_int_equal(pipe2(end, O_CLOEXEC), 0);
        holder.pid = fork();
        if (holder.pid == 0) {
                close(end[1]);
                hold(f, ready[1], end[0]);
        }
        close(ready[1]);
        close(end[0]);
        assert_int_equal(read(ready[0], &c, 1), 1);
        close(ready[0]);
        holder.end = end[1];
        return holder;
}

static void one_process_holds_it(void **state)
{
        const struct fixture *f = *state;
        struct holder holder = start_holder(f);
        struct ledger_lock *lock = NULL;
        char expected[256];
        struct error e = {};

        assert_int_equal(ledger_lock(f->path, "muster apply", &lock, &e), -EBUSY);
        assert_null(lock);
        snprintf(expected, sizeof(expected), "the ledger %s is held by pid %d (muster agent, since 20", f->path,
                 holder.pid);
        assert_memory_equal(e.text, expected, strlen(expected));
        assert_string_equal(e.text + strlen(e.text) - 2, "Z)");

        close(holder.end);
        assert_int_equal(wait_for(holder.pid), 0);
        ledger_unlock(must_lock(f, "muster apply"));
}

static void it_goes_with_the_process(void **state)
{
        const struct fixture *f = *state;
        struct holder holder = start_holder(f);
        _cleanup_(ledger_unlock_p) struct ledger_lock *lock = NULL;
        char text[256], expected[32];

        kill(holder.pid, SIGKILL);
        assert_int_equal(wait_for(holder.pid), -SIGKILL);
        close(holder.end);

        /* What the dead holder left in the file is overwritten. */
        lock = must_lock(f, "x");
        read_lock_file(f, text);
        snprintf(expected, sizeof(expected), "%d x, since ", getpid());
        assert_memory_equal(text, expected, strlen(expected));
        assert_int_equal(strlen(text), strlen(expected) + strlen("2026-11-21T01:02:03Z\n"));
}

static void words_that_make_no_sense_are_not_repeated(void **state)
{
        static const char *const words[] = { "", "no number", "12", "-3 muster apply" };
        const struct fixture *f = *state;
        struct ledger_lock *first = must_lock(f, "muster apply"), *second = NULL;
        char path[128];
        struct error e = {};

        snprintf(path, sizeof(path), "%s.lock", f->path);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                _cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

                assert_int_equal(write(fd, words[i], strlen(words[i])), strlen(words[i]));
                assert_int_equal(ledger_lock(f->path, "muster agent", &second, &e), -EBUSY);
                assert_non_null(strstr(e.text, "is held by another process"));
        }

        {
                _cleanup_close_ int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

                assert_int_equal(write(fd, "12 \033[2J\n3 x", 11), 11);
                assert_int_equal(ledger_lock(f->path, "muster agent", &second, &e), -EBUSY);
                assert_non_null(strstr(e.text, "held by pid 12 ("));
                assert_null(strchr(e.text, '\033'));
                assert_null(strchr(e.text, '\n'));
        }
        ledger_unlock(first);
}

static void loose_modes_are_refused(void **state)
{
        static const mode_t modes[] = { 0620, 0602, 0666 };
        const struct fixture *f = *state;
        struct ledger_lock *lock = NULL;
        char path[128];
        struct error e = {};

        ledger_unlock(must_lock(f, "muster apply"));
        snprintf(path, sizeof(path), "%s.lock", f->path);
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                assert_int_equal(chmod(path, modes[i]), 0);
                assert_int_equal(ledger_lock(f->path, "muster apply", &lock, &e), -EPERM);
        }

        assert_int_equal(chmod(path, 0600), 0);
        ledger_unlock(must_lock(f, "muster apply"));
}

static void what_is_somebody_elses_is_refused(void **state)
{
        const struct fixture *f = *state;
        struct ledger_lock *lock = NULL;
        char path[128];
        struct error e = {};

        ledger_unlock(must_lock(f, "muster apply"));
        snprintf(path, sizeof(path), "%s.lock", f->path);
        give_away(path);
        assert_int_equal(ledger_lock(f->path, "muster apply", &lock, &e), -EPERM);
        assert_non_null(strstr(e.text, "owned by user 65534"));
        assert_null(lock);
}

static void other_than_files_are_refused(void **state)
{
        const struct fixture *f = *state;
        struct ledger_lock *lock = NULL;
        char path[128];
        struct error e = {};

        snprintf(path, sizeof(path), "%s.lock", f->path);
        assert_int_equal(symlink("/etc/passwd", path), 0);
        assert_int_equal(ledger_lock(f->path, "muster apply", &lock, &e), -ELOOP);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(ledger_lock(f->path, "muster apply", &lock, &e), -EPERM);
}

/* Who holds it cannot be written down: then nobody does. */
static void a_full_disk_is_told(void **state)
{
        const struct rlimit none = { 0, RLIM_INFINITY };
        const struct fixture *f = *state;
        struct ledger_lock *lock = NULL;
        struct error e = {};
        struct rlimit before;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
        assert_int_equal(ledger_lock(f->path, "apply", &lock, &e), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_null(lock);
        assert_non_null(strstr(e.text, "cannot write who holds it"));
        assert_int_equal(ledger_lock(f->path, "apply", &lock, &e), 0);
        ledger_unlock(lock);
}

/* A link could lead to a file that is not ours to write. */
static void links_are_not_followed(void **state)
{
        const struct fixture *f = *state;
        struct ledger_lock *lock = NULL;
        struct error e = {};
        char file[128];

        snprintf(file, sizeof(file), "%s.lock", f->path);
        assert_int_equal(symlink("/dev/null", file), 0);
        assert_int_equal(ledger_lock(f->path, "apply", &lock, &e), -ELOOP);
        assert_null(lock);
}

static void the_lock_makes_its_folder(void **state)
{
        struct fixture f = *(struct fixture *)*state;
        struct stat st;

        snprintf(f.path, sizeof(f.path), "%s/state/muster.db", f.folder);
        ledger_unlock(must_lock(&f, "muster init"));
        snprintf(f.path, sizeof(f.path), "%s/state", f.folder);
        assert_int_equal(stat(f.path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(the_lock_says_who_holds_it),   ledger_test(one_process_holds_it),
                ledger_test(it_goes_with_the_process),     ledger_test(words_that_make_no_sense_are_not_repeated),
                ledger_test(loose_modes_are_refused),      ledger_test(what_is_somebody_elses_is_refused),
                ledger_test(other_than_files_are_refused), ledger_test(a_full_disk_is_told),
                ledger_test(links_are_not_followed),       ledger_test(the_lock_makes_its_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
