/* SPDX-License-Identifier: MIT */

/*
 * What a tenant may still use: the request as a file, and every reading of its reply.
 */

#include "tests/providers/starvcenter/exchange.h"

#include "reconcile/base/text.h"

static const struct scope quota = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_QUOTA };
static const struct pair option = { "tenant", "app-1" };
static const struct pairs options = { (struct pair *)&option, 1 };

static struct account_config account_of(const struct pairs *given)
{
        struct account_config config = account;

        config.options = given;
        return config;
}

static void read_quota(struct buf *b, struct reply *rp)
{
        struct account_config config = account_of(&options);
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&quota, &obs), 0);
        assert_int_equal(codec->look(&config, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        r = codec->saw(&config, &first.requests[0], rp, obs, &further, &e);
        if (r == 0)
                r = codec->seen(&config, obs, &further, &e);
        if (r < 0)
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
        for (size_t i = 0; r == 0 && i < obs->of[TYPE_QUOTA].n_rows; i++) {
                const struct row *row = &obs->of[TYPE_QUOTA].rows[i];

                buf_adds(b, row->id);
                for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                        if (!values_known(&row->values, p))
                                continue;
                        buf_addf(b, "|%s ", property_name(p));
                        values_print(&row->values, p, b);
                }
                buf_adds(b, "\n");
        }
}

static bool check_file(const char *folder, const char *file)
{
        const char *dot = strrchr(file, '.');
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[4096];
        struct reply rp;
        char *bytes;
        size_t n;

        if (!dot || !text_equal(dot, ".json"))
                return false;
        (void)snprintf(path, sizeof(path), TESTS_DIR "/%s/%s", folder, file);
        bytes = read_file(path, &n);
        rp = wrapped(bytes, n, WRAP_PLAIN);
        read_quota(&b, &rp);
        (void)snprintf(path, sizeof(path), "%s/%.*s.expected", folder, (int)(dot - file), file);
        assert_same_as_file(buf_text(&b), path);
        buf_done(&b);
        reply_done(&rp);
        free(bytes);
        return true;
}

static void quotas_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "quota", check_file), 13);
}

static void the_look_is_as_documented(void **state)
{
        struct account_config config = account_of(&options);
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        (void)state;
        assert_int_equal(observation_new(&quota, &obs), 0);
        assert_int_equal(codec->look(&config, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, 1);
        assert_true(further.requests[0].read);
        check_request("quota-look", &further.requests[0]);
}

/* Without a tenant nothing could be asked for; and nobody asks beside other things. */
static void it_takes_a_tenant(void **state)
{
        const struct pairs none = {};
        struct account_config config = account_of(&none);
        _cleanup_(observation_free_p) struct observation *obs = NULL, *machines = NULL;
        _cleanup_request_list_ struct request_list further = {};
        struct error e = { "" };

        (void)state;
        assert_string_equal(codec->quota_option, "tenant");
        assert_int_equal(observation_new(&quota, &obs), 0);
        assert_int_equal(codec->look(&config, obs, &further, &e), -EINVAL);
        assert_non_null(strstr(e.text, "tenant"));
        assert_int_equal(observation_new(&scope_machines, &machines), 0);
        config.options = &options;
        assert_int_equal(codec->look(&config, machines, &further, &e), 0);
        assert_int_equal(further.n_requests, 1);
}

/* Each tenant of the details is asked for, and one that there is not spoils nothing of the others. */
static void tenants_of_specs_are_asked_for(void **state)
{
        static const struct detail details[] = { { .of = TYPE_RULE, .id = "sg-1" },
                                                 { .of = TYPE_QUOTA, .id = "app-2" },
                                                 { .of = TYPE_QUOTA, .id = "app-9" },
                                                 { .of = TYPE_QUOTA, .id = "app-10" } };
        const struct scope scope = {
                .type = SCOPE_ACCOUNT, .types = 1u << TYPE_QUOTA, .details = details, .n_details = ARRAY_SIZE(details)
        };
        struct reply yes = reply_of_json("{\"result\":\"0\",\"data\":{\"cpu\":1,\"countCpu\":4}}");
        struct reply no = reply_of_json("{\"result\":\"1\",\"resultinfo\":\"no such tenant\"}");
        struct reply odd = reply_of_json("{\"result\":\"0\",\"data\":{\"cpu\":\"few\"}}");
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};

        (void)state;
        assert_int_equal(observation_new(&scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, NULL), 0);
        assert_int_equal(first.n_requests, 3);
        assert_int_equal(codec->saw(&account, &first.requests[2], &odd, obs, &further, NULL), 0);
        assert_int_equal(codec->saw(&account, &first.requests[1], &no, obs, &further, NULL), 0);
        assert_int_equal(codec->saw(&account, &first.requests[0], &yes, obs, &further, NULL), 0);
        assert_int_equal(codec->seen(&account, obs, &further, NULL), 0);
        assert_true(observation_covers_in(obs, TYPE_QUOTA, "app-2"));
        assert_false(observation_covers_in(obs, TYPE_QUOTA, "app-9"));
        assert_false(observation_covers_in(obs, TYPE_QUOTA, "app-10"));
        assert_int_equal(obs->of[TYPE_QUOTA].n_rows, 1);
        assert_string_equal(observation_find(obs, TYPE_QUOTA, "app-2")->values.of[PROPERTY_SPEC].text, "{\"cpu\":4}");
        check_request("quota-look-tenant", &first.requests[0]);
        reply_done(&yes);
        reply_done(&no);
        reply_done(&odd);
}

static int change(const char *settings, struct request *rq, struct error *e)
{
        struct values wanted = {};
        struct order order = { .verb = ORDER_CHANGE, .type = TYPE_QUOTA, .id = "app-1", .field = PROPERTY_SPEC };

        values_set_text(&wanted, PROPERTY_SPEC, settings);
        order.wanted = &wanted;
        return codec->act(&account, &order, rq, e);
}

/* All of it or nothing: what is not said would be lost. */
static void a_quota_is_changed_as_a_whole(void **state)
{
        static const struct {
                const char *settings, *words;
        } wrong[] = {
                { "{\"cpu\":1,\"memory\":\"1GiB\",\"storage\":\"1GiB\",\"addresses\":1}", "networks" },
                { "{\"memory\":\"1GiB\",\"storage\":\"1GiB\",\"addresses\":1,\"networks\":1}", "cpu" },
                { "{\"cpu\":1,\"memory\":1,\"storage\":\"1GiB\",\"addresses\":1,\"networks\":1}", "memory" },
                { "{\"cpu\":1,\"memory\":\"1KiB\",\"storage\":\"1GiB\",\"addresses\":1,\"networks\":1}", "whole MiB" },
                { "{\"cpu\":1,\"memory\":\"1MiB\",\"storage\":\"1MiB\",\"addresses\":1,\"networks\":1}", "whole GiB" },
        };
        struct request rq = {};
        struct error e = { "" };

        (void)state;
        assert_int_equal(
                change("{\"cpu\":100,\"memory\":\"200GiB\",\"storage\":\"10TiB\",\"addresses\":0,\"networks\":4}", &rq,
                       &e),
                0);
        assert_false(rq.read);
        check_request("quota-change", &rq);
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                rq = (struct request){};
                assert_int_equal(change(wrong[i].settings, &rq, &e), -EINVAL);
                assert_non_null(strstr(e.text, wrong[i].words));
                assert_null(rq.url);
        }
}

/* It is there whatever anybody does. */
static void a_quota_is_never_made_or_deleted(void **state)
{
        static const enum order_verb verbs[] = { ORDER_CREATE, ORDER_DELETE, ORDER_RENAME };

        (void)state;
        assert_true(codec->making(&options)[TYPE_QUOTA].always_there);
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                struct values none = {};
                struct order order = { .verb = verbs[i], .type = TYPE_QUOTA, .id = "app-1", .wanted = &none };
                struct request rq = {};
                struct error e = { "" };

                assert_int_equal(codec->act(&account, &order, &rq, &e), -EINVAL);
                assert_non_null(strstr(e.text, "only change"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quotas_are_read),
                cmocka_unit_test(the_look_is_as_documented),
                cmocka_unit_test(it_takes_a_tenant),
                cmocka_unit_test(tenants_of_specs_are_asked_for),
                cmocka_unit_test(a_quota_is_changed_as_a_whole),
                cmocka_unit_test(a_quota_is_never_made_or_deleted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
