/* SPDX-License-Identifier: MIT */
#include "cmd/help.h"

#include <string.h>

#include "cmd/options.h"
#include "cmd/output.h"

#define HELP_MAX ((size_t)1 << 16)
#define WIDTH 96
#define OPTION_COLUMN 28
#define COMMAND_COLUMN 34

/* Adds the words of `s` in lines of at most WIDTH characters, each from `column` on. The first line is there
 * already. */
static void add_wrapped(struct buf *b, const char *s, size_t column, size_t line)
{
        while (*s) {
                size_t word = strcspn(s, " ");

                if (b->len - line > column && b->len - line + 1 + word > WIDTH) {
                        (void)buf_addc(b, '\n');
                        line = b->len;
                }
                if (b->len - line < column)
                        (void)buf_pad(b, column, line);
                else if (b->len - line > column)
                        (void)buf_addc(b, ' ');
                (void)buf_add(b, s, word);
                s += word;
                s += strspn(s, " ");
        }
        (void)buf_addc(b, '\n');
}

static void add_option(struct buf *b, const struct option_help *o)
{
        size_t line = b->len;

        if (o->letter)
                (void)buf_addf(b, "  -%c, --%s", o->letter, o->name);
        else
                (void)buf_addf(b, "      --%s", o->name);
        if (o->value)
                (void)buf_addf(b, " %s", o->value);
        (void)buf_adds(b, "  ");
        add_wrapped(b, o->help, OPTION_COLUMN, line);
        if (o->environment) {
                (void)buf_pad(b, OPTION_COLUMN, b->len);
                (void)buf_addf(b, "(environment: %s)\n", o->environment);
        }
}

static void add_options(struct buf *b, uint32_t taken)
{
        (void)buf_adds(b, "\nOptions:\n");
        for (enum option i = 0; i < OPTIONS; i++)
                if (taken & TAKES(i))
                        add_option(b, &option_help[i]);
}

static void add_command_help(struct buf *b, const struct command *command)
{
        (void)buf_addf(b, "Usage: muster %s%s%s [OPTIONS]\n\n", command->name, *command->arguments ? " " : "",
                       command->arguments);
        add_wrapped(b, command->text, 0, b->len);
        (void)buf_addf(b, "\nExamples:\n%s", command->examples);
        add_options(b, command->options | TAKEN_BY_ALL);
        (void)buf_addf(b, "\nExit codes:\n%s 64  wrong usage\n", command->exits);
}

static void add_overview(struct buf *b)
{
        (void)buf_adds(b, "Usage: muster COMMAND [ARGUMENTS] [OPTIONS]\n\n");
        add_wrapped(b,
                    "muster reads YAML files that say which machines should exist, asks each provider which do, and "
                    "creates, changes and deletes until the two agree.",
                    0, b->len);
        (void)buf_adds(b, "\nCommands:\n");
        for (size_t i = 0; commands[i]; i++) {
                size_t line = b->len;

                (void)buf_addf(b, "  %s %s  ", commands[i]->name, commands[i]->arguments);
                add_wrapped(b, commands[i]->summary, COMMAND_COLUMN, line);
        }
        (void)buf_adds(b, "\nA first run:\n"
                          "  muster validate specs/      # are the files in order?\n"
                          "  muster plan specs/          # what would happen?\n"
                          "  muster init specs/          # make the ledger\n"
                          "  muster apply specs/         # make it so, once\n"
                          "  muster agent specs/         # keep it so\n"
                          "\nRESOURCE is KIND/NAME (MachineSet/web), a machine's name (web-3), or a name that only one "
                          "resource has.\n"
                          "'muster help COMMAND' shows what a command takes, with examples.\n");
}

int help_print(const struct command *command)
{
        _cleanup_buf_ struct buf b = BUF_INIT(HELP_MAX);

        if (command)
                add_command_help(&b, command);
        else
                add_overview(&b);

        return output_text(&b, EXIT_DONE);
}

static int run_help(const struct options *o)
{
        const struct command *command = NULL;
        struct error e;

        if (o->n_arguments > 0) {
                command = command_find(o->arguments[0]);
                if (!command) {
                        (void)command_unknown(o->arguments[0], &e);
                        return command_usage(NULL, &e);
                }
        }

        return help_print(command);
}

const struct command command_help = {
        .name = "help",
        .arguments = "[COMMAND]",
        .summary = "show what a command does, with examples",
        .text = "Shows the commands, or what one of them does and takes.",
        .examples = "  muster help\n"
                    "  muster help apply\n",
        .exits = "  0  printed\n",
        .most = 1,
        .run = run_help,
};

static int run_version(_unused_ const struct options *o)
{
        _cleanup_buf_ struct buf b = BUF_INIT(256);

        (void)buf_adds(&b, "muster " MUSTER_VERSION "\n");
        return output_text(&b, EXIT_DONE);
}

const struct command command_version = {
        .name = "version",
        .arguments = "",
        .summary = "show the version",
        .text = "Shows the version of this program.",
        .examples = "  muster version\n",
        .exits = "  0  printed\n",
        .run = run_version,
};
