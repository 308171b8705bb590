/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What there is besides machines: data disks, networks, mappings, rules of access, security groups and load balancers, and what those two contain. What is true of them at
 * the vendors, and what must never be: nothing is done to what is not ours or not within ours, and nothing is there twice.
 */

#include "tests/simulation/world.h"

bool parts_are_about(const struct exchange *x); /* such a call, and one that acts? */

/* The number of the last one of the sort that the call makes; and after it was served, what it made. */
uint64_t parts_last_serial(const struct server *s, const struct exchange *x);
void parts_note_makes(struct world *w, struct server *s, const struct exchange *x, uint64_t serial_before);

/* The ledger says in which slot something is that nothing marks. */
void parts_attribute(struct world *w, size_t account, enum thing_type type, const char *id, const char *slot);
void parts_let_go(struct server *s, const char *slot); /* the machine's disks go with it out of muster's hands */

const struct part_record *parts_record(const struct server *s, enum thing_type type,
                                       const char *id); /* NULL: not ours */
bool parts_find(const struct server *s, enum thing_type type, const char *id, struct part_view *ret);

/* As those of invariants.h with the same names. */
void parts_send(struct world *w, const struct exchange *x);
void parts_state(struct world *w, size_t account);
void parts_remembered(struct world *w, const struct ledger *l, size_t account);
void parts_complete(struct world *w, const struct ledger *l);
