/* SPDX-License-Identifier: MIT */
#include "cmd/selection.h"

#include <errno.h>
#include <string.h>

#include "cmd/resolve.h"
#include "reconcile/base/text.h"

void selection_done(struct selection *s)
{
        strmap_done(&s->chosen);
        *s = (struct selection){ 0 };
}

bool selection_has(const struct selection *s, const struct resource *r)
{
        char name[RESOURCE_TEXT_MAX];

        return !s->given || strmap_get(&s->chosen, resource_text(r, name));
}

/* Every resource of the specs under its name. */
struct index {
        const struct estate *estate;
        struct names names;
        struct strmap resources;
};

static void index_done(struct index *index)
{
        names_done(&index->names);
        strmap_done(&index->resources);
}

static int index_make(const struct estate *estate, struct index *index, struct error *e)
{
        int r;

        index->estate = estate;
        r = names_add_estate(&index->names, estate, e);
        for (size_t i = 0; r >= 0 && i < estate->n_resources; i++) {
                char text[RESOURCE_TEXT_MAX];
                const char *name = strpool_add(estate->strings, resource_text(estate->resources[i], text));

                if (!name || strmap_set(&index->resources, name, estate->resources[i]) < 0)
                        r = error_oom(e);
        }

        return r;
}

static int choose(struct selection *s, const struct estate *estate, struct resource *r);

/* What the fields of a spec refer to is needed. */
static int choose_references(struct selection *s, const struct estate *estate, const struct field *fields,
                             const char *spec)
{
        int r = 0;

        for (const struct field *f = fields; r >= 0 && f->name; f++) {
                const void *value = spec + f->offset;

                if (f->type == FIELD_RESOURCE || f->type == FIELD_REFERENCE) {
                        const struct reference *reference = value;

                        r = reference->resource ? choose(s, estate, reference->resource) : 0;
                } else if (f->type == FIELD_OBJECT && f->members) {
                        const char *const *object = value;

                        r = *object ? choose_references(s, estate, f->members, *object) : 0;
                } else if (f->type == FIELD_OBJECTS && f->members) {
                        const struct objects *objects = value;

                        for (size_t i = 0; r >= 0 && i < objects->n; i++)
                                r = choose_references(s, estate, f->members,
                                                      (const char *)objects->items + i * f->member_size);
                }
        }

        return r;
}

static int choose(struct selection *s, const struct estate *estate, struct resource *r)
{
        char text[RESOURCE_TEXT_MAX];
        const char *name = strpool_add(estate->strings, resource_text(r, text));
        struct resource *set = resource_set_of_machine(estate, r);
        int code;

        code = name ? strmap_put(&s->chosen, name, r) : -ENOMEM;
        if (code == -EEXIST)
                return 0;
        if (code >= 0 && set)
                code = choose(s, estate, set);

        return code < 0 ? code : choose_references(s, estate, r->kind->fields, r->spec);
}

static bool has_label(const struct resource *r, const char *selector)
{
        size_t n = strcspn(selector, "=");

        for (size_t i = 0; i < r->labels.n; i++) {
                const struct pair *label = &r->labels.items[i];

                if (strlen(label->key) == n && memcmp(label->key, selector, n) == 0 &&
                    text_equal(label->value, selector + n + 1))
                        return true;
        }

        return false;
}

static bool has_labels(const struct options *o, const struct resource *r)
{
        for (size_t i = 0; i < o->n_selectors; i++)
                if (!has_label(r, o->selectors[i]))
                        return false;

        return true;
}

/* Of a Provider, all that is on it. */
static int choose_target(const struct options *o, struct index *index, const char *typed, struct selection *s,
                         struct error *e)
{
        const struct estate *estate = index->estate;
        const char *name, *slot;
        struct resource *target;
        int r;

        r = names_find(&index->names, typed, &name, &slot, e);
        if (r < 0)
                return error_wrap(e, r, "--target");
        if (slot)
                return error_set(e, -EINVAL, "--target: '%s' is a machine: name its %s", typed, name);

        target = strmap_get(&index->resources, name);
        for (size_t i = 0; r >= 0 && i < estate->n_resources; i++) {
                struct resource *resource = estate->resources[i];

                if ((resource == target || resource_provider(resource) == target) && has_labels(o, resource))
                        r = choose(s, estate, resource);
        }

        return r < 0 ? error_oom(e) : 0;
}

static int choose_labelled(const struct options *o, const struct estate *estate, struct selection *s, struct error *e)
{
        for (size_t i = 0; i < estate->n_resources; i++)
                if (has_labels(o, estate->resources[i]) && choose(s, estate, estate->resources[i]) < 0)
                        return error_oom(e);

        return 0;
}

/* Is there anything in it that is planned? A Provider and the Policy are not. */
static bool is_empty(const struct selection *s)
{
        STRMAP_FOREACH (slot, &s->chosen) {
                const struct resource *r = slot->value;

                if (r->kind->provider_offset > 0)
                        return false;
        }

        return true;
}

static int nothing_selected(const struct options *o, struct error *e)
{
        _cleanup_buf_ struct buf given = BUF_INIT(512);

        for (size_t i = 0; i < o->n_selectors; i++)
                (void)buf_addf(&given, " -l %s", o->selectors[i]);
        for (size_t i = 0; i < o->n_targets; i++)
                (void)buf_addf(&given, " --target %s", o->targets[i]);

        return error_set(e, -ENOENT, "nothing in the specs is selected by%s, so there is nothing to plan",
                         buf_text(&given));
}

int selection_make(const struct options *o, const struct estate *estate, struct selection *ret, struct error *e)
{
        _cleanup_(selection_done) struct selection s = { .given = o->n_selectors > 0 || o->n_targets > 0 };
        _cleanup_(index_done) struct index index = { 0 };
        int r = 0;

        if (s.given)
                r = index_make(estate, &index, e);
        for (size_t i = 0; r >= 0 && i < o->n_targets; i++)
                r = choose_target(o, &index, o->targets[i], &s, e);
        if (r >= 0 && s.given && o->n_targets == 0)
                r = choose_labelled(o, estate, &s, e);
        if (r >= 0 && s.given && is_empty(&s))
                r = nothing_selected(o, e);
        if (r < 0)
                return r;

        *ret = s;
        s = (struct selection){ 0 };
        return 0;
}
