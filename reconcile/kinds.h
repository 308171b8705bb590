/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What may stand in a spec: the kinds, their fields, and the typed resources that specs are decoded into.
 *
 * The rule: a field is described once, in its kind's table. The YAML decoder, the validation, the diff and the plan
 * all read that table; nothing else knows a field's name, type, range or default.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/base/buf.h"
#include "reconcile/base/strmap.h"
#include "reconcile/base/strpool.h"
#include "reconcile/base/usec.h"

/* The name of a resource: how long it may be, and what all such names look like. */
#define RESOURCE_NAME_MAX 40
#define RESOURCE_NAME_PATTERN "^[a-z]([a-z0-9-]*-[0-9]*[a-z])?[a-z0-9]*$"

/* Where a value stands in the specs. Lines and columns count from 1. */
struct position {
        const char *file; /* as the user named it; "-" for standard input */
        uint32_t line, column;
};

/* The type of a field, and with it the C type at its offset. */
enum field_type {
        FIELD_STRING,    /* const char * */
        FIELD_BOOL,      /* bool */
        FIELD_COUNT,     /* int64_t */
        FIELD_SIZE,      /* int64_t, bytes */
        FIELD_DURATION,  /* usec_t */
        FIELD_RATE,      /* int64_t, per minute */
        FIELD_BITRATE,   /* int64_t, bits a second */
        FIELD_SHARE,     /* struct share */
        FIELD_ENUM,      /* int, an index into `words` */
        FIELD_RESOURCE,  /* struct reference, always the name of a resource of `kind` */
        FIELD_REFERENCE, /* struct reference, a vendor's id or {ref: NAME} of a resource of `kind` */
        FIELD_STRINGS,   /* struct strings */
        FIELD_MAP,       /* struct pairs */
        FIELD_OBJECT,    /* a pointer to a struct of `members`; NULL when absent and there is no default in it */
        FIELD_OBJECTS,   /* struct objects */
};

/* What a vendor lists, and a ledger may own: machines, and what machines need. */
enum thing_type {
        TYPE_MACHINE,
        TYPE_DISK,            /* a data disk of a machine */
        TYPE_TEMPLATE,        /* what machines are made from, where it is an object of its own at the vendor */
        TYPE_OFFER,           /* what a vendor offers machines of: its packages. Never owned */
        TYPE_IMAGE,           /* a system that machines may begin with. Never owned */
        TYPE_BALANCER,        /* a load balancer */
        TYPE_BACKEND,         /* what a load balancer hands its connections to: a port of a machine */
        TYPE_GROUP,           /* a security group */
        TYPE_RULE,            /* what a security group lets through */
        TYPE_BINDING,         /* a card that is in a security group */
        TYPE_CARD,            /* a network card of a machine. Never owned */
        TYPE_QUOTA,           /* what a tenant may use, and what of that is left. Never owned */
        TYPE_PORT_MAPPING,    /* a port outside that leads to a port of a machine */
        TYPE_ADDRESS_MAPPING, /* an address outside that leads to a machine */
        TYPE_ACCESS,          /* what a firewall lets through to a machine, or from it */
        TYPE_BACKUP,          /* a backup of a machine */
        TYPE_SNAPSHOT,        /* a snapshot of a machine */
        TYPE_NETWORK,         /* a private network of machines */
        THING_TYPES,
};

const char *thing_type_text(enum thing_type type); /* "Machine", … as in the JSON plan */
bool thing_type_counts(enum thing_type type);      /* do such things count under the Policy's limits? */

/* Is it made of a machine time and again, like a backup, and given up once newer ones are there? */
bool thing_is_copy(enum thing_type type);

/* The properties of a thing that can be compared with what a vendor shows. */
enum property {
        PROPERTY_NONE, /* a field that is no property of the thing itself */
        PROPERTY_TEMPLATE,
        PROPERTY_MODEL,
        PROPERTY_IMAGE,
        PROPERTY_CPU,
        PROPERTY_MEMORY,
        PROPERTY_NETWORK,
        PROPERTY_BANDWIDTH, /* bits a second */
        PROPERTY_SIZE,      /* of a disk, bytes */
        PROPERTY_CREDIT,    /* of a template: what is left of it, µs */
        PROPERTY_GPUS,      /* these three follow from a vendor's package, no spec names them */
        PROPERTY_STORAGE,   /* bytes */
        PROPERTY_SYSTEM,
        PROPERTY_SPEC, /* of a template or balancer: what its spec says in its own fields, as JSON */
        PROPERTY_PORT, /* these two are of a back end */
        PROPERTY_WEIGHT,
        PROPERTY_PENDING,     /* of a security group: how many of its rules are accepted and not in effect */
        PROPERTY_CERTIFICATE, /* of a balancer: the digest of what was sent last, which no vendor shows */
        PROPERTY_MACHINE,     /* of what is about one machine: its id */
        PROPERTY_DIRECTION,   /* of a rule of access: "in" or "out", which not every vendor shows */
        PROPERTY_ROUTED, /* these two are of a network: what was sent last, which no vendor shows: "true" or "false" */
        PROPERTY_FIREWALL,
        PROPERTY_NETWORKS, /* of a quota: how many more there may be */
        PROPERTIES,
};

struct field {
        const char *name; /* NULL ends a table */
        enum field_type type;
        size_t offset; /* of the value in the struct that the table describes */
        bool required;
        int64_t min, max;         /* FIELD_COUNT, FIELD_SIZE (bytes), FIELD_DURATION (µs): the range of what is given;
                               * FIELD_STRING: the most characters, for editors; 0: any */
        const char *fallback;     /* the default, written as in a spec; NULL: zero, or absent */
        const char *const *words; /* FIELD_ENUM: ends with NULL */
        const char *pattern; /* FIELD_STRING: a regular expression that every right text fits, for editors: no text of
                              * a number does, and what else is right only the checks of the specs know */
        const char *later_word;      /* FIELD_ENUM: a word of the language that this version does not carry out */
        const struct field *members; /* FIELD_OBJECT, FIELD_OBJECTS */
        size_t member_size;          /* sizeof the struct of `members` */
        const char *kind;            /* FIELD_RESOURCE, FIELD_REFERENCE: what may be named */
        const char *unless;          /* a field of the same table that it may not stand beside */
        enum property property;      /* which property of a thing this declares */
        size_t given;                /* FIELD_BOOL: of the bool that says whether it was written; 0: there is none */
        bool free_text;              /* FIELD_STRING: may be empty, and have several lines */
        bool by_provider; /* of MachineSet: only the types of provider have it whose struct machine_support says so */
        bool later;       /* a field of the language that this version does not carry out: an error when given */
        const char *help; /* one line, for people */
};

#define SHARE_MAX 1000000 /* of one that is no percentage */
struct share {
        int64_t value; /* a number, or a percentage 0..100 */
        bool percent;
        bool given;
};

struct resource;
struct estate;

struct reference {
        const char *name;          /* of a resource, or the vendor's id; NULL: absent */
        struct resource *resource; /* NULL when `name` is the vendor's id */
        bool by_ref;               /* it was written as {ref: NAME} */
};

struct strings {
        const char **items;
        size_t n;
};

struct pair {
        const char *key, *value;
};

struct pairs {
        struct pair *items;
        size_t n;
};

struct objects {
        void *items;
        size_t n;
};

enum on_drift { ON_DRIFT_UPDATE, ON_DRIFT_REPLACE, ON_DRIFT_REPORT };
enum power { POWER_RUNNING, POWER_STOPPED };
enum restart { RESTART_NEVER, RESTART_ROLLING };
enum on_failure { ON_FAILURE_STOP, ON_FAILURE_CONTINUE };
enum scale_in { SCALE_IN_NEWEST, SCALE_IN_OLDEST };
enum replace_failed { REPLACE_NEVER_READY, REPLACE_ALWAYS, REPLACE_NEVER };

struct auth_spec {
        const char *token_env, *token_file;
        const char *login, *password_env, *password_file;
};

struct tls_spec {
        const char *ca_file;
        bool insecure;
};

struct provider_spec {
        const char *type;
        const char *endpoint;
        struct auth_spec *auth;
        struct tls_spec *tls;
        usec_t timeout;
        int64_t concurrency;
        int64_t rate_limit; /* requests a minute; 0: unlimited */
        usec_t settle;      /* 0: the vendor's default */
        usec_t confirm;
        struct pairs options;
};

struct rollout_spec {
        int64_t max_unavailable;
        usec_t min_ready;
        int on_failure; /* enum on_failure */
};

enum billing { BILLING_HOURLY, BILLING_PERIOD };
enum billing_unit {
        BILLING_HOUR,
        BILLING_DAY,
        BILLING_WEEK,
        BILLING_MONTH,
        BILLING_QUARTER,
        BILLING_YEAR,
};

struct billing_spec {
        int mode;       /* enum billing */
        int unit;       /* enum billing_unit, of a period */
        int64_t number; /* of units, of a period */
};

/* A data disk that each machine of a set has. */
struct disk_spec {
        const char *name;
        int64_t size; /* bytes */
};

struct machine_set {
        int64_t count;
        struct reference provider;
        struct reference template, network;
        const char *model, *image;
        int64_t cpu, memory;
        struct objects disks;                         /* of struct disk_spec */
        int power, restart, scale_in, replace_failed; /* the enums above */
        struct strings protect, hold, release;
        struct pairs adopt;
        struct rollout_spec *rollout; /* never NULL */
        struct billing_spec *billing; /* never NULL */
        usec_t lease;
        int64_t bandwidth; /* bits a second; 0: not given */
        const char *password_env, *password_file;
};

struct template_network {
        const char *vpc, *subnet, *security_group, *charge_type;
        int64_t bandwidth; /* Mbit/s */
};

struct template_disks {
        int64_t count, size; /* bytes each */
        const char *category;
};

struct machine_template {
        const char *description, *cloud, *account;
        struct reference provider;
        const char *instance_type;
        int64_t cpu, memory;
        const char *image, *region, *zone;
        struct template_network *network; /* NULL: absent */
        const char *system_disk;
        struct template_disks *data_disks; /* NULL: none */
        const char *key_name, *post_script;
        usec_t credit; /* 0: never touched */
};

enum balancer_protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_HTTP, PROTOCOL_HTTPS };
enum balancer_network { NETWORK_EXTERNAL, NETWORK_INTERNAL };
enum balancer_algorithm { ALGORITHM_ROUND_ROBIN, ALGORITHM_WEIGHTED_ROUND_ROBIN, ALGORITHM_WEIGHTED_LEAST };

/* Where a balancer is reached. */
struct balancer_frontend {
        int network; /* enum balancer_network */
        const char *address;
        bool dedicated; /* the address is nobody else's; external ones only */
        int64_t port;
};

struct balancer_health {
        const char *path;         /* NULL: as the vendor has it */
        usec_t interval, timeout; /* 0: likewise */
        int64_t retries;          /* 0: likewise */
};

/* Both are PEM. The key is secret: only where it is found is known here. */
struct balancer_certificate {
        const char *cert_file;
        const char *key_env, *key_file; /* one of them */
};

/* What a balancer hands its connections to: every machine of a set, or one that is not ours. */
struct backend_spec {
        struct reference machine_set;  /* name NULL: it is one machine */
        const char *machine, *address; /* the vendor's id, and where it is; NULL: it is a set */
        int64_t port, weight;          /* weight 0: as the vendor has it */
};

struct load_balancer {
        const char *description; /* NULL: not given */
        struct reference provider;
        const char *tenant, *router;
        int protocol;                             /* enum balancer_protocol */
        struct balancer_frontend *frontend;       /* never NULL */
        int64_t backend_port;                     /* 0: as the vendor has it */
        const char *url_path;                     /* NULL: likewise */
        int algorithm;                            /* enum balancer_algorithm */
        struct balancer_health *health;           /* NULL: likewise */
        usec_t idle_timeout;                      /* 0: likewise */
        int64_t max_connections;                  /* 0: likewise */
        struct balancer_certificate *certificate; /* NULL: none */
        bool enabled;
        struct objects backends; /* of struct backend_spec */
};

enum rule_direction { DIRECTION_IN, DIRECTION_OUT };
enum rule_protocol { RULE_TCP, RULE_UDP, RULE_ICMP, RULE_ANY /* no spec can say so */ };

struct rule_spec {
        int direction;     /* enum rule_direction */
        int protocol;      /* enum rule_protocol */
        const char *ports; /* NULL: any */
        struct strings from, to;
};

/* What a group is about: every machine of a set, or one that is not ours. */
struct attach_spec {
        struct reference machine_set; /* name NULL: it is one machine */
        const char *machine;          /* the vendor's id */
};

struct security_group {
        const char *description, *tenant; /* NULL: not given */
        struct reference provider;
        struct objects rules;  /* of struct rule_spec */
        struct objects attach; /* of struct attach_spec */
};

enum mapping_protocol { MAPPING_TCP, MAPPING_UDP };

/* What leads from outside to a machine: a port to a port, or a whole address. */
struct mapping {
        const char *description; /* NULL: not given */
        struct reference provider;
        const char *machine;      /* its name, or the vendor's id */
        const char *address;      /* outside; NULL: the vendor chooses one */
        int64_t port, outer_port; /* of a mapping of a port only */
        int protocol;             /* likewise: enum mapping_protocol */
        struct strings from;      /* who may; none: anybody */
};

enum firewall { FIREWALL_EDGE, FIREWALL_INNER };

/* What a firewall lets through, for every machine of a set or for one. */
struct access_spec {
        int firewall; /* enum firewall */
        struct reference provider;
        struct reference machine_set; /* name NULL: it is one machine */
        const char *machine;          /* its name, or the vendor's id */
        int direction;                /* enum rule_direction */
        int protocol;                 /* enum rule_protocol */
        const char *ports;            /* NULL: any */
        struct strings from, to;
};

/* How often each machine of a set is copied, and how many copies of it are kept: BackupPolicy and SnapshotPolicy. */
struct copy_policy {
        usec_t every;
        int64_t keep;
        struct reference provider, machine_set;
};

struct private_network {
        const char *description; /* NULL: not given */
        struct reference provider;
        bool routed;                   /* it is at the tenant's cloud router */
        bool firewall, firewall_given; /* at its edge; not given: never touched */
};

/* All that a tenant may use. */
struct tenant_quota {
        const char *tenant; /* the vendor's id */
        struct reference provider;
        int64_t cpu;
        int64_t memory, storage; /* bytes */
        int64_t addresses, networks;
};

struct policy_spec {
        bool prune;
        struct share max_deletes;
        int64_t max_creates; /* -1: unlimited */
};

struct kind {
        const char *name;           /* "MachineSet" */
        const struct field *fields; /* of `spec` */
        size_t spec_size;           /* sizeof the struct that `fields` describe */
        size_t provider_offset;     /* of the struct reference to the provider in it; 0: the kind has none */
        bool once;                  /* at most one in an estate */
        enum thing_type makes; /* what its provider must be able to make: TYPE_TEMPLATE for a MachineTemplate, … */
        const char *help;
};

extern const struct kind kind_provider, kind_machine_template, kind_machine_set, kind_load_balancer,
        kind_security_group, kind_policy, kind_port_mapping, kind_address_mapping, kind_access_rule, kind_backup_policy,
        kind_snapshot_policy, kind_network, kind_tenant_quota;

/* All kinds of this version, ending with NULL; and the names of the language's other kinds, likewise. */
extern const struct kind *const kinds[];
extern const char *const kinds_later[];

/* What every kind may have in its `spec`; the offsets are of struct resource. */
extern const struct field common_fields[];

const struct kind *kind_find(const char *name); /* NULL: none of this version */
size_t kind_order(const struct kind *kind);     /* its place in kinds[]; NULL comes last */
const struct kind *kind_of(const char *text);   /* of "MachineSet/web"; NULL likewise */
const struct field *field_find(const struct field *table, const char *name);

const char *property_name(enum property property);     /* "cpu", … as in a spec where one names it */
enum field_type property_type(enum property property); /* FIELD_COUNT, FIELD_SIZE, … or FIELD_STRING */
bool property_is_number(enum property property);       /* int64_t; else a text */
enum property property_find(const char *name);         /* PROPERTY_NONE: no property has this name */

/* The field of MachineSet that declares a property of a machine; NULL: none does. */
const struct field *property_field(enum property property);

struct resource {
        const struct kind *kind;
        const char *name;
        struct position position; /* of the document */
        struct pairs labels, annotations;
        bool paused;
        int on_drift; /* enum on_drift */
        const char *formerly;
        union {
                void *spec;
                struct provider_spec *provider;
                struct machine_set *machine_set;
                struct machine_template *machine_template;
                struct load_balancer *load_balancer;
                struct security_group *security_group;
                struct mapping *mapping; /* of a PortMapping or an AddressMapping */
                struct access_spec *access;
                struct copy_policy *copy_policy;
                struct private_network *network;
                struct tenant_quota *tenant_quota;
                struct policy_spec *policy;
        };
        struct strmap positions; /* "spec.cpu", "spec.hold[0]", "metadata.name" -> struct position *, in the pool */
};

/* What a spec says in the fields of `table`, as one line of JSON in the table's order: what is not given and has no default is left out,
 * and so are properties, which may change. 0 or -ENOMEM. */
int fields_to_text(const struct field *table, const void *base, struct buf *b);

/* Where a value of the resource stands: of the path itself, else of the nearest thing around it that has a place. */
const struct position *resource_position(const struct resource *r, const char *path);

/* "MachineSet/web", in the caller's buffer. */
#define RESOURCE_TEXT_MAX 96 /* a longer text, of a name that breaks the rules, is cut */
const char *resource_text(const struct resource *r, char text[static RESOURCE_TEXT_MAX]);

/* Does the resource have things of this type? */
bool resource_has(const struct resource *r, enum thing_type type);

/* The set of these specs and this provider that a machine of this name would be of; and that of the one machine which a resource names.
 * NULL: there is none. */
struct resource *machine_set_named(const struct estate *estate, const struct resource *provider, const char *machine);
struct resource *resource_set_of_machine(const struct estate *estate, const struct resource *r);

/* The provider that a resource names, or itself when it is one; NULL for a kind without. */
struct resource *resource_provider(const struct resource *r);

/* Everything that the specs of one repo say. Owns its resources and all their strings. */
struct estate {
        const char *name;            /* of the Policy, else "default" */
        char digest[72];             /* sha256 over the files' contents, in order */
        struct resource **resources; /* sorted by kind's order in kinds[], then by name in natural order */
        size_t n_resources, allocated_resources;
        struct resource *policy; /* NULL: none */
        struct strpool *strings;
};

int estate_new(struct estate **ret);
struct estate *estate_free(struct estate *estate);
DEFINE_CLEANUP(struct estate *, estate_free)

struct resource *estate_find(const struct estate *estate, const struct kind *kind, const char *name); /* NULL: none */
struct resource *estate_find_text(const struct estate *estate, const char *text); /* by "MachineSet/web" */
void estate_sort(struct estate *estate);
