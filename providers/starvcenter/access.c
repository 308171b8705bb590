/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/access.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/fields.h"
#include "reconcile/access.h"
#include "reconcile/base/text.h"

static const char *const types[] = { [FIREWALL_EDGE] = "net_gate", [FIREWALL_INNER] = "net_inner", NULL };

const char *const access_names[] = {
        MESSAGE_NAMES,    "aclrule_id",       "aclrule_type",     "aclrule_target", "aclrule_srcip",
        "aclrule_vmport", "aclrule_protocal", "aclrule.id",       "aclrule.type",   "aclrule.target",
        "aclrule.srcip",  "aclrule.vmport",   "aclrule.protocal", "rule.id",        NULL,
};

/* What a row says of itself. */
struct said {
        const char *type, *protocol, *ports, *source, *target; /* "": not shown */
};

/* Replies are documented to write '_' where requests write '.', and one is as good as the other. */
static int read_field(struct observation *obs, const struct json_node *rule, const char *key, const char *other,
                      const char **ret, struct error *e)
{
        int r;

        r = field_text(obs, rule, key, "rule of access", ret, e);
        return r < 0 || **ret ? r : field_text(obs, rule, other, "rule of access", ret, e);
}

/* What is not shown bounds nothing, and is as good as what stands for all. */
static bool is_all_ports(const struct said *said)
{
        return !*said->ports || text_equal(said->ports, "0:65535") || text_equal(said->ports, "0-65535");
}

/* As in a listing of groups' rules, but that each way is written as coming in. */
static int understand(const struct said *said, struct access *access)
{
        int type = rule_word(types, said->type);
        int protocol = *said->protocol ? rule_word(rule_protocol_words, said->protocol) : RULE_ANY;
        struct rule *rule = &access->rule;
        int r = type < 0 || protocol < 0 ? -EINVAL : 0;

        if (r < 0)
                return r;
        access->firewall = (enum firewall)type;
        rule->direction = DIRECTION_IN;
        rule->protocol = (enum rule_protocol)protocol;
        if (protocol != RULE_ICMP && !is_all_ports(said))
                r = rule_add_ports(rule, said->ports, NULL);
        if (r == 0 && *said->source)
                r = rule_add_networks(&rule->from, said->source, false, NULL);
        if (r == 0 && *said->target)
                r = rule_add_networks(&rule->to, said->target, false, NULL);
        return r;
}

/* What cannot be understood is not known: it may be anything, and nothing follows from it. */
static int read_content(struct observation *obs, const struct said *said, struct row *row)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ACCESS_TEXT_MAX);
        _cleanup_access_ struct access access = { 0 };
        const char *kept;
        int r = understand(said, &access);

        if (r == 0)
                r = access_print(&access, &text, NULL);
        if (r < 0) {
                row->condition = CONDITION_UNKNOWN;
                return r == -ENOMEM ? r : 0;
        }
        row->condition = CONDITION_RUNNING;
        kept = observation_string(obs, buf_text(&text));
        if (!kept)
                return -ENOMEM;
        values_set_text(&row->values, PROPERTY_SPEC, kept);
        return 0;
}

/* What is not shown bounds nothing. A null says neither that nor what does: then the rule is not understood. */
static int read_said(struct observation *obs, const struct json_node *rule, const char *key, const char *other,
                     const char **ret, struct error *e)
{
        if (!json_node_is_null(json_node_member(rule, key)) && !json_node_is_null(json_node_member(rule, other)))
                return read_field(obs, rule, key, other, ret, e);
        *ret = "null";
        return 0;
}

int access_read(struct observation *obs, const struct json_node *rule, struct error *e)
{
        struct said said = { 0 };
        struct row row = { 0 };
        int r;

        if (!json_node_is_object(rule))
                return error_set(e, -EBADMSG, "a rule of access in the provider's reply is not an object");
        if ((r = read_field(obs, rule, "aclrule_id", "aclrule.id", &row.id, e)) < 0 ||
            (r = read_said(obs, rule, "aclrule_type", "aclrule.type", &said.type, e)) < 0 ||
            (r = read_said(obs, rule, "aclrule_protocal", "aclrule.protocal", &said.protocol, e)) < 0 ||
            (r = read_said(obs, rule, "aclrule_vmport", "aclrule.vmport", &said.ports, e)) < 0 ||
            (r = read_said(obs, rule, "aclrule_srcip", "aclrule.srcip", &said.source, e)) < 0 ||
            (r = read_said(obs, rule, "aclrule_target", "aclrule.target", &said.target, e)) < 0)
                return r;
        if (!message_id_valid(row.id))
                return error_set(e, -EBADMSG, "a rule of access in the provider's reply does not say what it is");
        if (read_content(obs, &said, &row) < 0)
                return error_oom(e);
        r = observation_add(obs, TYPE_ACCESS, &row);
        return r < 0 ? error_oom(e) : r;
}

/* Orders. */

static int put_networks(json_t *params, const char *key, const struct networks *networks, struct error *e)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ACCESS_TEXT_MAX);

        if (networks->n == 0)
                return message_put_text(params, key, "0.0.0.0/0", e);
        return networks_print(networks, true, &text) < 0 ? error_oom(e)
                                                         : message_put_text(params, key, buf_text(&text), e);
}

static int put_ports(json_t *params, const struct rule *rule, struct error *e)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ACCESS_TEXT_MAX);

        if (rule->n_ports == 0)
                return 0;
        return rule_print_ports(rule, ':', &text) < 0
                       ? error_oom(e)
                       : message_put_text(params, "allow.internalport", buf_text(&text), e);
}

/* The machine is the one side, and its address is said twice. */
static int put_sides(json_t *params, const struct access *access, bool in, struct error *e)
{
        const struct networks *machine = in ? &access->rule.to : &access->rule.from;
        int r;

        if (machine->n != 1 || machine->items[0].length != 32)
                return error_set(e, -EINVAL, "a starvcenter rule of access is about one machine");
        if ((r = put_networks(params, "vm.ip", machine, e)) < 0 ||
            (r = put_networks(params, "allow.sourceips", &access->rule.from, e)) < 0)
                return r;
        return put_networks(params, "allow.dstips", &access->rule.to, e);
}

/* The description is for people at the console: no listing shows it. */
static int put_description(json_t *params, const struct order *order, struct error *e)
{
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, "muster:%s", order->name) < 0) {
                text = NULL;
                return error_oom(e);
        }
        return message_put_text(params, "aclrule.desc", text, e);
}

static int put_new(json_t *params, const struct order *order, struct error *e)
{
        _cleanup_access_ struct access access = { 0 };
        const struct values *wanted = order->wanted;
        bool known = values_known(wanted, PROPERTY_SPEC) && values_known(wanted, PROPERTY_DIRECTION);
        const char *direction = known ? wanted->of[PROPERTY_DIRECTION].text : "";
        int way = rule_word(rule_direction_words, direction), r;

        if (!known || way < 0 || access_parse(wanted->of[PROPERTY_SPEC].text, &access) < 0 ||
            access.rule.protocol == RULE_ANY)
                return error_set(e, -EINVAL, "a starvcenter rule of access has to say what it lets through");
        if ((r = message_put_text(params, "aclrule.type", types[access.firewall], e)) < 0 ||
            (r = message_put_text(params, "allow.direction", direction, e)) < 0 ||
            (r = message_put_text(params, "allow.protocol", rule_protocol_words[access.rule.protocol], e)) < 0 ||
            (r = put_ports(params, &access.rule, e)) < 0 ||
            (r = put_sides(params, &access, way == DIRECTION_IN, e)) < 0)
                return r;
        return put_description(params, order, e);
}

int access_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, "cloudnetwork/acessrule/", order->id, ret, e);
        if (order->verb != ORDER_CREATE)
                return error_set(e, -EINVAL, "starvcenter can only add and delete rules of access");
        params = json_object();
        if (!params)
                return error_oom(e);
        r = put_new(params, order, e);
        return r < 0 ? r : message_request(account, METHOD_POST, "cloudnetwork/acessrule/add", params, ret, e);
}

const char *access_made(const struct json_node *made, char scratch[static 32])
{
        const char *id;

        return json_node_read_text(json_node_member(made, "rule.id"), scratch, &id) < 0 || !message_id_valid(id) ? NULL
                                                                                                                 : id;
}
