/* SPDX-License-Identifier: MIT */
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/terminal.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define LINE_BYTES_MAX ((size_t)1 << 14)
#define TEXT_CHARS_MAX 1000
#define REDRAW (1 * USEC_PER_SEC)
#define COLUMNS_DEFAULT 80

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

static void erase(struct progress *p)
{
        if (p->drawn)
                (void)fputs("\r\033[K", stderr);
        p->drawn = false;
}

/* How far it is, and what the first resource that is not there yet waits for. */
static void describe(const struct progress *p, const struct plan *plan, struct buf *b)
{
        const struct section *open = NULL;
        int64_t ready = 0, desired = 0;
        char length[UNITS_TEXT_MAX];

        for (size_t i = 0; i < plan->n_sections; i++) {
                const struct section *s = &plan->sections[i];

                ready += s->ready;
                desired += s->desired;
                if (!open && s->phase != PHASE_CONVERGED)
                        open = s;
        }

        (void)buf_addf(b, "%" PRId64 "/%" PRId64 " machines ready, %" PRIu64 " requests sent, %s", ready, desired,
                       engine_figures(p->engine).acts,
                       duration_roughly(usec_since(loop_now(p->loop), p->started), length));
        if (open)
                (void)buf_addf(b, "; %s: %s", open->resource, open->message);
}

static void draw(struct progress *p)
{
        _cleanup_buf_ struct buf line = BUF_INIT(LINE_BYTES_MAX), shown = BUF_INIT(LINE_BYTES_MAX);
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        size_t columns = terminal_columns(STDERR_FILENO);

        if (!p->terminal || !p->engine || engine_plan(p->engine, &plan) < 0)
                return;

        describe(p, plan, &line);
        if (text_escape(&shown, buf_text(&line), (columns > 2 ? columns : COLUMNS_DEFAULT) - 2) < 0)
                return;
        erase(p);
        (void)fputs(buf_text(&shown), stderr);
        (void)fflush(stderr);
        p->drawn = true;
}

static int on_timer(void *userdata)
{
        struct progress *p = userdata;

        draw(p);
        return loop_timer_set(p->timer, usec_add(loop_now(p->loop), REDRAW));
}

int progress_begin(struct progress *p, struct loop *loop, struct engine *engine, struct error *e)
{
        int r;

        p->loop = loop;
        p->engine = engine;
        p->started = loop_now(loop);
        p->terminal = isatty(STDERR_FILENO);
        if (!p->terminal)
                return 0;

        r = loop_timer_new(loop, on_timer, p, &p->timer, e);
        return r < 0 ? r : loop_timer_set(p->timer, usec_add(p->started, REDRAW));
}

void progress_event(struct progress *p, const struct engine_event *event)
{
        _cleanup_buf_ struct buf line = BUF_INIT(LINE_BYTES_MAX);

        (void)buf_adds(&line, "  ");
        (void)progress_event_text(event, &line);
        (void)buf_addc(&line, '\n');
        erase(p);
        (void)fputs(buf_text(&line), stderr);
}

void progress_done(struct progress *p)
{
        erase(p);
        p->timer = loop_timer_free(p->timer);
        p->engine = NULL;
}
