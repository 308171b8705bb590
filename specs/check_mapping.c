/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/check.h"

#define DESCRIPTION_BYTES_MAX 128 /* the vendor's field has to hold our mark as well */

/* A name that is near one of a set of the same provider may be misspelt; a vendor's ids often look like names of machines. */
static int check_near(const struct checker *c, const char *path, const char *machine, const char *set)
{
        _cleanup_free_ const char **names = calloc(c->estate->n_resources + 1, sizeof(*names));
        const char *nearest;
        char shown[EXCERPT_MAX];
        size_t n = 0;

        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < c->estate->n_resources; i++)
                if (c->estate->resources[i]->kind == &kind_machine_set)
                        names[n++] = c->estate->resources[i]->name;
        nearest = text_nearest(set, names, n);

        return nearest ? check_warning(c, path,
                                       "is \"%s\", which is taken for the provider's own id; did you mean %s%s?",
                                       excerpt(machine, shown), nearest, machine + strlen(set))
                       : 0;
}

int check_machine_named(const struct checker *c, const char *path, const char *machine)
{
        const struct resource *own = resource_provider(c->draft->resource), *set;
        char name[RESOURCE_TEXT_MAX], shown[EXCERPT_MAX];
        size_t n;

        if (!check_can(c, path))
                return 0;
        n = machine_name_split(machine);
        if (estate_find(c->estate, &kind_machine_set, machine))
                return check_error(c, path, "is \"%s\", the name of a MachineSet; write one of its machines, like %s-0",
                                   excerpt(machine, shown), machine);
        if (n == 0 || n >= sizeof(name))
                return 0;
        (void)snprintf(name, sizeof(name), "%.*s", (int)n, machine);
        set = estate_find(c->estate, &kind_machine_set, name);
        if (!set)
                return check_near(c, path, machine, name);
        if (machine[n + 1] == '0' && machine[n + 2])
                return check_error(c, path,
                                   "is \"%s\", and the numbers of machines have no leading zeros; leave them out",
                                   excerpt(machine, shown));
        if (!own || !set->machine_set->provider.name || text_equal(set->machine_set->provider.name, own->name))
                return 0;

        return check_error(c, path,
                           "is \"%s\", a machine of MachineSet/%s of Provider/%s, and this is of Provider/%s; name one "
                           "of the same provider",
                           excerpt(machine, shown), name, set->machine_set->provider.name, own->name);
}

static bool is_mapping(const struct resource *r)
{
        return r->kind == &kind_port_mapping || r->kind == &kind_address_mapping;
}

/* Of two that stand in each other's way, the one that comes later is told. */
static int check_meeting(const struct checker *c, const struct mapping *own)
{
        const struct resource *self = c->draft->resource;

        for (size_t i = 0; i < c->estate->n_resources && c->estate->resources[i] != self; i++) {
                const struct resource *r = c->estate->resources[i];
                const struct mapping *other = r->mapping;
                bool ports = self->kind == &kind_port_mapping && r->kind == &kind_port_mapping;

                if (!is_mapping(r) || !text_equal(own->provider.name, other->provider.name) || !other->address ||
                    !text_equal(own->address, other->address))
                        continue;
                if (!ports)
                        return check_error(c, "spec.address",
                                           "is %s, that of %s/%s too, and one of them leads the whole address on; give "
                                           "each its own",
                                           own->address, r->kind->name, r->name);
                if (own->outer_port == other->outer_port && own->protocol == other->protocol &&
                    check_can(c, "spec.protocol"))
                        return check_error(c, "spec.outerPort",
                                           "is %" PRId64 " at %s, that of PortMapping/%s too; give each its own",
                                           own->outer_port, own->address, r->name);
        }

        return 0;
}

int check_mapping(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct mapping *mapping = own->mapping;
        const struct provider *codec = check_codec(c);
        int r = 0;

        if (codec && !codec->making(&account->provider->options)[own->kind->makes].possible)
                return check_error(c, "spec.provider", "is of type %s, which has no mappings; leave the mapping out",
                                   codec->type);
        if (mapping->description && check_can(c, "spec.description") &&
            strlen(mapping->description) > DESCRIPTION_BYTES_MAX)
                r = check_error(c, "spec.description", "is longer than the %d bytes that it may have; make it shorter",
                                DESCRIPTION_BYTES_MAX);
        if (r == 0)
                r = check_machine_named(c, "spec.machine", mapping->machine);
        if (r == 0 && mapping->address)
                r = check_address(c, "spec.address", mapping->address);
        if (r == 0)
                r = check_networks(c, "spec.from", &mapping->from);
        if (r == 0 && mapping->address && draft_is_sound(c->draft, "spec.address") &&
            draft_is_sound(c->draft, "spec.outerPort"))
                r = check_meeting(c, mapping);

        return r;
}
