/* SPDX-License-Identifier: MIT */

/*
 * The ids that a ledger has held or seen, and the values of things as text.
 */

#include "reconcile/base/array.h"
#include "tests/reconcile/test_ledger_fixture.h"

static struct ledger *make(void)
{
        struct ledger *l = NULL;

        assert_int_equal(ledger_new_empty(&l), 0);
        return l;
}

/* However long it is, an id is told from one that begins just so. */
static void long_ids_are_told_apart(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();
        static char one[3000], two[3000];

        memset(one, 'a', sizeof(one) - 1);
        memcpy(two, one, sizeof(two));
        two[sizeof(two) - 2] = 'b';
        assert_int_equal(ledger_hold_id(l, "star", TYPE_MACHINE, one), 0);
        assert_true(ledger_held(l, "star", TYPE_MACHINE, one));
        assert_false(ledger_held(l, "star", TYPE_MACHINE, two));
        assert_false(ledger_held(l, "star", TYPE_DISK, one));
        assert_false(ledger_held(l, "moon", TYPE_MACHINE, one));
}

/* Of one that is longer than any that is kept nobody can say that it was never ours: it is not taken for new. */
static void an_id_that_is_too_long_counts_as_held(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();
        static char id[2 * 1024 * 1024];

        memset(id, 'a', sizeof(id) - 1);
        assert_true(ledger_hold_id(l, "star", TYPE_MACHINE, id) < 0);
        assert_true(ledger_held(l, "star", TYPE_MACHINE, id));
        assert_true(ledger_is_stranger(l, "star", TYPE_MACHINE, id));
}

/* Those of the account alone, whatever else begins like its name, or like the name of a type. */
static void strangers_follow_their_account(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();

        assert_int_equal(ledger_note_stranger(l, "star", TYPE_MACHINE, "vm 1"), 0);
        assert_int_equal(ledger_note_stranger(l, "star", TYPE_MACHINE, "vm 1"), 0);
        assert_int_equal(ledger_note_stranger(l, "star", TYPE_DISK, "disk-1"), 0);
        assert_int_equal(ledger_note_stranger(l, "stars", TYPE_MACHINE, "vm-2"), 0);
        assert_int_equal(ledger_note_stranger(l, "fin", TYPE_MACHINE, "vm-3"), 0);
        assert_int_equal(ledger_rename_strangers(l, "star", "moon"), 0);
        assert_true(ledger_is_stranger(l, "moon", TYPE_MACHINE, "vm 1"));
        assert_true(ledger_is_stranger(l, "moon", TYPE_DISK, "disk-1"));
        assert_false(ledger_is_stranger(l, "moon", TYPE_MACHINE, "disk-1"));
        assert_false(ledger_is_stranger(l, "moon", TYPE_MACHINE, "vm-2"));
        assert_false(ledger_is_stranger(l, "moon", TYPE_MACHINE, "vm-3"));
}

static void the_current_one_is_owned_and_has_an_id(_unused_ void **state)
{
        struct resource provider = { .kind = &kind_provider, .name = "star" };
        struct load_balancer spec = { .provider = { .resource = &provider } };
        const struct resource resource = { .kind = &kind_load_balancer, .name = "shop", .load_balancer = &spec };
        _cleanup_(ledger_free_p) struct ledger *l = make();
        struct thing *t;

        assert_null(thing_current(l, &resource));
        assert_non_null(ledger_add_thing(l, TYPE_BALANCER, "star", "LoadBalancer/shop", "shop", "slb-1"));
        assert_non_null(ledger_add_thing(l, TYPE_BALANCER, "star", "LoadBalancer/shop", "shop.2", ""));
        t = ledger_add_thing(l, TYPE_BALANCER, "star", "LoadBalancer/shop", "shop.3", "slb-3");
        assert_non_null(t);
        assert_non_null(ledger_add_thing(l, TYPE_BALANCER, "star", "LoadBalancer/else", "else", "slb-4"));
        assert_non_null(ledger_add_thing(l, TYPE_BALANCER, "stars", "LoadBalancer/shop", "shop", "slb-5"));
        t->state = THING_LEAVING;
        assert_string_equal(thing_current(l, &resource)->id, "slb-1");
}

/* What is gone and has no row of that yet stays. */
static void what_is_touched_is_not_swept(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-0");
        struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", ORDER_CREATE);

        assert_non_null(t);
        assert_non_null(c);
        t->state = THING_GONE;
        c->state = CALL_RESOLVED;
        ledger_sweep(l);
        assert_int_equal(l->n_things + l->n_calls, 2);
        t->touched = c->touched = false;
        ledger_sweep(l);
        assert_int_equal(l->n_things + l->n_calls, 0);
}

static void values_come_back_as_they_were(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();
        struct values values = { 0 }, kept = { 0 }, read = { 0 };
        const char *text;
        struct error e;

        values_set_number(&values, PROPERTY_CPU, -4);
        values_set_text(&values, PROPERTY_TEMPLATE, "a \"ä\" \\");
        assert_int_equal(ledger_set_values(l, &values, &kept, &text), 0);
        assert_string_equal(text, "{\"template\":\"a \\\"ä\\\" \\\\\",\"cpu\":-4}");
        assert_int_equal(ledger_values_from_text(l, text, &read, &e), 0);
        assert_int_equal(read.known, values.known);
        assert_int_equal(read.of[PROPERTY_CPU].number, -4);
        assert_string_equal(read.of[PROPERTY_TEMPLATE].text, "a \"ä\" \\");
}

static void what_is_no_text_is_not_kept(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = make();
        const char *const bad[] = { NULL, "\xff" };
        const char *text = "as before";
        struct values kept;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct values values = { 0 };

                values_set_text(&values, PROPERTY_TEMPLATE, bad[i]);
                assert_int_equal(ledger_set_values(l, &values, &kept, &text), -EINVAL);
                assert_string_equal(text, "as before");
        }
}

static void damaged_values_are_told(_unused_ void **state)
{
        static const struct {
                const char *text, *why;
        } cases[] = {
                { "{\"cpu\":\"4\"}", "its cpu is not a number" },
                { "{\"template\":7}", "its template is not a text" },
                { "{\"horn\":7}", "no machine has" },
                { "[]", "it is no JSON object" },
                { "{\"cpu\":4", "not JSON" },
        };
        _cleanup_(ledger_free_p) struct ledger *l = make();

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct values values = { 0 };
                struct error e = { 0 };

                assert_int_equal(ledger_values_from_text(l, cases[i].text, &values, &e), -EBADMSG);
                assert_non_null(strstr(e.text, cases[i].why));
                assert_int_equal(values.known, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(long_ids_are_told_apart),
                cmocka_unit_test(an_id_that_is_too_long_counts_as_held),
                cmocka_unit_test(strangers_follow_their_account),
                cmocka_unit_test(the_current_one_is_owned_and_has_an_id),
                cmocka_unit_test(what_is_touched_is_not_swept),
                cmocka_unit_test(values_come_back_as_they_were),
                cmocka_unit_test(what_is_no_text_is_not_kept),
                cmocka_unit_test(damaged_values_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
