/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A plan: what would be done, and why, in words.
 *
 * Made by pure functions out of specs, ledger and observations: the same inputs give the same plan. It is what a person
 * reads before anything happens, what is shown as text or JSON, and what the engine carries out.
 */

#include "reconcile/ledger.h"

enum action_verb {
        ACTION_CREATE,
        ACTION_UPDATE,
        ACTION_DELETE,
        ACTION_START,
        ACTION_STOP,
        ACTION_REPLACE,
        ACTION_ATTACH,
        ACTION_DETACH,
        ACTION_ADOPT,
};

const char *action_verb_text(enum action_verb v); /* "create", … as in the JSON plan */

/* Numbers of actions, in their order and each once. */
struct depends {
        size_t *of; /* in the plan's pool */
        size_t n,
                allocated; /* allocated 0: another action has the same list, and it is copied before anything is added */
};

struct change_line {
        const char *field, *from, *to; /* in the spec's units */
};

struct action {
        enum action_verb verb;
        enum thing_type type;
        const char *kind; /* "Machine" */
        const char *name; /* its slot: "web-3"; of what is contained "shop/web-3:8080" */
        const char *
                key; /* contained: what tells it within its parent; NULL: it is not known yet, or another sort of thing */
        const char *vendor_id; /* NULL: none yet */
        const char
                *summary; /* create: "template tmpl-7, 4 cpu, 8GiB, network pg-12"; delete: "running"; NULL: the changes
                                  say it */
        const char *address; /* delete: where the machine was seen last; NULL: nowhere */
        const char *reason;  /* "count is 5, 3 exist" */
        const char *blocked; /* NULL: not blocked; else why, and what to do */
        const char *waits; /* NULL: may be carried out now; else what it waits for (a confirming look, another action, a
                                   backoff). Part of the plan, but not of this pass */
        int64_t not_before;          /* wall clock: when a backoff ends; 0: none */
        bool given_up;               /* it waits for a person, or for longer than a run of apply should last */
        struct change_line *changes; /* in the plan's pool */
        size_t n_changes;
        struct depends depends_on; /* all that go first */
        size_t serves;             /* number + 1 of the action that it is done for, and blocked with; 0: none */
        bool served;               /* what it waits for is what is done for it, and nothing besides */
        size_t requests;           /* that carrying it out sends at the least */
        size_t section;            /* its number in sections */

        /* For the engine. */
        struct thing *thing; /* NULL: a create */
        enum order_verb order;
        enum property field;
        enum call_counts counts;
        struct values wanted;
        int64_t price; /* what it adds to the bill (less than 0: saves): millionths of the provider's currency an hour */
};

enum phase { PHASE_CONVERGED, PHASE_PROGRESSING, PHASE_BLOCKED, PHASE_FAILED, PHASE_PAUSED, PHASE_UNKNOWN };
#define PHASES (PHASE_UNKNOWN + 1)
enum phase_reason {
        REASON_NONE,
        REASON_LIMIT,
        REASON_CONFLICT,
        REASON_HELD,
        REASON_PARKED,
        REASON_CAPACITY,
        REASON_AUTH,
        REASON_REFUSED,
};

const char *phase_text(enum phase p);
const char *phase_reason_text(enum phase_reason r); /* NULL for REASON_NONE */

/* What is wrong with a part of a resource, while the rest of it is planned: nothing is done about that part. */
struct trouble {
        bool unknown;     /* nothing is known of it; else what its spec asks for can never be */
        const char *name; /* "web-0/data" */
        const char *text; /* why, and what to do */
};

/* One resource in the plan, or one that the ledger knows and no spec names any more. */
struct section {
        const char *resource;     /* "MachineSet/web" */
        const char *provider;     /* "star" */
        struct position position; /* file NULL: no spec names it */
        const char *headline;     /* "count is 5, 3 exist" */
        const char *unknown;      /* NULL, or why nothing can be said: the text behind '?' */
        int64_t desired, ready, exist;
        enum phase phase;
        enum phase_reason phase_reason;
        const char *message;        /* for status: one line; "" when converged */
        const char *when_converged; /* the message then, where there is something to say; NULL: nothing */
        const char **notes; /* lines to show below it that are no actions: drift that is only reported, parked slots */
        size_t n_notes, allocated_notes;
        struct trouble *troubles;
        size_t n_troubles, allocated_troubles;
        size_t n_actions;
        int64_t next_attempt; /* wall clock: of what failed; once converged, of what is not due yet; 0: none */
        int64_t due_at;       /* wall clock: when something is to be done that is not yet; 0: never */
        bool waiting;         /* something is in progress that a later look will show */
};

/* What carrying the plan out writes down of a machine without asking its vendor for anything. */
enum remark_type { REMARK_RELEASE, REMARK_PROTECT, REMARK_UNPROTECT };

struct remark {
        struct thing *thing;
        enum remark_type type;
};

enum plan_severity { PLAN_WARNING, PLAN_ERROR };

struct plan_diagnostic {
        enum plan_severity severity;
        const char *resource; /* "Provider/star" or "MachineSet/web" */
        const char *message;
};

/* What a plan says of one provider. */
struct plan_provider {
        const char *name;
        uint64_t reads;       /* requests sent to make the plan */
        uint64_t planned;     /* requests that carrying it out would send at the least */
        int64_t price;        /* what that adds to the bill: millionths of `currency` an hour */
        const char *currency; /* NULL: the vendor shows no prices */
};

struct plan {
        struct section *sections; /* sorted by resource as in the estate; those without a spec last */
        size_t n_sections, allocated_sections;
        struct action *actions; /* in the order of their sections; deletes and replacements first in each */
        size_t n_actions, allocated_actions;
        struct remark *remarks; /* for the engine */
        size_t n_remarks, allocated_remarks;
        struct plan_diagnostic *diagnostics;
        size_t n_diagnostics, allocated_diagnostics;
        struct plan_provider *providers;
        size_t n_providers, allocated_providers;
        const char *digest;                            /* of the specs */
        size_t n_resources;                            /* in the specs */
        int64_t unchanged, orphaned, foreign, unknown; /* things */
        usec_t next_due;         /* boot clock: when something is to be done that is not yet; USEC_INFINITY: never */
        bool adds;               /* some action would use more of what a quota bounds */
        int64_t unchanged_parts; /* of the unchanged ones, those that are no machines: disks and templates */
        struct strpool *strings;
};

int plan_new(struct plan **ret);
struct plan *plan_free(struct plan *p);
DEFINE_CLEANUP(struct plan *, plan_free)

/* Formats into the plan's pool; never NULL. A plan in whose making memory ran out may have an empty text, or say less than it should: such a
 * plan is not to be used. plan_fail() notes that memory was lacking, plan_string() and plan_words() do so by themselves, and plan_check() is
 * -ENOMEM from then on, else 0. */
const char *plan_string(struct plan *p, const char *format, ...) _printf_(2, 3);
const char *plan_words(struct plan *p, const struct buf *b); /* what the buffer holds; cut where that is full */
void plan_fail(struct plan *p);
int plan_check(const struct plan *p);

/* Adds a line to what an action of the plan changes; the texts are the plan's. 0 or -ENOMEM. */
int action_add_change(struct plan *p, struct action *a, const struct change_line *change);

/* Copies the sections of `from` and what is in them to the end of `to`, and adds its numbers. */
int plan_append(struct plan *to, const struct plan *from);

/* Puts the sections into their order, with their actions. */
int plan_sort(struct plan *p);

/* The numbers of the summary: blocked actions count as blocked only. */
struct plan_counts {
        int64_t create, update, delete, blocked;
};
struct plan_counts plan_count(const struct plan *p);
int64_t plan_errors(const struct plan *p); /* parts of resources that can never become as their specs say */

/* The name as people read it below its section: "web-3:8080" of the slot "shop/web-3:8080" of LoadBalancer/shop. */
const char *plan_action_name(const struct plan *p, const struct action *a);

/* Adds a number to those of the list, in the plan's pool. 0 or -ENOMEM. */
int depends_add(struct plan *p, struct depends *d, size_t number);
bool depends_has(const struct depends *d, size_t number);

/* Says that the action of this number, or all that are in the list, go before `a`. 0 or -ENOMEM. */
int action_depends(struct plan *p, struct action *a, size_t number);
int action_depends_all(struct plan *p, struct action *a, const struct depends *d);

bool plan_has_actions(const struct plan *p); /* any, blocked ones too */

/* Two actions are equal when all but number, reason and dependencies are. */
bool action_equal(const struct plan *a_plan, const struct action *a, const struct plan *b_plan, const struct action *b);
/* The first action of `p` that is not in `approved`; NULL: there is none. */
const struct action *plan_find_new(const struct plan *p, const struct plan *approved);
