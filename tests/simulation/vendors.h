/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The vendors of the simulated world: what the world must know of each simulator's inside to say what is true there, and what specs of
 * its machines look like.
 *
 * The rule: whatever differs between vendors stands here, in one entry of the table each; server.c, scenario.c and invariants.c ask it.
 */

#include "providers/simulator.h"
#include "reconcile/kinds.h"
#include "reconcile/provider.h"

/* A machine as it truly is. The texts live until the simulation changes. */
struct machine_view {
        const char *id;
        uint64_t serial; /* rises from machine to machine */
        bool leaving;    /* it is being deleted */
        bool broken;     /* by a person; and only a person mends it */
};

/* Something else than a machine, as it truly is: a disk, a network, a group or balancer or what is in one, a mapping, a rule of access. */
struct part_view {
        const char *id;
        uint64_t serial;
        const char *name;    /* what its maker finds it by; "": nothing */
        const char *parent;  /* of a disk its machine, of a rule its group, …; "": none */
        const char *machine; /* that a back end points at, or whose card is bound; "": none */
        int64_t port;        /* of a back end */
};

/* What a scenario varies of a set's machines. */
struct machine_form {
        unsigned template;
        int64_t cpu, memory;
};

struct world_vendor {
        const char *name; /* as `simulation --vendor` takes it */
        const struct simulator *simulator;
        const struct provider *codec;
        const char *path;         /* of its endpoint */
        const char *token_header; /* that carries the account's secret; NULL: none does */
        const char *login;        /* NULL: it has no login */
        bool secret;
        const char *page,
                *first_page; /* what stands before a page's place in a URL, and the place of the first; NULL: nothing */
        const char *variants[4];    /* of its simulator, the usual one first; NULL: its default */
        const char *option, *value; /* of the Provider; NULL: none */
        bool marks;                 /* what a create makes carries its slot's name in some way */
        bool resizes;               /* its specs say cpu and memory */
        bool resizes_while_off;     /* only while the machine is off, which nobody in this world sees to */
        bool quick;                 /* its own W is longer than a scenario has time for: `settle` is always given */
        bool hides_work;      /* what is under way shows in no listing, so that W has to be longer than any work */
        bool has_disks;       /* its machines can have data disks */
        bool hides_new_disks; /* until they are there */
        bool has_parts;       /* it has security groups and load balancers, networks, mappings and rules of access */
        bool powers;          /* its machines can be switched off */
        bool one_stop;        /* the call that shuts down is the one that cuts the power */
        bool denies_alike;    /* its answer is the same where a token is not taken and where nothing is there */
        bool lies_no;         /* its "no" to a create proves nothing, and may be a lie */
        const char *odd_states[2];   /* that a person may find a machine in */
        const char *mend, *mended;   /* the console's verb, and its text, that puts a broken machine right */
        const char *mischiefs[3][2]; /* verbs of its console, and their arguments: anybody's deeds */
        const char *reset[2][2];     /* what takes those back */

        size_t (*count)(const struct simulation *s);
        void (*at)(const struct simulation *s, size_t i, struct machine_view *ret); /* in the order of their making */
        bool (*find)(struct simulation *s, usec_t now, const char *id, struct machine_view *ret);
        /* What there is besides machines; the texts live until the simulation changes. NULL: nothing. */
        size_t (*count_parts)(const struct simulation *s, enum thing_type type);
        void (*part_at)(const struct simulation *s, enum thing_type type, size_t i, struct part_view *ret);
        /* What only a person at the vendor's can put right of them; NULL: nothing. */
        void (*mend_parts)(struct simulation *s, usec_t now);
        /* How many machines a create asks for; NULL: one. */
        size_t (*makes)(const char *url);
        /* Takes names out of the answer to a create of several, down to `keep`. NULL: none is ever answered so. */
        void (*name_fewer)(struct reply *rp, size_t keep);
        /* Makes a page of machines one that has those that no other page has, so that they never end. NULL: its listings cannot be without
         * an end. */
        void (*go_on)(struct reply *rp, uint64_t page);
        /* Arguments of "add" for a machine of somebody else's that may be taken for one of this name. NULL: nobody makes any. */
        json_t *(*add)(const char *name, unsigned template);
        /* The spec of a set's machines, in the estate. */
        void (*describe)(struct estate *estate, struct resource *provider, const struct machine_form *form,
                         struct machine_set *set);
        /* More resources of a provider that its sets need; NULL: none. */
        void (*prepare)(struct estate *estate, struct resource *provider);
};

extern const struct world_vendor world_starvcenter, world_opendcp, world_finovy, world_finovy_exclusive,
        world_jimv_2017, world_jimv_08;

/* All of them, ending with NULL. */
#define WORLD_VENDORS 6
extern const struct world_vendor *const world_vendors[WORLD_VENDORS + 1];
const struct world_vendor *world_vendor_find(const char *name); /* NULL: none */

/* A Provider of the vendor, and whatever its sets need, in the estate. */
struct resource *world_vendor_add_provider(const struct world_vendor *vendor, struct estate *estate, const char *name,
                                           const char *host);
