/* SPDX-License-Identifier: MIT */
#include "tests/simulation/inside.h"

#include "reconcile/engine.h"
#include "reconcile/ledger.h"

/* What the linker puts in the place of the real ones, which it keeps as __real_…. */
enum engine_state __real_engine_step(struct engine *engine, usec_t now);
void __real_engine_reply(struct engine *engine, usec_t now, uint64_t id, struct reply *rp);
int __real_engine_new(const struct engine_options *options, const struct engine_host *host, struct ledger *ledger,
                      struct engine **ret);
int __real_ledger_commit(struct ledger *l, struct error *e);
enum engine_state __wrap_engine_step(struct engine *engine, usec_t now);
void __wrap_engine_reply(struct engine *engine, usec_t now, uint64_t id, struct reply *rp);
int __wrap_engine_new(const struct engine_options *options, const struct engine_host *host, struct ledger *ledger,
                      struct engine **ret);
int __wrap_ledger_commit(struct ledger *l, struct error *e);

/* A linker's wrapper has no userdata. */
static bool inside;
static struct engine_host host;

bool inside_engine(void)
{
        return inside;
}

enum engine_state __wrap_engine_step(struct engine *engine, usec_t now)
{
        enum engine_state state;

        inside = true;
        state = __real_engine_step(engine, now);
        inside = false;
        return state;
}

void __wrap_engine_reply(struct engine *engine, usec_t now, uint64_t id, struct reply *rp)
{
        inside = true;
        __real_engine_reply(engine, now, id, rp);
        inside = false;
}

int __wrap_ledger_commit(struct ledger *l, struct error *e)
{
        int r;

        inside = true;
        r = __real_ledger_commit(l, e);
        inside = false;
        return r;
}

static int host_send(void *userdata, size_t account, uint64_t id, const struct request *rq, struct error *e)
{
        int r;

        inside = false;
        r = host.send(userdata, account, id, rq, e);
        inside = true;
        return r;
}

static void host_cancel(void *userdata, size_t account, uint64_t id)
{
        inside = false;
        host.cancel(userdata, account, id);
        inside = true;
}

static int host_commit(void *userdata, struct error *e)
{
        int r;

        inside = false;
        r = host.commit(userdata, e);
        inside = true;
        return r;
}

static void host_event(void *userdata, const struct engine_event *event)
{
        inside = false;
        host.event(userdata, event);
        inside = true;
}

int __wrap_engine_new(const struct engine_options *options, const struct engine_host *real, struct ledger *ledger,
                      struct engine **ret)
{
        const struct engine_host wrapped = {
                .userdata = real->userdata,
                .send = host_send,
                .cancel = host_cancel,
                .commit = host_commit,
                .event = host_event,
                .wall = real->wall,
        };

        host = *real;
        return __real_engine_new(options, &wrapped, ledger, ret);
}
