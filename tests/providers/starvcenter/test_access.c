/* SPDX-License-Identifier: MIT */

/*
 * Rules of access: every request as a file, every reading of a page, and the walk over pages, whatever a start position means.
 */

#include "tests/providers/starvcenter/listings.h"

#include "reconcile/access.h"
#include "tests/support/looking.h"

static const struct scope rules = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_ACCESS };

static bool check_file(const char *folder, const char *file)
{
        return check_listing(folder, file, &rules);
}

static void pages_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "access", check_file), 12);
        check_truncated("access/document.json", &rules);
        check_first_request("access-look", &rules);
}

static struct values wanted_of(const char *text, const char *direction)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_SPEC, text);
        if (direction)
                values_set_text(&v, PROPERTY_DIRECTION, direction);
        return v;
}

static void orders_are_as_documented(void **state)
{
        const struct values in = wanted_of("edge in tcp 80-83,443 from 10.0.0.0/8,192.0.2.7/32 to 10.0.0.5/32", "in");
        const struct values out = wanted_of("inner in udp 53 from 10.0.0.5/32 to 192.0.2.53/32", "out");
        const struct values icmp = wanted_of("edge in icmp from 10.0.0.5/32", "out");
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_ACCESS, .name = "web-in/web-0", .wanted = &in };

        (void)state;
        check_order("access-create-in", &order);
        order.wanted = &out;
        check_order("access-create-out", &order);
        order.wanted = &icmp;
        check_order("access-create-icmp", &order);
        order.verb = ORDER_DELETE;
        order.id = "acl/1 ?";
        check_order("access-delete", &order);
}

static void impossible_orders_are_told(void **state)
{
        const struct values lost = wanted_of("edge in tcp 80 from 10.0.0.0/8 to 10.0.0.5/32", NULL);
        const struct values many = wanted_of("edge in tcp 80 from 10.0.0.0/8 to 10.0.0.0/24", "in");
        const struct values wrong = wanted_of("nothing", "in"),
                            other = wanted_of("outer in tcp 80 to 10.0.0.5/32", "in");
        const struct values any = wanted_of("edge in any from 0.0.0.0/0 to 10.0.0.5/32", "in");
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_ACCESS, .name = "web-in/web-0", .wanted = &lost };

        (void)state;
        check_impossible(&order, "lets through");
        order.wanted = &wrong;
        check_impossible(&order, "lets through");
        order.wanted = &other;
        check_impossible(&order, "lets through");
        order.wanted = &any;
        check_impossible(&order, "lets through");
        order.wanted = &many;
        check_impossible(&order, "one machine");
        order = (struct order){ .verb = ORDER_CHANGE, .type = TYPE_ACCESS, .id = "acl-1", .wanted = &lost };
        check_impossible(&order, "only add and delete");
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_ACCESS, .id = "." };
        check_impossible(&order, "id");
}

static void replies_to_orders_are_read(void **state)
{
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_ACCESS, .name = "web-in/web-0" };

        (void)state;
        check_outcome(&order, "{\"result\":\"0\",\"data\":{\"rule.id\":\"acl-1\"}}", OUTCOME_ACCEPTED, "acl-1");
        check_outcome(&order, "{\"result\":0,\"data\":[{\" rule.id\":17}]}", OUTCOME_ACCEPTED, "17");
        check_outcome(&order, "{\"result\":\"0\",\"data\":{\"aclrule.id\":\"acl-1\"}}", OUTCOME_ACCEPTED, NULL);
        check_outcome(&order, "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL);
        check_outcome(&order, "{\"result\":\"1\",\"resultinfo\":\"no\"}", OUTCOME_UNKNOWN, NULL);
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_ACCESS, .id = "acl-1" };
        check_outcome(&order, "{\"result\":\"0\"}", OUTCOME_ACCEPTED, NULL);
        check_outcome(&order, "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL);
}

/* The walk. */

static int answer(void *userdata, const struct request *rq, struct observation *obs, struct request_list *further,
                  struct error *e)
{
        struct reply rp _cleanup_reply_ = {};
        const char *class;

        assert_int_equal(simulator->serve(userdata, 0, rq, PRETEND_NOTHING, &rp, &class), 0);
        return codec->saw(&account, rq, &rp, obs, further, e);
}

static void add_rules(struct simulation *s, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                json_t *arguments = json_pack("{s:s, s:s, s:s, s:s, s:s}", "machine", "vm-1", "type", "net_gate",
                                              "target", "10.0.0.1", "protocol", "tcp", "ports", "80");

                assert_non_null(arguments);
                assert_int_equal(simulator->console(s, 0, "acl-add", arguments, NULL), 0);
                json_decref(arguments);
        }
}

/* Machines and rules are walked at once, each to its own end. */
static void check_walk(const char *variant, size_t n, bool backwards, bool quirks)
{
        const struct simulator_options options = { .machines = 40, .variant = variant, .quirks = quirks };
        const struct scope both = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_ACCESS | 1u << TYPE_MACHINE };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct simulation *s = NULL;
        struct looking looking;

        assert_int_equal(simulator->new (&options, &s, NULL), 0);
        add_rules(s, n);
        looking = (struct looking){
                .codec = codec, .account = &account, .backwards = backwards, .answer = answer, .userdata = s
        };
        assert_int_equal(looking_end(&looking, &both, &obs), 0);
        assert_int_equal(obs->of[TYPE_ACCESS].n_rows, n);
        assert_int_equal(obs->of[TYPE_MACHINE].n_rows, 40);
        simulator->free(s);
}

static void every_rule_is_there_once(void **state)
{
        static const size_t sizes[] = { 0, 1, 29, 30, 31, 59, 60, 61, 100 };

        (void)state;
        for (size_t v = 0; simulator->variants[v]; v++)
                for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                        for (int how = 0; how < 4; how++)
                                check_walk(simulator->variants[v], sizes[i], how & 1, how & 2);
}

/* What one way of writing a rule says, the other says, too. */
static void texts_are_one(void **state)
{
        static const char *const texts[] = {
                "edge in tcp 80,443 from 10.0.0.0/8 to 10.0.0.5/32",
                "inner in icmp from 10.0.0.5/32",
                "inner in any from 0.0.0.0/0 to 10.0.0.5/32",
        };
        static const char *const wrong[] = { "",        "edge",     "edge ", "edges in tcp 80 from 0.0.0.0/0",
                                             "edge in", "in tcp 80" };
        const char *from[] = { "192.0.2.7", "10.0.0.0/8" };
        struct access_spec spec = { .firewall = FIREWALL_INNER,
                                    .direction = DIRECTION_OUT,
                                    .protocol = RULE_TCP,
                                    .ports = "443,80",
                                    .to = { from, 2 } };
        struct buf b = BUF_INIT(ACCESS_TEXT_MAX);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_access_ struct access access = {};

                buf_reset(&b);
                assert_int_equal(access_parse(texts[i], &access), 0);
                assert_int_equal(access_print(&access, &b, NULL), 0);
                assert_string_equal(buf_text(&b), texts[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct access access = {};

                assert_int_equal(access_parse(wrong[i], &access), -EINVAL);
        }
        buf_reset(&b);
        assert_int_equal(access_spec_text(&spec, "10.0.0.5", &b, NULL), 0);
        assert_string_equal(buf_text(&b), "inner in tcp 80,443 from 10.0.0.5/32 to 10.0.0.0/8,192.0.2.7/32");
        buf_done(&b);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pages_are_read),
                cmocka_unit_test(orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read),
                cmocka_unit_test(every_rule_is_there_once),
                cmocka_unit_test(texts_are_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
