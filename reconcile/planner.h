/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Planning one account: expand what the specs want into slots, compare each slot with what the ledger owns and what was
 * seen, and write down the actions. Pure: reads its input, writes the plan.
 *
 * The rule: an action comes only out of a complete observation, and deletes only things that the ledger owns.
 */

#include "reconcile/plan.h"

/* What an account remembers of an order that did not work. */
struct retry {
        const char *resource, *slot; /* of the call that failed; the ledger's */
        unsigned failures;
        enum outcome_class class;
        bool given_up;            /* tried as often as makes sense: only a person or a changed spec helps */
        enum condition condition; /* of the machine when it failed: in another one it deserves another try */
        usec_t next;              /* boot clock */
        const char *why;
};

/* How often an order that was accepted, or refused without a reason that lasts, is sent before it is reported instead. */
#define ATTEMPTS_MAX 5
#define REPLACEMENTS_PER_HOUR 3
/* A credit is topped up when less than one part in so many of it is left. */
#define CREDIT_LOW 10

/* What the certificate and the key of a balancer's spec are. */
struct certificate {
        const char *digest; /* of both; NULL: not known */
        const char *why;    /* why they cannot be read; NULL: they can, or nobody tried */
};

struct plan_input {
        const struct estate *estate;
        const struct resource *provider; /* NULL: the ledger owns things of an account that no spec names */
        const char *account;
        const struct provider *codec;
        const struct making *making; /* of THING_TYPES */
        const struct account_config *config;
        struct ledger *ledger;
        const struct observation *machines; /* the last complete look; NULL: none */
        const char *unreadable;             /* why there is none */
        enum phase_reason unreadable_reason;
        bool patient;               /* what could not be read of single things may be read before long */
        const char *hold;           /* why nothing may be created or deleted here; NULL: no hold */
        const char *hold_copies;    /* the same of copies of machines alone */
        bool hold_copies_confirmed; /* no later look will tell more */
        const char *quota_unknown;  /* NULL, or why it is not known what may still be used, though it was asked for */
        const struct strmap *certificates; /* "LoadBalancer/shop" -> struct certificate */
        const struct strmap *retries;      /* retry_key() -> struct retry */
        const struct share *max_deletes;   /* overrides the policy when given */
        usec_t now;
        int64_t wall;

        /* NULL: everything. Resources that are not selected are not planned; actions that are not approved are blocked. */
        bool (*selects)(void *userdata, const struct resource *r);
        bool (*approves)(void *userdata, const struct plan *p, const struct action *a);
        void *filter_userdata;
};

/* Adds the sections, actions and diagnostics of one account, and applies the Policy's limits to them. */
int plan_account(struct plan *p, const struct plan_input *in, struct error *e);

/* The key of a retry, in the caller's buffer. */
#define RETRY_KEY_MAX (SLOT_MAX + 64)
const char *retry_key(enum thing_type type, const char *slot, enum order_verb verb, enum property field,
                      char key[static RETRY_KEY_MAX]);

/* What a set wants of each machine, of the properties that this vendor has. What refers to a resource of the repo is the vendor's id of
 * what the ledger owns for it; not known while there is nothing yet. */
void values_wanted(const struct machine_set *set, const struct provider *codec, const struct pairs *options,
                   const struct ledger *ledger, struct values *ret);
bool value_equal(enum property f, const struct values *a, const struct values *b);
/* Is a change to `wanted` done, now that this is shown? What runs down by itself need not be full. */
bool value_satisfies(enum property f, const struct values *shown, const struct values *wanted);
/* One value in the spec's units, in the plan's pool. */
const char *value_text(struct plan *p, enum property f, const struct values *v);
