/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "reconcile/io/db.h"
#include "reconcile/ledger.h"
#include "tests/fuzz/fuzz.h"

/*
 * The input is rows, a line each: the table's letter, then its columns, each with a '|' in front of it. They are put into
 * a ledger that is opened then, for reading and for writing: its rows make a model that holds together, or are damaged.
 */

#define SQL_MAX ((size_t)1 << 20)
#define NOW ((usec_t)100 * USEC_PER_HOUR)
#define WALL INT64_C(1800000000)

/* n a number, t a text; in capitals: null where nothing is written. */
static const struct table {
        char letter;
        const char *name, *columns;
} tables[] = {
        { 'm', "meta", "tt" },
        { 'a', "accounts", "tttn" },
        { 't', "things", "nttttttnnnnntttnnt" },
        { 'c', "calls", "ntttttttttntntttn" },
        { 'p', "pauses", "tt" },
        { 'r', "requests", "nttttttNT" },
        { 's', "status", "nttttnntnn" },
};

struct place {
        char folder[256], path[272];
        struct db *db; /* the one who writes what no ledger writes */
};

/* Made once and used for all inputs. Whoever starts the program gives it a TMPDIR to throw away. */
static void place_open(struct place *place)
{
        const char *around = getenv("TMPDIR");
        struct ledger *l = NULL;

        (void)snprintf(place->folder, sizeof(place->folder), "%s/fuzz-ledger-XXXXXX", around ? around : "/tmp");
        must(mkdtemp(place->folder));
        (void)snprintf(place->path, sizeof(place->path), "%s/muster.db", place->folder);
        must(ledger_open(place->path, LEDGER_CREATE, "prod", &l, NULL) == 0);
        ledger_free(l);
        must(db_open(place->path, DB_WRITE, &place->db, NULL) == 0);
        must(db_exec(place->db, "PRAGMA ignore_check_constraints = ON", NULL) == 0);
}

static void add_column(struct buf *sql, char type, const char *text, size_t n)
{
        static const char hexadecimal[] = "0123456789ABCDEF";
        int64_t number = 0;

        if ((type == 'N' || type == 'T') && n == 0) {
                buf_adds(sql, "NULL");
        } else if (type == 'N' || type == 'n') {
                (void)text_to_int64(text, &number);
                buf_addf(sql, "%" PRId64, number);
        } else {
                buf_adds(sql, "CAST(x'");
                for (size_t i = 0; i < n; i++) {
                        buf_addc(sql, hexadecimal[(unsigned char)text[i] >> 4]);
                        buf_addc(sql, hexadecimal[text[i] & 15]);
                }
                buf_adds(sql, "' AS TEXT)");
        }
}

/* A row that the table itself refuses is left out. */
static void add_row(struct db *db, const struct table *table, const uint8_t *line, size_t n)
{
        _cleanup_buf_ struct buf sql = BUF_INIT(SQL_MAX);

        buf_addf(&sql, "INSERT INTO %s VALUES (", table->name);
        for (const char *type = table->columns; *type; type++) {
                size_t length;
                _cleanup_free_ char *column = fuzz_take(&line, &n, '|', &length);

                buf_adds(&sql, type == table->columns ? "" : ", ");
                add_column(&sql, *type, column, length);
        }
        buf_adds(&sql, ")");
        if (sql.failed == 0)
                (void)db_exec(db, buf_text(&sql), NULL);
}

static void add_line(struct db *db, const uint8_t *line, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(tables) && n > 0; i++)
                if (tables[i].letter == (char)line[0])
                        add_row(db, &tables[i], line + (n > 1 ? 2 : 1), n > 1 ? n - 2 : 0);
}

static void fill(struct db *db, const uint8_t *data, size_t size)
{
        must(db_begin(db, NULL) == 0);
        must(db_exec(db,
                     "DELETE FROM meta; DELETE FROM accounts; DELETE FROM things; DELETE FROM calls;"
                     "DELETE FROM pauses; DELETE FROM requests; DELETE FROM status;"
                     "INSERT INTO meta VALUES ('estate', 'prod')",
                     NULL) == 0);
        for (size_t at = 0, n; at < size; at += n + 1) {
                const uint8_t *end = memchr(data + at, '\n', size - at);

                n = end ? (size_t)(end - data) - at : size - at;
                add_line(db, data + at, n);
        }
        must(db_commit(db, NULL) == 0);
}

static void check_things(const struct ledger *l)
{
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                must(i == 0 || l->things[i - 1]->seq < t->seq);
                must(t->seq < l->next_thing && t->state != THING_GONE);
                must(t->account && t->resource && t->slot && t->created && t->made_with_text && t->address && t->note);
                must(!*t->id || ledger_held(l, t->account, TYPE_MACHINE, t->id));
                must(!t->touched);
        }
}

static void check_calls(const struct ledger *l, enum ledger_mode mode)
{
        for (size_t i = 0; i < l->n_calls; i++) {
                const struct call *c = l->calls[i];

                must(i == 0 || l->calls[i - 1]->seq < c->seq);
                must(c->seq < l->next_call);
                must(c->account && c->resource && c->slot && c->id && c->wanted_text && c->boot && c->outcome);
                must(c->note && c->request);
                must(mode == LEDGER_READ ? !c->touched && c->state != CALL_RESOLVED
                                         : c->state != CALL_INTENT && c->state != CALL_SENDING);
        }
}

static int count_row(void *userdata, const struct history_row *row)
{
        size_t *n = userdata;

        must(row->account && row->resource && row->slot && row->verb && row->field && row->id && row->state);
        must(row->outcome && row->note && row->request);
        (*n)++;
        return 0;
}

static bool is_readable(int r, const struct error *e)
{
        must(r >= 0 || (r == -EBADMSG && *e->text && fuzz_is_showable(e->text)));
        return r >= 0;
}

/* All that can be asked. */
static void ask_all(struct ledger *l)
{
        _cleanup_free_ struct status_row *rows = NULL;
        const char *account = l->n_things > 0 ? l->things[0]->account : l->n_calls > 0 ? l->calls[0]->account : "star";
        const char *slot = l->n_calls > 0 ? l->calls[0]->slot : "web-0";
        struct ledger_request request;
        struct ledger_hour hour;
        struct error e = { "" };
        int64_t at, replaced;
        size_t n = 0, n_rows;

        if (is_readable(ledger_hour(l, account, NOW, WALL, &hour, &e), &e))
                must(hour.creates >= 0 && hour.deletes >= 0 && hour.most_owned >= 0);
        if (is_readable(ledger_replacements(l, account, slot, NOW, WALL, &replaced, &e), &e))
                must(replaced >= 0);
        (void)is_readable(ledger_get_status(l, &rows, &n_rows, &at, &e), &e);
        (void)is_readable(ledger_history(l, NULL, NULL, 100, count_row, &n, &e), &e);
        (void)is_readable(ledger_next_request(l, &request, &e), &e);
}

/* 0, or what the ledger says when it is opened. */
static int open_and_check(const struct place *place, enum ledger_mode mode, struct ledger **ret)
{
        struct error e = { "" };
        int r;

        r = ledger_open(place->path, mode, "prod", ret, &e);
        if (!is_readable(r, &e))
                return r;

        must(*(*ret)->estate);
        check_things(*ret);
        check_calls(*ret, mode);
        ask_all(*ret);
        return 0;
}

/* Everything is written again. What is read after that is the same, but for the calls that are over. */
static void check_there_and_back(const struct place *place, struct ledger *l)
{
        _cleanup_(ledger_free_p) struct ledger *again = NULL;
        struct ledger_request request;
        struct error e = { "" };

        for (size_t i = 0; i < l->n_things; i++)
                must(ledger_touch_thing(l, l->things[i]) == 0);
        for (size_t i = 0; i < l->n_calls; i++)
                must(ledger_touch_call(l, l->calls[i]) == 0);
        if (ledger_commit(l, &e) < 0) {
                fprintf(stderr, "%s\n", e.text);
                abort();
        }
        ledger_sweep(l);
        if (ledger_next_request(l, &request, &e) > 0)
                must(ledger_answer(l, request.seq, true, "done", &e) == 0);

        must(open_and_check(place, LEDGER_READ, &again) == 0);
        must(again->n_things == l->n_things && again->n_calls == l->n_calls);
        for (size_t i = 0; i < l->n_things; i++) {
                must(again->things[i]->seq == l->things[i]->seq && again->things[i]->state == l->things[i]->state);
                must(text_equal(again->things[i]->id, l->things[i]->id));
        }
        for (size_t i = 0; i < l->n_calls; i++)
                must(again->calls[i]->seq == l->calls[i]->seq && again->calls[i]->state == l->calls[i]->state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct place place;
        _cleanup_(ledger_free_p) struct ledger *reader = NULL, *writer = NULL;
        int r;

        if (!place.db)
                place_open(&place);

        fill(place.db, data, size);
        r = open_and_check(&place, LEDGER_READ, &reader);
        must(r == open_and_check(&place, LEDGER_WRITE, &writer));
        reader = reader ? ledger_free(reader) : NULL;
        if (writer)
                check_there_and_back(&place, writer);
        return 0;
}
