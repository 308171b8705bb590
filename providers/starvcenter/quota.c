/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/quota.h"

#include <errno.h>

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/units.h"
#include "reconcile/settings.h"

/* The tag of a request, with the number of its detail + 1 below, 0 for the tenant of the options. Others' tags have none of this bit. */
#define ASK_QUOTA ((uint64_t)1 << 61)

#define MEBIBYTE ((int64_t)1 << 20)
#define GIBIBYTE ((int64_t)1 << 30)
#define LEFT_MAX INT32_MAX /* what is said to be left beyond this bounds nothing */

static const struct {
        const char *left;       /* what is shown of what is left */
        enum property property; /* PROPERTY_NONE: nobody asks what is left of it */
        const char *all, *sent; /* what is shown, and sent, of all that may be used */
        const char *path;       /* in a spec */
        int64_t unit;
} numbers[] = {
        { "cpu", PROPERTY_CPU, "countCpu", "cpu", "cpu", 1 },
        { "memory", PROPERTY_MEMORY, "countMemory", "memory", "memory", MEBIBYTE },
        { "storage", PROPERTY_STORAGE, "countStorage", "storage", "storage", GIBIBYTE },
        { "outerIpSize", PROPERTY_NONE, "countOuterIpSize", "ip", "addresses", 1 },
        { "portGroupSize", PROPERTY_NETWORKS, "countPortGroupSize", "vpc", "networks", 1 },
};

const char *const quota_names[] = {
        MESSAGE_NAMES, "cpu",         "memory",       "storage",          "portGroupSize",
        "countCpu",    "countMemory", "countStorage", "countOuterIpSize", "countPortGroupSize",
        NULL,
};

static const char *tenant_of(const struct account_config *account)
{
        return provider_option_value(&starvcenter_provider, account->options, "tenant");
}

static int ask(const struct account_config *account, const char *tenant, uint64_t number, struct request_list *further,
               struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = json_object();
        int r;

        if (!params)
                return error_oom(e);
        if ((r = message_put_text(params, "tenant.id", tenant, e)) < 0 ||
            (r = message_request(account, METHOD_POST, "resourcequota/usableQuota", params, &rq, e)) < 0)
                return r;
        rq.read = true;
        rq.tag = ASK_QUOTA | number;
        return request_list_add(further, &rq, e);
}

int quota_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e)
{
        size_t asked = 0;
        int r = 0;

        if (!observation_covers(obs, TYPE_QUOTA))
                return 0;
        for (size_t i = 0; r == 0 && i < obs->scope.n_details; i++) {
                if (obs->scope.details[i].of != TYPE_QUOTA)
                        continue;
                r = ask(account, obs->scope.details[i].id, i + 1, further, e);
                asked++;
        }
        if (r < 0 || asked)
                return r;
        if (!tenant_of(account))
                return error_set(e, -EINVAL, "the quota cannot be looked at: options.tenant names no tenant");
        return ask(account, tenant_of(account), 0, further, e);
}

bool quota_is_asked(const struct request *rq)
{
        return rq->tag & ASK_QUOTA && rq->tag < ASK_QUOTA << 1;
}

/* -ENOENT: it is not known. */
static int read_number(const struct json_node *data, const char *key, int64_t *ret, struct error *e)
{
        int64_t number;
        int r;

        r = json_node_read_int64(json_node_member(data, key), &number);
        if (r < 0 && r != -ENOENT)
                return error_set(e, -EBADMSG, "\"%s\" of a quota in the provider's reply is not what it should be",
                                 key);
        if (r < 0 || number < 0)
                return -ENOENT;
        *ret = number;
        return 0;
}

/* One number of all that may be used, as a spec would say it. What has no bound may be shown as a very large number. */
static int read_limit(const struct json_node *data, size_t i, json_t *settings, struct error *e)
{
        int64_t unit = numbers[i].unit, number;
        char text[UNITS_TEXT_MAX];
        json_t *value;
        int r;

        r = read_number(data, numbers[i].all, &number, e);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (number > INT64_MAX / unit)
                number = INT64_MAX / unit;
        value = unit == 1 ? json_integer(number) : json_string(size_text(number * unit, text));
        return settings_put(settings, numbers[i].path, value) < 0 ? error_oom(e) : 0;
}

static int read_limits(struct observation *obs, const struct json_node *data, struct values *values, struct error *e)
{
        _cleanup_json_ json_t *settings = json_object();
        _cleanup_free_ char *text = NULL;
        const char *kept;
        int r = settings ? 0 : error_oom(e);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = read_limit(data, i, settings, e);
        if (r < 0)
                return r;
        text = json_to_text(settings, JSON_COMPACT);
        kept = text ? observation_string(obs, text) : NULL;
        if (!kept)
                return error_oom(e);
        values_set_text(values, PROPERTY_SPEC, kept);
        return 0;
}

static int read_left(const struct json_node *data, struct values *values, struct error *e)
{
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                int64_t number;
                int r = numbers[i].property == PROPERTY_NONE ? -ENOENT : read_number(data, numbers[i].left, &number, e);

                if (r == 0 && number <= LEFT_MAX)
                        values_set_number(values, numbers[i].property, number * numbers[i].unit);
                else if (r < 0 && r != -ENOENT)
                        return r;
        }
        return 0;
}

static int read_quota(struct observation *obs, const char *tenant, const struct json_node *reply, struct error *e)
{
        const struct json_node *data = message_first_row(reply);
        struct row row = { .condition = CONDITION_RUNNING };
        size_t n = 0;
        int r;

        r = message_count_rows(reply, &n, e);
        if (r < 0)
                return r;
        if (n != 1 || !json_node_is_object(data))
                return error_set(e, -EBADMSG, "the provider's reply shows no quota");
        if ((r = read_left(data, &row.values, e)) < 0 || (r = read_limits(obs, data, &row.values, e)) < 0)
                return r;
        row.id = observation_string(obs, tenant);
        return !row.id || observation_add(obs, TYPE_QUOTA, &row) < 0 ? error_oom(e) : 0;
}

int quota_saw(const struct account_config *account, const struct request *rq, const struct json_node *reply,
              enum message_result result, struct observation *obs, struct error *e)
{
        size_t number = (uint32_t)rq->tag;
        int r;

        if (!number)
                return result == RESULT_FAILED ? -EBADMSG : read_quota(obs, tenant_of(account), reply, e);
        if (number > obs->scope.n_details)
                return error_set(e, -EBADMSG, "the provider's reply is to a question that nobody asked");
        r = result == RESULT_FAILED ? -EBADMSG : read_quota(obs, obs->scope.details[number - 1].id, reply, e);
        if (r == -EBADMSG)
                r = observation_miss(obs, TYPE_QUOTA, obs->scope.details[number - 1].id,
                                     e ? e->text : "the provider's reply shows no quota") < 0
                            ? error_oom(e)
                            : 0;
        return r;
}

static int put_limit(json_t *params, size_t i, const json_t *value, struct error *e)
{
        const char *text = json_string_value(value);
        int64_t number = 0;

        if (numbers[i].unit == 1 ? !json_is_integer(value) : !text || size_parse(text, &number, NULL) < 0)
                return error_set(e, -EINVAL, "a starvcenter quota needs %s", numbers[i].path);
        if (numbers[i].unit == 1)
                number = json_integer_value(value);
        if (number % numbers[i].unit != 0)
                return error_set(e, -EINVAL, "starvcenter takes %s of a quota in whole %s", numbers[i].path,
                                 numbers[i].unit == MEBIBYTE ? "MiB" : "GiB");
        return message_put_number(params, numbers[i].sent, number / numbers[i].unit, e);
}

int quota_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *params = json_object(), *wanted = NULL;
        int r;

        if (!params)
                return error_oom(e);
        if (order->verb != ORDER_CHANGE || order->field != PROPERTY_SPEC || !values_known(order->wanted, PROPERTY_SPEC))
                return error_set(e, -EINVAL, "starvcenter can only change a quota");
        r = settings_parse(order->wanted->of[PROPERTY_SPEC].text, &wanted);
        if (r < 0)
                return r == -ENOMEM ? error_oom(e) : error_set(e, -EINVAL, "a starvcenter quota needs its numbers");
        r = message_put_text(params, "tenantId", order->id, e);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = put_limit(params, i, settings_get(wanted, numbers[i].path), e);
        return r < 0 ? r : message_request(account, METHOD_PUT, "resourcequota/modify", params, ret, e);
}
