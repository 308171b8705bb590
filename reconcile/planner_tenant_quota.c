/* SPDX-License-Identifier: MIT */
#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"
#include "reconcile/settings.h"

/*
 * A tenant's quota is there whatever anybody does: it is never made and never deleted, only changed, all of its numbers at once. It is told by the
 * tenant's id, and the ledger keeps nothing of it but the calls.
 */

#define SETTINGS_MAX ((size_t)1 << 12)

static const char *const fields[] = { "cpu", "memory", "storage", "addresses", "networks" };

/* What the spec says of the fields that are numbers; NULL: out of memory. */
static json_t *wanted_settings(const struct resource *resource)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SETTINGS_MAX);
        _cleanup_json_ json_t *all = NULL, *wanted = json_object();
        struct tenant_quota quota = *resource->tenant_quota;

        quota.tenant = NULL; /* may be long, and is none of them */
        if (!wanted || fields_to_text(resource->kind->fields, &quota, &text) < 0 ||
            settings_parse(buf_text(&text), &all) < 0)
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (settings_put(wanted, fields[i], json_incref(settings_get(all, fields[i]))) < 0)
                        return NULL;
        return STEAL(wanted);
}

static const char *value_of(struct planning *pl, const json_t *value)
{
        const char *text = json_string_value(value);

        if (text)
                return plan_string(pl->plan, "%s", text);
        return plan_string(pl->plan, "%lld", (long long)json_integer_value(value));
}

/* A call about it that is not over; whatever its resource was called then. */
static const struct call *open_call(const struct planning *pl, const char *resource)
{
        const struct ledger *ledger = pl->in->ledger;

        for (size_t i = 0; i < ledger->n_calls; i++)
                if (ledger->calls[i]->state != CALL_RESOLVED && ledger->calls[i]->type == TYPE_QUOTA &&
                    text_equal(ledger->calls[i]->account, pl->in->account) &&
                    text_equal(ledger->calls[i]->resource, resource))
                        return ledger->calls[i];
        return NULL;
}

/* What is not shown is no difference. */
static bool differs(const json_t *shown, const json_t *wanted, const char *field)
{
        const json_t *is = settings_get(shown, field);

        return is && !json_equal(is, settings_get(wanted, field));
}

static void report(struct planning *pl, const struct resource *resource, const json_t *shown, const json_t *wanted)
{
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (differs(shown, wanted, fields[i]))
                        planning_note(
                                pl, plan_string(pl->plan, "%s: %s is %s, spec says %s; only reported, as onDrift says",
                                                resource->name, fields[i], value_of(pl, settings_get(shown, fields[i])),
                                                value_of(pl, settings_get(wanted, fields[i]))));
}

static void change(struct planning *pl, const struct resource *resource, const json_t *shown, const json_t *wanted)
{
        const struct slot slot = { .type = TYPE_QUOTA, .name = resource->name };
        _cleanup_buf_ struct buf words = BUF_INIT(SETTINGS_MAX);
        _cleanup_free_ char *text = json_to_text(wanted, JSON_COMPACT);
        struct action *a = planning_action(pl, ACTION_UPDATE, &slot, "");

        if (!a || !text) {
                pl->failed = true;
                return;
        }
        a->order = ORDER_CHANGE;
        a->field = PROPERTY_SPEC;
        a->vendor_id = plan_string(pl->plan, "%s", resource->tenant_quota->tenant);
        values_set_text(&a->wanted, PROPERTY_SPEC, plan_string(pl->plan, "%s", text));
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (differs(shown, wanted, fields[i]))
                        planning_change(pl, a, fields[i], value_of(pl, settings_get(shown, fields[i])),
                                        value_of(pl, settings_get(wanted, fields[i])));
        for (size_t i = 0; i < a->n_changes; i++)
                (void)buf_addf(&words, "%s%s is %s, spec says %s", i ? "; " : "", a->changes[i].field,
                               a->changes[i].from, a->changes[i].to);
        a->reason = plan_words(pl->plan, &words);
}

static void compare(struct planning *pl, const struct resource *resource, const json_t *shown, const json_t *wanted)
{
        bool same = true;

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                same = same && !differs(shown, wanted, fields[i]);
        if (same)
                planning_part_unchanged(pl);
        else if (resource->on_drift == ON_DRIFT_REPORT)
                report(pl, resource, shown, wanted);
        else
                change(pl, resource, shown, wanted);
        planning_section(pl)->ready += same || resource->on_drift == ON_DRIFT_REPORT;
}

static void tell_unshown(struct planning *pl, const char *tenant)
{
        const char *words = plan_string(pl->plan, "%s shows no quota of tenant %s that could be read: is that its id?",
                                        pl->in->account, tenant);

        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_REFUSED, words);
}

void plan_tenant_quota(struct planning *pl, const struct resource *resource)
{
        const char *tenant = resource->tenant_quota->tenant;
        const struct row *row = observation_find(pl->in->machines, TYPE_QUOTA, tenant);
        _cleanup_json_ json_t *shown = NULL, *wanted = wanted_settings(resource);
        char name[RESOURCE_TEXT_MAX];

        planning_section(pl)->headline = plan_string(pl->plan, "of tenant %s", tenant);
        if (!row || !values_known(&row->values, PROPERTY_SPEC)) {
                tell_unshown(pl, tenant);
                return;
        }
        if (!wanted || settings_parse(row->values.of[PROPERTY_SPEC].text, &shown) < 0) {
                pl->failed = true;
                return;
        }
        planning_section(pl)->exist++;
        if (!open_call(pl, resource_text(resource, name))) {
                compare(pl, resource, shown, wanted);
                return;
        }
        planning_section(pl)->waiting = true;
        planning_note(pl, plan_string(pl->plan, "%s is being changed", resource->name));
}
