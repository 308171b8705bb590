/* SPDX-License-Identifier: MIT */

/*
 * The plan as a value: which actions go before which, whatever becomes of their numbers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/plan.h"

/* More than any fixed room would have. */
#define MANY 1000

static struct plan *make_plan(void)
{
        struct plan *p = NULL;

        assert_int_equal(plan_new(&p), 0);
        return p;
}

static void add_section(struct plan *p, const char *resource)
{
        struct section *s = ARRAY_ADD(p->sections, p->n_sections, p->allocated_sections);

        assert_non_null(s);
        *s = (struct section){ .resource = resource, .provider = "star", .position.file = "a.yaml" };
}

static void add_action(struct plan *p, size_t section)
{
        struct action *a = ARRAY_ADD(p->actions, p->n_actions, p->allocated_actions);

        assert_non_null(a);
        a->section = section;
        a->kind = a->name = a->reason = "";
}

static void check_depends(const struct action *a, size_t first, size_t n)
{
        assert_int_equal(a->depends_on.n, n);
        for (size_t i = 0; i < n; i++)
                assert_int_equal(a->depends_on.of[i], first + i);
}

/* In whatever order they come, each is in it once. */
static void test_any_order(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        struct depends d = { 0 };

        assert_false(depends_has(&d, 0));
        for (size_t i = 0; i < 3 * MANY; i++)
                assert_int_equal(depends_add(p, &d, i * 7 % MANY), 0);
        assert_int_equal(d.n, MANY);
        for (size_t i = 0; i < MANY; i++) {
                assert_int_equal(d.of[i], i);
                assert_true(depends_has(&d, i));
        }
        assert_false(depends_has(&d, MANY));
}

/* What is added to one of those that have a list in common, the others do not get. */
static void test_in_common(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        struct depends d = { 0 };

        add_section(p, "SecurityGroup/web");
        for (size_t i = 0; i < 7; i++)
                add_action(p, 0);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(depends_add(p, &d, i), 0);
        assert_int_equal(action_depends_all(p, &p->actions[4], &d), 0);
        assert_int_equal(action_depends_all(p, &p->actions[5], &d), 0);
        assert_int_equal(action_depends(p, &p->actions[4], 3), 0);
        assert_int_equal(action_depends(p, &p->actions[6], 3), 0);
        assert_int_equal(action_depends_all(p, &p->actions[6], &d), 0);
        check_depends(&p->actions[4], 0, 4);
        check_depends(&p->actions[5], 0, 3);
        check_depends(&p->actions[6], 0, 4);
}

/* One after another plan, and put into order: all that go first still do. */
static void test_other_numbers(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan(), *whole = make_plan();
        struct depends d = { 0 };

        add_section(p, "SecurityGroup/web");
        add_section(p, "MachineSet/web"); /* which stands before it */
        for (size_t i = 0; i < MANY; i++)
                add_action(p, 0);
        add_action(p, 1);
        add_action(p, 1);
        for (size_t i = 0; i < MANY; i++)
                assert_int_equal(depends_add(p, &d, i), 0);
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(action_depends_all(p, &p->actions[MANY + i], &d), 0);
        add_section(whole, "MachineSet/a");
        add_action(whole, 0);
        assert_int_equal(plan_append(whole, p), 0);
        check_depends(&whole->actions[1 + MANY], 1, MANY);
        assert_int_equal(plan_sort(whole), 0);
        check_depends(&whole->actions[1], 3, MANY);
        check_depends(&whole->actions[2], 3, MANY);
        assert_ptr_equal(whole->actions[1].depends_on.of, whole->actions[2].depends_on.of);
        check_depends(&whole->actions[3], 0, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_any_order),
                cmocka_unit_test(test_in_common),
                cmocka_unit_test(test_other_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
