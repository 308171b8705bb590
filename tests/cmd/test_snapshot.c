/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/file.h"
#include "cmd/snapshot.h"

#define NOW (5 * USEC_PER_HOUR)
#define WALL INT64_C(1800000000)

static const char *kept(struct ledger *l, const char *s)
{
        const char *string = ledger_string(l, s);

        assert_non_null(string);
        return string;
}

/* A ledger on the disk with something of every sort in it. */
static struct ledger *make_ledger(const char *path)
{
        struct ledger *l = NULL;
        struct values values = { 0 };
        struct thing *t;
        struct call *c;
        struct error e;

        assert_int_equal(ledger_open(path, LEDGER_CREATE, "prod", &l, &e), 0);
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "http://secret-host", 1), 0);
        values_set_number(&values, PROPERTY_CPU, 4);
        values_set_text(&values, PROPERTY_TEMPLATE, "tmpl-7");

        t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1");
        assert_non_null(t);
        assert_int_equal(ledger_set_values(l, &values, &t->made_with, &t->made_with_text), 0);
        t->created = kept(l, "2026-01-01");
        t->address = kept(l, "10.0.0.1");
        t->condition = CONDITION_FAILED;
        t->adopted = t->protect = t->ever_ready = t->missing = true;
        t->made_at = WALL - 100;

        t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "");
        assert_non_null(t);
        t->state = THING_PARKED;
        t->note = kept(l, "two machines carry its name");

        t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", "vm-old");
        assert_non_null(t);
        t->state = THING_GONE;
        t->made_at = WALL - 90;
        t->gone_at = WALL - 50;

        t = ledger_add_thing(l, TYPE_DISK, "star", "MachineSet/web", "web-0/data", "disk-1");
        assert_non_null(t);
        t->made_at = WALL - 80;

        c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CHANGE);
        assert_non_null(c);
        c->field = PROPERTY_CPU;
        c->state = CALL_UNKNOWN;
        c->id = kept(l, "vm-1");
        c->made_at = WALL - 10;
        c->note = kept(l, "no answer");
        c->request = kept(l, "PUT cloudvm/modify");
        assert_int_equal(ledger_set_values(l, &values, &c->wanted, &c->wanted_text), 0);

        c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", ORDER_CREATE);
        assert_non_null(c);
        c->state = CALL_ACCEPTED;
        c->counts = COUNTS_CREATE;
        c->batch = c->seq;
        c->marker = kept(l, "web-3");
        c->cuts = 2;
        c->made_at = WALL - 5;

        c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_DELETE);
        assert_non_null(c);
        c->counts = COUNTS_REPLACE;
        c->state = CALL_RESOLVED;
        c->outcome = "done";
        c->made_at = WALL - 20;

        assert_int_equal(ledger_set_paused(l, "MachineSet/web", "repairs"), 0);
        assert_int_equal(ledger_commit(l, &e), 0);
        ledger_sweep(l);
        return l;
}

/* The part of a snapshot that says what the ledger held, as the whole would have it. */
static json_t *whole_of(const struct snapshot_note *n)
{
        return json_pack("{s:s, s:s, s:s, s:{s:{s:s, s:b, s:s, s:[]}}, s:O?}", "format", SNAPSHOT_FORMAT, "at",
                         "2027-01-15T08:00:00Z", "estate", "prod", "accounts", "star", "type", "starvcenter",
                         "complete", 0, "why", "it was away", "machines", "ledger", n->json);
}

static void check_thing(const struct thing *a, const struct thing *b)
{
        assert_string_equal(a->account, b->account);
        assert_string_equal(a->resource, b->resource);
        assert_string_equal(a->slot, b->slot);
        assert_string_equal(a->id, b->id);
        assert_string_equal(a->created, b->created);
        assert_string_equal(a->address, b->address);
        assert_string_equal(a->note, b->note);
        assert_string_equal(a->made_with_text, b->made_with_text);
        assert_int_equal(a->made_with.known, b->made_with.known);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->condition, b->condition);
        assert_int_equal(a->adopted, b->adopted);
        assert_int_equal(a->protect, b->protect);
        assert_int_equal(a->ever_ready, b->ever_ready);
        assert_int_equal(a->missing, b->missing);
        assert_int_equal(a->leaked, b->leaked);
        assert_int_equal(a->made_at, b->made_at);
}

static void check_call(const struct call *a, const struct call *b)
{
        assert_string_equal(a->account, b->account);
        assert_string_equal(a->resource, b->resource);
        assert_string_equal(a->slot, b->slot);
        assert_string_equal(a->id, b->id);
        assert_string_equal(a->note, b->note);
        assert_string_equal(a->request, b->request);
        assert_string_equal(a->wanted_text, b->wanted_text);
        assert_string_equal(a->marker, b->marker);
        assert_int_equal(a->seq, b->seq);
        assert_int_equal(a->batch, b->batch);
        assert_int_equal(a->cuts, b->cuts);
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->verb, b->verb);
        assert_int_equal(a->field, b->field);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->counts, b->counts);
        assert_int_equal(a->made_at, b->made_at);
}

static void check_ledger(struct ledger *l, struct ledger *m)
{
        struct ledger_hour hour, same;
        struct error e;

        assert_int_equal(l->n_things, 3);
        assert_int_equal(m->n_things, 3);
        for (size_t i = 0; i < m->n_things; i++)
                check_thing(l->things[i], m->things[i]);
        assert_int_equal(l->n_calls, 2);
        assert_int_equal(m->n_calls, 2);
        for (size_t i = 0; i < m->n_calls; i++)
                check_call(l->calls[i], m->calls[i]);
        assert_true(m->next_call > l->calls[1]->seq);

        assert_true(ledger_knows_account(m, "star"));
        assert_string_equal(ledger_paused(m, "MachineSet/web"), "repairs");
        assert_int_equal(ledger_hour(l, "star", NOW, WALL, &hour, &e), 0);
        assert_int_equal(ledger_hour(m, "star", NOW, WALL, &same, &e), 0);
        assert_int_equal(hour.deletes, 1);
        assert_memory_equal(&hour, &same, sizeof(hour));
}

struct folder {
        char path[32], ledger[64];
};

static void make_folder(struct folder *f)
{
        (void)strcpy(f->path, "/tmp/muster-snapshot-XXXXXX");
        assert_non_null(mkdtemp(f->path));
        (void)snprintf(f->ledger, sizeof(f->ledger), "%s/muster.db", f->path);
}

static void remove_folder(const struct folder *f)
{
        static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
        char path[80];

        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                (void)snprintf(path, sizeof(path), "%s%s", f->ledger, endings[i]);
                (void)unlink(path);
        }
        assert_int_equal(rmdir(f->path), 0);
}

static void test_the_ledger_comes_back(_unused_ void **state)
{
        _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_(snapshot_note_done) struct snapshot_note n = { 0 };
        _cleanup_json_ json_t *whole = NULL;
        _cleanup_free_ char *text = NULL;
        struct folder folder;
        struct error e;

        make_folder(&folder);
        l = make_ledger(folder.ledger);
        assert_int_equal(snapshot_note(l, NOW, WALL, &n, &e), 0);
        assert_int_equal(
                json_object_set_new(n.json, "replacements",
                                    json_pack("[{s:s, s:s, s:i}]", "account", "star", "slot", "web-0", "count", 3)),
                0);
        whole = whole_of(&n);
        assert_non_null(whole);
        text = json_dumps(whole, JSON_COMPACT);
        assert_null(strstr(text, "secret-host"));

        assert_int_equal(snapshot_parse(whole, &s, &e), 0);
        assert_int_equal(s->at, 1800000000);
        assert_string_equal(s->estate, "prod");
        assert_true(s->has_ledger);
        check_ledger(l, s->ledger);
        {
                int64_t replaced = 0;

                assert_int_equal(ledger_replacements(s->ledger, "star", "web-0", NOW, WALL, &replaced, &e), 0);
                assert_int_equal(replaced, 3);
        }
        assert_int_equal(s->n_accounts, 1);
        assert_null(s->accounts[0].seen);
        assert_string_equal(s->accounts[0].why, "it was away");
        remove_folder(&folder);
}

#define HEAD "\"format\": \"muster.snapshot/v1\", \"at\": \"2026-11-21T01:02:03Z\", \"estate\": \"prod\""
#define LEDGER "\"ledger\": {\"accounts\": {}, \"things\": [], \"calls\": [], \"replacements\": [], \"pauses\": {}}"
#define MACHINE(id)                                                                                           \
        "{\"id\": " id ", \"name\": \"web-0\", \"address\": \"\", \"created\": \"\", \"parent\": \"vm-9\","   \
        "\"traits\": \"x\", \"condition\": \"running\", \"canShutDown\": true, \"price\": 7, \"held\": true," \
        "\"stranger\": true, \"values\": {\"cpu\": 4, \"template\": \"t\"}}"
#define STAR(lists)                                                                                                         \
        "\"accounts\": {\"star\": {\"type\": \"starvcenter\", \"complete\": true, \"why\": null, \"capped\": false, " lists \
        "}}"

static int parse(const char *text, struct snapshot **ret, struct error *e)
{
        _cleanup_json_ json_t *json = json_loads(text, 0, NULL);

        assert_non_null(json);
        return snapshot_parse(json, ret, e);
}

static void test_machines(_unused_ void **state)
{
        _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
        const struct row *row;
        struct error e;

        assert_int_equal(
                parse("{" HEAD ", " STAR("\"machines\": [" MACHINE("\"vm-1\"") "]") ", \"ledger\": null}", &s, &e), 0);
        assert_false(s->has_ledger);
        assert_int_equal(s->ledger->n_things, 0);
        assert_int_equal(s->accounts[0].seen->state, OBSERVATION_COMPLETE);
        row = observation_find(s->accounts[0].seen, TYPE_MACHINE, "vm-1");
        assert_non_null(row);
        assert_string_equal(row->name, "web-0");
        assert_int_equal(row->values.of[PROPERTY_CPU].number, 4);
        assert_string_equal(row->values.of[PROPERTY_TEMPLATE].text, "t");
        assert_false(values_known(&row->values, PROPERTY_MEMORY));
        assert_string_equal(row->parent, "vm-9");
        assert_string_equal(row->traits, "x");
        assert_int_equal(row->price, 7);
        assert_true(row->can_shut_down);
        assert_true(ledger_held(s->ledger, "star", TYPE_MACHINE, "vm-1"));
        assert_true(ledger_is_stranger(s->ledger, "star", TYPE_MACHINE, "vm-1"));
}

/* Of what was not looked for nothing is known; of what was looked for and not found there is none. */
static void test_what_was_looked_for(_unused_ void **state)
{
        _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
        const struct observation *seen;
        struct error e;

        assert_int_equal(parse("{" HEAD ", " STAR("\"machines\": [], \"disks\": [" MACHINE(
                                       "\"disk-1\"") "]") ", \"ledger\": null}",
                               &s, &e),
                         0);
        seen = s->accounts[0].seen;
        assert_true(observation_covers(seen, TYPE_MACHINE));
        assert_true(observation_covers(seen, TYPE_DISK));
        assert_false(observation_covers(seen, TYPE_TEMPLATE));
        assert_int_equal(seen->of[TYPE_MACHINE].n_rows, 0);
        assert_non_null(observation_find(seen, TYPE_DISK, "disk-1"));
        assert_true(ledger_held(s->ledger, "star", TYPE_DISK, "disk-1"));
        assert_false(ledger_held(s->ledger, "star", TYPE_MACHINE, "disk-1"));
}

/* What is in a group is known where the group was looked into. */
static void test_what_was_looked_into(_unused_ void **state)
{
        _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
        const struct observation *seen;
        struct error e;

        assert_int_equal(
                parse("{" HEAD ", " STAR(
                              "\"machines\": [], \"rules\": [], \"cards\": [], \"details\": ["
                              "{\"of\": \"rule\", \"id\": \"sg-1\", \"within\": null}, "
                              "{\"of\": \"card\", \"id\": \"vm-1\", \"within\": \"sg-1\"}, "
                              "{\"of\": \"rule\", \"id\": \"sg-3\", \"within\": null, \"missed\": \"the answer was cut off\"}]") ", \"ledger\": null}",
                      &s, &e),
                0);
        seen = s->accounts[0].seen;
        assert_true(observation_covers_in(seen, TYPE_RULE, "sg-1"));
        assert_false(observation_covers_in(seen, TYPE_RULE, "sg-2"));
        assert_false(observation_covers_in(seen, TYPE_BINDING, "sg-1"));
        assert_int_equal(seen->scope.n_details, 3);
        assert_false(observation_covers_in(seen, TYPE_RULE, "sg-3"));
        assert_string_equal(observation_missed(seen, TYPE_RULE, "sg-3"), "the answer was cut off");
        assert_null(observation_missed(seen, TYPE_RULE, "sg-1"));
        assert_string_equal(seen->scope.details[1].within, "sg-1");
}

static void test_damaged(_unused_ void **state)
{
        static const struct {
                const char *text, *words;
        } cases[] = {
                { "[]", "its format is not muster.snapshot/v1" },
                { "{\"format\": \"muster.plan/v1\"}", "its format is not muster.snapshot/v1" },
                { "{\"format\": \"muster.snapshot/v1\", \"at\": \"yesterday\", \"estate\": \"prod\"}",
                  "it does not say when it was taken, or of which estate" },
                { "{" HEAD "}", "its ledger has no accounts" },
                { "{" HEAD ", \"ledger\": null}", "it has no accounts" },
                { "{" HEAD ", \"ledger\": {\"accounts\": {\"star\": {}}}}",
                  "its account number 1 has no valid creates" },
                { "{" HEAD ", \"ledger\": {\"accounts\": {}}}", "it has no list of things" },
                { "{" HEAD ", \"ledger\": {\"accounts\": {}, \"things\": [1]}}", "its thing number 1 has no valid " },
                { "{" HEAD ", " LEDGER ", \"accounts\": {\"star\": {\"type\": \"starvcenter\"}}}",
                  "its account star has no type, or does not say whether it is complete" },
                { "{" HEAD ", " LEDGER ", " STAR("\"machines\": 7") "}", "its account star has no list of machines" },
                { "{" HEAD ", " LEDGER ", " STAR("\"machines\": [], \"details\": [{\"of\": \"weather\"}]") "}",
                  "its detail number 1 has no valid of" },
                { "{" HEAD ", " LEDGER ", " STAR("\"machines\": [" MACHINE("\"vm-1\"") ", " MACHINE("2") "]") "}",
                  "account star: its machine number 2 has no valid id" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(snapshot_free_p) struct snapshot *s = NULL;
                struct error e;

                assert_int_equal(parse(cases[i].text, &s, &e), -EBADMSG);
                assert_memory_equal(e.text, cases[i].words, strlen(cases[i].words));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_ledger_comes_back),
                cmocka_unit_test(test_machines),
                cmocka_unit_test(test_what_was_looked_for),
                cmocka_unit_test(test_what_was_looked_into),
                cmocka_unit_test(test_damaged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
