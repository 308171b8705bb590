/* SPDX-License-Identifier: MIT */

/*
 * What the other vendors taught: each of these went wrong once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/text.h"
#include "tests/simulation/arrange.h"

/* Every vendor in a calm world: up, and down as far as the limit of deletes allows. */
static void test_every_vendor_converges(_unused_ void **state)
{
        for (size_t i = 0; world_vendors[i]; i++) {
                _cleanup_(world_free_p) struct world *w = arrange_converged_of(world_vendors[i], 5);

                arrange_count(w, 8);
                world_pass(w, 5 * USEC_PER_MINUTE);
                assert_int_equal(arrange_there(w), 8);
                arrange_count(w, 3);
                world_pass(w, 5 * USEC_PER_MINUTE);
                assert_int_equal(arrange_there(w), 3);
                assert_settled(w);
        }
}

/* Logins that fail, again and again, are no reason never to log in any more. */
static void test_logins_that_fail_for_a_while(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_jimv_08, 2);

        server_fault(w, 0, "login=500");
        server_mischief(w, 0, "expire", "{}");
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        server_clear_faults(w, 0);
        arrange_count(w, 3);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 3);
        assert_settled(w);
}

/* The name of a guest cannot be set back there: that is said, and not tried for ever. */
static void test_a_name_that_nobody_can_set_back(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_jimv_2017, 2);

        server_console(w, 0, "rename", arrange_id(w, "web-1"), "another");
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_false(arrange_told(w, "its name stays as it was made"));
        assert_settled(w);
}

/* What the specs have released leaves nothing open: the set goes on to shrink. */
static void test_a_set_shrinks_beside_what_it_released(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_opendcp, 3);
        struct machine_set *set;
        struct estate *estate;

        assert_true(server_let_go(w, 0, "web-1", NULL));
        for (int64_t count = 2; count > 0; count--) {
                estate = arrange_specs(w, count, &set);
                set->release.items = test_estate_alloc(estate, sizeof(char *));
                set->release.items[set->release.n++] = test_estate_text(estate, "web-1");
                world_set_estate(w, estate);
                world_pass(w, 5 * USEC_PER_MINUTE);
        }
        assert_right(w);
        assert_int_equal(arrange_sent(w, "delete"), 1);
        assert_settled(w);
}

/* How many of those that were made together came, is not to be counted on a listing that lacks others of ours. */
static void test_numbers_of_a_listing_that_lacks_some(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_finovy, 4);
        const struct thing *t;
        size_t named = 0;

        server_fault(w, 0, "create:2=500-after");
        arrange_count(w, 8);
        world_pass(w, USEC_PER_SEC);
        server_fault(w, 0, "list=short");
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        t = arrange_thing(w, "web-7");
        assert_non_null(t);
        assert_int_equal(t->state, THING_PARKED);
        for (size_t i = 0; i < w->servers[0].n_records; i++)
                named += strstr(t->note, w->servers[0].records[i].id) != NULL;
        assert_int_equal(named, 4);
        assert_settled(w);
}

/* Nothing is made out of a listing that lacks one of ours where what is made is told from what was there: it may lack strangers as well. */
static void test_strangers_that_a_listing_leaves_out(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world_of(&world_finovy_exclusive);
        struct machine_set *set;
        struct estate *estate;
        char given[SERVER_ID_MAX];
        struct machine_view m;
        struct pair pair = { .key = "web-0", .value = given };

        w->servers[0].vendor->at(w->servers[0].simulation, 0, &m);
        (void)snprintf(given, sizeof(given), "%s", m.id);
        server_adopted(&w->servers[0], given, "web-0");
        for (int64_t count = 1; count <= 3; count += 2) {
                estate = arrange_specs(w, count, &set);
                set->adopt = (struct pairs){ .items = &pair, .n = 1 };
                world_set_estate(w, estate);
                if (count == 1)
                        world_start(w, ENGINE_AGENT);
                world_pass(w, 5 * USEC_PER_MINUTE);
                assert_right(w);
                server_fault(w, 0, "list:1=empty");
                server_fault(w, 0, "create:1-2=drop-request");
        }
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_int_equal(arrange_there(w), 3);
        assert_settled(w);
}

struct late {
        unsigned creates;
        bool silent; /* no listing gets through */
};

/* The first create arrives when its sender has long given up, the second is done and answered with an error. */
static struct fate late_and_denied(struct world *w, const struct exchange *x)
{
        struct fate fate = { .there = 5 * USEC_PER_MSEC, .back = 5 * USEC_PER_MSEC };
        struct late *known = w->userdata;

        if (text_equal(x->class, "list") && known->silent)
                fate.faults = FAULT_NOT_SENT;
        if (!text_equal(x->class, "create"))
                return fate;
        switch (known->creates++) {
        case 0:
                fate.there = 35 * USEC_PER_SEC;
                break;
        case 1:
                fate.faults = FAULT_500_AFTER;
                break;
        default:
                break;
        }
        return fate;
}

/* What is listed is taken for what either made: the other may still act, as late as the last of both. */
static void test_one_of_two_unmarked_creates_acts_late(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_finovy_exclusive, 1);
        struct late known = { 0 };
        struct estate *estate;
        usec_t end = usec_add(w->now, USEC_PER_MINUTE);

        w->fate = late_and_denied;
        w->userdata = &known;
        estate = arrange_specs(w, 3, NULL);
        estate_find(estate, &kind_provider, w->servers[0].account)->provider->confirm = 2 * USEC_PER_SEC;
        world_set_estate(w, estate);
        while (known.creates < 2 && !world_is_wrong(w) && w->now < end)
                world_pass(w, USEC_PER_MSEC);
        known.silent = true;
        world_pass(w, 31 * USEC_PER_SEC);
        known.silent = false;
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 3);
        assert_int_equal(known.creates, 2);
        assert_settled(w);
}

static struct fate named_in_part(struct world *w, const struct exchange *x)
{
        (void)w;
        return (struct fate){ .there = 5 * USEC_PER_MSEC,
                              .back = 5 * USEC_PER_MSEC,
                              .faults = text_equal(x->class, "create") ? FAULT_FEWER : 0 };
}

/* What the answer to a create of ten leaves out was made all the same. */
static void test_a_batch_that_is_named_in_part(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_opendcp, 0);

        w->fate = named_in_part;
        arrange_count(w, 10);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 10);
        assert_int_equal(arrange_sent(w, "create"), 1);
        assert_settled(w);
}

struct name {
        char stranger[SERVER_ID_MAX]; /* who has it; "": nobody yet */
};

/* A person makes a machine of that name while the create is on its way. */
static struct fate name_is_taken(struct world *w, const struct exchange *x)
{
        struct name *name = w->userdata;

        if (text_equal(x->class, "create") && !name->stranger[0])
                assert_true(server_add(w, 0, json_pack("{s:s}", "name", "web-0"), name->stranger));
        return (struct fate){ .there = 5 * USEC_PER_MSEC, .back = 5 * USEC_PER_MSEC };
}

/* The vendor says yes and makes it under a name of its own choice: it is shown to a person, and not made again. */
static void test_a_name_that_is_taken_on_the_way(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_world_as_seen(&world_jimv_2017);
        struct name name = { "" };
        const struct thing *t;

        w->fate = name_is_taken;
        w->userdata = &name;
        arrange_count(w, 1);
        world_start(w, ENGINE_AGENT);
        world_pass(w, 3 * USEC_PER_SEC);
        server_console(w, 0, "delete", name.stranger, NULL);
        world_pass(w, 15 * USEC_PER_MINUTE); /* the listing has suddenly one less */
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 1);
        t = arrange_thing(w, "web-0");
        assert_non_null(t);
        assert_int_equal(t->state, THING_PARKED);
        assert_non_null(strstr(t->note, w->servers[0].records[w->servers[0].n_records - 1].id));
        assert_settled(w);
}

/* Stopped for the third time before it was known what came of a create: candidates are named by no listing that lacks ours. */
static void test_cut_short_while_a_listing_lies(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_finovy, 3);
        const struct thing *t;

        server_fault(w, 0, "create:1=drop-reply");
        arrange_count(w, 4);
        world_pass(w, USEC_PER_SEC);
        for (int i = 0; i < 3; i++) {
                world_kill(w);
                if (i == 2)
                        server_fault(w, 0, "list=empty");
                world_start(w, ENGINE_AGENT);
                world_pass(w, 2 * USEC_PER_SEC);
        }
        server_clear_faults(w, 0);
        world_pass(w, 5 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_sent(w, "create"), 4);
        t = arrange_thing(w, "web-3");
        assert_non_null(t);
        assert_int_equal(t->state, THING_PARKED);
        assert_non_null(strstr(t->note, w->servers[0].records[w->servers[0].n_records - 1].id));
        assert_settled(w);
}

/* Who was seen before is not taken for new, although the listing that a create went by did not show him. */
static void test_a_create_by_a_listing_that_lies(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_finovy_exclusive, 0);

        server_fault(w, 0, "list=empty");
        server_fault(w, 0, "create=drop-request");
        arrange_count(w, 2);
        world_pass(w, 3 * USEC_PER_SEC);
        assert_int_equal(arrange_sent(w, "create"), 2);
        server_clear_faults(w, 0);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

/* What the listing leaves out could be a stranger as well as ours: nothing is made that could be taken for him. */
static void test_no_create_by_a_listing_that_lacks_ours(_unused_ void **state)
{
        _cleanup_(world_free_p) struct world *w = arrange_converged_of(&world_finovy, 1);

        server_fault(w, 0, "list=empty");
        arrange_count(w, 2);
        world_pass(w, CONFIRM / 2);
        assert_int_equal(arrange_sent(w, "create"), 1);
        server_clear_faults(w, 0);
        world_pass(w, 10 * USEC_PER_MINUTE);
        assert_right(w);
        assert_int_equal(arrange_there(w), 2);
        assert_settled(w);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_vendor_converges),
                cmocka_unit_test(test_logins_that_fail_for_a_while),
                cmocka_unit_test(test_a_name_that_nobody_can_set_back),
                cmocka_unit_test(test_a_set_shrinks_beside_what_it_released),
                cmocka_unit_test(test_numbers_of_a_listing_that_lacks_some),
                cmocka_unit_test(test_strangers_that_a_listing_leaves_out),
                cmocka_unit_test(test_one_of_two_unmarked_creates_acts_late),
                cmocka_unit_test(test_a_batch_that_is_named_in_part),
                cmocka_unit_test(test_a_name_that_is_taken_on_the_way),
                cmocka_unit_test(test_cut_short_while_a_listing_lies),
                cmocka_unit_test(test_a_create_by_a_listing_that_lies),
                cmocka_unit_test(test_no_create_by_a_listing_that_lacks_ours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
