/* SPDX-License-Identifier: MIT */

/*
 * The simulator's listings: windows, order, filters, links, and what faults make of them.
 */

#include "tests/providers/jimv/sim_exchange.h"

/* The names of the rows of a listing, with blanks between; and its total. */
static void check_rows(struct world *w, const char *path, const char *expected, int64_t total)
{
        struct reply rp _cleanup_reply_ = call(w, METHOD_GET, path, NULL);
        _cleanup_json_ json_t *json = json_of(&rp);
        json_t *row;
        char names[1024] = "";
        size_t i;

        assert_int_equal(rp.status, 200);
        json_array_foreach(json_object_get(json, "data"), i, row)
        {
                json_t *name = json_object_get(row, "name");

                snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
                         json_string_value(name ? name : json_object_get(row, "remark")));
        }
        if (strcmp(names, expected) != 0)
                fail_msg("%s shows %s, not %s", path, names, expected);
        assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "paging"), "total")), total);
}

static struct world four_guests(void)
{
        struct world w = world_new("2017", true, 0);

        console(&w, "add", "{\"name\":\"web\",\"memory\":8}");
        console(&w, "add", "{\"name\":\"YBj\",\"state\":5}");
        console(&w, "add", "{\"name\":\"jNq\",\"memory\":2}");
        console(&w, "add", "{\"name\":\"big\",\"state\":5}");
        return w;
}

static void windows_are_those_that_were_seen(void **state)
{
        struct world w _cleanup_(world_done) = four_guests();

        (void)state;
        check_rows(&w, "/api/guests", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?limit=1", "web", 4);
        check_rows(&w, "/api/guests?offset=1&limit=2", "YBj jNq", 4);
        check_rows(&w, "/api/guests?page=2&page_size=2", "jNq big", 4);
        check_rows(&w, "/api/guests?page=2&page_size=2&offset=0", "web YBj", 4);
        check_rows(&w, "/api/guests?limit=0", "", 4);
        check_rows(&w, "/api/guests?limit=100000", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?offset=4", "", 4);
        check_rows(&w, "/api/guests?order_by=name&order=desc", "YBj web jNq big", 4);
        check_rows(&w, "/api/guests?order_by=memory", "jNq YBj big web", 4);
        check_rows(&w, "/api/guests?order=desc", "big jNq YBj web", 4);
        check(&w, METHOD_GET, "/api/guests?offset=1&limit=2", NULL, 200,
              "\"limit\": 2, \"offset\": 1, \"total\": 4, \"page\": 1, \"page_size\": 50}}");
}

static void unknown_filters_filter_nothing(void **state)
{
        struct world w _cleanup_(world_done) = four_guests();

        (void)state;
        check_rows(&w, "/api/guests?filter=name:eq:web", "web", 1);
        check_rows(&w, "/api/guests?filter=name%3Aeq%3AWEB", "web", 1);
        check_rows(&w, "/api/guests?filter=name:eq:nobody", "", 0);
        check_rows(&w, "/api/guests?filter=status:eq:5;name:like:B", "YBj big", 2);
        check_rows(&w, "/api/guests?filter=name:in:big,jNq", "jNq big", 2);
        check_rows(&w, "/api/guests?filter=id:notin:1,2", "jNq big", 2);
        check_rows(&w, "/api/guests?filter=id:gt:1;id:lt:4", "YBj jNq", 2);
        check_rows(&w, "/api/guests?filter=status:ne:5", "web jNq", 2);
        check_rows(&w, "/api/guests?filter=colour:eq:web", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?filter=memory:eq:8", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?filter=name", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?filter=name:eq:", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?filter=name:is:web", "web YBj jNq big", 4);
        check_rows(&w, "/api/guests?offset=1&filter=status:eq:5", "big", 2);
        check_rows(&w, "/api/guests/_search?keyword=b", "web YBj big", 3);
        check_page(&w, METHOD_GET, "/api/guests?filter=id:eq:x", NULL, 500);
}

static void bad_windows_are_refused(void **state)
{
        struct world w _cleanup_(world_done) = four_guests(),
                       documented _cleanup_(world_done) = world_new("2017", false, 0);

        (void)state;
        check_code(&w, METHOD_GET, "/api/guests?page=0", NULL, 41209);
        check_code(&w, METHOD_GET, "/api/guests?limit=-1", NULL, 41209);
        check_code(&w, METHOD_GET, "/api/guests?offset=x", NULL, 41209);
        check_code(&w, METHOD_GET, "/api/guests?limit=123456789012345678", NULL, 41209);
        check_code(&w, METHOD_GET, "/api/guests?order=up", NULL, 41203);
        check_page(&w, METHOD_GET, "/api/guests?page_size=0", NULL, 500);
        check_page(&w, METHOD_GET, "/api/guests?order_by=nosuch", NULL, 500);
        check(&documented, METHOD_GET, "/api/guests?page_size=0", NULL, 500, "\"code\": \"500\"");
}

/* The last page's next is the last page. */
static void there_is_always_a_next_page(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 5),
                       empty _cleanup_(world_done) = world_new("2017", true, 0);

        (void)state;
        check(&w, METHOD_GET, "/api/guests?page=1&page_size=2", NULL, 200,
              "\"next\": \"http://jimv.test:8008/api/guests?page=2&page_size=2&filter=&order=asc&order_by=id\"");
        check(&w, METHOD_GET, "/api/guests?page=3&page_size=2", NULL, 200,
              "\"next\": \"http://jimv.test:8008/api/guests?page=3&page_size=2&filter=&order=asc&order_by=id\"");
        check(&w, METHOD_GET, "/api/guests?page=3&page_size=2", NULL, 200,
              "\"prev\": \"http://jimv.test:8008/api/guests?page=2");
        check(&w, METHOD_GET, "/api/guests?page=9&page_size=2", NULL, 200, "\"data\": [], ");
        check(&w, METHOD_GET, "/api/guests?page=9&page_size=2", NULL, 200,
              "\"next\": \"http://jimv.test:8008/api/guests?page=3");
        check(&empty, METHOD_GET, "/api/guests", NULL, 200, "\"next\": \"http://jimv.test:8008/api/guests?page=0");
}

static void check_pretence(struct world *w, enum pretence how, const char *path, int status, const char *expected)
{
        struct request rq _cleanup_request_ = make_request(w, METHOD_GET, path, NULL);
        struct reply rp _cleanup_reply_ = {};
        const char *class;

        assert_int_equal(simulator->serve(w->s, w->now, &rq, how, &rp, &class), 0);
        check_body(path, &rp, status, expected);
        if (status == 302)
                assert_string_equal(rp.location, "http://jimv.test:8008/login");
}

static size_t count_rows(struct world *w, enum pretence how, const char *path)
{
        struct request rq _cleanup_request_ = make_request(w, METHOD_GET, path, NULL);
        struct reply rp _cleanup_reply_ = {};
        _cleanup_json_ json_t *json = NULL;
        const char *class;

        assert_int_equal(simulator->serve(w->s, w->now, &rq, how, &rp, &class), 0);
        json = json_of(&rp);
        return json_array_size(json_object_get(json, "data"));
}

static void listings_lose_and_repeat_rows(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 5),
                       later _cleanup_(world_done) = world_new("0.8", true, 5);

        (void)state;
        sign_in(&later);
        check_pretence(&w, PRETEND_EMPTY, "/api/guests", 200, "\"data\": [], ");
        check_pretence(&w, PRETEND_EMPTY, "/api/guests", 200, "\"total\": 0");
        check_pretence(&w, PRETEND_SHORT, "/api/guests", 200, "\"total\": 2");
        assert_int_equal(count_rows(&w, PRETEND_SHORT, "/api/guests"), 2);
        assert_int_equal(count_rows(&w, PRETEND_SHORT, "/api/guests?offset=1"), 1);
        check_pretence(&w, PRETEND_DUPLICATE, "/api/guests", 200, "\"total\": 5");
        assert_int_equal(count_rows(&w, PRETEND_DUPLICATE, "/api/guests"), 6);
        assert_int_equal(count_rows(&w, PRETEND_DUPLICATE, "/api/guests?limit=2"), 3);
        assert_int_equal(count_rows(&later, PRETEND_EMPTY, "/api/disks"), 0);
        check_pretence(&w, PRETEND_REFUSAL, "/api/guests", 412, "\"code\": \"41259\"");
        check_pretence(&w, PRETEND_BAD_TOKEN, "/api/guests", 401, "\"code\": \"40101\"");
        check_pretence(&later, PRETEND_REFUSAL, "/api/guests", 412, "\"code\": \"41259\"");
        check_pretence(&later, PRETEND_BAD_TOKEN, "/api/guests", 302, "/login");
}

static void a_refused_create_does_nothing(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 0);
        struct request rq _cleanup_request_ = make_request(&w, METHOD_POST, "/api/guest",
                                                           "{\"quantity\":1,\"name\":\"web\"," CREATE_2017 "}");
        struct reply rp _cleanup_reply_ = {};
        char subject[SIMULATOR_SUBJECT_MAX];
        const char *class;

        (void)state;
        assert_int_equal(simulator->serve(w.s, 0, &rq, PRETEND_REFUSAL, &rp, &class), 0);
        check_body("a create", &rp, 412, "\"code\": \"41203\"");
        assert_int_equal(count(&w, "machines"), 0);
        simulator->subject(w.s, &rq, subject);
        assert_string_equal(subject, "web");
        assert_string_equal(simulator->classify(w.s, &rq), "create");
}

/* Rows are printed once, and anew only for guests that changed. */
static void a_fleet_is_listed_whole(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 10000);

        (void)state;
        for (size_t i = 0; i < 20; i++) {
                struct reply rp _cleanup_reply_ = call(&w, METHOD_GET, "/api/guests?limit=10000", NULL);

                assert_int_equal(rp.status, 200);
                assert_non_null(strstr(rp.body, "\"name\": \"elder-9999\""));
        }
        console(&w, "rename", "{\"name\":\"elder-9999\",\"to\":\"younger\"}");
        check(&w, METHOD_GET, "/api/guests?offset=9999", NULL, 200, "\"name\": \"younger\"");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(windows_are_those_that_were_seen), cmocka_unit_test(unknown_filters_filter_nothing),
                cmocka_unit_test(bad_windows_are_refused),          cmocka_unit_test(there_is_always_a_next_page),
                cmocka_unit_test(listings_lose_and_repeat_rows),    cmocka_unit_test(a_refused_create_does_nothing),
                cmocka_unit_test(a_fleet_is_listed_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
