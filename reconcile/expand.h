/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a set to its slots: the ordinals that the ledger, open calls and the spec occupy, each with what is known of it.
 */

#include "reconcile/planner.h"

struct slot {
        enum thing_type type;
        const char *name;
        int64_t ordinal;         /* -1: a name that is not of this set's form (an adopted or renamed one) */
        struct thing *thing;     /* NULL: a create of ours is open here */
        const struct call *call; /* the open call on it; NULL: none */
        const struct row *row;   /* NULL: not shown */
        const char *adopt; /* the id of the machine that the spec gives this name; NULL: none, or it is ours already */
        bool protect, hold, release;
        bool victim; /* it goes, for good or to be replaced */
};

struct set {
        const struct resource *resource; /* NULL: no spec names it any more */
        const char *name;                /* "MachineSet/web" */
        const struct machine_set *spec;
        struct slot *slots; /* sorted by ordinal, then name */
        size_t n_slots, allocated_slots;
        int64_t counted; /* slots that are there or may be, those that leave for good not among them */
        int64_t hoped; /* of them: adoptions that cannot be, as things are, and what waits for a person: none goes in their place */
        bool uncertain; /* some slot may or may not have a machine: nothing is deleted until that is known */
};

/* Everything of one account that expanding and comparing look up, made once for a plan. */
struct census {
        struct strmap things;             /* "MachineSet/web" -> struct thing *, a list through `next` */
        struct strmap calls[THING_TYPES]; /* slot -> struct call *, open ones: slots of two types may be the same */
        struct strmap names; /* the name of a machine that is foreign, or ours under another name -> struct row * */
        struct strmap ids;   /* id -> struct thing *, whatever owns it */
        size_t n_foreign;
};

int census_take(const struct plan_input *in, struct census *ret);
void census_done(struct census *c);
#define _cleanup_census_ _cleanup_(census_done)

int set_expand(const struct plan_input *in, const struct census *census, const char *name,
               const struct resource *resource, struct set *ret);
void set_done(struct set *s);
#define _cleanup_set_ _cleanup_(set_done)

/* Is the machine in a list of a set's spec, by its name or by its id ("": it has none)? */
bool is_in_list(const struct strings *list, const char *name, const char *id);

/* The ordinal in "web-3" for the set "web"; -1: of another form. */
int64_t slot_ordinal(const char *set_name, const char *slot);

/* The ordinal at the end of a machine's name, whatever its set was called when it was made; -1: none. */
int64_t slot_number(const char *slot);

/* Is the machine of this slot there, ours, and shown? */
bool slot_is_shown(const struct slot *s);
