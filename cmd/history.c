/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cmd/calls.h"
#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "reconcile/base/text.h"

/* What a person reads on a terminal; whatever goes to a pipe or a file is whole. */
#define SHOWN_MAX 100

struct history {
        struct context c;
        const char *resource, *slot, *account; /* NULL: any */
        struct table table;
        json_t *list;
        size_t n;
        bool cut;
};

static void history_done(struct history *h)
{
        table_done(&h->table);
        json_decref(h->list);
        context_done(&h->c);
}

/* What was and is no more has a history as well: where the ledger's things do not know a name, its calls may. */
static int find_name(struct history *h, const char *typed, struct error *e)
{
        _cleanup_names_ struct names names = { 0 };
        int r;

        r = names_add_ledger(&names, h->c.ledger, e);
        if (r < 0)
                return r;

        r = names_find(&names, typed, &h->resource, &h->slot, e);
        if (r != -ENOENT)
                return r;

        r = names_add_history(&names, h->c.ledger, e);
        return r < 0 ? r : names_find(&names, typed, &h->resource, &h->slot, e);
}

static int find(struct history *h, const char *typed, struct error *e)
{
        int r;

        r = find_name(h, typed, e);
        if (r < 0)
                return r;

        if (text_starts(h->resource, "Provider/"))
                h->account = strchr(h->resource, '/') + 1;
        if (h->account || h->slot)
                h->resource = NULL; /* a machine's name is its own, also from the time before its set was renamed */
        return 0;
}

static int on_call(void *userdata, const struct history_row *row)
{
        struct history *h = userdata;

        if (h->account && !text_equal(row->account, h->account))
                return 0;

        h->n++;
        if (h->list)
                return json_array_append_new(h->list, call_json(row)) < 0 ? -ENOMEM : 0;
        if (h->cut && h->n > SHOWN_MAX)
                return 0;

        return calls_add(&h->table, row);
}

static int print_json(const struct history *h)
{
        _cleanup_json_ json_t *whole = json_pack("{s:s, s:O}", "format", "muster.history/v1", "calls", h->list);

        return output_json(whole, EXIT_DONE);
}

static int print_text(const struct history *h)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        if (h->n == 0)
                (void)buf_adds(&b, "No call was ever made.\n");
        else
                (void)table_print(&h->table, &b);
        if (h->cut && h->n > SHOWN_MAX)
                (void)buf_addf(&b,
                               "\nThe newest %d. 'muster history | less' shows all, 'muster history RESOURCE' those "
                               "of one thing.\n",
                               SHOWN_MAX);

        return output_text(&b, EXIT_DONE);
}

static int take(struct history *h, struct error *e)
{
        const struct options *o = h->c.options;
        int r;

        r = context_require_ledger(&h->c, e);
        if (r >= 0)
                r = context_open_ledger(&h->c, LEDGER_READ, e);
        if (r >= 0 && o->n_arguments > 0)
                r = find(h, o->arguments[0], e);
        if (r < 0)
                return r;

        if (o->output == OUTPUT_JSON)
                h->list = json_array();
        else
                h->cut = isatty(STDOUT_FILENO);
        if ((o->output == OUTPUT_JSON && !h->list) || calls_add_headings(&h->table) < 0)
                return error_oom(e);

        /* One more than is shown tells that there are more. */
        r = ledger_history(h->c.ledger, h->resource, h->slot, h->cut && !h->account ? SHOWN_MAX + 1 : SIZE_MAX, on_call,
                           h, e);
        return r == -ENOMEM ? error_oom(e) : r;
}

static int run(const struct options *o)
{
        _cleanup_(history_done) struct history h = { .table = { .n_columns = CALLS_COLUMNS } };
        struct error e;
        int r;

        if (o->n_arguments > 0 && names_check(o->arguments[0], &e) < 0)
                return command_usage(o->command, &e);

        r = context_init(&h.c, o, &e);
        if (r >= 0)
                r = take(&h, &e);
        if (r < 0)
                return command_failed(&e);

        return o->output == OUTPUT_JSON ? print_json(&h) : print_text(&h);
}

const struct command command_history = {
        .name = "history",
        .arguments = "[RESOURCE]",
        .summary = "show every action ever taken, newest first",
        .text = "Prints the calls that were sent to providers, or were about to be, as the ledger has them: when, for "
                "which machine, what, how it ended, the machine's id, the request, and the provider's words. Of a name, "
                "those of that machine or resource, also when it is gone. A terminal gets the newest 100, a pipe or a "
                "file all. The ledger keeps the last 100,000.",
        .examples = "  muster history\n"
                    "  muster history web-3\n"
                    "  muster history MachineSet/web | grep delete\n"
                    "  muster history -o json | jq -r '.calls[] | select(.outcome == \"refused\") | .words'\n",
        .exits = "  0  printed\n"
                 "  1  there is no ledger, or nothing of that name was ever in it\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_OUTPUT),
        .most = 1,
        .run = run,
};
