/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a plan is made out of, written down a line each, so that a test can say it in a file: what the ledger has, what an account shows, what
 * was tried in vain. A line that is not understood fails the test.
 *
 *     has TYPE RESOURCE SLOT ID [KEY=VALUE…]       it is ours, and shown under its slot's name
 *     owns TYPE RESOURCE SLOT ID [KEY=VALUE…]      it is ours, and not shown; account=OTHER: on another account
 *     shows TYPE ID [KEY=VALUE…]                   it is shown
 *     call TYPE RESOURCE SLOT VERB [KEY=VALUE…]    a call that is open; state=unknown unless another one is said
 *     retry TYPE SLOT VERB [KEY=VALUE…]            an order that failed a moment ago
 *     looked TYPE ID [WITHIN]                      more of one thing was asked for; what is in a group or balancer of ours always is, but
 *     blind TYPE ID                                that it was in vain
 *     sees TYPE…                                   just these were looked for; else all that the vendor has
 *     pause RESOURCE REASON | hold WHY | hold-copies WHY [confirmed] | unreadable WHY | denied WHY | capped
 *     unnamed (no spec has its Provider) | quota-unknown WHY
 *     hour [KEY=VALUE…] | replacements SLOT N | held TYPE ID | stranger TYPE ID | certificate RESOURCE [KEY=VALUE]
 *     max-deletes SHARE | selects RESOURCE… | refuses SLOT
 *
 * What is owned, or called, may be another account's: account=NAME. A call may have a marker, a note, cuts, and said-no. Blanks part words, but
 * those within quotes or braces.
 */

#include "reconcile/planner.h"

#define SITUATION_NOW (5 * USEC_PER_HOUR)
#define SITUATION_WALL INT64_C(1800000000)

struct situation {
        struct plan_input in; /* for plan_account() */
        struct ledger *ledger;
        struct observation *seen;
        struct account_config config;
        struct strmap retries, certificates, selected;
        struct share max_deletes;
        const char *refused;
        struct detail *details;
        size_t n_details, allocated_details;
        unsigned types;
};

/* Of the account of the estate's first Provider. */
void situation_init(struct situation *s, const struct estate *estate, const struct provider *codec, const char *lines);
/* The same account, looked at again: all that is there now is what these lines show. */
void situation_look(struct situation *s, const char *lines);
void situation_done(struct situation *s);
