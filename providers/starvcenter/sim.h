/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of the simulated StarVCenter: its machines, and what the vendor's calls and a person's hand do to them.
 *
 * Every change that the vendor calls asynchronous is work with a time at which it is done; until then the machine is
 * locked. Work is settled before each call, so that nothing here needs a clock.
 */

#include "providers/simulator.h"
#include "reconcile/base/strmap.h"

/* The vendor's codes for what a machine is doing. */
enum sim_state {
        SIM_FAILED = -2,
        SIM_STOPPED = 0,
        SIM_RUNNING = 1,
        SIM_ASLEEP = 2,
        SIM_INSTALLING = 3,
};

enum sim_work { WORK_NONE, WORK_INSTALL, WORK_START, WORK_STOP, WORK_CPU, WORK_MEMORY, WORK_DELETE };

struct sim_machine {
        uint64_t serial; /* rises from machine to machine, and the listing with it */
        char id[24];
        char *name, *template, *model, *network; /* never NULL */
        int64_t state, cpu, memory;              /* memory in MB */
        char created[24];
        bool can_shut_down;
        bool addressed; /* has its address */
        char *row;      /* how a listing prints it; NULL: to be printed anew */

        enum sim_work work;
        usec_t due;     /* when the work is done */
        int64_t wanted; /* cpu or memory to be */
        struct sim_machine *previous_work, *next_work;
};

/* What a start position means. */
enum sim_paging { PAGING_PAGE, PAGING_OFFSET1, PAGING_OFFSET0, PAGING_IGNORED };

struct simulation {
        char *token; /* NULL: any is taken */
        usec_t ready_delay;
        bool quirks;
        enum sim_paging paging;
        struct sim_machine **machines; /* by serial */
        size_t n_machines, allocated_machines;
        struct strmap by_id;
        struct sim_machine *first_work, *last_work; /* by due time */
        uint64_t next_serial, next_task;
};

/* What a new machine is made of. Texts NULL: none. */
struct sim_form {
        const char *name, *template, *model, *network;
        int64_t cpu, memory;
};

/* A new machine, stopped and without work; NULL: out of memory. */
struct sim_machine *sim_machine_add(struct simulation *s, usec_t now, const struct sim_form *form);
struct sim_machine *sim_machine_find(const struct simulation *s, const char *id);
void sim_machine_remove(struct simulation *s, struct sim_machine *m);
void sim_machines_done(struct simulation *s);

int sim_machine_rename(struct sim_machine *m, const char *name);
void sim_machine_set_state(struct sim_machine *m, int64_t state);

/* Begins work that is done after the simulation's delay, and settles all that is due. */
void sim_work_begin(struct simulation *s, struct sim_machine *m, enum sim_work work, usec_t now, int64_t wanted);
void sim_work_put(struct simulation *s, struct sim_machine *m, enum sim_work work, usec_t due, int64_t wanted);
void sim_work_drop(struct simulation *s, struct sim_machine *m);
void sim_settle(struct simulation *s, usec_t now);

#define SIM_ADDRESS_MAX 20
const char *sim_machine_address(const struct sim_machine *m,
                                char text[static SIM_ADDRESS_MAX]); /* "" while it has none */

/* How a listing prints the machine; NULL: out of memory. Lives until the machine changes. */
const char *sim_machine_row(struct simulation *s, struct sim_machine *m);

/* Members of struct simulator. */
int sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);
json_t *sim_save(struct simulation *s, usec_t now);
int sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e);
