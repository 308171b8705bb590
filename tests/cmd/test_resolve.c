/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/resolve.h"

static void add(struct names *names, const char *resource, const char *slot)
{
        struct error e;

        assert_int_equal(names_add(names, resource, slot, &e), 0);
}

static void fill(struct names *names)
{
        add(names, "MachineSet/web", "web-0");
        add(names, "MachineSet/web", "web-1");
        add(names, "MachineSet/web", NULL);
        add(names, "MachineSet/db", NULL);
        add(names, "Provider/star", NULL);
        add(names, "Provider/both", NULL);
        add(names, "MachineSet/both", NULL);
        add(names, "SecurityGroup/web-tier", "web-tier");
        add(names, "SecurityGroup/web-tier", "web-tier/in tcp 80 from 0.0.0.0/0");
        add(names, "SecurityGroup/db", "db");
        add(names, "MachineSet/web", "web-0/data");
        add(names, "BackupPolicy/nightly", "web-0/nightly-1");
        add(names, "BackupPolicy/daily", "web-0/nightly-2"); /* renamed since */
        add(names, "BackupPolicy/nightly", "web-0/nightly-2");
        add(names, "SnapshotPolicy/often", "web-0/nightly-1");
}

static void check(const struct names *names, const char *typed, const char *resource, const char *slot)
{
        const char *found, *found_slot;
        struct error e;

        assert_int_equal(names_find(names, typed, &found, &found_slot, &e), 0);
        assert_string_equal(found, resource);
        if (slot)
                assert_string_equal(found_slot, slot);
        else
                assert_null(found_slot);
}

static void test_found(_unused_ void **state)
{
        _cleanup_names_ struct names names = { 0 };

        fill(&names);
        assert_int_equal(names.n_resources, 10);
        assert_int_equal(names.n_slots, 5);
        check(&names, "MachineSet/web", "MachineSet/web", NULL);
        check(&names, "web", "MachineSet/web", NULL);
        check(&names, "star", "Provider/star", NULL);
        check(&names, "Provider/both", "Provider/both", NULL);
        check(&names, "web-1", "MachineSet/web", "web-1");
        check(&names, "Machine/web-1", "MachineSet/web", "web-1");
        check(&names, "db-7", "MachineSet/db", "db-7");
        check(&names, "web-0/data", "MachineSet/web", "web-0/data"); /* and not the whole set */
        check(&names, "web-tier", "SecurityGroup/web-tier", NULL);
        check(&names, "web-0/nightly-2", "BackupPolicy/daily", "web-0/nightly-2");
}

static void check_refused(const struct names *names, const char *typed, int code, const char *words)
{
        const char *resource, *slot;
        struct error e;

        assert_int_equal(names_find(names, typed, &resource, &slot, &e), code);
        if (!strstr(e.text, words))
                fail_msg("\"%s\" is not in \"%s\"", words, e.text);
}

static void test_refused(_unused_ void **state)
{
        _cleanup_names_ struct names names = { 0 };

        fill(&names);
        check_refused(&names, "web-0/nightly-1", -ENOENT,
                      "'web-0/nightly-1' may be of BackupPolicy/nightly or of SnapshotPolicy/often");
        check_refused(&names, "both", -ENOENT, "may be one of Provider/both, MachineSet/both");
        check_refused(&names, "db", -ENOENT, "may be one of MachineSet/db, SecurityGroup/db");
        check_refused(&names, "MachineSet/wep", -ENOENT, "did you mean 'MachineSet/web'?");
        check_refused(&names, "MachineSet/star", -ENOENT, "there is no 'MachineSet/star'");
        check_refused(&names, "nothing-like-it", -ENOENT, "'muster status' lists the resources");
        check_refused(&names, "web-01", -ENOENT, "there is no 'web-01'");
        check_refused(&names, "a/b/c", -EINVAL, "names no resource");
        check_refused(&names, "/web", -EINVAL, "names no resource");
        check_refused(&names, "MachineSet/", -EINVAL, "names no resource");
        check_refused(&names, "Machine/", -EINVAL, "names no resource");
}

static void test_slot_set_length(_unused_ void **state)
{
        assert_int_equal(slot_set_length("web-3"), 3);
        assert_int_equal(slot_set_length("a-b-12"), 3);
        assert_int_equal(slot_set_length("web"), 0);
        assert_int_equal(slot_set_length("web-"), 0);
        assert_int_equal(slot_set_length("web-03"), 0);
        assert_int_equal(slot_set_length("web-x"), 0);
        assert_int_equal(slot_set_length("-3"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_found),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_slot_set_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
