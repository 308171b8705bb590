/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a vendor's codec is: pure functions from questions and orders to requests, and from replies to rows and outcomes.
 *
 * The rules: a codec does no I/O and keeps no state. A request is marked `read` only when the vendor's document says
 * that it changes nothing. An outcome is `refused` only when it is certain that nothing was done.
 */

#include "reconcile/base/wire.h"
#include "reconcile/kinds.h"
#include "reconcile/observation.h"

/* How a property of a machine can be read back, and what can be done when it differs. */
enum readback { READBACK_LISTED, READBACK_NEVER };
enum change { CHANGE_IN_PLACE, CHANGE_REPLACE };

/* What a vendor's machines have of the fields of MachineSet. Fields that are in no row here are spec errors there. */
struct machine_support {
        const char *field; /* of MachineSet; NULL ends the table */
        bool required;
        const char *instead; /* another field that may stand in for a required one; both together are an error */
        enum readback readback;
        enum change change;
};

/* What a Provider of this type may have in `auth` and `options`. */
enum auth_type { AUTH_NONE, AUTH_TOKEN };

struct timing {
        usec_t acting; /* how long after a call's end the vendor may still act on it */
        usec_t lag;    /* how long a listing may be behind */
        usec_t margin;
        usec_t change;    /* how long an accepted change may take before it counts as not done */
        usec_t shut_down; /* how long a machine may take over a soft shutdown before its power is cut */
};

/* One account, as its codec sees it. */
struct account_config {
        const char *endpoint; /* without a slash at its end */
        const char *token;    /* NULL: none. Secret: goes into a header and nowhere else */
        const struct pairs *options;
        usec_t timeout; /* of one request */
};

/* The requests that a question needs next. */
struct request_list {
        struct request *requests;
        size_t n_requests, allocated_requests;
};

void request_list_done(struct request_list *l);
#define _cleanup_request_list_ _cleanup_(request_list_done)

enum order_verb {
        ORDER_CREATE,
        ORDER_DELETE,
        ORDER_START,
        ORDER_SHUT_DOWN,
        ORDER_POWER_OFF,
        ORDER_CHANGE, /* one property, `field`, in place */
        ORDER_RENAME, /* the name at the vendor, back to `name` */
};

/* One order is one request. */
struct order {
        enum order_verb verb;
        const char *id;   /* of the machine; NULL for a create */
        const char *name; /* the marker */
        enum property field;
        const struct values *wanted; /* create: all of them; change: at least `field` */
        const char *password;        /* create: NULL: none. Secret */
};

enum outcome_class {
        OUTCOME_ACCEPTED,  /* the vendor said yes; `id` when it told one */
        OUTCOME_REFUSED,   /* for certain not done */
        OUTCOME_CAPACITY,  /* for certain not done, and more of the same will not be done before somebody makes room */
        OUTCOME_AUTH,      /* for certain not done: the credentials are not taken */
        OUTCOME_THROTTLED, /* told to wait; for a create the outcome is still unknown */
        OUTCOME_NOT_SENT,  /* for certain never reached the vendor */
        OUTCOME_UNKNOWN,
};

const char *outcome_text(enum outcome_class c);

struct outcome {
        enum outcome_class class;
        char id[128]; /* "" when the reply named none */
        bool said_no; /* OUTCOME_UNKNOWN: the vendor answered no, in words that do not prove that nothing was done */
        usec_t wait;  /* OUTCOME_THROTTLED: as long as the vendor asked, at most an hour; 0: it did not say */
        struct error why; /* the vendor's words and ours, for every class but accepted */
};

struct provider {
        const char *type; /* as in a Provider's `type` */
        const struct machine_support *machines;
        enum auth_type auth;
        const char *const *options; /* names of its `options`, ending with NULL */
        struct timing timing;
        bool shows_one; /* SCOPE_MACHINE is supported */

        /* Begins to look: adds the first requests, each marked `read`. */
        int (*look)(const struct account_config *account, struct observation *obs, struct request_list *further,
                    struct error *e);

        /* Takes one reply in (always REPLY_COMPLETE, of any status): rows into `obs`, and requests for more of them.
         * 0; -EBADMSG: not readable as what it should be; -EACCES: the credentials are not taken; -EAGAIN: the vendor is
         * busy, ask again; -ENOMEM. */
        int (*saw)(const struct account_config *account, const struct request *rq, struct reply *rp,
                   struct observation *obs, struct request_list *further, struct error *e);

        /* All requests are answered. 0: `obs` is complete; 1: `further` has more; -ESTALE: what was read does not fit together
         * (rows moved while paging): look again from the start. */
        int (*seen)(const struct account_config *account, struct observation *obs, struct request_list *further,
                    struct error *e);

        /* The request that carries an order out. -EINVAL: this vendor cannot, with the words why. */
        int (*act)(const struct account_config *account, const struct order *order, struct request *ret,
                   struct error *e);

        /* What a reply (REPLY_COMPLETE) to an order means. Never fails: what it cannot read is OUTCOME_UNKNOWN. */
        void (*acted)(const struct account_config *account, const struct order *order, struct reply *rp,
                      struct outcome *ret);

        /* Is `name` one that the vendor may have made out of the marker, though not the same? Such a machine is a candidate to
         * show to a person, never ours by itself. */
        bool (*resembles)(const char *marker, const char *name);
};

/* What a status other than 2xx means whatever the vendor: 401 and 403 auth, 429 and 503 throttled, the rest unknown.
 * True: `ret` is filled. False: the status is 2xx, and the codec reads the body. */
bool outcome_from_status(const struct reply *rp, struct outcome *ret);

/* The same for a read: 0 for 2xx; else -EACCES, -EAGAIN or -EBADMSG with words. */
int reply_status_check(const struct reply *rp, struct error *e);

const struct machine_support *machine_support_find(const struct provider *provider, const char *field);
