/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How the simulated StarVCenter hears and speaks: routes, wrapped parameters, wrapped replies.
 */

#include "providers/starvcenter/sim.h"
#include "reconcile/base/buf.h"

#define SIM_BASE_PATH "/starvcenter/services/cloudresource"

struct sim_call;

struct sim_route {
        enum method method;
        const char *path; /* under SIM_BASE_PATH; NULL ends the table, with the route of what is in no other */
        const char *class;
        int (*serve)(struct sim_call *c); /* writes `out`; -ENOMEM only */
};

/* One call of the API while it is served. */
struct sim_call {
        struct simulation *s;
        usec_t now;
        enum pretence how;
        const struct sim_route *route;
        char *id;          /* of the path; NULL: it has none */
        json_t *params;    /* NULL: none that can be read */
        struct buf out;    /* the reply's JSON */
        size_t rows_start; /* of a listing, in `out` */
};

/* Finds the route and reads the parameters. 0 or -ENOMEM. */
int sim_call_open(struct sim_call *c, const struct sim_route *routes, const struct request *rq);
void sim_call_done(struct sim_call *c);

/* Wraps `out` as the reply. 0 or -ENOMEM. */
int sim_call_reply(struct sim_call *c, struct reply *ret);
int sim_not_found(struct reply *ret);

/* What a reply says, into `out`. sim_say() takes the JSON over; NULL is -ENOMEM. */
int sim_say(struct sim_call *c, json_t *reply);
int sim_say_no(struct sim_call *c, const char *why);
int sim_say_bad_token(struct sim_call *c);

json_t *sim_code(const struct simulation *s, int code); /* a result code as the vendor prints it */
json_t *sim_task(struct simulation *s);                 /* the id of a new task */
