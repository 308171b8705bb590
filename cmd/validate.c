/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/specs.h"
#include "reconcile/base/json.h"
#include "reconcile/base/log.h"

static json_t *diagnostic_json(const struct diagnostic *d)
{
        return json_pack("{s:o, s:I, s:I, s:s, s:o}", "file", json_any_text(d->position.file), "line",
                         (json_int_t)d->position.line, "column", (json_int_t)d->position.column, "severity",
                         d->severity == SEVERITY_ERROR ? "error" : "warning", "message", json_any_text(d->message));
}

static json_t *diagnostics_json(const struct diagnostics *d)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < d->n; i++)
                if (json_array_append_new(list, diagnostic_json(&d->items[i])) < 0)
                        return NULL;

        return json_pack("{s:s, s:I, s:I, s:o}", "format", "muster.validate/v1", "errors", (json_int_t)d->errors,
                         "warnings", (json_int_t)(d->n - d->errors), "diagnostics", STEAL(list));
}

/* A part of a workflow command of GitHub: `reserved` are the characters that would end it. */
static void add_github_part(struct buf *b, const char *s, const char *reserved)
{
        for (; *s; s++)
                if (strchr(reserved, *s))
                        (void)buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
                else
                        (void)buf_addc(b, *s);
}

/* A line for each, which GitHub shows at the line of the file in a pull request. */
static int print_github(const struct diagnostics *d, int code)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        for (size_t i = 0; i < d->n; i++) {
                const struct diagnostic *item = &d->items[i];
                const struct position *at = &item->position;

                (void)buf_addf(&b, "::%s file=", item->severity == SEVERITY_ERROR ? "error" : "warning");
                add_github_part(&b, at->file, "%\r\n:,");
                if (at->line > 0)
                        (void)buf_addf(&b, ",line=%" PRIu32 ",col=%" PRIu32, at->line, at->column);
                (void)buf_adds(&b, "::");
                add_github_part(&b, item->message, "%\r\n");
                (void)buf_addc(&b, '\n');
        }

        return output_text(&b, code);
}

/* How many different files the resources stand in: a file's name is one string of the pool. */
static int count_files(const struct estate *estate, size_t *ret)
{
        _cleanup_strmap_ struct strmap files = { 0 };

        for (size_t i = 0; i < estate->n_resources; i++)
                if (strmap_set(&files, estate->resources[i]->position.file, estate->resources[i]) < 0)
                        return -ENOMEM;

        *ret = files.count;
        return 0;
}

static int print_success(const struct estate *estate)
{
        _cleanup_buf_ struct buf b = BUF_INIT(256);
        size_t n_files;

        if (count_files(estate, &n_files) < 0) {
                struct error e;

                (void)error_oom(&e);
                return command_failed(&e);
        }

        (void)buf_addf(&b, "OK: %zu resource%s in %zu file%s.\n", estate->n_resources,
                       estate->n_resources == 1 ? "" : "s", n_files, n_files == 1 ? "" : "s");
        return output_text(&b, EXIT_DONE);
}

static int run(const struct options *o)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct error e;
        int r;

        r = specs_read(o, &estate, &d);
        if (r == -ENOMEM) {
                (void)error_oom(&e);
                return command_failed(&e);
        }

        if (o->output == OUTPUT_JSON) {
                _cleanup_json_ json_t *json = diagnostics_json(&d);

                return output_json(json, r < 0 ? EXIT_ERROR : EXIT_DONE);
        }

        if (o->output == OUTPUT_GITHUB)
                return print_github(&d, r < 0 ? EXIT_ERROR : EXIT_DONE);

        specs_tell(&d);
        if (r < 0) {
                (void)error_set(&e, r, "the specs hold %zu error%s", d.errors, d.errors == 1 ? "" : "s");
                return command_failed(&e);
        }
        return print_success(estate);
}

const struct command command_validate = {
        .name = "validate",
        .arguments = "[PATH...]",
        .summary = "check specs; no network, no state, no secret needed",
        .text = "Reads the specs under PATH and reports every mistake in one run, each with its file, line and column "
                "and with what to write instead. Nothing outside the files is asked. '-o github' writes them as GitHub "
                "Actions takes them, so that each is shown at its line of a pull request.",
        .examples = "  muster validate specs/\n"
                    "  kustomize build . | muster validate -\n"
                    "  muster validate -o github specs/            # in a workflow of GitHub Actions\n"
                    "  muster validate -o json specs/ | jq '.diagnostics[].message'\n",
        .exits = "  0  the specs are in order\n"
                 "  1  there is at least one error\n",
        .options = TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT),
        .formats = FORMAT(OUTPUT_GITHUB),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
