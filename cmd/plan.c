/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/plan_json.h"
#include "cmd/plan_text.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

static int add_diagnostic(struct plan *p, enum plan_severity severity, const char *resource, const char *message)
{
        struct plan_diagnostic *d = ARRAY_ADD(p->diagnostics, p->n_diagnostics, p->allocated_diagnostics);

        if (!d)
                return -ENOMEM;

        *d = (struct plan_diagnostic){ .severity = severity, .resource = resource, .message = message };
        return message ? 0 : -ENOMEM;
}

/* What the engine cannot know of: that there is no ledger, and that a provider has gone from the specs. */
static int add_diagnostics(const struct context *c, struct plan *p, struct error *e)
{
        const char *lost = context_lost_provider(c, c->estate, e);
        int r = 0;

        if (!c->ledger->path)
                r = add_diagnostic(
                        p, PLAN_WARNING, NULL,
                        plan_string(p,
                                    "there is no ledger at %s: what muster made before is not known, so nothing that "
                                    "exists counts as ours; 'muster init' makes one",
                                    c->state));
        if (r >= 0 && lost)
                r = add_diagnostic(p, PLAN_ERROR, plan_string(p, "Provider/%s", lost), plan_string(p, "%s", e->text));

        return r < 0 ? error_oom(e) : 0;
}

static void tell_diagnostics(const struct plan *p)
{
        for (size_t i = 0; i < p->n_diagnostics; i++) {
                const struct plan_diagnostic *d = &p->diagnostics[i];

                log_line(d->severity == PLAN_ERROR ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "%s%s%s",
                         d->resource ? d->resource : "", d->resource ? ": " : "", d->message);
        }
}

static int print(const struct context *c, const struct plan *p, int code)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;

        if (c->options->output == OUTPUT_TEXT) {
                (void)plan_text(p, palette_for(c->options->color, STDOUT_FILENO), &b);
                return output_text(&b, code);
        }

        json = plan_json(p);
        return output_json(json, code);
}

/* A provider that could not be read, or that no spec names any more, leaves the plan incomplete. */
static int exit_code(const struct context *c, const struct plan *p)
{
        for (size_t i = 0; i < p->n_diagnostics; i++)
                if (p->diagnostics[i].severity == PLAN_ERROR)
                        return EXIT_ERROR;
        if (!all_readable(runner_engine(c->runner)))
                return EXIT_ERROR;

        return c->options->detailed_exitcode && plan_has_actions(p) ? EXIT_CHANGES : EXIT_DONE;
}

static int open_ledger(struct context *c, struct error *e)
{
        int r;

        r = context_open_ledger(c, LEDGER_READ, e);
        if (r != -ENOENT)
                return r;

        r = ledger_new_empty(&c->ledger);
        return r < 0 ? error_oom(e) : 0;
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        _cleanup_(plan_free_p) struct plan *p = NULL;
        struct error e;
        int r;

        r = context_init(&c, o, &e);
        if (r >= 0)
                r = context_read_specs(&c, &e);
        if (r >= 0)
                r = open_ledger(&c, &e);
        if (r >= 0)
                r = look_once(&c, &e);
        if (r >= 0 && engine_plan(runner_engine(c.runner), &p) < 0)
                r = error_oom(&e);
        if (r >= 0)
                r = add_diagnostics(&c, p, &e);
        if (r < 0)
                return command_failed(&e);

        tell_diagnostics(p);
        return print(&c, p, exit_code(&c, p));
}

const struct command command_plan = {
        .name = "plan",
        .arguments = "[PATH...]",
        .summary = "show what would change, and why; changes nothing, anywhere",
        .text = "Reads the specs under PATH, asks every provider what is there, and prints what apply would do. Only "
                "requests that read are sent, credentials that can only read are enough, and no ledger is needed: "
                "without one, nothing that exists counts as ours.",
        .examples = "  muster plan                                 # the specs in this folder\n"
                    "  muster plan -o json specs/ > plan.json\n"
                    "  muster plan --detailed-exitcode specs/      # in CI: 2 means that there are changes\n"
                    "  kustomize build . | muster plan -\n",
        .exits = "  0  planned, whether there are changes or not\n"
                 "  1  the specs, the ledger or a provider could not be read\n"
                 "  2  with --detailed-exitcode: there are changes\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_DETAILED_EXITCODE) |
                   TAKES(OPTION_MAX_DELETES),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
