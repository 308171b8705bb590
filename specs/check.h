/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a single value cannot show: names, references between resources, and what a provider's type asks for.
 *
 * The rule: a check looks only at values that nothing was wrong with so far, so that one mistake is one message.
 */

#include "specs/decode.h"

struct checker {
        const struct specs_options *options;
        struct estate *estate; /* sorted */
        struct diagnostics *diagnostics;
        const struct draft *draft; /* being checked */
        bool partial; /* a file could not be read to its end: a resource that seems not to be there may stand in it */
};

/* Checks all resources and sets the references between them. 0 or -ENOMEM. */
int check_estate(const struct specs_options *options, struct estate *estate, const struct drafts *drafts, bool partial,
                 struct diagnostics *d);

/* Once the references are set: that none of them leads back to where it begins. 0 or -ENOMEM. */
int check_cycles(const struct estate *estate, struct diagnostics *d);

/* The checks of a kind. 0 or -ENOMEM. */
int check_provider(const struct checker *c);
int check_machine_set(const struct checker *c);
int check_machine_template(const struct checker *c);
int check_load_balancer(const struct checker *c);
int check_security_group(const struct checker *c);
int check_copy_policy(const struct checker *c);

int check_mapping(const struct checker *c); /* of either kind */
int check_access_rule(const struct checker *c);

/* What several kinds have. Nothing is told of a path that is not there, or that something was told of. */
int check_address(const struct checker *c, const char *path, const char *address);
int check_networks(const struct checker *c, const char *path, const struct strings *networks);
int check_ports(const struct checker *c, const char *path, const char *protocol_path, int protocol, const char *ports);

/* The one machine that something is about: by the name that it has in its set, or by the vendor's id. */
int check_machine_named(const struct checker *c, const char *path, const char *machine);
int check_network(const struct checker *c);
int check_tenant_quota(const struct checker *c);

/* The codec of the resource's provider; NULL: not known. */
const struct provider *check_codec(const struct checker *c);

/* Tells that "PATH message", at the path's place or the nearest one around it. */
#define check_error(c, path, ...) check_tell((c), SEVERITY_ERROR, (path), __VA_ARGS__)
#define check_warning(c, path, ...) check_tell((c), SEVERITY_WARNING, (path), __VA_ARGS__)
int check_tell(const struct checker *c, enum severity severity, const char *path, const char *format, ...)
        _printf_(4, 5);

/* Is the path in the document, and was nothing wrong with it? */
bool check_can(const struct checker *c, const char *path);

/* Is it 1-40 of a-z, 0-9 and '-', a letter first and a letter or digit last? */
bool is_resource_name(const char *s);

/* Is `s` a set's name, '-' and an ordinal? Then the length of the set's name, else 0. */
size_t machine_name_split(const char *s);
