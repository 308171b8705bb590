/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rules by which a simulated service misbehaves: "create:3=drop-reply". Pure, and the same for every vendor.
 *
 *      CLASS[:N | :N-M | :every]=FAULT[,FAULT…]
 *
 * CLASS is a class of calls, `act` (all that change something) or `any`. N counts the calls that the rule's class has
 * met since the rule was made, from 1; a rule without it holds for every call.
 */

#include "providers/simulator.h"

enum fault {
        FAULT_DROP_REQUEST = 1 << 0, /* the connection ends, nothing is done */
        FAULT_DROP_REPLY = 1 << 1,   /* it is done, the connection ends */
        FAULT_HANG = 1 << 2,         /* nothing is done, no answer ever */
        FAULT_HANG_AFTER = 1 << 3,   /* it is done, no answer ever */
        FAULT_500 = 1 << 4,          /* nothing is done */
        FAULT_500_AFTER = 1 << 5,    /* it is done */
        FAULT_HTML = 1 << 6,         /* a proxy's page with status 200, nothing is done */
        FAULT_429 = 1 << 7,          /* asks to wait a second, nothing is done */
        FAULT_503 = 1 << 8,          /* the same */
        FAULT_REDIRECT = 1 << 9,     /* to another host, nothing is done */
        FAULT_REFUSE = 1 << 10,      /* the vendor's "no", nothing is done */
        FAULT_AUTH = 1 << 11,        /* the vendor does not take the token, nothing is done */
        FAULT_EMPTY = 1 << 12,       /* a listing without rows */
        FAULT_SHORT = 1 << 13,       /* a listing of two rows, and a total of two */
        FAULT_DUPLICATE = 1 << 14,   /* a listing that shows a row twice */
        FAULT_TRUNCATE = 1 << 15,    /* it is done, half of the reply comes */
        FAULT_GARBAGE = 1 << 16,     /* it is done, the reply is random bytes */
        FAULT_STALE = 1 << 17,       /* a listing as it was when it was last asked for */
};

/* What a call meets. */
struct fault_set {
        unsigned faults; /* of enum fault */
        usec_t delay;    /* a length of time: the answer is that late */
};

struct fault_rule {
        const char *class;    /* one of call_classes, "act" or "any" */
        uint64_t first, last; /* calls that it holds for, counted from 1 */
        uint64_t met;         /* calls of its class so far */
        struct fault_set set;
};

struct faults {
        struct fault_rule *rules;
        size_t n_rules, allocated_rules;
};

void faults_done(struct faults *f); /* and it has no rules, and is usable again */

/* 0, -EINVAL with what to write instead, or -ENOMEM. */
int faults_add(struct faults *f, const char *rule, struct error *e);

/* One call of the class: counts it in every rule, and tells what it meets. */
struct fault_set faults_meet(struct faults *f, const char *class);

bool faults_know(const struct faults *f, enum fault fault); /* is there a rule with it? */

/* The classes of calls, "other" last, then NULL. All but "list", "get", "lookup", "login", "other" and the listings of other things
 * than machines ("disk-list", …) act. */
#define CALL_CLASSES 73
extern const char *const call_classes[CALL_CLASSES + 1];
bool call_class_acts(const char *class);
bool call_class_lists(const char *class); /* and has the faults of a listing */
