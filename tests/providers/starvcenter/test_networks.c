/* SPDX-License-Identifier: MIT */

/*
 * Private networks: every request as a file, and every reading of their listing and of the replies to orders.
 */

#include "tests/providers/starvcenter/exchange.h"

#include "reconcile/base/text.h"

static const struct scope networks = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_NETWORK };

static void print_row(struct buf *b, const struct row *row)
{
        buf_addf(b, "%s|%s|%s|%s", row->id, row->name, row->created, condition_text(row->condition));
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                if (!values_known(&row->values, p))
                        continue;
                buf_addf(b, "|%s ", property_name(p));
                values_print(&row->values, p, b);
        }
        buf_adds(b, "\n");
}

static void read_listing(struct buf *b, struct reply *rp)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&networks, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        r = codec->saw(&account, &first.requests[0], rp, obs, &further, &e);
        assert_int_equal(further.n_requests, 0);
        if (r == 0)
                r = codec->seen(&account, obs, &further, &e);
        if (r < 0)
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
        for (size_t i = 0; r == 0 && i < obs->of[TYPE_NETWORK].n_rows; i++)
                print_row(b, &obs->of[TYPE_NETWORK].rows[i]);
}

static bool check_file(const char *folder, const char *file)
{
        const char *dot = strrchr(file, '.');
        char path[4096];
        char *bytes;
        size_t n;

        if (!dot || !text_equal(dot, ".json"))
                return false;
        (void)snprintf(path, sizeof(path), TESTS_DIR "/%s/%s", folder, file);
        bytes = read_file(path, &n);
        (void)snprintf(path, sizeof(path), "%s/%.*s.expected", folder, (int)(dot - file), file);
        for (enum wrapping how = 0; how < WRAPPINGS; how++) {
                struct reply rp = wrapped(bytes, n, how);
                struct buf b = BUF_INIT(TEXT_MAX);

                read_listing(&b, &rp);
                assert_same_as_file(buf_text(&b), path);
                buf_done(&b);
                reply_done(&rp);
        }
        free(bytes);
        return true;
}

static void networks_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "networks", check_file), 18);
}

/* A listing that is cut anywhere is never complete. */
static void a_truncated_listing_is_incomplete(void **state)
{
        struct reply whole;
        size_t n, said;
        char *json;

        (void)state;
        json = read_file(FOLDER "networks/document.json", &n);
        whole = wrapped(json, n, WRAP_PLAIN);
        for (said = whole.body_len; strchr("=\n", whole.body[said - 1]);)
                said--;
        for (size_t cut = 0; cut + 2 < said; cut++) {
                struct reply rp = reply_of(200, whole.body, cut);
                struct buf b = BUF_INIT(TEXT_MAX);

                read_listing(&b, &rp);
                assert_true(text_starts(buf_text(&b), "-EBADMSG: "));
                buf_done(&b);
                reply_done(&rp);
        }
        reply_done(&whole);
        free(json);
}

static void the_look_is_as_documented(void **state)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        (void)state;
        assert_int_equal(observation_new(&networks, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, 1);
        assert_true(further.requests[0].read);
        check_request("network-look", &further.requests[0]);
}

/* Each reply is taken for what was asked. */
static void looks_go_together(void **state)
{
        static const char *const replies[] = {
                "{\"result\":\"0\",\"data\":[{\"vm.id\":\"vm-1\",\"vm.state\":\"1\"}],\"dataCount\":\"1\"}",
                "{\"result\":\"0\",\"data\":[{\"vpc.id\":\"vpc-1\"}]}",
                "{\"result\":\"0\",\"data\":[{\"slb.id\":\"slb-1\"}]}",
        };
        const struct scope all = { .type = SCOPE_ACCOUNT,
                                   .types = 1u << TYPE_MACHINE | networks.types | 1u << TYPE_BALANCER };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};

        (void)state;
        assert_int_equal(observation_new(&all, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, NULL), 0);
        assert_int_equal(first.n_requests, ARRAY_SIZE(replies));
        for (size_t i = ARRAY_SIZE(replies); i > 0; i--) {
                struct reply rp = reply_of_json(replies[i - 1]);

                assert_int_equal(codec->saw(&account, &first.requests[i - 1], &rp, obs, &further, NULL), 0);
                reply_done(&rp);
        }
        assert_int_equal(codec->seen(&account, obs, &further, NULL), 0);
        assert_int_equal(obs->of[TYPE_MACHINE].n_rows, 1);
        assert_int_equal(obs->of[TYPE_NETWORK].n_rows, 1);
        assert_int_equal(obs->of[TYPE_BALANCER].n_rows, 1);
}

static void check_order(const char *name, const struct order *order)
{
        struct request rq = {};
        struct error e = { "" };

        if (codec->act(&account, order, &rq, &e) < 0)
                fail_msg("%s: %s", name, e.text);
        assert_false(rq.read);
        check_request(name, &rq);
}

static struct values value_of(enum property f, const char *text)
{
        struct values v = {};

        values_set_text(&v, f, text);
        return v;
}

/* The name and the description change together: what is not to change is sent as it is shown. */
static void orders_are_as_documented(void **state)
{
        struct values shown = value_of(PROPERTY_SPEC, "{\"name\":\"Old One\",\"description\":\"as it was\"}");
        struct values wanted = value_of(PROPERTY_SPEC, "{\"description\":\"größe ☃\"}");
        struct values least = value_of(PROPERTY_SPEC, "{}");
        struct values yes = value_of(PROPERTY_ROUTED, "true"), no = value_of(PROPERTY_ROUTED, "false");
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_NETWORK, .name = "app", .wanted = &wanted };

        (void)state;
        check_order("network-create", &order);
        order.wanted = &least;
        check_order("network-create-least", &order);
        order.id = "vpc-7";
        order.shown = &shown;
        order.verb = ORDER_RENAME;
        check_order("network-rename", &order);
        order.verb = ORDER_CHANGE;
        order.field = PROPERTY_SPEC;
        order.wanted = &wanted;
        check_order("network-change", &order);
        order.field = PROPERTY_ROUTED;
        order.wanted = &yes;
        check_order("network-join", &order);
        order.wanted = &no;
        check_order("network-leave", &order);
        yes = value_of(PROPERTY_FIREWALL, "true");
        no = value_of(PROPERTY_FIREWALL, "false");
        order.field = PROPERTY_FIREWALL;
        order.wanted = &yes;
        check_order("network-open", &order);
        order.wanted = &no;
        check_order("network-close", &order);
        order.verb = ORDER_DELETE;
        order.wanted = &least;
        check_order("network-delete", &order);
}

static void check_impossible(const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(&account, order, &rq, &e), -EINVAL);
        assert_non_null(strstr(e.text, words));
        assert_null(rq.url);
}

static void impossible_orders_are_told(void **state)
{
        struct values wanted = value_of(PROPERTY_SPEC, "{\"description\":\"x\"}");
        struct values cut = value_of(PROPERTY_SPEC, "{\"description\":\"\xff\"}");
        struct order order = { .verb = ORDER_START, .type = TYPE_NETWORK, .id = "vpc-1", .name = "app" };

        (void)state;
        order.wanted = &wanted;
        check_impossible(&order, "no such order");
        order.verb = ORDER_CHANGE;
        order.field = PROPERTY_CPU;
        check_impossible(&order, "no such order");
        order.field = PROPERTY_SPEC; /* its name is not shown: it would be lost */
        check_impossible(&order, "name is not known");
        order.verb = ORDER_CREATE;
        order.name = "\xff";
        order.wanted = &cut;
        check_impossible(&order, "vpc.name");
}

static void replies_to_orders_are_read(void **state)
{
        static const struct {
                enum order_verb verb;
                enum property field;
                const char *wanted;
                const char *reply;
                enum outcome_class class;
                const char *id; /* NULL: none */
        } cases[] = {
                { ORDER_CREATE, PROPERTY_NONE, "",
                  "{\"result\":\"0\",\"data\":{\"vpc.id\":\"vpc-1\",\"vpc.name\":\"app\"}}", OUTCOME_ACCEPTED,
                  "vpc-1" },
                { ORDER_CREATE, PROPERTY_NONE, "", "{\"result\":0,\"data\":[{\" vpc.id\":17}]}", OUTCOME_ACCEPTED,
                  "17" },
                { ORDER_CREATE, PROPERTY_NONE, "", "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { ORDER_CREATE, PROPERTY_NONE, "", "{\"result\":\"0\",\"data\":{\"vm.id\":\"vm-1\"}}", OUTCOME_ACCEPTED,
                  NULL },
                { ORDER_CREATE, PROPERTY_NONE, "", "{\"result\":\"1\",\"resultinfo\":\"it is there already\"}",
                  OUTCOME_UNKNOWN, NULL },
                { ORDER_CHANGE, PROPERTY_SPEC, "", "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { ORDER_CHANGE, PROPERTY_SPEC, "", "{\"result\":\"1\",\"resultinfo\":\"already\"}", OUTCOME_REFUSED,
                  NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true", "{\"result\":\"0\"}", OUTCOME_ACCEPTED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true",
                  "{\"result\":\"1\",\"resultinfo\":\"the subnet is at a router already\"}", OUTCOME_ACCEPTED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true", "{\"result\":\"1\",\"resultinfo\":\"该子网已接入云路由\"}",
                  OUTCOME_ACCEPTED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true", "{\"result\":\"1\",\"resultinfo\":\"云路由已离线\"}",
                  OUTCOME_REFUSED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true",
                  "{\"result\":\"1\",\"resultinfo\":\"there is no router that is online\"}", OUTCOME_REFUSED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true",
                  "{\"result\":\"1\",\"resultinfo\":\"it is being changed already\"}", OUTCOME_REFUSED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "true", "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "false",
                  "{\"result\":\"1\",\"resultinfo\":\"the network is at no router\"}", OUTCOME_ACCEPTED, NULL },
                { ORDER_CHANGE, PROPERTY_ROUTED, "false",
                  "{\"result\":\"1\",\"resultinfo\":\"it is being changed already\"}", OUTCOME_REFUSED, NULL },
                { ORDER_CHANGE, PROPERTY_FIREWALL, "true", "{\"result\":\"1\",\"resultinfo\":\"already\"}",
                  OUTCOME_REFUSED, NULL },
                { ORDER_DELETE, PROPERTY_NONE, "", "{\"result\":\"1\",\"resultinfo\":\"it has cards\"}",
                  OUTCOME_REFUSED, NULL },
                { ORDER_DELETE, PROPERTY_NONE, "", "{\"result\":\"1003\"}", OUTCOME_AUTH, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct values wanted = value_of(cases[i].field, cases[i].wanted);
                struct order order = { .verb = cases[i].verb,
                                       .type = TYPE_NETWORK,
                                       .field = cases[i].field,
                                       .name = "app",
                                       .wanted = &wanted };
                struct reply rp = reply_of_json(cases[i].reply);
                struct outcome outcome;

                codec->acted(&account, &order, &rp, &outcome);
                assert_int_equal(outcome.class, cases[i].class);
                assert_int_equal(outcome.n_ids, cases[i].id ? 1 : 0);
                if (cases[i].id)
                        assert_string_equal(outcome.ids[0], cases[i].id);
                reply_done(&rp);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(networks_are_read),          cmocka_unit_test(a_truncated_listing_is_incomplete),
                cmocka_unit_test(the_look_is_as_documented),  cmocka_unit_test(looks_go_together),
                cmocka_unit_test(orders_are_as_documented),   cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
