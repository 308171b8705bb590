/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Loading specs in tests, and what came of a load as text.
 */

#include <inttypes.h>
#include <stdio.h>

#include "providers/providers.h"
#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "specs/specs.h"

static inline const struct provider *find_provider(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

static const char *const types[] = { "starvcenter", "opendcp", "finovy", "jimv", NULL };
static const struct specs_options options = { .provider_find = find_provider, .provider_types = types };

static inline void dump_fields(struct buf *b, const char *around, const struct field *fields, const void *base);

static inline void dump_value(struct buf *b, const char *path, const struct field *f, const void *value)
{
        const struct share *share = value;
        const struct strings *strings = value;
        const struct pairs *pairs = value;
        char text[UNITS_TEXT_MAX];

        switch (f->type) {
        case FIELD_STRING:
                if (*(const char *const *)value)
                        (void)buf_addf(b, "%s: %s\n", path, *(const char *const *)value);
                return;
        case FIELD_BOOL:
                if (f->given && !*(const bool *)((const char *)value - f->offset + f->given))
                        return;
                (void)buf_addf(b, "%s: %s\n", path, *(const bool *)value ? "true" : "false");
                return;
        case FIELD_COUNT:
                (void)buf_addf(b, "%s: %" PRId64 "\n", path, *(const int64_t *)value);
                return;
        case FIELD_SIZE:
                (void)buf_addf(b, "%s: %s\n", path, size_text(*(const int64_t *)value, text));
                return;
        case FIELD_DURATION:
                (void)buf_addf(b, "%s: %s\n", path, duration_text(*(const usec_t *)value, text));
                return;
        case FIELD_BITRATE:
                if (*(const int64_t *)value)
                        (void)buf_addf(b, "%s: %s\n", path, bitrate_text(*(const int64_t *)value, text));
                return;
        case FIELD_RATE:
                (void)buf_addf(b, "%s: %s\n", path, rate_text(*(const int64_t *)value, text));
                return;
        case FIELD_SHARE:
                if (share->given)
                        (void)buf_addf(b, "%s: %" PRId64 "%s\n", path, share->value, share->percent ? "%" : "");
                return;
        case FIELD_ENUM:
                (void)buf_addf(b, "%s: %s\n", path, f->words[*(const int *)value]);
                return;
        case FIELD_RESOURCE:
        case FIELD_REFERENCE:
                if (((const struct reference *)value)->resource)
                        (void)buf_addf(b, "%s: resource %s\n", path, ((const struct reference *)value)->resource->name);
                else if (((const struct reference *)value)->name)
                        (void)buf_addf(b, "%s: id %s\n", path, ((const struct reference *)value)->name);
                return;
        case FIELD_STRINGS:
                for (size_t i = 0; i < strings->n; i++)
                        (void)buf_addf(b, "%s[%zu]: %s\n", path, i, strings->items[i]);
                return;
        case FIELD_MAP:
                for (size_t i = 0; i < pairs->n; i++)
                        (void)buf_addf(b, "%s.%s: \"%s\"\n", path, pairs->items[i].key, pairs->items[i].value);
                return;
        case FIELD_OBJECT:
                if (*(const void *const *)value)
                        dump_fields(b, path, f->members, *(const void *const *)value);
                return;
        case FIELD_OBJECTS:
                for (size_t i = 0; i < ((const struct objects *)value)->n; i++) {
                        _cleanup_buf_ struct buf item = BUF_INIT(1024);

                        (void)buf_addf(&item, "%s[%zu]", path, i);
                        dump_fields(b, buf_text(&item), f->members,
                                    (const char *)((const struct objects *)value)->items + i * f->member_size);
                }
                return;
        }
}

static inline void dump_fields(struct buf *b, const char *around, const struct field *fields, const void *base)
{
        for (const struct field *f = fields; f->name; f++) {
                _cleanup_buf_ struct buf path = BUF_INIT(1024);

                (void)buf_addf(&path, "%s.%s", around, f->name);
                if (!f->later)
                        dump_value(b, buf_text(&path), f, (const char *)base + f->offset);
        }
}

static inline void dump_pairs(struct buf *b, const char *path, const struct pairs *pairs)
{
        static const struct field map = { .type = FIELD_MAP };

        dump_value(b, path, &map, pairs);
}

/* Every resource with all that was read or taken as a default. */
static inline void dump_estate(struct buf *b, const struct estate *estate)
{
        (void)buf_addf(b, "estate %s\n", estate->name);
        for (size_t i = 0; i < estate->n_resources; i++) {
                const struct resource *r = estate->resources[i];

                (void)buf_addf(b, "\n%s/%s %s:%" PRIu32 ":%" PRIu32 "\n", r->kind->name, r->name, r->position.file,
                               r->position.line, r->position.column);
                dump_pairs(b, "labels", &r->labels);
                dump_pairs(b, "annotations", &r->annotations);
                dump_fields(b, "spec", common_fields, r);
                dump_fields(b, "spec", r->kind->fields, r->spec);
        }
}

/* All messages a line each, then the estate when there is one. */
static inline int load_text(const char *const *paths, size_t n, struct buf *b)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        int r = specs_load(&options, paths, n, &estate, &d);

        for (size_t i = 0; i < d.n; i++) {
                (void)diagnostic_text(b, &d.items[i]);
                (void)buf_addc(b, '\n');
        }
        if (estate)
                dump_estate(b, estate);

        return r;
}
