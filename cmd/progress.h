/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What apply shows while it works, on standard error: a line for each event, and on a terminal one more below them
 * that is drawn anew as things move.
 */

#include "reconcile/engine.h"
#include "reconcile/io/loop.h"

struct progress {
        struct loop *loop;
        struct engine *engine; /* NULL: not begun */
        struct loop_timer *timer;
        usec_t started;
        bool terminal;
        bool drawn; /* the line at the bottom is there */
};

/* From here on the bottom line is drawn. */
int progress_begin(struct progress *p, struct loop *loop, struct engine *engine, struct error *e);
void progress_event(struct progress *p, const struct engine_event *event); /* also before the beginning */
void progress_done(struct progress *p);                                    /* takes the bottom line away */
#define _cleanup_progress_ _cleanup_(progress_done)

/* The event as one line without its end, escaped. */
int progress_event_text(const struct engine_event *event, struct buf *b);
