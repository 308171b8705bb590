/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reconcile/balancer.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

/*
 * A load balancer is one thing with a name and many fields. Those that the vendor can change are changed in one call; the others are told, or
 * with `onDrift: replace` another one is made, before the old one goes where their fronts do not meet. What it hands connections
 * to is planner_backends.c's.
 */

#define SETTINGS_MAX ((size_t)1 << 16)
#define DIGEST_SHOWN 19 /* "sha256:" and so many digits that two differ */

/* A field that is not as the spec says. */
struct difference {
        const struct setting *setting;
        const json_t *is, *wanted;
};

struct balancer {
        const struct resource *resource;
        json_t *wanted; /* of the spec, as far as the vendor has such settings */
        json_t *is; /* of one that is there: what the vendor shows, and where it shows nothing what it was sent last */
};

static void balancer_done(struct balancer *b)
{
        json_decref(b->wanted);
        json_decref(b->is);
}

/* The settings among all that the spec says. */
static json_t *wanted_settings(const struct provider *codec, const struct resource *resource)
{
        _cleanup_buf_ struct buf text = BUF_INIT(SETTINGS_MAX);
        _cleanup_json_ json_t *all = NULL, *wanted = json_object();

        if (fields_to_text(resource->kind->fields, resource->spec, &text) < 0 ||
            settings_parse(buf_text(&text), &all) < 0)
                return NULL;
        for (const struct setting *s = codec->balancer; s && s->path; s++) {
                json_t *value = settings_get(all, s->path);

                if (value && settings_put(wanted, s->path, json_incref(value)) < 0)
                        return NULL;
        }
        return STEAL(wanted);
}

static json_t *settings_of(struct planning *pl, const struct values *v)
{
        json_t *settings = NULL;

        if (settings_parse(values_known(v, PROPERTY_SPEC) ? v->of[PROPERTY_SPEC].text : "{}", &settings) == -ENOMEM)
                pl->failed = true;
        return settings;
}

static const char *settings_text(struct planning *pl, const json_t *settings)
{
        _cleanup_free_ char *text = json_to_text(settings, JSON_COMPACT);

        if (!text)
                pl->failed = true;
        return plan_string(pl->plan, "%s", text ? text : "{}");
}

static const char *value_of(struct planning *pl, const json_t *value)
{
        _cleanup_free_ char *text = NULL;

        if (json_is_string(value))
                return plan_string(pl->plan, "%s", *json_string_value(value) ? json_string_value(value) : "\"\"");
        text = json_to_text(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (!text)
                plan_fail(pl->plan);
        return text ? plan_string(pl->plan, "%s", text) : NULL;
}

static bool differs(const struct balancer *b, const struct setting *setting, struct difference *ret)
{
        *ret = (struct difference){ setting, settings_get(b->is, setting->path),
                                    settings_get(b->wanted, setting->path) };
        return ret->is && ret->wanted && !json_equal(ret->is, ret->wanted);
}

static void tell_difference(struct planning *pl, const struct slot *slot, const struct difference *d, const char *why)
{
        planning_note(pl, plan_string(pl->plan, "%s: %s is %s, spec says %s; %s", slot->name, d->setting->path,
                                      value_of(pl, d->is), value_of(pl, d->wanted), why));
}

/* The reason for a change of some fields: each of them in the words that one alone has. */
static const char *words_of(struct planning *pl, const struct action *a)
{
        _cleanup_buf_ struct buf words = BUF_INIT(SETTINGS_MAX);

        for (size_t i = 0; i < a->n_changes; i++)
                (void)buf_addf(&words, "%s%s is %s, spec says %s", i > 0 ? "; " : "", a->changes[i].field,
                               a->changes[i].from, a->changes[i].to);
        return plan_words(pl->plan, &words);
}

static struct action *change(struct planning *pl, const struct slot *slot, enum action_verb verb, enum order_verb order,
                             const char *reason)
{
        struct action *a = planning_action(pl, verb, slot, reason);

        if (a)
                a->order = order;
        return a;
}

/* Puts what differs and can be changed into `changed`, with what has to be sent along. 0 or -ENOMEM. */
static int gather_changes(const struct provider *codec, const struct balancer *b, json_t *changed)
{
        struct difference d;

        for (const struct setting *s = codec->balancer; s->path; s++)
                if (s->change == CHANGE_IN_PLACE && differs(b, s, &d) &&
                    settings_put(changed, s->path, json_incref((json_t *)d.wanted)) < 0)
                        return -ENOMEM;
        for (const struct setting *s = codec->balancer; s->path; s++) {
                json_t *value = settings_get(b->wanted, s->path);

                if (s->with && value && settings_get(changed, s->with) &&
                    settings_put(changed, s->path, json_incref(value)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* All fields that differ and can be changed, in one call. */
static void change_settings(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        _cleanup_json_ json_t *changed = json_object();
        struct difference d;
        struct action *a;

        if (!changed || gather_changes(pl->in->codec, b, changed) < 0) {
                pl->failed = true;
                return;
        }
        if (json_object_size(changed) == 0)
                return;
        if (b->resource->on_drift == ON_DRIFT_REPORT) {
                for (const struct setting *s = pl->in->codec->balancer; s->path; s++)
                        if (s->change == CHANGE_IN_PLACE && differs(b, s, &d))
                                tell_difference(pl, slot, &d, "only reported, as onDrift says");
                return;
        }
        a = change(pl, slot, ACTION_UPDATE, ORDER_CHANGE, "");
        if (!a)
                return;
        a->field = PROPERTY_SPEC;
        values_set_text(&a->wanted, PROPERTY_SPEC, settings_text(pl, changed));
        for (const struct setting *s = pl->in->codec->balancer; s->path; s++)
                if (s->change == CHANGE_IN_PLACE && differs(b, s, &d))
                        planning_change(pl, a, s->path, value_of(pl, d.is), value_of(pl, d.wanted));
        a->reason = words_of(pl, a);
}

static const struct certificate *certificate_of(const struct planning *pl, const struct resource *resource)
{
        char name[RESOURCE_TEXT_MAX];

        return resource->load_balancer->certificate ? strmap_get(pl->in->certificates, resource_text(resource, name))
                                                    : NULL;
}

static const char *digest_shown(struct planning *pl, const char *digest)
{
        return plan_string(pl->plan, "%.*s", DIGEST_SHOWN, digest);
}

/* The vendor has it as it was sent last, and can use it or not. */
static void tell_usable(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        const char *words;

        if (!json_is_false(settings_get(b->is, SETTING_USABLE)))
                return;
        words = plan_string(
                pl->plan,
                "%s: %s cannot use the certificate that it was given; look whether it is valid, and whether the key is its own",
                slot->name, pl->in->account);
        planning_note(pl, words);
        section_reason(planning_section(pl), REASON_REFUSED, words);
}

/* No vendor shows a certificate: what was sent last is known by its digest. */
static void change_certificate(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        const struct certificate *certificate = certificate_of(pl, b->resource);
        const struct values *sent = &slot->thing->made_with;
        bool is_known = values_known(sent, PROPERTY_CERTIFICATE) && *sent->of[PROPERTY_CERTIFICATE].text;
        struct action *a;

        if (!certificate || !text_equal(json_string_value(settings_get(b->is, "protocol")), "https"))
                return;
        if (certificate->why) {
                const char *words = plan_string(pl->plan, "%s: its certificate cannot be compared: %s", slot->name,
                                                certificate->why);

                planning_note(pl, words);
                section_reason(planning_section(pl), REASON_REFUSED, words);
                return;
        }
        if (is_known && text_equal(sent->of[PROPERTY_CERTIFICATE].text, certificate->digest)) {
                tell_usable(pl, b, slot);
                return;
        }
        if (b->resource->on_drift == ON_DRIFT_REPORT) {
                planning_note(
                        pl,
                        plan_string(pl->plan,
                                    "%s: its certificate is not the one of the spec; only reported, as onDrift says",
                                    slot->name));
                return;
        }
        a = change(pl, slot, ACTION_UPDATE, ORDER_CHANGE,
                   "the certificate or its key is another one than was sent last");
        if (!a)
                return;
        a->field = PROPERTY_CERTIFICATE;
        values_set_text(&a->wanted, PROPERTY_CERTIFICATE, plan_string(pl->plan, "%s", certificate->digest));
        planning_change(pl, a, "certificate",
                        is_known ? digest_shown(pl, sent->of[PROPERTY_CERTIFICATE].text) : "not known",
                        digest_shown(pl, certificate->digest));
}

/* Where the vendor does not show whether it is in use, nothing follows. */
static void switch_balancer(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        bool enabled = b->resource->load_balancer->enabled;

        if (slot->row->condition != (enabled ? CONDITION_STOPPED : CONDITION_RUNNING))
                return;
        if (b->resource->on_drift == ON_DRIFT_REPORT)
                planning_note(pl, plan_string(pl->plan, "%s is %s, spec says %s; only reported, as onDrift says",
                                              slot->name, enabled ? "disabled" : "enabled",
                                              enabled ? "enabled" : "disabled"));
        else if (enabled)
                (void)change(pl, slot, ACTION_START, ORDER_START, "it is disabled, spec says enabled");
        else
                (void)change(pl, slot, ACTION_STOP, ORDER_POWER_OFF, "it is enabled, spec says disabled");
}

/* "http at 203.0.113.10:80" */
static const char *summary(struct planning *pl, const struct resource *resource)
{
        const struct load_balancer *spec = resource->load_balancer;
        const struct field *protocol = field_find(resource->kind->fields, "protocol");

        return plan_string(pl->plan, "%s at %s:%lld, router %s", protocol->words[spec->protocol],
                           spec->frontend->address, (long long)spec->frontend->port, spec->router);
}

/* Somebody else's balancer stands where this one is to stand: the vendor would say no. */
static void meet_front(struct planning *pl, const struct balancer *b, struct action *a)
{
        const struct listed *listed = &pl->in->machines->of[TYPE_BALANCER];

        for (size_t i = 0; i < listed->n_rows && !a->blocked; i++) {
                const struct row *row = &listed->rows[i];
                _cleanup_json_ json_t *other = settings_of(pl, &row->values);

                if (text_equal(row->name, a->name) || !balancer_fronts_meet(other, b->wanted))
                        continue;
                planning_block(pl, a, REASON_CONFLICT,
                               plan_string(pl->plan, "%s (%s) has that front already: write another address or port",
                                           *row->name ? row->name : "another balancer", row->id));
        }
}

/* The action that makes one; NULL: out of memory. */
static struct action *make(struct planning *pl, const struct balancer *b, enum action_verb verb,
                           const struct thing *before, const char *reason)
{
        const struct certificate *certificate = certificate_of(pl, b->resource);
        const struct slot slot = { .type = TYPE_BALANCER, .name = named_next(pl, b->resource, before) };
        struct action *a = planning_action(pl, verb, &slot, reason);

        if (!a)
                return NULL;
        a->order = ORDER_CREATE;
        a->counts = verb == ACTION_REPLACE ? COUNTS_REPLACE : COUNTS_CREATE;
        a->summary = summary(pl, b->resource);
        values_set_text(&a->wanted, PROPERTY_SPEC, settings_text(pl, b->wanted));
        if (certificate && certificate->why)
                planning_block(pl, a, REASON_REFUSED,
                               plan_string(pl->plan, "its certificate cannot be read: %s", certificate->why));
        else if (certificate && certificate->digest)
                values_set_text(&a->wanted, PROPERTY_CERTIFICATE, plan_string(pl->plan, "%s", certificate->digest));
        named_meet_stranger(pl, b->resource, a, "load balancer");
        meet_front(pl, b, a);
        return a;
}

/* Fields that only another balancer can have as the spec says; the first of them into `*ret`. */
static size_t count_outdated(const struct provider *codec, const struct balancer *b, struct difference *ret)
{
        struct difference d;
        size_t n = 0;

        for (const struct setting *s = codec->balancer; s->path; s++)
                if (s->change == CHANGE_REPLACE && differs(b, s, &d) && n++ == 0)
                        *ret = d;
        return n;
}

static void tell_outdated(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        struct difference d;

        for (const struct setting *s = pl->in->codec->balancer; s->path; s++)
                if (s->change == CHANGE_REPLACE && differs(b, s, &d))
                        tell_difference(pl, slot, &d, "it cannot change in place, so the balancer keeps it");
}

static void show_outdated(struct planning *pl, const struct balancer *b, struct action *a)
{
        struct difference d;

        for (const struct setting *s = pl->in->codec->balancer; s->path; s++)
                if (s->change == CHANGE_REPLACE && differs(b, s, &d))
                        planning_change(pl, a, s->path, value_of(pl, d.is), value_of(pl, d.wanted));
        a->reason = words_of(pl, a);
}

/* Where both cannot be there at once, the old one goes first, and with it what it hands connections to. */
static void replace_after(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        struct action *a = change(pl, slot, ACTION_REPLACE, ORDER_DELETE, "");
        char name[RESOURCE_TEXT_MAX];

        if (!a)
                return;
        a->counts = COUNTS_REPLACE;
        a->summary = "its front is in the way of the new one";
        show_outdated(pl, b, a);
        plan_backends_leaving(pl, resource_text(b->resource, name), pl->plan->n_actions - 1);
}

/* The old one goes once the new one hands its connections on. It was counted as a replacement when that was begun. */
static void retire(struct planning *pl, const struct slot *slot, const char *waits)
{
        struct action *a = change(pl, slot, ACTION_DELETE, ORDER_DELETE, "another balancer has taken its place");

        if (!a)
                return;
        a->waits = waits;
        plan_backends_leaving(pl, planning_section(pl)->resource, pl->plan->n_actions - 1);
}

/* The action that makes the new one, those for what it hands connections to, and the delete of the old one. */
static void replace_before(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        struct action *a = make(pl, b, ACTION_REPLACE, slot->thing, "");
        size_t made = pl->plan->n_actions - 1, old;
        struct slot new = { .type = TYPE_BALANCER };

        if (!a)
                return;
        new.name = a->name;
        show_outdated(pl, b, a);
        plan_backends(pl, b->resource, slot, 0);
        plan_backends(pl, b->resource, &new, made + 1);
        old = pl->plan->n_actions;
        retire(pl, slot, "the new one goes first");
        if (!pl->failed)
                planning_depends(pl, &pl->plan->actions[old], made);
}

/* Is it made anew, now or once something else is done? */
static bool replace(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        struct difference first;

        if (count_outdated(pl->in->codec, b, &first) == 0)
                return false;
        if (b->resource->on_drift != ON_DRIFT_REPLACE) {
                tell_outdated(pl, b, slot);
                return false;
        }
        if (balancer_fronts_meet(b->is, b->wanted))
                replace_after(pl, b, slot);
        else
                replace_before(pl, b, slot);
        return true;
}

static void change_in_place(struct planning *pl, const struct balancer *b, const struct slot *slot)
{
        size_t first = pl->plan->n_actions;

        named_rename(pl, b->resource, slot);
        change_settings(pl, b, slot);
        change_certificate(pl, b, slot);
        switch_balancer(pl, b, slot);
        planning_chain(pl, slot, first, "one change of a balancer at a time");
}

/* What is set, as far as it is shown or was sent. 0 or -ENOMEM. */
static int read_settings(struct planning *pl, struct balancer *b, const struct slot *slot)
{
        _cleanup_json_ json_t *shown = settings_of(pl, &slot->row->values);

        json_decref(b->is);
        b->is = settings_of(pl, &slot->thing->made_with);
        return b->is && shown ? settings_merge(b->is, shown) : -ENOMEM;
}

/* `grows`: another one is being made beside it. */
static void plan_current(struct planning *pl, struct balancer *b, const struct slot *slot, bool grows)
{
        struct section *section = planning_section(pl);
        size_t first = pl->plan->n_actions;

        section->exist++;
        if (read_settings(pl, b, slot) < 0) {
                pl->failed = true;
                return;
        }
        if (slot->call || grows)
                section->waiting = true;
        else if (replace(pl, b, slot))
                return;
        else
                change_in_place(pl, b, slot);
        if (pl->plan->n_actions == first && !slot->call)
                planning_part_unchanged(pl);
        plan_backends(pl, b->resource, slot, 0);
        section = planning_section(pl);
        section->ready += pl->plan->n_actions == first && !section->waiting && section->phase_reason == REASON_NONE;
}

/* Does the current one have all that it is to hand connections to? */
static bool is_complete(const struct planning *pl, size_t first)
{
        for (size_t i = first; i < pl->plan->n_actions; i++)
                if (pl->plan->actions[i].type == TYPE_BACKEND && pl->plan->actions[i].verb == ACTION_CREATE)
                        return false;
        return !pl->plan->sections[pl->section].waiting;
}

static void plan_old(struct planning *pl, const struct balancer *b, const struct slot *slot, bool complete)
{
        planning_section(pl)->exist++;
        if (slot->call) {
                planning_section(pl)->waiting = true;
                return;
        }
        if (!complete)
                plan_backends(pl, b->resource, slot, 0);
        retire(pl, slot, complete ? NULL : "the new one hands its connections on first");
}

static void plan_slots(struct planning *pl, struct balancer *b, const struct set *set)
{
        const struct thing *current = thing_current(pl->in->ledger, b->resource);
        size_t first = pl->plan->n_actions;
        bool complete = true;

        for (size_t i = 0; i < set->n_slots && !pl->failed; i++)
                if (set->slots[i].thing == current && !named_is_away(pl, &set->slots[i]))
                        plan_current(pl, b, &set->slots[i], named_is_growing(set));
        complete = current && is_complete(pl, first);
        for (size_t i = 0; i < set->n_slots && !pl->failed; i++)
                if (set->slots[i].thing != current && !named_is_away(pl, &set->slots[i]))
                        plan_old(pl, b, &set->slots[i], complete);
}

/* "follows MachineSet/web", "it is slb-1", "it is not there yet" */
static const char *headline(struct planning *pl, const struct balancer *b, bool is_there)
{
        const struct thing *current = thing_current(pl->in->ledger, b->resource);
        const char *follows = backends_follow(pl, b->resource);

        if (!is_there)
                return "it is not there yet";
        if (follows)
                return follows;
        return plan_string(pl->plan, "it is %s", current ? current->id : "being made");
}

void plan_balancer(struct planning *pl, const struct resource *resource)
{
        _cleanup_(balancer_done) struct balancer b = { .resource = resource,
                                                       .wanted = wanted_settings(pl->in->codec, resource) };
        _cleanup_set_ struct set set = { 0 };
        char name[RESOURCE_TEXT_MAX];
        struct action *a;

        if (!b.wanted || set_expand(pl->in, pl->census, resource_text(resource, name), NULL, &set) < 0) {
                pl->failed = true;
                return;
        }
        planning_section(pl)->headline = headline(pl, &b, set.n_slots > 0);
        if (set.n_slots) {
                plan_slots(pl, &b, &set);
                return;
        }
        a = make(pl, &b, ACTION_CREATE, NULL, "it is not there yet");
        if (a)
                plan_backends(pl, resource, &(struct slot){ .type = TYPE_BALANCER, .name = a->name },
                              pl->plan->n_actions);
}
