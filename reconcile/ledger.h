/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The ledger: what is ours, and what was ever asked of a vendor.
 *
 * Two tables carry the truth. `things` are what muster made or adopted, machines and what they need; a thing that is gone keeps its row,
 * so that an id is known to have been held. `calls` are the requests that act: each is written down before it goes out,
 * and one row sends at most one request, ever.
 *
 * In memory the ledger is a model of the rows that still matter. Whoever changes a row says so (ledger_touch_…), and
 * ledger_commit() makes all that was touched durable in one transaction. After a failed commit the model is ahead of
 * the disk: it must be dropped and opened again. The ledger is evidence, not truth.
 */

#include "reconcile/observation.h"
#include "reconcile/provider.h"

/* The longest slot, with its end: of a rule, which is named by what it says. */
#define SLOT_MAX 1088

enum thing_state {
        THING_OWNED,
        THING_LEAVING,  /* a delete of ours is under way */
        THING_PARKED,   /* waits for a person: `note` says why */
        THING_RELEASED, /* no longer ours by the spec's word: left alone, its name not used again */
        THING_GONE,     /* deleted, lost or forgotten; kept because its id was held */
};

struct thing {
        int64_t seq;          /* the order in which muster made or adopted them */
        const char *account;  /* name of the Provider */
        const char *resource; /* "MachineSet/web" */
        enum thing_type type;
        const char *slot;    /* "web-3", "web-3/data", "small": with the type never the same twice */
        const char *id;      /* the vendor's; "" for a parked slot without one */
        const char *created; /* the vendor's creation time: with the id, the fingerprint; "" until shown */
        enum thing_state state;
        bool adopted;               /* not made by us: never renamed */
        bool protect;               /* the spec said so when it last named it; outlives the spec */
        bool ever_ready;            /* it has worked once */
        bool missing;               /* the last complete listing did not show it */
        bool leaked;                /* parked because a create named this id and no listing ever did */
        struct values made_with;    /* what it was created with; unknown after an adoption */
        const char *made_with_text; /* the same as JSON, as the row keeps it */
        const char *address;        /* as last seen; "" for none */
        enum condition condition;   /* as last seen */
        int64_t made_at, gone_at;   /* wall clock; 0: not yet */
        const char *note;           /* why it is parked or gone; "" for nothing to say */

        struct thing *next;   /* of the same resource, while a plan is made */
        usec_t ready_since;   /* boot clock; when this process saw it work first; 0: before that */
        usec_t missing_since; /* boot clock; 0: not in this process */
        usec_t changing_since; /* boot clock; since when the vendor has been at work on it without a break; 0: it is not */
        usec_t unusable_since; /* boot clock; since when a copy that was usable is shown as not; 0: it is not shown so */
        bool unusable;         /* a second look has shown that */
        bool confirmed;        /* missed in a second look, and no other answer of the vendor shows it */
        usec_t made_boot; /* boot clock: when it was asked for; 0: nobody looked yet, USEC_INFINITY: not in this boot */
        bool touched;
};

enum call_state {
        CALL_INTENT,   /* planned; nothing went out */
        CALL_SENDING,  /* may have gone out */
        CALL_ACCEPTED, /* the vendor said yes; not seen yet */
        CALL_UNKNOWN,  /* went out, outcome unknown */
        CALL_RESOLVED, /* over: `outcome` says how */
};

/* What a call counts as under the Policy. */
enum call_counts { COUNTS_NOTHING, COUNTS_CREATE, COUNTS_DELETE, COUNTS_REPLACE };

struct call {
        int64_t seq;
        const char *account, *resource, *slot;
        enum thing_type type; /* of what it is about */
        enum order_verb verb;
        enum property field; /* ORDER_CHANGE */
        const char *id;      /* the machine's; for a create what the reply named, "" until then */
        enum call_state state;
        enum call_counts counts;
        struct values wanted;    /* create: all; change: the new value */
        const char *wanted_text; /* the same as JSON */
        int64_t batch;           /* seq of the first of those that were made together; 0: it stands alone */
        const char *marker;      /* create: what the vendor will show of it; "": nothing that tells it from others */
        int64_t cuts;            /* create: how often a new process has had to take it up */
        int64_t made_at;         /* wall clock: for people, and for the rolling hour */
        const char *boot; /* the boot that made it, and when in it: so that a wrong wall clock does not bend the hour */
        usec_t made_at_boot; /* 0: not known, the wall clock counts */

        /* "done", …; "" until resolved. What was for certain not done, and so counts for nothing under the Policy, is "refused",
         * "capacity", "auth", "throttled", "not sent" (as outcome_text() has them), "never sent" or "not done". */
        const char *outcome;
        const char *note;    /* the vendor's words and ours; never a secret */
        const char *request; /* "POST cloudvm/create", for people; "" until sent */
        int64_t resolved_at; /* wall clock, set by whoever resolves it; 0: not yet, or when is not known */

        usec_t settle_from;  /* boot clock: W runs from here; 0: not set in this process */
        unsigned absent;     /* complete listings in a row without the machine that it deletes */
        usec_t absent_since; /* boot clock: the first look after W that lacks what it creates; 0: none */
        bool name_taken;     /* a create: something else with its name was listed in this process since it was sent */
        bool durable;        /* its CALL_SENDING is on the disk */
        bool in_flight;      /* it is out, or rides on another one of its batch that is */
        enum outcome_class class
                ;     /* of the reply, for CALL_UNKNOWN and CALL_ACCEPTED; OUTCOME_UNKNOWN after a restart */
        bool said_no; /* the vendor's answer was no, in words that prove nothing */
        bool touched;
        struct call *together; /* the next one that goes out in the same request */
};

/* A deed for the holder of the lock, written by a command. */
enum request_verb {
        REQUEST_ADOPT,
        REQUEST_FORGET,
        REQUEST_ACCEPT_LOSS,
        REQUEST_RETRY,
        REQUEST_PAUSE,
        REQUEST_RESUME,
        REQUEST_APPLY
};

struct ledger_request {
        int64_t seq;
        enum request_verb verb;
        const char *account;  /* accept-loss: the Provider; else "" */
        const char *resource; /* "MachineSet/web"; pause, resume: any resource */
        const char *slot;     /* "web-3", or "" for all of the set */
        const char *
                id; /* adopt: the vendor's id, or "" to go by the names; forget: that of the one that is meant, or "" */
        const char *reason; /* pause: why, in a person's words; apply: the digest of the specs; else "" */
};

/* What `status` shows of one resource. */
struct status_row {
        const char *resource, *provider;
        const char *phase, *reason; /* reason "": none */
        int64_t desired, ready;
        const char *message;
        int64_t since, next_attempt; /* wall clock; next_attempt 0: none */
};

/* The words of these enums, as they are kept. */
#define THING_STATES (THING_GONE + 1)
#define CALL_STATES (CALL_RESOLVED + 1)
#define CALL_COUNTS (COUNTS_REPLACE + 1)
#define ORDER_VERBS (ORDER_DETACH + 1)
extern const char *const thing_state_words[THING_STATES];
extern const char *const thing_type_words[THING_TYPES];
extern const char *const call_state_words[CALL_STATES];
extern const char *const call_counts_words[CALL_COUNTS];
extern const char *const order_verb_words[ORDER_VERBS];

struct ledger {
        const char *path; /* NULL: there is none, and nothing can be committed */
        const char *estate;
        const char *id;        /* its own, unlike any other ledger's; "" for one in memory */
        struct thing **things; /* all but those that are gone, in the order of seq */
        size_t n_things, allocated_things;
        struct call **calls; /* all that are not resolved, in the order of seq */
        size_t n_calls, allocated_calls;
        struct strmap held; /* every id ever held: account, type and id, with blanks between */
        struct strmap
                strangers;      /* likewise: what was there, and not ours, before something without a marker was made */
        struct strmap accounts; /* names of those on record */
        struct strmap pauses;   /* resource to reason */
        struct strmap hours;    /* what ledger_tell_hour() and ledger_tell_replacements() said */
        struct strpool *strings;
        struct ledger_store *store;
        int64_t next_thing, next_call;
        const char *boot;               /* this boot's id */
        struct ledger_changes *changes; /* touched since the last commit */
};

enum ledger_mode {
        LEDGER_READ,   /* a reader: needs no lock, changes nothing; for a file that is not there -ENOENT */
        LEDGER_WRITE,  /* the holder of the lock; -ENOENT */
        LEDGER_CREATE, /* makes it for `estate`; -EEXIST */
};

/* -EPERM: loose modes; -EBADMSG: damaged; -EPROTO: of a newer schema. LEDGER_CREATE makes missing folders, 0700. What the holder
 * before left behind is put right by LEDGER_WRITE, as changes for the next commit: an intent is resolved as "never sent", what was
 * being sent is unknown. Whether `estate` is the one of the specs is for the caller to compare. */
int ledger_open(const char *path, enum ledger_mode mode, const char *estate, struct ledger **ret, struct error *e);

/* A ledger for planning where there is none: empty, cannot be committed. */
int ledger_new_empty(struct ledger **ret);
struct ledger *ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger *, ledger_free)

/* New rows, touched already; NULL: out of memory. They belong to the ledger. Strings given later must come from ledger_string(). A
 * thing is owned, of unknown condition; a call is an intent of this boot that counts for nothing. */
struct thing *ledger_add_thing(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                               const char *slot, const char *id);
/* What is there becomes ours under this name; NULL: out of memory. */
struct thing *ledger_adopt(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                           const char *slot, const struct row *row, int64_t now);
struct call *ledger_add_call(struct ledger *l, enum thing_type type, const char *account, const char *resource,
                             const char *slot, enum order_verb verb);
const char *ledger_string(struct ledger *l, const char *s); /* NULL: out of memory */
int values_to_text(const struct values *v, struct buf *b);  /* JSON, one line, in the order of property */
/* Reads what values_to_text() wrote; texts are the ledger's. -EBADMSG: it is not of that form. */
int ledger_values_from_text(struct ledger *l, const char *text, struct values *ret, struct error *e);
int ledger_set_values(struct ledger *l, const struct values *v, struct values *ret, const char **ret_text);

int ledger_touch_thing(struct ledger *l, struct thing *t);
int ledger_touch_call(struct ledger *l, struct call *c);
int ledger_hold_id(struct ledger *l, const char *account, enum thing_type type, const char *id);
bool ledger_held(const struct ledger *l, const char *account, enum thing_type type, const char *id);
/* Of `held` and `strangers`, or a copy of one. Without memory for the question the answer is yes: that makes nothing ours. */
bool ledger_ids_have(const struct strmap *ids, const char *account, enum thing_type type, const char *id);

/* What the ledger owns for a resource that is one thing, on the account that its spec names; the last one that was made. NULL: nothing yet. */
const struct thing *thing_current(const struct ledger *l, const struct resource *resource);

/* What is listed before something without a marker is made, and is not ours, was not made by that. Kept with the next commit. */
int ledger_note_stranger(struct ledger *l, const char *account, enum thing_type type, const char *id);
int ledger_rename_strangers(struct ledger *l, const char *from, const char *to); /* of an account that was renamed */
bool ledger_is_stranger(const struct ledger *l, const char *account, enum thing_type type, const char *id);
int ledger_record_account(struct ledger *l, const char *account, const char *type, const char *endpoint, int64_t now);
bool ledger_knows_account(const struct ledger *l, const char *account);
bool ledger_is_touched(const struct ledger *l);

/* Takes things that are gone and calls that are resolved out of the model (their rows stay). Pointers to them die. To be called
 * after a commit only. */
void ledger_sweep(struct ledger *l);

/* Durable when it returns 0; no commit at all when nothing was touched. After anything else the ledger must be opened again: until
 * then -ESTALE. -EROFS: opened for reading, or there is none. */
int ledger_commit(struct ledger *l, struct error *e);
int64_t ledger_commits(const struct ledger *l); /* how many were made, for the benchmark */

/* What counted under the Policy within the hour before `now` (boot clock; wall clock for rows of another boot, where what is still to
 * come counts, too). Calls without a row count; those with one count as it was committed last. A replacement is one of the deletes.
 * `most_owned`: the most things with an id, copies of machines apart, neither parked, released nor gone, that there were at once within that
 * hour. One that is gone counts up to its gone_at, so not at all with 0. */
struct ledger_hour {
        int64_t creates, deletes, most_owned;
};
int ledger_hour(struct ledger *l, const char *account, usec_t now, int64_t wall, struct ledger_hour *ret,
                struct error *e);

/* How many replacements of a slot began within the hour. */
int ledger_replacements(struct ledger *l, const char *account, const char *slot, usec_t now, int64_t wall, int64_t *ret,
                        struct error *e);

/* When in this boot a thing of ours was asked for, on its clock. 1; 0: before it, or that is not known. What a call has just made is
 * noted, because its row may not say so yet. */
int ledger_made_in_boot(struct ledger *l, struct thing *t, usec_t *ret, struct error *e);
void ledger_note_made(const struct ledger *l, struct thing *t, const struct call *c);

/* A ledger in memory has no rows of calls that are over: what is to be answered there in their place. 0 or -ENOMEM. */
int ledger_tell_hour(struct ledger *l, const char *account, const struct ledger_hour *hour);
int ledger_tell_replacements(struct ledger *l, const char *account, const char *slot, int64_t n);

/* Status rows: replaced all at once, durably; read by anyone. The array that is read is the caller's to free, its strings live as
 * long as the ledger. `ret_at`: when they were written, wall clock; 0: never. */
int ledger_set_status(struct ledger *l, const struct status_row *rows, size_t n, struct error *e);
int ledger_get_status(struct ledger *l, struct status_row **ret, size_t *ret_n, int64_t *ret_at, struct error *e);

/* What `muster pause` said, until `muster resume`: kept with the next commit. The reason, which may be "", or NULL: not
 * paused. */
const char *ledger_paused(const struct ledger *l, const char *resource);
int ledger_set_paused(struct ledger *l, const char *resource, const char *reason); /* NULL: resume; -ENOMEM */

/* Calls, newest first, that are of `resource` and of `slot` (NULL: any), at most `limit`. Committed ones only. The row and
 * its strings live until the callback returns, none is NULL; verb, field ("": none) and state are words. A negative
 * return of the callback ends the walk and is returned. -EBADMSG: damaged. */
struct history_row {
        int64_t seq, made_at, resolved_at;
        const char *account, *resource, *slot, *verb, *field, *id, *state, *outcome, *note, *request;
};
typedef int (*ledger_history_fn)(void *userdata, const struct history_row *row);
int ledger_history(struct ledger *l, const char *resource, const char *slot, size_t limit, ledger_history_fn fn,
                   void *userdata, struct error *e);

/* Requests. ledger_ask() may be called without the lock, on a path. The strings of ledger_next_request() live as long as the ledger.
 * ledger_answer() commits: the answer becomes durable together with all that was touched. */
int ledger_ask(const char *path, const struct ledger_request *r, int64_t *ret_seq, struct error *e);
/* 1: answered, `ret_ok` and `answer` are set; 0: not yet. */
int ledger_answer_of(const char *path, int64_t seq, bool *ret_ok, struct buf *answer, struct error *e);
int ledger_next_request(struct ledger *l, struct ledger_request *ret,
                        struct error *e); /* 1: one, the oldest; 0: none */
int ledger_answer(struct ledger *l, int64_t seq, bool ok, const char *text, struct error *e);

/* The lock that whoever acts holds for as long as it acts: a file beside the ledger, with the holder's pid, command and start
 * time. Missing folders are made, 0700. -EBUSY: somebody holds it, the error says who; -EPERM: the file has loose modes or another
 * owner. It goes with the process, whatever ends it. */
struct ledger_lock;
int ledger_lock(const char *path, const char *command, struct ledger_lock **ret, struct error *e);
struct ledger_lock *ledger_unlock(struct ledger_lock *lock);
DEFINE_CLEANUP(struct ledger_lock *, ledger_unlock)
