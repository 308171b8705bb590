/* SPDX-License-Identifier: MIT */

/*
 * Replies of the golden files, as servers of both eras gave them or as they might, and what the codec reads in them.
 * Each NAME.http is a reply as it came over the wire; NAME.expected says what it means.
 */

#include "tests/providers/jimv/exchange.h"

#include <errno.h>
#include <inttypes.h>

#include "tests/support/files.h"
#include "tests/support/reply_text.h"

#define TEXT_MAX ((size_t)1 << 20)
#define FOLDER "providers/jimv/golden/"

static const struct account_config *account_of(const char *folder)
{
        return text_starts(folder, "2017") ? &account_2017 : &account_08;
}

/* The strings of the reply that nobody may see again: the values of such keys, and what only XML has. */
static size_t find_secrets(const char *text, char secrets[static 16][128])
{
        static const char *const keys[] = { "\"password\": \"", "\"vnc_password\": \"" };
        size_t n = 0;

        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
                for (const char *at = text; (at = strstr(at, keys[k])) && n < 16; at++) {
                        const char *value = at + strlen(keys[k]);

                        if (*value != '"')
                                (void)snprintf(secrets[n++], 128, "%.*s", (int)strcspn(value, "\""), value);
                }
        return n;
}

static void assert_no_secret(const char *http, const char *said, const char *what)
{
        static const char *const always[] = { "<domain", "<?xml", "passwd=", PASSWORD };
        char secrets[16][128];
        size_t n = find_secrets(http, secrets);

        for (size_t i = 0; i < n; i++)
                if (strstr(said, secrets[i]))
                        fail_msg("%s shows %s", what, secrets[i]);
        for (size_t i = 0; i < ARRAY_SIZE(always); i++)
                if (strstr(said, always[i]))
                        fail_msg("%s shows %s", what, always[i]);
}

static void print_number(struct buf *b, const char *name, const struct values *v, enum property p)
{
        if (values_known(v, p))
                buf_addf(b, "|%s %" PRId64, name, v->of[p].number);
}

static void print_rows(struct buf *b, const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];
                const struct values *v = &row->values;

                assert_ptr_equal(observation_find(obs, type, row->id), row);
                buf_addf(b, "%s|%s|%s|%s|%s", row->id, row->name, row->address, row->created,
                         condition_text(row->condition));
                if (type == TYPE_MACHINE)
                        assert_true(row->can_shut_down);
                else
                        buf_addf(b, "|on %s", *row->parent ? row->parent : "none");
                if (*row->traits)
                        buf_addf(b, "|host %s", row->traits);
                if (values_known(v, PROPERTY_TEMPLATE))
                        buf_addf(b, "|template %s", v->of[PROPERTY_TEMPLATE].text);
                print_number(b, "cpu", v, PROPERTY_CPU);
                print_number(b, "memory", v, PROPERTY_MEMORY);
                print_number(b, "bandwidth", v, PROPERTY_BANDWIDTH);
                print_number(b, "size", v, PROPERTY_SIZE);
                buf_addc(b, '\n');
        }
}

static const char *errno_name(int r)
{
        return r == -EBADMSG       ? "-EBADMSG"
               : r == -EACCES      ? "-EACCES"
               : r == -EAGAIN      ? "-EAGAIN"
               : r == -ESTALE      ? "-ESTALE"
               : r == -EKEYEXPIRED ? "-EKEYEXPIRED"
                                   : "?";
}

/* What one reply to the first question makes of an observation, as text. */
static void read_observation(struct buf *b, const struct account_config *account, const struct scope *scope,
                             struct reply *rp)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, further = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(account, obs, &first, &e), 0);
        assert_int_equal(first.n_requests, 1);
        assert_true(first.requests[0].read);
        r = codec->saw(account, &first.requests[0], rp, obs, &further, &e);
        if (r == 0 && further.n_requests == 0)
                r = codec->seen(account, obs, &further, &e);
        if (r != 0) {
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
                return;
        }
        buf_adds(b, obs->denied ? "complete, there is no such thing\n" : "complete\n");
        print_rows(b, obs, TYPE_MACHINE);
        print_rows(b, obs, TYPE_DISK);
}

/* The file's name begins with what the order was. */
static struct order order_of(const char *file)
{
        static const struct {
                const char *word;
                enum order_verb verb;
        } verbs[] = {
                { "create", ORDER_CREATE },       { "delete", ORDER_DELETE }, { "start", ORDER_START },
                { "shut-down", ORDER_SHUT_DOWN }, { "change", ORDER_CHANGE }, { "resize", ORDER_CHANGE },
                { "label", ORDER_RENAME },        { "attach", ORDER_ATTACH }, { "detach", ORDER_DETACH },
        };
        struct order order = { .type = text_starts(file, "disk-") ? TYPE_DISK : TYPE_MACHINE, .n = 1 };
        const char *word = order.type == TYPE_DISK ? file + strlen("disk-") : file;

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (text_starts(word, verbs[i].word)) {
                        order.verb = verbs[i].verb;
                        return order;
                }
        fail_msg("%s names no order", file);
        return order;
}

static void print_outcome(struct buf *b, const struct outcome *outcome)
{
        assert_int_equal(outcome->n_ids, 0);
        buf_addf(b, "%s%s", outcome_text(outcome->class), outcome->said_no ? ", and it said no" : "");
        if (outcome->wait)
                buf_addf(b, ", wait %" PRIu64 "s", outcome->wait / USEC_PER_SEC);
        buf_addf(b, "%s%s\n", outcome->class == OUTCOME_ACCEPTED ? "" : ": ", outcome->why.text);
}

static void read_outcome(struct buf *b, const struct account_config *account, const char *file, struct reply *rp)
{
        struct machine_set set = { .password_env = "WEB_PASSWORD" };
        struct resource resource = { .kind = &kind_machine_set, .machine_set = &set };
        struct order order = order_of(file);
        struct outcome outcome;

        if (order.verb == ORDER_CREATE)
                order.resource = &resource;
        codec->acted(account, &order, rp, &outcome);
        print_outcome(b, &outcome);
}

static void read_login(struct buf *b, struct reply *rp)
{
        _cleanup_free_ char *session = NULL;
        struct error e = { "" };
        int r = codec->logged_in(&account_08, rp, &session, &e);

        if (r == 0)
                buf_addf(b, "session %s\n", session);
        else
                buf_addf(b, "%s: %s\n", errno_name(r), e.text);
        assert_true((r == 0) == (session != NULL));
}

static void read_reply(struct buf *b, const char *folder, const char *file, struct reply *rp)
{
        const struct scope one = scope_one(TYPE_MACHINE, text_starts(folder, "2017") ? GUEST
                                                                                     : "7f74bbf6-10f7-4549-9914-"
                                                                                       "d3a5e360a30e");
        const struct scope transcript = scope_one(TYPE_MACHINE, "9a37c121-f608-4e4b-a577-a0652b2a0b4d");
        const char *what = strchr(folder, '/') + 1;

        if (text_equal(what, "orders"))
                read_outcome(b, account_of(folder), file, rp);
        else if (text_equal(what, "login"))
                read_login(b, rp);
        else if (text_equal(what, "guests"))
                read_observation(b, account_of(folder), &scope_machines, rp);
        else if (text_equal(what, "disks"))
                read_observation(b, account_of(folder), &all_disks, rp);
        else
                read_observation(b, account_of(folder),
                                 text_equal(folder, "2017/one") && text_starts(file, "transcript") ? &transcript : &one,
                                 rp);
}

static bool check_file(const char *place, const char *file)
{
        const char *folder = place + strlen(FOLDER);
        const char *dot = strrchr(file, '.');
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[512], *http;
        struct reply rp;

        if (!dot || !text_equal(dot, ".http"))
                return false;
        (void)snprintf(path, sizeof(path), FOLDER "%s/%s", folder, file);
        http = test_file_read(path);
        rp = reply_of_text(http, strlen(http));
        read_reply(&b, folder, file, &rp);
        assert_no_secret(http, buf_text(&b), path);
        (void)snprintf(path, sizeof(path), FOLDER "%s/%.*s.expected", folder, (int)(dot - file), file);
        assert_same_as_file(buf_text(&b), path);
        buf_done(&b);
        reply_done(&rp);
        free(http);
        return true;
}

static void check_folder(const char *folder, size_t at_least)
{
        char place[512];

        (void)snprintf(place, sizeof(place), FOLDER "%s", folder);
        assert_true(test_folder_each(place, check_file) >= at_least);
}

static void listings_of_guests_are_read(void **state)
{
        (void)state;
        check_folder("2017/guests", 70);
        check_folder("0.8/guests", 20);
}

static void listings_of_disks_are_read(void **state)
{
        (void)state;
        check_folder("2017/disks", 15);
        check_folder("0.8/disks", 5);
}

static void one_guest_is_read(void **state)
{
        (void)state;
        check_folder("2017/one", 12);
        check_folder("0.8/one", 4);
}

static void replies_to_orders_are_read(void **state)
{
        (void)state;
        check_folder("2017/orders", 35);
        check_folder("0.8/orders", 15);
}

static void replies_to_logins_are_read(void **state)
{
        (void)state;
        check_folder("0.8/login", 12);
}

/* A listing that is cut anywhere is never complete, and what is left of it shows no secret. */
static void check_cuts(const char *folder, const char *file)
{
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[512], *http;
        size_t head, whole;

        (void)snprintf(path, sizeof(path), FOLDER "%s/%s.http", folder, file);
        http = test_file_read(path);
        head = (size_t)(strstr(http, "\n\n") + 2 - http);
        whole = strlen(http) - 1; /* the file ends with a line break, which JSON can do without */
        for (size_t cut = head; cut < whole; cut++) {
                struct reply rp = reply_of_text(http, cut);

                buf_reset(&b);
                read_reply(&b, folder, file, &rp);
                if (!text_starts(buf_text(&b), "-EBADMSG: "))
                        fail_msg("%s cut at %zu of %zu: %s", path, cut, whole, buf_text(&b));
                assert_no_secret(http, buf_text(&b), path);
                assert_no_secret(http, rp.body, path);
                reply_done(&rp);
        }
        buf_done(&b);
        free(http);
}

static void cut_replies_are_incomplete_and_tell_no_secret(void **state)
{
        (void)state;
        check_cuts("2017/guests", "document");
        check_cuts("2017/one", "transcript");
        check_cuts("2017/disks", "transcript");
        check_cuts("0.8/guests", "transcript-guest");
        check_cuts("0.8/disks", "transcript-disk");
}

/* No byte may be wrong in a way that makes a create count as refused, nor may any reply break the reader. */
static void damaged_creates_are_unknown(void **state)
{
        static const char yes[] = "{\"state\": {\"code\": \"200\", \"zh-cn\": \"成功\", \"en-us\": \"OK\"}}";
        const struct order order = { .verb = ORDER_CREATE, .n = 1 };

        (void)state;
        for (size_t i = 0; i < strlen(yes); i++)
                for (int byte = 0; byte < 256; byte++) {
                        struct reply rp = reply_of_text(yes, strlen(yes));
                        struct outcome outcome;

                        rp.body[i] = (char)byte;
                        codec->acted(&account_2017, &order, &rp, &outcome);
                        assert_true(outcome.class == OUTCOME_ACCEPTED || outcome.class == OUTCOME_UNKNOWN);
                        assert_true(outcome.class == OUTCOME_ACCEPTED || *outcome.why.text);
                        reply_done(&rp);
                }
}

/* Only what is in the table of codes proves that nothing was done. */
static void no_other_code_is_a_refusal(void **state)
{
        static const int64_t known[] = { 40401, 40450, 40901, 41201, 41202, 41203, 41209,
                                         41255, 41256, 41257, 41258, 41259, 41260, 41261 };
        const struct order order = { .verb = ORDER_CREATE, .n = 1 };
        size_t refused = 0;

        (void)state;
        for (int code = 20000; code < 60000; code++) {
                char text[160];
                struct outcome outcome;
                struct reply rp;

                (void)snprintf(text, sizeof(text),
                               "{\"state\":{\"code\":\"%d\",\"sub\":{\"code\":\"%d\",\"zh-cn\":\"x\"}}}", code / 100,
                               code);
                rp = reply_of_text(text, strlen(text));
                rp.status = code / 100;
                codec->acted(&account_08, &order, &rp, &outcome);
                assert_int_not_equal(outcome.class, OUTCOME_ACCEPTED);
                if (outcome.class == OUTCOME_REFUSED)
                        assert_int_equal(code, known[refused++]);
                assert_true((outcome.class == OUTCOME_CAPACITY) == (code == 50350 || code == 50351));
                reply_done(&rp);
        }
        assert_int_equal(refused, ARRAY_SIZE(known));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(listings_of_guests_are_read),
                cmocka_unit_test(listings_of_disks_are_read),
                cmocka_unit_test(one_guest_is_read),
                cmocka_unit_test(replies_to_orders_are_read),
                cmocka_unit_test(replies_to_logins_are_read),
                cmocka_unit_test(cut_replies_are_incomplete_and_tell_no_secret),
                cmocka_unit_test(damaged_creates_are_unknown),
                cmocka_unit_test(no_other_code_is_a_refusal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
