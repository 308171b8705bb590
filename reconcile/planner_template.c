/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "reconcile/planner_internal.h"
#include "reconcile/settings.h"

/*
 * A template is one thing that never changes. Where the spec changes it is told; with `onDrift: replace` a new one is made beside the
 * old one, which goes once no machine is made of it any more. "small" is followed by "small.2".
 */

#define SPEC_MAX ((size_t)1 << 20)

static const char *spec_text(struct planning *pl, const struct resource *resource)
{
        _cleanup_buf_ struct buf b = BUF_INIT(SPEC_MAX);

        if (fields_to_text(resource->kind->fields, resource->spec, &b) < 0) {
                pl->failed = true;
                return "";
        }
        return plan_words(pl->plan, &b);
}

/* An adopted template is taken as it is. */
static bool is_as_wanted(const struct thing *t, const char *spec)
{
        return !values_known(&t->made_with, PROPERTY_SPEC) || text_equal(t->made_with.of[PROPERTY_SPEC].text, spec);
}

static const char *member_text(struct planning *pl, const json_t *member)
{
        _cleanup_free_ char *text = NULL;

        if (!member)
                return "not given";
        if (json_is_string(member))
                return plan_string(pl->plan, "%s", *json_string_value(member) ? json_string_value(member) : "\"\"");
        text = json_to_text(member, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text)
                plan_fail(pl->plan);
        return text ? plan_string(pl->plan, "%s", text) : NULL;
}

/* "cpu is 1, spec says 2", of the first field that differs; and how many do. */
static const char *difference(struct planning *pl, const struct resource *resource, const struct thing *t,
                              const char *spec)
{
        _cleanup_json_ json_t *is = NULL, *wanted = NULL;
        const char *first = NULL;
        size_t n = 0;

        if (settings_parse(t->made_with.of[PROPERTY_SPEC].text, &is) == -ENOMEM ||
            settings_parse(spec, &wanted) == -ENOMEM)
                plan_fail(pl->plan);
        for (const struct field *f = resource->kind->fields; f->name; f++) {
                const json_t *a = json_object_get(is, f->name), *b = json_object_get(wanted, f->name);

                if ((!a && !b) || json_equal(a, b))
                        continue;
                if (n++ == 0)
                        first = plan_string(pl->plan, "%s is %s, spec says %s", f->name, member_text(pl, a),
                                            member_text(pl, b));
        }
        if (n > 1 && first)
                first = plan_string(pl->plan, "%s, and %zu more field%s", first, n - 1,
                                    n > 2 ? "s differ" : " differs");
        return first ? first : "it was made by another version of muster";
}

size_t template_users(const struct plan_input *in, const char *id)
{
        const struct listed *machines = &in->machines->of[TYPE_MACHINE];
        size_t n = 0;

        for (size_t i = 0; i < machines->n_rows; i++)
                n += values_known(&machines->rows[i].values, PROPERTY_TEMPLATE) &&
                     text_equal(machines->rows[i].values.of[PROPERTY_TEMPLATE].text, id);
        for (size_t i = 0; i < in->ledger->n_calls; i++) {
                const struct call *c = in->ledger->calls[i];

                n += c->state != CALL_RESOLVED && c->verb == ORDER_CREATE && c->type == TYPE_MACHINE &&
                     text_equal(c->account, in->account) && values_known(&c->wanted, PROPERTY_TEMPLATE) &&
                     text_equal(c->wanted.of[PROPERTY_TEMPLATE].text, id);
        }
        return n;
}

static void make(struct planning *pl, const struct resource *resource, const struct thing *before, const char *reason)
{
        const struct slot slot = { .type = TYPE_TEMPLATE, .name = named_next(pl, resource, before) };
        struct action *a = planning_action(pl, ACTION_CREATE, &slot, reason);

        if (!a)
                return;
        a->order = ORDER_CREATE;
        a->counts = COUNTS_CREATE;
        values_set_text(&a->wanted, PROPERTY_SPEC, spec_text(pl, resource));
        a->summary = plan_string(pl->plan, "%s on %s, image %s", resource->machine_template->instance_type,
                                 resource->machine_template->cloud, resource->machine_template->image);
        named_meet_stranger(pl, resource, a, "template");
}

static void top_up(struct planning *pl, const struct resource *resource, const struct slot *slot)
{
        int64_t wanted = (int64_t)resource->machine_template->credit, left;
        struct action *a;

        if (!wanted || !values_known(&slot->row->values, PROPERTY_CREDIT))
                return;
        left = slot->row->values.of[PROPERTY_CREDIT].number;
        if (left >= wanted / CREDIT_LOW)
                return;
        a = planning_action(pl, ACTION_UPDATE, slot, "less than a tenth of its credit is left");
        if (!a)
                return;
        a->order = ORDER_CHANGE;
        a->field = PROPERTY_CREDIT;
        values_set_number(&a->wanted, PROPERTY_CREDIT, wanted);
        planning_change(pl, a, property_name(PROPERTY_CREDIT),
                        value_text(pl->plan, PROPERTY_CREDIT, &slot->row->values),
                        value_text(pl->plan, PROPERTY_CREDIT, &a->wanted));
}

/* An older template of the resource goes once nothing is made of it. */
static void retire(struct planning *pl, const struct slot *slot)
{
        size_t users = template_users(pl->in, slot->thing->id);
        struct action *a;

        if (users) {
                planning_note(pl, plan_string(pl->plan,
                                              "%s (%s) goes once the %zu machines that are made of it are replaced",
                                              slot->name, slot->thing->id, users));
                return;
        }
        a = planning_action(pl, ACTION_DELETE, slot, "another template has taken its place");
        if (!a)
                return;
        a->order = ORDER_DELETE;
        a->counts = COUNTS_DELETE;
        a->summary = "no machine is made of it";
}

static void plan_current(struct planning *pl, const struct resource *resource, const struct slot *slot, bool grows)
{
        const char *spec = spec_text(pl, resource), *differs;

        planning_section(pl)->exist++;
        planning_section(pl)->ready++;
        top_up(pl, resource, slot);
        if (is_as_wanted(slot->thing, spec)) {
                if (planning_section(pl)->n_actions == 0)
                        planning_part_unchanged(pl);
                return;
        }
        if (grows)
                return;
        differs = difference(pl, resource, slot->thing, spec);
        if (resource->on_drift == ON_DRIFT_REPLACE)
                make(pl, resource, slot->thing, plan_string(pl->plan, "%s: a new template takes its place", differs));
        else
                planning_note(pl, plan_string(pl->plan, "%s: %s; it cannot change in place, so the template keeps it",
                                              slot->name, differs));
}

static void plan_slot(struct planning *pl, const struct resource *resource, const struct slot *slot, bool is_current,
                      bool grows)
{
        if (named_is_away(pl, slot))
                return;
        if (slot->call) {
                planning_section(pl)->waiting = true;
                planning_note(pl, plan_string(pl->plan, "%s is being changed", slot->name));
        } else if (is_current) {
                plan_current(pl, resource, slot, grows);
        } else {
                retire(pl, slot);
        }
}

void plan_template(struct planning *pl, const struct resource *resource)
{
        _cleanup_set_ struct set set = { 0 };
        const struct thing *current = thing_current(pl->in->ledger, resource);
        char name[RESOURCE_TEXT_MAX];

        if (set_expand(pl->in, pl->census, resource_text(resource, name), NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        planning_section(pl)->headline = current ? plan_string(pl->plan, "it is %s", current->id)
                                                 : "it is not there yet";
        for (size_t i = 0; i < set.n_slots && !pl->failed; i++)
                plan_slot(pl, resource, &set.slots[i], set.slots[i].thing == current, named_is_growing(&set));
        if (!set.n_slots)
                make(pl, resource, NULL, "it is not there yet");
}
