/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/finovy/finovy.h"
#include "providers/finovy/sim.h"
#include "providers/plain_call.h"
#include "reconcile/base/text.h"

/*
 * The simulated calls. Where the document is silent: the newest host comes first in the listing, as in its example;
 * a host that is not there is 1001, as are a token that is not taken and what cannot be read; a create by the hour has
 * the codes of one for a period; a host that is to be as it is already is left alone, and that is a yes; while a host
 * is being deleted it shuts down.
 *
 * With quirks, as the notes say, or where the document's tables differ from its examples: totals and amounts are
 * strings; a host by the hour that is on is being charged, and statuses are numbers; fields of packages have the
 * spelling of the other version, and none names its graphics card.
 */

#define BASE "/v1/pve/open"
#define PAGE_MAX 25
#define PERIODS_MAX 1000
#define ENOUGH INT32_MAX             /* machines: no limit */
#define EPOCH INT64_C(1790000000000) /* the simulation's calendar begins here, whatever the day is; ms since 1970 */

static const char *const variants[] = { "newer", "older", NULL };

/* The units of a period, in hours: hour, day, week, month, quarter, year. */
static const int64_t unit_hours[] = { 1, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24 };

static int answer(struct plain_call *c, int code, const char *words, json_t *data)
{
        return plain_call_say(c, 200,
                              json_pack("{s:i, s:o, s:s, s:o}", "code", code, "data", data ? data : json_null(), "msg",
                                        words, "traceId", json_sprintf("trace%06" PRIu64, c->s->next_trace++)));
}

static int yes(struct plain_call *c, json_t *data)
{
        return data ? answer(c, 0, "success", data) : -ENOMEM;
}

static int no(struct plain_call *c, int code, const char *words)
{
        return answer(c, code, words, NULL);
}

static int serve_images(struct plain_call *c)
{
        _cleanup_json_ json_t *images = json_array();

        for (const struct image *i = finovy_sim_images; i->id; i++)
                if (json_array_append_new(images,
                                          json_pack("{s:s, s:s, s:s, s:s}", "imageId", i->id, "type", i->type,
                                                    "systemImageName", i->name, "systemImageVersion", i->version)) < 0)
                        return -ENOMEM;
        return yes(c, json_incref(images));
}

/* An amount as a number, with quirks as a string. */
static json_t *amount_json(const struct simulation *s, const char *amount)
{
        return s->quirks ? json_string(amount) : json_loads(amount, JSON_DECODE_ANY, NULL);
}

static json_t *package_json(const struct simulation *s, const struct package *p)
{
        bool snake = s->older != s->quirks;
        json_t *row = json_pack(
                "{s:s, s:s, s:I, s:I, s:I, s:o, s:I, s:i, s:s, s:o, s:s, s:s, s:o}", "packageId", p->id, "name",
                p->name, "gpuNumber", (json_int_t)p->gpus, "memoryNumber", (json_int_t)p->memory, "rigidDiskNumber",
                (json_int_t)p->disk, "amount", amount_json(s, p->amount), "cpuNumber", (json_int_t)p->cpu, "bandWidth",
                30, "type", p->type, snake ? "pve_machine_type" : "pveMachineType", json_sprintf("%" PRId64, p->use),
                "area", "0", snake ? "use_type" : "useType", p->sold, "discount", amount_json(s, p->discount));

        if (s->older)
                return row;
        if (json_object_set_new(row, "gpuName", p->gpus && !s->quirks ? json_string("RTX") : json_null()) < 0) {
                json_decref(row);
                return NULL;
        }
        return row;
}

static int serve_packages(struct plain_call *c)
{
        bool period = text_equal(c->captures[0], "1");
        _cleanup_json_ json_t *packages = json_array();

        if (!period && !text_equal(c->captures[0], "0"))
                return no(c, 1001, "no such type of package");
        for (const struct package *p = finovy_sim_packages; p->id; p++)
                if (!text_equal(p->sold, period ? "0" : "1") &&
                    json_array_append_new(packages, package_json(c->s, p)) < 0)
                        return -ENOMEM;
        return yes(c, json_incref(packages));
}

/* Why it cannot be had; 0: it can. */
static int refusal(const struct simulation *s, const struct package *p, const struct image *i, bool period,
                   const char **ret_words)
{
        const struct {
                bool holds;
                int code;
                const char *words;
        } refusals[] = {
                { !p->id || !i->id || text_equal(p->sold, period ? "0" : "1"), 1001, "no such package or image" },
                { !text_equal(p->type, i->type), 7005, "package and image are of different types" },
                { s->unverified, 1037, "the account is not verified" },
                { s->room == 0, 6002, "not enough resources" },
                { s->wallet_broken, 9000, "the wallet is out of order" },
                { s->wallet == 0, 9001, "not enough in the wallet" },
        };

        for (size_t n = 0; n < ARRAY_SIZE(refusals); n++)
                if (refusals[n].holds) {
                        *ret_words = refusals[n].words;
                        return refusals[n].code;
                }
        return 0;
}

/* `hours`: rented for so many; 0: by the hour. */
static int create(struct plain_call *c, int64_t hours)
{
        const struct package *package = finovy_sim_package(plain_call_text(c, "packageId"));
        const struct image *image = finovy_sim_image(plain_call_text(c, "imageId"));
        struct simulation *s = c->s;
        const char *words = "wait for the creation";
        struct host *h = NULL;
        bool waiting;
        int code;

        code = refusal(s, package, image, hours > 0, &words);
        if (code != 0)
                return no(c, code, words);
        waiting = s->waiting > 0;
        if (!waiting || s->waiting_made) {
                h = finovy_sim_host_add(s, c->now, package, image, hours);
                if (!h)
                        return -ENOMEM;
                s->room--;
                s->wallet--;
                h->reached = false; /* it was not on yet */
                finovy_sim_work(s, h, WORK_UP, c->now);
        }
        if (waiting) {
                s->waiting--;
                return no(c, 6005, words);
        }
        return yes(c, hours > 0 ? json_string(h->id) : json_true());
}

static int serve_create(struct plain_call *c)
{
        return create(c, 0);
}

static int serve_rent(struct plain_call *c)
{
        const json_t *number = json_object_get(c->body, "periodNumber"), *type = json_object_get(c->body, "periodType");
        json_int_t n = json_integer_value(number), unit = json_integer_value(type);

        if (!json_is_integer(number) || n < 1 || n > PERIODS_MAX || !json_is_integer(type) || unit < 0 ||
            unit >= (json_int_t)ARRAY_SIZE(unit_hours))
                return no(c, 1001, "no such period");
        return create(c, n * unit_hours[unit]);
}

/* Of a host that is not on its way. */
static int operate(struct plain_call *c, struct host *h, bool on)
{
        if (h->status != HOST_OFF && !finovy_sim_host_is_on(h))
                return no(c, 1001, "not while the host is like this");
        if (finovy_sim_host_is_on(h) == on)
                return yes(c, json_true());
        if (on && c->s->room == 0)
                return no(c, 6002, "not enough resources");
        if (on && (c->s->wallet == 0 || c->s->wallet_broken))
                return no(c, 6003, "the wallet does not last an hour");
        finovy_sim_work(c->s, h, on ? WORK_UP : WORK_DOWN, c->now);
        return yes(c, json_true());
}

static int serve_operate(struct plain_call *c)
{
        struct host *h = finovy_sim_host_find(c->s, c->captures[0]);
        int64_t on;

        if (!h || !plain_call_number(c, "type", 0, 1, &on))
                return no(c, 1001, "no permission");
        if (h->status == HOST_COMING_UP)
                return no(c, 6000, "being started");
        if (h->status == HOST_GOING_DOWN)
                return no(c, 6001, "being shut down");
        return operate(c, h, on);
}

static int serve_reboot(struct plain_call *c)
{
        struct host *h = finovy_sim_host_find(c->s, c->captures[0]);

        if (!h)
                return no(c, 1001, "no permission");
        if (h->status == HOST_OFF)
                return no(c, 7002, "not started");
        if (h->status == HOST_COMING_UP || h->status == HOST_GOING_DOWN)
                return no(c, 7003, "not available");
        if (!finovy_sim_host_is_on(h))
                return no(c, 7004, "not running");
        finovy_sim_work(c->s, h, WORK_UP, c->now);
        return yes(c, json_true());
}

static int serve_one(struct plain_call *c)
{
        struct host *h = finovy_sim_host_find(c->s, c->captures[0]);

        return h ? yes(c, finovy_sim_details(c->s, h)) : no(c, 1001, "no permission");
}

static int serve_delete(struct plain_call *c)
{
        struct host *h = finovy_sim_host_find(c->s, c->captures[0]);

        if (!h || h->work == WORK_GONE)
                return no(c, 1001, "no permission");
        finovy_sim_work(c->s, h, WORK_GONE, c->now);
        return yes(c, json_true());
}

/* The newest first: rows move when hosts come. */
static int serve_page(struct plain_call *c)
{
        size_t most = c->how == PRETEND_EMPTY ? 0 : c->how == PRETEND_SHORT ? 2 : c->s->n_hosts;
        size_t total = most < c->s->n_hosts ? most : c->s->n_hosts, first;
        bool separate = false;
        int64_t page, size;

        if (!plain_call_number(c, "page", 1, INT32_MAX, &page) || !plain_call_number(c, "pageSize", 1, PAGE_MAX, &size))
                return no(c, 1001, "no such page");
        c->status = 200;
        buf_adds(&c->out, "{\"code\":0,\"data\":{\"data\":[");
        first = (size_t)(page - 1) * (size_t)size;
        for (size_t i = first; i < total && i < first + (size_t)size; i++) {
                const char *row = finovy_sim_row(c->s, c->s->hosts[c->s->n_hosts - 1 - i]);

                if (!row)
                        return -ENOMEM;
                for (int times = c->how == PRETEND_DUPLICATE && i == first ? 2 : 1; times > 0; times--) {
                        buf_addf(&c->out, "%s%s", separate ? "," : "", row);
                        separate = true;
                }
        }
        return buf_addf(&c->out,
                        c->s->quirks ? "],\"totalCounts\":\"%zu\"},\"msg\":\"success\",\"traceId\":\"trace%06" PRIu64
                                       "\"}"
                                     : "],\"totalCounts\":%zu},\"msg\":\"success\",\"traceId\":\"trace%06" PRIu64 "\"}",
                        total, c->s->next_trace++);
}

static const struct plain_route routes[] = {
        { METHOD_GET, "mypage", "list", serve_page },
        { METHOD_GET, "one/*", "get", serve_one },
        { METHOD_GET, "image", "lookup", serve_images },
        { METHOD_GET, "packAge/*", "lookup", serve_packages },
        { METHOD_POST, "createquantity", "create", serve_create },
        { METHOD_POST, "createRent", "create", serve_rent },
        { METHOD_GET, "operate/*", "start", serve_operate },
        { METHOD_GET, "reboot/*", "reboot", serve_reboot },
        { METHOD_DELETE, "delete/*", "delete", serve_delete },
        { METHOD_GET, NULL, "other", NULL },
};

/* One route starts and stops. */
static const char *class_of(const struct plain_call *c)
{
        int64_t on;

        if (!c->route)
                return "other";
        if (c->route->serve == serve_operate && plain_call_number(c, "type", 0, 0, &on))
                return "shutdown";
        return c->route->class;
}

static const char *classify(struct simulation *s, const struct request *rq)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };

        return plain_call_open(&c, BASE, routes) < 0 ? "other" : class_of(&c);
}

static void subject(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX])
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };
        const char *text = "";

        if (plain_call_open(&c, BASE, routes) == 0)
                text = c.captures[0] ? c.captures[0] : plain_call_text(&c, "packageId");
        (void)snprintf(ret, SIMULATOR_SUBJECT_MAX, "%s", text);
}

static int carry_out(struct plain_call *c)
{
        if (c->how == PRETEND_BAD_TOKEN ||
            (c->s->token && !text_equal(request_header(c->rq, "Finovy-Access-Token"), c->s->token)))
                return no(c, 1001, "no permission");
        if (c->how == PRETEND_REFUSAL)
                return text_equal(c->route->class, "create") ? no(c, 6002, "not enough resources")
                                                             : no(c, 1001, "no permission");
        return c->route->serve(c);
}

static int serve(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                 const char **ret_class)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .now = now, .how = how, .rq = rq };
        int r;

        finovy_sim_settle(s, now);
        r = plain_call_open(&c, BASE, routes);
        if (r < 0)
                return r;
        *ret_class = class_of(&c);
        r = c.route ? carry_out(&c) : plain_call_page(&c, 404, "Not Found");
        return r < 0 ? r : plain_call_reply(&c, ret);
}

static struct simulation *sim_free(struct simulation *s)
{
        if (!s)
                return NULL;
        finovy_sim_hosts_done(s);
        free(s->token);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct simulation *, sim_free)

static int sim_new(const struct simulator_options *options, struct simulation **ret, struct error *e)
{
        _cleanup_(sim_free_p) struct simulation *s = calloc(1, sizeof(*s));

        if (!s)
                return error_oom(e);
        s->ready_delay = options->ready_delay;
        s->quirks = options->quirks;
        s->older = text_equal(options->variant, "older");
        s->epoch = EPOCH;
        s->next_due = USEC_INFINITY;
        s->next_serial = s->next_trace = 1;
        s->wallet = s->room = ENOUGH;
        if (options->variant && !s->older && !text_equal(options->variant, "newer"))
                return error_set(e, -EINVAL, "finovy's simulator has no variant \"%s\"; it has newer, older",
                                 options->variant);
        if (options->token && !(s->token = strdup(options->token)))
                return error_oom(e);
        for (size_t i = 0; i < options->machines; i++)
                if (!finovy_sim_host_add(s, 0, finovy_sim_packages, finovy_sim_images, 0))
                        return error_oom(e);
        *ret = STEAL(s);
        return 0;
}

const struct simulator finovy_simulator = {
        .type = "finovy",
        .base_path = "",
        .variants = variants,
        .new = sim_new,
        .free = sim_free,
        .serve = serve,
        .classify = classify,
        .subject = subject,
        .console = finovy_sim_console,
        .save = finovy_sim_save,
        .load = finovy_sim_load,
};
