/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "specs/decoder.h"

#define FIELDS_MAX 64 /* of all parts of a mapping */

struct metadata {
        const char *name;
        struct pairs labels, annotations;
};

const struct field metadata_fields[] = {
        { .name = "name",
          .type = FIELD_STRING,
          .offset = offsetof(struct metadata, name),
          .required = true,
          .max = RESOURCE_NAME_MAX,
          .pattern = RESOURCE_NAME_PATTERN,
          .help = "1-40 of a-z, 0-9 and '-', like web" },
        { .name = "labels",
          .type = FIELD_MAP,
          .offset = offsetof(struct metadata, labels),
          .help = "what -l selects by" },
        { .name = "annotations",
          .type = FIELD_MAP,
          .offset = offsetof(struct metadata, annotations),
          .help = "free text that is never interpreted" },
        { 0 },
};

/* What every document has. The spec is of no members here: its node is kept until the kind is known. */
struct document {
        const char *api_version, *kind;
        struct metadata *metadata;
        const struct node *spec;
};

const struct field document_fields[] = {
        { .name = "apiVersion",
          .type = FIELD_STRING,
          .offset = offsetof(struct document, api_version),
          .required = true,
          .help = API_VERSION },
        { .name = "kind",
          .type = FIELD_STRING,
          .offset = offsetof(struct document, kind),
          .required = true,
          .help = "the kind of the resource, like MachineSet" },
        { .name = "metadata",
          .type = FIELD_OBJECT,
          .offset = offsetof(struct document, metadata),
          .required = true,
          .members = metadata_fields,
          .member_size = sizeof(struct metadata),
          .help = "the resource's name and labels" },
        { .name = "spec", .type = FIELD_OBJECT, .offset = offsetof(struct document, spec), .help = "what should be" },
        { 0 },
};

void drafts_done(struct drafts *drafts)
{
        for (size_t i = 0; i < drafts->n; i++)
                strmap_done(&drafts->items[i].faulty);
        free(drafts->items);
        *drafts = (struct drafts){ 0 };
}

bool draft_has(const struct draft *draft, const char *path)
{
        return strmap_get(&draft->resource->positions, path) != NULL;
}

bool draft_is_sound(const struct draft *draft, const char *path)
{
        return strmap_get(&draft->faulty, path) == NULL;
}

static int mark_faulty(struct decoder *dec, const char *path)
{
        return strmap_set(&dec->draft->faulty, path, dec->draft);
}

int decoder_mistake(struct decoder *dec, const struct node *node, const char *path, const char *format, ...)
{
        struct position p = { .file = dec->file, .line = node->line, .column = node->column };
        _cleanup_free_ char *message = NULL;
        char shown[EXCERPT_MAX];
        va_list arguments;

        va_start(arguments, format);
        message = text_vformat(format, arguments);
        va_end(arguments);
        if (!message)
                return -ENOMEM;

        if (mark_faulty(dec, path) < 0)
                return -ENOMEM;

        return diagnostics_error(dec->diagnostics, &p, "%s %s", excerpt(path, shown), message);
}

const char *decoder_path(struct decoder *dec, const char *around, const char *name)
{
        _cleanup_free_ char *path = NULL;

        if (!*around)
                return strpool_add(dec->estate->strings, name);
        if (asprintf(&path, "%s.%s", around, name) < 0) {
                path = NULL;
                return NULL;
        }

        return strpool_add(dec->estate->strings, path);
}

const char *decoder_path_of_item(struct decoder *dec, const char *around, size_t i)
{
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s[%zu]", around, i) < 0) {
                path = NULL;
                return NULL;
        }

        return strpool_add(dec->estate->strings, path);
}

int decoder_record(struct decoder *dec, const char *path, const struct node *node)
{
        struct position *p = strpool_alloc(dec->estate->strings, sizeof(*p));

        if (!p)
                return -ENOMEM;

        *p = (struct position){ .file = dec->file, .line = node->line, .column = node->column };
        return strmap_set(&dec->draft->resource->positions, path, p);
}

/* The names of all fields; those that this version carries out go first. */
static size_t list_fields(const struct part *parts, size_t n_parts, const char *names[static FIELDS_MAX],
                          size_t *ret_n_supported)
{
        size_t n = 0;

        for (int later = 0; later <= 1; later++) {
                for (size_t i = 0; i < n_parts; i++)
                        for (const struct field *f = parts[i].fields; f->name && n < FIELDS_MAX; f++)
                                if (f->later == later)
                                        names[n++] = f->name;
                if (!later)
                        *ret_n_supported = n;
        }

        return n;
}

static int tell_unknown(struct decoder *dec, const char *around, const struct node *key, const struct part *parts,
                        size_t n_parts)
{
        _cleanup_buf_ struct buf known = BUF_INIT(1024);
        const char *names[FIELDS_MAX], *nearest, *path, *meant;
        size_t n_supported, n = list_fields(parts, n_parts, names, &n_supported);

        path = decoder_path(dec, around, key->text);
        if (!path)
                return -ENOMEM;

        nearest = text_nearest(key->text, names, n);
        if (nearest) {
                meant = decoder_path(dec, around, nearest);
                if (!meant || mark_faulty(dec, meant) < 0)
                        return -ENOMEM;
                return decoder_mistake(dec, key, path, "is unknown; did you mean %s?", nearest);
        }

        for (size_t i = 0; i < n_supported; i++)
                (void)buf_addf(&known, "%s%s", i > 0 ? ", " : "", names[i]);

        return decoder_mistake(dec, key, path, "is unknown; write one of %s", buf_text(&known));
}

static const struct field *find_part(const struct part *parts, size_t n_parts, const char *name,
                                     const struct part **ret_part)
{
        for (size_t i = 0; i < n_parts; i++) {
                const struct field *field = field_find(parts[i].fields, name);

                if (field) {
                        *ret_part = &parts[i];
                        return field;
                }
        }

        return NULL;
}

static int decode_member(struct decoder *dec, const char *around, const struct member *member, const struct part *parts,
                         size_t n_parts)
{
        const struct part *part;
        const struct field *field = find_part(parts, n_parts, member->key->text, &part);
        const char *path;
        int r;

        if (!field)
                return tell_unknown(dec, around, member->key, parts, n_parts);

        path = decoder_path(dec, around, field->name);
        if (!path)
                return -ENOMEM;

        /* A list or mapping may begin on the line below: its place is that of its key. */
        r = decoder_record(dec, path, member->value->type == NODE_SCALAR ? member->value : member->key);
        if (r < 0)
                return r;
        if (field->later)
                return decoder_mistake(dec, member->key, path, "is not supported by this version yet; leave it out");

        return decode_value(dec, field, path, member->value, (char *)part->base + field->offset);
}

static bool has_defaults(const struct field *fields)
{
        for (const struct field *f = fields; f && f->name; f++)
                if (f->fallback)
                        return true;

        return false;
}

static int decode_default(struct decoder *dec, const char *path, const struct field *field, void *base)
{
        const struct node text = { .type = NODE_SCALAR, .text = field->fallback };
        const struct node nothing = { .type = NODE_MAPPING };
        void *value = (char *)base + field->offset;

        if (field->fallback)
                return decode_value(dec, field, path, &text, value);
        if (field->type == FIELD_OBJECT && has_defaults(field->members))
                return decode_value(dec, field, path, &nothing, value);

        return 0;
}

/* A node that is nothing but a place: where the value of a path stands, or what is around it. */
static struct node node_of_place(const struct decoder *dec, const char *path)
{
        const struct position *p = resource_position(dec->draft->resource, path);

        return (struct node){ .line = p->line, .column = p->column };
}

static int decode_absent(struct decoder *dec, const char *around, const struct field *field, void *base)
{
        const char *path = decoder_path(dec, around, field->name);
        char wants[WANTS_MAX];

        if (!path)
                return -ENOMEM;
        if (draft_has(dec->draft, path) || !draft_is_sound(dec->draft, path))
                return 0;
        if (field->required) {
                const struct node place = node_of_place(dec, path);

                return decoder_mistake(dec, &place, path, "is missing; write %s", field_wants(field, wants));
        }

        return decode_default(dec, path, field, base);
}

/* Tells about a field that stands beside one that says the same thing in another way. */
static int decode_beside(struct decoder *dec, const char *around, const struct field *field)
{
        const char *path, *other;
        struct node place;

        if (!field->unless)
                return 0;

        path = decoder_path(dec, around, field->name);
        other = decoder_path(dec, around, field->unless);
        if (!path || !other)
                return -ENOMEM;
        if (!draft_has(dec->draft, path) || !draft_has(dec->draft, other))
                return 0;

        place = node_of_place(dec, path);
        return decoder_mistake(dec, &place, path, "stands beside %s; keep one of them", other);
}

int decode_members(struct decoder *dec, const char *path, const struct node *node, const struct part *parts,
                   size_t n_parts)
{
        int r = 0;

        for (size_t i = 0; i < node->n && r == 0; i++)
                r = decode_member(dec, path, &node->members[i], parts, n_parts);

        for (size_t i = 0; i < n_parts; i++)
                for (const struct field *f = parts[i].fields; f->name && r == 0; f++) {
                        r = decode_beside(dec, path, f);
                        if (r == 0)
                                r = decode_absent(dec, path, f, parts[i].base);
                }

        return r;
}

static int check_api_version(struct decoder *dec, const struct document *document, const struct node *root)
{
        char shown[EXCERPT_MAX];

        if (!document->api_version || text_equal(document->api_version, API_VERSION))
                return 0;

        return decoder_mistake(dec, node_get(root, "apiVersion"), "apiVersion", "is \"%s\"; write %s",
                               excerpt(document->api_version, shown), API_VERSION);
}

/* Tells why a kind is none that this version has. */
static int tell_kind(struct decoder *dec, const char *kind, const struct node *root)
{
        _cleanup_buf_ struct buf known = BUF_INIT(1024);
        const struct node *node = node_get(root, "kind");
        const char *names[FIELDS_MAX], *nearest;
        char shown[EXCERPT_MAX];
        size_t n = 0, n_supported;

        for (size_t i = 0; kinds[i]; i++)
                names[n++] = kinds[i]->name;
        n_supported = n;
        for (size_t i = 0; kinds_later[i]; i++)
                names[n++] = kinds_later[i];

        nearest = text_nearest(kind, names, n);
        for (size_t i = n_supported; i < n; i++)
                if (text_equal(names[i], kind))
                        return decoder_mistake(
                                dec, node, "kind",
                                "is %s, which is not supported by this version yet; leave the document out", kind);
        if (nearest)
                return decoder_mistake(dec, node, "kind", "is \"%s\"; did you mean %s?", excerpt(kind, shown), nearest);

        for (size_t i = 0; i < n_supported; i++)
                (void)buf_addf(&known, "%s%s", i > 0 ? " or " : "", names[i]);

        return decoder_mistake(dec, node, "kind", "is \"%s\"; write %s", excerpt(kind, shown), buf_text(&known));
}

static int decode_spec(struct decoder *dec, const struct document *document)
{
        const struct node absent = { .type = NODE_MAPPING };
        struct resource *r = dec->draft->resource;
        const struct part parts[] = { { common_fields, r }, { r->kind->fields, r->spec } };

        /* A spec that is of a wrong type, or whose key is misspelt, was told about: what it lacks is not. */
        if (!document->spec && !draft_is_sound(dec->draft, "spec"))
                return 0;

        return decode_members(dec, "spec", document->spec ? document->spec : &absent, parts, ARRAY_SIZE(parts));
}

static int decode_resource(struct decoder *dec, const struct document *document)
{
        const struct metadata *metadata = document->metadata;
        struct resource *r = dec->draft->resource;

        r->kind = kind_find(document->kind);
        r->name = metadata && metadata->name ? metadata->name : "";
        if (metadata) {
                r->labels = metadata->labels;
                r->annotations = metadata->annotations;
        }
        r->spec = strpool_alloc(dec->estate->strings, r->kind->spec_size);

        return r->spec ? decode_spec(dec, document) : -ENOMEM;
}

/* Drops a draft whose resource did not become one of the estate's. */
static void draft_drop(struct draft *draft)
{
        if (draft->resource)
                strmap_done(&draft->resource->positions);
        strmap_done(&draft->faulty);
}

static int keep_draft(struct estate *estate, struct drafts *drafts, struct draft *draft)
{
        struct resource **slot;
        int r;

        r = array_reserve((void **)&drafts->items, &drafts->allocated, drafts->n + 1, sizeof(*drafts->items));
        slot = r == 0 ? ARRAY_ADD(estate->resources, estate->n_resources, estate->allocated_resources) : NULL;
        if (!slot)
                return -ENOMEM;

        *slot = draft->resource;
        drafts->items[drafts->n++] = *draft;
        *draft = (struct draft){ 0 };
        return 0;
}

int decode_document(struct estate *estate, const char *file, const struct node *root, struct drafts *drafts,
                    struct diagnostics *d)
{
        _cleanup_(draft_drop) struct draft draft = { .resource = strpool_alloc(estate->strings,
                                                                               sizeof(struct resource)) };
        struct decoder dec = { .estate = estate, .diagnostics = d, .file = file, .draft = &draft };
        struct document document = { 0 };
        const struct part part = { document_fields, &document };
        int r;

        if (!draft.resource)
                return -ENOMEM;

        draft.resource->position = (struct position){ .file = file, .line = root->line, .column = root->column };
        if (root->type != NODE_MAPPING)
                return decoder_mistake(&dec, root, "the document",
                                       "is no mapping; write apiVersion, kind, metadata and spec");

        r = decode_members(&dec, "", root, &part, 1);
        if (r == 0)
                r = check_api_version(&dec, &document, root);
        if (r < 0 || !document.kind)
                return r;
        if (!kind_find(document.kind))
                return tell_kind(&dec, document.kind, root);

        r = decode_resource(&dec, &document);
        return r < 0 ? r : keep_draft(estate, drafts, &draft);
}
