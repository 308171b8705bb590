/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "cmd/table.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"

struct machines {
        struct thing **items; /* sorted by resource and name */
        size_t n;
};

/* What muster knows of a machine outranks what its vendor last said of it. */
static const char *state_text(const struct thing *t)
{
        switch (t->state) {
        case THING_LEAVING:
                return "leaving";
        case THING_PARKED:
                return "parked";
        case THING_RELEASED:
                return "released";
        case THING_GONE:
                return "gone";
        case THING_OWNED:
                break;
        }

        return t->missing ? "missing" : condition_text(t->condition);
}

static int compare(const void *a, const void *b)
{
        const struct thing *x = *(struct thing *const *)a, *y = *(struct thing *const *)b;
        int r = text_natural_compare(x->resource, y->resource);

        if (r == 0)
                r = text_natural_compare(x->slot, y->slot);

        return r != 0 ? r : (x->seq > y->seq) - (x->seq < y->seq);
}

static int pick(const struct ledger *l, const char *resource, const char *slot, struct machines *ret, struct error *e)
{
        ret->items = calloc(l->n_things + 1, sizeof(*ret->items));
        if (!ret->items)
                return error_oom(e);

        for (size_t i = 0; i < l->n_things; i++) {
                struct thing *t = l->things[i];

                if ((!resource || text_equal(t->resource, resource)) && (!slot || text_equal(t->slot, slot)))
                        ret->items[ret->n++] = t;
        }
        qsort(ret->items, ret->n, sizeof(*ret->items), compare);

        return 0;
}

static json_t *machine_json(const struct thing *t)
{
        return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o}", "name", json_any_text(t->slot), "id",
                         json_any_text(*t->id ? t->id : NULL), "address",
                         json_any_text(*t->address ? t->address : NULL), "state", state_text(t), "resource",
                         json_any_text(t->resource), "provider", json_any_text(t->account));
}

static int print_json(const struct machines *m)
{
        _cleanup_json_ json_t *list = json_array(), *whole = NULL;

        for (size_t i = 0; i < m->n; i++)
                if (json_array_append_new(list, machine_json(m->items[i])) < 0)
                        return output_json(NULL, EXIT_ERROR);

        whole = json_pack("{s:s, s:O}", "format", "muster.list/v1", "machines", list);
        return output_json(whole, EXIT_DONE);
}

static const char *or_dash(const char *s)
{
        return *s ? s : "-";
}

static int print_text(const struct machines *m)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_table_ struct table t = { .n_columns = 6 };
        int r;

        r = table_add(&t, (const char *[]){ "NAME", "ID", "ADDRESS", "STATE", "RESOURCE", "PROVIDER" });
        for (size_t i = 0; r >= 0 && i < m->n; i++) {
                const struct thing *thing = m->items[i];

                r = table_add(&t, (const char *[]){ or_dash(thing->slot), or_dash(thing->id), or_dash(thing->address),
                                                    state_text(thing), thing->resource, thing->account });
        }

        (void)table_print(&t, &b);
        if (r < 0)
                b.failed = r;
        return output_text(&b, EXIT_DONE);
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        _cleanup_names_ struct names names = { 0 };
        _cleanup_free_ struct thing **items = NULL;
        const char *resource = NULL, *slot = NULL;
        struct machines m = { 0 };
        struct error e;
        int r;

        r = context_init(&c, o, &e);
        if (r >= 0)
                r = context_require_ledger(&c, &e);
        if (r >= 0)
                r = context_open_ledger(&c, LEDGER_READ, &e);
        if (r >= 0 && o->n_arguments > 0)
                r = names_add_ledger(&names, c.ledger, &e);
        if (r >= 0 && o->n_arguments > 0)
                r = names_find(&names, o->arguments[0], &resource, &slot, &e);
        if (r >= 0)
                r = pick(c.ledger, resource, slot, &m, &e);
        items = m.items;
        if (r == -EINVAL && o->n_arguments > 0 && !resource)
                return command_usage(o->command, &e);
        if (r < 0)
                return command_failed(&e);

        return o->output == OUTPUT_JSON ? print_json(&m) : print_text(&m);
}

const struct command command_list = {
        .name = "list",
        .arguments = "[RESOURCE]",
        .summary = "show our machines with id, address and state",
        .text = "Prints the machines that the ledger owns, as they were last seen. It asks no provider and may run at "
                "any time.",
        .examples = "  muster list\n"
                    "  muster list web\n"
                    "  muster list -o json MachineSet/web | jq -r '.machines[].address'\n",
        .exits = "  0  printed\n"
                 "  1  there is no ledger, or no such resource\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_OUTPUT),
        .most = 1,
        .run = run,
};
