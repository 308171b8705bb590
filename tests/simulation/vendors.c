/* SPDX-License-Identifier: MIT */
#include "tests/simulation/vendors.h"

#include "reconcile/base/text.h"
#include "tests/support/estate.h"

const struct world_vendor *const world_vendors[WORLD_VENDORS + 1] = {
        &world_starvcenter, &world_opendcp, &world_finovy, &world_finovy_exclusive,
        &world_jimv_2017,   &world_jimv_08, NULL,
};

const struct world_vendor *world_vendor_find(const char *name)
{
        for (size_t i = 0; world_vendors[i]; i++)
                if (text_equal(world_vendors[i]->name, name))
                        return world_vendors[i];
        return NULL;
}

struct resource *world_vendor_add_provider(const struct world_vendor *vendor, struct estate *estate, const char *name,
                                           const char *host)
{
        struct resource *r = test_estate_add_provider(estate, name,
                                                      test_estate_text(estate, "%s%s", host, vendor->path));
        struct provider_spec *spec = r->provider;

        spec->type = vendor->codec->type;
        if (vendor->login) {
                spec->auth = test_estate_alloc(estate, sizeof(*spec->auth));
                spec->auth->login = vendor->login;
        }
        if (vendor->option) {
                spec->options.items = test_estate_alloc(estate, sizeof(*spec->options.items));
                spec->options.items[spec->options.n++] = (struct pair){ .key = vendor->option, .value = vendor->value };
        }
        if (vendor->prepare)
                vendor->prepare(estate, r);
        return r;
}
