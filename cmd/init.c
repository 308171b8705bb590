/* SPDX-License-Identifier: MIT */
#include "cmd/init.h"

#include <errno.h>
#include <string.h>

#include "cmd/ask.h"
#include "cmd/command.h"
#include "cmd/look.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

#define SHOWN_MAX 50 /* machines of one set that are listed one by one */

/* Words of a command that a person may copy into a shell. */
static void add_quoted(struct buf *b, const char *s)
{
        static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,";
        bool quote = s[strspn(s, harmless)] != '\0' || *s == '\0';

        (void)buf_adds(b, quote ? " '" : " ");
        for (; *s; s++)
                if (*s == '\'')
                        (void)buf_adds(b, "'\\''");
                else
                        (void)buf_addc(b, *s);
        (void)buf_adds(b, quote ? "'" : "");
}

/* The options that this run was given, so that the command that is shown finds the same ledger and specs. */
static void add_where(struct buf *b, const struct options *o)
{
        if (o->given & TAKES(OPTION_STATE)) {
                (void)buf_adds(b, " --state");
                add_quoted(b, o->state);
        }
        for (size_t i = 0; i < o->n_specs && (o->n_arguments > 0 || o->given & TAKES(OPTION_SPECS)); i++) {
                (void)buf_adds(b, " -f");
                add_quoted(b, o->specs[i]);
        }
}

/* Is this a machine that the set would have made, by its name? */
static bool looks_like(const struct row *row, const struct resource *set)
{
        size_t n = slot_set_length(row->name);

        return n == strlen(set->name) && memcmp(row->name, set->name, n) == 0;
}

struct likeness {
        size_t n;    /* machines that look like those of the set */
        bool unique; /* no two of them have the same name */
};

static int count_likeness(const struct observation *seen, const struct resource *set, struct likeness *ret)
{
        _cleanup_strmap_ struct strmap names = { 0 };

        *ret = (struct likeness){ .unique = true };
        for (size_t i = 0; i < seen->of[TYPE_MACHINE].n_rows; i++) {
                struct row *row = &seen->of[TYPE_MACHINE].rows[i];
                int r;

                if (!looks_like(row, set))
                        continue;
                ret->n++;
                r = strmap_put(&names, row->name, row);
                if (r == -ENOMEM)
                        return r;
                ret->unique &= r >= 0;
        }

        return 0;
}

/* By their names all at once, where each name is there once; else one by one, and the person picks. */
static void add_adopt_commands(struct buf *b, const struct context *c, const struct observation *seen,
                               const struct resource *set, const struct likeness *likeness)
{
        size_t shown = 0;

        if (likeness->unique) {
                (void)buf_addf(b, "    muster adopt MachineSet/%s", set->name);
                add_where(b, c->options);
                (void)buf_addc(b, '\n');
                return;
        }

        for (size_t i = 0; i < seen->of[TYPE_MACHINE].n_rows && shown < SHOWN_MAX; i++) {
                const struct row *row = &seen->of[TYPE_MACHINE].rows[i];

                if (!looks_like(row, set))
                        continue;
                (void)buf_addf(b, "    muster adopt %s", row->name);
                add_quoted(b, row->id);
                add_where(b, c->options);
                (void)buf_addc(b, '\n');
                shown++;
        }
}

static void add_lookalikes(struct buf *b, const struct observation *seen, const struct resource *set, size_t n)
{
        size_t shown = 0;

        (void)buf_addf(b, "  %zu look%s like MachineSet/%s:\n", n, n == 1 ? "s" : "", set->name);
        for (size_t i = 0; i < seen->of[TYPE_MACHINE].n_rows && shown < SHOWN_MAX; i++) {
                const struct row *row = &seen->of[TYPE_MACHINE].rows[i];

                if (!looks_like(row, set))
                        continue;
                (void)buf_adds(b, "    ");
                (void)text_escape(b, row->name, 64);
                (void)buf_adds(b, "  ");
                (void)text_escape(b, row->id, 128);
                (void)buf_addf(b, "  %s\n", condition_text(row->condition));
                shown++;
        }
        if (shown < n)
                (void)buf_addf(b, "    and %zu more\n", n - shown);
}

static int add_sets(struct buf *b, const struct context *c, const struct account_view *view)
{
        for (size_t i = 0; i < c->estate->n_resources; i++) {
                const struct resource *set = c->estate->resources[i];
                struct likeness likeness;

                if (set->kind != &kind_machine_set || resource_provider(set) != view->provider)
                        continue;
                if (count_likeness(view->machines, set, &likeness) < 0)
                        return -ENOMEM;
                if (likeness.n == 0)
                        continue;

                add_lookalikes(b, view->machines, set, likeness.n);
                (void)buf_adds(b, "  If they are yours, take them under management once the ledger is there:\n");
                add_adopt_commands(b, c, view->machines, set, &likeness);
        }

        return 0;
}

static int add_account(struct buf *b, const struct context *c, const struct account_view *view)
{
        size_t n;

        (void)buf_addf(b, "Provider/%s: ", view->provider->name);
        if (!view->readable || !view->machines) {
                (void)buf_adds(b, "cannot be read, and is not recorded: ");
                (void)text_escape(b, view->why, 500);
                return buf_addc(b, '\n');
        }

        n = view->machines->of[TYPE_MACHINE].n_rows;
        if (n == 0)
                return buf_adds(b, "no machine is there.\n");
        (void)buf_addf(b, "%zu machine%s there; %s recorded as not ours.\n", n, n == 1 ? " is" : "s are",
                       n == 1 ? "it is" : "they are");

        return add_sets(b, c, view);
}

/* Accounts that the ledger does not know yet. */
static bool is_new(const struct context *c, const struct account_view *view)
{
        return view->provider && !ledger_knows_account(c->ledger, view->provider->name);
}

struct survey {
        struct context looking; /* over an empty ledger, with the estate of the command */
        size_t n_new, n_unreadable;
};

static void survey_done(struct survey *s)
{
        s->looking.estate = NULL; /* the command's */
        context_done(&s->looking);
}

/* Looks at every account, as if nothing was ours. */
static int survey_look(struct survey *s, struct context *c, struct error *e)
{
        int r;

        s->looking = (struct context){ .options = c->options, .estate = c->estate };
        if (ledger_new_empty(&s->looking.ledger) < 0)
                return error_oom(e);
        r = look_once(&s->looking, NULL, e);
        if (r < 0)
                return r;

        for (size_t i = 0; i < engine_n_accounts(runner_engine(s->looking.runner)); i++) {
                struct account_view view;

                engine_account(runner_engine(s->looking.runner), i, &view);
                s->n_new += is_new(c, &view);
                s->n_unreadable += is_new(c, &view) && !(view.readable && view.machines);
        }

        return 0;
}

static int survey_print(const struct survey *s, const struct context *c, struct error *e)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        for (size_t i = 0; i < engine_n_accounts(runner_engine(s->looking.runner)); i++) {
                struct account_view view;

                engine_account(runner_engine(s->looking.runner), i, &view);
                if (is_new(c, &view) && add_account(&b, c, &view) < 0)
                        return error_oom(e);
        }

        if (output_text(&b, EXIT_DONE) != EXIT_DONE)
                return error_set(e, -EIO, "what is there could not be shown, so nothing was made");

        return 0;
}

/* Records what was read; the ledger is made now, when it is not there. */
static int record(const struct survey *s, struct context *c, bool exists, struct error *e)
{
        struct engine *engine = runner_engine(s->looking.runner);
        int r;

        r = exists ? 0 : context_open_ledger(c, LEDGER_CREATE, e);
        for (size_t i = 0; r >= 0 && i < engine_n_accounts(engine); i++) {
                struct account_view view;

                engine_account(engine, i, &view);
                if (!is_new(c, &view) || !view.readable || !view.machines)
                        continue;
                if (ledger_record_account(c->ledger, view.provider->name, view.provider->provider->type,
                                          view.provider->provider->endpoint, wall_now()) < 0)
                        return error_oom(e);
        }

        return r < 0 ? r : ledger_commit(c->ledger, e);
}

static bool agreed(const struct context *c, bool exists, struct error *e)
{
        const char *question = exists ? "Add the new accounts to the ledger?" : "Make the ledger?";

        if (c->options->yes)
                return true;
        if (!ask_possible()) {
                (void)error_set(e, -EPERM,
                                "there is no terminal to ask on: look at the above, and run it again with --yes");
                return false;
        }

        ask_show(question);
        if (ask_is_yes())
                return true;
        (void)error_set(e, -ECANCELED, "nothing was made, as you said");
        return false;
}

static int print_end(const struct survey *s, const struct context *c, bool exists)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        size_t n = s->n_new - s->n_unreadable;

        (void)buf_adds(&b, exists ? "Added to the ledger " : "Made the ledger ");
        (void)text_escape(&b, c->state, 1000);
        (void)buf_addf(&b, " of the estate \"%s\": %zu account%s.\n", c->estate->name, n, n == 1 ? "" : "s");
        return output_text(&b, s->n_unreadable > 0 ? EXIT_ERROR : EXIT_DONE);
}

static int print_nothing_new(const struct context *c)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        (void)buf_adds(&b, "Nothing is new: the ledger ");
        (void)text_escape(&b, c->state, 1000);
        (void)buf_adds(&b, " knows every account of these specs.\n");
        return output_text(&b, EXIT_DONE);
}

/* An existing ledger, or an empty one that stands in until there is one. */
static int open_or_stand_in(struct context *c, bool *ret_exists, struct error *e)
{
        int r;

        r = context_open_ledger(c, LEDGER_WRITE, e);
        *ret_exists = r >= 0;
        if (r != -ENOENT)
                return r;

        r = ledger_new_empty(&c->ledger);
        return r < 0 ? error_oom(e) : 0;
}

static bool knows_all(const struct context *c)
{
        for (size_t i = 0; i < c->estate->n_resources; i++)
                if (c->estate->resources[i]->kind == &kind_provider &&
                    !ledger_knows_account(c->ledger, c->estate->resources[i]->name))
                        return false;

        return true;
}

int init_ledger(struct context *c)
{
        _cleanup_(survey_done) struct survey s = { 0 };
        struct error e;
        bool exists;
        int r;

        r = open_or_stand_in(c, &exists, &e);
        if (r >= 0 && exists && knows_all(c))
                return print_nothing_new(c);
        if (r >= 0)
                r = survey_look(&s, c, &e);
        if (r >= 0)
                r = survey_print(&s, c, &e);
        if (r >= 0 && s.n_new > 0 && s.n_new == s.n_unreadable)
                r = error_set(&e, -EHOSTUNREACH, "no account could be read, so none was recorded");
        if (r >= 0 && !agreed(c, exists, &e))
                r = -ECANCELED;
        if (r >= 0)
                r = record(&s, c, exists, &e);
        if (r < 0)
                return command_failed(&e);

        return print_end(&s, c, exists);
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        struct error e;
        int r;

        r = context_init(&c, o, &e);
        if (r >= 0)
                r = context_read_specs(&c, &e);
        if (r >= 0)
                r = context_lock(&c, &e);
        if (r < 0)
                return command_failed(&e);

        return init_ledger(&c);
}

const struct command command_init = {
        .name = "init",
        .arguments = "[PATH...]",
        .summary = "make the ledger of this estate, or add new accounts to it",
        .text = "Looks at every provider of the specs, shows how many machines are there and which look like ours "
                "with the command that adopts them, asks, and makes the ledger. Machines that are there already are "
                "recorded as not ours: they are never changed. With a ledger that is there, providers that are new "
                "are added to it.",
        .examples = "  muster init specs/\n"
                    "  muster init --yes --state /var/lib/muster/muster.db specs/\n",
        .exits = "  0  made, or nothing was new\n"
                 "  1  the specs are wrong, a provider could not be read (the others are recorded), or the answer\n"
                 "     was no\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_YES),
        .most = SIZE_MAX,
        .paths = true,
        .run = run,
};
