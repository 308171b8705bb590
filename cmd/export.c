/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/specs.h"
#include "reconcile/base/text.h"
#include "specs/export.h"
#include "specs/write.h"

struct exporting {
        struct context c;
        struct context looking; /* with the part of the specs that is about the one provider; its ledger is c's */
        struct estate part;
        const struct resource *provider;
        struct buf b;
};

static void exporting_done(struct exporting *ex)
{
        ex->looking.estate = NULL;
        ex->looking.ledger = NULL;
        context_done(&ex->looking);
        context_done(&ex->c);
        free(ex->part.resources);
        buf_done(&ex->b);
}

static int find_provider(struct exporting *ex, const char *typed, struct error *e)
{
        const char *name = text_starts(typed, "Provider/") ? typed + sizeof("Provider/") - 1 : typed;
        const struct estate *estate = ex->c.estate;
        _cleanup_free_ const char **names = calloc(estate->n_resources + 1, sizeof(*names));
        const char *nearest;
        size_t n = 0;

        if (!names)
                return error_oom(e);

        ex->provider = estate_find(estate, &kind_provider, name);
        if (ex->provider)
                return 0;

        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_provider)
                        names[n++] = estate->resources[i]->name;
        nearest = text_nearest(name, names, n);
        if (nearest)
                return error_set(e, -ENOENT, "there is no provider '%s' (did you mean '%s'?)", typed, nearest);

        return error_set(e, -ENOENT,
                         "there is no provider '%s' in the specs: write its Provider first, or give another "
                         "path with -f",
                         typed);
}

/* The Provider is written before its files are looked for: with the paths that its spec has. */
static int read_specs(struct exporting *ex, struct error *e)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        const struct options *o = ex->c.options;
        int r;

        r = specs_read_as_written(o, &ex->c.estate, &d);
        specs_tell(&d);
        if (r == -ENOMEM)
                return error_oom(e);
        if (r < 0)
                return error_set(e, r, "the specs hold %zu error%s; nothing was done", d.errors,
                                 d.errors == 1 ? "" : "s");

        r = find_provider(ex, o->arguments[0], e);
        if (r < 0)
                return r;

        if (write_document(&ex->b, ex->provider, NULL) < 0 || specs_locate_files(ex->c.estate) < 0)
                return error_oom(e);

        return 0;
}

/* Looks at the one provider: no other one's secret is needed. */
static int look(struct exporting *ex, struct error *e)
{
        const struct estate *estate = ex->c.estate;

        ex->part = *estate;
        ex->part.n_resources = 0;
        ex->part.resources = calloc(estate->n_resources, sizeof(*ex->part.resources));
        if (!ex->part.resources)
                return error_oom(e);

        for (size_t i = 0; i < estate->n_resources; i++) {
                struct resource *r = estate->resources[i];

                if (resource_provider(r) == ex->provider || r == estate->policy)
                        ex->part.resources[ex->part.n_resources++] = r;
        }

        ex->looking = (struct context){ .options = ex->c.options, .estate = &ex->part, .ledger = ex->c.ledger };
        return look_once(&ex->looking, NULL, e);
}

static int write_sets(struct exporting *ex, struct error *e)
{
        struct account_view view;
        struct export_input in = {
                .estate = ex->c.estate,
                .provider = ex->provider,
                .codec = specs_codec(ex->provider->provider->type),
                .ledger = ex->c.ledger,
        };

        engine_account(runner_engine(ex->looking.runner), 0, &view);
        if (!view.readable || !view.machines)
                return error_set(e, -EHOSTUNREACH, "%s cannot be read: %s", ex->provider->name, view.why);

        in.machines = view.machines;
        return export_machine_sets(&in, &ex->b, e);
}

static int run(const struct options *o)
{
        _cleanup_(exporting_done) struct exporting ex = { .b = BUF_INIT(OUTPUT_MAX) };
        struct error e;
        int r;

        r = context_init(&ex.c, o, &e);
        if (r >= 0)
                r = read_specs(&ex, &e);
        if (r >= 0)
                r = context_read_ledger(&ex.c, &e);
        if (r >= 0)
                r = look(&ex, &e);
        if (r >= 0)
                r = write_sets(&ex, &e);
        if (r < 0)
                return command_failed(&e);

        return output_text(&ex.b, EXIT_DONE);
}

const struct command command_export = {
        .name = "export",
        .arguments = "PROVIDER",
        .summary = "print specs (YAML) for what a provider has",
        .text = "Asks the provider what is there, and prints its Provider as the specs have it, a MachineSet for each set "
                "of ours, and one for each group of other machines that are alike, with an 'adopt' that would take "
                "them. What the provider does not tell is written as FIXME; 'muster validate' names each. Nothing is "
                "changed anywhere.",
        .examples = "  muster export star -f specs/ > star.yaml\n"
                    "  muster validate star.yaml                   # names what is still to be written\n"
                    "  muster plan star.yaml                       # shows what would be adopted\n",
        .exits = "  0  printed\n"
                 "  1  the specs or the ledger are not usable, or the provider cannot be read\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_SAVE_SNAPSHOT),
        .least = 1,
        .most = 1,
        .run = run,
};
