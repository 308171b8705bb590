/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/quota.h"

#include <errno.h>

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/base/array.h"

#define ASK_QUOTA ((uint64_t)1 << 61) /* the tag of the request; pages of machines have smaller ones */

static const struct {
        const char *key;
        enum property property;
        int64_t unit;
} numbers[] = {
        { "cpu", PROPERTY_CPU, 1 },
        { "memory", PROPERTY_MEMORY, (int64_t)1 << 20 },
        { "storage", PROPERTY_STORAGE, (int64_t)1 << 30 },
};
#define NUMBER_MAX INT32_MAX

const char *const quota_names[] = { MESSAGE_NAMES, "cpu", "memory", "storage", NULL };

static const char *tenant_of(const struct account_config *account)
{
        return provider_option_value(&starvcenter_provider, account->options, "tenant");
}

int quota_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
               struct error *e)
{
        _cleanup_request_ struct request rq = { 0 };
        _cleanup_json_ json_t *params = NULL;
        const char *tenant = tenant_of(account);
        int r;

        if (!observation_covers(obs, TYPE_QUOTA))
                return 0;
        if (!tenant)
                return error_set(e, -EINVAL, "the quota cannot be looked at: options.tenant names no tenant");
        params = json_object();
        if (!params)
                return error_oom(e);
        if ((r = message_put_text(params, "tenant.id", tenant, e)) < 0 ||
            (r = message_request(account, METHOD_POST, "resourcequota/usableQuota", params, &rq, e)) < 0)
                return r;
        rq.read = true;
        rq.tag = ASK_QUOTA;
        return request_list_add(further, &rq, e);
}

bool quota_is_asked(const struct request *rq)
{
        return rq->tag == ASK_QUOTA;
}

int quota_saw(const struct account_config *account, const struct json_node *reply, struct observation *obs,
              struct error *e)
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
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                int64_t number;

                r = json_node_read_int64(json_node_member(data, numbers[i].key), &number);
                if ((r < 0 && r != -ENOENT) || (r == 0 && number > NUMBER_MAX))
                        return error_set(e, -EBADMSG,
                                         "\"%s\" of a quota in the provider's reply is not what it should be",
                                         numbers[i].key);
                if (r == 0 && number >= 0)
                        values_set_number(&row.values, numbers[i].property, number * numbers[i].unit);
        }
        row.id = observation_string(obs, tenant_of(account));
        if (!row.id || observation_add(obs, TYPE_QUOTA, &row) < 0)
                return error_oom(e);
        return 0;
}
