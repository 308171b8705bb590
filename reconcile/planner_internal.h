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

/* What is known of machines by their names and ids, and what the plan does to them: numbers + 1 of actions. */
struct targets {
        bool known;
        struct strmap slots;                   /* struct thing * */
        struct strmap making, going, starting; /* by name; by id; by id */
};

/* An action that wants the place of something of ours. */
struct room {
        size_t action;
        const struct thing *occupant;
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
        struct strmap machines; /* of the set: "web-3" -> const struct slot * */
        struct strmap disks;    /* of the set: "web-3/data" -> struct thing * */
        struct strmap owners;   /* of the set: the machines in whose slots there are some */
        const char *paused;     /* NULL, or what says so */
        struct targets targets; /* of the whole account */
        struct room *rooms;
        size_t n_rooms, allocated_rooms;
        bool failed; /* memory ran out: the plan is not to be used */
};

struct section *planning_section(struct planning *pl);

/* Why nothing is done to the resource by its spec's word, or a person's; NULL: it may be. */
const char *planning_paused(struct planning *pl, const struct resource *r);

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
/* Is another one of the resource's things being made, or does one wait for a person? Then none is made besides. */
bool named_is_growing(const struct set *set);
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

/* planner_copies.c: the copies of a set's machines, by a BackupPolicy or a SnapshotPolicy; NULL: no spec names that any more. */
int plan_copies(struct planning *pl, const char *name, const struct resource *resource, struct error *e);

/* planner_parts.c: what groups and balancers contain. */

/* A thing that the parent should contain. */
struct part {
        const char *
                key; /* what tells it within its parent, as a row's name does; NULL: not known before something else is there */
        const char *slot;   /* "shop/web-3:8080" */
        const char *reason; /* why it is wanted */
        const char *summary;
        struct values wanted;
        const char *waits;    /* NULL: it may be made now */
        bool given_up;        /* what it waits for does not come by itself */
        size_t machine, made; /* numbers + 1 of the actions that make its machine, and what it is in; 0: none */
        bool keeps;           /* it stays as it is where it is there, and is not made where it is not */
};

struct parts {
        enum thing_type type;
        const char *parent; /* the vendor's id of what they are in; NULL: it is not there yet */
        const char *resource;
        struct part *items;
        size_t n, allocated;
        /* What a row that no part accounts for is called in the plan: its slot, in the plan's pool. */
        const char *(*name_row)(struct planning *pl, const struct parts *parts, const struct row *row);
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

/* A new action on a slot. NULL: out of memory (noted in `failed`). `reason` is a plan's string. */
struct action *planning_action(struct planning *pl, enum action_verb verb, const struct slot *slot, const char *reason);

/* A line of what the action changes; the texts are plan's strings. */
void planning_change(struct planning *pl, struct action *a, const char *field, const char *from, const char *to);

/* The action goes after the one of this number. */
void planning_depends(struct planning *pl, struct action *a, size_t number);

/* A disk or a template is as the specs say. */
void planning_part_unchanged(struct planning *pl);

/* A line below the section that is no action. */
void planning_note(struct planning *pl, const char *text);
/* A part of the section that can never be as its spec says, or that nothing is known of. The texts are the plan's. */
void planning_trouble(struct planning *pl, bool unknown, const char *name, const char *text);

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

/* planner_asked.c: what hangs on machines is known of those that were asked for it, in this look or, with the detail budget, in an earlier one. What
 * an earlier look saw is good enough to plan with, and nothing is done on its word. */

struct asked {
        enum thing_type type;
        size_t never, earlier; /* machines that nobody has asked yet, and that it was an earlier look that did */
        usec_t oldest;         /* boot clock: of those, when the first of them was asked; 0: there are none */
};

bool machine_was_asked(const struct planning *pl, enum thing_type type, const struct thing *machine);
/* What an action waits for that is about such a thing; NULL: nothing, its machine was asked in this look. */
const char *asked_wait(struct planning *pl, enum thing_type type, const struct thing *machine);
/* Takes a machine into account, which is listed; says at once when its answer could not be read. */
void asked_count(struct planning *pl, struct asked *asked, const struct thing *machine);
void asked_tell(struct planning *pl, const struct asked *asked);

/* planner_target.c: the machine that a mapping or a rule of access is about. */

void targets_done(struct targets *t);

struct target {
        const char *name;      /* in the plan */
        const char *id;        /* NULL: it is not there yet */
        const char *address;   /* "": none yet */
        const struct row *row; /* NULL: not listed */
        const char *waits;     /* what has to come first; NULL: nothing, it runs and has its address */
        bool given_up;         /* that does not come by itself */
        size_t after, going;   /* numbers + 1 of the actions that make it, and that delete it; 0: none does */
        bool leaves;           /* it is on its way out */
        bool hold;             /* nothing is to be done to it */
};

void target_find(struct planning *pl, const char *machine, struct target *ret);

/* The action waits for what its machine waits for. */
void target_await(struct planning *pl, const struct target *target, struct action *a);

/* The id of the machine that a thing is about, as it is shown or was made; NULL: not known. */
const char *machine_behind(const struct thing *t, const struct row *row);

/* planner_mapping.c, planner_access.c. */
void plan_mapping(struct planning *pl, const struct resource *resource);
void plan_access(struct planning *pl, const struct resource *resource);

/* planner_links.c: mappings and rules of access that no spec names any more; and once all is planned, those whose machine goes. */
void plan_links_orphaned(struct planning *pl, const char *name);
void plan_links_leaving(struct planning *pl);
/* The action wants the place outside of a mapping of ours: one that makes something waits until that goes, one that deletes something so as to make it
 * anew goes together with it. Where that does not go, it is a conflict. */
void links_want_room(struct planning *pl, const struct action *a, const struct thing *occupant);
#define PLACE_TAKEN "%s (%s) has that place outside already: write another address or port"

/* planner.c. Why nothing is asked for of the section's resource, or of that part of it, on this account; NULL: out of memory (noted). */
const char *planning_why_orphaned(struct planning *pl);
/* NULL: it is not paused; else by what. */
const char *planning_paused_by(struct planning *pl, const struct resource *resource);

/* planner_quota.c: what the plan adds, from `first_action` on, against what may still be used. */
void quota_check(struct planning *pl, size_t first_action);

/* What is missing of an account: is it so much that nothing may be created or deleted there? */
bool guard_is_loss(size_t owned, size_t missing);
