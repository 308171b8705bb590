/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A world in memory for the real engine: a virtual clock, vendors that are the real simulators, a network that loses and
 * delays, and a machine that muster runs on, which may die at any moment. The ledger is the real one, in a file.
 *
 * The rule: every choice comes from one seeded source, so that one seed is one run, byte for byte. What must never happen is
 * looked for after every event (invariants.h); the first such thing ends the run.
 */

#include "providers/faults.h"
#include "reconcile/base/buf.h"
#include "reconcile/engine.h"
#include "reconcile/io/db.h"
#include "tests/simulation/vendors.h"
#include "tests/support/random.h"

#define SERVER_ID_MAX 64
#define ACCOUNTS_MAX 2
#define LET_GO_MAX 32

/* Faults that providers/faults.h does not know, because they happen outside of the service. */
enum world_fault {
        FAULT_NOT_SENT = 1 << 24,   /* no connection comes about */
        FAULT_SEND_FAILS = 1 << 25, /* the host cannot even try */
        FAULT_NO_AFTER = 1 << 27,   /* it is done, and the vendor says no */
        FAULT_CUT = 1 << 28,        /* the reply's body ends early, and nobody notices */
        FAULT_FEWER = 1 << 29,      /* of several that were made the answer names some only */
        FAULT_TYPE = 1 << 26,       /* a value of the reply is of another type than it should be */
        FAULT_SHIFT = 1 << 30,      /* before it is listed, somebody's machine goes, and another one may come */
        FAULT_ENDLESS =
                1 << 22, /* each page of a listing has rows that no other has, and nothing says how many there are */
        FAULT_FIRST_PAGE = 1 << 23, /* whatever page is asked for, the first one comes */
};

/* What becomes of one request. All are lengths of time. */
struct fate {
        unsigned faults; /* of enum fault and enum world_fault */
        usec_t there;    /* until it reaches the server */
        usec_t back;     /* until the answer is back */
        usec_t broken;   /* until the connection breaks under it, wherever the request is; 0: it does not */
};

struct world;

/* One request, from the sending to the last that happens to it. */
struct exchange {
        uint64_t id;
        unsigned life; /* of muster, in which it was sent */
        size_t account;
        struct request request;
        const char *class;
        char subject[SIMULATOR_SUBJECT_MAX];
        struct fate fate;
        bool ended; /* for the one who sent it */
        usec_t ended_at;
        struct reply reply;
        unsigned references; /* events that it is in, and the list of what is open */
};

/* A machine that a vendor ever made. */
struct machine_record {
        char id[64];
        char slot[64]; /* that it was made for; "" where nothing marks it, until the ledger says */
        bool ours;     /* made for muster, or adopted */
        bool released; /* muster was told that it is none of its business any more */
        bool leaving;  /* muster has ordered its deletion */
        bool let_go;   /* a person has said that muster is to let it go, and may not have been heard yet */
};

/* A disk, group or balancer that was made on muster's word. */
struct part_record {
        enum thing_type type;
        char id[64];
        char slot[96]; /* that its maker finds it by; "": the ledger says it later */
        bool let_go;   /* with its machine */
};

/* What a listing showed at one moment, to be shown again later. */
struct snapshot {
        struct request request;
        char *body; /* NULL: it could not be had */
        usec_t at;
};

/* The last time that a machine was deleted: a vendor may give up a delete that it began. */
struct deletion {
        usec_t at;
        char id[SERVER_ID_MAX];
};

struct server {
        const char *account;
        const struct world_vendor *vendor;
        char host[32], token[32];
        struct simulation *simulation;
        struct faults faults; /* that a test ordered */
        struct machine_record *records;
        size_t n_records, allocated_records;
        struct part_record *parts;
        size_t n_parts, allocated_parts;
        struct snapshot *snapshots;
        size_t n_snapshots, allocated_snapshots;
        struct deletion *deletes; /* of machines of ours on muster's word, in the order of their times */
        size_t n_deletes, allocated_deletes;
        int64_t most_owned;               /* that the ledger ever owned of it */
        char deleting[64][SERVER_ID_MAX]; /* ids that the delete being served names */
        size_t n_deleting;
        struct question *questions; /* of looks: manners.c */
        size_t n_questions, allocated_questions;
        usec_t sent_at; /* when something was sent last, and in which life */
        unsigned sent_in;
        bool compared;    /* what it does now with what was expected */
        unsigned looks;   /* since then */
        usec_t listed_at; /* when a listing was asked for last */
        int64_t created;  /* machines that creates without a marker asked for, ever */
};

/* What a set is to be, and the most machines of it that there may be now. */
struct wanted {
        char name[64]; /* "web" */
        size_t account;
        int64_t count;
        int64_t ceiling;
        int64_t adopted; /* that the specs give it besides */
        bool named;      /* by the specs of now */
};

enum death {
        DEATH_NONE,
        DEATH_BEFORE_COMMIT,
        DEATH_AFTER_COMMIT,
        DEATH_BEFORE_SEND, /* of a request that acts */
        DEATH_AFTER_SEND,
        DEATHS,
};

typedef void (*deed_fn)(struct world *w, void *userdata);

struct world_event;

struct world_options {
        uint64_t seed;
        const char *folder; /* for the ledger; must be there */
        size_t accounts;
        const struct world_vendor *vendors[ACCOUNTS_MAX]; /* NULL: StarVCenter */
        size_t foreign;                                   /* machines of somebody else, at the start, per account */
        usec_t ready_delay;
        usec_t acting, lag; /* how long after its end a call may still be acted upon, and a listing be behind */
        bool quirks;
        const char *variant;
        bool untraced; /* keeps no trace */
};

struct world {
        struct world_options options;
        struct random random;
        usec_t now;       /* of the world; muster's boot clock is behind by boot_at */
        usec_t boot_at;   /* when the machine of muster was switched on */
        int64_t wall_off; /* seconds that its wall clock is wrong by */
        const char *boot; /* name of this boot; NULL: the real one */

        struct world_event *events; /* a heap */
        size_t n_events, allocated_events;
        uint64_t next_order;
        struct exchange **open; /* not ended */
        size_t n_open, allocated_open;

        struct server servers[ACCOUNTS_MAX];
        struct wanted *wanted;
        size_t n_wanted, allocated_wanted;

        /* Muster. */
        char path[256];
        struct ledger *ledger;
        struct ledger_lock *lock; /* that one who acts holds */
        struct engine *engine;
        struct estate *estate; /* the world's own */
        struct db *reader;     /* a second handle, that sees only what is durable */
        struct db_query *find_sending, *find_leaving, *find_part, *count_creates;
        int64_t *spent; /* calls that sent their request */
        size_t n_spent, allocated_spent;
        struct plan *expected; /* that an apply is to carry out; NULL: nothing is said */
        enum engine_mode mode;
        usec_t interval;         /* of the agent */
        enum engine_state ended; /* how the last life ended by itself; ENGINE_RUNNING: it did not */
        unsigned life;
        bool dying, stopping, asked;
        usec_t stop_by;
        usec_t rest;  /* between two lives; USEC_INFINITY: there is no next one */
        usec_t pause; /* longer than that after one that ended by itself */

        /* How chance comes in. */
        struct fate (*fate)(struct world *w, const struct exchange *x);
        bool (*permits)(struct world *w); /* asked when chance would have a death or a failed commit; NULL: it may */
        void *userdata;                   /* for both */
        enum death death;                 /* dies there, after so many that it survives */
        unsigned survives;
        bool died;
        void (*at_death)(void);         /* called at that point; NULL: nothing */
        unsigned death_chance;          /* at each host call, in 100,000 */
        unsigned commit_chance;         /* of a commit that fails, in 100,000 */
        bool commits_may_fail;          /* the test has seen to that */
        const char *let_go[LET_GO_MAX]; /* slots that a person told muster to forget or to release */
        size_t n_let_go;
        int64_t deletes_limit; /* that an hour may have on one account; -1: the default */
        bool changed;          /* something that the invariants speak of */

        uint64_t acts;    /* requests sent that act */
        uint64_t commits; /* tried */
        bool silent;      /* all is done and nobody meddles: nothing may be sent any more that acts */
        uint64_t deaths;
        struct buf trace;
        struct error violation; /* "": none */
};

/* Where ledgers may lie when nobody says so: in memory, where there is such a place. */
const char *world_folder(void);

int world_new(const struct world_options *options, struct world **ret);
struct world *world_free(struct world *w);
DEFINE_CLEANUP(struct world *, world_free)

/* Takes the estate over. */
void world_set_estate(struct world *w, struct estate *estate);

void world_start(struct world *w, enum engine_mode mode);
void world_kill(struct world *w);   /* at once, as by SIGKILL; it starts again after `rest` */
void world_stop(struct world *w);   /* as by SIGTERM */
void world_reboot(struct world *w); /* the machine, with muster on it */

/* Opens the reader, unless it is open. */
void world_open_reader(struct world *w);

/* Lets time pass until then, or until something is wrong. */
void world_run(struct world *w, usec_t until);
void world_pass(struct world *w, usec_t length);

void world_at(struct world *w, usec_t at, deed_fn fn, void *userdata);

/* A person's deed on muster's side: a request row, as the commands write it. */
void world_ask(struct world *w, enum request_verb verb, const char *account, const char *resource, const char *slot,
               const char *id);

/* A plan as `muster plan` makes it, in a life of its own; muster must not be running. NULL: something is wrong. */
struct plan *world_plan(struct world *w);

usec_t world_boot_clock(const struct world *w);
bool world_is_wrong(const struct world *w);

/* One line of the trace; and what must not be. */
void world_trace(struct world *w, const char *format, ...) _printf_(2, 3);
void world_violate(struct world *w, const char *format, ...) _printf_(2, 3);

/* Out of memory: there is nothing that a test could say of it. */
void *world_must(void *p);
