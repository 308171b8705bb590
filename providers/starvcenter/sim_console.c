/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/text.h"

/*
 * What a person at the vendor's console does: the verbs of machines, and KIND-add, KIND-change and KIND-delete of whatever hangs on
 * them. A person may do what the vendor's calls refuse.
 */

#define ADD_MAX 100000

static const char *take_text(const json_t *arguments, const char *key)
{
        return json_string_value(json_object_get(arguments, key));
}

/* A number that may be left out, and then is `fallback`. */
static int take_number(const json_t *arguments, const char *key, int64_t fallback, int64_t *ret, struct error *e)
{
        int r = json_read_int64(json_object_get(arguments, key), ret);

        if (r == -ENOENT)
                *ret = fallback;
        else if (r < 0)
                return error_set(e, -EINVAL, "\"%s\" is not a number", key);
        return 0;
}

/* Does the thing have all that is said of it? */
static bool fits(const struct sim_item *i, const json_t *arguments)
{
        char scratch[32], said[32];
        const char *key, *text;
        json_t *value;

        json_object_foreach((json_t *)arguments, key, value)
        {
                const struct sim_field *f = sim_field_find(i->kind, key);

                if (!f || json_read_text(value, said, &text) < 0 || !text_equal(sim_field_text(i, f, scratch), text))
                        return false;
        }
        return true;
}

/* The only thing that is as the arguments say. */
static int find_fitting(const struct simulation *s, enum sim_kind_name name, const json_t *arguments,
                        struct sim_item **ret, struct error *e)
{
        const char *noun = sim_kind(name)->noun;
        struct sim_item *found = NULL;

        for (size_t i = 0; i < s->things[name].n_records; i++) {
                struct sim_item *item = sim_item_at(s, name, i);

                if (!fits(item, arguments))
                        continue;
                if (found)
                        return error_set(e, -EINVAL, "there is more than one such %s; say its \"id\"", noun);
                found = item;
        }
        if (!found)
                return error_set(e, -ENOENT, "there is no such %s", noun);
        *ret = found;
        return 0;
}

/* The thing that the person means: by "id"; `fallback`: else by a "name" that only one has. */
static int find(struct simulation *s, enum sim_kind_name name, const json_t *arguments, struct sim_item **ret,
                struct error *e)
{
        const char *id = take_text(arguments, "id"), *called = take_text(arguments, "name");
        _cleanup_json_ json_t *by_name = NULL;

        if (!id && !called)
                return error_set(e, -EINVAL, "say which %s: \"id\" or \"name\"", sim_kind(name)->noun);
        if (!id) {
                by_name = json_pack("{s:s}", "name", called);
                return by_name ? find_fitting(s, name, by_name, ret, e) : error_oom(e);
        }
        *ret = sim_item_find(s, name, id);
        return *ret ? 0 : error_set(e, -ENOENT, "there is no %s \"%s\"", sim_kind(name)->noun, id);
}

static int add_machines(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        struct sim_form form = {
                .name = take_text(arguments, "name"),
                .template = take_text(arguments, "template"),
                .model = take_text(arguments, "model"),
                .network = take_text(arguments, "network"),
        };
        int64_t n, state;
        int r;

        if ((r = take_number(arguments, "count", 1, &n, e)) < 0 ||
            (r = take_number(arguments, "state", SIM_RUNNING, &state, e)) < 0 ||
            (r = take_number(arguments, "cpu", 2, &form.cpu, e)) < 0 ||
            (r = take_number(arguments, "memory", 4096, &form.memory, e)) < 0)
                return r;
        if (!form.name || n < 1 || n > ADD_MAX)
                return error_set(e, -EINVAL, "a new machine needs a \"name\", and \"count\" is from 1 to %d", ADD_MAX);

        for (int64_t i = 0; i < n; i++) {
                struct sim_machine *m = sim_machine_add(s, now, &form);

                if (!m)
                        return error_oom(e);
                sim_machine_set_state(m, state);
        }
        return 0;
}

static int set_state(struct simulation *s, struct sim_machine *m, int64_t state)
{
        sim_work_drop(s, &m->item);
        sim_machine_set_state(m, state);
        return 0;
}

static int console_machine(struct simulation *s, struct sim_machine *m, const char *verb, const json_t *arguments,
                           struct error *e)
{
        const char *new_name = take_text(arguments, "to");
        int64_t state;
        int r;

        if (text_equal(verb, "delete")) {
                sim_item_remove(s, &m->item);
                return 0;
        }
        if (text_equal(verb, "stop"))
                return set_state(s, m, SIM_STOPPED);
        if (text_equal(verb, "start"))
                return set_state(s, m, SIM_RUNNING);
        if (text_equal(verb, "fail"))
                return set_state(s, m, SIM_FAILED);
        if (text_equal(verb, "rename")) {
                if (!new_name)
                        return error_set(e, -EINVAL, "say the new name: \"to\"");
                return sim_machine_rename(m, new_name) < 0 ? error_oom(e) : 0;
        }
        if (text_equal(verb, "move")) {
                if (!new_name || !sim_is_address(new_name))
                        return error_set(e, -EINVAL, "say the new address: \"to\"");
                sim_machine_move(m, new_name);
                return 0;
        }
        if (text_equal(verb, "state")) {
                r = take_number(arguments, "state", INT64_MIN, &state, e);
                if (r < 0)
                        return r;
                if (state == INT64_MIN)
                        return error_set(e, -EINVAL, "say the new \"state\", a number");
                return set_state(s, m, state);
        }
        return error_set(
                e, -EINVAL,
                "there is no \"%s\"; there are delete, stop, start, fail, add, rename, move, state, ineffective, quota, "
                "pool, and KIND-add, KIND-change, KIND-delete",
                verb);
}

/* Sets what the arguments say; `skip` names what they say besides. */
static int change(struct sim_item *i, const json_t *arguments, const char *skip, struct error *e)
{
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)arguments, key, value)
        {
                const struct sim_field *f = sim_field_find(i->kind, key);
                int r;

                if (text_equal(key, skip))
                        continue;
                if (!f || f->type == FIELD_PARENT || text_equal(key, "id"))
                        return error_set(e, -EINVAL, "a %s has no \"%s\" that can be set", sim_kind(i->kind)->noun,
                                         key);
                r = sim_field_set(i, f, value);
                if (r < 0)
                        return r == -ENOMEM ? error_oom(e)
                                            : error_set(e, -EINVAL, "\"%s\" is not of the right type", key);
        }
        return 0;
}

static int add_thing(struct simulation *s, usec_t now, enum sim_kind_name name, const json_t *arguments,
                     struct error *e)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(name);
        const struct sim_kind *kind = sim_kind(name);
        struct sim_item *parent = NULL;
        const char *on = NULL, *id;
        int r;

        if (!i)
                return error_oom(e);
        if (kind->parent != SIM_NONE) {
                on = sim_kind(kind->parent)->noun;
                id = take_text(arguments, on);
                parent = id ? sim_item_find(s, kind->parent, id) : NULL;
                if (!parent)
                        return error_set(e, -EINVAL, "a new %s needs the id of its \"%s\"", kind->noun, on);
        }
        r = change(i, arguments, on, e);
        if (r < 0)
                return r;
        if (sim_item_put(s, now, i, parent) < 0)
                return error_oom(e);
        i = NULL;
        return 0;
}

static int console_thing(struct simulation *s, usec_t now, enum sim_kind_name name, const char *deed,
                         const json_t *arguments, struct error *e)
{
        struct sim_item *i;
        int r;

        if (text_equal(deed, "add"))
                return add_thing(s, now, name, arguments, e);
        if (text_equal(deed, "change")) {
                if (!take_text(arguments, "id"))
                        return error_set(e, -EINVAL, "say which %s: \"id\"", sim_kind(name)->noun);
                r = find(s, name, arguments, &i, e);
                return r < 0 ? r : change(i, arguments, "id", e);
        }
        if (!text_equal(deed, "delete"))
                return error_set(e, -EINVAL, "there are %s-add, %s-change and %s-delete", sim_kind(name)->noun,
                                 sim_kind(name)->noun, sim_kind(name)->noun);
        if (json_object_size(arguments) == 0)
                return error_set(e, -EINVAL, "say which %s: its \"id\", or whatever only it has", sim_kind(name)->noun);
        r = find_fitting(s, name, arguments, &i, e);
        if (r < 0)
                return r;
        sim_item_remove(s, i);
        return 0;
}

/* So many rules to come are accepted and not in effect, until they were asked for again so many times. */
static int set_waiting(struct simulation *s, const json_t *arguments, struct error *e)
{
        int64_t rules, resets;
        int r;

        if ((r = take_number(arguments, "rules", 1, &rules, e)) < 0 ||
            (r = take_number(arguments, "resets", 1, &resets, e)) < 0)
                return r;
        if (rules < 0 || resets < 0)
                return error_set(e, -EINVAL, "\"rules\" and \"resets\" are numbers from 0 on");
        s->waiting_rules = rules;
        s->waiting_resets = resets;
        return 0;
}

static int take_quota(const json_t *arguments, struct sim_quota *q, struct error *e)
{
        struct sim_quota said;
        int r;

        if ((r = take_number(arguments, "cpu", q->cpu, &said.cpu, e)) < 0 ||
            (r = take_number(arguments, "memory", q->memory, &said.memory, e)) < 0 ||
            (r = take_number(arguments, "storage", q->storage, &said.storage, e)) < 0 ||
            (r = take_number(arguments, "ip", q->ip, &said.ip, e)) < 0 ||
            (r = take_number(arguments, "vpc", q->vpc, &said.vpc, e)) < 0)
                return r;
        if (said.cpu < 0 || said.memory < 0 || said.storage < 0 || said.ip < 0 || said.vpc < 0)
                return error_set(e, -EINVAL, "a quota is a number from 0 on");
        *q = said;
        return 0;
}

static int set_quota(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        const char *id = take_text(arguments, "tenant");
        struct sim_tenant *t;
        int r;

        if (!id || !*id)
                return error_set(e, -EINVAL, "say which \"tenant\"");
        t = (struct sim_tenant *)sim_item_find(s, SIM_TENANTS, id);
        if (!t) {
                r = sim_tenant_add(s, now, id, &t);
                if (r < 0)
                        return r == -ENOMEM ? error_oom(e) : error_set(e, r, "the tenant's id is too long");
        }
        return take_quota(arguments, &t->of, e);
}

int sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        const char *dash = strchr(verb, '-');
        struct sim_item *i = NULL;
        int r;

        sim_settle(s, now);
        for (enum sim_kind_name name = 0; dash && name < SIM_KINDS; name++) {
                const char *noun = sim_kind(name)->noun;

                if (name != SIM_MACHINES && strlen(noun) == (size_t)(dash - verb) && text_starts(verb, noun))
                        return console_thing(s, now, name, dash + 1, arguments, e);
        }
        if (text_equal(verb, "ineffective"))
                return set_waiting(s, arguments, e);
        if (text_equal(verb, "quota"))
                return set_quota(s, now, arguments, e);
        if (text_equal(verb, "pool"))
                return take_quota(arguments, &s->pool, e);
        if (text_equal(verb, "add"))
                return add_machines(s, now, arguments, e);
        r = find(s, SIM_MACHINES, arguments, &i, e);
        return r < 0 ? r : console_machine(s, (struct sim_machine *)i, verb, arguments, e);
}
