/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "providers/starvcenter/sim.h"
#include "reconcile/base/array.h"

#define FIRST_SECOND 1767225600 /* the simulation's calendar begins on 2026-01-01, whatever the day is */

static struct sim_machine *machine_free(struct sim_machine *m)
{
        if (!m)
                return NULL;

        free(m->name);
        free(m->template);
        free(m->model);
        free(m->network);
        free(m->row);
        free(m);
        return NULL;
}
DEFINE_CLEANUP(struct sim_machine *, machine_free)

static void machine_changed(struct sim_machine *m)
{
        free(m->row);
        m->row = NULL;
}

static char *copy(const char *s)
{
        return strdup(s ? s : "");
}

static void print_time(usec_t now, char text[static 24])
{
        time_t second = FIRST_SECOND + (time_t)(now / USEC_PER_SEC);
        struct tm tm = {};

        gmtime_r(&second, &tm);
        strftime(text, 24, "%Y-%m-%d %H:%M:%S", &tm);
}

static struct sim_machine *machine_new(uint64_t serial, usec_t now, const struct sim_form *form)
{
        _cleanup_(machine_free_p) struct sim_machine *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;

        m->name = copy(form->name);
        m->template = copy(form->template);
        m->model = copy(form->model);
        m->network = copy(form->network);
        if (!m->name || !m->template || !m->model || !m->network)
                return NULL;

        m->serial = serial;
        (void)snprintf(m->id, sizeof(m->id), "vm-%" PRIu64, serial);
        m->state = SIM_STOPPED;
        m->cpu = form->cpu;
        m->memory = form->memory;
        m->can_shut_down = true;
        print_time(now, m->created);
        return STEAL(m);
}

struct sim_machine *sim_machine_add(struct simulation *s, usec_t now, const struct sim_form *form)
{
        _cleanup_(machine_free_p) struct sim_machine *m = machine_new(s->next_serial, now, form);

        if (!m || array_reserve((void **)&s->machines, &s->allocated_machines, s->n_machines + 1,
                                sizeof(struct sim_machine *)) < 0)
                return NULL;
        if (strmap_put(&s->by_id, m->id, m) < 0)
                return NULL;

        s->next_serial++;
        s->machines[s->n_machines++] = m;
        return STEAL(m);
}

struct sim_machine *sim_machine_find(const struct simulation *s, const char *id)
{
        return strmap_get(&s->by_id, id);
}

static int compare_serials(const void *a, const void *b)
{
        uint64_t x = (*(struct sim_machine *const *)a)->serial, y = (*(struct sim_machine *const *)b)->serial;

        return x < y ? -1 : x > y;
}

void sim_machine_remove(struct simulation *s, struct sim_machine *m)
{
        struct sim_machine **place = bsearch(&m, s->machines, s->n_machines, sizeof(struct sim_machine *),
                                             compare_serials);
        size_t i = (size_t)(place - s->machines);

        sim_work_drop(s, m);
        strmap_remove(&s->by_id, m->id);
        memmove(place, place + 1, (s->n_machines - i - 1) * sizeof(struct sim_machine *));
        s->n_machines--;
        machine_free(m);
}

void sim_machines_done(struct simulation *s)
{
        for (size_t i = 0; i < s->n_machines; i++)
                machine_free(s->machines[i]);
        free(s->machines);
        s->machines = NULL;
        s->n_machines = s->allocated_machines = 0;
        s->first_work = s->last_work = NULL;
        strmap_done(&s->by_id);
}

int sim_machine_rename(struct sim_machine *m, const char *name)
{
        char *own = strdup(name);

        if (!own)
                return -ENOMEM;

        free(m->name);
        m->name = own;
        machine_changed(m);
        return 0;
}

void sim_machine_set_state(struct sim_machine *m, int64_t state)
{
        m->state = state;
        machine_changed(m);
}

/* The delay is the same for all, so that new work nearly always belongs to the end. */
void sim_work_put(struct simulation *s, struct sim_machine *m, enum sim_work work, usec_t due, int64_t wanted)
{
        struct sim_machine *before = s->last_work;

        while (before && before->due > due)
                before = before->previous_work;
        m->work = work;
        m->due = due;
        m->wanted = wanted;
        m->previous_work = before;
        m->next_work = before ? before->next_work : s->first_work;
        *(before ? &before->next_work : &s->first_work) = m;
        *(m->next_work ? &m->next_work->previous_work : &s->last_work) = m;
}

void sim_work_begin(struct simulation *s, struct sim_machine *m, enum sim_work work, usec_t now, int64_t wanted)
{
        sim_work_put(s, m, work, usec_add(now, s->ready_delay), wanted);
}

void sim_work_drop(struct simulation *s, struct sim_machine *m)
{
        if (m->work == WORK_NONE)
                return;

        *(m->previous_work ? &m->previous_work->next_work : &s->first_work) = m->next_work;
        *(m->next_work ? &m->next_work->previous_work : &s->last_work) = m->previous_work;
        m->previous_work = m->next_work = NULL;
        m->work = WORK_NONE;
}

static void settle_one(struct simulation *s, struct sim_machine *m)
{
        enum sim_work work = m->work;

        sim_work_drop(s, m);
        switch (work) {
        case WORK_INSTALL:
        case WORK_START:
                m->addressed = true;
                sim_machine_set_state(m, SIM_RUNNING);
                break;
        case WORK_STOP:
                sim_machine_set_state(m, SIM_STOPPED);
                break;
        case WORK_CPU:
                m->cpu = m->wanted;
                machine_changed(m);
                break;
        case WORK_MEMORY:
                m->memory = m->wanted;
                machine_changed(m);
                break;
        case WORK_DELETE:
                sim_machine_remove(s, m);
                break;
        case WORK_NONE:
                break;
        }
}

void sim_settle(struct simulation *s, usec_t now)
{
        while (s->first_work && s->first_work->due <= now)
                settle_one(s, s->first_work);
}

const char *sim_machine_address(const struct sim_machine *m, char text[static SIM_ADDRESS_MAX])
{
        unsigned n = (unsigned)(m->serial & 0xFFFFFF);

        *text = '\0';
        if (m->addressed)
                (void)snprintf(text, SIM_ADDRESS_MAX, "10.%u.%u.%u", n >> 16, n >> 8 & 0xFF, n & 0xFF);
        return text;
}

static json_t *print_number(const struct simulation *s, int64_t number)
{
        return s->quirks ? json_integer(number) : json_sprintf("%" PRId64, number);
}

static json_t *print_truth(const struct simulation *s, bool truth)
{
        return s->quirks ? json_boolean(truth) : json_string(truth ? "true" : "false");
}

/* Quirks: numbers and booleans where the document prints strings, the document's own stray blank in a key, and null for an
 * address that is not there yet. */
static json_t *print(const struct simulation *s, const struct sim_machine *m)
{
        char text[SIM_ADDRESS_MAX];
        const char *address = sim_machine_address(m, text);

        return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s?, s:o, s:o}", "vm.id", m->id, "vm.name",
                         m->name, "vm.desc", "", "vm.createtime", m->created, "vm.state", print_number(s, m->state),
                         "vm.vcpu.num", print_number(s, m->cpu), "vm.memory.mem", json_sprintf("%" PRId64, m->memory),
                         s->quirks ? "vm.tenant.type " : "vm.tenant.type", "standard", "vm.tenant.model", m->model,
                         "vm.ip", s->quirks && !*address ? NULL : address, "vm.reboot.enable", print_truth(s, true),
                         "vm.shutdown.enable", print_truth(s, m->can_shut_down));
}

const char *sim_machine_row(struct simulation *s, struct sim_machine *m)
{
        _cleanup_json_ json_t *row = NULL;

        if (m->row)
                return m->row;

        row = print(s, m);
        if (!row)
                return NULL;
        m->row = json_to_text(row, JSON_COMPACT);
        return m->row;
}
