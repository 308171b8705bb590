/* SPDX-License-Identifier: MIT */
#include "cmd/completion.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "cmd/specs.h"
#include "reconcile/base/strmap.h"
#include "reconcile/base/strpool.h"
#include "reconcile/base/text.h"

#define ANSWER_MAX ((size_t)1 << 22)
#define FILES ":files\n"

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

/* A word that is being typed, and what stands before it. */
struct typing {
        const char *const *before;
        size_t n_before;
        const struct command *command; /* NULL: not yet there, or none of ours */
        bool any_command;              /* a word that is no option was there */
        size_t n_arguments;            /* of the command, before the word */
        enum option option;            /* whose value it is; OPTIONS: of none */
        bool ended;                    /* "--" was there */
        const char *glued;             /* "--output=": in the word, before the value; "" */
        size_t n_glued;
        const char *word;
        struct buf *answer;
};

static void offer(struct typing *t, const char *word, const char *description)
{
        if (!text_starts(word, t->word))
                return;

        (void)buf_add(t->answer, t->glued, t->n_glued);
        (void)text_escape(t->answer, word, SIZE_MAX);
        if (description)
                (void)buf_addf(t->answer, "\t%s", description);
        (void)buf_addc(t->answer, '\n');
}

static void offer_words(struct typing *t, const char *const *words)
{
        for (size_t i = 0; words[i]; i++)
                offer(t, words[i], NULL);
}

static void offer_commands(struct typing *t)
{
        for (size_t i = 0; commands[i]; i++)
                offer(t, commands[i]->name, commands[i]->summary);
}

static void offer_kinds(struct typing *t)
{
        for (size_t i = 0; kinds[i]; i++)
                offer(t, kinds[i]->name, NULL);
}

static void offer_options(struct typing *t)
{
        const uint32_t taken = t->command ? t->command->options | TAKEN_BY_ALL
                                          : TAKES(OPTION_HELP) | TAKES(OPTION_VERSION);

        for (enum option i = 0; i < OPTIONS; i++) {
                char dashed[64] = "--";

                if (!(taken & TAKES(i)))
                        continue;
                (void)strncat(dashed, option_help[i].name, sizeof(dashed) - sizeof("--"));
                offer(t, dashed, option_help[i].help);
        }
}

/* Standard input belongs to the person who types. */
static void drop_standard_input(struct options *o)
{
        size_t kept = 0;

        for (size_t i = 0; i < o->n_specs; i++)
                if (!text_equal(o->specs[i], "-"))
                        o->specs[kept++] = o->specs[i];
        o->n_specs = kept;
}

/* What the words before say of where the specs and the ledger are; nothing where they cannot be read. */
static void read_names(const struct typing *t, struct options *o, struct context *c, struct names *names)
{
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct error e;

        (void)options_parse(t->before, t->n_before, o, &e);
        if (command_settle(t->command, o, &e) < 0 || context_init(c, o, &e) < 0)
                return;

        drop_standard_input(o);
        if (o->n_specs > 0 && specs_read(o, &c->estate, &d) >= 0)
                (void)names_add_estate(names, c->estate, &e);
        if (ledger_open(c->state, LEDGER_READ, NULL, &c->ledger, &e) >= 0)
                (void)names_add_ledger(names, c->ledger, &e);
}

/* "MachineSet/web"; once something is typed also "web" and "web-3", of which there may be many. */
static void offer_names(struct typing *t, const struct names *names, bool providers)
{
        for (size_t i = 0; i < names->n_resources; i++) {
                const char *name = names->resources[i], *bare = strchr(name, '/') + 1;

                if (providers && text_starts(name, "Provider/"))
                        offer(t, bare, NULL);
                if (providers)
                        continue;
                offer(t, name, NULL);
                if (*t->word)
                        offer(t, bare, NULL);
        }
        for (size_t i = 0; !providers && *t->word && i < names->n_slots; i++)
                offer(t, names->slots[i], NULL);
}

static void offer_resources(struct typing *t, bool providers)
{
        _cleanup_options_ struct options o = { 0 };
        _cleanup_context_ struct context c = { 0 };
        _cleanup_names_ struct names names = { 0 };

        read_names(t, &o, &c, &names);
        offer_names(t, &names, providers);
}

/* Each label that a spec has, once. */
static void offer_labels(struct typing *t)
{
        _cleanup_(strpool_free_p) struct strpool *texts = strpool_new();
        _cleanup_options_ struct options o = { 0 };
        _cleanup_context_ struct context c = { 0 };
        _cleanup_names_ struct names names = { 0 };
        _cleanup_strmap_ struct strmap seen = { 0 };

        read_names(t, &o, &c, &names);
        for (size_t i = 0; texts && c.estate && i < c.estate->n_resources; i++) {
                const struct pairs *labels = &c.estate->resources[i]->labels;

                for (size_t k = 0; k < labels->n; k++) {
                        _cleanup_buf_ struct buf b = BUF_INIT(ANSWER_MAX);
                        const char *text;

                        (void)buf_addf(&b, "%s=%s", labels->items[k].key, labels->items[k].value);
                        text = strpool_add(texts, buf_text(&b));
                        if (text && strmap_put(&seen, text, t) == 0)
                                offer(t, text, NULL);
                }
        }
}

/* By the name that a value or an argument has in the help. */
static void offer_what(struct typing *t, const char *what)
{
        static const char *const files[] = { "FILE", "FILE|URL", "PATH", "FOLDER", NULL };

        for (size_t i = 0; files[i]; i++)
                if (text_equal(files[i], what))
                        (void)buf_adds(t->answer, FILES);
        if (text_equal(what, "RESOURCE") || text_equal(what, "NAME"))
                offer_resources(t, false);
        else if (text_equal(what, "PROVIDER"))
                offer_resources(t, true);
        else if (text_equal(what, "K=V"))
                offer_labels(t);
        else if (text_equal(what, "COMMAND"))
                offer_commands(t);
        else if (text_equal(what, "KIND"))
                offer_kinds(t);
        else if (text_equal(what, "bash|zsh|fish"))
                offer_words(t, shells);
}

static void offer_values(struct typing *t)
{
        const struct option_help *o = &option_help[t->option];
        const uint32_t formats = (t->command ? t->command->formats : 0) | FORMATS_USUAL;

        if (!o->words)
                offer_what(t, o->value);
        for (size_t i = 0; o->words && o->words[i]; i++)
                if (t->option != OPTION_OUTPUT || formats & FORMAT(i))
                        offer(t, o->words[i], NULL);
}

/* The argument of that number in "RESOURCE [ID]"; the last one goes on when it ends with "...". */
static void offer_argument(struct typing *t)
{
        const char *next = t->command->arguments;
        char what[64] = "";

        for (size_t i = 0; i <= t->n_arguments && *next; i++) {
                size_t n = strcspn(next, " "), begin = *next == '[', end = n - begin;
                bool repeats = end > 3 && memcmp(next + end - 3, "...", 3) == 0;

                if (i == t->n_arguments || repeats)
                        (void)snprintf(what, sizeof(what), "%.*s", (int)(end - begin - (repeats ? 3 : 0)),
                                       next + begin);
                next += n + strspn(next + n, " ");
        }
        offer_what(t, what);
}

/* A word that stands there already: is the next one the value of an option? */
static enum option value_follows(const char *word)
{
        enum option option = OPTIONS;

        if (text_starts(word, "--"))
                option = strchr(word, '=') ? OPTIONS : option_find(word + 2, strlen(word + 2));
        else
                for (word++; *word; word++) {
                        option = option_find_letter(*word);
                        if (option < OPTIONS && option_help[option].value && word[1])
                                return OPTIONS;
                }

        return option < OPTIONS && option_help[option].value ? option : OPTIONS;
}

static void read_before(struct typing *t)
{
        for (size_t i = 0; i < t->n_before; i++) {
                const char *word = t->before[i];

                if (t->option < OPTIONS) {
                        t->option = OPTIONS; /* this was its value */
                } else if (t->ended || word[0] != '-' || word[1] == '\0') {
                        t->n_arguments += t->any_command;
                        if (!t->any_command)
                                t->command = command_find(word);
                        t->any_command = true;
                } else if (text_equal(word, "--")) {
                        t->ended = true;
                } else {
                        t->option = value_follows(word);
                }
        }
}

/* "--output=js" is a value of an option, too. */
static void read_glued(struct typing *t)
{
        const char *equals = strchr(t->word, '=');
        enum option option;

        if (t->option < OPTIONS || t->ended || !equals || !text_starts(t->word, "--"))
                return;
        option = option_find(t->word + 2, (size_t)(equals - t->word) - 2);
        if (option == OPTIONS || !option_help[option].value)
                return;

        t->option = option;
        t->glued = t->word;
        t->n_glued = (size_t)(equals - t->word) + 1;
        t->word = equals + 1;
}

void complete_words(const char *const *words, size_t n, struct buf *b)
{
        struct typing t = { .before = words, .option = OPTIONS, .glued = "", .answer = b };

        if (n == 0)
                return;

        t.n_before = n - 1;
        t.word = words[n - 1];
        read_before(&t);
        read_glued(&t);
        if (t.option < OPTIONS)
                offer_values(&t);
        else if (t.word[0] == '-' && !t.ended)
                offer_options(&t);
        else if (t.command)
                offer_argument(&t);
        else if (!t.any_command)
                offer_commands(&t);
}

int complete(const char *const *words, size_t n)
{
        _cleanup_buf_ struct buf b = BUF_INIT(ANSWER_MAX);

        complete_words(words, n, &b);
        return output_text(&b, EXIT_DONE);
}

static const char bash_script[] = "# Completion of muster for bash: source it, or put it into\n"
                                  "# ~/.local/share/bash-completion/completions/muster\n"
                                  "_muster()\n"
                                  "{\n"
                                  "    local -a words=()\n"
                                  "    local word glue= current prefix line\n"
                                  "\n"
                                  "    # bash takes --output=json and a:b apart; here they are one word again.\n"
                                  "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
                                  "        if [[ ${#words[@]} -gt 0 && ( $glue || $word == [=:]* ) ]]; then\n"
                                  "            words[${#words[@]}-1]+=$word\n"
                                  "        else\n"
                                  "            words+=(\"$word\")\n"
                                  "        fi\n"
                                  "        [[ $word == *[=:] ]] && glue=1 || glue=\n"
                                  "    done\n"
                                  "    current=${words[${#words[@]}-1]}\n"
                                  "    prefix=${current%\"${current##*[=:]}\"}\n"
                                  "\n"
                                  "    COMPREPLY=()\n"
                                  "    while IFS= read -r line; do\n"
                                  "        if [[ $line == :files ]]; then\n"
                                  "            compopt -o default\n"
                                  "            return\n"
                                  "        fi\n"
                                  "        line=${line%%$'\\t'*}\n"
                                  "        COMPREPLY+=(\"${line#\"$prefix\"}\")\n"
                                  "    done < <(muster " COMPLETE_COMMAND " \"${words[@]}\" 2>/dev/null)\n"
                                  "}\n"
                                  "complete -F _muster muster\n";

static const char zsh_script[] =
        "#compdef muster\n"
        "# Completion of muster for zsh: put it as _muster into a folder of $fpath, or source it after compinit.\n"
        "_muster()\n"
        "{\n"
        "    local line word description prefix=\n"
        "    local -a before found\n"
        "\n"
        "    before=(\"${(@Q)words[2,CURRENT-1]}\")\n"
        "    for line in \"${(@f)$(muster " COMPLETE_COMMAND " \"$before[@]\" \"$PREFIX\" 2>/dev/null)}\"; do\n"
        "        if [[ $PREFIX == --*=* ]]; then\n"
        "            prefix=${PREFIX%%=*}=\n"
        "            compset -P '*='\n"
        "        fi\n"
        "        if [[ $line == :files ]]; then\n"
        "            _files\n"
        "            return\n"
        "        fi\n"
        "        [[ -n $line ]] || continue\n"
        "        word=${${line%%$'\\t'*}#$prefix}\n"
        "        description=${line#*$'\\t'}\n"
        "        [[ $line == *$'\\t'* ]] || description=\n"
        "        found+=(\"${word//:/\\\\:}${description:+:$description}\")\n"
        "    done\n"
        "    _describe -V muster found\n"
        "}\n"
        "if [[ $funcstack[1] == _muster ]]; then\n"
        "    _muster \"$@\"\n"
        "else\n"
        "    compdef _muster muster\n"
        "fi\n";

static const char fish_script[] =
        "# Completion of muster for fish: put it into ~/.config/fish/completions/muster.fish\n"
        "function __muster_complete\n"
        "    set -l before (commandline -opc)\n"
        "    set -l current (commandline -ct)\n"
        "    set -l found (muster " COMPLETE_COMMAND " $before[2..] \"$current\" 2>/dev/null)\n"
        "    if test \"$found[1]\" = :files\n"
        "        set -l option (string match -r '^--[a-z-]+=' -- \"$current\")\n"
        "        set found \"$option\"(__fish_complete_path (string replace -r '^--[a-z-]+=' '' -- \"$current\"))\n"
        "    end\n"
        "    printf '%s\\n' $found\n"
        "end\n"
        "complete -c muster -f -a '(__muster_complete)'\n";

static int run(const struct options *o)
{
        static const char *const scripts[] = { bash_script, zsh_script, fish_script };
        _cleanup_buf_ struct buf b = BUF_INIT(ANSWER_MAX);
        struct error e;

        for (size_t i = 0; shells[i]; i++) {
                if (!text_equal(shells[i], o->arguments[0]))
                        continue;
                (void)buf_adds(&b, scripts[i]);
                return output_text(&b, EXIT_DONE);
        }

        (void)error_set(&e, -EINVAL, "there is no completion for '%s': write bash, zsh or fish", o->arguments[0]);
        return command_usage(o->command, &e);
}

const struct command command_completion = {
        .name = "completion",
        .arguments = "bash|zsh|fish",
        .summary = "print a script that completes muster's words in a shell",
        .text = "Prints a script for the shell. With it the TAB key completes commands, options and their values, "
                "files, the names of resources and their labels, which it takes from the specs and the ledger that the "
                "rest of the line names. The script asks muster itself, so it need not be made again for a newer version.",
        .examples = "  source <(muster completion bash)            # in this shell; in ~/.bashrc: in every one\n"
                    "  muster completion zsh > ~/.zfunc/_muster    # a folder of $fpath\n"
                    "  muster completion fish > ~/.config/fish/completions/muster.fish\n",
        .exits = "  0  printed\n",
        .least = 1,
        .most = 1,
        .run = run,
};
