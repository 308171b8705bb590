/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/opendcp/opendcp.h"
#include "providers/opendcp/sim.h"
#include "providers/plain_call.h"
#include "reconcile/base/text.h"

/*
 * The simulated calls, statuses and codes as running servers have them. An expand makes what the cloud has room for, and fails when that is
 * nothing.
 *
 * With quirks: a cluster needs credit before it expands; an instance is listed only some time after the expand; some replies hold
 * their JSON twice; the cloud's words replace what was sent.
 */

#define BASE "/v1"
#define CAP 1000     /* rows of a list */
#define ROOM 1000000 /* machines: no limit */
#define EXPAND_MAX 100

enum code { DONE = 0, FAILED = 10999, SIZE = 11996, INPUT = 12996, MISSING = 12997 };

static int say(struct plain_call *c, int status, int code, const char *words, json_t *content, json_t *ext)
{
        return plain_call_say(c, status,
                              json_pack("{s:i, s:s?, s:o, s:o}", "code", code, "msg", words, "content",
                                        content ? content : json_null(), "ext", ext ? ext : json_null()));
}

static int yes(struct plain_call *c, json_t *content)
{
        return content ? say(c, 200, DONE, NULL, content, NULL) : -ENOMEM;
}

/* What these calls say stands twice in their replies. */
static int twice(struct plain_call *c, int r)
{
        _cleanup_free_ char *said = NULL;

        if (r < 0 || !c->s->quirks)
                return r;
        said = strdup(buf_text(&c->out));
        return said ? buf_adds(&c->out, said) : -ENOMEM;
}

static int no_row(struct plain_call *c)
{
        return say(c, 500, FAILED, "<QuerySeter> no row found", NULL, NULL);
}

/* False: the header that some calls must have is missing, and that is said. */
static bool is_correlated(struct plain_call *c, int *ret)
{
        const char *id = request_header(c->rq, "X-CORRELATION-ID");

        *ret = 0;
        if (id && *id)
                return true;
        *ret = say(c, 400, MISSING, "Missing requisite parameter(X-CORRELATION-ID)!", NULL, NULL);
        return false;
}

static int serve_clusters(struct plain_call *c)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < c->s->n_clusters; i++)
                if (json_array_append(list, c->s->clusters[i].body) < 0)
                        return -ENOMEM;
        return yes(c, json_incref(list));
}

static int serve_cluster(struct plain_call *c)
{
        struct cluster *cluster = opendcp_sim_cluster_find(c->s, c->captures[0]);
        int64_t number;

        if (text_to_int64(c->captures[0], &number) < 0)
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        return cluster ? yes(c, json_incref(cluster->body)) : no_row(c);
}

static bool is_number(const json_t *body, const char *key, int64_t min, int64_t max)
{
        const json_t *value = json_object_get(body, key);

        return !value ||
               (json_is_integer(value) && json_integer_value(value) >= min && json_integer_value(value) <= max);
}

static int serve_cluster_create(struct plain_call *c)
{
        const json_t *zone = json_object_get(c->body, "Zone"), *network = json_object_get(c->body, "Network");
        struct cluster *cluster;
        json_t *body;

        if (!json_is_object(c->body) || (zone && !json_is_object(zone)) || (network && !json_is_object(network)) ||
            !is_number(c->body, "Cpu", 0, INT32_MAX) || !is_number(c->body, "Ram", 0, INT32_MAX))
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        if (!zone || !network)
                return plain_call_page(c, 500, "Internal Server Error");
        if (text_equal(plain_call_text(c, "Provider"), "aliyun") && !*plain_call_text(c, "Account"))
                return say(c, 400, SIZE, "The paramter (CloudKeyId) over size limited!", NULL, NULL);
        if (!is_number(c->body, "DataDiskNum", 0, 4))
                return say(c, 400, SIZE, "The paramter (DataDiskNum) over size limited!", NULL, NULL);
        body = json_deep_copy(c->body);
        if (body && c->s->quirks && json_object_set_new(body, "InstanceType", json_string("")) < 0) {
                json_decref(body);
                return -ENOMEM;
        }
        cluster = opendcp_sim_cluster_add(c->s, c->now, body);
        return cluster ? twice(c, yes(c, json_integer(cluster->id))) : -ENOMEM;
}

static size_t count_members(const struct simulation *s, int64_t cluster)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_instances; i++)
                n += s->instances[i]->cluster == cluster && opendcp_sim_is_listed(s->instances[i]);
        return n;
}

static int serve_cluster_delete(struct plain_call *c)
{
        struct cluster *cluster = opendcp_sim_cluster_find(c->s, c->captures[0]);

        if (cluster && count_members(c->s, cluster->id))
                return say(c, 500, FAILED,
                           "Can't delete this cluster, because still exsit instance by cluster model created.", NULL,
                           NULL);
        if (cluster)
                opendcp_sim_cluster_remove(c->s, cluster);
        return yes(c, json_true());
}

static int make_instances(struct plain_call *c, struct cluster *cluster, int64_t n, json_t *ids)
{
        for (; n > 0 && c->s->room > 0; n--, c->s->room--) {
                struct instance *i = opendcp_sim_instance_add(c->s, c->now, cluster);

                if (!i || json_array_append_new(ids, json_string(i->id)) < 0)
                        return -ENOMEM;
                i->unlisted = c->s->unlisted > 0;
                c->s->unlisted -= c->s->unlisted > 0;
                opendcp_sim_work(c->s, i, c->s->quirks ? WORK_LIST : WORK_INSTALL, c->now);
        }
        return 0;
}

static int serve_expand(struct plain_call *c)
{
        struct cluster *cluster = opendcp_sim_cluster_find(c->s, c->captures[0]);
        _cleanup_json_ json_t *ids = json_array();
        int64_t n;
        int r;

        if (!is_correlated(c, &r))
                return r;
        if (text_to_int64(c->captures[1], &n) < 0 || n > EXPAND_MAX)
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        if (n <= 0) {
                c->status = 200;
                return 0;
        }
        if (!cluster)
                return no_row(c);
        if (c->s->quirks && cluster->credit <= 0)
                return say(c, 400, DONE, "Sorry, over credit limit.", NULL, NULL);
        r = make_instances(c, cluster, n, ids);
        if (r < 0)
                return r;
        if (json_array_size(ids) == 0)
                return say(c, 500, FAILED, "fake: create failed", NULL, NULL);
        return say(c, 200, DONE, NULL, json_incref(ids), json_integer(cluster->id));
}

/* A list of the instances of one cluster, the oldest first, or of all, the newest first; it stops at its cap without a word. */
static int list_instances(struct plain_call *c, const int64_t *cluster)
{
        size_t most = c->how == PRETEND_EMPTY ? 0 : c->how == PRETEND_SHORT ? 2 : CAP, printed = 0;

        c->status = 200;
        buf_adds(&c->out, "{\"code\":0,\"msg\":null,\"content\":[");
        for (size_t k = 0; k < c->s->n_instances && printed < most; k++) {
                struct instance *i = c->s->instances[cluster ? k : c->s->n_instances - 1 - k];
                const char *row;

                if (!opendcp_sim_is_listed(i) || (cluster && i->cluster != *cluster))
                        continue;
                row = opendcp_sim_row(c->s, i);
                if (!row)
                        return -ENOMEM;
                for (int times = c->how == PRETEND_DUPLICATE && printed == 0 ? 2 : 1; times > 0; times--)
                        buf_addf(&c->out, "%s%s", c->out.data[c->out.len - 1] == '[' ? "" : ",", row);
                printed++;
        }
        return twice(c, buf_adds(&c->out, "],\"ext\":null}"));
}

static int serve_list(struct plain_call *c)
{
        return list_instances(c, NULL);
}

static int serve_members(struct plain_call *c)
{
        int64_t cluster;

        if (text_to_int64(c->captures[0], &cluster) < 0)
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        return list_instances(c, &cluster);
}

static struct instance *find_listed(struct plain_call *c, const char *id)
{
        struct instance *i = id ? strmap_get(&c->s->by_id, id) : NULL;

        return i && opendcp_sim_is_listed(i) ? i : NULL;
}

static int serve_instance(struct plain_call *c)
{
        struct instance *i = find_listed(c, c->captures[0]);
        const char *row = i ? opendcp_sim_row(c->s, i) : NULL;

        if (!i)
                return no_row(c);
        c->status = 200;
        return row ? twice(c, buf_addf(&c->out, "{\"code\":0,\"msg\":null,\"content\":%s,\"ext\":null}", row))
                   : -ENOMEM;
}

static int serve_status(struct plain_call *c)
{
        _cleanup_json_ json_t *list = json_array();
        _cleanup_free_ char *ids = strdup(c->captures[0]);
        char *rest = ids;

        for (char *id; ids && (id = strsep(&rest, ","));) {
                struct instance *i = find_listed(c, id);

                if (json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "instance_id", id, "status",
                                                          (json_int_t)(i ? i->status : INSTANCE_FAILED), "ip_address",
                                                          "")) < 0)
                        return -ENOMEM;
        }
        return yes(c, json_incref(list));
}

/* In the background, and never a word about what was not there. */
static int serve_delete(struct plain_call *c)
{
        _cleanup_free_ char *ids = strdup(c->captures[0]);
        char *rest = ids;
        int r;

        if (!is_correlated(c, &r))
                return r;
        for (char *id; ids && (id = strsep(&rest, ","));) {
                struct instance *i = find_listed(c, id);

                if (i && i->work != WORK_DELETE)
                        opendcp_sim_work(c->s, i, WORK_DELETE, c->now);
        }
        return ids ? say(c, 200, DONE, NULL, NULL, NULL) : -ENOMEM;
}

static int serve_start(struct plain_call *c)
{
        struct instance *i = find_listed(c, c->captures[0]);

        if (c->rq->method == METHOD_POST && !plain_call_parameter(c, "instanceId", NULL))
                return say(c, 400, MISSING, "Missing requisite parameter(instanceId)!", NULL, NULL);
        if (!i)
                return no_row(c);
        i->stopped = false;
        return twice(c, yes(c, json_true()));
}

static int serve_bill(struct plain_call *c)
{
        struct cluster *cluster = opendcp_sim_cluster_find(c->s, c->captures[0]);

        return cluster ? yes(c, json_pack("{s:I, s:I}", "costs", (json_int_t)cluster->costs, "credit",
                                          (json_int_t)cluster->credit))
                       : no_row(c);
}

static int serve_credit(struct plain_call *c)
{
        struct cluster *cluster = opendcp_sim_cluster_find(c->s, c->captures[0]);
        int64_t hours;

        if (text_to_int64(c->captures[1], &hours) < 0)
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        if (!cluster)
                return no_row(c);
        cluster->credit += hours;
        return yes(c, json_true());
}

static const struct plain_route routes[] = {
        { METHOD_GET, "cluster", "lookup", serve_clusters },
        { METHOD_GET, "cluster/*", "lookup", serve_cluster },
        { METHOD_POST, "cluster", "template", serve_cluster_create },
        { METHOD_DELETE, "cluster/*", "template-delete", serve_cluster_delete },
        { METHOD_POST, "cluster/*/expand/*", "create", serve_expand },
        { METHOD_GET, "instance/list", "list", serve_list },
        { METHOD_GET, "instance/cluster/*", "list", serve_members },
        { METHOD_GET, "instance/status/*", "get", serve_status },
        { METHOD_GET, "status/*", "get", serve_status },
        { METHOD_GET, "instance/*", "get", serve_instance },
        { METHOD_DELETE, "instance/*", "delete", serve_delete },
        { METHOD_POST, "instance/start/*", "start", serve_start },
        { METHOD_GET, "start/*", "start", serve_start },
        { METHOD_GET, "organization/bill/*", "lookup", serve_bill },
        { METHOD_POST, "organization/credit/*/*", "credit", serve_credit },
        { METHOD_GET, NULL, "other", NULL },
};

static const char *classify(struct simulation *s, const struct request *rq)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };

        return plain_call_open(&c, BASE, routes) < 0 || !c.route ? "other" : c.route->class;
}

static void subject(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX])
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .rq = rq };
        const char *text = "";

        if (plain_call_open(&c, BASE, routes) == 0)
                text = c.captures[0] ? c.captures[0] : plain_call_text(&c, "Name");
        (void)snprintf(ret, SIMULATOR_SUBJECT_MAX, "%s", text);
}

static int carry_out(struct plain_call *c)
{
        if (c->how == PRETEND_REFUSAL)
                return say(c, 400, INPUT, "Input error!", NULL, NULL);
        if (c->how == PRETEND_BAD_TOKEN) /* there is none: it is what a gateway before the server would say */
                return plain_call_page(c, 401, "Unauthorized");
        return c->route->serve(c);
}

static int serve(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                 const char **ret_class)
{
        struct plain_call c _cleanup_plain_call_ = { .s = s, .now = now, .how = how, .rq = rq };
        int r;

        opendcp_sim_settle(s, now);
        r = plain_call_open(&c, BASE, routes);
        if (r < 0)
                return r;
        *ret_class = c.route ? c.route->class : "other";
        r = c.route ? carry_out(&c) : plain_call_page(&c, 404, "Not Found");
        return r < 0 ? r : plain_call_reply(&c, ret);
}

static struct simulation *sim_free(struct simulation *s)
{
        if (!s)
                return NULL;
        opendcp_sim_done(s);
        free(s);
        return NULL;
}
DEFINE_CLEANUP(struct simulation *, sim_free)

/* A cluster of somebody else's, and its instances. */
static int add_first_machines(struct simulation *s, size_t n)
{
        struct cluster *c = opendcp_sim_cluster_add(s, 0,
                                                    json_pack("{s:s, s:s, s:i, s:i, s:s, s:s}", "Name", "elder",
                                                              "Provider", "fake", "Cpu", 1, "Ram", 2, "InstanceType",
                                                              "small", "ImageId", "img1"));

        if (!c)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct instance *instance = opendcp_sim_instance_add(s, 0, s->clusters);

                if (!instance)
                        return -ENOMEM;
                opendcp_sim_instance_set(instance, INSTANCE_RUNNING);
        }
        return 0;
}

static const char *const variants[] = { "actual", NULL };

static int sim_new(const struct simulator_options *options, struct simulation **ret, struct error *e)
{
        _cleanup_(sim_free_p) struct simulation *s = calloc(1, sizeof(*s));

        if (!s)
                return error_oom(e);
        s->ready_delay = options->ready_delay;
        s->quirks = options->quirks;
        s->next_cluster = 1;
        s->next_serial = 1;
        s->room = ROOM;
        if (options->variant && !text_equal(options->variant, "actual"))
                return error_set(e, -EINVAL, "opendcp's simulator has no variants");
        if (options->token)
                return error_set(e, -EINVAL, "opendcp has no tokens");
        if (options->machines && add_first_machines(s, options->machines) < 0)
                return error_oom(e);
        *ret = STEAL(s);
        return 0;
}

const struct simulator opendcp_simulator = {
        .type = "opendcp",
        .base_path = "",
        .variants = variants,
        .new = sim_new,
        .free = sim_free,
        .serve = serve,
        .classify = classify,
        .subject = subject,
        .console = opendcp_sim_console,
        .save = opendcp_sim_save,
        .load = opendcp_sim_load,
};
