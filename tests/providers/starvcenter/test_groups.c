/* SPDX-License-Identifier: MIT */

/*
 * Security groups, their rules and bindings: every request as a file, and every reading of their listings.
 */

#include "tests/providers/starvcenter/exchange.h"

#include <inttypes.h>

#include "reconcile/base/text.h"

static const struct detail details[] = {
        { TYPE_RULE, "sg-1" },         { TYPE_BINDING, "sg-1" }, { TYPE_CARD, "vm-1", "sg-1" },
        { TYPE_CARD, "vm-2", "sg-1" }, { TYPE_RULE, "sg-gone" }, { TYPE_BINDING, "sg-gone" },
};
static const struct scope groups = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_GROUP | 1u << TYPE_RULE | 1u << TYPE_BINDING | 1u << TYPE_CARD,
                                     .details = details,
                                     .n_details = ARRAY_SIZE(details) };

#define REPLY(rows) "{\"result\":\"0\",\"data\":[" rows "]}"
#define GROUPS                                                                                                       \
        REPLY("{\" securitygroup.id\":\"sg-1\",\" securitygroup.name\":\"web\",\"securitygroup.desc\":\"web tier\"," \
              "\"securitygroup.appid\":\"app-1\",\" securitygroup.createtime\":\"2026-01-01 00:00:00\"},"            \
              "{\"securitygroup.id\":\"sg-2\",\"securitygroup.name\":\"other\"}")
#define RULES                                                                                                  \
        REPLY("{\"aclrule_id\":\"r-1\",\"aclrule_srcip\":\"192.0.2.7/32,10.0.0.0/8\",\"aclrule_target\":\"\"," \
              "\"aclrule_direction\":\"in\",\"aclrule_vmport\":\"443,80\",\"aclrule_protocal\":\"TCP\","       \
              "\"aclrule_ securitygroupid\":\"sg-1\"},"                                                        \
              "{\"aclrule.id\":2,\"aclrule.target\":\"192.0.2.53\",\"aclrule.direction\":\"out\","             \
              "\"aclrule.vmport\":\"53\",\"aclrule.protocal\":\"udp\",\"aclrule.securitygroupid\":\"sg-1\"},"  \
              "{\"aclrule_id\":\"r-3\",\"aclrule_direction\":\"sideways\",\"aclrule_securitygroupid\":\"sg-1\"}")
#define PENDING                                                                   \
        REPLY("{\"issue.id\":\"i-1\",\"aclrule.id\":\"r-1\",\"vm.id\":\"vm-1\"}," \
              "{\"issue.id\":\"i-2\",\"aclrule.id\":\"r-1\",\"vm.id\":\"vm-2\"}," \
              "{\"issue.id\":\"i-3\",\"aclrule.id\":\"r-of-others\",\"vm.id\":\"vm-9\"}")
#define BINDINGS REPLY("{\"vnic.id\":\"c-1\",\"vnic.vmid\":\"vm-1\"},{\"vnic.id\":\"c-9\",\"vnic.vmid\":\"vm-9\"}")
#define CARDS                                                                                              \
        REPLY("{\"vnic.id\":\"c-2\",\"vnic.vmid\":\"vm-2\"},{\"vnic.id\":\"c-3\",\"vnic.vmid\":\"vm-2\"}," \
              "{\"vnic.id\":\"c-22\",\"vnic.vmid\":\"vm-22\"}")

/* What the simulated vendor answers, by the path that was asked. */
struct answers {
        const char *groups, *rules, *pending, *bindings, *cards;
};

static const struct answers usual = { GROUPS, RULES, PENDING, BINDINGS, CARDS };

static const char *answer_to(const struct answers *answers, const char *url)
{
        const char *path = url + strlen(ENDPOINT "/");

        if (text_equal(path, "cloudsegroup/search"))
                return answers->groups;
        if (text_equal(path, "cloudsegroup/rule/search"))
                return answers->rules;
        if (text_equal(path, "cloudsegroup/retryrule/search"))
                return answers->pending;
        if (text_equal(path, "cloudsegroup/vnic/search"))
                return answers->bindings;
        if (text_equal(path, "cloudvm/vnic/search"))
                return answers->cards;
        fail_msg("nobody answers %s", url);
        return NULL;
}

/* Asks and answers until nothing is asked any more. Every request is written down in `asked`. */
static int walk(const struct answers *answers, struct observation *obs, struct buf *asked, struct error *e)
{
        _cleanup_request_list_ struct request_list list = {};
        int r;

        r = codec->look(&account, obs, &list, e);
        for (size_t i = 0; r == 0 && i < list.n_requests; i++) {
                struct reply rp = reply_of_json(answer_to(answers, list.requests[i].url));
                struct request rq = list.requests[i];

                assert_true(rq.read);
                buf_addf(asked, "%s\n", rq.url + strlen(ENDPOINT "/"));
                r = codec->saw(&account, &rq, &rp, obs, &list, e);
                reply_done(&rp);
        }
        return r < 0 ? r : codec->seen(&account, obs, &list, e);
}

static void print_rows(struct buf *b, const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];

                buf_addf(b, "%s %s|%s|%s|%s|%s", thing_type_text(type), row->id, row->name, row->parent, row->traits,
                         condition_text(row->condition));
                if (values_known(&row->values, PROPERTY_PENDING))
                        buf_addf(b, "|%" PRId64 "|%s", row->values.of[PROPERTY_PENDING].number,
                                 row->values.of[PROPERTY_SPEC].text);
                buf_addc(b, '\n');
        }
}

static void all_of_a_group_is_read(void **state)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct buf asked = BUF_INIT(TEXT_MAX), rows = BUF_INIT(TEXT_MAX);
        struct error e = { "" };

        (void)state;
        assert_int_equal(observation_new(&groups, &obs), 0);
        if (walk(&usual, obs, &asked, &e) < 0)
                fail_msg("%s", e.text);
        assert_string_equal(buf_text(&asked),
                            "cloudsegroup/search\ncloudsegroup/vnic/search\ncloudsegroup/rule/search\n"
                            "cloudvm/vnic/search\ncloudsegroup/retryrule/search\n");
        print_rows(&rows, obs, TYPE_GROUP);
        print_rows(&rows, obs, TYPE_RULE);
        print_rows(&rows, obs, TYPE_BINDING);
        print_rows(&rows, obs, TYPE_CARD);
        assert_same_as_file(buf_text(&rows), "providers/starvcenter/golden/groups.txt");
        buf_done(&asked);
        buf_done(&rows);
}

/* Whatever is wrong with one of the replies, the whole is no listing. */
static void damaged_listings_are_incomplete(void **state)
{
        static const struct {
                struct answers answers;
                const char *words;
        } cases[] = {
                { { "{\"result\":\"1\",\"resultinfo\":\"busy\"}", RULES, PENDING, BINDINGS, CARDS }, "busy" },
                { { REPLY("{}"), RULES, PENDING, BINDINGS, CARDS }, "securitygroup.id" },
                { { REPLY("17"), RULES, PENDING, BINDINGS, CARDS }, "not an object" },
                { { REPLY("{\"securitygroup.id\":\"a\"},{\"securitygroup.id\":\"a\"}"), RULES, PENDING, BINDINGS,
                    CARDS },
                  "twice" },
                { { "{\"result\":\"0\",\"data\":[{\"securitygroup.id\":\"a\"}],\"dataCount\":\"2\"}", RULES, PENDING,
                    BINDINGS, CARDS },
                  "counts 2" },
                { { GROUPS, REPLY("{\"aclrule_id\":\"r-1\"}"), PENDING, BINDINGS, CARDS }, "of which group" },
                { { GROUPS, REPLY("[]"), PENDING, BINDINGS, CARDS }, "not an object" },
                { { GROUPS, RULES, REPLY("{\"issue.id\":\"i-1\"}"), BINDINGS, CARDS }, "aclrule.id" },
                { { GROUPS, RULES, "{\"result\":\"1\"}", BINDINGS, CARDS }, "no reason" },
                { { GROUPS, RULES, PENDING, "{\"result\":\"1\"}", CARDS }, "no reason" },
                { { GROUPS, RULES, PENDING, REPLY("{\"vnic.id\":\"c-1\"}"), CARDS }, "vnic.vmid" },
                { { GROUPS, RULES, PENDING, BINDINGS, REPLY("{\"vnic.vmid\":\"vm-2\"}") }, "vnic.id" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                struct buf asked = BUF_INIT(TEXT_MAX);
                struct error e = { "" };

                assert_int_equal(observation_new(&groups, &obs), 0);
                assert_int_equal(walk(&cases[i].answers, obs, &asked, &e), -EBADMSG);
                if (!strstr(e.text, cases[i].words))
                        fail_msg("%zu: %s", i, e.text);
                buf_done(&asked);
        }
}

/* A rule that cannot be understood stays one that nothing is done about, whatever else is said of it. */
static void what_is_not_understood_is_not_pending(void **state)
{
        const struct answers answers = { GROUPS, RULES, REPLY("{\"aclrule.id\":\"r-3\",\"vm.id\":\"vm-1\"}"), BINDINGS,
                                         CARDS };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct buf asked = BUF_INIT(TEXT_MAX);

        (void)state;
        assert_int_equal(observation_new(&groups, &obs), 0);
        assert_int_equal(walk(&answers, obs, &asked, NULL), 0);
        assert_int_equal(observation_find(obs, TYPE_RULE, "r-3")->condition, CONDITION_UNKNOWN);
        assert_int_equal(observation_find(obs, TYPE_GROUP, "sg-1")->values.of[PROPERTY_PENDING].number, 0);
        buf_done(&asked);
}

/* One rule as it may be printed, and what it says; "" where that cannot be understood. */
static void rules_are_understood(void **state)
{
        static const struct {
                const char *members, *name;
        } cases[] = {
                { "\"aclrule_direction\":\"IN\",\"aclrule_protocal\":\"Tcp\",\"aclrule_vmport\":\"85,80:83\","
                  "\"aclrule_srcip\":\"192.0.2.7/32, 10.1.2.3/8\",\"aclrule_target\":\"\"",
                  "in tcp 80-83,85 from 10.0.0.0/8,192.0.2.7/32" },
                { "\"aclrule.direction\":\"in\",\"aclrule.protocal\":\"tcp\",\"aclrule.vmport\":\"80\","
                  "\"aclrule.srcip\":\"10.0.0.1\"",
                  "in tcp 80 from 10.0.0.1/32" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"tcp\",\"aclrule_vmport\":80",
                  "in tcp 80 from 0.0.0.0/0" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"tcp\",\"aclrule_vmport\":null,"
                  "\"aclrule_srcip\":\"0.0.0.0/0\"",
                  "in tcp 1-65535 from 0.0.0.0/0" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"udp\",\"aclrule_vmport\":\"0:65535\"",
                  "in udp 1-65535 from 0.0.0.0/0" },
                { "\"aclrule_direction\":\"out\",\"aclrule_protocal\":\"icmp\",\"aclrule_vmport\":\"-1\","
                  "\"aclrule_srcip\":\"0.0.0.0/0\",\"aclrule_target\":\"10.0.0.0/8\"",
                  "out icmp to 10.0.0.0/8" },
                { "\"aclrule_direction\":\"in\"", "in any from 0.0.0.0/0" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"sctp\"", "" },
                { "\"aclrule_direction\":\"both\",\"aclrule_protocal\":\"tcp\"", "" },
                { "\"aclrule_protocal\":\"tcp\"", "" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"tcp\",\"aclrule_vmport\":\"web\"", "" },
                { "\"aclrule_direction\":\"in\",\"aclrule_protocal\":\"tcp\",\"aclrule_srcip\":\"::1\"", "" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                struct buf asked = BUF_INIT(TEXT_MAX), rules = BUF_INIT(TEXT_MAX);
                const struct row *row;

                buf_addf(&rules,
                         "{\"result\":\"0\",\"data\":{\"aclrule_id\":\"r-1\",\"aclrule_securitygroupid\":\"sg-1\",%s}}",
                         cases[i].members);
                assert_int_equal(observation_new(&groups, &obs), 0);
                assert_int_equal(
                        walk(&(const struct answers){ GROUPS, buf_text(&rules), "{\"result\":\"0\"}", BINDINGS, CARDS },
                             obs, &asked, NULL),
                        0);
                row = observation_find(obs, TYPE_RULE, "r-1");
                assert_non_null(row);
                assert_string_equal(row->name, cases[i].name);
                assert_int_equal(row->condition, *cases[i].name ? CONDITION_RUNNING : CONDITION_UNKNOWN);
                buf_done(&asked);
                buf_done(&rules);
        }
}

/* A machine that is gone may be refused: it shows no cards, and the rest stands. */
static void cards_that_are_refused_say_nothing(void **state)
{
        const struct answers answers = { GROUPS, RULES, PENDING, BINDINGS,
                                         "{\"result\":\"1\",\"resultinfo\":\"no such\"}" };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct buf asked = BUF_INIT(TEXT_MAX);

        (void)state;
        assert_int_equal(observation_new(&groups, &obs), 0);
        assert_int_equal(walk(&answers, obs, &asked, NULL), 0);
        assert_int_equal(obs->of[TYPE_CARD].n_rows, 0);
        assert_int_equal(obs->of[TYPE_BINDING].n_rows, 2);
        buf_done(&asked);
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

static void orders_are_as_documented(void **state)
{
        struct security_group spec = { .description = "web tier", .tenant = "app-1" };
        struct resource resource = { .kind = &kind_security_group, .name = "web", .security_group = &spec };
        struct values none = {};
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_GROUP, .name = "web", .wanted = &none };

        (void)state;
        check_order("group-create-least", &order);
        order.resource = &resource;
        check_order("group-create", &order);
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_GROUP, .id = "sg/1" };
        check_order("group-delete", &order);
        order = (struct order){
                .verb = ORDER_CHANGE, .type = TYPE_GROUP, .id = "sg-1", .field = PROPERTY_PENDING, .wanted = &none
        };
        check_order("group-reset", &order);
        order = (struct order){ .verb = ORDER_CREATE,
                                .type = TYPE_RULE,
                                .parent = "sg-1",
                                .marker = "in tcp 80,443,8000-8010 from 10.0.0.0/8,192.0.2.7/32",
                                .wanted = &none };
        check_order("rule-create", &order);
        order.marker = "out udp 53 to 192.0.2.53/32";
        check_order("rule-create-out", &order);
        order.marker = "in icmp from 0.0.0.0/0";
        check_order("rule-create-least", &order);
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_RULE, .id = "r-1", .parent = "sg-1" };
        check_order("rule-delete", &order);
        order = (struct order){ .verb = ORDER_CREATE, .type = TYPE_BINDING, .parent = "sg-1", .marker = "c-1" };
        check_order("binding-create", &order);
        order = (struct order){
                .verb = ORDER_DELETE, .type = TYPE_BINDING, .id = "sg-1 c-1", .parent = "sg-1", .marker = "c-1"
        };
        check_order("binding-delete", &order);
}

static void impossible_orders_are_told(void **state)
{
        static const struct order orders[] = {
                { .verb = ORDER_CREATE, .type = TYPE_RULE, .marker = "in icmp" },
                { .verb = ORDER_CREATE, .type = TYPE_RULE, .parent = "sg-1" },
                { .verb = ORDER_CREATE, .type = TYPE_RULE, .parent = "sg-1", .marker = "in" },
                { .verb = ORDER_CREATE, .type = TYPE_RULE, .parent = "sg-1", .marker = "in any from 0.0.0.0/0" },
                { .verb = ORDER_CREATE, .type = TYPE_BINDING, .marker = "c-1" },
                { .verb = ORDER_CHANGE, .type = TYPE_RULE, .id = "r-1", .field = PROPERTY_SIZE },
                { .verb = ORDER_RENAME, .type = TYPE_GROUP, .id = "sg-1", .name = "web" },
                { .verb = ORDER_DELETE, .type = TYPE_GROUP, .id = ".." },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
                struct request rq = {};
                struct error e = { "" };

                assert_int_equal(codec->act(&account, &orders[i], &rq, &e), -EINVAL);
                assert_true(*e.text);
                assert_null(rq.url);
        }
}

static void replies_to_orders_are_read(void **state)
{
        static const struct {
                enum thing_type type;
                enum order_verb verb;
                const char *reply;
                enum outcome_class class;
                const char *id; /* NULL: none */
        } cases[] = {
                { TYPE_GROUP, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"securitygroup.id\":\"sg-1\"}}",
                  OUTCOME_ACCEPTED, "sg-1" },
                { TYPE_GROUP, ORDER_CREATE, "{\"result\":\"0\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_GROUP, ORDER_CREATE, "{\"result\":\"1\"}", OUTCOME_UNKNOWN, NULL },
                { TYPE_RULE, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"aclrule.id\":\"r-1\"}}", OUTCOME_ACCEPTED,
                  "r-1" },
                { TYPE_BINDING, ORDER_CREATE, "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_RULE, ORDER_DELETE, "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL },
                { TYPE_BINDING, ORDER_DELETE, "{\"result\":\"1003\"}", OUTCOME_AUTH, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct order order = { .verb = cases[i].verb, .type = cases[i].type, .name = "web" };
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
                cmocka_unit_test(all_of_a_group_is_read),
                cmocka_unit_test(damaged_listings_are_incomplete),
                cmocka_unit_test(what_is_not_understood_is_not_pending),
                cmocka_unit_test(rules_are_understood),
                cmocka_unit_test(cards_that_are_refused_say_nothing),
                cmocka_unit_test(orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
