/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/planner_internal.h"

/* Without a policy a pass may delete this many, or this share, whichever is more. */
#define DELETES_DEFAULT 5
#define DELETES_DEFAULT_PERCENT 10

#define LOSS_AT_LEAST 5
#define LOSS_PERCENT 20

bool guard_is_loss(size_t owned, size_t missing)
{
        if (missing >= 2 && missing == owned)
                return true;
        return missing >= LOSS_AT_LEAST && missing * 100 > owned * LOSS_PERCENT;
}

static int64_t deletes_allowed(const struct plan_input *in, const struct ledger_hour *hour)
{
        const struct resource *policy = in->estate->policy;
        const struct share *share = in->max_deletes->given ? in->max_deletes
                                    : policy               ? &policy->policy->max_deletes
                                                           : NULL;
        int64_t by_default = hour->most_owned * DELETES_DEFAULT_PERCENT / 100;

        if (!share || !share->given)
                return by_default > DELETES_DEFAULT ? by_default : DELETES_DEFAULT;
        if (!share->percent)
                return share->value;
        return share->value >= 100 ? INT64_MAX : hour->most_owned * share->value / 100;
}

static int64_t count_of(const struct plan *p, size_t first, bool deletes)
{
        int64_t n = 0;

        for (size_t i = first; i < p->n_actions; i++) {
                const struct action *a = &p->actions[i];

                if (a->blocked)
                        continue;
                n += deletes ? a->counts == COUNTS_DELETE || a->counts == COUNTS_REPLACE : a->counts == COUNTS_CREATE;
        }
        return n;
}

static void block_all(struct planning *pl, size_t first, bool deletes, const char *why)
{
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];

                if (deletes ? a->counts == COUNTS_DELETE || a->counts == COUNTS_REPLACE : a->counts == COUNTS_CREATE)
                        planning_block(pl, a, REASON_LIMIT, why);
        }
}

/* What is done for an action that may not be is not done, either. */
static void block_servants(struct planning *pl, size_t first)
{
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];

                if (a->serves && pl->plan->actions[a->serves - 1].blocked)
                        planning_block(pl, a, REASON_NONE, pl->plan->actions[a->serves - 1].blocked);
        }
}

static int limit(struct planning *pl, size_t first_action, struct error *e)
{
        const struct resource *policy = pl->in->estate->policy;
        int64_t deletes = count_of(pl->plan, first_action, true), creates = count_of(pl->plan, first_action, false);
        struct ledger_hour hour;
        int64_t allowed;
        int r;

        if (!deletes && !creates)
                return 0;
        r = ledger_hour(pl->in->ledger, pl->in->account, pl->in->now, pl->in->wall, &hour, e);
        if (r < 0)
                return r;
        allowed = deletes_allowed(pl->in, &hour);
        if (deletes && deletes > allowed - hour.deletes)
                block_all(
                        pl, first_action, true,
                        plan_string(
                                pl->plan,
                                "%lld to delete on %s and %lld deleted within the hour, the limit is %lld; --max-deletes or a Policy's "
                                "maxDeletes lifts it",
                                (long long)deletes, pl->in->account, (long long)hour.deletes, (long long)allowed));
        if (creates && policy && policy->policy->max_creates >= 0 &&
            creates > policy->policy->max_creates - hour.creates)
                block_all(
                        pl, first_action, false,
                        plan_string(
                                pl->plan,
                                "%lld to create on %s and %lld created within the hour, the limit is %lld (maxCreates of the Policy)",
                                (long long)creates, pl->in->account, (long long)hour.creates,
                                (long long)policy->policy->max_creates));
        return 0;
}

int guard_limits(struct planning *pl, size_t first_action, struct error *e)
{
        int r = limit(pl, first_action, e);

        if (r >= 0)
                block_servants(pl, first_action);
        return r;
}
