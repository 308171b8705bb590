/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/endpoint.h"
#include "cmd/progress.h"
#include "cmd/specs.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/io/watch.h"

#define INTERVAL_DEFAULT (60 * USEC_PER_SEC)
#define REOPEN_FIRST (5 * USEC_PER_SEC)
#define REOPEN_LAST (1 * USEC_PER_MINUTE)
#define TELL (2 * USEC_PER_SEC)
#define LINE_BYTES_MAX ((size_t)1 << 14)
#define STATUS_CHARS_MAX 400

struct agent {
        struct context c;
        struct watch *watch;
        struct endpoint *endpoint; /* NULL: nobody is told over HTTP */
        struct loop_timer *reopen; /* after the ledger could not be written */
        usec_t reopen_delay, opened_at;
        struct loop_timer *tell; /* what the agent is at, for the service manager; what it would do, with --observe */
        struct plan *told;       /* --observe: the plan that was told last */
        char *status;            /* what the service manager was told last */
        bool bad_specs;          /* those on disk are not those that are followed */
        bool stopping;
};

static void agent_done(struct agent *a)
{
        a->endpoint = endpoint_free(a->endpoint);
        a->watch = watch_free(a->watch);
        a->reopen = loop_timer_free(a->reopen);
        a->tell = loop_timer_free(a->tell);
        a->told = plan_free(a->told);
        free(a->status);
        context_done(&a->c);
}

static struct engine *engine_of(struct agent *a)
{
        return runner_engine(a->c.runner);
}

/* Ready machines, and what the first resource that is not as it should be waits for. */
static void describe(const struct plan *p, struct buf *b)
{
        const struct section *open = NULL;
        int64_t ready = 0, desired = 0;

        for (size_t i = 0; i < p->n_sections; i++) {
                ready += p->sections[i].ready;
                desired += p->sections[i].desired;
                if (!open && p->sections[i].phase != PHASE_CONVERGED)
                        open = &p->sections[i];
        }

        (void)buf_addf(b, "%" PRId64 " of %" PRId64 " machines ready", ready, desired);
        if (open)
                (void)buf_addf(b, "; %s %s: %s", open->resource, phase_text(open->phase), open->message);
}

static void notify_status(struct agent *a, const char *text)
{
        _cleanup_buf_ struct buf b = BUF_INIT(LINE_BYTES_MAX);
        _cleanup_free_ char *status = NULL;

        (void)buf_adds(&b, "STATUS=");
        (void)text_escape(&b, text, STATUS_CHARS_MAX);
        status = buf_steal(&b);
        if (!status || text_equal(status, a->status))
                return;

        loop_notify(status);
        free(a->status);
        a->status = STEAL(status);
}

/* --observe: each action that was not told before. */
static void tell_actions(struct agent *a, struct plan *p)
{
        for (size_t i = 0; i < p->n_actions; i++) {
                const struct action *action = &p->actions[i];
                struct plan one = *p;

                one.actions = &p->actions[i];
                one.n_actions = 1;
                if (a->told && !plan_find_new(&one, a->told))
                        continue;
                log_info("would %s %s of %s on %s: %s%s%s", action_verb_text(action->verb), action->name,
                         p->sections[action->section].resource, p->sections[action->section].provider, action->reason,
                         action->blocked ? "; blocked: " : "", action->blocked ? action->blocked : "");
        }
        if (a->told && a->told->n_actions > 0 && p->n_actions == 0)
                log_info("nothing would be done any more");
}

static void tell(struct agent *a)
{
        _cleanup_buf_ struct buf b = BUF_INIT(LINE_BYTES_MAX);
        _cleanup_(plan_free_p) struct plan *p = NULL;

        if (!a->c.runner || a->stopping || engine_plan(engine_of(a), &p) < 0)
                return;

        if (a->bad_specs)
                (void)buf_adds(&b, "the specs on disk have errors, the last good ones are followed; ");
        describe(p, &b);
        notify_status(a, buf_text(&b));

        /* Between new specs and the next look there is no plan to tell of. */
        if (a->c.options->observe && p->n_sections > 0) {
                tell_actions(a, p);
                plan_free(a->told);
                a->told = STEAL(p);
        }
}

static int on_tell(void *userdata)
{
        struct agent *a = userdata;

        tell(a);
        return loop_timer_set(a->tell, usec_add(loop_now(a->c.loop), TELL));
}

static void on_event(_unused_ void *userdata, const struct engine_event *event)
{
        _cleanup_buf_ struct buf line = BUF_INIT(LINE_BYTES_MAX);

        if (progress_event_text(event, &line) >= 0)
                log_line(progress_event_level(event), "%s", buf_text(&line));
}

/* The ledger could not be written: its model in memory is ahead of the disk and must go. Not from here, within the
 * engine's call. */
static int on_changed(void *userdata, enum engine_state state)
{
        struct agent *a = userdata;
        usec_t now = loop_now(a->c.loop);

        if (state != ENGINE_BROKEN)
                return 0;

        if (usec_since(now, a->opened_at) > REOPEN_LAST || a->reopen_delay == 0)
                a->reopen_delay = REOPEN_FIRST;
        log_error("%s; nothing is done until it can be opened again", engine_error(engine_of(a))->text);
        notify_status(a, engine_error(engine_of(a))->text);
        return loop_timer_set(a->reopen, usec_add(now, a->reopen_delay));
}

static int open_engine(struct agent *a, struct error *e)
{
        const struct options *o = a->c.options;
        struct runner_options options = {
                .engine = {
                        .mode = o->observe ? ENGINE_OBSERVE : ENGINE_AGENT,
                        .interval = o->interval > 0 ? o->interval : INTERVAL_DEFAULT,
                        .keeps_seen = o->listen != NULL,
                },
                .changed = on_changed,
                .event = on_event,
                .userdata = a,
        };
        int r;

        r = context_open_ledger(&a->c, LEDGER_WRITE, e);
        if (r >= 0 && context_lost_provider(&a->c, a->c.estate, e))
                r = -EINVAL;
        if (r >= 0)
                r = context_start(&a->c, &options, e);
        if (r >= 0)
                a->opened_at = loop_now(a->c.loop);

        return r;
}

static void close_engine(struct agent *a)
{
        a->c.runner = runner_free(a->c.runner);
        a->c.ledger = ledger_free(a->c.ledger);
}

static int on_reopen(void *userdata)
{
        struct agent *a = userdata;
        struct error e;

        close_engine(a);
        a->reopen_delay = usec_min(2 * a->reopen_delay, REOPEN_LAST);
        if (open_engine(a, &e) >= 0) {
                log_info("the ledger is open again");
                return 0;
        }

        close_engine(a);
        log_error("%s", e.text);
        notify_status(a, e.text);
        return loop_timer_set(a->reopen, usec_add(loop_now(a->c.loop), a->reopen_delay));
}

static int keep_last_good(struct agent *a, const char *why)
{
        log_error("%s; the last good specs are followed on", why);
        a->bad_specs = true;
        tell(a);
        return 0;
}

/* Gives the engine what is on disk now; while there is no engine, it is what the next one begins with. */
static int follow(struct agent *a, struct estate *estate, struct error *e)
{
        int r;

        if (!a->c.runner)
                return 0;

        r = context_check_estate(&a->c, estate, e);
        if (r >= 0 && context_lost_provider(&a->c, estate, e))
                r = -EINVAL;
        if (r >= 0)
                r = runner_set_estate(a->c.runner, estate, e);

        return r;
}

/* `always`: also when the specs are the same, because secrets in files may be others. */
static int reload(struct agent *a, bool always)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct error e;
        bool same;
        int r;

        r = specs_read(a->c.options, &estate, &d);
        specs_tell(&d);
        if (r == -ENOMEM)
                return keep_last_good(a, "out of memory while reading the specs");
        if (r < 0) {
                (void)error_set(&e, r, "the specs hold %zu error%s", d.errors, d.errors == 1 ? "" : "s");
                return keep_last_good(a, e.text);
        }
        same = text_equal(estate->digest, a->c.estate->digest);
        if (same && !always && !a->bad_specs)
                return 0;

        r = follow(a, estate, &e);
        if (r < 0)
                return keep_last_good(a, e.text);

        estate_free(a->c.estate);
        a->c.estate = STEAL(estate);
        a->bad_specs = false;
        log_info("%s specs: %zu resources, %s", same ? "the same" : "new", a->c.estate->n_resources,
                 a->c.estate->digest);
        if (a->c.runner)
                runner_wake(a->c.runner);
        return 0;
}

static int on_files(void *userdata, const char *trouble)
{
        struct agent *a = userdata;

        if (trouble)
                log_warning("not all specs can be watched for changes, SIGHUP reads them again: %s", trouble);

        return a->stopping ? 0 : reload(a, false);
}

static int on_hangup(void *userdata, _unused_ int signal)
{
        struct agent *a = userdata;
        int r;

        if (a->stopping)
                return 0;

        log_info("asked to read the specs and to look now");
        r = reload(a, true);
        if (r >= 0 && a->c.runner) {
                engine_look_again(engine_of(a));
                runner_wake(a->c.runner);
        }

        return r;
}

static int on_stop(void *userdata, _unused_ int signal)
{
        struct agent *a = userdata;

        if (!a->stopping)
                log_info("stopping: what is in flight has 20 seconds to end; a second signal ends at once");
        a->stopping = true;
        loop_notify("STOPPING=1");
        if (a->endpoint)
                endpoint_stop(a->endpoint);
        if (a->c.runner)
                runner_stop(a->c.runner, EXIT_DONE);
        else
                loop_exit(a->c.loop, EXIT_DONE);

        return loop_timer_set(a->reopen, USEC_INFINITY);
}

static int check_paths(const struct options *o, struct error *e)
{
        for (size_t i = 0; i < o->n_specs; i++)
                if (text_equal(o->specs[i], "-"))
                        return error_set(e, -EINVAL,
                                         "standard input cannot be followed as files are: name files or folders");

        return 0;
}

static int start_loop(struct agent *a, struct error *e)
{
        static const char *const endings[] = { ".yaml", ".yml", NULL };
        const struct options *o = a->c.options;
        struct loop *loop;
        int r;

        r = loop_new(&a->c.loop, e);
        if (r < 0)
                return r;

        loop = a->c.loop;
        r = loop_signal(loop, SIGINT, on_stop, a, e);
        if (r >= 0)
                r = loop_signal(loop, SIGTERM, on_stop, a, e);
        if (r >= 0)
                r = loop_signal(loop, SIGHUP, on_hangup, a, e);
        if (r >= 0)
                r = loop_timer_new(loop, on_reopen, a, &a->reopen, e);
        if (r >= 0)
                r = loop_timer_new(loop, on_tell, a, &a->tell, e);
        if (r >= 0)
                r = watch_new(loop, o->specs, o->n_specs, endings, on_files, a, &a->watch, e);
        if (r >= 0)
                r = loop_watchdog(loop, e);
        if (r >= 0)
                r = loop_timer_set(a->tell, usec_add(loop_now(loop), TELL));

        return r;
}

/* The watch begins before the specs are read, so that no change between the two is missed. */
static int start(struct agent *a, const struct options *o, struct error *e)
{
        int r;

        r = context_init(&a->c, o, e);
        if (r >= 0)
                r = start_loop(a, e);
        if (r >= 0)
                r = context_read_specs(&a->c, e);
        if (r >= 0)
                r = context_require_ledger(&a->c, e);
        if (r >= 0)
                r = context_lock(&a->c, e);
        if (r >= 0 && o->listen)
                r = endpoint_new(&a->c, o->listen, &a->endpoint, e);
        if (r >= 0)
                r = open_engine(a, e);

        return r;
}

static int run(const struct options *o)
{
        _cleanup_(agent_done) struct agent a = { 0 };
        struct error e;
        int r;

        if (check_paths(o, &e) < 0)
                return command_usage(o->command, &e);

        r = start(&a, o, &e);
        if (r < 0)
                return command_failed(&e);

        log_info("%s the estate \"%s\": %zu resources, ledger %s", o->observe ? "observing" : "keeping",
                 a.c.estate->name, a.c.estate->n_resources, a.c.state);
        if (a.endpoint)
                log_info("listening on %s", endpoint_url(a.endpoint));
        loop_notify("READY=1");
        r = loop_run(a.c.loop, &e);
        if (r < 0)
                return command_failed(&e);

        log_info("stopped");
        return r;
}

const struct command command_agent = {
        .name = "agent",
        .arguments = "[PATH...]",
        .summary = "keep it so; runs until told to stop",
        .text = "Looks, plans and acts, again and again. Changed spec files are picked up within seconds; when they "
                "have errors, the last good ones are followed on. SIGHUP reads the specs and looks at once; SIGTERM "
                "stops cleanly. Under systemd use Type=notify; WatchdogSec= is answered.\n\n"
                "With --listen it answers over plain HTTP, by what it knows, without asking a provider: /healthz (it "
                "lives), /readyz (the specs are read, the ledger is open, and every provider has been looked at), "
                "/v1/status (as 'muster status -o json'), /v1/snapshot (for 'muster plan --snapshot') and /metrics (for "
                "Prometheus). Where MUSTER_SNAPSHOT_TOKEN is set, all but /healthz and /readyz want it as a bearer "
                "token; an address that other machines can reach is refused without it. A unix socket is for its "
                "owner alone. Port 0 takes a free one; standard error says which.",
        .examples = "  muster agent specs/\n"
                    "  muster agent --observe specs/               # look, plan and tell, never act\n"
                    "  muster agent --listen 127.0.0.1:9469 specs/\n"
                    "  muster agent --interval 5m --state /var/lib/muster/muster.db /etc/muster\n",
        .exits = "  0  stopped as asked\n"
                 "  1  the specs or the ledger are not usable, somebody else holds the ledger, or it\n"
                 "     cannot listen as it should\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OBSERVE) | TAKES(OPTION_INTERVAL) |
                   TAKES(OPTION_LISTEN) | TAKES(OPTION_MAX_DELETES),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
