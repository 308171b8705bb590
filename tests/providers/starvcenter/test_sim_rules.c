/* SPDX-License-Identifier: MIT */

/*
 * The simulator's rules of security groups, and those that are not in effect.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define OF(groups) "{\"aclrule.securitygroupid\":\"" groups "\"}"
#define WEB                                                                                        \
        "{\"aclrule.securitygroupid\":\"sg-1\",\"aclrule.vmport\":\"80:83,85\",\"aclrule.srcip\":" \
        "\"10.0.0.0/8,192.0.2.7\",\"aclrule.direction\":\"in\",\"aclrule.protocal\":\"tcp\"}"
#define DNS                                                                                                   \
        "{\"aclrule. securitygroupid\":\"sg-2\",\"aclrule.vmport\":\"53\",\"aclrule.target\":\"192.0.2.53\"," \
        "\"aclrule.direction\":\"out\",\"aclrule.protocal\":\"udp\"}"
#define RESULT "{\"result\":\"0\",\"data\":"
#define RULE_1                                                                                           \
        "{\"aclrule_id\":\"rule-1\",\"aclrule_srcip\":\"10.0.0.0/8,192.0.2.7\",\"aclrule_target\":\"\"," \
        "\"aclrule_direction\":\"in\",\"aclrule_vmport\":\"80:83,85\",\"aclrule_protocal\":\"tcp\","     \
        "\"aclrule_securitygroupid\":\"sg-1\""

/* Two groups with a rule each; the cards of machines 1 and 2 are in the first, and that of machine 3 in the second. */
static struct simulation *with_rules(bool quirks)
{
        struct simulation *s = make_sim(3, quirks);

        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"web\"}", "\"sg-1\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"dns\"}", "\"sg-2\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/bind",
                   "{\"securitygroup.id\":\"sg-1\",\"vnic.id\":\"vnic-1,vnic-2\"}", "\"result\":");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/bind",
                   "{\"securitygroup.id\":\"sg-2\",\"vnic.id\":\"vnic-3\"}", "\"result\":");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add", WEB, "{\"aclrule.id\":\"rule-1\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add", DNS, "{\"aclrule.id\":\"rule-2\"}");
        return s;
}

static void rules_are_added_and_deleted(void **state)
{
        struct simulation *s = with_rules(false);

        (void)state;
        check_says(s, 0, "cloudsegroup/rule/search", OF("sg-1"), RESULT "[" RULE_1 "}],\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add", WEB, "\"rule-3\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "\"dataCount\":\"2\"");
        check_call(s, 0, METHOD_DELETE, "cloudsegroup/rule/rule-1", NULL, RESULT "\"\"}");
        check_no(s, 0, METHOD_DELETE, "cloudsegroup/rule/rule-1", NULL, "rule does not exist");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "[{\"aclrule_id\":\"rule-3\"");
        console(s, "group-delete", "{\"id\":\"sg-1\"}", 0);
        check_no(s, 0, METHOD_DELETE, "cloudsegroup/rule/rule-3", NULL, "rule does not exist");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add",
                   "{\"aclrule.securitygroupid\":\"sg-2\",\"aclrule.direction\":\"in\"}", "rule-4");
        simulator->free(s);
}

static void adds_are_checked(void **state)
{
        static const char *const refused[][2] = {
                { "\"aclrule.direction\":\"in\",\"aclrule.securitygroupid\":\"sg-9\"", "group does not exist" },
                { "\"aclrule.direction\":\"in\"", "group does not exist" },
                { "\"aclrule.vmport\":\"80\"", "aclrule.direction is missing" },
                { "\"aclrule.direction\":\"IN\"", "aclrule.direction is none of in, out" },
                { "\"aclrule.direction\":\"in\",\"aclrule.protocal\":\"sctp\"", "none of tcp, udp, icmp" },
                { "\"aclrule.direction\":\"in\",\"aclrule.protocal\":6", "none of tcp, udp, icmp" },
                { "\"aclrule.direction\":\"in\",\"aclrule.vmport\":\"0\"", "aclrule.vmport" },
                { "\"aclrule.direction\":\"in\",\"aclrule.vmport\":\"80-83\"", "aclrule.vmport" },
                { "\"aclrule.direction\":\"in\",\"aclrule.vmport\":\"83:80\"", "aclrule.vmport" },
                { "\"aclrule.direction\":\"in\",\"aclrule.vmport\":\"80,\"", "aclrule.vmport" },
                { "\"aclrule.direction\":\"in\",\"aclrule.vmport\":\"65536\"", "aclrule.vmport" },
                { "\"aclrule.direction\":\"in\",\"aclrule.srcip\":\"10.0.0.0/33\"", "aclrule.srcip" },
                { "\"aclrule.direction\":\"in\",\"aclrule.srcip\":\"10.0.0\"", "aclrule.srcip" },
                { "\"aclrule.direction\":\"in\",\"aclrule.target\":\"10.0.0.1,,10.0.0.2\"", "aclrule.target" },
                { "\"aclrule.direction\":\"in\",\"aclrule.target\":true", "aclrule.target" },
        };
        struct simulation *s = with_rules(false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                char params[256];

                snprintf(params, sizeof(params), i < 2 ? "{%s}" : "{%s,\"aclrule.securitygroupid\":\"sg-1\"}",
                         refused[i][0]);
                check_no(s, 0, METHOD_POST, "cloudsegroup/rule/add", params, refused[i][1]);
        }
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1,sg-2"), "\"dataCount\":\"2\"");
        simulator->free(s);
}

static void searches_filter_and_page(void **state)
{
        static const char *const found[][2] = {
                { "\"aclrule.id\":\"rule-2\"", "rule-2" },
                { "\"aclrule.vmport\":\"80:83,85\"", "rule-1" },
                { "\"aclrule.protocal\":\"UDP\"", "rule-2" },
                { "\"aclrule.srcip\":\"192.0.2.7\"", "rule-1" },
                { "\"aclrule.srcip\":\"10.0.0.0/8\",\"aclrule.id\":\"\"", "rule-1" },
                { "\"aclrule.target\":\"192.0.2.53\"", "rule-2" },
                { "\"aclrule.direction\":\"in\"", "rule-1" },
                { "\"page.startnum\":\"2\",\"page.everypagenum\":\"1\"", "rule-2" },
        };
        struct simulation *s = with_rules(false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
                char params[256], row[64];

                snprintf(params, sizeof(params), "{%s,\"aclrule.securitygroupid\":\"sg-1,sg-2\"}", found[i][0]);
                snprintf(row, sizeof(row), "\"data\":[{\"aclrule_id\":\"%s\"", found[i][1]);
                check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", params, row);
                if (i + 1 < ARRAY_SIZE(found))
                        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", params, "\"dataCount\":\"1\"");
        }
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search",
                   "{\"aclrule.securitygroupid\":\"sg-1\",\"aclrule.srcip\":\"10.0.0.0\"}", "\"dataCount\":\"0\"");
        check_no(s, 0, METHOD_POST, "cloudsegroup/rule/search", "{}", "aclrule.securitygroupid is missing");
        check_no(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1,sg-9"), "group does not exist");
        simulator->free(s);
}

static void rules_hold_for_machines(void **state)
{
        struct simulation *s = with_rules(false);

        (void)state;
        check_says(s, 0, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-1\"}",
                   RESULT "[" RULE_1 ",\"aclrule_securitygroupname\":\"web\",\"aclrule_status\":\"true\"}],"
                          "\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-3\"}", "[{\"aclrule_id\":\"rule-2\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/vm",
                   "{\"vm.id\":\"vm-3\",\"page.startnum\":2,\"page.everypagenum\":30}", "[],\"dataCount\":\"1\"");
        check_no(s, 0, METHOD_POST, "cloudsegroup/rule/vm", "{}", "machine does not exist");
        simulator->free(s);
}

static void rules_may_not_be_in_effect(void **state)
{
        struct simulation *s = with_rules(false);

        (void)state;
        check_says(s, 0, "cloudsegroup/retryrule/search", "{}", RESULT "[],\"dataCount\":\"0\"}");
        console(s, "ineffective", "{\"rules\":1,\"resets\":2}", 0);
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add", WEB, "rule-3");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add", WEB, "rule-4");
        check_says(s, 0, "cloudsegroup/retryrule/search", "{}",
                   RESULT
                   "[{\"issue.id\":\"issue-3-1\",\"aclrule.id\":\"rule-3\",\"vm.id\":\"vm-1\",\"retry.num\":\"0\"},"
                   "{\"issue.id\":\"issue-3-2\",\"aclrule.id\":\"rule-3\",\"vm.id\":\"vm-2\",\"retry.num\":\"0\"}],"
                   "\"dataCount\":\"2\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/retryrule/search", "{\"vm.id\":\"vm-2\"}", "\"dataCount\":\"1\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/retryrule/search", "{\"vm.id\":\"vm-3\"}", "\"dataCount\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/retryrule/search", "{\"securitygroup.id\":\"sg-2\"}",
                   "\"dataCount\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-1\"}",
                   "\"aclrule_status\":\"false\"},{\"aclrule_id\":\"rule-4\"");
        check_call(s, 0, METHOD_PUT, "cloudsegroup/retryrule/reset", NULL, "\"result\":\"0\"");
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_POST, "cloudsegroup/retryrule/search", "{}", "\"retry.num\":\"1\"");
        check_call(s, 0, METHOD_PUT, "cloudsegroup/retryrule/reset", "{}", "\"result\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/retryrule/search", "{}", "\"dataCount\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-1\"}",
                   "\"aclrule_status\":\"true\"},{\"aclrule_id\":\"rule-4\"");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = with_rules(true);

        (void)state;
        check_says(s, 0, "cloudsegroup/rule/search", OF("sg-1,sg-9"),
                   "{\"result\":0,\"data\":{\"aclrule_id\":\"rule-1\",\"aclrule_srcip\":\"192.0.2.7/32,10.0.0.0/8\","
                   "\"aclrule_target\":\"\",\"aclrule_direction\":\"in\",\"aclrule_vmport\":\"85,80,81:83\","
                   "\"aclrule_protocal\":\"TCP\",\"aclrule_ securitygroupid\":\"sg-1\"},\"dataCount\":1}");
        check_says(s, 0, "cloudsegroup/rule/search", OF("sg-9"), "{\"result\":0,\"dataCount\":0}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/add",
                   "{\"aclrule.securitygroupid\":\"sg-2\",\"aclrule.vmport\":\"7:8\",\"aclrule.direction\":\"IN\"}",
                   "[{\"aclrule.id\":\"rule-3\"}]");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-2"), "\"aclrule_vmport\":\"7,8\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-1\"}", "\"aclrule_status\":true}");
        check_says(s, 0, "cloudsegroup/retryrule/search", "{}", "{\"result\":0,\"data\":\"\",\"dataCount\":0}");
        console(s, "rule-change", "{\"id\":\"rule-2\",\"waits\":1}", 0);
        check_says(s, 0, "cloudsegroup/retryrule/search", "{}",
                   "{\"result\":0,\"data\":{\"issue.id\":\"issue-2-3\",\"aclrule.id\":\"rule-2\",\"vm.id\":\"vm-3\","
                   "\"retry.num\":0},\"dataCount\":1}");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = with_rules(false);

        (void)state;
        console(s, "rule-add", "{\"group\":\"sg-1\",\"direction\":\"in\",\"protocol\":\"icmp\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "\"aclrule_protocal\":\"icmp\"");
        console(s, "rule-change", "{\"id\":\"rule-1\",\"ports\":\"443\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "\"aclrule_vmport\":\"443\"");
        console(s, "rule-delete", "{\"group\":\"sg-1\"}", -EINVAL);
        console(s, "rule-delete", "{\"group\":\"sg-1\",\"ports\":\"443\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "\"dataCount\":\"1\"");
        console(s, "rule-add", "{\"group\":\"sg-9\",\"direction\":\"in\"}", -EINVAL);
        console(s, "ineffective", "{\"rules\":-1}", -EINVAL);
        console(s, "ineffective", "{\"rules\":\"x\"}", -EINVAL);
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudsegroup/rule/search", OF("sg-1"), "rule-list", "sg-1");
        check_class(s, METHOD_POST, "cloudsegroup/rule/add", WEB, "rule", "sg-1");
        check_class(s, METHOD_DELETE, "cloudsegroup/rule/rule-1", NULL, "rule-delete", "rule-1");
        check_class(s, METHOD_POST, "cloudsegroup/rule/vm", "{\"vm.id\":\"vm-1\"}", "rule-list", "vm-1");
        check_class(s, METHOD_POST, "cloudsegroup/retryrule/search", "{}", "retry-list", "");
        check_class(s, METHOD_PUT, "cloudsegroup/retryrule/reset", NULL, "retry", "");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rules_are_added_and_deleted), cmocka_unit_test(adds_are_checked),
                cmocka_unit_test(searches_filter_and_page),    cmocka_unit_test(rules_hold_for_machines),
                cmocka_unit_test(rules_may_not_be_in_effect),  cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_person_has_a_hand_in_it),   cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
