/* SPDX-License-Identifier: MIT */
#include "reconcile/base/text.h"
#include "specs/check.h"

/* What a BackupPolicy or a SnapshotPolicy has to say that its fields do not. */
int check_copy_policy(const struct checker *c)
{
        const struct resource *own = c->draft->resource, *account = resource_provider(own);
        const struct provider *codec = check_codec(c);

        if (!codec || codec->making(&account->provider->options)[own->kind->makes].possible)
                return 0;

        return check_error(c, "spec.provider", "is of type %s, which has no %ss; leave the policy out", codec->type,
                           own->kind->makes == TYPE_BACKUP ? "backup" : "snapshot");
}
