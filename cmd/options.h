/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The options of all commands: one table, the same name and meaning everywhere.
 *
 * The rule: a value on the command line outranks the environment, and whatever cannot be understood is an error;
 * nothing is passed over in silence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"
#include "reconcile/base/log.h"
#include "reconcile/kinds.h"

enum option {
        OPTION_STATE,
        OPTION_SPECS,
        OPTION_OUTPUT,
        OPTION_OBSERVE,
        OPTION_OUT,
        OPTION_SNAPSHOT,
        OPTION_SAVE_SNAPSHOT,
        OPTION_DETAILED_EXITCODE,
        OPTION_SELECTOR,
        OPTION_TARGET,
        OPTION_PLAN,
        OPTION_INIT,
        OPTION_YES,
        OPTION_TIMEOUT,
        OPTION_MAX_DELETES,
        OPTION_INTERVAL,
        OPTION_LISTEN,
        OPTION_WATCH,
        OPTION_REASON,
        OPTION_MAN,
        OPTION_QUIET,
        OPTION_LOG_LEVEL,
        OPTION_COLOR,
        OPTION_HELP,
        OPTION_VERSION,
        OPTIONS,
};

#define TAKES(option) (UINT32_C(1) << (option))
#define TAKEN_BY_ALL (TAKES(OPTION_QUIET) | TAKES(OPTION_LOG_LEVEL) | TAKES(OPTION_COLOR) | TAKES(OPTION_HELP))

enum output { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_MARKDOWN, OUTPUT_ANSIBLE, OUTPUT_GITHUB, OUTPUTS };

#define FORMAT(output) (UINT32_C(1) << (output))
#define FORMATS_USUAL (FORMAT(OUTPUT_TEXT) | FORMAT(OUTPUT_JSON)) /* of every command that takes --output */

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
        const char *command;    /* the first word that is no option; NULL: there is none */
        const char **arguments; /* the words after it */
        size_t n_arguments, allocated_arguments;
        uint32_t given; /* on the command line */

        const char *state;  /* NULL: the default */
        const char **specs; /* where the specs are */
        size_t n_specs, allocated_specs;
        enum output output;
        const char *out, *snapshot, *save_snapshot, *plan; /* paths; NULL: not given */
        const char **selectors;                            /* "team=shop" */
        size_t n_selectors, allocated_selectors;
        const char **targets; /* "MachineSet/web", or "web" */
        size_t n_targets, allocated_targets;
        bool observe, detailed_exitcode, init, yes, quiet, watch;
        const char *reason; /* NULL: none given */
        usec_t timeout;     /* 0: the command's default */
        struct share max_deletes;
        usec_t interval;    /* 0: the default */
        const char *listen; /* an address; NULL: nowhere */
        const char *man;    /* a folder */
        enum log_level log_level;
        enum color_when color;
};

struct option_help {
        const char *name;        /* without the dashes */
        char letter;             /* '\0': none */
        const char *value;       /* what stands behind it; NULL: nothing does */
        const char *environment; /* NULL: none */
        const char *help;
        const char *const *words; /* all that its value may be, ending with NULL; NULL: it is free. Of --output each
                                   * command takes its own */
};

extern const struct option_help option_help[OPTIONS];

/* The option of that name, or of that letter; OPTIONS: there is none. */
enum option option_find(const char *name, size_t length);
enum option option_find_letter(char letter);

/* Reads `n` words. The options point into them. -EINVAL with the words why; `ret` holds then what was read so far,
 * so that the message can name the command's help. */
int options_parse(const char *const *words, size_t n, struct options *ret, struct error *e);
void options_done(struct options *o);
#define _cleanup_options_ _cleanup_(options_done)

/* Fails for an option that was given and is not in `taken`; the words name the commands that take it. */
int options_check(const struct options *o, uint32_t taken, struct error *e);

/* Fails for an output format that is not in `formats`. */
int options_check_format(const struct options *o, uint32_t formats, struct error *e);

/* "text (default), json or markdown" */
void formats_text(uint32_t formats, struct buf *b);

/* Takes what the environment says for the options in `taken` that were not given. */
int options_environment(struct options *o, uint32_t taken, struct error *e);
