/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/starvcenter/balancer.h"
#include "reconcile/balancer.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

static const char *wire_word(const struct word *words, const char *text)
{
        for (; words->spec; words++)
                if (text_equal(words->spec, text))
                        return words->wire;
        return NULL;
}

static int put_setting(json_t *params, const struct setting *setting, const json_t *value, struct error *e)
{
        const struct wire *wire = setting->own;
        const char *text = json_string_value(value);
        usec_t length;

        switch (wire->form) {
        case FORM_NUMBER:
                if (json_is_integer(value))
                        return message_put_number(params, wire->key, json_integer_value(value), e);
                break;
        case FORM_SECONDS:
                if (text && duration_parse(text, &length, NULL) == 0)
                        return message_put_number(params, wire->key, (int64_t)(length / USEC_PER_SEC), e);
                break;
        case FORM_TRUTH:
                if (json_is_boolean(value))
                        return message_put_text(params, wire->key, json_is_true(value) ? "true" : "false", e);
                break;
        case FORM_WORD:
                text = text ? wire_word(wire->words, text) : NULL;
                /* fall through */
        case FORM_TEXT:
                if (text)
                        return message_put_text(params, wire->key, text, e);
                break;
        }
        return error_set(e, -EINVAL, "%s is nothing that starvcenter could be told", setting->path);
}

static int put_settings(json_t *params, const struct values *wanted, struct error *e)
{
        _cleanup_json_ json_t *settings = NULL;
        const char *text;
        int r;

        if (!values_known(wanted, PROPERTY_SPEC))
                return error_set(e, -EINVAL, "a starvcenter load balancer needs its settings");
        text = wanted->of[PROPERTY_SPEC].text;
        r = json_parse(text, strlen(text), &settings, e);
        for (const struct setting *s = balancer_settings; r == 0 && s->path; s++) {
                const json_t *value = settings_get(settings, s->path);

                if (value && balancer_has(settings, s))
                        r = put_setting(params, s, value, e);
        }
        return r;
}

static int put_certificate(json_t *params, const struct order *order, struct error *e)
{
        int r;

        if (!order->certificate || !order->key)
                return error_set(e, -EINVAL, "the certificate or its key is missing");
        r = message_put_text(params, "slb.https.cert.text", order->certificate, e);
        return r < 0 ? r : message_put_text(params, "slb.https.cert.key", order->key, e);
}

static int create_balancer(const struct order *order, json_t *params, struct error *e)
{
        int r;

        r = message_put_text(params, "slb.name", order->name, e);
        if (r == 0)
                r = put_settings(params, order->wanted, e);
        if (r == 0 && values_known(order->wanted, PROPERTY_CERTIFICATE))
                r = put_certificate(params, order, e);
        return r;
}

static const struct call_form {
        enum order_verb verb;
        enum property field;
        enum method method;
        const char *path;
} balancer_calls[] = {
        { ORDER_CREATE, PROPERTY_NONE, METHOD_POST, "cloudslb/add" },
        { ORDER_CHANGE, PROPERTY_SPEC, METHOD_PUT, "cloudslb/modify" },
        { ORDER_CHANGE, PROPERTY_CERTIFICATE, METHOD_PUT, "cloudslb/https/cert/conf" },
        { ORDER_RENAME, PROPERTY_NONE, METHOD_PUT, "cloudslb/modify" },
        { ORDER_START, PROPERTY_NONE, METHOD_POST, "cloudslb/start" },
        { ORDER_POWER_OFF, PROPERTY_NONE, METHOD_POST, "cloudslb/stop" },
};

static int balancer_params(const struct order *order, json_t *params, struct error *e)
{
        int r;

        if (order->verb == ORDER_CREATE)
                return create_balancer(order, params, e);
        r = message_put_text(params, "slb.id", order->id, e);
        if (r < 0 || (order->verb != ORDER_CHANGE && order->verb != ORDER_RENAME))
                return r;
        if (order->verb == ORDER_RENAME)
                return message_put_text(params, "slb.name", order->name, e);
        return order->field == PROPERTY_SPEC ? put_settings(params, order->wanted, e)
                                             : put_certificate(params, order, e);
}

/* What a back end is called is for people: it is told by its machine, address and port. */
static int create_backend(const struct order *order, json_t *params, struct error *e)
{
        _cleanup_free_ char *key = order->marker ? strdup(order->marker) : NULL;
        const char *slash = strchr(order->name, '/');
        struct backend backend;
        int r;

        if (!key || !order->parent || backend_parse(key, &backend) < 0)
                return error_set(e, -EINVAL,
                                 "a starvcenter back end needs its balancer, and its machine, address and port");
        if ((r = message_put_text(params, "realnode.name", slash ? slash + 1 : order->name, e)) < 0 ||
            (r = message_put_text(params, "realnode.slbid", order->parent, e)) < 0 ||
            (r = message_put_text(params, "realnode.vmid", backend.machine, e)) < 0 ||
            (r = message_put_text(params, "realnode.ip", backend.address, e)) < 0 ||
            (r = message_put_number(params, "realnode.port", backend.port, e)) < 0)
                return r;
        return values_known(order->wanted, PROPERTY_WEIGHT)
                       ? message_put_number(params, "realnode.weight", order->wanted->of[PROPERTY_WEIGHT].number, e)
                       : 0;
}

static const struct call_form backend_calls[] = {
        { ORDER_CREATE, PROPERTY_NONE, METHOD_POST, "cloudslb/realnode/add" },
        { ORDER_CHANGE, PROPERTY_PORT, METHOD_PUT, "cloudslb/realnode/modify" },
        { ORDER_CHANGE, PROPERTY_WEIGHT, METHOD_PUT, "cloudslb/realnode/modify" },
};

static int backend_params(const struct order *order, json_t *params, struct error *e)
{
        const struct values *wanted = order->wanted;
        int r;

        if (order->verb == ORDER_CREATE)
                return create_backend(order, params, e);
        r = message_put_text(params, "realnode.id", order->id, e);
        if (r == 0 && values_known(wanted, PROPERTY_PORT))
                r = message_put_number(params, "realnode.port", wanted->of[PROPERTY_PORT].number, e);
        if (r == 0 && values_known(wanted, PROPERTY_WEIGHT))
                r = message_put_number(params, "realnode.weight", wanted->of[PROPERTY_WEIGHT].number, e);
        return r;
}

static const struct call_form *find_call(const struct call_form *calls, size_t n, const struct order *order)
{
        for (size_t i = 0; i < n; i++)
                if (calls[i].verb == order->verb && (order->verb != ORDER_CHANGE || calls[i].field == order->field))
                        return &calls[i];
        return NULL;
}

int balancer_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        bool balancer = order->type == TYPE_BALANCER;
        const struct call_form *call = balancer ? find_call(balancer_calls, ARRAY_SIZE(balancer_calls), order)
                                                : find_call(backend_calls, ARRAY_SIZE(backend_calls), order);
        _cleanup_json_ json_t *params = NULL;
        int r;

        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, balancer ? "cloudslb/" : "cloudslb/realnode/",
                                          order->id, ret, e);
        if (!call)
                return error_set(e, -EINVAL, "starvcenter has no such order for a %s",
                                 balancer ? "load balancer" : "back end");
        params = json_object();
        if (!params)
                return error_oom(e);
        r = balancer ? balancer_params(order, params, e) : backend_params(order, params, e);
        return r < 0 ? r : message_request(account, call->method, call->path, params, ret, e);
}

const char *balancer_made(const struct order *order, const struct json_node *made, char scratch[static 32])
{
        const char *key = order->type == TYPE_BALANCER ? "slb.id" : "realnode.id", *id;

        return json_node_read_text(json_node_member(made, key), scratch, &id) < 0 || !message_id_valid(id) ? NULL : id;
}
