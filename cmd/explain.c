/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "cmd/calls.h"
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/explain_text.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "cmd/specs.h"
#include "reconcile/base/text.h"

#define CALLS_SHOWN 10

struct explaining {
        struct context c;
        struct names names;
        struct status_row *rows;
        struct table calls;
        json_t *list; /* the same calls, for JSON */
        struct explained x;
};

static void explaining_done(struct explaining *ex)
{
        free(ex->rows);
        table_done(&ex->calls);
        json_decref(ex->list);
        names_done(&ex->names);
        context_done(&ex->c);
}

static int open_all(struct explaining *ex, struct error *e)
{
        int r;

        r = context_read_specs(&ex->c, e);
        if (r >= 0)
                r = context_require_ledger(&ex->c, e);
        if (r >= 0)
                r = context_open_ledger(&ex->c, LEDGER_READ, e);
        if (r >= 0)
                r = names_add_estate(&ex->names, ex->c.estate, e);
        if (r >= 0)
                r = names_add_ledger(&ex->names, ex->c.ledger, e);

        return r;
}

static int find(struct explaining *ex, const char *typed, struct error *e)
{
        struct explained *x = &ex->x;
        const struct resource *provider;
        const struct kind *kind;
        int r;

        r = names_find(&ex->names, typed, &x->name, &x->slot, e);
        if (r < 0)
                return r;
        kind = kind_of(x->name);
        if (kind && !kind->provider_offset)
                return error_set(e, -EINVAL,
                                 "%s is nothing that a provider has; 'muster status %s' shows what is known of it",
                                 x->name, x->name);

        if (kind != &kind_machine_set)
                x->slot = NULL; /* it has none that are machines */
        x->estate = ex->c.estate;
        x->ledger = ex->c.ledger;
        x->spec = estate_find_text(x->estate, x->name);
        provider = x->spec ? resource_provider(x->spec) : NULL;
        x->codec = provider ? specs_codec(provider->provider->type) : NULL;
        return 0;
}

static int read_status(struct explaining *ex, struct error *e)
{
        size_t n = 0;
        int r;

        r = ledger_get_status(ex->c.ledger, &ex->rows, &n, &ex->x.status_at, e);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (text_equal(ex->rows[i].resource, ex->x.name))
                        ex->x.status = &ex->rows[i];

        return r;
}

static int on_call(void *userdata, const struct history_row *row)
{
        struct explaining *ex = userdata;

        if (json_array_append_new(ex->list, call_json(row)) < 0)
                return -ENOMEM;

        return calls_add(&ex->calls, row);
}

static int read_calls(struct explaining *ex, struct error *e)
{
        int r;

        ex->calls.n_columns = CALLS_COLUMNS;
        ex->x.calls = &ex->calls;
        ex->list = json_array();
        if (!ex->list || calls_add_headings(&ex->calls) < 0)
                return error_oom(e);

        r = ledger_history(ex->c.ledger, ex->x.slot ? NULL : ex->x.name, ex->x.slot, CALLS_SHOWN, on_call, ex, e);
        return r == -ENOMEM ? error_oom(e) : r;
}

static int print(const struct explaining *ex)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;

        if (ex->c.options->output == OUTPUT_JSON) {
                json = explain_json(&ex->x, ex->list);
                return output_json(json, EXIT_DONE);
        }

        (void)explain_text(&ex->x, &b);
        return output_text(&b, EXIT_DONE);
}

static int run(const struct options *o)
{
        _cleanup_(explaining_done) struct explaining ex = { 0 };
        struct error e;
        int r;

        if (names_check(o->arguments[0], &e) < 0)
                return command_usage(o->command, &e);

        r = context_init(&ex.c, o, &e);
        if (r >= 0)
                r = open_all(&ex, &e);
        if (r < 0)
                return command_failed(&e);

        r = find(&ex, o->arguments[0], &e);
        if (r == -EINVAL)
                return command_usage(o->command, &e);
        if (r >= 0)
                r = read_status(&ex, &e);
        if (r >= 0)
                r = read_calls(&ex, &e);
        if (r < 0)
                return command_failed(&e);

        ex.x.now = wall_now();
        return print(&ex);
}

const struct command command_explain = {
        .name = "explain",
        .arguments = "RESOURCE",
        .summary = "one thing from spec line to vendor: what is known, done, holds it, and is next",
        .text = "Prints of a machine, a MachineSet or whatever else a provider has, like a security group: where its "
                "spec is and what that wants, what the ledger has of it and how it was last seen, the calls that are open and what is waited for, the last calls with request "
                "and answer, what holds it, and what happens next and when. It reads the specs and the ledger and asks "
                "no provider.",
        .examples = "  muster explain web-3\n"
                    "  muster explain MachineSet/web -f specs/\n"
                    "  muster explain web-3 -o json | jq -r '.says[] | select(.about == \"next\").text'\n",
        .exits = "  0  printed\n"
                 "  1  the specs or the ledger cannot be read, or there is no such thing\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT),
        .least = 1,
        .most = 1,
        .run = run,
};
