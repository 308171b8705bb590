/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of the simulated OpenDCP: its clusters, the instances made of them, and the hours of credit that each cluster has.
 *
 * What takes its time is work with a time at which it is done, settled before each call, so that nothing here needs a clock.
 */

#include "providers/simulator.h"
#include "reconcile/base/strmap.h"

enum instance_status {
        INSTANCE_PENDING = 0,
        INSTANCE_RUNNING = 1,
        INSTANCE_DELETED = 5,
        INSTANCE_DELETING = 6,
        INSTANCE_FAILED = 7,
};

struct cluster {
        int64_t id;            /* rises from cluster to cluster */
        json_t *body;          /* as it is printed */
        int64_t credit, costs; /* hours */
};

struct instance {
        uint64_t serial; /* rises from instance to instance */
        char id[24];
        int64_t cluster, status;
        bool stopped;  /* the cloud's, which no status shows */
        bool unlisted; /* it runs, and its record is missing */
        char created[24];
        char *row; /* as a listing prints it; NULL: to be printed anew */
        enum instance_work { WORK_NONE, WORK_LIST, WORK_INSTALL, WORK_DELETE } work;
        usec_t due;
};

struct simulation {
        usec_t ready_delay;
        bool quirks;
        struct cluster *clusters; /* by id */
        size_t n_clusters, allocated_clusters;
        struct instance **instances; /* by serial */
        size_t n_instances, allocated_instances;
        struct strmap by_id;
        int64_t next_cluster;
        uint64_t next_serial;
        int64_t room;     /* machines that the cloud has yet */
        int64_t unlisted; /* of the next ones so many are never listed */
};

struct cluster *opendcp_sim_cluster_add(struct simulation *s, usec_t now,
                                        json_t *body);                          /* takes it over; NULL: out of memory */
struct cluster *opendcp_sim_cluster_find(struct simulation *s, const char *id); /* by its number as a text */
void opendcp_sim_cluster_remove(struct simulation *s, struct cluster *c);

struct instance *opendcp_sim_instance_add(struct simulation *s, usec_t now,
                                          struct cluster *c); /* NULL: out of memory */
void opendcp_sim_instance_set(struct instance *i, int64_t status);
void opendcp_sim_instance_remove(struct simulation *s, struct instance *i);
void opendcp_sim_work(struct simulation *s, struct instance *i, enum instance_work work, usec_t now);
void opendcp_sim_settle(struct simulation *s, usec_t now);
bool opendcp_sim_is_listed(const struct instance *i);
const char *opendcp_sim_row(struct simulation *s, struct instance *i); /* NULL: out of memory */
void opendcp_sim_done(struct simulation *s);                           /* all of it */

/* Members of struct simulator. */
int opendcp_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);
json_t *opendcp_sim_save(struct simulation *s, usec_t now);
int opendcp_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e);
