/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reconcile/io/db.h"

/* Each test has a folder of its own. */
struct place {
        char folder[64];
        char path[96];
};

static int set_up(void **state)
{
        struct place *place = calloc(1, sizeof(*place));

        strcpy(place->folder, "/tmp/muster-db-XXXXXX");
        if (!mkdtemp(place->folder))
                return -1;
        (void)snprintf(place->path, sizeof(place->path), "%s/ledger", place->folder);
        *state = place;
        return 0;
}

static int tear_down(void **state)
{
        static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
        struct place *place = *state;
        char path[128];
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
                (void)snprintf(path, sizeof(path), "%s%s", place->path, suffixes[i]);
                (void)unlink(path);
        }
        r = rmdir(place->folder); /* fails where a test left anything else behind */
        free(place);
        return r;
}

static struct db *open_ok(const struct place *place, enum db_mode mode)
{
        struct db *db = NULL;
        struct error e = {};

        if (db_open(place->path, mode, &db, &e) < 0)
                fail_msg("%s", e.text);
        return db;
}

static void exec_ok(struct db *db, const char *sql)
{
        struct error e = {};

        if (db_exec(db, sql, &e) < 0)
                fail_msg("%s", e.text);
}

static int64_t ask(struct db *db, const char *sql)
{
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        struct error e = {};

        assert_int_equal(db_prepare(db, sql, &q, &e), 0);
        assert_int_equal(db_step(q, &e), 1);
        return db_int64(q, 0);
}

static bool exists_beside(const struct place *place, const char *suffix)
{
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", place->path, suffix);
        return access(path, F_OK) == 0;
}

static void created_private_and_durable(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = NULL, *second = NULL;
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        mode_t old = umask(0);
        struct error e = {};
        struct stat st;

        db = open_ok(place, DB_CREATE);
        exec_ok(db, "CREATE TABLE a (b)");
        umask(old);

        assert_int_equal(stat(place->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(ask(db, "PRAGMA synchronous"), 2);
        assert_int_equal(ask(db, "PRAGMA foreign_keys"), 1);
        assert_int_equal(ask(db, "PRAGMA trusted_schema"), 0);
        assert_int_equal(ask(db, "PRAGMA busy_timeout"), 5000);
        assert_int_equal(db_prepare(db, "PRAGMA journal_mode", &q, &e), 0);
        assert_int_equal(db_step(q, &e), 1);
        assert_string_equal(db_text(q, 0), "wal");

        assert_int_equal(db_open(place->path, DB_CREATE, &second, &e), -EEXIST);
        assert_null(second);
}

static void missing_is_told(void **state)
{
        const struct place *place = *state;
        struct db *db = NULL;
        struct error e = {};

        assert_int_equal(db_open(place->path, DB_READ, &db, &e), -ENOENT);
        assert_int_equal(db_open(place->path, DB_WRITE, &db, &e), -ENOENT);
        assert_false(exists_beside(place, ""));
        assert_non_null(strstr(e.text, place->path));
}

static void loose_modes_are_refused(void **state)
{
        static const mode_t loose[] = { 0640, 0604, 0660, 0700, 0644 };
        const struct place *place = *state;
        struct db *db = NULL;
        struct error e = {};

        db_free(open_ok(place, DB_CREATE));
        for (size_t i = 0; i < ARRAY_SIZE(loose); i++) {
                assert_int_equal(chmod(place->path, loose[i]), 0);
                assert_int_equal(db_open(place->path, DB_READ, &db, &e), -EPERM);
                assert_int_equal(db_open(place->path, DB_WRITE, &db, &e), -EPERM);
                assert_non_null(strstr(e.text, "0600"));
        }
        assert_int_equal(chmod(place->path, 0600), 0);
        db_free(open_ok(place, DB_WRITE));
}

static void other_owner_is_refused(void **state)
{
        const struct place *place = *state;
        struct db *db = NULL;
        struct error e = {};

        db_free(open_ok(place, DB_CREATE));
        if (chown(place->path, 12345, (gid_t)-1) < 0)
                skip(); /* only root can give a file away */
        assert_int_equal(db_open(place->path, DB_READ, &db, &e), -EPERM);
        assert_int_equal(db_open(place->path, DB_WRITE, &db, &e), -EPERM);
}

static void write_file(const char *path, const char *text, size_t n)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, n), n);
}

static void no_database_is_refused(void **state)
{
        const struct place *place = *state;
        char garbage[8192];
        struct db *db = NULL;
        struct error e = {};

        memset(garbage, 'x', sizeof(garbage));
        write_file(place->path, garbage, sizeof(garbage));
        assert_int_equal(db_open(place->path, DB_WRITE, &db, &e), -EBADMSG);
        assert_int_equal(db_open(place->path, DB_READ, &db, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "not a database"));

        assert_int_equal(db_open(place->folder, DB_READ, &db, &e), -EBADMSG);
        assert_false(exists_beside(place, "-wal"));
}

static void an_empty_file_is_none_and_becomes_one(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        write_file(place->path, "", 0);
        assert_int_equal(db_open(place->path, DB_WRITE, &db, &e), -ENOENT);
        assert_int_equal(db_open(place->path, DB_READ, &db, &e), -ENOENT);
        assert_int_equal(db_open(place->path, DB_CREATE, &db, &e), 0);
        assert_int_equal(db_exec(db, "CREATE TABLE a (b)", &e), 0);
        db = db_free(db);
        assert_int_equal(db_open(place->path, DB_CREATE, &db, &e), -EEXIST);
}

static void damage_is_told(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        _cleanup_close_ int fd = -1;
        char garbage[4096];
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (b); INSERT INTO a VALUES (1)");
        db = db_free(db);

        memset(garbage, 0xA5, sizeof(garbage));
        fd = open(place->path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 4096), sizeof(garbage));

        db = open_ok(place, DB_WRITE);
        assert_int_equal(db_exec(db, "INSERT INTO a VALUES (2)", &e), -EBADMSG);
        assert_non_null(strstr(e.text, "malformed"));
}

static void reader_leaves_nothing_and_writes_nothing(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct stat before, after;
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (b); INSERT INTO a VALUES (7)");
        db = db_free(db);
        assert_false(exists_beside(place, "-wal"));
        assert_int_equal(stat(place->path, &before), 0);

        db = open_ok(place, DB_READ);
        assert_int_equal(ask(db, "SELECT b FROM a"), 7);
        assert_int_equal(db_exec(db, "INSERT INTO a VALUES (8)", &e), -EROFS);
        assert_int_equal(db_exec(db, "CREATE TABLE c (d)", &e), -EROFS);
        db = db_free(db);

        assert_int_equal(stat(place->path, &after), 0);
        assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
        assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
        assert_false(exists_beside(place, "-wal"));
        assert_false(exists_beside(place, "-shm"));
}

static void reader_sees_one_moment(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *writer = open_ok(place, DB_CREATE), *reader = NULL;
        struct error e = {};

        exec_ok(writer, "CREATE TABLE a (b); INSERT INTO a VALUES (1)");
        reader = open_ok(place, DB_READ);

        assert_int_equal(db_begin(reader, &e), 0);
        assert_int_equal(ask(reader, "SELECT count(*) FROM a"), 1);
        assert_int_equal(db_begin(writer, &e), 0); /* a reader holds no lock */
        exec_ok(writer, "INSERT INTO a VALUES (2)");
        assert_int_equal(db_commit(writer, &e), 0);
        assert_int_equal(ask(reader, "SELECT count(*) FROM a"), 1);
        assert_int_equal(db_commit(reader, &e), 0);
        assert_int_equal(ask(reader, "SELECT count(*) FROM a"), 2);
}

/* What a writer that was killed had committed is there, whether a reader or a writer comes next. */
static void committed_survives_a_kill(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct error e = {};
        int status;
        pid_t pid;

        exec_ok(db, "CREATE TABLE a (b)");
        db = db_free(db);

        pid = fork();
        if (pid == 0) {
                struct db *child = NULL;

                if (db_open(place->path, DB_WRITE, &child, &e) < 0 || db_begin(child, &e) < 0 ||
                    db_exec(child, "INSERT INTO a VALUES (1)", &e) < 0 || db_commit(child, &e) < 0 ||
                    db_begin(child, &e) < 0 || db_exec(child, "INSERT INTO a VALUES (2)", &e) < 0)
                        _exit(1);
                (void)raise(SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        db = open_ok(place, DB_READ);
        assert_int_equal(ask(db, "SELECT count(*) FROM a"), 1);
        db = db_free(db);
        db = open_ok(place, DB_WRITE);
        assert_int_equal(ask(db, "SELECT count(*) FROM a"), 1);
}

static void second_writer_waits_and_is_told(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *first = open_ok(place, DB_CREATE), *second = open_ok(place, DB_WRITE);
        struct error e = {};

        exec_ok(first, "CREATE TABLE a (b)");
        exec_ok(second, "PRAGMA busy_timeout = 10"); /* not the test's time */
        assert_int_equal(db_begin(first, &e), 0);
        assert_int_equal(db_begin(second, &e), -EBUSY);
        assert_non_null(strstr(e.text, "locked"));
        db_rollback(first);
        assert_int_equal(db_begin(second, &e), 0);
        db_rollback(second);
        db_rollback(second); /* nothing is left to do */
}

static void full_disk_is_told(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (b); PRAGMA max_page_count = 4");
        assert_int_equal(db_begin(db, &e), 0);
        assert_int_equal(db_exec(db, "INSERT INTO a VALUES (zeroblob(100000))", &e), -ENOSPC);
        assert_non_null(strstr(e.text, "full"));
        db_rollback(db);
        assert_int_equal(ask(db, "SELECT count(*) FROM a"), 0);
}

/* A file size limit makes the system refuse writes as a broken disk would. */
static void broken_disk_is_told_and_rolled_back(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct rlimit old, low;
        struct error e = {};
        int r;

        exec_ok(db, "CREATE TABLE a (b)");
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
        (void)signal(SIGXFSZ, SIG_IGN);
        low = (struct rlimit){ .rlim_cur = 64 * 1024, .rlim_max = old.rlim_max };

        assert_int_equal(db_begin(db, &e), 0);
        exec_ok(db, "INSERT INTO a VALUES (zeroblob(200000))");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        r = db_commit(db, &e);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

        assert_int_equal(r, -EIO);
        assert_non_null(strstr(e.text, "I/O"));
        assert_int_equal(db_begin(db, &e), 0); /* no transaction was left open */
        db_rollback(db);
        assert_int_equal(ask(db, "SELECT count(*) FROM a"), 0);
}

/* A commit that fails may leave its transaction open: nothing of it may be left for the next. */
static void failed_commit_is_rolled_back(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (id INTEGER PRIMARY KEY);"
                    "CREATE TABLE b (a REFERENCES a (id) DEFERRABLE INITIALLY DEFERRED)");
        assert_int_equal(db_begin(db, &e), 0);
        exec_ok(db, "INSERT INTO b VALUES (2)");
        assert_int_equal(db_commit(db, &e), -EINVAL);
        assert_int_equal(db_begin(db, &e), 0);
        assert_int_equal(db_commit(db, &e), 0);
        assert_int_equal(ask(db, "SELECT count(*) FROM b"), 0);
}

static void foreign_keys_and_unique_keys_hold(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (id INTEGER PRIMARY KEY, name UNIQUE);"
                    "CREATE TABLE b (a REFERENCES a (id)); INSERT INTO a VALUES (1, 'x')");
        assert_int_equal(db_exec(db, "INSERT INTO b VALUES (2)", &e), -EINVAL);
        assert_int_equal(db_exec(db, "INSERT INTO a VALUES (1, 'y')", &e), -EEXIST);
        assert_int_equal(db_exec(db, "INSERT INTO a VALUES (2, 'x')", &e), -EEXIST);
}

static void queries_bind_step_and_are_used_again(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        _cleanup_(db_query_free_p) struct db_query *insert = NULL, *select = NULL;
        struct error e = {};

        exec_ok(db, "CREATE TABLE a (id INTEGER PRIMARY KEY, name, size)");
        assert_int_equal(db_prepare(db, "INSERT INTO a (name, size) VALUES (?, ?);", &insert, &e), 0);
        for (int64_t i = 0; i < 3; i++) {
                db_bind_text(insert, 1, i == 1 ? NULL : "na'me");
                db_bind_int64(insert, 2, INT64_MAX - i);
                assert_int_equal(db_run(insert, &e), 0);
                assert_int_equal(db_last_id(db), i + 1);
                assert_int_equal(db_changes(db), 1);
        }

        assert_int_equal(db_prepare(db, "SELECT name, size FROM a ORDER BY id", &select, &e), 0);
        for (int round = 0; round < 2; round++) {
                assert_int_equal(db_step(select, &e), 1);
                assert_string_equal(db_text(select, 0), "na'me");
                assert_true(db_int64(select, 1) == INT64_MAX);
                assert_int_equal(db_step(select, &e), 1);
                assert_null(db_text(select, 0));
                assert_int_equal(db_step(select, &e), 1);
                assert_int_equal(db_step(select, &e), 0);
                db_reset(select);
        }
}

static void wrong_statements_are_told(void **state)
{
        const struct place *place = *state;
        _cleanup_(db_free_p) struct db *db = open_ok(place, DB_CREATE);
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        struct error e = {};

        assert_int_equal(db_exec(db, "SELEC 1", &e), -EINVAL);
        assert_non_null(strstr(e.text, "syntax error"));
        assert_int_equal(db_prepare(db, "SELECT 1; SELECT 2", &q, &e), -EINVAL);
        assert_int_equal(db_prepare(db, "", &q, &e), -EINVAL);
        assert_null(q);

        /* A parameter that is not there is told when the statement runs, and forgotten when it is reset. */
        assert_int_equal(db_prepare(db, "SELECT ?", &q, &e), 0);
        db_bind_int64(q, 2, 1);
        assert_int_equal(db_step(q, &e), -EINVAL);
        db_reset(q);
        db_bind_int64(q, 1, 1);
        assert_int_equal(db_step(q, &e), 1);
}

/* SQLite would take these for no file. */
static void strange_names_are_files(void **state)
{
        const struct place *place = *state;
        _cleanup_free_ char *old = getcwd(NULL, 0);
        struct error e = {};

        assert_int_equal(chdir(place->folder), 0);
        for (const char *const *name = (const char *const[]){ ":memory:", "file:x?mode=memory", NULL }; *name; name++) {
                struct db *db = NULL;

                assert_int_equal(db_open(*name, DB_CREATE, &db, &e), 0);
                db_free(db);
                assert_int_equal(access(*name, F_OK), 0);
                assert_int_equal(unlink(*name), 0);
        }
        assert_int_equal(chdir(old), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(created_private_and_durable, set_up, tear_down),
                cmocka_unit_test_setup_teardown(missing_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(loose_modes_are_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(other_owner_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(no_database_is_refused, set_up, tear_down),
                cmocka_unit_test_setup_teardown(an_empty_file_is_none_and_becomes_one, set_up, tear_down),
                cmocka_unit_test_setup_teardown(damage_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(reader_leaves_nothing_and_writes_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(reader_sees_one_moment, set_up, tear_down),
                cmocka_unit_test_setup_teardown(committed_survives_a_kill, set_up, tear_down),
                cmocka_unit_test_setup_teardown(second_writer_waits_and_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(full_disk_is_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(broken_disk_is_told_and_rolled_back, set_up, tear_down),
                cmocka_unit_test_setup_teardown(failed_commit_is_rolled_back, set_up, tear_down),
                cmocka_unit_test_setup_teardown(foreign_keys_and_unique_keys_hold, set_up, tear_down),
                cmocka_unit_test_setup_teardown(queries_bind_step_and_are_used_again, set_up, tear_down),
                cmocka_unit_test_setup_teardown(wrong_statements_are_told, set_up, tear_down),
                cmocka_unit_test_setup_teardown(strange_names_are_files, set_up, tear_down),
        };

        return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
