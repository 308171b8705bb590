/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/sim.h"
#include "providers/starvcenter/sim_wire.h"
#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/text.h"

/*
 * The simulated calls. Where the document is silent: a machine at which work goes on refuses every change as locked; one
 * that runs cannot be started, nor a stopped one stopped; a refused call changes nothing; machines that were made together
 * are numbered after the name that was asked for.
 *
 * With quirks, as the notes say: `result`, `dataCount`, states and cores are numbers, truths are booleans, a key carries
 * the document's stray blank, an empty list is "", Base64 comes in lines and without padding, cores and memory change only
 * while the machine is off, and machines that were made together have one name.
 */

#define PAGE_MAX 30
#define TOGETHER_MAX 10
#define MEMORY_MAX 999999999
#define CPU_MAX 1024

static const char *const variants[] = { "page", "offset1", "offset0", "ignored", NULL };

/* A number of the parameters, when it is there and within its range. */
static bool take_number(const struct sim_call *c, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        return json_read_int64(json_object_get(c->params, key), ret) == 0 && *ret >= min && *ret <= max;
}

/* A text of the parameters; "" when there is none. */
static const char *take_text(const struct sim_call *c, const char *key)
{
        const char *text = json_string_value(json_object_get(c->params, key));

        return text ? text : "";
}

static bool matches(const struct sim_call *c, const struct sim_machine *m)
{
        const char *state = take_text(c, "vm.state"), *address = take_text(c, "vm.ip");
        char text[SIM_ADDRESS_MAX];
        int64_t code;

        return strstr(m->name, take_text(c, "vm.name")) && strstr(m->id, take_text(c, "vm.id")) &&
               (!*state || (text_to_int64(state, &code) == 0 && code == m->state)) &&
               (!*address || text_equal(address, sim_machine_address(m, text)));
}

static bool filters(const struct sim_call *c)
{
        return *take_text(c, "vm.name") || *take_text(c, "vm.id") || *take_text(c, "vm.state") ||
               *take_text(c, "vm.ip");
}

/* The rows of a listing that were asked for: `n` of them from `first` on, counted from 0. */
struct window {
        size_t first, n;
};

/* False: the start or the size of the page is none. */
static bool take_window(const struct sim_call *c, struct window *ret)
{
        enum sim_paging paging = c->s->paging;
        int64_t start, size;

        *ret = (struct window){ .n = SIZE_MAX };
        if (paging == PAGING_IGNORED ||
            (!json_object_get(c->params, "page.startnum") && !json_object_get(c->params, "page.everypagenum")))
                return true;
        if (!take_number(c, "page.everypagenum", 1, PAGE_MAX, &size) ||
            !take_number(c, "page.startnum", paging == PAGING_OFFSET0 ? 0 : 1, INT32_MAX, &start))
                return false;

        ret->n = (size_t)size;
        ret->first = (size_t)(paging == PAGING_PAGE      ? (start - 1) * size
                              : paging == PAGING_OFFSET1 ? start - 1
                                                         : start);
        return true;
}

/* Prints the window's rows of all machines that match; `*ret_total` is how many match. Without filters only the window's rows
 * are looked at. */
static int print_rows(struct sim_call *c, const struct window *w, size_t *ret_total)
{
        bool filtered = filters(c);
        size_t i = filtered ? 0 : w->first, total = i, printed = 0;

        for (; i < c->s->n_machines && (filtered || printed < w->n); i++) {
                struct sim_machine *m = c->s->machines[i];
                const char *row;

                if (filtered && !matches(c, m))
                        continue;
                if (total++ < w->first || printed >= w->n)
                        continue;
                row = sim_machine_row(c->s, m);
                if (!row)
                        return -ENOMEM;
                for (int times = c->how == PRETEND_DUPLICATE && printed == 0 ? 2 : 1; times > 0; times--) {
                        buf_adds(&c->out, c->out.len > c->rows_start ? "," : "");
                        buf_adds(&c->out, row);
                }
                printed++;
        }
        *ret_total = filtered ? total : c->s->n_machines;
        return 0;
}

static int serve_search(struct sim_call *c)
{
        size_t total = 0, most = c->how == PRETEND_EMPTY ? 0 : c->how == PRETEND_SHORT ? 2 : SIZE_MAX;
        struct window w;
        int r;

        if (!take_window(c, &w))
                return sim_say_no(c, "page.startnum or page.everypagenum is out of range");
        w.n = w.first >= most ? 0 : w.n < most - w.first ? w.n : most - w.first;

        buf_adds(&c->out, c->s->quirks ? "{\"result\":0,\"data\":" : "{\"result\":\"0\",\"data\":");
        c->rows_start = c->out.len + 1;
        buf_addc(&c->out, '[');
        r = print_rows(c, &w, &total);
        if (r < 0)
                return r;
        if (c->s->quirks && c->out.len == c->rows_start) {
                c->out.len--;
                buf_adds(&c->out, "\"\"");
        } else {
                buf_addc(&c->out, ']');
        }
        total = total < most ? total : most;
        return buf_addf(&c->out, c->s->quirks ? ",\"dataCount\":%zu}" : ",\"dataCount\":\"%zu\"}", total);
}

/* Reads and checks what a create asks for. False: refused, with words. */
static bool take_form(struct sim_call *c, struct sim_form *form, int64_t *n, const char **why)
{
        *form = (struct sim_form){
                .name = take_text(c, "vm.name"),
                .template = take_text(c, "vm.template.id"),
                .model = take_text(c, "vm.tenant.model"),
                .network = take_text(c, "vnic.portgroupid"),
        };
        *n = 1;
        *why = NULL;
        if (!*form->template == !*form->model)
                *why = "one of vm.template.id and vm.tenant.model is needed";
        else if (!take_number(c, "vm.vcpu.num", 1, CPU_MAX, &form->cpu))
                *why = "vm.vcpu.num is missing or out of range";
        else if (!take_number(c, "vm.memory.mem", 1, MEMORY_MAX, &form->memory))
                *why = "vm.memory.mem is missing or out of range";
        else if (!*form->network)
                *why = "vnic.portgroupid is missing";
        else if (json_object_get(c->params, "vm.num") && !take_number(c, "vm.num", 1, TOGETHER_MAX, n))
                *why = "vm.num is not from 1 to 10";
        else if (json_object_get(c->params, "vm.vdisk.num") || json_object_get(c->params, "vm.vdisk.size"))
                *why = "data disks are not supported by this simulator";
        return !*why;
}

static int create_one(struct sim_call *c, const struct sim_form *form, json_t *made)
{
        struct sim_machine *m = sim_machine_add(c->s, c->now, form);
        json_t *row;

        if (!m)
                return -ENOMEM;
        sim_machine_set_state(m, SIM_INSTALLING);
        sim_work_begin(c->s, m, WORK_INSTALL, c->now, 0);
        row = json_pack("{s:s, s:s, s:o}", "vm.id", m->id, "vm.name", m->name, "jobstartid", sim_task(c->s));
        return json_array_append_new(made, row) < 0 ? -ENOMEM : 0;
}

static int serve_create(struct sim_call *c)
{
        _cleanup_json_ json_t *made = json_array();
        struct sim_form form;
        const char *why, *name;
        int64_t n;
        int r;

        if (!made)
                return -ENOMEM;
        if (!take_form(c, &form, &n, &why))
                return sim_say_no(c, why);

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

static int serve_get(struct sim_call *c)
{
        struct sim_machine *m = sim_machine_find(c->s, c->id);
        const char *row;

        if (!m)
                return sim_say_no(c, "the machine does not exist");
        row = sim_machine_row(c->s, m);
        if (!row)
                return -ENOMEM;
        return buf_addf(&c->out, c->s->quirks ? "{\"result\":0,\"data\":%s}" : "{\"result\":\"0\",\"data\":%s}", row);
}

/* The machine that a change is about, when it can be changed at all; NULL: the refusal is said, and is `*ret`. */
static struct sim_machine *changeable(struct sim_call *c, const char *id, int *ret)
{
        struct sim_machine *m = sim_machine_find(c->s, id);

        if (m && m->work == WORK_NONE)
                return m;
        *ret = sim_say_no(c, m ? "the machine is locked by other work" : "the machine does not exist");
        return NULL;
}

static int begin(struct sim_call *c, struct sim_machine *m, enum sim_work work, int64_t wanted)
{
        sim_work_begin(c->s, m, work, c->now, wanted);
        return sim_say(c, json_pack("{s:o, s:o}", "result", sim_code(c->s, 0), "startid", sim_task(c->s)));
}

static int serve_delete(struct sim_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, c->id, &r);

        return m ? begin(c, m, WORK_DELETE, 0) : r;
}

static int serve_start(struct sim_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, take_text(c, "vm.id"), &r);

        if (!m)
                return r;
        if (m->state != SIM_STOPPED && m->state != SIM_ASLEEP)
                return sim_say_no(c, "the machine is not stopped");
        return begin(c, m, WORK_START, 0);
}

static int serve_shutdown(struct sim_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, take_text(c, "vm.id"), &r);

        if (!m)
                return r;
        if (m->state != SIM_RUNNING)
                return sim_say_no(c, "the machine is not running");
        if (!m->can_shut_down)
                return sim_say_no(c, "the machine does not support a soft shutdown");
        return begin(c, m, WORK_STOP, 0);
}

static int serve_power_off(struct sim_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, take_text(c, "vm.id"), &r);

        if (!m)
                return r;
        if (m->state == SIM_STOPPED || m->state == SIM_FAILED)
                return sim_say_no(c, "the machine is not running");
        return begin(c, m, WORK_STOP, 0);
}

static int serve_resize(struct sim_call *c, enum sim_work work, const char *key, int64_t max)
{
        int r = 0;
        struct sim_machine *m = changeable(c, take_text(c, "vm.id"), &r);
        int64_t wanted;

        if (!m)
                return r;
        if (!take_number(c, key, 1, max, &wanted))
                return sim_say_no(c, "the new value is missing or out of range");
        if (m->state == SIM_FAILED || (c->s->quirks && m->state != SIM_STOPPED))
                return sim_say_no(c, "the machine is not stopped");
        return begin(c, m, work, wanted);
}

static int serve_cpu(struct sim_call *c)
{
        return serve_resize(c, WORK_CPU, "vm.vcpu.num", CPU_MAX);
}

static int serve_memory(struct sim_call *c)
{
        return serve_resize(c, WORK_MEMORY, "vm.memory.mem", MEMORY_MAX);
}

static int serve_rename(struct sim_call *c)
{
        int r = 0;
        struct sim_machine *m = changeable(c, take_text(c, "vm.id"), &r);

        if (!m)
                return r;
        if (*take_text(c, "vm.name") && sim_machine_rename(m, take_text(c, "vm.name")) < 0)
                return -ENOMEM;
        return sim_say(c, json_pack("{s:o, s:s}", "result", sim_code(c->s, 0), "data", ""));
}

/* A path that ends with '*' ends with a machine's id. */
static const struct sim_route routes[] = {
        { METHOD_POST, "cloudvm/search", "list", serve_search },
        { METHOD_POST, "cloudvm/create", "create", serve_create },
        { METHOD_PUT, "cloudvm/start", "start", serve_start },
        { METHOD_PUT, "cloudvm/shutdown", "shutdown", serve_shutdown },
        { METHOD_PUT, "cloudvm/destroy", "poweroff", serve_power_off },
        { METHOD_PUT, "cloudvm/cpu/modify", "cpu", serve_cpu },
        { METHOD_PUT, "cloudvm/mem/modify", "memory", serve_memory },
        { METHOD_PUT, "cloudvm/modify", "rename", serve_rename },
        { METHOD_GET, "cloudvm/*", "get", serve_get },
        { METHOD_DELETE, "cloudvm/*", "delete", serve_delete },
        { METHOD_GET, NULL, "other", NULL },
};

static const char *classify(struct simulation *s, const struct request *rq)
{
        struct sim_call c _cleanup_(sim_call_done) = { .s = s };

        return sim_call_open(&c, routes, rq) < 0 ? "other" : c.route->class;
}

static void subject(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX])
{
        struct sim_call c _cleanup_(sim_call_done) = { .s = s };
        const char *text = "";

        if (sim_call_open(&c, routes, rq) == 0)
                text = c.id ? c.id : take_text(&c, text_equal(c.route->class, "create") ? "vm.name" : "vm.id");
        (void)snprintf(ret, SIMULATOR_SUBJECT_MAX, "%s", text);
}

static int carry_out(struct sim_call *c, const struct request *rq)
{
        const char *token = request_header(rq, "KEY_TOKEN");

        if (c->how == PRETEND_BAD_TOKEN || (c->s->token && !text_equal(token, c->s->token)))
                return sim_say_bad_token(c);
        if (c->how == PRETEND_REFUSAL)
                return sim_say_no(c, "the platform cannot do this at the moment");
        if (!c->id && !c->params)
                return sim_say_no(c, "KEY_PARAM is not JSON in Base64");
        return c->route->serve(c);
}

static int serve(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                 const char **ret_class)
{
        struct sim_call c _cleanup_(sim_call_done) = { .s = s, .now = now, .how = how };
        int r;

        sim_settle(s, now);
        r = sim_call_open(&c, routes, rq);
        if (r < 0)
                return r;
        *ret_class = c.route->class;
        if (!c.route->serve)
                return sim_not_found(ret);

        r = carry_out(&c, rq);
        return r < 0 ? r : sim_call_reply(&c, ret);
}

static struct simulation *sim_free(struct simulation *s)
{
        if (!s)
                return NULL;

        sim_machines_done(s);
        free(s->token);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct simulation *, sim_free)

static int paging_parse(const char *variant, enum sim_paging *ret, struct error *e)
{
        for (size_t i = 0; variants[i]; i++)
                if (!variant || text_equal(variants[i], variant)) {
                        *ret = (enum sim_paging)i;
                        return 0;
                }
        return error_set(e, -EINVAL,
                         "starvcenter's simulator has no variant \"%s\"; it has page, offset1, offset0, ignored",
                         variant);
}

/* The machines that somebody else made before. */
static int add_first_machines(struct simulation *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                struct sim_form form = { .model = "standard", .network = "pg-1", .cpu = 2, .memory = 4096 };
                struct sim_machine *m;
                char name[32];

                (void)snprintf(name, sizeof(name), "elder-%zu", i);
                form.name = name;
                m = sim_machine_add(s, 0, &form);
                if (!m)
                        return -ENOMEM;
                m->addressed = true;
                m->state = SIM_RUNNING;
        }
        return 0;
}

static int sim_new(const struct simulator_options *options, struct simulation **ret, struct error *e)
{
        _cleanup_(sim_free_p) struct simulation *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return error_oom(e);
        s->ready_delay = options->ready_delay;
        s->quirks = options->quirks;
        s->next_serial = s->next_task = 1;
        r = paging_parse(options->variant, &s->paging, e);
        if (r < 0)
                return r;
        if (options->token && !(s->token = strdup(options->token)))
                return error_oom(e);
        if (add_first_machines(s, options->machines) < 0)
                return error_oom(e);
        *ret = STEAL(s);
        return 0;
}

const struct simulator starvcenter_simulator = {
        .type = "starvcenter",
        .base_path = SIM_BASE_PATH,
        .variants = variants,
        .new = sim_new,
        .free = sim_free,
        .serve = serve,
        .classify = classify,
        .subject = subject,
        .console = sim_console,
        .save = sim_save,
        .load = sim_load,
};
