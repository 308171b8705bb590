/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/plan_json.h"
#include "cmd/plan_markdown.h"
#include "cmd/plan_saved.h"
#include "cmd/plan_text.h"
#include "cmd/snapshot_fetch.h"
#include "cmd/terminal.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

struct planning {
        struct context c;
        struct snapshot *shown; /* in the place of providers and ledger; NULL: they are asked */
        struct plan *plan;
};

static void planning_done(struct planning *pl)
{
        plan_free(pl->plan);
        context_done(&pl->c);
        snapshot_free(pl->shown);
}

static int add_diagnostic(struct plan *p, enum plan_severity severity, const char *resource, const char *message)
{
        struct plan_diagnostic *d = ARRAY_ADD(p->diagnostics, p->n_diagnostics, p->allocated_diagnostics);

        if (!d)
                return -ENOMEM;

        *d = (struct plan_diagnostic){ .severity = severity, .resource = resource, .message = message };
        return message ? 0 : -ENOMEM;
}

/* Without a ledger nothing is known to be ours. */
static int tell_no_ledger(struct planning *pl)
{
        const char *what = pl->shown ? "the snapshot was taken without a ledger"
                                     : plan_string(pl->plan, "there is no ledger at %s", pl->c.state);

        if (pl->shown ? pl->shown->has_ledger : pl->c.ledger->path != NULL)
                return 0;

        return add_diagnostic(pl->plan, PLAN_WARNING, NULL,
                              plan_string(pl->plan,
                                          "%s: what muster made before is not known, so nothing that exists counts as "
                                          "ours%s",
                                          what, pl->shown ? "" : "; 'muster init' makes one"));
}

/* What the engine cannot know of: that there is no ledger, and that a provider has gone from the specs. */
static int add_diagnostics(struct planning *pl, struct error *e)
{
        const char *lost = context_lost_provider(&pl->c, pl->c.estate, e);
        struct plan *p = pl->plan;
        int r;

        r = tell_no_ledger(pl);
        if (r >= 0 && lost)
                r = add_diagnostic(p, PLAN_ERROR, plan_string(p, "Provider/%s", lost), plan_string(p, "%s", e->text));

        return r < 0 ? error_oom(e) : 0;
}

/* The plan has all of it; why it is no whole plan is told once for each resource. */
static void tell_trouble(const struct section *s)
{
        if (s->n_troubles == 0)
                return;
        log_error("%s: %s: %s", s->resource, s->troubles[0].name, s->troubles[0].text);
        if (s->n_troubles > 1)
                log_error("%s: and %zu more like that, which the plan shows", s->resource, s->n_troubles - 1);
}

static void tell_diagnostics(const struct plan *p)
{
        for (size_t i = 0; i < p->n_diagnostics; i++) {
                const struct plan_diagnostic *d = &p->diagnostics[i];

                log_line(d->severity == PLAN_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s%s%s",
                         d->resource ? d->resource : "", d->resource ? ": " : "", d->message);
        }
        for (size_t i = 0; i < p->n_sections; i++)
                tell_trouble(&p->sections[i]);
}

static int print(const struct planning *pl, int code)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        const struct options *o = pl->c.options;
        _cleanup_json_ json_t *json = NULL;

        switch (o->output) {
        case OUTPUT_JSON:
                json = plan_json(pl->plan);
                return output_json(json, code);
        case OUTPUT_MARKDOWN:
                b.failed = plan_markdown(pl->plan, &b);
                break;
        default:
                b.failed = plan_text(pl->plan, palette_for(o->color, STDOUT_FILENO), terminal_columns(STDOUT_FILENO),
                                     &b);
                break;
        }

        return output_text(&b, code);
}

/* A provider that could not be read, or that no spec names any more, leaves the plan incomplete; so does a part that nothing is known of,
 * and what can never become as its spec says has to be written otherwise. */
static int exit_code(const struct planning *pl)
{
        const struct plan *p = pl->plan;

        for (size_t i = 0; i < p->n_diagnostics; i++)
                if (p->diagnostics[i].severity == PLAN_ERROR)
                        return EXIT_ERROR;
        for (size_t i = 0; i < p->n_sections; i++)
                if (p->sections[i].n_troubles > 0)
                        return EXIT_ERROR;
        if (!all_readable(runner_engine(pl->c.runner)))
                return EXIT_ERROR;

        return pl->c.options->detailed_exitcode && plan_has_actions(p) ? EXIT_CHANGES : EXIT_DONE;
}

static int open_snapshot(struct planning *pl, struct error *e)
{
        const struct options *o = pl->c.options;
        char at[UNITS_TEXT_MAX], age[UNITS_TEXT_MAX];
        int64_t now = wall_now();
        int r;

        r = snapshot_is_remote(o->snapshot) ? snapshot_fetch(o->snapshot, &pl->shown, e)
                                            : snapshot_read(o->snapshot, &pl->shown, e);
        if (r < 0)
                return r;
        if (!text_equal(pl->shown->estate, pl->c.estate->name))
                return error_set(e, -EINVAL, "that is a snapshot of the estate \"%s\", these specs are of \"%s\"",
                                 pl->shown->estate, pl->c.estate->name);

        pl->c.ledger = STEAL(pl->shown->ledger);
        log_info("this is planned with a snapshot of %s, %s ago", time_text(pl->shown->at, at),
                 duration_roughly(now > pl->shown->at ? (usec_t)(now - pl->shown->at) * USEC_PER_SEC : 0, age));
        return 0;
}

static int make_plan(struct planning *pl, struct error *e)
{
        const struct options *o = pl->c.options;
        int r;

        r = context_read_specs(&pl->c, e);
        if (r >= 0)
                r = context_select(&pl->c, e);
        if (r >= 0)
                r = o->snapshot ? open_snapshot(pl, e) : context_read_ledger(&pl->c, e);
        if (r >= 0)
                r = look_once(&pl->c, pl->shown, e);
        if (r >= 0 && engine_plan(runner_engine(pl->c.runner), &pl->plan) < 0)
                r = error_oom(e);

        return r < 0 ? r : add_diagnostics(pl, e);
}

static int save(const struct planning *pl, struct error *e)
{
        const char *path = pl->c.options->out;
        int r;

        if (!path)
                return 0;

        r = saved_plan_write(path, pl->plan, e);
        if (r < 0)
                return r;

        log_info("the plan is saved in %s, for 'muster apply --plan'", path);
        return 0;
}

static int run(const struct options *o)
{
        _cleanup_(planning_done) struct planning pl = { 0 };
        struct error e;
        int r;

        if (o->snapshot && o->save_snapshot) {
                (void)error_set(&e, -EINVAL, "--snapshot reads nothing anew, so there is nothing for --save-snapshot");
                return command_usage(o->command, &e);
        }

        r = context_init(&pl.c, o, &e);
        if (r >= 0)
                r = make_plan(&pl, &e);
        if (r >= 0)
                r = save(&pl, &e);
        if (r < 0)
                return command_failed(&e);

        tell_diagnostics(pl.plan);
        return print(&pl, exit_code(&pl));
}

const struct command command_plan = {
        .name = "plan",
        .arguments = "[PATH...]",
        .formats = FORMAT(OUTPUT_MARKDOWN),
        .summary = "show what would change, and why; changes nothing, anywhere",
        .text = "Reads the specs under PATH, asks every provider what is there, and prints what apply would do. Only "
                "requests that read are sent, credentials that can only read are enough, and no ledger is needed: "
                "without one, nothing that exists counts as ours. A plan that was saved with --out is what 'muster "
                "apply --plan' may do, and no more. With --snapshot neither providers nor the ledger are needed: that is "
                "how a pull request is planned with no credentials at all. A snapshot is a file, or what a running agent "
                "serves (see its --listen): a URL, or unix:PATH. The bearer token in MUSTER_SNAPSHOT_TOKEN is sent along; "
                "no redirect is followed.",
        .examples = "  muster plan                                 # the specs in this folder\n"
                    "  muster plan -o json specs/ > plan.json\n"
                    "  muster plan --detailed-exitcode specs/      # in CI: 2 means that there are changes\n"
                    "  muster plan --out plan.json specs/          # then: muster apply --plan plan.json specs/\n"
                    "  muster plan --target MachineSet/web -l team=shop\n"
                    "  muster plan --save-snapshot now.json        # where the credentials are\n"
                    "  muster plan --snapshot now.json -o markdown > comment.md\n"
                    "  muster plan --snapshot https://muster.example.com/v1/snapshot specs/\n"
                    "  kustomize build . | muster plan -\n",
        .exits = "  0  planned, whether there are changes or not\n"
                 "  1  the specs, the ledger or a provider could not be read, nothing is selected, or the plan\n"
                 "     holds an error: a disk that would have to shrink, or disks that could not be asked for\n"
                 "  2  with --detailed-exitcode: there are changes\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_OUT) |
                   TAKES(OPTION_SNAPSHOT) | TAKES(OPTION_SAVE_SNAPSHOT) | TAKES(OPTION_DETAILED_EXITCODE) |
                   TAKES(OPTION_SELECTOR) | TAKES(OPTION_TARGET) | TAKES(OPTION_MAX_DELETES),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
