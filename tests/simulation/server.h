/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The vendors of the world, and what is true there: which machines exist, and which of them muster made.
 */

#include "tests/simulation/world.h"

void server_init(struct world *w, size_t account);
void server_done(struct server *s);

/* Reads the request's class and subject into the exchange. */
void server_classify(struct world *w, struct exchange *x);

/* The request arrives. True: the exchange's reply is filled and on its way; false: none will come. */
bool server_serve(struct world *w, struct exchange *x);

/* A fault of the scripts: "create:1=drop-reply". */
void server_fault(struct world *w, size_t account, const char *rule);
void server_clear_faults(struct world *w, size_t account);

/* A person at the vendor's console. `state` and `to` are for those verbs. False: there is no such machine. */
bool server_console(struct world *w, size_t account, const char *verb, const char *id, const char *text);
/* A machine that somebody else makes. `ret_id` may be NULL. */
#define SERVER_ID_MAX 24
void server_add(struct world *w, size_t account, const char *name, int64_t state, char *ret_id);

const struct machine_record *server_record(const struct server *s, const char *id); /* NULL: never made */
bool server_is_ours(const struct machine_record *r);                                /* for certain */
void server_adopted(struct server *s, const char *id, const char *slot);
void server_released(struct server *s, const char *id);
struct sim_machine *server_machine(struct world *w, size_t account, const char *id); /* NULL: not there now */

void server_leaves(struct server *s, const char *id);
/* Whatever is, or will be, in the slot may be muster's and may not. False: there are too many such slots. */
bool server_let_go(struct world *w, size_t account, const char *slot);

/* Machines there now that were made for the slot and are ours still; of a slot, or of a whole set without those whose deletion was
 * ordered. */
size_t server_count_slot(struct world *w, size_t account, const char *slot);
size_t server_count_set(struct world *w, size_t account, const char *set);
