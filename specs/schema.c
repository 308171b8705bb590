/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "reconcile/base/text.h"
#include "specs/decoder.h"
#include "specs/pattern.h"
#include "specs/schema.h"
#include "specs/write.h"

#define PATTERN_MAX 4096
#define DRAFT "http://json-schema.org/draft-07/schema#"

/* Control characters are nowhere but in free text, and FIXME nowhere else either. An '=' is what ends the key of a label
 * in -l KEY=VALUE. */
#define TEXT_PATTERN "^(?!" FIXME "$)[^\\x00-\\x1f\\x7f]+$"
#define LABEL_PATTERN "^[^\\x00-\\x1f\\x7f]*$"
#define LABEL_KEY_PATTERN "^[^=\\x00-\\x1f\\x7f]+$"

/*
 * Building goes on after a failure, with NULL in place of what could not be made: jansson takes NULL for a value
 * everywhere and fails again. So each function that makes a value returns NULL when anything in it is missing.
 */

/* The object when `failed` is not set, else NULL. Takes the object over. */
static json_t *object_unless(json_t *object, int failed)
{
        if (!failed)
                return object;

        json_decref(object);
        return NULL;
}

/* A text where YAML may see a number or a truth: muster takes each as the text that was written. */
static json_t *text_schema(const char *pattern)
{
        return json_pack("{s:[s,s,s], s:s}", "type", "string", "number", "boolean", "pattern", pattern);
}

static json_t *string_schema(const struct field *field)
{
        _cleanup_json_ json_t *schema = NULL;

        if (field->free_text)
                return json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean");
        if (!field->pattern)
                return text_schema(TEXT_PATTERN);

        schema = json_pack("{s:[s,s], s:s}", "type", "string", "boolean", "pattern", field->pattern);
        if (field->max > 0 && json_object_set_new(schema, "maxLength", json_integer(field->max)) < 0)
                return NULL;

        return STEAL(schema);
}

/* A text that fits the pattern. */
static json_t *pattern_schema(const struct buf *pattern)
{
        return pattern->failed ? NULL : json_pack("{s:s, s:s}", "type", "string", "pattern", buf_text(pattern));
}

/* A number, or a text that fits the pattern: a number in quotes, for example. */
static json_t *number_schema(int64_t min, int64_t max, const struct buf *pattern)
{
        if (pattern->failed)
                return NULL;

        return json_pack("{s:[s,s], s:I, s:I, s:s}", "type", "integer", "string", "minimum", (json_int_t)min, "maximum",
                         (json_int_t)max, "pattern", buf_text(pattern));
}

static json_t *bool_schema(void)
{
        return json_pack("{s:[s,s], s:s}", "type", "boolean", "string", "pattern", "^(true|false)$");
}

static json_t *count_schema(const struct field *field)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

        (void)buf_adds(&pattern, "^(");
        pattern_add_range(&pattern, (uint64_t)field->min, (uint64_t)field->max);
        (void)buf_adds(&pattern, ")$");

        return number_schema(field->min, field->max, &pattern);
}

static json_t *units_schema(const struct field *field, const struct unit *units)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

        (void)buf_adds(&pattern, "^(");
        pattern_add_units(&pattern, units, (uint64_t)field->min, (uint64_t)field->max);
        (void)buf_adds(&pattern, ")$");

        return pattern_schema(&pattern);
}

/* Rates have no range. */
static json_t *rate_schema(void)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

        (void)buf_adds(&pattern, "^[1-9][0-9]*(");
        for (const struct unit *unit = rate_units; unit->name; unit++)
                (void)buf_addf(&pattern, "%s%s", unit > rate_units ? "|" : "", unit->name);
        (void)buf_adds(&pattern, ")$");

        return pattern_schema(&pattern);
}

static json_t *share_schema(void)
{
        _cleanup_buf_ struct buf pattern = BUF_INIT(PATTERN_MAX);

        (void)buf_adds(&pattern, "^(");
        pattern_add_range(&pattern, 0, SHARE_MAX);
        (void)buf_adds(&pattern, "|(");
        pattern_add_range(&pattern, 0, 100);
        (void)buf_adds(&pattern, ")%)$");

        return number_schema(0, SHARE_MAX, &pattern);
}

static json_t *enum_schema(const char *const *words, const char *later_word)
{
        _cleanup_json_ json_t *known = json_array();

        for (size_t i = 0; words[i]; i++)
                if (!text_equal(words[i], later_word) && json_array_append_new(known, json_string(words[i])) < 0)
                        return NULL;

        return json_pack("{s:O}", "enum", known);
}

static json_t *object_schema(const struct field *const *tables);

static json_t *members_schema(const struct field *field)
{
        const struct field *const tables[] = { field->members, NULL };

        return object_schema(tables);
}

/* The vendor's own id, or {ref: NAME} where this version has what may be named. */
static json_t *reference_schema(const struct field *field)
{
        static const struct field resource_name = { .max = RESOURCE_NAME_MAX, .pattern = RESOURCE_NAME_PATTERN };

        if (!kind_find(field->kind))
                return text_schema(TEXT_PATTERN);

        return json_pack("{s:[o, {s:s, s:{s:o}, s:[s], s:b}]}", "anyOf", text_schema(TEXT_PATTERN), "type", "object",
                         "properties", "ref", string_schema(&resource_name), "required", "ref", "additionalProperties",
                         false);
}

static json_t *value_schema(const struct field *field)
{
        static const struct field resource_name = { .max = RESOURCE_NAME_MAX, .pattern = RESOURCE_NAME_PATTERN };

        switch (field->type) {
        case FIELD_STRING:
                return string_schema(field);
        case FIELD_RESOURCE:
                return string_schema(&resource_name);
        case FIELD_REFERENCE:
                return reference_schema(field);
        case FIELD_BOOL:
                return bool_schema();
        case FIELD_COUNT:
                return count_schema(field);
        case FIELD_SIZE:
                return units_schema(field, size_units);
        case FIELD_DURATION:
                return units_schema(field, duration_units);
        case FIELD_RATE:
                return rate_schema();
        case FIELD_BITRATE:
                return units_schema(field, bitrate_units);
        case FIELD_SHARE:
                return share_schema();
        case FIELD_ENUM:
                return enum_schema(field->words, field->later_word);
        case FIELD_STRINGS:
                return json_pack("{s:s, s:o}", "type", "array", "items", text_schema(TEXT_PATTERN));
        case FIELD_MAP:
                return json_pack("{s:s, s:{s:[s,s,s]}}", "type", "object", "additionalProperties", "type", "string",
                                 "number", "boolean");
        case FIELD_OBJECT:
                return members_schema(field);
        case FIELD_OBJECTS:
                return json_pack("{s:s, s:o}", "type", "array", "items", members_schema(field));
        }

        return NULL;
}

/* What an editor says of a value that does not fit, in the words of the decoder. Other validators pass over it. */
static json_t *error_message(const struct field *field)
{
        char wants[WANTS_MAX], min[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

        if (field->type != FIELD_COUNT && field->type != FIELD_SIZE && field->type != FIELD_DURATION)
                return json_sprintf("write %s", field_wants(field, wants));

        return json_sprintf("write %s, from %s to %s", field_wants(field, wants), field_number(field, field->min, min),
                            field_number(field, field->max, max));
}

/* The default as the schema's type has it. One out of its field's range stands for there being none. */
static int add_default(json_t *schema, const struct field *field)
{
        json_t *value;
        int64_t number;

        if (!field->fallback)
                return 0;

        if (field->type == FIELD_BOOL) {
                value = json_boolean(text_equal(field->fallback, "true"));
        } else if (field->type == FIELD_COUNT) {
                if (text_to_int64(field->fallback, &number) < 0 || number < field->min || number > field->max)
                        return 0;
                value = json_integer(number);
        } else {
                value = json_string(field->fallback);
        }

        return json_object_set_new(schema, "default", value);
}

/* A schema with what it is about before all else. Takes the schema over. */
static json_t *described(const char *description, json_t *schema)
{
        json_t *whole = json_pack("{s:s}", "description", description);
        int failed = !schema || json_object_update(whole, schema) < 0;

        json_decref(schema);
        return object_unless(whole, failed);
}

static json_t *field_schema(const struct field *field)
{
        json_t *schema = described(field->help, value_schema(field));
        int failed = !schema;

        if (!failed && json_object_get(schema, "pattern"))
                failed = json_object_set_new(schema, "errorMessage", error_message(field));
        if (!failed)
                failed = add_default(schema, field);

        return object_unless(schema, failed);
}

/* The member of an object; where there is none, `fresh` becomes it. Takes `fresh` over. */
static json_t *member_or(json_t *object, const char *key, json_t *fresh)
{
        json_t *member = json_object_get(object, key);

        if (!member)
                return json_object_set_new(object, key, fresh) < 0 ? NULL : json_object_get(object, key);

        json_decref(fresh);
        return member;
}

static int add_required(json_t *object, const char *name)
{
        return json_array_append_new(member_or(object, "required", json_array()), json_string(name));
}

/* A field that is there says that another is not. */
static int add_unless(json_t *object, const struct field *field)
{
        json_t *no_other = json_pack("{s:{s:b}}", "properties", field->unless, 0);

        return json_object_set_new(member_or(object, "dependencies", json_object()), field->name, no_other);
}

/* Fields that this version does not carry out are left out: they are unknown to it. */
static int add_fields(json_t *object, const struct field *table)
{
        json_t *properties = json_object_get(object, "properties");
        int failed = 0;

        for (const struct field *f = table; f->name && !failed; f++) {
                if (f->later)
                        continue;
                failed = json_object_set_new(properties, f->name, field_schema(f));
                if (!failed && f->required)
                        failed = add_required(object, f->name);
                if (!failed && f->unless)
                        failed = add_unless(object, f);
        }

        return failed;
}

/* A mapping of the fields of all tables, of which NULL is the end. */
static json_t *object_schema(const struct field *const *tables)
{
        json_t *object = json_pack("{s:s, s:b, s:{}}", "type", "object", "additionalProperties", 0, "properties");
        int failed = !object;

        for (size_t i = 0; tables[i] && !failed; i++)
                failed = add_fields(object, tables[i]);

        return object_unless(object, failed);
}

/* Labels are held to what -l KEY=VALUE can select. */
static json_t *metadata_schema(void)
{
        const struct field *const tables[] = { metadata_fields, NULL };
        _cleanup_json_ json_t *rules = json_pack("{s:{s:s}, s:o}", "propertyNames", "pattern", LABEL_KEY_PATTERN,
                                                 "additionalProperties", text_schema(LABEL_PATTERN));
        json_t *metadata = object_schema(tables);
        json_t *labels = json_object_get(json_object_get(metadata, "properties"), "labels");

        return object_unless(metadata, json_object_update(labels, rules));
}

/* Of the types of Provider the tables know nothing. */
static json_t *spec_schema(const struct kind *kind, const char *const *types)
{
        const struct field *const tables[] = { common_fields, kind->fields, NULL };
        json_t *spec = object_schema(tables);

        if (!spec || kind != &kind_provider)
                return spec;

        return object_unless(
                spec, json_object_set_new(json_object_get(spec, "properties"), "type",
                                          described(field_find(kind->fields, "type")->help, enum_schema(types, NULL))));
}

static json_t *constant_schema(const char *value)
{
        return json_pack("{s:s}", "const", value);
}

static const char *document_help(const char *name)
{
        return field_find(document_fields, name)->help;
}

static bool requires_spec(const struct kind *kind)
{
        for (const struct field *f = kind->fields; f->name; f++)
                if (f->required)
                        return true;

        return false;
}

/* What every document of every kind must have. */
static int add_required_members(json_t *schema)
{
        int failed = 0;

        for (const struct field *f = document_fields; f->name && !failed; f++)
                if (f->required)
                        failed = add_required(schema, f->name);

        return failed;
}

/* Adds to `schema` what the documents of a kind are. */
static int add_document(json_t *schema, const struct kind *kind, const char *const *types)
{
        _cleanup_json_ json_t *document = json_pack("{s:s, s:s, s:s, s:b, s:{s:o, s:o, s:o, s:o}}", "title", kind->name,
                                                    "description", kind->help, "type", "object", "additionalProperties",
                                                    0, "properties", "apiVersion", constant_schema(API_VERSION), "kind",
                                                    described(kind->help, constant_schema(kind->name)), "metadata",
                                                    described(document_help("metadata"), metadata_schema()), "spec",
                                                    described(document_help("spec"), spec_schema(kind, types)));
        int failed = !document || json_object_update(schema, document) < 0;

        if (!failed)
                failed = add_required_members(schema);
        if (!failed && requires_spec(kind))
                failed = add_required(schema, "spec");

        return failed ? -ENOMEM : 0;
}

int schema_of_kind(const struct kind *kind, const char *const *types, json_t **ret)
{
        _cleanup_json_ json_t *schema = json_pack("{s:s}", "$schema", DRAFT);

        if (add_document(schema, kind, types) < 0)
                return -ENOMEM;

        *ret = STEAL(schema);
        return 0;
}

/* The documents of a kind, by its name. */
static json_t *definitions(const char *const *types)
{
        _cleanup_json_ json_t *all = json_object();

        for (size_t i = 0; kinds[i]; i++) {
                _cleanup_json_ json_t *document = json_object();

                if (add_document(document, kinds[i], types) < 0 || json_object_set(all, kinds[i]->name, document) < 0)
                        return NULL;
        }

        return STEAL(all);
}

/* A document that says that it is of a kind is one of that kind: so that a mistake in it is told as the mistake that
 * it is, not as the lack of a kind that it fits. */
static json_t *choice_of_kind(void)
{
        _cleanup_json_ json_t *all = json_array();

        for (size_t i = 0; kinds[i]; i++) {
                json_t *one = json_pack("{s:{s:s, s:{s:o}, s:[s]}, s:{s:o}}", "if", "type", "object", "properties",
                                        "kind", constant_schema(kinds[i]->name), "required", "kind", "then", "$ref",
                                        json_sprintf("#/definitions/%s", kinds[i]->name));

                if (json_array_append_new(all, one) < 0)
                        return NULL;
        }

        return STEAL(all);
}

static json_t *names_of_kinds(void)
{
        _cleanup_json_ json_t *names = json_array();

        for (size_t i = 0; kinds[i]; i++)
                if (json_array_append_new(names, json_string(kinds[i]->name)) < 0)
                        return NULL;

        return json_pack("{s:O}", "enum", names);
}

/* An empty document is one that is passed over. */
int schema_of_all(const char *const *types, json_t **ret)
{
        _cleanup_json_ json_t *schema = json_pack(
                "{s:s, s:s, s:s, s:[s,s], s:{s:o, s:o}}", "$schema", DRAFT, "title", API_VERSION, "description",
                "a document of muster's specs", "type", "object", "null", "properties", "apiVersion",
                constant_schema(API_VERSION), "kind", described(document_help("kind"), names_of_kinds()));

        if (!schema || add_required_members(schema) || json_object_set_new(schema, "allOf", choice_of_kind()) < 0 ||
            json_object_set_new(schema, "definitions", definitions(types)) < 0)
                return -ENOMEM;

        *ret = STEAL(schema);
        return 0;
}
