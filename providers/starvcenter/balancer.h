/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Load balancers and their back ends ("real nodes"): two listings, and the calls that change them.
 *
 * A balancer's fields are settings in the spec's words, whatever case and units the vendor prints. The vendor lists back ends of all
 * balancers together: each row has its balancer's id as its parent.
 */

#include "providers/starvcenter/message.h"

/* A word of the spec, and the vendor's for it. */
struct word {
        const char *spec, *wire; /* NULL ends a table */
};

/* How the vendor writes a setting. */
enum form { FORM_TEXT, FORM_NUMBER, FORM_SECONDS, FORM_TRUTH, FORM_WORD };

struct wire {
        const char *key;
        enum form form;
        const struct word *words;
        int64_t doubted; /* a number that is listed as no more than this may mean anything */
};

extern const struct setting balancer_settings[];

/* Does a balancer with these settings have this one? Only an address from outside can be its own alone. */
bool balancer_has(const json_t *settings, const struct setting *setting);

/* What is read of replies about the two types; ends with NULL. */
extern const char *const balancer_names[];

/* Adds the requests for what the observation's scope covers of the two types. */
int balancer_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                  struct error *e);

/* Is it a request of balancer_look()'s? Then its reply, taken apart, goes to balancer_saw(). */
bool balancer_is_asked(const struct request *rq);
int balancer_saw(const struct request *rq, const struct json_node *reply, struct observation *obs, struct error *e);

/* The request for an order about a balancer or a back end. */
int balancer_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);

/* What a row of the reply to a create names as the id of what was made; NULL: nothing that could be one. */
const char *balancer_made(const struct order *order, const struct json_node *made, char scratch[static 32]);
