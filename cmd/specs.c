/* SPDX-License-Identifier: MIT */
#include "cmd/specs.h"

#include <stdio.h>

#include "cmd/output.h"
#include "providers/providers.h"

/* Every type of Provider in the language of specs. */
static const char *const provider_types[] = { "starvcenter", "opendcp", "finovy", "jimv", NULL };

const struct provider *specs_codec(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

int specs_read(const struct options *o, struct estate **ret, struct diagnostics *d)
{
        const char *here[ARRAY_SIZE(provider_types)] = { 0 }, *later[ARRAY_SIZE(provider_types)] = { 0 };
        const struct specs_options options = {
                .provider_find = specs_codec,
                .provider_types = here,
                .provider_types_later = later,
        };
        size_t n_here = 0, n_later = 0;

        for (size_t i = 0; provider_types[i]; i++)
                if (vendor_find(provider_types[i]))
                        here[n_here++] = provider_types[i];
                else
                        later[n_later++] = provider_types[i];

        return specs_load(&options, o->specs, o->n_specs, ret, d);
}

void specs_tell(const struct diagnostics *d)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        for (size_t i = 0; i < d->n; i++) {
                (void)diagnostic_text(&b, &d->items[i]);
                (void)buf_addc(&b, '\n');
        }
        (void)fputs(buf_text(&b), stderr);
}
