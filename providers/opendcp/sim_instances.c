/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "providers/opendcp/sim.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define EPOCH 1790000000 /* the simulation's calendar begins here: seconds since 1970 */
#define ADD_MAX 10000

/* What a server stores of a cluster that a client said nothing of. */
static int complete_cluster(json_t *body, int64_t id)
{
        _cleanup_json_ json_t *usual = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:n, s:s, s:i, s:i, s:s, s:s, s:s}",
                                                 "Provider", "", "LastestPartNum", 0, "Desc", "", "DeleteTime",
                                                 "0001-01-01T00:00:00Z", "PostScript", "", "KeyName", "", "Replication",
                                                 "SystemDiskCategory", "", "DataDiskSize", 0, "DataDiskNum", 0,
                                                 "DataDiskCategory", "", "FlavorId", "", "Account", "");
        _cleanup_json_ json_t *network = json_pack("{s:s, s:s, s:s, s:s, s:i}", "VpcId", "", "SubnetId", "",
                                                   "SecurityGroup", "", "InternetChargeType", "",
                                                   "InternetMaxBandwidthOut", 0);
        _cleanup_json_ json_t *zone = json_pack("{s:s, s:s}", "RegionName", "", "ZoneName", "");

        if (!usual || json_object_update_missing(body, usual) < 0 ||
            (!json_object_get(body, "Network") && json_object_set_new(body, "Network", json_object()) < 0) ||
            (!json_object_get(body, "Zone") && json_object_set_new(body, "Zone", json_object()) < 0))
                return -ENOMEM;
        if (json_object_update_missing(json_object_get(body, "Network"), network) < 0 ||
            json_object_update_missing(json_object_get(body, "Zone"), zone) < 0 ||
            json_object_set_new(json_object_get(body, "Network"), "Id", json_integer(id)) < 0 ||
            json_object_set_new(json_object_get(body, "Zone"), "Id", json_integer(id)) < 0)
                return -ENOMEM;
        return 0;
}

struct cluster *opendcp_sim_cluster_add(struct simulation *s, usec_t now, json_t *body)
{
        struct cluster *c = ARRAY_ADD(s->clusters, s->n_clusters, s->allocated_clusters);
        char created[UNITS_TEXT_MAX];

        if (!c || !body) {
                json_decref(body);
                return NULL;
        }
        time_text(EPOCH + (int64_t)(now / USEC_PER_SEC), created);
        *c = (struct cluster){ .id = s->next_cluster++, .body = body };
        if (json_object_set_new(body, "Id", json_integer(c->id)) < 0 ||
            json_object_set_new(body, "CreateTime", json_string(created)) < 0 || complete_cluster(body, c->id) < 0) {
                json_decref(body);
                s->n_clusters--;
                return NULL;
        }
        return c;
}

struct cluster *opendcp_sim_cluster_find(struct simulation *s, const char *id)
{
        int64_t number;

        if (text_to_int64(id, &number) < 0)
                return NULL;
        for (size_t i = 0; i < s->n_clusters; i++)
                if (s->clusters[i].id == number)
                        return &s->clusters[i];
        return NULL;
}

void opendcp_sim_cluster_remove(struct simulation *s, struct cluster *c)
{
        size_t i = (size_t)(c - s->clusters);

        json_decref(c->body);
        memmove(c, c + 1, (s->n_clusters - i - 1) * sizeof(*c));
        s->n_clusters--;
}

static void changed(struct instance *i)
{
        free(i->row);
        i->row = NULL;
}

static struct instance *instance_free(struct instance *i)
{
        free(i->row);
        free(i);
        return NULL;
}

struct instance *opendcp_sim_instance_add(struct simulation *s, usec_t now, struct cluster *c)
{
        struct instance *i = calloc(1, sizeof(*i)), **place;
        char created[UNITS_TEXT_MAX];

        if (!i)
                return NULL;
        i->serial = s->next_serial++;
        i->cluster = c->id;
        (void)snprintf(i->id, sizeof(i->id), "i-fake%06" PRIu64, i->serial);
        (void)snprintf(i->created, sizeof(i->created), "%.20s",
                       time_text(EPOCH + (int64_t)(now / USEC_PER_SEC), created));
        place = ARRAY_ADD(s->instances, s->n_instances, s->allocated_instances);
        if (!place || strmap_put(&s->by_id, i->id, i) < 0) {
                s->n_instances -= place != NULL;
                return instance_free(i);
        }
        *place = i;
        return i;
}

void opendcp_sim_instance_set(struct instance *i, int64_t status)
{
        i->status = status;
        changed(i);
}

void opendcp_sim_instance_remove(struct simulation *s, struct instance *instance)
{
        size_t i = 0;

        while (s->instances[i] != instance)
                i++;
        memmove(&s->instances[i], &s->instances[i + 1], (s->n_instances - i - 1) * sizeof(*s->instances));
        s->n_instances--;
        strmap_remove(&s->by_id, instance->id);
        instance_free(instance);
}

void opendcp_sim_done(struct simulation *s)
{
        for (size_t i = 0; i < s->n_instances; i++)
                instance_free(s->instances[i]);
        for (size_t i = 0; i < s->n_clusters; i++)
                json_decref(s->clusters[i].body);
        free(s->instances);
        free(s->clusters);
        strmap_done(&s->by_id);
        s->instances = NULL;
        s->clusters = NULL;
        s->n_instances = s->allocated_instances = s->n_clusters = s->allocated_clusters = 0;
        s->by_id = (struct strmap){ 0 };
}

void opendcp_sim_work(struct simulation *s, struct instance *i, enum instance_work work, usec_t now)
{
        i->work = work;
        i->due = usec_add(now, s->ready_delay);
        if (work == WORK_DELETE)
                opendcp_sim_instance_set(i, INSTANCE_DELETING);
}

void opendcp_sim_settle(struct simulation *s, usec_t now)
{
        for (size_t k = s->n_instances; k > 0; k--) {
                struct instance *i = s->instances[k - 1];

                while (i && i->work != WORK_NONE && i->due <= now) {
                        enum instance_work work = i->work;

                        i->work = WORK_NONE;
                        if (work == WORK_LIST)
                                opendcp_sim_work(s, i, WORK_INSTALL, i->due);
                        else if (work == WORK_INSTALL)
                                opendcp_sim_instance_set(i, INSTANCE_RUNNING);
                        else {
                                opendcp_sim_instance_remove(s, i);
                                i = NULL;
                        }
                }
        }
}

bool opendcp_sim_is_listed(const struct instance *i)
{
        return !i->unlisted && i->work != WORK_LIST && i->status != INSTANCE_DELETED;
}

/* An instance repeats much of its cluster, which stands in it as a whole. */
static json_t *row_json(const struct instance *i, const json_t *cluster, const char *address)
{
        static const char *const repeated[] = { "Provider",          "Cpu",          "Ram",
                                                "ImageId",           "InstanceType", "KeyName",
                                                "DataDiskNum",       "DataDiskSize", "DataDiskCategory",
                                                "SystemDiskCategory" };
        const json_t *network = json_object_get(cluster, "Network"), *zone = json_object_get(cluster, "Zone");
        _cleanup_json_ json_t *row = json_pack(
                "{s:I, s:O?, s:s, s:s, s:O?, s:O?, s:O?, s:O?, s:O?, s:s, s:i, s:s, s:s, s:s, s:I, s:s, s:s, s:s}",
                "Id", (json_int_t)i->serial, "Cluster", cluster, "CreateTime", i->created, "InstanceId", i->id, "VpcId",
                json_object_get(network, "VpcId"), "SubnetId", json_object_get(network, "SubnetId"), "SecurityGroupId",
                json_object_get(network, "SecurityGroup"), "RegionId", json_object_get(zone, "RegionName"), "ZoneId",
                json_object_get(zone, "ZoneName"), "CostWay", "", "PreBuyMonth", 0, "PrivateIpAddress", address,
                "PublicIpAddress", address, "NatIpAddress", "", "Status", (json_int_t)i->status, "TenantID", "",
                "UserID", "", "Name", "");

        for (size_t k = 0; cluster && k < ARRAY_SIZE(repeated); k++)
                if (json_object_set(row, repeated[k], json_object_get(cluster, repeated[k])) < 0)
                        return NULL;
        return STEAL(row);
}

const char *opendcp_sim_row(struct simulation *s, struct instance *i)
{
        _cleanup_json_ json_t *row = NULL;
        char number[24], address[32];
        struct cluster *c;

        if (i->row)
                return i->row;
        (void)snprintf(number, sizeof(number), "%" PRId64, i->cluster);
        (void)snprintf(address, sizeof(address), "10.%u.%u.%u", (unsigned)(i->serial >> 16 & 0xFF),
                       (unsigned)(i->serial >> 8 & 0xFF), (unsigned)(i->serial & 0xFF));
        c = opendcp_sim_cluster_find(s, number);
        row = row_json(i, c ? c->body : NULL, address);
        i->row = json_to_text(row, JSON_COMPACT);
        return i->row;
}

static int console_add(struct simulation *s, usec_t now, const json_t *arguments, struct error *e)
{
        const char *template = json_string_value(json_object_get(arguments, "template"));
        struct cluster *c = template ? opendcp_sim_cluster_find(s, template) : s->clusters;
        int64_t n = 1;

        if (json_object_get(arguments, "count") &&
            (json_read_int64(json_object_get(arguments, "count"), &n) < 0 || n < 1 || n > ADD_MAX))
                return error_set(e, -EINVAL, "\"count\" is from 1 to %d", ADD_MAX);
        if (!c || !s->n_clusters)
                return error_set(e, -EINVAL, "say of which cluster: \"template\"");
        for (; n > 0; n--) {
                struct instance *i = opendcp_sim_instance_add(s, now, c);

                if (!i)
                        return error_oom(e);
                opendcp_sim_instance_set(i, INSTANCE_RUNNING);
        }
        return 0;
}

/* "room" of the cloud, and how many of the next instances are "unlisted". */
static int console_set(const json_t *arguments, int64_t *ret, struct error *e)
{
        if (json_read_int64(json_object_get(arguments, "machines"), ret) < 0 || *ret < 0)
                return error_set(e, -EINVAL, "say how many: \"machines\"");
        return 0;
}

static int console_credit(struct simulation *s, const json_t *arguments, struct error *e)
{
        const char *template = json_string_value(json_object_get(arguments, "template"));
        struct cluster *c = template ? opendcp_sim_cluster_find(s, template) : NULL;

        if (!c || json_read_int64(json_object_get(arguments, "hours"), &c->credit) < 0)
                return error_set(e, -EINVAL, "say which cluster's, and how much: \"template\", \"hours\"");
        return 0;
}

static int console_instance(struct simulation *s, const char *verb, const json_t *arguments, struct error *e)
{
        const char *id = json_string_value(json_object_get(arguments, "id"));
        struct instance *i = id ? strmap_get(&s->by_id, id) : NULL;
        int64_t status;

        if (!i)
                return error_set(e, -ENOENT, "there is no such instance");
        if (text_equal(verb, "delete")) {
                opendcp_sim_instance_remove(s, i);
        } else if (text_equal(verb, "fail")) {
                opendcp_sim_instance_set(i, INSTANCE_FAILED);
        } else if (text_equal(verb, "stop") || text_equal(verb, "start")) {
                i->stopped = text_equal(verb, "stop");
        } else if (text_equal(verb, "state")) {
                if (json_read_int64(json_object_get(arguments, "state"), &status) < 0)
                        return error_set(e, -EINVAL, "say the vendor's number: \"state\"");
                opendcp_sim_instance_set(i, status);
        } else {
                return error_set(e, -EINVAL, "nobody can %s an instance of opendcp", verb);
        }
        return 0;
}

int opendcp_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e)
{
        opendcp_sim_settle(s, now);
        if (text_equal(verb, "add"))
                return console_add(s, now, arguments, e);
        if (text_equal(verb, "room"))
                return console_set(arguments, &s->room, e);
        if (text_equal(verb, "unlisted"))
                return console_set(arguments, &s->unlisted, e);
        if (text_equal(verb, "credit"))
                return console_credit(s, arguments, e);
        return console_instance(s, verb, arguments, e);
}

static json_t *save_instance(const struct instance *i, usec_t now)
{
        return json_pack("{s:I, s:s, s:I, s:I, s:b, s:b, s:s, s:i, s:I}", "serial", (json_int_t)i->serial, "id", i->id,
                         "cluster", (json_int_t)i->cluster, "state", (json_int_t)i->status, "stopped", i->stopped,
                         "unlisted", i->unlisted, "created", i->created, "work", (int)i->work, "left",
                         (json_int_t)(i->work ? usec_since(i->due, now) : 0));
}

json_t *opendcp_sim_save(struct simulation *s, usec_t now)
{
        _cleanup_json_ json_t *machines = json_array(), *clusters = json_array();

        opendcp_sim_settle(s, now);
        for (size_t i = 0; machines && i < s->n_instances; i++)
                if (json_array_append_new(machines, save_instance(s->instances[i], now)) < 0)
                        return NULL;
        for (size_t i = 0; clusters && i < s->n_clusters; i++)
                if (json_array_append_new(clusters,
                                          json_pack("{s:I, s:O, s:I, s:I}", "id", (json_int_t)s->clusters[i].id, "body",
                                                    s->clusters[i].body, "credit", (json_int_t)s->clusters[i].credit,
                                                    "costs", (json_int_t)s->clusters[i].costs)) < 0)
                        return NULL;
        return json_pack("{s:O?, s:O?, s:I, s:I, s:I, s:I}", "machines", machines, "clusters", clusters, "next_cluster",
                         (json_int_t)s->next_cluster, "next_serial", (json_int_t)s->next_serial, "room",
                         (json_int_t)s->room, "unlisted", (json_int_t)s->unlisted);
}

static int load_cluster(struct simulation *s, const json_t *saved, struct error *e)
{
        json_int_t id, credit, costs;
        struct cluster *c;
        json_t *body;

        if (json_unpack((json_t *)saved, "{s:I, s:o, s:I, s:I}", "id", &id, "body", &body, "credit", &credit, "costs",
                        &costs) < 0 ||
            !json_is_object(body))
                return error_set(e, -EINVAL, "a saved cluster is not as it was saved");
        c = ARRAY_ADD(s->clusters, s->n_clusters, s->allocated_clusters);
        if (!c)
                return error_oom(e);
        *c = (struct cluster){ .id = id, .body = json_incref(body), .credit = credit, .costs = costs };
        return 0;
}

static int load_instance(struct simulation *s, usec_t now, const json_t *saved, struct error *e)
{
        json_int_t serial, cluster, status, left;
        int stopped, unlisted, work;
        const char *id, *created;
        struct cluster none = { 0 };
        struct instance *i;

        if (json_unpack((json_t *)saved, "{s:I, s:s, s:I, s:I, s:b, s:b, s:s, s:i, s:I}", "serial", &serial, "id", &id,
                        "cluster", &cluster, "state", &status, "stopped", &stopped, "unlisted", &unlisted, "created",
                        &created, "work", &work, "left", &left) < 0 ||
            strlen(id) >= sizeof(i->id) || strlen(created) >= sizeof(i->created) || work < WORK_NONE ||
            work > WORK_DELETE || left < 0 || serial < 1)
                return error_set(e, -EINVAL, "a saved instance is not as it was saved");
        s->next_serial = (uint64_t)serial;
        i = opendcp_sim_instance_add(s, now, &none);
        if (!i)
                return error_oom(e);
        i->cluster = cluster;
        i->status = status;
        i->stopped = stopped;
        i->unlisted = unlisted;
        (void)snprintf(i->created, sizeof(i->created), "%s", created);
        i->work = (enum instance_work)work;
        i->due = usec_add(now, (usec_t)left);
        return 0;
}

int opendcp_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e)
{
        const json_t *machines = json_object_get(state, "machines"), *clusters = json_object_get(state, "clusters");
        int64_t next_cluster, next_serial, room, unlisted;
        int r = 0;

        if (!json_is_array(machines) || !json_is_array(clusters) ||
            json_read_int64(json_object_get(state, "next_cluster"), &next_cluster) < 0 ||
            json_read_int64(json_object_get(state, "next_serial"), &next_serial) < 0 ||
            json_read_int64(json_object_get(state, "room"), &room) < 0 ||
            json_read_int64(json_object_get(state, "unlisted"), &unlisted) < 0 || next_serial < 1)
                return error_set(e, -EINVAL, "this is no saved state of opendcp's simulator");
        opendcp_sim_done(s);
        for (size_t i = 0; r == 0 && i < json_array_size(clusters); i++)
                r = load_cluster(s, json_array_get(clusters, i), e);
        for (size_t i = 0; r == 0 && i < json_array_size(machines); i++)
                r = load_instance(s, now, json_array_get(machines, i), e);
        if (r < 0)
                return r;
        s->next_cluster = next_cluster;
        s->next_serial = (uint64_t)next_serial;
        s->room = room;
        s->unlisted = unlisted;
        return 0;
}
