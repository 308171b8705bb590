/* SPDX-License-Identifier: MIT */

/*
 * Backups and snapshots: every request as a file, and every reading of their listings. The two are alike but for a word.
 */

#include "tests/providers/starvcenter/exchange.h"

#include "reconcile/base/text.h"

static const struct detail details[] = {
        { TYPE_BACKUP, "vm-1" },
        { TYPE_SNAPSHOT, "vm-1" },
        { TYPE_BACKUP, "vm/2" },
};
static const struct scope copies = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_BACKUP | 1u << TYPE_SNAPSHOT,
                                     .details = details,
                                     .n_details = ARRAY_SIZE(details) };

#define REPLY(rows) "{\"result\":\"0\",\"data\":[" rows "]}"
#define BACKUPS                                                                                                             \
        REPLY("{\"backup.id\":\"b-1\",\"backup.name\":\"nightly-web-0-1\",\"backup.desc\":\"muster:web-0/nightly-1\","      \
              "\"backup.vmid\":\"vm-1\",\"backup.createtime\":\"2026-01-01 03:00:00\",\"backup.enable\":\"true\"},"         \
              "{\" backup.id\":2,\"backup.name\":\"web-0/nightly-2\",\"backup.desc\":\"by hand\",\"backup.vmid\":\"vm-1\"," \
              "\"backup.enable\":true},"                                                                                    \
              "{\"backup.id\":\"b-3\",\"backup.desc\":\"muster:web-0/nightly-3\",\"backup.enable\":\"false\"},"             \
              "{\"backup.id\":\"b-4\",\"backup.desc\":null,\"backup.enable\":\"repairing\"},"                               \
              "{\"backup.id\":\"b-5\",\"backup.desc\":\"muster:web-0/nightly-5\",\"backup.vmid\":\"vm-11\"},"               \
              "{\"backup.id\":\"b-6\",\"backup.desc\":\"muster:web-0/nightly-6\"}")
#define SNAPSHOTS                                                                                      \
        "{\"result\":0,\"data\":{\"snapshot.id\":\"s-1\",\"snapshot.desc\":\"muster:web-0/hourly-9\"," \
        "\"snapshot.vmid\":\"vm-1\",\"snapshot.createtime\":\"2026-01-01 03:00:00\",\"snapshot.enable\":1}}"

static void row_is(const struct observation *obs, enum thing_type type, const char *id, const char *name,
                   enum condition condition)
{
        const struct row *row = observation_find(obs, type, id);

        assert_non_null(row);
        assert_string_equal(row->name, name);
        assert_string_equal(row->parent, "vm-1");
        assert_int_equal(row->condition, condition);
}

/* Asks, and answers in the order of the details. The requests are left to the caller. */
static int look(const char *const replies[static ARRAY_SIZE(details)], struct observation *obs,
                struct request_list *list, struct error *e)
{
        int r;

        assert_int_equal(codec->look(&account, obs, list, e), 0);
        assert_int_equal(list->n_requests, ARRAY_SIZE(details));
        for (size_t i = 0; i < ARRAY_SIZE(details); i++) {
                struct reply rp = reply_of_json(replies[i]);

                assert_true(list->requests[i].read);
                r = codec->saw(&account, &list->requests[i], &rp, obs, list, e);
                reply_done(&rp);
                if (r < 0)
                        return r;
        }
        return codec->seen(&account, obs, list, e);
}

static void each_machine_is_asked(void **state)
{
        static const char *const replies[] = { BACKUPS, SNAPSHOTS, REPLY("") };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list list = {};
        struct error e = { "" };

        (void)state;
        assert_int_equal(observation_new(&copies, &obs), 0);
        assert_int_equal(look(replies, obs, &list, &e), 0);
        check_request("backup-list", &list.requests[0]);
        check_request("snapshot-list", &list.requests[1]);
        check_request("backup-list-escaped", &list.requests[2]);
        assert_int_equal(obs->of[TYPE_BACKUP].n_rows, 5);
        row_is(obs, TYPE_BACKUP, "b-1", "web-0/nightly-1", CONDITION_RUNNING);
        assert_string_equal(observation_find(obs, TYPE_BACKUP, "b-1")->created, "2026-01-01 03:00:00");
        row_is(obs, TYPE_BACKUP, "2", "", CONDITION_RUNNING); /* without the mark it is nobody's, whatever its name */
        row_is(obs, TYPE_BACKUP, "b-3", "web-0/nightly-3", CONDITION_CHANGING);
        row_is(obs, TYPE_BACKUP, "b-4", "", CONDITION_UNKNOWN);
        row_is(obs, TYPE_BACKUP, "b-6", "web-0/nightly-6", CONDITION_UNKNOWN);
        assert_int_equal(obs->of[TYPE_SNAPSHOT].n_rows, 1);
        row_is(obs, TYPE_SNAPSHOT, "s-1", "web-0/hourly-9", CONDITION_RUNNING);
        assert_true(observation_covers_in(obs, TYPE_BACKUP, "vm/2"));
        assert_false(observation_covers_in(obs, TYPE_SNAPSHOT, "vm/2"));
}

static void a_refusal_says_nothing_of_one_machine(void **state)
{
        static const char *const replies[] = { "{\"result\":\"1\",\"resultinfo\":\"busy\"}", SNAPSHOTS, REPLY("") };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list list = {};
        struct error e = { "" };

        (void)state;
        assert_int_equal(observation_new(&copies, &obs), 0);
        assert_int_equal(look(replies, obs, &list, &e), 0);
        assert_false(observation_covers_in(obs, TYPE_BACKUP, "vm-1"));
        assert_true(observation_covers_in(obs, TYPE_SNAPSHOT, "vm-1"));
        assert_true(observation_covers_in(obs, TYPE_BACKUP, "vm/2"));
}

static void damaged_listings_are_incomplete(void **state)
{
        static const struct {
                const char *reply, *words;
        } cases[] = {
                { REPLY("17"), "a backup in the provider's reply is not an object" },
                { REPLY("{}"), "no \"backup.id\" that could be one" },
                { REPLY("{\"backup.id\":\"\"}"), "no \"backup.id\" that could be one" },
                { REPLY("{\"backup.id\":\"b-1\",\"backup.desc\":{}}"), "\"backup.desc\" of a backup" },
                { REPLY("{\"backup.id\":\"b-1\",\"backup.enable\":[true]}"), "\"backup.enable\" of a backup" },
                { REPLY("{\"backup.id\":\"b-1\"},{\"backup.id\":{}}"), "row 2 of the backups of vm-1" },
                { "{\"result\":\"0\",\"data\":7}", "neither a list nor an object" },
                { "{\"data\":[]}", "no result code" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *const replies[] = { cases[i].reply, SNAPSHOTS, REPLY("") };
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                _cleanup_request_list_ struct request_list list = {};
                struct error e = { "" };

                assert_int_equal(observation_new(&copies, &obs), 0);
                assert_int_equal(look(replies, obs, &list, &e), -EBADMSG);
                if (!strstr(e.text, cases[i].words))
                        fail_msg("\"%s\" is not in \"%s\"", cases[i].words, e.text);
        }
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
        static const struct values none = {};
        struct order order = { .verb = ORDER_CREATE,
                               .type = TYPE_BACKUP,
                               .name = "web-0/nightly-12",
                               .marker = "web-0/nightly-12",
                               .parent = "vm-1",
                               .wanted = &none };

        (void)state;
        check_order("backup-create", &order);
        order.type = TYPE_SNAPSHOT;
        check_order("snapshot-create", &order);
        order = (struct order){ .verb = ORDER_DELETE, .type = TYPE_BACKUP, .id = "b/1" };
        check_order("backup-delete", &order);
        order.type = TYPE_SNAPSHOT;
        check_order("snapshot-delete", &order);
}

static void impossible_orders_are_told(void **state)
{
        static const struct order orders[] = {
                { .verb = ORDER_CREATE, .type = TYPE_BACKUP, .name = "web-0/n-1", .marker = "web-0/n-1" },
                { .verb = ORDER_CREATE, .type = TYPE_BACKUP, .name = "web-0/n-1", .parent = "vm-1" },
                { .verb = ORDER_CREATE, .type = TYPE_SNAPSHOT, .name = "web-0", .marker = "web-0", .parent = "vm-1" },
                { .verb = ORDER_CHANGE, .type = TYPE_BACKUP, .id = "b-1", .field = PROPERTY_SIZE },
                { .verb = ORDER_RENAME, .type = TYPE_SNAPSHOT, .id = "s-1", .name = "web-0/n-1" },
                { .verb = ORDER_DELETE, .type = TYPE_BACKUP, .id = ".." },
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
                { TYPE_BACKUP, ORDER_CREATE, "{\"result\":\"0\",\"data\":{\"backup.id\":\"b-1\"},\"startid\":\"7\"}",
                  OUTCOME_ACCEPTED, "b-1" },
                { TYPE_SNAPSHOT, ORDER_CREATE, "{\"result\":0,\"data\":[{\" snapshot.id\":7}]}", OUTCOME_ACCEPTED,
                  "7" },
                { TYPE_SNAPSHOT, ORDER_CREATE, "{\"result\":0,\"data\":{\"backup.id\":\"b-1\"}}", OUTCOME_ACCEPTED,
                  NULL },
                { TYPE_BACKUP, ORDER_CREATE, "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_BACKUP, ORDER_CREATE, "{\"result\":\"1\",\"resultinfo\":\"locked\"}", OUTCOME_UNKNOWN, NULL },
                { TYPE_SNAPSHOT, ORDER_CREATE, "<html>", OUTCOME_UNKNOWN, NULL },
                { TYPE_BACKUP, ORDER_DELETE, "{\"result\":\"0\",\"data\":\"\"}", OUTCOME_ACCEPTED, NULL },
                { TYPE_BACKUP, ORDER_DELETE, "{\"result\":\"1\"}", OUTCOME_REFUSED, NULL },
                { TYPE_SNAPSHOT, ORDER_DELETE, "{\"result\":\"1003\"}", OUTCOME_AUTH, NULL },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct order order = { .verb = cases[i].verb, .type = cases[i].type, .name = "web-0/nightly-1" };
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
                cmocka_unit_test(each_machine_is_asked),
                cmocka_unit_test(a_refusal_says_nothing_of_one_machine),
                cmocka_unit_test(damaged_listings_are_incomplete),
                cmocka_unit_test(orders_are_as_documented),
                cmocka_unit_test(impossible_orders_are_told),
                cmocka_unit_test(replies_to_orders_are_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
