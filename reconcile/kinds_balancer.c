/* SPDX-License-Identifier: MIT */
#include "reconcile/kinds_table.h"

#define PATH_PATTERN "^/[!-~]*$"

static const char *const protocol_words[] = {
        [PROTOCOL_TCP] = "tcp", [PROTOCOL_UDP] = "udp", [PROTOCOL_HTTP] = "http", [PROTOCOL_HTTPS] = "https", NULL
};
static const char *const network_words[] = { [NETWORK_EXTERNAL] = "external", [NETWORK_INTERNAL] = "internal", NULL };
static const char *const algorithm_words[] = { [ALGORITHM_ROUND_ROBIN] = "round-robin",
                                               [ALGORITHM_WEIGHTED_ROUND_ROBIN] = "weighted-round-robin",
                                               [ALGORITHM_WEIGHTED_LEAST] = "weighted-least-connections",
                                               NULL };

static const struct field frontend_fields[] = {
        { FIELD("network", FIELD_ENUM, balancer_frontend, network), .required = true, .words = network_words,
          .help = "whether it is reached from outside or from within" },
        { FIELD("address", FIELD_STRING, balancer_frontend, address), .required = true, .pattern = ADDRESS_PATTERN,
          .help = "an IPv4 address, like 203.0.113.10" },
        { FIELD("dedicated", FIELD_BOOL, balancer_frontend, dedicated), .fallback = "true",
          .help = "false: others may share the address; external ones only" },
        { FIELD("port", FIELD_COUNT, balancer_frontend, port), .required = true, .min = 50, .max = 65535,
          .help = "the port that it is reached at" },
        { 0 },
};

static const struct field health_fields[] = {
        { FIELD("path", FIELD_STRING, balancer_health, path), .pattern = PATH_PATTERN,
          .help = "the path that back ends are asked for, like /healthz; http and https only" },
        { FIELD("interval", FIELD_DURATION, balancer_health, interval), .min = SEC, .max = 50 * SEC,
          .help = "between two checks, whole seconds" },
        { FIELD("timeout", FIELD_DURATION, balancer_health, timeout), .min = SEC, .max = 300 * SEC,
          .help = "how long a check may take, whole seconds" },
        { FIELD("retries", FIELD_COUNT, balancer_health, retries), .min = 2, .max = 10,
          .help = "how many checks in a row must fail before a back end counts as dead" },
        { 0 },
};

static const struct field certificate_fields[] = {
        { FIELD("certFile", FIELD_STRING, balancer_certificate, cert_file), .required = true,
          .help = "the path of the file that holds the certificate (PEM)" },
        { FIELD("keyEnv", FIELD_STRING, balancer_certificate, key_env),
          .help = "the name of the environment variable that holds the private key (PEM)" },
        { FIELD("keyFile", FIELD_STRING, balancer_certificate, key_file), .unless = "keyEnv",
          .help = "the path of the file that holds the private key (PEM)" },
        { 0 },
};

static const struct field backend_fields[] = {
        { FIELD("machineSet", FIELD_RESOURCE, backend_spec, machine_set), .kind = "MachineSet",
          .help = "every machine of this MachineSet, as it grows and shrinks" },
        { FIELD("machine", FIELD_STRING, backend_spec, machine), .unless = "machineSet",
          .help = "the provider's id of a machine that is not muster's" },
        { FIELD("address", FIELD_STRING, backend_spec, address), .pattern = ADDRESS_PATTERN,
          .help = "the machine's IPv4 address, like 10.0.0.9" },
        { FIELD("port", FIELD_COUNT, backend_spec, port), .required = true, .min = 1, .max = 65535,
          .help = "the port that the machine serves at" },
        { FIELD("weight", FIELD_COUNT, backend_spec, weight), .min = 1, .max = 10,
          .help = "its share of the connections, beside that of the others" },
        { 0 },
};

static const struct field load_balancer_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, load_balancer, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the load balancer" },
        { FIELD("description", FIELD_STRING, load_balancer, description), .free_text = true, .help = "for people" },
        { FIELD("tenant", FIELD_STRING, load_balancer, tenant), .required = true,
          .help = "the id of the tenant that it is of" },
        { FIELD("router", FIELD_STRING, load_balancer, router), .required = true,
          .help = "the id of the cloud router's machine that it runs on" },
        { FIELD("protocol", FIELD_ENUM, load_balancer, protocol), .required = true, .words = protocol_words,
          .help = "what it speaks" },
        { FIELD("frontend", FIELD_OBJECT, load_balancer, frontend), .required = true, .members = frontend_fields,
          .member_size = sizeof(struct balancer_frontend), .help = "where it is reached" },
        { FIELD("backendPort", FIELD_COUNT, load_balancer, backend_port), .min = 1, .max = 65535,
          .help = "the port of its back ends; absent: that of the front" },
        { FIELD("urlPath", FIELD_STRING, load_balancer, url_path), .pattern = PATH_PATTERN,
          .help = "the application's path, like /; http and https only" },
        { FIELD("algorithm", FIELD_ENUM, load_balancer, algorithm), .words = algorithm_words, .fallback = "round-robin",
          .help = "how connections are shared out" },
        { FIELD("health", FIELD_OBJECT, load_balancer, health), .members = health_fields,
          .member_size = sizeof(struct balancer_health), .help = "how back ends are checked" },
        { FIELD("idleTimeout", FIELD_DURATION, load_balancer, idle_timeout), .min = SEC, .max = 120 * SEC,
          .help = "how long a connection may be silent, whole seconds" },
        { FIELD("maxConnections", FIELD_COUNT, load_balancer, max_connections), .min = 10, .max = 10000,
          .help = "how many connections there may be at once" },
        { FIELD("certificate", FIELD_OBJECT, load_balancer, certificate), .members = certificate_fields,
          .member_size = sizeof(struct balancer_certificate),
          .help = "what it proves itself with; https only, which needs it" },
        { FIELD("enabled", FIELD_BOOL, load_balancer, enabled), .fallback = "true",
          .help = "false: it is there and serves nobody" },
        { FIELD("backends", FIELD_OBJECTS, load_balancer, backends), .members = backend_fields,
          .member_size = sizeof(struct backend_spec), .help = "the machines that it hands connections to" },
        { 0 },
};

const struct kind kind_load_balancer = {
        .name = "LoadBalancer",
        .fields = load_balancer_fields,
        .spec_size = sizeof(struct load_balancer),
        .provider_offset = offsetof(struct load_balancer, provider),
        .makes = TYPE_BALANCER,
        .help = "a load balancer, and the machines behind it",
};
