/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The runner drives an engine with the real world: the loop's clock and timers, HTTP, and the ledger's storage.
 *
 * It owns one HTTP client an account, calls the engine when something is due, commits what the engine touched, and tells its
 * caller when the engine's state changes. It also carries requests that commands wrote into the ledger to the engine.
 */

#include "reconcile/engine.h"
#include "reconcile/io/loop.h"

struct runner;

struct runner_options {
        struct engine_options engine;
        usec_t timeout;   /* the run as a whole; 0: none */
        int timeout_code; /* what the loop ends with then */
        bool offline;     /* ENGINE_PLAN out of a snapshot: no secret is read, and nothing can be sent */

        /* Called from the loop whenever the engine's state is another than before, and for every event. Returning a negative
         * errno ends the loop with it. May call the engine's functions and runner_…(). */
        int (*changed)(void *userdata, enum engine_state state);
        void (*event)(void *userdata, const struct engine_event *event);
        void *userdata;
};

/* `loop`, `ledger` and the estates stay the caller's. */
int runner_new(struct loop *loop, struct ledger *ledger, const struct runner_options *options, struct runner **ret,
               struct error *e);
struct runner *runner_free(struct runner *r);
DEFINE_CLEANUP(struct runner *, runner_free)

struct engine *runner_engine(struct runner *r);

/* Gives the engine these specs and makes a client for every account. Secrets are read from the environment and the files that the
 * specs name; -EINVAL: one cannot be read, with the words and the position. */
int runner_set_estate(struct runner *r, const struct estate *estate, struct error *e);

/* Lets the engine do what is due, soon. To be called after anything was done to it from outside. */
void runner_wake(struct runner *r);

/* Nothing new starts; the loop ends with `code` when what is in flight has ended, or after 20 s with it recorded as unknown. A
 * second call ends at once. */
void runner_stop(struct runner *r, int code);

bool runner_timed_out(const struct runner *r);
