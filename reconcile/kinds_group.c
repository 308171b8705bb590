/* SPDX-License-Identifier: MIT */
#include "reconcile/kinds_table.h"
#include "reconcile/rule.h"

static const struct field rule_fields[] = {
        { FIELD("direction", FIELD_ENUM, rule_spec, direction), .required = true, .words = rule_direction_words,
          .help = "whether it is about what comes in, or what goes out" },
        { FIELD("protocol", FIELD_ENUM, rule_spec, protocol), .required = true, .words = rule_protocol_words,
          .help = "what may pass" },
        { FIELD("ports", FIELD_STRING, rule_spec, ports),
          .help = "ports and ranges of them with commas between, like \"80,443,8000-8010\"; absent: any" },
        { FIELD("from", FIELD_STRINGS, rule_spec, from),
          .help = "where what comes in may come from, addresses and CIDRs; absent: anywhere" },
        { FIELD("to", FIELD_STRINGS, rule_spec, to), .help = "where what goes out may go, likewise" },
        { 0 },
};

static const struct field attach_fields[] = {
        { FIELD("machineSet", FIELD_RESOURCE, attach_spec, machine_set), .kind = "MachineSet",
          .help = "every network card of every machine of this MachineSet" },
        { FIELD("machine", FIELD_STRING, attach_spec, machine), .unless = "machineSet",
          .help = "the provider's id of a machine that is not muster's" },
        { 0 },
};

static const struct field security_group_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, security_group, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the security group" },
        { FIELD("description", FIELD_STRING, security_group, description), .free_text = true, .help = "for people" },
        { FIELD("tenant", FIELD_STRING, security_group, tenant), .help = "the id of the tenant that it is of" },
        { FIELD("rules", FIELD_OBJECTS, security_group, rules), .members = rule_fields,
          .member_size = sizeof(struct rule_spec), .help = "what may pass, in any order" },
        { FIELD("attach", FIELD_OBJECTS, security_group, attach), .members = attach_fields,
          .member_size = sizeof(struct attach_spec), .help = "the machines that it is about" },
        { 0 },
};

const struct kind kind_security_group = {
        .name = "SecurityGroup",
        .fields = security_group_fields,
        .spec_size = sizeof(struct security_group),
        .provider_offset = offsetof(struct security_group, provider),
        .makes = TYPE_GROUP,
        .help = "what may reach machines, and what they may reach",
};
