/* SPDX-License-Identifier: MIT */

/*
 * The simulator's mappings of addresses and ports, and its rules of access.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define PAGE "\"page.startnum\":\"1\",\"page.everypagenum\":\"30\""
#define PORT(inner, outer)                                                                                       \
        "{\"innerIp\":\"" inner "\",\"innerPort\":\"8080\",\"ipaddress\":\"203.0.113.5\",\"outerPort\":\"" outer \
        "\",\"protocal\":\"tcp\",\"sourceIp\":\"10.0.0.0/8\",\"desc\":\"muster\"}"
#define ACCESS                                                                               \
        "{\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_inner\",\"allow.direction\":\"in\"," \
        "\"allow.internalport\":\"80:83\",\"allow.sourceips\":\"10.0.0.0/8,192.0.2.7\",\"allow.protocol\":\"tcp\"}"

static void addresses_are_mapped(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        check_says(s, 0, "cloudnetwork/sharenet/connect", "{\"vm.id\":\"vm-1\",\"desc\":\"x\"}",
                   "{\"result\":\"0\",\"data\":{\"tenant.shareip\":\"100.64.0.1\"}}");
        check_call(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect",
                   "{\"vm.id\":\"vm-2\",\"vm.outer.ipaddress\":\"100.64.0.3\",\"vm.allow.srcip\":\"10.0.0.0/8\"}",
                   "100.64.0.3");
        check_call(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect", "{\"vm.id\":\"vm-2\"}", "100.64.0.4");
        check_no(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect",
                 "{\"vm.id\":\"vm-1\",\"vm.outer.ipaddress\":\"100.64.0.3\"}", "in use");
        check_no(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect", "{\"vm.id\":\"vm-9\"}", "machine does not exist");
        check_no(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect",
                 "{\"vm.id\":\"vm-1\",\"vm.allow.srcip\":\"anybody\"}", "vm.allow.srcip");
        check_says(s, 0, "cloudnetwork/sharenet/search", "{" PAGE ",\"vm.name\":\"elder-0\"}",
                   "{\"result\":\"0\",\"data\":[{\"nat.id\":\"nat-1\",\"vm.id\":\"vm-1\",\"vm.name\":\"elder-0\","
                   "\"tenant.shareip\":\"100.64.0.1\"}],\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudnetwork/sharenet/search", "{" PAGE ",\"tenant.shareip\":\"64.0.3\"}",
                   "\"dataCount\":\"1\"");
        check_no(s, 0, METHOD_POST, "cloudnetwork/sharenet/search", "{}", "page.startnum");
        check_call(s, 0, METHOD_DELETE, "cloudnetwork/ipmapping/nat-1", NULL, "{\"result\":\"0\",\"data\":{}}");
        check_no(s, 0, METHOD_DELETE, "cloudnetwork/ipmapping/nat-1", NULL, "mapping does not exist");
        check_call(s, 0, METHOD_POST, "cloudnetwork/sharenet/search", "{" PAGE "}", "\"dataCount\":\"2\"");
        check_call(s, 0, METHOD_POST, "cloudvm/create",
                   "{\"vm.template.id\":\"t\",\"vm.vcpu.num\":1,\"vm.memory.mem\":1,\"vnic.portgroupid\":\"pg-1\"}",
                   "vm-3");
        check_no(s, 0, METHOD_POST, "cloudnetwork/sharenet/connect", "{\"vm.id\":\"vm-3\"}", "no address yet");
        simulator->free(s);
}

static void ports_are_mapped(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"ip\":1}", 0);
        check_call(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.1", "80"),
                   "{\"result\":\"0\",\"data\":\"\"}");
        check_no(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.2", "80"), "in use");
        check_call(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.2", "81"), "\"result\":\"0\"");
        check_no(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.9.9.9", "82"), "of no machine");
        check_no(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.1", "0"),
                 "outerPort is not a port");
        check_no(s, 0, METHOD_POST, "cloudnetwork/portMapping/create",
                 "{\"innerIp\":\"10.0.0.1\",\"innerPort\":1,\"ipaddress\":\"203.0.113.6\",\"outerPort\":1,"
                 "\"protocal\":\"tcp\"}",
                 "quota of outer addresses");
        check_says(
                s, 0, "vroute/Mapping/search", "{\"natOuterport\":\"80\"}",
                "{\"result\":\"0\",\"data\":[{\"nat_id\":\"nat-1\",\"nat_type\":\"port\",\"nat_outerip\":\"203.0.113.5\","
                "\"nat_outerport\":\"80\",\"nat_innerip\":\"10.0.0.1\",\"nat_innerport\":\"8080\","
                "\"nat_protocal\":\"tcp\",\"nat_srcip\":\"10.0.0.0/8\",\"net_vmid\":\"vm-1\",\"net_vmname\":\"elder-0\","
                "\"nat_vnetid\":\"pg-1\",\"nat_vrouteid\":\"\",\"nat_usedtime\":\"2026-01-01 00:00:00\","
                "\"nat_desc\":\"muster\"}],\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_PUT, "cloudvm/modify", "{\"vm.id\":\"vm-1\",\"vm.name\":\"web-0\"}",
                   "\"result\":\"0\"");
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{\"natInnerip\":\"10.0.0.1\"}",
                   "\"net_vmname\":\"web-0\"");
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{\"natType\":\"port\",\"natAppid\":\"app-1\"}",
                   "\"dataCount\":\"2\"");
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{\"natType\":\"ip\"}", "\"dataCount\":\"0\"");
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_DELETE, "cloudvm/vm-1", NULL, "\"result\":\"0\"");
        check_call(s, READY_DELAY, METHOD_POST, "vroute/Mapping/search", "{}", "\"data\":[{\"nat_id\":\"nat-2\"");
        simulator->free(s);
}

static void access_is_ruled(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_says(s, 0, "cloudnetwork/acessrule/add", ACCESS, "{\"result\":\"0\",\"data\":{\"rule.id\":\"acl-1\"}}");
        check_says(s, 0, "cloudnetwork/acessrule/search", "{" PAGE "}",
                   "{\"result\":\"0\",\"data\":[{\"aclrule_id\":\"acl-1\",\"aclrule_type\":\"net_inner\","
                   "\"aclrule_vrouteid\":\"\",\"aclrule_vnetid\":\"pg-1\",\"aclrule_target\":\"10.0.0.1\","
                   "\"vmname\":\"elder-0\",\"aclrule_srcip\":\"10.0.0.0/8,192.0.2.7\",\"aclrule_vmport\":\"80:83\","
                   "\"aclrule_protocal\":\"tcp\",\"aclrule_appname\":\"app-1\",\"aclrule_appid\":\"app-1\"}],"
                   "\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/add",
                   "{\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_inner\",\"allow.direction\":\"out\","
                   "\"allow.dstips\":\"192.0.2.1\"}",
                   "acl-2");
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{" PAGE ",\"aclrule_target\":\"192\"}",
                   "\"aclrule_srcip\":\"10.0.0.1\"");
        check_no(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{\"page.startnum\":\"1\"}", "missing");
        check_call(s, 0, METHOD_DELETE, "cloudnetwork/acessrule/acl-1", NULL, "\"result\":\"0\"");
        check_no(s, 0, METHOD_DELETE, "cloudnetwork/acessrule/acl-1", NULL, "acl does not exist");
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{" PAGE "}", "\"dataCount\":\"1\"");
        simulator->free(s);
}

static void rules_of_access_are_checked(void **state)
{
        static const char *const refused[][2] = {
                { "\"aclrule.type\":\"net_gate\"", "vm.ip is missing" },
                { "\"vm.ip\":\"10.0.0.9\",\"aclrule.type\":\"net_gate\"", "of no machine" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net\"", "aclrule.type" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_inner\"", "allow.direction is missing" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_gate\",\"allow.internalport\":\"80\"",
                  "allow.protocol is missing" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_gate\",\"allow.internalport\":\"80-83\"",
                  "allow.internalport" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_inner\",\"allow.direction\":\"in\","
                  "\"allow.dstips\":\"10.0.0.2\"",
                  "allow.dstips is not vm.ip" },
                { "\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_inner\",\"allow.direction\":\"out\","
                  "\"allow.sourceips\":\"10.0.0.2\"",
                  "allow.sourceips is not vm.ip" },
        };
        struct simulation *s = make_sim(1, false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                char params[256];

                snprintf(params, sizeof(params), "{%s}", refused[i][0]);
                check_no(s, 0, METHOD_POST, "cloudnetwork/acessrule/add", params, refused[i][1]);
        }
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/add",
                   "{\"vm.ip\":\"10.0.0.1\",\"aclrule.type\":\"net_gate\",\"allow.sourceips\":\"10.0.0.2\"}", "acl-1");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);

        (void)state;
        check_says(s, 0, "vroute/Mapping/search", "{}", "{\"result\":0,\"data\":null,\"dataCount\":0}");
        check_call(s, 0, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.1", "80"), "{\"result\":0}");
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{}", "\"data\":{\"nat_id\":\"nat-1\"");
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{}", "\"nat_protocal\":\"TCP\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/add", ACCESS, "[{\"rule.id\":\"acl-1\"}]");
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{" PAGE "}",
                   "\"aclrule_srcip\":\"192.0.2.7/32,10.0.0.0/8\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{" PAGE "}", "\"aclrule_vmport\":\"80,81:83\"");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        console(s, "mapping-add",
                "{\"machine\":\"vm-1\",\"type\":\"port\",\"outerAddress\":\"203.0.113.9\",\"outerPort\":\"22\"}", 0);
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{\"natOuterip\":\"203.0.113.9\"}", "nat-1");
        console(s, "mapping-delete", "{\"outerPort\":\"22\"}", 0);
        check_call(s, 0, METHOD_POST, "vroute/Mapping/search", "{}", "\"dataCount\":\"0\"");
        console(s, "acl-add", "{\"machine\":\"vm-1\",\"type\":\"net_gate\",\"target\":\"10.0.0.1\"}", 0);
        console(s, "acl-change", "{\"id\":\"acl-1\",\"ports\":\"22\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudnetwork/acessrule/search", "{" PAGE "}", "\"aclrule_vmport\":\"22\"");
        console(s, "acl-delete", "{\"id\":\"acl-1\"}", 0);
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudnetwork/sharenet/connect", "{\"vm.id\":\"vm-1\"}", "mapping", "vm-1");
        check_class(s, METHOD_POST, "cloudnetwork/portMapping/create", PORT("10.0.0.1", "1"), "mapping", "10.0.0.1");
        check_class(s, METHOD_POST, "cloudnetwork/sharenet/search", "{}", "mapping-list", "");
        check_class(s, METHOD_POST, "vroute/Mapping/search", "{}", "mapping-list", "");
        check_class(s, METHOD_DELETE, "cloudnetwork/ipmapping/nat-1", NULL, "mapping-delete", "nat-1");
        check_class(s, METHOD_POST, "cloudnetwork/acessrule/search", "{}", "acl-list", "");
        check_class(s, METHOD_POST, "cloudnetwork/acessrule/add", ACCESS, "acl", "10.0.0.1");
        check_class(s, METHOD_DELETE, "cloudnetwork/acessrule/acl-1", NULL, "acl-delete", "acl-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(addresses_are_mapped),
                cmocka_unit_test(ports_are_mapped),
                cmocka_unit_test(access_is_ruled),
                cmocka_unit_test(rules_of_access_are_checked),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
