/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The event loop: sd-event behind the few calls that muster needs. One thread, one loop; only io/ includes sd-event.
 *
 * Times are on the boot clock. Callbacks return 0, or a negative errno that ends loop_run() with it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reconcile/base/error.h"
#include "reconcile/base/usec.h"

struct loop;
struct loop_timer;
struct loop_fd;

int loop_new(struct loop **ret, struct error *e);
struct loop *loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free)

int loop_run(struct loop *loop, struct error *e); /* until loop_exit(): its code; or a negative errno */
void loop_exit(struct loop *loop, int code);
usec_t loop_now(struct loop *loop); /* the boot clock, read afresh */
int64_t wall_now(void);             /* seconds since 1970, for people */

/* A timer that is off until it is set. It fires once for each setting. */
typedef int (*loop_timer_fn)(void *userdata);
int loop_timer_new(struct loop *loop, loop_timer_fn fn, void *userdata, struct loop_timer **ret, struct error *e);
struct loop_timer *loop_timer_free(struct loop_timer *t);
DEFINE_CLEANUP(struct loop_timer *, loop_timer_free)
int loop_timer_set(struct loop_timer *t, usec_t at); /* USEC_INFINITY: off */

/* `events` and `revents` are EPOLLIN, EPOLLOUT, … */
typedef int (*loop_fd_fn)(void *userdata, int fd, uint32_t revents);
int loop_fd_new(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *userdata, struct loop_fd **ret,
                struct error *e);
struct loop_fd *loop_fd_free(struct loop_fd *f); /* does not close the descriptor */
DEFINE_CLEANUP(struct loop_fd *, loop_fd_free)
int loop_fd_events(struct loop_fd *f, uint32_t events);

/* Blocks the signal for the process and calls `fn` for each delivery. Lives as long as the loop. */
typedef int (*loop_signal_fn)(void *userdata, int signal);
int loop_signal(struct loop *loop, int signal, loop_signal_fn fn, void *userdata, struct error *e);

/* Calls `fn` once each time the loop is about to wait: where work that events made due is done. At most one at a time
 * (-EBUSY). `fn` NULL takes away what was arranged for this `userdata`, if anything. */
int loop_before_wait(struct loop *loop, int (*fn)(void *userdata), void *userdata, struct error *e);

/* sd_notify(): READY=1, STATUS=…, STOPPING=1; nothing where $NOTIFY_SOCKET is not set. loop_watchdog() answers the
 * service manager's watchdog, when it asks for one, for as long as the loop turns. */
void loop_notify(const char *state);
int loop_watchdog(struct loop *loop, struct error *e);
