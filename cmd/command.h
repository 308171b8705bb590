/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The commands of muster: a table, one entry for each, and what they share.
 *
 * The rule: a command is one file with one `struct command`; its help, its options and its number of arguments are in
 * that entry and nowhere else. A command returns an exit code; only main() exits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/error.h"

enum exit_code {
        EXIT_DONE = 0,
        EXIT_ERROR = 1,         /* and nothing was sent that acts */
        EXIT_CHANGES = 2,       /* plan --detailed-exitcode: there are actions */
        EXIT_NOT_CONVERGED = 3, /* apply: something is left to do; run again */
        EXIT_USAGE = 64,
};

struct options;

struct command {
        const char *name;
        const char *arguments; /* as in the usage line; "" for none. Completion goes by these words, too */
        const char *summary;   /* one line, for the list of commands */
        const char *text;      /* what it does, in a few sentences; an empty line parts two paragraphs */
        const char *examples;  /* whole lines, indented by two */
        const char *exits;     /* its exit codes but EXIT_USAGE: "  0  done", what goes on is indented by more */
        uint32_t options;      /* TAKES(OPTION_…) of all that it takes */
        uint32_t formats;      /* FORMAT(OUTPUT_…) of --output, besides text and json */
        size_t least, most;    /* how many arguments */
        bool paths;            /* its arguments are where the specs are */
        int (*run)(const struct options *o);
};

extern const struct command command_init, command_validate, command_plan, command_apply, command_agent, command_status,
        command_list, command_export, command_adopt, command_forget, command_retry, command_pause, command_resume,
        command_accept_loss, command_history, command_explain, command_schema, command_completion, command_version,
        command_help;

/* All commands in the order of help, ending with NULL. */
extern const struct command *const commands[];

const struct command *command_find(const char *name); /* NULL: none */

/* Fails for a name that is no command of this version, with the words why. */
int command_unknown(const char *name, struct error *e);

/* Reads the command line (`n` words without the program's name), runs the command that it names, and returns its
 * exit code. */
int command_line_run(const char *const *words, size_t n);

/* Fills in where the specs are, and what the environment says. */
int command_settle(const struct command *command, struct options *o, struct error *e);

/* Prints "muster: …; try 'muster help NAME'" and returns EXIT_USAGE. `name` NULL: just 'muster help'. */
int command_usage(const char *name, const struct error *e);

/* Prints the error and returns EXIT_ERROR. */
int command_failed(const struct error *e);
