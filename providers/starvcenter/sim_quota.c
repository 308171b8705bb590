/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about quotas. Where the document is silent: whoever calls is the tenant app-1, which is there from the beginning and has no
 * limits; what it makes counts for it as soon as it is asked for, and until it is gone; what would be over a quota is refused; a
 * quota may be below what is used; all quotas are within the pool. An address outside counts once, however many share it.
 */

#define QUOTA(member) offsetof(struct sim_tenant, of.member)

static const struct sim_field fields[] = {
        SIM_ID(NULL, NULL),
        { "name", NULL, NULL, FIELD_TEXT, offsetof(struct sim_tenant, name) },
        { "created", NULL, NULL, SIM_CHARS(struct sim_item, created) },
        { "cpu", "cpu", NULL, FIELD_NUMBER, QUOTA(cpu) },
        { "memory", "memory", NULL, FIELD_NUMBER, QUOTA(memory) },
        { "storage", "storage", NULL, FIELD_NUMBER, QUOTA(storage) },
        { "ip", "ip", NULL, FIELD_NUMBER, QUOTA(ip) },
        { "vpc", "vpc", NULL, FIELD_NUMBER, QUOTA(vpc) },
        {},
};

static void begin(struct sim_item *i)
{
        ((struct sim_tenant *)i)->of = (struct sim_quota){ SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH };
}

const struct sim_kind sim_tenant_kind = {
        .noun = "tenant",
        .list = "tenants",
        .next = "nextTenant",
        .prefix = "tenant-",
        .size = sizeof(struct sim_tenant),
        .parent = SIM_NONE,
        .fields = fields,
        .begin = begin,
};

int sim_tenant_add(struct simulation *s, usec_t now, const char *id, struct sim_tenant **ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_TENANTS);

        if (!i)
                return -ENOMEM;
        if (strlen(id) >= sizeof(i->record.id))
                return -EINVAL;
        memcpy(i->record.id, id, strlen(id) + 1);
        if (sim_text_set(&((struct sim_tenant *)i)->name, id) < 0 || sim_item_put(s, now, i, NULL) < 0)
                return -ENOMEM;
        *ret = (struct sim_tenant *)STEAL(i);
        return 0;
}

static int64_t at_least(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* What the machine has or is to have. */
static void add_machine(const struct sim_machine *m, struct sim_quota *used)
{
        used->cpu += m->item.work == WORK_CPU ? at_least(m->cpu, m->item.wanted) : m->cpu;
        used->memory += m->item.work == WORK_MEMORY ? at_least(m->memory, m->item.wanted) : m->memory;
        for (const struct sim_item *i = NULL; (i = sim_item_child(&m->item, SIM_DISKS, i));) {
                int64_t size = ((const struct sim_disk *)i)->size;

                used->storage += i->work == WORK_EXTEND ? at_least(size, i->wanted) : size;
        }
}

/* The address outside that the balancer or the mapping has; NULL: it has none. */
static const char *outer_address(const struct sim_item *i)
{
        const struct sim_balancer *b = (const struct sim_balancer *)i;
        const struct sim_mapping *m = (const struct sim_mapping *)i;

        if (i->kind == SIM_BALANCERS)
                return text_equal(b->network, "outter") ? b->address : NULL;
        return text_equal(m->type, "port") ? m->outer_address : NULL;
}

static const enum sim_kind_name with_addresses[] = { SIM_BALANCERS, SIM_MAPPINGS };

bool sim_outer_address_is_used(const struct simulation *s, const char *address, const struct sim_item *before)
{
        for (size_t l = 0; l < ARRAY_SIZE(with_addresses); l++)
                for (size_t k = 0; k < s->things[with_addresses[l]].n_records; k++) {
                        const struct sim_item *i = sim_item_at(s, with_addresses[l], k);

                        if (i == before)
                                return false;
                        if (text_equal(outer_address(i), address))
                                return true;
                }
        return false;
}

/* Each address outside counts once. */
static int64_t count_addresses(const struct simulation *s, const char *tenant)
{
        int64_t n = 0;

        for (size_t l = 0; l < ARRAY_SIZE(with_addresses); l++)
                for (size_t k = 0; k < s->things[with_addresses[l]].n_records; k++) {
                        const struct sim_item *i = sim_item_at(s, with_addresses[l], k);
                        const char *owner = i->kind == SIM_BALANCERS ? ((const struct sim_balancer *)i)->tenant
                                                                     : ((const struct sim_mapping *)i)->tenant;

                        n += text_equal(owner, tenant) && outer_address(i) &&
                             !sim_outer_address_is_used(s, outer_address(i), i);
                }
        return n;
}

static struct sim_quota used_by(const struct simulation *s, const char *tenant)
{
        struct sim_quota used = {};

        for (size_t k = 0; k < s->things[SIM_MACHINES].n_records; k++) {
                const struct sim_machine *m = (const struct sim_machine *)sim_item_at(s, SIM_MACHINES, k);

                if (text_equal(tenant, m->tenant ? m->tenant : SIM_TENANT))
                        add_machine(m, &used);
        }
        used.ip = count_addresses(s, tenant);
        used.vpc = text_equal(tenant, SIM_TENANT) ? (int64_t)s->things[SIM_NETWORKS].n_records : 0;
        return used;
}

/* How much is left; never less than nothing. */
static struct sim_quota usable(const struct simulation *s, const struct sim_tenant *t)
{
        struct sim_quota used = used_by(s, t->item.record.id);

        return (struct sim_quota){
                .cpu = at_least(t->of.cpu - used.cpu, 0),
                .memory = at_least(t->of.memory - used.memory, 0),
                .storage = at_least(t->of.storage - used.storage, 0),
                .ip = at_least(t->of.ip - used.ip, 0),
                .vpc = at_least(t->of.vpc - used.vpc, 0),
        };
}

static bool is_limited(const struct sim_quota *q)
{
        return q->cpu < SIM_ENOUGH || q->memory < SIM_ENOUGH || q->storage < SIM_ENOUGH || q->ip < SIM_ENOUGH ||
               q->vpc < SIM_ENOUGH;
}

/* What is used is counted only where there is a limit, so that a fleet grows fast where there is none. */
bool sim_has_room(struct plain_call *c, const char *tenant, const struct sim_quota *more, int *ret)
{
        const struct sim_item *i = sim_item_find(c->s, SIM_TENANTS, tenant ? tenant : SIM_TENANT);
        const struct sim_tenant *t = (const struct sim_tenant *)i;
        const char *wanting = NULL;
        struct sim_quota left;

        if (!t || !is_limited(&t->of))
                return true;
        left = usable(c->s, t);
        if (more->cpu > left.cpu)
                wanting = "cores";
        else if (more->memory > left.memory)
                wanting = "memory";
        else if (more->storage > left.storage)
                wanting = "storage";
        else if (more->ip > left.ip)
                wanting = "outer addresses";
        else if (more->vpc > left.vpc)
                wanting = "networks";
        if (wanting)
                *ret = sim_say_no(c, "the tenant's quota of %s is used up", wanting);
        return !wanting;
}

int sim_serve_pool(struct plain_call *c)
{
        const struct sim_quota *pool = &c->s->pool;

        return sim_say_numbers(c, json_pack("{s:I, s:I, s:I, s:I}", "cpu", (json_int_t)pool->cpu, "memory",
                                            (json_int_t)pool->memory, "storage", (json_int_t)pool->storage, "ip",
                                            (json_int_t)pool->ip));
}

int sim_serve_usable_quota(struct plain_call *c)
{
        int r = 0;
        struct sim_tenant *t = (struct sim_tenant *)sim_named(c, SIM_TENANTS, sim_text(c, "tenant.id"), &r);
        struct sim_quota left;

        if (!t)
                return r;
        left = usable(c->s, t);
        return sim_say_numbers(c,
                               json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "cpu",
                                         (json_int_t)left.cpu, "memory", (json_int_t)left.memory, "storage",
                                         (json_int_t)left.storage, "outerIpSize", (json_int_t)left.ip, "portGroupSize",
                                         (json_int_t)left.vpc, "oss", (json_int_t)0, "countCpu", (json_int_t)t->of.cpu,
                                         "countMemory", (json_int_t)t->of.memory, "countStorage",
                                         (json_int_t)t->of.storage, "countOuterIpSize", (json_int_t)t->of.ip,
                                         "countPortGroupSize", (json_int_t)t->of.vpc, "countOss", (json_int_t)0));
}

int sim_serve_quota_modify(struct plain_call *c)
{
        const struct sim_quota *pool = &c->s->pool;
        const struct sim_check checks[] = {
                { "cpu", CHECK_NUMBER, .needed = true, .max = pool->cpu },
                { "memory", CHECK_NUMBER, .needed = true, .max = pool->memory },
                { "storage", CHECK_NUMBER, .needed = true, .max = pool->storage },
                { "ip", CHECK_NUMBER, .needed = true, .max = pool->ip },
                { "vpc", CHECK_NUMBER, .needed = true, .max = SIM_ENOUGH },
                {},
        };
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_TENANTS, sim_text(c, "tenantId"), &r);

        if (!i || !sim_check(c, checks, c->body, &r))
                return r;
        r = sim_fill(i, checks, c->body);
        return r < 0 ? r : sim_done(c);
}
