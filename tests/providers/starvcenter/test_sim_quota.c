/* SPDX-License-Identifier: MIT */

/*
 * The simulator's quotas of tenants.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define TENANT "{\"tenant.id\":\"app-1\"}"
#define MACHINE(cpu, memory, more)                                                                       \
        "{\"vm.name\":\"w\",\"vm.template.id\":\"t\",\"vnic.portgroupid\":\"pg-1\",\"vm.vcpu.num\":" cpu \
        ",\"vm.memory.mem\":" memory more "}"
#define BALANCER(network, address)                                                                                     \
        "{\"slb.name\":\"shop\",\"slb.appid\":\"app-1\",\"slb.protocal.type\":\"TCP\",\"slb.network.type\":\"" network \
        "\",\"slb.directip\":\"" address "\",\"slb.directport\":\"80\",\"slb.vmid\":\"vm-r\","                         \
        "\"slb.directip.self\":\"false\"}"
#define DISK(size) "{\"vdisk.vmid\":\"vm-1\",\"vdisk.size\":" size "}"

static void left(struct simulation *s, usec_t now, const char *expected)
{
        check_call(s, now, METHOD_POST, "resourcequota/usableQuota", TENANT, expected);
}

static void what_is_left_is_told(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        left(s, 0, "\"countCpu\":1000000000,");
        console(s, "quota", "{\"tenant\":\"app-1\",\"cpu\":10,\"memory\":10000,\"storage\":100,\"ip\":3,\"vpc\":2}", 0);
        check_says(s, 0, "resourcequota/usableQuota", TENANT,
                   "{\"result\":\"0\",\"data\":{\"cpu\":6,\"memory\":1808,\"storage\":60,\"outerIpSize\":3,"
                   "\"portGroupSize\":2,\"oss\":0,\"countCpu\":10,\"countMemory\":10000,\"countStorage\":100,"
                   "\"countOuterIpSize\":3,\"countPortGroupSize\":2,\"countOss\":0}}");
        console(s, "quota", "{\"tenant\":\"app-1\",\"cpu\":1}", 0);
        left(s, 0, "{\"cpu\":0,\"memory\":1808,");
        check_no(s, 0, METHOD_POST, "resourcequota/usableQuota", "{\"tenant.id\":\"t-9\"}", "tenant does not exist");
        check_no(s, 0, METHOD_POST, "resourcequota/usableQuota", NULL, "tenant does not exist");
        console(s, "quota", "{\"tenant\":\"t-9\",\"cpu\":5}", 0);
        check_call(s, 0, METHOD_POST, "resourcequota/usableQuota", "{\"tenant.id\":\"t-9\"}", "{\"cpu\":5,");
        console(s, "add", "{\"name\":\"x\",\"cpu\":3}", 0);
        check_call(s, 0, METHOD_POST, "resourcequota/usableQuota", "{\"tenant.id\":\"t-9\"}", "{\"cpu\":5,");
        simulator->free(s);
}

static void machines_need_room(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"cpu\":10,\"memory\":10000,\"storage\":100}", 0);
        check_no(s, 0, METHOD_POST, "cloudvm/create", MACHINE("11", "1", ""), "quota of cores is used up");
        check_no(s, 0, METHOD_POST, "cloudvm/create", MACHINE("4", "1", ",\"vm.num\":3"), "cores");
        check_no(s, 0, METHOD_POST, "cloudvm/create", MACHINE("1", "10001", ""), "quota of memory");
        check_no(s, 0, METHOD_POST, "cloudvm/create", MACHINE("1", "1", ",\"vm.num\":6"), "quota of storage");
        check_call(s, 0, METHOD_POST, "cloudvm/create", MACHINE("4", "5000", ",\"vm.num\":2"), "vm-2");
        check_no(s, 0, METHOD_POST, "cloudvm/create", MACHINE("3", "1", ""), "cores");
        check_no(s, READY_DELAY, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-1\",\"vm.vcpu.num\":7}", "cores");
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-1\",\"vm.vcpu.num\":6}", "task");
        left(s, READY_DELAY, "{\"cpu\":0,");
        left(s, 2 * READY_DELAY, "{\"cpu\":0,");
        check_no(s, 2 * READY_DELAY, METHOD_PUT, "cloudvm/mem/modify", "{\"vm.id\":\"vm-1\",\"vm.memory.mem\":5001}",
                 "memory");
        check_call(s, 2 * READY_DELAY, METHOD_PUT, "cloudvm/mem/modify", "{\"vm.id\":\"vm-1\",\"vm.memory.mem\":1}",
                   "task");
        left(s, 2 * READY_DELAY, "\"memory\":0,");
        left(s, 3 * READY_DELAY, "\"memory\":4999,");
        check_call(s, 3 * READY_DELAY, METHOD_DELETE, "cloudvm/vm-1", NULL, "task");
        left(s, 3 * READY_DELAY, "{\"cpu\":0,");
        left(s, 4 * READY_DELAY, "{\"cpu\":6,");
        simulator->free(s);
}

static void disks_need_room(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"storage\":100}", 0);
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/add", DISK("81"), "quota of storage");
        check_call(s, 0, METHOD_POST, "cloudvm/vdisk/add", DISK("50"), "disk-2");
        left(s, 0, "\"storage\":30,");
        check_no(s, READY_DELAY, METHOD_PUT, "cloudvm/vdisk/extend", "{\"vdisk.id\":\"disk-2\",\"vdisk.size\":81}",
                 "quota of storage");
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/vdisk/extend", "{\"vdisk.id\":\"disk-2\",\"vdisk.size\":80}",
                   "task");
        left(s, READY_DELAY, "\"storage\":0,");
        check_call(s, 2 * READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-2", NULL, "task");
        left(s, 3 * READY_DELAY, "\"storage\":80,");
        simulator->free(s);
}

static void addresses_outside_need_room(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"ip\":1}", 0);
        check_call(s, 0, METHOD_POST, "cloudslb/add", BALANCER("outter", "203.0.113.1"), "slb_1");
        check_call(s, 0, METHOD_POST, "cloudslb/add", BALANCER("outter", "203.0.113.1"), "slb_2");
        check_call(s, 0, METHOD_POST, "cloudslb/add", BALANCER("inner", "10.0.0.1"), "slb_3");
        check_no(s, 0, METHOD_POST, "cloudslb/add", BALANCER("outter", "203.0.113.2"), "quota of outer addresses");
        left(s, 0, "\"outerIpSize\":0,");
        simulator->free(s);
}

static void quotas_are_modified_within_the_pool(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        console(s, "pool", "{\"cpu\":100,\"memory\":1000,\"storage\":10000,\"ip\":10}", 0);
        check_says(s, 0, "resourcequota/search", NULL,
                   "{\"result\":\"0\",\"data\":{\"cpu\":100,\"memory\":1000,\"storage\":10000,\"ip\":10}}");
        s = saved_and_loaded(s, 0, false);
        check_call(s, 0, METHOD_PUT, "resourcequota/modify",
                   "{\"tenantId\":\"app-1\",\"cpu\":\"100\",\"memory\":\"9\",\"storage\":8,\"ip\":7,\"vpc\":6}",
                   "{\"result\":\"0\",\"data\":\"\"}");
        check_no(s, 0, METHOD_PUT, "resourcequota/modify",
                 "{\"tenantId\":\"app-1\",\"cpu\":\"101\",\"memory\":\"9\",\"storage\":8,\"ip\":7,\"vpc\":6}",
                 "cpu is not a number from 0 to 100");
        check_no(s, 0, METHOD_PUT, "resourcequota/modify", "{\"tenantId\":\"app-1\",\"cpu\":\"1\"}",
                 "memory is missing");
        check_no(s, 0, METHOD_PUT, "resourcequota/modify", "{\"tenantId\":\"t-9\"}", "tenant does not exist");
        s = saved_and_loaded(s, 0, false);
        left(s, 0, "{\"cpu\":100,\"memory\":9,\"storage\":8,\"outerIpSize\":7,\"portGroupSize\":6,");
        console(s, "pool", "{\"cpu\":-1}", -EINVAL);
        console(s, "quota", "{\"tenant\":\"app-1\",\"cpu\":\"x\"}", -EINVAL);
        console(s, "quota", "{\"cpu\":1}", -EINVAL);
        console(s, "quota", "{\"tenant\":\"1234567890123456789012345678901234567890\"}", -EINVAL);
        simulator->free(s);
}

static void tenants_own_groups_and_balancers(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_no(s, 0, METHOD_POST, "cloudsegroup/create",
                 "{\"securitygroup.name\":\"x\",\"securitygroup.appid\":\"t-9\"}", "tenant does not exist");
        console(s, "quota", "{\"tenant\":\"t-9\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudsegroup/create",
                   "{\"securitygroup.name\":\"x\",\"securitygroup.appid\":\"t-9\"}", "sg-1");
        check_call(s, 0, METHOD_POST, "cloudsegroup/create", "{\"securitygroup.name\":\"y\"}", "sg-2");
        check_call(s, 0, METHOD_POST, "cloudsegroup/search", "{\"securitygroup.name\":\"y\"}",
                   "\"securitygroup.appid\":\"app-1\"");
        console(s, "tenant-delete", "{\"name\":\"app-1\"}", 0);
        check_no(s, 0, METHOD_POST, "cloudslb/add", BALANCER("inner", "10.0.0.1"), "tenant does not exist");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);

        (void)state;
        console(s, "quota", "{\"tenant\":\"app-1\",\"cpu\":10}", 0);
        left(s, 0, "{\"result\":0,\"data\":[{\"cpu\":\"8\",\"memory\":\"999995904\",");
        check_says(s, 0, "resourcequota/search", "{}",
                   "{\"result\":0,\"data\":[{\"cpu\":\"1000000000\",\"memory\":\"1000000000\","
                   "\"storage\":\"1000000000\",\"ip\":\"1000000000\"}]}");
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "resourcequota/search", NULL, "lookup", "");
        check_class(s, METHOD_POST, "resourcequota/usableQuota", TENANT, "lookup", "app-1");
        check_class(s, METHOD_PUT, "resourcequota/modify", "{\"tenantId\":\"app-1\"}", "quota", "app-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_left_is_told),
                cmocka_unit_test(machines_need_room),
                cmocka_unit_test(disks_need_room),
                cmocka_unit_test(addresses_outside_need_room),
                cmocka_unit_test(quotas_are_modified_within_the_pool),
                cmocka_unit_test(tenants_own_groups_and_balancers),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
