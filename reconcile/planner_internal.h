/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the planner's files share: the plan under construction, and how an action gets into it.
 */

#include "reconcile/expand.h"

/* Creates without a marker that this plan has admitted: they are all for the same things. */
struct admitted {
        enum thing_type type;
        struct values wanted;
        size_t n;
};

struct planning {
        struct plan *plan;
        const struct plan_input *in;
        const struct census *census;
        struct set *set;
        struct admitted *admitted; /* of the whole account */
        size_t n_admitted, allocated_admitted;
        struct quote quote;     /* what the machines of the set would be */
        const char *unquotable; /* NULL, or why they cannot be made */
        int64_t budget;         /* machines of the set that may still be taken away for a while */
        size_t section;         /* number of the section that is being written */
        const char *paused;     /* NULL, or what says so */
        bool failed;            /* memory ran out: the plan is not to be used */
};

struct section *planning_section(struct planning *pl);

/* What the set that is being planned wants of each machine. */
void planning_wanted(const struct planning *pl, struct values *ret);

/* planner_lane.c: keeps a create without a marker waiting while what it makes could not be told from what others make. */
void planning_admit(struct planning *pl, struct action *a);

/* planner_template.c: a template, which is made once and made anew where the spec says so. */
void plan_template(struct planning *pl, const struct resource *resource);
size_t template_users(const struct plan_input *in, const char *id); /* machines that are made of it, or being made */

/* planner_group.c: a security group with its rules and bindings; and what has to go before the delete of one, which is action `number`. */
void plan_group(struct planning *pl, const struct resource *resource);
void plan_group_leaving(struct planning *pl, const char *name, size_t number);
/* planner_named.c: what is one thing with a name. */

/* "small", then "small.2", "small.3": never one that the ledger has had here already. `before` is the one that it follows; NULL: none. */
const char *named_next(struct planning *pl, const struct resource *resource, const struct thing *before);

/* Somebody else's thing has the name that this create would give: `what` says what it is. */
void named_meet_stranger(struct planning *pl, const struct resource *resource, struct action *a, const char *what);

/* Its name at the vendor, back to what it is here; never of what was adopted. */
void named_rename(struct planning *pl, const struct resource *resource, const struct slot *slot);

/* Is it not there to be planned: being made or deleted, parked, or missing? That is told. */
bool named_is_away(struct planning *pl, const struct slot *slot);

/* planner_network.c: a network; what has to go before the delete of one, which is action `number`. */
void plan_network(struct planning *pl, const struct resource *resource);
void plan_network_leaving(struct planning *pl, const struct slot *slot, size_t number);
/* Keeps the create of a machine waiting until its network is there as its spec says. */
void network_await(struct planning *pl, struct action *a);
/* Deletes of networks go after those of the machines on them, or not at all: over all actions of the account from `first` on. */
void plan_networks_last(struct planning *pl, size_t first);

/* planner_tenant_quota.c: what a tenant may use. */
void plan_tenant_quota(struct planning *pl, const struct resource *resource);

/* planner_balancer.c: a load balancer, with what it hands connections to. */
void plan_balancer(struct planning *pl, const struct resource *resource);

/* planner_backends.c. What is behind the balancer in the slot `owner`; `made` is the number + 1 of the action that makes it, 0: it is there. */
void plan_backends(struct planning *pl, const struct resource *resource, const struct slot *owner, size_t made);
/* What has to go before the delete of one, which is action `number`. */
void plan_backends_leaving(struct planning *pl, const char *name, size_t number);
/* Back ends of machines that go, or are gone, in a balancer that no spec names any more and that is kept. */
void plan_backends_orphaned(struct planning *pl, const struct slot *owner);
/* Machines that go although they are behind a balancer that is not selected. */
void plan_backends_unselected(struct planning *pl, const struct resource *resource);
/* "follows MachineSet/web"; NULL: it follows none. */
const char *backends_follow(struct planning *pl, const struct resource *resource);

/* planner_disks.c: the data disks of the set's machines; `first` is the number of the set's first action. */
void plan_disks(struct planning *pl, size_t first);

/* planner_parts.c: what groups and balancers contain. */

/* A thing that the parent should contain. */
struct part {
        const char *
                key; /* what tells it within its parent, as a row's name does; NULL: not known before something else is there */
        const char *slot;   /* "shop/web-3:8080" */
        const char *reason; /* why it is wanted */
        const char *summary;
        struct values wanted;
        const char *waits;         /* NULL: it may be made now */
        bool given_up;             /* what it waits for does not come by itself */
        size_t after[DEPENDS_MAX]; /* numbers + 1 of the actions that go first; 0 from the last of them on */
        bool keeps;                /* it stays as it is where it is there, and is not made where it is not */
};

struct parts {
        enum thing_type type;
        const char *parent; /* the vendor's id of what they are in; NULL: it is not there yet */
        const char *resource;
        struct part *items;
        size_t n, allocated;
        /* What a row that no part accounts for is called in the plan: its slot, in the plan's pool. */
        const char *(*name_row)(struct planning *pl, const struct parts *parts, const struct row *row);
        /* May it go? NULL: yes; else what it waits for. Absent: it may. */
        const char *(*stays)(struct planning *pl, const struct parts *parts, const struct row *row);
        const struct slot *owner; /* the group or balancer, for what waits for it */
        const void *userdata;     /* for the two above */
        bool any_order;           /* what is too much may go before what is missing is there */

        /* What cannot be read may be any of those that are missing: nothing is made beside it. */
        bool unread_counts;
        const struct row *unread; /* plan_parts()' own */
};

void parts_done(struct parts *parts);
#define _cleanup_parts_ _cleanup_(parts_done)

/* A new one at the end; NULL: out of memory (noted in `failed`). */
struct part *parts_add(struct planning *pl, struct parts *parts);

/* Holds the parts against what is listed within the parent: what is missing is made first, what differs changed, what is too much
 * deleted. Parts end up sorted by key; those of one key are one. */
void plan_parts(struct planning *pl, struct parts *parts);

/* Deletes all that is listed within a parent that is to go; `number` is that of its delete, which waits for them. May be called for several
 * types: those of the next go after those of the one before. */
void plan_parts_leaving(struct planning *pl, struct parts *parts, size_t number);

/* Has the vendor been at work on it for so long that this may never end? */
bool planning_is_stalled(const struct planning *pl, const struct slot *s);

/* A slot that waits for a person. */
void tell_parked(struct planning *pl, const struct slot *s);

/* A new action on a slot. NULL: out of memory (noted in `failed`). `reason` is a plan's string, NULL notes the same. */
struct action *planning_action(struct planning *pl, enum action_verb verb, const struct slot *slot, const char *reason);

/* A line of what the action changes; the texts are plan's strings. */
void planning_change(struct planning *pl, struct action *a, const char *field, const char *from, const char *to);

/* A disk or a template is as the specs say. */
void planning_part_unchanged(struct planning *pl);

/* A line below the section that is no action. */
void planning_note(struct planning *pl, const char *text);

/* What is written down of a thing when the plan is carried out. */
void planning_remark(struct planning *pl, struct thing *thing, enum remark_type type);

/* Keeps an action out of this pass. The gravest reason stays the section's. */
void planning_block(struct planning *pl, struct action *a, enum phase_reason reason, const char *why);
void section_reason(struct section *s, enum phase_reason reason, const char *message);

/* planner_set.c: what a set needs: machines to make, to delete, to replace, and what is wrong with those that are there. */
int plan_set(struct planning *pl, struct set *set, struct error *e);
/* What the ledger owns and no spec names: deleted where the Policy prunes, else told. */
void plan_orphans(struct planning *pl, struct set *set);

/* A failed attempt at the order that still counts; NULL: none, or the machine is in another state since. */
const struct retry *planning_retry(const struct planning *pl, const struct slot *s, enum order_verb verb,
                                   enum property field);

/* planner_rollout.c: machines that can only become as the spec says by being made anew or by being switched off for a while. */
void plan_rollout(struct planning *pl, struct set *set);
/* Fields of the machine that it was refused to change while it runs. */
bool needs_restart(const struct planning *pl, const struct slot *s, enum property f);
/* Switches the machine off so that the field can change; blocked where the spec allows no restart. */
void plan_restart(struct planning *pl, const struct slot *s, enum property f);
int64_t rollout_budget(const struct planning *pl, const struct set *set);

/* diff.c. One change of a thing at a time, from action `first` on: a vendor locks it while it is at work. What was tried too often is
 * passed over. */
void planning_chain(struct planning *pl, const struct slot *s, size_t first, const char *why);

/* What a property is compared with, and whether it is known to differ. */
const struct values *values_to_compare(const struct machine_support *support, const struct slot *s);
bool values_drifted(const struct machine_support *support, const struct slot *s, enum property f,
                    const struct values *wanted);
/* How this machine is switched off: softly, until that did not help. */
enum order_verb power_order(const struct planning *pl, const struct slot *s);

/* Compares the machines of a set that are there with what the spec says of them. */
void diff_set(struct planning *pl);

/* The Policy's limits, over all actions of the account from `first_action` on. */
int guard_limits(struct planning *pl, size_t first_action, struct error *e);

/* planner_quota.c: what the plan adds, from `first_action` on, against what may still be used. */
void quota_check(struct planning *pl, size_t first_action);

/* What is missing of an account: is it so much that nothing may be created or deleted there? */
bool guard_is_loss(size_t owned, size_t missing);
