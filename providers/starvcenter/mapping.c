/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/mapping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "providers/starvcenter/fields.h"
#include "reconcile/base/text.h"
#include "reconcile/mapping.h"
#include "reconcile/settings.h"

#define MARKER "muster:" /* how a description of ours begins; the name follows */
#define PORT_MAX 65535

/* The tag of the request. Others' tags have none of this bit. */
#define ASK_MAPPINGS ((uint64_t)1 << 58)

const char *const mapping_names[] = {
        MESSAGE_NAMES,   "nat_id",       "nat_type",  "nat_outerip", "nat_outerport", "nat_innerip",
        "nat_innerport", "nat_protocal", "nat_srcip", "net_vmid",    "nat_desc",      NULL,
};

bool mapping_is_of(enum thing_type type)
{
        return type == TYPE_PORT_MAPPING || type == TYPE_ADDRESS_MAPPING;
}

/* Without page fields the listing shows everything. */
int mapping_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                 struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (!observation_covers(obs, TYPE_PORT_MAPPING) && !observation_covers(obs, TYPE_ADDRESS_MAPPING))
                return 0;
        params = json_object();
        if (!params)
                return error_oom(e);
        r = message_request(account, METHOD_POST, "vroute/Mapping/search", params, &rq, e);
        if (r < 0)
                return r;
        rq.read = true;
        rq.tag = ASK_MAPPINGS;
        return request_list_add(further, &rq, e);
}

bool mapping_is_asked(const struct request *rq)
{
        return rq->tag == ASK_MAPPINGS;
}

/* What a row says of itself; "" and 0: not shown. */
struct said {
        const char *type, *outer, *inner, *protocol, *source, *description;
        int64_t outer_port, inner_port;
};

static int read_port(const struct json_node *mapping, const char *key, int64_t *ret, struct error *e)
{
        const struct json_node *value = json_node_member(mapping, key);
        char scratch[32];
        const char *text;
        int r = json_node_read_text(value, scratch, &text);

        *ret = 0;
        if (r == -ENOENT || (r == 0 && !*text))
                return 0;
        r = json_node_read_int64(value, ret);
        return r < 0 || *ret < 0 || *ret > PORT_MAX ? field_wrong(key, "mapping", e) : 0;
}

static int put_text(json_t *settings, const char *key, const char *text)
{
        return *text ? settings_put(settings, key, json_string(text)) : 0;
}

static int put_port(json_t *settings, const char *key, int64_t port)
{
        return port ? settings_put(settings, key, json_integer(port)) : 0;
}

/* A word that is in no document is not known. */
static int put_protocol(json_t *settings, const char *protocol)
{
        int number = rule_word(mapping_protocol_words, protocol);

        return number < 0 ? 0 : put_text(settings, "protocol", mapping_protocol_words[number]);
}

/* Nothing bounds nothing. What cannot be understood is not known. */
static int put_from(json_t *settings, const char *source)
{
        _cleanup_buf_ struct buf text = BUF_INIT(MAPPING_FROM_MAX);
        _cleanup_rule_ struct rule rule = { 0 };
        int r = *source ? rule_add_networks(&rule.from, source, false, NULL) : 0;

        if (r == 0)
                r = mapping_print_from(&rule.from, &text);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        return put_text(settings, "from", buf_text(&text));
}

/* The text behind the mark and one blank. */
static int put_description(json_t *settings, const char *description)
{
        const char *own = text_starts(description, MARKER) ? strchr(description, ' ') : description;

        return settings_put(settings, "description", json_string(own == description ? own : own ? own + 1 : ""));
}

static int read_settings(struct observation *obs, const struct said *said, bool port, struct values *values)
{
        _cleanup_json_ json_t *settings = json_object();
        _cleanup_free_ char *text = NULL;
        const char *kept;

        if (!settings || put_text(settings, "machineAddress", said->inner) < 0 ||
            (port && put_port(settings, "port", said->inner_port) < 0) ||
            put_text(settings, "address", said->outer) < 0 ||
            (port && put_port(settings, "outerPort", said->outer_port) < 0) ||
            (port && put_protocol(settings, said->protocol) < 0) || put_from(settings, said->source) < 0 ||
            put_description(settings, said->description) < 0)
                return -ENOMEM;
        text = json_to_text(settings, JSON_COMPACT);
        kept = text ? observation_string(obs, text) : NULL;
        if (!kept)
                return -ENOMEM;
        values_set_text(values, PROPERTY_SPEC, kept);
        return 0;
}

/* The name in a description of ours; "" where it is none. */
static const char *name_of(struct observation *obs, const char *description)
{
        _cleanup_free_ char *name = NULL;

        if (!text_starts(description, MARKER))
                return "";
        name = strndup(description + strlen(MARKER), strcspn(description + strlen(MARKER), " "));
        return name ? observation_string(obs, name) : NULL;
}

/* One that does not say of which sort it is has a port or has none. */
static bool is_port(const struct said *said)
{
        if (strcasecmp(said->type, "ip") == 0 || strcasecmp(said->type, "port") == 0)
                return strcasecmp(said->type, "port") == 0;
        return said->outer_port != 0;
}

static int read_mapping(struct observation *obs, const struct json_node *mapping, struct error *e)
{
        static const char what[] = "mapping";
        struct row row = { .condition = CONDITION_RUNNING };
        const char *machine = "";
        struct said said = { 0 };
        int r;

        if ((r = field_id(obs, mapping, "nat_id", what, &row.id, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_type", what, &said.type, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_outerip", what, &said.outer, e)) < 0 ||
            (r = read_port(mapping, "nat_outerport", &said.outer_port, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_innerip", what, &said.inner, e)) < 0 ||
            (r = read_port(mapping, "nat_innerport", &said.inner_port, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_protocal", what, &said.protocol, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_srcip", what, &said.source, e)) < 0 ||
            (r = field_text(obs, mapping, "net_vmid", what, &machine, e)) < 0 ||
            (r = field_text(obs, mapping, "nat_desc", what, &said.description, e)) < 0)
                return r;
        row.name = name_of(obs, said.description);
        row.address = said.outer;
        if (!row.name || read_settings(obs, &said, is_port(&said), &row.values) < 0)
                return error_oom(e);
        if (*machine)
                values_set_text(&row.values, PROPERTY_MACHINE, machine);
        r = observation_add(obs, is_port(&said) ? TYPE_PORT_MAPPING : TYPE_ADDRESS_MAPPING, &row);
        return r < 0 ? error_oom(e) : r;
}

int mapping_saw(const struct json_node *reply, struct observation *obs, struct error *e)
{
        const struct json_node *row = message_first_row(reply);
        size_t n = 0;
        int r;

        r = message_count_rows(reply, &n, e);
        for (size_t i = 0; r >= 0 && i < n; i++, row = json_node_next(row)) {
                r = read_mapping(obs, row, e);
                if (r < 0)
                        return error_wrap(e, r, "row %zu", i + 1);
        }
        if (r >= 0)
                r = field_check_whole(reply, &obs->of[TYPE_PORT_MAPPING], n, "mapping", e);
        return r < 0 ? r : field_check_whole(reply, &obs->of[TYPE_ADDRESS_MAPPING], n, "mapping", e);
}

/* Orders. */

static int put_mark(json_t *params, const struct order *order, const json_t *wanted, struct error *e)
{
        const char *description = json_string_value(settings_get(wanted, "description"));
        _cleanup_free_ char *text = NULL;

        if (asprintf(&text, MARKER "%s%s%s", order->marker, description ? " " : "", description ? description : "") <
            0) {
                text = NULL;
                return error_oom(e);
        }
        return message_put_text(params, "desc", text, e);
}

/* A setting as the vendor's parameter; one that is not wanted is left out. */
static int put_setting(json_t *params, const char *key, const json_t *wanted, const char *setting, struct error *e)
{
        const json_t *value = settings_get(wanted, setting);

        if (json_is_integer(value))
                return message_put_number(params, key, json_integer_value(value), e);
        return json_is_string(value) ? message_put_text(params, key, json_string_value(value), e) : 0;
}

/* Networks of one machine are written as its address. */
static int put_source(json_t *params, const char *key, const json_t *wanted, struct error *e)
{
        const char *from = json_string_value(settings_get(wanted, "from"));
        _cleanup_buf_ struct buf text = BUF_INIT(MAPPING_FROM_MAX);
        _cleanup_rule_ struct rule rule = { 0 };
        int r = from ? rule_add_networks(&rule.from, from, true, e) : 0;

        if (r == 0 && from)
                r = networks_print(&rule.from, true, &text) < 0 ? error_oom(e)
                                                                : message_put_text(params, key, buf_text(&text), e);
        return r;
}

static int put_port_mapping(json_t *params, const struct order *order, const json_t *wanted, struct error *e)
{
        int r;

        if (!settings_get(wanted, "machineAddress") || !settings_get(wanted, "port") ||
            !settings_get(wanted, "address") || !settings_get(wanted, "outerPort") || !settings_get(wanted, "protocol"))
                return error_set(e, -EINVAL,
                                 "a starvcenter mapping of a port needs both addresses, ports and protocol");
        if ((r = put_setting(params, "innerIp", wanted, "machineAddress", e)) < 0 ||
            (r = put_setting(params, "innerPort", wanted, "port", e)) < 0 ||
            (r = put_setting(params, "ipaddress", wanted, "address", e)) < 0 ||
            (r = put_setting(params, "outerPort", wanted, "outerPort", e)) < 0 ||
            (r = put_setting(params, "protocal", wanted, "protocol", e)) < 0 ||
            (r = put_source(params, "sourceIp", wanted, e)) < 0)
                return r;
        return put_mark(params, order, wanted, e);
}

static int put_address_mapping(json_t *params, const struct order *order, const json_t *wanted, struct error *e)
{
        int r;

        if (!values_known(order->wanted, PROPERTY_MACHINE))
                return error_set(e, -EINVAL, "a starvcenter mapping of an address needs its machine");
        if ((r = message_put_text(params, "vm.id", order->wanted->of[PROPERTY_MACHINE].text, e)) < 0 ||
            (r = put_setting(params, "vm.outer.ipaddress", wanted, "address", e)) < 0 ||
            (r = put_source(params, "vm.allow.srcip", wanted, e)) < 0)
                return r;
        return put_mark(params, order, wanted, e);
}

int mapping_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool port = order->type == TYPE_PORT_MAPPING;
        _cleanup_json_ json_t *params = NULL, *wanted = NULL;
        int r;

        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, "cloudnetwork/ipmapping/", order->id, ret, e);
        if (order->verb != ORDER_CREATE || !order->marker)
                return error_set(e, -EINVAL, "starvcenter can only make and delete mappings");
        params = json_object();
        if (!params)
                return error_oom(e);
        if (!values_known(order->wanted, PROPERTY_SPEC) ||
            settings_parse(order->wanted->of[PROPERTY_SPEC].text, &wanted) < 0)
                return error_set(e, -EINVAL, "a starvcenter mapping has to say what it leads to");
        r = port ? put_port_mapping(params, order, wanted, e) : put_address_mapping(params, order, wanted, e);
        if (r < 0)
                return r;
        return message_request(account, METHOD_POST,
                               port ? "cloudnetwork/portMapping/create" : "cloudnetwork/sharenet/connect", params, ret,
                               e);
}
