/* SPDX-License-Identifier: MIT */
#include "reconcile/kinds_table.h"

static const struct field network_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, private_network, provider), .required = true, .kind = "Provider",
          .help = "the Provider that keeps the network" },
        { FIELD("description", FIELD_STRING, private_network, description), .free_text = true, .help = "for people" },
        { FIELD("routed", FIELD_BOOL, private_network, routed), .fallback = "false", .property = PROPERTY_ROUTED,
          .help = "true: it is at the tenant's cloud router, which leads to other networks" },
        { FIELD("firewall", FIELD_BOOL, private_network, firewall), .property = PROPERTY_FIREWALL,
          .given = offsetof(struct private_network, firewall_given),
          .help = "whether the firewall at its edge is on; absent: never touched" },
        { 0 },
};

const struct kind kind_network = {
        .name = "Network",
        .fields = network_fields,
        .spec_size = sizeof(struct private_network),
        .provider_offset = offsetof(struct private_network, provider),
        .makes = TYPE_NETWORK,
        .help = "a private network, which machines may be in",
};

/* More of anything than a vendor's numbers hold would not be told from a mistake. */
#define NUMBER_MOST INT32_MAX

static const struct field tenant_quota_fields[] = {
        { FIELD("provider", FIELD_RESOURCE, tenant_quota, provider), .required = true, .kind = "Provider",
          .help = "the Provider whose tenant it is" },
        { FIELD("tenant", FIELD_STRING, tenant_quota, tenant), .required = true,
          .help = "the provider's id of the tenant" },
        { FIELD("cpu", FIELD_COUNT, tenant_quota, cpu), .required = true, .max = NUMBER_MOST,
          .help = "cores that the tenant's machines may have together" },
        { FIELD("memory", FIELD_SIZE, tenant_quota, memory), .required = true, .max = NUMBER_MOST * MIB,
          .help = "memory that they may have together, whole MiB" },
        { FIELD("storage", FIELD_SIZE, tenant_quota, storage), .required = true, .max = NUMBER_MOST * GIB,
          .help = "what their disks may hold together, whole GiB" },
        { FIELD("addresses", FIELD_COUNT, tenant_quota, addresses), .required = true, .max = NUMBER_MOST,
          .help = "addresses outside that the tenant may use" },
        { FIELD("networks", FIELD_COUNT, tenant_quota, networks), .required = true, .max = NUMBER_MOST,
          .help = "private networks that the tenant may have" },
        { 0 },
};

const struct kind kind_tenant_quota = {
        .name = "TenantQuota",
        .fields = tenant_quota_fields,
        .spec_size = sizeof(struct tenant_quota),
        .provider_offset = offsetof(struct tenant_quota, provider),
        .makes = TYPE_QUOTA,
        .help = "what a tenant may use at most; it is there whether a spec names it or not",
};
