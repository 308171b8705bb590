/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One provider account inside the engine: its looks, its calls, its pace. Internal to the engine.
 *
 * The accounts share the ledger and nothing else: a slow or dead provider delays no other.
 */

#include "reconcile/base/digest.h"
#include "reconcile/engine.h"
#include "reconcile/expand.h"
#include "reconcile/sweep.h"

/* A question under way: a scope, the requests that it takes, and what was seen. */
struct look_item {
        struct request request;
        unsigned tries;
        usec_t not_before;
        enum { ITEM_WAITING, ITEM_SENT, ITEM_DONE } state;
};

struct look {
        struct observation *seen;
        struct look_item *items;
        size_t n_items, allocated_items;
        size_t next;     /* every item before it is sent or done */
        size_t n_open;   /* not done */
        size_t n_missed; /* single things that could not be read, those of them that took long several times */
        unsigned walks;
        usec_t started;
        int failed; /* negative errno: why it could not be answered, where that matters: -EACCES, -EKEYEXPIRED */
        struct scope scope; /* its texts are the account's, or the ledger's */
};

/* One exchange in flight. */
struct flight {
        uint64_t id;
        struct look *look; /* a read: which question, which item; NULL: a call */
        size_t item;
        struct call *call; /* of a request for several things the first one */
        bool login;        /* neither: it opens a session */
        bool slow;         /* it is in the pool of calls that take their time */
};

enum account_step {
        STEP_RESTING, /* until next_look */
        STEP_LOGGING_IN,
        STEP_LOOKING,  /* at the listing */
        STEP_CHECKING, /* asking after single machines that the listing lacks */
        STEP_PLANNED,  /* a plan is there; its actions wait to be allowed */
        STEP_ACTING,
};

struct account {
        struct engine *engine;
        size_t number;
        char *name;
        const struct resource *provider; /* NULL: no spec names it any more */
        const struct provider *codec;
        const struct making *making; /* of THING_TYPES */
        struct account_config config;
        char *token, *session; /* wiped before they are freed, */
        char *next_token;      /* and so is what comes with specs that are not in force yet */
        unsigned logins;       /* since something was read last */
        bool login_sent;
        enum account_step step;

        /* Looking. */
        struct look listing;
        struct detail *details; /* of the listing's scope; the strings are the ledger's */
        size_t n_details, allocated_details;
        struct sweep sweep;
        struct strmap contents[THING_TYPES]; /* id of what they are in -> struct contents, in the engine's pool */
        struct look *checks;
        size_t n_checks, allocated_checks;
        bool quota_asked;             /* in this pass: the checks are about the quota */
        const char *quota_why;        /* NULL, or why it could not be read in this pass */
        bool is_shown;                /* nothing is sent: what there is comes from a snapshot, */
        struct observation *shown;    /* NULL: which does not know, `why` says so */
        struct observation *machines; /* the last complete one */
        usec_t machines_at;           /* when that look began */
        struct observation *kept; /* the same while the account rests, for showing it only: nothing is found in it */
        int64_t seen_at;          /* when that look began, by the wall clock */
        const struct provider *looked_with; /* with which codec, and where, something was looked at last; NULL: never */
        const char *looked_at;
        usec_t pass_began, pass_took;
        bool readable;
        bool was_readable; /* once in this process */
        bool denied;       /* the credentials are not taken */
        struct error why;  /* why not readable */
        usec_t unreadable_since;
        usec_t missed_since; /* boot clock; since when there is some single thing that could not be read; 0: there is none */
        unsigned looks_failed; /* in a row */
        usec_t next_look, look_delay;
        bool look_asked;

        /* Planning. */
        struct plan *plan;
        struct strmap retries; /* key -> struct retry, in the engine's pool */
        const char *hold;
        bool hold_confirmed;
        bool lacking;            /* the last listing lacks machines of ours that nobody has told us gone */
        bool lacks_copies;       /* likewise copies of machines that it shows */
        const char *hold_copies; /* why nothing is made or deleted of those; NULL: no hold */
        bool hold_copies_confirmed;
        bool showed_some; /* the last listing that is believed had machines in it, of anybody's */
        size_t others;    /* of those, how many never were muster's */
        usec_t shrunk_at; /* boot clock; since when listings have fewer; 0: the last one has not */

        /* Acting. */
        struct call **queue; /* calls of this pass, in order */
        size_t n_queue, allocated_queue;
        size_t next_window; /* calls before it are CALL_SENDING, or over */
        size_t next_send;   /* calls before it went out, or are over */

        /* Pace. */
        struct flight *flights;
        size_t n_flights, allocated_flights;
        usec_t next_slot; /* of the rate limit */
        usec_t paused_until;
        uint64_t reads, acts;
        int64_t created, changed, deleted; /* as in struct engine_figures */
        struct call_tally *tallies;
        size_t n_tallies, allocated_tallies;
};

struct engine {
        struct engine_options options;
        struct engine_host host;
        struct ledger *ledger;
        const struct estate *estate;
        struct account **accounts;
        size_t n_accounts, allocated_accounts;
        struct strpool *strings;
        bool allowed, stopping, broken;
        struct error error;
        uint64_t next_exchange, random;
        usec_t touched_at;             /* when the first row since the last commit was touched; 0: none */
        size_t replies;                /* call replies taken since the last commit */
        bool commit_now;               /* something cannot go on before the commit */
        struct ledger_request request; /* being carried out; seq 0: none */
        const char *request_account;
        bool answered;        /* one request at least */
        char *status_written; /* what was written last, to write only what changed */
};

/* report.c: what every part says: to people, to the ledger, and that it cannot go on. */
int64_t engine_wall(const struct engine *engine);
void engine_tell(struct account *a, enum event_type type, const char *name, const char *format, ...) _printf_(4, 5);
void engine_break(struct engine *engine, int r, const char *format, ...) _printf_(3, 4);
bool engine_acts(const struct engine *engine); /* is it of a mode that acts at all? */
void touch_thing(struct account *a, struct thing *t);
void touch_call(struct account *a, struct call *c);
const char *account_words(struct account *a, const char *format, ...)
        _printf_(2, 3); /* in the ledger's pool; never NULL */

/* exchange.c: what is in flight, and what may be. */
bool account_may_send(const struct account *a, usec_t now); /* concurrency, rate, pauses */
int account_send(struct account *a, usec_t now, const struct request *rq, struct flight flight, struct error *e);
unsigned account_in_flight(const struct account *a);                     /* calls, but for those that take their time */
usec_t account_pace(const struct account *a, usec_t now, usec_t wanted); /* when what is wanted then may go out */

/* calls.c: rows of calls, and what is remembered of those that did not work. */
bool call_is_open(const struct account *a,
                  const struct call *c); /* of this account, may have gone out, and not resolved */
/* The id of what its thing hangs on, a machine, or is in; NULL: nothing, or that is not there. */
const char *call_parent(const struct account *a, const struct call *c);
/* Is it where a create would have made it? What goes along with a machine hangs on that one alone. */
bool call_may_have_made(const struct account *a, const struct call *c, const struct row *row);
/* Does the listing say anything of such a thing? Not where its machine is there, and what hangs on it could not be read. */
bool call_is_looked_into(const struct account *a, const struct call *c);
/* The id of what the thing that a call is about is in; NULL: it is not ours, or not there. */
const char *call_container(const struct account *a, const struct call *c);
bool call_is_about(const struct call *c, const struct thing *t);
struct thing *call_thing(const struct account *a, const struct call *c); /* its machine; NULL: none */
void call_resolve(struct account *a, struct call *c, const char *outcome, const char *note);
void retry_failed(struct account *a, const struct call *c, enum outcome_class class, const char *why, usec_t now);
void retry_worked(struct account *a, const struct call *c);

/* account.c: the sequence of steps. */
struct account *account_free(struct account *a);
void account_step(struct account *a, usec_t now);
usec_t account_next(const struct account *a, usec_t now);
void account_rest(struct account *a, usec_t now, usec_t delay);
void account_look(struct account *a, usec_t now); /* with a session, where one is needed */
void account_was_unreadable(struct account *a, int r, const struct error *why, usec_t now); /* -EACCES: denied */

/* look.c: questions. */
int look_start(struct account *a, struct look *l, const struct scope *scope, usec_t now, struct error *e);
void look_done(struct look *l);
bool look_send(struct account *a, struct look *l, usec_t now); /* sends what may go; true: all is answered */
void look_reply(struct account *a, struct look *l, size_t item, struct reply *rp, usec_t now);
usec_t look_next(const struct look *l);

/* login.c: sessions, where the vendor has them. */
bool login_is_needed(const struct account *a);
void login_begin(struct account *a);
void login_step(struct account *a, usec_t now);
void login_reply(struct account *a, struct reply *rp, usec_t now);
void login_forget(struct account *a);

/* strangers.c: notes what the last look shows and is not ours, where a create may bear no marker. 0 or -ENOMEM. */
int strangers_note(struct account *a);

/* recover.c: what a listing says of what the ledger knows. */
int recover_see(struct account *a, usec_t now,
                struct error *e); /* things and calls against the listing; may ask for checks */
usec_t recover_settling(const struct account *a, const struct call *c); /* W of a call: a length of time */
/* Boot clock: when the waiting is over for some call, or loss, that the last listing was too early for. */
usec_t recover_next(const struct account *a);

/* Whether a create came to nothing, and what follows from what did come of it; for recover_lane.c. */
bool recover_is_settled(const struct account *a, const struct call *c);
bool recover_stays_absent(const struct account *a, struct call *c);
void recover_own(struct account *a, struct call *c, const struct row *row);
void recover_park_slot(struct account *a, struct call *c, const char *id, bool leaked, const char *note);
void recover_not_done(struct account *a, struct call *c, usec_t now);

/* sighting.c: a thing of ours against the listing. `machines`: slot -> struct thing *, where some things are shown only with their
 * machines. */
void thing_see(struct account *a, struct thing *t, const struct strmap *machines);
void thing_shown(struct account *a, struct thing *t, const struct row *row); /* it is, as this row */
void thing_park(struct account *a, struct thing *t, const char *note);       /* it waits for a person */

/* details.c: what of single things is to be known beyond the listings. 0 or -ENOMEM. */
int details_add(struct account *a, struct scope *scope);
int details_add_one(struct account *a, enum thing_type of, const char *id); /* the id is the ledger's */

/* contents.c: which lists of what is contained the last look is doubted in. 0 or -ENOMEM. */
int contents_doubt(struct account *a);
int contents_made(struct account *a, enum thing_type container,
                  const char *id); /* it is new, and empty. 0 or -ENOMEM */
void contents_done(struct account *a);

/* recover_part.c: a call about what is contained in something of ours. */
void recover_part(struct account *a, struct call *c, usec_t now);

/* recover_settings.c: things with settings of their own. Is what was wanted done; is this what was asked for; and what was sent is kept. */
bool recover_settings_are_wanted(const struct account *a, const struct call *c, const struct row *row);
bool recover_settings_are_asked(const struct account *a, const struct call *c, const struct row *row);
void recover_keep_sent(struct account *a, struct thing *t, const struct call *c);
/* Of what no vendor shows: the call may have been carried out or not, so that nobody knows what it is set to. */
void recover_doubt_sent(struct account *a, struct thing *t, const struct call *c);
/* A call about what is always there. */
void recover_standing(struct account *a, struct call *c, usec_t now);

/* recover_lane.c: creates that leave no marker. */
int recover_lanes(struct account *a, struct call **calls, size_t n, usec_t now);

/* losses.c: what a listing lacks. */
struct loss {
        size_t owned, missing, suspect;
};
struct losses {
        struct loss all, of[THING_TYPES]; /* but copies of machines */
        struct loss copies;
};
struct losses losses_count(const struct account *a);
/* Machines of others that are missing all of a sudden: a look notes them first, and keeps in the end what the next is held against. */
void losses_note_others(struct account *a);
void losses_keep_others(struct account *a);
/* The listing has fewer of them, and that is not old enough to be believed. */
bool losses_of_others(const struct account *a);
void losses_hold(struct account *a, const struct losses *losses);
void losses_hold_copies(struct account *a, const struct loss *n);
int losses_check(struct account *a, usec_t now, struct error *e); /* asks after single machines */
void losses_settle(struct account *a, usec_t now);                /* once that is answered */
/* Does the thing hang on the machine for good, so that it is gone, or nobody's here, once that is? */
bool thing_goes_along(const struct account *a, const struct thing *t, const struct thing *machine);

/* certificate.c: certificates of balancers with their keys, and what a plan knows of them. */
struct pem {
        char *certificate;
        char *key; /* secret: wiped */
        char digest[DIGEST_TEXT_MAX];
};
void pem_done(struct pem *pem);
int pem_read(const struct engine *engine, const struct balancer_certificate *spec, struct pem *ret, struct error *e);
struct certificates {
        struct strmap by_resource; /* as struct plan_input has them */
        struct strpool *strings;
};
int certificates_read(const struct account *a, struct certificates *ret); /* 0 or -ENOMEM */
void certificates_done(struct certificates *c);
#define _cleanup_certificates_ _cleanup_(certificates_done)

/* quota.c: what may still be used, asked for once a plan is there that uses more. */
bool quota_is_wanted(const struct account *a);
int quota_ask(struct account *a, usec_t now, struct error *e);
int quota_settle(struct account *a); /* once that is answered */

/* act.c: calls. */
int act_begin(struct account *a, usec_t now,
              struct error *e); /* intents for the plan's actions; 1: there are some, 0: none */
void act_send(struct account *a, usec_t now);
void act_reply(struct account *a, struct call *c, struct reply *rp, usec_t now);
bool act_is_over(const struct account *a);
void act_drop_unsent(struct account *a, const char *why);

/* answer.c: the deeds that commands ask for. */
const char *answer_account(const struct engine *engine,
                           const struct ledger_request *request); /* NULL: no such resource */
void answer_request(struct account *a);     /* carries out what was asked of this account, if anything was */
bool answer_at_once(struct engine *engine); /* what needs no look at any account; true: it was */
bool answer_needs_no_look(const struct ledger_request *request); /* may it be done though its account cannot be read? */
void answer_now(struct engine *engine, bool ok, const char *text);

/* rename.c: what a renamed resource owned under its old name is its own. */
int rename_owned(struct engine *engine, const struct estate *estate);

/* status.c: what `status` shows, written when it changes. */
void status_write(struct engine *engine);
