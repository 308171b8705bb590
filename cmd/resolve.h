/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a person calls a resource on the command line: "MachineSet/web", a machine's name "web-3", or just "web".
 *
 * The rule: a name means one thing or is refused, with the names that were near.
 */

#include "reconcile/ledger.h"

/* Everything that can be named. Strings are the caller's and must outlive it. */
struct names {
        const char **resources; /* "MachineSet/web", each once */
        size_t n_resources, allocated_resources;
        const char **slots; /* "web-3", each once */
        size_t n_slots, allocated_slots;
        struct strmap known; /* every resource, and every slot -> its resource */
        struct strmap twice; /* slots on machines that are of two kinds -> the resource of the second */
};

void names_done(struct names *names);
#define _cleanup_names_ _cleanup_(names_done)

/* `slot` NULL: the resource alone. What is known already is passed over. */
int names_add(struct names *names, const char *resource, const char *slot, struct error *e);
/* Of the ledger: what its machines, calls, accounts and pauses are of, and what its status names. */
int names_add_ledger(struct names *names, struct ledger *ledger, struct error *e);
/* Also what was and is no more: the resources and machines of all calls that the ledger has kept. */
int names_add_history(struct names *names, struct ledger *ledger, struct error *e);
int names_add_estate(struct names *names, const struct estate *estate,
                     struct error *e); /* its texts go into the estate's pool */

/* Is `typed` of a form that could name something? -EINVAL: no, and the words say what is. */
int names_check(const char *typed, struct error *e);

/* What `typed` means. `*ret_slot` is NULL for a resource as a whole; for a machine it is `typed` or a part of it.
 * A machine of a set need not exist yet. -EINVAL: no name at all; -ENOENT: unknown, or of several resources. */
int names_find(const struct names *names, const char *typed, const char **ret_resource, const char **ret_slot,
               struct error *e);

/* The length of "web" in "web-3"; 0: the name is not of that form. */
size_t slot_set_length(const char *name);
