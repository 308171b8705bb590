/* SPDX-License-Identifier: MIT */

/*
 * References that lead back to where they begin, between resources of a kind that may refer to its own, as none of the language does.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "specs/check.h"
#include "specs/diagnostics.h"

#define NODES 6

struct node_spec {
        struct reference next;
        struct objects others; /* struct reference */
};

static const struct field other_fields[] = {
        { .name = "ref", .type = FIELD_RESOURCE, .offset = 0, .kind = "Node" },
        { 0 },
};
static const struct field node_fields[] = {
        { .name = "next", .type = FIELD_REFERENCE, .offset = offsetof(struct node_spec, next), .kind = "Node" },
        { .name = "others",
          .type = FIELD_OBJECTS,
          .offset = offsetof(struct node_spec, others),
          .members = other_fields,
          .member_size = sizeof(struct reference) },
        { 0 },
};
static const struct kind kind_node = { .name = "Node", .fields = node_fields, .spec_size = sizeof(struct node_spec) };

/* Nodes a to f. */
struct nodes {
        struct node_spec specs[NODES];
        struct reference others[NODES][NODES];
        struct resource resources[NODES], *list[NODES];
        struct estate estate;
};

static void nodes_init(struct nodes *n)
{
        static const char *const names[NODES] = { "a", "b", "c", "d", "e", "f" };

        *n = (struct nodes){ .estate = { .resources = n->list, .n_resources = NODES } };
        for (size_t i = 0; i < NODES; i++) {
                n->resources[i] = (struct resource){ .kind = &kind_node,
                                                     .name = names[i],
                                                     .position = { .file = "all.yaml", .line = (uint32_t)(10 * i + 1) },
                                                     .spec = &n->specs[i] };
                n->specs[i].others.items = n->others[i];
                n->list[i] = &n->resources[i];
        }
}

/* "ab" is a's next, "a,b" one of its others. */
static void refer(struct nodes *n, const char *text)
{
        size_t from = (size_t)(text[0] - 'a'), to = (size_t)(text[strlen(text) - 1] - 'a');
        struct node_spec *spec = &n->specs[from];
        struct reference *reference = text[1] == ',' ? &n->others[from][spec->others.n++] : &spec->next;

        *reference = (struct reference){ .name = n->list[to]->name, .resource = n->list[to] };
}

/* What is told of these references, one line each. */
static void check(const char *const *references, const char *expected)
{
        struct diagnostics d = { 0 };
        struct nodes n;
        char told[4096] = "";

        nodes_init(&n);
        for (; *references; references++)
                refer(&n, *references);
        assert_int_equal(check_cycles(&n.estate, &d), 0);
        assert_int_equal(diagnostics_finish(&d), 0);
        for (size_t i = 0; i < d.n; i++) {
                size_t used = strlen(told);

                (void)snprintf(told + used, sizeof(told) - used, "%u: %.*s\n", d.items[i].position.line,
                               (int)strcspn(d.items[i].message, ";"), d.items[i].message);
        }
        assert_string_equal(told, expected);
        diagnostics_done(&d);
}

#define CHECK(expected, ...) check((const char *const[]){ __VA_ARGS__, NULL }, expected)

static void what_leads_nowhere_is_right(void **state)
{
        (void)state;
        check((const char *const[]){ NULL }, "");
        CHECK("", "ab", "bc", "cd");
        CHECK("", "ab", "a,c", "a,d", "bd", "cd", "de", "c,e", "c,f");
}

static void members_are_named(void **state)
{
        (void)state;
        CHECK("1: spec leads back to where it begins: Node/a (all.yaml:1) -> Node/a\n", "aa");
        CHECK("11: spec leads back to where it begins: Node/b (all.yaml:11) -> Node/c (all.yaml:21) -> Node/b\n", "ab",
              "bc", "cb", "fa");
        CHECK("1: spec leads back to where it begins: Node/a (all.yaml:1) -> Node/c (all.yaml:21) -> Node/a\n", "ab",
              "a,c", "c,e", "c,a");
}

static void each_circle_is_told(void **state)
{
        (void)state;
        CHECK("1: spec leads back to where it begins: Node/a (all.yaml:1) -> Node/b (all.yaml:11) -> Node/a\n"
              "31: spec leads back to where it begins: Node/d (all.yaml:31) -> Node/e (all.yaml:41) -> Node/f "
              "(all.yaml:51) -> Node/d\n",
              "ab", "ba", "c,b", "c,d", "de", "ef", "fd");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_leads_nowhere_is_right),
                cmocka_unit_test(members_are_named),
                cmocka_unit_test(each_circle_is_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
