/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/network.h"

#include <errno.h>
#include <string.h>

#include "providers/starvcenter/fields.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "reconcile/settings.h"

#define ASK_NETWORKS ((uint64_t)1 << 52) /* the tag of the request; pages of machines have smaller ones */
#define SETTING_NAME "name"
#define SETTING_DESCRIPTION "description"

const char *const network_names[] = {
        MESSAGE_NAMES, "vpc.id", "vpc.name", "vpc.desc", "vpc.createtime", NULL,
};

/* Without parameters, which the document has none of, the listing shows everything. */
int network_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                 struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (!observation_covers(obs, TYPE_NETWORK))
                return 0;
        params = json_object();
        if (!params)
                return error_oom(e);
        r = message_request(account, METHOD_POST, "cloudnetwork/vpc/search", params, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        rq.tag = ASK_NETWORKS;
        return request_list_add(further, &rq, e);
}

bool network_is_asked(const struct request *rq)
{
        return rq->tag == ASK_NETWORKS;
}

/* A description that is shown as nothing is empty; one that is not shown at all is not known. */
static int keep_settings(struct observation *obs, const char *name, const char *description, struct values *values)
{
        _cleanup_json_ json_t *settings = json_pack("{s:s, s:s*}", SETTING_NAME, name, SETTING_DESCRIPTION,
                                                    description);
        _cleanup_free_ char *text = settings ? json_to_text(settings, JSON_COMPACT) : NULL;
        const char *kept = text ? observation_string(obs, text) : NULL;

        if (!kept)
                return -ENOMEM;
        values_set_text(values, PROPERTY_SPEC, kept);
        return 0;
}

static int read_network(struct observation *obs, const struct json_node *network, struct error *e)
{
        static const char what[] = "network";
        struct row row = { .condition = CONDITION_RUNNING };
        const char *description = NULL;
        int r;

        if ((r = field_id(obs, network, "vpc.id", what, &row.id, e)) < 0 ||
            (r = field_text(obs, network, "vpc.name", what, &row.name, e)) < 0 ||
            (r = field_text(obs, network, "vpc.createtime", what, &row.created, e)) < 0)
                return r;
        if (json_node_member(network, "vpc.desc") &&
            (r = field_text(obs, network, "vpc.desc", what, &description, e)) < 0)
                return r;
        if (keep_settings(obs, row.name, description, &row.values) < 0)
                return error_oom(e);
        r = observation_add(obs, TYPE_NETWORK, &row);
        return r < 0 ? error_oom(e) : r;
}

int network_saw(const struct json_node *reply, struct observation *obs, struct error *e)
{
        const struct json_node *row = message_first_row(reply);
        size_t n = 0;
        int r;

        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r >= 0 && i < n; i++, row = json_node_next(row)) {
                r = read_network(obs, row, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu", i + 1);
        }
        return r < 0 ? r : field_check_whole(reply, &obs->of[TYPE_NETWORK], n, "network", e);
}

/* NULL: it is not known. */
static const char *setting_of(const json_t *settings, const char *path)
{
        return json_string_value(settings_get(settings, path));
}

static json_t *settings_of(const struct values *values)
{
        json_t *settings = NULL;

        if (values && values_known(values, PROPERTY_SPEC))
                (void)settings_parse(values->of[PROPERTY_SPEC].text, &settings);
        return settings;
}

/* Both are sent, so that neither is lost: what is not to change as it is shown. */
static int put_settings(json_t *params, const struct order *order, struct error *e)
{
        _cleanup_json_ json_t *wanted = settings_of(order->wanted), *shown = settings_of(order->shown);
        const char *name = order->verb == ORDER_CHANGE ? setting_of(shown, SETTING_NAME) : order->name;
        const char *description = setting_of(order->verb == ORDER_RENAME ? shown : wanted, SETTING_DESCRIPTION);
        int r = 0;

        if (!name)
                return error_set(e, -EINVAL, "the network's name is not known, and starvcenter takes all or nothing");
        r = message_put_text(params, "vpc.name", name, e);
        return r == 0 && description ? message_put_text(params, "vpc.desc", description, e) : r;
}

static bool is_wanted(const struct order *order)
{
        return values_known(order->wanted, order->field) && text_equal(order->wanted->of[order->field].text, "true");
}

static const struct call_form {
        enum order_verb verb;
        enum property field;
        enum method method;
        const char *path, *id; /* the parameter that names the network; NULL: there is none yet */
} calls[] = {
        { ORDER_CREATE, PROPERTY_NONE, METHOD_POST, "cloudnetwork/vpc/create", NULL },
        { ORDER_RENAME, PROPERTY_NONE, METHOD_PUT, "cloudnetwork/vpc/modify", "vpc.id" },
        { ORDER_CHANGE, PROPERTY_SPEC, METHOD_PUT, "cloudnetwork/vpc/modify", "vpc.id" },
        { ORDER_CHANGE, PROPERTY_ROUTED, METHOD_POST, "vroute/vpcAdd", "portgroup.id" },
        { ORDER_CHANGE, PROPERTY_FIREWALL, METHOD_POST, "cloudnetwork/netgate", "portgroup.id" },
        { ORDER_DELETE, PROPERTY_NONE, METHOD_POST, "cloudnetwork/vpc/delete", "vpc.id" },
};

static const struct call_form *find_call(const struct order *order)
{
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
                if (calls[i].verb == order->verb && (order->verb != ORDER_CHANGE || calls[i].field == order->field))
                        return &calls[i];
        return NULL;
}

int network_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        const struct call_form *call = find_call(order);
        _cleanup_json_ json_t *params = json_object();
        const char *path;
        int r = 0;

        if (!params)
                return error_oom(e);
        if (!call)
                return error_set(e, -EINVAL, "starvcenter has no such order for a network");
        path = call->field == PROPERTY_ROUTED && !is_wanted(order) ? "vroute/vpcDelete" : call->path;
        if (call->id)
                r = message_put_text(params, call->id, order->id, e);
        if (r == 0 && call->field == PROPERTY_FIREWALL)
                r = message_put_text(params, "type", is_wanted(order) ? "open" : "close", e);
        if (r == 0 && (call->verb == ORDER_CREATE || call->method == METHOD_PUT))
                r = put_settings(params, order, e);
        return r < 0 ? r : message_request(account, call->method, path, params, ret, e);
}

const char *network_made(const struct json_node *made, char scratch[static 32])
{
        const char *id;

        return json_node_read_text(json_node_member(made, "vpc.id"), scratch, &id) < 0 || !message_id_valid(id) ? NULL
                                                                                                                : id;
}

/* That a network is at its router, or at none, is nowhere to be read but in such a refusal. What words it has is not documented: what none
 * of these is in is a refusal like any other. */
bool network_is_so_already(const struct order *order, const struct json_node *reply)
{
        static const char *const joined[] = { "router already",   "already at",     "already added",
                                              "already attached", "already joined", "已接入",
                                              "已添加",           "已加入",         "已连接" };
        static const char *const left[] = { "at no ", "not at ", "not attached", "not connected",
                                            "未接入", "未添加",  "未加入",       "未连接" };
        const char *const *words = joined;
        size_t n = ARRAY_SIZE(joined);
        char scratch[32];
        const char *text;

        if (order->type != TYPE_NETWORK || order->verb != ORDER_CHANGE || order->field != PROPERTY_ROUTED ||
            json_node_read_text(json_node_member(reply, "resultinfo"), scratch, &text) < 0)
                return false;
        if (!is_wanted(order)) {
                words = left;
                n = ARRAY_SIZE(left);
        }
        for (size_t i = 0; i < n; i++)
                if (strstr(text, words[i]))
                        return true;
        return false;
}
