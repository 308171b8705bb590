/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"

/*
 * The quota is looked at only when a plan would use more, and once a pass: the plan is made again then. It is no fact that anything is
 * found by, so that a quota that cannot be read keeps nothing from being done.
 */

bool quota_is_wanted(const struct account *a)
{
        const char *option = a->codec ? a->codec->quota_option : NULL, *tenant;

        if (!a->plan->adds || a->quota_asked || a->is_shown || !a->provider || !option ||
            a->engine->options.mode == ENGINE_ANSWER)
                return false;
        tenant = provider_option_value(a->codec, &a->provider->provider->options, option);
        return tenant && !(a->machines && observation_find(a->machines, TYPE_QUOTA, tenant));
}

int quota_ask(struct account *a, usec_t now, struct error *e)
{
        struct look *l = ARRAY_ADD(a->checks, a->n_checks, a->allocated_checks);
        const struct scope scope = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_QUOTA };
        int r;

        if (!l)
                return error_oom(e);
        a->quota_asked = true;
        r = look_start(a, l, &scope, now, e);
        if (r == 0 || r == -ENOMEM)
                return r;
        l->seen->why = *e;
        l->seen->state = OBSERVATION_INCOMPLETE;
        return 0;
}

int quota_settle(struct account *a)
{
        const struct observation *seen = a->checks[0].seen;

        if (seen->state == OBSERVATION_COMPLETE)
                return observation_take(a->machines, TYPE_QUOTA, seen);
        a->quota_why = account_words(a, "%s", seen->why.text);
        return 0;
}
