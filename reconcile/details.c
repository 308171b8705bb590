/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/*
 * What is asked for beyond the listings of an account: only what specs and ledger need, and one thing at a time.
 */

static int add_detail(struct account *a, enum thing_type of, const char *id, const char *within)
{
        struct detail *detail = ARRAY_ADD(a->details, a->n_details, a->allocated_details);

        if (!detail)
                return -ENOMEM;
        *detail = (struct detail){ .of = of, .id = id, .within = within };
        return 0;
}

int details_add_one(struct account *a, enum thing_type of, const char *id)
{
        return add_detail(a, of, id, NULL);
}

/* The cards of the machines that are to be in a group. */
static int add_cards(struct account *a, const char *group, const struct security_group *spec)
{
        const struct ledger *ledger = a->engine->ledger;
        int r = 0;

        for (size_t i = 0; i < spec->attach.n && r == 0; i++) {
                const struct attach_spec *to = &((const struct attach_spec *)spec->attach.items)[i];
                char name[RESOURCE_TEXT_MAX];

                if (to->machine)
                        r = add_detail(a, TYPE_CARD, to->machine, group);
                if (!to->machine_set.resource)
                        continue;
                resource_text(to->machine_set.resource, name);
                for (size_t k = 0; k < ledger->n_things && r == 0; k++) {
                        const struct thing *t = ledger->things[k];

                        if (t->type == TYPE_MACHINE && t->state == THING_OWNED && *t->id &&
                            text_equal(t->account, a->name) && text_equal(t->resource, name))
                                r = add_detail(a, TYPE_CARD, t->id, group);
                }
        }
        return r;
}

/* What is to be known of a thing of ours beyond what its listing shows. */
static int add_details_of(struct account *a, const struct thing *t)
{
        const struct resource *resource = estate_find_text(a->engine->estate, t->resource);
        int r = 0;

        if (t->type == TYPE_TEMPLATE && resource && resource->machine_template->credit)
                r = add_detail(a, TYPE_TEMPLATE, t->id, NULL);
        for (enum thing_type type = 0; type < THING_TYPES && r == 0; type++)
                if (a->making[type].contained && a->making[type].container == t->type)
                        r = add_detail(a, type, t->id, NULL);
        if (t->type == TYPE_GROUP && r == 0 && resource)
                r = add_cards(a, t->id, resource->security_group);
        return r;
}

/* The machine in whose slot something is: "web-0" of "web-0/data", the engine's text. NULL: out of memory. */
static const char *machine_of(struct account *a, const char *slot)
{
        return strpool_addn(a->engine->strings, slot, strcspn(slot, "/"));
}

/* Slots of machines that may have such things by what is still open. */
static int find_machines_with_calls(struct account *a, enum thing_type type, struct strmap *slots)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++) {
                const struct call *c = ledger->calls[i];
                const char *slot;

                if (c->type != type || !call_is_open(a, c))
                        continue;
                slot = machine_of(a, c->slot);
                if (!slot || strmap_set(slots, slot, (void *)slot) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Does the spec of the machine's set ask for things of this type on it? */
static bool is_wanted_on(const struct account *a, enum thing_type type, const struct thing *machine)
{
        const struct estate *estate = a->engine->estate;
        const struct resource *set = estate_find_text(estate, machine->resource);

        if (!set || type == TYPE_DISK)
                return set && set->machine_set->disks.n;
        for (size_t i = 0; i < estate->n_resources; i++) {
                const struct resource *r = estate->resources[i];

                if (r->kind->makes == type && thing_is_copy(type) && r->copy_policy->machine_set.resource == set)
                        return true;
        }
        return false;
}

/* Slots of machines that such things hang on, by the ledger's word or the specs'. */
static int find_machines_with(struct account *a, enum thing_type type, struct strmap *slots)
{
        const struct ledger *ledger = a->engine->ledger;

        for (size_t i = 0; i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];
                const char *slot = NULL;

                if (t->state == THING_GONE || !text_equal(t->account, a->name))
                        continue;
                if (t->type == type && !(slot = machine_of(a, t->slot)))
                        return -ENOMEM;
                if (t->type == TYPE_MACHINE && is_wanted_on(a, type, t))
                        slot = t->slot;
                if (slot && strmap_set(slots, slot, (void *)slot) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* What is listed only with its machine: the questions for that of machines that have some, or should. */
static int add_along(struct account *a, const struct scope *scope, enum thing_type type)
{
        _cleanup_strmap_ struct strmap slots = { 0 };
        const struct ledger *ledger = a->engine->ledger;
        int r;

        if (!a->making[type].goes_along || !(scope->types >> type & 1))
                return 0;
        r = find_machines_with(a, type, &slots);
        if (r == 0)
                r = find_machines_with_calls(a, type, &slots);
        for (size_t i = 0; r == 0 && slots.count && i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->type == TYPE_MACHINE && (t->state == THING_OWNED || t->state == THING_LEAVING) && *t->id &&
                    text_equal(t->account, a->name) && strmap_get(&slots, t->slot))
                        r = sweep_add(a, type, t);
        }
        return r;
}

static int add_standing_once(struct account *a, enum thing_type type, const char *id)
{
        for (size_t i = 0; i < a->n_details; i++)
                if (a->details[i].of == type && text_equal(a->details[i].id, id))
                        return 0;
        return add_detail(a, type, id, NULL);
}

/* What is always there is asked for by its id: where a spec says what it is to be, and where a call about it is open. */
static int add_standing(struct account *a)
{
        const struct ledger *ledger = a->engine->ledger;
        const struct estate *estate = a->engine->estate;
        int r = 0;

        for (size_t i = 0; i < estate->n_resources && r == 0; i++)
                if (estate->resources[i]->kind == &kind_tenant_quota && a->provider &&
                    resource_provider(estate->resources[i]) == a->provider && a->making[TYPE_QUOTA].possible)
                        r = add_standing_once(a, TYPE_QUOTA, estate->resources[i]->tenant_quota->tenant);
        for (size_t i = 0; i < ledger->n_calls && r == 0; i++)
                if (call_is_open(a, ledger->calls[i]) && a->making[ledger->calls[i]->type].always_there)
                        r = add_standing_once(a, ledger->calls[i]->type, ledger->calls[i]->id);
        return r;
}

int details_add(struct account *a, struct scope *scope)
{
        const struct ledger *ledger = a->engine->ledger;
        int r = 0;

        a->n_details = 0;
        for (size_t i = 0; r == 0 && i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if ((t->state == THING_OWNED || t->state == THING_LEAVING) && *t->id && text_equal(t->account, a->name))
                        r = add_details_of(a, t);
        }
        sweep_begin(a);
        for (enum thing_type type = 0; r == 0 && type < THING_TYPES; type++)
                r = add_along(a, scope, type);
        if (r == 0)
                r = sweep_choose(a);
        if (r == 0)
                r = add_standing(a);
        scope->details = a->details;
        scope->n_details = a->n_details;
        return r;
}
