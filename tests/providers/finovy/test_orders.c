/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "tests/providers/finovy/exchange.h"

#include "reconcile/base/array.h"
#include "tests/support/files.h"

static void check_request(const char *name, struct request *rq)
{
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[4096];

        buf_addf(&b, "%s %s\n", method_name(rq->method), rq->url);
        for (size_t i = 0; i < rq->n_headers; i++)
                buf_addf(&b, "%s: %s\n", rq->headers[i].name, rq->headers[i].value);
        if (rq->body) {
                assert_int_equal(rq->body_len, strlen(rq->body));
                buf_addf(&b, "\n%s\n", rq->body);
        }
        (void)snprintf(path, sizeof(path), GOLDEN "requests/%s.txt", name);
        assert_same_as_file(buf_text(&b), path);
        assert_int_equal(rq->timeout, account.timeout);
        buf_done(&b);
}

static void check_looks(const struct scope *scope, const char *const *names, size_t n)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, n);
        for (size_t i = 0; i < n; i++) {
                assert_true(further.requests[i].read);
                check_request(names[i], &further.requests[i]);
        }
}

static void looks_are_as_documented(void **state)
{
        const struct scope one = scope_one(TYPE_MACHINE, "h 1/?#\xc3\xa9");

        (void)state;
        check_looks(&scope_machines, (const char *const[]){ "look-page" }, 1);
        check_looks(&everything, (const char *const[]){ "look-page", "look-hourly", "look-period", "look-images" }, 4);
        check_looks(&one, (const char *const[]){ "look-one" }, 1);
}

static void check_order(const char *name, const struct order *order)
{
        _cleanup_request_ struct request rq = {};
        struct error e = { "" };

        if (codec->act(&account, order, &rq, &e) < 0)
                fail_msg("%s: %s", name, e.text);
        assert_false(rq.read); /* a GET that acts neither */
        check_request(name, &rq);
}

static struct values wanted_values(void)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_TEMPLATE, "p1");
        values_set_text(&v, PROPERTY_IMAGE, "4005");
        return v;
}

static struct order create_of(const struct values *wanted, const struct resource *resource)
{
        return (struct order){ .verb = ORDER_CREATE, .n = 1, .name = "web-0", .wanted = wanted, .resource = resource };
}

static void orders_are_as_documented(void **state)
{
        const struct values wanted = wanted_values();
        const struct order hourly = create_of(&wanted, NULL), period = create_of(&wanted, &rent);

        (void)state;
        check_order("create", &hourly);
        check_order("rent", &period);
        check_order("start", &(struct order){ .verb = ORDER_START, .n = 1, .id = "h 1/?", .name = "web-0" });
        check_order("shut-down", &(struct order){ .verb = ORDER_SHUT_DOWN, .n = 1, .id = "h1", .name = "web-0" });
        check_order("power-off", &(struct order){ .verb = ORDER_POWER_OFF, .n = 1, .id = "h1", .name = "web-0" });
        check_order("delete", &(struct order){ .verb = ORDER_DELETE, .n = 1, .id = "h1", .name = "web-0" });
}

static void periods_are_those_of_the_document(void **state)
{
        const struct values wanted = wanted_values();
        struct billing_spec billing = for_days;
        struct machine_set set = rent_spec;
        struct resource resource = rent;
        const struct order order = create_of(&wanted, &resource);

        (void)state;
        set.billing = &billing;
        resource.machine_set = &set;
        for (int unit = BILLING_HOUR; unit <= BILLING_YEAR; unit++) {
                char name[32];

                billing.unit = unit;
                (void)snprintf(name, sizeof(name), "rent-unit-%d", unit);
                check_order(name, &order);
        }
}

static void check_impossible(const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(&account, order, &rq, &e), -EINVAL);
        assert_non_null(strstr(e.text, words));
}

static void impossible_orders_are_told(void **state)
{
        static const char *const ids[] = { "", ".", "..", "a\nb" };
        const struct values wanted = wanted_values(), none = {};
        struct billing_spec never = { .mode = BILLING_PERIOD, .unit = BILLING_DAY, .number = 0 };
        struct machine_set set = { .billing = &never };
        struct resource resource = { .kind = &kind_machine_set, .name = "rent", .machine_set = &set };
        const struct order nothing = create_of(&none, NULL), no_time = create_of(&wanted, &resource);

        (void)state;
        check_impossible(&nothing, "needs a template");
        check_impossible(&no_time, "billing.number");
        check_impossible(&(struct order){ .verb = ORDER_CHANGE, .n = 1, .id = "h1", .field = PROPERTY_CPU },
                         "cannot change");
        check_impossible(&(struct order){ .verb = ORDER_RENAME, .n = 1, .id = "h1" }, "cannot change");
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                check_impossible(&(struct order){ .verb = ORDER_DELETE, .n = 1, .id = ids[i] }, "cannot stand");
}

static void a_token_cannot_split_headers(void **state)
{
        struct account_config config = account;
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};
        struct error e = { "" };

        (void)state;
        config.token = "a\r\nX: b";
        assert_int_equal(observation_new(&scope_machines, &obs), 0);
        assert_int_equal(codec->look(&config, obs, &further, &e), -EINVAL);
        assert_null(strstr(e.text, "X: b"));
}

/* What a set costs, and whether it can be made at all, as the lists of packages and images say. */
static void sets_are_checked_before_they_are_made(void **state)
{
        static const struct {
                const char *package, *use, *image, *image_type, *words;
                bool period;
                int64_t price;
        } cases[] = {
                { "p1", "2", "4005", "BL", NULL, false, 880000 },
                { "p1", "0", "4005", "BL", NULL, false, 880000 },
                { "p1", "1", "4005", "BL", "for periods only", false, 0 },
                { "p1", "1", "4005", "BL", NULL, true, 0 },
                { "p1", "0", "4005", "BL", "by the hour only", true, 0 },
                { "p1", "", "4005", "BL", NULL, true, 0 },
                { "p1", "2", "4005", "GPU", "of the same type", false, 0 },
                { "p1", "2", "4005", "B", "of the same type", false, 0 },
                { "p2", "2", "4005", "BL", "no package p1", false, 0 },
                { "p1", "2", "507", "BL", "no image 4005", false, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                struct machine_set set = { .template = { .name = "p1" }, .image = "4005" };
                char traits[32];
                struct row package = { .id = cases[i].package, .traits = traits, .price = 880000 };
                struct row image = { .id = cases[i].image, .traits = cases[i].image_type };
                struct quote quote = { 0 };
                struct error e = { "" };
                int r;

                set.billing = cases[i].period ? &for_days : NULL;
                (void)snprintf(traits, sizeof(traits), "BL\n%s", cases[i].use);
                assert_int_equal(observation_new(&everything, &obs), 0);
                assert_int_equal(observation_add(obs, TYPE_OFFER, &package), 1);
                assert_int_equal(observation_add(obs, TYPE_IMAGE, &image), 1);
                r = codec->quote(&account, obs, &set, &quote, &e);
                assert_int_equal(r, cases[i].words ? -EINVAL : 0);
                if (r < 0)
                        assert_non_null(strstr(e.text, cases[i].words));
                else
                        assert_int_equal(quote.price, cases[i].price);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(looks_are_as_documented),
                cmocka_unit_test(orders_are_as_documented),
                cmocka_unit_test(periods_are_those_of_the_document),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(a_token_cannot_split_headers),
                cmocka_unit_test(sets_are_checked_before_they_are_made),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
