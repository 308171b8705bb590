/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "cmd/table.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

struct status {
        struct status_row *rows; /* those that are asked for */
        size_t n;
        int64_t at; /* wall clock: when they were written; 0: never */
};

static json_t *row_json(const struct status_row *row)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "name", json_any_text(row->resource),
                         "provider", json_any_text(row->provider), "phase", json_any_text(row->phase), "reason",
                         json_any_text(*row->reason ? row->reason : NULL), "desired", (json_int_t)row->desired, "ready",
                         (json_int_t)row->ready, "message", json_any_text(row->message), "since",
                         json_any_time(row->since), "nextAttempt", json_any_time(row->next_attempt));
}

static int print_json(const struct status *s)
{
        _cleanup_json_ json_t *list = json_array(), *whole = NULL;

        for (size_t i = 0; i < s->n; i++)
                if (json_array_append_new(list, row_json(&s->rows[i])) < 0)
                        return output_json(NULL, EXIT_ERROR);

        whole = json_pack("{s:s, s:O}", "format", "muster.status/v1", "resources", list);
        return output_json(whole, EXIT_DONE);
}

static const char *ago(int64_t wall, char text[static UNITS_TEXT_MAX])
{
        int64_t now = wall_now();

        return wall == 0 ? "-" : duration_roughly(now > wall ? (usec_t)(now - wall) * USEC_PER_SEC : 0, text);
}

static int add_row(struct table *t, const struct status_row *row)
{
        char phase[64], ready[64], since[UNITS_TEXT_MAX];

        (void)snprintf(phase, sizeof(phase), "%s%s%s%s", row->phase, *row->reason ? " (" : "", row->reason,
                       *row->reason ? ")" : "");
        (void)snprintf(ready, sizeof(ready), "%" PRId64 "/%" PRId64, row->ready, row->desired);

        return table_add(t, (const char *[]){ row->resource, row->provider, phase, ready, ago(row->since, since),
                                              row->message });
}

static int print_text(const struct status *s)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_table_ struct table t = { .n_columns = 6 };
        char age[UNITS_TEXT_MAX];
        int r;

        r = table_add(&t, (const char *[]){ "RESOURCE", "PROVIDER", "PHASE", "READY", "SINCE", "MESSAGE" });
        for (size_t i = 0; r >= 0 && i < s->n; i++)
                r = add_row(&t, &s->rows[i]);

        if (s->at == 0) {
                (void)buf_adds(&b, "Nothing is known yet: 'muster apply' or 'muster agent' writes it down.\n");
        } else {
                (void)table_print(&t, &b);
                (void)buf_addf(&b, "\nAs of %s ago.\n", ago(s->at, age));
        }
        if (r < 0)
                b.failed = r;
        return output_text(&b, EXIT_DONE);
}

/* Keeps the rows of the resource that was named. */
static int filter(struct status *s, const char *name, struct error *e)
{
        _cleanup_names_ struct names names = { 0 };
        const char *resource;
        size_t kept = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->n; i++)
                r = names_add(&names, s->rows[i].resource, NULL, e);
        if (r >= 0)
                r = names_find_resource(&names, name, &resource, e);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n; i++)
                if (text_equal(s->rows[i].resource, resource))
                        s->rows[kept++] = s->rows[i];
        s->n = kept;

        return 0;
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        _cleanup_free_ struct status_row *rows = NULL;
        struct status s = { 0 };
        struct error e;
        int r;

        r = context_init(&c, o, &e);
        if (r >= 0 && o->given & TAKES(OPTION_SPECS))
                r = context_read_specs(&c, &e);
        if (r >= 0)
                r = context_require_ledger(&c, &e);
        if (r >= 0)
                r = context_open_ledger(&c, LEDGER_READ, &e);
        if (r >= 0)
                r = ledger_get_status(c.ledger, &rows, &s.n, &s.at, &e);
        s.rows = rows;
        if (r >= 0 && o->n_arguments > 0)
                r = filter(&s, o->arguments[0], &e);
        if (r < 0)
                return command_failed(&e);

        return o->output == OUTPUT_JSON ? print_json(&s) : print_text(&s);
}

const struct command command_status = {
        .name = "status",
        .arguments = "[RESOURCE]",
        .summary = "show what is known: converged, progressing, blocked, failed, and why",
        .text = "Prints what the agent or the last apply wrote into the ledger of each resource. It asks no provider "
                "and may run at any time, beside an agent too.",
        .examples = "  muster status\n"
                    "  muster status MachineSet/web\n"
                    "  muster status -o json | jq '.resources[] | select(.phase != \"converged\")'\n",
        .exits = "  0  printed\n"
                 "  1  there is no ledger, or no such resource\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT),
        .most = 1,
        .run = run,
};
