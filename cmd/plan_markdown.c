/* SPDX-License-Identifier: MIT */
#include "cmd/plan_markdown.h"

#include <inttypes.h>

#include "cmd/plan_rows.h"
#include "cmd/plan_text.h"
#include "reconcile/base/text.h"

#define PIECE_MAX ((size_t)1 << 16)
#define TABLE_HEAD "\n| | name | kind | what |\n|---|---|---|---|\n"

/* Room kept for the last line. */
#define REST_MAX 100

/* What is being written. */
struct page {
        struct buf *b;
        size_t start;       /* of the comment in the buffer */
        struct buf pending; /* the heading of a resource of which nothing is there yet */
        bool full;
        size_t left_out; /* actions, and lines that are none */
};

/* What ends a code span or a cell is escaped like any other character that would do harm. */
static void add_code(struct buf *b, const char *escaped)
{
        if (!*escaped)
                return; /* there is no empty code span */
        (void)buf_addc(b, '`');
        for (const char *c = escaped; *c; c++)
                if (*c == '`' || *c == '|')
                        (void)buf_addf(b, "\\x%02x", (unsigned)*c);
                else
                        (void)buf_addc(b, *c);
        (void)buf_addc(b, '`');
}

static void add_raw_code(struct buf *b, const char *s)
{
        _cleanup_buf_ struct buf escaped = BUF_INIT(PIECE_MAX);

        (void)plan_escape(&escaped, s);
        buf_inherit(b, &escaped);
        add_code(b, buf_text(&escaped));
}

/* Adds what is finished as a whole, if it fits with what it needs before it. From the first on that does not, all is
 * left out: what follows is not to look as if it were next. */
static void add_whole(struct page *page, const struct buf *piece, size_t weight)
{
        size_t length = page->b->len - page->start + page->pending.len + piece->len;

        buf_inherit(page->b, &page->pending);
        buf_inherit(page->b, piece);
        page->full = page->full || length + REST_MAX > PLAN_MARKDOWN_MAX;
        if (page->full) {
                page->left_out += weight;
                return;
        }
        (void)buf_adds(page->b, buf_text(&page->pending));
        (void)buf_adds(page->b, buf_text(piece));
        buf_reset(&page->pending);
}

static void add_heading(struct buf *b, const struct section *s)
{
        _cleanup_buf_ struct buf text = BUF_INIT(PIECE_MAX);

        (void)plan_escape(&text, s->resource);
        (void)buf_adds(&text, " on ");
        (void)plan_escape(&text, s->provider);
        (void)buf_adds(b, "\n#### ");
        buf_inherit(b, &text);
        add_code(b, buf_text(&text));
        (void)buf_adds(b, "\n\n");
        add_raw_code(b, s->unknown ? "unknown" : s->headline);
        if (s->position.file) {
                (void)buf_adds(b, " at ");
                buf_reset(&text);
                (void)plan_escape(&text, s->position.file);
                (void)buf_addf(&text, ":%" PRIu32, s->position.line);
                buf_inherit(b, &text);
                add_code(b, buf_text(&text));
        }
        (void)buf_addc(b, '\n');
}

static void add_row(struct page *page, const struct plan_rows *rows, const struct plan_row *row)
{
        _cleanup_buf_ struct buf line = BUF_INIT(PIECE_MAX), name = BUF_INIT(PIECE_MAX), details = BUF_INIT(PIECE_MAX);

        (void)plan_row_name(row, &name);
        (void)plan_row_details(rows, row, &details);
        buf_inherit(&line, &name);
        buf_inherit(&line, &details);
        (void)buf_addf(&line, "| %s | ", plan_row_mark(row));
        add_code(&line, buf_text(&name));
        (void)buf_adds(&line, " | ");
        (void)plan_row_kind(row, &line);
        (void)buf_adds(&line, " | ");
        add_code(&line, buf_text(&details));
        (void)buf_adds(&line, " |\n");
        add_whole(page, &line, row->n);
}

/* Notes are a list below the table. */
static void add_note(struct page *page, const char *before, const char *s, bool *begun)
{
        _cleanup_buf_ struct buf line = BUF_INIT(PIECE_MAX);

        if (!s)
                return;
        (void)buf_addf(&line, "%s- %s", *begun ? "" : "\n", before);
        add_raw_code(&line, s);
        (void)buf_addc(&line, '\n');
        add_whole(page, &line, 1);
        *begun = true;
}

static void add_trouble(struct page *page, const struct trouble *trouble, bool *begun)
{
        _cleanup_buf_ struct buf before = BUF_INIT(PIECE_MAX);

        (void)buf_adds(&before, trouble->unknown ? "? " : "error: ");
        add_raw_code(&before, trouble->name);
        (void)buf_adds(&before, ": ");
        buf_inherit(page->b, &before);
        add_note(page, buf_text(&before), trouble->text, begun);
}

static int add_section(struct page *page, const struct plan *p, size_t number, size_t first, size_t end)
{
        const struct section *s = &p->sections[number];
        _cleanup_plan_rows_ struct plan_rows rows = { 0 };
        bool begun = false;
        int r;

        r = plan_rows_make(p, number, first, end, &rows);
        if (r < 0)
                return r;

        buf_inherit(page->b, &page->pending);
        buf_reset(&page->pending);
        add_heading(&page->pending, s);
        add_note(page, "? ", s->unknown, &begun);
        if (rows.n > 0)
                (void)buf_adds(&page->pending, TABLE_HEAD);
        for (size_t i = 0; i < rows.n; i++)
                add_row(page, &rows, &rows.items[i]);
        begun = begun && rows.n == 0;
        for (size_t i = 0; i < s->n_troubles; i++)
                add_trouble(page, &s->troubles[i], &begun);
        add_note(page, "blocked: ", rows.blocked, &begun);
        add_note(page, "waits: ", rows.waits, &begun);
        for (size_t i = 0; i < s->n_notes; i++)
                add_note(page, "", s->notes[i], &begun);

        return 0;
}

static void add_summary(struct buf *b, const struct plan *p)
{
        if (plan_has_actions(p) || p->unknown > 0 || plan_errors(p) > 0) {
                (void)buf_adds(b, "**Plan:** ");
                (void)plan_text_counts(p, b);
        } else {
                (void)buf_adds(b, "**No changes:** ");
                (void)plan_text_no_changes(p, b);
        }
        (void)buf_addc(b, '\n');
}

/* What concerns the plan as a whole comes first: it is the last to be cut. */
static void add_diagnostics(struct page *page, const struct plan *p)
{
        bool begun = false;

        for (size_t i = 0; i < p->n_diagnostics; i++) {
                const struct plan_diagnostic *d = &p->diagnostics[i];
                _cleanup_buf_ struct buf before = BUF_INIT(PIECE_MAX);

                (void)buf_adds(&before, d->severity == PLAN_ERROR ? "error: " : "warning: ");
                if (d->resource) {
                        add_raw_code(&before, d->resource);
                        (void)buf_adds(&before, ": ");
                }
                buf_inherit(page->b, &before);
                add_note(page, buf_text(&before), d->message, &begun);
        }
}

int plan_markdown(const struct plan *p, struct buf *b)
{
        struct page page = { .b = b, .start = b->len, .pending = BUF_INIT(PIECE_MAX) };
        size_t first = 0;
        int r = 0;

        add_summary(b, p);
        add_diagnostics(&page, p);
        for (size_t number = 0; r >= 0 && number < p->n_sections; number++) {
                const struct section *s = &p->sections[number];
                size_t end = first;

                while (end < p->n_actions && p->actions[end].section == number)
                        end++;
                if (first < end || s->unknown || s->n_notes > 0 || s->n_troubles > 0)
                        r = add_section(&page, p, number, first, end);
                first = end;
        }
        if (page.left_out > 0)
                (void)buf_addf(b, "\n… and %zu more: `muster plan` shows all\n", page.left_out);
        buf_inherit(b, &page.pending);
        buf_done(&page.pending);

        return r < 0 ? r : b->failed;
}
