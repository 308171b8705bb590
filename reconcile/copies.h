/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One backup or snapshot of ours: what it is good for, and how old it is.
 *
 * The rule: how old something is goes by the boot clock as far back as that goes. Behind it stand two wall clocks that may each be
 * wrong, ours and the vendor's; what they say makes at most one copy too many, and never deletes one.
 */

#include "reconcile/planner.h"

/* So many in a row that are not usable, and no more are made. */
#define COPIES_FAILED_MAX 3

struct copy {
        struct thing *thing;
        const struct row *row;   /* NULL: it is not shown */
        const struct call *call; /* the open call on it; NULL: none */
        size_t machine;          /* the planner's number of it */
        bool stale;              /* it is not usable, and nothing makes it so any more */
};

bool copy_is_usable(const struct copy *copy);
bool copy_is_coming(const struct copy *copy);   /* it is being made, or may be */
bool copy_is_doubted(const struct copy *copy);  /* it is shown as not usable any more, and that is not confirmed yet */
bool copy_is_unusable(const struct copy *copy); /* it is there, and none of the three */
/* Is it one that may be deleted: ours, shown, in a known state, and not being made or deleted? */
bool copy_may_go(const struct copy *copy);

struct copy_age {
        bool known;
        usec_t length;
        int64_t at; /* wall clock, for people */
};
int copy_age(const struct plan_input *in, const struct copy *copy, struct copy_age *ret, struct error *e);

/* Sets `stale`: not usable though it was, or for longer than any copy takes. 0 or a negative errno. */
int copy_find_stale(const struct plan_input *in, struct copy *copy, struct error *e);
