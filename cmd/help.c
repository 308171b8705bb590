/* SPDX-License-Identifier: MIT */
#include "cmd/help.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/man.h"
#include "cmd/output.h"

#define HELP_MAX ((size_t)1 << 16)
#define WIDTH 80
#define OPTION_COLUMN 28
#define COMMAND_COLUMN 34
#define EXIT_COLUMN 6
#define INDENT 2 /* of a line in the tables of exit codes that begins a code */

const char help_about[] =
        "muster reads YAML files that say which machines should exist, asks each provider which do, and creates, "
        "changes and deletes until the two agree: once (apply), as a dry run (plan), or for good (agent). What it made "
        "or adopted is kept in a file, the ledger; it never touches anything else.";

const char help_resource[] =
        "RESOURCE is KIND/NAME (MachineSet/web), a machine's name (web-3), or a name that only one resource has (web).";

const char help_first_run[] = "  muster validate specs/      # are the files in order?\n"
                              "  muster plan specs/          # what would happen?\n"
                              "  muster init specs/          # make the ledger\n"
                              "  muster apply specs/         # make it so, once\n"
                              "  muster agent specs/         # keep it so\n";

const char help_exits[] = "  0  done; plan: even if there are changes\n"
                          "  1  an error, and nothing was changed\n"
                          "  2  plan --detailed-exitcode: there are changes\n"
                          "  3  apply: not converged; the state is consistent, run it again\n"
                          "  64  wrong usage\n";
const char help_exit_usage[] = "  64  wrong usage\n";

/* Adds the words of `s` in lines of at most WIDTH characters, each from `column` on. The line that began at `line` is
 * there already. */
static void add_wrapped(struct buf *b, const char *s, size_t column, size_t line)
{
        while (*s) {
                size_t word = strcspn(s, " \n");
                bool paragraph = false;

                if (b->len - line > column && b->len - line + 1 + word > WIDTH) {
                        (void)buf_addc(b, '\n');
                        line = b->len;
                }
                if (b->len - line < column)
                        (void)buf_pad(b, column, line);
                else if (b->len - line > column)
                        (void)buf_addc(b, ' ');
                (void)buf_add(b, s, word);
                for (s += word; *s == ' ' || *s == '\n'; s++)
                        paragraph |= *s == '\n';
                if (paragraph) {
                        (void)buf_adds(b, "\n\n");
                        line = b->len;
                }
        }
        (void)buf_addc(b, '\n');
}

void help_option(const struct command *command, enum option option, struct buf *b)
{
        (void)buf_adds(b, option_help[option].help);
        if (option == OPTION_OUTPUT) {
                (void)buf_adds(b, ": ");
                formats_text(command->formats | FORMATS_USUAL, b);
        }
}

static void add_option(struct buf *b, const struct command *command, enum option option)
{
        const struct option_help *o = &option_help[option];
        _cleanup_buf_ struct buf words = BUF_INIT(HELP_MAX);
        size_t line = b->len;

        if (o->letter)
                (void)buf_addf(b, "  -%c, --%s", o->letter, o->name);
        else
                (void)buf_addf(b, "      --%s", o->name);
        if (o->value)
                (void)buf_addf(b, " %s", o->value);
        (void)buf_adds(b, "  ");
        help_option(command, option, &words);
        if (o->environment)
                (void)buf_addf(&words, " [environment: %s]", o->environment);
        add_wrapped(b, buf_text(&words), OPTION_COLUMN, line);
}

static void add_options(struct buf *b, const struct command *command)
{
        (void)buf_adds(b, "\nOptions:\n");
        for (enum option i = 0; i < OPTIONS; i++)
                if ((command->options | TAKEN_BY_ALL) & TAKES(i))
                        add_option(b, command, i);
}

int help_next_exit(const char **table, struct buf *words)
{
        const char *line = *table;
        char *end;
        long code = strtol(line, &end, 10);

        if (end == line)
                return -ENOENT;

        line = end;
        do {
                size_t n;

                line += strspn(line, " ");
                n = strcspn(line, "\n");
                if (words->len > 0)
                        (void)buf_addc(words, ' ');
                (void)buf_add(words, line, n);
                line += n + (line[n] == '\n');
        } while (strspn(line, " ") > INDENT);
        *table = line;

        return (int)code;
}

static void add_exits(struct buf *b, const char *table)
{
        for (;;) {
                _cleanup_buf_ struct buf words = BUF_INIT(HELP_MAX);
                size_t line = b->len;
                int code = help_next_exit(&table, &words);

                if (code < 0)
                        return;
                (void)buf_addf(b, "  %d", code);
                add_wrapped(b, buf_text(&words), EXIT_COLUMN, line);
        }
}

static void add_command_help(struct buf *b, const struct command *command)
{
        (void)buf_addf(b, "Usage: muster %s%s%s [OPTIONS]\n\n", command->name, *command->arguments ? " " : "",
                       command->arguments);
        add_wrapped(b, command->text, 0, b->len);
        if (strstr(command->arguments, "RESOURCE")) {
                (void)buf_addc(b, '\n');
                add_wrapped(b, help_resource, 0, b->len);
        }
        (void)buf_addf(b, "\nExamples:\n%s", command->examples);
        add_options(b, command);
        (void)buf_adds(b, "\nExit codes:\n");
        add_exits(b, command->exits);
        add_exits(b, help_exit_usage);
}

static void add_overview(struct buf *b)
{
        (void)buf_adds(b, "Usage: muster COMMAND [ARGUMENTS] [OPTIONS]\n\n");
        add_wrapped(b, help_about, 0, b->len);
        (void)buf_adds(b, "\nCommands:\n");
        for (size_t i = 0; commands[i]; i++) {
                size_t line = b->len;

                (void)buf_addf(b, "  %s %s  ", commands[i]->name, commands[i]->arguments);
                add_wrapped(b, commands[i]->summary, COMMAND_COLUMN, line);
        }
        (void)buf_addf(b, "\nA first run:\n%s\n", help_first_run);
        add_wrapped(b, help_resource, 0, b->len);
        (void)buf_adds(b, "'muster help COMMAND' shows what a command takes, with examples.\n");
}

void help_text(const struct command *command, struct buf *b)
{
        if (command)
                add_command_help(b, command);
        else
                add_overview(b);
}

int help_print(const struct command *command)
{
        _cleanup_buf_ struct buf b = BUF_INIT(HELP_MAX);

        help_text(command, &b);
        return output_text(&b, EXIT_DONE);
}

static int run_help(const struct options *o)
{
        const struct command *command = NULL;
        struct error e;

        if (o->man)
                return man_write(o->man, &e) < 0 ? command_failed(&e) : EXIT_DONE;

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
        .text = "Shows the commands, or what one of them does and takes. With --man it writes the same as manual "
                "pages, muster.1 and one for each command, for 'man muster-plan' and its like where muster was not installed "
                "by a package.",
        .examples = "  muster help\n"
                    "  muster help apply\n"
                    "  muster apply --help                       # the same\n"
                    "  muster help --man ~/.local/share/man/man1\n",
        .exits = "  0  printed, or written\n"
                 "  1  the manual pages could not be written\n",
        .options = TAKES(OPTION_MAN),
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
