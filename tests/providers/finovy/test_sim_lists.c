/* SPDX-License-Identifier: MIT */

/*
 * What Finovy's simulator lists: pages, packages and images, the quirks of both, and what faults make of them.
 */

#include "reconcile/base/strmap.h"
#include "tests/providers/finovy/sim_exchange.h"

static void pages_are_checked(void **state)
{
        static const char *const wrong[] = {
                "page=1",
                "pageSize=25",
                "page=0&pageSize=25",
                "page=-1&pageSize=25",
                "page=1&pageSize=26",
                "page=1&pageSize=0",
                "page=one&pageSize=25",
        };
        struct world w _cleanup_world_ = world_of(3, false, NULL);

        (void)state;
        check_code(&w, METHOD_GET, "mypage", NULL, 1001);
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "mypage?%s", wrong[i]);
                check_code(&w, METHOD_GET, path, NULL, 1001);
        }
}

static void check_page(struct world *w, const char *query, size_t rows, size_t expected_total)
{
        _cleanup_json_ json_t *page = list(w, query);

        assert_int_equal(json_array_size(json_object_get(page, "data")), rows);
        assert_int_equal(json_integer_value(json_object_get(page, "totalCounts")), expected_total);
}

static void pages_end_with_the_hosts(void **state)
{
        struct world w _cleanup_world_ = world_of(60, false, NULL), empty _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        check_page(&w, "page=1&pageSize=25", 25, 60);
        check_page(&w, "pageSize=25&page=3", 10, 60);
        check_page(&w, "page=4&pageSize=25", 0, 60);
        check_page(&w, "page=2147483647&pageSize=25", 0, 60);
        check_page(&w, "page=6&pageSize=10", 10, 60);
        check_page(&empty, "page=1&pageSize=25", 0, 0);
}

/* Every host of many once, whatever their order; and no two have one id. */
static void many_are_listed_once_each(void **state)
{
        struct world w _cleanup_world_ = world_of(10000, false, NULL);
        struct strmap seen _cleanup_strmap_ = {};
        json_t *pages = json_array();
        size_t n = 0;

        (void)state;
        for (int page = 1; page <= 400; page++) {
                char query[64];
                json_t *answer, *row;
                size_t i;

                (void)snprintf(query, sizeof(query), "page=%d&pageSize=25", page);
                answer = list(&w, query);
                json_array_foreach(json_object_get(answer, "data"), i, row)
                {
                        const char *id = json_string_value(json_object_get(row, "id"));

                        assert_int_equal(strlen(id), 10);
                        assert_int_equal(strmap_put(&seen, id, row), 0);
                        n++;
                }
                json_array_append_new(pages, answer);
        }
        assert_int_equal(n, 10000);
        json_decref(pages);
}

/* The newest comes first: one that comes while pages are read shows a row twice, one that goes hides a row. */
static void rows_shift_while_pages_are_read(void **state)
{
        struct world w _cleanup_world_ = world_of(4, false, NULL);
        _cleanup_free_ char *newest = id_at(&w, 0), *second = id_at(&w, 1), *third = id_at(&w, 2),
                            *oldest = id_at(&w, 3);
        _cleanup_free_ char *again = NULL, *hidden = NULL;

        (void)state;
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        again = id_at(&w, 2);
        assert_string_equal(again, second);
        console_one(&w, "delete", newest, "");
        console_one(&w, "delete", second, "");
        hidden = id_at(&w, 2);
        assert_string_equal(hidden, oldest);
        assert_string_not_equal(third, oldest);
        assert_int_equal(total(&w), 3);
}

/* Which packages a list has, and how they are sold. */
static void check_packages(struct world *w, const char *path, const char *key, const char *expected)
{
        _cleanup_json_ json_t *packages = check_code(w, METHOD_GET, path, NULL, 0);
        struct buf sold _cleanup_buf_ = BUF_INIT(4096);
        json_t *p;
        size_t i;

        json_array_foreach(packages, i, p) buf_addf(&sold, "%s=%s ", json_string_value(json_object_get(p, "packageId")),
                                                    json_string_value(json_object_get(p, key)));
        assert_string_equal(buf_text(&sold), expected);
}

static void packages_are_listed_as_they_are_sold(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL), older _cleanup_world_ = world_of(0, false, "older");

        (void)state;
        check_packages(&w, "packAge/0", "useType", "pkg-small=2 pkg-large=0 pkg-gpu=2 ");
        check_packages(&w, "packAge/1", "useType", "pkg-small=2 pkg-rent=1 pkg-gpu=2 ");
        check_packages(&older, "packAge/1", "use_type", "pkg-small=2 pkg-rent=1 pkg-gpu=2 ");
        check_code(&w, METHOD_GET, "packAge/2", NULL, 1001);
        check_code(&w, METHOD_GET, "packAge/x", NULL, 1001);
}

static const json_t *find_by(const json_t *list, const char *key, const char *value)
{
        json_t *row;
        size_t i;

        json_array_foreach((json_t *)list, i,
                           row) if (text_equal(json_string_value(json_object_get(row, key)), value)) return row;
        fail_msg("there is no %s", value);
        return NULL;
}

static void packages_and_images_have_types(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_json_ json_t *packages = check_code(&w, METHOD_GET, "packAge/0", NULL, 0);
        _cleanup_json_ json_t *images = check_code(&w, METHOD_GET, "image", NULL, 0);
        const json_t *small = find_by(packages, "packageId", "pkg-small"),
                     *gpu = find_by(packages, "packageId", "pkg-gpu");

        (void)state;
        assert_string_equal(json_string_value(json_object_get(small, "type")),
                            json_string_value(json_object_get(find_by(images, "imageId", "4005"), "type")));
        assert_string_equal(json_string_value(json_object_get(gpu, "type")),
                            json_string_value(json_object_get(find_by(images, "imageId", "507"), "type")));
        assert_string_not_equal(json_string_value(json_object_get(gpu, "type")),
                                json_string_value(json_object_get(small, "type")));
        assert_true(json_real_value(json_object_get(small, "amount")) == 1.1);
        assert_true(json_real_value(json_object_get(gpu, "discount")) == 0.95);
        assert_true(json_is_null(json_object_get(small, "gpuName")));
        assert_string_equal(json_string_value(json_object_get(gpu, "gpuName")), "RTX");
        assert_string_equal(json_string_value(json_object_get(gpu, "pveMachineType")), "1");
        assert_int_equal(json_integer_value(json_object_get(gpu, "gpuNumber")), 1);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct world w _cleanup_world_ = world_of(1, true, NULL), older _cleanup_world_ = world_of(1, true, "older");
        _cleanup_json_ json_t *page = list(&w, "page=1&pageSize=25");
        _cleanup_json_ json_t *packages = check_code(&w, METHOD_GET, "packAge/0", NULL, 0);
        const json_t *row = json_array_get(json_object_get(page, "data"), 0);
        const json_t *gpu = find_by(packages, "packageId", "pkg-gpu");
        _cleanup_free_ char *id = rent(&w, RENT(1, 1));
        _cleanup_json_ json_t *rented = NULL;

        (void)state;
        assert_string_equal(json_string_value(json_object_get(page, "totalCounts")), "1");
        assert_true(json_is_integer(json_object_get(row, "status")));
        assert_int_equal(json_integer_value(json_object_get(row, "status")), 3); /* by the hour: being charged */
        w.now = READY_DELAY;
        rented = details(&w, id);
        assert_int_equal(json_integer_value(json_object_get(rented, "status")), 2);
        assert_string_equal(json_string_value(json_object_get(gpu, "amount")), "9.99");
        assert_string_equal(json_string_value(json_object_get(gpu, "discount")), "0.95");
        assert_string_equal(json_string_value(json_object_get(gpu, "use_type")), "2");
        assert_string_equal(json_string_value(json_object_get(gpu, "pve_machine_type")), "1");
        assert_null(json_object_get(gpu, "useType"));
        assert_true(json_is_null(json_object_get(gpu, "gpuName")));
        check_packages(&older, "packAge/0", "useType", "pkg-small=2 pkg-large=0 pkg-gpu=2 ");
}

/* What is being charged is on: it can be stopped and rebooted. */
static void a_host_that_is_charged_is_on(void **state)
{
        struct world w _cleanup_world_ = world_of(2, true, NULL);
        _cleanup_free_ char *one = id_at(&w, 0), *other = id_at(&w, 1);
        _cleanup_json_ json_t *stopped = NULL, *rebooted = NULL;

        (void)state;
        check_about(&w, "operate/%s?type=1", one, 0);
        check_about(&w, "operate/%s?type=0", one, 0);
        check_about(&w, "reboot/%s", other, 0);
        w.now = READY_DELAY;
        stopped = details(&w, one);
        rebooted = details(&w, other);
        assert_int_equal(json_integer_value(json_object_get(stopped, "status")), 0);
        assert_int_equal(json_integer_value(json_object_get(rebooted, "status")), 3);
}

static json_t *pretend(struct world *w, enum method method, const char *path, const char *body, enum pretence how)
{
        struct request rq _cleanup_request_ = make_call(method, path, body);
        struct reply rp _cleanup_reply_ = {};
        const char *class;

        assert_int_equal(simulator->serve(w->s, w->now, &rq, how, &rp, &class), 0);
        return open_reply(&rp);
}

static void check_pretence(struct world *w, const char *query, enum pretence how, size_t rows, size_t expected_total)
{
        _cleanup_json_ json_t *answer = pretend(w, METHOD_GET, query, NULL, how);
        const json_t *page = json_object_get(answer, "data");

        assert_int_equal(json_integer_value(json_object_get(answer, "code")), 0);
        assert_int_equal(json_array_size(json_object_get(page, "data")), rows);
        assert_int_equal(json_integer_value(json_object_get(page, "totalCounts")), expected_total);
}

static void listings_can_be_wrong(void **state)
{
        struct world w _cleanup_world_ = world_of(30, false, NULL), one _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_json_ json_t *twice = NULL, *rows = NULL;

        (void)state;
        check_pretence(&w, "mypage?page=1&pageSize=25", PRETEND_EMPTY, 0, 0);
        check_pretence(&w, "mypage?page=1&pageSize=25", PRETEND_SHORT, 2, 2);
        check_pretence(&w, "mypage?page=2&pageSize=25", PRETEND_SHORT, 0, 2);
        check_pretence(&one, "mypage?page=1&pageSize=25", PRETEND_SHORT, 1, 1);
        check_pretence(&w, "mypage?page=2&pageSize=25", PRETEND_DUPLICATE, 6, 30);
        twice = pretend(&w, METHOD_GET, "mypage?page=2&pageSize=25", NULL, PRETEND_DUPLICATE);
        rows = json_incref(json_object_get(json_object_get(twice, "data"), "data"));
        assert_true(json_equal(json_array_get(rows, 0), json_array_get(rows, 1)));
        assert_false(json_equal(json_array_get(rows, 1), json_array_get(rows, 2)));
}

static void check_refusal(struct world *w, enum method method, const char *path, const char *body, enum pretence how,
                          int code)
{
        _cleanup_json_ json_t *answer = pretend(w, method, path, body, how);

        assert_int_equal(json_integer_value(json_object_get(answer, "code")), code);
        assert_true(json_is_null(json_object_get(answer, "data")));
}

static void what_is_refused_is_not_done(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0), *gone = about("delete/%s", id), *stop = about("operate/%s?type=0", id);

        (void)state;
        check_refusal(&w, METHOD_POST, "createquantity", SMALL, PRETEND_REFUSAL, 6002);
        check_refusal(&w, METHOD_POST, "createRent", RENT(1, 1), PRETEND_REFUSAL, 6002);
        check_refusal(&w, METHOD_DELETE, gone, NULL, PRETEND_REFUSAL, 1001);
        check_refusal(&w, METHOD_GET, stop, NULL, PRETEND_REFUSAL, 1001);
        check_refusal(&w, METHOD_POST, "createquantity", SMALL, PRETEND_BAD_TOKEN, 1001);
        check_refusal(&w, METHOD_DELETE, gone, NULL, PRETEND_BAD_TOKEN, 1001);
        assert_int_equal(total(&w), 1);
        check_status(&w, id, "2");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pages_are_checked),
                cmocka_unit_test(pages_end_with_the_hosts),
                cmocka_unit_test(many_are_listed_once_each),
                cmocka_unit_test(rows_shift_while_pages_are_read),
                cmocka_unit_test(packages_are_listed_as_they_are_sold),
                cmocka_unit_test(packages_and_images_have_types),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(a_host_that_is_charged_is_on),
                cmocka_unit_test(listings_can_be_wrong),
                cmocka_unit_test(what_is_refused_is_not_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
