/* SPDX-License-Identifier: MIT */
#include "cmd/plan_text.h"

#include <ctype.h>
#include <inttypes.h>

#include "reconcile/base/text.h"

#define POSITION_COLUMN 78
#define NAME_COLUMN 4
#define NAME_WIDTH_LEAST 16
#define NAME_WIDTH_MOST 48
#define KIND_WIDTH 10
#define PIECE_CHARS_MAX 500

static void add(struct buf *b, const char *s)
{
        (void)text_escape(b, s, PIECE_CHARS_MAX);
}

/* "BackEnd" -> "back end". */
static void add_kind(struct buf *b, const char *kind)
{
        for (const char *c = kind; *c; c++) {
                if (c > kind && isupper((unsigned char)*c))
                        (void)buf_addc(b, ' ');
                (void)buf_addc(b, (char)tolower((unsigned char)*c));
        }
}

/* At least two blanks, so that a long cell does not run into the next. Colour codes take no room on the screen:
 * `width` is what of the line can be seen. */
static void pad(struct buf *b, size_t width, size_t column)
{
        size_t blanks = column > width + 2 ? column - width : 2;

        while (blanks-- > 0)
                (void)buf_addc(b, ' ');
}

static size_t since(const struct buf *b, size_t start)
{
        return text_width(buf_text(b) + (start < b->len ? start : b->len));
}

struct sign {
        const char *mark, *color;
};

static struct sign sign_of(const struct action *a, const struct palette *colors)
{
        if (a->blocked)
                return (struct sign){ "!", colors->attention };

        switch (a->verb) {
        case ACTION_CREATE:
                return (struct sign){ "+", colors->create };
        case ACTION_DELETE:
                return (struct sign){ "-", colors->delete };
        case ACTION_REPLACE:
                return (struct sign){ "±", colors->delete };
        case ACTION_UPDATE:
        case ACTION_START:
        case ACTION_STOP:
        case ACTION_ATTACH:
        case ACTION_DETACH:
        case ACTION_ADOPT:
                break;
        }

        return (struct sign){ "~", colors->update };
}

/* The signs + - and ± say which verb it is, and changes speak for an update. */
static bool needs_verb(const struct action *a)
{
        return a->blocked || (a->verb != ACTION_CREATE && a->verb != ACTION_UPDATE && a->verb != ACTION_DELETE &&
                              a->verb != ACTION_REPLACE);
}

static void add_changes(struct buf *b, const struct action *a)
{
        for (size_t i = 0; i < a->n_changes; i++) {
                const struct change_line *change = &a->changes[i];

                (void)buf_adds(b, i > 0 ? ", " : "");
                add(b, change->field);
                (void)buf_addc(b, ' ');
                add(b, change->from);
                (void)buf_adds(b, " -> ");
                add(b, change->to);
        }
}

/* What the headline has said already is not said again on each line, nor what a change shows. */
static const char *reason_to_add(const struct action *a, const struct section *s)
{
        if (a->verb == ACTION_CREATE || a->n_changes > 0 || text_equal(a->reason, s->headline))
                return NULL;

        return a->reason;
}

static void add_details(struct buf *b, const struct plan *p, const struct action *a)
{
        const struct section *s = &p->sections[a->section];
        const char *reason = reason_to_add(a, s);
        size_t start = b->len;

        if (needs_verb(a))
                (void)buf_adds(b, action_verb_text(a->verb));
        if (a->summary || a->n_changes > 0)
                (void)buf_adds(b, b->len > start ? " " : "");
        if (a->summary)
                add(b, a->summary);
        else
                add_changes(b, a);
        if (reason) {
                (void)buf_adds(b, b->len > start ? ": " : "");
                add(b, reason);
        }
        if (a->depends_on > 0) {
                (void)buf_adds(b, b->len > start ? ", after " : "after ");
                add(b, p->actions[a->depends_on - 1].name);
        }
}

static void add_action(struct buf *b, const struct plan *p, const struct action *a, size_t name_width,
                       const struct palette *colors)
{
        struct sign sign = sign_of(a, colors);
        size_t column = NAME_COLUMN + name_width + 1, start;

        (void)buf_addf(b, "  %s%s%s ", sign.color, sign.mark, *sign.color ? colors->end : "");
        start = b->len;
        add(b, a->name);
        pad(b, NAME_COLUMN + since(b, start), column);
        start = b->len;
        add_kind(b, a->kind);
        pad(b, since(b, start), KIND_WIDTH);
        add_details(b, p, a);
        if (a->blocked || a->waits) {
                (void)buf_addf(b, "  %s%s: ", colors->attention, a->blocked ? "blocked" : "waits");
                add(b, a->blocked ? a->blocked : a->waits);
                (void)buf_adds(b, colors->end);
        }
        (void)buf_addc(b, '\n');
}

static void add_header(struct buf *b, const struct section *s, const struct palette *colors)
{
        size_t start;

        (void)buf_adds(b, colors->strong);
        start = b->len;
        add(b, s->resource);
        (void)buf_adds(b, " on ");
        add(b, s->provider);
        (void)buf_adds(b, ": ");
        add(b, s->unknown ? "unknown" : s->headline);
        if (s->position.file) {
                size_t width = since(b, start);

                (void)buf_adds(b, colors->end);
                pad(b, width, POSITION_COLUMN);
                (void)buf_adds(b, colors->faint);
                add(b, s->position.file);
                (void)buf_addf(b, ":%" PRIu32, s->position.line);
        }
        (void)buf_adds(b, colors->end);
        (void)buf_addc(b, '\n');
}

static size_t name_width(const struct plan *p, size_t first, size_t end)
{
        size_t most = NAME_WIDTH_LEAST;

        for (size_t i = first; i < end; i++) {
                size_t width = text_width(p->actions[i].name);

                if (width > most && width <= NAME_WIDTH_MOST)
                        most = width;
        }

        return most;
}

/* One resource and its actions, `first` to before `end`; nothing for one that has nothing to say. */
static void add_section(struct buf *b, const struct plan *p, size_t number, size_t first, size_t end,
                        const struct palette *colors)
{
        const struct section *s = &p->sections[number];
        size_t width = name_width(p, first, end);

        if (first == end && !s->unknown && s->n_notes == 0)
                return;

        add_header(b, s, colors);
        if (s->unknown) {
                (void)buf_addf(b, "  %s?%s", colors->attention, colors->end);
                pad(b, NAME_COLUMN - 1, NAME_COLUMN + width + 1);
                add(b, s->unknown);
                (void)buf_addc(b, '\n');
        }
        for (size_t i = first; i < end; i++)
                add_action(b, p, &p->actions[i], width, colors);
        for (size_t i = 0; i < s->n_notes; i++) {
                (void)buf_adds(b, "    ");
                add(b, s->notes[i]);
                (void)buf_addc(b, '\n');
        }
}

static void add_summary(struct buf *b, const struct plan *p, const struct palette *colors)
{
        struct plan_counts counts = plan_count(p);
        uint64_t requests = 0;

        for (size_t i = 0; i < p->n_providers; i++)
                requests += p->providers[i].planned;

        (void)buf_addf(b,
                       "%sPlan:%s %" PRId64 " to create, %" PRId64 " to change, %" PRId64 " to delete, %" PRId64
                       " blocked, %" PRId64 " unknown. About %" PRIu64 " request%s.\n",
                       colors->strong, colors->end, counts.create, counts.update, counts.delete, counts.blocked,
                       p->unknown, requests, requests == 1 ? "" : "s");
}

static void add_no_changes(struct buf *b, const struct plan *p, const struct palette *colors)
{
        (void)buf_addf(b, "%sNo changes:%s ", colors->strong, colors->end);
        if (p->unchanged == 0)
                (void)buf_adds(b, "there is nothing to do.\n");
        else if (p->unchanged == 1)
                (void)buf_adds(b, "1 machine is as the specs say.\n");
        else
                (void)buf_addf(b, "%" PRId64 " machines are as the specs say.\n", p->unchanged);
}

int plan_text(const struct plan *p, const struct palette *colors, struct buf *b)
{
        size_t start = b->len, first = 0;

        for (size_t number = 0; number < p->n_sections; number++) {
                size_t end = first;

                while (end < p->n_actions && p->actions[end].section == number)
                        end++;
                add_section(b, p, number, first, end, colors);
                first = end;
        }

        if (b->len > start)
                (void)buf_addc(b, '\n');
        if (plan_has_actions(p) || p->unknown > 0)
                add_summary(b, p, colors);
        else
                add_no_changes(b, p, colors);

        return b->failed;
}
