/* SPDX-License-Identifier: MIT */
#include "cmd/look.h"

#include <errno.h>

#include "cmd/progress.h"

static int changed(void *userdata, enum engine_state state)
{
        struct context *c = userdata;

        if (state != ENGINE_RUNNING)
                loop_exit(c->loop, 0);

        return 0;
}

/* What a look finds is in its plan. */
static void event(_unused_ void *userdata, _unused_ const struct engine_event *event)
{
}

int look_once(struct context *c, struct snapshot *shown, struct error *e)
{
        _cleanup_progress_ struct progress progress = { 0 };
        struct runner_options options = {
                .engine = { .mode = ENGINE_PLAN },
                .offline = shown,
                .changed = changed,
                .event = event,
                .userdata = c,
        };
        _cleanup_(snapshot_note_done) struct snapshot_note note = { 0 };
        const char *path = c->options->save_snapshot;
        int r;

        r = loop_new(&c->loop, e);
        if (r >= 0 && path)
                r = snapshot_note(c->ledger, loop_now(c->loop), wall_now(), &note, e);
        if (r >= 0)
                r = context_start(c, &options, e);
        if (r >= 0 && shown)
                r = snapshot_show(shown, runner_engine(c->runner), e);
        if (r >= 0)
                r = progress_begin(&progress, c->loop, runner_engine(c->runner), NULL, e);
        if (r >= 0)
                r = loop_run(c->loop, e);
        if (r >= 0 && engine_error(runner_engine(c->runner))->text[0])
                r = error_set(e, -ENOMEM, "%s", engine_error(runner_engine(c->runner))->text);
        if (r >= 0 && path)
                r = snapshot_write(path, &note, c->estate, runner_engine(c->runner), e);

        return r;
}

static size_t count_readable(const struct engine *engine)
{
        size_t n = 0;

        for (size_t i = 0; i < engine_n_accounts(engine); i++) {
                struct account_view view;

                engine_account(engine, i, &view);
                n += view.readable;
        }

        return n;
}

bool all_readable(const struct engine *engine)
{
        return count_readable(engine) == engine_n_accounts(engine);
}

bool any_readable(const struct engine *engine)
{
        return count_readable(engine) > 0;
}
