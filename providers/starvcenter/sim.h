/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The inside of the simulated StarVCenter: machines and what hangs on them, and what the vendor's calls and a person's hand do to
 * them.
 *
 * Each kind of things is described once, in a table of its fields; the rows of listings, the saved state and the console's
 * verbs follow from it. A thing may hang on another, and goes with it. Every change that the vendor calls asynchronous is work
 * with a time at which it is done; until then its thing is locked. Work is settled before each call, so that nothing here needs
 * a clock.
 */

#include "providers/records.h"
#include "providers/simulator.h"

/* The vendor's codes for what a machine is doing. */
enum sim_state {
        SIM_FAILED = -2,
        SIM_STOPPED = 0,
        SIM_RUNNING = 1,
        SIM_ASLEEP = 2,
        SIM_INSTALLING = 3,
};

enum sim_work {
        WORK_NONE,
        WORK_INSTALL,
        WORK_START,
        WORK_STOP,
        WORK_CPU,
        WORK_MEMORY,
        WORK_DELETE,
        WORK_ADD, /* it is in no listing before that is done */
        WORK_EXTEND,
        WORK_COPY, /* a backup or a snapshot is made of a machine, or restored; both are locked */
        WORK_RESTORE,
};

/* In the order in which a saved state is loaded: whatever hangs on another comes after it. */
enum sim_kind_name {
        SIM_TENANTS,
        SIM_NETWORKS,
        SIM_ROUTERS,
        SIM_MACHINES,
        SIM_DISKS,
        SIM_CARDS,
        SIM_GROUPS,
        SIM_RULES,
        SIM_BINDINGS,
        SIM_BALANCERS,
        SIM_BACKENDS,
        SIM_MAPPINGS,
        SIM_ACLS,
        SIM_BACKUPS,
        SIM_SNAPSHOTS,
        SIM_KINDS,
        SIM_NONE
};

#define SIM_TIME_MAX 24
#define SIM_ADDRESS_MAX 20
#define SIM_MAC_MAX 18

/* The first member of everything. */
struct sim_item {
        struct record record;
        enum sim_kind_name kind;
        struct sim_item *parent; /* that it hangs on; NULL: on nothing */
        struct sim_item *first_child, *last_child, *previous, *next;
        char created[SIM_TIME_MAX];

        enum sim_work work;
        usec_t due;     /* when the work is done */
        int64_t wanted; /* the number that is to be */
        struct sim_item *previous_work, *next_work;
};

#define SIM_TENANT "app-1"    /* whoever calls */
#define SIM_ENOUGH 1000000000 /* is no limit */

struct sim_quota {
        int64_t cpu, memory, storage, ip, vpc; /* memory in MB, storage in GB */
};

/* Texts of things are NULL where they are empty. */
struct sim_tenant {
        struct sim_item item;
        char *name;
        struct sim_quota of;
};

struct sim_machine {
        struct sim_item item;
        char *name, *description, *template, *model, *network;
        char *tenant;               /* NULL: whoever calls */
        int64_t state, cpu, memory; /* memory in MB */
        bool can_reboot, can_shut_down;
        char address[SIM_ADDRESS_MAX]; /* "": it has none yet */
};

struct sim_disk {
        struct sim_item item; /* hangs on its machine */
        char *name, *device, *description;
        int64_t size; /* GB */
};

struct sim_card {
        struct sim_item item; /* hangs on its machine */
        char *name, *description, *network, *network_name;
        char mac[SIM_MAC_MAX], address[SIM_ADDRESS_MAX];
};

struct sim_group {
        struct sim_item item;
        char *name, *description, *tenant, *tenant_name;
};

struct sim_rule {
        struct sim_item item; /* hangs on its group */
        char *source, *target, *direction, *ports, *protocol;
        int64_t waits;   /* so many times it has to be asked for again before it is in effect; 0: it is */
        int64_t retries; /* so many times it was */
};

/* A card in a group. */
struct sim_binding {
        struct sim_item item; /* hangs on its card */
        char *group;          /* the id */
};

struct sim_balancer {
        struct sim_item item;
        char *name, *description, *tenant, *router, *protocol, *network, *address, *path, *policy, *health_path;
        char *certificate, *key; /* digests of what was last sent */
        int64_t port, backend_port, retries, interval, timeout, idle, connections;
        bool dedicated, enabled, certified;
};

struct sim_backend {
        struct sim_item item; /* hangs on its balancer */
        char *name, *description, *address, *machine;
        int64_t port, weight;
        bool enabled;
};

struct sim_network {
        struct sim_item item;
        char *name, *description, *router; /* the router's id; NULL: it is at none */
        char cidr[SIM_ADDRESS_MAX], gateway[SIM_ADDRESS_MAX];
        bool gate; /* the firewall at its edge is on */
};

struct sim_router {
        struct sim_item item;
        char *name, *description, *address, *registered;
        bool online;
};

/* An address or a port outside for one of a machine. */
struct sim_mapping {
        struct sim_item item; /* hangs on its machine */
        char *type;           /* ip or port */
        char *outer_address, *outer_port, *inner_address, *inner_port, *protocol, *source;
        char *network, *router, *tenant, *description;
};

struct sim_access {
        struct sim_item item; /* hangs on its machine */
        char *type, *direction, *source, *target, *ports, *protocol;
        char *network, *router, *tenant, *tenant_name, *description;
};

/* A backup or a snapshot. */
struct sim_copy {
        struct sim_item item; /* hangs on its machine */
        char *name, *description;
        bool usable;
        int64_t restores; /* so many times its machine was brought back to it */
};

/* What a start position means. */
enum sim_paging { PAGING_PAGE, PAGING_OFFSET1, PAGING_OFFSET0, PAGING_IGNORED };

struct simulation {
        char *token; /* NULL: any is taken */
        usec_t ready_delay;
        bool quirks;
        enum sim_paging paging;
        struct records things[SIM_KINDS];
        struct sim_item *first_work, *last_work; /* by due time */
        uint64_t next_task;
        struct sim_quota pool;
        int64_t waiting_rules, waiting_resets; /* so many rules to come are not in effect until so many resets */
};

/* One field of a kind. */
struct sim_field {
        const char *name;    /* in the saved state, and to the console; NULL: in neither */
        const char *key;     /* in listings, and in requests; NULL: in neither */
        const char *odd_key; /* in listings with quirks; NULL: as ever */
        enum sim_field_type {
                FIELD_TEXT,
                FIELD_CHARS,
                FIELD_NUMBER,
                FIELD_TRUTH,
                FIELD_PARENT, /* the id of what it hangs on */
                FIELD_PARENT_NAME,
                FIELD_STANDARD /* the word "standard" */
        } type;
        size_t offset, size; /* within its struct; the size of FIELD_CHARS */
        enum sim_style {
                STYLE_PLAIN,
                STYLE_TEXT,     /* a number that is printed as text with quirks, too */
                STYLE_NULLABLE, /* null while it is empty, with quirks */
                STYLE_SHOUT,    /* in capitals, with quirks */
                STYLE_PORTS,    /* ports, and addresses below: the same in another form, with quirks */
                STYLE_ADDRESSES,
                STYLE_CLIPPED, /* at most 100, with quirks */
        } style;
        bool later; /* states that were saved earlier lack it */
};

#define SIM_CHARS(type, member) FIELD_CHARS, offsetof(type, member), sizeof(((type *)0)->member)
#define SIM_ID(key, odd_key)                                              \
        {                                                                 \
                "id", key, odd_key, SIM_CHARS(struct sim_item, record.id) \
        }

struct sim_kind {
        const char *noun;        /* one of them: to the console */
        const char *list, *next; /* in the saved state: all of them, and the next serial */
        const char *prefix;      /* of ids */
        size_t size;
        enum sim_kind_name parent;
        const struct sim_field *fields;    /* ends with one of neither name nor key */
        void (*begin)(struct sim_item *i); /* sets what is not nothing in a new one; NULL: there is no such thing */
        void (*settle)(struct simulation *s, struct sim_item *i, enum sim_work work); /* of works that are its own */
};

extern const struct sim_kind sim_backup_kind, sim_snapshot_kind, sim_network_kind, sim_router_kind, sim_mapping_kind,
        sim_access_kind, sim_tenant_kind, sim_machine_kind, sim_disk_kind, sim_card_kind, sim_group_kind, sim_rule_kind,
        sim_binding_kind, sim_balancer_kind, sim_backend_kind;
const struct sim_kind *sim_kind(enum sim_kind_name name);

/* sim_items.c: the life of things. A new one has no texts, and is in no table until it is put there, with an id unless it has one
 * already. */
struct sim_item *sim_item_new(enum sim_kind_name kind); /* NULL: out of memory */
struct sim_item *sim_item_free(struct sim_item *i);     /* one that was never put */
DEFINE_CLEANUP(struct sim_item *, sim_item_free)
int sim_item_put(struct simulation *s, usec_t now, struct sim_item *i, struct sim_item *parent); /* 0 or -ENOMEM */
struct sim_item *sim_item_find(const struct simulation *s, enum sim_kind_name kind, const char *id);
struct sim_item *sim_item_at(const struct simulation *s, enum sim_kind_name kind, size_t i);
void sim_item_remove(struct simulation *s, struct sim_item *i); /* and all that hangs on it */
void sim_item_changed(struct sim_item *i); /* its row is to be printed anew, and those of what hangs on it */
void sim_items_done(struct simulation *s);
/* The next of a kind that hangs on `parent`, behind `after`, from NULL on. */
struct sim_item *sim_item_child(const struct sim_item *parent, enum sim_kind_name kind, const struct sim_item *after);
bool sim_item_is_listed(const struct sim_item *i);

/* Begins work that is done after the simulation's delay, and settles all that is due. */
void sim_work_begin(struct simulation *s, struct sim_item *i, enum sim_work work, usec_t now, int64_t wanted);
void sim_work_put(struct simulation *s, struct sim_item *i, enum sim_work work, usec_t due, int64_t wanted);
void sim_work_drop(struct simulation *s, struct sim_item *i);
void sim_settle(struct simulation *s, usec_t now);

/* sim_fields.c */
#define SIM_FOREACH_FIELD(f, kind) \
        for (const struct sim_field *f = sim_kind(kind)->fields; (f)->name || (f)->key; (f)++)
const struct sim_field *sim_field_find(enum sim_kind_name kind, const char *name); /* NULL: none */
const char *sim_field_text(const struct sim_item *i, const struct sim_field *f, char scratch[static 32]);
json_t *sim_field_json(const struct sim_item *i, const struct sim_field *f); /* as it is; NULL: out of memory */
int sim_field_set(struct sim_item *i, const struct sim_field *f, const json_t *value); /* 0, -EBADMSG, -ENOMEM */
int sim_text_set(char **text, const char *value);                                      /* 0 or -ENOMEM */
int sim_digest_set(char **text, const char *value);                                    /* the same, of its digest */
/* How a listing prints the thing; NULL: out of memory. Lives until the thing changes. */
const char *sim_item_row(const struct simulation *s, struct sim_item *i);

/* sim_texts.c */
bool sim_is_address(const char *text); /* one of IPv4 */
/* One or several with commas between: addresses or CIDRs; ports like 80 or 80:83. */
bool sim_are_addresses(const char *text);
bool sim_is_port(const char *text);
bool sim_are_ports(const char *text);
/* The same, said otherwise; NULL: out of memory. */
char *sim_odd_addresses(const char *text);
char *sim_odd_ports(const char *text);

/* sim_cards.c, sim_groups.c */
int sim_card_add(struct simulation *s, usec_t now, struct sim_machine *m, const char *network,
                 struct sim_card **ret); /* 0 or -ENOMEM */
/* Is a card of the machine in the group? */
bool sim_is_bound(const struct sim_item *machine, const char *group);
/* Takes every card out of the group. */
void sim_unbind_all(struct simulation *s, const char *group);

/* sim_networks.c, sim_mappings.c. NULL: there is none. */
const struct sim_network *sim_network_find(const struct simulation *s, const char *id);
struct sim_item *sim_machine_at(const struct simulation *s, const char *address, const struct sim_card **ret_card);

/* sim_quota.c */
int sim_tenant_add(struct simulation *s, usec_t now, const char *id,
                   struct sim_tenant **ret); /* 0; -EINVAL: the id is too long; -ENOMEM */

/* Does a balancer or a mapping of ports have the address outside? `before`: only those before that one; NULL: all. */
bool sim_outer_address_is_used(const struct simulation *s, const char *address, const struct sim_item *before);

/* sim_machines.c */
#define SIM_SYSTEM_SIZE 20 /* GB of a system disk */

/* What a new machine is made of. Texts NULL: none. */
struct sim_form {
        const char *name, *template, *model, *network;
        int64_t cpu, memory;
};

/* A new machine with its system disk and its card, stopped and without work; NULL: out of memory. */
struct sim_machine *sim_machine_add(struct simulation *s, usec_t now, const struct sim_form *form);
struct sim_machine *sim_machine_find(const struct simulation *s, const char *id);
/* What every machine has from its beginning: its system disk, or its card. 0 or -ENOMEM. */
int sim_machine_equip(struct simulation *s, usec_t now, struct sim_machine *m, enum sim_kind_name kind);
int sim_machine_rename(struct sim_machine *m, const char *name);   /* 0 or -ENOMEM */
void sim_machine_move(struct sim_machine *m, const char *address); /* with its first card */
void sim_machine_set_state(struct sim_machine *m, int64_t state);  /* and one that runs has its address */

/* Members of struct simulator. */
int sim_console(struct simulation *s, usec_t now, const char *verb, const json_t *arguments, struct error *e);
json_t *sim_save(struct simulation *s, usec_t now);
int sim_load(struct simulation *s, usec_t now, const json_t *state, struct error *e);
