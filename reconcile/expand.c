/* SPDX-License-Identifier: MIT */
#include "reconcile/expand.h"

#include <errno.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

int64_t slot_ordinal(const char *set_name, const char *slot)
{
        size_t n = strlen(set_name);
        int64_t ordinal;

        if (strncmp(slot, set_name, n) != 0 || slot[n] != '-')
                return -1;
        if (text_to_int64(slot + n + 1, &ordinal) < 0 || ordinal < 0)
                return -1;
        return ordinal;
}

int64_t slot_number(const char *slot)
{
        const char *dash = strrchr(slot, '-');
        int64_t ordinal;

        return dash && text_to_int64(dash + 1, &ordinal) >= 0 && ordinal >= 0 ? ordinal : -1;
}

bool slot_is_shown(const struct slot *s)
{
        return s->thing && s->thing->state == THING_OWNED && s->row;
}

void census_done(struct census *c)
{
        strmap_done(&c->things);
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                strmap_done(&c->calls[type]);
        strmap_done(&c->names);
        strmap_done(&c->ids);
}

static int census_things(const struct plan_input *in, struct census *c)
{
        for (size_t i = in->ledger->n_things; i > 0; i--) {
                struct thing *t = in->ledger->things[i - 1];
                int r;

                if (t->state == THING_GONE || !text_equal(t->account, in->account))
                        continue;
                t->next = strmap_get(&c->things, t->resource);
                r = strmap_set(&c->things, t->resource, t);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int census_calls(const struct plan_input *in, struct census *c)
{
        for (size_t i = 0; i < in->ledger->n_calls; i++) {
                struct call *call = in->ledger->calls[i];
                int r;

                if (call->state == CALL_RESOLVED || !text_equal(call->account, in->account))
                        continue;
                r = strmap_set(&c->calls[call->type], call->slot, call);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Foreign is every machine that the ledger does not own: not in any state, not under any resource. */
static int census_rows(const struct plan_input *in, struct census *c)
{
        int r;

        if (!in->machines)
                return 0;
        for (size_t i = 0; i < in->ledger->n_things; i++) {
                struct thing *t = in->ledger->things[i];

                if (t->type != TYPE_MACHINE || t->state == THING_GONE || t->state == THING_RELEASED ||
                    !text_equal(t->account, in->account) || t->id[0] == '\0')
                        continue;
                r = strmap_set(&c->ids, t->id, t);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < in->machines->of[TYPE_MACHINE].n_rows; i++) {
                const struct row *row = &in->machines->of[TYPE_MACHINE].rows[i];
                const struct thing *own = strmap_get(&c->ids, row->id);

                if (own && text_equal(own->slot, row->name))
                        continue;
                c->n_foreign += !own;
                r = strmap_put(&c->names, row->name, (void *)row);
                if (r < 0 && r != -EEXIST)
                        return r;
        }
        return 0;
}

int census_take(const struct plan_input *in, struct census *ret)
{
        _cleanup_census_ struct census c = { 0 };
        int r;

        r = census_things(in, &c);
        if (r >= 0)
                r = census_calls(in, &c);
        if (r >= 0)
                r = census_rows(in, &c);
        if (r < 0)
                return r;
        *ret = c;
        c = (struct census){ 0 };
        return 0;
}

void set_done(struct set *s)
{
        free(s->slots);
        s->slots = NULL;
}

bool is_in_list(const struct strings *list, const char *name, const char *id)
{
        for (size_t i = 0; i < list->n; i++)
                if (text_equal(list->items[i], name) || (*id && text_equal(list->items[i], id)))
                        return true;
        return false;
}

static bool listed(const struct strings *list, const struct slot *s)
{
        return is_in_list(list, s->name, s->thing ? s->thing->id : "");
}

/* A slot whose machine leaves in order to be replaced stays counted: the one that follows takes its name. */
static bool slot_counts(const struct slot *s)
{
        if (s->thing && s->thing->state == THING_LEAVING)
                return s->call && s->call->counts == COUNTS_REPLACE;
        return !s->release;
}

static bool slot_is_uncertain(const struct slot *s)
{
        if (!s->thing)
                return true; /* a create of ours that is not seen yet, or an adoption */
        return s->thing->state == THING_OWNED && s->thing->missing;
}

static int set_add(struct set *set, const struct plan_input *in, struct thing *thing, const struct call *call,
                   const char *name, const char *adopt)
{
        struct slot *s = ARRAY_ADD(set->slots, set->n_slots, set->allocated_slots);

        if (!s)
                return -ENOMEM;
        s->type = thing ? thing->type : call ? call->type : TYPE_MACHINE;
        s->name = name;
        s->thing = thing;
        s->call = call;
        s->adopt = adopt;
        s->ordinal = slot_number(name);
        if (in->machines && thing && thing->id[0] != '\0')
                s->row = observation_find(in->machines, thing->type, thing->id);
        if (set->spec) {
                s->protect = listed(&set->spec->protect, s);
                s->hold = listed(&set->spec->hold, s);
                s->release = listed(&set->spec->release, s);
        } else {
                s->protect = thing && thing->protect;
        }
        s->release = s->release || (thing && thing->state == THING_RELEASED);
        set->counted += slot_counts(s);
        set->hoped += slot_counts(s) && thing && thing->state == THING_PARKED;
        set->uncertain = set->uncertain || slot_is_uncertain(s);
        return 0;
}

/* Is the slot taken already, by the machine that the spec gives it or by another one? */
static bool has_machine(const struct set *set, const struct pair *adopt)
{
        for (size_t i = 0; i < set->n_slots; i++)
                if (text_equal(set->slots[i].name, adopt->key))
                        return true;
        return false;
}

/* An adoption was made, and its machine is gone since: the slot is one like any other. */
static bool is_spent(const struct plan_input *in, const struct pair *adopt)
{
        return in->machines && ledger_held(in->ledger, in->account, TYPE_MACHINE, adopt->value) &&
               !observation_find(in->machines, TYPE_MACHINE, adopt->value);
}

static int compare_slots(const void *a, const void *b)
{
        const struct slot *x = a, *y = b;

        if (x->ordinal != y->ordinal)
                return x->ordinal < y->ordinal ? -1 : 1;
        return text_natural_compare(x->name, y->name);
}

/* Is it planned with what it hangs on, or is in? */
static bool hangs_on_others(const struct plan_input *in, enum thing_type type)
{
        return type == TYPE_DISK || thing_is_copy(type) || in->making[type].contained;
}

int set_expand(const struct plan_input *in, const struct census *census, const char *name,
               const struct resource *resource, struct set *ret)
{
        _cleanup_set_ struct set set = { .name = name,
                                         .resource = resource,
                                         .spec = resource ? resource->machine_set : NULL };
        int r;

        for (struct thing *t = strmap_get(&census->things, name); t; t = t->next) {
                if (hangs_on_others(in, t->type))
                        continue;
                r = set_add(&set, in, t, strmap_get(&census->calls[t->type], t->slot), t->slot, NULL);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < in->ledger->n_calls; i++) {
                const struct call *c = in->ledger->calls[i];

                if (c->state == CALL_RESOLVED || c->verb != ORDER_CREATE || hangs_on_others(in, c->type) ||
                    !text_equal(c->account, in->account) || !text_equal(c->resource, name))
                        continue;
                r = set_add(&set, in, NULL, c, c->slot, NULL);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; set.spec && i < set.spec->adopt.n; i++) {
                const struct pair *pair = &set.spec->adopt.items[i];

                if (has_machine(&set, pair) || is_spent(in, pair))
                        continue;
                r = set_add(&set, in, NULL, NULL, pair->key, pair->value);
                if (r < 0)
                        return r;
                set.hoped += !observation_find(in->machines, TYPE_MACHINE, pair->value) ||
                             strmap_get(&census->ids, pair->value);
        }
        if (set.n_slots > 1)
                qsort(set.slots, set.n_slots, sizeof(*set.slots), compare_slots);
        *ret = set;
        set.slots = NULL;
        return 0;
}
