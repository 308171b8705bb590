/* SPDX-License-Identifier: MIT */
#include "providers/starvcenter/rows.h"

#include <errno.h>

#include "providers/starvcenter/message.h"
#include "reconcile/base/text.h"

#define MEBIBYTE ((int64_t)1 << 20)
#define NUMBER_MAX 999999999 /* the most that the vendor documents for any number of a machine */

const char *const rows_machine_names[] = {
        MESSAGE_NAMES, "vm.id",         "vm.name",         "vm.ip", "vm.createtime", "vm.state", "vm.shutdown.enable",
        "vm.vcpu.num", "vm.memory.mem", "vm.tenant.model", NULL,
};

static int no_reading(const char *key, struct error *e)
{
        return error_set(e, -EBADMSG, "\"%s\" of a machine in the provider's reply is not what it should be", key);
}

/* The pool's copy of a text; "" when the vendor shows none. */
static int read_text(struct observation *obs, const struct json_node *machine, const char *key, const char **ret,
                     struct error *e)
{
        const char *text = "";
        char scratch[32];
        int r;

        r = json_node_read_text(json_node_member(machine, key), scratch, &text);
        if (r < 0 && r != -ENOENT)
                return no_reading(key, e);
        text = observation_string(obs, text);
        if (!text)
                return error_oom(e);
        *ret = text;
        return 0;
}

/* A number times `unit` into a property, which stays unknown when the vendor shows none. */
static int read_number(const struct json_node *machine, const char *key, int64_t unit, enum property field,
                       struct values *values, struct error *e)
{
        int64_t number;
        int r;

        r = json_node_read_int64(json_node_member(machine, key), &number);
        if (r == -ENOENT)
                return 0;
        if (r < 0 || number < 0 || number > NUMBER_MAX)
                return no_reading(key, e);
        values_set_number(values, field, number * unit);
        return 0;
}

static int read_model(struct observation *obs, const struct json_node *machine, struct values *values, struct error *e)
{
        const char *model = "";
        int r;

        r = read_text(obs, machine, "vm.tenant.model", &model, e);
        if (r < 0)
                return r;
        if (*model)
                values_set_text(values, PROPERTY_MODEL, model);
        return 0;
}

/* A state that is in no document is a machine all the same. */
static int read_condition(const struct json_node *machine, enum condition *ret, struct error *e)
{
        const struct json_node *state = json_node_member(machine, "vm.state");
        int64_t code;

        *ret = CONDITION_UNKNOWN;
        if (json_node_read_int64(state, &code) < 0)
                return !state || json_node_is_null(state) || json_node_is_string(state) ? 0 : no_reading("vm.state", e);
        switch (code) {
        case 0:
                *ret = CONDITION_STOPPED;
                break;
        case 1:
                *ret = CONDITION_RUNNING;
                break;
        case 2:
                *ret = CONDITION_ASLEEP;
                break;
        case 3:  /* being installed */
        case 4:  /* being cloned */
        case -1: /* being checked */
                *ret = CONDITION_CHANGING;
                break;
        case -2:
                *ret = CONDITION_FAILED;
                break;
        default:
                break;
        }
        return 0;
}

/* The soft way is taken for possible where nothing is said: it does no harm, and power is cut after it. */
static int read_can_shut_down(const struct json_node *machine, bool *ret, struct error *e)
{
        int r;

        *ret = true;
        r = json_node_read_bool(json_node_member(machine, "vm.shutdown.enable"), ret);
        return r < 0 && r != -ENOENT ? no_reading("vm.shutdown.enable", e) : 0;
}

const char *rows_machine_id(const struct json_node *machine, char scratch[static 32], struct error *e)
{
        const char *id;

        if (!json_node_is_object(machine)) {
                error_set(e, -EBADMSG, "a machine in the provider's reply is not an object");
                return NULL;
        }
        if (json_node_read_text(json_node_member(machine, "vm.id"), scratch, &id) < 0 || !message_id_valid(id)) {
                error_set(e, -EBADMSG, "a machine in the provider's reply has no \"vm.id\" that could be one");
                return NULL;
        }
        return id;
}

int rows_read_machine(struct observation *obs, const struct json_node *machine, struct error *e)
{
        struct row row = { 0 };
        char scratch[32];
        const char *id;
        int r;

        id = rows_machine_id(machine, scratch, e);
        if (!id)
                return -EBADMSG;
        row.id = observation_string(obs, id);
        if (!row.id)
                return error_oom(e);
        if ((r = read_text(obs, machine, "vm.name", &row.name, e)) < 0 ||
            (r = read_text(obs, machine, "vm.ip", &row.address, e)) < 0 ||
            (r = read_text(obs, machine, "vm.createtime", &row.created, e)) < 0 ||
            (r = read_condition(machine, &row.condition, e)) < 0 ||
            (r = read_can_shut_down(machine, &row.can_shut_down, e)) < 0 ||
            (r = read_number(machine, "vm.vcpu.num", 1, PROPERTY_CPU, &row.values, e)) < 0 ||
            (r = read_number(machine, "vm.memory.mem", MEBIBYTE, PROPERTY_MEMORY, &row.values, e)) < 0 ||
            (r = read_model(obs, machine, &row.values, e)) < 0)
                return r;
        r = observation_add(obs, TYPE_MACHINE, &row);
        return r < 0 ? error_oom(e) : r;
}
