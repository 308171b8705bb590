/* SPDX-License-Identifier: MIT */

/*
 * The simulated service as a whole, on StarVCenter's simulator: what faults do to calls, what is counted, and the control
 * routes.
 */

#include "tests/providers/starvcenter/exchange.h"

#include "providers/service.h"
#include "reconcile/base/text.h"

static struct service *make_service(size_t machines, usec_t latency)
{
        const struct simulator_options options = { .machines = machines, .ready_delay = USEC_PER_SEC };
        struct service *s = NULL;

        assert_int_equal(service_new(simulator, &options, latency, &s, NULL), 0);
        return s;
}

static struct service_answer call(struct service *s, const struct request *rq)
{
        struct service_answer a = {};

        assert_int_equal(service_serve(s, 0, rq, &a), 0);
        service_ended(s, &a);
        return a;
}

static struct service_answer order(struct service *s, enum order_verb verb, const char *id, struct outcome *ret)
{
        struct order o = { .verb = verb, .id = id, .name = "web-0" };
        struct request rq _cleanup_request_ = {};
        struct values wanted = {};
        struct service_answer a;

        values_set_text(&wanted, PROPERTY_TEMPLATE, "tmpl-7");
        values_set_text(&wanted, PROPERTY_NETWORK, "pg-12");
        values_set_number(&wanted, PROPERTY_CPU, 4);
        values_set_number(&wanted, PROPERTY_MEMORY, (int64_t)8 << 30);
        o.wanted = &wanted;
        assert_int_equal(codec->act(&account, &o, &rq, NULL), 0);
        a = call(s, &rq);
        if (a.reply.body)
                codec->acted(&account, &o, &a.reply, ret);
        return a;
}

static struct service_answer control(struct service *s, enum method method, const char *path, const char *arguments)
{
        struct request rq _cleanup_request_ = { .method = method };

        rq.url = strdup(path);
        if (arguments) {
                rq.body = strdup(arguments);
                rq.body_len = strlen(arguments);
        }
        return call(s, &rq);
}

static json_t *control_json(struct service *s, const char *path)
{
        struct service_answer a _cleanup_service_answer_ = control(s, METHOD_GET, path, NULL);
        json_t *json = NULL;

        assert_int_equal(a.reply.status, 200);
        assert_int_equal(json_parse(a.reply.body, a.reply.body_len, &json, NULL), 0);
        return json;
}

static void do_control(struct service *s, const char *path, const char *arguments, int status)
{
        struct service_answer a _cleanup_service_answer_ = control(s, METHOD_POST, path, arguments);

        assert_int_equal(a.reply.status, status);
        assert_int_equal(a.delay, 0);
}

static size_t count_machines(struct service *s)
{
        json_t *state = control_json(s, "/_sim/state");
        size_t n = json_array_size(json_object_get(state, "machines"));

        json_decref(state);
        return n;
}

static int64_t count_calls(struct service *s, const char *what)
{
        json_t *calls = control_json(s, "/_sim/calls");
        int64_t n = json_integer_value(json_object_get(calls, what));

        json_decref(calls);
        return n;
}

/* What a fault makes of a create: how the call ends, with which status, whether a machine is there after, and what the codec
 * makes of it. */
static void faults_do_what_they_say(void **state)
{
        static const struct {
                const char *rule;
                enum service_end end;
                int status;
                size_t machines;
                enum outcome_class class;
        } cases[] = {
                { "list=500", SERVICE_REPLY, 200, 1, OUTCOME_ACCEPTED },
                { "create=drop-request", SERVICE_DROP, 0, 0, OUTCOME_UNKNOWN },
                { "create=drop-reply", SERVICE_DROP, 200, 1, OUTCOME_UNKNOWN },
                { "create=hang", SERVICE_NEVER, 0, 0, OUTCOME_UNKNOWN },
                { "create=hang-after", SERVICE_NEVER, 200, 1, OUTCOME_UNKNOWN },
                { "create=500", SERVICE_REPLY, 500, 0, OUTCOME_UNKNOWN },
                { "create=500-after", SERVICE_REPLY, 500, 1, OUTCOME_UNKNOWN },
                { "create=html", SERVICE_REPLY, 200, 0, OUTCOME_UNKNOWN },
                { "create=429", SERVICE_REPLY, 429, 0, OUTCOME_THROTTLED },
                { "create=503", SERVICE_REPLY, 503, 0, OUTCOME_THROTTLED },
                { "create=redirect", SERVICE_REPLY, 302, 0, OUTCOME_UNKNOWN },
                { "create=refuse", SERVICE_REPLY, 200, 0, OUTCOME_UNKNOWN },
                { "create=auth", SERVICE_REPLY, 200, 0, OUTCOME_AUTH },
                { "create=garbage", SERVICE_REPLY, 200, 1, OUTCOME_UNKNOWN },
                { "create=truncate", SERVICE_HALF, 200, 1, OUTCOME_UNKNOWN },
                { "create=empty,short,duplicate", SERVICE_REPLY, 200, 1, OUTCOME_ACCEPTED },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(service_free_p) struct service *s = make_service(0, 0);
                struct outcome outcome = { .class = OUTCOME_UNKNOWN };
                struct service_answer a;

                assert_int_equal(service_add_fault(s, cases[i].rule, NULL), 0);
                a = order(s, ORDER_CREATE, NULL, &outcome);
                assert_int_equal(a.end, cases[i].end);
                assert_int_equal(a.reply.status, cases[i].status);
                assert_int_equal(count_machines(s), cases[i].machines);
                assert_int_equal(count_calls(s, "create"), 1);
                if (a.end == SERVICE_REPLY)
                        assert_int_equal(outcome.class, cases[i].class);
                if (outcome.class == OUTCOME_THROTTLED)
                        assert_int_equal(outcome.wait, USEC_PER_SEC);
                service_answer_done(&a);
        }
}

/* A listing under a fault: its rows, or -1 when it is not readable; and its total. */
static int64_t list_under(const char *rule, size_t machines, int64_t *ret_total)
{
        _cleanup_(service_free_p) struct service *s = make_service(machines, 0);
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {}, further = {};
        struct service_answer a _cleanup_service_answer_ = {};

        assert_int_equal(service_add_fault(s, rule, NULL), 0);
        assert_int_equal(observation_new(&scope_machines, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &asked, NULL), 0);
        a = call(s, &asked.requests[0]);
        if (codec->saw(&account, &asked.requests[0], &a.reply, obs, &further, NULL) < 0)
                return -1;
        *ret_total = obs->of[TYPE_MACHINE].total;
        return (int64_t)(obs->of[TYPE_MACHINE].n_rows + obs->of[TYPE_MACHINE].repeated);
}

static void listings_lie_as_asked(void **state)
{
        int64_t total = -1;

        (void)state;
        assert_int_equal(list_under("list=empty", 40, &total), 0);
        assert_int_equal(total, 0);
        assert_int_equal(list_under("list=short", 40, &total), 2);
        assert_int_equal(total, 2);
        assert_int_equal(list_under("list=short", 1, &total), 1);
        assert_int_equal(total, 1);
        assert_int_equal(list_under("list=duplicate", 10, &total), 11);
        assert_int_equal(total, 10);
        assert_int_equal(list_under("list=auth", 10, &total), -1);
        assert_int_equal(list_under("list=garbage", 10, &total), -1);
        assert_int_equal(list_under("list:2=garbage", 10, &total), 10);
}

static void calls_are_counted_and_logged(void **state)
{
        _cleanup_(service_free_p) struct service *s = make_service(3, 0);
        struct outcome outcome;
        json_t *log;

        (void)state;
        assert_int_equal(service_add_fault(s, "create:2=drop-request", NULL), 0);
        for (int i = 0; i < 2; i++) {
                struct service_answer a = order(s, ORDER_CREATE, NULL, &outcome);
                service_answer_done(&a);
        }
        struct service_answer a = order(s, ORDER_DELETE, "vm-2", &outcome);
        service_answer_done(&a);
        assert_int_equal(outcome.class, OUTCOME_ACCEPTED);
        assert_int_equal(count_calls(s, "create"), 2);
        assert_int_equal(count_calls(s, "acting"), 3);
        assert_int_equal(count_calls(s, "reads"), 0);
        assert_int_equal(count_calls(s, "mostInFlight"), 1);

        log = control_json(s, "/_sim/log");
        assert_int_equal(json_array_size(log), 3);
        assert_string_equal(json_string_value(json_object_get(json_array_get(log, 0), "subject")), "web-0");
        assert_string_equal(json_string_value(json_object_get(json_array_get(log, 2), "class")), "delete");
        assert_string_equal(json_string_value(json_object_get(json_array_get(log, 2), "subject")), "vm-2");
        json_decref(log);

        do_control(s, "/_sim/calls/reset", NULL, 200);
        assert_int_equal(count_calls(s, "acting"), 0);
}

static void calls_in_flight_are_counted(void **state)
{
        _cleanup_(service_free_p) struct service *s = make_service(0, 50 * USEC_PER_MSEC);
        struct request rq _cleanup_request_ = { .method = METHOD_GET, .url = strdup(ENDPOINT "/cloudvm/vm-1") };
        struct service_answer answers[3] = {};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                assert_int_equal(service_serve(s, 0, &rq, &answers[i]), 0);
                assert_int_equal(answers[i].delay, 50 * USEC_PER_MSEC);
        }
        assert_int_equal(count_calls(s, "mostInFlight"), 3);
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                service_ended(s, &answers[i]);
                service_answer_done(&answers[i]);
        }
        do_control(s, "/_sim/calls/reset", NULL, 200);
        assert_int_equal(count_calls(s, "mostInFlight"), 0);
}

static void control_routes_reach_behind(void **state)
{
        _cleanup_(service_free_p) struct service *s = make_service(2, USEC_PER_SEC);
        struct service_answer a;

        (void)state;
        do_control(s, "/_sim/add", "{\"name\": \"x\", \"count\": 3}", 200);
        assert_int_equal(count_machines(s), 5);
        do_control(s, "/_sim/delete", "{\"id\": \"vm-1\"}", 200);
        assert_int_equal(count_machines(s), 4);
        do_control(s, "/_sim/delete", "{\"id\": \"vm-1\"}", 404);
        do_control(s, "/_sim/delete", "{\"name\": \"x\"}", 400);
        do_control(s, "/_sim/delete", "{}", 400);
        do_control(s, "/_sim/delete", "not JSON", 400);
        do_control(s, "/_sim/dance", "{\"id\": \"vm-2\"}", 400);
        do_control(s, "/_sim/fault", "{\"rule\": \"create=nonsense\"}", 400);
        do_control(s, "/_sim/fault", "{}", 400);

        a = control(s, METHOD_POST, "/_sim/save", NULL);
        assert_true(a.save);
        service_answer_done(&a);
        a = control(s, METHOD_GET, "/_sim/elsewhere", NULL);
        assert_int_equal(a.reply.status, 404);
        service_answer_done(&a);
}

static void faults_come_and_go(void **state)
{
        _cleanup_(service_free_p) struct service *s = make_service(0, 0);
        struct outcome outcome;
        struct service_answer a;

        (void)state;
        do_control(s, "/_sim/fault", "{\"rule\": \"any=500\"}", 200);
        a = order(s, ORDER_CREATE, NULL, &outcome);
        assert_int_equal(a.reply.status, 500);
        service_answer_done(&a);
        do_control(s, "/_sim/faults/clear", NULL, 200);
        a = order(s, ORDER_CREATE, NULL, &outcome);
        assert_int_equal(a.reply.status, 200);
        service_answer_done(&a);
}

/* One search of machines: how many are in it. */
static int64_t count_listed(struct service *s)
{
        struct request rq _cleanup_request_ = { .method = METHOD_POST };
        struct service_answer a _cleanup_service_answer_ = {};
        json_t *json = NULL;
        int64_t n = -1;
        size_t length;

        assert_true(asprintf(&rq.url, "%s/cloudvm/search", simulator->base_path) > 0);
        a = call(s, &rq);
        assert_int_equal(base64_decode_in_place(a.reply.body, a.reply.body_len, &length, NULL), 0);
        assert_int_equal(json_parse(a.reply.body, length, &json, NULL), 0);
        assert_int_equal(json_read_int64(json_object_get(json, "dataCount"), &n), 0);
        json_decref(json);
        return n;
}

static void stale_listings_are_of_the_last_time(void **state)
{
        struct service *s = make_service(2, 0);

        (void)state;
        do_control(s, "/_sim/fault", "{\"rule\": \"list:1=stale\"}", 200);
        do_control(s, "/_sim/fault", "{\"rule\": \"list:3-4=stale\"}", 200);
        assert_int_equal(count_listed(s), 2); /* nothing was asked before */
        do_control(s, "/_sim/add", "{\"name\": \"x\"}", 200);
        assert_int_equal(count_listed(s), 3);
        do_control(s, "/_sim/add", "{\"name\": \"y\"}", 200);
        assert_int_equal(count_listed(s), 3);
        assert_int_equal(count_listed(s), 3);
        assert_int_equal(count_listed(s), 4);
        service_free(s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(faults_do_what_they_say),
                cmocka_unit_test(listings_lie_as_asked),
                cmocka_unit_test(calls_are_counted_and_logged),
                cmocka_unit_test(calls_in_flight_are_counted),
                cmocka_unit_test(control_routes_reach_behind),
                cmocka_unit_test(faults_come_and_go),
                cmocka_unit_test(stale_listings_are_of_the_last_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
