/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a provider was seen to have: rows read out of its replies, and whether they are all there is.
 *
 * Three answers, never two: a thing is in a complete observation, or missing from a complete one, or the observation is
 * not complete and says nothing about what it does not show.
 */

#include "reconcile/base/error.h"
#include "reconcile/kinds.h"

/* What a machine is doing, as its codec reads the vendor's state. */
enum condition {
        CONDITION_RUNNING,
        CONDITION_STOPPED,
        CONDITION_CHANGING, /* the vendor is at work on it: wait */
        CONDITION_ASLEEP,   /* suspended by somebody: counted, reported, its power left alone */
        CONDITION_FAILED,   /* the vendor gave up on it */
        CONDITION_UNKNOWN,  /* a state that the codec does not know: it exists, and is never acted on */
};

const char *condition_text(enum condition c); /* "running", …: for people and for list -o json */

/* Values of a machine's properties; text is interned in the observation's pool. */
struct values {
        uint32_t known; /* bit 1u << property: the vendor showed it */
        union {
                const char *text;
                int64_t number;
        } of[PROPERTIES];
};

struct row {
        const char *id;
        const char *name;    /* what the caller may set; "" when there is none */
        const char *address; /* "" while it has none */
        const char *created; /* the vendor's creation time, as printed; "" when not shown */
        enum condition condition;
        bool can_shut_down; /* the machine listens to a soft shutdown */
        struct values values;
};

/* What is looked at. */
enum scope_type {
        SCOPE_MACHINES, /* every machine of the account */
        SCOPE_MACHINE,  /* the one whose id is given: does the vendor still show it? */
};

struct scope {
        enum scope_type type;
        const char *id;
};

enum observation_state {
        OBSERVATION_RUNNING,
        OBSERVATION_COMPLETE,
        OBSERVATION_INCOMPLETE, /* `why` says what was wrong */
};

struct observation {
        struct scope scope;
        enum observation_state state;
        struct error why;
        struct row *rows;
        size_t n_rows, allocated_rows;
        struct strmap by_id; /* id -> row number + 1 */
        struct strpool *strings;
        bool denied; /* SCOPE_MACHINE: the vendor's answer says for certain that there is no such machine */

        /* A walk over pages, kept here because codecs have no memory of their own. */
        int64_t total;       /* as stated by the vendor; -1: not yet, or never */
        uint64_t pages_read; /* replies taken in */
        unsigned step;       /* the codec's own */
        size_t repeated;     /* rows whose id was there already */
};

int observation_new(enum scope_type type, const char *id, struct observation **ret);
struct observation *observation_free(struct observation *obs);
DEFINE_CLEANUP(struct observation *, observation_free)

/* The observation's own copy of a text. NULL: out of memory. */
const char *observation_string(struct observation *obs, const char *s);

/* Takes a row whose strings are in the pool: 1 it is new, 0 its id was there already (the first is kept), -ENOMEM. */
int observation_add(struct observation *obs, const struct row *row);

const struct row *observation_find(const struct observation *obs, const char *id); /* NULL: not shown */

/* Sets a value of a row that is being filled. */
void values_set_number(struct values *v, enum property f, int64_t number);
void values_set_text(struct values *v, enum property f, const char *text);

static inline bool values_known(const struct values *v, enum property f)
{
        return v->known & 1u << f;
}
