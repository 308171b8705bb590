/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/ledger_store.h"

#define KEY_MAX ((size_t)1024 * 1024)
#define KEY_USUAL 1024 /* bytes of any but those of ids that no codec takes */

/* The words of the rows. */
const char *const thing_state_words[THING_STATES] = {
        [THING_OWNED] = "owned",       [THING_LEAVING] = "leaving", [THING_PARKED] = "parked",
        [THING_RELEASED] = "released", [THING_GONE] = "gone",
};

const char *const call_state_words[CALL_STATES] = {
        [CALL_INTENT] = "intent",   [CALL_SENDING] = "sending",   [CALL_ACCEPTED] = "accepted",
        [CALL_UNKNOWN] = "unknown", [CALL_RESOLVED] = "resolved",
};

const char *const call_counts_words[CALL_COUNTS] = {
        [COUNTS_NOTHING] = "nothing",
        [COUNTS_CREATE] = "create",
        [COUNTS_DELETE] = "delete",
        [COUNTS_REPLACE] = "replace",
};

const char *const order_verb_words[ORDER_VERBS] = {
        [ORDER_CREATE] = "create",       [ORDER_DELETE] = "delete",       [ORDER_START] = "start",
        [ORDER_SHUT_DOWN] = "shut down", [ORDER_POWER_OFF] = "power off", [ORDER_CHANGE] = "change",
        [ORDER_RENAME] = "rename",       [ORDER_ATTACH] = "attach",       [ORDER_DETACH] = "detach",
};

/* Each is one word: keys have blanks between their parts. */
const char *const thing_type_words[THING_TYPES] = {
        [TYPE_MACHINE] = "machine",
        [TYPE_DISK] = "disk",
        [TYPE_TEMPLATE] = "template",
        [TYPE_OFFER] = "offer",
        [TYPE_IMAGE] = "image",
        [TYPE_BALANCER] = "balancer",
        [TYPE_BACKEND] = "backend",
        [TYPE_GROUP] = "group",
        [TYPE_RULE] = "rule",
        [TYPE_BINDING] = "binding",
        [TYPE_CARD] = "card",
        [TYPE_QUOTA] = "quota",
        [TYPE_PORT_MAPPING] = "port-mapping",
        [TYPE_ADDRESS_MAPPING] = "address-mapping",
        [TYPE_ACCESS] = "access-rule",
        [TYPE_BACKUP] = "backup",
        [TYPE_SNAPSHOT] = "snapshot",
        [TYPE_NETWORK] = "network",
};

int ledger_new_empty(struct ledger **ret)
{
        _cleanup_(ledger_free_p) struct ledger *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;

        l->estate = "";
        l->id = "";
        l->boot = UNKNOWN_BOOT;
        l->next_thing = 1;
        l->next_call = 1;
        l->strings = strpool_new();
        l->changes = calloc(1, sizeof(*l->changes));
        if (!l->strings || !l->changes)
                return -ENOMEM;

        *ret = STEAL(l);
        return 0;
}

static struct ledger_changes *changes_free(struct ledger_changes *changes)
{
        if (!changes)
                return NULL;

        free(changes->things);
        free(changes->calls);
        free(changes->accounts);
        free(changes->pauses);
        free(changes->strangers);
        free(changes->replies);
        free(changes);

        return NULL;
}

struct ledger *ledger_free(struct ledger *l)
{
        if (!l)
                return NULL;

        for (size_t i = 0; i < l->n_things; i++)
                free(l->things[i]);
        for (size_t i = 0; i < l->n_calls; i++)
                free(l->calls[i]);
        free(l->things);
        free(l->calls);
        strmap_done(&l->held);
        strmap_done(&l->strangers);
        strmap_done(&l->accounts);
        strmap_done(&l->pauses);
        strmap_done(&l->hours);
        ledger_store_free(l->store);
        changes_free(l->changes);
        strpool_free(l->strings);
        free(l);

        return NULL;
}

const char *ledger_string(struct ledger *l, const char *s)
{
        return strpool_add(l->strings, s);
}

/* The key of an id in `held` and `strangers`. No name of an account or a type has a blank in it, so two keys are equal only when
 * all parts are. */
static int id_key(struct buf *key, const char *account, enum thing_type type, const char *id)
{
        const char *const parts[] = { account, " ", thing_type_words[type], " ", id };

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                buf_adds(key, parts[i]);
        return key->failed;
}

/* 1: it is new there; 0: it was there already. `ret_key` is the map's own. */
static int keep_id(struct ledger *l, struct strmap *map, const char *account, enum thing_type type, const char *id,
                   const char **ret_key)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
        const char *kept;
        int r;

        r = id_key(&key, account, type, id);
        if (r < 0)
                return r;

        kept = strpool_addn(l->strings, buf_text(&key), key.len);
        if (!kept)
                return -ENOMEM;

        r = strmap_put(map, kept, (void *)kept);
        if (r == -EEXIST)
                return 0;
        if (r < 0)
                return r;

        *ret_key = kept;
        return 1;
}

bool ledger_ids_have(const struct strmap *map, const char *account, enum thing_type type, const char *id)
{
        _cleanup_buf_ struct buf key = BUF_INIT(KEY_MAX);
        char text[KEY_USUAL];
        size_t n = (size_t)snprintf(text, sizeof(text), "%s %s %s", account, thing_type_words[type], id);

        if (n < sizeof(text))
                return strmap_get(map, text); /* no memory is needed for the question */
        return id_key(&key, account, type, id) < 0 || strmap_get(map, buf_text(&key));
}

int ledger_hold_id(struct ledger *l, const char *account, enum thing_type type, const char *id)
{
        const char *key;
        int r = *id ? keep_id(l, &l->held, account, type, id, &key) : 0;

        return r < 0 ? r : 0;
}

bool ledger_held(const struct ledger *l, const char *account, enum thing_type type, const char *id)
{
        return ledger_ids_have(&l->held, account, type, id);
}

const struct thing *thing_current(const struct ledger *l, const struct resource *resource)
{
        const char *account = resource_provider(resource)->name;
        char name[RESOURCE_TEXT_MAX];

        resource_text(resource, name);
        for (size_t i = l->n_things; i > 0; i--) {
                const struct thing *t = l->things[i - 1];

                if (t->state == THING_OWNED && text_equal(t->account, account) && text_equal(t->resource, name) &&
                    *t->id)
                        return t;
        }

        return NULL;
}

int ledger_keep_stranger(struct ledger *l, const char *account, enum thing_type type, const char *id)
{
        const char *key;
        int r = keep_id(l, &l->strangers, account, type, id, &key);

        return r < 0 ? r : 0;
}

int ledger_note_stranger(struct ledger *l, const char *account, enum thing_type type, const char *id)
{
        struct ledger_changes *changes = l->changes;
        const char *key;
        int r;

        if (ARRAY_RESERVE(changes->strangers, changes->n_strangers, changes->allocated_strangers) < 0)
                return -ENOMEM;

        r = keep_id(l, &l->strangers, account, type, id, &key);
        if (r <= 0)
                return r;

        changes->strangers[changes->n_strangers++] = key;
        return 0;
}

int ledger_rename_strangers(struct ledger *l, const char *from, const char *to)
{
        _cleanup_free_ const char **ids = calloc(l->strangers.count + 1, sizeof(*ids));
        size_t n = 0, length = strlen(from);
        int r = 0;

        if (!ids)
                return -ENOMEM;

        STRMAP_FOREACH (slot, &l->strangers)
                if (strncmp(slot->key, from, length) == 0 && slot->key[length] == ' ')
                        ids[n++] = slot->key + length + 1;

        for (size_t i = 0; i < n && r >= 0; i++)
                for (enum thing_type type = 0; type < THING_TYPES && r >= 0; type++)
                        if (text_starts(ids[i], thing_type_words[type]) &&
                            ids[i][strlen(thing_type_words[type])] == ' ')
                                r = ledger_note_stranger(l, to, type, ids[i] + strlen(thing_type_words[type]) + 1);

        return r;
}

bool ledger_is_stranger(const struct ledger *l, const char *account, enum thing_type type, const char *id)
{
        return ledger_ids_have(&l->strangers, account, type, id);
}

/* They come in the order of their numbers. */
struct thing *ledger_keep_thing(struct ledger *l, const struct thing *row)
{
        _cleanup_free_ struct thing *thing = malloc(sizeof(*thing));

        if (!thing || ARRAY_RESERVE(l->things, l->n_things, l->allocated_things) < 0 ||
            ledger_hold_id(l, row->account, row->type, row->id) < 0)
                return NULL;

        *thing = *row;
        l->things[l->n_things++] = thing;
        l->next_thing = row->seq + 1;

        return STEAL(thing);
}

struct call *ledger_keep_call(struct ledger *l, const struct call *row)
{
        _cleanup_free_ struct call *call = malloc(sizeof(*call));
        struct call **place;

        if (!call)
                return NULL;

        place = ARRAY_ADD(l->calls, l->n_calls, l->allocated_calls);
        if (!place)
                return NULL;

        *call = *row;
        *place = call;
        l->next_call = row->seq + 1;

        return STEAL(call);
}

struct thing *ledger_add_thing(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                               const char *slot, const char *id)
{
        struct ledger_changes *changes = l->changes;
        struct thing *thing, row = {
                .seq = l->next_thing,
                .type = type,
                .account = ledger_string(l, account),
                .resource = ledger_string(l, resource),
                .slot = ledger_string(l, slot),
                .id = ledger_string(l, id),
                .created = "",
                .made_with_text = "{}",
                .address = "",
                .condition = CONDITION_UNKNOWN,
                .note = "",
        };

        if (!row.account || !row.resource || !row.slot || !row.id ||
            ARRAY_RESERVE(changes->things, changes->n_things, changes->allocated_things) < 0)
                return NULL;

        thing = ledger_keep_thing(l, &row);
        if (thing)
                (void)ledger_touch_thing(l, thing); /* there is room */
        return thing;
}

struct thing *ledger_adopt(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                           const char *slot, const struct row *row, int64_t now)
{
        const char *created = ledger_string(l, row->created), *address = ledger_string(l, row->address);
        struct thing *t = created && address ? ledger_add_thing(l, type, account, resource, slot, row->id) : NULL;

        if (!t)
                return NULL;
        t->adopted = true;
        t->made_at = now;
        t->created = created;
        t->address = address;
        t->condition = row->condition;
        t->ever_ready = condition_works(row->condition);
        return t;
}

struct call *ledger_add_call(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                             const char *slot, enum order_verb verb)
{
        struct ledger_changes *changes = l->changes;
        struct call *call, row = {
                .seq = l->next_call,
                .type = type,
                .marker = "",
                .account = ledger_string(l, account),
                .resource = ledger_string(l, resource),
                .slot = ledger_string(l, slot),
                .verb = verb,
                .id = "",
                .wanted_text = "{}",
                .boot = l->boot,
                .outcome = "",
                .note = "",
                .request = "",
                .class = OUTCOME_UNKNOWN,
        };

        if (!row.account || !row.resource || !row.slot ||
            ARRAY_RESERVE(changes->calls, changes->n_calls, changes->allocated_calls) < 0)
                return NULL;

        call = ledger_keep_call(l, &row);
        if (call)
                (void)ledger_touch_call(l, call); /* there is room */
        return call;
}

int ledger_touch_thing(struct ledger *l, struct thing *t)
{
        struct ledger_changes *changes = l->changes;
        struct thing **place;

        if (t->touched)
                return 0;

        place = ARRAY_ADD(changes->things, changes->n_things, changes->allocated_things);
        if (!place)
                return -ENOMEM;

        *place = t;
        t->touched = true;
        return 0;
}

int ledger_touch_call(struct ledger *l, struct call *c)
{
        struct ledger_changes *changes = l->changes;
        struct call **place;

        if (c->touched)
                return 0;

        place = ARRAY_ADD(changes->calls, changes->n_calls, changes->allocated_calls);
        if (!place)
                return -ENOMEM;

        *place = c;
        c->touched = true;
        return 0;
}

int ledger_keep_account(struct ledger *l, const struct account_record *row)
{
        struct account_record *account = strpool_alloc(l->strings, sizeof(*account));

        if (!account)
                return -ENOMEM;

        *account = *row;
        return strmap_put(&l->accounts, account->name, account);
}

int ledger_record_account(struct ledger *l, const char *account, const char *type, const char *endpoint, int64_t now)
{
        struct ledger_changes *changes = l->changes;
        struct account_record *known = strmap_get(&l->accounts, account);
        struct account_record row = {
                .name = ledger_string(l, account),
                .type = ledger_string(l, type),
                .endpoint = ledger_string(l, endpoint),
                .recorded_at = now,
        };
        int r;

        if (!row.name || !row.type || !row.endpoint ||
            ARRAY_RESERVE(changes->accounts, changes->n_accounts, changes->allocated_accounts) < 0)
                return -ENOMEM;

        if (known && known->type == row.type && known->endpoint == row.endpoint)
                return 0;

        if (!known) {
                r = ledger_keep_account(l, &row);
                if (r < 0)
                        return r;
                known = strmap_get(&l->accounts, account);
        }

        known->type = row.type;
        known->endpoint = row.endpoint;
        if (!known->touched)
                changes->accounts[changes->n_accounts++] = known;
        known->touched = true;
        return 0;
}

bool ledger_knows_account(const struct ledger *l, const char *account)
{
        return strmap_get(&l->accounts, account);
}

const char *ledger_paused(const struct ledger *l, const char *resource)
{
        return strmap_get(&l->pauses, resource);
}

int ledger_keep_pause(struct ledger *l, const char *resource, const char *reason)
{
        return strmap_set(&l->pauses, resource, (void *)reason);
}

static int touch_pause(struct ledger *l, const char *resource)
{
        struct ledger_changes *changes = l->changes;
        const char **place = ARRAY_ADD(changes->pauses, changes->n_pauses, changes->allocated_pauses);

        if (!place)
                return -ENOMEM;

        *place = resource;
        return 0;
}

int ledger_set_paused(struct ledger *l, const char *resource, const char *reason)
{
        const char *kept = ledger_string(l, resource), *kept_reason = reason ? ledger_string(l, reason) : NULL;
        int r;

        if (!kept || (reason && !kept_reason))
                return -ENOMEM;

        if (ledger_paused(l, kept) == kept_reason)
                return 0;

        r = touch_pause(l, kept);
        if (r < 0)
                return r;

        if (reason)
                return ledger_keep_pause(l, kept, kept_reason);

        strmap_remove(&l->pauses, kept);
        return 0;
}

bool ledger_is_touched(const struct ledger *l)
{
        const struct ledger_changes *changes = l->changes;

        return changes->n_things > 0 || changes->n_calls > 0 || changes->n_accounts > 0 || changes->n_pauses > 0 ||
               changes->n_strangers > 0 || changes->n_replies > 0;
}

/* What is still touched stays: it has no row of its last state yet. */
void ledger_sweep(struct ledger *l)
{
        size_t n_things = 0, n_calls = 0;

        for (size_t i = 0; i < l->n_things; i++) {
                if (l->things[i]->state == THING_GONE && !l->things[i]->touched)
                        free(l->things[i]);
                else
                        l->things[n_things++] = l->things[i];
        }
        l->n_things = n_things;

        for (size_t i = 0; i < l->n_calls; i++) {
                if (l->calls[i]->state == CALL_RESOLVED && !l->calls[i]->touched)
                        free(l->calls[i]);
                else
                        l->calls[n_calls++] = l->calls[i];
        }
        l->n_calls = n_calls;
}

static void mark_committed(struct ledger_changes *changes)
{
        for (size_t i = 0; i < changes->n_things; i++)
                changes->things[i]->touched = false;

        for (size_t i = 0; i < changes->n_calls; i++) {
                changes->calls[i]->touched = false;
                if (changes->calls[i]->state == CALL_SENDING)
                        changes->calls[i]->durable = true;
        }

        for (size_t i = 0; i < changes->n_accounts; i++)
                changes->accounts[i]->touched = false;

        changes->n_things = 0;
        changes->n_calls = 0;
        changes->n_accounts = 0;
        changes->n_pauses = 0;
        changes->n_strangers = 0;
        changes->n_replies = 0;
}

int ledger_commit(struct ledger *l, struct error *e)
{
        int r;

        if (!ledger_is_touched(l))
                return 0;

        r = ledger_store_write(l, e);
        if (r < 0)
                return r;

        mark_committed(l->changes);
        return 0;
}

int64_t ledger_commits(const struct ledger *l)
{
        return l->store ? l->store->commits : 0;
}

/* The answer rides on the commit of what it is about: a request is never carried out and left open. */
int ledger_answer(struct ledger *l, int64_t seq, bool ok, const char *text, struct error *e)
{
        struct ledger_changes *changes = l->changes;
        const char *kept = ledger_string(l, text);
        struct ledger_reply *reply;

        if (!kept)
                return error_oom(e);

        reply = ARRAY_ADD(changes->replies, changes->n_replies, changes->allocated_replies);
        if (!reply)
                return error_oom(e);

        *reply = (struct ledger_reply){ .request = seq, .ok = ok, .text = kept };
        return ledger_commit(l, e);
}
