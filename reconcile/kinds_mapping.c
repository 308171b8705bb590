/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/access.h"
#include "reconcile/base/text.h"
#include "reconcile/kinds_table.h"
#include "reconcile/mapping.h"

static const struct field port_mapping_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, mapping, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the mapping" },
        { FIELD("description", FIELD_STRING, mapping, description), .help = "for people" },
        { FIELD("machine", FIELD_STRING, mapping, machine), .required = true,
          .help = "the machine that it leads to, by its name, or by the provider's id of one that is not muster's" },
        { FIELD("port", FIELD_COUNT, mapping, port), .required = true, .min = 1, .max = 65535,
          .help = "the machine's port" },
        { FIELD("address", FIELD_STRING, mapping, address), .required = true, .pattern = ADDRESS_PATTERN,
          .help = "the IPv4 address outside, like 203.0.113.10" },
        { FIELD("outerPort", FIELD_COUNT, mapping, outer_port), .required = true, .min = 1, .max = 65535,
          .help = "the port outside" },
        { FIELD("protocol", FIELD_ENUM, mapping, protocol), .required = true, .words = mapping_protocol_words,
          .help = "what is led through" },
        { FIELD("from", FIELD_STRINGS, mapping, from),
          .help = "who may come this way, addresses and CIDRs; absent: anybody" },
        { 0 },
};

const struct kind kind_port_mapping = {
        .name = "PortMapping",
        .fields = port_mapping_fields,
        .spec_size = sizeof(struct mapping),
        .provider_offset = offsetof(struct mapping, provider),
        .makes = TYPE_PORT_MAPPING,
        .help = "a port outside that leads to a machine's port",
};

static const struct field address_mapping_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, mapping, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the mapping" },
        { FIELD("description", FIELD_STRING, mapping, description), .help = "for people" },
        { FIELD("machine", FIELD_STRING, mapping, machine), .required = true,
          .help = "the machine that it leads to, by its name, or by the provider's id of one that is not muster's" },
        { FIELD("address", FIELD_STRING, mapping, address), .pattern = ADDRESS_PATTERN,
          .help = "the IPv4 address outside, like 203.0.113.10; absent: the provider chooses one" },
        { FIELD("from", FIELD_STRINGS, mapping, from),
          .help = "who may come this way, addresses and CIDRs; absent: anybody" },
        { 0 },
};

const struct kind kind_address_mapping = {
        .name = "AddressMapping",
        .fields = address_mapping_fields,
        .spec_size = sizeof(struct mapping),
        .provider_offset = offsetof(struct mapping, provider),
        .makes = TYPE_ADDRESS_MAPPING,
        .help = "an address outside that leads to a machine",
};

static const struct field access_rule_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, access_spec, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the rule" },
        { FIELD("firewall", FIELD_ENUM, access_spec, firewall), .required = true, .words = firewall_words,
          .help = "whether it is about the network's edge, or about machines of one network" },
        { FIELD("machineSet", FIELD_RESOURCE, access_spec, machine_set), .kind = "MachineSet",
          .help = "every machine of this MachineSet, as it grows and shrinks" },
        { FIELD("machine", FIELD_STRING, access_spec, machine), .unless = "machineSet",
          .help = "one machine, by its name, or by the provider's id of one that is not muster's" },
        { FIELD("direction", FIELD_ENUM, access_spec, direction), .words = rule_direction_words, .fallback = "in",
          .help = "whether it is about what comes in, or what goes out; firewall: inner needs it" },
        { FIELD("protocol", FIELD_ENUM, access_spec, protocol), .required = true, .words = rule_protocol_words,
          .help = "what may pass" },
        { FIELD("ports", FIELD_STRING, access_spec, ports),
          .help = "ports and ranges of them with commas between, like \"80,443,8000-8010\"; absent: any" },
        { FIELD("from", FIELD_STRINGS, access_spec, from),
          .help = "where what comes in may come from, addresses and CIDRs; absent: anywhere" },
        { FIELD("to", FIELD_STRINGS, access_spec, to), .help = "where what goes out may go, likewise" },
        { 0 },
};

const struct kind kind_access_rule = {
        .name = "AccessRule",
        .fields = access_rule_fields,
        .spec_size = sizeof(struct access_spec),
        .provider_offset = offsetof(struct access_spec, provider),
        .makes = TYPE_ACCESS,
        .help = "what a firewall lets through to machines, or from them",
};

struct resource *machine_set_named(const struct estate *estate, const struct resource *provider, const char *machine)
{
        const char *dash = strrchr(machine, '-');
        size_t n = dash ? (size_t)(dash - machine) : 0;
        char name[RESOURCE_NAME_MAX + 1];
        struct resource *set;
        int64_t ordinal;

        if (!n || n >= sizeof(name) || text_to_int64(dash + 1, &ordinal) < 0 || ordinal < 0)
                return NULL;
        memcpy(name, machine, n);
        name[n] = '\0';
        set = estate_find(estate, &kind_machine_set, name);
        return set && resource_provider(set) == provider ? set : NULL;
}

struct resource *resource_set_of_machine(const struct estate *estate, const struct resource *r)
{
        const char *machine = r->kind == &kind_access_rule                                        ? r->access->machine
                              : r->kind == &kind_port_mapping || r->kind == &kind_address_mapping ? r->mapping->machine
                                                                                                  : NULL;

        return machine ? machine_set_named(estate, resource_provider(r), machine) : NULL;
}
