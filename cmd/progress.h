/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a command shows while it works, on standard error: a line for each event, and how far it is. On a terminal that
 * is one line at the bottom, drawn anew as things move; elsewhere a line now and then, so that the log of a pipeline
 * does not fall silent.
 *
 * The rule: whoever writes to the terminal takes the bottom line away first. The log level decides what is shown: how
 * far it is counts as information.
 */

#include "reconcile/base/log.h"
#include "reconcile/engine.h"
#include "reconcile/io/loop.h"

struct progress {
        struct loop *loop;
        struct engine *engine;       /* NULL: not begun */
        const struct ledger *ledger; /* NULL: it only looks */
        struct loop_timer *timer;
        usec_t started;
        bool terminal;
        bool drawn;         /* the line at the bottom is there */
        struct buf written; /* the last one */
};

/* From here on it is shown how far the engine is. With a ledger: how much is ready, in flight and waited for; without:
 * what is being read. */
int progress_begin(struct progress *p, struct loop *loop, struct engine *engine, const struct ledger *ledger,
                   struct error *e);
void progress_event(struct progress *p, const struct engine_event *event); /* also before the beginning */
void progress_clear(struct progress *p); /* takes the bottom line away until the next event or second */
void progress_done(struct progress *p);  /* for good; it may begin again */
#define _cleanup_progress_ _cleanup_(progress_done)

/* The event as one line without its end, escaped; and how much it matters. */
int progress_event_text(const struct engine_event *event, struct buf *b);
enum log_level progress_event_level(const struct engine_event *event);
