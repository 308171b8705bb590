/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "providers/starvcenter/access.h"
#include "providers/starvcenter/balancer.h"
#include "providers/starvcenter/copy.h"
#include "providers/starvcenter/disk.h"
#include "providers/starvcenter/group.h"
#include "providers/starvcenter/mapping.h"
#include "providers/starvcenter/message.h"
#include "providers/starvcenter/network.h"
#include "providers/starvcenter/quota.h"
#include "providers/starvcenter/rows.h"
#include "providers/starvcenter/starvcenter.h"
#include "providers/starvcenter/walk.h"
#include "reconcile/base/text.h"

#define MEBIBYTE ((int64_t)1 << 20)
#define MEMORY_MAX 999999999 /* MB */

static const struct machine_support machines[] = {
        { "template", .required = true, .instead = "model", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "model", .readback = READBACK_LISTED, .change = CHANGE_REPLACE },
        { "cpu", .required = true, .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { "memory", .required = true, .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { "network", .required = true, .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "disks", .readback = READBACK_LISTED, .change = CHANGE_IN_PLACE },
        { "passwordEnv", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "passwordFile", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { NULL },
};

static const struct making *making(const struct pairs *options)
{
        static const struct making makings[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true, .marker = MARKER_NAME, .shows_one = true },
                [TYPE_DISK] = { .possible = true, .marker = MARKER_NAME, .name_stays = true, .goes_along = true },
                [TYPE_BALANCER] = { .possible = true, .marker = MARKER_NAME },
                [TYPE_BACKEND] = { .possible = true, .contained = true, .container = TYPE_BALANCER },
                [TYPE_GROUP] = { .possible = true, .marker = MARKER_NAME, .name_stays = true },
                [TYPE_RULE] = { .possible = true, .contained = true, .container = TYPE_GROUP },
                [TYPE_BINDING] = { .possible = true, .contained = true, .container = TYPE_GROUP },
                [TYPE_PORT_MAPPING] = { .possible = true,
                                        .marker = MARKER_NAME,
                                        .name_stays = true,
                                        .of_machine = true },
                [TYPE_ADDRESS_MAPPING] = { .possible = true,
                                           .marker = MARKER_NAME,
                                           .name_stays = true,
                                           .of_machine = true },
                [TYPE_ACCESS] = { .possible = true,
                                  .marker = MARKER_NONE,
                                  .told_by_content = true,
                                  .of_machine = true },
                [TYPE_BACKUP] = { .possible = true, .marker = MARKER_NAME, .name_stays = true, .goes_along = true },
                [TYPE_SNAPSHOT] = { .possible = true, .marker = MARKER_NAME, .name_stays = true, .goes_along = true },
                [TYPE_QUOTA] = { .possible = true, .always_there = true },
                [TYPE_NETWORK] = { .possible = true, .marker = MARKER_NAME },
        };

        (void)options;
        return makings;
}

static const struct provider_option options[] = {
        { "tenant", .help = "the tenant's id, for its quotas" },
        { NULL },
};

static int set_memory(json_t *params, int64_t bytes, struct error *e)
{
        if (bytes < MEBIBYTE || bytes % MEBIBYTE != 0 || bytes / MEBIBYTE > MEMORY_MAX)
                return error_set(e, -EINVAL, "starvcenter takes memory in whole MiB from 1 to %d", MEMORY_MAX);
        return message_put_number(params, "vm.memory.mem", bytes / MEBIBYTE, e);
}

/* A machine is made from a template or as a model, never both. */
static int set_origin(json_t *params, const struct values *wanted, struct error *e)
{
        bool template = values_known(wanted, PROPERTY_TEMPLATE), model = values_known(wanted, PROPERTY_MODEL);

        if (template == model)
                return error_set(e, -EINVAL, "a starvcenter machine needs a template or a model, and not both");
        return template ? message_put_text(params, "vm.template.id", wanted->of[PROPERTY_TEMPLATE].text, e)
                        : message_put_text(params, "vm.tenant.model", wanted->of[PROPERTY_MODEL].text, e);
}

static int create_params(const struct order *order, json_t *params, struct error *e)
{
        const struct values *wanted = order->wanted;
        int r;

        if (!values_known(wanted, PROPERTY_CPU) || !values_known(wanted, PROPERTY_MEMORY) ||
            !values_known(wanted, PROPERTY_NETWORK))
                return error_set(e, -EINVAL, "a starvcenter machine needs cpu, memory and network");
        if ((r = message_put_text(params, "vm.name", order->name, e)) < 0 || (r = set_origin(params, wanted, e)) < 0 ||
            (r = message_put_number(params, "vm.vcpu.num", wanted->of[PROPERTY_CPU].number, e)) < 0 ||
            (r = set_memory(params, wanted->of[PROPERTY_MEMORY].number, e)) < 0 ||
            (r = message_put_text(params, "vnic.portgroupid", wanted->of[PROPERTY_NETWORK].text, e)) < 0 ||
            (r = message_put_text(params, "vm.num", "1", e)) < 0)
                return r;
        return order->password ? message_put_text(params, "vm.account.pwd", order->password, e) : 0;
}

static int change_params(const struct order *order, json_t *params, const char **ret_path, struct error *e)
{
        if (order->field == PROPERTY_CPU && values_known(order->wanted, PROPERTY_CPU)) {
                *ret_path = "cloudvm/cpu/modify";
                return message_put_number(params, "vm.vcpu.num", order->wanted->of[PROPERTY_CPU].number, e);
        }
        if (order->field == PROPERTY_MEMORY && values_known(order->wanted, PROPERTY_MEMORY)) {
                *ret_path = "cloudvm/mem/modify";
                return set_memory(params, order->wanted->of[PROPERTY_MEMORY].number, e);
        }
        return error_set(e, -EINVAL, "starvcenter changes only cpu and memory of a machine in place");
}

/* What an order about a machine that is there says, and where. */
static int machine_params(const struct order *order, json_t *params, const char **ret_path, struct error *e)
{
        int r;

        r = message_put_text(params, "vm.id", order->id, e);
        if (r < 0)
                return r;
        switch (order->verb) {
        case ORDER_START:
                *ret_path = "cloudvm/start";
                return 0;
        case ORDER_SHUT_DOWN:
                *ret_path = "cloudvm/shutdown";
                return 0;
        case ORDER_POWER_OFF:
                *ret_path = "cloudvm/destroy";
                return 0;
        case ORDER_RENAME:
                *ret_path = "cloudvm/modify";
                return message_put_text(params, "vm.name", order->name, e);
        case ORDER_CHANGE:
                return change_params(order, params, ret_path, e);
        default:
                return error_set(e, -EINVAL, "starvcenter has no such order");
        }
}

static int act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        _cleanup_json_ json_t *params = NULL;
        const char *path = NULL;
        int r;

        if (order->type == TYPE_BALANCER || order->type == TYPE_BACKEND)
                return balancer_act(account, order, ret, e);
        if (order->type == TYPE_DISK)
                return disk_act(account, order, ret, e);
        if (thing_is_copy(order->type))
                return copy_act(account, order, ret, e);
        if (group_is_of(order->type))
                return group_act(account, order, ret, e);
        if (mapping_is_of(order->type))
                return mapping_act(account, order, ret, e);
        if (order->type == TYPE_ACCESS)
                return access_act(account, order, ret, e);
        if (order->type == TYPE_NETWORK)
                return network_act(account, order, ret, e);
        if (order->type == TYPE_QUOTA)
                return quota_act(account, order, ret, e);
        if (order->verb == ORDER_DELETE)
                return message_id_request(account, METHOD_DELETE, "cloudvm/", order->id, ret, e);
        params = json_object();
        if (!params)
                return error_oom(e);
        if (order->verb == ORDER_CREATE) {
                r = create_params(order, params, e);
                return r < 0 ? r : message_request(account, METHOD_POST, "cloudvm/create", params, ret, e);
        }
        r = machine_params(order, params, &path, e);
        return r < 0 ? r : message_request(account, METHOD_PUT, path, params, ret, e);
}

/* The id of what was made, when the reply names exactly one. */
static void take_id(const struct order *order, const struct json_node *reply, struct outcome *outcome)
{
        const struct json_node *row = message_first_row(reply);
        char scratch[32];
        const char *id;
        size_t n;

        if (message_count_rows(reply, &n, NULL) < 0)
                return;

        for (size_t i = 0; i < n; i++, row = json_node_next(row)) {
                id = mapping_is_of(order->type)    ? NULL /* no reply tells it */
                     : order->type == TYPE_ACCESS  ? access_made(row, scratch)
                     : order->type == TYPE_DISK    ? disk_made(row, scratch)
                     : order->type == TYPE_MACHINE ? rows_machine_id(row, scratch, NULL)
                     : group_is_of(order->type)    ? group_made(order, row, scratch)
                     : thing_is_copy(order->type)  ? copy_made(order, row, scratch)
                     : order->type == TYPE_NETWORK ? network_made(row, scratch)
                                                   : balancer_made(order, row, scratch);
                if (id && outcome->n_ids) {
                        outcome->n_ids = 0;
                        return;
                }
                if (id)
                        (void)snprintf(outcome->ids[outcome->n_ids++], OUTCOME_ID_MAX, "%s", id);
        }
}

static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        const char *const *names = order->type == TYPE_MACHINE   ? rows_machine_names
                                   : order->type == TYPE_DISK    ? disk_names
                                   : group_is_of(order->type)    ? group_names
                                   : mapping_is_of(order->type)  ? mapping_names
                                   : order->type == TYPE_ACCESS  ? access_names
                                   : thing_is_copy(order->type)  ? copy_names
                                   : order->type == TYPE_NETWORK ? network_names
                                   : order->type == TYPE_QUOTA   ? quota_names
                                                                 : balancer_names;
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        enum message_result result;

        (void)account;
        if (outcome_from_status(rp, ret))
                return;
        if (message_open(rp, names, &doc, &result, &outcome.why) == 0) {
                switch (result) {
                case RESULT_DONE:
                        outcome.class = OUTCOME_ACCEPTED;
                        if (order->verb == ORDER_CREATE)
                                take_id(order, json_root(doc), &outcome);
                        break;
                case RESULT_FAILED:
                        if (network_is_so_already(order, json_root(doc))) {
                                outcome.class = OUTCOME_ACCEPTED;
                                break;
                        }
                        /* A create that failed may have left a machine behind; nothing documents which failures do not. */
                        outcome.class = order->verb == ORDER_CREATE ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
                        outcome.said_no = true;
                        break;
                case RESULT_TOKEN:
                        outcome.class = OUTCOME_AUTH;
                        break;
                }
        }
        *ret = outcome;
}

/* A call that makes several machines numbers their names after the one it was given. */
static bool resembles(const char *marker, const char *name)
{
        size_t n = strlen(marker);

        return text_starts(name, marker) && name[n] != '\0' && strchr("-_.", name[n]);
}

const struct provider starvcenter_provider = {
        .type = "starvcenter",
        .machines = machines,
        .balancer = balancer_settings,
        .making = making,
        .auth = AUTH_TOKEN,
        .options = options,
        .quota_option = "tenant",
        .timing = {
                .acting = 45 * USEC_PER_SEC,
                .lag = 10 * USEC_PER_SEC,
                .margin = 5 * USEC_PER_SEC,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .look = walk_look,
        .saw = walk_saw,
        .seen = walk_seen,
        .act = act,
        .acted = acted,
        .resembles = resembles,
};
