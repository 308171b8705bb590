/* SPDX-License-Identifier: MIT */

/*
 * Load balancers and their back ends: every request as a file, and every reading of their listings.
 */

#include "tests/providers/starvcenter/exchange.h"

#include <inttypes.h>

#include "reconcile/balancer.h"
#include "reconcile/base/text.h"

static const struct scope balancers = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_BALANCER };
static const struct scope backends = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_BACKEND };

static void print_row(struct buf *b, const struct row *row)
{
        buf_addf(b, "%s|%s|%s|%s|%s|%s", row->id, row->name, row->address, row->created, row->parent,
                 condition_text(row->condition));
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                if (!values_known(&row->values, p))
                        continue;
                buf_addf(b, "|%s ", property_name(p));
                values_print(&row->values, p, b);
        }
        buf_adds(b, "\n");
}

/* What the only reply to a look makes of it, as text. */
static void read_listing(struct buf *b, const struct scope *scope, struct reply *rp)
{
        enum thing_type type = scope->types == balancers.types ? TYPE_BALANCER : TYPE_BACKEND;
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        r = codec->saw(&account, &first.requests[0], rp, obs, &further, &e);
        assert_int_equal(further.n_requests, 0);
        if (r == 0)
                r = codec->seen(&account, obs, &further, &e);
        if (r < 0)
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
        for (size_t i = 0; r == 0 && i < obs->of[type].n_rows; i++)
                print_row(b, &obs->of[type].rows[i]);
}

/* One golden file, in every wrapping. */
static bool check_file(const char *folder, const char *file)
{
        bool of_balancers = text_equal(strrchr(folder, '/') + 1, "balancers");
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

                read_listing(&b, of_balancers ? &balancers : &backends, &rp);
                assert_same_as_file(buf_text(&b), path);
                buf_done(&b);
                reply_done(&rp);
        }
        free(bytes);
        return true;
}

static void balancers_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "balancers", check_file), 24);
}

static void backends_are_read(void **state)
{
        (void)state;
        assert_int_equal(test_folder_each(GOLDEN "backends", check_file), 16);
}

/* A listing that is cut anywhere is never complete. */
static void truncated_listings_are_incomplete(void **state)
{
        static const struct {
                const char *file;
                const struct scope *scope;
        } cases[] = { { "balancers/document.json", &balancers }, { "backends/document.json", &backends } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char path[4096];
                struct reply whole;
                size_t n, said;
                char *json;

                (void)snprintf(path, sizeof(path), FOLDER "%s", cases[i].file);
                json = read_file(path, &n);
                whole = wrapped(json, n, WRAP_PLAIN);
                for (said = whole.body_len; strchr("=\n", whole.body[said - 1]);)
                        said--;
                for (size_t cut = 0; cut + 2 < said; cut++) {
                        struct reply rp = reply_of(200, whole.body, cut);
                        struct buf b = BUF_INIT(TEXT_MAX);

                        read_listing(&b, cases[i].scope, &rp);
                        assert_true(text_starts(buf_text(&b), "-EBADMSG: "));
                        buf_done(&b);
                        reply_done(&rp);
                }
                reply_done(&whole);
                free(json);
        }
}

static void check_look(const char *name, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, 1);
        assert_true(further.requests[0].read);
        check_request(name, &further.requests[0]);
}

static void looks_are_as_documented(void **state)
{
        (void)state;
        check_look("balancer-look", &balancers);
        check_look("backend-look", &backends);
}

/* Machines, balancers and back ends are asked for together, and each reply is taken for what was asked. */
static void looks_go_together(void **state)
{
        static const char *const replies[] = {
                "{\"result\":\"0\",\"data\":[{\"vm.id\":\"vm-1\",\"vm.state\":\"1\"}],\"dataCount\":\"1\"}",
                "{\"result\":\"0\",\"data\":[{\"slb.id\":\"slb-1\"}]}",
                "{\"result\":\"0\",\"data\":[{\"realnode.id\":\"rn-1\",\"realnode.slbid\":\"slb-1\"}]}",
        };
        const struct scope all = { .type = SCOPE_ACCOUNT,
                                   .types = 1u << TYPE_MACHINE | balancers.types | backends.types };
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
        assert_int_equal(further.n_requests, 0);
        assert_int_equal(obs->of[TYPE_MACHINE].n_rows, 1);
        assert_int_equal(obs->of[TYPE_BALANCER].n_rows, 1);
        assert_string_equal(obs->of[TYPE_BACKEND].rows[0].parent, "slb-1");
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

static struct values settings_of(const char *json)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_SPEC, json);
        return v;
}

#define ALL_SETTINGS                                                                                                \
        "{\"description\":\"shop front\",\"tenant\":\"app-1\",\"router\":\"vm-9\",\"protocol\":\"https\","          \
        "\"frontend\":{\"network\":\"external\",\"address\":\"203.0.113.10\",\"dedicated\":false,\"port\":443},"    \
        "\"backendPort\":8080,\"urlPath\":\"/\",\"algorithm\":\"weighted-least-connections\",\"health\":{\"path\":" \
        "\"/healthz\",\"interval\":\"5s\",\"timeout\":\"3s\",\"retries\":3},\"idleTimeout\":\"2m\","                \
        "\"maxConnections\":1000}"

static void balancer_orders_are_as_documented(void **state)
{
        struct values all = settings_of(ALL_SETTINGS), some = settings_of("{\"health\":{\"timeout\":\"1m\"}}");
        struct values least = settings_of(
                "{\"tenant\":\"app-1\",\"router\":\"vm-9\",\"protocol\":\"udp\",\"frontend\":{"
                "\"network\":\"internal\",\"address\":\"10.0.0.5\",\"dedicated\":true,"
                "\"port\":53},\"algorithm\":\"round-robin\"}");
        struct order order = { .type = TYPE_BALANCER, .id = "slb-7", .name = "shop", .wanted = &all };

        (void)state;
        values_set_text(&all, PROPERTY_CERTIFICATE, "sha256:00");
        order.certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        order.key = "-----BEGIN PRIVATE KEY-----\nBB==\n-----END PRIVATE KEY-----\n";
        order.verb = ORDER_CREATE;
        check_order("balancer-create", &order);
        check_order("balancer-create-least",
                    &(struct order){ .verb = ORDER_CREATE, .type = TYPE_BALANCER, .name = "dns", .wanted = &least });
        order.verb = ORDER_CHANGE;
        order.field = PROPERTY_CERTIFICATE;
        check_order("balancer-certificate", &order);
        order.field = PROPERTY_SPEC;
        order.wanted = &some;
        check_order("balancer-change", &order);
        order.verb = ORDER_RENAME;
        check_order("balancer-rename", &order);
        order.verb = ORDER_START;
        check_order("balancer-start", &order);
        order.verb = ORDER_POWER_OFF;
        check_order("balancer-stop", &order);
        order.verb = ORDER_DELETE;
        order.id = "slb/7 ?";
        check_order("balancer-delete", &order);
}

static void backend_orders_are_as_documented(void **state)
{
        struct values v = {}, none = {};
        struct order order = { .verb = ORDER_CREATE,
                               .type = TYPE_BACKEND,
                               .id = "rn-7",
                               .name = "shop/web-3:8080",
                               .parent = "slb-7",
                               .marker = "vm-123 10.0.0.9:8080",
                               .wanted = &none };

        (void)state;
        check_order("backend-create", &order);
        values_set_number(&v, PROPERTY_WEIGHT, 5);
        order.wanted = &v;
        check_order("backend-create-weight", &order);
        order.verb = ORDER_CHANGE;
        order.field = PROPERTY_WEIGHT;
        check_order("backend-change-weight", &order);
        values_set_number(&v, PROPERTY_PORT, 8081);
        order.field = PROPERTY_PORT;
        check_order("backend-change-port", &order);
        order.verb = ORDER_DELETE;
        check_order("backend-delete", &order);
}

static void check_impossible(const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(&account, order, &rq, &e), -EINVAL);
        assert_non_null(strstr(e.text, words));
        assert_null(strstr(e.text, "PRIVATE"));
        assert_null(rq.url);
}

static void impossible_orders_are_told(void **state)
{
        struct values none = {}, word = settings_of("{\"protocol\":\"sctp\"}"), half = settings_of(ALL_SETTINGS);
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_BALANCER, .name = "shop", .wanted = &none };

        (void)state;
        check_impossible(&order, "settings");
        order.wanted = &word;
        check_impossible(&order, "protocol");
        values_set_text(&half, PROPERTY_CERTIFICATE, "sha256:00");
        order.wanted = &half;
        order.certificate = "-----BEGIN CERTIFICATE-----";
        check_impossible(&order, "key");
        order.key = "-----BEGIN PRIVATE KEY-----\xff";
        check_impossible(&order, "slb.https.cert.key");
        order = (struct order){ .verb = ORDER_SHUT_DOWN, .type = TYPE_BALANCER, .id = "slb-1" };
        check_impossible(&order, "no such order");
        order = (struct order){ .verb = ORDER_START, .type = TYPE_BACKEND, .id = "rn-1" };
        check_impossible(&order, "no such order");
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_BACKEND, .id = ".." };
        check_impossible(&order, "id");
        order = (struct order){ .verb = ORDER_CREATE, .type = TYPE_BACKEND, .name = "shop/web-0:80", .wanted = &none };
        check_impossible(&order, "balancer");
        order.parent = "slb-1";
        order.marker = "vm-1";
        check_impossible(&order, "address");
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
                { TYPE_BALANCER, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"slb.id\":\"slb-1\"}}", OUTCOME_ACCEPTED,
                  "slb-1" },
                { TYPE_BALANCER, ORDER_CREATE, "{\"result\":0,\"data\":[{\" slb.id \":17}]}", OUTCOME_ACCEPTED, "17" },
                { TYPE_BALANCER, ORDER_CREATE, "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_BALANCER, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"vm.id\":\"vm-1\"}}", OUTCOME_ACCEPTED,
                  NULL },
                { TYPE_BALANCER, ORDER_CREATE, "{\"result\":\"1\",\"resultinfo\":\"no\"}", OUTCOME_UNKNOWN, NULL },
                { TYPE_BALANCER, ORDER_CHANGE, "{\"result\":\"1\",\"resultinfo\":\"no\"}", OUTCOME_REFUSED, NULL },
                { TYPE_BALANCER, ORDER_DELETE, "{\"result\":\"0\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_BACKEND, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"realnode.id\":\"rn-1\"}}",
                  OUTCOME_ACCEPTED, "rn-1" },
                { TYPE_BACKEND, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"slb.id\":\"slb-1\"}}", OUTCOME_ACCEPTED,
                  NULL },
                { TYPE_BACKEND, ORDER_CREATE, "{\"result\":\"1\"}", OUTCOME_UNKNOWN, NULL },
                { TYPE_BACKEND, ORDER_DELETE, "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL },
                { TYPE_BACKEND, ORDER_DELETE, "{\"result\":\"1003\"}", OUTCOME_AUTH, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct order order = { .verb = cases[i].verb, .type = cases[i].type, .name = "shop" };
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

/* What is written is what is read: the settings of a create, as a listing shows them, are the same settings. */
static void settings_come_back(void **state)
{
        struct values all = settings_of(ALL_SETTINGS);
        struct order order = { .verb = ORDER_CREATE, .type = TYPE_BALANCER, .name = "shop", .wanted = &all };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct buf listing = BUF_INIT(TEXT_MAX);
        struct request rq = {};
        struct reply rp;
        char *field;
        size_t n;

        (void)state;
        assert_int_equal(codec->act(&account, &order, &rq, NULL), 0);
        field = strdup(rq.body + strlen("KEY_PARAM="));
        assert_int_equal(wire_percent_decode(field, true), 0);
        assert_int_equal(base64_decode_in_place(field, strlen(field), &n, NULL), 0);
        buf_addf(&listing, "{\"result\":\"0\",\"data\":[{\"slb.id\":\"slb-1\",%s]}", field + 1);
        rp = reply_of_json(buf_text(&listing));
        assert_int_equal(observation_new(&balancers, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, NULL), 0);
        assert_int_equal(codec->saw(&account, &first.requests[0], &rp, obs, &further, NULL), 0);
        assert_string_equal(obs->of[TYPE_BALANCER].rows[0].values.of[PROPERTY_SPEC].text, ALL_SETTINGS);
        reply_done(&rp);
        buf_done(&listing);
        request_done(&rq);
        free(field);
}

static void keys_of_back_ends_are_taken_apart(void **state)
{
        static const char *const wrong[] = { "",
                                             " ",
                                             "vm-1",
                                             "vm-1 10.0.0.1",
                                             "10.0.0.1:80",
                                             "vm-1:80 10.0.0.1",
                                             " 10.0.0.1:80",
                                             "vm-1 10.0.0.1:eighty",
                                             "vm-1 10.0.0.1:" };
        struct buf b = BUF_INIT(BACKEND_KEY_MAX);
        struct backend backend;

        (void)state;
        assert_int_equal(backend_key(&b, "a machine: 7", "10.0.0.1", 80), 0);
        assert_string_equal(buf_text(&b), "a machine: 7 10.0.0.1:80");
        assert_int_equal(backend_parse(b.data, &backend), 0);
        assert_string_equal(backend.machine, "a machine: 7");
        assert_string_equal(backend.address, "10.0.0.1");
        assert_int_equal(backend.port, 80);
        buf_done(&b);
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                char *key = strdup(wrong[i]);

                assert_int_equal(backend_parse(key, &backend), -EINVAL);
                assert_string_equal(key, wrong[i]);
                free(key);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(balancers_are_read),
                cmocka_unit_test(backends_are_read),
                cmocka_unit_test(truncated_listings_are_incomplete),
                cmocka_unit_test(looks_are_as_documented),
                cmocka_unit_test(looks_go_together),
                cmocka_unit_test(balancer_orders_are_as_documented),
                cmocka_unit_test(backend_orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read),
                cmocka_unit_test(settings_come_back),
                cmocka_unit_test(keys_of_back_ends_are_taken_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
