/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/text.h"

/*
 * The saved state: each kind as a list, by the tables of fields.
 */

#define FORMAT "muster-sim.starvcenter/v1"

static const char *const work_names[] = {
        [WORK_NONE] = "none", [WORK_INSTALL] = "install", [WORK_START] = "start",   [WORK_STOP] = "stop",
        [WORK_CPU] = "cpu",   [WORK_MEMORY] = "memory",   [WORK_ADD] = "add",       [WORK_EXTEND] = "extend",
        [WORK_COPY] = "copy", [WORK_RESTORE] = "restore", [WORK_DELETE] = "delete",
};

static json_t *save_item(const struct sim_item *i, usec_t now)
{
        _cleanup_json_ json_t *saved = json_pack("{s:I, s:s, s:I, s:I}", "serial", (json_int_t)i->record.serial, "work",
                                                 work_names[i->work], "dueIn", (json_int_t)usec_since(i->due, now),
                                                 "wanted", (json_int_t)i->wanted);

        SIM_FOREACH_FIELD(f, i->kind)
        if (f->name && json_object_set_new(saved, f->name, sim_field_json(i, f)) < 0)
                return NULL;
        return STEAL(saved);
}

static int save_kind(const struct simulation *s, usec_t now, enum sim_kind_name name, json_t *state)
{
        const struct sim_kind *kind = sim_kind(name);
        json_t *list = json_array();

        if (json_object_set_new(state, kind->list, list) < 0 ||
            json_object_set_new(state, kind->next, json_integer((json_int_t)s->things[name].next_serial)) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < s->things[name].n_records; i++)
                if (json_array_append_new(list, save_item(sim_item_at(s, name, i), now)) < 0)
                        return -ENOMEM;
        return 0;
}

json_t *sim_save(struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *state = NULL;

        sim_settle(s, now);
        state = json_pack("{s:s, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "format", FORMAT, "nextTask",
                          (json_int_t)s->next_task, "waitingRules", (json_int_t)s->waiting_rules, "waitingResets",
                          (json_int_t)s->waiting_resets, "pool", "cpu", (json_int_t)s->pool.cpu, "memory",
                          (json_int_t)s->pool.memory, "storage", (json_int_t)s->pool.storage, "ip",
                          (json_int_t)s->pool.ip);
        if (!state)
                return NULL;
        for (enum sim_kind_name name = 0; name < SIM_KINDS; name++)
                if (save_kind(s, now, name, state) < 0)
                        return NULL;
        return STEAL(state);
}

static int work_parse(const char *name, enum sim_work *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(work_names); i++)
                if (text_equal(work_names[i], name)) {
                        *ret = (enum sim_work)i;
                        return 0;
                }
        return -EBADMSG;
}

/* What the saved thing hangs on. */
static int find_parent(const struct simulation *s, enum sim_kind_name name, const json_t *saved, struct sim_item **ret)
{
        const struct sim_kind *kind = sim_kind(name);

        *ret = NULL;
        SIM_FOREACH_FIELD(f, name)
        if (f->type == FIELD_PARENT) {
                const char *id = json_string_value(json_object_get(saved, f->name));

                *ret = id ? sim_item_find(s, kind->parent, id) : NULL;
                return *ret ? 0 : -EBADMSG;
        }
        return 0;
}

/* The serial of what is there, which stands in the id where the state was written by hand. */
static int load_serial(const struct sim_item *i, const json_t *saved, int64_t *ret)
{
        const char *prefix = sim_kind(i->kind)->prefix;

        if (json_read_int64(json_object_get(saved, "serial"), ret) == 0)
                return 0;
        if (!text_starts(i->record.id, prefix))
                return -EBADMSG;
        return text_to_int64(i->record.id + strlen(prefix), ret) < 0 ? -EBADMSG : 0;
}

static int load_fields(struct sim_item *i, const json_t *saved)
{
        int r = 0;

        SIM_FOREACH_FIELD(f, i->kind)
        {
                const json_t *value = f->name ? json_object_get(saved, f->name) : NULL;

                if (!f->name || f->type == FIELD_PARENT || (!value && f->later))
                        continue;
                r = value ? sim_field_set(i, f, value) : -EBADMSG;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int load_item(struct simulation *s, usec_t now, enum sim_kind_name name, json_t *saved)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(name);
        struct records *things = &s->things[name];
        json_int_t due_in, wanted;
        struct sim_item *parent;
        const char *work_name;
        enum sim_work work;
        int64_t serial;
        int r;

        if (!i)
                return -ENOMEM;
        r = load_fields(i, saved);
        if (r < 0)
                return r;
        if (json_unpack(saved, "{s:s, s:I, s:I}", "work", &work_name, "dueIn", &due_in, "wanted", &wanted) < 0 ||
            work_parse(work_name, &work) < 0 || due_in < 0 || find_parent(s, name, saved, &parent) < 0 ||
            load_serial(i, saved, &serial) < 0 || serial < things->next_serial || !*i->record.id ||
            records_find(things, i->record.id))
                return -EBADMSG;

        things->next_serial = serial;
        r = sim_item_put(s, now, i, parent);
        if (r < 0)
                return r;
        if (work != WORK_NONE)
                sim_work_put(s, i, work, usec_add(now, (usec_t)due_in), wanted);
        i = NULL;
        return 0;
}

/* A state that was written before the kind was thought of has no list of them. */
static int load_kind(struct simulation *s, usec_t now, enum sim_kind_name name, const json_t *state, struct error *e)
{
        const struct sim_kind *kind = sim_kind(name);
        json_t *list = json_object_get(state, kind->list), *saved;
        struct sim_tenant *tenant;
        int64_t next;
        size_t i;

        if (!list && name == SIM_TENANTS)
                return sim_tenant_add(s, now, SIM_TENANT, &tenant) < 0 ? error_oom(e) : 0;
        if (!list && (name == SIM_DISKS || name == SIM_CARDS)) {
                for (i = 0; i < s->things[SIM_MACHINES].n_records; i++)
                        if (sim_machine_equip(s, now, (struct sim_machine *)sim_item_at(s, SIM_MACHINES, i), name) < 0)
                                return error_oom(e);
                return 0;
        }
        json_array_foreach(list, i, saved)
        {
                int r = load_item(s, now, name, saved);

                if (r == -ENOMEM)
                        return error_oom(e);
                if (r < 0)
                        return error_set(e, r, "%s %zu of the saved state cannot be read", kind->noun, i + 1);
        }
        if (list &&
            (json_read_int64(json_object_get(state, kind->next), &next) < 0 || next < s->things[name].next_serial))
                return error_set(e, -EBADMSG, "the saved state's next ids were given already");
        if (list)
                s->things[name].next_serial = next;
        return 0;
}

/* A number that states from before it was thought of lack. */
static int load_number(const json_t *object, const char *key, int64_t *number)
{
        int r = json_read_int64(json_object_get(object, key), number);

        return r == -ENOENT ? 0 : r < 0 || *number < 0 ? -EBADMSG : 0;
}

static int load_numbers(struct simulation *s, const json_t *state, struct error *e)
{
        const json_t *pool = json_object_get(state, "pool");

        s->waiting_rules = s->waiting_resets = 0;
        s->pool = (struct sim_quota){ SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH, SIM_ENOUGH };

        if (load_number(state, "waitingRules", &s->waiting_rules) < 0 ||
            load_number(state, "waitingResets", &s->waiting_resets) < 0)
                return error_set(e, -EBADMSG, "what the saved state says of rules that wait cannot be read");
        if (load_number(pool, "cpu", &s->pool.cpu) < 0 || load_number(pool, "memory", &s->pool.memory) < 0 ||
            load_number(pool, "storage", &s->pool.storage) < 0 || load_number(pool, "ip", &s->pool.ip) < 0)
                return error_set(e, -EBADMSG, "what the saved state says of the pool cannot be read");
        return 0;
}

int sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        int64_t next_task;
        int r;

        if (!text_equal(json_string_value(json_object_get(state, "format")), FORMAT) ||
            !json_is_array(json_object_get(state, "machines")) ||
            json_read_int64(json_object_get(state, "nextTask"), &next_task) < 0 || next_task < 1)
                return error_set(e, -EBADMSG, "this is not a saved state of starvcenter's simulator");

        sim_items_done(s);
        for (enum sim_kind_name name = 0; name < SIM_KINDS; name++) {
                r = load_kind(s, now, name, state, e);
                if (r < 0)
                        return r;
        }
        s->next_task = (uint64_t)next_task;
        return load_numbers(s, state, e);
}
