/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"

#include <errno.h>
#include <stdio.h>

#include "cmd/completion.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "reconcile/base/array.h"
#include "reconcile/base/buf.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"

const struct command *const commands[] = {
        &command_init,    &command_validate,    &command_plan,
        &command_apply,   &command_agent,       &command_status,
        &command_list,    &command_export,      &command_adopt,
        &command_forget,  &command_retry,       &command_pause,
        &command_resume,  &command_accept_loss, &command_history,
        &command_explain, &command_schema,      &command_completion,
        &command_version, &command_help,        NULL,
};

const struct command *command_find(const char *name)
{
        for (size_t i = 0; commands[i]; i++)
                if (text_equal(commands[i]->name, name))
                        return commands[i];

        return NULL;
}

int command_unknown(const char *name, struct error *e)
{
        const char *names[ARRAY_SIZE(commands)], *nearest;
        size_t n = 0;

        for (; commands[n]; n++)
                names[n] = commands[n]->name;
        nearest = text_nearest(name, names, n);
        if (nearest)
                return error_set(e, -EINVAL, "there is no command '%s' (did you mean '%s'?)", name, nearest);

        return error_set(e, -EINVAL, "there is no command '%s'", name);
}

int command_usage(const char *name, const struct error *e)
{
        _cleanup_buf_ struct buf line = BUF_INIT(8192);

        (void)text_escape(&line, e->text, 1000);
        (void)fprintf(stderr, "muster: %s; try 'muster help%s%s'\n", buf_text(&line), name ? " " : "",
                      name ? name : "");
        return EXIT_USAGE;
}

int command_failed(const struct error *e)
{
        log_error("%s", e->text);
        return EXIT_ERROR;
}

/* What is wrong with the command line, unless it is memory that lacks. */
static int not_understood(const char *name, int r, const struct error *e)
{
        return r == -ENOMEM ? command_failed(e) : command_usage(name, e);
}

static int check_arguments(const struct command *command, const struct options *o, struct error *e)
{
        if (o->n_arguments < command->least)
                return error_set(e, -EINVAL, "'%s' needs %s", command->name, command->arguments);
        if (o->n_arguments > command->most && command->most == 0)
                return error_set(e, -EINVAL, "'%s' takes no arguments", command->name);
        if (o->n_arguments > command->most)
                return error_set(e, -EINVAL, "'%s' takes %s and no more", command->name, command->arguments);
        for (size_t i = 0; i < o->n_arguments; i++)
                if (o->arguments[i][0] == '\0')
                        return error_set(e, -EINVAL, "the argument %zu of '%s' is empty", i + 1, command->name);

        return 0;
}

static int add_specs(struct options *o, const char *path, struct error *e)
{
        const char **slot = ARRAY_ADD(o->specs, o->n_specs, o->allocated_specs);

        if (!slot)
                return error_oom(e);

        *slot = path;
        return 0;
}

/* Where the specs are: the arguments, where they are that, and --specs; else the environment; else the current
 * folder. */
int command_settle(const struct command *command, struct options *o, struct error *e)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && command->paths && i < o->n_arguments; i++)
                r = add_specs(o, o->arguments[i], e);
        if (r >= 0)
                r = options_environment(o, command->options | TAKEN_BY_ALL, e);
        if (r >= 0 && o->n_specs == 0)
                r = add_specs(o, ".", e);

        return r;
}

static int run(const struct command *command, struct options *o)
{
        struct error e;
        int r;

        r = options_check(o, command->options | TAKEN_BY_ALL, &e);
        if (r >= 0)
                r = options_check_format(o, command->formats | FORMATS_USUAL, &e);
        if (r >= 0 && o->given & TAKES(OPTION_HELP))
                return help_print(command);
        if (r >= 0)
                r = check_arguments(command, o, &e);
        if (r >= 0)
                r = command_settle(command, o, &e);
        if (r < 0)
                return not_understood(command->name, r, &e);

        log_set_level(o->quiet ? LOG_LEVEL_ERROR : o->log_level);
        return command->run(o);
}

int command_line_run(const char *const *words, size_t n)
{
        _cleanup_options_ struct options o = { 0 };
        const struct command *command;
        struct error e;
        int r;

        if (n > 0 && text_equal(words[0], COMPLETE_COMMAND))
                return complete(words + 1, n - 1);

        r = options_parse(words, n, &o, &e);
        command = o.command ? command_find(o.command) : NULL;
        if (r >= 0 && o.command && !command)
                r = command_unknown(o.command, &e);
        if (r < 0)
                return not_understood(command ? command->name : NULL, r, &e);
        if (command)
                return run(command, &o);

        if (o.given & TAKES(OPTION_VERSION))
                return command_version.run(&o);
        if (o.given & TAKES(OPTION_HELP))
                return help_print(NULL);

        (void)error_set(&e, -EINVAL, "say what to do: a command is missing");
        return command_usage(NULL, &e);
}
