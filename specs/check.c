/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "specs/check.h"

#define MACHINES_MAX 1000000
#define PLACE_MAX 320
#define PATH_BYTES_MAX \
        128 /* of a field: tables do not nest deeply, and a list has at most so many items as a file has nodes */

int check_tell(const struct checker *c, enum severity severity, const char *path, const char *format, ...)
{
        const struct position *p = resource_position(c->draft->resource, path);
        _cleanup_free_ char *message = NULL;
        char shown[EXCERPT_MAX];
        va_list arguments;

        va_start(arguments, format);
        message = text_vformat(format, arguments);
        va_end(arguments);
        if (!message)
                return -ENOMEM;

        return diagnostics_add(c->diagnostics, severity, p, "%s %s", excerpt(path, shown), message);
}

bool check_can(const struct checker *c, const char *path)
{
        return draft_has(c->draft, path) && draft_is_sound(c->draft, path);
}

static bool is_letter(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

bool is_resource_name(const char *s)
{
        size_t n = strlen(s);

        return n >= 1 && n <= RESOURCE_NAME_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
               is_letter(s[0]) && s[n - 1] != '-';
}

size_t machine_name_split(const char *s)
{
        size_t n = strlen(s);

        while (n > 0 && is_digit(s[n - 1]))
                n--;

        return n >= 2 && s[n] && s[n - 1] == '-' ? n - 1 : 0;
}

static int check_name(const struct checker *c)
{
        const char *name = c->draft->resource->name;
        char shown[EXCERPT_MAX];

        if (!check_can(c, "metadata.name"))
                return 0;
        if (!is_resource_name(name))
                return check_error(
                        c, "metadata.name",
                        "is \"%s\"; write 1-40 of a-z, 0-9 and '-', a letter first and a letter or digit last",
                        excerpt(name, shown));
        if (machine_name_split(name) > 0)
                return check_error(
                        c, "metadata.name",
                        "is \"%s\", and '-' with digits is how the machines of a set end; write another name", name);

        return 0;
}

static int check_labels(const struct checker *c)
{
        const struct pairs *labels = &c->draft->resource->labels;
        int r = 0;

        for (size_t i = 0; i < labels->n && r == 0; i++) {
                _cleanup_buf_ struct buf path = BUF_INIT(EXCERPT_MAX + 32);
                const struct pair *label = &labels->items[i];

                if (buf_addf(&path, "metadata.labels.%s", label->key) == -ENOMEM)
                        return -ENOMEM;
                if (!*label->key || strchr(label->key, '=') || has_control_characters(label->key) ||
                    has_control_characters(label->value))
                        r = check_error(
                                c, buf_text(&path),
                                "cannot be selected with -l KEY=VALUE; write a key without '=', and both on one line");
        }

        return r;
}

static int tell_missing(const struct checker *c, const struct kind *kind, const char *path, const char *name)
{
        _cleanup_free_ const char **names = calloc(c->estate->n_resources + 1, sizeof(*names));
        const char *nearest;
        char shown[EXCERPT_MAX];
        size_t n = 0;

        if (!names)
                return -ENOMEM;

        for (size_t i = 0; i < c->estate->n_resources; i++)
                if (c->estate->resources[i]->kind == kind)
                        names[n++] = c->estate->resources[i]->name;

        nearest = text_nearest(name, names, n);
        if (nearest)
                return check_error(c, path, "is \"%s\", and there is no such %s; did you mean %s?",
                                   excerpt(name, shown), kind->name, nearest);

        return check_error(c, path, "is \"%s\", and there is no such %s; write the name of one that these specs have",
                           excerpt(name, shown), kind->name);
}

/* Sets a reference to a resource, which must be there. */
static int resolve(const struct checker *c, const struct field *field, const char *path, struct reference *reference)
{
        const struct kind *kind = kind_find(field->kind);

        reference->resource = estate_find(c->estate, kind, reference->name);
        if (reference->resource || c->partial)
                return 0;

        return tell_missing(c, kind, path, reference->name);
}

/* What its spec calls its provider; NULL: nothing, or it can have none. */
static const char *provider_name(const struct resource *r)
{
        return r->kind->provider_offset > 0
                       ? ((const struct reference *)((const char *)r->spec + r->kind->provider_offset))->name
                       : NULL;
}

/* A resource of the right kind, and of the same provider: by its name, since the other's references may not be set yet. */
static int resolve_within(const struct checker *c, const struct field *field, const char *path,
                          struct reference *reference)
{
        const struct resource *own = resource_provider(c->draft->resource);
        const char *other;
        int r = resolve(c, field, path, reference);

        if (r < 0 || !reference->resource)
                return r;

        other = provider_name(reference->resource);
        if (!own || !other || text_equal(own->name, other))
                return 0;

        return check_error(c, path,
                           "is %s/%s of Provider/%s, and this is of Provider/%s; name one of the same provider",
                           reference->resource->kind->name, reference->name, other, own->name);
}

static int check_id(const struct checker *c, const char *path, const struct reference *reference)
{
        char text[RESOURCE_TEXT_MAX];

        for (size_t i = 0; kinds[i]; i++) {
                const struct resource *r = estate_find(c->estate, kinds[i], reference->name);

                if (r)
                        return check_warning(
                                c, path,
                                "is taken for the provider's own id, though %s has the same name; rename one "
                                "of them if that is not meant",
                                resource_text(r, text));
        }

        return 0;
}

static int check_references_of(const struct checker *c, const struct field *fields, const char *around,
                               const void *base);

static int check_reference(const struct checker *c, const struct field *f, const char *path,
                           struct reference *reference)
{
        if (!check_can(c, path) || !reference->name)
                return 0;
        if (f->type == FIELD_REFERENCE && !reference->by_ref)
                return check_id(c, path, reference);

        return resolve_within(c, f, path, reference);
}

static int check_references_in(const struct checker *c, const struct field *f, const char *path, const void *value)
{
        const struct objects *objects = value;
        const void *const *object = value;
        int r = 0;

        if (f->type == FIELD_OBJECT)
                return *object ? check_references_of(c, f->members, path, *object) : 0;
        for (size_t i = 0; i < objects->n && r == 0; i++) {
                char item[PATH_BYTES_MAX];

                (void)snprintf(item, sizeof(item), "%.100s[%zu]", path, i);
                r = check_references_of(c, f->members, item, (const char *)objects->items + i * f->member_size);
        }

        return r;
}

/* The provider comes first in every table: whether another reference stays with it can be said then. */
static int check_references_of(const struct checker *c, const struct field *fields, const char *around,
                               const void *base)
{
        int r = 0;

        for (const struct field *f = fields; f->name && r == 0; f++) {
                const void *value = (const char *)base + f->offset;
                char path[PATH_BYTES_MAX];

                (void)snprintf(path, sizeof(path), "%s.%s", around, f->name);
                if (f->type == FIELD_RESOURCE || f->type == FIELD_REFERENCE)
                        r = check_reference(c, f, path, (struct reference *)value);
                else if (f->members)
                        r = check_references_in(c, f, path, value);
        }

        return r;
}

static int check_references(const struct checker *c)
{
        return check_references_of(c, c->draft->resource->kind->fields, "spec", c->draft->resource->spec);
}

static const char *place_text(const struct position *p, char text[static PLACE_MAX])
{
        char file[EXCERPT_MAX];

        (void)snprintf(text, PLACE_MAX, "%s:%" PRIu32, excerpt(p->file, file), p->line);
        return text;
}

/* Sorted by their names, either may be the one that comes second in the files. */
static int tell_second(const struct resource *a, const struct resource *b, struct diagnostics *d)
{
        int files = strcmp(a->position.file, b->position.file);
        bool a_is_second = files > 0 || (files == 0 && a->position.line > b->position.line);
        const struct resource *first = a_is_second ? b : a, *second = a_is_second ? a : b;
        char place[PLACE_MAX];

        return diagnostics_error(d, resource_position(second, "kind"),
                                 "kind is %s, and there is one at %s; keep one of them", second->kind->name,
                                 place_text(&first->position, place));
}

/* In a sorted estate those of one name are neighbours, the first in the files first. */
static int check_unique(const struct estate *estate, struct diagnostics *d)
{
        int r = 0;

        for (size_t i = 1; i < estate->n_resources && r == 0; i++) {
                const struct resource *a = estate->resources[i - 1], *b = estate->resources[i];
                char place[PLACE_MAX], shown[EXCERPT_MAX];

                if (a->kind != b->kind)
                        continue;
                if (a->kind->once)
                        r = tell_second(a, b, d);
                else if (*b->name && text_equal(a->name, b->name))
                        r = diagnostics_error(
                                d, resource_position(b, "metadata.name"),
                                "metadata.name is \"%s\", the name of the %s at %s too; give each its own",
                                excerpt(b->name, shown), b->kind->name, place_text(&a->position, place));
        }

        return r;
}

static int check_machines(const struct estate *estate, struct diagnostics *d)
{
        int64_t total = 0;

        for (size_t i = 0; i < estate->n_resources; i++) {
                const struct resource *r = estate->resources[i];

                if (r->kind != &kind_machine_set)
                        continue;

                total += r->machine_set->count;
                if (total > MACHINES_MAX)
                        return diagnostics_error(
                                d, resource_position(r, "spec.count"),
                                "spec.count makes it more than %d machines in all; ask for fewer, or split "
                                "the estate",
                                MACHINES_MAX);
        }

        return 0;
}

/* A resource that was renamed: under its old name it must be gone, and no other may claim the same. */
static int check_formerly(const struct checker *c)
{
        const struct resource *own = c->draft->resource;
        char shown[EXCERPT_MAX];
        int r = 0;

        if (!check_can(c, "spec.formerly"))
                return 0;
        if (!is_resource_name(own->formerly) || machine_name_split(own->formerly) > 0)
                return check_error(c, "spec.formerly",
                                   "is \"%s\", which is no name of a resource; write the name it had before",
                                   excerpt(own->formerly, shown));
        if (text_equal(own->formerly, own->name))
                return check_error(c, "spec.formerly", "is the name that it has now; leave it out");
        if (estate_find(c->estate, own->kind, own->formerly))
                return check_error(c, "spec.formerly", "is \"%s\", and %s/%s is still there; remove one of them",
                                   own->formerly, own->kind->name, own->formerly);
        for (size_t i = 0; i < c->estate->n_resources && r == 0; i++) {
                const struct resource *other = c->estate->resources[i];

                if (other != own && other->kind == own->kind && text_equal(other->formerly, own->formerly))
                        r = check_error(c, "spec.formerly", "is \"%s\", and %s/%s says that, too; keep one of them",
                                        own->formerly, other->kind->name, other->name);
        }
        return r;
}

/* References come first: what a kind checks depends on what is referred to. */
static int check_draft(const struct checker *c)
{
        const struct kind *kind = c->draft->resource->kind;
        int r = check_name(c);

        if (r == 0)
                r = check_labels(c);
        if (r == 0)
                r = check_formerly(c);
        if (r == 0)
                r = check_references(c);
        if (r == 0 && kind == &kind_provider)
                r = check_provider(c);
        if (r == 0 && kind == &kind_machine_set)
                r = check_machine_set(c);
        if (r == 0 && kind == &kind_machine_template)
                r = check_machine_template(c);
        if (r == 0 && kind == &kind_load_balancer)
                r = check_load_balancer(c);
        if (r == 0 && kind == &kind_security_group)
                r = check_security_group(c);
        if (r == 0 && (kind == &kind_port_mapping || kind == &kind_address_mapping))
                r = check_mapping(c);
        if (r == 0 && kind == &kind_access_rule)
                r = check_access_rule(c);
        if (r == 0 && thing_is_copy(kind->makes))
                r = check_copy_policy(c);
        if (r == 0 && kind == &kind_network)
                r = check_network(c);
        if (r == 0 && kind == &kind_tenant_quota)
                r = check_tenant_quota(c);

        return r;
}

int check_estate(const struct specs_options *options, struct estate *estate, const struct drafts *drafts, bool partial,
                 struct diagnostics *d)
{
        struct checker c = { .options = options, .estate = estate, .diagnostics = d, .partial = partial };
        int r = check_unique(estate, d);

        if (r == 0)
                r = check_machines(estate, d);
        for (size_t i = 0; i < drafts->n && r == 0; i++) {
                c.draft = &drafts->items[i];
                r = check_draft(&c);
        }

        return r == 0 ? check_cycles(estate, d) : r;
}
