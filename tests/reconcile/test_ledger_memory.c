/* SPDX-License-Identifier: MIT */

/*
 * All that is done with a ledger, while an allocation is denied or a call of the database fails, each one in turn. It says so, what is on the
 * disk is as it was or as it should be, and done again, once nothing is in the way, it comes out whole.
 */

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/reconcile/test_ledger_fixture.h"
#include "tests/support/db_trouble.h"
#include "tests/support/files.h"
#include "tests/support/scarcity.h"

#define DUMP_MAX ((size_t)1 << 20)
#define GIB ((int64_t)1 << 30)

enum trouble {
        NO_TROUBLE,
        MEMORY,          /* one allocation */
        MEMORY_FOR_GOOD, /* and all after it */
        DATABASE,        /* one call of the database */
        UNSURE,          /* likewise, and a commit that fails has come about all the same */
        DAMAGE,          /* one text of a row */
        TROUBLES,
};

static bool is_memory(enum trouble trouble)
{
        return trouble == MEMORY || trouble == MEMORY_FOR_GOOD;
}

static void trouble_begin(enum trouble trouble, uint64_t n)
{
        static const enum db_trouble of_database[TROUBLES] = {
                [DATABASE] = DB_FAILS, [UNSURE] = DB_UNSURE, [DAMAGE] = DB_DAMAGED
        };

        db_trouble_begin(of_database[trouble], n);
        if (is_memory(trouble))
                scarcity_begin(n, trouble == MEMORY_FOR_GOOD);
}

/* Did it come to that? */
static bool trouble_end(enum trouble trouble)
{
        bool happened = db_trouble_end();

        return is_memory(trouble) ? scarcity_end() : happened;
}

/* Every row of every table, but the time of the status. */
static void dump(const char *path, struct buf *b)
{
        static const char *const tables[] = { "accounts", "calls",  "meta",      "pauses",
                                              "requests", "status", "strangers", "things" };
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = { 0 };
        int r = db_open(path, DB_READ, &db, &e);

        if (r == -ENOENT)
                return;
        assert_int_equal(r, 0);
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
                _cleanup_(db_query_free_p) struct db_query *columns = NULL, *rows = NULL;
                _cleanup_buf_ struct buf sql = BUF_INIT(DUMP_MAX), table = BUF_INIT(DUMP_MAX);

                (void)buf_addf(&table, "SELECT name FROM pragma_table_info('%s')", tables[i]);
                assert_int_equal(db_prepare(db, buf_text(&table), &columns, &e), 0);
                while (db_step(columns, &e) > 0)
                        (void)buf_addf(&sql, "%squote(%s)", sql.len ? " || ' ' || " : "SELECT ", db_text(columns, 0));
                if (!sql.len)
                        continue; /* its making was cut short */
                (void)buf_addf(&sql, " FROM %s%s ORDER BY 1", tables[i],
                               text_equal(tables[i], "meta") ? " WHERE key <> 'status at' AND key <> 'id'" : "");
                if (db_prepare(db, buf_text(&sql), &rows, &e) < 0)
                        fail_msg("%s", e.text);
                while (db_step(rows, &e) > 0)
                        (void)buf_addf(b, "%s: %s\n", tables[i], db_text(rows, 0));
        }
        assert_int_equal(b->failed, 0);
}

/* What is done: with a ledger that is open, or with the file. Less than 0: it failed. */
struct deed {
        const char *name;
        int (*with_ledger)(struct ledger *l, struct error *e);
        int (*with_file)(const struct fixture *f, struct error *e);
        bool silent;                     /* it fails without words */
        bool commits;                    /* the ledger has to be opened again after it failed */
        void (*model)(struct ledger *l); /* what comes before it, in memory */
        void (*before)(const struct fixture *f);
};

static int add_machine(struct ledger *l, struct error *e)
{
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-9", "vm-9");

        (void)e;
        return t ? 0 : -ENOMEM;
}

static int adopt_machine(struct ledger *l, struct error *e)
{
        const struct row row = { .id = "vm-8", .created = "2026-02-02", .address = "10.0.0.8" };

        (void)e;
        return ledger_adopt(l, TYPE_MACHINE, "star", "MachineSet/web", "web-8", &row, WALL) ? 0 : -ENOMEM;
}

static int add_call(struct ledger *l, struct error *e)
{
        struct values values = { 0 };
        struct values kept;
        const char *text;
        struct call *c;

        (void)e;
        values_set_number(&values, PROPERTY_MEMORY, 8 * GIB);
        values_set_text(&values, PROPERTY_TEMPLATE, "a \"template\"");
        if (ledger_set_values(l, &values, &kept, &text) < 0)
                return -ENOMEM;
        c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-9", ORDER_CREATE);
        if (!c)
                return -ENOMEM;
        c->wanted = kept;
        c->wanted_text = text;
        return 0;
}

static int pause_set(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_set_paused(l, "MachineSet/db", "moving");
}

static int resume_set(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_set_paused(l, "MachineSet/web", NULL);
}

static int record_account(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_record_account(l, "fin", "finovy", "https://fin", WALL);
}

static int change_account(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_record_account(l, "star", "starvcenter", "https://elsewhere", WALL);
}

static int note_stranger(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_note_stranger(l, "star", TYPE_MACHINE, "vm-foreign");
}

static int rename_strangers(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_rename_strangers(l, "star", "moon");
}

static int hold_id(struct ledger *l, struct error *e)
{
        (void)e;
        return ledger_hold_id(l, "star", TYPE_DISK, "disk-9");
}

static int tell(struct ledger *l, struct error *e)
{
        const struct ledger_hour hour = { .creates = 1, .deletes = 2, .most_owned = 3 };
        int r = ledger_tell_hour(l, "star", &hour);

        (void)e;
        return r < 0 ? r : ledger_tell_replacements(l, "star", "web-0", 2);
}

/* Something of every sort that a commit writes. */
static void change_all(struct ledger *l)
{
        struct error e;
        struct call *c = l->n_calls ? l->calls[0] : NULL;

        assert_non_null(c);
        assert_int_equal(add_machine(l, &e) + add_call(l, &e) + pause_set(l, &e) + resume_set(l, &e), 0);
        assert_int_equal(record_account(l, &e) + change_account(l, &e) + note_stranger(l, &e), 0);
        c->state = CALL_RESOLVED;
        c->outcome = ledger_string(l, "done");
        assert_int_equal(ledger_touch_call(l, c), 0);
        l->things[0]->state = THING_GONE;
        l->things[0]->gone_at = WALL;
        assert_int_equal(ledger_touch_thing(l, l->things[0]), 0);
}

static int set_status(struct ledger *l, struct error *e)
{
        const struct status_row rows[] = {
                { "MachineSet/web", "star", "progressing", "", 3, 1, "1 of 3 ready", WALL, 0 },
                { "MachineSet/db", "star", "blocked", "limit", 1, 1, "too many", WALL, WALL + 5 },
        };

        return ledger_set_status(l, rows, ARRAY_SIZE(rows), e);
}

static int get_status(struct ledger *l, struct error *e)
{
        _cleanup_free_ struct status_row *rows = NULL;
        int64_t at;
        size_t n;
        int r = ledger_get_status(l, &rows, &n, &at, e);

        if (r == 0)
                assert_int_equal(n, 1);
        return r;
}

static int take_request(struct ledger *l, struct error *e)
{
        struct ledger_request request;
        int r = ledger_next_request(l, &request, e);

        if (r >= 0) {
                assert_int_equal(r, 1);
                assert_string_equal(request.reason, "repairs");
        }
        return r;
}

static int answer(struct ledger *l, struct error *e)
{
        return ledger_answer(l, 1, true, "it is paused", e);
}

static int count_hour(struct ledger *l, struct error *e)
{
        struct ledger_hour hour = { 0 };
        int64_t n = 0;
        int r = ledger_hour(l, "star", NOW, WALL, &hour, e);

        if (r >= 0)
                r = ledger_replacements(l, "star", "web-0", NOW, WALL, &n, e);
        if (r >= 0)
                assert_int_equal(hour.creates, 1);
        return r;
}

static int count_row(void *userdata, _unused_ const struct history_row *row)
{
        ++*(int *)userdata;
        return 0;
}

static int read_history(struct ledger *l, struct error *e)
{
        int n = 0, r = ledger_history(l, "MachineSet/web", NULL, 10, count_row, &n, e);

        if (r >= 0)
                assert_int_equal(n, 2);
        return r;
}

static int open_as(const struct fixture *f, enum ledger_mode mode, struct error *e)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        int r = ledger_open(f->path, mode, "prod", &l, e);

        if (r < 0) {
                assert_null(l);
                return r;
        }
        if (mode != LEDGER_CREATE) {
                assert_int_equal(l->n_things, 2);
                assert_int_equal(l->n_calls, 1);
                assert_string_equal(ledger_paused(l, "MachineSet/web"), "repairs");
                assert_true(ledger_is_stranger(l, "star", TYPE_MACHINE, "vm-77"));
                assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-gone"));
        }
        return mode == LEDGER_WRITE ? ledger_commit(l, e) : 0;
}

static int open_read(const struct fixture *f, struct error *e)
{
        return open_as(f, LEDGER_READ, e);
}

static int open_write(const struct fixture *f, struct error *e)
{
        return open_as(f, LEDGER_WRITE, e);
}

static int make(const struct fixture *f, struct error *e)
{
        return open_as(f, LEDGER_CREATE, e);
}

static void remove_file(const struct fixture *f)
{
        assert_int_equal(unlink(f->path), 0);
}

static int ask(const struct fixture *f, struct error *e)
{
        const struct ledger_request request = { .verb = REQUEST_RETRY,
                                                .account = "",
                                                .resource = "MachineSet/web",
                                                .slot = "web-2",
                                                .id = "",
                                                .reason = "" };
        int64_t seq;

        return ledger_ask(f->path, &request, &seq, e);
}

static int read_answer(const struct fixture *f, struct error *e)
{
        _cleanup_buf_ struct buf text = BUF_INIT(1024);
        bool ok = false;
        int r = ledger_answer_of(f->path, 2, &ok, &text, e);

        if (r > 0)
                assert_string_equal(buf_text(&text), "it is tried again");
        return r;
}

static int take_lock(const struct fixture *f, struct error *e)
{
        _cleanup_(ledger_unlock_p) struct ledger_lock *lock = NULL;

        return ledger_lock(f->path, "apply", &lock, e);
}

/* A ledger of an older muster, which becomes one of today's. */
static void make_old(const struct fixture *f)
{
        _cleanup_free_ char *sql = test_file_read("reconcile/schema-1.sql");
        _cleanup_(db_free_p) struct db *db = NULL;
        struct error e = { 0 };

        remove_file(f);
        assert_int_equal(db_open(f->path, DB_CREATE, &db, &e), 0);
        if (db_exec(db, sql, &e) < 0)
                fail_msg("%s", e.text);
}

static int upgrade(const struct fixture *f, struct error *e)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;

        return ledger_open(f->path, LEDGER_WRITE, "prod", &l, e);
}

static const struct deed deeds[] = {
        { "add a machine", .with_ledger = add_machine, .silent = true },
        { "adopt a machine", .with_ledger = adopt_machine, .silent = true },
        { "add a call", .with_ledger = add_call, .silent = true },
        { "pause", .with_ledger = pause_set, .silent = true },
        { "resume", .with_ledger = resume_set, .silent = true },
        { "record an account", .with_ledger = record_account, .silent = true },
        { "change an account", .with_ledger = change_account, .silent = true },
        { "note a stranger", .with_ledger = note_stranger, .silent = true },
        { "rename strangers", .with_ledger = rename_strangers, .silent = true },
        { "hold an id", .with_ledger = hold_id, .silent = true },
        { "tell an hour", .with_ledger = tell, .silent = true },
        { "commit", .with_ledger = ledger_commit, .commits = true, .model = change_all },
        { "set the status", .with_ledger = set_status, .commits = true },
        { "get the status", .with_ledger = get_status },
        { "take a request", .with_ledger = take_request },
        { "answer a request", .with_ledger = answer, .commits = true, .model = change_all },
        { "count the hour", .with_ledger = count_hour },
        { "read the history", .with_ledger = read_history },
        { "open to read", .with_file = open_read },
        { "open to write", .with_file = open_write },
        { "make a ledger", .with_file = make, .before = remove_file },
        { "ask", .with_file = ask },
        { "read an answer", .with_file = read_answer },
        { "lock", .with_file = take_lock },
        { "bring an old one up to date", .with_file = upgrade, .before = make_old },
};

/* A ledger with a row of every sort. */
static void prepare(const struct fixture *f, const struct deed *deed)
{
        const struct ledger_request requests[] = {
                { .verb = REQUEST_PAUSE,
                  .account = "",
                  .resource = "MachineSet/db",
                  .slot = "",
                  .id = "",
                  .reason = "repairs" },
                { .verb = REQUEST_RETRY,
                  .account = "",
                  .resource = "MachineSet/db",
                  .slot = "",
                  .id = "",
                  .reason = "" },
        };
        const struct status_row row = { "MachineSet/web", "star", "converged", "", 2, 2, "", WALL, 0 };
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        struct error e = { 0 };
        struct thing *t;
        struct call *c;
        int64_t seq;

        (void)unlink(f->path);
        l = must_open(f, LEDGER_CREATE);
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://star", WALL), 0);
        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-0"));
        assert_non_null(ledger_add_thing(l, TYPE_DISK, "star", "MachineSet/web", "web-0/data", "disk-0"));
        t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-gone");
        assert_non_null(t);
        t->state = THING_GONE;
        t->gone_at = WALL - 10;
        for (int i = 0; i < 2; i++) {
                c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_CREATE);
                assert_non_null(c);
                c->state = i ? CALL_SENDING : CALL_RESOLVED;
                c->outcome = i ? "" : "refused";
                c->marker = "web-2";
                c->counts = COUNTS_CREATE;
                c->made_at = WALL - 20;
        }
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", "repairs"), 0);
        assert_int_equal(ledger_note_stranger(l, "star", TYPE_MACHINE, "vm-77"), 0);
        must_commit(l);
        assert_int_equal(ledger_set_status(l, &row, 1, &e), 0);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                assert_int_equal(ledger_ask(f->path, &requests[i], &seq, &e), 0);
        assert_int_equal(ledger_answer(l, 2, true, "it is tried again", &e), 0);
        l = ledger_free(l);
        if (deed->before)
                deed->before(f);
}

/* The ledger's file before the deed, so that each begins with the same one. Empty: there is none. */
struct start {
        struct buf rows, file;
};

static void start_done(struct start *start)
{
        buf_done(&start->rows);
        buf_done(&start->file);
}

static void read_file(const char *path, struct buf *b)
{
        FILE *file = fopen(path, "re");
        char bytes[4096];
        size_t n;

        while (file && (n = fread(bytes, 1, sizeof(bytes), file)) > 0)
                assert_int_equal(buf_add(b, bytes, n), 0);
        if (file)
                (void)fclose(file);
}

static void restore(const struct fixture *f, const struct start *start)
{
        static const char *const beside[] = { "", "-wal", "-shm", ".lock" };
        char path[128];
        int fd;

        for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
                (void)snprintf(path, sizeof(path), "%s%s", f->path, beside[i]);
                (void)unlink(path);
        }
        if (!start->file.len)
                return;
        fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, buf_text(&start->file), start->file.len), start->file.len);
        assert_int_equal(close(fd), 0);
}

static struct ledger *open_for(const struct fixture *f, const struct deed *deed)
{
        struct ledger *l = deed->with_ledger ? must_open(f, LEDGER_WRITE) : NULL;

        if (l) {
                must_commit(l); /* what the holder before left behind */
                ledger_sweep(l);
                if (deed->model)
                        deed->model(l);
        }
        return l;
}

static int carry_out(const struct fixture *f, struct ledger *l, const struct deed *deed, struct error *e)
{
        return deed->with_ledger ? deed->with_ledger(l, e) : deed->with_file(f, e);
}

static void check_failure(const struct deed *deed, enum trouble trouble, uint64_t n, int r, const struct error *e)
{
        bool as_it_is = is_memory(trouble) ? r == -ENOMEM : trouble == DAMAGE ? r == -EBADMSG : r == -EIO;

        if (!as_it_is)
                fail_msg("%s, with trouble %d at %llu: %s (%s)", deed->name, trouble, (unsigned long long)n,
                         strerror(-r), e->text);
        if (!deed->silent && !e->text[0])
                fail_msg("%s, with trouble %d at %llu: it failed without a word", deed->name, trouble,
                         (unsigned long long)n);
}

/* Carries it out, with the trouble if there is to be any, and then again if it failed. False: it never came to that trouble. */
static bool carry_out_in(const struct fixture *f, const struct deed *deed, const struct start *start,
                         enum trouble trouble, uint64_t n, struct buf *after)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_buf_ struct buf between = BUF_INIT(DUMP_MAX);
        struct error e = { 0 };
        bool happened, wrote;
        int r;

        restore(f, start);
        l = open_for(f, deed);
        trouble_begin(trouble, n);
        r = carry_out(f, l, deed, &e);
        happened = trouble_end(trouble);
        if (r < 0) {
                assert_true(happened);
                check_failure(deed, trouble, n, r, &e);
                dump(f->path, &between);
                wrote = !text_equal(buf_text(&between), buf_text(&start->rows));
                if (l && (wrote || deed->commits || !is_memory(trouble)))
                        l = ledger_free(l);
                if (!wrote && !l)
                        l = open_for(f, deed);
                if (!wrote && carry_out(f, l, deed, &e) < 0)
                        fail_msg("%s again, after trouble %d at %llu: %s", deed->name, trouble, (unsigned long long)n,
                                 e.text);
        }
        if (l)
                must_commit(l);
        dump(f->path, after);
        return happened;
}

static void test_each_in_turn(void **state)
{
        const struct fixture *f = *state;

        for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
                _cleanup_(start_done) struct start start = { BUF_INIT(DUMP_MAX), BUF_INIT(DUMP_MAX) };
                _cleanup_buf_ struct buf whole = BUF_INIT(DUMP_MAX);

                prepare(f, &deeds[i]);
                ledger_free(open_for(f, &deeds[i]));
                dump(f->path, &start.rows);
                read_file(f->path, &start.file);
                (void)carry_out_in(f, &deeds[i], &start, NO_TROUBLE, 0, &whole);
                for (enum trouble t = MEMORY; t < TROUBLES; t++) {
                        bool more = true;

                        for (uint64_t n = 0; more; n++) {
                                _cleanup_buf_ struct buf after = BUF_INIT(DUMP_MAX);

                                more = carry_out_in(f, &deeds[i], &start, t, n, &after);
                                if (!text_equal(buf_text(&after), buf_text(&whole)))
                                        fail_msg("%s, with trouble %d at %llu: it is\n%sand not\n%s", deeds[i].name, t,
                                                 (unsigned long long)n, buf_text(&after), buf_text(&whole));
                        }
                }
        }
}

/* What is made durable some thousand times needs no disk, where there is room in memory. */
static int setup(void **state)
{
        struct fixture *f;
        int r = fixture_setup(state);

        if (r < 0 || access("/dev/shm", W_OK) < 0)
                return r;
        f = *state;
        (void)rmdir(f->folder);
        strcpy(f->folder, "/dev/shm/test-ledger-XXXXXX");
        if (!mkdtemp(f->folder))
                return -1;
        (void)snprintf(f->path, sizeof(f->path), "%s/muster.db", f->folder);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_each_in_turn, setup, fixture_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
