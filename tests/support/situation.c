/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/support/situation.h"

#define WORDS_MAX 24

/* A line taken apart: words, and after them what is said as KEY=VALUE. */
struct line {
        struct situation *situation;
        char *words[WORDS_MAX];
        size_t n;
};

/* The end of the word that begins here, whose quotes are taken off when it is a value. */
static char *end_of_word(char *s)
{
        bool quoted = false;
        int depth = 0;

        for (; *s && (quoted || depth > 0 || *s != ' '); s++) {
                quoted = quoted != (*s == '"' && s[-1] != '\\');
                depth += quoted ? 0 : (*s == '{') - (*s == '}');
        }
        return s;
}

static char *unquoted(char *value)
{
        size_t n = strlen(value);

        if (n < 2 || *value != '"')
                return value;
        value[n - 1] = '\0';
        return value + 1;
}

static void take_apart(struct situation *s, char *text, struct line *ret)
{
        *ret = (struct line){ .situation = s };
        while (*text) {
                char *end = end_of_word(text), *value;
                bool last = !*end;

                *end = '\0';
                assert_true(ret->n < WORDS_MAX);
                value = ret->n > 0 && *text != '"' ? strchr(text, '=') : NULL;
                if (value) {
                        const char *bare = unquoted(value + 1);

                        memmove(value + 1, bare, strlen(bare) + 1);
                }
                ret->words[ret->n++] = unquoted(text);
                text = last ? end : end + 1;
        }
}

static const char *kept(const struct line *l, const char *s)
{
        const char *string = ledger_string(l->situation->ledger, s);

        assert_non_null(string);
        return string;
}

static const char *word(const struct line *l, size_t i)
{
        if (i >= l->n)
                fail_msg("'%s' lacks a word", l->words[0]);
        return kept(l, l->words[i]);
}

static unsigned word_of(const char *text, const char *const *words, size_t n)
{
        for (unsigned i = 0; i < n; i++)
                if (text_equal(words[i], text))
                        return i;
        fail_msg("'%s' is none of the words that fit there", text);
        return 0;
}

static enum thing_type type_of(const char *text)
{
        return (enum thing_type)word_of(text, thing_type_words, THING_TYPES);
}

/* KEY=VALUE of the word: true, and the value, when it has that key. A word alone has the value "true". */
static bool is_key(const struct line *l, size_t i, const char *key, const char **ret)
{
        size_t n = strlen(key);

        if (strncmp(l->words[i], key, n) != 0 || (l->words[i][n] && l->words[i][n] != '='))
                return false;
        *ret = l->words[i][n] ? kept(l, l->words[i] + n + 1) : "true";
        return true;
}

static int64_t number_of(const char *text)
{
        int64_t n;

        assert_int_equal(text_to_int64(text, &n), 0);
        return n;
}

static void add_values(const struct line *l, const char *text, struct values *v)
{
        struct values more = { 0 };
        struct error e;

        if (ledger_values_from_text(l->situation->ledger, text, &more, &e) < 0)
                fail_msg("%s: %s", text, e.text);
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(&more, p))
                        v->of[p] = more.of[p];
        v->known |= more.known;
}

/* What a thing and a row both have. */
static bool take_common(const struct line *l, size_t i, const char **address, const char **created,
                        enum condition *condition)
{
        const char *value;

        if (is_key(l, i, "address", &value))
                *address = value;
        else if (is_key(l, i, "created", &value))
                *created = value;
        else if (is_key(l, i, "condition", &value))
                *condition = (enum condition)word_of(value, condition_words, CONDITIONS);
        else
                return false;
        return true;
}

static bool take_thing(const struct line *l, size_t i, struct thing *t)
{
        const char *value;

        if (is_key(l, i, "account", &value))
                t->account = value;
        else if (is_key(l, i, "state", &value))
                t->state = (enum thing_state)word_of(value, thing_state_words, THING_STATES);
        else if (is_key(l, i, "account", &value))
                t->account = value;
        else if (is_key(l, i, "note", &value))
                t->note = value;
        else if (is_key(l, i, "made", &value))
                add_values(l, value, &t->made_with);
        else if (is_key(l, i, "made-spec", &value))
                values_set_text(&t->made_with, PROPERTY_SPEC, value);
        else if (is_key(l, i, "made-at", &value))
                t->made_at = SITUATION_WALL - number_of(value);
        else if (is_key(l, i, "changing", &value))
                t->changing_since = SITUATION_NOW - (usec_t)number_of(value) * USEC_PER_SEC;
        else if (is_key(l, i, "ready-for", &value))
                t->ready_since = SITUATION_NOW - (usec_t)number_of(value) * USEC_PER_SEC;
        else if (is_key(l, i, "adopted", &value))
                t->adopted = true;
        else if (is_key(l, i, "missing", &value))
                t->missing = true;
        else if (is_key(l, i, "confirmed", &value))
                t->missing = t->confirmed = true;
        else if (is_key(l, i, "leaked", &value))
                t->leaked = true;
        else if (is_key(l, i, "protect", &value))
                t->protect = true;
        else if (is_key(l, i, "worked", &value))
                t->ever_ready = true;
        else
                return false;
        return true;
}

static bool take_row(const struct line *l, size_t i, struct row *row)
{
        const char *value;

        if (is_key(l, i, "name", &value))
                row->name = value;
        else if (is_key(l, i, "parent", &value))
                row->parent = value;
        else if (is_key(l, i, "traits", &value))
                row->traits = value;
        else if (is_key(l, i, "price", &value))
                row->price = number_of(value);
        else if (is_key(l, i, "shuts-down", &value))
                row->can_shut_down = true;
        else if (is_key(l, i, "values", &value))
                add_values(l, value, &row->values);
        else if (is_key(l, i, "spec", &value))
                values_set_text(&row->values, PROPERTY_SPEC, value);
        else
                return false;
        return true;
}

static void own(const struct line *l)
{
        struct situation *s = l->situation;
        struct thing *t = ledger_add_thing(s->ledger, type_of(l->words[1]), s->in.account, word(l, 2), word(l, 3),
                                           word(l, 4));
        struct row unused = { 0 };

        assert_non_null(t);
        t->condition = CONDITION_RUNNING;
        for (size_t i = 5; i < l->n; i++)
                if (!take_thing(l, i, t) && !take_common(l, i, &t->address, &t->created, &t->condition) &&
                    !(text_equal(l->words[0], "has") && take_row(l, i, &unused)))
                        fail_msg("'%s' says nothing of a thing", l->words[i]);
}

static void show(const struct line *l, size_t id, const char *name)
{
        struct row row = { .id = word(l, id), .name = name, .condition = CONDITION_RUNNING };
        struct thing unused = { 0 };

        for (size_t i = id + 1; i < l->n; i++)
                if (!take_row(l, i, &row) && !take_common(l, i, &row.address, &row.created, &row.condition) &&
                    !(text_equal(l->words[0], "has") && take_thing(l, i, &unused)))
                        fail_msg("'%s' says nothing of a row", l->words[i]);
        assert_int_equal(observation_add(l->situation->seen, type_of(l->words[1]), &row), 1);
}

static void call(const struct line *l)
{
        struct situation *s = l->situation;
        struct call *c = ledger_add_call(s->ledger, type_of(l->words[1]), s->in.account, word(l, 2), word(l, 3),
                                         (enum order_verb)word_of(word(l, 4), order_verb_words, ORDER_VERBS));
        struct values wanted = { 0 };
        const char *value;

        assert_non_null(c);
        c->state = CALL_UNKNOWN;
        for (size_t i = 5; i < l->n; i++) {
                if (is_key(l, i, "state", &value))
                        c->state = (enum call_state)word_of(value, call_state_words, CALL_STATES);
                else if (is_key(l, i, "id", &value))
                        c->id = value;
                else if (is_key(l, i, "field", &value))
                        c->field = property_find(value);
                else if (is_key(l, i, "account", &value))
                        c->account = value;
                else if (is_key(l, i, "counts", &value))
                        c->counts = (enum call_counts)word_of(value, call_counts_words, CALL_COUNTS);
                else if (is_key(l, i, "wanted", &value))
                        add_values(l, value, &wanted);
                else if (is_key(l, i, "wanted-spec", &value))
                        values_set_text(&wanted, PROPERTY_SPEC, value);
                else if (is_key(l, i, "marker", &value))
                        c->marker = value;
                else if (is_key(l, i, "note", &value))
                        c->note = value;
                else if (is_key(l, i, "cuts", &value))
                        c->cuts = number_of(value);
                else if (is_key(l, i, "said-no", &value))
                        c->said_no = true;
                else
                        fail_msg("'%s' says nothing of a call", l->words[i]);
        }
        assert_int_equal(ledger_set_values(s->ledger, &wanted, &c->wanted, &c->wanted_text), 0);
}

static void retry(const struct line *l)
{
        static const char *const classes[] = { "refused", "capacity", "auth" };
        static const enum outcome_class class_of[] = { OUTCOME_REFUSED, OUTCOME_CAPACITY, OUTCOME_AUTH };
        struct situation *s = l->situation;
        struct retry *r = strpool_alloc(s->ledger->strings, sizeof(*r));
        enum property field = PROPERTY_NONE;
        char key[RETRY_KEY_MAX];
        const char *value;

        assert_non_null(r);
        *r = (struct retry){ .slot = word(l, 2),
                             .failures = 1,
                             .class = OUTCOME_REFUSED,
                             .condition = CONDITION_RUNNING,
                             .next = SITUATION_NOW + USEC_PER_MINUTE,
                             .why = "it was refused" };
        for (size_t i = 4; i < l->n; i++) {
                if (is_key(l, i, "field", &value))
                        field = property_find(value);
                else if (is_key(l, i, "class", &value))
                        r->class = class_of[word_of(value, classes, ARRAY_SIZE(classes))];
                else if (is_key(l, i, "condition", &value))
                        r->condition = (enum condition)word_of(value, condition_words, CONDITIONS);
                else if (is_key(l, i, "next", &value))
                        r->next = text_equal(value, "never") ? USEC_INFINITY
                                                             : SITUATION_NOW + (usec_t)number_of(value) * USEC_PER_SEC;
                else if (is_key(l, i, "given-up", &value))
                        r->given_up = true;
                else
                        fail_msg("'%s' says nothing of a retry", l->words[i]);
        }
        retry_key(type_of(l->words[1]), r->slot, (enum order_verb)word_of(word(l, 3), order_verb_words, ORDER_VERBS),
                  field, key);
        assert_int_equal(strmap_set(&s->retries, kept(l, key), r), 0);
}

static void hour(const struct line *l)
{
        struct ledger_hour h = { 0 };
        const char *value;

        for (size_t i = 1; i < l->n; i++) {
                if (is_key(l, i, "creates", &value))
                        h.creates = number_of(value);
                else if (is_key(l, i, "deletes", &value))
                        h.deletes = number_of(value);
                else if (is_key(l, i, "most", &value))
                        h.most_owned = number_of(value);
                else
                        fail_msg("'%s' says nothing of an hour", l->words[i]);
        }
        assert_int_equal(ledger_tell_hour(l->situation->ledger, l->situation->in.account, &h), 0);
}

static void certificate(const struct line *l)
{
        struct certificate *c = strpool_alloc(l->situation->ledger->strings, sizeof(*c));

        assert_non_null(c);
        *c = (struct certificate){ 0 };
        for (size_t i = 2; i < l->n; i++)
                if (!is_key(l, i, "digest", &c->digest) && !is_key(l, i, "why", &c->why))
                        fail_msg("'%s' says nothing of a certificate", l->words[i]);
        assert_int_equal(strmap_set(&l->situation->certificates, word(l, 1), c), 0);
}

static bool is_selected(void *userdata, const struct resource *r)
{
        const struct situation *s = userdata;
        char name[RESOURCE_TEXT_MAX];

        return strmap_get(&s->selected, resource_text(r, name));
}

static bool is_approved(void *userdata, _unused_ const struct plan *p, const struct action *a)
{
        const struct situation *s = userdata;

        return !text_equal(a->name, s->refused);
}

static void max_deletes(const struct line *l)
{
        char *percent = strchr(l->words[1], '%');

        if (percent)
                *percent = '\0';
        l->situation->max_deletes = (struct share){ .value = number_of(l->words[1]),
                                                    .percent = percent,
                                                    .given = true };
}

static void hold_copies(const struct line *l)
{
        l->situation->in.hold_copies = word(l, 1);
        l->situation->in.hold_copies_confirmed = l->n > 2 && text_equal(l->words[2], "confirmed");
}

/* What is said of the account as a whole. */
static bool tell_account(const struct line *l)
{
        struct situation *s = l->situation;
        const char *what = l->words[0];

        if (text_equal(what, "pause"))
                assert_int_equal(ledger_set_paused(s->ledger, word(l, 1), word(l, 2)), 0);
        else if (text_equal(what, "hold"))
                s->in.hold = word(l, 1);
        else if (text_equal(what, "hold-copies"))
                hold_copies(l);
        else if (text_equal(what, "unreadable") || text_equal(what, "denied"))
                s->in.unreadable = word(l, 1);
        else if (text_equal(what, "unnamed"))
                s->in.provider = NULL;
        else if (text_equal(what, "capped"))
                s->seen->capped = true;
        else if (text_equal(what, "quota-unknown"))
                s->in.quota_unknown = word(l, 1);
        else if (text_equal(what, "hour"))
                hour(l);
        else if (text_equal(what, "replacements"))
                assert_int_equal(ledger_tell_replacements(s->ledger, s->in.account, word(l, 1), number_of(word(l, 2))),
                                 0);
        else if (text_equal(what, "held"))
                assert_int_equal(ledger_hold_id(s->ledger, s->in.account, type_of(l->words[1]), word(l, 2)), 0);
        else if (text_equal(what, "stranger"))
                assert_int_equal(ledger_note_stranger(s->ledger, s->in.account, type_of(l->words[1]), word(l, 2)), 0);
        else
                return false;
        if (text_equal(what, "denied"))
                s->in.unreadable_reason = REASON_AUTH;
        return true;
}

static void tell(const struct line *l)
{
        struct situation *s = l->situation;
        const char *what = l->words[0];

        if (text_equal(what, "owns") || text_equal(what, "has"))
                own(l);
        if (text_equal(what, "has"))
                show(l, 4, word(l, 3));
        else if (text_equal(what, "shows"))
                show(l, 2, "");
        else if (text_equal(what, "call"))
                call(l);
        else if (text_equal(what, "retry"))
                retry(l);
        else if (text_equal(what, "blind"))
                observation_miss(s->seen, type_of(l->words[1]), word(l, 2), "the provider said no");
        else if (text_equal(what, "certificate"))
                certificate(l);
        else if (text_equal(what, "max-deletes"))
                max_deletes(l);
        else if (text_equal(what, "selects"))
                for (size_t i = 1; i < l->n; i++)
                        assert_int_equal(strmap_set(&s->selected, word(l, i), s), 0);
        else if (text_equal(what, "refuses"))
                s->refused = word(l, 1);
        else if (!tell_account(l) && !text_equal(what, "owns") && !text_equal(what, "looked") &&
                 !text_equal(what, "sees"))
                fail_msg("'%s' is no such line", what);
}

static void add_detail(const struct line *l, enum thing_type of, const char *id, const char *within)
{
        struct situation *s = l->situation;
        struct detail *d = ARRAY_ADD(s->details, s->n_details, s->allocated_details);

        assert_non_null(d);
        *d = (struct detail){ .of = of, .id = id, .within = within };
}

/* What was looked for: it has to be known before anything can be shown. */
static void look(const struct line *l)
{
        const char *what = l->words[0];
        struct situation *s = l->situation;

        if (text_equal(what, "sees")) {
                s->types = 0;
                for (size_t i = 1; i < l->n; i++)
                        s->types |= 1u << type_of(l->words[i]);
        } else if (text_equal(what, "looked")) {
                add_detail(l, type_of(l->words[1]), word(l, 2), l->n > 3 ? word(l, 3) : NULL);
        } else if (text_equal(what, "has")) {
                for (enum thing_type type = 0; type < THING_TYPES; type++)
                        if (s->in.making[type].contained && s->in.making[type].container == type_of(l->words[1]))
                                add_detail(l, type, word(l, 4), NULL);
        }
}

static void each_line(struct situation *s, const char *lines, void (*what)(const struct line *l))
{
        char *copy = strdup(lines), *rest = copy, *text;

        assert_non_null(copy);
        while ((text = strsep(&rest, "\n"))) {
                struct line line;

                take_apart(s, text, &line);
                if (line.n > 0)
                        what(&line);
        }
        free(copy);
}

static const struct resource *find_provider(const struct estate *estate)
{
        for (size_t i = 0; i < estate->n_resources; i++)
                if (estate->resources[i]->kind == &kind_provider)
                        return estate->resources[i];
        fail_msg("the estate has no Provider");
        return NULL;
}

/* Takes all lines in, with a look at the account. */
static void see(struct situation *s, const char *lines)
{
        const struct scope scope = {
                .type = SCOPE_ACCOUNT, .types = s->types, .details = s->details, .n_details = s->n_details
        };

        assert_int_equal(observation_new(&scope, &s->seen), 0);
        s->seen->state = OBSERVATION_COMPLETE;
        each_line(s, lines, tell);
        s->in.machines = s->in.unreadable ? NULL : s->seen;
}

void situation_init(struct situation *s, const struct estate *estate, const struct provider *codec, const char *lines)
{
        const struct resource *provider = find_provider(estate);

        *s = (struct situation){ .config = { .endpoint = "", .options = &provider->provider->options } };
        assert_int_equal(ledger_new_empty(&s->ledger), 0);
        s->in = (struct plan_input){ .estate = estate,
                                     .provider = provider,
                                     .account = provider->name,
                                     .codec = codec,
                                     .making = codec->making(&provider->provider->options),
                                     .config = &s->config,
                                     .ledger = s->ledger,
                                     .retries = &s->retries,
                                     .certificates = &s->certificates,
                                     .max_deletes = &s->max_deletes,
                                     .filter_userdata = s,
                                     .now = SITUATION_NOW,
                                     .wall = SITUATION_WALL };
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (type == TYPE_MACHINE || s->in.making[type == TYPE_CARD ? TYPE_BINDING : type].possible)
                        s->types |= 1u << type;
        each_line(s, lines, look);
        see(s, lines);
        s->in.selects = s->selected.count ? is_selected : NULL;
        s->in.approves = s->refused ? is_approved : NULL;
}

void situation_look(struct situation *s, const char *lines)
{
        each_line(s, lines, look);
        observation_free(s->seen);
        see(s, lines);
}

void situation_done(struct situation *s)
{
        observation_free(s->seen);
        ledger_free(s->ledger);
        strmap_done(&s->retries);
        strmap_done(&s->certificates);
        strmap_done(&s->selected);
        free(s->details);
}
