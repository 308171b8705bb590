/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Mappings of ports and addresses outside to machines.
 *
 * One request lists all of both sorts. What tells whose a mapping is stands in its description: "muster:NAME", and behind a blank what the
 * spec says for people. When one was made no field shows for certain: the mark takes the place of the fingerprint.
 */

#include "providers/starvcenter/message.h"

/* What is read of replies about them; ends with NULL. */
extern const char *const mapping_names[];

bool mapping_is_of(enum thing_type type);

/* Adds the request for mappings, where the observation's scope covers them. */
int mapping_look(const struct account_config *account, const struct observation *obs, struct request_list *further,
                 struct error *e);

/* Is it the request of mapping_look()'s? Then its reply, taken apart, goes to mapping_saw(). */
bool mapping_is_asked(const struct request *rq);
int mapping_saw(const struct json_node *reply, struct observation *obs, struct error *e);

/* The request for an order about one of them. */
int mapping_act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e);
