/* SPDX-License-Identifier: MIT */
#include "cmd/man.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/help.h"
#include "cmd/options.h"
#include "reconcile/base/text.h"

#define COMMANDS_MAX 64
#define PAGE_MAX ((size_t)1 << 17)
#define SOURCE_COLUMNS 70
#define INDENT 2 /* of the examples in the tables */

/* What stands outside the tables: variables that are no option's. */
static const struct {
        const char *name, *text;
} variables[] = {
        { "STATE_DIRECTORY", "set by systemd; the ledger is in this folder unless --state names another" },
        { "XDG_STATE_HOME", "where there is no STATE_DIRECTORY: the ledger is in its folder muster" },
        { "CREDENTIALS_DIRECTORY", "set by systemd; a tokenFile whose path is not absolute is looked for here" },
        { "MUSTER_SNAPSHOT_TOKEN",
          "the bearer token of an agent's endpoint: an agent with --listen requires it, and plan "
          "with --snapshot of a URL sends it" },
};

static const struct {
        const char *path, *text;
} files[] = {
        { "~/.local/state/muster/muster.db",
          "the ledger, when neither --state nor the environment names another place. It holds what muster owns and "
          "every call that it made, and no secret. Keep it: without it, muster does not know what is its own." },
        { "muster.db.lock", "beside the ledger: held by whoever acts, an agent or an apply" },
};

/* One character as mdoc takes it, so that it can be copied from the page as it was. */
static void add_character(struct buf *b, char c)
{
        switch (c) {
        case '\\':
                (void)buf_adds(b, "\\e");
                break;
        case '-':
                (void)buf_adds(b, "\\-");
                break;
        case '\'':
                (void)buf_adds(b, "\\(aq");
                break;
        case '`':
                (void)buf_adds(b, "\\(ga");
                break;
        case '~':
                (void)buf_adds(b, "\\(ti");
                break;
        case '^':
                (void)buf_adds(b, "\\(ha");
                break;
        case '"':
                (void)buf_adds(b, "\\(dq");
                break;
        default:
                (void)buf_addc(b, c);
        }
}

static void add_text(struct buf *b, const char *s, size_t n)
{
        if (n > 0 && *s == '.')
                (void)buf_adds(b, "\\&"); /* else a line that begins so would be a macro */
        for (size_t i = 0; i < n; i++)
                add_character(b, s[i]);
}

/* A path or a variable is not to be hyphenated. */
static void add_word(struct buf *b, const char *s, size_t n)
{
        if (memchr(s, '/', n) || memchr(s, '_', n))
                (void)buf_adds(b, "\\%");
        add_text(b, s, n);
}

/* Text as lines of the source: none is long, and a sentence begins a new one, which is how troff knows it. */
static void add_prose(struct buf *b, const char *s)
{
        size_t line = b->len;

        while (*s) {
                size_t n = strcspn(s, " \n"), blanks = strspn(s + n, " \n");
                bool sentence = n > 0 && s[n - 1] == '.';

                if (b->len > line)
                        (void)buf_addc(b, ' ');
                add_word(b, s, n);
                if (memchr(s + n, '\n', blanks))
                        (void)buf_adds(b, "\n.Pp");
                s += n + blanks;
                if (*s == '\0' || sentence || b->len - line + strcspn(s, " \n") > SOURCE_COLUMNS) {
                        (void)buf_addc(b, '\n');
                        line = b->len;
                }
        }
}

static void add_head(struct buf *b, const struct command *command, const char *summary)
{
        (void)buf_adds(b, ".Dd " MUSTER_RELEASED "\n.Dt MUSTER");
        for (const char *c = command ? command->name : ""; *c; c++) {
                (void)buf_adds(b, c == command->name ? "-" : "");
                (void)buf_addc(b, (char)toupper((unsigned char)*c));
        }
        (void)buf_adds(b, " 1\n.Os \"muster " MUSTER_VERSION "\"\n.Sh NAME\n");
        (void)buf_addf(b, ".Nm muster%s%s\n.Nd ", command ? "-" : "", command ? command->name : "");
        add_text(b, summary, strlen(summary));
        (void)buf_addc(b, '\n');
}

/* "RESOURCE [ID]": an operand for each word. */
static void add_operands(struct buf *b, const char *arguments)
{
        while (*arguments) {
                size_t n = strcspn(arguments, " ");
                bool optional = *arguments == '[';

                (void)buf_adds(b, optional ? ".Op Ar " : ".Ar ");
                add_text(b, arguments + optional, n - 2 * (size_t)optional);
                (void)buf_addc(b, '\n');
                arguments += n;
                arguments += strspn(arguments, " ");
        }
}

static void add_options(struct buf *b, const struct command *command, uint32_t taken)
{
        (void)buf_adds(b, ".Sh OPTIONS\n.Bl -tag -width Ds\n");
        for (enum option i = 0; i < OPTIONS; i++) {
                const struct option_help *o = &option_help[i];
                _cleanup_buf_ struct buf words = BUF_INIT(PAGE_MAX);

                if (!(taken & TAKES(i)))
                        continue;
                (void)buf_adds(b, ".It ");
                if (o->letter)
                        (void)buf_addf(b, "Fl %c , ", o->letter);
                (void)buf_adds(b, "Fl \\-");
                add_text(b, o->name, strlen(o->name));
                if (o->value)
                        (void)buf_addf(b, " Ar %s", o->value);
                (void)buf_addc(b, '\n');
                help_option(command, i, &words);
                add_prose(b, buf_text(&words));
        }
        (void)buf_adds(b, ".El\n");
}

static void add_variables(struct buf *b, uint32_t taken, bool all)
{
        bool any = all;

        for (enum option i = 0; i < OPTIONS; i++)
                any |= (taken & TAKES(i)) != 0 && option_help[i].environment;
        if (!any)
                return;

        (void)buf_adds(b, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n");
        for (enum option i = 0; i < OPTIONS; i++) {
                const struct option_help *o = &option_help[i];

                if (!(taken & TAKES(i)) || !o->environment)
                        continue;
                (void)buf_addf(b, ".It Ev %s\n", o->environment);
                (void)buf_adds(b, i == OPTION_COLOR ? "when it is not empty, there are no colours, unless\n.Fl \\-"
                                                    : "stands in for\n.Fl \\-");
                add_text(b, o->name, strlen(o->name));
                (void)buf_adds(b, i == OPTION_COLOR ? "\nis given\n" : "\nwhere that is not given\n");
        }
        for (size_t i = 0; all && i < ARRAY_SIZE(variables); i++) {
                (void)buf_addf(b, ".It Ev %s\n", variables[i].name);
                add_prose(b, variables[i].text);
        }
        (void)buf_adds(b, ".El\n");
}

static void add_files(struct buf *b)
{
        (void)buf_adds(b, ".Sh FILES\n.Bl -tag -width Ds\n");
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                (void)buf_adds(b, ".It Pa ");
                add_text(b, files[i].path, strlen(files[i].path));
                (void)buf_addc(b, '\n');
                add_prose(b, files[i].text);
        }
        (void)buf_adds(b, ".El\n");
}

static void add_exits(struct buf *b, const char *table)
{
        for (;;) {
                _cleanup_buf_ struct buf words = BUF_INIT(PAGE_MAX);
                int code = help_next_exit(&table, &words);

                if (code < 0)
                        return;
                (void)buf_addf(b, ".It %d\n", code);
                add_prose(b, buf_text(&words));
        }
}

static void add_exit_status(struct buf *b, const char *table, const char *more)
{
        (void)buf_adds(b, ".Sh EXIT STATUS\n.Bl -tag -width Ds\n");
        add_exits(b, table);
        add_exits(b, more);
        (void)buf_adds(b, ".El\n");
}

static void add_examples(struct buf *b, const char *lines)
{
        (void)buf_adds(b, ".Sh EXAMPLES\n.Bd -literal\n");
        while (*lines) {
                const char *line = lines + strspn(lines, " ");
                size_t n = strcspn(line, "\n");

                if (line - lines > INDENT)
                        (void)buf_addf(b, "%*s", (int)(line - lines) - INDENT, "");
                add_text(b, line, n);
                (void)buf_addc(b, '\n');
                lines = line + n + (line[n] == '\n');
        }
        (void)buf_adds(b, ".Ed\n");
}

static void add_command_page(struct buf *b, const struct command *command)
{
        add_head(b, command, command->summary);
        (void)buf_addf(b, ".Sh SYNOPSIS\n.Nm muster\n.Cm %s\n", command->name);
        add_operands(b, command->arguments);
        (void)buf_adds(b, ".Op Ar OPTIONS\n.Sh DESCRIPTION\n");
        add_prose(b, command->text);
        if (strstr(command->arguments, "RESOURCE")) {
                (void)buf_adds(b, ".Pp\n");
                add_prose(b, help_resource);
        }
        add_options(b, command, command->options | TAKEN_BY_ALL);
        add_variables(b, command->options | TAKEN_BY_ALL, false);
        add_exit_status(b, command->exits, help_exit_usage);
        add_examples(b, command->examples);
        (void)buf_adds(b, ".Sh SEE ALSO\n.Xr muster 1\n");
}

static void add_commands(struct buf *b)
{
        (void)buf_adds(b, ".Sh COMMANDS\n.Bl -tag -width Ds\n");
        for (size_t i = 0; commands[i]; i++) {
                (void)buf_addf(b, ".It Cm %s", commands[i]->name);
                if (*commands[i]->arguments) {
                        (void)buf_adds(b, " Ar ");
                        add_text(b, commands[i]->arguments, strlen(commands[i]->arguments));
                }
                (void)buf_addc(b, '\n');
                add_prose(b, commands[i]->summary);
        }
        (void)buf_adds(b, ".El\n.Pp\n");
        add_prose(b, help_resource);
}

static int compare_commands(const void *a, const void *b)
{
        const struct command *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

static void add_see_also(struct buf *b)
{
        const struct command *sorted[COMMANDS_MAX] = { 0 };
        size_t n = 0;

        for (; n < COMMANDS_MAX && commands[n]; n++)
                sorted[n] = commands[n];
        qsort(sorted, n, sizeof(*sorted), compare_commands);

        (void)buf_adds(b, ".Sh SEE ALSO\n");
        for (size_t i = 0; i < n; i++)
                (void)buf_addf(b, ".Xr muster-%s 1%s\n", sorted[i]->name, i + 1 < n ? " ," : "");
}

static void add_overview(struct buf *b)
{
        add_head(b, NULL, "keep the machines on your clouds as files say");
        (void)buf_adds(b, ".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar ARGUMENTS\n.Op Ar OPTIONS\n.Sh DESCRIPTION\n");
        add_prose(b, help_about);
        (void)buf_adds(b, ".Pp\n");
        add_prose(b, "Each command has a page of its own, with its options and with examples.");
        add_commands(b);
        add_variables(b, UINT32_MAX, true);
        add_files(b);
        add_exit_status(b, help_exits, "");
        add_examples(b, help_first_run);
        add_see_also(b);
}

void man_page(const struct command *command, struct buf *b)
{
        if (command)
                add_command_page(b, command);
        else
                add_overview(b);
}

/* Whole, or with the words why not. */
static int write_page(const char *folder, const struct command *command, struct error *e)
{
        _cleanup_buf_ struct buf page = BUF_INIT(PAGE_MAX), path = BUF_INIT(4096);
        FILE *file;
        int r;

        man_page(command, &page);
        (void)buf_addf(&path, "%s/muster%s%s.1", folder, command ? "-" : "", command ? command->name : "");
        if (page.failed < 0 || path.failed < 0)
                return error_set(e, page.failed < 0 ? page.failed : path.failed, "%s: too long", folder);

        file = fopen(buf_text(&path), "we");
        if (!file)
                return error_errno(e, "%s cannot be written", buf_text(&path));
        r = fwrite(page.data, 1, page.len, file) == page.len ? 0 : -errno;
        if (fclose(file) != 0 && r >= 0)
                r = -errno;

        return r < 0 ? error_set(e, r, "%s cannot be written: %s", buf_text(&path), strerror(-r)) : 0;
}

int man_write(const char *folder, struct error *e)
{
        int r;

        if (mkdir(folder, 0777) < 0 && errno != EEXIST)
                return error_errno(e, "the folder %s cannot be made", folder);

        r = write_page(folder, NULL, e);
        for (size_t i = 0; r >= 0 && commands[i]; i++)
                r = write_page(folder, commands[i], e);

        return r;
}
