/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/output.h"
#include "cmd/resolve.h"
#include "cmd/screen.h"
#include "cmd/status_read.h"
#include "reconcile/base/text.h"

#define POLL (500 * USEC_PER_MSEC)
#define POLL_SHARE 10 /* reading a very large ledger takes at most this part of the time */

/* Keeps the rows of the resource that was named, or of everything on a provider. */
static void filter(struct status *s)
{
        const char *provider = text_starts(s->resource, "Provider/") ? strchr(s->resource, '/') + 1 : NULL;
        size_t kept = 0;

        for (size_t i = 0; i < s->n; i++)
                if (provider ? text_equal(s->rows[i].provider, provider) : text_equal(s->rows[i].resource, s->resource))
                        s->rows[kept++] = s->rows[i];
        s->n = kept;
}

static int find(struct context *c, struct status *s, struct error *e)
{
        _cleanup_names_ struct names names = { 0 };
        const char *slot;
        int r;

        r = c->estate ? names_add_estate(&names, c->estate, e) : 0;
        if (r >= 0)
                r = names_add_ledger(&names, c->ledger, e);
        if (r >= 0)
                r = names_find(&names, c->options->arguments[0], &s->resource, &slot, e);
        if (r >= 0 && slot)
                r = machines_pick(c->ledger, s->resource, slot, &s->machines, e);
        if (r < 0)
                return r;

        s->one = slot;
        if (slot && s->machines.n == 0)
                return error_set(e, -ENOENT, "%s has no machine %s: 'muster list %s' shows those that it has",
                                 s->resource, slot, s->resource);

        filter(s);
        return 0;
}

/* Opens the ledger anew and reads what is asked for. Its strings are the ledger's. */
static int take(struct context *c, struct status *ret, struct error *e)
{
        _cleanup_status_ struct status s = { 0 };
        int r;

        r = context_open_ledger(c, LEDGER_READ, e);
        if (r >= 0)
                r = status_read(c->ledger, &s, e);
        if (r >= 0 && c->options->n_arguments > 0)
                r = find(c, &s, e);
        if (r < 0)
                return r;

        *ret = s;
        s = (struct status){ 0 };
        return 0;
}

static int print(const struct status *s, enum output output)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;
        int r;

        if (output == OUTPUT_JSON) {
                json = status_json(s);
                return output_json(json, EXIT_DONE);
        }

        r = status_text(s, wall_now(), &b);
        if (r < 0)
                b.failed = r;
        return output_text(&b, EXIT_DONE);
}

/* --watch: the ledger's files tell by their times whether it is worth reading. */
struct stamp {
        struct {
                ino_t inode;
                off_t size;
                struct timespec time;
        } files[2];
};

struct watching {
        struct context *c;
        struct loop_timer *timer;
        struct loop_fd *reader; /* tells that nobody reads any more, where that can be told */
        struct status status;
        struct stamp stamp;
        bool draws; /* on a terminal, in one place */
        bool taken, drawn;
        char *shown; /* what was printed last */
        struct error error;
};

static void watching_done(struct watching *w)
{
        w->timer = loop_timer_free(w->timer);
        w->reader = loop_fd_free(w->reader);
        status_done(&w->status);
        free(w->shown);
}

static struct stamp take_stamp(const char *state)
{
        static const char *const endings[] = { "", "-wal" };
        struct stamp stamp;

        memset(&stamp, 0, sizeof(stamp)); /* with what lies between the members: it is compared by its bytes */
        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                char path[4096];
                struct stat st;

                (void)snprintf(path, sizeof(path), "%s%s", state, endings[i]);
                if (stat(path, &st) < 0)
                        continue;
                stamp.files[i].inode = st.st_ino;
                stamp.files[i].size = st.st_size;
                stamp.files[i].time.tv_sec = st.st_mtim.tv_sec;
                stamp.files[i].time.tv_nsec = st.st_mtim.tv_nsec;
        }

        return stamp;
}

static int take_again(struct watching *w)
{
        struct stamp stamp = take_stamp(w->c->state);
        int r;

        if (w->taken && memcmp(&stamp, &w->stamp, sizeof(stamp)) == 0)
                return 0;

        status_done(&w->status);
        r = take(w->c, &w->status, &w->error);
        w->stamp = stamp;
        w->taken = r >= 0;
        return r;
}

/* Whatever is the same but for the ages in it is no change. */
static char *content(const struct status *s)
{
        _cleanup_json_ json_t *json = status_json(s);

        return json_to_text(json, JSON_COMPACT);
}

/* A terminal shows it in one place, ages and all. */
static int add_drawing(struct watching *w, struct buf *b)
{
        _cleanup_buf_ struct buf text = BUF_INIT(OUTPUT_MAX);
        int r;

        r = status_text(&w->status, wall_now(), &text);
        if (r < 0 || text_equal(w->shown, buf_text(&text)))
                return r;

        r = screen_draw(buf_text(&text), screen_size(STDOUT_FILENO), !w->drawn, b);
        free(w->shown);
        w->shown = buf_steal(&text);
        w->drawn = true;
        return r < 0 || w->shown ? r : -ENOMEM;
}

/* Anything else gets a block for each change. */
static int add_block(struct watching *w, struct buf *b)
{
        _cleanup_free_ char *now = content(&w->status);
        _cleanup_json_ json_t *json = NULL;
        char time[UNITS_TEXT_MAX];
        int r;

        if (!now)
                return -ENOMEM;
        if (text_equal(w->shown, now))
                return 0;

        if (w->c->options->output == OUTPUT_JSON) {
                json = status_json(&w->status);
                r = output_json_to(json, b);
        } else {
                (void)buf_addf(b, "%s%s\n", w->shown ? "\n" : "", time_text(wall_now(), time));
                r = status_text(&w->status, wall_now(), b);
        }
        free(w->shown);
        w->shown = STEAL(now);
        return r;
}

static int show(struct watching *w)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        int r;

        r = w->draws ? add_drawing(w, &b) : add_block(w, &b);
        if (r < 0)
                return error_oom(&w->error);

        r = output_write(&b);
        if (r == -EPIPE) {
                loop_exit(w->c->loop, EXIT_DONE);
                return 0;
        }

        return r < 0 ? error_set(&w->error, r, "cannot write the status to standard output: %s", strerror(-r)) : 0;
}

static int on_timer(void *userdata)
{
        struct watching *w = userdata;
        usec_t began = loop_now(w->c->loop), took;
        int r;

        r = take_again(w);
        if (r >= 0)
                r = show(w);
        if (r < 0)
                return r;

        took = usec_since(loop_now(w->c->loop), began);
        return loop_timer_set(w->timer, usec_add(began, usec_max(POLL, POLL_SHARE * took)));
}

static int on_signal(void *userdata, _unused_ int signal)
{
        struct watching *w = userdata;

        loop_exit(w->c->loop, EXIT_DONE);
        return 0;
}

static int on_reader_gone(void *userdata, _unused_ int fd, _unused_ uint32_t revents)
{
        return on_signal(userdata, SIGPIPE);
}

static int start(struct watching *w, struct error *e)
{
        int r;

        r = loop_new(&w->c->loop, e);
        if (r >= 0)
                r = loop_signal(w->c->loop, SIGINT, on_signal, w, e);
        if (r >= 0)
                r = loop_signal(w->c->loop, SIGTERM, on_signal, w, e);
        if (r >= 0)
                r = loop_timer_new(w->c->loop, on_timer, w, &w->timer, e);
        if (r < 0)
                return r;

        /* What cannot be waited for, a file, has no reader that could go. */
        (void)loop_fd_new(w->c->loop, STDOUT_FILENO, EPOLLERR, on_reader_gone, w, &w->reader, NULL);
        return loop_timer_set(w->timer, loop_now(w->c->loop));
}

static int watch(struct context *c)
{
        _cleanup_(watching_done) struct watching w = {
                .c = c,
                .draws = c->options->output == OUTPUT_TEXT && screen_possible(STDOUT_FILENO),
        };
        struct error e;
        int r;

        r = start(&w, &e);
        if (r >= 0)
                r = loop_run(c->loop, &e);
        if (r < 0)
                return command_failed(*w.error.text ? &w.error : &e);

        return r;
}

static int run(const struct options *o)
{
        _cleanup_context_ struct context c = { 0 };
        _cleanup_status_ struct status s = { 0 };
        struct error e;
        int r;

        if (o->n_arguments > 0 && names_check(o->arguments[0], &e) < 0)
                return command_usage(o->command, &e);

        r = context_init(&c, o, &e);
        if (r >= 0 && o->given & TAKES(OPTION_SPECS))
                r = context_read_specs(&c, &e);
        if (r >= 0)
                r = context_require_ledger(&c, &e);
        if (r >= 0)
                r = take(&c, &s, &e);
        if (r < 0)
                return command_failed(&e);

        return o->watch ? watch(&c) : print(&s, o->output);
}

const struct command command_status = {
        .name = "status",
        .arguments = "[RESOURCE]",
        .summary = "show what is known: converged, progressing, blocked, failed, and why",
        .text = "Prints what the agent or the last apply wrote into the ledger of each resource; of a machine's name, "
                "that of its set and the machine. It asks no provider and may run at any time, beside an agent too. "
                "With --watch it goes on until Ctrl-C: a terminal shows it in one place, anything else gets a block "
                "for each change.",
        .examples = "  muster status\n"
                    "  muster status MachineSet/web\n"
                    "  muster status web-3\n"
                    "  muster status --watch\n"
                    "  muster status -o json | jq '.resources[] | select(.phase != \"converged\")'\n",
        .exits = "  0  printed; with --watch: ended by Ctrl-C\n"
                 "  1  there is no ledger, or no such resource\n",
        .options = TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_WATCH),
        .most = 1,
        .run = run,
};
