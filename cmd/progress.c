/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/terminal.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/ledger.h"

#define LINE_BYTES_MAX ((size_t)1 << 14)
#define TEXT_CHARS_MAX 1000
#define REDRAW (1 * USEC_PER_SEC)
#define REPEAT (30 * USEC_PER_SEC) /* where nothing can be drawn anew */
#define SHARE 20                   /* of the time that it may cost: one in so many */
#define COLUMNS_DEFAULT 80

#define ERASE "\r\033[K"
/* A wide character counts as one of text_escape()'s and takes two columns: what is too long is cut, never wrapped. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON "\033[?7h"

int progress_event_text(const struct engine_event *event, struct buf *b)
{
        if (!text_equal(event->name, event->account)) {
                (void)text_escape(b, event->name, TEXT_CHARS_MAX);
                (void)buf_adds(b, " on ");
        }
        (void)text_escape(b, event->account, TEXT_CHARS_MAX);
        (void)buf_adds(b, ": ");

        return text_escape(b, event->text, TEXT_CHARS_MAX);
}

enum log_level progress_event_level(const struct engine_event *event)
{
        static const enum log_level levels[] = {
                [EVENT_STARTED] = LOG_LEVEL_INFO,   [EVENT_DONE] = LOG_LEVEL_INFO,
                [EVENT_FAILED] = LOG_LEVEL_WARNING, [EVENT_UNKNOWN] = LOG_LEVEL_WARNING,
                [EVENT_NOTE] = LOG_LEVEL_WARNING,
        };

        return levels[event->type];
}

/* In one write, so that a terminal never shows half of it. */
static void write_text(const struct buf *b)
{
        if (b->failed >= 0)
                (void)fputs(buf_text(b), stderr);
}

/* What fits on the bottom line of the terminal. */
static size_t line_columns(void)
{
        size_t columns = terminal_columns(STDERR_FILENO);

        return (columns > 2 ? columns : COLUMNS_DEFAULT) - 2;
}

static int add_elapsed(const struct progress *p, struct buf *b)
{
        char length[UNITS_TEXT_MAX];

        return buf_adds(b, duration_roughly(usec_since(loop_now(p->loop), p->started), length));
}

/* "reading star and fin; 12 requests sent, 4s" */
static int describe_look(const struct progress *p, struct buf *b)
{
        uint64_t reads = engine_figures(p->engine).reads;
        bool first = true;

        for (size_t i = 0; i < engine_n_accounts(p->engine); i++) {
                struct account_view view;

                engine_account(p->engine, i, &view);
                if (view.readable || !view.provider)
                        continue;
                (void)buf_addf(b, "%s%s", first ? "reading " : ", ", view.provider->name);
                first = false;
        }
        (void)buf_addf(b, "%s%" PRIu64 " request%s sent, ", first ? "" : "; ", reads, reads == 1 ? "" : "s");

        return add_elapsed(p, b);
}

/* Calls that went out and are not seen to be done. */
static void add_calls(const struct ledger *l, struct buf *b)
{
        size_t in_flight = 0, unknown = 0;

        for (size_t i = 0; i < l->n_calls; i++) {
                enum call_state state = l->calls[i]->state;

                in_flight += state == CALL_SENDING || state == CALL_ACCEPTED;
                unknown += state == CALL_UNKNOWN;
        }

        (void)buf_addf(b, ", %zu in flight", in_flight);
        if (unknown > 0)
                (void)buf_addf(b, ", %zu of unknown outcome", unknown);
}

/* How far it is, and what the first resource that is not there yet waits for. */
static int describe_act(const struct progress *p, struct buf *b)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        const struct section *open = NULL;
        int64_t ready = 0, desired = 0;

        if (engine_plan(p->engine, &plan) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < plan->n_sections; i++) {
                const struct section *s = &plan->sections[i];

                ready += s->ready;
                desired += s->desired;
                if (!open && s->phase != PHASE_CONVERGED)
                        open = s;
        }

        (void)buf_addf(b, "%" PRId64 "/%" PRId64 " machines ready", ready, desired);
        add_calls(p->ledger, b);
        (void)buf_adds(b, ", ");
        (void)add_elapsed(p, b);

        return open ? buf_addf(b, "; %s: %s", open->resource, open->message) : b->failed;
}

static void add_bottom_line(const struct progress *p, struct buf *b)
{
        (void)buf_addf(b, WRAP_OFF "%s" WRAP_ON, buf_text(&p->written));
}

/* How far it is now: at the bottom of the terminal, or as a line of its own. */
static void show(struct progress *p)
{
        _cleanup_buf_ struct buf line = BUF_INIT(LINE_BYTES_MAX), out = BUF_INIT(LINE_BYTES_MAX);

        if ((p->ledger ? describe_act : describe_look)(p, &line) < 0)
                return;

        buf_reset(&p->written);
        if (text_escape(&p->written, buf_text(&line), p->terminal ? line_columns() : TEXT_CHARS_MAX) < 0)
                return;
        if (p->terminal) {
                (void)buf_adds(&out, ERASE);
                add_bottom_line(p, &out);
        } else {
                (void)buf_addf(&out, "  %s\n", buf_text(&p->written));
        }
        write_text(&out);
        p->drawn = p->terminal;
}

/* `cost`: what the last time took. With a very large fleet it is shown less often, so that the work is not held up. */
static int arm(struct progress *p, usec_t cost)
{
        usec_t pause = p->terminal ? REDRAW : REPEAT;

        return loop_timer_set(p->timer, usec_add(loop_now(p->loop), cost > pause / SHARE ? SHARE * cost : pause));
}

static int on_timer(void *userdata)
{
        struct progress *p = userdata;
        usec_t began = loop_now(p->loop);

        show(p);
        return arm(p, usec_since(loop_now(p->loop), began));
}

static bool can_draw(void)
{
        const char *terminal = getenv("TERM");

        return isatty(STDERR_FILENO) && terminal && !text_equal(terminal, "dumb");
}

int progress_begin(struct progress *p, struct loop *loop, struct engine *engine, const struct ledger *ledger,
                   struct error *e)
{
        int r;

        p->loop = loop;
        p->engine = engine;
        p->ledger = ledger;
        p->started = loop_now(loop);
        p->terminal = can_draw();
        p->written = BUF_INIT(LINE_BYTES_MAX);
        if (log_level() < LOG_LEVEL_INFO)
                return 0;

        r = loop_timer_new(loop, on_timer, p, &p->timer, e);
        if (r < 0)
                return r;

        r = arm(p, 0);
        return r < 0 ? error_set(e, r, "the timer of the progress: %s", strerror(-r)) : 0;
}

void progress_event(struct progress *p, const struct engine_event *event)
{
        _cleanup_buf_ struct buf out = BUF_INIT(2 * LINE_BYTES_MAX);

        if (progress_event_level(event) > log_level())
                return;

        if (p->drawn)
                (void)buf_adds(&out, ERASE);
        (void)buf_adds(&out, "  ");
        (void)progress_event_text(event, &out);
        (void)buf_addc(&out, '\n');
        if (p->drawn)
                add_bottom_line(p, &out);
        write_text(&out);
        if (p->timer && !p->terminal)
                (void)arm(p, 0); /* this line says that it goes on */
}

void progress_clear(struct progress *p)
{
        if (p->drawn)
                (void)fputs(ERASE, stderr);
        p->drawn = false;
}

void progress_done(struct progress *p)
{
        progress_clear(p);
        p->timer = loop_timer_free(p->timer);
        p->engine = NULL;
        buf_done(&p->written);
}
