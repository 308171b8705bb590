/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile/base/text.h"
#include "reconcile/base/units.h"
#include "specs/decoder.h"
#include "specs/write.h"

static size_t count_words(const char *const *words)
{
        size_t n = 0;

        while (words[n])
                n++;

        return n;
}

/* "newest or oldest", without what this version does not carry out. */
static const char *list_words(const struct field *field, char text[static WANTS_MAX])
{
        _cleanup_buf_ struct buf b = BUF_INIT(WANTS_MAX - 1);
        size_t left = count_words(field->words) - (field->later_word ? 1 : 0);

        for (size_t i = 0; field->words[i]; i++) {
                if (text_equal(field->words[i], field->later_word))
                        continue;
                (void)buf_addf(&b, "%s%s", field->words[i], left > 2 ? ", " : left == 2 ? " or " : "");
                left--;
        }

        return memcpy(text, buf_text(&b), b.len + 1);
}

/* "a mapping of name, labels" */
static const char *list_members(const struct field *field, char text[static WANTS_MAX])
{
        _cleanup_buf_ struct buf b = BUF_INIT(WANTS_MAX - 1);

        (void)buf_adds(&b, "a mapping");
        for (const struct field *f = field->members; f && f->name; f++)
                (void)buf_addf(&b, "%s%s", f == field->members ? " of " : ", ", f->name);

        return memcpy(text, buf_text(&b), b.len + 1);
}

const char *field_wants(const struct field *field, char text[static WANTS_MAX])
{
        static const char *const wants[] = {
                [FIELD_BOOL] = "true or false",
                [FIELD_COUNT] = "a whole number, like 4",
                [FIELD_SIZE] = "a size with its unit, like 512MiB or 8GiB",
                [FIELD_DURATION] = "a duration with its unit, like 30s or 12h",
                [FIELD_RATE] = "a rate with its unit, like 20/s or 90/m",
                [FIELD_BITRATE] = "a bit rate with its unit, like 100Mbit/s",
                [FIELD_SHARE] = "a number, like 5, or a share, like 10%",
                [FIELD_STRINGS] = "a list of texts, like [web-0, web-1]",
                [FIELD_MAP] = "a mapping of texts, like {team: shop}",
                [FIELD_OBJECTS] = "a list of mappings",
        };

        switch (field->type) {
        case FIELD_ENUM:
                return list_words(field, text);
        case FIELD_RESOURCE:
                (void)snprintf(text, WANTS_MAX, "the name of a %s", field->kind);
                return text;
        case FIELD_REFERENCE:
                (void)snprintf(text, WANTS_MAX,
                               kind_find(field->kind) ? "the provider's own id, or {ref: a %s}"
                                                      : "the provider's own id",
                               field->kind);
                return text;
        case FIELD_STRING:
                (void)snprintf(text, WANTS_MAX, "%s", field->help);
                return text;
        case FIELD_OBJECT:
                return list_members(field, text);
        default:
                return wants[field->type];
        }
}

/* "spec.cpu is "abc", which is no …; write …" */
static int tell_unreadable(struct decoder *dec, const struct field *field, const char *path, const struct node *node)
{
        char shown[EXCERPT_MAX], wants[WANTS_MAX];

        return decoder_mistake(dec, node, path, "is \"%s\"; write %s", excerpt(node->text, shown),
                               field_wants(field, wants));
}

/* The same for a value with a unit; a bare number is told about as what it is. */
static int tell_unit(struct decoder *dec, const struct field *field, const char *path, const struct node *node)
{
        char shown[EXCERPT_MAX], wants[WANTS_MAX];
        int64_t number;

        if (text_to_int64(node->text, &number) == -EINVAL)
                return tell_unreadable(dec, field, path, node);

        return decoder_mistake(dec, node, path, "is \"%s\", without a unit; write %s", excerpt(node->text, shown),
                               field_wants(field, wants));
}

const char *field_number(const struct field *field, int64_t number, char text[static UNITS_TEXT_MAX])
{
        if (field->type == FIELD_SIZE)
                return size_text(number, text);
        if (field->type == FIELD_DURATION)
                return duration_text((usec_t)number, text);
        if (field->type == FIELD_BITRATE)
                return bitrate_text(number, text);

        (void)snprintf(text, UNITS_TEXT_MAX, "%" PRId64, number);
        return text;
}

static int tell_range(struct decoder *dec, const struct field *field, const char *path, const struct node *node)
{
        char shown[EXCERPT_MAX], min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

        return decoder_mistake(dec, node, path, "is %s; write %s to %s", excerpt(node->text, shown),
                               field_number(field, field->min, min), field_number(field, field->max, max));
}

/* Takes a number of a range. A default may lie outside: so it says that there is none. */
static int take_number(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                       int64_t number, void *value)
{
        if (node->line > 0 && (number < field->min || number > field->max))
                return tell_range(dec, field, path, node);

        *(int64_t *)value = number;
        return 0;
}

static int read_count(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                      void *value)
{
        int64_t number;
        int r = text_to_int64(node->text, &number);

        if (r == -ERANGE)
                return tell_range(dec, field, path, node);

        return r < 0 ? tell_unreadable(dec, field, path, node) : take_number(dec, field, path, node, number, value);
}

static int read_size(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                     void *value)
{
        int64_t bytes;
        int r = size_parse(node->text, &bytes, NULL);

        if (r == -ERANGE)
                return tell_range(dec, field, path, node);

        return r < 0 ? tell_unit(dec, field, path, node) : take_number(dec, field, path, node, bytes, value);
}

static int read_duration(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                         void *value)
{
        usec_t length;
        int r = duration_parse(node->text, &length, NULL);

        _Static_assert(sizeof(usec_t) == sizeof(int64_t), "durations are taken as numbers of a range");
        if (r == -ERANGE || (r == 0 && length > INT64_MAX))
                return tell_range(dec, field, path, node);

        return r < 0 ? tell_unit(dec, field, path, node) : take_number(dec, field, path, node, (int64_t)length, value);
}

static int read_rate(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                     void *value)
{
        int64_t per_minute;
        int r = rate_parse(node->text, &per_minute, NULL);

        if (r == -EINVAL)
                return tell_unit(dec, field, path, node);
        if (r < 0 || per_minute == 0)
                return tell_unreadable(dec, field, path, node);

        *(int64_t *)value = per_minute;
        return 0;
}

static int read_bitrate(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                        void *value)
{
        int64_t bits;
        int r = bitrate_parse(node->text, &bits, NULL);

        if (r == -EINVAL)
                return tell_unit(dec, field, path, node);
        if (r < 0)
                return tell_range(dec, field, path, node);

        return take_number(dec, field, path, node, bits, value);
}

static int read_share(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                      void *value)
{
        size_t n = strlen(node->text);
        struct share share = { .percent = n > 0 && node->text[n - 1] == '%', .given = true };
        _cleanup_free_ char *digits = strndup(node->text, share.percent ? n - 1 : n);
        int64_t max = share.percent ? 100 : SHARE_MAX;
        int r;

        if (!digits)
                return -ENOMEM;

        r = text_to_int64(digits, &share.value);
        if (r == -EINVAL)
                return tell_unreadable(dec, field, path, node);
        if (r < 0 || share.value < 0 || share.value > max) {
                char shown[EXCERPT_MAX];

                return decoder_mistake(dec, node, path, "is %s; write 0 to %d, or 0%% to 100%%",
                                       excerpt(node->text, shown), SHARE_MAX);
        }

        *(struct share *)value = share;
        return 0;
}

static int read_bool(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                     void *value)
{
        bool is_true = text_equal(node->text, "true");

        if (!is_true && !text_equal(node->text, "false"))
                return tell_unreadable(dec, field, path, node);

        *(bool *)value = is_true;
        if (field->given)
                *(bool *)((char *)value - field->offset + field->given) = true;
        return 0;
}

static int read_enum(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                     void *value)
{
        const char *nearest;
        char shown[EXCERPT_MAX];

        if (text_equal(node->text, field->later_word))
                return decoder_mistake(dec, node, path,
                                       "is %s, which is not supported by this version yet; leave it out", node->text);

        for (int i = 0; field->words[i]; i++)
                if (text_equal(field->words[i], node->text)) {
                        *(int *)value = i;
                        return 0;
                }

        nearest = text_nearest(node->text, field->words, count_words(field->words));
        if (!nearest || text_equal(nearest, field->later_word))
                return tell_unreadable(dec, field, path, node);

        return decoder_mistake(dec, node, path, "is \"%s\"; did you mean %s?", excerpt(node->text, shown), nearest);
}

/* What is found in place of something else. Its text is not shown: it may be a secret that stands where its name
 * should. */
static const char *shape_name(enum node_type shape)
{
        static const char *const names[] = {
                [NODE_SCALAR] = "a text", [NODE_SEQUENCE] = "a list", [NODE_MAPPING] = "a mapping"
        };

        return names[shape];
}

bool has_control_characters(const char *s)
{
        for (; *s; s++)
                if ((unsigned char)*s < 0x20 || *s == 0x7F)
                        return true;

        return false;
}

/* A text that may go on a line, into a header or a name: not empty, and without control characters. */
static int read_text(struct decoder *dec, const char *path, const struct node *node, const char *wants,
                     const char **ret)
{
        const char *text;

        if (node->type != NODE_SCALAR)
                return decoder_mistake(dec, node, path, "is %s; write %s", shape_name(node->type), wants);
        if (node_is_null(node))
                return decoder_mistake(dec, node, path, "has no value; write %s", wants);
        if (!*node->text)
                return decoder_mistake(dec, node, path, "is empty; write %s", wants);
        if (has_control_characters(node->text))
                return decoder_mistake(dec, node, path, "holds a control character or a line break; write %s", wants);
        if (text_equal(node->text, FIXME))
                return decoder_mistake(dec, node, path, "is " FIXME "; write %s", wants);

        text = strpool_add(dec->estate->strings, node->text);
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}

static int read_string(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                       void *value)
{
        char wants[WANTS_MAX];
        const char *text;

        if (!field->free_text)
                return read_text(dec, path, node, field_wants(field, wants), value);
        text = strpool_add(dec->estate->strings, node->text);
        if (!text)
                return -ENOMEM;

        *(const char **)value = text;
        return 0;
}

/* The name of a resource, or the vendor's id; which of the two, the checks find out. */
static int read_reference(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                          void *value)
{
        struct reference *reference = value;
        char wants[WANTS_MAX];

        return read_text(dec, path, node, field_wants(field, wants), &reference->name);
}

/* {ref: NAME} */
static int read_ref(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                    struct reference *reference)
{
        const struct node *name = node_get(node, "ref");
        char wants[WANTS_MAX];
        int r;

        if (node->n != 1 || !name)
                return decoder_mistake(dec, node, path, "is a mapping; write %s", field_wants(field, wants));
        if (!kind_find(field->kind))
                return decoder_mistake(
                        dec, node, path,
                        "names a %s by ref, which is not supported by this version yet; write the provider's own id",
                        field->kind);

        r = read_text(dec, path, name, field_wants(field, wants), &reference->name);
        reference->by_ref = reference->name;
        return r;
}

static int read_strings(struct decoder *dec, const struct field *field _unused_, const char *path,
                        const struct node *node, void *value)
{
        const char **items = strpool_alloc(dec->estate->strings, node->n * sizeof(*items));
        int r = items ? 0 : -ENOMEM;

        for (uint32_t i = 0; i < node->n && r == 0; i++) {
                const char *item = decoder_path_of_item(dec, path, i);

                items[i] = "";
                r = item ? decoder_record(dec, item, node->items[i]) : -ENOMEM;
                if (r == 0)
                        r = read_text(dec, item, node->items[i], "text", &items[i]);
        }
        if (r == 0)
                *(struct strings *)value = (struct strings){ .items = items, .n = node->n };

        return r;
}

/* Free text is allowed in a map, and the empty text: annotations may hold what they like. */
static int read_pair(struct decoder *dec, const char *around, const struct member *member, struct pair *ret)
{
        const char *path = decoder_path(dec, around, member->key->text);
        int r = path ? decoder_record(dec, path, member->value) : -ENOMEM;

        if (r < 0)
                return r;

        *ret = (struct pair){ .key = strpool_add(dec->estate->strings, member->key->text), .value = "" };
        if (!ret->key)
                return -ENOMEM;
        if (member->value->type != NODE_SCALAR)
                return decoder_mistake(dec, member->value, path, "is %s; write text", shape_name(member->value->type));
        if (node_is_null(member->value))
                return decoder_mistake(dec, member->value, path, "has no value; write text, or \"\"");

        ret->value = strpool_add(dec->estate->strings, member->value->text);
        return ret->value ? 0 : -ENOMEM;
}

static int read_map(struct decoder *dec, const struct field *field _unused_, const char *path, const struct node *node,
                    void *value)
{
        struct pair *items = strpool_alloc(dec->estate->strings, node->n * sizeof(*items));
        int r = items ? 0 : -ENOMEM;

        for (uint32_t i = 0; i < node->n && r == 0; i++)
                r = read_pair(dec, path, &node->members[i], &items[i]);
        if (r == 0)
                *(struct pairs *)value = (struct pairs){ .items = items, .n = node->n };

        return r;
}

/* An object without a table is handed on as its node. */
static int read_object(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                       void *value)
{
        struct part part = { .fields = field->members };
        int r;

        if (!field->members) {
                *(const struct node **)value = node;
                return 0;
        }

        part.base = strpool_alloc(dec->estate->strings, field->member_size);
        r = part.base ? decode_members(dec, path, node, &part, 1) : -ENOMEM;
        if (r == 0)
                *(void **)value = part.base;

        return r;
}

static int read_objects(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                        void *value)
{
        char *items = strpool_alloc(dec->estate->strings, (node->n + 1) * field->member_size);
        int r = items ? 0 : -ENOMEM;

        for (uint32_t i = 0; i < node->n && r == 0; i++) {
                struct part part = { .fields = field->members, .base = items + i * field->member_size };
                const char *item = decoder_path_of_item(dec, path, i);

                r = item ? decoder_record(dec, item, node->items[i]) : -ENOMEM;
                if (r == 0 && node->items[i]->type != NODE_MAPPING) {
                        char wants[WANTS_MAX];

                        r = decoder_mistake(dec, node->items[i], item, "is %s; write %s",
                                            shape_name(node->items[i]->type), list_members(field, wants));
                } else if (r == 0) {
                        r = decode_members(dec, item, node->items[i], &part, 1);
                }
        }
        if (r == 0)
                *(struct objects *)value = (struct objects){ .items = items, .n = node->n };

        return r;
}

static const struct reader {
        enum node_type shape;
        int (*read)(struct decoder *dec, const struct field *field, const char *path, const struct node *node,
                    void *value);
} readers[] = {
        [FIELD_STRING] = { NODE_SCALAR, read_string },
        [FIELD_BOOL] = { NODE_SCALAR, read_bool },
        [FIELD_COUNT] = { NODE_SCALAR, read_count },
        [FIELD_SIZE] = { NODE_SCALAR, read_size },
        [FIELD_DURATION] = { NODE_SCALAR, read_duration },
        [FIELD_RATE] = { NODE_SCALAR, read_rate },
        [FIELD_BITRATE] = { NODE_SCALAR, read_bitrate },
        [FIELD_SHARE] = { NODE_SCALAR, read_share },
        [FIELD_ENUM] = { NODE_SCALAR, read_enum },
        [FIELD_RESOURCE] = { NODE_SCALAR, read_reference },
        [FIELD_REFERENCE] = { NODE_SCALAR, read_reference },
        [FIELD_STRINGS] = { NODE_SEQUENCE, read_strings },
        [FIELD_MAP] = { NODE_MAPPING, read_map },
        [FIELD_OBJECT] = { NODE_MAPPING, read_object },
        [FIELD_OBJECTS] = { NODE_SEQUENCE, read_objects },
};

int decode_value(struct decoder *dec, const struct field *field, const char *path, const struct node *node, void *value)
{
        const struct reader *reader = &readers[field->type];
        char wants[WANTS_MAX];

        if (node_is_null(node))
                return decoder_mistake(dec, node, path, "has no value; write %s", field_wants(field, wants));
        if (field->type == FIELD_REFERENCE && node->type == NODE_MAPPING)
                return read_ref(dec, field, path, node, value);
        if (node->type != reader->shape)
                return decoder_mistake(dec, node, path, "is %s; write %s", shape_name(node->type),
                                       field_wants(field, wants));

        return reader->read(dec, field, path, node, value);
}
