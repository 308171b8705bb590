/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"
#include "tests/support/files.h"

static int open_result(const struct fixture *f, enum ledger_mode mode, struct error *e)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        int r = ledger_open(f->path, mode, "prod", &l, e);

        assert_true(r == 0 || l == NULL);
        return r;
}

static void a_ledger_is_made_once(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        struct error e = {};
        struct stat st;

        assert_int_equal(open_result(f, LEDGER_READ, &e), -ENOENT);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -ENOENT);
        l = must_open(f, LEDGER_CREATE);
        assert_string_equal(l->estate, "prod");
        assert_string_equal(l->path, f->path);
        assert_int_equal(open_result(f, LEDGER_CREATE, &e), -EEXIST);
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        l = ledger_free(l);
        assert_int_equal(open_result(f, LEDGER_CREATE, &e), -EEXIST);
}

static void the_estate_is_the_one_it_was_made_for(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct error e = {};

        l = ledger_free(l);
        assert_int_equal(ledger_open(f->path, LEDGER_WRITE, "staging", &l, &e), 0);
        assert_string_equal(l->estate, "prod");
}

static void missing_folders_are_made(void **state)
{
        struct fixture f = *(struct fixture *)*state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        char folder[80];
        struct stat st;

        snprintf(f.path, sizeof(f.path), "%s/a/b/muster.db", f.folder);
        l = must_open(&f, LEDGER_CREATE);

        snprintf(folder, sizeof(folder), "%s/a", f.folder);
        assert_int_equal(stat(folder, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        strcat(folder, "/b");
        assert_int_equal(stat(folder, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
}

/* Where a folder would have to be there is a file. */
static void folders_that_cannot_be_made_are_told(void **state)
{
        struct fixture below = *(const struct fixture *)*state;
        _cleanup_close_ int fd = open(below.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        struct error e = {};

        assert_true(fd >= 0);
        snprintf(below.path, sizeof(below.path), "%s/muster.db/here/muster.db", below.folder);
        assert_int_equal(open_result(&below, LEDGER_CREATE, &e), -ENOTDIR);
        assert_non_null(strstr(e.text, "cannot make the folder"));
        assert_non_null(strstr(e.text, "muster.db/here"));

        *below.path = '\0';
        assert_true(open_result(&below, LEDGER_CREATE, &e) < 0);
}

/* The file exists from the first moment of its making: what was cut short then is the same as no ledger. */
static void a_making_that_was_cut_short_is_taken_up(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        assert_int_equal(db_open(f->path, DB_CREATE, &db, &e), 0);
        db = db_free(db);
        assert_int_equal(open_result(f, LEDGER_READ, &e), -ENOENT);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -ENOENT);
        assert_non_null(strstr(e.text, "cut short"));

        l = must_open(f, LEDGER_CREATE);
        assert_string_equal(l->estate, "prod");
}

static void loose_modes_are_refused(void **state)
{
        const struct fixture *f = *state;
        struct error e = {};

        ledger_free(must_open(f, LEDGER_CREATE));
        assert_int_equal(chmod(f->path, 0640), 0);
        for (enum ledger_mode mode = LEDGER_READ; mode <= LEDGER_CREATE; mode++)
                assert_int_equal(open_result(f, mode, &e), -EPERM);

        assert_int_equal(chmod(f->path, 0600), 0);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), 0);
}

static void what_is_somebody_elses_is_refused(void **state)
{
        const struct fixture *f = *state;
        const struct ledger_request request = {
                .verb = REQUEST_RESUME, .account = "", .resource = "Provider/star", .slot = "", .id = "", .reason = ""
        };
        struct error e = {};
        int64_t seq = 0;

        ledger_free(must_open(f, LEDGER_CREATE));
        give_away(f->path);
        for (enum ledger_mode mode = LEDGER_READ; mode <= LEDGER_CREATE; mode++) {
                assert_int_equal(open_result(f, mode, &e), -EPERM);
                assert_non_null(strstr(e.text, "owned by user 65534"));
        }
        assert_int_equal(ledger_ask(f->path, &request, &seq, &e), -EPERM);
        assert_int_equal(seq, 0);

        assert_int_equal(chown(f->path, geteuid(), getegid()), 0);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), 0);
}

static void what_is_no_database_is_refused(void **state)
{
        const struct fixture *f = *state;
        _cleanup_close_ int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        struct error e = {};
        char text[8192];

        memset(text, 'x', sizeof(text));
        assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
        assert_int_equal(open_result(f, LEDGER_READ, &e), -EBADMSG);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EBADMSG);
}

static void another_database_is_refused(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        assert_int_equal(db_open(f->path, DB_CREATE, &db, &e), 0);
        assert_int_equal(db_exec(db, "CREATE TABLE things (seq INTEGER PRIMARY KEY)", &e), 0);
        db = db_free(db);

        assert_int_equal(open_result(f, LEDGER_READ, &e), -EBADMSG);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "not a ledger"));
        tamper(f, "PRAGMA user_version = 1");
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "not a ledger"));
        assert_int_equal(open_result(f, LEDGER_CREATE, &e), -EEXIST);
}

/* A ledger of schema 1, as a muster of that time left it, is read only once it was brought up to date. */
static void an_older_schema_is_brought_up_to_date(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_free_ char *sql = test_file_read("reconcile/schema-1.sql");
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        assert_int_equal(db_open(f->path, DB_CREATE, &db, &e), 0);
        assert_int_equal(db_exec(db, sql, &e), 0);
        db = db_free(db);

        assert_int_equal(open_result(f, LEDGER_READ, &e), -EPROTO);
        assert_non_null(strstr(e.text, "older muster"));
        ledger_free(must_open(f, LEDGER_WRITE));
        l = must_open(f, LEDGER_READ);
        assert_string_equal(l->estate, "prod");
        assert_int_equal(strlen(l->id), 12);
        assert_int_equal(l->n_things, 1);
        assert_string_equal(l->things[0]->slot, "web-0");
        assert_string_equal(l->things[0]->made_with_text, "{\"cpu\":4}");
        assert_int_equal(l->things[0]->type, TYPE_MACHINE);
        assert_int_equal(l->n_calls, 1);
        assert_string_equal(l->calls[0]->marker, "web-1");
        assert_int_equal(l->calls[0]->state, CALL_SENDING); /* nobody has taken it over durably yet */
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-1"));
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-0"));
}

static void a_newer_schema_is_refused(void **state)
{
        const struct fixture *f = *state;
        struct error e = {};
        int64_t seq;

        ledger_free(must_open(f, LEDGER_CREATE));
        tamper(f, "PRAGMA user_version = 3");
        assert_int_equal(open_result(f, LEDGER_READ, &e), -EPROTO);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EPROTO);
        assert_non_null(strstr(e.text, "newer muster"));
        assert_int_equal(ledger_ask(f->path, &(struct ledger_request){ .account = "" }, &seq, &e), -EPROTO);
}

/* A ledger with one row of each kind. */
static void make_small_ledger(const struct fixture *f)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);

        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://a.example", WALL), 0);
        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        assert_non_null(ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", ORDER_CREATE));
        must_commit(l);
}

static void damaged_rows_are_named(void **state)
{
        static const struct {
                const char *sql, *row;
        } damages[] = {
                { "UPDATE things SET state = 'lost'", "row 1 of things" },
                { "UPDATE things SET condition = 'Running'", "row 1 of things" },
                { "UPDATE things SET leaked = 2", "row 1 of things" },
                { "UPDATE things SET protect = 2", "row 1 of things" },
                { "UPDATE things SET leaked = 2, condition = 'Running'", "a flag is neither 0 nor 1" },
                { "UPDATE things SET made_at = -5", "row 1 of things" },
                { "UPDATE things SET seq = -1", "row -1 of things" },
                { "UPDATE things SET state = 'gone', seq = 9223372036854775807", "row 9223372036854775807 of things" },
                { "UPDATE things SET made_with = '{\"cpu\":4'", "row 1 of things" },
                { "UPDATE things SET made_with = '[]'", "row 1 of things" },
                { "UPDATE things SET made_with = ''", "row 1 of things" },
                { "UPDATE things SET made_with = '{\"cpu\":\"4\"}'", "row 1 of things" },
                { "UPDATE things SET made_with = '{\"network\":7}'", "row 1 of things" },
                { "UPDATE things SET made_with = '{\"wheels\":4}'", "row 1 of things" },
                { "UPDATE calls SET verb = 'destroy'", "row 1 of calls" },
                { "UPDATE calls SET state = ''", "row 1 of calls" },
                { "UPDATE calls SET counts = 'many'", "row 1 of calls" },
                { "UPDATE calls SET field = 'wheels'", "row 1 of calls" },
                { "UPDATE calls SET seq = 9223372036854775807", "row 9223372036854775807 of calls" },
                { "UPDATE calls SET state = 'resolved', seq = 9223372036854775807",
                  "row 9223372036854775807 of calls" },
                { "UPDATE calls SET wanted = 'null'", "row 1 of calls" },
                { "DELETE FROM meta", "names no estate" },
                { "PRAGMA user_version = 0", "a database, but not a ledger" },
                { "DROP TABLE calls", "no such table" },
                { "DROP TABLE pauses", "no such table" },
        };
        const struct fixture *f = *state;
        char sql[256];

        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                struct error e = {};

                make_small_ledger(f);
                snprintf(sql, sizeof(sql), "PRAGMA ignore_check_constraints = ON; %s", damages[i].sql);
                tamper(f, sql);

                assert_int_equal(open_result(f, LEDGER_READ, &e), -EBADMSG);
                if (!strstr(e.text, damages[i].row))
                        fail_msg("%s: %s", damages[i].sql, e.text);
                assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EBADMSG);
                assert_int_equal(unlink(f->path), 0);
        }
}

static void the_rows_themselves_refuse_unknown_words(void **state)
{
        static const char *const updates[] = {
                "UPDATE things SET state = 'lost'",
                "UPDATE things SET condition = 'Running'",
                "UPDATE things SET adopted = 2",
                "UPDATE things SET made_at = 'yesterday'",
                "UPDATE things SET note = NULL",
                "UPDATE calls SET verb = 'destroy'",
                "UPDATE calls SET state = ''",
                "UPDATE calls SET counts = 'many'",
                "UPDATE calls SET made_at_boot = 'now'",
                "UPDATE calls SET resolved_at = 'now'",
                "UPDATE things SET protect = 2",
                "UPDATE calls SET request = NULL",
                "INSERT INTO pauses (resource) VALUES ('MachineSet/web')",
                "INSERT INTO requests VALUES (1, 'restart', '', '', '', '', '', NULL, NULL)",
        };
        const struct fixture *f = *state;
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = {};

        make_small_ledger(f);
        assert_int_equal(db_open(f->path, DB_WRITE, &db, &e), 0);
        assert_int_equal(db_exec(db, "INSERT INTO requests VALUES (1, 'retry', '', '', '', '', '', NULL, NULL)", &e),
                         0);
        assert_int_equal(db_exec(db, "DELETE FROM requests; UPDATE things SET state = 'released'", &e), 0);
        for (size_t i = 0; i < ARRAY_SIZE(updates); i++)
                assert_true(db_exec(db, updates[i], &e) < 0);
}

/* Overwrites the middle of the file, where the rows are. */
static void damaged_pages_are_found(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        _cleanup_close_ int fd = -1;
        struct error e = {};
        char junk[4096];
        struct stat st;

        for (int i = 0; i < 2000; i++)
                assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ""));
        must_commit(l);
        l = ledger_free(l);

        memset(junk, 0xA5, sizeof(junk));
        assert_int_equal(stat(f->path, &st), 0);
        fd = open(f->path, O_WRONLY | O_CLOEXEC);
        for (off_t at = 16 * 4096; at < st.st_size; at += 4096)
                assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));

        assert_int_equal(open_result(f, LEDGER_READ, &e), -EBADMSG);
        assert_int_equal(open_result(f, LEDGER_WRITE, &e), -EBADMSG);
}

static void a_crash_before_the_commit_leaves_nothing(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        pid_t pid;

        make_small_ledger(f);
        pid = fork();
        if (pid == 0) {
                l = must_open(f, LEDGER_WRITE);
                ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2");
                ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_CREATE)->state = CALL_SENDING;
                _exit(7);
        }
        assert_int_equal(wait_for(pid), 7);

        l = must_open(f, LEDGER_READ);
        assert_int_equal(l->n_things, 1);
        assert_int_equal(l->n_calls, 1);
        assert_int_equal(l->calls[0]->state, CALL_INTENT);
        assert_false(ledger_held(l, "star", TYPE_MACHINE, "vm-2"));
}

static void a_crash_after_the_commit_loses_nothing(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        pid_t pid;

        make_small_ledger(f);
        pid = fork();
        if (pid == 0) {
                struct error e;

                l = must_open(f, LEDGER_WRITE);
                ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2");
                ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_CREATE)->state = CALL_SENDING;
                if (ledger_commit(l, &e) < 0)
                        _exit(1);
                kill(getpid(), SIGKILL);
        }
        assert_int_equal(wait_for(pid), -SIGKILL);

        l = must_open(f, LEDGER_WRITE);
        assert_int_equal(l->n_things, 2);
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-2"));
        assert_int_equal(l->n_calls, 1);
        assert_int_equal(l->calls[0]->seq, 2);
        assert_int_equal(l->calls[0]->state, CALL_UNKNOWN);
}

/* In a child: a disk that takes no byte more, and then one that would. */
static int commit_on_a_full_disk(const struct fixture *f)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_WRITE);
        const struct rlimit none = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY },
                            all = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
        struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_CREATE);
        struct error e = {};

        c->state = CALL_SENDING;
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &none) < 0 || ledger_commit(l, &e) == 0 || !*e.text)
                return 1;
        if (c->durable || !c->touched || ledger_commits(l) != 0)
                return 2;

        if (setrlimit(RLIMIT_FSIZE, &all) < 0 || ledger_commit(l, &e) != -ESTALE)
                return 3;
        if (c->durable || ledger_set_status(l, NULL, 0, &e) != -ESTALE)
                return 4;

        return 0;
}

static void a_failed_commit_ends_all_writing(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        pid_t pid;

        make_small_ledger(f);
        pid = fork();
        if (pid == 0)
                _exit(commit_on_a_full_disk(f));
        assert_int_equal(wait_for(pid), 0);

        l = must_open(f, LEDGER_WRITE);
        assert_int_equal(l->n_calls, 1);
        assert_string_equal(l->calls[0]->slot, "web-1");
        must_commit(l);
}

static void a_row_that_is_refused_fails_the_whole_commit(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct error e = {};

        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2")->note = NULL;
        assert_true(ledger_commit(l, &e) < 0);
        assert_int_equal(ledger_commit(l, &e), -ESTALE);

        ledger_free(l);
        l = must_open(f, LEDGER_READ);
        assert_int_equal(l->n_things, 0);
        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        assert_int_equal(ledger_commit(l, &e), -EROFS);
}

static void readers_see_what_was_committed(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *writer = must_open(f, LEDGER_CREATE), *reader = NULL;

        assert_non_null(ledger_add_thing(writer, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        must_commit(writer);
        assert_non_null(ledger_add_thing(writer, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2"));

        reader = must_open(f, LEDGER_READ);
        assert_int_equal(reader->n_things, 1);

        /* A reader that stays keeps nobody from writing. */
        must_commit(writer);
        ledger_free(reader);
        reader = must_open(f, LEDGER_READ);
        assert_int_equal(reader->n_things, 2);
}

static void a_hundred_thousand_things_come_back(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct values v = {};
        char slot[32], id[32];

        for (int64_t i = 0; i < 100000; i++) {
                struct thing *t;

                snprintf(slot, sizeof(slot), "web-%lld", (long long)i);
                snprintf(id, sizeof(id), "vm-%lld", (long long)i);
                t = ledger_add_thing(l, TYPE_MACHINE, i % 2 ? "star" : "fin", "MachineSet/web", slot, id);
                values_set_number(&v, PROPERTY_CPU, i % 7);
                assert_int_equal(ledger_set_values(l, &v, &t->made_with, &t->made_with_text), 0);
                t->state = i % 10 == 9 ? THING_GONE : THING_OWNED;
                t->made_at = WALL + i;
        }
        must_commit(l);

        ledger_free(l);
        l = must_open(f, LEDGER_WRITE);
        assert_int_equal(l->n_things, 90000);
        assert_int_equal(l->held.count, 100000);
        assert_int_equal(l->next_thing, 100001);
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                int64_t number = t->seq - 1;

                snprintf(id, sizeof(id), "vm-%lld", (long long)number);
                assert_string_equal(t->id, id);
                assert_string_equal(t->account, number % 2 ? "star" : "fin");
                assert_int_equal(t->made_with.of[PROPERTY_CPU].number, number % 7);
                assert_int_equal(t->made_at, WALL + number);
                assert_true(ledger_held(l, t->account, TYPE_MACHINE, id));
        }
}

/* Adds `n` resolved calls in one commit. */
static void add_history(struct ledger *l, int64_t n, const char *boot, int64_t wall, usec_t now)
{
        for (int64_t i = 0; i < n; i++) {
                struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_START);

                c->state = CALL_RESOLVED;
                c->boot = boot;
                c->made_at = wall;
                c->made_at_boot = now;
        }
        must_commit(l);
        ledger_sweep(l);
}

static int64_t count_rows(const struct fixture *f, const char *sql)
{
        _cleanup_(db_free_p) struct db *db = NULL;
        _cleanup_(db_query_free_p) struct db_query *q = NULL;
        struct error e = {};

        assert_int_equal(db_open(f->path, DB_READ, &db, &e), 0);
        assert_int_equal(db_prepare(db, sql, &q, &e), 0);
        assert_int_equal(db_step(q, &e), 1);
        return db_int64(q, 0);
}

static void old_history_is_dropped(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        const char *other = ledger_string(l, "an earlier boot");

        /* Of this boot and of another, old and recent; a wall clock that was wrong in this boot changes nothing. */
        add_history(l, 100, l->boot, WALL + 1000000, NOW - 4 * USEC_PER_HOUR);
        add_history(l, 100, l->boot, WALL - 1000000, NOW - USEC_PER_HOUR);
        add_history(l, 100, other, WALL - 4 * 3600, NOW);
        add_history(l, 100, other, WALL - 3600, 0);
        ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CREATE);
        add_history(l, 99000, l->boot, WALL, NOW);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls"), 99401);

        add_history(l, 3000, l->boot, WALL, NOW);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls"), 102201);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls WHERE seq <= 100"), 0);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls WHERE seq <= 200"), 100);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls WHERE seq <= 300"), 100);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls WHERE seq <= 400"), 200);
        assert_int_equal(count_rows(f, "SELECT count(*) FROM calls WHERE state = 'intent'"), 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(a_ledger_is_made_once),
                ledger_test(the_estate_is_the_one_it_was_made_for),
                ledger_test(missing_folders_are_made),
                ledger_test(folders_that_cannot_be_made_are_told),
                ledger_test(a_making_that_was_cut_short_is_taken_up),
                ledger_test(loose_modes_are_refused),
                ledger_test(what_is_somebody_elses_is_refused),
                ledger_test(what_is_no_database_is_refused),
                ledger_test(another_database_is_refused),
                ledger_test(an_older_schema_is_brought_up_to_date),
                ledger_test(a_newer_schema_is_refused),
                ledger_test(damaged_rows_are_named),
                ledger_test(the_rows_themselves_refuse_unknown_words),
                ledger_test(damaged_pages_are_found),
                ledger_test(a_crash_before_the_commit_leaves_nothing),
                ledger_test(a_crash_after_the_commit_loses_nothing),
                ledger_test(a_failed_commit_ends_all_writing),
                ledger_test(a_row_that_is_refused_fails_the_whole_commit),
                ledger_test(readers_see_what_was_committed),
                ledger_test(a_hundred_thousand_things_come_back),
                ledger_test(old_history_is_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
