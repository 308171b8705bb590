/* SPDX-License-Identifier: MIT */

/*
 * The simulator's load balancers.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

#define NEEDED(protocol, network)                                                         \
        "\"slb.name\":\"shop\",\"slb.appid\":\"app-1\",\"slb.protocal.type\":\"" protocol \
        "\",\"slb.network.type\":\"" network                                              \
        "\",\"slb.directip\":\"203.0.113.10\",\"slb.directport\":\"80\",\"slb.vmid\":\"vm-r\""
#define SHOP                                                                                                                       \
        "{" NEEDED(                                                                                                                \
                "HTTP",                                                                                                            \
                "outter") ",\"slb.desc\":\"front\",\"slb.realport\":\"8080\",\"slb.http.urlpath\":\"/\","                          \
                          "\"slb.policy.type\":\"wrr\",\"slb.health.retrytime\":\"2\",\"slb.health.check.interval\":\"50\","       \
                          "\"slb.health.check.timeout\":\"300\",\"slb.health.emptylink.timeout\":120,\"slb.maxoccurs\":\"10000\"," \
                          "\"slb.health.check.path\":\"/healthz\",\"slb.directip.self\":\"true\"}"
#define CERTIFICATE "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
#define KEY "-----BEGIN PRIVATE KEY-----\\ncanary\\n-----END PRIVATE KEY-----\\n"
#define CERTIFIED "\"slb.https.cert.text\":\"" CERTIFICATE "\",\"slb.https.cert.key\":\"" KEY "\""
#define SLB(id) "{\"slb.id\":\"" id "\"}"

static void add(struct simulation *s, const char *params, const char *expected)
{
        check_call(s, 0, METHOD_POST, "cloudslb/add", params, expected);
}

static void refuse(struct simulation *s, const char *params, const char *words)
{
        check_no(s, 0, METHOD_POST, "cloudslb/add", params, words);
}

static void modify(struct simulation *s, const char *params, const char *words)
{
        char whole[512];

        snprintf(whole, sizeof(whole), "{\"slb.id\":\"slb_1\",%s}", params);
        if (words)
                check_no(s, 0, METHOD_PUT, "cloudslb/modify", whole, words);
        else
                check_call(s, 0, METHOD_PUT, "cloudslb/modify", whole, "{\"result\":\"0\",\"data\":\"\"}");
}

static void found(struct simulation *s, const char *params, const char *expected)
{
        check_call(s, 0, METHOD_POST, "cloudslb/search", params, expected);
}

static void a_balancer_has_all_its_fields(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_says(s, 0, "cloudslb/add", SHOP, "{\"result\":\"0\",\"data\":{\"slb.id\":\"slb_1\"}}");
        check_says(s, 0, "cloudslb/search", "{}",
                   "{\"result\":\"0\",\"data\":[{\"slb.id\":\"slb_1\",\"slb.name\":\"shop\",\"slb.desc\":\"front\","
                   "\"slb.createtime\":\"2026-01-01 00:00:00\",\"slb.appid\":\"app-1\",\"slb.vmid\":\"vm-r\","
                   "\"slb.protocal.type\":\"http\",\"slb.network.type\":\"outter\",\"slb.directip\":\"203.0.113.10\","
                   "\"slb.directip.self\":\"true\",\"slb.directport\":\"80\",\"slb.realport\":\"8080\","
                   "\"slb.enable\":\"true\",\"slb.http.urlpath\":\"/\",\"slb.https.cert.enable\":\"false\","
                   "\"slb.policy.type\":\"wrr\",\"slb.health.retrytime\":\"2\",\"slb.health.check.interval\":\"50\","
                   "\"slb.health.check.timeout\":\"300\",\"slb.health.emptylink.timeout\":\"120\","
                   "\"slb.health.check.path\":\"/healthz\",\"slb.maxoccurs\":\"10000\"}],\"dataCount\":\"1\"}");
        simulator->free(s);
}

static void what_is_not_said_has_a_default(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        add(s, "{" NEEDED("HTTP", "outter") ",\"slb.http.urlpath\":\"/shop\"}", "slb_1");
        found(s, SLB("slb_1"), "\"slb.realport\":\"80\"");
        found(s, SLB("slb_1"), "\"slb.directip.self\":\"true\"");
        found(s, SLB("slb_1"), "\"slb.health.check.path\":\"/shop\"");
        found(s, SLB("slb_1"), "\"slb.policy.type\":\"rr\"");
        add(s, "{" NEEDED("TCP", "inner") "}", "slb_2");
        found(s, SLB("slb_2"), "\"slb.directip.self\":\"false\"");
        found(s, SLB("slb_2"), "\"slb.http.urlpath\":\"\"");
        add(s, "{" NEEDED("UDP", "inner") ",\"slb.id\":\"slb_9\"}", "{\"slb.id\":\"slb_9\"}");
        add(s, "{" NEEDED("UDP", "inner") ",\"slb.id\":\"slb_4\"}", "slb_4");
        add(s, "{" NEEDED("UDP", "inner") "}", "{\"slb.id\":\"slb_5\"}");
        refuse(s, "{" NEEDED("UDP", "inner") ",\"slb.id\":\"slb_9\"}", "slb.id is in use");
        refuse(s, "{" NEEDED("UDP", "inner") ",\"slb.id\":\"1234567890123456789012345678901234567890\"}", "too long");
        simulator->free(s);
}

static void adds_are_checked(void **state)
{
        static const char *const refused[][2] = {
                { "\"slb.directport\":\"49\"", "slb.directport is not a number from 50 to 65535" },
                { "\"slb.directport\":65536", "slb.directport" },
                { "\"slb.realport\":0", "slb.realport" },
                { "\"slb.health.retrytime\":\"1\"", "slb.health.retrytime is not a number from 2 to 10" },
                { "\"slb.health.retrytime\":\"11\"", "slb.health.retrytime" },
                { "\"slb.health.check.interval\":\"51\"", "slb.health.check.interval" },
                { "\"slb.health.check.timeout\":\"301\"", "slb.health.check.timeout" },
                { "\"slb.health.emptylink.timeout\":\"121\"", "slb.health.emptylink.timeout" },
                { "\"slb.maxoccurs\":\"9\"", "slb.maxoccurs" },
                { "\"slb.maxoccurs\":\"10001\"", "slb.maxoccurs" },
                { "\"slb.policy.type\":\"random\"", "slb.policy.type is none of rr, wrr, wlc" },
                { "\"slb.protocal.type\":\"http\"", "slb.protocal.type is none of TCP, UDP, HTTP, HTTPS" },
                { "\"slb.network.type\":\"outer\"", "slb.network.type" },
                { "\"slb.directip\":\"shop.example.com\"", "slb.directip is not an address" },
                { "\"slb.directip.self\":\"perhaps\"", "slb.directip.self" },
                { "\"slb.name\":\"\"", "slb.name is missing" },
                { "\"slb.appid\":null", "slb.appid is missing" },
                { "\"slb.vmid\":\"\"", "slb.vmid is missing" },
                { "\"realnode\":{}", "realnode is not a list" },
                { "\"realnode\":[{}]", "realnode.ip is missing" },
                { "\"slb.https.cert.text\":\"x\"", "certificates belong to https" },
        };
        struct simulation *s = make_sim(0, false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                _cleanup_json_ json_t *params = NULL, *change = NULL;
                _cleanup_free_ char *text = NULL;
                char one[128];

                snprintf(one, sizeof(one), "{%s}", refused[i][0]);
                assert_int_equal(json_parse(SHOP, strlen(SHOP), &params, NULL), 0);
                assert_int_equal(json_parse(one, strlen(one), &change, NULL), 0);
                assert_int_equal(json_object_update(params, change), 0);
                text = json_to_text(params, JSON_COMPACT);
                refuse(s, text, refused[i][1]);
        }
        refuse(s, "{" NEEDED("TCP", "outter") ",\"slb.http.urlpath\":\"/\"}", "belong to http and https");
        refuse(s, "{" NEEDED("UDP", "outter") ",\"slb.health.check.path\":\"/\"}", "belong to http and https");
        refuse(s, "{" NEEDED("TCP", "inner") ",\"slb.directip.self\":true}", "belongs to the network outter");
        found(s, "{}", "\"dataCount\":\"0\"");
        simulator->free(s);
}

static void a_dedicated_address_is_nobody_elses(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        add(s, "{" NEEDED("TCP", "outter") ",\"slb.directip.self\":\"false\"}", "slb_1");
        add(s, "{" NEEDED("UDP", "outter") ",\"slb.directip.self\":\"false\"}", "slb_2");
        refuse(s, "{" NEEDED("TCP", "outter") "}", "slb.directip is in use");
        modify(s, "\"slb.directip.self\":\"true\"", "slb.directip is in use");
        modify(s, "\"slb.directip.self\":\"true\",\"slb.directip\":\"203.0.113.11\"", NULL);
        check_no(s, 0, METHOD_PUT, "cloudslb/modify", "{\"slb.id\":\"slb_2\",\"slb.directip\":\"203.0.113.11\"}",
                 "in use");
        add(s, "{" NEEDED("TCP", "inner") "}", "slb_3");
        add(s, "{" NEEDED("TCP", "inner") "}", "slb_4");
        simulator->free(s);
}

static void only_so_much_is_modified(void **state)
{
        static const char *const fixed[] = { "slb.appid", "slb.protocal.type", "slb.network.type",   "slb.realport",
                                             "slb.vmid",  "slb.http.urlpath",  "slb.https.cert.text" };
        struct simulation *s = make_sim(0, false);

        (void)state;
        add(s, SHOP, "slb_1");
        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
                char one[128];

                snprintf(one, sizeof(one), "\"%s\":\"1\",\"slb.desc\":\"x\"", fixed[i]);
                modify(s, one, "cannot be modified");
        }
        modify(s, "\"slb.maxoccurs\":\"9\",\"slb.desc\":\"x\"", "slb.maxoccurs");
        modify(s, "\"slb.directport\":\"49\"", "slb.directport");
        modify(s, "\"slb.name\":\"\"", "slb.name is empty");
        check_no(s, 0, METHOD_PUT, "cloudslb/modify", "{\"slb.name\":\"x\"}", "balancer does not exist");
        found(s, "{}", "\"slb.desc\":\"front\"");
        modify(s, "\"slb.name\":\"y\",\"slb.desc\":\"\",\"slb.directport\":81,\"slb.maxoccurs\":50", NULL);
        found(s, "{\"slb.name\":\"y\"}", "\"slb.desc\":\"\"");
        found(s, "{\"slb.directport\":\"81\"}", "\"slb.maxoccurs\":\"50\"");
        check_call(s, 0, METHOD_PUT, "cloud%20slb/modify", "{\"slb.id\":\"slb_1\",\"slb.policy.type\":\"wlc\"}",
                   "\"result\":\"0\"");
        found(s, "{}", "\"slb.policy.type\":\"wlc\"");
        simulator->free(s);
}

static void balancers_start_and_stop_and_go(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        add(s, SHOP, "slb_1");
        check_call(s, 0, METHOD_POST, "cloudslb/stop", SLB("slb_1"), "{\"result\":\"0\",\"data\":\"\"}");
        check_call(s, 0, METHOD_POST, "cloudslb/stop", SLB("slb_1"), "\"result\":\"0\"");
        found(s, "{\"slb.enable\":\"false\"}", "\"slb.enable\":\"false\"");
        check_call(s, 0, METHOD_POST, "cloudslb/start", SLB("slb_1"), "\"result\":\"0\"");
        found(s, "{\"slb.enable\":\"true\"}", "\"dataCount\":\"1\"");
        check_no(s, 0, METHOD_POST, "cloudslb/start", SLB("slb_2"), "balancer does not exist");
        check_no(s, 0, METHOD_POST, "cloudslb/stop", "{}", "balancer does not exist");
        check_call(s, 0, METHOD_DELETE, "cloudslb/slb_1", NULL, "{\"result\":\"0\",\"data\":\"\"}");
        check_no(s, 0, METHOD_DELETE, "cloudslb/slb_1", NULL, "balancer does not exist");
        simulator->free(s);
}

/* Neither a reply nor the saved state shows one. */
static void check_hides(struct simulation *s)
{
        _cleanup_json_ json_t *saved = simulator->save(s, 0);
        _cleanup_free_ char *text = json_to_text(saved, 0), *listed = call(s, 0, METHOD_POST, "cloudslb/search", "{}");

        assert_null(strstr(text, "canary"));
        assert_null(strstr(text, "MIIB"));
        assert_null(strstr(listed, "canary"));
        assert_null(strstr(listed, "sha256"));
        assert_non_null(strstr(text, "\"certificate\": \"sha256:"));
}

static void certificates_are_kept_as_digests(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        refuse(s, "{" NEEDED("HTTPS", "inner") "}", "in PEM");
        refuse(s, "{" NEEDED("HTTPS", "inner") ",\"slb.https.cert.text\":\"" CERTIFICATE "\"}", "in PEM");
        add(s, "{" NEEDED("HTTPS", "inner") "," CERTIFIED "}", "slb_1");
        found(s, "{}", "\"slb.https.cert.enable\":\"true\"");
        check_hides(s);
        check_no(s, 0, METHOD_PUT, "cloudslb/https/cert/conf", SLB("slb_1"), "in PEM");
        check_no(s, 0, METHOD_PUT, "cloudslb/https/cert/conf",
                 "{\"slb.id\":\"slb_1\",\"slb.https.cert.text\":\"" KEY "\",\"slb.https.cert.key\":\"" CERTIFICATE
                 "\"}",
                 "in PEM");
        check_call(s, 0, METHOD_PUT, "cloudslb/https/cert/conf", "{\"slb.id\":\"slb_1\"," CERTIFIED "}",
                   "{\"result\":\"0\",\"data\":\"\"}");
        check_hides(s);
        check_no(s, 0, METHOD_PUT, "cloudslb/https/cert/conf", "{\"slb.id\":\"slb_2\"," CERTIFIED "}",
                 "does not exist");
        add(s, "{" NEEDED("HTTP", "inner") "}", "slb_2");
        check_no(s, 0, METHOD_PUT, "cloudslb/https/cert/conf", "{\"slb.id\":\"slb_2\"," CERTIFIED "}",
                 "belong to https");
        simulator->free(s);
}

static void searches_filter_order_and_page(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        add(s, "{" NEEDED("TCP", "inner") "}", "slb_1");
        add(s, "{" NEEDED("UDP", "inner") "}", "slb_2");
        console(s, "balancer-change",
                "{\"id\":\"slb_2\",\"name\":\"cart\",\"address\":\"10.0.0.9\",\"tenant\":\"t-2\"}", 0);
        found(s, "{\"search.orderby\":\"name\"}", "\"data\":[{\"slb.id\":\"slb_2\"");
        found(s, "{\"search.orderby\":\"createtime\"}", "\"data\":[{\"slb.id\":\"slb_1\"");
        found(s, "{\"search.orderby\":\"name\",\"page.startnum\":2,\"page.everypagenum\":1}",
              "\"data\":[{\"slb.id\":\"slb_1\"");
        check_no(s, 0, METHOD_POST, "cloudslb/search", "{\"search.orderby\":\"size\"}", "search.orderby");
        found(s, "{\"slb.protocal.type\":\"udp\"}", "\"data\":[{\"slb.id\":\"slb_2\"");
        found(s, "{\"slb.directip\":\"10.0.0.9\"}", "\"dataCount\":\"1\"");
        found(s, "{\"slb.appid\":\"t-2\"}", "\"dataCount\":\"1\"");
        found(s, "{\"slb.network.type\":\"outter\"}", "\"dataCount\":\"0\"");
        found(s, "{\"slb.name\":\"car\"}", "\"dataCount\":\"0\"");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(0, true);

        (void)state;
        check_says(s, 0, "cloudslb/search", "{}", "{\"result\":0,\"data\":[],\"dataCount\":0}");
        add(s, SHOP, "{\"result\":0,\"data\":[{\"slb.id\":\"slb_1\"}]}");
        found(s, "{}", "\"data\":{\"slb.id\":\"slb_1\"");
        found(s, "{}", "\"slb.vmid \":\"vm-r\"");
        found(s, "{}", "\"slb.protocal.type\":\"HTTP\"");
        found(s, "{}", "\"slb.enable\":false");
        found(s, "{}", "\"slb.directport\":80,");
        found(s, "{}", "\"slb.maxoccurs \":100}");
        found(s, "{\"slb.name\":\"sho\"}", "\"dataCount\":1");
        add(s, "{" NEEDED("tcp", "inner") ",\"slb.maxoccurs \":50}", "slb_2");
        found(s, SLB("slb_2"), "\"slb.maxoccurs \":50}");
        found(s, SLB("slb_2"), "\"slb.http.urlpath\":null");
        check_says(s, 0, "cloudslb/start", SLB("slb_1"), "{\"result\":0}");
        found(s, SLB("slb_1"), "\"slb.enable\":true");
        simulator->free(s);
}

static void states_survive(void **state)
{
        struct simulation *s = make_sim(0, false);
        _cleanup_free_ char *before = NULL, *after = NULL;

        (void)state;
        add(s, SHOP, "slb_1");
        add(s, "{" NEEDED("HTTPS", "inner") ",\"slb.id\":\"slb_7\"," CERTIFIED "}", "slb_7");
        before = call(s, 0, METHOD_POST, "cloudslb/search", "{}");
        s = saved_and_loaded(s, 5, false);
        after = call(s, 5, METHOD_POST, "cloudslb/search", "{}");
        assert_string_equal(before, after);
        add(s, "{" NEEDED("UDP", "inner") "}", "{\"slb.id\":\"slb_3\"}");
        console(s, "balancer-add", "{\"name\":\"of-somebody\",\"protocol\":\"tcp\",\"port\":99}", 0);
        found(s, "{\"slb.name\":\"of-somebody\"}", "slb_4");
        console(s, "balancer-delete", "{\"name\":\"of-somebody\"}", 0);
        found(s, "{}", "\"dataCount\":\"3\"");
        simulator->free(s);
}

static void calls_have_classes(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_class(s, METHOD_POST, "cloudslb/search", "{}", "balancer-list", "");
        check_class(s, METHOD_POST, "cloudslb/add", SHOP, "balancer", "shop");
        check_class(s, METHOD_PUT, "cloudslb/modify", "{\"slb.id\":\"slb_1\",\"slb.name\":\"x\"}", "balancer-change",
                    "slb_1");
        check_class(s, METHOD_DELETE, "cloudslb/slb_1", NULL, "balancer-delete", "slb_1");
        check_class(s, METHOD_POST, "cloudslb/start", SLB("slb_1"), "balancer-start", "slb_1");
        check_class(s, METHOD_POST, "cloudslb/stop", SLB("slb_1"), "balancer-stop", "slb_1");
        check_class(s, METHOD_PUT, "cloudslb/https/cert/conf", SLB("slb_1"), "certificate", "slb_1");
        simulator->free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_balancer_has_all_its_fields),
                cmocka_unit_test(what_is_not_said_has_a_default),
                cmocka_unit_test(adds_are_checked),
                cmocka_unit_test(a_dedicated_address_is_nobody_elses),
                cmocka_unit_test(only_so_much_is_modified),
                cmocka_unit_test(balancers_start_and_stop_and_go),
                cmocka_unit_test(certificates_are_kept_as_digests),
                cmocka_unit_test(searches_filter_order_and_page),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(calls_have_classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
