/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"

static struct values web_values(void)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_TEMPLATE, "tmpl-7 \"gold\" \xe2\x82\xac");
        values_set_number(&v, PROPERTY_CPU, 4);
        values_set_number(&v, PROPERTY_MEMORY, 8589934592);
        values_set_text(&v, PROPERTY_NETWORK, "pg-12");
        return v;
}

static void assert_web_values(const struct values *v)
{
        assert_int_equal(v->known, web_values().known);
        assert_string_equal(v->of[PROPERTY_TEMPLATE].text, "tmpl-7 \"gold\" \xe2\x82\xac");
        assert_int_equal(v->of[PROPERTY_CPU].number, 4);
        assert_int_equal(v->of[PROPERTY_MEMORY].number, 8589934592);
        assert_string_equal(v->of[PROPERTY_NETWORK].text, "pg-12");
}

static const char web_text[] = "{\"template\":\"tmpl-7 \\\"gold\\\" \xe2\x82\xac\",\"cpu\":4,\"memory\":8589934592,"
                               "\"network\":\"pg-12\"}";

static void values_have_one_text(_unused_ void **state)
{
        _cleanup_buf_ struct buf b = BUF_INIT(4096);
        struct values v = web_values(), none = {};

        assert_int_equal(values_to_text(&v, &b), 0);
        assert_string_equal(buf_text(&b), web_text);

        buf_reset(&b);
        assert_int_equal(values_to_text(&none, &b), 0);
        assert_string_equal(buf_text(&b), "{}");

        values_set_text(&v, PROPERTY_NETWORK, "\xff");
        assert_int_equal(values_to_text(&v, &b), -EINVAL);
}

static void values_become_the_ledgers(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        char template[] = "tmpl-7";
        const char *text = NULL;
        struct values v = {}, kept;

        assert_int_equal(ledger_new_empty(&l), 0);
        values_set_text(&v, PROPERTY_TEMPLATE, template);
        assert_int_equal(ledger_set_values(l, &v, &kept, &text), 0);
        memset(template, 'x', sizeof(template) - 1);

        assert_string_equal(kept.of[PROPERTY_TEMPLATE].text, "tmpl-7");
        assert_string_equal(text, "{\"template\":\"tmpl-7\"}");
}

static void add_full_thing(struct ledger *l, enum thing_state thing_state, enum condition condition)
{
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", "vm-77");
        struct values v = web_values();

        assert_non_null(t);
        assert_int_equal(ledger_set_values(l, &v, &t->made_with, &t->made_with_text), 0);
        t->created = ledger_string(l, "2026-11-21 01:02:03");
        t->state = thing_state;
        t->condition = condition;
        t->adopted = condition % 2;
        t->protect = condition % 3 == 1;
        t->ever_ready = condition % 3 == 0;
        t->missing = thing_state % 2;
        t->leaked = thing_state % 3 == 0;
        t->address = ledger_string(l, "10.0.0.9");
        t->made_at = WALL;
        t->gone_at = WALL + 5;
        t->note = ledger_string(l, "two machines have this name");
}

static void assert_full_thing(const struct thing *t, enum thing_state thing_state, enum condition condition)
{
        assert_string_equal(t->account, "star");
        assert_string_equal(t->resource, "MachineSet/web");
        assert_string_equal(t->slot, "web-3");
        assert_string_equal(t->id, "vm-77");
        assert_string_equal(t->created, "2026-11-21 01:02:03");
        assert_int_equal(t->state, thing_state);
        assert_int_equal(t->condition, condition);
        assert_int_equal(t->adopted, condition % 2);
        assert_int_equal(t->protect, condition % 3 == 1);
        assert_int_equal(t->ever_ready, condition % 3 == 0);
        assert_int_equal(t->missing, thing_state % 2);
        assert_int_equal(t->leaked, thing_state % 3 == 0);
        assert_web_values(&t->made_with);
        assert_string_equal(t->made_with_text, web_text);
        assert_string_equal(t->address, "10.0.0.9");
        assert_int_equal(t->made_at, WALL);
        assert_int_equal(t->gone_at, WALL + 5);
        assert_string_equal(t->note, "two machines have this name");
        assert_false(t->touched);
        assert_false(t->confirmed);
        assert_int_equal(t->missing_since, 0);
}

static void things_come_back(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        size_t n = 0;

        for (enum thing_state s = THING_OWNED; s < THING_GONE; s++)
                for (enum condition c = CONDITION_RUNNING; c <= CONDITION_UNKNOWN; c++)
                        add_full_thing(l, s, c);
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_READ);
        assert_int_equal(l->n_things, 4 * CONDITIONS);
        for (enum thing_state s = THING_OWNED; s < THING_GONE; s++)
                for (enum condition c = CONDITION_RUNNING; c <= CONDITION_UNKNOWN; c++) {
                        assert_int_equal(l->things[n]->seq, n + 1);
                        assert_full_thing(l->things[n++], s, c);
                }
        assert_int_equal(l->next_thing, 4 * CONDITIONS + 1);
}

static void add_full_call(struct ledger *l, enum order_verb verb, enum property field)
{
        struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", verb);
        struct values v = web_values();

        assert_non_null(c);
        assert_int_equal(c->state, CALL_INTENT);
        assert_ptr_equal(c->boot, l->boot);
        assert_int_equal(ledger_set_values(l, &v, &c->wanted, &c->wanted_text), 0);
        c->field = field;
        c->marker = ledger_string(l, "web-3");
        c->batch = 7;
        c->cuts = 2;
        c->id = ledger_string(l, "vm-77");
        c->state = field % 2 ? CALL_ACCEPTED : CALL_UNKNOWN;
        c->counts = (enum call_counts)(verb % 4);
        c->made_at = WALL;
        c->made_at_boot = NOW;
        c->outcome = ledger_string(l, "done");
        c->note = ledger_string(l, "quota exceeded");
        c->request = ledger_string(l, "POST cloudvm/create");
        c->resolved_at = WALL + 7;
}

static void assert_full_call(const struct call *c, enum order_verb verb, enum property field)
{
        assert_string_equal(c->account, "star");
        assert_string_equal(c->resource, "MachineSet/web");
        assert_string_equal(c->slot, "web-3");
        assert_int_equal(c->verb, verb);
        assert_int_equal(c->field, field);
        assert_string_equal(c->id, "vm-77");
        assert_int_equal(c->state, field % 2 ? CALL_ACCEPTED : CALL_UNKNOWN);
        assert_int_equal(c->counts, verb % 4);
        assert_web_values(&c->wanted);
        assert_string_equal(c->wanted_text, web_text);
        assert_int_equal(c->made_at, WALL);
        assert_int_equal(c->made_at_boot, NOW);
        assert_string_equal(c->outcome, "done");
        assert_string_equal(c->note, "quota exceeded");
        assert_string_equal(c->request, "POST cloudvm/create");
        assert_int_equal(c->resolved_at, WALL + 7);
        assert_int_equal(c->class, OUTCOME_UNKNOWN);
        assert_int_equal(c->settle_from, 0);
        assert_int_equal(c->absent, 0);
        assert_int_equal(c->type, TYPE_MACHINE);
        assert_string_equal(c->marker, "web-3");
        assert_int_equal(c->batch, 7);
        assert_int_equal(c->cuts, 2);
        assert_false(c->durable);
        assert_false(c->touched);
}

static void calls_come_back(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        size_t n = 0;

        for (enum order_verb verb = ORDER_CREATE; verb <= ORDER_RENAME; verb++)
                for (enum property field = PROPERTY_NONE; field < PROPERTIES; field++)
                        add_full_call(l, verb, field);
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_calls, 7 * PROPERTIES);
        for (enum order_verb verb = ORDER_CREATE; verb <= ORDER_RENAME; verb++)
                for (enum property field = PROPERTY_NONE; field < PROPERTIES; field++) {
                        assert_string_equal(l->calls[n]->boot, l->boot);
                        assert_full_call(l->calls[n++], verb, field);
                }
        assert_int_equal(l->next_call, n + 1);
        assert_false(ledger_is_touched(l));
}

static void changed_rows_are_written_again(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *t = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "");
        struct call *c = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CREATE);

        must_commit(l);
        assert_false(t->touched);
        t->id = ledger_string(l, "vm-1");
        assert_int_equal(ledger_hold_id(l, "star", TYPE_MACHINE, "vm-1"), 0);
        assert_int_equal(ledger_touch_thing(l, t), 0);
        assert_int_equal(ledger_touch_thing(l, t), 0);
        t->protect = true;
        c->id = t->id;
        c->state = CALL_ACCEPTED;
        c->request = ledger_string(l, "POST cloudvm/create");
        assert_int_equal(ledger_touch_call(l, c), 0);
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_things, 1);
        assert_string_equal(l->things[0]->id, "vm-1");
        assert_true(l->things[0]->protect);
        assert_int_equal(l->things[0]->condition, CONDITION_UNKNOWN);
        assert_string_equal(l->things[0]->made_with_text, "{}");
        assert_int_equal(l->things[0]->made_with.known, 0);
        assert_int_equal(l->n_calls, 1);
        assert_string_equal(l->calls[0]->id, "vm-1");
        assert_string_equal(l->calls[0]->request, "POST cloudvm/create");
        assert_int_equal(l->calls[0]->resolved_at, 0);
        assert_int_equal(l->calls[0]->state, CALL_ACCEPTED);
}

static void nothing_touched_is_no_commit(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        must_commit(l);
        assert_int_equal(ledger_commits(l), 0);

        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        assert_true(ledger_is_touched(l));
        must_commit(l);
        assert_int_equal(ledger_commits(l), 1);
        assert_false(ledger_is_touched(l));
        must_commit(l);
        assert_int_equal(ledger_commits(l), 1);
}

static void sending_is_durable_after_its_commit(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *intent = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CREATE);
        struct call *sending = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", ORDER_CREATE);

        sending->state = CALL_SENDING;
        assert_false(sending->durable);
        must_commit(l);
        assert_true(sending->durable);
        assert_false(intent->durable);
}

static void a_new_holder_puts_calls_right(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CREATE);
        ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", ORDER_CREATE)->state = CALL_SENDING;
        ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_CREATE)->state = CALL_ACCEPTED;
        for (size_t i = 0; i < l->n_calls; i++)
                l->calls[i]->marker = l->calls[i]->slot;
        must_commit(l);

        /* A reader leaves them as they are. */
        ledger_free(l);
        l = must_open(*state, LEDGER_READ);
        assert_int_equal(l->calls[0]->state, CALL_INTENT);
        assert_int_equal(l->calls[1]->state, CALL_SENDING);
        assert_true(l->calls[1]->durable);
        assert_false(ledger_is_touched(l));

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->calls[0]->state, CALL_RESOLVED);
        assert_string_equal(l->calls[0]->outcome, "never sent");
        assert_int_equal(l->calls[0]->resolved_at, 0);
        assert_string_equal(l->calls[0]->request, "");
        assert_int_equal(l->calls[1]->state, CALL_UNKNOWN);
        assert_int_equal(l->calls[1]->settle_from, 0);
        assert_int_equal(l->calls[2]->state, CALL_ACCEPTED);
        assert_true(ledger_is_touched(l));
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_calls, 2);
        assert_int_equal(l->calls[0]->state, CALL_UNKNOWN);
        assert_false(ledger_is_touched(l));
        assert_int_equal(l->next_call, 4);
}

/* A create that nothing tells from others is given up after so many processes have had to take it up. */
static void a_new_holder_counts_what_it_takes_up(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct call *named = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_CREATE);

        named->marker = named->slot;
        named->state = CALL_UNKNOWN;
        ledger_add_call(l, TYPE_MACHINE, "fin", "MachineSet/gpu", "gpu-0", ORDER_CREATE)->state = CALL_SENDING;
        ledger_add_call(l, TYPE_MACHINE, "fin", "MachineSet/gpu", "gpu-1", ORDER_DELETE)->state = CALL_SENDING;
        must_commit(l);

        for (int64_t times = 1; times <= 3; times++) {
                ledger_free(l);
                l = must_open(*state, LEDGER_WRITE);
                assert_int_equal(l->calls[0]->cuts, 0);
                assert_int_equal(l->calls[1]->cuts, times);
                assert_int_equal(l->calls[2]->cuts, 0);
                must_commit(l);
        }
}

static void strangers_come_back(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        assert_int_equal(ledger_note_stranger(l, "fin", TYPE_MACHINE, "vm 7"), 0);
        assert_int_equal(ledger_note_stranger(l, "fin", TYPE_MACHINE, "vm 7"), 0);
        assert_int_equal(ledger_note_stranger(l, "dcp", TYPE_TEMPLATE, "7"), 0);
        assert_true(ledger_is_touched(l));
        must_commit(l);
        assert_false(ledger_is_touched(l));
        assert_int_equal(ledger_note_stranger(l, "fin", TYPE_MACHINE, "vm 7"), 0);
        assert_false(ledger_is_touched(l));

        ledger_free(l);
        l = must_open(*state, LEDGER_READ);
        assert_true(ledger_is_stranger(l, "fin", TYPE_MACHINE, "vm 7"));
        assert_true(ledger_is_stranger(l, "dcp", TYPE_TEMPLATE, "7"));
        assert_false(ledger_is_stranger(l, "dcp", TYPE_MACHINE, "7"));
        assert_false(ledger_is_stranger(l, "fin", TYPE_MACHINE, "vm"));
        assert_false(ledger_held(l, "fin", TYPE_MACHINE, "vm 7"));
}

static void ids_stay_held(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *gone = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1");

        ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2");
        ledger_add_thing(l, TYPE_MACHINE, "fin", "MachineSet/db", "db-0", "");
        gone->state = THING_GONE;
        gone->note = ledger_string(l, "deleted");
        must_commit(l);

        for (int i = 0; i < 2; i++) {
                assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-1"));
                assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-2"));
                assert_false(ledger_held(l, "fin", TYPE_MACHINE, "vm-1"));
                assert_false(ledger_held(l, "star", TYPE_MACHINE, "vm-3"));
                assert_false(ledger_held(l, "fin", TYPE_MACHINE, ""));
                ledger_free(l);
                l = must_open(*state, LEDGER_WRITE);
                assert_int_equal(l->n_things, 2);
        }
        assert_int_equal(l->next_thing, 4);
}

static void what_is_released_stays_until_it_is_forgotten(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-4", "vm-5")->state = THING_RELEASED;
        must_commit(l);
        ledger_sweep(l);
        assert_int_equal(l->n_things, 1);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_things, 1);
        assert_int_equal(l->things[0]->state, THING_RELEASED);
        assert_string_equal(l->things[0]->slot, "web-4");
        l->things[0]->state = THING_GONE;
        assert_int_equal(ledger_touch_thing(l, l->things[0]), 0);
        must_commit(l);
        ledger_sweep(l);
        assert_int_equal(l->n_things, 0);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_things, 0);
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-5"));
}

static void pauses_come_back(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        assert_null(ledger_paused(l, "MachineSet/web"));
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", "moving racks"), 0);
        assert_int_equal(ledger_set_paused(l, "Provider/star", ""), 0);
        assert_int_equal(ledger_set_paused(l, "MachineSet/db", "until monday"), 0);
        must_commit(l);

        /* Said anew, taken back, and taken back and said again before the commit. */
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", "still moving"), 0);
        assert_int_equal(ledger_set_paused(l, "MachineSet/db", NULL), 0);
        assert_int_equal(ledger_set_paused(l, "Provider/star", NULL), 0);
        assert_int_equal(ledger_set_paused(l, "Provider/star", ""), 0);
        must_commit(l);

        for (int i = 0; i < 2; i++) {
                assert_string_equal(ledger_paused(l, "MachineSet/web"), "still moving");
                assert_string_equal(ledger_paused(l, "Provider/star"), "");
                assert_null(ledger_paused(l, "MachineSet/db"));
                ledger_free(l);
                l = must_open(*state, LEDGER_READ);
        }
}

static void a_pause_is_a_change_once(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        char reason[] = "moving racks";
        struct error e = {};

        assert_int_equal(ledger_set_paused(l, "MachineSet/web", NULL), 0);
        assert_false(ledger_is_touched(l));
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", reason), 0);
        reason[0] = 'x';
        assert_string_equal(ledger_paused(l, "MachineSet/web"), "moving racks");
        assert_true(ledger_is_touched(l));
        must_commit(l);
        assert_int_equal(ledger_commits(l), 1);
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", "moving racks"), 0);
        assert_false(ledger_is_touched(l));

        ledger_free(l);
        l = must_open(*state, LEDGER_READ);
        assert_int_equal(ledger_set_paused(l, "MachineSet/web", NULL), 0);
        assert_int_equal(ledger_commit(l, &e), -EROFS);
}

static void sequence_numbers_are_never_used_again(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1")->state = THING_GONE;
        ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_DELETE)->state = CALL_RESOLVED;
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_int_equal(l->n_things + l->n_calls, 0);
        assert_int_equal(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-2")->seq, 2);
        assert_int_equal(ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_DELETE)->seq, 2);
}

static void sweep_takes_out_what_is_over(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);
        struct thing *gone, *owned;
        struct call *over, *open, *late;

        gone = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1");
        owned = ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", "vm-2");
        over = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_DELETE);
        open = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-1", ORDER_DELETE);
        gone->state = THING_GONE;
        over->state = CALL_RESOLVED;
        must_commit(l);

        /* Resolved, but not yet on the disk. */
        late = ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-2", ORDER_DELETE);
        late->state = CALL_RESOLVED;
        ledger_sweep(l);
        assert_int_equal(l->n_things, 1);
        assert_ptr_equal(l->things[0], owned);
        assert_int_equal(l->n_calls, 2);
        assert_ptr_equal(l->calls[0], open);
        assert_ptr_equal(l->calls[1], late);

        must_commit(l);
        ledger_sweep(l);
        assert_int_equal(l->n_calls, 1);
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-1"));
}

static void accounts_are_recorded_once(void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = must_open(*state, LEDGER_CREATE);

        assert_false(ledger_knows_account(l, "star"));
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://a.example", WALL), 0);
        must_commit(l);
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://a.example", WALL + 1), 0);
        assert_false(ledger_is_touched(l));
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://b.example", WALL + 2), 0);
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://c.example", WALL + 3), 0);
        assert_true(ledger_is_touched(l));
        must_commit(l);

        ledger_free(l);
        l = must_open(*state, LEDGER_WRITE);
        assert_true(ledger_knows_account(l, "star"));
        assert_false(ledger_knows_account(l, "fin"));
        assert_int_equal(ledger_record_account(l, "star", "starvcenter", "https://c.example", WALL + 4), 0);
        assert_false(ledger_is_touched(l));

        /* A Provider of that name may come to be of another type, where it was. */
        assert_int_equal(ledger_record_account(l, "star", "opendcp", "https://c.example", WALL + 5), 0);
        assert_true(ledger_is_touched(l));
        must_commit(l);
}

static void an_empty_ledger_plans_and_never_commits(_unused_ void **state)
{
        _cleanup_(ledger_free_p) struct ledger *l = NULL;
        _cleanup_free_ struct status_row *rows = NULL;
        struct ledger_request request;
        struct error e = {};
        int64_t at = -1;
        size_t n = 1;

        assert_int_equal(ledger_new_empty(&l), 0);
        assert_null(l->path);
        assert_int_equal(ledger_commit(l, &e), 0);
        assert_int_equal(ledger_next_request(l, &request, &e), 0);
        assert_int_equal(ledger_get_status(l, &rows, &n, &at, &e), 0);
        assert_int_equal(n, 0);
        assert_int_equal(at, 0);
        assert_null(ledger_paused(l, "MachineSet/web"));

        assert_non_null(ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-1"));
        assert_true(ledger_held(l, "star", TYPE_MACHINE, "vm-1"));
        assert_int_equal(ledger_commit(l, &e), -EROFS);
        assert_int_equal(ledger_set_status(l, NULL, 0, &e), -EROFS);
        assert_int_equal(ledger_commits(l), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_have_one_text),
                cmocka_unit_test(values_become_the_ledgers),
                ledger_test(things_come_back),
                ledger_test(calls_come_back),
                ledger_test(changed_rows_are_written_again),
                ledger_test(nothing_touched_is_no_commit),
                ledger_test(sending_is_durable_after_its_commit),
                ledger_test(a_new_holder_puts_calls_right),
                ledger_test(a_new_holder_counts_what_it_takes_up),
                ledger_test(strangers_come_back),
                ledger_test(ids_stay_held),
                ledger_test(what_is_released_stays_until_it_is_forgotten),
                ledger_test(pauses_come_back),
                ledger_test(a_pause_is_a_change_once),
                ledger_test(sequence_numbers_are_never_used_again),
                ledger_test(sweep_takes_out_what_is_over),
                ledger_test(accounts_are_recorded_once),
                cmocka_unit_test(an_empty_ledger_plans_and_never_commits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
