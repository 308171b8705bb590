/* SPDX-License-Identifier: MIT */

/*
 * The simulator of era 2017, its guests: with quirks, it answers as a running server was seen to.
 */

#include "tests/providers/jimv/sim_exchange.h"

#include <errno.h>

static void create(struct world *w, const char *name)
{
        char body[256];

        snprintf(body, sizeof(body), "{\"quantity\":1,\"name\":\"%s\"," CREATE_2017 "}", name);
        check_ok(w, METHOD_POST, "/api/guest", body);
}

static void a_guest_is_listed_at_once_and_runs_later(void **state)
{
        struct world w _cleanup_(world_done) = world_new(NULL, true, 0);
        char uuid[64];

        (void)state;
        create(&w, "web");
        saved_text(&w, "machines", 0, "id", uuid);
        assert_int_equal(strlen(uuid), 36);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 0, \"xml\": \"<?xml version=");
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"on_host\": \"\"");
        w.now = READY_DELAY - 1;
        check_of(&w, METHOD_GET, "/api/guest/%s", uuid, NULL, 200, "\"data\": {\"status\": 0, ");
        w.now = READY_DELAY;
        check_of(&w, METHOD_GET, "/api/guest/%s", uuid, NULL, 200, "\"data\": {\"status\": 1, ");
        check_of(&w, METHOD_GET, "/api/guest/%s", uuid, NULL, 200, "\"on_host\": \"kvm-");
}

/* The members of a real reply, with the types that they have there. */
static void guests_have_the_shape_of_real_ones(void **state)
{
        static const char *const texts[] = { "xml",      "remark",  "name",         "ip",     "uuid", "manage_network",
                                             "password", "on_host", "vnc_password", "network" };
        static const char *const numbers[] = { "status",      "os_template_id", "vnc_port", "cpu",
                                               "create_time", "memory",         "id" };
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, "/api/guests", NULL);
        _cleanup_json_ json_t *json = json_of(&rp);
        json_t *row = json_array_get(json_object_get(json, "data"), 0);

        (void)state;
        assert_string_equal(rp.content_type, "text/html; charset=utf-8");
        assert_null(rp.set_cookie);
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_true(json_is_string(json_object_get(row, texts[i])));
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                assert_true(json_is_integer(json_object_get(row, numbers[i])));
        assert_int_equal(json_object_size(row), ARRAY_SIZE(texts) + ARRAY_SIZE(numbers));
        assert_non_null(strstr(json_string_value(json_object_get(row, "xml")), "<memory unit=\"GiB\">4</memory>"));
        assert_int_equal(json_integer_value(json_object_get(row, "memory")), 4);
}

/* What must not get out of whoever reads this. */
static void replies_hold_secrets_in_clear(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);
        char vnc[64], in_xml[96];

        (void)state;
        check_ok(&w, METHOD_POST, "/api/guest",
                 "{\"cpu\":1,\"memory\":1,\"os_template_id\":1,\"quantity\":1,\"name\":\"w\",\"password\":\"canary-1\","
                 "\"lease_term\":1}");
        saved_text(&w, "machines", 0, "vncPassword", vnc);
        snprintf(in_xml, sizeof(in_xml), "passwd=\\\"%s\\\"", vnc);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"password\": \"canary-1\"");
        check(&w, METHOD_GET, "/api/guests", NULL, 200, vnc);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, in_xml);
        create(&w, "x");
        check(&w, METHOD_GET, "/api/guests?offset=1", NULL, 200, "\"name\": \"x\"");
        saved_text(&w, "machines", 1, "password", vnc);
        assert_int_equal(strlen(vnc), 16);
}

static void check_name(struct world *w, int i, const char *expected)
{
        char name[64];

        saved_text(w, "machines", i, "name", name);
        if (expected)
                assert_string_equal(name, expected);
        else
                assert_int_equal(strlen(name), 8);
}

static void a_name_that_is_taken_makes_another_guest(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);

        (void)state;
        create(&w, "web");
        create(&w, "web");
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":3,\"name\":\"db\"," CREATE_2017 "}");
        create(&w, "");
        assert_int_equal(count(&w, "machines"), 6);
        check_name(&w, 0, "web");
        check_name(&w, 1, NULL);
        check_name(&w, 2, "db");
        check_name(&w, 3, NULL);
        check_name(&w, 4, NULL);
        check_name(&w, 5, NULL);
}

/* A longer name is cut, and is then no longer the one that was looked for. */
static void long_names_are_cut_and_conflict(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);
        char name[71] = "", body[256], kept[64];

        (void)state;
        memset(name, 'n', 70);
        create(&w, name);
        saved_text(&w, "machines", 0, "name", kept);
        assert_int_equal(strspn(kept, "n"), 63); /* of 64, one is cut by the test's own text */
        snprintf(body, sizeof(body), "{\"quantity\":1,\"name\":\"%s\"," CREATE_2017 "}", name);
        check_code(&w, METHOD_POST, "/api/guest", body, 40901);
        assert_int_equal(count(&w, "machines"), 1);
}

static void the_document_numbers_guests_and_refuses_names(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", false, 0);
        struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, "/api/nowhere", NULL);

        (void)state;
        assert_true(text_starts(rp.content_type, "application/json"));
        assert_int_equal(rp.status, 404);
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":2,\"name\":\"web\"," CREATE_2017 "}");
        check_name(&w, 0, "web-1");
        check_name(&w, 1, "web-2");
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"name\":\"web-2\"," CREATE_2017 "}", 40901);
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":3,\"name\":\"web\"," CREATE_2017 "}", 40901);
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":0,\"name\":\"x\"," CREATE_2017 "}", 41203);
        check_ok(&w, METHOD_POST, "/api/guest",
                 "{\"cpu\":1,\"memory\":1,\"os_template_id\":1,\"quantity\":1,\"lease_term\":1}");
        assert_int_equal(count(&w, "machines"), 3);
}

#define SIZES "\"os_template_id\":1,\"quantity\":1,\"name\":\"a\",\"password\":\"\",\"lease_term\":1}"

static void creates_are_checked(void **state)
{
        static const struct {
                const char *body;
                int code;
        } refused[] = {
                { "{\"memory\":4," SIZES, 41201 },
                { "{\"cpu\":\"2\",\"memory\":4," SIZES, 41202 },
                { "{\"cpu\":2,\"memory\":0.5," SIZES, 41202 },
                { "{\"cpu\":2,\"memory\":null," SIZES, 41202 },
                { "{\"cpu\":2,\"memory\":4,\"os_template_id\":1,\"quantity\":1,\"password\":\"\",\"lease_term\":1}",
                  41201 },
                { "{\"cpu\":2,\"memory\":4,\"os_template_id\":1,\"quantity\":1,\"name\":\"a\",\"password\":\"\"}",
                  41201 },
                { "{\"cpu\":2,\"memory\":4,\"os_template_id\":1,\"quantity\":1,\"name\":\"a\",\"password\":null,"
                  "\"lease_term\":1}",
                  41202 },
                { "{\"cpu\":2,\"memory\":4,\"os_template_id\":99,\"quantity\":1,\"name\":\"a\",\"password\":\"\","
                  "\"lease_term\":1}",
                  40450 },
                { "[]", 41201 },
        };
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                check_code(&w, METHOD_POST, "/api/guest", refused[i].body, refused[i].code);
        check_code(&w, METHOD_POST, "/api/guest", NULL, 41201);
        check_page(&w, METHOD_POST, "/api/guest", "{\"cpu\":2", 400);
        check_page(&w, METHOD_POST, "/api/guest", "{\"quantity\":-1,\"name\":\"a\"," CREATE_2017 "}", 500);
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":0,\"name\":\"a\"," CREATE_2017 "}");
        assert_int_equal(count(&w, "machines"), 0);
}

/* The columns hold less than what is given to the host, and nobody says so. */
static void sizes_are_not_checked(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);

        (void)state;
        check_ok(&w, METHOD_POST, "/api/guest", "{\"cpu\":300,\"memory\":-1," SIZES);
        check_ok(&w, METHOD_POST, "/api/guest", "{\"cpu\":true,\"memory\":4096," SIZES);
        check(&w, METHOD_GET, "/api/guests?limit=1", NULL, 200, "\"cpu\": 255");
        check(&w, METHOD_GET, "/api/guests?limit=1", NULL, 200, "<vcpu>300</vcpu>");
        check(&w, METHOD_GET, "/api/guests?limit=1", NULL, 200, "\"memory\": 0");
        check(&w, METHOD_GET, "/api/guests?offset=1", NULL, 200, "\"cpu\": 1,");
        check(&w, METHOD_GET, "/api/guests?offset=1", NULL, 200, "\"memory\": 4096");
}

static void addresses_run_out(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);
        char uuid[64];

        (void)state;
        console(&w, "addresses", "{\"free\":2}");
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":5,\"name\":\"web\"," CREATE_2017 "}");
        assert_int_equal(count(&w, "machines"), 2);
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"name\":\"a\"," CREATE_2017 "}", 50350);
        w.now = READY_DELAY;
        saved_text(&w, "machines", 0, "id", uuid);
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        w.now = 2 * READY_DELAY;
        create(&w, "a");
}

static void guests_are_looked_up_by_uuid(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        check_code(&w, METHOD_GET, "/api/guest/" NOBODY, NULL, 40401);
        check_code(&w, METHOD_GET, "/api/guest/short", NULL, 41203);
        check_code(&w, METHOD_GET, "/api/guest/this-is-no-uuid-but-has-36-character", NULL, 40401);
        check_page(&w, METHOD_GET, "/api/guests/" NOBODY, NULL, 405);
        check_page(&w, METHOD_DELETE, "/api/guest/" NOBODY, NULL, 405);
        check_page(&w, METHOD_GET, "/api/nowhere", NULL, 404);
        check_page(&w, METHOD_PUT, "/api/guests/_adjust_ability/" NOBODY "/2/4", NULL, 404);
}

static void only_a_remark_can_be_changed(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        char uuid[64], remark[301] = "", body[400];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        check_of(&w, METHOD_PATCH, "/api/guest/%s", uuid, "{\"remark\":\"of agent 1\"}", 200,
                 "\"remark\": \"of agent 1\"");
        check_of(&w, METHOD_PATCH, "/api/guest/%s", uuid, "{\"name\":\"x\"}", 200, OK);
        check_name(&w, 0, "elder-0");
        check_code(&w, METHOD_PATCH, "/api/guest/" NOBODY, "{\"remark\":\"x\"}", 40401);
        check_code_of(&w, METHOD_PATCH, "/api/guest/%s", uuid, "{\"remark\":7}", 41202);
        memset(remark, 'r', 300);
        snprintf(body, sizeof(body), "{\"remark\":\"%s\"}", remark);
        remark[255] = '\0';
        check_of(&w, METHOD_PATCH, "/api/guest/%s", uuid, body, 200, remark);
        remark[255] = 'r';
        remark[256] = '\0';
        {
                struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, "/api/guests", NULL);

                assert_null(strstr(rp.body, remark));
        }
}

static void check_status(struct world *w, const char *path, const char *uuid, int64_t before, int64_t after)
{
        check_of(w, METHOD_PUT, path, uuid, NULL, 200, OK);
        w->now += READY_DELAY - 1;
        assert_int_equal(saved_number(w, "machines", 0, "state"), before);
        w->now += 1;
        assert_int_equal(saved_number(w, "machines", 0, "state"), after);
}

static void power_follows_messages(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        check_status(&w, "/api/guests/_boot/%s", uuid, 1, 1);
        check_status(&w, "/api/guests/_reboot/%s", uuid, 1, 1);
        check_status(&w, "/api/guests/_suspend/%s", uuid, 1, 3);
        check_status(&w, "/api/guests/_shutdown/%s", uuid, 3, 3);
        check_status(&w, "/api/guests/_resume/%s", uuid, 3, 1);
        check_status(&w, "/api/guests/_shutdown/%s", uuid, 1, 5);
        check_status(&w, "/api/guests/_shutdown/%s", uuid, 5, 5);
        check_status(&w, "/api/guests/_boot/%s", uuid, 5, 1);
        check_status(&w, "/api/guests/_force_shutdown/%s", uuid, 1, 5);
}

static void a_batch_with_one_that_is_missing_does_nothing(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 2);
        char first[64], second[64], both[200];

        (void)state;
        saved_text(&w, "machines", 0, "id", first);
        saved_text(&w, "machines", 1, "id", second);
        check_code_of(&w, METHOD_PUT, "/api/guests/_shutdown/%s," NOBODY, first, NULL, 40401);
        check_code_of(&w, METHOD_DELETE, "/api/guests/%s," NOBODY, first, NULL, 40401);
        check_code(&w, METHOD_PUT, "/api/guests/_shutdown/bad", NULL, 41209);
        w.now = READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 1);
        snprintf(both, sizeof(both), "%s,%s,%s", first, second, first);
        check_of(&w, METHOD_DELETE, "/api/guests/%s", both, NULL, 200, OK);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 2");
        w.now = 2 * READY_DELAY;
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 0");
        check_code_of(&w, METHOD_DELETE, "/api/guests/%s", first, NULL, 40401);
}

static void messages_are_lost(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        console(&w, "lose", "{\"count\":2}");
        check_of(&w, METHOD_PUT, "/api/guests/_shutdown/%s", uuid, NULL, 200, OK);
        create(&w, "web");
        create(&w, "db");
        w.now = READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 1);
        assert_int_equal(saved_number(&w, "machines", 1, "state"), 0);
        assert_int_equal(saved_number(&w, "machines", 2, "state"), 1);
        saved_text(&w, "machines", 1, "id", uuid); /* no host has it: it cannot be deleted either */
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        w.now = 2 * READY_DELAY;
        assert_int_equal(count(&w, "machines"), 3);
}

/* While no host is there, a create waits for one; everything else is lost. */
static void creates_wait_for_a_host(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        console(&w, "host", "{\"name\":\"kvm-1\",\"state\":\"silent\"}");
        console(&w, "host", "{\"name\":\"kvm-2\",\"state\":\"silent\"}");
        create(&w, "web");
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        w.now = 10 * READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 1);
        assert_int_equal(saved_number(&w, "machines", 1, "state"), 0);
        console(&w, "host", "{\"name\":\"kvm-2\",\"state\":\"alive\"}");
        assert_int_equal(saved_number(&w, "machines", 1, "state"), 1);
        assert_int_equal(saved_number(&w, "machines", 1, "node"), 1234567890123452);
}

static void dirty_guests_stay(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);
        char uuid[64];

        (void)state;
        create(&w, "web");
        console(&w, "fail", "{\"name\":\"web\"}");
        saved_text(&w, "machines", 0, "id", uuid);
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        w.now = READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 255);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_guest_is_listed_at_once_and_runs_later),
                cmocka_unit_test(guests_have_the_shape_of_real_ones),
                cmocka_unit_test(replies_hold_secrets_in_clear),
                cmocka_unit_test(a_name_that_is_taken_makes_another_guest),
                cmocka_unit_test(long_names_are_cut_and_conflict),
                cmocka_unit_test(the_document_numbers_guests_and_refuses_names),
                cmocka_unit_test(creates_are_checked),
                cmocka_unit_test(sizes_are_not_checked),
                cmocka_unit_test(addresses_run_out),
                cmocka_unit_test(guests_are_looked_up_by_uuid),
                cmocka_unit_test(only_a_remark_can_be_changed),
                cmocka_unit_test(power_follows_messages),
                cmocka_unit_test(a_batch_with_one_that_is_missing_does_nothing),
                cmocka_unit_test(messages_are_lost),
                cmocka_unit_test(creates_wait_for_a_host),
                cmocka_unit_test(dirty_guests_stay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
