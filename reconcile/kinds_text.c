/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/json.h"
#include "reconcile/base/units.h"
#include "reconcile/kinds.h"

static json_t *fields_to_json(const struct field *table, const void *base);

static json_t *number_to_json(const struct field *field, const void *value)
{
        char text[UNITS_TEXT_MAX];

        /* Where zero is out of the range, it stands for nothing given. */
        if (*(const int64_t *)value == 0 && field->min > 0 && !field->fallback)
                return json_null();

        switch (field->type) {
        case FIELD_SIZE:
                return json_string(size_text(*(const int64_t *)value, text));
        case FIELD_DURATION:
                return json_string(duration_text(*(const usec_t *)value, text));
        case FIELD_RATE:
                return json_string(rate_text(*(const int64_t *)value, text));
        case FIELD_BITRATE:
                return json_string(bitrate_text(*(const int64_t *)value, text));
        default:
                return json_integer(*(const int64_t *)value);
        }
}

static json_t *text_to_json(const char *text)
{
        return text ? json_string(text) : json_null();
}

static json_t *strings_to_json(const struct strings *strings)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < strings->n; i++)
                if (json_array_append_new(array, json_string(strings->items[i])) < 0) {
                        json_decref(array);
                        return NULL;
                }

        return array;
}

static json_t *pairs_to_json(const struct pairs *pairs)
{
        json_t *object = json_object();

        for (size_t i = 0; object && i < pairs->n; i++)
                if (json_object_set_new(object, pairs->items[i].key, json_string(pairs->items[i].value)) < 0) {
                        json_decref(object);
                        return NULL;
                }

        return object;
}

static json_t *objects_to_json(const struct field *field, const struct objects *objects)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < objects->n; i++) {
                const void *item = (const char *)objects->items + i * field->member_size;

                if (json_array_append_new(array, fields_to_json(field->members, item)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        }

        return array;
}

/* JSON's null: not given. NULL: out of memory. */
static json_t *value_to_json(const struct field *field, const void *value)
{
        switch (field->type) {
        case FIELD_STRING:
                return text_to_json(*(const char *const *)value);
        case FIELD_BOOL:
                return json_boolean(*(const bool *)value);
        case FIELD_ENUM:
                return json_string(field->words[*(const int *)value]);
        case FIELD_RESOURCE:
        case FIELD_REFERENCE:
                return text_to_json(((const struct reference *)value)->name);
        case FIELD_STRINGS:
                return strings_to_json(value);
        case FIELD_MAP:
                return pairs_to_json(value);
        case FIELD_OBJECT:
                return *(void *const *)value ? fields_to_json(field->members, *(void *const *)value) : json_null();
        case FIELD_OBJECTS:
                return objects_to_json(field, value);
        case FIELD_SHARE:
                return json_integer(((const struct share *)value)->value);
        default:
                return number_to_json(field, value);
        }
}

static json_t *fields_to_json(const struct field *table, const void *base)
{
        _cleanup_json_ json_t *object = json_object();

        for (const struct field *f = table; object && f->name; f++) {
                json_t *value;

                if (f->property != PROPERTY_NONE || f->type == FIELD_RESOURCE)
                        continue;
                value = value_to_json(f, (const char *)base + f->offset);
                if (json_is_null(value)) {
                        json_decref(value);
                        continue;
                }
                if (json_object_set_new(object, f->name, value) < 0)
                        return NULL;
        }

        return STEAL(object);
}

int fields_to_text(const struct field *table, const void *base, struct buf *b)
{
        _cleanup_json_ json_t *object = fields_to_json(table, base);

        return object ? json_print(object, JSON_COMPACT, b) : -ENOMEM;
}
