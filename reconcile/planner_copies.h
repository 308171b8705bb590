/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What planning the copies of machines by one policy knows: the machines, what there is of each, and what else goes on there.
 */

#include "reconcile/copies.h"
#include "reconcile/planner_internal.h"

/* A machine with the copies that this policy has made of it. */
struct covered {
        const char *name;            /* "web-0" */
        const struct thing *machine; /* NULL: it is still to be made, or the ledger knows of none */
        const struct row *row;       /* NULL: it is not shown */
        size_t made;                 /* number + 1 of the action that makes it; 0: none does */
        bool wanted;                 /* it is of the policy's set */
        bool hold, protect, released, goes;
        const char *busy;         /* NULL, or what the vendor does, or is to do, to the machine meanwhile */
        struct depends busy_with; /* the actions that are to do it */
        bool making;              /* a create of this policy is open */
        int64_t highest;          /* number of a copy of this policy's name, whoever made it */
        struct copy *copies;      /* the oldest first */
        size_t n;
};

struct copying {
        const char *name;               /* "BackupPolicy/nightly" */
        const struct copy_policy *spec; /* NULL: no spec names it any more */
        enum thing_type type;
        const char *stem;   /* "nightly" */
        const char *paused; /* why nothing is done to the set's machines; NULL: it may be */
        struct covered *machines;
        size_t n_machines, allocated_machines;
        struct strmap by_name; /* -> number of the machine + 1 */
        struct copy *copies;   /* sorted by machine, then by when muster made them */
        size_t n_copies, allocated_copies;
        size_t under_way, orphans, orphans_of;
        struct asked asked;
        usec_t oldest; /* age of the oldest newest one */
        const struct thing *oldest_thing;
};

/* Fills in the rest of what begins with name, spec, type, asked, stem and paused. 0 or a negative errno. */
int copying_know(struct planning *pl, struct copying *c, struct error *e);
void copying_done(struct copying *c);
#define _cleanup_copying_ _cleanup_(copying_done)
