/* SPDX-License-Identifier: MIT */
#include "tests/providers/opendcp/exchange.h"

#include <errno.h>

#include "tests/support/files.h"

#define HOUR ((int64_t)USEC_PER_HOUR)

static void check_request(const char *name, struct request *rq, usec_t timeout)
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
        assert_int_equal(rq->timeout, timeout);
        buf_done(&b);
        request_done(rq);
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
                check_request(names[i], &further.requests[i], account.timeout);
        }
}

/* Machines in one list; nothing is asked for that nobody wants to know. */
static void looks_are_as_few_as_can_be(void **state)
{
        const struct scope both = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_MACHINE | 1u << TYPE_TEMPLATE };
        const struct scope machine = scope_one(TYPE_MACHINE, "i-7 ?#%\xc3\xa9"),
                           template = scope_one(TYPE_TEMPLATE, "5");

        (void)state;
        check_looks(&scope_machines, (const char *const[]){ "look-machines" }, 1);
        check_looks(&both, (const char *const[]){ "look-machines", "look-templates" }, 2);
        check_looks(&machine, (const char *const[]){ "look-machine" }, 1);
        check_looks(&template, (const char *const[]){ "look-template" }, 1);
}

static void check_order_of(const struct account_config *config, const char *name, const struct order *order,
                           usec_t timeout)
{
        struct request rq = {};
        struct error e = { "" };

        if (codec->act(config, order, &rq, &e) < 0)
                fail_msg("%s: %s", name, e.text);
        assert_false(rq.read); /* a GET that starts a machine neither */
        check_request(name, &rq, timeout);
}

static void check_order(const char *name, const struct order *order)
{
        check_order_of(&account, name, order, account.timeout);
}

static struct values template_of(const char *id)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_TEMPLATE, id);
        return v;
}

static void machines_orders_are_as_documented(void **state)
{
        static const char *const ids[] = { "i-1", "i-2", "i 3" };
        const struct values five = template_of("5");
        struct machine_set bare_spec = { .template = { .name = "5" } };
        struct resource bare = { .kind = &kind_machine_set, .name = "web", .machine_set = &bare_spec };
        struct account_config old = account, patient = account;

        (void)state;
        old.options = &documented;
        patient.timeout = USEC_PER_HOUR;
        check_order_of(
                &account, "expand",
                &(struct order){ .verb = ORDER_CREATE, .n = 10, .name = "web-0", .wanted = &five, .resource = &web },
                10 * USEC_PER_MINUTE);
        check_order_of(
                &patient, "expand-by-id",
                &(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "web-7", .wanted = &five, .resource = &bare },
                USEC_PER_HOUR);
        check_order("delete", &(struct order){ .verb = ORDER_DELETE, .id = "i-1", .n = 1, .name = "web-0" });
        check_order("delete-several",
                    &(struct order){ .verb = ORDER_DELETE, .id = "i-1", .ids = ids, .n = 3, .name = "web-0" });
        check_order("correlation",
                    &(struct order){ .verb = ORDER_DELETE, .id = "i-1", .n = 1, .name = "it's; DROP\r\n-\xc3\xa9 9" });
        check_order("start", &(struct order){ .verb = ORDER_START, .id = "i-1", .n = 1, .name = "web-0" });
        check_order_of(&old, "start-documented",
                       &(struct order){ .verb = ORDER_START, .id = "i-1", .n = 1, .name = "web-0" }, account.timeout);
}

static void check_top_up(const char *name, int64_t left, int64_t wanted_credit)
{
        struct values wanted = {}, shown = {};

        values_set_number(&wanted, PROPERTY_CREDIT, wanted_credit);
        values_set_number(&shown, PROPERTY_CREDIT, left);
        check_order(name, &(struct order){ .verb = ORDER_CHANGE,
                                           .type = TYPE_TEMPLATE,
                                           .id = "5",
                                           .n = 1,
                                           .name = "small",
                                           .field = PROPERTY_CREDIT,
                                           .wanted = &wanted,
                                           .shown = &shown });
}

static void templates_orders_are_as_documented(void **state)
{
        struct template_network network = { "vpc-1", "subnet-1", "sg-1", "PayByTraffic", 5 };
        struct template_disks disks = { 2, 100 * GIBIBYTE, "cloud_ssd" };
        struct machine_template spec = small_spec;
        struct resource full = { .kind = &kind_machine_template, .name = "small", .machine_template = &spec };

        (void)state;
        spec.network = &network;
        spec.data_disks = &disks;
        spec.description = "größe ☃";
        spec.key_name = "key";
        spec.post_script = "#!/bin/sh\ntrue\n";
        spec.memory = 64 * GIBIBYTE;
        check_order(
                "create-template",
                &(struct order){
                        .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "small.2", .resource = &full });
        check_order("create-template-least",
                    &(struct order){
                            .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "small", .resource = &small });
        check_order("delete-template",
                    &(struct order){ .verb = ORDER_DELETE, .type = TYPE_TEMPLATE, .id = "5", .n = 1, .name = "small" });
        check_top_up("credit", -7 * HOUR, 500 * HOUR);
        check_top_up("credit-rounded", 0, 3 * HOUR / 2);
}

static void check_impossible(const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(&account, order, &rq, &e), -EINVAL);
        if (!strstr(e.text, words))
                fail_msg("\"%s\" says nothing of %s", e.text, words);
        assert_null(rq.url);
}

static void impossible_orders_are_told(void **state)
{
        static const char *const ids[] = { "i-1", "i-2,i-3" };
        const struct values none = {}, word = template_of("web"), zero = template_of("0"), path = template_of("5/../6"),
                            padded = template_of("05"), five = template_of("5");

        (void)state;
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "w", .wanted = &none }, "template");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "w", .wanted = &word }, "number");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "w", .wanted = &zero }, "number");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "w", .wanted = &path }, "number");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 1, .name = "w", .wanted = &padded }, "number");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 0, .name = "w", .wanted = &five }, "1 to 10");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .n = 11, .name = "w", .wanted = &five }, "1 to 10");
        check_impossible(&(struct order){ .verb = ORDER_SHUT_DOWN, .id = "i-1", .n = 1 }, "power: running");
        check_impossible(&(struct order){ .verb = ORDER_POWER_OFF, .id = "i-1", .n = 1 }, "power: running");
        check_impossible(&(struct order){ .verb = ORDER_RENAME, .id = "i-1", .n = 1, .name = "w" }, "change");
        check_impossible(&(struct order){ .verb = ORDER_CHANGE, .id = "i-1", .n = 1, .field = PROPERTY_CPU }, "change");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .id = "", .n = 1, .name = "w" }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .id = "..", .n = 1, .name = "w" }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .id = "a/b", .n = 1, .name = "w" }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .ids = ids, .n = 2, .name = "w" }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .ids = ids, .n = 51, .name = "w" }, "1 to 50");
        check_impossible(&(struct order){ .verb = ORDER_START, .id = "i-1,i-2", .n = 1 }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .type = TYPE_TEMPLATE, .id = "-5", .n = 1 }, "number");
        check_impossible(
                &(struct order){ .verb = ORDER_CHANGE, .type = TYPE_TEMPLATE, .id = "5", .field = PROPERTY_CPU },
                "change");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "s" }, "spec");
}

static void check_credit(const struct values *shown, int64_t wanted, const char *words)
{
        struct values v = {};

        values_set_number(&v, PROPERTY_CREDIT, wanted);
        check_impossible(&(struct order){ .verb = ORDER_CHANGE,
                                          .type = TYPE_TEMPLATE,
                                          .id = "5",
                                          .n = 1,
                                          .field = PROPERTY_CREDIT,
                                          .wanted = &v,
                                          .shown = shown },
                         words);
}

/* Credit is added, so that it must be known what is there: never too much, and never less than nothing. */
static void credit_is_only_added_to_what_is_known(void **state)
{
        struct values shown = {};

        (void)state;
        check_credit(NULL, 500 * HOUR, "not known");
        check_credit(&shown, 500 * HOUR, "not known");
        values_set_number(&shown, PROPERTY_CREDIT, 500 * HOUR);
        check_credit(&shown, 500 * HOUR, "all of its credit");
        check_credit(&shown, 400 * HOUR, "all of its credit");
        values_set_number(&shown, PROPERTY_CREDIT, -(int64_t)INT32_MAX * HOUR);
        check_credit(&shown, HOUR, "more than");
}

static void check_template(const struct machine_template *spec, const char *words)
{
        struct resource template = { .kind = &kind_machine_template,
                                     .name = "small",
                                     .machine_template = (struct machine_template *)spec };
        const struct order order = {
                .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "small", .resource = &template
        };
        struct request rq = {};

        if (words) {
                check_impossible(&order, words);
                return;
        }
        assert_int_equal(codec->act(&account, &order, &rq, NULL), 0);
        request_done(&rq);
}

static void check_disks(const char *cloud, int64_t count, int64_t size, const char *category, const char *words)
{
        struct machine_template spec = small_spec;
        struct template_disks disks = { count, size, category };

        spec.cloud = cloud;
        spec.data_disks = &disks;
        check_template(&spec, words);
}

static void check_network(const char *cloud, const char *charge_type, int64_t bandwidth, const char *words)
{
        struct machine_template spec = small_spec;
        struct template_network network = { "", "", "", charge_type, bandwidth };

        spec.cloud = cloud;
        spec.network = &network;
        check_template(&spec, words);
}

static void what_aliyun_refuses_is_not_sent(void **state)
{
        static const struct {
                const char *category;
                int64_t min, max;
        } sizes[] = { { "cloud", 5, 2000 },
                      { "cloud_efficiency", 20, 32768 },
                      { "cloud_ssd", 20, 32768 },
                      { "ephemeral_ssd", 5, 800 } };
        struct machine_template spec = small_spec;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                check_disks("aliyun", 1, sizes[i].min * GIBIBYTE, sizes[i].category, NULL);
                check_disks("aliyun", 1, sizes[i].max * GIBIBYTE, sizes[i].category, NULL);
                check_disks("aliyun", 1, (sizes[i].min - 1) * GIBIBYTE, sizes[i].category, "dataDisks.size");
                check_disks("aliyun", 0, (sizes[i].max + 1) * GIBIBYTE, sizes[i].category, "dataDisks.size");
                check_disks("aws", 1, (sizes[i].max + 1) * GIBIBYTE, sizes[i].category, NULL);
        }
        check_disks("aliyun", 0, 100 * GIBIBYTE, "cloud", NULL);
        check_disks("aliyun", 4, 100 * GIBIBYTE, "cloud", NULL);
        check_disks("aliyun", 5, 100 * GIBIBYTE, "cloud", "dataDisks.count");
        check_disks("aws", 5, 100 * GIBIBYTE, "standard", NULL);
        check_network("aliyun", "PayByBandwidth", 0, NULL);
        check_network("aliyun", "PayByBandwidth", 100, NULL);
        check_network("aliyun", "PayByBandwidth", 101, "network.bandwidth");
        check_network("aliyun", "PayByTraffic", 0, "network.bandwidth");
        check_network("aliyun", "PayByTraffic", 1, NULL);
        check_network("aliyun", "PayByTraffic", 100, NULL);
        check_network("aliyun", "PayByTraffic", 101, "network.bandwidth");
        check_network("aws", "PayByTraffic", 0, NULL);
        spec.account = "";
        check_template(&spec, "account");
        spec.cloud = "aws";
        check_template(&spec, NULL);
}

static void numbers_are_never_sent_out_of_range(void **state)
{
        struct machine_template spec = small_spec;

        (void)state;
        check_disks("aws", -1, GIBIBYTE, "standard", "dataDisks.count");
        check_disks("aws", 1, -GIBIBYTE, "standard", "dataDisks.size");
        check_disks("aws", 1, GIBIBYTE + 1, "standard", "dataDisks.size must be whole GiB");
        check_network("aws", "PayByBandwidth", -1, "network.bandwidth");
        check_network("aws", "PayByBandwidth", INT64_C(1) << 31, "network.bandwidth");
        spec.memory = GIBIBYTE / 2;
        check_template(&spec, "memory must be whole GiB");
        spec.memory = 0;
        check_template(&spec, "memory");
        spec.memory = GIBIBYTE;
        spec.cpu = 0;
        check_template(&spec, "cpu");
        spec.cpu = 1;
        spec.image = "img-\xff";
        check_template(&spec, "UTF-8");
}

/* What would be refused of a new template does not stand in the way of machines of one that is there. */
static void a_changed_spec_does_not_stop_an_expand(void **state)
{
        const struct values five = template_of("5");
        struct machine_template spec = small_spec;
        struct resource changed = { .kind = &kind_machine_template, .name = "small", .machine_template = &spec };
        struct machine_set set_spec = { .template = { .name = "small", .resource = &changed } };
        struct resource set = { .kind = &kind_machine_set, .name = "web", .machine_set = &set_spec };
        struct request rq = {};

        (void)state;
        spec.account = "";
        assert_int_equal(
                codec->act(&account,
                           &(struct order){
                                   .verb = ORDER_CREATE, .n = 1, .name = "web-0", .wanted = &five, .resource = &set },
                           &rq, NULL),
                0);
        request_done(&rq);
}

/* What is used up is told by the name that it has in the specs, else by the vendor's. */
static void a_lack_of_credit_names_the_template(void **state)
{
        const struct values five = template_of("5");
        struct machine_set bare_spec = { .template = { .name = "5" } };
        struct resource bare = { .kind = &kind_machine_set, .name = "web", .machine_set = &bare_spec };
        const struct {
                const struct resource *resource;
                const char *name;
        } cases[] = { { &web, "MachineTemplate/small: " }, { &bare, "template 5: " }, { NULL, "template 5: " } };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct order order = {
                        .verb = ORDER_CREATE, .n = 1, .name = "web-0", .wanted = &five, .resource = cases[i].resource
                };
                struct reply rp = reply_with_text(400, "{\"code\":0,\"msg\":\"Sorry, over credit limit.\"}");
                struct outcome outcome;

                codec->acted(&account, &order, &rp, &outcome);
                assert_int_equal(outcome.class, OUTCOME_CAPACITY);
                assert_true(text_starts(outcome.why.text, cases[i].name));
                assert_non_null(strstr(outcome.why.text, "write credit, or more of it"));
                assert_non_null(strstr(outcome.why.text, "Sorry, over credit limit."));
                reply_done(&rp);
        }
}

static void ids_that_name_something_else_are_not_asked_after(void **state)
{
        static const char *const machines[] = { "", ".", "..", "i-1,i-2", "i-1/x", "i\n1" };
        static const char *const templates[] = { "", "0", "-1", "05", "web", "5/x", "9007199254740993" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(machines) + ARRAY_SIZE(templates); i++) {
                const struct scope scope = i < ARRAY_SIZE(machines)
                                                   ? scope_one(TYPE_MACHINE, machines[i])
                                                   : scope_one(TYPE_TEMPLATE, templates[i - ARRAY_SIZE(machines)]);
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                _cleanup_request_list_ struct request_list further = {};

                assert_int_equal(observation_new(&scope, &obs), 0);
                assert_int_equal(codec->look(&account, obs, &further, NULL), -EINVAL);
        }
}

static void the_table_says_what_is_supported(void **state)
{
        const struct making *making = codec->making(NULL);
        const struct machine_support *template = machine_support_find(codec, NULL, "template");

        (void)state;
        assert_true(template->required);
        assert_int_equal(template->readback, READBACK_LISTED);
        assert_int_equal(template->change, CHANGE_REPLACE);
        assert_null(machine_support_find(codec, NULL, "cpu"));
        assert_null(machine_support_find(codec, NULL, "memory"));
        assert_null(machine_support_find(codec, NULL, "image"));
        assert_int_equal(codec->auth, AUTH_NONE);
        assert_int_equal(codec->set_max, 999);
        assert_int_equal(making[TYPE_MACHINE].marker, MARKER_NONE);
        assert_int_equal(making[TYPE_MACHINE].together, 10);
        assert_int_equal(making[TYPE_MACHINE].deleted_together, 50);
        assert_true(making[TYPE_MACHINE].slow && making[TYPE_MACHINE].shows_one);
        assert_int_equal(making[TYPE_TEMPLATE].marker, MARKER_NAME);
        assert_true(making[TYPE_TEMPLATE].possible && making[TYPE_TEMPLATE].together <= 1);
        assert_false(making[TYPE_DISK].possible);
        assert_string_equal(provider_option_value(codec, NULL, "routes"), "actual");
}

/* A client that gives up after 10 minutes leaves a server that goes on, and rows appear as long after that as it took. */
static void unknown_expands_are_left_alone_for_long_enough(void **state)
{
        (void)state;
        assert_true(codec->timing.acting >= 10 * USEC_PER_MINUTE);
        assert_true(codec->timing.lag >= 10 * USEC_PER_MINUTE);
        assert_true(codec->timing.change >= 5 * USEC_PER_MINUTE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(looks_are_as_few_as_can_be),
                cmocka_unit_test(machines_orders_are_as_documented),
                cmocka_unit_test(templates_orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(credit_is_only_added_to_what_is_known),
                cmocka_unit_test(what_aliyun_refuses_is_not_sent),
                cmocka_unit_test(numbers_are_never_sent_out_of_range),
                cmocka_unit_test(a_changed_spec_does_not_stop_an_expand),
                cmocka_unit_test(a_lack_of_credit_names_the_template),
                cmocka_unit_test(ids_that_name_something_else_are_not_asked_after),
                cmocka_unit_test(the_table_says_what_is_supported),
                cmocka_unit_test(unknown_expands_are_left_alone_for_long_enough),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
