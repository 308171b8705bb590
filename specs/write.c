/* SPDX-License-Identifier: MIT */
#include "specs/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"

#define INDENT 2

struct writer {
        struct buf *b;
        const struct provider *codec;
        const struct pairs *options; /* of the provider; NULL: none */
        const struct field *table;   /* of the spec, for what a field's stand-in is */
        const void *base;
};

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A word that some reader takes for true, for nothing, or for a number. */
static bool means_something(const char *s)
{
        static const char *const words[] = { "y",    "n",     "yes",  "no",  "on",  "off",
                                             "true", "false", "null", "nan", "inf", FIXME };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;

        return false;
}

/* Only what begins like a name or a path goes without quotes: numbers, dates and signs do not. */
static bool is_plain(const char *s)
{
        static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./@+:";
        size_t n = strlen(s);

        return n > 0 && (is_letter(s[0]) || s[0] == '/') && strspn(s, harmless) == n && s[n - 1] != ':' &&
               !means_something(s);
}

/* Reads one character of a text that is UTF-8. */
static uint32_t next_character(const char **s)
{
        const unsigned char *c = (const unsigned char *)*s;
        size_t n = *c < 0x80 ? 1 : *c < 0xE0 ? 2 : *c < 0xF0 ? 3 : 4;
        uint32_t character = n == 1 ? *c : *c & (0x7Fu >> n);

        for (size_t i = 1; i < n; i++)
                character = character << 6 | (c[i] & 0x3Fu);

        *s += n;
        return character;
}

/* What no reader shows, takes for a line's end, or refuses to read. */
static bool needs_escape(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
               (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
               (c & 0xFFFE) == 0xFFFE;
}

static void write_quoted(struct buf *b, const char *s)
{
        (void)buf_addc(b, '"');
        while (*s) {
                const char *begin = s;
                uint32_t c = next_character(&s);

                if (c == '"' || c == '\\')
                        (void)buf_addf(b, "\\%c", (char)c);
                else if (needs_escape(c))
                        (void)buf_addf(b, c > 0xFFFF ? "\\U%08" PRIX32 : "\\u%04" PRIX32, c);
                else
                        (void)buf_add(b, begin, (size_t)(s - begin));
        }
        (void)buf_addc(b, '"');
}

int write_text(struct buf *b, const char *s)
{
        _cleanup_buf_ struct buf escaped = BUF_INIT(b->max);

        if (is_plain(s))
                return buf_adds(b, s);

        /* YAML has no way to write a byte that is no text. */
        if (!text_is_utf8(s, strlen(s))) {
                if (text_escape(&escaped, s, SIZE_MAX) < 0)
                        return b->failed = escaped.failed;
                s = buf_text(&escaped);
        }
        write_quoted(b, s);
        return b->failed;
}

static void write_indent(struct buf *b, size_t depth)
{
        for (size_t i = 0; i < depth * INDENT; i++)
                (void)buf_addc(b, ' ');
}

static void write_key(struct buf *b, size_t depth, const char *key)
{
        write_indent(b, depth);
        (void)write_text(b, key);
        (void)buf_addc(b, ':');
}

static void write_map(struct buf *b, size_t depth, const char *key, const struct pairs *map)
{
        if (map->n == 0)
                return;

        write_key(b, depth, key);
        (void)buf_addc(b, '\n');
        for (size_t i = 0; i < map->n; i++) {
                write_key(b, depth + 1, map->items[i].key);
                (void)buf_addc(b, ' ');
                (void)write_text(b, map->items[i].value);
                (void)buf_addc(b, '\n');
        }
}

static void write_strings(struct buf *b, size_t depth, const struct strings *list)
{
        (void)buf_addc(b, '\n');
        for (size_t i = 0; i < list->n; i++) {
                write_indent(b, depth + 1);
                (void)buf_adds(b, "- ");
                (void)write_text(b, list->items[i]);
                (void)buf_addc(b, '\n');
        }
}

/* A number's default, as its table has it. */
static int64_t default_number(const struct field *field)
{
        int64_t number = 0;
        usec_t length = 0;

        if (!field->fallback)
                return 0;
        if (field->type == FIELD_DURATION)
                return duration_parse(field->fallback, &length, NULL) < 0 ? 0 : (int64_t)length;
        if (field->type == FIELD_SIZE)
                return size_parse(field->fallback, &number, NULL) < 0 ? 0 : number;

        return text_to_int64(field->fallback, &number) < 0 ? 0 : number;
}

static bool any_given(const struct field *table, const void *base);

/* Is there anything to write? */
static bool is_given(const struct field *field, const void *base)
{
        const void *value = (const char *)base + field->offset;

        if (field->later)
                return false;

        switch (field->type) {
        case FIELD_STRING:
                return *(const char *const *)value;
        case FIELD_BOOL:
                if (field->given)
                        return *(const bool *)((const char *)base + field->given);
                return *(const bool *)value != text_equal(field->fallback, "true");
        case FIELD_COUNT:
        case FIELD_SIZE:
        case FIELD_DURATION:
        case FIELD_RATE:
        case FIELD_BITRATE:
                return field->required || *(const int64_t *)value != default_number(field);
        case FIELD_SHARE:
                return ((const struct share *)value)->given;
        case FIELD_ENUM:
                return !text_equal(field->words[*(const int *)value], field->fallback);
        case FIELD_RESOURCE:
        case FIELD_REFERENCE:
                return ((const struct reference *)value)->name;
        case FIELD_STRINGS:
                return ((const struct strings *)value)->n > 0;
        case FIELD_MAP:
                return ((const struct pairs *)value)->n > 0;
        case FIELD_OBJECT:
                return field->members && *(void *const *)value && any_given(field->members, *(void *const *)value);
        case FIELD_OBJECTS:
                return ((const struct objects *)value)->n > 0;
        }

        return false;
}

static bool any_given(const struct field *table, const void *base)
{
        for (const struct field *f = table; f->name; f++)
                if (is_given(f, base))
                        return true;

        return false;
}

static void write_fields(struct writer *w, size_t depth, const struct field *table, const void *base);

/* The dash stands where the first key's indentation would. */
static void write_objects(struct writer *w, size_t depth, const struct field *field, const struct objects *objects)
{
        (void)buf_addc(w->b, '\n');
        for (size_t i = 0; i < objects->n && !w->b->failed; i++) {
                size_t begin = w->b->len;

                write_fields(w, depth + 2, field->members, (const char *)objects->items + i * field->member_size);
                if (w->b->len > begin)
                        w->b->data[begin + (depth + 1) * INDENT] = '-';
                if (w->b->len > begin || w->b->failed)
                        continue;
                write_indent(w->b, depth + 1);
                (void)buf_adds(w->b, "- {}\n");
        }
}

static void write_reference(struct buf *b, const struct field *field, const struct reference *reference)
{
        bool by_ref = field->type == FIELD_REFERENCE && reference->resource;

        (void)buf_adds(b, by_ref ? " {ref: " : " ");
        (void)write_text(b, reference->name);
        (void)buf_adds(b, by_ref ? "}\n" : "\n");
}

static void write_number(struct buf *b, const struct field *field, int64_t number)
{
        char text[UNITS_TEXT_MAX];

        switch (field->type) {
        case FIELD_SIZE:
                (void)size_text(number, text);
                break;
        case FIELD_DURATION:
                (void)duration_text((usec_t)number, text);
                break;
        case FIELD_RATE:
                (void)rate_text(number, text);
                break;
        case FIELD_BITRATE:
                (void)bitrate_text(number, text);
                break;
        default:
                (void)snprintf(text, sizeof(text), "%" PRId64, number);
                break;
        }
        (void)buf_addf(b, " %s\n", text);
}

static void write_share(struct buf *b, const struct share *share)
{
        (void)buf_addf(b, " %" PRId64 "%s\n", share->value, share->percent ? "%" : "");
}

static void write_field(struct writer *w, size_t depth, const struct field *field, const void *base)
{
        const void *value = (const char *)base + field->offset;

        if (field->type == FIELD_MAP) {
                write_map(w->b, depth, field->name, value);
                return;
        }

        write_key(w->b, depth, field->name);
        switch (field->type) {
        case FIELD_STRING:
                (void)buf_addc(w->b, ' ');
                (void)write_text(w->b, *(const char *const *)value);
                (void)buf_addc(w->b, '\n');
                break;
        case FIELD_BOOL:
                (void)buf_adds(w->b, *(const bool *)value ? " true\n" : " false\n");
                break;
        case FIELD_COUNT:
        case FIELD_SIZE:
        case FIELD_DURATION:
        case FIELD_RATE:
        case FIELD_BITRATE:
                write_number(w->b, field, *(const int64_t *)value);
                break;
        case FIELD_SHARE:
                write_share(w->b, value);
                break;
        case FIELD_ENUM:
                (void)buf_addf(w->b, " %s\n", field->words[*(const int *)value]);
                break;
        case FIELD_RESOURCE:
        case FIELD_REFERENCE:
                write_reference(w->b, field, value);
                break;
        case FIELD_STRINGS:
                write_strings(w->b, depth, value);
                break;
        case FIELD_OBJECT:
                (void)buf_addc(w->b, '\n');
                write_fields(w, depth + 1, field->members, *(void *const *)value);
                break;
        case FIELD_OBJECTS:
                write_objects(w, depth, field, value);
                break;
        case FIELD_MAP:
                break;
        }
}

/* Must it be there, by itself or for the provider's type, and nothing stands in for it? */
static bool is_missed(const struct writer *w, const struct field *field)
{
        const struct machine_support *support = field->by_provider && w->codec
                                                        ? machine_support_find(w->codec, w->options, field->name)
                                                        : NULL;
        const struct field *instead = support && support->instead ? field_find(w->table, support->instead) : NULL;

        if (field->later || !(field->required || (support && support->required)))
                return false;

        return !instead || !is_given(instead, w->base);
}

static void write_fields(struct writer *w, size_t depth, const struct field *table, const void *base)
{
        for (const struct field *f = table; f->name; f++) {
                if (is_given(f, base)) {
                        write_field(w, depth, f, base);
                } else if (base == w->base && is_missed(w, f)) {
                        write_key(w->b, depth, f->name);
                        (void)buf_adds(w->b, " " FIXME " # the provider does not tell\n");
                }
        }
}

int write_document(struct buf *b, const struct resource *r, const struct provider *codec)
{
        const struct resource *provider = resource_provider(r);
        struct writer w = { .b = b,
                            .codec = codec,
                            .options = provider ? &provider->provider->options : NULL,
                            .table = r->kind->fields,
                            .base = r->spec };

        (void)buf_addf(b, "apiVersion: muster/v1\nkind: %s\nmetadata:\n", r->kind->name);
        write_key(b, 1, "name");
        (void)buf_addc(b, ' ');
        (void)write_text(b, r->name);
        (void)buf_addc(b, '\n');
        write_map(b, 1, "labels", &r->labels);
        write_map(b, 1, "annotations", &r->annotations);
        if (!any_given(common_fields, r) && !any_given(r->kind->fields, r->spec))
                return buf_adds(b, "spec: {}\n");

        (void)buf_adds(b, "spec:\n");
        write_fields(&w, 1, common_fields, r);
        write_fields(&w, 1, r->kind->fields, r->spec);

        return b->failed;
}

int write_spec(struct buf *b, const struct resource *r)
{
        struct writer w = { .b = b, .table = r->kind->fields, .base = r->spec };

        write_fields(&w, 0, r->kind->fields, r->spec);
        return b->failed;
}
