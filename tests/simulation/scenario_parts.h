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

struct scenario_set {
        size_t account;
        int64_t count;
        struct machine_form form;
        int power, scale_in, replace_failed, restart, on_drift;
        char release[RELEASES_MAX][64]; /* slots */
        size_t n_releases;
        char adopt[SERVER_ID_MAX]; /* an id that the set's ADOPTED_SLOT takes; "": none */
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
        usec_t settle, confirm;
        int64_t concurrency, rate_limit, max_deletes; /* max_deletes -1: no limit, -2: the default */
        unsigned fault_chance;                        /* of a request, in a thousand */
        bool lying;
        usec_t trouble_until;
};

extern const char *const scenario_set_names[SETS_MAX];

/* Hands the specs of now to the world. scenario_specs.c */
void scenario_publish(struct scenario *sc);

/* A deed of somebody, for world_at(); `userdata` is the struct deed. scenario_people.c */
void scenario_deed(struct world *w, void *userdata);
