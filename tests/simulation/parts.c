/* SPDX-License-Identifier: MIT */
#include "tests/simulation/parts.h"

#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/server.h"

/* What a call is, and whether its subject is what it is about, or what that is in. */
struct part_call {
        const char *class;
        enum thing_type type;
        const char *verb, *other; /* in the ledger */
        bool within;
};

static const struct part_call calls[] = {
        { "disk", TYPE_DISK, "create", "create", true },
        { "disk-delete", TYPE_DISK, "delete", "delete" },
        { "disk-attach", TYPE_DISK, "attach", "attach", true },
        { "disk-detach", TYPE_DISK, "detach", "detach" },
        { "disk-resize", TYPE_DISK, "change", "change" },
        { "disk-label", TYPE_DISK, "rename", "rename" },
        { "group", TYPE_GROUP, "create", "create" },
        { "group-delete", TYPE_GROUP, "delete", "delete" },
        { "rule", TYPE_RULE, "create", "create", true },
        { "rule-delete", TYPE_RULE, "delete", "delete" },
        { "bind", TYPE_BINDING, "create", "create", true },
        { "unbind", TYPE_BINDING, "delete", "delete", true },
        { "balancer", TYPE_BALANCER, "create", "create" },
        { "balancer-change", TYPE_BALANCER, "change", "rename" },
        { "balancer-delete", TYPE_BALANCER, "delete", "delete" },
        { "balancer-start", TYPE_BALANCER, "start", "start" },
        { "balancer-stop", TYPE_BALANCER, "power off", "power off" },
        { "backend", TYPE_BACKEND, "create", "create", true },
        { "backend-change", TYPE_BACKEND, "change", "change" },
        { "backend-delete", TYPE_BACKEND, "delete", "delete" },
        { "network", TYPE_NETWORK, "create", "create" },
        { "network-change", TYPE_NETWORK, "change", "rename" },
        { "gate", TYPE_NETWORK, "change", "change" },
        { "network-delete", TYPE_NETWORK, "delete", "delete" },
        { "mapping", TYPE_PORT_MAPPING, "create", "create", true },
        { "mapping-delete", TYPE_PORT_MAPPING, "delete", "delete" },
        { "acl", TYPE_ACCESS, "create", "create", true },
        { "acl-delete", TYPE_ACCESS, "delete", "delete" },
        { "quota", TYPE_QUOTA, "change", "change" },
};

static const struct part_call *call_of(const struct exchange *x)
{
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                if (text_equal(calls[i].class, x->class))
                        return &calls[i];
        return NULL;
}

bool parts_are_about(const struct exchange *x)
{
        return !x->request.read && call_of(x);
}

/* What muster makes of its own, and not within something. */
static bool stands_alone(enum thing_type type)
{
        return type == TYPE_DISK || type == TYPE_GROUP || type == TYPE_BALANCER || type == TYPE_NETWORK ||
               type == TYPE_PORT_MAPPING || type == TYPE_ADDRESS_MAPPING || type == TYPE_ACCESS;
}

static size_t count(const struct server *s, enum thing_type type)
{
        return s->vendor->count_parts ? s->vendor->count_parts(s->simulation, type) : 0;
}

static struct part_view part_at(const struct server *s, enum thing_type type, size_t i)
{
        struct part_view part;

        s->vendor->part_at(s->simulation, type, i, &part);
        return part;
}

bool parts_find(const struct server *s, enum thing_type type, const char *id, struct part_view *ret)
{
        for (size_t i = 0; i < count(s, type); i++) {
                *ret = part_at(s, type, i);
                if (text_equal(ret->id, id))
                        return true;
        }
        return false;
}

static struct part_record *record_of(const struct server *s, enum thing_type type, const char *id)
{
        for (size_t i = 0; i < s->n_parts; i++)
                if (s->parts[i].type == type && text_equal(s->parts[i].id, id))
                        return &s->parts[i];
        return NULL;
}

const struct part_record *parts_record(const struct server *s, enum thing_type type, const char *id)
{
        return record_of(s, type, id);
}

/* Mappings of both sorts are made and deleted by calls of one class. */
static enum thing_type type_of(const struct server *s, const struct exchange *x)
{
        const struct part_call *c = call_of(x);

        if (c->type != TYPE_PORT_MAPPING)
                return c->type;
        if (text_equal(c->verb, "create") ? strstr(x->request.url, "sharenet") != NULL
                                          : record_of(s, TYPE_ADDRESS_MAPPING, x->subject) != NULL)
                return TYPE_ADDRESS_MAPPING;
        return TYPE_PORT_MAPPING;
}

/* What is made. */

static bool makes(const struct exchange *x)
{
        const struct part_call *c = parts_are_about(x) ? call_of(x) : NULL;

        return c && stands_alone(c->type) && text_equal(c->verb, "create");
}

uint64_t parts_last_serial(const struct server *s, const struct exchange *x)
{
        uint64_t last = 0;

        if (!makes(x))
                return 0;
        for (size_t i = 0; i < count(s, type_of(s, x)); i++)
                last = part_at(s, type_of(s, x), i).serial > last ? part_at(s, type_of(s, x), i).serial : last;
        return last;
}

void parts_note_makes(struct world *w, struct server *s, const struct exchange *x, uint64_t serial_before)
{
        enum thing_type type;

        if (!makes(x))
                return;
        type = type_of(s, x);
        for (size_t i = 0; i < count(s, type); i++) {
                struct part_view part = part_at(s, type, i);
                struct part_record *record;

                if (part.serial <= serial_before)
                        continue;
                record = world_must(ARRAY_ADD(s->parts, s->n_parts, s->allocated_parts));
                record->type = type;
                snprintf(record->id, sizeof(record->id), "%s", part.id);
                snprintf(record->slot, sizeof(record->slot), "%s", part.name);
                world_trace(w, "      %s makes the %s %s as %s on %s", s->account, x->class, part.name, part.id,
                            part.parent);
        }
}

static bool is_of_machine(const struct part_record *r, const char *slot)
{
        size_t n = strlen(slot);

        return r->type == TYPE_DISK && strncmp(r->slot, slot, n) == 0 && r->slot[n] == '/';
}

/* A person may have let go of its machine before the ledger knew where it is. */
void parts_attribute(struct world *w, size_t account, enum thing_type type, const char *id, const char *slot)
{
        struct part_record *record = record_of(&w->servers[account], type, id);

        if (!record || record->slot[0])
                return;
        snprintf(record->slot, sizeof(record->slot), "%s", slot);
        for (size_t i = 0; i < w->n_let_go; i++)
                record->let_go = record->let_go || is_of_machine(record, w->let_go[i]);
}

void parts_let_go(struct server *s, const char *slot)
{
        for (size_t i = 0; i < s->n_parts; i++)
                if (is_of_machine(&s->parts[i], slot))
                        s->parts[i].let_go = true;
}

/* Of a request that is about to leave. */

static bool is_spent(const struct world *w, int64_t seq)
{
        for (size_t i = 0; i < w->n_spent; i++)
                if (w->spent[i] == seq)
                        return true;
        return false;
}

/* Calls about what is contained, and of disks that nothing marks, all read alike: of those the first row that has sent nothing will do,
 * since they go out in the order of their rows. */
static void check_row(struct world *w, const struct exchange *x, const struct part_call *c)
{
        const char *subject = text_starts(x->subject, "muster:") ? x->subject + strlen("muster:") : x->subject;
        struct error e = { "" };
        int64_t seq = 0;
        int r;

        db_bind_text(w->find_part, 1, w->servers[x->account].account);
        db_bind_text(w->find_part, 2, thing_type_words[type_of(&w->servers[x->account], x)]);
        db_bind_text(w->find_part, 3, c->verb);
        db_bind_text(w->find_part, 4, c->other);
        while ((r = db_step(w->find_part, &e)) > 0) {
                bool named = text_equal(db_text(w->find_part, 1), subject) ||
                             text_equal(db_text(w->find_part, 2), subject);

                if ((named || (c->within && !seq)) && !is_spent(w, db_int64(w->find_part, 0)))
                        seq = db_int64(w->find_part, 0);
                if (named && seq)
                        break;
        }
        db_reset(w->find_part);
        if (r < 0)
                world_violate(w, "the ledger cannot be read: %s", e.text);
        else if (!seq)
                world_violate(w, "%s %s goes out without a durable row of its own", x->class, x->subject);
        else
                invariants_spend(w, x, seq);
}

static enum thing_type container_of(enum thing_type type)
{
        return type == TYPE_BACKEND ? TYPE_BALANCER : TYPE_GROUP;
}

static bool is_ours(const struct server *s, const char *machine)
{
        const struct machine_record *record = server_record(s, machine);

        return record && record->ours && !record->released;
}

static void check_disk(struct world *w, const struct exchange *x)
{
        const struct server *s = &w->servers[x->account];
        struct part_view disk;

        if (!parts_record(s, TYPE_DISK, x->subject))
                world_violate(w, "%s of a disk that is not ours, %s", x->class, x->subject);
        if (parts_find(s, TYPE_DISK, x->subject, &disk) && *disk.parent && !is_ours(s, disk.parent))
                world_violate(w, "%s of a disk of %s, which is not ours", x->class, disk.parent);
}

/* Whatever is done to a thing is done to one that muster made, or to one within such a one. */
static void check_owned(struct world *w, const struct exchange *x, const struct part_call *c)
{
        const struct server *s = &w->servers[x->account];
        const char *parent = x->subject;
        struct part_view part;

        if (text_equal(x->class, "disk-attach")) {
                if (!is_ours(s, x->subject))
                        world_violate(w, "a disk is attached to %s, which is not ours", x->subject);
        } else if (c->type == TYPE_DISK) {
                if (!c->within)
                        check_disk(w, x);
        } else if (stands_alone(c->type)) {
                if (!text_equal(c->verb, "create") && !parts_record(s, type_of(s, x), x->subject))
                        world_violate(w, "%s of what is not ours, %s", x->class, x->subject);
        } else if (c->type != TYPE_QUOTA) { /* which is nobody's */
                if (!c->within && !parts_find(s, c->type, x->subject, &part))
                        return; /* a person was quicker */
                if (!c->within)
                        parent = part.parent;
                if (!parts_record(s, container_of(c->type), parent))
                        world_violate(w, "%s %s within %s, which is not ours", x->class, x->subject, parent);
        }
}

void parts_send(struct world *w, const struct exchange *x)
{
        const struct part_call *c = call_of(x);

        check_row(w, x, c);
        check_owned(w, x, c);
}

/* Of the world as it is. */

/* A disk that hangs on a machine which is none of muster's business is no more so itself. */
static bool counts(struct world *w, const struct server *s, const struct part_record *r)
{
        const struct machine_record *machine;
        struct part_view part;

        if (r->let_go || !r->slot[0] || !parts_find(s, r->type, r->id, &part))
                return false;
        if (r->type != TYPE_DISK || !*part.parent)
                return true;
        machine = server_record(s, part.parent);
        return machine && server_is_ours(machine) && !machine->leaving &&
               server_has(w, (size_t)(s - w->servers), part.parent);
}

void parts_state(struct world *w, size_t account)
{
        const struct server *s = &w->servers[account];

        for (size_t i = 0; i < s->n_parts; i++) {
                const struct part_record *r = &s->parts[i];

                if (!counts(w, s, r))
                        continue;
                for (size_t k = 0; k < i; k++)
                        if (s->parts[k].type == r->type && text_equal(s->parts[k].slot, r->slot) &&
                            counts(w, s, &s->parts[k]))
                                world_violate(w, "the %s %s is there twice: as %s and as %s", thing_type_words[r->type],
                                              r->slot, s->parts[k].id, r->id);
        }
}

/* At the end. */

/* Owned under its id, or among the candidates of a parked slot. */
static bool is_remembered(const struct ledger *l, const struct part_record *r)
{
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->state == THING_GONE || t->type != r->type)
                        continue;
                if (text_equal(t->id, r->id) ||
                    (t->state == THING_PARKED &&
                     (strstr(t->note, r->id) || strstr(t->note, " more") || strstr(t->note, "again and again"))))
                        return true;
        }
        return false;
}

void parts_remembered(struct world *w, const struct ledger *l, size_t account)
{
        const struct server *s = &w->servers[account];

        for (size_t i = 0; i < s->n_parts; i++)
                if (counts(w, s, &s->parts[i]) && !is_remembered(l, &s->parts[i]))
                        world_violate(w, "the %s %s (%s) was made by muster and is forgotten",
                                      thing_type_words[s->parts[i].type], s->parts[i].slot, s->parts[i].id);
}

/* Is that which the resource is waiting for a person? */
static bool is_parked(const struct ledger *l, enum thing_type type, const char *resource)
{
        for (size_t i = 0; i < l->n_things; i++)
                if (l->things[i]->state == THING_PARKED && l->things[i]->type == type &&
                    text_equal(l->things[i]->resource, resource))
                        return true;
        return false;
}

/* The one that the ledger owns for the resource; NULL: none, or more than one. */
static const struct thing *owned_by(const struct ledger *l, enum thing_type type, const char *resource)
{
        const struct thing *found = NULL;

        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->state != THING_OWNED || t->type != type || !text_equal(t->resource, resource))
                        continue;
                if (found)
                        return NULL;
                found = t;
        }
        return found;
}

static const struct thing *machine_owned(const struct ledger *l, const char *account, const char *id)
{
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->state == THING_OWNED && t->type == TYPE_MACHINE && text_equal(t->id, id) &&
                    text_equal(t->account, account))
                        return t;
        }
        return NULL;
}

/* How many there are within the parent, each of which must be of a machine that is ours, and no two of the same one. */
static size_t count_within(struct world *w, const struct ledger *l, const struct server *s, enum thing_type type,
                           const char *parent)
{
        size_t n = 0;

        for (size_t i = 0; i < count(s, type); i++) {
                struct part_view part = part_at(s, type, i);

                if (!text_equal(part.parent, parent))
                        continue;
                n++;
                if (*part.machine && !machine_owned(l, s->account, part.machine))
                        world_violate(w, "%s %s is of the machine %s, which is not in the ledger",
                                      thing_type_words[type], part.id, part.machine);
                for (size_t k = 0; k < i && type == TYPE_BACKEND; k++) {
                        struct part_view other = part_at(s, type, k);

                        if (text_equal(other.parent, parent) && text_equal(other.machine, part.machine) &&
                            other.port == part.port)
                                world_violate(w, "%s and %s are the same back end", other.id, part.id);
                }
        }
        return n;
}

/* Machines of a set that the ledger owns, or their cards. */
static size_t count_of_set(const struct ledger *l, const struct server *s, const struct resource *set, bool cards)
{
        char name[RESOURCE_TEXT_MAX];
        size_t n = 0;

        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                if (t->state != THING_OWNED || t->type != TYPE_MACHINE ||
                    !text_equal(t->resource, resource_text(set, name)))
                        continue;
                if (!cards)
                        n++;
                for (size_t k = 0; cards && k < count(s, TYPE_CARD); k++)
                        n += text_equal(part_at(s, TYPE_CARD, k).parent, t->id);
        }
        return n;
}

static void expect(struct world *w, const struct resource *r, const char *what, size_t there, size_t wanted)
{
        if (there != wanted)
                world_violate(w, "%s has %zu %s where %zu are wanted", r->name, there, what, wanted);
}

static void check_group(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        const struct security_group *spec = r->security_group;
        char name[RESOURCE_TEXT_MAX];
        const struct thing *t = owned_by(l, TYPE_GROUP, resource_text(r, name));
        size_t bound = 0;

        if (!t && is_parked(l, TYPE_GROUP, name))
                return;
        if (!t) {
                world_violate(w, "%s is not there, or more than once", name);
                return;
        }
        for (size_t i = 0; i < spec->attach.n; i++)
                bound += count_of_set(l, s, ((struct attach_spec *)spec->attach.items)[i].machine_set.resource, true);
        expect(w, r, "rules", count_within(w, l, s, TYPE_RULE, t->id), spec->rules.n);
        expect(w, r, "cards", count_within(w, l, s, TYPE_BINDING, t->id), bound);
}

static void check_balancer(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        const struct load_balancer *spec = r->load_balancer;
        char name[RESOURCE_TEXT_MAX];
        const struct thing *t = owned_by(l, TYPE_BALANCER, resource_text(r, name));
        size_t behind = 0, least = 0, there;

        if (!t && is_parked(l, TYPE_BALANCER, name))
                return;
        if (!t) {
                world_violate(w, "%s is not there, or more than once", name);
                return;
        }
        for (size_t i = 0; i < spec->backends.n; i++) {
                const struct resource *set = ((struct backend_spec *)spec->backends.items)[i].machine_set.resource;
                size_t n = count_of_set(l, s, set, false);

                behind += n;
                least += set->machine_set->power == POWER_RUNNING ? n : 0; /* what is off is kept, and not added */
        }
        there = count_within(w, l, s, TYPE_BACKEND, t->id);
        expect(w, r, "back ends", there, there < least ? least : there > behind ? behind : there);
}

/* What the ledger owns of the resource, once; NULL: it waits for a person, or something is wrong. */
static const struct thing *the_one(struct world *w, const struct ledger *l, const struct resource *r)
{
        char name[RESOURCE_TEXT_MAX];
        const struct thing *t = owned_by(l, r->kind->makes, resource_text(r, name));

        if (!t && !is_parked(l, r->kind->makes, name))
                world_violate(w, "%s is not there, or more than once", name);
        return t;
}

static void check_network(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        const struct thing *t = the_one(w, l, r);
        struct part_view part;

        if (t && !parts_find(s, TYPE_NETWORK, t->id, &part))
                world_violate(w, "the network %s (%s) is not there", t->slot, t->id);
}

/* A mapping leads to the machine that has the name, where there is one. */
static void check_mapping(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        const struct resource *set = resource_set_of_machine(w->estate, r);
        const struct thing *machine = NULL, *t;
        struct part_view part;

        for (size_t i = 0; set && set->machine_set->power == POWER_RUNNING && i < l->n_things; i++)
                if (l->things[i]->type == TYPE_MACHINE && l->things[i]->state == THING_OWNED &&
                    text_equal(l->things[i]->account, s->account) &&
                    text_equal(l->things[i]->slot, r->mapping->machine))
                        machine = l->things[i];
        t = machine ? the_one(w, l, r) : NULL;
        if (!t)
                return;
        if (!parts_find(s, t->type, t->id, &part))
                world_violate(w, "the mapping %s (%s) is not there", t->slot, t->id);
        else if (!text_equal(part.parent, machine->id))
                world_violate(w, "the mapping %s leads to %s, and %s is %s", t->slot, part.parent, machine->slot,
                              machine->id);
}

/* Each machine of the set has the rule once. */
static void check_access(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        char name[RESOURCE_TEXT_MAX], set[RESOURCE_TEXT_MAX];

        if (is_parked(l, TYPE_ACCESS, resource_text(r, name)))
                return;
        resource_text(r->access->machine_set.resource, set);
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];
                size_t n = 0;

                if (t->type != TYPE_MACHINE || t->state != THING_OWNED || !text_equal(t->resource, set))
                        continue;
                for (size_t k = 0; k < count(s, TYPE_ACCESS); k++) {
                        struct part_view part = part_at(s, TYPE_ACCESS, k);

                        n += text_equal(part.parent, t->id) && parts_record(s, TYPE_ACCESS, part.id);
                }
                if (n != 1)
                        world_violate(w, "%s has %zu rules of %s", t->slot, n, name);
        }
}

static void check_resource(struct world *w, const struct ledger *l, const struct server *s, const struct resource *r)
{
        if (r->kind == &kind_security_group)
                check_group(w, l, s, r);
        else if (r->kind == &kind_load_balancer)
                check_balancer(w, l, s, r);
        else if (r->kind == &kind_network)
                check_network(w, l, s, r);
        else if (r->kind == &kind_port_mapping || r->kind == &kind_address_mapping)
                check_mapping(w, l, s, r);
        else if (r->kind == &kind_access_rule)
                check_access(w, l, s, r);
}

void parts_complete(struct world *w, const struct ledger *l)
{
        for (size_t i = 0; i < w->estate->n_resources; i++) {
                const struct resource *r = w->estate->resources[i];

                for (size_t k = 0; k < w->options.accounts; k++) {
                        const struct server *s = &w->servers[k];

                        if (!resource_provider(r) || !text_equal(resource_provider(r)->name, s->account))
                                continue;
                        check_resource(w, l, s, r);
                }
        }
}
