/* SPDX-License-Identifier: MIT */
#include "tests/providers/opendcp/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "tests/support/reply_files.h"

static const char templates_json[] =
        "{\"code\":0,\"msg\":null,\"content\":[{\"Id\":5,\"Name\":\"web\"},{\"Id\":6,\"Name\":\"db\"}],\"ext\":null}";

static void print_rows(struct buf *b, const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];
                const struct values *v = &row->values;

                assert_ptr_equal(observation_find(obs, type, row->id), row);
                buf_addf(b, "%s %s|%s|%s|%s|%s", thing_type_text(type), row->id, row->name, row->address, row->created,
                         condition_text(row->condition));
                for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                        if (!values_known(v, p))
                                continue;
                        buf_addf(b, "|%s ", property_name(p));
                        values_print(v, p, b);
                }
                buf_adds(b, "\n");
        }
}

static void print_observation(struct buf *b, int r, const struct observation *obs, const struct error *e)
{
        if (r != 0) {
                buf_addf(b, "%s: %s\n", errno_name(r), e->text);
                return;
        }
        buf_adds(b, obs->capped ? "complete, capped\n" : "complete\n");
        assert_false(obs->denied);
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                print_rows(b, obs, type);
}

/* What one reply to the only question makes of an observation. */
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
        if (r == 0) {
                assert_int_equal(further.n_requests, 0);
                r = codec->seen(&account, obs, &further, &e);
        }
        print_observation(b, r, obs, &e);
}

/* The same of a reply that tells the credit of template 6, after the templates were listed. */
static void read_bill(struct buf *b, struct reply *rp)
{
        static const struct detail details[] = { { TYPE_TEMPLATE, "6" }, { TYPE_TEMPLATE, "77" } };
        const struct scope scope = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_TEMPLATE,
                                     .details = details,
                                     .n_details = ARRAY_SIZE(details) };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, bills = {}, further = {};
        struct reply templates _cleanup_reply_ = reply_with_text(200, templates_json);
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(codec->saw(&account, &first.requests[0], &templates, obs, &bills, &e), 0);
        assert_int_equal(bills.n_requests, 1); /* a template that is not there any more has no bill */
        assert_true(bills.requests[0].read);
        assert_string_equal(bills.requests[0].url, ENDPOINT "/v1/organization/bill/6");
        r = codec->saw(&account, &bills.requests[0], rp, obs, &further, &e);
        if (r == 0)
                r = codec->seen(&account, obs, &further, &e);
        print_observation(b, r, obs, &e);
}

/* The order that a golden file's name stands for. */
static struct order order_of(const char *file)
{
        struct order order = { .verb = ORDER_CREATE, .n = 1, .name = "web-0", .resource = &web };

        if (sscanf(file, "expand-%zu.", &order.n) == 1)
                return order;
        if (text_starts(file, "create-template."))
                return (struct order){
                        .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "small", .resource = &small
                };
        order.resource = NULL;
        order.verb = text_starts(file, "start")    ? ORDER_START
                     : text_starts(file, "credit") ? ORDER_CHANGE
                                                   : ORDER_DELETE;
        order.field = order.verb == ORDER_CHANGE ? PROPERTY_CREDIT : PROPERTY_NONE;
        order.type = text_starts(file, "credit") || text_starts(file, "delete-template") ? TYPE_TEMPLATE : TYPE_MACHINE;
        order.id = order.type == TYPE_TEMPLATE ? "5" : "i-1";
        return order;
}

static void read_outcome(struct buf *b, const char *file, struct reply *rp)
{
        const struct order order = order_of(file);
        struct account_config config = account;
        struct outcome outcome;

        if (text_starts(file, "start-documented"))
                config.options = &documented;
        codec->acted(&config, &order, rp, &outcome);
        buf_adds(b, outcome_text(outcome.class));
        for (size_t i = 0; i < outcome.n_ids; i++)
                buf_addf(b, "%s%s", i ? ", " : ": ", outcome.ids[i]);
        assert_true(!outcome.said_no || outcome.class == OUTCOME_UNKNOWN);
        if (outcome.said_no)
                buf_adds(b, ", it said no");
        if (outcome.class != OUTCOME_ACCEPTED)
                buf_addf(b, ": %s", outcome.why.text);
        buf_adds(b, "\n");
}

static void read_reply(struct buf *b, const char *folder, const char *file, struct reply *rp)
{
        const struct scope templates = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_TEMPLATE };
        const struct scope one = text_starts(file, "template") ? scope_one(TYPE_TEMPLATE, "5")
                                                               : scope_one(TYPE_MACHINE, "i-fake000001");

        if (text_equal(folder, "orders"))
                read_outcome(b, file, rp);
        else if (text_equal(folder, "bill"))
                read_bill(b, rp);
        else
                read_observation(b,
                                 text_equal(folder, "one")         ? &one
                                 : text_equal(folder, "templates") ? &templates
                                                                   : &scope_machines,
                                 rp);
}

static bool check_file(const char *folder, const char *file)
{
        return reply_file_check(folder, file, read_reply);
}

static void listings_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "listing", check_file) >= 58);
}

static void templates_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "templates", check_file) >= 15);
}

static void bills_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "bill", check_file) >= 15);
}

static void one_thing_is_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "one", check_file) >= 15);
}

static void orders_replies_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "orders", check_file) >= 90);
}

/* A list that is cut anywhere is never complete. */
static void check_truncations(const char *file, const struct scope *scope)
{
        struct reply whole = reply_of_file(file);
        size_t end = whole.body_len;

        while (whole.body[end - 1] != '}')
                end--;
        for (size_t cut = 0; cut < end; cut++) {
                struct reply rp = reply_with(200, whole.body, cut);
                struct buf b = BUF_INIT(TEXT_MAX);

                read_observation(&b, scope, &rp);
                if (!text_starts(buf_text(&b), "-EBADMSG: "))
                        fail_msg("%s cut at %zu of %zu: %s", file, cut, end, buf_text(&b));
                buf_done(&b);
                reply_done(&rp);
        }
        reply_done(&whole);
}

static void truncated_listings_are_incomplete(void **state)
{
        const struct scope templates = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_TEMPLATE };

        (void)state;
        check_truncations(GOLDEN "listing/transcript.http", &scope_machines);
        check_truncations(GOLDEN "templates/document.http", &templates);
}

/* Wherever the reply to an expand is cut or damaged, nothing that was made may count as not made. */
static void damaged_creates_are_unknown(void **state)
{
        static const char json[] = "{\"code\":0,\"msg\":null,\"content\":[\"i-1\",\"i-2\"],\"ext\":5}";
        const struct order order = order_of("expand-2.");

        (void)state;
        for (size_t i = 0; i <= sizeof(json) - 1; i++)
                for (int byte = 0; byte < 256; byte++) {
                        struct reply rp = reply_with(200, json, sizeof(json) - 1);
                        struct outcome outcome;

                        rp.body[i] = i < sizeof(json) - 1 ? (char)byte : rp.body[i];
                        codec->acted(&account, &order, &rp, &outcome);
                        assert_true(outcome.class == OUTCOME_ACCEPTED || outcome.class == OUTCOME_UNKNOWN);
                        assert_true(outcome.n_ids <= 2 && (outcome.n_ids > 0) == (outcome.class == OUTCOME_ACCEPTED));
                        reply_done(&rp);
                }
        for (size_t cut = 0; cut < sizeof(json) - 1; cut++) {
                struct reply rp = reply_with(200, json, cut);
                struct outcome outcome;

                codec->acted(&account, &order, &rp, &outcome);
                assert_int_equal(outcome.class, OUTCOME_UNKNOWN);
                assert_false(outcome.said_no);
                reply_done(&rp);
        }
}

/* Whatever the body says. */
static void statuses_decide_first(void **state)
{
        static const struct {
                int status;
                enum outcome_class class;
                int read;
                const char *words;
        } cases[] = {
                { 199, OUTCOME_UNKNOWN, -EBADMSG, "199" },     { 302, OUTCOME_UNKNOWN, -EBADMSG, "redirect" },
                { 401, OUTCOME_AUTH, -EACCES, "credentials" }, { 403, OUTCOME_AUTH, -EACCES, "credentials" },
                { 429, OUTCOME_THROTTLED, -EAGAIN, "wait" },   { 413, OUTCOME_UNKNOWN, -EBADMSG, "413" },
                { 502, OUTCOME_UNKNOWN, -EBADMSG, "502" },     { 503, OUTCOME_THROTTLED, -EAGAIN, "wait" },
                { 504, OUTCOME_UNKNOWN, -EBADMSG, "504" },
        };
        const struct order order = order_of("expand-1.");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct reply rp = reply_with_text(cases[i].status, "{\"code\":0,\"msg\":null,\"content\":[\"i-1\"]}");
                struct buf b = BUF_INIT(TEXT_MAX);
                struct outcome outcome;

                rp.retry_after = 100 * USEC_PER_HOUR;
                codec->acted(&account, &order, &rp, &outcome);
                assert_int_equal(outcome.class, cases[i].class);
                assert_int_equal(outcome.wait, outcome.class == OUTCOME_THROTTLED ? USEC_PER_HOUR : 0);
                assert_non_null(strstr(outcome.why.text, cases[i].words));
                read_observation(&b, &scope_machines, &rp);
                assert_true(text_starts(buf_text(&b), errno_name(cases[i].read)));
                assert_non_null(strstr(buf_text(&b), outcome.why.text));
                buf_done(&b);
                reply_done(&rp);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listings_are_read),
                cmocka_unit_test(templates_are_read),
                cmocka_unit_test(bills_are_read),
                cmocka_unit_test(one_thing_is_read),
                cmocka_unit_test(orders_replies_are_read),
                cmocka_unit_test(truncated_listings_are_incomplete),
                cmocka_unit_test(damaged_creates_are_unknown),
                cmocka_unit_test(statuses_decide_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
