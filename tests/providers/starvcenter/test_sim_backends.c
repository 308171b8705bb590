/* SPDX-License-Identifier: MIT */

/*
 * The simulator's back ends of load balancers.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define SHOP                                                                                                          \
        "\"slb.name\":\"shop\",\"slb.appid\":\"app-1\",\"slb.protocal.type\":\"TCP\",\"slb.network.type\":\"inner\"," \
        "\"slb.directip\":\"10.0.1.1\",\"slb.directport\":\"80\",\"slb.vmid\":\"vm-r\""
#define NODE(machine, port, more) \
        "{\"realnode.ip\":\"10.0.0.1\",\"realnode.port\":" port ",\"realnode.vmid\":\"" machine "\"" more "}"
#define OF_SHOP ",\"realnode.slbid\":\"slb_1\""

static struct simulation *with_balancer(bool quirks)
{
        struct simulation *s = make_sim(3, quirks);

        check_call(s, 0, METHOD_POST, "cloudslb/add",
                   "{" SHOP ",\"realnode\":[" NODE("vm-1", "\"8080\"", "") "," NODE(
                           "vm-2", "8080", ",\"realnode.weight\":\"10\",\"realnode.name\":\"second\"") "]}",
                   "slb_1");
        return s;
}

static void found(struct simulation *s, const char *params, const char *expected)
{
        check_call(s, 0, METHOD_POST, "cloudslb/realnode/search", params, expected);
}

static void they_come_with_their_balancer_and_go_with_it(void **state)
{
        struct simulation *s = with_balancer(false);

        (void)state;
        check_says(
                s, 0, "cloudslb/realnode/search", "{\"realnode.id\":\"realnode-1\"}",
                "{\"result\":\"0\",\"data\":[{\"realnode.id\":\"realnode-1\",\"realnode.name\":\"\",\"realnode.desc\":\"\","
                "\"realnode.createtime\":\"2026-01-01 00:00:00\",\"realnode.slbid\":\"slb_1\","
                "\"realnode.enable\":\"true\",\"realnode.ip\":\"10.0.0.1\",\"realnode.port\":\"8080\","
                "\"realnode.vmid\":\"vm-1\",\"realnode.weight\":\"1\"}],\"dataCount\":\"1\"}");
        found(s, "{}", "\"dataCount\":\"2\"");
        check_no(s, 0, METHOD_POST, "cloudslb/add",
                 "{" SHOP ",\"realnode\":[" NODE("vm-1", "1", "") "," NODE("vm-9", "1", "") "]}",
                 "machine does not exist");
        check_call(s, 0, METHOD_POST, "cloudslb/search", "{}", "\"dataCount\":\"1\"");
        check_call(s, 0, METHOD_DELETE, "cloudslb/slb_1", NULL, "\"result\":\"0\"");
        found(s, "{}", "\"dataCount\":\"0\"");
        simulator->free(s);
}

static void they_are_added_changed_and_deleted(void **state)
{
        struct simulation *s = with_balancer(false);

        (void)state;
        check_says(s, 0, "cloudslb/realnode/add", NODE("vm-3", "\"9090\"", OF_SHOP ",\"realnode.weight\":5"),
                   "{\"result\":\"0\",\"data\":{\"realnode.id\":\"realnode-3\"}}");
        check_call(s, 0, METHOD_POST, "cloudslb/realnode/add", NODE("vm-3", "9090", OF_SHOP), "realnode-4");
        check_call(s, 0, METHOD_PUT, "cloudslb/realnode/modify",
                   "{\"realnode.id\":\"realnode-3\",\"realnode.weight\":\"7\"}", "{\"result\":\"0\",\"data\":\"\"}");
        found(s, "{\"realnode.id\":\"realnode-3\"}",
              "\"realnode.port\":\"9090\",\"realnode.vmid\":\"vm-3\",\"realnode.weight\":\"7\"");
        check_call(s, 0, METHOD_PUT, "cloudslb/realnode/modify",
                   "{\"realnode.id\":\"realnode-3\",\"realnode.port\":9191}", "\"result\":\"0\"");
        found(s, "{\"realnode.port\":\"9191\"}", "\"realnode.weight\":\"7\"");
        check_call(s, 0, METHOD_DELETE, "cloudslb/realnode/realnode-3", NULL, "{\"result\":\"0\",\"data\":\"\"}");
        check_no(s, 0, METHOD_DELETE, "cloudslb/realnode/realnode-3", NULL, "backend does not exist");
        check_call(s, 0, METHOD_DELETE, "cloudvm/vm-2", NULL, "\"result\":\"0\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudslb/realnode/search", "{}", "\"realnode.vmid\":\"vm-2\"");
        simulator->free(s);
}

static void calls_are_checked(void **state)
{
        static const char *const refused[][2] = {
                { NODE("vm-1", "80", ""), "balancer does not exist" },
                { NODE("vm-9", "80", OF_SHOP), "machine does not exist" },
                { NODE("vm-1", "0", OF_SHOP), "realnode.port is not a number from 1 to 65535" },
                { NODE("vm-1", "65536", OF_SHOP), "realnode.port" },
                { NODE("vm-1", "80", OF_SHOP ",\"realnode.weight\":0"),
                  "realnode.weight is not a number from 1 to 10" },
                { NODE("vm-1", "80", OF_SHOP ",\"realnode.weight\":11"), "realnode.weight" },
                { "{\"realnode.slbid\":\"slb_1\",\"realnode.ip\":\"web-1\"}", "realnode.ip is not an address" },
                { "{\"realnode.slbid\":\"slb_1\",\"realnode.ip\":\"10.0.0.1\"}", "realnode.port is missing" },
        };
        static const char *const unchangeable[][2] = {
                { "\"realnode.weight\":0", "realnode.weight" },
                { "\"realnode.port\":\"x\"", "realnode.port" },
                { "\"realnode.ip\":\"10.0.0.2\"", "realnode.ip cannot be modified" },
                { "\"realnode.vmid\":\"vm-2\"", "realnode.vmid cannot be modified" },
                { "\"realnode.slbid\":\"slb_1\"", "realnode.slbid cannot be modified" },
        };
        struct simulation *s = with_balancer(false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                check_no(s, 0, METHOD_POST, "cloudslb/realnode/add", refused[i][0], refused[i][1]);
        for (size_t i = 0; i < ARRAY_SIZE(unchangeable); i++) {
                char params[256];

                snprintf(params, sizeof(params), "{\"realnode.id\":\"realnode-1\",%s}", unchangeable[i][0]);
                check_no(s, 0, METHOD_PUT, "cloudslb/realnode/modify", params, unchangeable[i][1]);
        }
        check_no(s, 0, METHOD_PUT, "cloudslb/realnode/modify", "{\"realnode.weight\":1}", "backend does not exist");
        found(s, "{}", "\"dataCount\":\"2\"");
        simulator->free(s);
}

static void searches_filter_order_and_page(void **state)
{
        struct simulation *s = with_balancer(false);

        (void)state;
        found(s, "{\"realnode.name\":\"second\"}", "\"data\":[{\"realnode.id\":\"realnode-2\"");
        found(s, "{\"realnode.ip\":\"10.0.0.1\"}", "\"dataCount\":\"2\"");
        found(s, "{\"realnode.slbid\":\"slb_9\"}", "\"dataCount\":\"2\""); /* there is no such filter */
        found(s, "{\"search.orderby\":\"name\",\"page.startnum\":2,\"page.everypagenum\":1}",
              "\"data\":[{\"realnode.id\":\"realnode-2\"");
        check_no(s, 0, METHOD_POST, "cloudslb/realnode/search", "{\"search.orderby\":\"weight\"}", "search.orderby");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = with_balancer(true);

        (void)state;
        found(s, "{\"realnode.id\":\"realnode-2\"}", "{\"result\":0,\"data\":{\"realnode.id\":\"realnode-2\"");
        found(s, "{}", "\"realnode.slbid \":\"slb_1\",\"realnode.enable\":true");
        found(s, "{}", "\"realnode.weight\":10}]");
        found(s, "{\"realnode.ip\":\"0.0.1\"}", "\"dataCount\":2");
        console(s, "balancer-delete", "{\"id\":\"slb_1\"}", 0);
        check_says(s, 0, "cloudslb/realnode/search", "{}", "{\"result\":0,\"dataCount\":0}");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = with_balancer(false);

        (void)state;
        console(s, "backend-add",
                "{\"balancer\":\"slb_1\",\"machine\":\"vm-8\",\"address\":\"10.8.8.8\",\"port\":1,\"weight\":2}", 0);
        found(s, "{\"realnode.ip\":\"10.8.8.8\"}", "\"realnode.enable\":\"true\"");
        console(s, "backend-change", "{\"id\":\"realnode-1\",\"weight\":9,\"enabled\":false}", 0);
        found(s, "{\"realnode.id\":\"realnode-1\"}", "\"realnode.weight\":\"9\"");
        s = saved_and_loaded(s, 0, false);
        console(s, "backend-delete", "{\"machine\":\"vm-8\",\"port\":1}", 0);
        found(s, "{}", "\"dataCount\":\"2\"");
        console(s, "backend-add", "{\"balancer\":\"slb_2\"}", -EINVAL);
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudslb/realnode/search", "{}", "backend-list", "");
        check_class(s, METHOD_POST, "cloudslb/realnode/add", NODE("vm-1", "1", OF_SHOP), "backend", "slb_1");
        check_class(s, METHOD_PUT, "cloudslb/realnode/modify", "{\"realnode.id\":\"realnode-1\"}", "backend-change",
                    "realnode-1");
        check_class(s, METHOD_DELETE, "cloudslb/realnode/realnode-1", NULL, "backend-delete", "realnode-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(they_come_with_their_balancer_and_go_with_it),
                cmocka_unit_test(they_are_added_changed_and_deleted),
                cmocka_unit_test(calls_are_checked),
                cmocka_unit_test(searches_filter_order_and_page),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
