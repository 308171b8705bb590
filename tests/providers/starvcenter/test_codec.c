/* SPDX-License-Identifier: MIT */
#include "tests/providers/starvcenter/exchange.h"

#include <inttypes.h>

#include "reconcile/base/text.h"

static void print_number(struct buf *b, const char *name, const struct values *v, enum property f)
{
        if (values_known(v, f))
                buf_addf(b, "|%s %" PRId64, name, v->of[f].number);
        else
                buf_addf(b, "|%s -", name);
}

static void print_observation(struct buf *b, const struct observation *obs)
{
        buf_addf(b, "complete, total %" PRId64 "\n", obs->of[TYPE_MACHINE].total);
        for (size_t i = 0; i < obs->of[TYPE_MACHINE].n_rows; i++) {
                const struct row *row = &obs->of[TYPE_MACHINE].rows[i];
                const struct values *v = &row->values;

                assert_ptr_equal(observation_find(obs, TYPE_MACHINE, row->id), row);
                buf_addf(b, "%s|%s|%s|%s|%s|%s", row->id, row->name, row->address, row->created,
                         condition_text(row->condition), row->can_shut_down ? "soft" : "hard");
                print_number(b, "cpu", v, PROPERTY_CPU);
                print_number(b, "memory", v, PROPERTY_MEMORY);
                buf_addf(b, "|model %s\n", values_known(v, PROPERTY_MODEL) ? v->of[PROPERTY_MODEL].text : "-");
        }
        assert_false(obs->denied);
}

/* What one reply to the first question makes of an observation, as text. */
static void read_observation(struct buf *b, const struct scope *scope, struct reply *rp)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        assert_true(first.requests[0].read);
        r = codec->saw(&account, &first.requests[0], rp, obs, &further, &e);
        if (r == 0 && further.n_requests == 0)
                r = codec->seen(&account, obs, &further, &e);
        if (r == 0)
                print_observation(b, obs);
        else
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
}

static enum order_verb verb_of(const char *file)
{
        return text_starts(file, "create")   ? ORDER_CREATE
               : text_starts(file, "delete") ? ORDER_DELETE
               : text_starts(file, "start")  ? ORDER_START
               : text_starts(file, "rename") ? ORDER_RENAME
                                             : ORDER_CHANGE;
}

static void read_outcome(struct buf *b, const char *file, struct reply *rp)
{
        struct order order = { .verb = verb_of(file), .id = "vm-1", .name = "web-0" };
        struct outcome outcome;

        codec->acted(&account, &order, rp, &outcome);
        if (outcome.class == OUTCOME_ACCEPTED)
                buf_addf(b, "accepted, id %s\n", outcome.n_ids ? outcome.ids[0] : "");
        else
                buf_addf(b, "%s: %s\n", outcome_text(outcome.class), outcome.why.text);
}

static void check_reply(const char *folder, const char *file, struct reply *rp, const char *expected)
{
        const struct scope one = scope_one(TYPE_MACHINE, "vm-1");
        struct buf b = BUF_INIT(TEXT_MAX);

        if (text_equal(folder, "orders"))
                read_outcome(&b, file, rp);
        else
                read_observation(&b, text_equal(folder, "one") ? &one : &scope_machines, rp);
        if (!text_equal(buf_text(&b), expected))
                fail_msg("%s/%s is read as:\n%sand not as:\n%s", folder, file, buf_text(&b), expected);
        buf_done(&b);
        reply_done(rp);
}

/* One golden file: NAME.json is wrapped in every way, NAME.raw is the reply's very bytes; NAME.expected says what it means. */
static bool check_file(const char *folder, const char *file)
{
        const char *dot = strrchr(file, '.');
        bool raw = dot && text_equal(dot, ".raw");
        char path[4096];
        char *bytes, *expected;
        size_t n, n_expected;

        if (!raw && !(dot && text_equal(dot, ".json")))
                return false;
        (void)snprintf(path, sizeof(path), TESTS_DIR "/%s/%s", folder, file);
        bytes = read_file(path, &n);
        (void)snprintf(path, sizeof(path), TESTS_DIR "/%s/%.*s.expected", folder, (int)(dot - file), file);
        expected = read_file(path, &n_expected);
        for (int how = 0; how < (raw ? 1 : WRAPPINGS); how++) {
                struct reply rp = raw ? reply_of(200, bytes, n) : wrapped(bytes, n, (enum wrapping)how);

                check_reply(strrchr(folder, '/') + 1, file, &rp, expected);
        }
        free(bytes);
        free(expected);
        return true;
}

static void listings_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "listing", check_file) >= 44);
}

static void one_machine_is_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "one", check_file) >= 7);
}

static void orders_replies_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "orders", check_file) >= 20);
}

/* A listing that is cut anywhere is never complete, unless nothing but padding is cut off. */
static void truncated_listings_are_incomplete(void **state)
{
        char *json;
        size_t n;

        (void)state;
        json = read_file(FOLDER "listing/document.json", &n);
        for (enum wrapping how = 0; how < WRAPPINGS; how++) {
                struct reply whole = wrapped(json, n, how);
                size_t said = whole.body_len;

                /* The file ends with a line break, which JSON can do without. */
                while (strchr("=\r\n", whole.body[said - 1]))
                        said--;
                for (size_t cut = 0; cut + 2 < said; cut++) {
                        struct reply rp = reply_of(200, whole.body, cut);
                        struct buf b = BUF_INIT(TEXT_MAX);

                        read_observation(&b, &scope_machines, &rp);
                        if (!text_starts(buf_text(&b), "-EBADMSG: "))
                                fail_msg("cut at %zu of %zu: %s", cut, said, buf_text(&b));
                        buf_done(&b);
                        reply_done(&rp);
                }
                reply_done(&whole);
        }
        free(json);
}

/* No byte may be wrong in a way that makes a create count as refused, nor may any reply break the reader. */
static void damaged_creates_are_unknown(void **state)
{
        static const char json[] = "{\"result\":\"0\",\"data\":[{\"vm.id\":\"vm-1\"}]}";
        struct order order = { .verb = ORDER_CREATE, .name = "web-0" };
        struct reply whole = reply_of_json(json);

        (void)state;
        for (size_t i = 0; i < whole.body_len; i++)
                for (int byte = 0; byte < 256; byte++) {
                        struct reply rp = reply_of(200, whole.body, whole.body_len);
                        struct outcome outcome;

                        rp.body[i] = (char)byte;
                        codec->acted(&account, &order, &rp, &outcome);
                        assert_true(outcome.class == OUTCOME_ACCEPTED || outcome.class == OUTCOME_UNKNOWN);
                        reply_done(&rp);
                }
        reply_done(&whole);
}

static void statuses_decide_first(void **state)
{
        static const struct {
                int status;
                enum outcome_class class;
                int read;
                const char *words;
        } cases[] = {
                { 302, OUTCOME_UNKNOWN, -EBADMSG, "redirect" }, { 400, OUTCOME_UNKNOWN, -EBADMSG, "400" },
                { 401, OUTCOME_AUTH, -EACCES, "credentials" },  { 403, OUTCOME_AUTH, -EACCES, "credentials" },
                { 404, OUTCOME_UNKNOWN, -EBADMSG, "404" },      { 429, OUTCOME_THROTTLED, -EAGAIN, "wait" },
                { 500, OUTCOME_UNKNOWN, -EBADMSG, "500" },      { 502, OUTCOME_UNKNOWN, -EBADMSG, "502" },
                { 503, OUTCOME_THROTTLED, -EAGAIN, "wait" },    { 199, OUTCOME_UNKNOWN, -EBADMSG, "199" },
        };
        struct order order = { .verb = ORDER_CREATE, .name = "web-0" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct reply rp = reply_of_json("{\"result\":\"0\",\"data\":\"\"}");
                struct outcome outcome;
                struct error e = { "" };

                rp.status = cases[i].status;
                rp.retry_after = 100 * USEC_PER_HOUR;
                codec->acted(&account, &order, &rp, &outcome);
                assert_int_equal(outcome.class, cases[i].class);
                assert_int_equal(outcome.wait, outcome.class == OUTCOME_THROTTLED ? USEC_PER_HOUR : 0);
                assert_non_null(strstr(outcome.why.text, cases[i].words));
                assert_int_equal(reply_status_check(&rp, &e), cases[i].read);
                assert_string_equal(e.text, outcome.why.text);
                reply_done(&rp);
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
        const struct scope one = scope_one(TYPE_MACHINE, "vm/7 ?");

        (void)state;
        check_look("look", &scope_machines);
        check_look("look-one", &one);
}

static struct values template_values(void)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_TEMPLATE, "tmpl-7");
        values_set_text(&v, PROPERTY_NETWORK, "pg-12");
        values_set_number(&v, PROPERTY_CPU, 4);
        values_set_number(&v, PROPERTY_MEMORY, (int64_t)8 << 30);
        return v;
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
        struct values create = template_values(), model = {}, change = {};

        (void)state;
        values_set_text(&model, PROPERTY_MODEL, "größe ☃");
        values_set_text(&model, PROPERTY_NETWORK, "pg-12");
        values_set_number(&model, PROPERTY_CPU, 1);
        values_set_number(&model, PROPERTY_MEMORY, 1 << 20);
        values_set_number(&change, PROPERTY_CPU, 8);
        values_set_number(&change, PROPERTY_MEMORY, (int64_t)16 << 30);
        check_order("create-template", &(struct order){ .verb = ORDER_CREATE, .name = "web-0", .wanted = &create });
        check_order("create-model-password",
                    &(struct order){ .verb = ORDER_CREATE, .name = "web-0", .wanted = &model, .password = "p?~>ÿ&=+" });
        check_order("delete", &(struct order){ .verb = ORDER_DELETE, .id = "vm-7", .name = "web-0" });
        check_order("start", &(struct order){ .verb = ORDER_START, .id = "vm-7", .name = "web-0" });
        check_order("shut-down", &(struct order){ .verb = ORDER_SHUT_DOWN, .id = "vm-7", .name = "web-0" });
        check_order("power-off", &(struct order){ .verb = ORDER_POWER_OFF, .id = "vm-7", .name = "web-0" });
        check_order("rename", &(struct order){ .verb = ORDER_RENAME, .id = "vm-7", .name = "web-0" });
        check_order("change-cpu",
                    &(struct order){ .verb = ORDER_CHANGE, .id = "vm-7", .field = PROPERTY_CPU, .wanted = &change });
        check_order("change-memory",
                    &(struct order){ .verb = ORDER_CHANGE, .id = "vm-7", .field = PROPERTY_MEMORY, .wanted = &change });
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
        struct values both = template_values(), odd = template_values(), bare = template_values();

        (void)state;
        values_set_text(&both, PROPERTY_MODEL, "m4");
        values_set_number(&odd, PROPERTY_MEMORY, 1000000);
        bare.known &= ~(1u << PROPERTY_NETWORK);
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .name = "web-0", .wanted = &both }, "not both");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .name = "web-0", .wanted = &odd }, "whole MiB");
        check_impossible(&(struct order){ .verb = ORDER_CREATE, .name = "web-0", .wanted = &bare }, "network");
        check_impossible(
                &(struct order){ .verb = ORDER_CHANGE, .id = "vm-1", .field = PROPERTY_NETWORK, .wanted = &both },
                "in place");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .id = ".." }, "id");
        check_impossible(&(struct order){ .verb = ORDER_DELETE, .id = "" }, "id");
        check_impossible(&(struct order){ .verb = ORDER_START, .id = "vm-\xff" }, "UTF-8");
}

static void a_token_cannot_split_headers(void **state)
{
        struct account_config evil = account;
        struct request rq = {};
        struct error e = { "" };

        (void)state;
        evil.token = "secret-1\r\nX-Other: 1";
        assert_int_equal(codec->act(&evil, &(struct order){ .verb = ORDER_DELETE, .id = "vm-1" }, &rq, &e), -EINVAL);
        assert_null(strstr(e.text, "secret-1"));
}

static void names_resemble_markers(void **state)
{
        (void)state;
        assert_true(codec->resembles("web-1", "web-1-1"));
        assert_true(codec->resembles("web-1", "web-1_01"));
        assert_true(codec->resembles("web-1", "web-1.a"));
        assert_false(codec->resembles("web-1", "web-1"));
        assert_false(codec->resembles("web-1", "web-10"));
        assert_false(codec->resembles("web-1", "web-"));
        assert_false(codec->resembles("web-1", "my-web-1-1"));
}

static void the_table_says_what_is_supported(void **state)
{
        const struct machine_support *template = machine_support_find(codec, NULL, "template");

        (void)state;
        assert_true(template->required);
        assert_string_equal(template->instead, "model");
        assert_int_equal(template->readback, READBACK_NEVER);
        assert_int_equal(machine_support_find(codec, NULL, "cpu")->change, CHANGE_IN_PLACE);
        assert_int_equal(machine_support_find(codec, NULL, "model")->readback, READBACK_LISTED);
        assert_null(machine_support_find(codec, NULL, "image"));
        assert_int_equal(codec->timing.acting + codec->timing.lag + codec->timing.margin, USEC_PER_MINUTE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listings_are_read),           cmocka_unit_test(one_machine_is_read),
                cmocka_unit_test(orders_replies_are_read),     cmocka_unit_test(truncated_listings_are_incomplete),
                cmocka_unit_test(damaged_creates_are_unknown), cmocka_unit_test(statuses_decide_first),
                cmocka_unit_test(looks_are_as_documented),     cmocka_unit_test(orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),  cmocka_unit_test(a_token_cannot_split_headers),
                cmocka_unit_test(names_resemble_markers),      cmocka_unit_test(the_table_says_what_is_supported),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
