/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"
#include "reconcile/settings.h"

/*
 * What the plan adds against what may still be used. It is held against the quota as a whole, before the first call: a set of ten
 * machines for which there is room for six is not made by halves. What the plan deletes makes room only once it is gone; a quota
 * that the plan changes counts as it will be, and what there is no room for before that waits for it.
 */

/* How much of each property of a quota an action needs. */
struct need {
        enum property property;
        int64_t amount;
};

static int64_t number_of(const struct values *v, enum property p)
{
        return v && values_known(v, p) ? v->of[p].number : 0;
}

/* What the thing has already; nothing is known of one that is not shown. */
static const struct values *shown_of(const struct planning *pl, const struct action *a)
{
        const struct row *row = observation_find(pl->in->machines, a->type, a->vendor_id);

        return row ? &row->values : NULL;
}

static int64_t growth(const struct planning *pl, const struct action *a, enum property p)
{
        int64_t more = number_of(&a->wanted, p);

        if (a->order == ORDER_CHANGE)
                more = a->field == p ? more - number_of(shown_of(pl, a), p) : 0;
        else if (a->order != ORDER_CREATE)
                more = 0;
        return more > 0 ? more : 0;
}

#define NEEDS 4
static void needs_of(const struct planning *pl, const struct action *a, struct need needs[static NEEDS])
{
        bool machine = a->type == TYPE_MACHINE, disk = a->type == TYPE_DISK;

        needs[0] = (struct need){ PROPERTY_CPU, machine ? growth(pl, a, PROPERTY_CPU) : 0 };
        needs[1] = (struct need){ PROPERTY_MEMORY, machine ? growth(pl, a, PROPERTY_MEMORY) : 0 };
        needs[2] = (struct need){ PROPERTY_STORAGE, disk ? growth(pl, a, PROPERTY_SIZE) : 0 };
        needs[3] = (struct need){ PROPERTY_NETWORKS, a->type == TYPE_NETWORK && a->order == ORDER_CREATE };
}

static bool adds_something(const struct planning *pl, const struct action *a)
{
        struct need needs[NEEDS];

        needs_of(pl, a, needs);
        return needs[0].amount || needs[1].amount || needs[2].amount || needs[3].amount;
}

/* "12 cpu are needed and 6 are left" */
static void add_lack(struct planning *pl, struct buf *b, const struct need *need, const struct values *left)
{
        struct values needed = { 0 };
        const char *is, *wants;

        values_set_number(&needed, need->property, need->amount);
        wants = value_text(pl->plan, need->property, &needed);
        is = value_text(pl->plan, need->property, left);
        (void)buf_addf(b, "%s%s of %s where %s is left", b->len ? ", and " : "", wants, property_name(need->property),
                       is);
}

/* Why the plan cannot be carried out as a whole; NULL: it can, as far as is known. */
static const char *lack_of(struct planning *pl, size_t first, const char *tenant, const struct values *left)
{
        _cleanup_buf_ struct buf b = BUF_INIT(1024);
        struct need total[NEEDS] = { 0 }, needs[NEEDS];

        for (size_t i = first; i < pl->plan->n_actions; i++) {
                const struct action *a = &pl->plan->actions[i];

                needs_of(pl, a, needs);
                for (size_t k = 0; k < NEEDS; k++) {
                        total[k].property = needs[k].property;
                        if (!a->blocked && __builtin_add_overflow(total[k].amount, needs[k].amount, &total[k].amount))
                                total[k].amount = INT64_MAX;
                }
        }
        for (size_t k = 0; k < NEEDS; k++)
                if (values_known(left, total[k].property) && total[k].amount > left->of[total[k].property].number)
                        add_lack(pl, &b, &total[k], left);
        if (b.failed == -ENOMEM)
                plan_fail(pl->plan);
        if (!b.len)
                return NULL;
        return plan_string(
                pl->plan,
                "the plan adds %s to what tenant %s may use: nothing is added; raise the quota or ask for less",
                buf_text(&b), tenant);
}

/* One number of a quota, in the units of its property. -ENOENT: it is not known. */
static int limit_of(const json_t *settings, const char *field, int64_t *ret)
{
        const json_t *value = settings_get(settings, field);

        if (json_is_integer(value))
                *ret = json_integer_value(value);
        else if (!json_is_string(value) || size_parse(json_string_value(value), ret, NULL) < 0)
                return -ENOENT;
        return 0;
}

/* What is left once the quota is changed; never less than nothing. */
static int left_after(const struct row *quota, const struct action *change, struct values *ret)
{
        static const enum property properties[] = { PROPERTY_CPU, PROPERTY_MEMORY, PROPERTY_STORAGE,
                                                    PROPERTY_NETWORKS };
        _cleanup_json_ json_t *is = NULL, *wanted = NULL;

        *ret = quota->values;
        if (settings_parse(quota->values.of[PROPERTY_SPEC].text, &is) < 0 ||
            settings_parse(change->wanted.of[PROPERTY_SPEC].text, &wanted) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
                const char *field = property_name(properties[i]);
                int64_t before, after, left;

                if (!values_known(ret, properties[i]) || limit_of(is, field, &before) < 0 ||
                    limit_of(wanted, field, &after) < 0)
                        continue;
                left = ret->of[properties[i]].number + after - before; /* each far below the most that there may be */
                values_set_number(ret, properties[i], left > 0 ? left : 0);
        }
        return 0;
}

/* The action that changes the tenant's quota, its number + 1; 0: none does. */
static size_t find_change(const struct planning *pl, size_t first, const char *tenant)
{
        for (size_t i = first; i < pl->plan->n_actions; i++)
                if (pl->plan->actions[i].type == TYPE_QUOTA && !pl->plan->actions[i].blocked &&
                    text_equal(pl->plan->actions[i].vendor_id, tenant))
                        return i + 1;
        return 0;
}

/* What there is no room for yet goes after the change that makes some. */
static void wait_for_change(struct planning *pl, size_t first, size_t number)
{
        for (size_t i = first; i < pl->plan->n_actions; i++) {
                struct action *a = &pl->plan->actions[i];

                if (!adds_something(pl, a))
                        continue;
                planning_depends(pl, a, number);
                if (!a->waits)
                        a->waits = "the tenant's quota is raised first";
        }
}

/* What is known of the quota that bounds the account; NULL: nothing. */
static const struct row *quota_of(const struct planning *pl)
{
        const char *option = pl->in->codec->quota_option;
        const char *tenant = option ? provider_option_value(pl->in->codec, pl->in->config->options, option) : NULL;

        return tenant && pl->in->machines ? observation_find(pl->in->machines, TYPE_QUOTA, tenant) : NULL;
}

static void tell(struct planning *pl, const char *words)
{
        struct plan_diagnostic *d = ARRAY_ADD(pl->plan->diagnostics, pl->plan->n_diagnostics,
                                              pl->plan->allocated_diagnostics);

        if (!d) {
                pl->failed = true;
                return;
        }
        *d = (struct plan_diagnostic){ .severity = PLAN_WARNING,
                                       .resource = plan_string(pl->plan, "Provider/%s", pl->in->account),
                                       .message = words };
}

void quota_check(struct planning *pl, size_t first)
{
        const struct row *quota = quota_of(pl);
        size_t change = quota ? find_change(pl, first, quota->id) : 0;
        struct values left = { 0 };
        const char *lack;

        for (size_t i = first; i < pl->plan->n_actions; i++)
                if (!pl->plan->actions[i].blocked && adds_something(pl, &pl->plan->actions[i]))
                        pl->plan->adds = true;
        if (!pl->plan->adds)
                return;
        if (pl->in->quota_unknown)
                tell(pl, plan_string(pl->plan, "what may still be used is not known (%s): it is tried without",
                                     pl->in->quota_unknown));
        if (quota)
                left = quota->values;
        if (change && left_after(quota, &pl->plan->actions[change - 1], &left) < 0)
                pl->failed = true;
        lack = quota ? lack_of(pl, first, quota->id, &left) : NULL;
        if (!lack) {
                if (change && lack_of(pl, first, quota->id, &quota->values))
                        wait_for_change(pl, first, change - 1);
                return;
        }
        tell(pl, lack);
        for (size_t i = first; i < pl->plan->n_actions; i++)
                if (adds_something(pl, &pl->plan->actions[i]))
                        planning_block(pl, &pl->plan->actions[i], REASON_CAPACITY, lack);
}
