/* SPDX-License-Identifier: MIT */
#include "cmd/plan_text.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/plan_rows.h"
#include "reconcile/base/text.h"

#define POSITION_COLUMN 78
#define NAME_COLUMN 4
#define NAME_WIDTH_LEAST 15
#define NAME_WIDTH_MOST 48
#define KIND_WIDTH_LEAST 8
#define GAP 2
#define LINE_MAX_BYTES ((size_t)1 << 16)

/* Text is broken into lines only where so many characters of it fit on each. */
#define BREAK_LEAST 24

/* What is being written, and for whom. */
struct page {
        struct buf *b;
        const struct palette *colors;
        size_t columns; /* 0: lines may be of any length */
};

static void add(struct page *page, const char *s)
{
        (void)buf_adds(page->b, s);
}

static void add_escaped(struct page *page, const char *s)
{
        (void)plan_escape(page->b, s);
}

/* Colour codes take no room on the screen, so widths are counted before they are added. */
static void add_colored(struct page *page, const char *color, const char *s)
{
        (void)buf_addf(page->b, "%s%s%s", color, s, *color ? page->colors->end : "");
}

/* At least two blanks, so that a long cell does not run into the next. */
static void pad(struct page *page, size_t width, size_t column)
{
        size_t blanks = column > width + GAP ? column - width : GAP;

        while (blanks-- > 0)
                (void)buf_addc(page->b, ' ');
}

static size_t since(const struct page *page, size_t start)
{
        return text_width(buf_text(page->b) + (start < page->b->len ? start : page->b->len));
}

/* Adds a text that begins at `column`, broken between words where the terminal ends; each further line begins there, too. */
static void add_broken(struct page *page, const char *s, size_t column)
{
        size_t at = column;

        while (*s) {
                _cleanup_buf_ struct buf word = BUF_INIT(LINE_MAX_BYTES);
                size_t blanks = strspn(s, " "), length = strcspn(s + blanks, " "), width;

                (void)buf_add(&word, s + blanks, length);
                buf_inherit(page->b, &word);
                width = text_width(buf_text(&word));
                if (at > column && at + blanks + width > page->columns) {
                        (void)buf_addc(page->b, '\n');
                        (void)buf_pad(page->b, column, page->b->len);
                        at = column;
                } else {
                        (void)buf_add(page->b, s, blanks);
                        at += blanks;
                }
                (void)buf_add(page->b, buf_text(&word), word.len);
                at += width;
                s += blanks + length;
        }
}

/* Adds a text that begins at `column`, and ends the line. */
static void add_last(struct page *page, const char *s, size_t column)
{
        if (page->columns >= column + BREAK_LEAST)
                add_broken(page, s, column);
        else
                add(page, s);
        add(page, "\n");
}

/* Of the columns of one section, without the blanks behind them. */
struct widths {
        size_t name, kind;
};

static const char *color_of(const struct plan_row *row, const struct palette *colors)
{
        if (row->action->blocked)
                return colors->blocked;

        switch (row->action->verb) {
        case ACTION_CREATE:
                return colors->create;
        case ACTION_DELETE:
                return colors->delete;
        case ACTION_REPLACE:
                return colors->replace;
        case ACTION_UPDATE:
        case ACTION_START:
        case ACTION_STOP:
        case ACTION_ATTACH:
        case ACTION_DETACH:
        case ACTION_ADOPT:
                break;
        }

        return colors->update;
}

static void add_row(struct page *page, const struct plan_rows *rows, const struct plan_row *row,
                    const struct widths *widths)
{
        _cleanup_buf_ struct buf details = BUF_INIT(LINE_MAX_BYTES);
        size_t column = NAME_COLUMN + widths->name + GAP, start, width;

        add(page, "  ");
        add_colored(page, color_of(row, page->colors), plan_row_mark(row));
        add(page, " ");
        start = page->b->len;
        (void)plan_row_name(row, page->b);
        width = NAME_COLUMN + since(page, start);
        pad(page, width, column);
        column = column > width + GAP ? column : width + GAP;
        start = page->b->len;
        (void)plan_row_kind(row, page->b);
        width = since(page, start);
        pad(page, width, widths->kind + GAP);
        column += widths->kind + GAP;

        (void)plan_row_details(rows, row, &details);
        buf_inherit(page->b, &details);
        add_last(page, buf_text(&details), column);
}

/* Where in the specs it stands is at the right: from a column on, or on a terminal at its end. */
static void add_position(struct page *page, const struct position *position, size_t width)
{
        _cleanup_buf_ struct buf text = BUF_INIT(LINE_MAX_BYTES);
        size_t column = POSITION_COLUMN, length;

        (void)plan_escape(&text, position->file);
        (void)buf_addf(&text, ":%" PRIu32, position->line);
        buf_inherit(page->b, &text);
        length = text_width(buf_text(&text));
        if (page->columns > 0)
                column = page->columns > length ? page->columns - length : 0;
        pad(page, width, column);
        add_colored(page, page->colors->faint, buf_text(&text));
}

static void add_header(struct page *page, const struct section *s)
{
        size_t start, width;

        add(page, page->colors->strong);
        start = page->b->len;
        add_escaped(page, s->resource);
        add(page, " on ");
        add_escaped(page, s->provider);
        add(page, ": ");
        add_escaped(page, s->unknown ? "unknown" : s->headline);
        width = since(page, start);
        add(page, page->colors->end);
        if (s->position.file)
                add_position(page, &s->position, width);
        add(page, "\n");
}

static size_t wider(size_t width, const struct buf *text, size_t most)
{
        size_t other = text_width(buf_text(text));

        return other > width && other <= most ? other : width;
}

static struct widths widths_of(struct page *page, const struct plan_rows *rows)
{
        struct widths widths = { .name = NAME_WIDTH_LEAST, .kind = KIND_WIDTH_LEAST };

        for (size_t i = 0; i < rows->n; i++) {
                _cleanup_buf_ struct buf name = BUF_INIT(LINE_MAX_BYTES), kind = BUF_INIT(LINE_MAX_BYTES);

                (void)plan_row_name(&rows->items[i], &name);
                (void)plan_row_kind(&rows->items[i], &kind);
                buf_inherit(page->b, &name);
                buf_inherit(page->b, &kind);
                widths.name = wider(widths.name, &name, NAME_WIDTH_MOST);
                widths.kind = wider(widths.kind, &kind, SIZE_MAX);
        }

        return widths;
}

/* A line below the rows. */
static void add_note(struct page *page, const char *before, const char *s)
{
        _cleanup_buf_ struct buf note = BUF_INIT(LINE_MAX_BYTES);

        if (!s)
                return;
        (void)buf_adds(&note, before);
        (void)plan_escape(&note, s);
        buf_inherit(page->b, &note);
        (void)buf_pad(page->b, NAME_COLUMN, page->b->len);
        add_last(page, buf_text(&note), NAME_COLUMN);
}

/* `name` is that of the part that nothing is known of; "": it is all of it. */
static void add_unknown(struct page *page, const char *name, const char *why, size_t name_width)
{
        size_t column = NAME_COLUMN + name_width + GAP, start, width;
        _cleanup_buf_ struct buf text = BUF_INIT(LINE_MAX_BYTES);

        (void)plan_escape(&text, why);
        buf_inherit(page->b, &text);
        add(page, "  ");
        add_colored(page, page->colors->unknown, "?");
        add(page, *name ? " " : "");
        start = page->b->len;
        add_escaped(page, name);
        width = (*name ? NAME_COLUMN : NAME_COLUMN - 1) + since(page, start);
        pad(page, width, column);
        add_last(page, buf_text(&text), column > width + GAP ? column : width + GAP);
}

static void add_error(struct page *page, const struct trouble *trouble)
{
        _cleanup_buf_ struct buf before = BUF_INIT(LINE_MAX_BYTES);

        (void)buf_adds(&before, "error: ");
        (void)plan_escape(&before, trouble->name);
        (void)buf_adds(&before, ": ");
        buf_inherit(page->b, &before);
        add_note(page, buf_text(&before), trouble->text);
}

static void add_troubles(struct page *page, const struct section *s, size_t name_width)
{
        for (size_t i = 0; i < s->n_troubles; i++)
                if (s->troubles[i].unknown)
                        add_unknown(page, s->troubles[i].name, s->troubles[i].text, name_width);
        for (size_t i = 0; i < s->n_troubles; i++)
                if (!s->troubles[i].unknown)
                        add_error(page, &s->troubles[i]);
}

/* One resource and its actions, `first` to before `end`; nothing for one that has nothing to say. */
static int add_section(struct page *page, const struct plan *p, size_t number, size_t first, size_t end)
{
        const struct section *s = &p->sections[number];
        _cleanup_plan_rows_ struct plan_rows rows = { 0 };
        struct widths widths;
        int r;

        if (first == end && !s->unknown && s->n_notes == 0 && s->n_troubles == 0)
                return 0;

        r = plan_rows_make(p, number, first, end, &rows);
        if (r < 0)
                return r;

        widths = widths_of(page, &rows);
        add_header(page, s);
        if (s->unknown)
                add_unknown(page, "", s->unknown, widths.name);
        for (size_t i = 0; i < rows.n; i++)
                add_row(page, &rows, &rows.items[i], &widths);
        add_troubles(page, s, widths.name);
        add_note(page, "blocked: ", rows.blocked);
        add_note(page, "waits: ", rows.waits);
        for (size_t i = 0; i < s->n_notes; i++)
                add_note(page, "", s->notes[i]);

        return 0;
}

/* " +3.30 CNY an hour on fin.": in hundredths, and finer where that says more. */
static void add_price(struct buf *b, const struct plan_provider *p)
{
        uint64_t millionths = p->price < 0 ? -(uint64_t)p->price : (uint64_t)p->price;
        unsigned places = 6;

        if (!p->currency || millionths == 0)
                return;
        (void)buf_addf(b, " %c%" PRIu64 ".", p->price < 0 ? '-' : '+', millionths / 1000000);
        millionths %= 1000000;
        for (; places > 2 && millionths % 10 == 0; places--)
                millionths /= 10;
        (void)buf_addf(b, "%0*" PRIu64 " %s an hour on ", (int)places, millionths, p->currency);
        (void)plan_escape(b, p->name);
        (void)buf_addc(b, '.');
}

int plan_text_counts(const struct plan *p, struct buf *b)
{
        struct plan_counts counts = plan_count(p);
        int64_t errors = plan_errors(p);
        uint64_t requests = 0;

        for (size_t i = 0; i < p->n_providers; i++)
                requests += p->providers[i].planned;

        (void)buf_addf(b,
                       "%" PRId64 " to create, %" PRId64 " to change, %" PRId64 " to delete, %" PRId64
                       " blocked, %" PRId64 " unknown",
                       counts.create, counts.update, counts.delete, counts.blocked, p->unknown);
        if (errors > 0)
                (void)buf_addf(b, ", %" PRId64 " error%s", errors, errors == 1 ? "" : "s");
        (void)buf_addf(b, ". About %" PRIu64 " request%s.", requests, requests == 1 ? "" : "s");
        for (size_t i = 0; i < p->n_providers; i++)
                add_price(b, &p->providers[i]);
        return b->failed;
}

int plan_text_no_changes(const struct plan *p, struct buf *b)
{
        int64_t machines = p->unchanged - p->unchanged_parts;

        if (p->unchanged == 0)
                return buf_adds(b, "there is nothing to do.");
        (void)buf_addf(b, "%" PRId64 " machine%s", machines, machines == 1 ? "" : "s");
        if (p->unchanged_parts)
                (void)buf_addf(b, " and %" PRId64 " other thing%s", p->unchanged_parts,
                               p->unchanged_parts == 1 ? "" : "s");

        return buf_adds(b, p->unchanged == 1 ? " is as the specs say." : " are as the specs say.");
}

int plan_text(const struct plan *p, const struct palette *colors, size_t columns, struct buf *b)
{
        struct page page = { .b = b, .colors = colors, .columns = columns };
        bool changes = plan_has_actions(p) || p->unknown > 0 || plan_errors(p) > 0;
        size_t start = b->len, first = 0;

        for (size_t number = 0; number < p->n_sections; number++) {
                size_t end = first;
                int r;

                while (end < p->n_actions && p->actions[end].section == number)
                        end++;
                r = add_section(&page, p, number, first, end);
                if (r < 0)
                        return r;
                first = end;
        }

        add(&page, b->len > start ? "\n" : "");
        add_colored(&page, colors->strong, changes ? "Plan:" : "No changes:");
        add(&page, " ");
        (void)(changes ? plan_text_counts(p, b) : plan_text_no_changes(p, b));
        add(&page, "\n");

        return b->failed;
}
