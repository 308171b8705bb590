/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/starvcenter/sim_wire.h"

/*
 * The calls about the back ends of load balancers. Where the document is silent: a balancer may have equal back ends; a back end stays when its
 * machine goes; its address may be any; what cannot be modified is refused; its usual weight is 1.
 */

#define BACKEND(member) offsetof(struct sim_backend, member)

static const struct sim_field fields[] = {
        SIM_ID("realnode.id", NULL),
        { "name", "realnode.name", NULL, FIELD_TEXT, BACKEND(name) },
        { "description", "realnode.desc", NULL, FIELD_TEXT, BACKEND(description) },
        { "created", "realnode.createtime", NULL, SIM_CHARS(struct sim_item, created) },
        { "balancer", "realnode.slbid", "realnode.slbid ", FIELD_PARENT },
        { "enabled", "realnode.enable", NULL, FIELD_TRUTH, BACKEND(enabled) },
        { "address", "realnode.ip", NULL, FIELD_TEXT, BACKEND(address) },
        { "port", "realnode.port", NULL, FIELD_NUMBER, BACKEND(port) },
        { "machine", "realnode.vmid", NULL, FIELD_TEXT, BACKEND(machine) },
        { "weight", "realnode.weight", NULL, FIELD_NUMBER, BACKEND(weight) },
        {},
};

static void begin(struct sim_item *i)
{
        struct sim_backend *b = (struct sim_backend *)i;

        b->enabled = true;
        b->weight = 1;
}

const struct sim_kind sim_backend_kind = {
        .noun = "backend",
        .list = "backends",
        .next = "nextBackend",
        .prefix = "realnode-",
        .size = sizeof(struct sim_backend),
        .parent = SIM_BALANCERS,
        .fields = fields,
        .begin = begin,
};

static const struct sim_check add_checks[] = {
        { "realnode.name", CHECK_TEXT },
        { "realnode.desc", CHECK_TEXT },
        { "realnode.ip", CHECK_ADDRESS, .needed = true },
        { "realnode.port", CHECK_NUMBER, .needed = true, .min = 1, .max = 65535 },
        { "realnode.vmid", CHECK_TEXT, .needed = true },
        { "realnode.weight", CHECK_NUMBER, .min = 1, .max = 10 },
        {},
};

static const struct sim_check modify_checks[] = {
        { "realnode.port", CHECK_NUMBER, .min = 1, .max = 65535 },
        { "realnode.weight", CHECK_NUMBER, .min = 1, .max = 10 },
        {},
};

static const char *const fixed[] = { "realnode.name", "realnode.desc", "realnode.slbid",
                                     "realnode.ip",   "realnode.vmid", NULL };

int sim_serve_backends(struct plain_call *c)
{
        static const struct sim_filter filters[] = {
                { "realnode.id", "id", MATCH_WHOLE },
                { "realnode.name", "name", MATCH_NAME },
                { "realnode.ip", "address", MATCH_NAME },
                { "realnode.port", "port", MATCH_WHOLE },
                {},
        };
        static const struct sim_listing listing = { SIM_BACKENDS, filters, .paged = true, .ordered = true,
                                                    .bare = true };

        return sim_serve_listing(c, &listing);
}

static bool check_one(struct plain_call *c, const json_t *params, int *ret)
{
        const char *machine = json_string_value(json_member(params, "realnode.vmid"));

        return sim_check(c, add_checks, params, ret) && sim_named(c, SIM_MACHINES, machine ? machine : "", ret);
}

bool sim_check_backends(struct plain_call *c, const json_t *list, int *ret)
{
        json_t *params;
        size_t i;

        if (!list || json_is_null(list))
                return true;
        if (!json_is_array(list)) {
                *ret = sim_say_no(c, "realnode is not a list");
                return false;
        }
        json_array_foreach((json_t *)list, i, params)
        {
                if (!check_one(c, params, ret))
                        return false;
        }
        return true;
}

static int add_one(struct plain_call *c, const json_t *params, struct sim_item *balancer, struct sim_item **ret)
{
        _cleanup_(sim_item_free_p) struct sim_item *i = sim_item_new(SIM_BACKENDS);

        if (!i || sim_fill(i, add_checks, params) < 0 || sim_item_put(c->s, c->now, i, balancer) < 0)
                return -ENOMEM;
        *ret = STEAL(i);
        return 0;
}

int sim_add_backends(struct plain_call *c, const json_t *list, struct sim_item *balancer)
{
        struct sim_item *added;
        json_t *params;
        size_t i;

        json_array_foreach((json_t *)list, i, params)
        {
                if (add_one(c, params, balancer, &added) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int sim_serve_backend_add(struct plain_call *c)
{
        int r = 0;
        struct sim_item *balancer = sim_named(c, SIM_BALANCERS, sim_text(c, "realnode.slbid"), &r), *added;

        if (!balancer || !check_one(c, c->body, &r))
                return r;
        r = add_one(c, c->body, balancer, &added);
        return r < 0 ? r : sim_say_made(c, "realnode.id", added);
}

int sim_serve_backend_modify(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_BACKENDS, sim_text(c, "realnode.id"), &r);

        if (!i || !sim_check_fixed(c, fixed, &r) || !sim_check(c, modify_checks, c->body, &r))
                return r;
        r = sim_fill(i, modify_checks, c->body);
        return r < 0 ? r : sim_done(c);
}

int sim_serve_backend_delete(struct plain_call *c)
{
        int r = 0;
        struct sim_item *i = sim_named(c, SIM_BACKENDS, c->captures[0], &r);

        if (!i)
                return r;
        sim_item_remove(c->s, i);
        return sim_done(c);
}
