/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "cmd/command.h"
#include "cmd/context.h"
#include "cmd/output.h"
#include "cmd/progress.h"
#include "cmd/resolve.h"
#include "reconcile/base/log.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

/*
 * adopt, forget, retry, pause, resume, accept-loss: deeds for whoever holds the lock. Each is written into the ledger
 * as a request first; then an agent or apply that runs carries it out, or this command takes the lock and does it
 * itself. So nobody has to stop the agent, and there is one way to do each deed.
 */

#define TIMEOUT_DEFAULT (2 * USEC_PER_MINUTE)
#define POLL (200 * USEC_PER_MSEC)
#define ANSWER_MAX ((size_t)1 << 16)

struct asking {
        struct context c;
        struct names names;
        struct ledger_request request;
        int64_t seq;
        bool broken; /* the ledger could not be written */
        bool ok;
        struct buf answer;
};

static void asking_done(struct asking *a)
{
        names_done(&a->names);
        buf_done(&a->answer);
        context_done(&a->c);
}

static int on_changed(void *userdata, enum engine_state state)
{
        struct asking *a = userdata;

        a->broken = state == ENGINE_BROKEN;
        if (a->broken)
                loop_exit(a->c.loop, 0);

        return 0;
}

static void on_event(_unused_ void *userdata, const struct engine_event *event)
{
        _cleanup_buf_ struct buf line = BUF_INIT(ANSWER_MAX);

        if (progress_event_text(event, &line) >= 0)
                log_info("%s", buf_text(&line));
}

/* The lock is ours: looks at the providers and carries out what was asked. */
static int carry_out(struct asking *a, struct error *e)
{
        const struct options *o = a->c.options;
        struct runner_options options = {
                .engine = { .mode = ENGINE_ANSWER },
                .timeout = o->timeout > 0 ? o->timeout : TIMEOUT_DEFAULT,
                .changed = on_changed,
                .event = on_event,
                .userdata = a,
        };
        int r;

        r = context_open_ledger(&a->c, LEDGER_WRITE, e);
        if (r >= 0)
                r = context_start(&a->c, &options, e);
        if (r >= 0)
                r = loop_run(a->c.loop, e);
        if (r >= 0 && a->broken)
                return error_set(e, -EIO, "%s", engine_error(runner_engine(a->c.runner))->text);
        if (r >= 0)
                r = ledger_answer_of(a->c.state, a->seq, &a->ok, &a->answer, e);

        if (r != 0)
                return r;

        return error_set(e, -EAGAIN,
                         "the provider could not be asked in time, and nothing was recorded: run it again, or give it "
                         "longer with --timeout");
}

/* Waits for the holder's answer, and takes over when the holder is gone. */
static int wait_for_answer(struct asking *a, struct error *e)
{
        const struct options *o = a->c.options;
        usec_t left = o->timeout > 0 ? o->timeout : TIMEOUT_DEFAULT;
        const struct timespec pause = { .tv_nsec = (long)POLL * 1000 };
        struct error busy;
        bool told = false;

        for (;;) {
                int r;

                r = ledger_answer_of(a->c.state, a->seq, &a->ok, &a->answer, e);
                if (r != 0)
                        return r;

                r = context_lock(&a->c, &busy);
                if (r >= 0)
                        return carry_out(a, e);
                if (r != -EBUSY)
                        return error_set(e, r, "%s", busy.text);
                if (!told)
                        log_info("%s: it was asked, and answers soon", busy.text);
                told = true;

                if (left < POLL)
                        return error_set(
                                e, -ETIMEDOUT,
                                "no answer in time (%s); the request stays in the ledger and is carried out when it "
                                "can be",
                                busy.text);
                left -= POLL;
                (void)nanosleep(&pause, NULL);
        }
}

/* The answer's lines, each escaped by itself. */
static int print_answer(const struct asking *a)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_free_ char *text = strdup(buf_text(&a->answer));
        char *rest = text, *line;

        while ((line = strsep(&rest, "\n"))) {
                if (!a->ok) {
                        log_error("%s", line);
                        continue;
                }
                (void)text_escape(&b, line, ANSWER_MAX);
                (void)buf_addc(&b, '\n');
        }

        return a->ok ? output_text(&b, EXIT_DONE) : EXIT_ERROR;
}

/* Reads specs and ledger, and all names in them. */
static int prepare(struct asking *a, const struct options *o, struct error *e)
{
        int r;

        a->answer = BUF_INIT(ANSWER_MAX);
        r = context_init(&a->c, o, e);
        if (r >= 0)
                r = context_read_specs(&a->c, e);
        if (r >= 0)
                r = context_require_ledger(&a->c, e);
        if (r >= 0)
                r = context_open_ledger(&a->c, LEDGER_READ, e);
        if (r >= 0)
                r = names_add_estate(&a->names, a->c.estate, e);
        if (r >= 0)
                r = names_add_ledger(&a->names, a->c.ledger, e);

        return r;
}

/* Which machine or set is meant, or what else there is to be owned. */
static int find_owned(struct asking *a, const char *typed, struct error *e)
{
        const char *resource, *slot;
        const struct kind *kind;
        int r;

        r = names_find(&a->names, typed, &resource, &slot, e);
        if (r < 0)
                return r;
        kind = kind_of(resource);
        if (kind && !kind->provider_offset)
                return error_set(e, -EINVAL, "%s has no machines of its own: name a MachineSet or a machine", resource);

        a->request.resource = resource;
        a->request.slot = slot ? slot : "";
        return 0;
}

/* Pausing is of whole resources: the plan is made, and held, for all of one at a time. */
static int find_whole(struct asking *a, const char *typed, struct error *e)
{
        const char *resource, *slot;
        int r;

        r = names_find(&a->names, typed, &resource, &slot, e);
        if (r < 0)
                return r;
        if (slot)
                return error_set(e, -EINVAL,
                                 "a machine is not paused by itself: pause %s, or write %s into the hold of its spec",
                                 resource, slot);

        a->request.resource = resource;
        return 0;
}

static int find_provider(struct asking *a, const char *typed, struct error *e)
{
        const char *name = text_starts(typed, "Provider/") ? typed + sizeof("Provider/") - 1 : typed;
        _cleanup_free_ const char **all = NULL;
        const char *nearest;
        size_t n = 0;

        if (estate_find(a->c.estate, &kind_provider, name)) {
                a->request.account = name;
                return 0;
        }

        all = calloc(a->c.estate->n_resources + 1, sizeof(*all));
        if (!all)
                return error_oom(e);
        for (size_t i = 0; i < a->c.estate->n_resources; i++)
                if (a->c.estate->resources[i]->kind == &kind_provider)
                        all[n++] = a->c.estate->resources[i]->name;

        nearest = text_nearest(name, all, n);
        if (nearest)
                return error_set(e, -ENOENT, "there is no provider '%s' (did you mean '%s'?)", typed, nearest);
        return error_set(e, -ENOENT, "there is no provider '%s' in the specs", typed);
}

static int send_request(struct asking *a, struct error *e)
{
        int r;

        r = ledger_ask(a->c.state, &a->request, &a->seq, e);

        return r < 0 ? r : wait_for_answer(a, e);
}

static int find(struct asking *a, const char *typed, struct error *e)
{
        switch (a->request.verb) {
        case REQUEST_ACCEPT_LOSS:
                return find_provider(a, typed, e);
        case REQUEST_PAUSE:
        case REQUEST_RESUME:
                return find_whole(a, typed, e);
        case REQUEST_ADOPT:
        case REQUEST_FORGET:
        case REQUEST_RETRY:
        case REQUEST_APPLY: /* of no machine: handover.c writes it */
                break;
        }

        return find_owned(a, typed, e);
}

/* Which one is to be forgotten: when that is carried out, another may have its name. Where an account that the spec does not name any more has one of
 * that name, too, it is the spec's. "" where it has no id, or many are meant. */
static const char *id_of_slot(const struct asking *a)
{
        const struct resource *resource = estate_find_text(a->c.estate, a->request.resource);
        const struct resource *provider = resource ? resource_provider(resource) : NULL;
        const struct ledger *ledger = a->c.ledger;
        const char *id = "";

        for (size_t i = 0; *a->request.slot && i < ledger->n_things; i++) {
                const struct thing *t = ledger->things[i];

                if (t->state == THING_GONE || !text_equal(t->resource, a->request.resource) ||
                    !text_equal(t->slot, a->request.slot))
                        continue;
                if (provider && text_equal(t->account, provider->name))
                        return t->id;
                id = *id ? id : t->id;
        }
        return id;
}

static int run_request(const struct options *o, enum request_verb verb)
{
        _cleanup_(asking_done) struct asking a = {
                .request = {
                        .verb = verb,
                        .account = "",
                        .resource = "",
                        .slot = "",
                        .id = "",
                        .reason = o->reason ? o->reason : "",
                },
        };
        struct error e;
        int r;

        r = prepare(&a, o, &e);
        if (r < 0)
                return command_failed(&e);

        r = find(&a, o->arguments[0], &e);
        if (r >= 0 && o->n_arguments > 1)
                a.request.id = o->arguments[1];
        if (r >= 0 && *a.request.id && *a.request.slot == '\0' && kind_of(a.request.resource) == &kind_machine_set)
                r = error_set(&e, -EINVAL, "an id belongs to one machine: write its name, not that of the whole %s",
                              a.request.resource);
        if (r == -EINVAL)
                return command_usage(o->command, &e);

        if (r >= 0 && verb == REQUEST_FORGET)
                a.request.id = id_of_slot(&a);
        if (r >= 0)
                r = send_request(&a, &e);
        return r < 0 ? command_failed(&e) : print_answer(&a);
}

static int run_adopt(const struct options *o)
{
        return run_request(o, REQUEST_ADOPT);
}

static int run_forget(const struct options *o)
{
        return run_request(o, REQUEST_FORGET);
}

static int run_retry(const struct options *o)
{
        return run_request(o, REQUEST_RETRY);
}

static int run_pause(const struct options *o)
{
        return run_request(o, REQUEST_PAUSE);
}

static int run_resume(const struct options *o)
{
        return run_request(o, REQUEST_RESUME);
}

static int run_accept_loss(const struct options *o)
{
        return run_request(o, REQUEST_ACCEPT_LOSS);
}

#define EXITS         \
        "  0  done\n" \
        "  1  refused, or not answered in time; the words say why\n"
#define OPTIONS_TAKEN (TAKES(OPTION_STATE) | TAKES(OPTION_SPECS) | TAKES(OPTION_TIMEOUT))

const struct command command_adopt = {
        .name = "adopt",
        .arguments = "RESOURCE [ID]",
        .summary = "take existing machines under management",
        .text = "Verifies that the machine is there and records it in the ledger as ours; nothing is changed at the "
                "vendor. With a machine's name and its vendor's id, that machine; with a MachineSet, every machine "
                "whose name is one of the set's; with a security group, a network or whatever else is one thing, and its "
                "id, that. What is in a group is muster's then, and what its spec does not say goes. Backups and "
                "snapshots are not adopted: a policy rotates only what it made itself. It works beside a running agent, "
                "which then carries it out.",
        .examples = "  muster adopt web-3 vm-77\n"
                    "  muster adopt MachineSet/web -f specs/\n"
                    "  muster adopt SecurityGroup/web sg-4\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN,
        .least = 1,
        .most = 2,
        .run = run_adopt,
};

const struct command command_forget = {
        .name = "forget",
        .arguments = "RESOURCE",
        .summary = "drop it from the ledger, leave it running",
        .text = "Drops a machine, or all machines of a MachineSet, from the ledger; nothing is changed at the vendor. "
                "The machine is not ours afterwards: a set that still wants it makes another in its place. Its data disks, "
                "backups and snapshots are forgotten with it; by its own name one of them is forgotten alone. It works "
                "beside a running agent.",
        .examples = "  muster forget web-3\n"
                    "  muster forget web-3/nightly-12\n"
                    "  muster forget MachineSet/web -f specs/\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN,
        .least = 1,
        .most = 1,
        .run = run_forget,
};

const struct command command_retry = {
        .name = "retry",
        .arguments = "RESOURCE",
        .summary = "a parked or failed thing may be tried again",
        .text = "What is parked is let go, so that the machine is made anew; a machine that may be there at the vendor "
                "is left as it is, and is not ours. What failed so often that it waits is tried again at once. With a "
                "MachineSet, all of it. It works beside a running agent.",
        .examples = "  muster retry web-3\n"
                    "  muster retry MachineSet/web -f specs/\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN,
        .least = 1,
        .most = 1,
        .run = run_retry,
};

const struct command command_pause = {
        .name = "pause",
        .arguments = "RESOURCE",
        .summary = "look at it and plan, but do nothing, until 'muster resume'",
        .text = "As 'paused: true' in the spec, without a change of the spec: a MachineSet, all of a Provider, or with "
                "the Policy everything. It is kept in the ledger, with the reason, until 'muster resume' says "
                "otherwise; 'muster status' and 'muster plan' show it. What is in flight already ends as it will. It "
                "works beside a running agent.",
        .examples = "  muster pause web --reason maintenance\n"
                    "  muster pause Provider/star -f specs/\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN | TAKES(OPTION_REASON),
        .least = 1,
        .most = 1,
        .run = run_pause,
};

const struct command command_resume = {
        .name = "resume",
        .arguments = "RESOURCE",
        .summary = "end what 'muster pause' began",
        .text = "Ends a pause. A resource that is paused in its spec stays so: that is for the spec to say. It works "
                "beside a running agent.",
        .examples = "  muster resume web\n"
                    "  muster resume Provider/star -f specs/\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN,
        .least = 1,
        .most = 1,
        .run = run_resume,
};

const struct command command_accept_loss = {
        .name = "accept-loss",
        .arguments = "PROVIDER",
        .summary = "what is missing there is truly gone: carry on",
        .text = "When many machines of a provider are missing at once, muster holds: it creates and deletes nothing "
                "there until they return or a person says that they are gone. This command says so. Of backups and "
                "snapshots it says the same; those keep no machine waiting. It works beside a running agent.",
        .examples = "  muster accept-loss star\n",
        .exits = EXITS,
        .options = OPTIONS_TAKEN,
        .least = 1,
        .most = 1,
        .run = run_accept_loss,
};
