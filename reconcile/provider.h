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
        const char *option,
                *value; /* only where this option of the Provider has this value, which is the option's default
                                     * when it ends with '*' there; NULL: always */
        enum readback readback;
        enum change change;
        bool while_off; /* CHANGE_IN_PLACE: only of a machine that is off; else it is tried, and a refusal says so */
};

/* One of the fields of a kind that a vendor's thing has as settings of its own (reconcile/settings.h), and what can be done when it differs. */
struct setting {
        const char *path; /* in the spec: "frontend.port"; NULL ends the table */
        enum change change;
        const char *with; /* another setting that it is sent along with; NULL: none */
        const void *own;  /* the codec's */
};

/* What a caller can set when a thing is made, so that a listing shows which call made it. */
enum marker {
        MARKER_NAME,   /* its name, which is its slot's: "web-3" */
        MARKER_REMARK, /* a free text, which is made of the ledger's id, the slot and the number of the call */
        MARKER_NONE,   /* nothing: what a call made is told from the rest by when it came */
};

/* How a vendor makes things of one type. */
struct making {
        bool possible; /* the vendor has such things, and muster makes them */
        enum marker marker;
        unsigned together;         /* how many of them one create can make; 0 and 1: one */
        unsigned deleted_together; /* how many of them one delete can name; 0 and 1: one */
        const char
                *alone_option; /* the option by which the user says, with "true", that nobody else makes such things */
        bool name_may_differ;  /* MARKER_NAME: where the name is taken, the vendor says yes and gives another one */
        bool name_stays;       /* MARKER_NAME: set when it is made, and there is no ORDER_RENAME */
        bool named_later;      /* the marker can be set, by ORDER_RENAME, only once the thing is there */
        bool detached;         /* a disk: must be detached before its machine is deleted */
        bool goes_along; /* a disk or a copy: it hangs on its machine for good, is listed only with it, and goes when it goes */
        /* Such things are ours by what they are in: all that is in a `container` that the ledger owns, and nothing else. The ledger keeps
         * no rows of them, but of the calls about them. A row's name tells one from the others of its parent. */
        bool contained;
        enum thing_type container;
        /* It is about one machine (PROPERTY_MACHINE), and of no use without: it goes before that does, and is not missed once that is gone. */
        bool of_machine;
        bool told_by_content; /* MARKER_NONE: a listing shows all that a create says, so that a new one that says just
                               * that is what the create made */
        bool always_there; /* whatever anybody does: such a thing is never made, never deleted and never owned, but changed. The
                            * ledger keeps no rows of it but of the calls, which name it by its id */
        bool shows_one; /* SCOPE_ONE is supported */
        bool slow; /* a create is answered only when it is done: such calls have a pool of their own, and the account goes on
                    * meanwhile */
};

/* What a Provider of this type may have in `auth`. */
enum auth_type { AUTH_NONE, AUTH_TOKEN, AUTH_LOGIN };

/* One of the names that a Provider of this type may have in `options`. */
struct provider_option {
        const char *name;         /* NULL ends the table */
        const char *const *words; /* the values that it may have, the first being the default; NULL: any text */
        const char *help;
};

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
        const char *login;    /* AUTH_LOGIN: the name */
        const char *token;    /* or the password; NULL: none. Secret: goes into a request and nowhere else */
        const char *session;  /* what logged_in() brought; NULL: none. Secret as well */
        const struct pairs *options;
        usec_t timeout; /* of one request */
};

/* The value of an option, its default when the spec gives none; NULL: it has no default. */
struct provider;
const char *provider_option_value(const struct provider *provider, const struct pairs *options, const char *name);

/* The requests that a question needs next. */
struct request_list {
        struct request *requests;
        size_t n_requests, allocated_requests;
};

void request_list_done(struct request_list *l);
#define _cleanup_request_list_ _cleanup_(request_list_done)

/* Adds a request, which is taken over and left empty. */
int request_list_add(struct request_list *l, struct request *rq, struct error *e);

enum order_verb {
        ORDER_CREATE,
        ORDER_DELETE,
        ORDER_START,
        ORDER_SHUT_DOWN,
        ORDER_POWER_OFF,
        ORDER_CHANGE, /* one property, `field`, in place */
        ORDER_RENAME, /* the name at the vendor, back to `name` */
        ORDER_ATTACH, /* a disk, to the machine `parent` */
        ORDER_DETACH, /* a disk, from the machine `parent` */
};

/* One order is one request. */
struct order {
        enum order_verb verb;
        enum thing_type type;
        const char *id;         /* of the thing; NULL for a create */
        const char *const *ids; /* of all `n`, where the vendor takes several together; else NULL */
        size_t n;               /* how many things to make or delete; more than 1 only as `struct making` allows */
        const char *name;       /* the slot: a name for the thing; of several, the first one's */
        const char
                *marker; /* MARKER_NAME: as `name`; MARKER_REMARK: the text; what is contained: what tells it within its
                                    * parent; else NULL */
        const char
                *parent; /* a disk or a copy: the machine's id; what is contained: that of what it is in; NULL: none */
        const char *parent_traits; /* the traits of the parent's row; NULL: it is not shown */
        enum property field;
        const struct values *wanted; /* create: all of them; change: at least `field` */
        const struct values *shown;  /* change: what the listing shows; else NULL */
        const struct resource
                *resource;       /* create: what the thing is made for, a MachineSet or a MachineTemplate; else NULL */
        const char *password;    /* create of a machine: NULL: none. Secret */
        const char *certificate; /* PROPERTY_CERTIFICATE, and a create that has it: PEM; else NULL */
        const char *key;         /* likewise. Secret */
        int64_t wall;            /* seconds since 1970, for vendors that want a date */
};

enum outcome_class {
        OUTCOME_ACCEPTED,  /* the vendor said yes; `id` when it told one */
        OUTCOME_REFUSED,   /* for certain not done */
        OUTCOME_CAPACITY,  /* for certain not done, and more of the same will not be done before somebody makes room */
        OUTCOME_AUTH,      /* for certain not done: the credentials are not taken */
        OUTCOME_THROTTLED, /* told to wait; for a create the outcome is still unknown */
        OUTCOME_SESSION,   /* for certain not done: the session is over, log in again */
        OUTCOME_NOT_SENT,  /* for certain never reached the vendor */
        OUTCOME_UNKNOWN,
};

const char *outcome_text(enum outcome_class c);

#define OUTCOME_IDS_MAX 10
#define OUTCOME_ID_MAX 128
struct outcome {
        enum outcome_class class;
        char ids[OUTCOME_IDS_MAX][OUTCOME_ID_MAX]; /* create: what the reply named */
        size_t n_ids;
        bool said_no; /* OUTCOME_UNKNOWN: the vendor answered no, in words that do not prove that nothing was done */
        usec_t wait;  /* OUTCOME_THROTTLED: as long as the vendor asked, at most an hour; 0: it did not say */
        struct error why; /* the vendor's words and ours, for every class but accepted */
};

/* What a machine of a set would be: looked up before the first one is made. */
struct quote {
        struct values shows; /* what a listing will show of it beside what the spec says */
        int64_t price;       /* millionths of the vendor's currency an hour; 0: none, or not known */
        const char *note;    /* what a person should know before it is made; NULL: nothing. The observation's */
};

struct provider {
        const char *type; /* as in a Provider's `type` */
        const struct machine_support *machines;
        const struct setting *balancer; /* the settings of a load balancer; NULL: there are none */
        const struct making *(*making)(const struct pairs *options); /* of THING_TYPES */
        enum auth_type auth;
        const char *auth_option, *auth_value; /* `auth` is needed only where this option has this value; NULL: always */
        const struct provider_option *options;
        unsigned most_in_flight; /* requests at once that the vendor can take; 0: any number */
        int64_t set_max;         /* machines that a set may have at most; 0: as many as the language allows */
        const char *currency;    /* of prices: "CNY"; NULL: the vendor shows none */
        unsigned looks_always;   /* bits 1u << thing_type: what quote() needs beside the machines */
        const char *
                quota_option; /* where this option is given, TYPE_QUOTA can be looked at: what may still be used; NULL: never */
        struct timing timing;

        /* The request that opens a session, marked `read`; and what its reply says. `ret_session` is the caller's, who wipes it.
         * -EACCES: login and password are not taken; -EAGAIN; -EBADMSG. `log_in` NULL: the vendor has no sessions; 1: it needs
         * none as this account is set up. */
        int (*log_in)(const struct account_config *account, struct request *ret, struct error *e);
        int (*logged_in)(const struct account_config *account, struct reply *rp, char **ret_session, struct error *e);

        /* Begins to look: adds the first requests, each marked `read`. */
        int (*look)(const struct account_config *account, struct observation *obs, struct request_list *further,
                    struct error *e);

        /* Takes one reply in (always REPLY_COMPLETE, of any status): rows into `obs`, and requests for more of them.
         * 0; -EBADMSG: not readable as what it should be; -EACCES: the credentials are not taken; -EAGAIN: the vendor is
         * busy, ask again; -EKEYEXPIRED: the session is over; -ESTALE: as of seen(); -ENOMEM. */
        int (*saw)(const struct account_config *account, const struct request *rq, struct reply *rp,
                   struct observation *obs, struct request_list *further, struct error *e);

        /* All requests are answered. 0: `obs` is complete; 1: `further` has more; -ESTALE: what was read does not fit together
         * (rows moved while paging): look again from the start. */
        int (*seen)(const struct account_config *account, struct observation *obs, struct request_list *further,
                    struct error *e);

        /* Before machines of a set are made: is what the spec names there, and what will they be? NULL: there is nothing to look
         * up. -EINVAL: they cannot be made so, with the words why. */
        int (*quote)(const struct account_config *account, const struct observation *obs, const struct machine_set *set,
                     struct quote *ret, struct error *e);

        /* The request that carries an order out. -EINVAL: this vendor cannot, with the words why. */
        int (*act)(const struct account_config *account, const struct order *order, struct request *ret,
                   struct error *e);

        /* What a reply (REPLY_COMPLETE) to an order means. Never fails: what it cannot read is OUTCOME_UNKNOWN. A create of
         * several that is accepted names those that were made; what it does not name may still come. */
        void (*acted)(const struct account_config *account, const struct order *order, struct reply *rp,
                      struct outcome *ret);

        /* Is `name` one that the vendor may have made out of the marker, though not the same? Such a machine is a candidate to
         * show to a person, never ours by itself. NULL: none is. */
        bool (*resembles)(const char *marker, const char *name);
};

/* What a status other than 2xx means whatever the vendor: 401 and 403 auth, 429 and 503 throttled, the rest unknown.
 * True: `ret` is filled. False: the status is 2xx, and the codec reads the body. */
bool outcome_from_status(const struct reply *rp, struct outcome *ret);

/* The same for a read: 0 for 2xx; else -EACCES, -EAGAIN or -EBADMSG with words. */
int reply_status_check(const struct reply *rp, struct error *e);

/* What `auth` a Provider of this type has, as it is set up. */
enum auth_type provider_auth(const struct provider *provider, const struct pairs *options);

/* What the vendor's machines have of a field of MachineSet, as the account is set up; NULL: nothing. */
const struct machine_support *machine_support_find(const struct provider *provider, const struct pairs *options,
                                                   const char *field);
