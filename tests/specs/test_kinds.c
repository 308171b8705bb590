/* SPDX-License-Identifier: MIT */

/*
 * The kinds' tables: that they hold together, and what is found with them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "reconcile/base/array.h"
#include "specs/decoder.h"
#include "tests/specs/load.h"

static const size_t value_sizes[] = {
        [FIELD_STRING] = sizeof(char *),
        [FIELD_BOOL] = sizeof(bool),
        [FIELD_COUNT] = sizeof(int64_t),
        [FIELD_SIZE] = sizeof(int64_t),
        [FIELD_DURATION] = sizeof(usec_t),
        [FIELD_RATE] = sizeof(int64_t),
        [FIELD_BITRATE] = sizeof(int64_t),
        [FIELD_SHARE] = sizeof(struct share),
        [FIELD_ENUM] = sizeof(int),
        [FIELD_RESOURCE] = sizeof(struct reference),
        [FIELD_REFERENCE] = sizeof(struct reference),
        [FIELD_STRINGS] = sizeof(struct strings),
        [FIELD_MAP] = sizeof(struct pairs),
        [FIELD_OBJECT] = sizeof(void *),
        [FIELD_OBJECTS] = sizeof(struct objects),
};

static void assert_field(const struct field *f)
{
        assert_non_null(f->help);
        assert_null(strchr(f->help, '\n'));
        assert_int_equal(f->type == FIELD_ENUM, f->words != NULL);
        assert_int_equal(f->type == FIELD_RESOURCE || f->type == FIELD_REFERENCE, f->kind != NULL);
        if (f->type == FIELD_STRING)
                assert_true(f->min == 0 && (f->max == 0 || f->pattern));
        else
                assert_int_equal(f->type == FIELD_COUNT || f->type == FIELD_SIZE || f->type == FIELD_DURATION ||
                                         f->type == FIELD_BITRATE,
                                 f->max > 0);
        assert_true(f->min >= 0 && f->min <= f->max);
        assert_true(!f->pattern || f->type == FIELD_STRING);
        assert_false(f->later && (f->required || f->fallback));
        assert_false(f->required && f->fallback);
        if (f->type == FIELD_OBJECT && !f->later)
                assert_true(f->members && f->member_size > 0);
}

/* The values of two fields do not lie in one place. */
static void assert_table(const struct field *table, size_t size)
{
        for (const struct field *f = table; f->name; f++) {
                assert_field(f);
                assert_true(f->offset + value_sizes[f->type] <= size);
                assert_ptr_equal(field_find(table, f->name), f);
                assert_true(!f->unless || (field_find(table, f->unless) && !text_equal(f->unless, f->name)));
                for (const struct field *g = table; g < f; g++)
                        assert_true(g->offset + value_sizes[g->type] <= f->offset ||
                                    f->offset + value_sizes[f->type] <= g->offset);
                if (f->members)
                        assert_table(f->members, f->member_size);
        }
}

static void test_tables(void **state _unused_)
{
        assert_table(common_fields, sizeof(struct resource));
        for (size_t i = 0; kinds[i]; i++) {
                assert_table(kinds[i]->fields, kinds[i]->spec_size);
                assert_ptr_equal(kind_find(kinds[i]->name), kinds[i]);
                for (const struct field *f = common_fields; f->name; f++)
                        assert_null(field_find(kinds[i]->fields, f->name));
        }
        for (size_t i = 0; kinds_later[i]; i++)
                assert_null(kind_find(kinds_later[i]));
        assert_null(kind_find("machineset"));
}

static void test_machine_fields(void **state _unused_)
{
        static const char *const names[] = {
                [PROPERTY_TEMPLATE] = "template",   [PROPERTY_MODEL] = "model",
                [PROPERTY_IMAGE] = "image",         [PROPERTY_CPU] = "cpu",
                [PROPERTY_MEMORY] = "memory",       [PROPERTY_NETWORK] = "network",
                [PROPERTY_BANDWIDTH] = "bandwidth",
        };

        assert_null(property_field(PROPERTY_NONE));
        for (enum property m = PROPERTY_NONE + 1; m < PROPERTIES; m++) {
                assert_int_equal(property_find(property_name(m)), m);
                if (m < ARRAY_SIZE(names))
                        assert_string_equal(property_field(m)->name, names[m]);
                else
                        assert_null(property_field(m));
        }
        assert_int_equal(property_find("colour"), PROPERTY_NONE);
        assert_int_equal(property_find(""), PROPERTY_NONE);
}

/* The reference to the provider is the field of that name. */
static void test_provider_offset(void **state _unused_)
{
        assert_int_equal(kind_machine_set.provider_offset, field_find(kind_machine_set.fields, "provider")->offset);
        assert_true(kind_machine_set.provider_offset > 0);
        for (size_t i = 0; kinds[i]; i++)
                assert_int_equal(field_find(kinds[i]->fields, "provider") != NULL, kinds[i]->provider_offset > 0);
        assert_int_equal(kind_provider.provider_offset, 0);
        assert_int_equal(kind_policy.provider_offset, 0);
}

static void add(struct estate *estate, const struct kind *kind, const char *name)
{
        struct resource *r = strpool_alloc(estate->strings, sizeof(*r)), **slot;

        assert_non_null(r);
        *r = (struct resource){ .kind = kind, .name = name, .position.file = "x.yaml" };
        assert_int_equal(array_reserve((void **)&estate->resources, &estate->allocated_resources,
                                       estate->n_resources + 1, sizeof(*slot)),
                         0);
        estate->resources[estate->n_resources++] = r;
}

static void test_estate(void **state _unused_)
{
        static const char *const sorted[] = { "Provider/web",    "MachineSet/a",     "MachineSet/web",
                                              "MachineSet/web2", "MachineSet/web10", "Policy/prod" };
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        char text[RESOURCE_TEXT_MAX];

        assert_int_equal(estate_new(&estate), 0);
        assert_string_equal(estate->name, "default");
        estate_sort(estate);
        assert_null(estate_find(estate, &kind_policy, "prod"));

        add(estate, &kind_machine_set, "web10");
        add(estate, &kind_policy, "prod");
        add(estate, &kind_machine_set, "web2");
        add(estate, &kind_provider, "web");
        add(estate, &kind_machine_set, "web");
        add(estate, &kind_machine_set, "a");
        estate_sort(estate);
        assert_int_equal(estate->n_resources, ARRAY_SIZE(sorted));
        for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
                struct resource *r = estate->resources[i];

                assert_string_equal(resource_text(r, text), sorted[i]);
                assert_ptr_equal(estate_find(estate, r->kind, r->name), r);
        }
        assert_null(estate_find(estate, &kind_machine_set, "prod"));
        assert_null(estate_find(estate, &kind_policy, "web"));
        assert_null(estate_free(NULL));
}

/* A table as none of this version's kinds has it: an object with defaults in it. */
struct inner {
        int64_t number;
        usec_t wait;
};

struct outer {
        struct inner *inner;
        struct inner *bare;
};

static const struct field inner_fields[] = {
        { .name = "number", .type = FIELD_COUNT, .offset = offsetof(struct inner, number), .max = 10, .fallback = "3" },
        { .name = "wait", .type = FIELD_DURATION, .offset = offsetof(struct inner, wait), .max = 10 },
        { 0 },
};
static const struct field bare_fields[] = {
        { .name = "wait", .type = FIELD_DURATION, .offset = offsetof(struct inner, wait), .max = 10 },
        { 0 },
};
static const struct field outer_fields[] = {
        { .name = "inner",
          .type = FIELD_OBJECT,
          .offset = offsetof(struct outer, inner),
          .members = inner_fields,
          .member_size = sizeof(struct inner) },
        { .name = "bare",
          .type = FIELD_OBJECT,
          .offset = offsetof(struct outer, bare),
          .members = bare_fields,
          .member_size = sizeof(struct inner) },
        { 0 },
};

static void test_defaults_of_objects(void **state _unused_)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        struct draft draft = { .resource = &(struct resource){ 0 } };
        struct decoder dec = { .diagnostics = &d, .file = "x.yaml", .draft = &draft };
        struct outer outer = { 0 };
        const struct part part = { outer_fields, &outer };
        const struct node nothing = { .type = NODE_MAPPING, .line = 1, .column = 1 };

        assert_int_equal(estate_new(&estate), 0);
        dec.estate = estate;
        assert_int_equal(decode_members(&dec, "spec", &nothing, &part, 1), 0);
        assert_int_equal(d.n, 0);
        assert_non_null(outer.inner);
        assert_int_equal(outer.inner->number, 3);
        assert_int_equal(outer.inner->wait, 0);
        assert_null(outer.bare);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tables),
                cmocka_unit_test(test_machine_fields),
                cmocka_unit_test(test_provider_offset),
                cmocka_unit_test(test_estate),
                cmocka_unit_test(test_defaults_of_objects),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
