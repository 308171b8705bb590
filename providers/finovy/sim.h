/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of the simulated Finovy: its packages and images, the hosts that are rented, and the wallet that pays for
 * them.
 *
 * What takes its time is work with a time at which it is done, settled before each call, so that nothing here needs a
 * clock.
 */

#include "providers/simulator.h"
#include "reconcile/base/strmap.h"

/* The vendor's codes for what a host is doing; 1 and 4 are both on the way, 2 and 3 both on. */
enum host_status {
        HOST_OFF = 0,
        HOST_GOING_DOWN = 1,
        HOST_ON = 2,
        HOST_CHARGED = 3,
        HOST_COMING_UP = 4,
        HOST_EXPIRED = 5
};

struct package {
        const char *id, *name, *type;
        const char *sold; /* "0" by the hour, "1" for periods, "2" both */
        int64_t use;      /* 0 office, 1 images, 2 algorithms */
        int64_t cpu, memory, disk, gpus;
        const char *amount, *discount;
};

struct image {
        const char *id, *type, *name, *version;
};

extern const struct package finovy_sim_packages[];
extern const struct image finovy_sim_images[]; /* both end with one without an id */

/* The one of this id, or the last, which has none. */
const struct package *finovy_sim_package(const char *id);
const struct image *finovy_sim_image(const char *id);

struct host {
        uint64_t serial; /* rises from host to host; the listing falls with it, as the newest comes first */
        char id[16];     /* says nothing of the order */
        char *name, *system;
        int64_t use, cpu, memory, disk, gpus;
        bool period;  /* rented for one; else by the hour */
        bool reached; /* it was on once, and so has its account and address */
        int64_t status;
        int64_t created, expires; /* ms since 1970; 0: never */
        char *row;                /* as a listing prints it; NULL: to be printed anew */
        enum host_work { WORK_NONE, WORK_UP, WORK_DOWN, WORK_GONE } work;
        usec_t due; /* when the work is done */
};

struct simulation {
        char *token; /* NULL: any is taken */
        usec_t ready_delay;
        bool quirks;
        bool older;          /* the older version of the document: rows have no status */
        int64_t epoch;       /* what the calendar says when the clock says 0; ms since 1970 */
        struct host **hosts; /* by serial */
        size_t n_hosts, allocated_hosts;
        struct strmap by_id;
        usec_t next_due; /* nothing happens by itself before */
        uint64_t next_serial, next_trace;

        int64_t room;       /* machines that there are resources for yet */
        int64_t wallet;     /* machines that it pays for yet */
        bool wallet_broken; /* something is wrong with it */
        bool unverified;    /* the account's owner has not shown who they are */
        int64_t waiting;    /* creates to come that are answered with "waiting", */
        bool waiting_made;  /* though they are done */
};

/* A new host, on and without work. `hours`: rented for so many; 0: by the hour. NULL: out of memory. */
struct host *finovy_sim_host_add(struct simulation *s, usec_t now, const struct package *package,
                                 const struct image *image, int64_t hours);
struct host *finovy_sim_host_find(const struct simulation *s, const char *id);
bool finovy_sim_host_is_on(const struct host *h);
void finovy_sim_host_set(struct host *h, int64_t status); /* and no work goes on */
void finovy_sim_host_switch_on(const struct simulation *s, struct host *h);
int finovy_sim_host_rename(struct host *h, const char *name);
void finovy_sim_host_remove(struct simulation *s, struct host *h);
void finovy_sim_hosts_done(struct simulation *s);

/* Begins work that is done after the simulation's delay; puts work that is done at `due`; settles all that is due. */
void finovy_sim_work(struct simulation *s, struct host *h, enum host_work work, usec_t now);
void finovy_sim_work_put(struct simulation *s, struct host *h, enum host_work work, usec_t due);
void finovy_sim_settle(struct simulation *s, usec_t now);

/* Login and password of the host, as its rows show them. In the caller's buffer. */
#define HOST_SECRET_MAX 40
const char *finovy_sim_account(const struct host *h, char text[static HOST_SECRET_MAX]);
const char *finovy_sim_password(const struct host *h, char text[static HOST_SECRET_MAX]);

const char *finovy_sim_row(struct simulation *s, struct host *h); /* NULL: out of memory */
json_t *finovy_sim_details(const struct simulation *s, const struct host *h);

/* Members of struct simulator. */
int finovy_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);
json_t *finovy_sim_save(struct simulation *s, usec_t now);
int finovy_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e);
