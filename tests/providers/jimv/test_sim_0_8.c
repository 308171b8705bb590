/* SPDX-License-Identifier: MIT */

/*
 * The simulator of era 0.8, its sessions, guests and hosts: with quirks, it answers as a running server was seen to.
 */

#include "tests/providers/jimv/sim_exchange.h"

#define SILENCE (61 * USEC_PER_SEC)

static struct world signed_in(size_t machines)
{
        struct world w = world_new("0.8", true, machines);

        sign_in(&w);
        return w;
}

static void check_login(struct world *w, enum method method, const char *path, const char *body)
{
        struct reply rp _cleanup_reply_ = call(w, method, path, body);

        assert_int_equal(rp.status, 302);
        assert_string_equal(rp.location, "http://jimv.test:8008/login");
        assert_non_null(rp.set_cookie);
}

static void strangers_are_sent_to_the_login(void **state)
{
        struct world w _cleanup_(world_done) = world_new("0.8", true, 1);

        (void)state;
        check_login(&w, METHOD_GET, "/api/guests", NULL);
        check_login(&w, METHOD_GET, "/api/hosts", NULL);
        check_login(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"remark\":\"x\"," CREATE_0_8 "}");
        assert_int_equal(count(&w, "machines"), 1);
        check(&w, METHOD_GET, "/login", NULL, 200, "<form>");
        check_page(&w, METHOD_POST, "/login", "{}", 405);
        check_page(&w, METHOD_GET, "/api/guest/" NOBODY, NULL, 404);
        check_page(&w, METHOD_PUT, "/api/guests", NULL, 405);
}

/* The cookie that a stranger is sent away with is worth nothing. */
static void sessions_are_opened_by_signing_in(void **state)
{
        struct world w _cleanup_(world_done) = world_new("0.8", true, 1);
        struct reply away _cleanup_reply_ = call(&w, METHOD_GET, "/api/guests", NULL);

        (void)state;
        w.cookie = strndup(away.set_cookie, strcspn(away.set_cookie, ";"));
        assert_true(text_starts(w.cookie, "sid="));
        check_login(&w, METHOD_GET, "/api/guests", NULL);
        check_code(&w, METHOD_POST, "/api/user/_sign_in", "{\"login_name\":\"admin\",\"password\":\"wrong\"}", 40101);
        check_login(&w, METHOD_GET, "/api/guests", NULL);
        check_code(&w, METHOD_POST, "/api/user/_sign_in", "{\"login_name\":\"nobody\",\"password\":\"p1\"}", 40401);
        check_code(&w, METHOD_POST, "/api/user/_sign_in", "{\"login_name\":\"admin\"}", 41201);
        check_page(&w, METHOD_POST, "/api/user/_sign_in", NULL, 500);
        sign_in(&w);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 1");
        check_ok(&w, METHOD_GET, "/api/user/_sign_out", NULL);
        check_login(&w, METHOD_GET, "/api/guests", NULL);
}

static void sessions_end(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);
        char *old;

        (void)state;
        console(&w, "expire", "{}");
        check_login(&w, METHOD_DELETE, "/api/guests/" NOBODY, NULL);
        old = w.cookie;
        w.cookie = NULL;
        sign_in(&w);
        assert_string_not_equal(w.cookie, old);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 1");
        free(w.cookie);
        w.cookie = old;
        check_login(&w, METHOD_GET, "/api/guests", NULL);
}

/* The cookie stands among others. */
static void cookies_are_found(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);
        char *alone = w.cookie;

        (void)state;
        assert_true(asprintf(&w.cookie, "theme=dark; %s; lang=sid", alone) > 0);
        free(alone);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 1");
}

/* A cookie that could not be set again is replaced. */
static void bad_cookies_are_replaced(void **state)
{
        static const char *const bad[] = { "sid=", "sid=a b", "sid=\xff", "other=1", "sid" };
        struct world w _cleanup_(world_done) = world_new("0.8", true, 1);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                w.cookie = strdup(bad[i]);
                check_login(&w, METHOD_GET, "/api/guests", NULL);
                sign_in(&w);
                assert_int_equal(strlen(w.cookie), strlen("sid=") + 36);
                check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"total\": 1");
                free(w.cookie);
                w.cookie = NULL;
        }
}

static void guests_are_made_in_steps(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(0);
        char uuid[64];

        (void)state;
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":2,\"remark\":\"owner=agent1/web\"," CREATE_0_8 "}");
        assert_int_equal(count(&w, "machines"), 2);
        saved_text(&w, "machines", 0, "id", uuid);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 0, ");
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "\"progress\": 0");
        w.now = READY_DELAY / 2;
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 11, ");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"progress\": 45");
        assert_int_equal(saved_number(&w, "disks", 0, "state"), 0);
        w.now = READY_DELAY;
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 2, ");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"progress\": 100");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"remark\": \"owner=agent1/web\"");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"bandwidth\": 10000000");
        assert_int_equal(saved_number(&w, "disks", 0, "state"), 2);
        assert_int_equal(saved_number(&w, "machines", 0, "node"), 1234567890123452);
        assert_int_equal(saved_number(&w, "machines", 1, "node"), 1234567890123451);
}

/* The members of a real reply, with the types that they have there. */
static void guests_have_the_shape_of_real_ones(void **state)
{
        static const char *const texts[] = { "ip",       "xml",    "uuid",    "label",         "vnc_password",
                                             "password", "remark", "network", "manage_network" };
        static const char *const numbers[] = {
                "status", "bandwidth", "create_time", "id",       "os_template_image_id", "autostart",
                "memory", "progress",  "node_id",     "vnc_port", "service_id",           "cpu"
        };
        struct world w _cleanup_(world_done) = signed_in(1);
        char uuid[64], path[128];
        _cleanup_json_ json_t *json = NULL;
        json_t *g;

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        snprintf(path, sizeof(path), "/api/guests/%s", uuid);
        {
                struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, path, NULL);

                assert_string_equal(rp.content_type, "text/html; charset=utf-8");
                json = json_of(&rp);
        }
        g = json_object_get(json, "data");
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
                assert_true(json_is_string(json_object_get(g, texts[i])));
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                assert_true(json_is_integer(json_object_get(g, numbers[i])));
        assert_true(json_is_array(json_object_get(g, "ssh_keys")));
        assert_int_equal(json_object_size(g), ARRAY_SIZE(texts) + ARRAY_SIZE(numbers) + 1);
}

#define REST "\"os_template_image_id\":1,\"quantity\":1,\"remark\":\"x\",\"password\":\"\",\"lease_term\":1"

static void creates_are_checked(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(0);

        (void)state;
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"name\":\"web\"," CREATE_2017 "}", 41201);
        check_code(&w, METHOD_POST, "/api/guest",
                   "{\"cpu\":1,\"memory\":1,\"bandwidth\":1,\"bandwidth_unit\":\"t\"," REST "}", 41203);
        check_code(&w, METHOD_POST, "/api/guest",
                   "{\"cpu\":1,\"memory\":1,\"bandwidth\":1.5,\"bandwidth_unit\":\"m\"," REST "}", 41202);
        check_code(
                &w, METHOD_POST, "/api/guest",
                "{\"cpu\":1,\"memory\":1,\"bandwidth\":1,\"bandwidth_unit\":\"m\",\"node_id\":\"9999999999999999\"," REST
                "}",
                50351);
        check_code(&w, METHOD_POST, "/api/guest",
                   "{\"cpu\":1,\"memory\":1,\"bandwidth\":1,\"bandwidth_unit\":\"m\",\"node_id\":\"12\"," REST "}",
                   41203);
        check_code(&w, METHOD_POST, "/api/guest",
                   "{\"cpu\":1,\"memory\":1,\"bandwidth\":1,\"bandwidth_unit\":\"m\",\"os_template_image_id\":10,"
                   "\"quantity\":1,\"remark\":\"x\",\"password\":\"\",\"lease_term\":1}",
                   40450);
        check_page(&w, METHOD_POST, "/api/guest", NULL, 500);
        check_page(&w, METHOD_POST, "/api/guest", "{\"cpu\"", 400);
        check_page(&w, METHOD_POST, "/api/guest", "{\"quantity\":-1,\"remark\":\"x\"," CREATE_0_8 "}", 500);
        assert_int_equal(count(&w, "machines"), 0);
        check_ok(&w, METHOD_POST, "/api/guest",
                 "{\"cpu\":1,\"memory\":1,\"bandwidth\":99,\"bandwidth_unit\":\"g\",\"node_id\":\"" NODE_1 "\"," REST
                 "}");
        assert_int_equal(saved_number(&w, "machines", 0, "bandwidth"), 0);
        assert_int_equal(saved_number(&w, "machines", 0, "node"), 1234567890123451);
}

static void a_create_of_many_fails_half_way(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(0);

        (void)state;
        console(&w, "addresses", "{\"free\":2}");
        check_page(&w, METHOD_POST, "/api/guest", "{\"quantity\":5,\"remark\":\"many\"," CREATE_0_8 "}", 500);
        check(&w, METHOD_GET, "/api/guests/_search?keyword=many", NULL, 200, "\"total\": 2");
}

static void several_are_shown_without_those_that_are_missing(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(2);
        char first[64], second[64], both[200];

        (void)state;
        saved_text(&w, "machines", 0, "id", first);
        saved_text(&w, "machines", 1, "id", second);
        check_of(&w, METHOD_GET, "/api/guests/%s," NOBODY, first, NULL, 200, "\"data\": [{\"status\": 2, ");
        check_of(&w, METHOD_GET, "/api/guests/%s," NOBODY, first, NULL, 200, "\"total\": 1}");
        snprintf(both, sizeof(both), "%s,%s", first, second);
        check_of(&w, METHOD_GET, "/api/guests/%s", both, NULL, 200, "\"total\": 2}");
        check(&w, METHOD_GET, "/api/guests/" NOBODY, NULL, 404, "uuid: " NOBODY);
        check_code(&w, METHOD_GET, "/api/guests/short", NULL, 41209);
        check_code_of(&w, METHOD_PUT, "/api/guests/_boot/%s," NOBODY, first, NULL, 40401);
        check_of(&w, METHOD_PATCH, "/api/guests/%s", both, "{\"remark\":\"ours\"}", 200, "\"remark\": \"ours\"");
        check(&w, METHOD_GET, "/api/guests?filter=remark:eq:ours", NULL, 200, "\"total\": 2");
        check_of(&w, METHOD_PATCH, "/api/guests/%s", both, "{\"label\":\"ours\"}", 200, "\"data\": []}");
        check_code_of(&w, METHOD_PATCH, "/api/guests/%s," NOBODY, first, "{\"remark\":\"x\"}", 40401);
        check_page(&w, METHOD_PATCH, "/api/guests/" NOBODY, NULL, 500);
}

static void refused_listings_fall_over(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);

        (void)state;
        check_page(&w, METHOD_GET, "/api/guests?page=0", NULL, 500);
        check_page(&w, METHOD_GET, "/api/disks?limit=-1", NULL, 500);
}

static void adjust(struct world *w, const char *sizes, int status, const char *expected)
{
        char uuid[64], path[160];

        saved_text(w, "machines", 0, "id", uuid);
        snprintf(path, sizeof(path), "/api/guests/_adjust_ability/%s/%s", uuid, sizes);
        check(w, METHOD_PUT, path, NULL, status, expected);
}

static void sizes_change_only_when_shut_off(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);
        char uuid[64], password[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        saved_text(&w, "machines", 0, "password", password);
        adjust(&w, "4/8", 412, "\"code\": \"41261\"}}, \"data\": [{\"status\": 2, ");
        adjust(&w, "4/8", 412, password); /* a refusal holds secrets as well */
        adjust(&w, "a/8", 500, "<title>");
        check_of(&w, METHOD_PUT, "/api/guests/_shutdown/%s", uuid, NULL, 200, OK);
        w.now = READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 6);
        adjust(&w, "4/8", 200, OK);
        assert_int_equal(saved_number(&w, "machines", 0, "cpu"), 2);
        w.now = 2 * READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "cpu"), 4);
        assert_int_equal(saved_number(&w, "machines", 0, "memory"), 8);
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "<memory unit=\\\"GiB\\\">8</memory>");
        check_of(&w, METHOD_PUT, "/api/guests/_boot/%s", uuid, NULL, 200, OK);
        w.now += READY_DELAY / 2;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 1);
        w.now += READY_DELAY / 2;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 2);
}

static void power_has_the_numbers_of_the_era(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        check_of(&w, METHOD_PUT, "/api/guests/_suspend/%s", uuid, NULL, 200, OK);
        w.now += READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 4);
        check_of(&w, METHOD_PUT, "/api/guests/_resume/%s", uuid, NULL, 200, OK);
        w.now += READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 2);
        check_of(&w, METHOD_PUT, "/api/guests/_reboot/%s", uuid, NULL, 200, OK);
        check_of(&w, METHOD_PUT, "/api/guests/_force_shutdown/%s", uuid, NULL, 200, OK);
        w.now += READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 6);
        console(&w, "start", "{\"name\":\"elder-0\"}");
        console(&w, "fail", "{\"name\":\"elder-0\"}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 7);
}

/* For a minute nobody notices: what is sent until then is lost. */
static void guests_of_silent_hosts_have_no_state(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(1);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 0, "id", uuid);
        console(&w, "host", "{\"name\":\"kvm-1\",\"state\":\"silent\"}");
        console(&w, "host", "{\"name\":\"kvm-2\",\"state\":\"silent\"}");
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 2, ");
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"remark\":\"lost\"," CREATE_0_8 "}");
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);

        w.now = SILENCE;
        assert_int_equal(saved_number(&w, "machines", 1, "state"), 0);
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 0, ");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"data\": {\"status\": 2, ");
        check_of(&w, METHOD_GET, "/api/guests/%s," NOBODY, uuid, NULL, 200, "\"data\": [{\"status\": 0, ");
        check_code(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"remark\":\"x\"," CREATE_0_8 "}", 50351);
        check(&w, METHOD_GET, "/api/hosts", NULL, 200, "\"alive\": false");

        console(&w, "host", "{\"name\":\"kvm-1\",\"state\":\"alive\"}");
        check(&w, METHOD_GET, "/api/guests", NULL, 200, "[{\"status\": 2, ");
        check(&w, METHOD_GET, "/api/hosts", NULL, 200, "\"node_id\": \"" NODE_1 "\", \"alive\": true");
        w.now += READY_DELAY;
        assert_int_equal(count(&w, "machines"), 2);
}

static void a_missing_host_fails_the_listing(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(2),
                       documented _cleanup_(world_done) = world_new("0.8", false, 2);
        char uuid[64];

        (void)state;
        saved_text(&w, "machines", 1, "id", uuid);
        console(&w, "host", "{\"name\":\"kvm-2\",\"state\":\"missing\"}");
        check_page(&w, METHOD_GET, "/api/guests", NULL, 500);
        check(&w, METHOD_GET, "/api/guests?limit=1", NULL, 200, "\"total\": 2");
        check_of(&w, METHOD_GET, "/api/guests/%s", uuid, NULL, 200, "\"data\": {\"status\": 2, ");
        check(&w, METHOD_GET, "/api/disks", NULL, 200, "\"total\": 2");
        check(&w, METHOD_GET, "/api/hosts", NULL, 200, "\"hostname\": \"kvm-1\"");

        sign_in(&documented);
        console(&documented, "host", "{\"name\":\"kvm-2\",\"state\":\"missing\"}");
        check(&documented, METHOD_GET, "/api/guests?offset=1", NULL, 200, "[{\"status\": 0, ");
}

static void guests_that_were_never_made_stay_until_they_are_dirty(void **state)
{
        struct world w _cleanup_(world_done) = signed_in(0);
        char uuid[64];

        (void)state;
        console(&w, "lose", "{}");
        check_ok(&w, METHOD_POST, "/api/guest", "{\"quantity\":1,\"remark\":\"lost\"," CREATE_0_8 "}");
        saved_text(&w, "machines", 0, "id", uuid);
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        w.now = 2 * READY_DELAY;
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 0);
        console(&w, "fail", "{\"name\":\"lost\"}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 255);
        check_of(&w, METHOD_DELETE, "/api/guests/%s", uuid, NULL, 200, OK);
        assert_int_equal(count(&w, "machines"), 0);
        assert_int_equal(count(&w, "disks"), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(strangers_are_sent_to_the_login),
                cmocka_unit_test(sessions_are_opened_by_signing_in),
                cmocka_unit_test(sessions_end),
                cmocka_unit_test(cookies_are_found),
                cmocka_unit_test(bad_cookies_are_replaced),
                cmocka_unit_test(guests_are_made_in_steps),
                cmocka_unit_test(guests_have_the_shape_of_real_ones),
                cmocka_unit_test(creates_are_checked),
                cmocka_unit_test(a_create_of_many_fails_half_way),
                cmocka_unit_test(several_are_shown_without_those_that_are_missing),
                cmocka_unit_test(refused_listings_fall_over),
                cmocka_unit_test(sizes_change_only_when_shut_off),
                cmocka_unit_test(power_has_the_numbers_of_the_era),
                cmocka_unit_test(guests_of_silent_hosts_have_no_state),
                cmocka_unit_test(a_missing_host_fails_the_listing),
                cmocka_unit_test(guests_that_were_never_made_stay_until_they_are_dirty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
