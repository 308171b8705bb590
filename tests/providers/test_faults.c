/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "providers/faults.h"

static struct faults with(const char *rule)
{
        struct faults f = {};
        struct error e = { "" };

        if (faults_add(&f, rule, &e) < 0)
                fail_msg("%s: %s", rule, e.text);
        return f;
}

/* Which of the first 8 calls of a class meet anything, as a bit each. */
static unsigned calls_met(const char *rule, const char *class)
{
        struct faults f = with(rule);
        unsigned met = 0;

        for (unsigned i = 0; i < 8; i++)
                met |= (unsigned)(faults_meet(&f, class).faults != 0) << i;
        faults_done(&f);
        return met;
}

static void rules_hold_for_their_calls(void **state)
{
        (void)state;
        assert_int_equal(calls_met("create=500", "create"), 0xFF);
        assert_int_equal(calls_met("create:every=500", "create"), 0xFF);
        assert_int_equal(calls_met("create:1=500", "create"), 0x01);
        assert_int_equal(calls_met("create:3=500", "create"), 0x04);
        assert_int_equal(calls_met("list:2-4=html", "list"), 0x0E);
        assert_int_equal(calls_met("list:8-100=html", "list"), 0x80);
        assert_int_equal(calls_met("create=500", "list"), 0);
}

static void wide_classes_hold_for_many(void **state)
{
        (void)state;
        assert_int_equal(calls_met("any=500", "other"), 0xFF);
        assert_int_equal(calls_met("act=500", "create"), 0xFF);
        assert_int_equal(calls_met("act=500", "rename"), 0xFF);
        assert_int_equal(calls_met("act=500", "list"), 0);
        assert_int_equal(calls_met("act=500", "get"), 0);
        assert_int_equal(calls_met("act=500", "other"), 0);
}

static void classes_act_or_read(void **state)
{
        static const char *const reads[] = { "list",         "get",          "lookup",       "login",
                                             "other",        "disk-list",    "card-list",    "group-list",
                                             "binding-list", "rule-list",    "retry-list",   "balancer-list",
                                             "backend-list", "network-list", "mapping-list", "acl-list",
                                             "backup-list",  "snapshot-list" };
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
                assert_false(call_class_acts(reads[i]));
        assert_true(call_class_acts("quota") && call_class_acts("retry"));
        assert_true(call_class_lists("list") && call_class_lists("disk-list"));
        assert_false(call_class_lists("get") || call_class_lists("disk"));
        for (size_t i = 0; call_classes[i]; i++)
                n += !call_class_acts(call_classes[i]);
        assert_int_equal(n, sizeof(reads) / sizeof(reads[0]));
        assert_int_equal(calls_met("reboot:2=500", "reboot"), 0x02);
        assert_int_equal(calls_met("act=500", "reboot"), 0xFF);
}

static void a_rule_counts_its_own_calls(void **state)
{
        struct faults f = with("act:3=drop-reply");

        (void)state;
        assert_int_equal(faults_meet(&f, "create").faults, 0);
        assert_int_equal(faults_meet(&f, "list").faults, 0);
        assert_int_equal(faults_meet(&f, "delete").faults, 0);
        assert_int_equal(faults_add(&f, "create:1=hang", NULL), 0);
        assert_int_equal(faults_meet(&f, "create").faults, FAULT_DROP_REPLY | FAULT_HANG);
        assert_int_equal(faults_meet(&f, "create").faults, 0);
        faults_done(&f);
        assert_int_equal(faults_meet(&f, "create").faults, 0);
}

static void every_fault_has_its_word(void **state)
{
        static const struct {
                const char *rule;
                unsigned faults;
        } cases[] = {
                { "any=drop-request", FAULT_DROP_REQUEST },
                { "any=drop-reply", FAULT_DROP_REPLY },
                { "any=hang", FAULT_HANG },
                { "any=hang-after", FAULT_HANG_AFTER },
                { "any=500", FAULT_500 },
                { "any=500-after", FAULT_500_AFTER },
                { "any=html", FAULT_HTML },
                { "any=429", FAULT_429 },
                { "any=503", FAULT_503 },
                { "any=redirect", FAULT_REDIRECT },
                { "any=refuse", FAULT_REFUSE },
                { "any=auth", FAULT_AUTH },
                { "any=empty", FAULT_EMPTY },
                { "any=short", FAULT_SHORT },
                { "any=duplicate", FAULT_DUPLICATE },
                { "any=truncate", FAULT_TRUNCATE },
                { "any=garbage", FAULT_GARBAGE },
                { "any=short,drop-reply", FAULT_SHORT | FAULT_DROP_REPLY },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct faults f = with(cases[i].rule);

                assert_int_equal(faults_meet(&f, "list").faults, cases[i].faults);
                faults_done(&f);
        }
}

static void delays_are_durations(void **state)
{
        struct faults f = with("list=delay=300ms,html");
        struct fault_set set;

        (void)state;
        assert_int_equal(faults_add(&f, "list:1=delay=2s", NULL), 0);
        set = faults_meet(&f, "list");
        assert_int_equal(set.delay, 2 * USEC_PER_SEC);
        assert_int_equal(set.faults, FAULT_HTML);
        assert_int_equal(faults_meet(&f, "list").delay, 300 * USEC_PER_MSEC);
        faults_done(&f);
}

static void mistakes_are_told(void **state)
{
        static const char *const rules[][2] = {
                { "", "CLASS" },
                { "create", "CLASS" },
                { "create:3", "CLASS" },
                { "=500", "class of calls" },
                { "creates=500", "class of calls" },
                { "create:=500", "number" },
                { "create:0=500", "number" },
                { "create:4-2=500", "number" },
                { "create:1-=500", "number" },
                { "create:-3=500", "number" },
                { "create:x=500", "number" },
                { "create:1:2=500", "number" },
                { "create=", "no fault" },
                { "create=501", "no fault" },
                { "create=500,", "no fault" },
                { "create=500,,html", "no fault" },
                { "create=delay", "no fault" },
                { "create=delay=5", "5" },
        };
        struct faults f = {};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
                struct error e = { "" };

                if (faults_add(&f, rules[i][0], &e) != -EINVAL || !strstr(e.text, rules[i][1]))
                        fail_msg("\"%s\": %s", rules[i][0], e.text);
        }
        assert_int_equal(f.n_rules, 0);
        faults_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_hold_for_their_calls), cmocka_unit_test(wide_classes_hold_for_many),
                cmocka_unit_test(classes_act_or_read),        cmocka_unit_test(a_rule_counts_its_own_calls),
                cmocka_unit_test(every_fault_has_its_word),   cmocka_unit_test(delays_are_durations),
                cmocka_unit_test(mistakes_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
