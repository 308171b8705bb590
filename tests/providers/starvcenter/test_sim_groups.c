/* SPDX-License-Identifier: MIT */

/*
 * The simulator's network cards, its security groups, and the cards in them.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define CARDS(machine) "{\"vnic.vmid\":\"" machine "\"}"
#define GROUP(id) "{\"securitygroup.id\":\"" id "\"}"
#define BIND(group, cards) "{\"securitygroup.id\":\"" group "\",\"vnic.id\":\"" cards "\"}"
#define CARD_1                                                                                      \
        "{\"vnic.id\":\"vnic-1\",\"vnic.name\":\"nic\",\"vnic.desc\":\"\",\"vnic.createtime\":"     \
        "\"2026-01-01 00:00:00\",\"vnic.vmid\":\"vm-1\",\"vnic.macaddress\":\"52:54:00:00:00:01\"," \
        "\"vnic.ipaddress\":\"10.0.0.1\",\"vnic.vpc.id\":\"pg-1\",\"vnic.vpc.name\":\"pg-1\"}"
#define CREATE_MACHINE                                                                                            \
        "{\"vm.name\":\"w\",\"vm.template.id\":\"t\",\"vm.vcpu.num\":1,\"vm.memory.mem\":1,\"vnic.portgroupid\":" \
        "\"pg-7\"}"

static struct simulation *with_groups(size_t machines, bool quirks)
{
        struct simulation *s = make_sim(machines, quirks);

        check_call(
                s, 0, METHOD_POST, "cloudsegroup/create",
                "{\"securitygroup.name\":\"web\",\"securitygroup.desc\":\"front\",\"securitygroup.appid\":\"app-1\"}",
                "{\"securitygroup.id\":\"sg-1\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\" securitygroup.name\":\"web-2\"}", "\"sg-2\"");
        return s;
}

static void a_machine_has_a_card(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_says(s, 0, "cloudvm/vnic/search", CARDS("vm-1"), "{\"result\":\"0\",\"data\":[" CARD_1 "]}");
        check_call(s, 0, METHOD_POST, "cloudvm/create", CREATE_MACHINE, "vm-2");
        check_call(s, READY_DELAY - 1, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-2"), "\"vnic.ipaddress\":\"\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-2"),
                   "\"vnic.ipaddress\":\"10.0.0.2\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-2"), "\"vnic.vpc.id\":\"pg-7\"");
        check_no(s, 0, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-9"), "machine does not exist");
        simulator->free(s);
}

static void cards_are_added(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_says(s, 0, "cloudvm/vnic/add", "{\"vnic.vmid\":\"vm-1\",\"vnic.portgroupid\":\"pg-2\"}",
                   "{\"result\":\"0\",\"data\":{\"vnic.id\":\"vnic-2\"}}");
        check_call(s, 0, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-1"), "\"vnic.ipaddress\":\"172.16.0.2\"");
        check_no(s, 0, METHOD_POST, "cloudvm/vnic/add", "{\"vnic.vmid\":\"vm-1\",\"vnic.portgroupid\":\"pg-1\"}",
                 "card of that network");
        check_no(s, 0, METHOD_POST, "cloudvm/vnic/add", CARDS("vm-1"), "vnic.portgroupid");
        check_no(s, 0, METHOD_POST, "cloudvm/vnic/add", "{\"vnic.vmid\":\"vm-9\",\"vnic.portgroupid\":\"pg-1\"}",
                 "machine does not exist");
        check_call(s, 0, METHOD_POST, "cloudvm/create", CREATE_MACHINE, "vm-2");
        check_no(s, 0, METHOD_POST, "cloudvm/vnic/add", "{\"vnic.vmid\":\"vm-2\",\"vnic.portgroupid\":\"pg-1\"}",
                 "machine is locked");
        simulator->free(s);
}

static void groups_are_created_and_deleted(void **state)
{
        struct simulation *s = with_groups(1, false);

        (void)state;
        check_says(
                s, 0, "cloudsegroup/search", "{\"securitygroup.name\":\"web\"}",
                "{\"result\":\"0\",\"data\":[{\"securitygroup.id\":\"sg-1\",\"securitygroup.name\":\"web\","
                "\"securitygroup.desc\":\"front\",\"securitygroup.appid\":\"app-1\",\"securitygroup.appname\":\"app-1\","
                "\"securitygroup.createtime\":\"2026-01-01 00:00:00\"}],\"dataCount\":\"1\"}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{}", "\"dataCount\":\"2\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", GROUP("sg-2"), "\"securitygroup.name\":\"web-2\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{\"page.startnum\":\"2\",\"page.everypagenum\":\"1\"}",
                   "[{\"securitygroup.id\":\"sg-2\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"web\"}", "\"sg-3\"");
        check_no(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.desc\":\"x\"}",
                 "securitygroup.name is missing");
        check_no(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"\"}",
                 "securitygroup.name is missing");
        check_no(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":[]}", "not a text");
        check_call(s, 0, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "{\"result\":\"0\",\"data\":\"\"}");
        check_no(s, 0, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "group does not exist");
        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"x\"}", "\"sg-4\"");
        simulator->free(s);
}

static void cards_are_bound_and_unbound(void **state)
{
        struct simulation *s = with_groups(4, false);

        (void)state;
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1,vnic-3"), "\"result\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-3,vnic-4"), "\"result\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "{\"result\":\"0\",\"data\":[" CARD_1);
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"3\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-2"), "\"data\":[],\"dataCount\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search",
                   "{\"securitygroup.id\":\"sg-1\",\"page.startnum\":\"3\",\"page.everypagenum\":\"1\"}",
                   "[{\"vnic.id\":\"vnic-4\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search",
                   "{\"securitygroup.id\":\"sg-1\",\"vnic.ipaddress\":\"10.0.0.3\"}", "\"dataCount\":\"1\"");
        check_no(s, 0, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "bound");
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/unbind", BIND("sg-1", "vnic-1,vnic-2"), "vnic-2 is not bound");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/unbind", BIND("sg-1", "vnic-1,vnic-3"), "\"result\":\"0\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"1\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup%20/vnic/unbind", BIND("sg-1", "vnic-4"), "\"result\":\"0\"");
        check_call(s, 0, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "\"result\":\"0\"");
        simulator->free(s);
}

/* Of several cards all change or none. */
static void bindings_are_checked(void **state)
{
        struct simulation *s = with_groups(2, false);

        (void)state;
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-9", "vnic-1"), "group does not exist");
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1,vnic-9"), "card does not exist");
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", GROUP("sg-1"), "card does not exist");
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/search", "{}", "group does not exist");
        check_call(s, 0, METHOD_PUT, "cloudvm/shutdown", "{\"vm.id\":\"vm-2\"}", "\"result\":\"0\"");
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1,vnic-2"), "machine is locked");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"0\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1,vnic-2"),
                   "\"result\":\"0\"");
        check_call(s, READY_DELAY, METHOD_DELETE, "cloudvm/vm-2", NULL, "\"result\":\"0\"");
        check_no(s, READY_DELAY, METHOD_POST, "cloudsegroup/vnic/unbind", BIND("sg-1", "vnic-2"), "machine is locked");
        check_call(s, 2 * READY_DELAY, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"1\"");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);

        (void)state;
        check_says(s, 0, "cloudsegroup/search", "{}", "{\"result\":0,\"data\":null,\"dataCount\":0}");
        simulator->free(s);
        s = with_groups(1, true);
        check_says(
                s, 0, "cloudsegroup/search", GROUP("sg-1"),
                "{\"result\":0,\"data\":{\" securitygroup.id\":\"sg-1\",\" securitygroup.name\":\"web\","
                "\"securitygroup.desc\":\"front\",\"securitygroup.appid\":\"app-1\",\"securitygroup.appname\":\"app-1\","
                "\" securitygroup.createtime\":\"2026-01-01 00:00:00\"},\"dataCount\":1}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{\" securitygroup.name\":\"web\"}", "\"dataCount\":2");
        check_says(s, 0, "cloudsegroup/create", "{\"securitygroup.name\":\"x\"}",
                   "{\"result\":0,\"data\":[{\"securitygroup.id\":\"sg-3\"}]}");
        check_says(s, 0, "cloudsegroup/vnic/search", GROUP("sg-1"), "{\"result\":0,\"dataCount\":0}");
        check_says(s, 0, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1"), "{\"result\":0}");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"data\":{\"vnic.id\":\"vnic-1\"");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"vnic.vmid \":\"vm-1\"");
        console(s, "card-delete", "{\"machine\":\"vm-1\"}", 0);
        check_says(s, 0, "cloudvm/vnic/search", CARDS("vm-1"), "{\"result\":0,\"data\":null}");
        check_says(s, 0, "cloudsegroup/vnic/search", GROUP("sg-1"), "{\"result\":0,\"dataCount\":0}");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = with_groups(2, false);

        (void)state;
        console(s, "binding-add", "{\"card\":\"vnic-2\",\"group\":\"sg-1\"}", 0);
        console(s, "binding-add", "{\"card\":\"vnic-1\",\"group\":\"sg-1\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"2\"");
        console(s, "binding-delete", "{\"card\":\"vnic-2\",\"group\":\"sg-1\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "\"dataCount\":\"1\"");
        console(s, "binding-add", "{\"card\":\"vnic-2\",\"group\":\"sg-1\"}", 0);
        console(s, "binding-add", "{\"card\":\"vnic-2\",\"group\":\"sg-2\"}", 0);
        console(s, "group-change", "{\"id\":\"sg-1\",\"name\":\"other\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{\"securitygroup.name\":\"other\"}", "sg-1");
        console(s, "group-delete", "{\"name\":\"other\"}", 0);
        check_no(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "group does not exist");
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-2"), "\"dataCount\":\"1\"");
        console(s, "binding-delete", "{\"group\":\"sg-1\"}", -ENOENT);
        console(s, "group-add", "{\"name\":\"of-somebody\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{\"securitygroup.name\":\"of-somebody\"}", "sg-3");
        console(s, "card-add", "{\"machine\":\"vm-1\",\"network\":\"pg-5\",\"address\":\"10.9.9.9\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-1"), "10.9.9.9");
        console(s, "card-change", "{\"id\":\"vnic-1\",\"address\":\"1234567890123456789012345\"}", -EINVAL);
        simulator->free(s);
}

static void states_survive(void **state)
{
        struct simulation *s = with_groups(2, false);
        _cleanup_free_ char *before = NULL, *after = NULL;

        (void)state;
        check_call(s, 0, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-2,vnic-1"), "\"result\":\"0\"");
        before = call(s, 0, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"));
        s = saved_and_loaded(s, 1, false);
        after = call(s, 1, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"));
        assert_string_equal(before, after);
        check_no(s, 1, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "bound");
        check_call(s, 1, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"x\"}", "\"sg-3\"");
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudvm/vnic/search", CARDS("vm-1"), "card-list", "vm-1");
        check_class(s, METHOD_POST, "cloudvm/vnic/add", CARDS("vm-1"), "card", "vm-1");
        check_class(s, METHOD_POST, "cloudsegroup/search", "{}", "group-list", "");
        check_class(s, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"web\"}", "group", "web");
        check_class(s, METHOD_DELETE, "cloudsegroup/sg-1", NULL, "group-delete", "sg-1");
        check_class(s, METHOD_POST, "cloudsegroup/vnic/search", GROUP("sg-1"), "binding-list", "sg-1");
        check_class(s, METHOD_POST, "cloudsegroup/vnic/bind", BIND("sg-1", "vnic-1"), "bind", "sg-1");
        check_class(s, METHOD_POST, "cloudsegroup/vnic/unbind", BIND("sg-1", "vnic-1"), "unbind", "sg-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_has_a_card),
                cmocka_unit_test(cards_are_added),
                cmocka_unit_test(groups_are_created_and_deleted),
                cmocka_unit_test(cards_are_bound_and_unbound),
                cmocka_unit_test(bindings_are_checked),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
