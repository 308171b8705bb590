/* SPDX-License-Identifier: MIT */
#include "cmd/plan_rows.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/expand.h"

/* Fewer are easier to read one by one. */
#define RUN_LEAST 3
#define PIECE_CHARS_MAX 500
#define KEY_MAX ((size_t)1 << 16)
#define SLOT_TEXT_MAX 64 /* a machine's longest name, with room to spare */

int plan_escape(struct buf *b, const char *s)
{
        return text_escape(b, s, PIECE_CHARS_MAX);
}

/* Folding. */

/* Actions that look alike, and where the run of the last of them stands. */
struct folding {
        const struct plan *plan;
        struct plan_row *runs;
        size_t n_runs, allocated_runs;
        size_t *run_of; /* of each action, counted from the first */
        struct strmap open;
        struct strpool *keys;
};

static void folding_done(struct folding *f)
{
        free(f->runs);
        free(f->run_of);
        strmap_done(&f->open);
        strpool_free(f->keys);
}

/* A name with a number to fold by: "web-3", "web-3/data" of a disk, or "web-3:8080" of a back end. */
struct numbered {
        int64_t ordinal; /* -1: it has none */
        size_t stem;     /* length of "web" */
        const char *end; /* "/data", ":8080", or "" */
};

static struct numbered split_name(const char *name)
{
        size_t n = strcspn(name, "/:");
        struct numbered parts = { .ordinal = -1, .end = name + n };
        char machine[SLOT_TEXT_MAX];

        if (n >= sizeof(machine))
                return parts;
        (void)snprintf(machine, sizeof(machine), "%.*s", (int)n, name);
        parts.ordinal = slot_number(machine);
        parts.stem = parts.ordinal < 0 ? 0 : (size_t)(strrchr(machine, '-') - machine);
        return parts;
}

/* Are they about the same machine, the one or the other about a disk of it? */
static bool is_same_machine(const char *a, const char *b)
{
        size_t n = strcspn(a, "/");

        return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* What goes first, when that is about a thing of another resource, or another machine: the order within one machine, or one group, goes
 * without saying. */
static const struct action *goes_first(const struct plan *p, const struct action *a)
{
        for (size_t i = 0; i < a->depends_on.n; i++) {
                const struct action *before = &p->actions[a->depends_on.of[i]];

                if (before->section != a->section ||
                    (plan_action_name(p, a) == a->name && !is_same_machine(before->name, a->name)))
                        return before;
        }

        return NULL;
}

/* Are they about the same machine of a set, "web-3:8080" and "web-3"? Then they fold side by side. */
static bool runs_along(const char *name, const char *before)
{
        const struct numbered a = split_name(name), b = split_name(before);

        return a.ordinal >= 0 && a.ordinal == b.ordinal && a.stem == b.stem && strncmp(name, before, a.stem) == 0;
}

static void add_part(struct buf *key, const char *s)
{
        (void)buf_addf(key, " %zu %s", s ? strlen(s) : SIZE_MAX, s ? s : "");
}

/* All of what is shown of an action, but for the ordinal; the pool's. NULL: out of memory. */
static const char *key_of(struct folding *f, const struct action *a, const struct numbered *name)
{
        const struct action *before = goes_first(f->plan, a);
        const char *own = plan_action_name(f->plan, a), *first = before ? plan_action_name(f->plan, before) : NULL;
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);

        (void)buf_addf(&key, "%d %.*s", (int)a->verb, (int)name->stem, own);
        add_part(&key, name->end);
        add_part(&key, a->kind);
        add_part(&key, first && runs_along(own, first) ? split_name(first).end : first);
        add_part(&key, a->summary);
        add_part(&key, a->reason);
        add_part(&key, a->blocked);
        add_part(&key, a->waits);
        for (size_t i = 0; i < a->n_changes; i++) {
                add_part(&key, a->changes[i].field);
                add_part(&key, a->changes[i].from);
                add_part(&key, a->changes[i].to);
        }

        return key.failed < 0 ? NULL : strpool_addn(f->keys, buf_text(&key), key.len);
}

static int begin_run(struct folding *f, const struct action *a, int64_t ordinal, size_t *ret)
{
        struct plan_row *run = ARRAY_ADD(f->runs, f->n_runs, f->allocated_runs);

        if (!run)
                return -ENOMEM;

        *run = (struct plan_row){
                .action = a, .name = plan_action_name(f->plan, a), .n = 1, .from = ordinal, .to = ordinal
        };
        *ret = f->n_runs - 1;
        return 0;
}

/* Puts an action at the begin or the end of the run of its like, or begins another. */
static int fold(struct folding *f, const struct action *a, size_t *ret)
{
        const struct numbered name = split_name(plan_action_name(f->plan, a));
        const char *key = name.ordinal < 0 ? NULL : key_of(f, a, &name);
        int64_t ordinal = name.ordinal;
        uintptr_t number;
        int r;

        if (ordinal < 0)
                return begin_run(f, a, ordinal, ret);
        if (!key)
                return -ENOMEM;

        number = (uintptr_t)strmap_get(&f->open, key);
        if (number > 0) {
                struct plan_row *run = &f->runs[number - 1];

                *ret = number - 1;
                if (ordinal == run->from - 1 || ordinal == run->to + 1) {
                        run->from = ordinal < run->from ? ordinal : run->from;
                        run->to = ordinal > run->to ? ordinal : run->to;
                        run->n++;
                        return 0;
                }
        }

        r = begin_run(f, a, ordinal, ret);
        return r < 0 ? r : strmap_set(&f->open, key, (void *)(uintptr_t)(*ret + 1));
}

static int add_row(struct plan_rows *rows, const struct plan_row *row)
{
        struct plan_row *place = ARRAY_ADD(rows->items, rows->n, rows->allocated);

        if (!place)
                return -ENOMEM;

        *place = *row;
        return 0;
}

/* A run stands where its first action does; a short one is taken apart again. */
static int add_rows(struct plan_rows *rows, const struct folding *f, size_t first, size_t end)
{
        int r = 0;

        for (size_t i = first; r >= 0 && i < end; i++) {
                const struct action *a = &f->plan->actions[i];
                const struct plan_row *run = &f->runs[f->run_of[i - first]];

                /* Each action was folded into a run. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
                if (run->n < RUN_LEAST)
                        r = add_row(rows,
                                    &(struct plan_row){ .action = a, .name = plan_action_name(f->plan, a), .n = 1 });
                else if (run->action == a)
                        r = add_row(rows, run);
        }

        return r;
}

/* Saying a reason once. */

static const char *blocked_of(_unused_ const struct plan *p, const struct action *a)
{
        return a->blocked;
}

/* Does it wait for nothing but what it is said to come after? */
static bool says_the_order(const char *waits)
{
        static const char end[] = " goes first";
        size_t n = strlen(waits);

        return n >= strlen(end) && text_equal(waits + n - strlen(end), end);
}

static const char *waits_of(const struct plan *p, const struct action *a)
{
        return a->blocked || !a->waits || (goes_first(p, a) && says_the_order(a->waits)) ? NULL : a->waits;
}

/* The reason that most rows give, when more than one gives it. */
static int find_shared(const struct plan_rows *rows,
                       const char *(*reason_of)(const struct plan *p, const struct action *a), const char **ret)
{
        _cleanup_strmap_ struct strmap counts = { 0 };
        uintptr_t most = 1;

        for (size_t i = 0; i < rows->n; i++) {
                const char *reason = reason_of(rows->plan, rows->items[i].action);
                uintptr_t count;

                if (!reason)
                        continue;
                count = (uintptr_t)strmap_get(&counts, reason) + 1;
                if (strmap_set(&counts, reason, (void *)count) < 0)
                        return -ENOMEM;
                if (count <= most)
                        continue;
                most = count;
                *ret = reason;
        }

        return 0;
}

int plan_rows_make(const struct plan *p, size_t section, size_t first, size_t end, struct plan_rows *ret)
{
        _cleanup_plan_rows_ struct plan_rows rows = { .plan = p, .section = &p->sections[section] };
        _cleanup_(folding_done) struct folding f = {
                .plan = p,
                .run_of = calloc(end - first + 1, sizeof(*f.run_of)),
                .keys = strpool_new(),
        };
        int r = f.run_of && f.keys ? 0 : -ENOMEM;

        for (size_t i = first; r >= 0 && i < end; i++)
                r = fold(&f, &p->actions[i], &f.run_of[i - first]);
        if (r >= 0)
                r = add_rows(&rows, &f, first, end);
        if (r >= 0)
                r = find_shared(&rows, blocked_of, &rows.blocked);
        if (r >= 0)
                r = find_shared(&rows, waits_of, &rows.waits);
        if (r < 0)
                return r;

        *ret = rows;
        rows = (struct plan_rows){ 0 };
        return 0;
}

void plan_rows_done(struct plan_rows *rows)
{
        free(rows->items);
        *rows = (struct plan_rows){ 0 };
}

/* Writing. */

const char *plan_row_mark(const struct plan_row *row)
{
        if (row->action->blocked)
                return "!";

        switch (row->action->verb) {
        case ACTION_CREATE:
                return "+";
        case ACTION_DELETE:
                return "-";
        case ACTION_REPLACE:
                return "±";
        case ACTION_UPDATE:
        case ACTION_START:
        case ACTION_STOP:
        case ACTION_ATTACH:
        case ACTION_DETACH:
        case ACTION_ADOPT:
                break;
        }

        return "~";
}

/* "web-3..web-7" where the name is that of one of them. */
static int add_range(const struct plan_row *row, const char *of, struct buf *b)
{
        const struct numbered parts = split_name(of);
        _cleanup_buf_ struct buf name = BUF_INIT(KEY_MAX);

        for (int last = 0; last <= 1; last++)
                (void)buf_addf(&name, "%s%.*s-%" PRId64 "%s", last ? ".." : "", (int)parts.stem, of,
                               last ? row->to : row->from, parts.end);
        buf_inherit(b, &name);
        return plan_escape(b, buf_text(&name));
}

int plan_row_name(const struct plan_row *row, struct buf *b)
{
        return row->n == 1 ? plan_escape(b, row->name) : add_range(row, row->name, b);
}

int plan_row_kind(const struct plan_row *row, struct buf *b)
{
        const char *kind = text_equal(row->action->kind, "LoadBalancer")  ? "Balancer"
                           : text_equal(row->action->kind, "TenantQuota") ? "Quota"
                                                                          : row->action->kind;

        for (const char *c = kind; *c; c++) {
                if (c > kind && isupper((unsigned char)*c))
                        (void)buf_addc(b, ' ');
                (void)buf_addc(b, (char)tolower((unsigned char)*c));
        }

        return b->failed;
}

/* The marks + - and ± say which verb it is, and changes speak for an update. */
static bool needs_verb(const struct action *a)
{
        return a->blocked || (a->verb != ACTION_CREATE && a->verb != ACTION_UPDATE && a->verb != ACTION_DELETE &&
                              a->verb != ACTION_REPLACE);
}

/* What goes, or comes to us, is named as the vendor names it. */
static bool names_machine(const struct action *a)
{
        return a->verb == ACTION_DELETE || a->verb == ACTION_REPLACE || a->verb == ACTION_ADOPT;
}

/* Adds a piece of a list; `*n` counts them. */
static void add_piece(struct buf *b, size_t *n, const char *s)
{
        if (!s)
                return;
        (void)buf_adds(b, (*n)++ > 0 ? ", " : "");
        (void)plan_escape(b, s);
}

static void add_changes(struct buf *b, size_t *n, const struct action *a)
{
        for (size_t i = 0; i < a->n_changes; i++) {
                add_piece(b, n, a->changes[i].field);
                (void)buf_addc(b, ' ');
                (void)plan_escape(b, a->changes[i].from);
                (void)buf_adds(b, " -> ");
                (void)plan_escape(b, a->changes[i].to);
        }
}

/* What it is about: of several machines what they have in common. */
static void add_subject(struct buf *b, const struct plan_row *row)
{
        const struct action *a = row->action;
        size_t n = 0;

        if (names_machine(a) && row->n == 1)
                add_piece(b, &n, a->vendor_id);
        if (names_machine(a) && row->n > 1) {
                (void)buf_addf(b, "%zu ", row->n);
                (void)plan_row_kind(row, b);
                (void)buf_addc(b, 's');
                n++;
        }
        add_piece(b, &n, a->summary);
        add_changes(b, &n, a);
        if (row->n == 1)
                add_piece(b, &n, a->address);
}

/* Is the reason nothing but the changes in other words? */
static bool says_the_change(const struct action *a, struct buf *b)
{
        _cleanup_buf_ struct buf words = BUF_INIT(KEY_MAX);

        for (size_t i = 0; i < a->n_changes; i++)
                (void)buf_addf(&words, "%s%s is %s, spec says %s", i > 0 ? "; " : "", a->changes[i].field,
                               a->changes[i].from, a->changes[i].to);
        buf_inherit(b, &words);
        return a->n_changes > 0 && text_equal(buf_text(&words), a->reason);
}

/* What the headline or the change has said already is not said again. */
static const char *reason_to_add(const struct plan_rows *rows, const struct action *a, struct buf *b)
{
        return text_equal(a->reason, rows->section->headline) || says_the_change(a, b) ? NULL : a->reason;
}

static void add_obstacle(struct buf *b, const struct plan_rows *rows, const struct action *a)
{
        const char *why = a->blocked ? a->blocked : waits_of(rows->plan, a);
        const char *shared = a->blocked ? rows->blocked : rows->waits;

        if (!why || (a->blocked && text_equal(why, shared)))
                return;
        (void)buf_adds(b, a->blocked ? "  blocked" : "  waits");
        if (text_equal(why, shared))
                return;
        (void)buf_adds(b, ": ");
        (void)plan_escape(b, why);
}

int plan_row_details(const struct plan_rows *rows, const struct plan_row *row, struct buf *b)
{
        const struct action *a = row->action, *before = goes_first(rows->plan, a);
        const char *reason = reason_to_add(rows, a, b);
        _cleanup_buf_ struct buf subject = BUF_INIT(KEY_MAX);
        size_t start = b->len;

        if (needs_verb(a))
                (void)buf_adds(b, action_verb_text(a->verb));
        add_subject(&subject, row);
        buf_inherit(b, &subject);
        if (subject.len > 0)
                (void)buf_addf(b, "%s%s", b->len > start ? " " : "", buf_text(&subject));
        if (reason) {
                (void)buf_adds(b, b->len > start ? ": " : "");
                (void)plan_escape(b, reason);
        }
        if (before) {
                const char *first = plan_action_name(rows->plan, before);

                (void)buf_adds(b, b->len > start ? ", after " : "after ");
                (void)(row->n > 1 && runs_along(row->name, first) ? add_range(row, first, b) : plan_escape(b, first));
        }
        add_obstacle(b, rows, a);

        return b->failed;
}
