/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Whole looks of a codec, whose requests the test answers.
 */

#include "reconcile/provider.h"

struct looking {
        const struct provider *codec;
        const struct account_config *account;
        bool backwards; /* what is asked for at once is answered last first */

        /* One answer: what the codec's saw() said of it. */
        int (*answer)(void *userdata, const struct request *rq, struct observation *obs, struct request_list *further,
                      struct error *e);
        void *userdata;
};

/* Answers all that is asked for, and what the answers make the codec ask for. */
int looking_answer(const struct looking *l, struct request_list *asked, struct observation *obs, struct error *e);

/* From the first question to the last. 0 and a complete observation, or what the codec says against it. */
int looking_end(const struct looking *l, const struct scope *scope, struct observation **ret);
