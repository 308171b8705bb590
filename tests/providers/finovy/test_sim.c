/* SPDX-License-Identifier: MIT */

/*
 * Finovy's simulator by itself: every call of the document with its fields, answers and codes.
 */

#include "tests/providers/finovy/sim_exchange.h"

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All keys of an object, in order, with blanks between. */
static char *keys_of(const json_t *object)
{
        struct buf keys = BUF_INIT(4096);
        const char *sorted[64], *key;
        json_t *value;
        size_t n = 0;

        json_object_foreach((json_t *)object, key, value)
        {
                assert_true(n < ARRAY_SIZE(sorted));
                sorted[n++] = key;
        }
        qsort(sorted, n, sizeof(sorted[0]), compare_texts);
        for (size_t i = 0; i < n; i++)
                buf_addf(&keys, "%s%s", i > 0 ? " " : "", sorted[i]);
        return buf_steal(&keys);
}

static void check_keys(const json_t *object, const char *expected)
{
        _cleanup_free_ char *keys = keys_of(object);

        assert_string_equal(keys, expected);
}

#define ROW                                                                                                                   \
        "address cpu createTime expirationTime gpuConfiguration gpuNumber hostAccount hostPw id memory name operatingSystem " \
        "port pveMachineType rigidDisk"
#define ONE                                                                                                            \
        "address cpu createTime expirationTime gpuConfiguration gpuNumber hostAccount hostPw id ipv4 mac memory name " \
        "operatingSystem port pveMachineType rigidDisk"

static void check_fields(const char *variant, const char *row, const char *one, const char *package)
{
        struct world w _cleanup_world_ = world_of(1, false, variant);
        _cleanup_free_ char *id = id_at(&w, 0);
        _cleanup_json_ json_t *page = list(&w, "page=1&pageSize=25"), *host = details(&w, id);
        _cleanup_json_ json_t *packages = check_code(&w, METHOD_GET, "packAge/0", NULL, 0);
        _cleanup_json_ json_t *images = check_code(&w, METHOD_GET, "image", NULL, 0);

        check_keys(page, "data totalCounts");
        check_keys(json_array_get(json_object_get(page, "data"), 0), row);
        check_keys(host, one);
        check_keys(json_array_get(packages, 0), package);
        check_keys(json_array_get(images, 0), "imageId systemImageName systemImageVersion type");
}

static void answers_have_the_fields_of_their_document(void **state)
{
        (void)state;
        check_fields(NULL, ROW " status useType", ONE " status useType",
                     "amount area bandWidth cpuNumber discount gpuName gpuNumber memoryNumber name packageId "
                     "pveMachineType rigidDiskNumber type useType");
        check_fields("newer", ROW " status useType", ONE " status useType",
                     "amount area bandWidth cpuNumber discount gpuName gpuNumber memoryNumber name packageId "
                     "pveMachineType rigidDiskNumber type useType");
        check_fields("older", ROW " useType", ONE " useType",
                     "amount area bandWidth cpuNumber discount gpuNumber memoryNumber name packageId "
                     "pve_machine_type rigidDiskNumber type use_type");
}

/* What a host is made of is that of its package and image, each in the type of the example. */
static void rows_have_the_types_of_the_example(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        json_int_t cpu, memory, disk, gpus, port, created;
        _cleanup_json_ json_t *page = NULL;
        const char *account, *password, *status, *system, *use, *kind, *address;

        (void)state;
        check_true(&w, METHOD_POST, "createquantity", "{\"packageId\":\"pkg-gpu\",\"imageId\":\"507\"}");
        w.now += READY_DELAY;
        page = list(&w, "page=1&pageSize=1");
        assert_int_equal(json_unpack(json_array_get(json_object_get(page, "data"), 0),
                                     "{s:I, s:I, s:I, s:I, s:I, s:I, s:n, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "cpu",
                                     &cpu, "memory", &memory, "rigidDisk", &disk, "gpuNumber", &gpus, "port", &port,
                                     "createTime", &created, "expirationTime", "hostAccount", &account, "hostPw",
                                     &password, "status", &status, "operatingSystem", &system, "useType", &use,
                                     "pveMachineType", &kind, "address", &address),
                         0);
        assert_int_equal(cpu, 16);
        assert_int_equal(memory, 64);
        assert_int_equal(disk, 500);
        assert_int_equal(gpus, 1);
        assert_int_equal(port, 20001);
        assert_string_equal(account, "HostAccountCanary1");
        assert_string_equal(password, "HostPwCanary1");
        assert_string_equal(status, "2");
        assert_string_equal(system, "Windows");
        assert_string_equal(use, "0");
        assert_string_equal(kind, "1");
        assert_true(*address);
        assert_true(created > INT64_C(1700000000000));
}

static void a_host_by_the_hour_comes_up(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *elder = id_at(&w, 0), *id = NULL;
        _cleanup_json_ json_t *early = NULL, *late = NULL;

        (void)state;
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        assert_int_equal(total(&w), 2);
        id = id_at(&w, 0);
        assert_string_not_equal(id, elder);
        assert_int_equal(strlen(id), 10);

        w.now = READY_DELAY - 1;
        early = details(&w, id);
        assert_string_equal(json_string_value(json_object_get(early, "status")), "4");
        assert_true(json_is_null(json_object_get(early, "hostAccount")));
        assert_true(json_is_null(json_object_get(early, "hostPw")));
        assert_true(json_is_null(json_object_get(early, "address")));
        assert_true(json_is_null(json_object_get(early, "port")));
        assert_true(json_is_null(json_object_get(early, "ipv4")));

        w.now = READY_DELAY;
        late = details(&w, id);
        assert_string_equal(json_string_value(json_object_get(late, "status")), "2");
        assert_string_equal(json_string_value(json_object_get(late, "hostPw")), "HostPwCanary2");
        assert_string_equal(json_string_value(json_object_get(late, "ipv4")), "10.0.0.2");
        assert_string_equal(json_string_value(json_object_get(late, "mac")), "02:00:00:00:00:02");
        assert_true(json_is_null(json_object_get(late, "expirationTime")));
}

static void a_host_for_a_period_expires(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_free_ char *id = rent(&w, RENT(2, 0)), *gone = about("delete/%s", id);
        _cleanup_json_ json_t *host = details(&w, id);

        (void)state;
        assert_string_equal(json_string_value(json_object_get(host, "useType")), "1");
        assert_string_equal(json_string_value(json_object_get(host, "address")), "");
        assert_int_equal(json_integer_value(json_object_get(host, "port")), 0);
        assert_true(json_is_integer(json_object_get(host, "port")));
        assert_string_equal(json_string_value(json_object_get(host, "hostPw")), "HostPwCanary1");
        w.now = 2 * USEC_PER_HOUR - 1;
        check_status(&w, id, "2");
        w.now = 2 * USEC_PER_HOUR;
        check_status(&w, id, "5");
        check_about(&w, "operate/%s?type=1", id, 1001);
        check_about(&w, "operate/%s?type=0", id, 1001);
        check_about(&w, "reboot/%s", id, 7004);
        check_true(&w, METHOD_DELETE, gone, NULL);
        w.now += READY_DELAY;
        assert_int_equal(total(&w), 0);
}

/* It is not kept on its way for ever, nor brought up after its time. */
static void a_host_expires_while_it_comes_up(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_free_ char *id = rent(&w, RENT(1, 0));

        (void)state;
        w.now = READY_DELAY;
        check_about(&w, "operate/%s?type=0", id, 0);
        w.now = 2 * READY_DELAY;
        check_status(&w, id, "0");
        w.now = USEC_PER_HOUR - 1;
        check_about(&w, "operate/%s?type=1", id, 0);
        w.now = USEC_PER_HOUR;
        check_status(&w, id, "5");
        w.now = USEC_PER_HOUR + READY_DELAY;
        check_status(&w, id, "5");
}

static void periods_have_units(void **state)
{
        static const struct {
                const char *body;
                int64_t hours;
        } cases[] = {
                { RENT(3, 0), 3 },           { RENT(1, 1), 24 },          { RENT(4, 2), 4 * 7 * 24 },
                { RENT(4, 3), 4 * 30 * 24 }, { RENT(1, 4), 3 * 30 * 24 }, { RENT(1, 5), 365 * 24 },
        };
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *id = rent(&w, cases[i].body);
                _cleanup_json_ json_t *host = details(&w, id);

                assert_int_equal(json_integer_value(json_object_get(host, "expirationTime")) -
                                         json_integer_value(json_object_get(host, "createTime")),
                                 cases[i].hours * 3600 * 1000);
        }
}

static void creates_are_checked(void **state)
{
        static const struct {
                const char *path, *body;
                int code;
        } cases[] = {
                { "createquantity", NULL, 1001 },
                { "createquantity", "packageId=pkg-small", 1001 },
                { "createquantity", "[]", 1001 },
                { "createquantity", "{\"packageId\":\"pkg-small\"}", 1001 },
                { "createquantity", "{\"imageId\":\"4005\"}", 1001 },
                { "createquantity", "{\"packageId\":\"pkg-small\",\"imageId\":4005}", 1001 },
                { "createquantity", "{\"packageId\":\"none\",\"imageId\":\"4005\"}", 1001 },
                { "createquantity", "{\"packageId\":\"pkg-small\",\"imageId\":\"1\"}", 1001 },
                { "createquantity", "{\"packageId\":\"pkg-rent\",\"imageId\":\"4005\"}", 1001 },
                { "createquantity", "{\"packageId\":\"pkg-small\",\"imageId\":\"507\"}", 7005 },
                { "createquantity", "{\"packageId\":\"pkg-gpu\",\"imageId\":\"4006\"}", 7005 },
                { "createRent", SMALL, 1001 },
                { "createRent", RENT(0, 1), 1001 },
                { "createRent", RENT(-1, 1), 1001 },
                { "createRent", RENT(1001, 1), 1001 },
                { "createRent", RENT(1.5, 1), 1001 },
                { "createRent", RENT("1", 1), 1001 },
                { "createRent", RENT(1, 6), 1001 },
                { "createRent", RENT(1, -1), 1001 },
                { "createRent", RENT(1, true), 1001 },
                { "createRent",
                  "{\"packageId\":\"pkg-large\",\"imageId\":\"4005\",\"periodNumber\":1,\"periodType\":1}", 1001 },
                { "createRent", "{\"packageId\":\"pkg-rent\",\"imageId\":\"507\",\"periodNumber\":1,\"periodType\":1}",
                  7005 },
        };
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                check_code(&w, METHOD_POST, cases[i].path, cases[i].body, cases[i].code);
        assert_int_equal(total(&w), 0);
}

static void check_creates(struct world *w, int code)
{
        size_t before = total(w);

        check_code(w, METHOD_POST, "createquantity", SMALL, code);
        check_code(w, METHOD_POST, "createRent", RENT(1, 1), code);
        assert_int_equal(total(w), before);
}

static void what_cannot_be_had_has_its_code(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        console(&w, "account", "{\"verified\":false}", 0);
        check_creates(&w, 1037);
        console(&w, "account", "{\"verified\":true}", 0);
        console(&w, "room", "{\"machines\":1}", 0);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        check_creates(&w, 6002);
        console(&w, "room", "{\"machines\":10}", 0);
        console(&w, "wallet", "{\"broken\":true}", 0);
        check_creates(&w, 9000);
        console(&w, "wallet", "{\"machines\":2,\"broken\":false}", 0);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        free(rent(&w, RENT(1, 1)));
        check_creates(&w, 9001);
        assert_int_equal(total(&w), 3);
}

/* "Waiting" says nothing: the host comes, or it does not. */
static void creations_that_wait_may_come_about(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        console(&w, "waiting", "{\"machines\":2,\"made\":false}", 0);
        check_creates(&w, 6005);
        console(&w, "waiting", "{}", 0);
        check_code(&w, METHOD_POST, "createRent", RENT(1, 1), 6005);
        assert_int_equal(total(&w), 1);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        assert_int_equal(total(&w), 2);
}

static void power_follows_orders_late(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0);

        (void)state;
        check_about(&w, "operate/%s?type=1", id, 0); /* as it is already */
        check_status(&w, id, "2");
        check_about(&w, "operate/%s?type=0", id, 0);
        check_status(&w, id, "1");
        check_about(&w, "operate/%s?type=0", id, 6001);
        check_about(&w, "operate/%s?type=1", id, 6001);
        w.now = READY_DELAY - 1;
        check_status(&w, id, "1");
        w.now = READY_DELAY;
        check_status(&w, id, "0");
        check_about(&w, "operate/%s?type=0", id, 0);
        check_status(&w, id, "0");
        check_about(&w, "operate/%s?type=1", id, 0);
        check_status(&w, id, "4");
        check_about(&w, "operate/%s?type=0", id, 6000);
        w.now = 2 * READY_DELAY;
        check_status(&w, id, "2");
}

static void a_start_needs_resources_and_money(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0);

        (void)state;
        console_one(&w, "stop", id, "");
        console(&w, "room", "{\"machines\":0}", 0);
        check_about(&w, "operate/%s?type=1", id, 6002);
        console(&w, "room", "{\"machines\":1}", 0);
        console(&w, "wallet", "{\"machines\":0}", 0);
        check_about(&w, "operate/%s?type=1", id, 6003);
        check_status(&w, id, "0");
        console(&w, "wallet", "{\"machines\":1}", 0);
        check_about(&w, "operate/%s?type=1", id, 0);
        check_status(&w, id, "4");
}

static void changes_of_power_are_checked(void **state)
{
        static const char *const wrong[] = { "operate/%s",         "operate/%s?type=2", "operate/%s?type=-1",
                                             "operate/%s?type=on", "operate/%s?type=",  "operate/%s?typ=1" };
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                check_about(&w, wrong[i], id, 1001);
        check_about(&w, "operate/%s?type=0", "nobody", 1001);
        check_about(&w, "reboot/%s", "nobody", 1001);
        check_about(&w, "one/%s", "nobody", 1001);
        check_status(&w, id, "2");
}

static void reboots_go_by_the_state(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0);

        (void)state;
        check_about(&w, "reboot/%s", id, 0);
        check_status(&w, id, "4");
        check_about(&w, "reboot/%s", id, 7003);
        w.now = READY_DELAY;
        check_status(&w, id, "2");
        console_one(&w, "stop", id, "");
        check_about(&w, "reboot/%s", id, 7002);
        console_one(&w, "state", id, ",\"state\":1");
        check_about(&w, "reboot/%s", id, 7003);
        console_one(&w, "fail", id, "");
        check_about(&w, "reboot/%s", id, 7004);
        console_one(&w, "state", id, ",\"state\":17");
        check_about(&w, "reboot/%s", id, 7004);
        check_about(&w, "operate/%s?type=1", id, 1001);
}

static void deleted_hosts_go_late(void **state)
{
        struct world w _cleanup_world_ = world_of(2, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 1), *path = about("delete/%s", id);

        (void)state;
        check_true(&w, METHOD_DELETE, path, NULL);
        check_status(&w, id, "1");
        check_code(&w, METHOD_DELETE, path, NULL, 1001);
        check_about(&w, "operate/%s?type=1", id, 6001);
        w.now = READY_DELAY - 1;
        assert_int_equal(total(&w), 2);
        w.now = READY_DELAY;
        assert_int_equal(total(&w), 1);
        check_about(&w, "one/%s", id, 1001);
        check_code(&w, METHOD_DELETE, path, NULL, 1001);
}

static void a_host_that_is_being_deleted_does_not_expire(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_free_ char *id = rent(&w, RENT(1, 0)), *path = about("delete/%s", id);

        (void)state;
        w.now = USEC_PER_HOUR - 1;
        check_true(&w, METHOD_DELETE, path, NULL);
        w.now = USEC_PER_HOUR;
        check_status(&w, id, "1");
        w.now = USEC_PER_HOUR - 1 + READY_DELAY;
        assert_int_equal(total(&w), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_have_the_fields_of_their_document),
                cmocka_unit_test(rows_have_the_types_of_the_example),
                cmocka_unit_test(a_host_by_the_hour_comes_up),
                cmocka_unit_test(a_host_for_a_period_expires),
                cmocka_unit_test(a_host_expires_while_it_comes_up),
                cmocka_unit_test(periods_have_units),
                cmocka_unit_test(creates_are_checked),
                cmocka_unit_test(what_cannot_be_had_has_its_code),
                cmocka_unit_test(creations_that_wait_may_come_about),
                cmocka_unit_test(power_follows_orders_late),
                cmocka_unit_test(a_start_needs_resources_and_money),
                cmocka_unit_test(changes_of_power_are_checked),
                cmocka_unit_test(reboots_go_by_the_state),
                cmocka_unit_test(deleted_hosts_go_late),
                cmocka_unit_test(a_host_that_is_being_deleted_does_not_expire),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
