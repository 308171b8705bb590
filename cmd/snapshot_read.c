/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmd/file.h"
#include "cmd/snapshot.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define TIME_FORMAT "%Y-%m-%dT%H:%M:%SZ"

struct snapshot *snapshot_free(struct snapshot *s)
{
        if (!s)
                return NULL;

        for (size_t i = 0; i < s->n_accounts; i++)
                observation_free(s->accounts[i].seen);
        free(s->accounts);
        ledger_free(s->ledger);
        json_decref(s->json);
        free(s);
        return NULL;
}

/* One object being read. The first thing that is wrong sticks; it is checked once, at the end. */
struct reading {
        struct ledger *ledger;
        const json_t *object;
        const char *what; /* "thing", for an error */
        size_t number;    /* of it in its list, from 1 */
        int failed;
        struct error *e;
};

static void wrong(struct reading *in, const char *field)
{
        if (in->failed == 0)
                in->failed = error_set(in->e, -EBADMSG, "its %s number %zu has no valid %s", in->what, in->number,
                                       field);
}

static const char *read_text(struct reading *in, const char *field)
{
        const char *text = json_string_value(json_object_get(in->object, field)), *kept;

        if (!text) {
                wrong(in, field);
                return "";
        }

        kept = ledger_string(in->ledger, text);
        if (!kept && in->failed == 0)
                in->failed = error_oom(in->e);
        return kept ? kept : "";
}

static bool read_flag(struct reading *in, const char *field)
{
        const json_t *value = json_object_get(in->object, field);

        if (!json_is_boolean(value))
                wrong(in, field);

        return json_is_true(value);
}

/* A count or a time: none is below zero. */
static int64_t read_number(struct reading *in, const char *field)
{
        const json_t *value = json_object_get(in->object, field);

        if (!json_is_integer(value) || json_integer_value(value) < 0)
                wrong(in, field);

        return json_integer_value(value);
}

static unsigned read_word(struct reading *in, const char *field, const char *const *words, unsigned n)
{
        const char *text = read_text(in, field);

        for (unsigned i = 0; i < n; i++)
                if (text_equal(words[i], text))
                        return i;

        wrong(in, field);
        return 0;
}

static enum condition read_condition(struct reading *in)
{
        const char *text = read_text(in, "condition");

        for (enum condition c = CONDITION_RUNNING; c <= CONDITION_UNKNOWN; c++)
                if (text_equal(condition_text(c), text))
                        return c;

        wrong(in, "condition");
        return CONDITION_UNKNOWN;
}

static enum property read_field(struct reading *in)
{
        const char *text = read_text(in, "field");
        enum property field = property_find(text);

        if (*text && field == PROPERTY_NONE)
                wrong(in, "field");

        return field;
}

/* Returns them as text, too: the ledger's. */
static const char *read_values(struct reading *in, const char *field, struct values *ret)
{
        const json_t *object = json_object_get(in->object, field);
        _cleanup_free_ char *text = json_is_object(object) ? json_to_text(object, JSON_COMPACT) : NULL;
        const char *kept = text ? ledger_string(in->ledger, text) : NULL;
        int r = kept ? ledger_values_from_text(in->ledger, kept, ret, NULL) : -ENOMEM;

        if (!json_is_object(object) || (r < 0 && r != -ENOMEM))
                wrong(in, field);
        else if (r < 0 && in->failed == 0)
                in->failed = error_oom(in->e);

        return kept ? kept : "{}";
}

/* The ledger. */

static int read_thing(struct reading *in)
{
        enum thing_type type = (enum thing_type)read_word(in, "type", thing_type_words, THING_TYPES);
        struct thing *t = ledger_add_thing(in->ledger, type, read_text(in, "account"), read_text(in, "resource"),
                                           read_text(in, "slot"), read_text(in, "id"));

        if (!t)
                return error_oom(in->e);

        t->created = read_text(in, "created");
        t->state = (enum thing_state)read_word(in, "state", thing_state_words, THING_STATES);
        t->adopted = read_flag(in, "adopted");
        t->protect = read_flag(in, "protect");
        t->ever_ready = read_flag(in, "everReady");
        t->missing = read_flag(in, "missing");
        t->leaked = read_flag(in, "leaked");
        t->made_with_text = read_values(in, "madeWith", &t->made_with);
        t->address = read_text(in, "address");
        t->condition = read_condition(in);
        t->made_at = read_number(in, "madeAt");
        t->note = read_text(in, "note");
        return in->failed;
}

static int read_call(struct reading *in)
{
        enum thing_type type = (enum thing_type)read_word(in, "type", thing_type_words, THING_TYPES);
        struct call *c = ledger_add_call(in->ledger, type, read_text(in, "account"), read_text(in, "resource"),
                                         read_text(in, "slot"),
                                         (enum order_verb)read_word(in, "verb", order_verb_words, ORDER_VERBS));

        if (!c)
                return error_oom(in->e);

        c->seq = read_number(in, "number");
        if (c->seq >= in->ledger->next_call)
                in->ledger->next_call = c->seq + 1;
        c->field = read_field(in);
        c->marker = read_text(in, "marker");
        c->batch = read_number(in, "batch");
        c->cuts = read_number(in, "cuts");
        c->id = read_text(in, "id");
        c->state = (enum call_state)read_word(in, "state", call_state_words, CALL_STATES);
        c->counts = (enum call_counts)read_word(in, "counts", call_counts_words, CALL_COUNTS);
        c->wanted_text = read_values(in, "wanted", &c->wanted);
        c->made_at = read_number(in, "madeAt");
        c->note = read_text(in, "note");
        c->request = read_text(in, "request");
        return in->failed;
}

static int read_replacement(struct reading *in)
{
        if (ledger_tell_replacements(in->ledger, read_text(in, "account"), read_text(in, "slot"),
                                     read_number(in, "count")) < 0)
                return error_oom(in->e);

        return in->failed;
}

/* Reads each object of a list. */
static int read_list(struct ledger *l, const json_t *holder, const char *field, const char *what,
                     int (*read)(struct reading *in), struct error *e)
{
        const json_t *list = json_object_get(holder, field);

        if (!json_is_array(list))
                return error_set(e, -EBADMSG, "it has no list of %s", field);

        for (size_t i = 0; i < json_array_size(list); i++) {
                struct reading in = {
                        .ledger = l,
                        .object = json_array_get(list, i),
                        .what = what,
                        .number = i + 1,
                        .e = e,
                };
                int r = read(&in);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* The accounts on record. */
static int read_hours(struct ledger *l, json_t *holder, struct error *e)
{
        json_t *hours = json_object_get(holder, "accounts"), *value;
        size_t number = 0;
        const char *name;

        if (!json_is_object(hours))
                return error_set(e, -EBADMSG, "its ledger has no accounts");

        json_object_foreach(hours, name, value)
        {
                struct reading in = { .ledger = l, .object = value, .what = "account", .number = number + 1, .e = e };
                const struct ledger_hour hour = {
                        .creates = read_number(&in, "creates"),
                        .deletes = read_number(&in, "deletes"),
                        .most_owned = read_number(&in, "mostOwned"),
                };

                number++;
                if (in.failed < 0)
                        return in.failed;
                if (ledger_record_account(l, name, "", "", 0) < 0 || ledger_tell_hour(l, name, &hour) < 0)
                        return error_oom(e);
        }

        return 0;
}

static int read_pauses(struct ledger *l, json_t *holder, struct error *e)
{
        json_t *pauses = json_object_get(holder, "pauses"), *value;
        const char *name;

        json_object_foreach(pauses, name, value)
        {
                if (!json_is_string(value))
                        return error_set(e, -EBADMSG, "its pause of %s has no reason", name);
                if (ledger_set_paused(l, name, json_string_value(value)) < 0)
                        return error_oom(e);
        }

        return 0;
}

static int read_ledger(struct snapshot *s, struct error *e)
{
        json_t *holder = json_object_get(s->json, "ledger");
        int r;

        if (ledger_new_empty(&s->ledger) < 0)
                return error_oom(e);
        if (json_is_null(holder))
                return 0;

        s->has_ledger = true;
        r = read_hours(s->ledger, holder, e);
        if (r >= 0)
                r = read_list(s->ledger, holder, "things", "thing", read_thing, e);
        if (r >= 0)
                r = read_list(s->ledger, holder, "calls", "call", read_call, e);
        if (r >= 0)
                r = read_list(s->ledger, holder, "replacements", "replacement", read_replacement, e);

        return r < 0 ? r : read_pauses(s->ledger, holder, e);
}

/* The accounts. Texts of rows are kept in the ledger's pool, which outlives them. */

static int read_row(struct reading *in, const char *account, enum thing_type type, struct observation *obs)
{
        struct row row = {
                .id = read_text(in, "id"),
                .name = read_text(in, "name"),
                .address = read_text(in, "address"),
                .created = read_text(in, "created"),
                .parent = read_text(in, "parent"),
                .traits = read_text(in, "traits"),
                .condition = read_condition(in),
                .can_shut_down = read_flag(in, "canShutDown"),
                .price = read_number(in, "price"),
        };
        bool held = read_flag(in, "held"), stranger = read_flag(in, "stranger");

        (void)read_values(in, "values", &row.values);
        if (in->failed < 0)
                return in->failed;
        if ((held && ledger_hold_id(in->ledger, account, type, row.id) < 0) ||
            (stranger && ledger_note_stranger(in->ledger, account, type, row.id) < 0) ||
            observation_add(obs, type, &row) < 0)
                return error_oom(in->e);

        return 0;
}

static int read_rows(struct snapshot *s, const char *account, enum thing_type type, const json_t *list,
                     struct observation *obs, struct error *e)
{
        if (!json_is_array(list))
                return error_set(e, -EBADMSG, "its account %s has no list of %s", account, snapshot_lists[type]);

        for (size_t i = 0; i < json_array_size(list); i++) {
                struct reading in = {
                        .ledger = s->ledger,
                        .object = json_array_get(list, i),
                        .what = thing_type_words[type],
                        .number = i + 1,
                        .e = e,
                };
                int r = read_row(&in, account, type, obs);

                if (r < 0)
                        return error_wrap(e, r, "account %s", account);
        }

        return 0;
}

static int read_detail(struct reading *in, struct detail *ret)
{
        bool within = !json_is_null(json_object_get(in->object, "within"));

        *ret = (struct detail){
                .of = (enum thing_type)read_word(in, "of", thing_type_words, THING_TYPES),
                .id = read_text(in, "id"),
                .within = within ? read_text(in, "within") : NULL,
        };
        return in->failed;
}

/* What was looked at beyond the listings. The array is the caller's to free; a snapshot that has none knows of none. */
static int read_details(struct snapshot *s, const json_t *json, struct detail **ret, size_t *ret_n, struct error *e)
{
        const json_t *list = json_object_get(json, "details");
        size_t n = json_array_size(list);
        _cleanup_free_ struct detail *details = calloc(n + 1, sizeof(*details));

        if (!details)
                return error_oom(e);
        for (size_t i = 0; i < n; i++) {
                struct reading in = { .ledger = s->ledger,
                                      .object = json_array_get(list, i),
                                      .what = "detail",
                                      .number = i + 1,
                                      .e = e };
                int r = read_detail(&in, &details[i]);

                if (r < 0)
                        return r;
        }
        *ret = STEAL(details);
        *ret_n = n;
        return 0;
}

static int read_why(struct reading *in, const char *key, const char **ret)
{
        const json_t *why = json_object_get(in->object, key);

        *ret = why && !json_is_null(why) ? read_text(in, key) : NULL;
        return in->failed;
}

/* Those that could not be read, and those that were doubted; a snapshot of an older muster says nothing of any. */
static int read_doubts(struct snapshot *s, const json_t *json, struct observation *obs, struct error *e)
{
        const json_t *list = json_object_get(json, "details");

        for (size_t i = 0; i < obs->scope.n_details; i++) {
                struct reading in = { .ledger = s->ledger,
                                      .object = json_array_get(list, i),
                                      .what = "detail",
                                      .number = i + 1,
                                      .e = e };
                const struct detail *detail = &obs->scope.details[i];
                const char *missed, *doubted;

                if (read_why(&in, "missed", &missed) < 0 || read_why(&in, "doubted", &doubted) < 0)
                        return in.failed;
                if (missed && observation_miss(obs, detail->of, detail->id, missed) < 0)
                        return error_oom(e);
                if (doubted && observation_doubt(obs, detail->of, detail->id, doubted) < 0)
                        return error_oom(e);
        }
        return 0;
}

/* Machines are always looked for, the rest where there is some or is to be. */
static int read_seen(struct snapshot *s, const char *account, const json_t *json, struct observation **ret,
                     struct error *e)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_free_ struct detail *details = NULL;
        struct scope scope = scope_machines;
        int r;

        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (json_object_get(json, snapshot_lists[type]))
                        scope.types |= 1u << type;
        r = read_details(s, json, &details, &scope.n_details, e);
        if (r < 0)
                return r;
        scope.details = details;
        if (observation_new(&scope, &obs) < 0)
                return error_oom(e);
        r = read_doubts(s, json, obs, e);
        if (r < 0)
                return r;

        for (enum thing_type type = 0; type < THING_TYPES; type++) {
                r = observation_covers(obs, type)
                            ? read_rows(s, account, type, json_object_get(json, snapshot_lists[type]), obs, e)
                            : 0;
                if (r < 0)
                        return r;
        }

        obs->capped = json_is_true(json_object_get(json, "capped"));
        obs->state = OBSERVATION_COMPLETE;
        *ret = STEAL(obs);
        return 0;
}

static int read_account(struct snapshot *s, const char *name, const json_t *json, struct error *e)
{
        struct snapshot_account *a = ARRAY_ADD(s->accounts, s->n_accounts, s->allocated_accounts);
        const char *type = json_string_value(json_object_get(json, "type")),
                   *why = json_string_value(json_object_get(json, "why"));
        const json_t *complete = json_object_get(json, "complete");

        if (!a)
                return error_oom(e);
        if (!type || !json_is_boolean(complete))
                return error_set(e, -EBADMSG, "its account %s has no type, or does not say whether it is complete",
                                 name);

        *a = (struct snapshot_account){ .name = name, .type = type, .why = why ? why : "" };
        return json_is_true(complete) ? read_seen(s, name, json, &a->seen, e) : 0;
}

static int read_accounts(struct snapshot *s, struct error *e)
{
        json_t *accounts = json_object_get(s->json, "accounts"), *value;
        const char *name;

        if (!json_is_object(accounts))
                return error_set(e, -EBADMSG, "it has no accounts");

        json_object_foreach(accounts, name, value)
        {
                int r = read_account(s, name, value, e);

                if (r < 0)
                        return r;
        }

        return 0;
}

static int read_head(struct snapshot *s, struct error *e)
{
        const char *at = json_string_value(json_object_get(s->json, "at")), *end;
        struct tm tm = { 0 };

        if (!text_equal(json_string_value(json_object_get(s->json, "format")), SNAPSHOT_FORMAT))
                return error_set(e, -EBADMSG, "its format is not " SNAPSHOT_FORMAT);

        end = at ? strptime(at, TIME_FORMAT, &tm) : NULL;
        s->estate = json_string_value(json_object_get(s->json, "estate"));
        if (!end || *end || !s->estate)
                return error_set(e, -EBADMSG, "it does not say when it was taken, or of which estate");

        s->at = (int64_t)timegm(&tm);
        return 0;
}

int snapshot_parse(json_t *json, struct snapshot **ret, struct error *e)
{
        _cleanup_(snapshot_free_p) struct snapshot *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(e);

        s->json = json_incref(json);
        r = read_head(s, e);
        if (r >= 0)
                r = read_ledger(s, e);
        if (r >= 0)
                r = read_accounts(s, e);
        if (r < 0)
                return r;

        *ret = STEAL(s);
        return 0;
}

int snapshot_read(const char *path, struct snapshot **ret, struct error *e)
{
        _cleanup_json_ json_t *json = NULL;
        int r;

        r = file_read_json(path, &json, e);
        if (r < 0)
                return r;

        r = snapshot_parse(json, ret, e);
        return r == -EBADMSG ? error_wrap(e, r, "%s is no snapshot that 'muster plan --save-snapshot' wrote", path) : r;
}

static struct snapshot_account *find_account(const struct snapshot *s, const char *name)
{
        for (size_t i = 0; i < s->n_accounts; i++)
                if (text_equal(s->accounts[i].name, name))
                        return &s->accounts[i];

        return NULL;
}

static int show_account(struct snapshot *s, struct engine *engine, const struct resource *provider)
{
        struct snapshot_account *a = find_account(s, provider->name);
        struct observation *seen = NULL;
        struct error why = { 0 };

        if (!a)
                (void)error_set(&why, -ENODATA, "the snapshot does not hold it");
        else if (!text_equal(a->type, provider->provider->type))
                (void)error_set(&why, -ENODATA, "in the snapshot it is a %.100s", a->type);
        else if (!a->seen)
                (void)error_set(&why, -ENODATA, "it could not be read when the snapshot was taken: %.500s", a->why);
        else
                seen = STEAL(a->seen);

        return engine_show(engine, provider->name, seen, why.text);
}

int snapshot_show(struct snapshot *s, struct engine *engine, struct error *e)
{
        for (size_t i = 0; i < engine_n_accounts(engine); i++) {
                struct account_view view;

                engine_account(engine, i, &view);
                if (view.provider && show_account(s, engine, view.provider) < 0)
                        return error_oom(e);
        }

        return 0;
}
