/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "providers/starvcenter/sim_wire.h"
#include "reconcile/base/text.h"

/*
 * The calls about machines. Where the document is silent: a machine at which work goes on refuses every change as locked; one
 * that runs cannot be started, nor a stopped one stopped; a refused call changes nothing; machines that were made together are
 * numbered after the name that was asked for; a machine has a system disk without description from its creation, and its
 * deletion takes all its disks with it.
 *
 * With quirks cores and memory change only while the machine is off, and machines that were made together have one name.
 */

#define TOGETHER_MAX 10
#define MEMORY_MAX 999999999
#define CPU_MAX 1024

int sim_serve_machines(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "vm.name", "name", MATCH_PART },
                { "vm.id", "id", MATCH_PART },
                { "vm.state", "state", MATCH_WHOLE },
                { "vm.ip", "address", MATCH_WHOLE },
                {},
        };
        static const struct sim_listing listing = { SIM_MACHINES, filters, .paged = true, .nothing = "\"\"" };

        return sim_serve_listing(c, &listing);
}

int sim_serve_machine(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_MACHINES, c->captures[0], &r);

        return i ? sim_say_row(c, i) : r;
}

/* Reads and checks what a create asks for. False: refused, with words. */
static bool take_form(struct plain_call *c, struct sim_form *form, int64_t *n, const char **why)
{
        *form = (struct sim_form){
                .name = sim_text(c, "vm.name"),
                .template = sim_text(c, "vm.template.id"),
                .model = sim_text(c, "vm.tenant.model"),
                .network = sim_text(c, "vnic.portgroupid"),
        };
        *n = 1;
        *why = NULL;
        if (!*form->template == !*form->model)
                *why = "one of vm.template.id and vm.tenant.model is needed";
        else if (!sim_number(c, "vm.vcpu.num", 1, CPU_MAX, &form->cpu))
                *why = "vm.vcpu.num is missing or out of range";
        else if (!sim_number(c, "vm.memory.mem", 1, MEMORY_MAX, &form->memory))
                *why = "vm.memory.mem is missing or out of range";
        else if (!*form->network)
                *why = "vnic.portgroupid is missing";
        else if (sim_param(c, "vm.num") && !sim_number(c, "vm.num", 1, TOGETHER_MAX, n))
                *why = "vm.num is not from 1 to 10";
        else if (sim_param(c, "vm.vdisk.num") || sim_param(c, "vm.vdisk.size"))
                *why = "data disks of a create are not supported by this simulator";
        return !*why;
}

static int create_one(struct plain_call *c, const struct sim_form *form, json_t *made)
{
        struct sim_machine *m = sim_machine_add(c->s, c->now, form);
        json_t *row;

        if (!m)
                return -ENOMEM;
        sim_machine_set_state(m, SIM_INSTALLING);
        sim_work_begin(c->s, &m->item, WORK_INSTALL, c->now, 0);
        row = json_pack("{s:s, s:s, s:o}", "vm.id", m->item.record.id, "vm.name", m->name ? m->name : "", "jobstartid",
                        sim_task(c->s));
        return json_array_append_new(made, row) < 0 ? -ENOMEM : 0;
}

int sim_serve_machine_create(struct plain_call *c)
{
        _cleanup_json_ json_t *made = json_array();
        struct sim_form form;
        const char *why, *name;
        struct sim_quota more;
        int64_t n;
        int r = 0;

        if (!made)
                return -ENOMEM;
        if (!take_form(c, &form, &n, &why))
                return sim_say_no(c, "%s", why);
        more = (struct sim_quota){ n * form.cpu, n * form.memory, n * SIM_SYSTEM_SIZE };
        if (!sim_has_room(c, NULL, &more, &r))
                return r;

        name = form.name;
        for (int64_t i = 0; i < n; i++) {
                _cleanup_free_ char *numbered = NULL;

                if (n > 1 && !c->s->quirks) {
                        if (asprintf(&numbered, "%s-%" PRId64, name, i + 1) < 0)
                                return -ENOMEM;
                        form.name = numbered;
                }
                r = create_one(c, &form, made);
                if (r < 0)
                        return r;
        }
        return sim_say(c, json_pack("{s:o, s:O}", "result", sim_code(c->s, 0), "data", made));
}

int sim_serve_machine_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_changeable(c, SIM_MACHINES, c->captures[0], &r);

        return i ? sim_begin(c, i, WORK_DELETE, 0) : r;
}

/* The machine of the parameters, when it can be changed at all; NULL: as sim_changeable(). */
static struct sim_machine *changeable(struct plain_call *c, int *ret)
{
        return (struct sim_machine *)sim_changeable(c, SIM_MACHINES, sim_text(c, "vm.id"), ret);
}

int sim_serve_start(struct plain_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, &r);

        if (!m)
                return r;
        if (m->state != SIM_STOPPED && m->state != SIM_ASLEEP)
                return sim_say_no(c, "the machine is not stopped");
        return sim_begin(c, &m->item, WORK_START, 0);
}

int sim_serve_shutdown(struct plain_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, &r);

        if (!m)
                return r;
        if (m->state != SIM_RUNNING)
                return sim_say_no(c, "the machine is not running");
        if (!m->can_shut_down)
                return sim_say_no(c, "the machine does not support a soft shutdown");
        return sim_begin(c, &m->item, WORK_STOP, 0);
}

int sim_serve_power_off(struct plain_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, &r);

        if (!m)
                return r;
        if (m->state == SIM_STOPPED || m->state == SIM_FAILED)
                return sim_say_no(c, "the machine is not running");
        return sim_begin(c, &m->item, WORK_STOP, 0);
}

static int serve_resize(struct plain_call *c, enum sim_work work, const char *key, int64_t max)
{
        int r = 0;
        struct sim_machine *m = changeable(c, &r);
        struct sim_quota more = {};
        int64_t wanted;

        if (!m)
                return r;
        if (!sim_number(c, key, 1, max, &wanted))
                return sim_say_no(c, "the new value is missing or out of range");
        if (m->state == SIM_FAILED || (c->s->quirks && m->state != SIM_STOPPED))
                return sim_say_no(c, "the machine is not stopped");
        more.cpu = work == WORK_CPU ? wanted - m->cpu : 0;
        more.memory = work == WORK_MEMORY ? wanted - m->memory : 0;
        return sim_has_room(c, m->tenant, &more, &r) ? sim_begin(c, &m->item, work, wanted) : r;
}

int sim_serve_cpu(struct plain_call *c)
{
        return serve_resize(c, WORK_CPU, "vm.vcpu.num", CPU_MAX);
}

int sim_serve_memory(struct plain_call *c)
{
        return serve_resize(c, WORK_MEMORY, "vm.memory.mem", MEMORY_MAX);
}

int sim_serve_modify(struct plain_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, &r);

        if (!m)
                return r;
        if ((*sim_text(c, "vm.name") && sim_machine_rename(m, sim_text(c, "vm.name")) < 0) ||
            (sim_param(c, "vm.desc") && sim_text_set(&m->description, sim_text(c, "vm.desc")) < 0))
                return -ENOMEM;
        sim_item_changed(&m->item);
        return sim_done(c);
}
