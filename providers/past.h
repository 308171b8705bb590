/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a simulated service answered when it was last asked, so that it can answer the same again when that is no longer true.
 *
 * The rule: bounded. The questions that were asked longest ago are forgotten first, and long answers are not kept.
 */

#include "reconcile/base/wire.h"

#define PAST_MAX 256            /* questions */
#define PAST_BODY_MAX (4 << 20) /* bytes of an answer */

struct past {
        struct past_answer {
                char *question; /* NULL: free */
                struct reply reply;
        } answers[PAST_MAX];
        size_t next; /* to be forgotten */
};

void past_done(struct past *p); /* and it knows nothing, and is usable again */

/* A copy of the last answer to the same question. 1; 0: none is known; -ENOMEM. */
int past_find(const struct past *p, const struct request *rq, struct reply *ret);

int past_keep(struct past *p, const struct request *rq, const struct reply *rp); /* copies both; 0 or -ENOMEM */
