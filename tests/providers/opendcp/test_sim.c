/* SPDX-License-Identifier: MIT */

/*
 * OpenDCP's simulator by itself, held against what a running server was seen to answer: the golden files that are named after
 * transcripts, and its codes and words.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/opendcp/opendcp.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/support/files.h"
#include "tests/support/reply_text.h"

#define GOLDEN "providers/opendcp/golden/"
#define READY_DELAY (5 * USEC_PER_SEC)
#define CLUSTER                                                                                               \
        "{\"Id\":0,\"Name\":\"web\",\"Provider\":\"fake\",\"Cpu\":1,\"Ram\":2,\"InstanceType\":\"small\","    \
        "\"ImageId\":\"img1\",\"Network\":{\"Id\":0,\"VpcId\":\"\",\"SubnetId\":\"\",\"SecurityGroup\":\"\"," \
        "\"InternetChargeType\":\"PayByBandwidth\",\"InternetMaxBandwidthOut\":5},\"Zone\":{\"Id\":0,"        \
        "\"RegionName\":\"cn-beijing\",\"ZoneName\":\"cn-beijing-c\"},\"Replication\":null,"                  \
        "\"SystemDiskCategory\":\"cloud_efficiency\",\"DataDiskSize\":100,\"DataDiskNum\":1,"                 \
        "\"DataDiskCategory\":\"cloud_efficiency\",\"FlavorId\":\"\"}"

static const struct simulator *const simulator = &opendcp_simulator;

struct world {
        struct simulation *s;
        usec_t now;
};

static struct world world_of(size_t machines, bool quirks)
{
        const struct simulator_options options = { .machines = machines, .quirks = quirks, .ready_delay = READY_DELAY };
        struct world w = {};

        assert_int_equal(simulator->new (&options, &w.s, NULL), 0);
        return w;
}

static void world_done(struct world *w)
{
        simulator->free(w->s);
}
#define _cleanup_world_ _cleanup_(world_done)

static struct reply send_call(struct world *w, enum method method, const char *path, bool correlated, const char *body)
{
        struct request rq _cleanup_request_ = { .method = method };
        struct reply rp = {};
        const char *class;

        assert_true(asprintf(&rq.url, "/v1/%s", path) > 0);
        if (correlated)
                assert_int_equal(request_add_header(&rq, "X-CORRELATION-ID", "1-1", NULL), 0);
        rq.body = body ? strdup(body) : NULL;
        rq.body_len = body ? strlen(body) : 0;
        assert_int_equal(simulator->serve(w->s, w->now, &rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_string_equal(class, simulator->classify(w->s, &rq));
        return rp;
}

/* An answer may hold its JSON twice. */
static int first_json(const char *text, size_t n, json_t **ret)
{
        *ret = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, NULL);
        return *ret ? 0 : -1;
}

/* The first JSON of an answer with that status, code and words; its content is the caller's. */
static json_t *check(struct world *w, enum method method, const char *path, const char *body, int status, int code,
                     const char *words)
{
        struct reply rp _cleanup_reply_ = send_call(w, method, path, true, body);
        _cleanup_json_ json_t *answer = NULL;

        if (rp.status != status)
                fail_msg("%s answers %d and not %d: %s", path, rp.status, status, rp.body);
        assert_int_equal(first_json(rp.body, rp.body_len, &answer), 0);
        assert_int_equal(json_object_size(answer), 4);
        assert_int_equal(json_integer_value(json_object_get(answer, "code")), code);
        if (words)
                assert_string_equal(json_string_value(json_object_get(answer, "msg")), words);
        else
                assert_true(json_is_null(json_object_get(answer, "msg")));
        return json_incref(json_object_get(answer, "content"));
}

static json_t *yes(struct world *w, enum method method, const char *path, const char *body)
{
        return check(w, method, path, body, 200, 0, NULL);
}

static void no(struct world *w, enum method method, const char *path, const char *body, int status, int code,
               const char *words)
{
        _cleanup_json_ json_t *content = check(w, method, path, body, status, code, words);

        assert_true(json_is_null(content));
}

/* The same keys, with values of the same types; where one of them is null there is nothing to compare. */
static void assert_same_shape(const json_t *real, const json_t *made, const char *where)
{
        const char *key;
        json_t *value;

        if (json_is_null(real) || json_is_null(made))
                return;
        if (json_typeof(real) != json_typeof(made))
                fail_msg("%s is of type %d in the simulation, and %d on a server", where, json_typeof(made),
                         json_typeof(real));
        if (json_is_array(real) && json_array_size(real) && json_array_size(made))
                assert_same_shape(json_array_get(real, 0), json_array_get(made, 0), where);
        json_object_foreach((json_t *)real, key, value)
        {
                if (!json_object_get(made, key))
                        fail_msg("%s has no %s in the simulation", where, key);
                assert_same_shape(value, json_object_get(made, key), key);
        }
        json_object_foreach((json_t *)made, key, value) if (!json_object_get(real, key))
                fail_msg("%s has %s in the simulation, and not on a server", where, key);
}

static json_t *content_of(const char *file)
{
        _cleanup_free_ char *text = test_file_read(file);
        struct reply rp _cleanup_reply_ = reply_of_text(text, strlen(text));
        _cleanup_json_ json_t *answer = NULL;

        assert_int_equal(first_json(rp.body, rp.body_len, &answer), 0);
        return json_incref(json_object_get(answer, "content"));
}

static void make(struct world *w, const char *cluster)
{
        _cleanup_json_ json_t *id = yes(w, METHOD_POST, "cluster", CLUSTER), *ids = NULL;
        char path[64];

        (void)snprintf(path, sizeof(path), "%lld", json_integer_value(id));
        assert_string_equal(path, cluster);
        (void)snprintf(path, sizeof(path), "organization/credit/%s/10", cluster);
        json_decref(yes(w, METHOD_POST, path, NULL));
        (void)snprintf(path, sizeof(path), "cluster/%s/expand/2", cluster);
        ids = yes(w, METHOD_POST, path, NULL);
        assert_int_equal(json_array_size(ids), 2);
}

static void rows_have_the_shape_of_real_ones(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false);
        _cleanup_json_ json_t *real = content_of(GOLDEN "listing/transcript.http"), *made = NULL, *one = NULL;
        _cleanup_json_ json_t *bill = content_of(GOLDEN "bill/transcript.http"), *made_bill = NULL;

        (void)state;
        make(&w, "1");
        w.now += 2 * READY_DELAY;
        made = yes(&w, METHOD_GET, "instance/list", NULL);
        assert_true(json_array_size(made) == 2 && json_array_size(real) > 0);
        assert_same_shape(real, made, "instance");
        one = yes(&w, METHOD_GET, "instance/i-fake000001", NULL);
        assert_same_shape(json_array_get(real, 0), one, "instance");
        made_bill = yes(&w, METHOD_GET, "organization/bill/1", NULL);
        assert_same_shape(bill, made_bill, "bill");
}

/* What a running server answers to what is wrong, word for word. */
static void refusals_are_those_of_a_server(void **state)
{
        static const struct {
                enum method method;
                const char *path, *body;
                int status, code;
                const char *words;
        } cases[] = {
                { METHOD_GET, "instance/i-nope", NULL, 500, 10999, "<QuerySeter> no row found" },
                { METHOD_GET, "cluster/999", NULL, 500, 10999, "<QuerySeter> no row found" },
                { METHOD_GET, "cluster/abc", NULL, 400, 12996, "Input error!" },
                { METHOD_POST, "cluster/999/expand/1", NULL, 500, 10999, "<QuerySeter> no row found" },
                { METHOD_POST, "cluster", "notjson", 400, 12996, "Input error!" },
                { METHOD_POST, "cluster", "{\"Name\":\"x\",\"Zone\":\"cn\",\"Network\":\"n\"}", 400, 12996,
                  "Input error!" },
                { METHOD_GET, "instance/cluster/abc", NULL, 400, 12996, "Input error!" },
                { METHOD_POST, "instance/start/i-fake000001", NULL, 400, 12997,
                  "Missing requisite parameter(instanceId)!" },
                { METHOD_DELETE, "cluster/1", NULL, 500, 10999,
                  "Can't delete this cluster, because still exsit instance by cluster model created." },
        };
        struct world w _cleanup_world_ = world_of(0, false);

        (void)state;
        make(&w, "1");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                no(&w, cases[i].method, cases[i].path, cases[i].body, cases[i].status, cases[i].code, cases[i].words);
}

static void acts_want_a_correlation_id(void **state)
{
        static const struct {
                enum method method;
                const char *path;
        } cases[] = { { METHOD_POST, "cluster/1/expand/1" }, { METHOD_DELETE, "instance/i-fake000001" } };
        struct world w _cleanup_world_ = world_of(0, false);

        (void)state;
        make(&w, "1");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct reply rp _cleanup_reply_ = send_call(&w, cases[i].method, cases[i].path, false, NULL);

                assert_int_equal(rp.status, 400);
                assert_non_null(strstr(rp.body, "12997"));
                assert_non_null(strstr(rp.body, "Missing requisite parameter(X-CORRELATION-ID)!"));
        }
}

static void routes_that_are_not_there_are_pages(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false);
        struct reply rp _cleanup_reply_ = send_call(&w, METHOD_GET, "nope", true, NULL);

        (void)state;
        assert_int_equal(rp.status, 404);
        assert_non_null(strstr(rp.body, "<"));
}

static void clusters_need_credit(void **state)
{
        struct world w _cleanup_world_ = world_of(0, true);
        _cleanup_json_ json_t *ids = NULL;

        (void)state;
        json_decref(yes(&w, METHOD_POST, "cluster", CLUSTER));
        no(&w, METHOD_POST, "cluster/1/expand/2", NULL, 400, 0, "Sorry, over credit limit.");
        json_decref(yes(&w, METHOD_POST, "organization/credit/1/10", NULL));
        ids = yes(&w, METHOD_POST, "cluster/1/expand/2", NULL);
        assert_int_equal(json_array_size(ids), 2);
}

static void names_are_not_unique(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false);
        _cleanup_json_ json_t *a = yes(&w, METHOD_POST, "cluster", CLUSTER);
        _cleanup_json_ json_t *b = yes(&w, METHOD_POST, "cluster", CLUSTER);

        (void)state;
        assert_true(json_integer_value(a) > 0 && json_integer_value(b) > json_integer_value(a));
}

static void expands_are_checked(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false);

        (void)state;
        make(&w, "1");
        {
                struct reply rp _cleanup_reply_ = send_call(&w, METHOD_POST, "cluster/1/expand/0", true, NULL);

                assert_int_equal(rp.status, 200);
                assert_int_equal(rp.body_len, 0);
        }
        no(&w, METHOD_POST, "cluster/1/expand/many", NULL, 400, 12996, "Input error!");
}

/* It says null whatever was asked for, and only the list tells what came of it. */
static void deletes_are_silent_and_late(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false);
        _cleanup_json_ json_t *at_once = NULL, *later = NULL, *status = NULL;

        (void)state;
        make(&w, "1");
        w.now += 2 * READY_DELAY;
        no(&w, METHOD_DELETE, "instance/i-fake000001,i-nope", NULL, 200, 0, NULL);
        at_once = yes(&w, METHOD_GET, "instance/list", NULL);
        assert_int_equal(json_array_size(at_once), 2);
        w.now += 2 * READY_DELAY;
        later = yes(&w, METHOD_GET, "instance/cluster/1", NULL);
        assert_int_equal(json_array_size(later), 1);
        status = yes(&w, METHOD_GET, "instance/status/i-fake000001,i-fake000002,i-nope", NULL);
        assert_int_equal(json_array_size(status), 3);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(status, 0), "status")), 7);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(status, 1), "status")), 1);
        assert_int_equal(json_integer_value(json_object_get(json_array_get(status, 2), "status")), 7);
}

/* The list of all keeps the newest, that of a cluster the oldest, and neither says that there are more. */
static void lists_stop_at_a_thousand(void **state)
{
        struct world w _cleanup_world_ = world_of(1100, false);
        _cleanup_json_ json_t *all = yes(&w, METHOD_GET, "instance/list", NULL);
        _cleanup_json_ json_t *members = yes(&w, METHOD_GET, "instance/cluster/1", NULL);

        (void)state;
        assert_int_equal(json_array_size(all), 1000);
        assert_int_equal(json_array_size(members), 1000);
        assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "InstanceId")), "i-fake001100");
        assert_string_equal(json_string_value(json_object_get(json_array_get(members, 0), "InstanceId")),
                            "i-fake000001");
}

static void answers_may_come_twice(void **state)
{
        struct world w _cleanup_world_ = world_of(1, true);
        struct reply rp _cleanup_reply_ = send_call(&w, METHOD_GET, "instance/list", true, NULL);
        _cleanup_json_ json_t *first = NULL;

        (void)state;
        assert_int_equal(first_json(rp.body, rp.body_len, &first), 0);
        assert_true(json_parse(rp.body, rp.body_len, &first, NULL) < 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rows_have_the_shape_of_real_ones),
                cmocka_unit_test(refusals_are_those_of_a_server),
                cmocka_unit_test(acts_want_a_correlation_id),
                cmocka_unit_test(routes_that_are_not_there_are_pages),
                cmocka_unit_test(clusters_need_credit),
                cmocka_unit_test(names_are_not_unique),
                cmocka_unit_test(expands_are_checked),
                cmocka_unit_test(deletes_are_silent_and_late),
                cmocka_unit_test(lists_stop_at_a_thousand),
                cmocka_unit_test(answers_may_come_twice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
