/* SPDX-License-Identifier: MIT */

/*
 * The plan as a value: its texts, its order, and what of it was approved.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/plan.h"

static struct plan *make_plan(void)
{
        struct plan *p = NULL;

        assert_int_equal(plan_new(&p), 0);
        return p;
}

static void add_section(struct plan *p, const char *resource, const char *provider, const char *file)
{
        struct section *s = ARRAY_ADD(p->sections, p->n_sections, p->allocated_sections);

        assert_non_null(s);
        *s = (struct section){
                .resource = resource, .provider = provider, .headline = "", .message = "", .position = { .file = file }
        };
}

/* Of the section that was added last. */
static struct action *add_action(struct plan *p, enum action_verb verb, const char *name)
{
        struct action *a = ARRAY_ADD(p->actions, p->n_actions, p->allocated_actions);

        assert_non_null(a);
        *a = (struct action){
                .verb = verb, .kind = "Machine", .name = name, .reason = "", .section = p->n_sections - 1
        };
        p->sections[a->section].n_actions++;
        return a;
}

/* No text is cut, however long; two that part behind the first thousands of bytes are two. */
static void test_long_texts(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        static char one[5000], two[5000];

        memset(one, 'a', sizeof(one) - 1);
        memcpy(two, one, sizeof(two));
        two[sizeof(two) - 2] = 'b';
        assert_string_equal(plan_string(p, "%s", one), one);
        assert_string_not_equal(plan_string(p, "%s", one), plan_string(p, "%s", two));
        assert_int_equal(plan_check(p), 0);
        plan_fail(p);
        assert_int_equal(plan_check(p), -ENOMEM);
}

static void test_order_of_sections(_unused_ void **state)
{
        static const struct {
                const char *resource, *provider, *file;
        } sections[] = {
                { "MachineSet/old", "star", NULL },        { "MachineSet/web-10", "star", "a.yaml" },
                { "LoadBalancer/shop", "star", "a.yaml" }, { "MachineSet/web-2", "star", "b.yaml" },
                { "SecurityGroup/web", "star", "a.yaml" }, { "MachineSet/old", "fin", NULL },
        };
        static const char *const expected[] = { "MachineSet/web-2",  "MachineSet/web-10", "SecurityGroup/web",
                                                "LoadBalancer/shop", "MachineSet/old",    "MachineSet/old" };
        _cleanup_(plan_free_p) struct plan *p = make_plan();

        for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
                add_section(p, sections[i].resource, sections[i].provider, sections[i].file);
                (void)add_action(p, ACTION_CREATE, sections[i].resource);
        }
        assert_int_equal(plan_sort(p), 0);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                assert_string_equal(p->sections[i].resource, expected[i]);
                assert_string_equal(p->actions[i].name, expected[i]);
                assert_int_equal(p->actions[i].section, i);
        }
        assert_string_equal(p->sections[4].provider, "fin");
}

static void test_names_below_their_section(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();

        add_section(p, "LoadBalancer/shop", "star", NULL);
        assert_string_equal(plan_action_name(p, add_action(p, ACTION_CREATE, "shop/web-3:8080")), "web-3:8080");
        assert_string_equal(plan_action_name(p, add_action(p, ACTION_CREATE, "shop")), "shop");
        assert_string_equal(plan_action_name(p, add_action(p, ACTION_CREATE, "shopping/web-3:8080")),
                            "shopping/web-3:8080");
        add_section(p, "odd", "star", NULL);
        assert_string_equal(plan_action_name(p, add_action(p, ACTION_CREATE, "odd/1")), "odd/1");
}

/* What was approved in all that matters, and in no more: reasons and numbers may differ. */
static void test_what_was_approved(_unused_ void **state)
{
        static const struct change_line change = { "cpu", "2", "4" };
        const struct change_line others[] = { { "memory", "2", "4" }, { "cpu", "1", "4" }, { "cpu", "2", "8" } };
        _cleanup_(plan_free_p) struct plan *approved = make_plan();

        add_section(approved, "MachineSet/web", "star", NULL);
        (void)add_action(approved, ACTION_DELETE, "web-9");
        assert_int_equal(action_add_change(approved, add_action(approved, ACTION_UPDATE, "web-0"), &change), 0);
        for (int i = -1; i < 9; i++) {
                _cleanup_(plan_free_p) struct plan *p = make_plan();
                struct action *a;

                add_section(p, i == 3 ? "MachineSet/db" : "MachineSet/web", i == 4 ? "fin" : "star", NULL);
                a = add_action(p, i == 5 ? ACTION_STOP : ACTION_UPDATE, i == 6 ? "web-1" : "web-0");
                a->reason = "another reason";
                a->vendor_id = i == 7 ? "vm-1" : NULL;
                a->blocked = i == 8 ? "it may not" : NULL;
                assert_int_equal(action_add_change(p, a, i >= 0 && i < 3 ? &others[i] : &change), 0);
                if (i < 0)
                        assert_null(plan_find_new(p, approved));
                else
                        assert_ptr_equal(plan_find_new(p, approved), a);
                assert_non_null(plan_find_new(approved, p));
        }
}

static void test_nothing_was_approved(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *approved = make_plan(), *p = make_plan();

        assert_null(plan_find_new(p, approved));
        add_section(p, "MachineSet/web", "star", NULL);
        assert_ptr_equal(plan_find_new(p, approved), add_action(p, ACTION_CREATE, "web-0"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_long_texts),
                cmocka_unit_test(test_order_of_sections),
                cmocka_unit_test(test_names_below_their_section),
                cmocka_unit_test(test_what_was_approved),
                cmocka_unit_test(test_nothing_was_approved),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
