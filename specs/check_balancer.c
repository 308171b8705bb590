/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/check.h"

#define PATH_BYTES_MAX 96 /* of a field of a balancer */

static bool speaks_http(const struct load_balancer *balancer)
{
        return balancer->protocol == PROTOCOL_HTTP || balancer->protocol == PROTOCOL_HTTPS;
}

int check_address(const struct checker *c, const char *path, const char *address)
{
        struct in_addr parsed;
        char shown[EXCERPT_MAX];

        if (!check_can(c, path) || inet_pton(AF_INET, address, &parsed) == 1)
                return 0;

        return check_error(c, path, "is \"%s\"; write an IPv4 address, like 10.0.0.9", excerpt(address, shown));
}

static int check_seconds(const struct checker *c, const char *path, usec_t length)
{
        if (!check_can(c, path) || length % USEC_PER_SEC == 0)
                return 0;

        return check_error(c, path, "is no whole number of seconds; write it in s or m");
}

static bool is_url_path(const char *text)
{
        size_t n = 0;

        while (text[n] > ' ' && text[n] <= '~')
                n++;

        return text[0] == '/' && !text[n];
}

/* A path of a URL, which only http and https have. */
static int check_path(const struct checker *c, const struct load_balancer *balancer, const char *path, const char *text)
{
        char shown[EXCERPT_MAX];

        if (!check_can(c, path))
                return 0;
        if (!speaks_http(balancer) && draft_is_sound(c->draft, "spec.protocol"))
                return check_error(c, path, "has a meaning only with protocol: http or https; leave it out");
        if (is_url_path(text))
                return 0;

        return check_error(c, path, "is \"%s\"; write a path that begins with '/', of ASCII without blanks",
                           excerpt(text, shown));
}

static int check_health(const struct checker *c, const struct load_balancer *balancer)
{
        const struct balancer_health *health = balancer->health;
        int r;

        if (!health)
                return 0;
        r = check_path(c, balancer, "spec.health.path", health->path);
        if (r == 0)
                r = check_seconds(c, "spec.health.interval", health->interval);

        return r < 0 ? r : check_seconds(c, "spec.health.timeout", health->timeout);
}

static int check_certificate(const struct checker *c, const struct load_balancer *balancer)
{
        const struct balancer_certificate *certificate = balancer->certificate;
        bool has = draft_has(c->draft, "spec.certificate") || !draft_is_sound(c->draft, "spec.certificate");

        if (!draft_is_sound(c->draft, "spec.protocol") || !draft_has(c->draft, "spec.protocol"))
                return 0;
        if (balancer->protocol != PROTOCOL_HTTPS)
                return has && check_can(c, "spec.certificate")
                               ? check_error(c, "spec.certificate",
                                             "has a meaning only with protocol: https; leave it out")
                               : 0;
        if (!has)
                return check_error(c, "spec.certificate",
                                   "is missing; write certFile, and keyEnv or keyFile, https needs them");
        if (!certificate || certificate->key_env || certificate->key_file ||
            !draft_is_sound(c->draft, "spec.certificate.keyEnv") ||
            !draft_is_sound(c->draft, "spec.certificate.keyFile"))
                return 0;

        return check_error(c, "spec.certificate", "has no key; write keyEnv or keyFile, https needs one of them");
}

/* Is the front of another balancer of the same provider in the way? */
static bool meets(const struct load_balancer *own, const struct load_balancer *other)
{
        const struct balancer_frontend *a = own->frontend, *b = other->frontend;
        bool dedicated = a->network == NETWORK_EXTERNAL && b->network == NETWORK_EXTERNAL &&
                         (a->dedicated || b->dedicated);

        return text_equal(own->provider.name, other->provider.name) && a->network == b->network &&
               text_equal(a->address, b->address) && (a->port == b->port || dedicated);
}

/* Of two that meet, the one that comes later is told. */
static int check_meeting(const struct checker *c, const struct load_balancer *balancer)
{
        for (size_t i = 0; i < c->estate->n_resources; i++) {
                const struct resource *r = c->estate->resources[i];
                const struct balancer_frontend *front = balancer->frontend, *other;

                if (r == c->draft->resource)
                        return 0;
                if (r->kind != &kind_load_balancer || !r->load_balancer->frontend || !meets(balancer, r->load_balancer))
                        continue;
                other = r->load_balancer->frontend;
                if (front->port == other->port)
                        return check_error(c, "spec.frontend.port",
                                           "is %" PRId64 " at %s, the front of LoadBalancer/%s too; give each its own",
                                           front->port, front->address, r->name);
                return check_error(c, "spec.frontend.address",
                                   "is %s, that of LoadBalancer/%s too, and a dedicated address is one balancer's "
                                   "alone; give each its own, or write dedicated: false in both",
                                   front->address, r->name);
        }

        return 0;
}

static int check_frontend(const struct checker *c, const struct load_balancer *balancer)
{
        const struct balancer_frontend *front = balancer->frontend;
        int r;

        if (!front || !front->address)
                return 0;
        r = check_address(c, "spec.frontend.address", front->address);
        if (r == 0 && front->network == NETWORK_INTERNAL && check_can(c, "spec.frontend.dedicated"))
                r = check_error(c, "spec.frontend.dedicated",
                                "has a meaning only with network: external; leave it out");
        if (r == 0 && draft_is_sound(c->draft, "spec.frontend.address") &&
            draft_is_sound(c->draft, "spec.frontend.port") && draft_is_sound(c->draft, "spec.frontend.network"))
                r = check_meeting(c, balancer);

        return r;
}

/* What one entry of `backends` says, and its place. */
struct entry {
        const struct backend_spec *spec;
        size_t number;
};

static const char *entry_path(const struct entry *entry, const char *field, char path[static PATH_BYTES_MAX])
{
        (void)snprintf(path, PATH_BYTES_MAX, "spec.backends[%zu]%s%s", entry->number, field ? "." : "",
                       field ? field : "");
        return path;
}

static bool entry_has(const struct checker *c, const struct entry *entry, const char *field)
{
        char path[PATH_BYTES_MAX];

        (void)entry_path(entry, field, path);
        return draft_has(c->draft, path) || !draft_is_sound(c->draft, path);
}

/* A set's machines have their own addresses; a machine that is not ours has the one that the spec says. */
static int check_target(const struct checker *c, const struct entry *entry)
{
        bool set = entry_has(c, entry, "machineSet"), machine = entry_has(c, entry, "machine");
        bool address = entry_has(c, entry, "address");
        char path[PATH_BYTES_MAX];

        if (!set && !machine)
                return check_error(c, entry_path(entry, NULL, path),
                                   "names no machine; write machineSet, or machine and its address");
        if (set && !machine && address)
                return check_error(c, entry_path(entry, "address", path),
                                   "stands beside machineSet, whose machines have their own; leave it out");
        if (machine && !set && !address)
                return check_error(c, entry_path(entry, "address", path),
                                   "is missing; write the machine's IPv4 address, like 10.0.0.9");
        if (!machine)
                return 0;

        return check_address(c, entry_path(entry, "address", path), entry->spec->address);
}

/* What tells a back end from the others, in the estate's pool. NULL: out of memory. */
static const char *entry_key(const struct checker *c, const struct backend_spec *spec)
{
        _cleanup_free_ char *key = NULL;

        if (asprintf(&key, "%s %s %s %" PRId64, spec->machine_set.name ? spec->machine_set.name : "",
                     spec->machine ? spec->machine : "", spec->address ? spec->address : "", spec->port) < 0) {
                key = NULL;
                return NULL;
        }

        return strpool_add(c->estate->strings, key);
}

static int check_entry(const struct checker *c, const struct load_balancer *balancer, const struct entry *entry,
                       struct strmap *seen)
{
        char path[PATH_BYTES_MAX];
        const char *key;
        int r;

        if (!draft_is_sound(c->draft, entry_path(entry, NULL, path)))
                return 0;
        r = check_target(c, entry);
        if (r == 0 && balancer->algorithm == ALGORITHM_ROUND_ROBIN && draft_is_sound(c->draft, "spec.algorithm") &&
            check_can(c, entry_path(entry, "weight", path)))
                r = check_warning(c, path, "has no effect with algorithm: round-robin; write weighted-round-robin");
        if (r < 0 || !check_can(c, entry_path(entry, "port", path)) ||
            !(entry->spec->machine_set.name || (entry->spec->machine && entry->spec->address)))
                return r;
        key = entry_key(c, entry->spec);
        r = key ? strmap_put(seen, key, c->estate) : -ENOMEM;
        if (r != -EEXIST)
                return r;

        return check_error(c, entry_path(entry, NULL, path), "is a back end a second time; leave it out");
}

static int check_backends(const struct checker *c, const struct load_balancer *balancer)
{
        _cleanup_strmap_ struct strmap seen = { 0 };
        int r = 0;

        for (size_t i = 0; i < balancer->backends.n && r >= 0; i++) {
                const struct entry entry = { &((const struct backend_spec *)balancer->backends.items)[i], i };

                r = check_entry(c, balancer, &entry, &seen);
        }

        return r < 0 ? r : 0;
}

int check_load_balancer(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct load_balancer *balancer = own->load_balancer;
        const struct provider *codec = check_codec(c);
        int r;

        if (codec && !codec->making(&account->provider->options)[TYPE_BALANCER].possible)
                return check_error(c, "spec.provider",
                                   "is of type %s, which has no load balancers; leave the balancer out", codec->type);

        r = check_frontend(c, balancer);
        if (r == 0)
                r = check_path(c, balancer, "spec.urlPath", balancer->url_path);
        if (r == 0)
                r = check_health(c, balancer);
        if (r == 0)
                r = check_seconds(c, "spec.idleTimeout", balancer->idle_timeout);
        if (r == 0)
                r = check_certificate(c, balancer);

        return r < 0 ? r : check_backends(c, balancer);
}
