/* SPDX-License-Identifier: MIT */

/*
 * The simulator's disks, in both eras.
 */

#include "tests/providers/jimv/sim_exchange.h"

static void check_disk(struct world *w, int i, int64_t state, int64_t sequence, int64_t size)
{
        assert_int_equal(saved_number(w, "disks", i, "state"), state);
        assert_int_equal(saved_number(w, "disks", i, "sequence"), sequence);
        assert_int_equal(saved_number(w, "disks", i, "size"), size);
}

/* A path with a guest's and a disk's uuid. */
static void attach(struct world *w, const char *guest, const char *disk, int status, const char *expected)
{
        char path[128];

        snprintf(path, sizeof(path), "/api/guest/_attach_disk/%.36s/%.36s", guest, disk);
        check(w, METHOD_PUT, path, NULL, status, expected);
}

static void resize(struct world *w, const char *disk, const char *size, int status, const char *expected)
{
        char path[128];

        snprintf(path, sizeof(path), "/api/disk/_disk_resize/%.36s/%s", disk, size);
        check(w, METHOD_PUT, path, NULL, status, expected);
}

static struct world era_2017_with_disk(char guest[static 64], char disk[static 64])
{
        struct world w = world_new("2017", true, 1);

        check_ok(&w, METHOD_POST, "/api/disk", "{\"size\":10}");
        saved_text(&w, "machines", 0, "id", guest);
        saved_text(&w, "disks", 0, "id", disk);
        return w;
}

static void disks_of_2017_are_made_and_labelled(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_2017_with_disk(guest, disk);
        char label[64];

        (void)state;
        check_disk(&w, 0, 0, -1, 10);
        w.now = READY_DELAY;
        check_disk(&w, 0, 1, -1, 10);
        saved_text(&w, "disks", 0, "label", label);
        assert_int_equal(strlen(label), 8);
        check(&w, METHOD_GET, "/api/disks", NULL, 200, "\"sequence\": -1");
        check(&w, METHOD_GET, "/api/disks", NULL, 200, "\"total\": 1");
        check_of(&w, METHOD_PATCH, "/api/disk/%s", disk, "{\"label\":\"data-web\"}", 200, "\"label\": \"data-web\"");
        check_of(&w, METHOD_PATCH, "/api/disk/%s", disk, "{\"size\":7}", 200, OK);
        check_code(&w, METHOD_PATCH, "/api/disk/" NOBODY, "{\"label\":\"x\"}", 40401);
        check_code_of(&w, METHOD_PATCH, "/api/disk/%s", disk, "{\"label\":1}", 41202);
        check_code(&w, METHOD_POST, "/api/disk", "{\"size\":0}", 41255);
        check_code(&w, METHOD_POST, "/api/disk", "{\"size\":\"10\"}", 41202);
        check_code(&w, METHOD_POST, "/api/disk", "{}", 41201);
        check(&w, METHOD_GET, "/api/disks/_search?keyword=data-", NULL, 200, "\"total\": 1");
        check(&w, METHOD_GET, "/api/disks?filter=label:eq:data-web", NULL, 200, "\"total\": 1");
}

static void disks_of_2017_shrink(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_2017_with_disk(guest, disk);

        (void)state;
        w.now = READY_DELAY;
        resize(&w, disk, "20", 200, OK);
        check_disk(&w, 0, 1, -1, 10);
        w.now = 2 * READY_DELAY;
        check_disk(&w, 0, 1, -1, 20);
        resize(&w, disk, "5", 200, OK);
        w.now = 3 * READY_DELAY;
        check_disk(&w, 0, 1, -1, 5);
        resize(&w, disk, "0", 412, "\"code\": \"41255\"");
        resize(&w, disk, "1.5", 412, "\"code\": \"41209\"");
        resize(&w, "short", "5", 412, "\"code\": \"41203\"");
        resize(&w, NOBODY, "5", 404, "\"code\": \"40401\"");
}

static void disks_of_2017_are_attached_late(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_2017_with_disk(guest, disk);

        (void)state;
        attach(&w, guest, disk, 412, "\"code\": \"41258\""); /* pending */
        w.now = READY_DELAY;
        attach(&w, NOBODY, disk, 404, "\"code\": \"40401\"");
        attach(&w, guest, NOBODY, 404, "\"code\": \"40401\"");
        attach(&w, "short", disk, 412, "\"code\": \"41203\"");
        attach(&w, guest, disk, 200, OK);
        check_disk(&w, 0, 1, -1, 10);
        w.now = 2 * READY_DELAY;
        check_disk(&w, 0, 2, 1, 10);
        attach(&w, guest, disk, 412, "\"code\": \"41258\"");
        check_code_of(&w, METHOD_DELETE, "/api/disk/%s", disk, NULL, 41256);

        check_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 200, OK);
        w.now = 3 * READY_DELAY;
        check_disk(&w, 0, 1, -1, 10);
        check_of(&w, METHOD_DELETE, "/api/disk/%s", disk, NULL, 200, OK);
        w.now = 4 * READY_DELAY;
        assert_int_equal(count(&w, "disks"), 0);
        check_code_of(&w, METHOD_DELETE, "/api/disk/%s", disk, NULL, 40401);
        check_code(&w, METHOD_DELETE, "/api/disk/short", NULL, 41203);
}

static void guests_that_are_not_ready_take_no_disk(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_2017_with_disk(guest, disk);

        (void)state;
        w.now = READY_DELAY;
        console(&w, "state", "{\"name\":\"elder-0\",\"state\":0}");
        attach(&w, guest, disk, 412, "\"code\": \"41259\"");
        console(&w, "state", "{\"name\":\"elder-0\",\"state\":255}");
        attach(&w, guest, disk, 412, "\"code\": \"41259\"");
        console(&w, "state", "{\"name\":\"elder-0\",\"state\":5}");
        attach(&w, guest, disk, 200, OK);
        w.now = 2 * READY_DELAY;
        console(&w, "state", "{\"name\":\"elder-0\",\"state\":255}");
        check_code_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 41259);
}

static void a_dead_guest_of_2017_keeps_its_disk(void **state)
{
        char guest[64], disk[64], tied[64];
        struct world w _cleanup_(world_done) = era_2017_with_disk(guest, disk);

        (void)state;
        w.now = READY_DELAY;
        attach(&w, guest, disk, 200, OK);
        w.now = 2 * READY_DELAY;
        check_of(&w, METHOD_DELETE, "/api/guests/%s", guest, NULL, 200, OK);
        w.now = 3 * READY_DELAY;
        saved_text(&w, "disks", 0, "guest", tied);
        assert_string_equal(tied, guest);
        check_code_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 40401);
        check_code_of(&w, METHOD_DELETE, "/api/disk/%s", disk, NULL, 41256);
        check_disk(&w, 0, 2, 1, 10);
}

#define CREATE_DISK "{\"size\":10,\"quantity\":1,\"remark\":\"web-data\",\"node_id\":\"" NODE_1 "\"}"

static struct world era_0_8_with_disk(char guest[static 64], char disk[static 64])
{
        struct world w = world_new("0.8", true, 1);

        sign_in(&w);
        check_ok(&w, METHOD_POST, "/api/disk", CREATE_DISK);
        w.now = READY_DELAY;
        saved_text(&w, "machines", 0, "id", guest);
        saved_text(&w, "disks", -1, "id", disk);
        return w;
}

static void system_disks_of_0_8_are_listed(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        check_disk(&w, 0, 2, 0, 20);
        check(&w, METHOD_GET, "/api/disks", NULL, 200, "\"total\": 2");
        check(&w, METHOD_GET, "/api/disks", NULL, 200, "_SystemImage\"");
        check_of(&w, METHOD_GET, "/api/disks/%s", guest, NULL, 200, "\"device\": \"/dev/vda\"");
        check_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", guest, NULL, 200, OK);
        check_code_of(&w, METHOD_DELETE, "/api/disks/%s", guest, NULL, 41256);
        w.now = 2 * READY_DELAY;
        check_disk(&w, 0, 2, 0, 20);
}

/* As a real reply has it. */
static void disks_of_0_8_have_the_shape_of_real_ones(void **state)
{
        static const char *const numbers[] = { "sequence", "bps_wr",         "iops",    "iops_rd",
                                               "id",       "size",           "bps_rd",  "iops_max_length",
                                               "state",    "bps_max_length", "bps_max", "node_id",
                                               "iops_wr",  "iops_max",       "bps",     "create_time" };
        static const char *const texts[] = { "guest_uuid", "uuid", "format", "path", "remark" };
        char guest[64], disk[64], path[128];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);
        _cleanup_json_ json_t *json = NULL;
        json_t *d;

        (void)state;
        snprintf(path, sizeof(path), "/api/disks/%s", disk);
        {
                struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, path, NULL);

                json = json_of(&rp);
        }
        d = json_object_get(json, "data");
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                assert_true(json_is_integer(json_object_get(d, numbers[i])));
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_true(json_is_string(json_object_get(d, texts[i])));
        assert_true(json_is_null(json_object_get(d, "device")));
        assert_int_equal(json_object_size(d), ARRAY_SIZE(numbers) + ARRAY_SIZE(texts) + 1);
        assert_int_equal(json_integer_value(json_object_get(d, "iops")), 1010);
        assert_int_equal(json_integer_value(json_object_get(d, "bps")), 212860920);
}

static void creates_of_disks_of_0_8_are_checked(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        check_code(&w, METHOD_POST, "/api/disk", "{\"size\":10}", 41201);
        check_code(&w, METHOD_POST, "/api/disk", "{\"size\":10,\"quantity\":1,\"remark\":\"x\",\"node_id\":\"12\"}",
                   41203);
        check_code(&w, METHOD_POST, "/api/disk",
                   "{\"size\":0,\"quantity\":1,\"remark\":\"x\",\"node_id\":\"" NODE_1 "\"}", 41255);
        check_page(&w, METHOD_POST, "/api/disk",
                   "{\"size\":1,\"quantity\":1,\"remark\":\"x\",\"node_id\":\"a-node-of-16-cha\"}", 500);
        check_ok(&w, METHOD_POST, "/api/disk",
                 "{\"size\":1,\"quantity\":2,\"remark\":\"x\",\"node_id\":\"9999999999999999\"}");
        w.now = 5 * READY_DELAY; /* on no host that there is: they stay pending */
        check_disk(&w, -1, 0, -1, 1);
        check_disk(&w, -2, 0, -1, 1);
        check_page(&w, METHOD_GET, "/api/disks/" NOBODY, NULL, 500);
        check(&w, METHOD_GET, "/api/disks/" NOBODY "," NOBODY, NULL, 200, "\"data\": [], \"total\": 0}");
        check_code(&w, METHOD_PATCH, "/api/disks/" NOBODY, "{\"remark\":\"x\"}", 40401);
        check_of(&w, METHOD_PATCH, "/api/disks/%s", disk, "{\"remark\":\"other\"}", 200, "\"remark\": \"other\"");
}

static void disks_of_0_8_only_grow(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        resize(&w, disk, "5", 412, "\"code\": \"41257\"");
        resize(&w, disk, "10", 412, "\"code\": \"41257\"");
        resize(&w, disk, "20", 200, OK);
        w.now = 2 * READY_DELAY;
        check_disk(&w, 1, 1, -1, 20);
}

static void disks_of_0_8_are_tied_at_once(void **state)
{
        char guest[64], disk[64], tied[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        attach(&w, guest, disk, 200, OK);
        check_disk(&w, 1, 3, 1, 10);
        saved_text(&w, "disks", 1, "guest", tied);
        assert_string_equal(tied, guest);
        check_code_of(&w, METHOD_DELETE, "/api/disks/%s", disk, NULL, 41256);
        w.now = 2 * READY_DELAY;
        check_disk(&w, 1, 2, 1, 10);
        check_of(&w, METHOD_GET, "/api/disks/%s", disk, NULL, 200, "\"device\": \"/dev/vdb\"");
        attach(&w, guest, disk, 412, "\"code\": \"41258\"");

        check_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 200, OK);
        check_disk(&w, 1, 4, 1, 10);
        w.now = 3 * READY_DELAY;
        check_disk(&w, 1, 1, -1, 10);
        check_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 200, OK);
        check_of(&w, METHOD_DELETE, "/api/disks/%s", disk, NULL, 200, OK);
        w.now = 4 * READY_DELAY;
        assert_int_equal(count(&w, "disks"), 1);
}

static void disks_of_0_8_need_their_host(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        check_ok(&w, METHOD_POST, "/api/disk",
                 "{\"size\":10,\"quantity\":1,\"remark\":\"far\",\"node_id\":\"" NODE_2 "\"}");
        w.now = 2 * READY_DELAY;
        saved_text(&w, "disks", -1, "id", disk);
        attach(&w, guest, disk, 412, "\"code\": \"41260\"");
}

static void a_dead_guest_of_0_8_frees_its_disk(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        attach(&w, guest, disk, 200, OK);
        w.now = 2 * READY_DELAY;
        check_of(&w, METHOD_DELETE, "/api/guests/%s", guest, NULL, 200, OK);
        check_disk(&w, 1, 2, 1, 10);
        w.now = 3 * READY_DELAY;
        assert_int_equal(count(&w, "disks"), 1);
        check_disk(&w, 0, 1, -1, 10);
}

/* A guest takes 25 data disks, and its sequences are filled from below. */
static void sequences_are_filled_from_below(void **state)
{
        char guest[64], disk[64];
        struct world w _cleanup_(world_done) = era_0_8_with_disk(guest, disk);

        (void)state;
        check_ok(&w, METHOD_POST, "/api/disk",
                 "{\"size\":1,\"quantity\":26,\"remark\":\"x\",\"node_id\":\"" NODE_1 "\"}");
        w.now = 2 * READY_DELAY;
        for (int i = 0; i < 25; i++) {
                saved_text(&w, "disks", 2 + i, "id", disk);
                attach(&w, guest, disk, 200, OK);
        }
        w.now = 3 * READY_DELAY;
        check_disk(&w, 26, 2, 25, 1);
        saved_text(&w, "disks", 27, "id", disk);
        attach(&w, guest, disk, 500, "<title>");
        saved_text(&w, "disks", 6, "id", disk);
        check_of(&w, METHOD_PUT, "/api/guest/_detach_disk/%s", disk, NULL, 200, OK);
        w.now = 4 * READY_DELAY;
        saved_text(&w, "disks", 27, "id", disk);
        attach(&w, guest, disk, 200, OK);
        check_disk(&w, 27, 3, 5, 1);
}

static void check_class(struct world *w, enum method method, const char *path, const char *class, const char *subject)
{
        struct request rq _cleanup_request_ = make_request(w, method, path, NULL);
        char about[SIMULATOR_SUBJECT_MAX];

        assert_string_equal(simulator->classify(w->s, &rq), class);
        simulator->subject(w->s, &rq, about);
        assert_string_equal(about, subject);
}

/* What faults and logs call them. */
static void calls_have_classes(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0),
                       later _cleanup_(world_done) = world_new("0.8", true, 0);

        (void)state;
        check_class(&w, METHOD_POST, "/api/disk", "disk", "");
        check_class(&w, METHOD_GET, "/api/disks", "disk-list", "");
        check_class(&w, METHOD_PATCH, "/api/disk/d", "disk-label", "d");
        check_class(&w, METHOD_DELETE, "/api/disk/d", "disk-delete", "d");
        check_class(&later, METHOD_DELETE, "/api/disks/d,e", "disk-delete", "d,e");
        check_class(&later, METHOD_PUT, "/api/disk/_disk_resize/d/20", "disk-resize", "d");
        check_class(&later, METHOD_PUT, "/api/guest/_attach_disk/g/d", "disk-attach", "g");
        check_class(&later, METHOD_PUT, "/api/guest/_detach_disk/d", "disk-detach", "d");
        check_class(&later, METHOD_POST, "/api/user/_sign_in", "login", "");
        check_class(&later, METHOD_PUT, "/api/guests/_adjust_ability/g/2/4", "cpu", "g");
        check_class(&later, METHOD_PUT, "/api/guests/_reboot/g", "reboot", "g");
        check_class(&later, METHOD_DELETE, "/api/disk/d", "other", "");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(disks_of_2017_are_made_and_labelled),
                cmocka_unit_test(disks_of_2017_shrink),
                cmocka_unit_test(disks_of_2017_are_attached_late),
                cmocka_unit_test(guests_that_are_not_ready_take_no_disk),
                cmocka_unit_test(a_dead_guest_of_2017_keeps_its_disk),
                cmocka_unit_test(system_disks_of_0_8_are_listed),
                cmocka_unit_test(disks_of_0_8_have_the_shape_of_real_ones),
                cmocka_unit_test(creates_of_disks_of_0_8_are_checked),
                cmocka_unit_test(disks_of_0_8_only_grow),
                cmocka_unit_test(disks_of_0_8_are_tied_at_once),
                cmocka_unit_test(disks_of_0_8_need_their_host),
                cmocka_unit_test(a_dead_guest_of_0_8_frees_its_disk),
                cmocka_unit_test(sequences_are_filled_from_below),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
