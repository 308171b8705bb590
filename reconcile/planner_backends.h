/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the two files that plan back ends share: what is to be behind a balancer, what is, and which machines of it go.
 */

#include "reconcile/balancer.h"
#include "reconcile/planner_internal.h"

#define FOLLOWS_MAX ((size_t)4096)
/* What a machine waits for whose back ends are to be removed. */
#define BACKENDS_FIRST "the removal of its back ends goes first"

/* One that is listed. */
struct known {
        const struct row *row;
        struct backend backend; /* `machine` NULL: the row shows too little of itself */
        size_t next;            /* number + 1 of another one of the same machine; 0: none */
};

struct follower {
        const struct load_balancer *spec;
        const char *reason; /* why back ends are wanted */
        struct parts parts;
        struct known *known;
        size_t n_known, allocated_known;
        struct strmap by_machine; /* id -> number + 1 in `known` of the first of that machine */
        struct strmap keys;       /* of the parts, and of rows whose port changes */
        struct strmap going;      /* id of a machine that this plan deletes -> number + 1 of the action */
        struct strmap starting;   /* likewise of one that it starts */
};

void follower_done(struct follower *f);

/* The number + 1 of the action that deletes the machine; 0: none does. */
size_t follower_going(const struct follower *f, const char *machine);

/* planner_last.c: of the actions from `first` on, and of those that stop a machine, keeps back the one that would take the last back end
 * away that is ready. */
void keep_last(struct planning *pl, struct follower *f, size_t first);
