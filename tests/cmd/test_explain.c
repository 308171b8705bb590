/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/calls.h"
#include "cmd/explain_text.h"
#include "cmd/output.h"
#include "cmd/specs.h"
#include "reconcile/base/text.h"
#include "tests/support/estate.h"
#include "tests/support/files.h"

#define NOW 1800000000

/* A set of five, and a ledger with a machine for every tale. */
struct world {
        struct estate *estate;
        struct resource *provider, *web;
        struct ledger *ledger;
        struct table calls;
        struct status_row status;
        struct explained x;
};

static int make_world(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        if (!w || ledger_new_empty(&w->ledger) < 0)
                return -1;
        w->estate = test_estate_new();
        w->provider = test_estate_add_provider(w->estate, "star", "http://127.0.0.1:1");
        w->web = test_estate_add_set(w->estate, "web", w->provider, 5);
        test_estate_finish(w->estate);
        w->calls.n_columns = CALLS_COLUMNS;
        w->status = (struct status_row){ .resource = "MachineSet/web",
                                         .provider = "star",
                                         .phase = "converged",
                                         .reason = "",
                                         .desired = 5,
                                         .ready = 5,
                                         .message = "",
                                         .since = NOW - 600 };
        w->x = (struct explained){ .estate = w->estate,
                                   .ledger = w->ledger,
                                   .name = "MachineSet/web",
                                   .spec = w->web,
                                   .codec = specs_codec("starvcenter"),
                                   .status = &w->status,
                                   .status_at = NOW - 5,
                                   .calls = &w->calls,
                                   .now = NOW };
        *state = w;
        return calls_add_headings(&w->calls);
}

static int drop_world(void **state)
{
        struct world *w = *state;

        estate_free(w->estate);
        ledger_free(w->ledger);
        table_done(&w->calls);
        free(w);
        return 0;
}

static struct thing *add_thing(struct world *w, const char *slot, const char *id)
{
        struct thing *t = ledger_add_thing(w->ledger, TYPE_MACHINE, "star", "MachineSet/web", slot, id);

        assert_non_null(t);
        t->made_at = NOW - 3600;
        t->condition = CONDITION_RUNNING;
        t->address = "10.0.0.7";
        t->ever_ready = true;
        values_set_text(&t->made_with, PROPERTY_TEMPLATE, "tmpl-6");
        values_set_number(&t->made_with, PROPERTY_MEMORY, INT64_C(8) << 30);
        return t;
}

static struct call *add_call(struct world *w, const char *slot, enum order_verb verb, enum call_state state)
{
        struct call *c = ledger_add_call(w->ledger, TYPE_MACHINE, "star", "MachineSet/web", slot, verb);

        assert_non_null(c);
        c->state = state;
        c->made_at = NOW - 20;
        return c;
}

static void check(struct world *w, const char *slot, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        w->x.slot = slot;
        assert_int_equal(explain_text(&w->x, &b), 0);
        assert_same_as_file(buf_text(&b), file);
}

static void check_json(struct world *w, const char *slot, json_t *calls, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = NULL;

        w->x.slot = slot;
        json = explain_json(&w->x, calls);
        assert_int_equal(output_json_to(json, &b), 0);
        assert_same_as_file(buf_text(&b), file);
}

static void test_machine(void **state)
{
        const struct history_row row = { .made_at = NOW - 3600,
                                         .account = "star",
                                         .resource = "MachineSet/web",
                                         .slot = "web-3",
                                         .verb = "create",
                                         .field = "",
                                         .id = "vm-77",
                                         .state = "resolved",
                                         .outcome = "done",
                                         .note = "",
                                         .request = "POST /cloudvm/create" };
        _cleanup_json_ json_t *calls = NULL;
        struct world *w = *state;

        add_thing(w, "web-3", "vm-77");
        assert_int_equal(calls_add(&w->calls, &row), 0);
        check(w, "web-3", "cmd/golden/explain-machine.txt");

        calls = json_pack("[o]", call_json(&row));
        check_json(w, "web-3", calls, "cmd/golden/explain-machine.json");
        w->x.status = NULL;
        w->x.spec = NULL;
        check_json(w, "web-5", calls, "cmd/golden/explain-nothing.json");
}

static void test_set(void **state)
{
        struct world *w = *state;

        add_thing(w, "web-0", "vm-1");
        add_thing(w, "web-1", "vm-2");
        add_thing(w, "web-2", "vm-3")->missing = true;
        for (int i = 3; i < 10; i++)
                add_call(w, i < 9 ? "web-3" : "web-9", ORDER_CREATE, i == 3 ? CALL_INTENT : CALL_SENDING);
        w->status.phase = "progressing";
        w->status.ready = 2;
        w->status.message = "2 of 5 ready";
        check(w, NULL, "cmd/golden/explain-set.txt");
}

static void test_unknown_outcome(void **state)
{
        struct world *w = *state;

        add_call(w, "web-4", ORDER_CREATE, CALL_UNKNOWN)->note = "no answer within 30s";
        w->provider->provider->settle = 90 * USEC_PER_SEC;
        check(w, "web-4", "cmd/golden/explain-unknown.txt");
}

static void test_accepted(void **state)
{
        struct world *w = *state;

        add_thing(w, "web-0", "vm-1")->adopted = true;
        add_call(w, "web-0", ORDER_SHUT_DOWN, CALL_ACCEPTED);
        check(w, "web-0", "cmd/golden/explain-accepted.txt");
}

/* Everything that can hold a machine, at once. */
static void test_held(void **state)
{
        const char *lists[] = { "web-1", "vm-9" };
        struct world *w = *state;
        struct thing *t = add_thing(w, "web-9", "vm-9");

        t->state = THING_PARKED;
        t->note = "several machines carry its name: vm-9\x1b[2J, vm-10";
        t->protect = true;
        t->ever_ready = false;
        w->web->machine_set->hold = (struct strings){ .items = lists, .n = 2 };
        w->web->paused = true;
        assert_int_equal(ledger_set_paused(w->ledger, "Provider/star", "the vendor moves"), 0);
        w->status.phase = "blocked";
        w->status.reason = "parked";
        w->status.message = "web-9 is parked";
        check(w, "web-9", "cmd/golden/explain-held.txt");
}

static void test_parked(void **state)
{
        struct world *w = *state;
        struct thing *t = add_thing(w, "web-9", "");

        t->state = THING_PARKED;
        t->note = "two machines have its name";
        check(w, "web-9", "cmd/golden/explain-parked.txt");
}

static void check_has(struct world *w, const char *slot, const char *words)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        w->x.slot = slot;
        assert_int_equal(explain_text(&w->x, &b), 0);
        if (!strstr(buf_text(&b), words))
                fail_msg("\"%s\" is not in\n%s", words, buf_text(&b));
}

/* What happens next goes by the most particular thing that is known. */
static void test_next(void **state)
{
        struct world *w = *state;
        struct thing *t = add_thing(w, "web-0", "vm-1");

        check_has(w, "web-0", "next        nothing: it is as the spec says");
        w->status.phase = "failed";
        w->status.message = "the vendor refuses";
        check_has(w, "web-0", "next        the vendor refuses");
        w->status.next_attempt = NOW + 120;
        check_has(w, "web-0", "next        another try at 2027-01-15T08:02:00Z, in 2m");
        w->x.status = NULL;
        check_has(w, "web-0", "status      nothing is known yet\n  next        'muster apply' or 'muster agent' looks");
        t->missing = true;
        check_has(w, "web-0", "next        a second look confirms that it is gone");
        t->state = THING_RELEASED;
        check_has(w, "web-0", "next        nothing: it is not ours any more");
}

static void test_orphan(void **state)
{
        struct world *w = *state;
        struct resource *policy;

        add_thing(w, "web-0", "vm-1")->protect = true;
        w->x.spec = NULL;
        w->x.codec = NULL;
        check_has(w, NULL, "spec        no spec names MachineSet/web any more");
        check_has(w, "web-0", "held by     protect, as its spec said when it last named it");
        check_has(w, "web-0", "next        nothing: it is kept, because prune is off; 'muster forget web-0' drops it");
        check_has(w, "web-7", "ledger      nothing: it is not there yet, or was deleted or forgotten");
        policy = test_estate_add_policy(w->estate);
        policy->policy->prune = true;
        check_has(w, "web-0", "next        it is deleted, because no spec names it and the Policy says prune");
}

#define world_test(function) cmocka_unit_test_setup_teardown(function, make_world, drop_world)

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(test_machine),  world_test(test_set),    world_test(test_unknown_outcome),
                world_test(test_accepted), world_test(test_held),   world_test(test_parked),
                world_test(test_next),     world_test(test_orphan),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
