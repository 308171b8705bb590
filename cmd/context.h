/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a command works with: the specs, the ledger, the lock, and the loop with a runner on it.
 *
 * The rule: specs and ledger of different estates never meet, and whoever acts holds the lock.
 */

#include "cmd/options.h"
#include "cmd/plan_saved.h"
#include "cmd/selection.h"
#include "reconcile/ledger.h"
#include "reconcile/runner.h"

struct context {
        const struct options *options;
        char *state; /* path of the ledger */
        struct estate *estate;
        struct selection selection;        /* what is planned of it; everything unless context_select() was called */
        const struct saved_plan *approved; /* nothing else is done; NULL: no such limit */
        struct ledger_lock *lock;
        struct ledger *ledger;
        struct loop *loop;
        struct runner *runner;
};

/* Finds the path of the ledger. Every function here that takes a struct error writes its words there and returns 0
 * or a negative errno. */
int context_init(struct context *c, const struct options *o, struct error *e);
void context_done(struct context *c);
#define _cleanup_context_ _cleanup_(context_done)

int context_read_specs(struct context *c, struct error *e);

/* Takes what --selector and --target say. */
int context_select(struct context *c, struct error *e);

/* Is there a ledger? -ENOENT: none, and the words name `init`. */
int context_require_ledger(const struct context *c, struct error *e);

/* -EBUSY: somebody else acts on this ledger. */
int context_lock(struct context *c, struct error *e);

/* Opens the ledger; when the specs are there they must be of the same estate. */
int context_open_ledger(struct context *c, enum ledger_mode mode, struct error *e);
int context_check_estate(const struct context *c, const struct estate *estate, struct error *e);

/* For looking only: where there is no ledger an empty one, by which nothing is muster's. */
int context_read_ledger(struct context *c, struct error *e);

/* A Provider that the ledger owns things of and these specs do not name, with the words in `e`; NULL: none. */
const char *context_lost_provider(const struct context *c, const struct estate *estate, struct error *e);

/* Makes the loop, and on it a runner with the specs and `options`; its engine options but the mode and the
 * interval are filled in here. The context must stay where it is. */
int context_start(struct context *c, struct runner_options *options, struct error *e);
