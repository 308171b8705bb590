/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the simulated StarVCenter hears and speaks: wrapped parameters, checks, listings, wrapped replies, and the handlers of its
 * routes.
 *
 * What a handler returns is 0 or -ENOMEM and nothing else; whatever the vendor would say, a refusal too, is said.
 */

#include "providers/plain_call.h"
#include "providers/starvcenter/sim.h"

#define SIM_BASE_PATH "/starvcenter/services/cloudresource"
#define SIM_PAGE_MAX 30

/* Finds the route and takes the parameters out of their wrapping. 0 or -ENOMEM. */
int sim_hear(struct plain_call *c, const struct plain_route *routes);
/* Wraps what was said as the reply. 0 or -ENOMEM. */
int sim_reply(struct plain_call *c, struct reply *ret);

/* A parameter, with or without blanks in its key; NULL: none. As a text, "" when there is none; as a number, when it is there and within its
 * range. */
const json_t *sim_param(const struct plain_call *c, const char *key);
const char *sim_text(const struct plain_call *c, const char *key);
bool sim_number(const struct plain_call *c, const char *key, int64_t min, int64_t max, int64_t *ret);

/* What is said. sim_say() takes the JSON over; NULL is -ENOMEM. sim_done(): done, and no more. sim_accepted(): work goes on. */
int sim_say(struct plain_call *c, json_t *reply);
int sim_say_no(struct plain_call *c, const char *format, ...) _printf_(2, 3);
int sim_say_bad_token(struct plain_call *c);
int sim_done(struct plain_call *c);
int sim_say_row(struct plain_call *c, struct sim_item *i);                                   /* done, and the thing */
int sim_begin(struct plain_call *c, struct sim_item *i, enum sim_work work, int64_t wanted); /* and says so */

json_t *sim_code(const struct simulation *s, int code); /* a result code as the vendor prints it */
json_t *sim_task(struct simulation *s);                 /* the id of a new task */

/* Done, and what was made: its id under `key`. With quirks in a list of one. */
int sim_say_made(struct plain_call *c, const char *key, const struct sim_item *i);

/* Done, and an object of numbers, which is taken over. With quirks they are texts, in a list of one. */
int sim_say_numbers(struct plain_call *c, json_t *numbers);

/* The thing of the path, or of a parameter. NULL: there is none, and no is said; `*ret` is what came of that. */
struct sim_item *sim_named(struct plain_call *c, enum sim_kind_name kind, const char *id, int *ret);
/* The same, where a change cannot be while work goes on at it. */
struct sim_item *sim_changeable(struct plain_call *c, enum sim_kind_name kind, const char *id, int *ret);

/* sim_checks.c: what parameters have to be. Null and "" are none. */
#define SIM_NAME_MAX 255

struct sim_check {
        const char *key;
        enum sim_check_kind {
                CHECK_TEXT,
                CHECK_NUMBER,
                CHECK_TRUTH,
                CHECK_WORD,
                CHECK_ADDRESS,
                CHECK_PORT,
                CHECK_ADDRESSES,
                CHECK_PORTS,
        } what;
        bool needed;
        int64_t min, max;         /* of a number */
        const char *const *words; /* end with NULL */
};

/* `checks` end with one without key. False: one is wrong, and no is said; `*ret` is what came of that. */
bool sim_check(struct plain_call *c, const struct sim_check *checks, const json_t *params, int *ret);
bool sim_check_fixed(struct plain_call *c, const char *const *keys, int *ret); /* none of them is there */
const char *sim_word(const char *text, const char *const *words); /* as the list writes it; "": it is not in there */
/* Gives the thing all fields that the checks name and the parameters have; words in small letters. 0 or -ENOMEM, after sim_check(). */
int sim_fill(struct sim_item *i, const struct sim_check *checks, const json_t *params);

/* sim_lists.c */
struct sim_filter {
        const char *key;   /* of the parameter */
        const char *field; /* by its name */
        enum sim_match {
                MATCH_WHOLE,
                MATCH_PART,   /* it stands in it anywhere */
                MATCH_NAME,   /* with quirks so, else whole */
                MATCH_LETTER, /* whole, whether in capitals or not */
                MATCH_ONE,    /* it is one of the list that the field is */
                MATCH_LIST,   /* the field is one of the list that it is */
        } match;
};

struct sim_listing {
        enum sim_kind_name kind;
        const struct sim_filter *filters; /* ends with one without key; NULL: none */
        bool paged, ordered;              /* it is asked for in pages, in an order */
        bool needs_page;                  /* and never without */
        const char *nothing;              /* with quirks: what "data" is where there are no rows; NULL: it is missing */
        bool bare;                        /* with quirks: a row that is alone comes without its list */
};

/* The rows of a listing before they are paged: all of a kind, or some one by one. */
struct sim_rows {
        bool all;
        struct sim_row {
                struct sim_item *item;
                char *text; /* NULL: the thing's own */
        } * rows;
        size_t n_rows, allocated_rows;
};

void sim_rows_done(struct sim_rows *rows);
#define _cleanup_sim_rows_ _cleanup_(sim_rows_done)
bool sim_is_one_of(const char *text, const char *list); /* with commas between */
int sim_rows_add_more(struct plain_call *c, struct sim_rows *rows, struct sim_item *i,
                      json_t *more);                         /* its row and more, which is taken over */
int sim_rows_add_json(struct sim_rows *rows, json_t *row);   /* takes it over; NULL: -ENOMEM */
int sim_rows_add(struct sim_rows *rows, struct sim_item *i); /* 0 or -ENOMEM */
int sim_say_rows(struct plain_call *c, const struct sim_listing *l, const struct sim_rows *rows);
int sim_serve_listing(struct plain_call *c, const struct sim_listing *l); /* all that match */
int sim_serve_children(struct plain_call *c, const struct sim_listing *l, const struct sim_item *parent);

/* sim_quota.c. False: the tenant (NULL: whoever calls) has no room for more, and no is said. */
bool sim_has_room(struct plain_call *c, const char *tenant, const struct sim_quota *more, int *ret);

/* sim_backends.c: those that come with their balancer. False: one is wrong, and no is said. */
bool sim_check_backends(struct plain_call *c, const json_t *list, int *ret);
int sim_add_backends(struct plain_call *c, const json_t *list, struct sim_item *balancer); /* 0 or -ENOMEM */

/* Handlers of routes, each beside the kind that it is about. */
int sim_serve_machines(struct plain_call *c);
int sim_serve_machine(struct plain_call *c);
int sim_serve_machine_create(struct plain_call *c);
int sim_serve_machine_delete(struct plain_call *c);
int sim_serve_start(struct plain_call *c);
int sim_serve_shutdown(struct plain_call *c);
int sim_serve_power_off(struct plain_call *c);
int sim_serve_cpu(struct plain_call *c);
int sim_serve_memory(struct plain_call *c);
int sim_serve_modify(struct plain_call *c);
int sim_serve_disks(struct plain_call *c);
int sim_serve_disk_add(struct plain_call *c);
int sim_serve_disk_extend(struct plain_call *c);
int sim_serve_disk_delete(struct plain_call *c);
int sim_serve_cards(struct plain_call *c);
int sim_serve_card_add(struct plain_call *c);
int sim_serve_groups(struct plain_call *c);
int sim_serve_group_create(struct plain_call *c);
int sim_serve_group_delete(struct plain_call *c);
int sim_serve_bind(struct plain_call *c);
int sim_serve_unbind(struct plain_call *c);
int sim_serve_bindings(struct plain_call *c);
int sim_serve_rules(struct plain_call *c);
int sim_serve_rule_add(struct plain_call *c);
int sim_serve_rule_delete(struct plain_call *c);
int sim_serve_machine_rules(struct plain_call *c);
int sim_serve_retries(struct plain_call *c);
int sim_serve_retry_reset(struct plain_call *c);
int sim_serve_balancers(struct plain_call *c);
int sim_serve_balancer_add(struct plain_call *c);
int sim_serve_balancer_modify(struct plain_call *c);
int sim_serve_balancer_delete(struct plain_call *c);
int sim_serve_balancer_start(struct plain_call *c);
int sim_serve_balancer_stop(struct plain_call *c);
int sim_serve_certificate(struct plain_call *c);
int sim_serve_backends(struct plain_call *c);
int sim_serve_backend_add(struct plain_call *c);
int sim_serve_backend_modify(struct plain_call *c);
int sim_serve_backend_delete(struct plain_call *c);
int sim_serve_pool(struct plain_call *c);
int sim_serve_usable_quota(struct plain_call *c);
int sim_serve_quota_modify(struct plain_call *c);
int sim_serve_networks(struct plain_call *c);
int sim_serve_network_create(struct plain_call *c);
int sim_serve_network_modify(struct plain_call *c);
int sim_serve_network_delete(struct plain_call *c);
int sim_serve_gate(struct plain_call *c);
int sim_serve_router_create(struct plain_call *c);
int sim_serve_router(struct plain_call *c);
int sim_serve_router_join(struct plain_call *c);
int sim_serve_router_leave(struct plain_call *c);
int sim_serve_connect(struct plain_call *c);
int sim_serve_shared(struct plain_call *c);
int sim_serve_port_mapping(struct plain_call *c);
int sim_serve_mapping_delete(struct plain_call *c);
int sim_serve_mappings(struct plain_call *c);
int sim_serve_acls(struct plain_call *c);
int sim_serve_acl_add(struct plain_call *c);
int sim_serve_acl_delete(struct plain_call *c);
int sim_serve_backups(struct plain_call *c);
int sim_serve_backup_create(struct plain_call *c);
int sim_serve_backup_delete(struct plain_call *c);
int sim_serve_backup_restore(struct plain_call *c);
int sim_serve_backup_modify(struct plain_call *c);
int sim_serve_snapshots(struct plain_call *c);
int sim_serve_snapshot_create(struct plain_call *c);
int sim_serve_snapshot_delete(struct plain_call *c);
int sim_serve_snapshot_restore(struct plain_call *c);
int sim_serve_snapshot_modify(struct plain_call *c);
