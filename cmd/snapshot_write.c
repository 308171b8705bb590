/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/file.h"
#include "cmd/output.h"
#include "cmd/snapshot.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

#define VALUES_MAX ((size_t)1 << 20)

const char *const snapshot_lists[THING_TYPES] = {
        [TYPE_MACHINE] = "machines",
        [TYPE_DISK] = "disks",
        [TYPE_TEMPLATE] = "templates",
        [TYPE_OFFER] = "offers",
        [TYPE_IMAGE] = "images",
        [TYPE_BALANCER] = "balancers",
        [TYPE_BACKEND] = "backends",
        [TYPE_GROUP] = "groups",
        [TYPE_RULE] = "rules",
        [TYPE_BINDING] = "bindings",
        [TYPE_CARD] = "cards",
        [TYPE_QUOTA] = "quotas",
        [TYPE_PORT_MAPPING] = "portMappings",
        [TYPE_ADDRESS_MAPPING] = "addressMappings",
        [TYPE_ACCESS] = "accessRules",
        [TYPE_BACKUP] = "backups",
        [TYPE_SNAPSHOT] = "snapshots",
        [TYPE_NETWORK] = "networks",
};

static json_t *values_json(const struct values *v)
{
        _cleanup_buf_ struct buf text = BUF_INIT(VALUES_MAX);

        return values_to_text(v, &text) < 0 ? NULL : json_loadb(buf_text(&text), text.len, 0, NULL);
}

static json_t *thing_json(const struct thing *t)
{
        return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:s, s:I, s:o}",
                         "type", thing_type_words[t->type], "account", json_any_text(t->account), "resource",
                         json_any_text(t->resource), "slot", json_any_text(t->slot), "id", json_any_text(t->id),
                         "created", json_any_text(t->created), "state", thing_state_words[t->state], "adopted",
                         t->adopted, "protect", t->protect, "everReady", t->ever_ready, "missing", t->missing, "leaked",
                         t->leaked, "madeWith", values_json(&t->made_with), "address", json_any_text(t->address),
                         "condition", condition_text(t->condition), "madeAt", (json_int_t)t->made_at, "note",
                         json_any_text(t->note));
}

static json_t *call_json(const struct call *c)
{
        const char *field = c->field == PROPERTY_NONE ? "" : property_name(c->field);

        return json_pack("{s:I, s:s, s:o, s:o, s:o, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:o, s:o}",
                         "number", (json_int_t)c->seq, "type", thing_type_words[c->type], "account",
                         json_any_text(c->account), "resource", json_any_text(c->resource), "slot",
                         json_any_text(c->slot), "verb", order_verb_words[c->verb], "field", field, "id",
                         json_any_text(c->id), "state", call_state_words[c->state], "counts",
                         call_counts_words[c->counts], "wanted", values_json(&c->wanted), "marker",
                         json_any_text(c->marker), "batch", (json_int_t)c->batch, "cuts", (json_int_t)c->cuts, "madeAt",
                         (json_int_t)c->made_at, "note", json_any_text(c->note), "request", json_any_text(c->request));
}

static json_t *things_json(const struct ledger *l)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < l->n_things; i++)
                if (l->things[i]->state != THING_GONE && json_array_append_new(list, thing_json(l->things[i])) < 0)
                        return NULL;

        return STEAL(list);
}

static json_t *calls_json(const struct ledger *l)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < l->n_calls; i++)
                if (l->calls[i]->state != CALL_RESOLVED && json_array_append_new(list, call_json(l->calls[i])) < 0)
                        return NULL;

        return STEAL(list);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a map in order, so that the same ledger gives the same bytes. NULL: out of memory. */
static const char **sorted_keys(const struct strmap *map)
{
        const char **keys = calloc(map->count + 1, sizeof(*keys));
        size_t n = 0;

        if (!keys)
                return NULL;

        STRMAP_FOREACH (slot, map)
                keys[n++] = slot->key;
        qsort(keys, n, sizeof(*keys), compare_names);
        return keys;
}

/* Every account on record, with what counts under the Policy. */
static json_t *hours_json(struct ledger *l, usec_t now, int64_t wall, struct error *e)
{
        _cleanup_free_ const char **names = sorted_keys(&l->accounts);
        _cleanup_json_ json_t *object = json_object();

        if (!names)
                return NULL;

        for (size_t i = 0; names[i]; i++) {
                struct ledger_hour hour;

                if (ledger_hour(l, names[i], now, wall, &hour, e) < 0)
                        return NULL;
                if (json_object_set_new(object, names[i],
                                        json_pack("{s:I, s:I, s:I}", "creates", (json_int_t)hour.creates, "deletes",
                                                  (json_int_t)hour.deletes, "mostOwned", (json_int_t)hour.most_owned)) <
                    0)
                        return NULL;
        }

        return STEAL(object);
}

static json_t *pauses_json(const struct ledger *l)
{
        _cleanup_free_ const char **names = sorted_keys(&l->pauses);
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; names && names[i]; i++)
                if (json_object_set_new(object, names[i], json_any_text(ledger_paused(l, names[i]))) < 0)
                        return NULL;

        return names ? STEAL(object) : NULL;
}

void snapshot_note_done(struct snapshot_note *n)
{
        json_decref(n->json);
        strmap_done(&n->held);
        strmap_done(&n->strangers);
        *n = (struct snapshot_note){ 0 };
}

static int copy_ids(const struct strmap *ids, struct strmap *copy)
{
        STRMAP_FOREACH (slot, ids)
                if (strmap_set(copy, slot->key, slot->value) < 0)
                        return -ENOMEM;

        return 0;
}

int snapshot_note(struct ledger *l, usec_t now, int64_t wall, struct snapshot_note *ret, struct error *e)
{
        _cleanup_(snapshot_note_done) struct snapshot_note n = { .ledger = l, .now = now, .at = wall };

        (void)error_oom(e); /* what is not said otherwise */
        if (l->path)
                n.json = json_pack("{s:o, s:o, s:o, s:o}", "accounts", hours_json(l, now, wall, e), "things",
                                   things_json(l), "calls", calls_json(l), "pauses", pauses_json(l));
        if ((l->path && !n.json) || copy_ids(&l->held, &n.held) < 0 || copy_ids(&l->strangers, &n.strangers) < 0)
                return -ENOMEM;

        *ret = n;
        n = (struct snapshot_note){ 0 };
        return 0;
}

/* An id that was ever ours, or that was there before something was made, is told: so that it is not taken for what a lost create
 * made. */
static json_t *row_json(const struct row *row, bool held, bool stranger)
{
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:I, s:b, s:b, s:o}", "id", json_any_text(row->id),
                         "name", json_any_text(row->name), "address", json_any_text(row->address), "created",
                         json_any_text(row->created), "parent", json_any_text(row->parent), "traits",
                         json_any_text(row->traits), "condition", condition_text(row->condition), "canShutDown",
                         row->can_shut_down, "price", (json_int_t)row->price, "held", held, "stranger", stranger,
                         "values", values_json(&row->values));
}

static json_t *rows_json(const struct snapshot_note *n, const char *account, const struct observation *seen,
                         enum thing_type type)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < seen->of[type].n_rows; i++) {
                const struct row *row = &seen->of[type].rows[i];
                bool held = ledger_ids_have(&n->held, account, type, row->id);
                bool stranger = ledger_ids_have(&n->strangers, account, type, row->id);

                if (json_array_append_new(list, row_json(row, held, stranger)) < 0)
                        return NULL;
        }

        return STEAL(list);
}

static int add_detail(json_t *list, const struct observation *seen, const struct detail *detail)
{
        const char *missed = observation_missed(seen, detail->of, detail->id),
                   *doubted = observation_doubted(seen, detail->of, detail->id);

        return json_array_append_new(list,
                                     json_pack("{s:s, s:o, s:o, s:o, s:o}", "of", thing_type_words[detail->of], "id",
                                               json_any_text(detail->id), "within", json_any_text(detail->within),
                                               "missed", json_any_text(missed), "doubted", json_any_text(doubted)));
}

static int add_remembered(json_t *list, const struct observation *seen, enum thing_type type)
{
        for (size_t i = 0; i < seen->of[TYPE_MACHINE].n_rows; i++) {
                const struct detail detail = { .of = type, .id = seen->of[TYPE_MACHINE].rows[i].id };

                if (observation_remembers(seen, type, detail.id) && add_detail(list, seen, &detail) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* What was looked at beyond the listings: else nothing would be known of what is in a group. What an earlier look saw is as good here. */
static json_t *details_json(const struct observation *seen)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < seen->scope.n_details; i++) {
                const struct detail *detail = &seen->scope.details[i];

                if (add_detail(list, seen, detail) < 0)
                        return NULL;
        }
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                if (seen->remembered[type].count && add_remembered(list, seen, type) < 0)
                        return NULL;

        return STEAL(list);
}

static json_t *account_json(const struct snapshot_note *n, const struct account_view *view)
{
        const struct observation *seen = view->readable ? view->machines : NULL;
        _cleanup_json_ json_t *account = json_pack(
                "{s:s, s:b, s:o, s:b}", "type", view->provider->provider->type, "complete", seen != NULL, "why",
                json_any_text(seen ? NULL : view->why), "capped", seen && seen->capped);

        for (enum thing_type type = 0; seen && type < THING_TYPES; type++)
                if (observation_covers(seen, type) &&
                    json_object_set_new(account, snapshot_lists[type], rows_json(n, view->provider->name, seen, type)) <
                            0)
                        return NULL;

        if (seen && seen->scope.n_details > 0 && json_object_set_new(account, "details", details_json(seen)) < 0)
                return NULL;

        return STEAL(account);
}

static json_t *accounts_json(const struct snapshot_note *n, const struct engine *engine)
{
        _cleanup_json_ json_t *object = json_object();

        for (size_t i = 0; i < engine_n_accounts(engine); i++) {
                struct account_view view;

                engine_account(engine, i, &view);
                if (view.provider && json_object_set_new(object, view.provider->name, account_json(n, &view)) < 0)
                        return NULL;
        }

        return STEAL(object);
}

/* Of each machine that has failed, how often it was made anew within the hour. */
static json_t *replacements_json(const struct snapshot_note *note, struct error *e)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < note->ledger->n_things; i++) {
                const struct thing *t = note->ledger->things[i];
                int64_t n;

                if (t->state != THING_OWNED || t->condition != CONDITION_FAILED)
                        continue;
                if (ledger_replacements(note->ledger, t->account, t->slot, note->now, note->at, &n, e) < 0)
                        return NULL;
                if (json_array_append_new(list, json_pack("{s:o, s:o, s:I}", "account", json_any_text(t->account),
                                                          "slot", json_any_text(t->slot), "count", (json_int_t)n)) < 0)
                        return NULL;
        }

        return STEAL(list);
}

json_t *snapshot_json(const struct snapshot_note *n, const struct estate *estate, const struct engine *engine,
                      struct error *e)
{
        (void)error_oom(e); /* what is not said otherwise */
        if (n->json && json_object_set_new(n->json, "replacements", replacements_json(n, e)) < 0)
                return NULL;

        return json_pack("{s:s, s:o, s:s, s:o, s:O?}", "format", SNAPSHOT_FORMAT, "at", json_any_time(n->at), "estate",
                         estate->name, "accounts", accounts_json(n, engine), "ledger", n->json);
}

int snapshot_write(const char *path, const struct snapshot_note *n, const struct estate *estate,
                   const struct engine *engine, struct error *e)
{
        _cleanup_json_ json_t *whole = snapshot_json(n, estate, engine, e);

        return whole ? file_write_json(path, whole, e) : -ENOMEM;
}
