/* SPDX-License-Identifier: MIT */

/*
 * What is contained in something of ours: what is planned of it out of a made-up observation, as text.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/planner_internal.h"

#define GROUP "sg-1"
#define TEXT_MAX ((size_t)1 << 16)

/* A plan of one section about one group. */
struct bench {
        struct ledger *ledger;
        struct observation *seen;
        struct plan *plan;
        struct strmap retries;
        struct plan_input in;
        struct census census;
        struct planning pl;
        struct parts parts;
        struct slot owner;
        struct thing *group;
};

static const char *name_row(struct planning *pl, _unused_ const struct parts *parts, const struct row *row)
{
        return plan_string(pl->plan, "web/%s", row->name);
}

static void bench_open_section(struct bench *b)
{
        struct section *s = ARRAY_ADD(b->plan->sections, b->plan->n_sections, b->plan->allocated_sections);

        assert_non_null(s);
        *s = (struct section){ .resource = "SecurityGroup/web", .provider = "star", .headline = "", .message = "" };
}

/* `looked_into` is the group whose rules were asked for; NULL: none was. */
static void bench_init(struct bench *b, const char *looked_into)
{
        const struct detail detail = { .of = TYPE_RULE, .id = looked_into };
        const struct scope scope = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_GROUP | 1u << TYPE_RULE,
                                     .details = &detail,
                                     .n_details = looked_into ? 1 : 0 };

        *b = (struct bench){ 0 };
        assert_int_equal(ledger_new_empty(&b->ledger), 0);
        assert_int_equal(observation_new(&scope, &b->seen), 0);
        assert_int_equal(plan_new(&b->plan), 0);
        b->group = ledger_add_thing(b->ledger, TYPE_GROUP, "star", "SecurityGroup/web", "web", GROUP);
        assert_non_null(b->group);
        bench_open_section(b);
        b->in = (struct plan_input){
                .account = "star", .ledger = b->ledger, .machines = b->seen, .retries = &b->retries
        };
        b->pl = (struct planning){ .plan = b->plan, .in = &b->in, .census = &b->census };
        b->owner = (struct slot){ .type = TYPE_GROUP, .name = "web", .thing = b->group };
        b->parts = (struct parts){ .type = TYPE_RULE,
                                   .parent = GROUP,
                                   .resource = "SecurityGroup/web",
                                   .name_row = name_row,
                                   .owner = &b->owner };
}

static void bench_done(struct bench *b)
{
        assert_false(b->pl.failed);
        parts_done(&b->parts);
        strmap_done(&b->retries);
        census_done(&b->census);
        plan_free(b->plan);
        observation_free(b->seen);
        ledger_free(b->ledger);
}

static void add_row(struct bench *b, const char *id, const char *parent, const char *key, enum condition condition)
{
        const struct row row = { .id = id, .parent = parent, .name = key, .condition = condition };

        assert_int_equal(observation_add(b->seen, TYPE_RULE, &row), 1);
}

static struct part *want(struct bench *b, const char *key)
{
        struct part *part = parts_add(&b->pl, &b->parts);

        assert_non_null(part);
        part->key = key;
        part->slot = plan_string(b->plan, "web/%s", key);
        part->reason = "wanted";
        return part;
}

static void print(const struct plan *p, struct buf *b)
{
        for (size_t i = 0; i < p->n_actions; i++) {
                const struct action *a = &p->actions[i];

                (void)buf_addf(b, "%s %s%s%s", action_verb_text(a->verb), a->name, a->vendor_id ? " " : "",
                               a->vendor_id ? a->vendor_id : "");
                for (size_t k = 0; k < a->n_changes; k++)
                        (void)buf_addf(b, " %s %s->%s", a->changes[k].field, a->changes[k].from, a->changes[k].to);
                (void)buf_addf(b, ": %s", a->reason);
                for (size_t k = 0; k < a->depends_on.n; k++)
                        (void)buf_addf(b, ", after %zu", a->depends_on.of[k]);
                (void)buf_addf(b, "%s%s%s\n", a->waits ? ", waits: " : "", a->waits ? a->waits : "",
                               a->counts == COUNTS_NOTHING ? "" : ", counts");
        }
        for (size_t i = 0; i < p->sections[0].n_notes; i++)
                (void)buf_addf(b, "note: %s\n", p->sections[0].notes[i]);
        (void)buf_addf(b, "%lld as wanted%s", (long long)p->unchanged, p->sections[0].waiting ? ", waiting" : "");
}

static void check_plan(const struct bench *b, const char *expected)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);

        print(b->plan, &text);
        assert_string_equal(buf_text(&text), expected);
}

static void test_everything_is_as_wanted(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        add_row(&b, "r2", GROUP, "b", CONDITION_RUNNING);
        add_row(&b, "r1", GROUP, "a", CONDITION_RUNNING);
        (void)want(&b, "a");
        (void)want(&b, "b");
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "2 as wanted");
        bench_done(&b);
}

/* What was refused for good is not waited for: what is too much goes all the same. */
static void test_refused_is_not_waited_for(_unused_ void **state)
{
        struct retry refused = { .given_up = true, .condition = CONDITION_UNKNOWN };
        char key[RETRY_KEY_MAX];
        struct bench b;

        bench_init(&b, GROUP);
        assert_int_equal(
                strmap_set(&b.retries, retry_key(TYPE_RULE, "web/a", ORDER_CREATE, PROPERTY_NONE, key), &refused), 0);
        add_row(&b, "r2", GROUP, "d", CONDITION_RUNNING);
        (void)want(&b, "a");
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "create web/a: wanted\n"
                       "delete web/d r2: no spec asks for it\n"
                       "0 as wanted");
        bench_done(&b);
}

static void test_any_order(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        b.parts.any_order = true;
        add_row(&b, "r2", GROUP, "d", CONDITION_RUNNING);
        (void)want(&b, "a");
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "create web/a: wanted\n"
                       "delete web/d r2: no spec asks for it\n"
                       "0 as wanted");
        bench_done(&b);
}

/* What is new goes before what is too much, and what is in no group of ours is not there at all. */
static void test_missing_and_too_much(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        add_row(&b, "r1", GROUP, "b", CONDITION_RUNNING);
        add_row(&b, "r2", GROUP, "d", CONDITION_RUNNING);
        add_row(&b, "r3", "sg-other", "a", CONDITION_RUNNING);
        add_row(&b, "r4", "sg-other", "z", CONDITION_RUNNING);
        (void)want(&b, "c");
        (void)want(&b, "b");
        (void)want(&b, "a");
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "create web/a: wanted\n"
                       "create web/c: wanted\n"
                       "delete web/d r2: no spec asks for it, after 0, after 1, waits: what is new is added first\n"
                       "1 as wanted");
        bench_done(&b);
}

static void test_nothing_new_is_waited_for(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        add_row(&b, "r2", GROUP, "d", CONDITION_RUNNING);
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "delete web/d r2: no spec asks for it\n0 as wanted");
        bench_done(&b);
}

/* Of equal ones one stays. */
static void test_twice(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        add_row(&b, "r10", GROUP, "a", CONDITION_RUNNING);
        add_row(&b, "r9", GROUP, "a", CONDITION_RUNNING);
        add_row(&b, "r11", GROUP, "a", CONDITION_RUNNING);
        (void)want(&b, "a");
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "delete web/a r10: it is there twice\n"
                       "delete web/a r11: it is there twice\n"
                       "1 as wanted");
        bench_done(&b);
}

/* A look that did not look into the group says nothing of it, however complete it is. */
static void test_not_looked_into(_unused_ void **state)
{
        static const char *const looked_into[] = { NULL, "sg-other" };

        for (size_t i = 0; i < ARRAY_SIZE(looked_into); i++) {
                struct bench b;

                bench_init(&b, looked_into[i]);
                add_row(&b, "r1", GROUP, "b", CONDITION_RUNNING);
                (void)want(&b, "a");
                plan_parts(&b.pl, &b.parts);
                check_plan(&b, "note: what sg-1 contains was not looked at yet\n0 as wanted, waiting");
                bench_done(&b);
        }
}

static void test_parent_is_not_there_yet(_unused_ void **state)
{
        struct bench b;
        struct part *part;

        bench_init(&b, NULL);
        (void)planning_action(&b.pl, ACTION_CREATE, &(struct slot){ .type = TYPE_GROUP, .name = "web" }, "not there");
        b.parts.parent = NULL;
        part = want(&b, "a");
        part->made = 1;
        part->waits = "its group goes first";
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "create web: not there\n"
                       "create web/a: wanted, after 0, waits: its group goes first\n"
                       "0 as wanted");
        bench_done(&b);
}

static void test_changes(_unused_ void **state)
{
        struct bench b;
        struct row row = { .id = "r1", .parent = GROUP, .name = "a" };
        struct part *part;

        bench_init(&b, GROUP);
        values_set_number(&row.values, PROPERTY_WEIGHT, 3);
        assert_int_equal(observation_add(b.seen, TYPE_RULE, &row), 1);
        part = want(&b, "a");
        values_set_number(&part->wanted, PROPERTY_WEIGHT, 5);
        values_set_number(&part->wanted, PROPERTY_PORT, 80); /* which the vendor does not show */
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "update web/a r1 weight 3->5: weight is 3, spec says 5\n0 as wanted");
        bench_done(&b);
}

/* What is under way, what the vendor is at work on, and what says too little of itself are left alone. */
static void test_left_alone(_unused_ void **state)
{
        struct bench b;
        struct call *call;

        bench_init(&b, GROUP);
        for (int i = 0; i < 2; i++) {
                call = ledger_add_call(b.ledger, i ? TYPE_BINDING : TYPE_RULE, "star", "SecurityGroup/web", "web/a",
                                       ORDER_CREATE);
                assert_non_null(call);
                call->state = CALL_UNKNOWN;
        }
        call = ledger_add_call(b.ledger, TYPE_RULE, "star", "SecurityGroup/web", "web/b", ORDER_DELETE);
        assert_non_null(call);
        call->state = CALL_ACCEPTED;
        assert_int_equal(census_take(&b.in, &b.census), 0);
        add_row(&b, "r2", GROUP, "b", CONDITION_RUNNING);
        add_row(&b, "r3", GROUP, "", CONDITION_UNKNOWN);
        add_row(&b, "r4", GROUP, "d", CONDITION_CHANGING);
        (void)want(&b, "a");
        (void)want(&b, "d");
        want(&b, "e")->keeps = true;
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "note: r3 shows too little of itself, and is left alone\n0 as wanted, waiting");
        bench_done(&b);
}

/* One that cannot be read may be any of those that are missing, where that counts. */
static void test_unread(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        b.parts.unread_counts = true;
        add_row(&b, "r2", GROUP, "b", CONDITION_RUNNING);
        add_row(&b, "r3", GROUP, "", CONDITION_UNKNOWN);
        add_row(&b, "r4", "sg-other", "", CONDITION_UNKNOWN);
        (void)want(&b, "a");
        plan_parts(&b.pl, &b.parts);
        assert_int_equal(b.plan->n_actions, 2);
        assert_non_null(strstr(b.plan->actions[0].blocked, "r3 is there and cannot be read"));
        assert_null(b.plan->actions[1].blocked);
        assert_int_equal(b.plan->sections[0].phase_reason, REASON_CONFLICT);
        bench_done(&b);
}

/* What is wanted twice is one; and what one of the two keeps is kept. */
static void test_wanted_twice(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        add_row(&b, "r1", GROUP, "b", CONDITION_RUNNING);
        (void)want(&b, "a");
        (void)want(&b, "b");
        (void)want(&b, "a");
        (void)want(&b, "b");
        (void)want(&b, "c");
        want(&b, "c")->keeps = true;
        plan_parts(&b.pl, &b.parts);
        check_plan(&b, "create web/a: wanted\n1 as wanted");
        bench_done(&b);
}

static void test_leaving(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        (void)planning_action(&b.pl, ACTION_DELETE, &b.owner, "no spec names it");
        add_row(&b, "r1", GROUP, "a", CONDITION_RUNNING);
        add_row(&b, "r2", GROUP, "b", CONDITION_RUNNING);
        add_row(&b, "r3", "sg-other", "c", CONDITION_RUNNING);
        plan_parts_leaving(&b.pl, &b.parts, 0);
        check_plan(&b, "delete web sg-1: no spec names it, after 1, after 2, waits: what is in it goes first\n"
                       "delete web/a r1: what it is in goes\n"
                       "delete web/b r2: what it is in goes\n"
                       "0 as wanted");
        assert_int_equal(b.plan->actions[1].serves, 1);
        bench_done(&b);
}

/* What the parent waits for by itself its parts wait for as well; and those of a second type go after those of the first. */
static void test_leaving_later(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        (void)planning_action(&b.pl, ACTION_DELETE, &b.owner, "no spec names it");
        b.plan->actions[0].waits = "something else";
        add_row(&b, "r1", GROUP, "a", CONDITION_RUNNING);
        plan_parts_leaving(&b.pl, &b.parts, 0);
        check_plan(&b, "delete web sg-1: no spec names it, after 1, waits: something else\n"
                       "delete web/a r1: what it is in goes, waits: something else\n"
                       "0 as wanted");
        bench_done(&b);
}

static void test_leaving_of_two_types(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, GROUP);
        (void)planning_action(&b.pl, ACTION_DELETE, &b.owner, "no spec names it");
        add_row(&b, "r1", GROUP, "a", CONDITION_RUNNING);
        add_row(&b, "r2", GROUP, "b", CONDITION_RUNNING);
        plan_parts_leaving(&b.pl, &b.parts, 0);
        plan_parts_leaving(&b.pl, &b.parts, 0);
        check_plan(
                &b,
                "delete web sg-1: no spec names it, after 1, after 2, after 3, after 4, waits: what is in it goes first\n"
                "delete web/a r1: what it is in goes\n"
                "delete web/b r2: what it is in goes\n"
                "delete web/a r1: what it is in goes, after 1, after 2, waits: what else is in it goes first\n"
                "delete web/b r2: what it is in goes, after 1, after 2, waits: what else is in it goes first\n"
                "0 as wanted");
        bench_done(&b);
}

/* However much is in it: each of it goes first, and what goes after all of the one type goes after each. */
static void test_many_are_leaving(_unused_ void **state)
{
        enum { MANY = 20 };
        struct bench b;
        char id[MANY][16];

        bench_init(&b, GROUP);
        (void)planning_action(&b.pl, ACTION_DELETE, &b.owner, "no spec names it");
        for (int i = 0; i < MANY; i++) {
                (void)snprintf(id[i], sizeof(id[i]), "r%d", i);
                add_row(&b, id[i], GROUP, id[i], CONDITION_RUNNING);
        }
        plan_parts_leaving(&b.pl, &b.parts, 0);
        plan_parts_leaving(&b.pl, &b.parts, 0);
        assert_int_equal(b.plan->n_actions, 1 + 2 * MANY);
        assert_int_equal(b.plan->actions[0].depends_on.n, 2 * MANY);
        for (size_t i = 0; i < 2 * MANY; i++)
                assert_int_equal(b.plan->actions[0].depends_on.of[i], i + 1);
        for (size_t k = 1 + MANY; k < b.plan->n_actions; k++) {
                assert_int_equal(b.plan->actions[k].depends_on.n, MANY);
                for (size_t i = 0; i < MANY; i++)
                        assert_int_equal(b.plan->actions[k].depends_on.of[i], i + 1);
                assert_string_equal(b.plan->actions[k].waits, "what else is in it goes first");
        }
        bench_done(&b);
}

static void test_leaving_and_not_looked_into(_unused_ void **state)
{
        struct bench b;

        bench_init(&b, NULL);
        (void)planning_action(&b.pl, ACTION_DELETE, &b.owner, "no spec names it");
        plan_parts_leaving(&b.pl, &b.parts, 0);
        check_plan(&b, "delete web sg-1: no spec names it, waits: what is in it is looked at first\n"
                       "note: what sg-1 contains was not looked at yet\n"
                       "0 as wanted, waiting");
        bench_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything_is_as_wanted),
                cmocka_unit_test(test_missing_and_too_much),
                cmocka_unit_test(test_nothing_new_is_waited_for),
                cmocka_unit_test(test_twice),
                cmocka_unit_test(test_not_looked_into),
                cmocka_unit_test(test_parent_is_not_there_yet),
                cmocka_unit_test(test_changes),
                cmocka_unit_test(test_left_alone),
                cmocka_unit_test(test_leaving_later),
                cmocka_unit_test(test_leaving_of_two_types),
                cmocka_unit_test(test_refused_is_not_waited_for),
                cmocka_unit_test(test_any_order),
                cmocka_unit_test(test_unread),
                cmocka_unit_test(test_wanted_twice),
                cmocka_unit_test(test_leaving),
                cmocka_unit_test(test_many_are_leaving),
                cmocka_unit_test(test_leaving_and_not_looked_into),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
