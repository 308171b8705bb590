/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/text.h"

#define ADD_MAX 100000

static const char *const work_names[] = {
        [WORK_NONE] = "none", [WORK_INSTALL] = "install", [WORK_START] = "start",   [WORK_STOP] = "stop",
        [WORK_CPU] = "cpu",   [WORK_MEMORY] = "memory",   [WORK_DELETE] = "delete",
};

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

/* The machine that the person means: by "id", else by a "name" that only one has. */
static int find(struct simulation *s, const json_t *arguments, struct sim_machine **ret, struct error *e)
{
        const char *id = take_text(arguments, "id"), *name = take_text(arguments, "name");
        struct sim_machine *found = NULL;

        if (!id && !name)
                return error_set(e, -EINVAL, "say which machine: \"id\" or \"name\"");
        if (id)
                found = sim_machine_find(s, id);
        for (size_t i = 0; !id && i < s->n_machines; i++) {
                if (!text_equal(s->machines[i]->name, name))
                        continue;
                if (found)
                        return error_set(e, -EINVAL, "more than one machine is named \"%s\"; say its \"id\"", name);
                found = s->machines[i];
        }
        if (!found)
                return error_set(e, -ENOENT, "there is no machine \"%s\"", id ? id : name);
        *ret = found;
        return 0;
}

static int console_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
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
                m->addressed = state == SIM_RUNNING;
                m->state = state;
        }
        return 0;
}

static int set_state(struct simulation *s, struct sim_machine *m, int64_t state)
{
        sim_work_drop(s, m);
        m->addressed = m->addressed || state == SIM_RUNNING;
        sim_machine_set_state(m, state);
        return 0;
}

static int console_one(struct simulation *s, struct sim_machine *m, const char *verb, const json_t *arguments,
                       struct error *e)
{
        const char *new_name = take_text(arguments, "to");
        int64_t state;
        int r;

        if (text_equal(verb, "delete")) {
                sim_machine_remove(s, m);
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
        if (text_equal(verb, "state")) {
                r = take_number(arguments, "state", INT64_MIN, &state, e);
                if (r < 0)
                        return r;
                if (state == INT64_MIN)
                        return error_set(e, -EINVAL, "say the new \"state\", a number");
                return set_state(s, m, state);
        }
        return error_set(e, -EINVAL, "there is no \"%s\"; there are delete, stop, start, fail, add, rename, state",
                         verb);
}

int sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        struct sim_machine *m = NULL;
        int r;

        sim_settle(s, now);
        if (text_equal(verb, "add"))
                return console_add(s, now, arguments, e);
        r = find(s, arguments, &m, e);
        return r < 0 ? r : console_one(s, m, verb, arguments, e);
}

static json_t *save_machine(const struct sim_machine *m, usec_t now)
{
        char address[SIM_ADDRESS_MAX];

        return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I}", "id", m->id,
                         "name", m->name, "state", (json_int_t)m->state, "cpu", (json_int_t)m->cpu, "memory",
                         (json_int_t)m->memory, "template", m->template, "model", m->model, "network", m->network,
                         "address", sim_machine_address(m, address), "created", m->created, "canShutDown",
                         (int)m->can_shut_down, "addressed", (int)m->addressed, "work", work_names[m->work], "dueIn",
                         (json_int_t)usec_since(m->due, now), "wanted", (json_int_t)m->wanted);
}

json_t *sim_save(struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *machines = json_array();

        sim_settle(s, now);
        for (size_t i = 0; i < s->n_machines; i++)
                if (json_array_append_new(machines, save_machine(s->machines[i], now)) < 0)
                        return NULL;
        return json_pack("{s:s, s:I, s:I, s:O}", "format", "muster-sim.starvcenter/v1", "nextSerial",
                         (json_int_t)s->next_serial, "nextTask", (json_int_t)s->next_task, "machines", machines);
}

static int work_parse(const char *name, enum sim_work *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(work_names); i++)
                if (text_equal(work_names[i], name)) {
                        *ret = (enum sim_work)i;
                        return 0;
                }
        return -EINVAL;
}

static int load_machine(struct simulation *s, usec_t now, json_t *saved)
{
        json_int_t state, due_in, wanted, cpu, memory;
        int can_shut_down, addressed;
        struct sim_form form = {};
        struct sim_machine *m;
        const char *id, *created, *work_name;
        enum sim_work work;
        int64_t serial;

        if (json_unpack(saved, "{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I}", "id", &id,
                        "name", &form.name, "state", &state, "cpu", &cpu, "memory", &memory, "template", &form.template,
                        "model", &form.model, "network", &form.network, "created", &created, "canShutDown",
                        &can_shut_down, "addressed", &addressed, "work", &work_name, "dueIn", &due_in, "wanted",
                        &wanted) < 0)
                return -EBADMSG;
        if (!text_starts(id, "vm-") || text_to_int64(id + 3, &serial) < 0 || serial < (int64_t)s->next_serial ||
            work_parse(work_name, &work) < 0 || due_in < 0 || strlen(created) >= sizeof(m->created))
                return -EBADMSG;

        form.cpu = cpu;
        form.memory = memory;
        s->next_serial = (uint64_t)serial;
        m = sim_machine_add(s, now, &form);
        if (!m)
                return -ENOMEM;
        m->state = state;
        m->can_shut_down = can_shut_down;
        m->addressed = addressed;
        memcpy(m->created, created, strlen(created) + 1);
        if (work != WORK_NONE)
                sim_work_put(s, m, work, usec_add(now, (usec_t)due_in), wanted);
        return 0;
}

int sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        json_t *machines = json_object_get(state, "machines"), *saved;
        json_int_t next_serial, next_task;
        size_t i;
        int r;

        if (!text_equal(take_text(state, "format"), "muster-sim.starvcenter/v1") || !json_is_array(machines) ||
            json_unpack((json_t *)state, "{s:I, s:I}", "nextSerial", &next_serial, "nextTask", &next_task) < 0)
                return error_set(e, -EBADMSG, "this is not a saved state of starvcenter's simulator");

        sim_machines_done(s);
        s->next_serial = 1;
        json_array_foreach(machines, i, saved)
        {
                r = load_machine(s, now, saved);
                if (r == -ENOMEM)
                        return error_oom(e);
                if (r < 0)
                        return error_set(e, r, "machine %zu of the saved state cannot be read", i + 1);
        }
        if (next_serial < (json_int_t)s->next_serial || next_task < 1)
                return error_set(e, -EBADMSG, "the saved state's next ids were given already");
        s->next_serial = (uint64_t)next_serial;
        s->next_task = (uint64_t)next_task;
        return 0;
}
