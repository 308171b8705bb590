/* SPDX-License-Identifier: MIT */
#include "reconcile/base/text.h"
#include "specs/check.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

int check_network(const struct checker *c)
{
        const struct resource *account = resource_provider(c->draft->resource);
        const struct provider *codec = check_codec(c);

        if (codec && !codec->making(&account->provider->options)[TYPE_NETWORK].possible)
                return check_error(c, "spec.provider",
                                   "is of type %s, where no networks are made; leave the network out", codec->type);

        return 0;
}

/* Of two that say something of one tenant, the one that comes later is told. */
static int check_tenant(const struct checker *c, const struct tenant_quota *quota)
{
        for (size_t i = 0; i < c->estate->n_resources; i++) {
                const struct resource *r = c->estate->resources[i];

                if (r == c->draft->resource)
                        return 0;
                /* By its name: the other's references may not be resolved yet. */
                if (r->kind != &kind_tenant_quota || !text_equal(r->tenant_quota->tenant, quota->tenant) ||
                    !text_equal(r->tenant_quota->provider.name, quota->provider.name))
                        continue;
                return check_error(c, "spec.tenant",
                                   "is that of TenantQuota/%s too, and a tenant has one quota; keep one", r->name);
        }

        return 0;
}

int check_tenant_quota(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct tenant_quota *quota = own->tenant_quota;
        const struct provider *codec = check_codec(c);
        int r = 0;

        if (codec && !codec->making(&account->provider->options)[TYPE_QUOTA].possible)
                return check_error(c, "spec.provider", "is of type %s, which has no quotas; leave the quota out",
                                   codec->type);
        if (check_can(c, "spec.memory") && quota->memory % MIB != 0)
                r = check_error(c, "spec.memory", "is no whole number of MiB; write it in MiB, GiB or TiB");
        if (r == 0 && check_can(c, "spec.storage") && quota->storage % GIB != 0)
                r = check_error(c, "spec.storage", "is no whole number of GiB; write it in GiB or TiB");
        if (r == 0 && check_can(c, "spec.tenant") && check_can(c, "spec.provider"))
                r = check_tenant(c, quota);

        return r;
}
