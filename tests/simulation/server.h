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

/* Calls `fn` for each of the ids that a request names. */
void server_each_id(const struct exchange *x, void (*fn)(struct world *w, const struct exchange *x, const char *id),
                    struct world *w);

/* A fault of the scripts: "create:1=drop-reply". */
void server_fault(struct world *w, size_t account, const char *rule);
void server_clear_faults(struct world *w, size_t account);

/* A person at the vendor's console, console.c. `state` and `to` are for those verbs. False: there is no such machine. */
bool server_console(struct world *w, size_t account, const char *verb, const char *id, const char *text);
/* A machine that somebody else makes, with `arguments` for the console, which are taken over. `ret_id` may be NULL. False: it cannot
 * be. */
bool server_add(struct world *w, size_t account, json_t *arguments, char *ret_id);
/* Something else that happens there: a verb of the console with its arguments as JSON. */
void server_mischief(struct world *w, size_t account, const char *verb, const char *arguments);

/* Before anything changes: what listings showed until then is kept. */
void server_take_snapshots(struct world *w, struct server *s);

/* records.c */
struct machine_record *server_add_record(struct server *s, const char *id, const char *slot, bool ours);
const struct machine_record *server_record(const struct server *s, const char *id); /* NULL: never made */
bool server_is_ours(const struct machine_record *r);                                /* for certain */
void server_adopted(struct server *s, const char *id, const char *slot);
void server_released(struct server *s, const char *id);
bool server_machine(struct world *w, size_t account, const char *id,
                    struct machine_view *ret); /* false: not there now */
bool server_has(struct world *w, size_t account, const char *id);
size_t server_makes(const struct world *w, const struct exchange *x); /* machines that a create asks for; else 0 */

void server_leaves(struct server *s, const char *id);
/* Whatever is, or will be, in the slot may be muster's and may not, and so what its note names. False: there are too many such slots. */
bool server_let_go(struct world *w, size_t account, const char *slot, const char *note);
bool server_was_let_go(const struct world *w, const char *slot);
/* The ledger says in which slot a machine is that nothing marks. */
void server_attribute(struct world *w, size_t account, const char *id, const char *slot);

/* Machines there now that were made for the slot and are ours still; of a slot, or of a whole set without those whose deletion was
 * ordered. */
size_t server_count_slot(struct world *w, size_t account, const char *slot);
size_t server_count_all(struct world *w, size_t account); /* as of a set, of all sets */
size_t server_count_set(struct world *w, size_t account, const char *set);
