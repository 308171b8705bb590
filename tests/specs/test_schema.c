/* SPDX-License-Identifier: MIT */

/*
 * The JSON Schema that is made from the kinds' tables: the whole of it against schema/schema.json, which
 * `muster schema > tests/specs/schema/schema.json` writes anew, and what the tables of today have no field for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cmd/output.h"
#include "providers/providers.h"
#include "reconcile/kinds.h"
#include "specs/schema.h"
#include "tests/support/files.h"

#define TEXT_MAX ((size_t)1 << 20)

static void test_whole(void **state _unused_)
{
        const char *types[16] = { 0 };
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);
        _cleanup_json_ json_t *schema = NULL;

        for (size_t i = 0; vendors[i].codec; i++) {
                assert_true(i + 1 < ARRAY_SIZE(types));
                types[i] = vendors[i].codec->type;
        }

        assert_int_equal(schema_of_all(types, &schema), 0);
        assert_int_equal(output_json_to(schema, &text), 0);
        assert_same_as_file(buf_text(&text), "specs/schema/schema.json");
}

/* The schema of a kind is its definition in the whole, and says which draft it is of. */
static void test_kinds(void **state _unused_)
{
        static const char *const types[] = { "a", "b", NULL };
        _cleanup_json_ json_t *whole = NULL;

        assert_int_equal(schema_of_all(types, &whole), 0);
        for (size_t i = 0; kinds[i]; i++) {
                _cleanup_json_ json_t *schema = NULL;
                json_t *definition = json_object_get(json_object_get(whole, "definitions"), kinds[i]->name);

                assert_int_equal(schema_of_kind(kinds[i], types, &schema), 0);
                assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
                                    json_string_value(json_object_get(whole, "$schema")));
                assert_int_equal(json_object_del(schema, "$schema"), 0);
                assert_true(json_equal(schema, definition));
        }
}

static const char *const words[] = { "red", "green", "blue", NULL };
static const struct field part_fields[] = {
        { .name = "size", .type = FIELD_SIZE, .required = true, .min = 1024, .max = 4096, .help = "how much" },
        { 0 },
};
static const struct field fields[] = {
        { .name = "parts", .type = FIELD_OBJECTS, .members = part_fields, .help = "a list" },
        { .name = "color", .type = FIELD_ENUM, .words = words, .later_word = "green", .help = "one of some" },
        { .name = "most", .type = FIELD_COUNT, .max = 9, .fallback = "-1", .help = "a default that means none" },
        { .name = "least", .type = FIELD_COUNT, .max = 9, .fallback = "3", .unless = "most", .help = "a default" },
        { .name = "soon", .type = FIELD_BOOL, .later = true, .help = "nothing yet" },
        { 0 },
};
static const struct kind made_up = { .name = "MadeUp", .fields = fields, .help = "a kind of this test" };

static json_t *member(const json_t *schema, const char *name)
{
        return json_object_get(json_object_get(schema, "properties"), name);
}

static void assert_json(const json_t *value, const char *expected)
{
        _cleanup_free_ char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        assert_non_null(text);
        assert_string_equal(text, expected);
}

static void test_fields(void **state _unused_)
{
        static const char *const types[] = { NULL };
        _cleanup_json_ json_t *schema = NULL;
        json_t *spec;

        assert_int_equal(schema_of_kind(&made_up, types, &schema), 0);
        spec = member(schema, "spec");

        assert_json(member(spec, "parts"),
                    "{\"description\":\"a list\",\"type\":\"array\",\"items\":{\"type\":\"object\","
                    "\"additionalProperties\":false,\"properties\":{\"size\":{\"description\":\"how much\","
                    "\"type\":\"string\",\"pattern\":\"^(([1-4])KiB)$\",\"errorMessage\":"
                    "\"write a size with its unit, like 512MiB or 8GiB, from 1KiB to 4KiB\"}},"
                    "\"required\":[\"size\"]}}");
        assert_json(member(spec, "color"), "{\"description\":\"one of some\",\"enum\":[\"red\",\"blue\"]}");
        assert_null(json_object_get(member(spec, "most"), "default"));
        assert_json(json_object_get(member(spec, "least"), "default"), "3");
        assert_json(json_object_get(spec, "dependencies"), "{\"least\":{\"properties\":{\"most\":false}}}");
        assert_null(member(spec, "soon"));

        /* Nothing in its spec is required, so that the spec is not. */
        assert_json(json_object_get(schema, "required"), "[\"apiVersion\",\"kind\",\"metadata\"]");
        assert_null(json_object_get(spec, "required"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_whole),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_fields),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
