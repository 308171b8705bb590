/* SPDX-License-Identifier: MIT */

/*
 * The simulator's disks of machines.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define ADD(machine) "{\"vdisk.vmid\":\"" machine "\",\"vdisk.desc\":\"muster:web-0/data\",\"vdisk.size\":\"100\"}"
#define OF(machine) "{\"vdisk.vmid\":\"" machine "\"}"
#define SYSTEM                                                                                              \
        "{\"vdisk.id\":\"disk-1\",\"vdisk.name\":\"system\",\"vdisk.devname\":\"vda\",\"vdisk.desc\":\"\"," \
        "\"vdisk.createtime\":\"2026-01-01 00:00:00\",\"vdisk.vmid\":\"vm-1\",\"vdisk.size\":\"20\"}"

static void add(struct simulation *s, usec_t now)
{
        check_call(s, now, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "\"startid\":\"task-");
}

static void a_machine_has_a_system_disk(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_says(s, 0, "cloudvm/vdisk/search", OF("vm-1"), "{\"result\":\"0\",\"data\":[" SYSTEM "]}");
        check_call(s, 0, METHOD_POST, "cloudvm/create",
                   "{\"vm.name\":\"w\",\"vm.template.id\":\"t\",\"vm.vcpu.num\":1,\"vm.memory.mem\":1,"
                   "\"vnic.portgroupid\":\"pg-1\"}",
                   "vm-2");
        check_call(s, 0, METHOD_POST, "cloudvm/vdisk/search", OF("vm-2"), "\"vdisk.id\":\"disk-2\"");
        check_no(s, 0, METHOD_DELETE, "cloudvm/vdisk/disk-1", NULL, "system disk");
        simulator->free(s);
}

static void disks_are_added_late(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_says(s, 0, "cloudvm/vdisk/add", ADD("vm-1"),
                   "{\"result\":\"0\",\"data\":{\"vdisk.id\":\"disk-2\",\"vdisk.devname\":\"vdb\"},"
                   "\"startid\":\"task-1\"}");
        check_says(s, READY_DELAY - 1, "cloudvm/vdisk/search", OF("vm-1"), "{\"result\":\"0\",\"data\":[" SYSTEM "]}");
        check_no(s, READY_DELAY - 1, METHOD_DELETE, "cloudvm/vdisk/disk-2", NULL, "locked");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"),
                   "\"vdisk.desc\":\"muster:web-0/data\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "\"vdisk.size\":\"100\"}]}");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "\"vdc\"");
        simulator->free(s);
}

static void adds_are_checked(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-9"), "machine does not exist");
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/add", "{\"vdisk.size\":\"5\"}", "machine does not exist");
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/add", OF("vm-1"), "vdisk.size");
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/add", "{\"vdisk.vmid\":\"vm-1\",\"vdisk.size\":\"0\"}",
                 "vdisk.size");
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/search", OF("vm-9"), "machine does not exist");
        check_no(s, 0, METHOD_POST, "cloudvm/vdisk/search", NULL, "machine does not exist");
        check_call(s, 0, METHOD_POST, "cloudvm/create",
                   "{\"vm.template.id\":\"t\",\"vm.vcpu.num\":1,\"vm.memory.mem\":1,\"vnic.portgroupid\":\"pg-1\"}",
                   "vm-2");
        check_no(s, READY_DELAY - 1, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-2"), "locked");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-2"), "\"result\":\"0\"");
        for (int i = 0; i < 15; i++)
                add(s, READY_DELAY);
        check_no(s, READY_DELAY, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "16 disks already");
        simulator->free(s);
}

static void extend(struct simulation *s, usec_t now, const char *size, const char *words)
{
        char params[128];

        snprintf(params, sizeof(params), "{\"vdisk.id\":\"disk-2\",\"vdisk.size\":%s}", size);
        if (words)
                check_no(s, now, METHOD_PUT, "cloudvm/vdisk/extend", params, words);
        else
                check_call(s, now, METHOD_PUT, "cloudvm/vdisk/extend", params, "{\"result\":\"0\",\"startid\":\"task-");
}

static void disks_only_grow(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        add(s, 0);
        extend(s, READY_DELAY - 1, "200", "locked");
        extend(s, READY_DELAY, "99", "not larger");
        extend(s, READY_DELAY, "\"100\"", "not larger");
        extend(s, READY_DELAY, "\"x\"", "vdisk.size");
        extend(s, READY_DELAY, "\"200\"", NULL);
        extend(s, READY_DELAY, "300", "locked");
        check_call(s, 2 * READY_DELAY - 1, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "\"vdisk.size\":\"100\"");
        check_call(s, 2 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "\"vdisk.size\":\"200\"");
        check_no(s, 0, METHOD_PUT, "cloudvm/vdisk/extend", "{\"vdisk.id\":\"disk-9\",\"vdisk.size\":5}",
                 "disk does not exist");
        simulator->free(s);
}

static void disks_go_late_and_with_their_machine(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        add(s, 0);
        add(s, 0);
        check_no(s, READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-99", NULL, "disk does not exist");
        check_call(s, READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-3", NULL,
                   "{\"result\":\"0\",\"startid\":\"task-3\"}");
        check_call(s, 2 * READY_DELAY - 1, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "disk-3");
        check_no(s, 2 * READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-3", NULL, "disk does not exist");
        check_call(s, 2 * READY_DELAY, METHOD_PUT, "cloudvm/vdisk/extend",
                   "{\"vdisk.id\":\"disk-4\",\"vdisk.size\":\"500\"}", "\"result\":\"0\"");
        check_call(s, 2 * READY_DELAY, METHOD_DELETE, "cloudvm/vm-1", NULL, "\"result\":\"0\"");
        check_no(s, 2 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "machine is locked");
        check_no(s, 3 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "machine does not exist");
        check_no(s, 3 * READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-4", NULL, "disk does not exist");
        check_call(s, 3 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-2"), "disk-2");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);

        (void)state;
        check_says(
                s, 0, "cloudvm/vdisk/search", OF("vm-1"),
                "{\"result\":0,\"data\":{\"vdisk.id\":\"disk-1\",\"vdisk.name\":\"system\",\"vdisk.devname\":\"vda\","
                "\"vdisk.desc\":null,\"vdisk.createtime\":\"2026-01-01 00:00:00\",\"vdisk.vmid\":\"vm-1\","
                "\"vdisk.size\":20}}");
        console(s, "disk-delete", "{\"id\":\"disk-1\"}", 0);
        check_says(s, 0, "cloudvm/vdisk/search", "{\" vdisk.vmid\":\"vm-1\"}", "{\"result\":0}");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        console(s, "disk-add", "{\"machine\":\"vm-2\",\"size\":7,\"description\":\"mine\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudvm/vdisk/search", OF("vm-2"), "\"vdisk.desc\":\"mine\"");
        console(s, "disk-change", "{\"id\":\"disk-3\",\"size\":3,\"description\":\"\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudvm/vdisk/search", OF("vm-2"), "\"vdisk.size\":\"3\"");
        console(s, "disk-change", "{\"id\":\"disk-3\",\"size\":\"x\"}", -EINVAL);
        console(s, "disk-change", "{\"id\":\"disk-3\",\"colour\":\"x\"}", -EINVAL);
        console(s, "disk-change", "{\"id\":\"disk-3\",\"machine\":\"vm-1\"}", -EINVAL);
        console(s, "disk-change", "{\"size\":3}", -EINVAL);
        console(s, "disk-add", "{\"machine\":\"vm-9\",\"size\":7}", -EINVAL);
        console(s, "disk-add", "{\"size\":7}", -EINVAL);
        console(s, "disk-paint", "{}", -EINVAL);
        console(s, "disk-delete", "{}", -EINVAL);
        console(s, "disk-delete", "{\"name\":\"system\"}", -EINVAL);
        console(s, "disk-delete", "{\"id\":\"disk-9\"}", -ENOENT);
        console(s, "disk-delete", "{\"machine\":\"vm-2\",\"size\":3}", 0);
        console(s, "disk-delete", "{\"id\":\"disk-3\"}", -ENOENT);
        simulator->free(s);
}

static void states_survive(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        add(s, 0);
        s = saved_and_loaded(s, 1, false);
        check_says(s, READY_DELAY - 1, "cloudvm/vdisk/search", OF("vm-1"), "{\"result\":\"0\",\"data\":[" SYSTEM "]}");
        extend(s, READY_DELAY, "150", NULL);
        s = saved_and_loaded(s, READY_DELAY + 1, false);
        check_call(s, 2 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "\"vdisk.size\":\"150\"");
        check_call(s, 2 * READY_DELAY, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "disk-3");
        check_call(s, 2 * READY_DELAY, METHOD_DELETE, "cloudvm/vm-1", NULL, "\"result\":\"0\"");
        check_no(s, 2 * READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-2", NULL, "machine is locked");
        check_no(s, 2 * READY_DELAY, METHOD_PUT, "cloudvm/vdisk/extend", "{\"vdisk.id\":\"disk-2\",\"vdisk.size\":500}",
                 "machine is locked");
        check_no(s, 3 * READY_DELAY, METHOD_DELETE, "cloudvm/vdisk/disk-3", NULL, "disk does not exist");
        simulator->free(s);
}

/* A state from before there were disks. */
static void older_states_have_system_disks(void **state)
{
        static const char text[] =
                "{\"format\":\"muster-sim.starvcenter/v1\",\"nextSerial\":8,\"nextTask\":1,\"machines\":[{\"id\":\"vm-7\","
                "\"name\":\"w\",\"state\":1,\"cpu\":1,\"memory\":1,\"template\":\"\",\"model\":\"m\",\"network\":\"pg-1\","
                "\"address\":\"10.0.0.7\",\"created\":\"2026-01-01 00:00:00\",\"canShutDown\":true,\"work\":\"none\","
                "\"dueIn\":0,\"wanted\":0}]}";
        struct simulation *s = make_sim(0, false);
        json_t *json = NULL;

        (void)state;
        assert_int_equal(json_parse(text, strlen(text), &json, NULL), 0);
        assert_int_equal(simulator->load(s, 0, json, NULL), 0);
        check_call(s, 0, METHOD_POST, "cloudvm/vdisk/search", OF("vm-7"), "\"vdisk.id\":\"disk-1\"");
        check_call(s, 0, METHOD_GET, "cloudvm/vm-7", NULL, "\"vm.ip\":\"10.0.0.7\"");
        json_decref(json);
        simulator->free(s);
}

static void bad_states_are_refused(void **state)
{
        static const char *const bad[] = {
                "[{}]",
                "[3]",
                "[{\"id\":\"disk-1\",\"serial\":1,\"name\":\"\",\"device\":\"\",\"description\":\"\",\"created\":\"\","
                "\"machine\":\"vm-9\",\"size\":1,\"work\":\"none\",\"dueIn\":0,\"wanted\":0}]",
                "[{\"id\":\"disk-1\",\"serial\":1,\"name\":\"\",\"device\":\"\",\"description\":\"\",\"created\":\"\","
                "\"machine\":\"vm-1\",\"size\":1,\"work\":\"paint\",\"dueIn\":0,\"wanted\":0}]",
                "[{\"id\":\"disk-5\",\"serial\":5,\"name\":\"\",\"device\":\"\",\"description\":\"\",\"created\":\"\","
                "\"machine\":\"vm-1\",\"size\":1,\"work\":\"none\",\"dueIn\":0,\"wanted\":0}]",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct simulation *s = make_sim(1, false);
                json_t *saved = simulator->save(s, 0), *disks = NULL;
                struct error e = { "" };

                assert_int_equal(json_parse(bad[i], strlen(bad[i]), &disks, NULL), 0);
                assert_int_equal(json_object_set_new(saved, "disks", disks), 0);
                assert_int_equal(simulator->load(s, 0, saved, &e), -EBADMSG);
                assert_true(*e.text);
                json_decref(saved);
                simulator->free(s);
        }
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(1, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudvm/vdisk/add", ADD("vm-1"), "disk", "muster:web-0/data");
        check_class(s, METHOD_PUT, "cloudvm/vdisk/extend", "{\"vdisk.id\":\"disk-1\"}", "disk-resize", "disk-1");
        check_class(s, METHOD_DELETE, "cloudvm/vdisk/disk-1", NULL, "disk-delete", "disk-1");
        check_class(s, METHOD_POST, "cloudvm/vdisk/search", OF("vm-1"), "disk-list", "vm-1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_has_a_system_disk),
                cmocka_unit_test(disks_are_added_late),
                cmocka_unit_test(adds_are_checked),
                cmocka_unit_test(disks_only_grow),
                cmocka_unit_test(disks_go_late_and_with_their_machine),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(older_states_have_system_disks),
                cmocka_unit_test(bad_states_are_refused),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
