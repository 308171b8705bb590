/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of the simulated JimV-C: its guests, its disks, the hosts that they are on, and the messages to those.
 *
 * Whatever the vendor calls done is only a message to a host; it takes effect when it is due, unless it is lost on
 * its way. Due messages are settled before each call, so that nothing here needs a clock. Guests and disks are
 * rows of tables; a record's serial is what the vendor calls its id, and its id the uuid.
 */

#include <stddef.h>

#include "providers/records.h"
#include "providers/simulator.h"
#include "reconcile/base/strmap.h"

enum era { ERA_2017, ERA_0_8 };

/* What a guest does. Each era has its own numbers for it: see jimv_sim_status(). */
enum status { NO_STATE, CREATING, BOOTING, RUNNING, PAUSED, SHUT_OFF, CRASHED, DIRTY };

/* The vendor's numbers for what a disk does. The two last but one are of era 0.8. */
enum disk_state {
        DISK_PENDING = 0,
        DISK_IDLE = 1,
        DISK_MOUNTED = 2,
        DISK_MOUNTING = 3,
        DISK_UNLOADING = 4,
        DISK_DIRTY = 255
};

#define UUID_SIZE 37
#define NAME_MAX_CHARACTERS 64    /* of a name; what is longer is cut */
#define REMARK_MAX_CHARACTERS 255 /* the same of a remark */
#define HOSTS 2
#define NO_HOST (-1)

struct guest {
        struct record record;
        char *name, *remark, *password; /* never NULL; era 0.8 calls the name a label */
        char vnc_password[24], ip[20];
        int64_t status; /* as the database has it, in the era's number */
        int64_t progress, cpu, memory, template, bandwidth, vnc_port, created, node_id;
        int64_t given_cpu, given_memory; /* to the host; the columns hold less than that */
        bool made;                       /* its host has it; without, no message finds it there */
        size_t n_disks;                  /* data disks that are tied to it */
};

struct disk {
        struct record record;
        char *label; /* never NULL; era 0.8 calls it a remark */
        char guest_uuid[UUID_SIZE];
        int64_t size, state, sequence, created, node_id;
};

struct host {
        const char *name;
        int64_t node_id;
        enum host_state { HOST_ALIVE, HOST_SILENT, HOST_MISSING } state;
        usec_t noticed; /* when a silent one is no longer taken for alive */
};

enum work {
        WORK_CREATE,
        WORK_PROGRESS, /* a new guest, half way */
        WORK_BOOTING,  /* the same of a boot */
        WORK_BOOT,
        WORK_SHUTDOWN,
        WORK_FORCE_SHUTDOWN,
        WORK_REBOOT,
        WORK_SUSPEND,
        WORK_RESUME,
        WORK_DELETE,
        WORK_ADJUST, /* `first` cores and `second` GiB */
        WORK_DISK_CREATE,
        WORK_DISK_RESIZE, /* to `first` GiB */
        WORK_DISK_DELETE,
        WORK_DISK_ATTACH, /* to `guest`, as number `first` */
        WORK_DISK_DETACH,
        WORKS
};

struct message {
        enum work work;
        usec_t due;
        char guest[UUID_SIZE], disk[UUID_SIZE]; /* "": none */
        int64_t first, second;
        struct message *previous, *next;
};

#define SID_SIZE 64

struct session {
        char sid[SID_SIZE];
        struct session *next;
};

struct simulation {
        enum era era;
        char *password; /* of the login name; NULL: any is taken */
        usec_t ready_delay;
        bool quirks;
        struct records guests, disks;
        struct strmap by_name; /* guests */
        struct host hosts[HOSTS];
        struct message *first_message, *last_message; /* by due time */
        uint64_t to_lose;                             /* so many messages from now on are lost */
        int64_t free_addresses;
        uint64_t random;
        struct session *sessions; /* that are signed in, the oldest first */
        size_t n_sessions;
};

/* sim_texts.c */
void jimv_sim_code(struct simulation *s, size_t n, char *ret); /* `n` letters and digits, and a NUL */
void jimv_sim_uuid(struct simulation *s, const char *given,
                   char ret[static UUID_SIZE]);          /* `given` NULL: a random one */
char *jimv_sim_cut(const char *text, size_t characters); /* a copy; NULL: out of memory */
int64_t jimv_sim_calendar(usec_t now);                   /* microseconds since 1970, on the simulation's calendar */

/* sim_guests.c: what a new guest is made of. Texts NULL: the vendor's own random ones. */
struct guest_form {
        const char *uuid, *name, *remark, *password;
        int64_t cpu, memory, template, bandwidth, node_id;
};

/* A new guest at "no state" (era 0.8: and its system disk). 0; -EEXIST: the name is taken once it is cut;
 * -ENOSPC: there is no free address; -ENOMEM. */
int jimv_sim_guest_add(struct simulation *s, usec_t now, const struct guest_form *form, struct guest **ret);
void jimv_sim_guest_remove(struct simulation *s, struct guest *g); /* as its host would, and its disks with it */
struct guest *jimv_sim_guest_find(const struct simulation *s, const char *uuid);
void jimv_sim_guest_made(struct simulation *s, struct guest *g, int64_t status);    /* its host has it */
int jimv_sim_guest_rename(struct simulation *s, struct guest *g, const char *name); /* -EEXIST, -ENOMEM */
int jimv_sim_guest_set_remark(struct guest *g, const char *remark);                 /* -ENOMEM */
void jimv_sim_guest_set_size(struct guest *g, int64_t cpu, int64_t memory);
void jimv_sim_guests_done(struct simulation *s);

int64_t jimv_sim_status(const struct simulation *s, enum status status);
bool jimv_sim_guest_is(const struct simulation *s, const struct guest *g, enum status status);

/* sim_disks.c */
struct disk_form {
        const char *uuid, *label; /* NULL: random ones */
        int64_t size, node_id;
};

int jimv_sim_disk_add(struct simulation *s, usec_t now, const struct disk_form *form,
                      struct disk **ret); /* 0 or -ENOMEM */
int jimv_sim_disk_add_system(struct simulation *s, const struct guest *g);
void jimv_sim_disk_remove(struct simulation *s, struct disk *d);
struct disk *jimv_sim_disk_find(const struct simulation *s, const char *uuid);
void jimv_sim_disk_tie(struct disk *d, struct guest *g, int64_t sequence, enum disk_state state);
void jimv_sim_disk_untie(struct simulation *s, struct disk *d);
void jimv_sim_disk_set(struct disk *d, int64_t size, enum disk_state state);
int jimv_sim_disk_set_label(struct disk *d, const char *label);                         /* -ENOMEM */
int64_t jimv_sim_disk_next_sequence(const struct simulation *s, const struct guest *g); /* -1: there is no more */
void jimv_sim_disks_done(struct simulation *s);

/* sim_messages.c */
struct host *jimv_sim_host_find(struct simulation *s, int64_t node_id); /* NULL: none */
bool jimv_sim_host_seems_alive(const struct host *h, usec_t now);       /* to the vendor, a minute late */
int jimv_sim_send(struct simulation *s, usec_t now,
                  const struct message *form);                              /* its `due` is not read; 0 or -ENOMEM */
int jimv_sim_message_put(struct simulation *s, const struct message *form); /* as it is; 0 or -ENOMEM */
void jimv_sim_settle(struct simulation *s, usec_t now);
void jimv_sim_drop_messages(struct simulation *s, const char *guest); /* all that is under way to it */
void jimv_sim_messages_done(struct simulation *s);

/* sim_rows.c: records as JSON without a guest's status, which depends on who asks. NULL: out of memory. They live until
 * the record changes. */
const char *jimv_sim_guest_row(struct simulation *s, struct guest *g);
const char *jimv_sim_disk_row(struct simulation *s, struct disk *d);
void jimv_sim_changed(struct record *r);

/* sim_session.c */
int jimv_sim_session_add(struct simulation *s, const char *sid);
void jimv_sim_sessions_done(struct simulation *s);

/* sim_state.c: names by enum host_state, ending with NULL. */
extern const char *const jimv_sim_host_states[];

/* Members of struct simulator. */
int jimv_sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);
json_t *jimv_sim_save(struct simulation *s, usec_t now);
int jimv_sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e);
