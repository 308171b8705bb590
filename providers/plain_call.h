/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One call of a simulated vendor that speaks plain JSON over HTTP: its route, what stands in its path, query and body, and the answer
 * that is being made.
 *
 * The rule: a handler returns 0 or -ENOMEM; whatever the vendor would say, also of wrong input, is an answer.
 */

#include "providers/simulator.h"

#define PLAIN_CAPTURES_MAX 3
#define PLAIN_PARAMETERS_MAX 16 /* more of them are not looked at */

struct plain_call;

struct plain_parameter {
        const char *key, *value;
};

struct plain_route {
        enum method method;
        const char *path;  /* segments; "*" takes any one; NULL ends the table */
        const char *class; /* as struct simulator says */
        int (*serve)(struct plain_call *c);
};

struct plain_call {
        struct simulation *s;
        usec_t now;
        enum pretence how;
        const struct request *rq;
        const struct plain_route *route;                         /* NULL: there is none */
        bool known_path;                                         /* but there is one of another method */
        char *path, *query;                                      /* own copies, taken apart */
        const char *captures[PLAIN_CAPTURES_MAX];                /* what stands in place of each "*", decoded */
        struct plain_parameter parameters[PLAIN_PARAMETERS_MAX]; /* of the query, decoded */
        size_t n_parameters;
        json_t *body;  /* NULL: none, or not JSON */
        bool bad_body; /* not JSON */

        int status;
        enum plain_type { PLAIN_JSON, PLAIN_HTML, PLAIN_TEXT } type;
        struct buf out;
        char *location, *set_cookie; /* headers of the answer; NULL: none */
};

/* Finds the route under `base` ("/v1/…", "" for none), and reads what the request says. 0 or -ENOMEM. */
int plain_call_open(struct plain_call *c, const char *base, const struct plain_route *routes);
void plain_call_done(struct plain_call *c);
#define _cleanup_plain_call_ _cleanup_(plain_call_done)

/* The answer as a reply; the call's text is spent. 0 or -ENOMEM. */
int plain_call_reply(struct plain_call *c, struct reply *ret);

/* A parameter of the query; `fallback` where there is none. And as a number within its range. */
const char *plain_call_parameter(const struct plain_call *c, const char *key, const char *fallback);
bool plain_call_number(const struct plain_call *c, const char *key, int64_t min, int64_t max, int64_t *ret);

/* A text of the body; "" when there is none. */
const char *plain_call_text(const struct plain_call *c, const char *key);

/* Answers with the value, which is taken over; NULL: out of memory. */
int plain_call_say(struct plain_call *c, int status, json_t *value);
int plain_call_page(struct plain_call *c, int status,
                    const char *title); /* HTML, as a server that does not know the way */
