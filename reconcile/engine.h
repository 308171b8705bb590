/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The engine: a state machine without I/O that brings what exists to what is wanted.
 *
 * In: the time, and events (a reply, changed specs, a request). Out, through its host: requests to send or to cancel, the
 * ledger's rows to commit, and the next time at which something is due. A pass is: look, recover, plan, guard, act, look again;
 * each account makes its own. What depends on the time takes `now`, on the boot clock; nothing blocks.
 *
 * The rule: a request that acts goes out only after its row is durable, only for a plan made out of a complete observation, and
 * only once.
 */

#include "reconcile/plan.h"

struct engine;

enum engine_mode {
        ENGINE_PLAN,    /* looks once, plans, never acts, commits nothing */
        ENGINE_APPLY,   /* acts once allowed, and settles */
        ENGINE_AGENT,   /* acts, and goes on */
        ENGINE_OBSERVE, /* agent that never acts */
        ENGINE_ANSWER,  /* looks, carries the ledger's requests out, settles; sends nothing that acts */
};

/* For people who watch. `text` is one line, without a name in front; nothing secret, vendor's words unescaped. */
enum event_type {
        EVENT_STARTED, /* an action's request is about to go out */
        EVENT_DONE,    /* seen to be done */
        EVENT_FAILED,  /* refused, or given up */
        EVENT_UNKNOWN, /* outcome unknown: muster waits and looks */
        EVENT_NOTE,    /* a hold, a wait, a parked slot, a provider that cannot be read */
};

struct engine_event {
        enum event_type type;
        const char *account;
        const char *name; /* "web-3", or the Provider's */
        const char *text;
};

/* What the engine asks of whoever drives it. None of them may call back into the engine. */
struct engine_host {
        void *userdata;

        /* Starts one exchange for the account of that number; its end comes back through engine_reply() with `id`. Negative: nothing
         * was sent. */
        int (*send)(void *userdata, size_t account, uint64_t id, const struct request *rq, struct error *e);
        void (*cancel)(void *userdata, size_t account, uint64_t id);

        /* Makes the ledger's touched rows durable (ledger_commit). After a failure the engine is broken: drop it and its ledger. */
        int (*commit)(void *userdata, struct error *e);

        void (*event)(void *userdata, const struct engine_event *event);
        int64_t (*wall)(void *userdata); /* seconds since 1970 */
};

/* What the engine cannot find out by itself. */
struct engine_options {
        enum engine_mode mode;
        usec_t interval;          /* agent: between looks when converged */
        struct share max_deletes; /* overrides the Policy when given */
        uint64_t seed;            /* of the jitter */
        const struct provider *(*provider_find)(const char *type);
        /* Reads a secret that is needed on the way: the password of a machine, or as `pem` the text of a certificate or its key. It lives
         * until the next call; NULL: it cannot be read. `env` or `file` is NULL. Absent: nothing is to be read at all. */
        const char *(*secret)(void *userdata, const char *env, const char *file, bool pem, struct error *e);
        void *secret_userdata;
        bool keeps_seen; /* what the last complete look saw is kept while an account rests, for engine_account() */

        /* NULL: everything. Resources that are not selected are not planned, of Providers nothing is asked, and nothing is pruned; actions
         * that are not approved are blocked. */
        bool (*selects)(void *userdata, const struct resource *r);
        bool (*approves)(void *userdata, const struct plan *p, const struct action *a);
        void *filter_userdata;
};

bool engine_selects(const struct engine_options *options, const struct resource *r);
bool engine_follows(const struct engine_options *options, const struct resource *r); /* is it an account to look at? */

/* Why and how a run ended, or goes on. */
enum engine_state {
        ENGINE_RUNNING,
        ENGINE_PLANNED,   /* apply: every account is planned or cannot be read; waits for engine_allow() */
        ENGINE_CONVERGED, /* plan: planned; apply: nothing left to do; answer: answered */
        ENGINE_STUCK,     /* apply: nothing in flight, no wait that could help, something left to do */
        ENGINE_BROKEN,    /* the ledger could not be written: engine_error() */
};

/* The ledger stays the caller's and must outlive the engine. */
int engine_new(const struct engine_options *options, const struct engine_host *host, struct ledger *ledger,
               struct engine **ret);
struct engine *engine_free(struct engine *engine);
DEFINE_CLEANUP(struct engine *, engine_free)

/* Credentials of one account, read by the caller beforehand. Secret: wiped when the engine is freed. */
struct account_secret {
        const char *provider;
        const char *token; /* NULL: none needed */
};

/* The specs to follow from now on; the estate stays the caller's and must outlive its use. Accounts that are in both keep what they
 * know; calls in flight go on. Calls that were planned under other specs and have not gone out are dropped. When it fails, nothing has
 * changed, and the former specs stay in force. */
int engine_set_estate(struct engine *engine, const struct estate *estate, const struct account_secret *secrets,
                      size_t n, usec_t now, struct error *e);

/* A deed that a command asked for: carried out after the next complete look at the account that it concerns, and answered in the
 * ledger. One at a time: -EBUSY while another waits. */
int engine_ask(struct engine *engine, const struct ledger_request *request, usec_t now);
bool engine_is_asked(const struct engine *engine);

/* ENGINE_PLAN: what a provider was seen to have comes from elsewhere (a snapshot), and nothing is sent to it. `machines` is the engine's
 * from then on; NULL: not known, `why` says so. To be called after engine_set_estate() and before the first step. -ENOENT: no such
 * provider in the estate. */
int engine_show(struct engine *engine, const char *provider, struct observation *machines, const char *why);

/* The end of an exchange. Takes what it wants out of the reply. */
void engine_reply(struct engine *engine, usec_t now, uint64_t id, struct reply *rp);

/* Does all that is due. To be called after each event and at engine_next(). */
enum engine_state engine_step(struct engine *engine, usec_t now);
usec_t engine_next(const struct engine *engine,
                   usec_t now); /* boot clock; USEC_INFINITY: only an event can change anything */

void engine_allow(struct engine *engine);         /* apply: the plan is approved */
void engine_look_again(struct engine *engine);    /* look now: SIGHUP; apply, not yet allowed: plan again */
void engine_stop(struct engine *engine);          /* nothing new starts */
bool engine_is_idle(const struct engine *engine); /* nothing is in flight */
void engine_abandon(struct engine *engine,
                    usec_t now); /* what is in flight is recorded as unknown, as far as it acts */

/* The last plan of all accounts together, owned by the caller. Things and calls that it points to are not to be followed. */
int engine_plan(struct engine *engine, struct plan **ret);

const struct error *engine_error(const struct engine *engine); /* why it is broken */

/* Calls that ended in one way since the engine was made. */
struct call_tally {
        enum order_verb verb;
        const char *outcome; /* as in the ledger: "done", "refused", … */
        uint64_t n;
};

/* How each account was read, numbered as in host.send. */
size_t engine_n_accounts(const struct engine *engine);
struct account_view {
        const char *name;                   /* of the Provider */
        const struct resource *provider;    /* NULL: no spec names it any more */
        bool looked;                        /* a look at what the spec names now has ended, complete or not */
        bool readable;                      /* the last one was complete */
        const char *why;                    /* else why not; "" */
        const struct observation *machines; /* the last complete one; NULL: none is kept */
        int64_t seen_at;                    /* wall clock: when that began; 0: there was none */
        size_t n_details,
                n_details_known; /* questions for what hangs on a machine, asked in turn; those whose answer is known */
        int64_t details_since;   /* wall clock: of the answers that are known, the oldest; 0: none is */
        usec_t pass_took;        /* a length of time: the last whole pass; 0: there was none */
        uint64_t reads, acts;    /* requests sent */
        const struct call_tally *tallies;
        size_t n_tallies;
};
void engine_account(const struct engine *engine, size_t number, struct account_view *ret);

struct engine_figures {
        uint64_t reads, acts; /* requests sent */
        int64_t commits;
        int64_t created, changed, deleted; /* machines, each time that a call was seen to be done */
};
struct engine_figures engine_figures(const struct engine *engine);
