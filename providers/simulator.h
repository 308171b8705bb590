/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A vendor's service as a pure state machine: requests in, replies out, time told from outside. muster-sim serves it
 * over sockets; the simulation of the tests calls it in memory. It shares nothing with its vendor's codec but base/.
 */

#include "reconcile/base/json.h"
#include "reconcile/base/wire.h"

struct simulation; /* each vendor's own */

#define SIMULATOR_SUBJECT_MAX 1024

struct simulator_options {
        const char *token;   /* NULL: any is taken */
        size_t machines;     /* that are there at the start, somebody else's */
        usec_t ready_delay;  /* how long a new machine is being installed, and any change of power takes */
        bool quirks;         /* behave as the notes say rather than as the document does */
        const char *variant; /* vendor's own reading of something that its document leaves open; NULL: the default */
};

/* What a fault can make of a call that has to be said in the vendor's own form. */
enum pretence {
        PRETEND_NOTHING,   /* serve it */
        PRETEND_EMPTY,     /* a listing without rows, and a total of none */
        PRETEND_SHORT,     /* a listing that has lost all rows but two, and its total with them */
        PRETEND_DUPLICATE, /* a listing that shows a row twice */
        PRETEND_REFUSAL,   /* the vendor's "no", with nothing done */
        PRETEND_BAD_TOKEN, /* the token is not taken, with nothing done */
};

struct simulator {
        const char *type;            /* as in a Provider's `type` */
        const char *base_path;       /* what follows host and port in an endpoint */
        const char *const *variants; /* names for `variant`, ending with NULL */
        int (*new)(const struct simulator_options *options, struct simulation **ret, struct error *e);
        struct simulation *(*free)(struct simulation *s);

        /* One call of the vendor's API at `now`, answered as `how` says. Fills `ret` as REPLY_COMPLETE. `*ret_class` is what fault rules name:
         * of machines "create", "list", "get", "delete", "start", "shutdown", "poweroff", "cpu", "memory", "rename"; of other things as
         * faults.h lists them. -ENOMEM only. */
        int (*serve)(struct simulation *s, usec_t now, const struct request *rq, enum pretence how, struct reply *ret,
                     const char **ret_class);

        /* What a call would be, without carrying it out; and what it is about: a machine's id, of a create its name, "" when it
         * cannot be told. */
        const char *(*classify)(struct simulation *s, const struct request *rq);
        void (*subject)(struct simulation *s, const struct request *rq, char ret[static SIMULATOR_SUBJECT_MAX]);

        /* What a person at the vendor's console does: verb "delete", "stop", "start", "fail", "add", "rename", "state" of
         * machines, and each vendor's own; see muster-sim --help. -ENOENT: no such machine; -EINVAL. */
        int (*console)(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);

        /* The whole state as JSON, for tests and for --state; and back. */
        json_t *(*save)(struct simulation *s, usec_t now);
        int (*load)(struct simulation *s, usec_t now, const json_t *state, struct error *e);
};
