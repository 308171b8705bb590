/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a scenario consists of: the specs that it has now, and what people do. Between the files named scenario*.c only.
 */

#include "tests/simulation/scenario.h"
#include "tests/simulation/server.h"

#define SETS_MAX 3
#define COUNT_MAX 12
#define RELEASES_MAX 4
#define ADOPTED_SLOT 30
#define DISKS_MAX 2
#define RULES 5

struct scenario_set {
        size_t account;
        int64_t count;
        struct machine_form form;
        int power, scale_in, replace_failed, restart, on_drift;
        size_t disks;                   /* that each machine has */
        int64_t disk_size;              /* GiB */
        char release[RELEASES_MAX][64]; /* slots */
        size_t n_releases;
        char adopt[SERVER_ID_MAX]; /* an id that the set's ADOPTED_SLOT takes; "": none */
};

/* What there is besides machines and their disks: a group and a balancer, of one account. */
struct scenario_extras {
        size_t account;
        bool group, balancer;
        unsigned rules, attached, behind; /* bits: which of the rules there are; sets by their number */
        int64_t port, weight;
        usec_t idle; /* seconds; 0: not said */
        bool disabled;
};

/* What leads to machines, and what they are in: of one account, too. */
struct scenario_links {
        size_t account;
        bool network, port, address, access, quota;
        unsigned set;    /* whose machines it is about */
        int64_t machine; /* the ordinal of the one that is led to */
        int64_t outer_port, cores;
        int ports; /* of the rule of access */
        int gate;  /* whether the network's firewall is on; 2: not said */
};

/* Copies of one set's machines. */
struct scenario_copies {
        bool backups, snapshots;
        unsigned set;
        int64_t keep;
};

struct scenario;

/* Each deed has its own chance, so that one that is left out changes no other. */
struct deed {
        struct scenario *scenario;
        uint64_t seed;
};

struct scenario {
        const struct scenario_options *options;
        struct world *world;
        struct random random; /* for people; the world's own is for the rest */
        struct deed deeds[DEEDS_MAX];
        size_t n_deeds, n_faults;
        struct scenario_set sets[SETS_MAX];
        size_t n_sets;
        struct scenario_extras extras;
        struct scenario_links links;
        struct scenario_copies copies;
        usec_t settle, confirm;
        int64_t concurrency, rate_limit, max_deletes; /* max_deletes -1: no limit, -2: the default */
        unsigned fault_chance;                        /* of a request, in a thousand */
        bool lying;
        usec_t endless_until; /* listings of machines have no end */
        usec_t trouble_until;
};

extern const char *const scenario_set_names[SETS_MAX];

/* Hands the specs of now to the world. scenario_specs.c */
void scenario_publish(struct scenario *sc);
/* Specs that ask for nothing, and that cannot be followed. */
void scenario_publish_bad(struct scenario *sc);

/* Disks, groups and balancers. scenario_extras.c */
void scenario_extras_draw(struct scenario *sc);
bool scenario_extras_any(const struct scenario *sc);
void scenario_extras_disks(struct estate *estate, const struct scenario_set *set, struct machine_set *spec);
void scenario_extras_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                         struct resource *const *sets);
void scenario_extras_tidy(struct scenario *sc);
void scenario_extras_deed(struct scenario *sc); /* of one who has to do with them */

/* Networks, mappings, rules of access, a quota. scenario_links.c */
void scenario_links_draw(struct scenario *sc);
bool scenario_links_any(const struct scenario *sc);
void scenario_links_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                        struct resource *const *sets);
void scenario_links_tidy(struct scenario *sc);
void scenario_links_deed(struct scenario *sc);

/* Backups and snapshots. scenario_copies.c */
void scenario_copies_draw(struct scenario *sc);
bool scenario_copies_any(const struct scenario *sc);
void scenario_copies_add(const struct scenario *sc, struct estate *estate, struct resource *const *providers,
                         struct resource *const *sets);
void scenario_copies_deed(struct scenario *sc);

/* A deed of somebody, for world_at(); `userdata` is the struct deed. scenario_people.c */
void scenario_deed(struct world *w, void *userdata);
