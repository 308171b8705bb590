/* SPDX-License-Identifier: MIT */
#include "cmd/handover.h"

#include <errno.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/plan_text.h"
#include "cmd/terminal.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

#define TIMEOUT_DEFAULT (30 * USEC_PER_MINUTE)
#define POLL (500 * USEC_PER_MSEC)
#define ANSWER_MAX ((size_t)1 << 12)

/* The plan of now, as anybody may make it who only looks. */
static int plan_now(const struct options *o, struct plan **ret, bool *ret_readable, struct error *e)
{
        _cleanup_context_ struct context c = { 0 };
        int r;

        r = context_init(&c, o, e);
        if (r >= 0)
                r = context_read_specs(&c, e);
        if (r >= 0)
                r = context_select(&c, e);
        if (r >= 0)
                r = context_read_ledger(&c, e);
        if (r >= 0)
                r = look_once(&c, NULL, e);
        if (r < 0)
                return r;

        *ret_readable = all_readable(runner_engine(c.runner));
        return engine_plan(runner_engine(c.runner), ret) < 0 ? error_oom(e) : 0;
}

/* Holds what is to be done now against what was approved. -EINVAL: there is more, which is told. */
static int check(const struct context *c, const struct saved_plan *saved, struct error *e)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_(plan_free_p) struct plan *p = NULL;
        bool readable;
        int r;

        r = plan_now(c->options, &p, &readable, e);
        if (r < 0)
                return r;

        b.failed = plan_text(p, palette_for(c->options->color, STDOUT_FILENO), terminal_columns(STDOUT_FILENO), &b);
        if (output_text(&b, EXIT_DONE) != EXIT_DONE)
                return error_set(e, -EIO, "the plan could not be shown, so nothing was asked of the agent");
        if (!readable)
                return error_set(e, -EIO, "a provider could not be read, so nothing was asked of the agent");
        if (saved_plan_tell_new(saved, p) > 0)
                return error_set(
                        e, -EINVAL,
                        "more is to be done now than was approved, so nothing was asked of the agent: save the "
                        "plan anew with 'muster plan --out'");

        return 0;
}

static void wait_a_moment(usec_t *left)
{
        const struct timespec pause = { .tv_nsec = (long)POLL * 1000 };

        *left -= usec_min(*left, POLL);
        (void)nanosleep(&pause, NULL);
}

/* -EINVAL: the agent says no. */
static int ask(struct context *c, usec_t *left, struct error *e)
{
        const struct ledger_request request = {
                .verb = REQUEST_APPLY, .account = "", .resource = "", .slot = "", .id = "", .reason = c->estate->digest
        };
        _cleanup_buf_ struct buf answer = BUF_INIT(ANSWER_MAX);
        int64_t seq;
        bool ok;
        int r;

        r = ledger_ask(c->state, &request, &seq, e);
        while (r >= 0 && (r = ledger_answer_of(c->state, seq, &ok, &answer, e)) == 0) {
                if (*left == 0)
                        return error_set(e, -ETIMEDOUT, "the agent did not answer in time");
                if (context_lock(c, e) >= 0)
                        return error_set(e, -ESRCH, "the agent has ended: run this again");
                wait_a_moment(left);
        }
        if (r < 0)
                return r;
        return ok ? 0 : error_set(e, -EINVAL, "%s", buf_text(&answer));
}

/* Of what the specs name: is something under way, and is something held up, as the agent sees it? */
static int read_status(const char *state, bool *ret_progressing, bool *ret_held_up, struct error *e)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_free_ struct status_row *rows = NULL;
        size_t n = 0;
        int64_t at;
        int r;

        r = ledger_open(state, LEDGER_READ, NULL, &l, e);
        if (r >= 0)
                r = ledger_get_status(l, &rows, &n, &at, e);
        if (r < 0)
                return r;

        *ret_progressing = *ret_held_up = false;
        for (size_t i = 0; i < n; i++) {
                bool progressing = text_equal(rows[i].phase, phase_text(PHASE_PROGRESSING));

                *ret_progressing = *ret_progressing || progressing;
                *ret_held_up = *ret_held_up ||
                               (!progressing && !text_equal(rows[i].phase, phase_text(PHASE_CONVERGED)));
        }
        return 0;
}

static bool is_open(const struct plan *p)
{
        for (size_t i = 0; i < p->n_actions; i++)
                if (!p->actions[i].blocked)
                        return true;
        for (size_t i = 0; i < p->n_sections; i++)
                if (p->sections[i].waiting)
                        return true;
        return false;
}

/* Until nothing is left to do, or only what is held up. */
static int watch(struct context *c, usec_t left, struct error *e)
{
        for (;;) {
                _cleanup_(plan_free_p) struct plan *p = NULL;
                bool progressing, held_up, readable;
                int r;

                wait_a_moment(&left);
                r = read_status(c->state, &progressing, &held_up, e);
                if (r >= 0 && !progressing)
                        r = plan_now(c->options, &p, &readable, e);
                if (r < 0)
                        return r;
                if (p && (held_up || !is_open(p))) {
                        bool converged = !held_up && readable && !plan_has_actions(p);

                        log_info("%s", converged
                                               ? "the agent has carried it out: converged"
                                               : "the agent has done what it could; 'muster status' says what is left");
                        return converged ? EXIT_DONE : EXIT_NOT_CONVERGED;
                }
                if (left == 0) {
                        log_error("out of time; the agent goes on");
                        return EXIT_NOT_CONVERGED;
                }
        }
}

int hand_over(struct context *c, const struct saved_plan *saved, const struct error *holder)
{
        usec_t left = c->options->timeout > 0 ? c->options->timeout : TIMEOUT_DEFAULT;
        struct error e;
        int r;

        log_info("%s: it is asked to carry the plan out", holder->text);
        r = check(c, saved, &e);
        if (r >= 0)
                r = ask(c, &left, &e);
        if (r < 0)
                return command_failed(&e);

        r = watch(c, left, &e);
        if (r < 0)
                log_error("%s; the agent goes on", e.text);
        return r < 0 ? EXIT_NOT_CONVERGED : r;
}
