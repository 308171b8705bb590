/* SPDX-License-Identifier: MIT */

/*
 * The deeds of a person on what no spec names any more, or whose provider no spec names: what is only dropped from the
 * ledger needs no look at anything.
 */

#include "providers/providers.h"
#include "reconcile/base/text.h"
#include "reconcile/engine.h"
#include "tests/reconcile/test_ledger_fixture.h"
#include "tests/support/estate.h"

#define ANSWER_MAX 4096

static int no_send(_unused_ void *userdata, _unused_ size_t account, _unused_ uint64_t id,
                   _unused_ const struct request *rq, _unused_ struct error *e)
{
        fail_msg("nothing may be sent");
        return -EPERM;
}

static void no_cancel(_unused_ void *userdata, _unused_ size_t account, _unused_ uint64_t id)
{
}

static int commit(void *userdata, struct error *e)
{
        return ledger_commit(userdata, e);
}

static void no_event(_unused_ void *userdata, _unused_ const struct engine_event *event)
{
}

static int64_t wall(_unused_ void *userdata)
{
        return WALL;
}

static const struct provider *find_codec(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

static struct engine *must_start(struct ledger *l, const struct estate *estate)
{
        const struct engine_options options = { .mode = ENGINE_ANSWER, .provider_find = find_codec };
        const struct engine_host host = {
                .userdata = l, .send = no_send, .cancel = no_cancel, .commit = commit, .event = no_event, .wall = wall
        };
        struct engine *engine = NULL;
        struct error e;

        assert_int_equal(engine_new(&options, &host, l, &engine), 0);
        assert_int_equal(engine_set_estate(engine, estate, NULL, 0, NOW, &e), 0);
        return engine;
}

/* A ledger with machines on a provider that is gone from the specs. */
static struct ledger *must_make_ledger(const struct fixture *f)
{
        struct ledger *l = must_open(f, LEDGER_CREATE);
        struct thing *parked;
        struct call *c;

        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "lost", "MachineSet/web", "web-0", "vm-1"));
        parked = ledger_add_thing(l, TYPE_MACHINE, "lost", "MachineSet/web", "web-1", "vm-2");
        assert_non_null(parked);
        parked->state = THING_PARKED;
        parked->note = "two machines have its name";
        c = ledger_add_call(l, TYPE_MACHINE, "lost", "MachineSet/db", "db-0", ORDER_CREATE);
        assert_non_null(c);
        c->state = CALL_UNKNOWN;
        must_commit(l);
        return l;
}

static void check(const struct fixture *f, struct engine *engine, struct ledger *l, enum request_verb verb,
                  const char *resource, const char *slot, bool ok, const char *words)
{
        const struct ledger_request request = {
                .verb = verb, .account = "", .resource = resource, .slot = slot, .id = "", .reason = "why"
        };
        _cleanup_buf_ struct buf answer = BUF_INIT(ANSWER_MAX);
        struct ledger_request next;
        struct error e;
        int64_t seq;
        bool said;

        assert_int_equal(ledger_ask(f->path, &request, &seq, &e), 0);
        assert_int_equal(ledger_next_request(l, &next, &e), 1);
        assert_int_equal(engine_ask(engine, &next, NOW), 0);
        assert_false(engine_is_asked(engine));
        assert_int_equal(engine_step(engine, NOW), ENGINE_CONVERGED);
        assert_int_equal(ledger_answer_of(f->path, seq, &said, &answer, &e), 1);
        assert_string_equal(buf_text(&answer), words);
        assert_int_equal(said, ok);
}

static void test_lost_provider(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(estate_free_p) struct estate *estate = test_estate_new();
        _cleanup_(ledger_free_p) struct ledger *l = must_make_ledger(f);
        _cleanup_(engine_free_p) struct engine *engine = NULL;

        (void)test_estate_add_provider(estate, "star", "http://127.0.0.1:1");
        test_estate_finish(estate);
        engine = must_start(l, estate);

        check(f, engine, l, REQUEST_ADOPT, "MachineSet/web", "web-0", false,
              "no spec names what this is about, or its provider: write them first");
        check(f, engine, l, REQUEST_RETRY, "MachineSet/web", "", true,
              "web-1 is not parked any more; left as it is: vm-2");
        check(f, engine, l, REQUEST_RETRY, "MachineSet/web", "web-0", true, "nothing of web-0 waits for a person");
        check(f, engine, l, REQUEST_FORGET, "MachineSet/web", "web-0", true,
              "forgot web-0 (vm-1), which is left as it is");
        check(f, engine, l, REQUEST_FORGET, "MachineSet/db", "", true, "forgot that db-0 was being made");
        check(f, engine, l, REQUEST_FORGET, "MachineSet/db", "", false, "the ledger knows nothing of it");
        check(f, engine, l, REQUEST_FORGET, "MachineSet/never", "", false, "the ledger knows nothing of it");
        check(f, engine, l, REQUEST_PAUSE, "MachineSet/web", "", true, "MachineSet/web is paused");
        assert_string_equal(ledger_paused(l, "MachineSet/web"), "why");
        check(f, engine, l, REQUEST_RESUME, "MachineSet/web", "", true, "MachineSet/web is no longer paused");
        check(f, engine, l, REQUEST_RESUME, "MachineSet/web", "", true, "MachineSet/web is not paused");
        for (size_t i = 0; i < l->n_things; i++)
                assert_int_equal(l->things[i]->state, THING_GONE);
        assert_int_equal(l->calls[0]->state, CALL_RESOLVED);
}

/* What a set has on one account is forgotten, and what has the same name on another one is not: not before it is asked for again. */
static void test_two_accounts(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(estate_free_p) struct estate *estate = test_estate_new();
        _cleanup_(ledger_free_p) struct ledger *l = must_make_ledger(f);
        _cleanup_(engine_free_p) struct engine *engine = NULL;
        struct thing *other;

        (void)test_estate_add_provider(estate, "star", "http://127.0.0.1:1");
        test_estate_finish(estate);
        other = ledger_add_thing(l, TYPE_MACHINE, "left", "MachineSet/web", "web-0", "vm-9");
        assert_non_null(other);
        must_commit(l);
        engine = must_start(l, estate);

        check(f, engine, l, REQUEST_FORGET, "MachineSet/web", "", true,
              "forgot web-0 (vm-1), which is left as it is\nforgot web-1 (vm-2), which is left as it is");
        assert_int_equal(other->state, THING_OWNED);
        check(f, engine, l, REQUEST_FORGET, "MachineSet/web", "web-0", true,
              "forgot web-0 (vm-9), which is left as it is");
        check(f, engine, l, REQUEST_FORGET, "MachineSet/web", "", false, "the ledger knows nothing of it");
}

/* The account that was there for the answer is the Provider's once a spec names it again. */
static void test_provider_comes_back(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(estate_free_p) struct estate *without = test_estate_new(), *with = test_estate_new();
        _cleanup_(ledger_free_p) struct ledger *l = must_make_ledger(f);
        _cleanup_(engine_free_p) struct engine *engine = NULL;
        struct account_view view;
        struct error e;

        (void)test_estate_add_provider(without, "star", "http://127.0.0.1:1");
        (void)test_estate_add_provider(with, "lost", "http://127.0.0.1:2");
        engine = must_start(l, without);
        check(f, engine, l, REQUEST_FORGET, "MachineSet/web", "web-1", true,
              "forgot web-1 (vm-2), which is left as it is");

        assert_int_equal(engine_set_estate(engine, with, NULL, 0, NOW, &e), 0);
        assert_int_equal(engine_n_accounts(engine), 2);
        engine_account(engine, 1, &view);
        assert_string_equal(view.provider->name, "lost");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(test_lost_provider),
                ledger_test(test_two_accounts),
                ledger_test(test_provider_comes_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
