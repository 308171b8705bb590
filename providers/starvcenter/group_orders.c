/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/group.h"
#include "reconcile/base/text.h"
#include "reconcile/rule.h"

bool group_is_of(enum thing_type type)
{
        return type == TYPE_GROUP || type == TYPE_RULE || type == TYPE_BINDING;
}

static int create_group(const struct order *order, json_t *params, struct error *e)
{
        const struct security_group *spec = order->resource ? order->resource->security_group : NULL;
        int r;

        r = message_put_text(params, "securitygroup.name", order->name, e);
        if (r == 0 && spec && spec->description)
                r = message_put_text(params, "securitygroup.desc", spec->description, e);
        if (r == 0 && spec && spec->tenant)
                r = message_put_text(params, "securitygroup.appid", spec->tenant, e);
        return r;
}

static int put_networks(json_t *params, const char *key, const struct networks *networks, struct error *e)
{
        _cleanup_buf_ struct buf text = BUF_INIT(RULE_TEXT_MAX);

        if (networks->n == 0)
                return 0;
        return networks_print(networks, true, &text) < 0 ? error_oom(e)
                                                         : message_put_text(params, key, buf_text(&text), e);
}

static int put_ports(json_t *params, const struct rule *rule, struct error *e)
{
        _cleanup_buf_ struct buf text = BUF_INIT(RULE_TEXT_MAX);

        if (rule->n_ports == 0)
                return 0;
        return rule_print_ports(rule, ':', &text) < 0 ? error_oom(e)
                                                      : message_put_text(params, "aclrule.vmport", buf_text(&text), e);
}

/* All is said, also what the vendor may take for granted: what it means by nothing is not documented. */
static int create_rule(const struct order *order, json_t *params, struct error *e)
{
        _cleanup_rule_ struct rule rule = { 0 };
        int r;

        if (!order->parent || !order->marker || rule_parse(order->marker, &rule) < 0 || rule.protocol == RULE_ANY)
                return error_set(e, -EINVAL, "a starvcenter rule needs its group, and what it says");
        if ((r = message_put_text(params, "aclrule.securitygroupid", order->parent, e)) < 0 ||
            (r = message_put_text(params, "aclrule.direction", rule_direction_words[rule.direction], e)) < 0 ||
            (r = message_put_text(params, "aclrule.protocal", rule_protocol_words[rule.protocol], e)) < 0 ||
            (r = put_ports(params, &rule, e)) < 0 || (r = put_networks(params, "aclrule.srcip", &rule.from, e)) < 0)
                return r;
        return put_networks(params, "aclrule.target", &rule.to, e);
}

static int put_card(const struct order *order, json_t *params, struct error *e)
{
        int r;

        if (!order->parent || !order->marker)
                return error_set(e, -EINVAL, "a starvcenter card is bound in a group, and both have to be known");
        r = message_put_text(params, "securitygroup.id", order->parent, e);
        return r < 0 ? r : message_put_text(params, "vnic.id", order->marker, e);
}

/* What is posted, and where. -EINVAL: there is no such order. */
static int post_params(const struct order *order, json_t *params, const char **ret_path, struct error *e)
{
        if (order->type == TYPE_BINDING && (order->verb == ORDER_CREATE || order->verb == ORDER_DELETE)) {
                *ret_path = order->verb == ORDER_CREATE ? "cloudsegroup/vnic/bind" : "cloudsegroup/vnic/unbind";
                return put_card(order, params, e);
        }
        if (order->verb != ORDER_CREATE)
                return error_set(e, -EINVAL, "starvcenter cannot change a security group, or what is in it");
        *ret_path = order->type == TYPE_GROUP ? "cloudsegroup/create" : "cloudsegroup/rule/add";
        return order->type == TYPE_GROUP ? create_group(order, params, e) : create_rule(order, params, e);
}

int group_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *params = json_object();
        const char *path = NULL;
        int r;

        if (!params)
                return error_oom(e);
        if (order->type == TYPE_GROUP && order->verb == ORDER_CHANGE && order->field == PROPERTY_PENDING)
                return message_request(account, METHOD_PUT, "cloudsegroup/retryrule/reset", params, ret, e);
        if (order->verb == ORDER_DELETE && order->type != TYPE_BINDING)
                return message_id_request(account, METHOD_DELETE,
                                          order->type == TYPE_GROUP ? "cloudsegroup/" : "cloudsegroup/rule/", order->id,
                                          ret, e);
        r = post_params(order, params, &path, e);
        return r < 0 ? r : message_request(account, METHOD_POST, path, params, ret, e);
}

const char *group_made(const struct order *order, const struct json_node *made, char scratch[static 32])
{
        const char *key = order->type == TYPE_GROUP ? "securitygroup.id" : "aclrule.id", *id;

        return order->type == TYPE_BINDING || json_node_read_text(json_node_member(made, key), scratch, &id) < 0 ||
                               !message_id_valid(id)
                       ? NULL
                       : id;
}
