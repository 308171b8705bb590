/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "reconcile/io/loop.h"

/* How late a timer may fire so that the machine wakes once for several. */
#define TIMER_ACCURACY 1 /* µs; the default of 250 ms, and even 1 ms, would hold up whatever is due at once */

struct loop_signal {
        struct loop *loop;
        loop_signal_fn fn;
        void *userdata;
        sd_event_source *source;
        struct loop_signal *next;
};

struct loop {
        sd_event *event;
        struct loop_signal *signals;

        int (*before_wait)(void *userdata);
        void *before_wait_userdata;
        sd_event_source *before_wait_source;
        sd_event_source *first_turn;

        bool exiting;
        int exit_code;
};

struct loop_timer {
        struct loop *loop;
        loop_timer_fn fn;
        void *userdata;
        sd_event_source *source;
};

struct loop_fd {
        struct loop *loop;
        loop_fd_fn fn;
        void *userdata;
        sd_event_source *source;
};

int loop_new(struct loop **ret, struct error *e)
{
        _cleanup_(loop_free_p) struct loop *loop = NULL;
        int r;

        loop = calloc(1, sizeof(*loop));
        if (!loop)
                return error_oom(e);

        r = sd_event_new(&loop->event);
        if (r < 0)
                return error_set(e, r, "cannot make an event loop: %s", strerror(-r));

        *ret = STEAL(loop);
        return 0;
}

struct loop *loop_free(struct loop *loop)
{
        if (!loop)
                return NULL;

        while (loop->signals) {
                struct loop_signal *s = loop->signals;

                loop->signals = s->next;
                sd_event_source_disable_unref(s->source);
                free(s);
        }
        sd_event_source_disable_unref(loop->first_turn);
        sd_event_source_disable_unref(loop->before_wait_source);
        sd_event_unref(loop->event);
        free(loop);

        return NULL;
}

/* The loop is turned by hand, not by sd_event_loop(), so that it can be run again after it ended. */
int loop_run(struct loop *loop, struct error *e)
{
        int r;

        while (!loop->exiting) {
                r = sd_event_run(loop->event, USEC_INFINITY);
                if (r < 0)
                        return error_set(e, r, "the event loop failed: %s", strerror(-r));
        }
        loop->exiting = false;

        if (loop->exit_code < 0)
                return error_set(e, loop->exit_code, "the event loop ended: %s", strerror(-loop->exit_code));
        return loop->exit_code;
}

void loop_exit(struct loop *loop, int code)
{
        loop->exiting = true;
        loop->exit_code = code;
}

/* What a callback returned: a failure ends the loop. The source stays as it is, sd-event must not disable it. */
static int ran(struct loop *loop, int r)
{
        if (r < 0)
                loop_exit(loop, r);

        return 0;
}

usec_t loop_now(_unused_ struct loop *loop)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

int64_t wall_now(void)
{
        return (int64_t)time(NULL);
}

static int on_timer(_unused_ sd_event_source *source, _unused_ uint64_t at, void *userdata)
{
        struct loop_timer *t = userdata;
        struct loop *loop = t->loop; /* the callback may free the timer */

        return ran(loop, t->fn(t->userdata));
}

int loop_timer_new(struct loop *loop, loop_timer_fn fn, void *userdata, struct loop_timer **ret, struct error *e)
{
        _cleanup_(loop_timer_free_p) struct loop_timer *t = NULL;
        int r;

        t = calloc(1, sizeof(*t));
        if (!t)
                return error_oom(e);
        *t = (struct loop_timer){ .loop = loop, .fn = fn, .userdata = userdata };

        r = sd_event_add_time(loop->event, &t->source, CLOCK_BOOTTIME, USEC_INFINITY, TIMER_ACCURACY, on_timer, t);
        if (r >= 0)
                r = sd_event_source_set_enabled(t->source, SD_EVENT_OFF);
        if (r < 0)
                return error_set(e, r, "cannot make a timer: %s", strerror(-r));

        *ret = STEAL(t);
        return 0;
}

struct loop_timer *loop_timer_free(struct loop_timer *t)
{
        if (!t)
                return NULL;

        sd_event_source_disable_unref(t->source);
        free(t);
        return NULL;
}

int loop_timer_set(struct loop_timer *t, usec_t at)
{
        int r;

        if (at == USEC_INFINITY)
                return sd_event_source_set_enabled(t->source, SD_EVENT_OFF);

        r = sd_event_source_set_time(t->source, at);
        if (r < 0)
                return r;

        return sd_event_source_set_enabled(t->source, SD_EVENT_ONESHOT);
}

static int on_fd(_unused_ sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct loop_fd *f = userdata;
        struct loop *loop = f->loop; /* the callback may free the watch */

        return ran(loop, f->fn(f->userdata, fd, revents));
}

int loop_fd_new(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *userdata, struct loop_fd **ret,
                struct error *e)
{
        _cleanup_(loop_fd_free_p) struct loop_fd *f = NULL;
        int r;

        f = calloc(1, sizeof(*f));
        if (!f)
                return error_oom(e);
        *f = (struct loop_fd){ .loop = loop, .fn = fn, .userdata = userdata };

        r = sd_event_add_io(loop->event, &f->source, fd, events, on_fd, f);
        if (r < 0)
                return error_set(e, r, "cannot watch a descriptor: %s", strerror(-r));

        *ret = STEAL(f);
        return 0;
}

struct loop_fd *loop_fd_free(struct loop_fd *f)
{
        if (!f)
                return NULL;

        sd_event_source_disable_unref(f->source);
        free(f);
        return NULL;
}

int loop_fd_events(struct loop_fd *f, uint32_t events)
{
        return sd_event_source_set_io_events(f->source, events);
}

static int on_signal(_unused_ sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
        struct loop_signal *s = userdata;

        return ran(s->loop, s->fn(s->userdata, (int)info->ssi_signo));
}

/* A signal goes before whatever else is due: a busy loop can still be stopped. */
int loop_signal(struct loop *loop, int signal, loop_signal_fn fn, void *userdata, struct error *e)
{
        _cleanup_free_ struct loop_signal *s = NULL;
        sigset_t set;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return error_oom(e);
        *s = (struct loop_signal){ .loop = loop, .fn = fn, .userdata = userdata, .next = loop->signals };

        r = sigemptyset(&set) < 0 || sigaddset(&set, signal) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
        if (r == 0)
                r = sd_event_add_signal(loop->event, &s->source, signal, on_signal, s);
        if (r >= 0)
                r = sd_event_source_set_priority(s->source, SD_EVENT_PRIORITY_IMPORTANT);
        if (r < 0) {
                sd_event_source_disable_unref(s->source);
                return error_set(e, r, "cannot watch signal %d: %s", signal, strerror(-r));
        }

        loop->signals = STEAL(s);
        return 0;
}

static int on_before_wait(_unused_ sd_event_source *source, void *userdata)
{
        struct loop *loop = userdata;

        return ran(loop, loop->before_wait(loop->before_wait_userdata));
}

/* That it ran is all that is wanted: it makes the first wait come after some event, as every other one does. */
static int on_first_turn(_unused_ sd_event_source *source, _unused_ void *userdata)
{
        return 0;
}

static void drop_before_wait(struct loop *loop)
{
        loop->first_turn = sd_event_source_disable_unref(loop->first_turn);
        loop->before_wait_source = sd_event_source_disable_unref(loop->before_wait_source);
        loop->before_wait = NULL;
        loop->before_wait_userdata = NULL;
}

int loop_before_wait(struct loop *loop, int (*fn)(void *userdata), void *userdata, struct error *e)
{
        int r;

        if (!fn) {
                if (loop->before_wait_userdata == userdata)
                        drop_before_wait(loop);
                return 0;
        }
        if (loop->before_wait)
                return error_set(e, -EBUSY, "the loop has work to do before it waits already");

        /* A post source is due after any event; at idle priority it runs when nothing else is. */
        r = sd_event_add_post(loop->event, &loop->before_wait_source, on_before_wait, loop);
        if (r >= 0)
                r = sd_event_source_set_priority(loop->before_wait_source, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_add_defer(loop->event, &loop->first_turn, on_first_turn, NULL);
        if (r < 0) {
                loop->before_wait_source = sd_event_source_disable_unref(loop->before_wait_source);
                return error_set(e, r, "cannot arrange work before the loop waits: %s", strerror(-r));
        }

        loop->before_wait = fn;
        loop->before_wait_userdata = userdata;
        return 0;
}

void loop_notify(const char *state)
{
        (void)sd_notify(0, state);
}

int loop_watchdog(struct loop *loop, struct error *e)
{
        int r;

        r = sd_event_set_watchdog(loop->event, true);
        if (r < 0)
                return error_set(e, r, "cannot answer the service manager's watchdog: %s", strerror(-r));

        return 0;
}
