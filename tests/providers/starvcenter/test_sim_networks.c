/* SPDX-License-Identifier: MIT */

/*
 * The simulator's private networks and cloud routers.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define VPC(id) "{\"vpc.id\":\"" id "\"}"
#define GROUP(id) "{\"portgroup.id\":\"" id "\"}"
#define MACHINE(network)                                                                                                    \
        "{\"vm.name\":\"w\",\"vm.template.id\":\"t\",\"vm.vcpu.num\":1,\"vm.memory.mem\":1,\"vnic.portgroupid\":\"" network \
        "\"}"

static struct simulation *with_network(bool quirks)
{
        struct simulation *s = make_sim(0, quirks);

        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/create", "{\"vpc.name\":\"front\",\" vpc.desc\":\"shop\"}",
                   "vpc-1");
        return s;
}

static void networks_are_made_changed_and_deleted(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_says(s, 0, "cloudnetwork/vpc/create", "{\"vpc.name\":\"front\",\" vpc.desc\":\"shop\"}",
                   "{\"result\":\"0\",\"data\":{\"vpc.id\":\"vpc-1\",\"vpc.name\":\"front\","
                   "\"vpc.cidr\":\"10.128.1.0/24\",\"vpc.gateway\":\"10.128.1.1\"}}");
        check_says(
                s, 0, "cloudnetwork/vpc/search", NULL,
                "{\"result\":\"0\",\"data\":[{\"vpc.id\":\"vpc-1\",\"vpc.name\":\"front\",\"vpc.cidr\":\"10.128.1.0/24\","
                "\"vpc.gateway\":\"10.128.1.1\",\"vpc.desc\":\"shop\",\"vpc.createtime\":\"2026-01-01 00:00:00\","
                "\"vpc.usable.ipcount\":\"253\"}],\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudvm/create", MACHINE("vpc-1"), "vm-1");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/search", "{}", "\"vpc.usable.ipcount\":\"252\"");
        check_call(s, 0, METHOD_POST, "cloudvm/vnic/search", "{\"vnic.vmid\":\"vm-1\"}", "\"vnic.vpc.name\":\"front\"");
        check_call(s, 0, METHOD_PUT, "cloudnetwork/vpc/modify", "{\"vpc.id\":\"vpc-1\",\"vpc.name\":\"edge\"}",
                   "{\"result\":\"0\",\"data\":\"\"}");
        check_call(s, 0, METHOD_POST, "cloudvm/vnic/search", "{\"vnic.vmid\":\"vm-1\"}", "\"vnic.vpc.name\":\"edge\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/search", "{}", "\"vpc.name\":\"edge\"");
        check_no(s, 0, METHOD_POST, "cloudnetwork/vpc/delete", VPC("vpc-1"), "the network has cards");
        console(s, "delete", "{\"id\":\"vm-1\"}", 0);
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/delete", VPC("vpc-1"), "\"result\":\"0\"");
        check_no(s, 0, METHOD_POST, "cloudnetwork/vpc/delete", VPC("vpc-1"), "network does not exist");
        check_no(s, 0, METHOD_PUT, "cloudnetwork/vpc/modify", VPC("vpc-1"), "network does not exist");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/create", "{\"vpc.name\":\"x\"}", "vpc-2");
        simulator->free(s);
}

static void networks_count_for_the_quota(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"vpc\":1}", 0);
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/create", "{}", "vpc-1");
        check_no(s, 0, METHOD_POST, "cloudnetwork/vpc/create", "{}", "quota of networks");
        check_call(s, 0, METHOD_POST, "resourcequota/usableQuota", "{\"tenant.id\":\"app-1\"}", "\"portGroupSize\":0,");
        simulator->free(s);
}

static void the_firewall_at_the_edge_is_switched(void **state)
{
        struct simulation *s = with_network(false);
        json_t *saved;

        (void)state;
        check_call(s, 0, METHOD_POST, "cloudnetwork/netgate", "{\"portgroup.id\":\"vpc-1\",\"type\":\"open\"}",
                   "\"result\":\"0\"");
        saved = simulator->save(s, 0);
        assert_true(json_is_true(json_object_get(json_array_get(json_object_get(saved, "networks"), 0), "gate")));
        json_decref(saved);
        check_no(s, 0, METHOD_POST, "cloudnetwork/netgate", "{\"portgroup.id\":\"vpc-1\",\"type\":\"ajar\"}",
                 "type is none of open, close");
        check_no(s, 0, METHOD_POST, "cloudnetwork/netgate", "{\"portgroup.id\":\"pg-1\",\"type\":\"open\"}",
                 "network does not exist");
        simulator->free(s);
}

static void routers_are_installed_late(void **state)
{
        struct simulation *s = with_network(false);

        (void)state;
        check_says(s, 0, "vroute/create", "{\"vroute.name\":\"edge\",\"vroute.manageip\":\"192.0.2.1\"}",
                   "{\"result\":\"0\",\"data\":[{\"vm.id\":\"vr-1\",\"vm.name\":\"edge\",\"vm.manageip\":\"192.0.2.1\","
                   "\"jobstartid\":\"task-1\"}]}");
        check_call(s, READY_DELAY - 1, METHOD_GET, "vroute/vr-1", NULL, "\"vroute.online\":\"false\"");
        check_no(s, READY_DELAY - 1, METHOD_POST, "vroute/vpcAdd", GROUP("vpc-1"), "no router that is online");
        check_call(s, READY_DELAY, METHOD_GET, "vroute/vr-1", NULL,
                   "{\"result\":\"0\",\"data\":{\"vroute.id\":\"vr-1\",\"vroute.name\":\"edge\",\"vroute.desc\":\"\","
                   "\"vroute.createtime\":\"2026-01-01 00:00:00\",\"vroute.register.address\":\"192.0.2.1\","
                   "\"vroute.online\":\"true\",\"vroute.manageip\":\"192.0.2.1\"}}");
        check_no(s, 0, METHOD_GET, "vroute/vr-2", NULL, "router does not exist");
        check_call(s, 0, METHOD_POST, "vroute/create", "{\"vroute.ha.enable\":\"true\"}", "{\"vm.id\":\"vr-3\"");
        check_no(s, 0, METHOD_POST, "vroute/create", "{\"vroute.manageip\":\"wan\"}", "vroute.manageip");
        simulator->free(s);
}

static void networks_join_and_leave_a_router(void **state)
{
        struct simulation *s = with_network(false);

        (void)state;
        check_call(s, 0, METHOD_POST, "vroute/create", "{}", "vr-1");
        s = saved_and_loaded(s, 0, false);
        check_call(s, READY_DELAY, METHOD_POST, "vroute/vpcAdd", GROUP("vpc-1"), "\"result\":\"0\"");
        check_no(s, READY_DELAY, METHOD_POST, "vroute/vpcAdd", GROUP("vpc-1"), "at a router already");
        check_no(s, READY_DELAY, METHOD_POST, "cloudnetwork/vpc/delete", VPC("vpc-1"), "at a router");
        check_call(s, READY_DELAY, METHOD_POST, "vroute/vpcDelete", GROUP("vpc-1"), "\"result\":\"0\"");
        check_no(s, READY_DELAY, METHOD_POST, "vroute/vpcDelete", GROUP("vpc-1"), "at no router");
        check_no(s, READY_DELAY, METHOD_POST, "vroute/vpcAdd", GROUP("pg-1"), "network does not exist");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(0, true);

        (void)state;
        check_says(s, 0, "cloudnetwork/vpc/search", NULL, "{\"result\":0,\"data\":\"\",\"dataCount\":0}");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/create", "{}", "\"data\":[{\"vpc.id\":\"vpc-1\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/search", NULL, "\"data\":{\"vpc.id\":\"vpc-1\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/search", NULL, "\" vpc.cidr\":\"10.128.1.0/24\"");
        check_call(s, 0, METHOD_POST, "cloudnetwork/vpc/search", NULL, "\"vpc.usable.ipcount\":253}");
        check_call(s, 0, METHOD_POST, "vroute/create", "{}", "vr-1");
        check_call(s, 0, METHOD_GET, "vroute/vr-1", NULL, "\"vroute.online\":false,\"vroute.manageip\":null}");
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudnetwork/vpc/search", NULL, "network-list", "");
        check_class(s, METHOD_POST, "cloudnetwork/vpc/create", "{\"vpc.name\":\"x\"}", "network", "x");
        check_class(s, METHOD_PUT, "cloudnetwork/vpc/modify", VPC("vpc-1"), "network-change", "vpc-1");
        check_class(s, METHOD_POST, "cloudnetwork/vpc/delete", VPC("vpc-1"), "network-delete", "vpc-1");
        check_class(s, METHOD_POST, "cloudnetwork/netgate", GROUP("vpc-1"), "gate", "vpc-1");
        check_class(s, METHOD_POST, "vroute/create", "{\"vroute.name\":\"x\"}", "router", "x");
        check_class(s, METHOD_GET, "vroute/vr-1", NULL, "lookup", "vr-1");
        check_class(s, METHOD_POST, "vroute/vpcAdd", GROUP("vpc-1"), "router-join", "vpc-1");
        check_class(s, METHOD_POST, "vroute/vpcDelete", GROUP("vpc-1"), "router-leave", "vpc-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(networks_are_made_changed_and_deleted),
                cmocka_unit_test(networks_count_for_the_quota),
                cmocka_unit_test(the_firewall_at_the_edge_is_switched),
                cmocka_unit_test(routers_are_installed_late),
                cmocka_unit_test(networks_join_and_leave_a_router),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
