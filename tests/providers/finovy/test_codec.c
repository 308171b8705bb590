/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "tests/providers/finovy/exchange.h"

#include <stdlib.h>

#include "reconcile/base/array.h"
#include "tests/support/reply_files.h"

/* What is never shown, kept or told, wherever it stands in a reply. */
static const char *const canaries[] = { "user-canary", "secret-canary", TOKEN };

static void assert_no_secret(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(canaries); i++)
                assert_null(strstr(text, canaries[i]));
}

static void print_rows(struct buf *b, const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];

                assert_ptr_equal(observation_find(obs, type, row->id), row);
                buf_addf(b, "%s %s|%s|%s|%s|%s", thing_type_text(type), row->id, row->name, row->address, row->created,
                         condition_text(row->condition));
                if (row->traits[0])
                        buf_addf(b, "|traits %s", row->traits);
                if (row->price)
                        buf_addf(b, "|price %lld", (long long)row->price);
                for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++) {
                        if (!values_known(&row->values, p))
                                continue;
                        buf_addf(b, "|%s ", property_name(p));
                        values_print(&row->values, p, b);
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
        buf_adds(b, "complete\n");
        assert_false(obs->denied || obs->capped);
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                print_rows(b, obs, type);
}

/* What one reply to one of the questions makes of an observation. The others are not answered. */
static void read_question(struct buf *b, enum question question, struct reply *rp)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&everything, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, QUESTIONS);
        r = codec->saw(&account, &first.requests[question], rp, obs, &further, &e);
        if (r == 0)
                assert_int_equal(further.n_requests, 0);
        if (r == 0 && question == QUESTION_PAGE)
                r = codec->seen(&account, obs, &further, &e);
        print_observation(b, r, obs, &e);
}

static void read_one(struct buf *b, struct reply *rp)
{
        const struct scope scope = scope_one(TYPE_MACHINE, "h1");
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        r = codec->saw(&account, &first.requests[0], rp, obs, &further, &e);
        assert_int_equal(further.n_requests, 0);
        if (r == 0)
                r = codec->seen(&account, obs, &further, &e);
        print_observation(b, r, obs, &e);
}

/* The order that a golden file's name stands for. */
static struct order order_of(const char *file)
{
        if (text_starts(file, "create") || text_starts(file, "rent"))
                return (struct order){ .verb = ORDER_CREATE,
                                       .n = 1,
                                       .name = "web-0",
                                       .resource = text_starts(file, "rent") ? &rent : NULL };
        return (struct order){ .verb = text_starts(file, "start")  ? ORDER_START
                                       : text_starts(file, "stop") ? ORDER_SHUT_DOWN
                                                                   : ORDER_DELETE,
                               .n = 1,
                               .name = "web-0",
                               .id = "h1" };
}

static void read_outcome(struct buf *b, const char *file, struct reply *rp)
{
        const struct order order = order_of(file);
        struct outcome outcome;

        codec->acted(&account, &order, rp, &outcome);
        buf_adds(b, outcome_text(outcome.class));
        for (size_t i = 0; i < outcome.n_ids; i++)
                buf_addf(b, "%s%s", i ? ", " : ": ", outcome.ids[i]);
        if (outcome.said_no)
                buf_adds(b, ", it said no");
        if (outcome.class != OUTCOME_ACCEPTED)
                buf_addf(b, ": %s", outcome.why.text);
        buf_adds(b, "\n");
}

static void read_reply(struct buf *b, const char *folder, const char *file, struct reply *rp)
{
        if (text_equal(folder, "orders"))
                read_outcome(b, file, rp);
        else if (text_equal(folder, "one"))
                read_one(b, rp);
        else
                read_question(b,
                              text_equal(folder, "listing")    ? QUESTION_PAGE
                              : text_equal(folder, "packages") ? QUESTION_HOURLY
                                                               : QUESTION_IMAGES,
                              rp);
        assert_no_secret(buf_text(b));
}

static bool check_file(const char *folder, const char *file)
{
        return reply_file_check(folder, file, read_reply);
}

static void listings_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "listing", check_file) >= 75);
}

static void one_machine_is_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "one", check_file) >= 9);
}

static void packages_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "packages", check_file) >= 25);
}

static void images_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "images", check_file) >= 7);
}

static void replies_to_orders_are_read(void **state)
{
        (void)state;
        assert_true(test_folder_each(GOLDEN "orders", check_file) >= 120);
}

/* A list that is cut anywhere is never complete, and its error tells no secret. */
static void cut_listings_are_incomplete_and_tell_no_secret(void **state)
{
        struct reply whole = reply_of_file(GOLDEN "listing/secrets.http");

        (void)state;
        for (size_t cut = 0; cut < whole.body_len; cut++) {
                struct reply rp = reply_with(200, whole.body, cut);
                struct buf b = BUF_INIT(TEXT_MAX);

                read_question(&b, QUESTION_PAGE, &rp);
                if (!text_starts(buf_text(&b), "-EBADMSG: "))
                        fail_msg("cut at %zu: %s", cut, buf_text(&b));
                assert_no_secret(buf_text(&b));
                buf_done(&b);
                reply_done(&rp);
        }
        reply_done(&whole);
}

/* Wherever the reply to a create is cut or damaged, nothing that was made may count as not made. */
static void damaged_creates_are_unknown(void **state)
{
        static const char json[] = "{\"code\":0,\"data\":true,\"msg\":\"success\",\"traceId\":\"t\"}";
        const struct order order = order_of("create");

        (void)state;
        for (size_t i = 0; i < sizeof(json) - 1; i++)
                for (int byte = 0; byte < 256; byte++) {
                        struct reply rp = reply_with(200, json, sizeof(json) - 1);
                        struct outcome outcome;

                        rp.body[i] = (char)byte;
                        codec->acted(&account, &order, &rp, &outcome);
                        assert_true(outcome.class == OUTCOME_ACCEPTED || outcome.class == OUTCOME_UNKNOWN);
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

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listings_are_read),
                cmocka_unit_test(one_machine_is_read),
                cmocka_unit_test(packages_are_read),
                cmocka_unit_test(images_are_read),
                cmocka_unit_test(replies_to_orders_are_read),
                cmocka_unit_test(cut_listings_are_incomplete_and_tell_no_secret),
                cmocka_unit_test(damaged_creates_are_unknown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
