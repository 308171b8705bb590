/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/snapshot_fetch.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/io/listener.h"

#define REASON_BYTES_MAX 500
static const char *const output_words[] = {
        [OUTPUT_TEXT] = "text",       [OUTPUT_JSON] = "json",     [OUTPUT_MARKDOWN] = "markdown",
        [OUTPUT_ANSIBLE] = "ansible", [OUTPUT_GITHUB] = "github", [OUTPUTS] = NULL,
};
static const char *const color_words[] = { "auto", "always", "never", NULL };
static const char *const level_words[] = { "debug", "info", "warning", "error", NULL };

const struct option_help option_help[OPTIONS] = {
        [OPTION_STATE] = { "state", 0, "FILE", "MUSTER_STATE",
                           "the ledger; default $STATE_DIRECTORY/muster.db, else $XDG_STATE_HOME/muster/muster.db, "
                           "else ~/.local/state/muster/muster.db" },
        [OPTION_SPECS] = { "specs", 'f', "PATH", "MUSTER_SPECS",
                           "where the specs are; may be given several times; default the current folder" },
        [OPTION_OUTPUT] = { "output", 'o', "FORMAT", NULL, "how the result is written", output_words },
        [OPTION_OBSERVE] = { "observe", 0, NULL, NULL, "look, plan and tell, never act" },
        [OPTION_OUT] = { "out", 0, "FILE", NULL, "save the plan here, for 'apply --plan'" },
        [OPTION_SNAPSHOT] = { "snapshot", 0, "FILE|URL", NULL,
                              "plan with what this snapshot holds, a file or an agent's: no provider is asked and no "
                              "ledger read" },
        [OPTION_SAVE_SNAPSHOT] = { "save-snapshot", 0, "FILE", NULL,
                                   "write down what was read, without any secret, for --snapshot" },
        [OPTION_DETAILED_EXITCODE] = { "detailed-exitcode", 0, NULL, NULL, "exit 2 when there are changes" },
        [OPTION_SELECTOR] = { "selector", 'l', "K=V", NULL,
                              "only resources with this label; may be given several times, then with all of them" },
        [OPTION_TARGET] = { "target", 0, "NAME", NULL,
                            "only this resource and what it needs, of a Provider all that is on it; may be given several "
                            "times" },
        [OPTION_PLAN] = { "plan", 0, "FILE", NULL, "do what this saved plan holds and nothing more; does not ask" },
        [OPTION_INIT] = { "init", 0, NULL, NULL, "make the ledger first, where there is none" },
        [OPTION_YES] = { "yes", 'y', NULL, NULL, "do not ask; needed where there is no terminal to ask on" },
        [OPTION_TIMEOUT] = { "timeout", 0, "DURATION", NULL,
                             "give up after this long; default 30m for apply, 2m where an answer is waited for" },
        [OPTION_MAX_DELETES] = { "max-deletes", 0, "N|P%", NULL, "overrides the Policy's maxDeletes for this run" },
        [OPTION_INTERVAL] = { "interval", 0, "DURATION", "MUSTER_INTERVAL",
                              "between looks when converged; default 60s" },
        [OPTION_LISTEN] = { "listen", 0, "ADDR:PORT|unix:PATH", "MUSTER_LISTEN",
                            "serve status, metrics, probes and snapshots there, over HTTP; default nowhere" },
        [OPTION_WATCH] = { "watch", 0, NULL, NULL, "go on, and show it again whenever it changes, until Ctrl-C" },
        [OPTION_REASON] = { "reason", 0, "TEXT", NULL, "why, for those who meet it later" },
        [OPTION_MAN] = { "man", 0, "FOLDER", NULL, "write the manual pages of all commands into this folder" },
        [OPTION_QUIET] = { "quiet", 'q', NULL, NULL, "only results and errors: no progress, no warnings" },
        [OPTION_LOG_LEVEL] = { "log-level", 0, "LEVEL", "MUSTER_LOG_LEVEL",
                               "what is told besides the result: debug, info (default), warning or error",
                               level_words },
        [OPTION_COLOR] = { "color", 0, "WHEN", "NO_COLOR",
                           "colours in the text: auto (default: on a terminal), always or never", color_words },
        [OPTION_HELP] = { "help", 'h', NULL, NULL, "show this help" },
        [OPTION_VERSION] = { "version", 0, NULL, NULL, "show the version" },
};

static int word_index(const char *const *words, const char *word)
{
        for (int i = 0; words[i]; i++)
                if (text_equal(words[i], word))
                        return i;

        return -ENOENT;
}

enum option option_find(const char *name, size_t length)
{
        enum option i = 0;

        while (i < OPTIONS && (strlen(option_help[i].name) != length || memcmp(option_help[i].name, name, length) != 0))
                i++;

        return i;
}

enum option option_find_letter(char letter)
{
        enum option i = 0;

        while (i < OPTIONS && option_help[i].letter != letter)
                i++;

        return i;
}

static int set_output(struct options *o, const char *value, struct error *e)
{
        int i = word_index(output_words, value);

        if (i < 0)
                return error_set(e, -EINVAL, "there is no output format '%s': write text or json", value);

        o->output = (enum output)i;
        return 0;
}

static int set_color(struct options *o, const char *value, struct error *e)
{
        int i = word_index(color_words, value);

        if (i < 0)
                return error_set(e, -EINVAL, "colours cannot be '%s': write auto, always or never", value);

        o->color = (enum color_when)i;
        return 0;
}

static int set_duration(usec_t *duration, const char *value, struct error *e)
{
        usec_t length;
        int r;

        r = duration_parse(value, &length, e);
        if (r < 0)
                return r;
        if (length < USEC_PER_SEC || length > 365 * USEC_PER_DAY)
                return error_set(e, -ERANGE, "write a duration between 1s and 365d");

        *duration = length;
        return 0;
}

static int set_max_deletes(struct options *o, const char *value, struct error *e)
{
        size_t n = strlen(value);
        bool percent = n > 0 && value[n - 1] == '%';
        char digits[24] = "";
        int64_t number;

        if (n >= sizeof(digits))
                return error_set(e, -EINVAL, "write a number or a share like 10%%");
        memcpy(digits, value, percent ? n - 1 : n);
        if (text_to_int64(digits, &number) < 0 || number < 0 || (percent && number > 100))
                return error_set(e, -EINVAL, "\"%s\" is no number and no share: write 5 or 10%%, for example", value);

        o->max_deletes = (struct share){ .value = number, .percent = percent, .given = true };
        return 0;
}

static int set_log_level(struct options *o, const char *value, struct error *e)
{
        if (log_level_parse(value, &o->log_level) < 0)
                return error_set(e, -EINVAL, "there is no level '%s': write debug, info, warning or error", value);

        return 0;
}

static int add_word(const char ***words, size_t *n, size_t *allocated, const char *word, struct error *e)
{
        const char **slot = ARRAY_ADD(*words, *n, *allocated);

        if (!slot)
                return error_oom(e);

        *slot = word;
        return 0;
}

static int add_specs(struct options *o, const char *value, struct error *e)
{
        if (*value == '\0')
                return error_set(e, -EINVAL, "the path is empty");

        return add_word(&o->specs, &o->n_specs, &o->allocated_specs, value, e);
}

/* It is shown on lines of its own kind, by status and plan. */
static int set_reason(struct options *o, const char *value, struct error *e)
{
        if (*value == '\0')
                return error_set(e, -EINVAL, "the reason is empty: write why, or leave it out");
        if (strlen(value) > REASON_BYTES_MAX || strpbrk(value, "\n\r"))
                return error_set(e, -EINVAL, "write the reason on one line of at most %d characters", REASON_BYTES_MAX);

        o->reason = value;
        return 0;
}

static int set_path(const char **path, const char *value, struct error *e)
{
        if (*value == '\0')
                return error_set(e, -EINVAL, "the path is empty");

        *path = value;
        return 0;
}

static int set_listen(struct options *o, const char *value, struct error *e)
{
        bool local;
        int r;

        r = listener_check(value, &local, e);
        if (r >= 0)
                o->listen = value;

        return r;
}

static int set_snapshot(struct options *o, const char *value, struct error *e)
{
        int r = snapshot_is_remote(value) ? snapshot_check_remote(value, e) : 0;

        return r < 0 ? r : set_path(&o->snapshot, value, e);
}

static int add_selector(struct options *o, const char *value, struct error *e)
{
        const char *equals = strchr(value, '=');

        if (!equals || equals == value)
                return error_set(e, -EINVAL, "\"%s\" is no label: write team=shop, for example", value);

        return add_word(&o->selectors, &o->n_selectors, &o->allocated_selectors, value, e);
}

/* `value` is NULL for an option without one. */
static int set_option(struct options *o, enum option option, const char *value, struct error *e)
{
        switch (option) {
        case OPTION_STATE:
                return set_path(&o->state, value, e);
        case OPTION_SPECS:
                return add_specs(o, value, e);
        case OPTION_OUTPUT:
                return set_output(o, value, e);
        case OPTION_OUT:
                return set_path(&o->out, value, e);
        case OPTION_SNAPSHOT:
                return set_snapshot(o, value, e);
        case OPTION_SAVE_SNAPSHOT:
                return set_path(&o->save_snapshot, value, e);
        case OPTION_PLAN:
                return set_path(&o->plan, value, e);
        case OPTION_SELECTOR:
                return add_selector(o, value, e);
        case OPTION_TARGET:
                return add_word(&o->targets, &o->n_targets, &o->allocated_targets, value, e);
        case OPTION_TIMEOUT:
                return set_duration(&o->timeout, value, e);
        case OPTION_MAX_DELETES:
                return set_max_deletes(o, value, e);
        case OPTION_INTERVAL:
                return set_duration(&o->interval, value, e);
        case OPTION_LISTEN:
                return set_listen(o, value, e);
        case OPTION_LOG_LEVEL:
                return set_log_level(o, value, e);
        case OPTION_COLOR:
                return set_color(o, value, e);
        case OPTION_REASON:
                return set_reason(o, value, e);
        case OPTION_MAN:
                return set_path(&o->man, value, e);
        case OPTION_QUIET:
                o->quiet = true;
                return 0;
        case OPTION_OBSERVE:
                o->observe = true;
                return 0;
        case OPTION_DETAILED_EXITCODE:
                o->detailed_exitcode = true;
                return 0;
        case OPTION_INIT:
                o->init = true;
                return 0;
        case OPTION_YES:
                o->yes = true;
                return 0;
        case OPTION_WATCH:
                o->watch = true;
                return 0;
        case OPTION_HELP:
        case OPTION_VERSION:
        case OPTIONS:
                break;
        }

        return 0; /* that it was given says it all */
}

/* The name of an option as it is typed, in the caller's buffer. */
static const char *dashed(enum option option, char text[static 32])
{
        text[0] = text[1] = '-';
        (void)strncpy(text + 2, option_help[option].name, 29);
        text[31] = '\0';
        return text;
}

static int unknown_option(const char *typed, struct error *e)
{
        char dashes[OPTIONS][32];
        const char *names[OPTIONS], *nearest;

        for (size_t i = 0; i < OPTIONS; i++)
                names[i] = dashed((enum option)i, dashes[i]);
        nearest = text_nearest(typed, names, OPTIONS);
        if (nearest)
                return error_set(e, -EINVAL, "there is no option '%s' (did you mean '%s'?)", typed, nearest);

        return error_set(e, -EINVAL, "there is no option '%s'", typed);
}

/* Words that are still to be read. */
struct words {
        const char *const *items;
        size_t n, next;
};

static int take(struct options *o, enum option option, const char *typed, const char *value, struct words *w,
                struct error *e)
{
        int r;

        if (option_help[option].value && !value) {
                if (w->next == w->n)
                        return error_set(e, -EINVAL, "the option '%s' needs a value (%s)", typed,
                                         option_help[option].value);
                value = w->items[w->next++];
        }

        r = set_option(o, option, value, e);
        if (r < 0)
                return error_wrap(e, r, "option '%s'", typed);

        o->given |= TAKES(option);
        return 0;
}

/* "--name", "--name=value", or "--name" and the next word. */
static int parse_long(struct options *o, const char *word, struct words *w, struct error *e)
{
        const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
        size_t n = equals ? (size_t)(equals - word) : strlen(word);
        enum option option;
        char typed[64];

        if (n >= sizeof(typed))
                return error_set(e, -EINVAL, "there is no option '%.40s…'", word);
        memcpy(typed, word, n);
        typed[n] = '\0';

        option = option_find(typed + 2, n - 2);
        if (option == OPTIONS)
                return unknown_option(typed, e);
        if (value && !option_help[option].value)
                return error_set(e, -EINVAL, "the option '%s' takes no value", typed);

        return take(o, option, typed, value, w, e);
}

/* "-y", "-o json", "-ojson", and several letters behind one dash. */
static int parse_letters(struct options *o, const char *word, struct words *w, struct error *e)
{
        for (const char *letter = word + 1; *letter; letter++) {
                char typed[] = { '-', *letter, '\0' };
                enum option option = option_find_letter(*letter);
                int r;

                if (option == OPTIONS)
                        return unknown_option(typed, e);
                if (option_help[option].value)
                        return take(o, option, typed, letter[1] ? letter + 1 : NULL, w, e);

                r = take(o, option, typed, NULL, w, e);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int parse_plain(struct options *o, const char *word, struct error *e)
{
        if (!o->command) {
                o->command = word;
                return 0;
        }

        return add_word(&o->arguments, &o->n_arguments, &o->allocated_arguments, word, e);
}

int options_parse(const char *const *words, size_t n, struct options *ret, struct error *e)
{
        struct words w = { .items = words, .n = n };
        bool ended = false;
        int r = 0;

        *ret = (struct options){ .log_level = LOG_LEVEL_INFO };

        while (r >= 0 && w.next < w.n) {
                const char *word = w.items[w.next++];

                if (ended || word[0] != '-' || word[1] == '\0')
                        r = parse_plain(ret, word, e);
                else if (text_equal(word, "--"))
                        ended = true;
                else if (text_starts(word, "--"))
                        r = parse_long(ret, word, &w, e);
                else
                        r = parse_letters(ret, word, &w, e);
        }

        return r;
}

void options_done(struct options *o)
{
        free(o->arguments);
        free(o->specs);
        free(o->selectors);
        free(o->targets);
        *o = (struct options){ 0 };
}

void formats_text(uint32_t formats, struct buf *b)
{
        for (enum output i = 0; i < OUTPUTS; i++) {
                if (!(formats & FORMAT(i)))
                        continue;
                if (i > 0)
                        (void)buf_adds(b, formats >> i > 1 ? ", " : " or ");
                (void)buf_addf(b, "%s%s", output_words[i], i == OUTPUT_TEXT ? " (default)" : "");
        }
}

/* "init and apply" */
static void add_takers(enum option option, struct buf *b)
{
        size_t n = 0, named = 0;

        for (size_t i = 0; commands[i]; i++)
                n += (commands[i]->options & TAKES(option)) != 0;
        for (size_t i = 0; commands[i]; i++) {
                if (!(commands[i]->options & TAKES(option)))
                        continue;
                if (named++ > 0)
                        (void)buf_adds(b, named == n ? " and " : ", ");
                (void)buf_adds(b, commands[i]->name);
        }
        (void)buf_adds(b, n == 1 ? " does" : " do");
}

int options_check(const struct options *o, uint32_t taken, struct error *e)
{
        for (enum option i = 0; i < OPTIONS; i++) {
                _cleanup_buf_ struct buf takers = BUF_INIT(1024);

                if (!(o->given & ~taken & TAKES(i)))
                        continue;
                if (i == OPTION_VERSION)
                        return error_set(e, -EINVAL, "'--version' stands alone: write 'muster --version'");

                add_takers(i, &takers);
                return error_set(e, -EINVAL, "'%s' does not take the option '--%s' (%s)", o->command,
                                 option_help[i].name, buf_text(&takers));
        }

        return 0;
}

int options_check_format(const struct options *o, uint32_t formats, struct error *e)
{
        _cleanup_buf_ struct buf b = BUF_INIT(256);

        if (formats & FORMAT(o->output))
                return 0;

        formats_text(formats, &b);
        return error_set(e, -EINVAL, "'%s' has no output format '%s': write %s", o->command, output_words[o->output],
                         buf_text(&b));
}

int options_environment(struct options *o, uint32_t taken, struct error *e)
{
        for (enum option i = 0; i < OPTIONS; i++) {
                const char *name = option_help[i].environment, *value = name ? getenv(name) : NULL;
                int r;

                if (!value || *value == '\0' || !(taken & ~o->given & TAKES(i)) ||
                    (i == OPTION_SPECS && o->n_specs > 0))
                        continue;

                /* NO_COLOR means what its name says, whatever its value is. */
                r = set_option(o, i, i == OPTION_COLOR ? "never" : value, e);
                if (r < 0)
                        return error_wrap(e, r, "environment variable %s", name);
        }

        return 0;
}
