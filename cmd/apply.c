/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cmd/ask.h"
#include "cmd/command.h"
#include "cmd/handover.h"
#include "cmd/init.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/plan_text.h"
#include "cmd/progress.h"
#include "cmd/terminal.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define TIMEOUT_DEFAULT (30 * USEC_PER_MINUTE)

/* A plan that a person has thought about for longer than this is made again before it is carried out. */
#define FRESH (10 * USEC_PER_SEC)

struct apply {
        struct context c;
        struct saved_plan *saved;    /* of --plan; NULL: none was given */
        struct plan *shown;          /* what was shown last: only its actions are approved by a yes */
        struct loop_fd *answer;      /* while a question is open */
        usec_t asked_at, allowed_at; /* boot clock; 0: not yet */
        enum engine_state state;
        bool refused; /* nothing may be done; said already */
        bool stopped; /* by a signal */
        struct progress progress;
};

static void apply_done(struct apply *a)
{
        progress_done(&a->progress);
        a->answer = loop_fd_free(a->answer);
        a->shown = plan_free(a->shown);
        context_done(&a->c);
        a->saved = saved_plan_free(a->saved);
}

static struct engine *engine_of(struct apply *a)
{
        return runner_engine(a->c.runner);
}

static int refuse(struct apply *a, const char *why)
{
        progress_clear(&a->progress);
        log_error("%s", why);
        a->refused = true;
        loop_exit(a->c.loop, EXIT_ERROR);
        return 0;
}

static int allow(struct apply *a)
{
        struct error e;
        int r;

        a->allowed_at = loop_now(a->c.loop);
        r = progress_begin(&a->progress, a->c.loop, engine_of(a), a->c.ledger, &e);
        if (r < 0)
                return refuse(a, e.text);

        a->c.approved = a->saved;
        engine_allow(engine_of(a));
        runner_wake(a->c.runner);
        return 0;
}

/* The terminal has a line for us. */
static int on_answer(void *userdata, _unused_ int fd, _unused_ uint32_t revents)
{
        struct apply *a = userdata;
        usec_t now = loop_now(a->c.loop);

        a->answer = loop_fd_free(a->answer);
        if (!ask_is_yes())
                return refuse(a, "nothing was changed, as you said");
        if (usec_since(now, a->asked_at) <= FRESH)
                return allow(a);

        engine_look_again(engine_of(a));
        runner_wake(a->c.runner);
        return 0;
}

static int ask(struct apply *a)
{
        struct error e;

        if (!ask_possible())
                return refuse(a, "there is no terminal to ask on: look at the plan above, and run it again with --yes");

        ask_show("Apply these changes?");
        a->asked_at = loop_now(a->c.loop);
        if (loop_fd_new(a->c.loop, STDIN_FILENO, EPOLLIN, on_answer, a, &a->answer, &e) < 0)
                return refuse(a, e.text);

        return 0;
}

static int show(const struct apply *a, const struct plan *p)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        b.failed = plan_text(p, palette_for(a->c.options->color, STDOUT_FILENO), terminal_columns(STDOUT_FILENO), &b);
        return output_text(&b, EXIT_DONE) == EXIT_DONE ? 0 : -EIO;
}

static bool can_run_something(const struct plan *p)
{
        for (size_t i = 0; i < p->n_actions; i++)
                if (!p->actions[i].blocked)
                        return true;

        return false;
}

/* What was approved is carried out, unless more is needed by now. */
static int keep_to_saved(struct apply *a)
{
        if (saved_plan_tell_new(a->saved, a->shown) > 0)
                return refuse(a, "more is to be done now than was approved, so nothing was done: save the plan anew "
                                 "with 'muster plan --out'");

        return allow(a);
}

/* Every account is planned. A plan that was made again after a slow answer is carried out when it holds nothing new. */
static int on_planned(struct apply *a)
{
        _cleanup_(plan_free_p) struct plan *p = NULL;
        bool again = a->shown;

        progress_done(&a->progress);
        if (engine_plan(engine_of(a), &p) < 0)
                return -ENOMEM;
        if (again && !plan_find_new(p, a->shown))
                return allow(a);

        if (again)
                log_warning("there is more to do than when you were asked: this is the plan now");
        if (show(a, p) < 0)
                return refuse(a, "the plan could not be shown, so nothing was done");
        if (engine_n_accounts(engine_of(a)) > 0 && !any_readable(engine_of(a)))
                return refuse(a, "no provider could be read, so nothing was done");

        plan_free(a->shown);
        a->shown = STEAL(p);
        if (a->saved)
                return keep_to_saved(a);

        return a->c.options->yes || !can_run_something(a->shown) ? allow(a) : ask(a);
}

static int on_changed(void *userdata, enum engine_state state)
{
        struct apply *a = userdata;

        a->state = state;
        if (state == ENGINE_RUNNING || a->stopped)
                return 0;
        if (state == ENGINE_PLANNED)
                return on_planned(a);

        loop_exit(a->c.loop, 0);
        return 0;
}

static void on_event(void *userdata, const struct engine_event *event)
{
        struct apply *a = userdata;

        progress_event(&a->progress, event);
}

static int on_signal(void *userdata, _unused_ int signal)
{
        struct apply *a = userdata;

        progress_clear(&a->progress);
        if (a->answer)
                (void)fputc('\n', stderr); /* the question stands there */
        if (!a->stopped && !engine_is_idle(engine_of(a)))
                log_warning(
                        "stopping: what is in flight has 20 seconds to end and is written down; a second Ctrl-C ends at "
                        "once, and the next run finds out what became of it");
        a->answer = loop_fd_free(a->answer);
        a->stopped = true;
        runner_stop(a->c.runner, EXIT_NOT_CONVERGED);
        return 0;
}

static void add_open_sections(struct buf *b, const struct plan *p)
{
        for (size_t i = 0; i < p->n_sections; i++) {
                const struct section *s = &p->sections[i];
                const char *reason = phase_reason_text(s->phase_reason);

                if (s->phase == PHASE_CONVERGED)
                        continue;
                (void)buf_adds(b, "  ");
                (void)text_escape(b, s->resource, 100);
                (void)buf_addf(b, " on %s: %s", s->provider, phase_text(s->phase));
                if (reason)
                        (void)buf_addf(b, " (%s)", reason);
                (void)buf_adds(b, ": ");
                (void)text_escape(b, s->message, 1000);
                (void)buf_addc(b, '\n');
        }
}

static const char *end_text(const struct apply *a)
{
        if (a->state == ENGINE_BROKEN)
                return "The ledger could not be written; not converged:";
        if (a->stopped)
                return "Stopped; not converged:";
        if (runner_timed_out(a->c.runner))
                return "Out of time; not converged:";

        return a->state == ENGINE_CONVERGED ? "Converged." : "Not converged:";
}

static bool has_converged(const struct apply *a)
{
        return a->state == ENGINE_CONVERGED && !a->stopped && !runner_timed_out(a->c.runner);
}

/* What was done, and what is left and why. */
static int print_end(struct apply *a, int code)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_(plan_free_p) struct plan *p = NULL;
        struct engine_figures done = engine_figures(engine_of(a));
        char length[UNITS_TEXT_MAX];

        (void)buf_addf(&b, "Applied: %" PRId64 " created, %" PRId64 " changed, %" PRId64 " deleted in %s. %s\n",
                       done.created, done.changed, done.deleted,
                       duration_roughly(usec_since(loop_now(a->c.loop), a->allowed_at), length), end_text(a));
        if (!has_converged(a) && engine_plan(engine_of(a), &p) >= 0)
                add_open_sections(&b, p);

        return output_text(&b, code);
}

static int exit_code(struct apply *a)
{
        if (has_converged(a))
                return EXIT_DONE;
        if (a->stopped || runner_timed_out(a->c.runner) || engine_figures(engine_of(a)).acts > 0)
                return EXIT_NOT_CONVERGED;

        return a->state == ENGINE_BROKEN || !any_readable(engine_of(a)) ? EXIT_ERROR : EXIT_NOT_CONVERGED;
}

static int finish(struct apply *a)
{
        progress_done(&a->progress);
        if (a->refused)
                return EXIT_ERROR;
        if (a->state == ENGINE_BROKEN)
                log_error("%s", engine_error(engine_of(a))->text);
        if (a->allowed_at == 0) {
                log_error("%s; nothing was changed", a->stopped                      ? "stopped"
                                                     : runner_timed_out(a->c.runner) ? "out of time"
                                                                                     : "ended too soon");
                return exit_code(a);
        }

        return print_end(a, exit_code(a));
}

static int start(struct apply *a, struct error *e)
{
        struct runner_options options = {
                .engine = { .mode = ENGINE_APPLY },
                .timeout = a->c.options->timeout > 0 ? a->c.options->timeout : TIMEOUT_DEFAULT,
                .timeout_code = EXIT_NOT_CONVERGED,
                .changed = on_changed,
                .event = on_event,
                .userdata = a,
        };
        int r;

        r = context_start(&a->c, &options, e);
        if (r >= 0)
                r = progress_begin(&a->progress, a->c.loop, engine_of(a), NULL, e);
        if (r >= 0)
                r = loop_signal(a->c.loop, SIGINT, on_signal, a, e);
        if (r >= 0)
                r = loop_signal(a->c.loop, SIGTERM, on_signal, a, e);

        return r;
}

static int apply_ledger(struct apply *a)
{
        struct error e;
        int r;

        r = context_lost_provider(&a->c, a->c.estate, &e) ? -EINVAL : start(a, &e);
        if (r < 0)
                return command_failed(&e);

        r = loop_run(a->c.loop, &e);
        if (r < 0) {
                log_error("%s", e.text);
                return engine_figures(engine_of(a)).acts > 0 ? EXIT_NOT_CONVERGED : EXIT_ERROR;
        }

        return finish(a);
}

static int read_inputs(struct apply *a, struct error *e)
{
        const struct options *o = a->c.options;
        int r;

        r = context_read_specs(&a->c, e);
        if (r >= 0)
                r = context_select(&a->c, e);
        if (r >= 0 && o->plan)
                r = saved_plan_read(o->plan, &a->saved, e);
        if (r >= 0 && o->plan)
                r = saved_plan_check_specs(a->saved, a->c.estate->digest, e);

        return r;
}

static int run(const struct options *o)
{
        _cleanup_(apply_done) struct apply a = { 0 };
        struct error e;
        int r;

        r = context_init(&a.c, o, &e);
        if (r >= 0)
                r = read_inputs(&a, &e);
        if (r < 0)
                return command_failed(&e);

        r = o->init ? 0 : context_require_ledger(&a.c, &e);
        if (r >= 0)
                r = context_lock(&a.c, &e);
        if (r == -EBUSY && a.saved)
                return hand_over(&a.c, a.saved, &e);
        if (r < 0)
                return command_failed(&e);

        r = context_open_ledger(&a.c, LEDGER_WRITE, &e);
        if (r == -ENOENT && o->init) { /* there is none, or its making was cut short */
                r = init_ledger(&a.c);
                if (!(a.c.ledger && a.c.ledger->path))
                        return r;
                r = context_open_ledger(&a.c, LEDGER_WRITE, &e);
        }
        if (r < 0)
                return command_failed(&e);

        return apply_ledger(&a); /* also where some account could not be read, and so is not on record yet */
}

const struct command command_apply = {
        .name = "apply",
        .arguments = "[PATH...]",
        .summary = "make it so, once; ends when converged or stuck",
        .text = "Makes a plan, shows it, asks, and carries it out. It ends when everything is as the specs say, or "
                "when nothing is in flight and no wait could help. Stopped or killed at any moment, it goes on from "
                "there when it is run again. With --plan it does what the saved plan holds and nothing more, and does not ask: "
                "when the specs are others, or when more is needed by now, it does nothing and says so. Beside a running agent the agent carries the plan out, and this command waits for it. What was planned with --selector, --target or --max-deletes is applied "
                "with the same.",
        .examples = "  muster apply specs/\n"
                    "  muster apply --init --yes specs/            # a first run in CI\n"
                    "  muster apply --plan plan.json specs/        # what 'muster plan --out plan.json specs/' saved\n"
                    "  muster apply --target MachineSet/web specs/\n"
                    "  muster apply --yes --timeout 10m --max-deletes 0 specs/\n",
        .exits = "  0  converged\n"
                 "  1  the specs, the ledger or every provider could not be read, the answer was no, or more\n"
                 "     is needed than the saved plan holds; nothing was changed\n"
                 "  3  not converged: something is blocked, held or failed, or time was up; run it again\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_YES) | TAKES(OPTION_INIT) |
                   TAKES(OPTION_TIMEOUT) | TAKES(OPTION_MAX_DELETES) | TAKES(OPTION_SELECTOR) | TAKES(OPTION_TARGET) |
                   TAKES(OPTION_PLAN),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
