/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a provider was seen to have: rows read out of its replies, and whether they are all there is.
 *
 * Three answers, never two: a thing is in a complete observation, or missing from a complete one, or the observation is
 * not complete and says nothing about what it does not show.
 */

#include "reconcile/base/buf.h"
#include "reconcile/base/error.h"
#include "reconcile/base/usec.h"
#include "reconcile/kinds.h"

/* What a machine is doing, as its codec reads the vendor's state. Other things are RUNNING when they are ready for use. */
enum condition {
        CONDITION_RUNNING,
        CONDITION_STOPPED,
        CONDITION_CHANGING, /* the vendor is at work on it: wait */
        CONDITION_ASLEEP,   /* suspended by somebody: counted, reported, its power left alone */
        CONDITION_FAILED,   /* the vendor gave up on it */
        CONDITION_EXPIRED,  /* its time is over: counted, reported, never replaced, its power left alone */
        CONDITION_UNSHOWN, /* it is there, and its power is not shown: ready as far as is known, never started or stopped */
        CONDITION_UNKNOWN, /* a state that the codec does not know: it exists, and is never acted on */
};

#define CONDITIONS (CONDITION_UNKNOWN + 1)
extern const char *const condition_words[CONDITIONS];
bool condition_works(enum condition c);       /* does it do, running or stopped, what it is for? */
const char *condition_text(enum condition c); /* "running", …: for people and for list -o json */

/* Values of a thing's properties; text is interned in the observation's pool. */
struct values {
        uint32_t known; /* bit 1u << property: the vendor showed it */
        union {
                const char *text;
                int64_t number;
        } of[PROPERTIES];
};

struct row {
        const char *id;
        const char *name;    /* the marker: what the caller may set, a name or a remark; "" when there is none */
        const char *address; /* "" while it has none */
        const char *created; /* the vendor's creation time, as printed; "" when not shown */
        const char *parent;  /* a disk: the id of the machine that it is attached to; "" for none */
        const char *traits;  /* the codec's own, for its quote(); "" for none */
        enum condition condition;
        bool can_shut_down; /* the machine listens to a soft shutdown */
        int64_t price;      /* millionths of the vendor's currency an hour; 0: none, or not shown */
        struct values values;
};

/* All things of one type that were shown, and how far the walk over the vendor's pages of them is: codecs have no memory of
 * their own. Codecs leave what they do not use as it is; strings of a row that are NULL become "". */
struct listed {
        struct row *rows;
        size_t n_rows, allocated_rows;
        struct strmap by_id; /* id -> row number + 1 */
        size_t repeated;     /* rows whose id was there already */
        int64_t total;       /* as stated by the vendor; -1: not yet, or never */
        uint64_t pages_read; /* replies taken in */
        unsigned step;       /* the codec's own */
};

/* What is looked at. */
enum scope_type {
        SCOPE_ACCOUNT, /* everything of the account that is of one of `types` */
        SCOPE_ONE,     /* the thing whose type and id are given: does the vendor still show it? */
};

/* More of one thing than its listing shows: of a template its credit; what a group or a balancer contains; the cards of a machine,
 * unless some of them are bound in the group `within`. */
struct detail {
        enum thing_type of; /* TYPE_TEMPLATE, TYPE_RULE, TYPE_BINDING, TYPE_BACKEND, TYPE_CARD */
        const char *id;     /* of the template, group, balancer or machine */
        const char *within; /* TYPE_CARD: the group's id; else NULL */
};

struct scope {
        enum scope_type type;
        unsigned types;               /* SCOPE_ACCOUNT: bits 1u << thing_type */
        const struct detail *details; /* SCOPE_ACCOUNT: what more is wanted than the listings show */
        size_t n_details;
        enum thing_type of; /* SCOPE_ONE */
        const char *id;
};

extern const struct scope scope_machines; /* every machine of the account, and nothing else */

static inline struct scope scope_one(enum thing_type of, const char *id)
{
        return (struct scope){ .type = SCOPE_ONE, .of = of, .id = id };
}

enum observation_state {
        OBSERVATION_RUNNING,
        OBSERVATION_COMPLETE,
        OBSERVATION_INCOMPLETE, /* `why` says what was wrong */
};

struct observation {
        struct scope scope; /* its texts are the observation's own */
        enum observation_state state;
        struct error why;
        struct listed of[THING_TYPES];
        struct strpool *strings;
        struct strmap looked_in[THING_TYPES]; /* ids of details of the type, as far as they could be read */
        struct strmap missed[THING_TYPES];    /* those that could not -> why, in words */
        struct strmap doubted[THING_TYPES];   /* ids of those whose contents are -> why, in words */
        struct strmap remembered
                [THING_TYPES]; /* ids of which earlier looks tell (reconcile/sweep.h) -> usec_t: when that was */
        bool denied;           /* SCOPE_ONE: the vendor's answer says for certain that there is no such thing */
        bool capped; /* the vendor shows no more rows than these, and there may be more: nothing is missed, nothing made */
};

int observation_new(const struct scope *scope, struct observation **ret); /* copies the scope */
struct observation *observation_free(struct observation *obs);
DEFINE_CLEANUP(struct observation *, observation_free)

static inline bool observation_covers(const struct observation *obs, enum thing_type type)
{
        return obs->scope.type == SCOPE_ACCOUNT ? obs->scope.types >> type & 1 : obs->scope.of == type;
}

/* What the thing with the id `parent` has of this type could not be read; the rest of the observation stands. 0 or -ENOMEM. */
int observation_miss(struct observation *obs, enum thing_type type, const char *parent, const char *why);
/* Why it could not be; NULL: it could, or nobody asked. */
const char *observation_missed(const struct observation *obs, enum thing_type type, const char *parent);

/* What is shown of this type within the thing `parent` is so little, all of a sudden, that nothing is added on its word; why, in words: "a second
 * look must confirm …". 0 or -ENOMEM. */
int observation_doubt(struct observation *obs, enum thing_type type, const char *parent, const char *why);
const char *observation_doubted(const struct observation *obs, enum thing_type type, const char *parent); /* NULL: no */

/* Was all of this type looked for, and read, that is in the thing with the id `parent`? It was where a detail says so: what was made or adopted
 * after the look began is not known from within. */
bool observation_covers_in(const struct observation *obs, enum thing_type type, const char *parent);

/* What is shown within the thing `parent` is what another look saw, which began at that time: it is no news. 0 or -ENOMEM. */
int observation_remember(struct observation *obs, enum thing_type type, const char *parent, usec_t at);
usec_t observation_remembers(const struct observation *obs, enum thing_type type,
                             const char *parent); /* 0: it is not */

/* The observation's own copy of a text. NULL: out of memory. */
const char *observation_string(struct observation *obs, const char *s);

/* Takes a row whose strings are in the pool: 1 it is new, 0 its id was there already (the first is kept), -ENOMEM. */
int observation_add(struct observation *obs, enum thing_type type, const struct row *row);

/* Copies a row of another observation. 0 or -ENOMEM. */
int observation_take_row(struct observation *obs, enum thing_type type, const struct row *from);

/* Copies what another look saw of one type, which this one then covers, too. 0 or -ENOMEM. */
int observation_take(struct observation *obs, enum thing_type type, const struct observation *from);

/* Gives back what is only needed for finding and adding: what is left is a list of rows. */
void observation_shrink(struct observation *obs);

/* NULL: not shown */
const struct row *observation_find(const struct observation *obs, enum thing_type type, const char *id);

/* Sets a value of a row that is being filled. */
void values_set_number(struct values *v, enum property f, int64_t number);
void values_set_text(struct values *v, enum property f, const char *text);

/* One value in the spec's units, at the end of `b`. */
int values_print(const struct values *v, enum property p, struct buf *b);

static inline bool values_known(const struct values *v, enum property f)
{
        return v->known & 1u << f;
}
