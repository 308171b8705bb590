/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/mapping.h"
#include "reconcile/planner_internal.h"
#include "reconcile/settings.h"

/*
 * A mapping of a port or an address is one thing, whose mark is in its description. The vendor can change nothing of it: a difference is told, and with
 * `onDrift: replace` the mapping is deleted and made anew, in this order, since the place outside is taken. One that leads to a machine that was
 * made anew, or moved, leads nowhere: it follows in any case.
 */

struct mapped {
        const struct resource *resource;
        struct target target;
        json_t *wanted, *is;
        struct values values; /* what a new one is made with */
};

static void mapped_done(struct mapped *m)
{
        json_decref(m->wanted);
        json_decref(m->is);
}

static const char *const fields[] = {
        "machine", "port", "address", "outerPort", "protocol", "from", "description", NULL
};

static json_t *settings_of(struct planning *pl, const struct values *v)
{
        json_t *settings = NULL;
        int r = settings_parse(values_known(v, PROPERTY_SPEC) ? v->of[PROPERTY_SPEC].text : "{}", &settings);

        if (r < 0 && r != -ENOMEM)
                settings = json_object();
        if (!settings)
                pl->failed = true;
        return settings;
}

static const char *value_of(struct planning *pl, const json_t *value)
{
        const char *text = json_string_value(value);

        if (text)
                return plan_string(pl->plan, "%s", *text ? text : "\"\"");
        return plan_string(pl->plan, "%lld", (long long)json_integer_value(value));
}

/* A machine as people read it. */
static void put_machine(struct planning *pl, json_t *settings, const char *name)
{
        if (name && settings_put(settings, "machine", json_string(name)) < 0)
                pl->failed = true;
}

static void know_wanted(struct planning *pl, struct mapped *m)
{
        const char *address = m->target.address;
        _cleanup_free_ char *text = NULL;

        m->wanted = mapping_settings(m->resource, address && *address ? address : NULL);
        text = m->wanted ? json_to_text(m->wanted, JSON_COMPACT) : NULL;
        if (!text) {
                pl->failed = true;
                return;
        }
        values_set_text(&m->values, PROPERTY_SPEC, plan_string(pl->plan, "%s", text));
        if (m->target.id)
                values_set_text(&m->values, PROPERTY_MACHINE, m->target.id);
        put_machine(pl, m->wanted, m->target.id ? m->target.name : NULL);
}

/* What the vendor makes of a text is not compared with what was sent: that is. */
static void know_description(struct planning *pl, struct mapped *m, const struct values *made)
{
        _cleanup_json_ json_t *sent = values_known(made, PROPERTY_SPEC) ? settings_of(pl, made) : NULL;
        const char *text = json_string_value(settings_get(sent, "description"));

        if (sent && settings_put(m->is, "description", json_string(text ? text : "")) < 0)
                pl->failed = true;
}

static void know_shown(struct planning *pl, struct mapped *m, const struct slot *slot)
{
        const struct values *v = &slot->row->values;
        const char *id = values_known(v, PROPERTY_MACHINE) ? v->of[PROPERTY_MACHINE].text : NULL;
        const struct thing *t = id ? strmap_get(&pl->census->ids, id) : NULL;

        json_decref(m->is);
        m->is = settings_of(pl, v);
        if (!m->is)
                return;
        put_machine(pl, m->is, t ? t->slot : id);
        know_description(pl, m, &slot->thing->made_with);
}

/* "203.0.113.10:2222 tcp to web-0:22", "203.0.113.11 to web-0" */
static const char *summary(struct planning *pl, const struct mapped *m)
{
        const struct mapping *spec = m->resource->mapping;

        if (m->resource->kind == &kind_address_mapping)
                return plan_string(pl->plan, "%s to %s", spec->address ? spec->address : "an address of the provider's",
                                   m->target.name);
        return plan_string(pl->plan, "%s:%lld %s to %s:%lld", spec->address, (long long)spec->outer_port,
                           mapping_protocol_words[spec->protocol], m->target.name, (long long)spec->port);
}

/* The thing of ours that a row is; NULL: it is somebody else's. */
static const struct thing *owner_of(const struct planning *pl, enum thing_type type, const char *id)
{
        for (size_t i = 0; i < pl->in->ledger->n_things; i++) {
                const struct thing *t = pl->in->ledger->things[i];

                if (t->type == type && t->state != THING_GONE && text_equal(t->account, pl->in->account) &&
                    text_equal(t->id, id))
                        return t;
        }
        return NULL;
}

/* What stands in the place outside: another's is a conflict; whether one of ours goes is known once all is planned. */
static void meet_one(struct planning *pl, const struct mapped *m, enum thing_type type, const struct row *row,
                     struct action *a)
{
        _cleanup_json_ json_t *is = settings_of(pl, &row->values);
        const struct thing *t;

        if (!is || !mappings_meet(is, m->wanted))
                return;
        t = owner_of(pl, type, row->id);
        if (t)
                links_want_room(pl, a, t);
        else
                planning_block(pl, a, REASON_CONFLICT,
                               plan_string(pl->plan, PLACE_TAKEN, *row->name ? row->name : "another mapping", row->id));
}

static void meet_others(struct planning *pl, const struct mapped *m, const char *own, struct action *a)
{
        static const enum thing_type types[] = { TYPE_PORT_MAPPING, TYPE_ADDRESS_MAPPING };

        for (size_t k = 0; m->resource->mapping->address && k < 2; k++) {
                const struct listed *listed = &pl->in->machines->of[types[k]];

                for (size_t i = 0; i < listed->n_rows && !a->blocked && !pl->failed; i++)
                        if (text_equal(listed->rows[i].address, m->resource->mapping->address) &&
                            !(own && text_equal(own, listed->rows[i].id)))
                                meet_one(pl, m, types[k], &listed->rows[i], a);
        }
}

static void make(struct planning *pl, const struct mapped *m)
{
        const struct slot slot = { .type = m->resource->kind->makes, .name = named_next(pl, m->resource, NULL) };
        struct action *a = slot.name ? planning_action(pl, ACTION_CREATE, &slot, "it is not there yet") : NULL;

        if (!a) {
                pl->failed = true;
                return;
        }
        a->order = ORDER_CREATE;
        a->wanted = m->values;
        a->summary = summary(pl, m);
        target_await(pl, &m->target, a);
        named_meet_stranger(pl, m->resource, a, "mapping");
        meet_others(pl, m, NULL, a);
}

/* The old one goes; the next look finds nothing, and another is made. */
static struct action *replace(struct planning *pl, const struct mapped *m, const struct slot *slot, const char *reason)
{
        struct action *a = planning_action(pl, ACTION_REPLACE, slot, reason);

        if (!a)
                return NULL;
        a->order = ORDER_DELETE;
        meet_others(pl, m, slot->row->id, a);
        return a;
}

/* Why it leads nowhere any more; NULL: it does, as far as is known. */
static const char *leads_nowhere(struct planning *pl, const struct mapped *m, const struct slot *slot)
{
        const char *behind = values_known(&slot->row->values, PROPERTY_MACHINE)
                                     ? slot->row->values.of[PROPERTY_MACHINE].text
                                     : NULL;
        const json_t *address = settings_get(m->is, "machineAddress");

        if (m->target.leaves || m->target.hold)
                return NULL;
        /* Of a machine that never was ours a listing that lacks it is no proof. */
        if (behind && !text_equal(behind, m->target.id) && !observation_find(pl->in->machines, TYPE_MACHINE, behind) &&
            !strmap_get(&pl->census->ids, behind) && ledger_held(pl->in->ledger, pl->in->account, TYPE_MACHINE, behind))
                return plan_string(pl->plan, "it leads to %s, which is gone", behind);
        if (behind && !text_equal(behind, m->target.id))
                return NULL; /* another machine, which is there: the spec says otherwise */
        if (address && *m->target.address && !text_equal(json_string_value(address), m->target.address))
                return plan_string(pl->plan, "it leads to %s, and %s is at %s", json_string_value(address),
                                   m->target.name, m->target.address);
        return NULL;
}

static bool differs(const struct mapped *m, const char *field)
{
        const json_t *is = settings_get(m->is, field), *wanted = settings_get(m->wanted, field);

        return is && wanted && !json_equal(is, wanted);
}

static void tell_drift(struct planning *pl, const struct mapped *m, const struct slot *slot)
{
        for (const char *const *f = fields; *f; f++)
                if (differs(m, *f))
                        planning_note(pl, plan_string(pl->plan, "%s: %s is %s, spec says %s; it cannot change in place",
                                                      slot->name, *f, value_of(pl, settings_get(m->is, *f)),
                                                      value_of(pl, settings_get(m->wanted, *f))));
}

static void replace_outdated(struct planning *pl, const struct mapped *m, const struct slot *slot)
{
        _cleanup_buf_ struct buf words = BUF_INIT(4096);
        struct action *a;

        for (const char *const *f = fields; *f; f++)
                if (differs(m, *f))
                        (void)buf_addf(&words, "%s%s is %s, spec says %s", words.len ? "; " : "", *f,
                                       value_of(pl, settings_get(m->is, *f)),
                                       value_of(pl, settings_get(m->wanted, *f)));
        a = replace(pl, m, slot, plan_words(pl->plan, &words));
        for (const char *const *f = fields; a && *f; f++)
                if (differs(m, *f))
                        planning_change(pl, a, *f, value_of(pl, settings_get(m->is, *f)),
                                        value_of(pl, settings_get(m->wanted, *f)));
        if (a && m->target.waits) {
                a->waits = m->target.waits;
                a->given_up = m->target.given_up;
        }
}

static bool is_outdated(const struct mapped *m)
{
        for (const char *const *f = fields; *f; f++)
                if (differs(m, *f))
                        return true;
        return false;
}

/* Without our mark it may be another's by now, or a person's wish: it is told and left alone. */
static bool is_marked(struct planning *pl, const struct slot *slot)
{
        const char *words;

        if (slot->thing->adopted || text_equal(slot->row->name, slot->thing->slot))
                return true;
        words = plan_string(pl->plan,
                            "%s (%s) does not carry the mark of muster's any more, and is left alone; write "
                            "\"muster:%s\" back into its description, or 'muster forget %s'",
                            slot->name, slot->row->id, slot->name, planning_section(pl)->resource);
        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_CONFLICT, words);
        return false;
}

static void plan_current(struct planning *pl, struct mapped *m, const struct slot *slot)
{
        const char *nowhere;

        planning_section(pl)->exist++;
        if (!is_marked(pl, slot))
                return;
        know_shown(pl, m, slot);
        if (pl->failed)
                return;
        nowhere = leads_nowhere(pl, m, slot);
        if (nowhere) {
                (void)replace(pl, m, slot, nowhere);
        } else if (is_outdated(m) && m->resource->on_drift == ON_DRIFT_REPLACE && !m->target.leaves) {
                replace_outdated(pl, m, slot);
        } else {
                tell_drift(pl, m, slot);
                planning_section(pl)->ready++;
                planning_part_unchanged(pl);
        }
}

/* One that another has taken the place of. */
static void retire(struct planning *pl, const struct slot *slot)
{
        struct action *a = is_marked(pl, slot)
                                   ? planning_action(pl, ACTION_DELETE, slot, "another one has taken its place")
                                   : NULL;

        if (a)
                a->order = ORDER_DELETE;
}

static void plan_slots(struct planning *pl, struct mapped *m, const struct set *set)
{
        const struct thing *current = thing_current(pl->in->ledger, m->resource);

        planning_section(pl)->headline = current ? plan_string(pl->plan, "it is %s", current->id)
                                                 : "it is not there yet";
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++) {
                const struct slot *slot = &set->slots[i];

                if (named_is_away(pl, slot))
                        continue;
                if (slot->thing == current)
                        plan_current(pl, m, slot);
                else
                        retire(pl, slot);
        }
        if (!set->n_slots)
                make(pl, m);
}

void plan_mapping(struct planning *pl, const struct resource *resource)
{
        _cleanup_(mapped_done) struct mapped m = { .resource = resource };
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX];

        if (set_expand(pl->in, pl->census, resource_text(resource, name), NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        target_find(pl, resource->mapping->machine, &m.target);
        know_wanted(pl, &m);
        if (!pl->failed)
                plan_slots(pl, &m, &set);
}
