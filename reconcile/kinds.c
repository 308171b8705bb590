/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/kinds.h"
#include "reconcile/kinds_table.h"

static const char *const on_drift_words[] = {
        [ON_DRIFT_UPDATE] = "update", [ON_DRIFT_REPLACE] = "replace", [ON_DRIFT_REPORT] = "report", NULL
};
static const char *const power_words[] = { [POWER_RUNNING] = "running", [POWER_STOPPED] = "stopped", NULL };
static const char *const on_failure_words[] = { [ON_FAILURE_STOP] = "stop", [ON_FAILURE_CONTINUE] = "continue", NULL };
static const char *const restart_words[] = { [RESTART_NEVER] = "never", [RESTART_ROLLING] = "rolling", NULL };
static const char *const scale_in_words[] = { [SCALE_IN_NEWEST] = "newest", [SCALE_IN_OLDEST] = "oldest", NULL };
static const char *const replace_failed_words[] = {
        [REPLACE_NEVER_READY] = "neverReady", [REPLACE_ALWAYS] = "always", [REPLACE_NEVER] = "never", NULL
};

static const char *const billing_words[] = { [BILLING_HOURLY] = "hourly", [BILLING_PERIOD] = "period", NULL };
static const char *const billing_unit_words[] = { [BILLING_HOUR] = "hour",
                                                  [BILLING_DAY] = "day",
                                                  [BILLING_WEEK] = "week",
                                                  [BILLING_MONTH] = "month",
                                                  [BILLING_QUARTER] = "quarter",
                                                  [BILLING_YEAR] = "year",
                                                  NULL };

/* A scheme, a host or an address in brackets, a port of 1 to 65535, a path. */
#define PORT_PATTERN "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define ENDPOINT_PATTERN "^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:" PORT_PATTERN ")?(/[!-\"$->@-\\[\\]-~]*)?$"

const struct field common_fields[] = {
        { FIELD("paused", FIELD_BOOL, resource, paused), .fallback = "false",
          .help = "true: observed and planned, never acted on" },
        { FIELD("onDrift", FIELD_ENUM, resource, on_drift), .words = on_drift_words, .fallback = "update",
          .help = "what is done about fields that differ; counts are always kept" },
        { FIELD("formerly", FIELD_STRING, resource, formerly), .max = RESOURCE_NAME_MAX,
          .pattern = RESOURCE_NAME_PATTERN,
          .help = "the resource's name before it was renamed; what it owns stays its own" },
        { 0 },
};

static const struct field auth_fields[] = {
        { FIELD("tokenEnv", FIELD_STRING, auth_spec, token_env),
          .help = "the name of the environment variable that holds the token" },
        { FIELD("tokenFile", FIELD_STRING, auth_spec, token_file), .unless = "tokenEnv",
          .help = "the path of the file that holds the token" },
        { FIELD("login", FIELD_STRING, auth_spec, login), .help = "the name to log in with" },
        { FIELD("passwordEnv", FIELD_STRING, auth_spec, password_env),
          .help = "the name of the environment variable that holds the login's password" },
        { FIELD("passwordFile", FIELD_STRING, auth_spec, password_file), .unless = "passwordEnv",
          .help = "the path of the file that holds the login's password" },
        { 0 },
};

static const struct field tls_fields[] = {
        { FIELD("caFile", FIELD_STRING, tls_spec, ca_file),
          .help = "the path of the certificates (PEM) to trust in place of the system's" },
        { FIELD("insecure", FIELD_BOOL, tls_spec, insecure), .help = "true: the server's certificate is not checked" },
        { 0 },
};

static const struct field provider_fields[] = {
        { FIELD("type", FIELD_STRING, provider_spec, type), .required = true,
          .help = "whose API this is, like starvcenter" },
        { FIELD("endpoint", FIELD_STRING, provider_spec, endpoint), .required = true, .pattern = ENDPOINT_PATTERN,
          .help = "the URL that the API's paths follow" },
        { FIELD("auth", FIELD_OBJECT, provider_spec, auth), .members = auth_fields,
          .member_size = sizeof(struct auth_spec), .help = "where the secret is found; it is never written in a spec" },
        { FIELD("tls", FIELD_OBJECT, provider_spec, tls), .members = tls_fields, .member_size = sizeof(struct tls_spec),
          .help = "how the server's certificate is checked" },
        { FIELD("timeout", FIELD_DURATION, provider_spec, timeout), .min = SEC, .max = HOUR, .fallback = "30s",
          .help = "the longest that one request may take" },
        { FIELD("concurrency", FIELD_COUNT, provider_spec, concurrency), .min = 1, .max = 64, .fallback = "8",
          .help = "the most requests in flight at once" },
        { FIELD("rateLimit", FIELD_RATE, provider_spec, rate_limit),
          .help = "the most requests begun in a time; absent: unlimited" },
        { FIELD("settle", FIELD_DURATION, provider_spec, settle), .min = SEC, .max = DAY,
          .help = "how long a call of unknown outcome is left alone; absent: as the provider's type needs" },
        { FIELD("confirm", FIELD_DURATION, provider_spec, confirm), .min = 100 * MSEC, .max = DAY, .fallback = "30s",
          .help = "between the looks that confirm a sudden loss" },
        { FIELD("options", FIELD_MAP, provider_spec, options), .help = "what only this type of provider has" },
        { 0 },
};

static const struct field rollout_fields[] = {
        { FIELD("maxUnavailable", FIELD_COUNT, rollout_spec, max_unavailable), .min = 1, .max = 100000, .fallback = "1",
          .help = "how many machines may be away at a time" },
        { FIELD("minReady", FIELD_DURATION, rollout_spec, min_ready), .max = DAY, .fallback = "30s",
          .help = "how long each new machine must have worked before the next one goes" },
        { FIELD("onFailure", FIELD_ENUM, rollout_spec, on_failure), .words = on_failure_words, .fallback = "stop",
          .help = "what becomes of the rest when a machine fails" },
        { 0 },
};

static const struct field billing_fields[] = {
        { FIELD("mode", FIELD_ENUM, billing_spec, mode), .words = billing_words, .fallback = "hourly",
          .help = "by the hour, for as long as the machine is there; or for a period that is paid beforehand" },
        { FIELD("unit", FIELD_ENUM, billing_spec, unit), .words = billing_unit_words, .fallback = "hour",
          .help = "the unit of the period" },
        { FIELD("number", FIELD_COUNT, billing_spec, number), .min = 1, .max = 1000,
          .help = "how many units the period has" },
        { 0 },
};

static const struct field disk_fields[] = {
        { FIELD("name", FIELD_STRING, disk_spec, name), .required = true, .max = RESOURCE_NAME_MAX,
          .pattern = RESOURCE_NAME_PATTERN, .help = "what the disk is called, beside its machine's name" },
        { FIELD("size", FIELD_SIZE, disk_spec, size), .required = true, .min = GIB, .max = 64 * TIB,
          .property = PROPERTY_SIZE, .help = "how large it is, whole GiB; it can grow and never shrinks" },
        { 0 },
};

static const struct field machine_set_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, machine_set, provider), .required = true, .kind = "Provider",
          .help = "the Provider whose machines these are" },
        { FIELD("count", FIELD_COUNT, machine_set, count), .required = true, .max = 100000,
          .help = "how many machines there should be" },
        { FIELD("template", FIELD_REFERENCE, machine_set, template), .kind = "MachineTemplate",
          .property = PROPERTY_TEMPLATE, .by_provider = true, .help = "what the machines are made from" },
        { FIELD("model", FIELD_STRING, machine_set, model), .property = PROPERTY_MODEL, .by_provider = true,
          .help = "what the machines are made from, in place of a template" },
        { FIELD("image", FIELD_STRING, machine_set, image), .property = PROPERTY_IMAGE, .by_provider = true,
          .help = "the system that the machines begin with" },
        { FIELD("cpu", FIELD_COUNT, machine_set, cpu), .min = 1, .max = 4096, .property = PROPERTY_CPU,
          .by_provider = true, .help = "cores of each machine" },
        { FIELD("memory", FIELD_SIZE, machine_set, memory), .min = MIB, .max = 64 * TIB, .property = PROPERTY_MEMORY,
          .by_provider = true, .help = "memory of each machine, whole MiB" },
        { FIELD("network", FIELD_REFERENCE, machine_set, network), .kind = "Network", .property = PROPERTY_NETWORK,
          .by_provider = true, .help = "the network that each machine is in" },
        { FIELD("disks", FIELD_OBJECTS, machine_set, disks), .members = disk_fields,
          .member_size = sizeof(struct disk_spec), .by_provider = true, .help = "data disks that each machine has" },
        { FIELD("power", FIELD_ENUM, machine_set, power), .words = power_words, .fallback = "running",
          .help = "whether the machines run" },
        { FIELD("restart", FIELD_ENUM, machine_set, restart), .words = restart_words, .fallback = "never",
          .help = "may a change that needs a machine off restart it?" },
        { FIELD("scaleIn", FIELD_ENUM, machine_set, scale_in), .words = scale_in_words, .fallback = "newest",
          .help = "which machines go first when there are too many" },
        { FIELD("protect", FIELD_STRINGS, machine_set, protect),
          .help = "machines (names or the provider's ids) that no scale-in or replacement may take" },
        { FIELD("hold", FIELD_STRINGS, machine_set, hold),
          .help = "machines (names or the provider's ids) that are counted and not touched at all" },
        { FIELD("release", FIELD_STRINGS, machine_set, release),
          .help = "machines that are no longer ours: not counted, left running" },
        { FIELD("adopt", FIELD_MAP, machine_set, adopt),
          .help = "existing machines to take under management, by the names they get" },
        { FIELD("replaceFailed", FIELD_ENUM, machine_set, replace_failed), .words = replace_failed_words,
          .fallback = "neverReady", .help = "which machines that failed are replaced" },
        { FIELD("rollout", FIELD_OBJECT, machine_set, rollout), .members = rollout_fields,
          .member_size = sizeof(struct rollout_spec), .help = "how replacements and restarts go" },
        { FIELD("billing", FIELD_OBJECT, machine_set, billing), .members = billing_fields,
          .member_size = sizeof(struct billing_spec), .by_provider = true, .help = "how the machines are paid for" },
        { FIELD("lease", FIELD_DURATION, machine_set, lease), .min = HOUR, .max = 36500 * DAY, .by_provider = true,
          .help = "how long after its creation each machine expires" },
        { FIELD("bandwidth", FIELD_BITRATE, machine_set, bandwidth), .min = 1000, .max = INT64_C(1000000000000),
          .property = PROPERTY_BANDWIDTH, .by_provider = true, .help = "what each machine's network card may carry" },
        { FIELD("passwordEnv", FIELD_STRING, machine_set, password_env), .by_provider = true,
          .help = "the name of the environment variable that holds the machines' first password" },
        { FIELD("passwordFile", FIELD_STRING, machine_set, password_file), .unless = "passwordEnv", .by_provider = true,
          .help = "the path of the file that holds the machines' first password" },
        { 0 },
};

static const struct field template_network_fields[] = {
        { FIELD("vpc", FIELD_STRING, template_network, vpc), .free_text = true, .fallback = "",
          .help = "the cloud's id of the VPC" },
        { FIELD("subnet", FIELD_STRING, template_network, subnet), .free_text = true, .fallback = "",
          .help = "the cloud's id of the subnet" },
        { FIELD("securityGroup", FIELD_STRING, template_network, security_group), .free_text = true, .fallback = "",
          .help = "the cloud's id of the security group" },
        { FIELD("chargeType", FIELD_STRING, template_network, charge_type), .fallback = "PayByBandwidth",
          .help = "how the cloud charges for traffic: PayByBandwidth or PayByTraffic" },
        { FIELD("bandwidth", FIELD_COUNT, template_network, bandwidth), .max = 1000, .fallback = "0",
          .help = "of each machine's way out, Mbit/s" },
        { 0 },
};

static const struct field template_disks_fields[] = {
        { FIELD("count", FIELD_COUNT, template_disks, count), .required = true, .max = 16,
          .help = "how many data disks each machine has" },
        { FIELD("size", FIELD_SIZE, template_disks, size), .required = true, .min = GIB, .max = 64 * TIB,
          .help = "how large each of them is, whole GiB" },
        { FIELD("category", FIELD_STRING, template_disks, category), .required = true,
          .help = "the cloud's word for what sort of disk it is" },
        { 0 },
};

static const struct field machine_template_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, machine_template, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the template" },
        { FIELD("description", FIELD_STRING, machine_template, description), .free_text = true, .fallback = "",
          .help = "for people" },
        { FIELD("cloud", FIELD_STRING, machine_template, cloud), .required = true,
          .help = "the cloud that the machines are on, like aliyun" },
        { FIELD("account", FIELD_STRING, machine_template, account), .free_text = true, .fallback = "",
          .help = "the key id of the account on that cloud" },
        { FIELD("instanceType", FIELD_STRING, machine_template, instance_type), .required = true,
          .help = "the cloud's name for what sort of machine it is" },
        { FIELD("cpu", FIELD_COUNT, machine_template, cpu), .required = true, .min = 1, .max = 4096,
          .help = "cores of each machine" },
        { FIELD("memory", FIELD_SIZE, machine_template, memory), .required = true, .min = GIB, .max = 64 * TIB,
          .help = "memory of each machine, whole GiB" },
        { FIELD("image", FIELD_STRING, machine_template, image), .required = true,
          .help = "the system that the machines begin with" },
        { FIELD("region", FIELD_STRING, machine_template, region), .required = true, .help = "where the machines are" },
        { FIELD("zone", FIELD_STRING, machine_template, zone), .required = true,
          .help = "where in the region they are" },
        { FIELD("network", FIELD_OBJECT, machine_template, network), .members = template_network_fields,
          .member_size = sizeof(struct template_network), .help = "how the machines are connected" },
        { FIELD("systemDisk", FIELD_STRING, machine_template, system_disk), .required = true,
          .help = "the cloud's word for what sort of disk the system is on" },
        { FIELD("dataDisks", FIELD_OBJECT, machine_template, data_disks), .members = template_disks_fields,
          .member_size = sizeof(struct template_disks), .help = "the data disks of each machine" },
        { FIELD("keyName", FIELD_STRING, machine_template, key_name), .free_text = true, .fallback = "",
          .help = "the cloud's name of the key pair to log in with" },
        { FIELD("postScript", FIELD_STRING, machine_template, post_script), .free_text = true, .fallback = "",
          .help = "what runs on each machine once it is there" },
        { FIELD("credit", FIELD_DURATION, machine_template, credit), .min = HOUR, .max = 36500 * DAY,
          .property = PROPERTY_CREDIT,
          .help = "what it is topped up to when a tenth of it is left; absent: never touched" },
        { 0 },
};

static const struct field policy_fields[] = {
        { FIELD("prune", FIELD_BOOL, policy_spec, prune), .fallback = "false",
          .help = "true: what is owned and no spec names any more is deleted" },
        { FIELD("maxDeletes", FIELD_SHARE, policy_spec, max_deletes),
          .help = "per provider and rolling hour; absent: the greater of 5 and 10%" },
        { FIELD("maxCreates", FIELD_COUNT, policy_spec, max_creates), .max = 1000000, .fallback = "-1",
          .help = "per provider and rolling hour; absent: unlimited" },
        { 0 },
};

const struct kind kind_provider = {
        .name = "Provider",
        .fields = provider_fields,
        .spec_size = sizeof(struct provider_spec),
        .help = "an account at a vendor, and how it is reached",
};

const struct kind kind_machine_set = {
        .name = "MachineSet",
        .fields = machine_set_fields,
        .spec_size = sizeof(struct machine_set),
        .provider_offset = offsetof(struct machine_set, provider),
        .help = "a number of machines of one template",
};

const struct kind kind_machine_template = {
        .name = "MachineTemplate",
        .fields = machine_template_fields,
        .spec_size = sizeof(struct machine_template),
        .provider_offset = offsetof(struct machine_template, provider),
        .makes = TYPE_TEMPLATE,
        .help = "what machines are made from, where the provider keeps that as an object of its own",
};

const struct kind kind_policy = {
        .name = "Policy",
        .fields = policy_fields,
        .spec_size = sizeof(struct policy_spec),
        .once = true,
        .help = "the estate's name, and the limits that keep a mistake small",
};

const struct kind *const kinds[] = { &kind_provider,        &kind_machine_template,
                                     &kind_tenant_quota,    &kind_network,
                                     &kind_machine_set,     &kind_security_group,
                                     &kind_load_balancer,   &kind_port_mapping,
                                     &kind_address_mapping, &kind_access_rule,
                                     &kind_backup_policy,   &kind_snapshot_policy,
                                     &kind_policy,          NULL };

const char *const kinds_later[] = {
        "Disk",
        NULL,
};

const struct kind *kind_find(const char *name)
{
        for (size_t i = 0; kinds[i]; i++)
                if (text_equal(kinds[i]->name, name))
                        return kinds[i];

        return NULL;
}

const struct kind *kind_of(const char *text)
{
        size_t n = strcspn(text, "/");

        for (size_t i = 0; text[n] && kinds[i]; i++)
                if (strncmp(kinds[i]->name, text, n) == 0 && !kinds[i]->name[n])
                        return kinds[i];

        return NULL;
}

size_t kind_order(const struct kind *kind)
{
        size_t i = 0;

        while (kinds[i] && kinds[i] != kind)
                i++;

        return i;
}

const struct field *field_find(const struct field *table, const char *name)
{
        for (const struct field *f = table; f->name; f++)
                if (text_equal(f->name, name))
                        return f;

        return NULL;
}

const char *thing_type_text(enum thing_type type)
{
        static const char *const texts[] = {
                [TYPE_MACHINE] = "Machine",
                [TYPE_DISK] = "Disk",
                [TYPE_TEMPLATE] = "MachineTemplate",
                [TYPE_OFFER] = "Offer",
                [TYPE_IMAGE] = "Image",
                [TYPE_BALANCER] = "LoadBalancer",
                [TYPE_BACKEND] = "BackEnd",
                [TYPE_GROUP] = "SecurityGroup",
                [TYPE_RULE] = "Rule",
                [TYPE_BINDING] = "Binding",
                [TYPE_CARD] = "Card",
                [TYPE_QUOTA] = "TenantQuota",
                [TYPE_PORT_MAPPING] = "PortMapping",
                [TYPE_ADDRESS_MAPPING] = "AddressMapping",
                [TYPE_ACCESS] = "AccessRule",
                [TYPE_BACKUP] = "Backup",
                [TYPE_SNAPSHOT] = "Snapshot",
                [TYPE_NETWORK] = "Network",
        };

        return texts[type];
}

bool thing_type_counts(enum thing_type type)
{
        return type != TYPE_PORT_MAPPING && type != TYPE_ADDRESS_MAPPING && type != TYPE_ACCESS;
}

bool thing_is_copy(enum thing_type type)
{
        return type == TYPE_BACKUP || type == TYPE_SNAPSHOT;
}

static const struct {
        const char *name;
        enum field_type type;
} properties[PROPERTIES] = {
        [PROPERTY_NONE] = { "", FIELD_STRING },
        [PROPERTY_TEMPLATE] = { "template", FIELD_STRING },
        [PROPERTY_MODEL] = { "model", FIELD_STRING },
        [PROPERTY_IMAGE] = { "image", FIELD_STRING },
        [PROPERTY_CPU] = { "cpu", FIELD_COUNT },
        [PROPERTY_MEMORY] = { "memory", FIELD_SIZE },
        [PROPERTY_NETWORK] = { "network", FIELD_STRING },
        [PROPERTY_BANDWIDTH] = { "bandwidth", FIELD_BITRATE },
        [PROPERTY_SIZE] = { "size", FIELD_SIZE },
        [PROPERTY_CREDIT] = { "credit", FIELD_DURATION },
        [PROPERTY_GPUS] = { "gpus", FIELD_COUNT },
        [PROPERTY_STORAGE] = { "storage", FIELD_SIZE },
        [PROPERTY_SYSTEM] = { "system", FIELD_STRING },
        [PROPERTY_SPEC] = { "spec", FIELD_STRING },
        [PROPERTY_PORT] = { "port", FIELD_COUNT },
        [PROPERTY_WEIGHT] = { "weight", FIELD_COUNT },
        [PROPERTY_PENDING] = { "pending", FIELD_COUNT },
        [PROPERTY_CERTIFICATE] = { "certificate", FIELD_STRING },
        [PROPERTY_ROUTED] = { "routed", FIELD_STRING },
        [PROPERTY_FIREWALL] = { "firewall", FIELD_STRING },
        [PROPERTY_NETWORKS] = { "networks", FIELD_COUNT },
        [PROPERTY_MACHINE] = { "machine", FIELD_STRING },
        [PROPERTY_DIRECTION] = { "direction", FIELD_STRING },
};

const char *property_name(enum property property)
{
        return properties[property].name;
}

enum field_type property_type(enum property property)
{
        return properties[property].type;
}

bool property_is_number(enum property property)
{
        return properties[property].type != FIELD_STRING;
}

enum property property_find(const char *name)
{
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (text_equal(properties[p].name, name))
                        return p;

        return PROPERTY_NONE;
}

const struct field *property_field(enum property property)
{
        for (const struct field *f = machine_set_fields; f->name; f++)
                if (property != PROPERTY_NONE && f->property == property)
                        return f;

        return NULL;
}

/* The length of `path` without its last part: "spec.hold[0]" to "spec.hold" to "spec" to "". */
static size_t parent_length(const char *path, size_t n)
{
        while (n > 0 && path[n - 1] != '.' && path[n - 1] != '[')
                n--;

        return n > 0 ? n - 1 : 0;
}

const struct position *resource_position(const struct resource *r, const char *path)
{
        size_t n = strlen(path);

        while (n > 0) {
                _cleanup_free_ char *around = strndup(path, n);
                const struct position *p = around ? strmap_get(&r->positions, around) : NULL;

                if (p)
                        return p;
                n = parent_length(path, n);
        }

        return &r->position;
}

const char *resource_text(const struct resource *r, char text[static RESOURCE_TEXT_MAX])
{
        (void)snprintf(text, RESOURCE_TEXT_MAX, "%s/%s", r->kind->name, r->name);
        return text;
}

bool resource_has(const struct resource *r, enum thing_type type)
{
        if (r->kind == &kind_machine_set)
                return type == TYPE_MACHINE || (type == TYPE_DISK && r->machine_set->disks.n > 0);
        if (r->kind == &kind_security_group)
                return type == TYPE_GROUP || type == TYPE_RULE || type == TYPE_BINDING;
        if (r->kind == &kind_load_balancer)
                return type == TYPE_BALANCER || type == TYPE_BACKEND;
        /* One kind of mapping may stand in the way of the other. */
        if (r->kind == &kind_port_mapping || r->kind == &kind_address_mapping)
                return type == TYPE_PORT_MAPPING || type == TYPE_ADDRESS_MAPPING;
        if (r->kind == &kind_access_rule)
                return type == TYPE_ACCESS;
        if (thing_is_copy(r->kind->makes))
                return type == r->kind->makes;
        if (r->kind == &kind_network)
                return type == TYPE_NETWORK;
        if (r->kind == &kind_tenant_quota)
                return type == TYPE_QUOTA;
        return r->kind == &kind_machine_template && type == TYPE_TEMPLATE;
}

struct resource *resource_provider(const struct resource *r)
{
        if (r->kind == &kind_provider)
                return (struct resource *)r;
        if (r->kind->provider_offset == 0)
                return NULL;

        return ((const struct reference *)((const char *)r->spec + r->kind->provider_offset))->resource;
}

int estate_new(struct estate **ret)
{
        struct estate *estate = calloc(1, sizeof(*estate));

        if (!estate)
                return -ENOMEM;

        estate->name = "default";
        estate->strings = strpool_new();
        if (!estate->strings) {
                estate_free(estate);
                return -ENOMEM;
        }

        *ret = estate;
        return 0;
}

struct estate *estate_free(struct estate *estate)
{
        if (!estate)
                return NULL;

        for (size_t i = 0; i < estate->n_resources; i++)
                strmap_done(&estate->resources[i]->positions);
        free(estate->resources);
        strpool_free(estate->strings);
        free(estate);

        return NULL;
}

/* What an estate is sorted by, and searched with. */
static int compare_kind_and_name(const struct kind *a_kind, const char *a_name, const struct kind *b_kind,
                                 const char *b_name)
{
        size_t a = kind_order(a_kind), b = kind_order(b_kind);

        return a != b ? (a < b ? -1 : 1) : text_natural_compare(a_name, b_name);
}

/* Equal names are an error that is told at the later of the two places, so the places decide between them. */
static int compare_resources(const void *left, const void *right)
{
        const struct resource *a = *(struct resource *const *)left, *b = *(struct resource *const *)right;
        int r = compare_kind_and_name(a->kind, a->name, b->kind, b->name);

        if (r == 0)
                r = strcmp(a->position.file, b->position.file);
        if (r == 0)
                r = (a->position.line > b->position.line) - (a->position.line < b->position.line);

        return r;
}

void estate_sort(struct estate *estate)
{
        if (estate->n_resources > 0)
                qsort(estate->resources, estate->n_resources, sizeof(*estate->resources), compare_resources);
}

struct resource *estate_find(const struct estate *estate, const struct kind *kind, const char *name)
{
        size_t from = 0, to = estate->n_resources;

        while (from < to) {
                size_t middle = from + (to - from) / 2;
                struct resource *r = estate->resources[middle];
                int order = compare_kind_and_name(r->kind, r->name, kind, name);

                if (order == 0)
                        return r;
                if (order < 0)
                        from = middle + 1;
                else
                        to = middle;
        }

        return NULL;
}

struct resource *estate_find_text(const struct estate *estate, const char *text)
{
        const struct kind *kind = kind_of(text);

        return kind ? estate_find(estate, kind, strchr(text, '/') + 1) : NULL;
}
