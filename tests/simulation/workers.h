/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Many seeds on many processors: each worker is a process that takes the next seed as long as there is one.
 *
 * The rule: seeds are begun in their order, and what was begun is brought to its end, so that a run that was stopped goes on at the first
 * seed that was not begun.
 */

#include <stdbool.h>
#include <stdint.h>

#include "reconcile/base/buf.h"

struct workers_options {
        uint64_t first, seeds;
        uint64_t failures_most; /* then no more are begun */
        unsigned jobs;          /* 1: this process, and no other */
        bool progress;          /* told on standard error */
        /* True: it is as it should be. What is to be said of it goes to `words`. */
        bool (*run)(void *userdata, uint64_t seed, struct buf *words);
        void *userdata;
};

struct workers_result {
        uint64_t done, failed;
        bool stopped; /* by SIGINT or SIGTERM */
};

/* -ENOMEM; -EAGAIN: no more processes. */
int workers_run(const struct workers_options *options, struct workers_result *ret);
