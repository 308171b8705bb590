/* SPDX-License-Identifier: MIT */
#include "specs/check.h"

#define GIB (INT64_C(1) << 30)
#define HOUR ((usec_t)USEC_PER_HOUR)

static int check_whole_gib(const struct checker *c, const char *path, int64_t size)
{
        if (!check_can(c, path) || size % GIB == 0)
                return 0;

        return check_error(c, path, "is no whole number of GiB; write it in GiB or TiB");
}

int check_machine_template(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct machine_template *template = own->machine_template;
        const struct provider *codec = check_codec(c);
        int r = 0;

        if (codec && !codec->making(&account->provider->options)[TYPE_TEMPLATE].possible)
                return check_error(c, "spec.provider",
                                   "is of type %s, which keeps no templates; leave the template out", codec->type);

        r = check_whole_gib(c, "spec.memory", template->memory);
        if (r == 0 && template->data_disks)
                r = check_whole_gib(c, "spec.dataDisks.size", template->data_disks->size);
        if (r == 0 && check_can(c, "spec.credit") && template->credit % HOUR != 0)
                r = check_error(c, "spec.credit", "is no whole number of hours; write it in h or d");

        return r;
}
