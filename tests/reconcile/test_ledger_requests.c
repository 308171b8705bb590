/* SPDX-License-Identifier: MIT */
#include "tests/reconcile/test_ledger_fixture.h"

static const struct ledger_request adopt = {
        .verb = REQUEST_ADOPT, .account = "", .resource = "MachineSet/web", .slot = "web-3", .id = "vm-77", .reason = ""
};
static const struct ledger_request forget = {
        .verb = REQUEST_FORGET, .account = "", .resource = "MachineSet/web", .slot = "", .id = "", .reason = ""
};
static const struct ledger_request accept_loss = {
        .verb = REQUEST_ACCEPT_LOSS, .account = "star", .resource = "", .slot = "", .id = "", .reason = ""
};
static const struct ledger_request retry = {
        .verb = REQUEST_RETRY, .account = "", .resource = "MachineSet/web", .slot = "web-2", .id = "", .reason = ""
};
static const struct ledger_request pause_provider = { .verb = REQUEST_PAUSE,
                                                      .account = "",
                                                      .resource = "Provider/star",
                                                      .slot = "",
                                                      .id = "",
                                                      .reason = "moving racks" };
static const struct ledger_request resume = {
        .verb = REQUEST_RESUME, .account = "", .resource = "Provider/star", .slot = "", .id = "", .reason = ""
};

static int64_t ask(const struct fixture *f, const struct ledger_request *request)
{
        struct error e = {};
        int64_t seq = 0;

        if (ledger_ask(f->path, request, &seq, &e) < 0)
                fail_msg("%s", e.text);

        return seq;
}

static void assert_next(struct ledger *l, const struct ledger_request *expected, int64_t seq)
{
        struct ledger_request request = {};
        struct error e = {};

        assert_int_equal(ledger_next_request(l, &request, &e), 1);
        assert_int_equal(request.seq, seq);
        assert_int_equal(request.verb, expected->verb);
        assert_string_equal(request.account, expected->account);
        assert_string_equal(request.resource, expected->resource);
        assert_string_equal(request.slot, expected->slot);
        assert_string_equal(request.id, expected->id);
        assert_string_equal(request.reason, expected->reason);
}

static void assert_answer(const struct fixture *f, int64_t seq, bool expected_ok, const char *expected)
{
        _cleanup_buf_ struct buf answer = BUF_INIT(1024);
        struct error e = {};
        bool ok = !expected_ok;

        assert_int_equal(ledger_answer_of(f->path, seq, &ok, &answer, &e), 1);
        assert_int_equal(ok, expected_ok);
        assert_string_equal(buf_text(&answer), expected);
}

static void requests_are_answered_in_their_order(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        _cleanup_buf_ struct buf answer = BUF_INIT(1024);
        struct ledger_request request;
        struct error e = {};
        bool ok;

        assert_int_equal(ledger_next_request(l, &request, &e), 0);
        assert_int_equal(ask(f, &adopt), 1);
        assert_int_equal(ask(f, &forget), 2);
        assert_int_equal(ask(f, &accept_loss), 3);

        assert_next(l, &adopt, 1);
        assert_next(l, &adopt, 1);
        assert_int_equal(ledger_answer_of(f->path, 1, &ok, &answer, &e), 0);
        assert_int_equal(answer.len, 0);
        assert_int_equal(ledger_answer(l, 1, true, "web-3 is ours now", &e), 0);
        assert_next(l, &forget, 2);
        assert_int_equal(ledger_answer(l, 2, false, "", &e), 0);
        assert_next(l, &accept_loss, 3);
        assert_int_equal(ledger_answer(l, 3, true, "nothing is missing", &e), 0);
        assert_int_equal(ledger_next_request(l, &request, &e), 0);

        assert_answer(f, 1, true, "web-3 is ours now");
        assert_answer(f, 2, false, "");
        assert_answer(f, 3, true, "nothing is missing");
        assert_int_equal(ledger_answer_of(f->path, 4, &ok, &answer, &e), -ENOENT);
}

static void every_verb_comes_through(void **state)
{
        static const struct ledger_request *const requests[] = { &adopt, &forget,         &accept_loss,
                                                                 &retry, &pause_provider, &resume };
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct error e = {};

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
                assert_int_equal(ask(f, requests[i]), i + 1);

        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                assert_next(l, requests[i], (int64_t)i + 1);
                assert_int_equal(ledger_answer(l, (int64_t)i + 1, true, "done", &e), 0);
        }
}

/* A pause is kept in the same commit as its answer. */
static void a_pause_comes_with_its_answer(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct ledger_request request = {};
        struct error e = {};

        ask(f, &pause_provider);
        assert_int_equal(ledger_next_request(l, &request, &e), 1);
        assert_int_equal(ledger_set_paused(l, request.resource, request.reason), 0);
        assert_int_equal(ledger_answer(l, 1, true, "Provider/star is paused", &e), 0);
        assert_int_equal(ledger_commits(l), 1);

        ledger_free(l);
        l = must_open(f, LEDGER_WRITE);
        assert_string_equal(ledger_paused(l, "Provider/star"), "moving racks");
        assert_answer(f, 1, true, "Provider/star is paused");
}

static void an_answer_comes_with_what_it_is_about(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        _cleanup_buf_ struct buf answer = BUF_INIT(1024), small = BUF_INIT(3);
        struct error e = {};
        bool ok = false;

        ask(f, &adopt);
        ledger_add_thing(l, TYPE_MACHINE, "star", "MachineSet/web", "web-3", "vm-77")->adopted = true;
        assert_int_equal(ledger_answer(l, 1, true, "done", &e), 0);
        assert_false(ledger_is_touched(l));
        assert_int_equal(ledger_commits(l), 1);
        assert_int_equal(ledger_answer_of(f->path, 1, &ok, &answer, &e), 1);
        assert_true(ok);
        assert_string_equal(buf_text(&answer), "done");
        assert_true(ledger_answer_of(f->path, 1, &ok, &small, &e) < 0);
        assert_non_null(strstr(e.text, "the answer to request 1 is too long"));

        ledger_free(l);
        l = must_open(f, LEDGER_READ);
        assert_int_equal(l->n_things, 1);
        assert_true(l->things[0]->adopted);
        assert_int_equal(ledger_answer(l, 1, true, "done", &e), -EROFS);
}

static void requests_outlive_the_holder(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);

        ledger_free(l);
        ask(f, &forget);
        l = must_open(f, LEDGER_WRITE);
        assert_next(l, &forget, 1);
}

static void there_must_be_a_ledger_to_ask(void **state)
{
        const struct fixture *f = *state;
        _cleanup_buf_ struct buf answer = BUF_INIT(1024);
        struct error e = {};
        int64_t seq = 0;
        bool ok;

        assert_int_equal(ledger_ask(f->path, &forget, &seq, &e), -ENOENT);
        assert_int_equal(ledger_answer_of(f->path, 1, &ok, &answer, &e), -ENOENT);
        assert_int_equal(seq, 0);
}

/* In a child: asks while the parent writes, and waits for each answer. */
static int ask_and_wait(const struct fixture *f)
{
        for (int i = 0; i < 20; i++) {
                _cleanup_buf_ struct buf answer = BUF_INIT(1024);
                struct error e = {};
                bool ok = false;
                int64_t seq;
                int r;

                if (ledger_ask(f->path, &adopt, &seq, &e) < 0)
                        return 1;
                while ((r = ledger_answer_of(f->path, seq, &ok, &answer, &e)) == 0)
                        ;
                if (r < 0)
                        return 2;
                if (!ok || strcmp(buf_text(&answer), "done") != 0)
                        return 3;
        }

        return 0;
}

/* The holder commits again and again, with the pauses in which it would wait for the network. */
static void others_ask_while_the_holder_writes(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct ledger_request request;
        struct error e = {};
        int running = 2, answered = 0, status;

        l = ledger_free(l);
        for (int i = 0; i < running; i++)
                if (fork() == 0)
                        _exit(ask_and_wait(f));

        l = must_open(f, LEDGER_WRITE);
        while (running > 0) {
                int r = ledger_next_request(l, &request, &e);

                assert_true(r >= 0);
                assert_non_null(ledger_add_call(l, TYPE_MACHINE, "star", "MachineSet/web", "web-0", ORDER_START));
                if (r > 0) {
                        assert_int_equal(ledger_answer(l, request.seq, true, "done", &e), 0);
                        answered++;
                }
                must_commit(l);
                usleep(1000);

                if (waitpid(-1, &status, WNOHANG) > 0) {
                        assert_true(WIFEXITED(status));
                        assert_int_equal(WEXITSTATUS(status), 0);
                        running--;
                }
        }
        assert_int_equal(answered, 40);
}

static void old_answers_are_dropped(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        _cleanup_buf_ struct buf answer = BUF_INIT(1024);
        struct error e = {};
        bool ok;

        tamper(f, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 1005)"
                  " INSERT INTO requests (verb, account, resource, slot, id, reason, ok, answer)"
                  " SELECT 'forget', '', 'MachineSet/web', '', '', '', 1, 'done' FROM n;"
                  " UPDATE requests SET ok = NULL, answer = NULL WHERE seq IN (2, 1005)");
        assert_next(l, &forget, 2);
        assert_int_equal(ledger_answer(l, 1005, true, "done", &e), 0);

        assert_int_equal(ledger_answer_of(f->path, 1, &ok, &answer, &e), -ENOENT);
        assert_int_equal(ledger_answer_of(f->path, 5, &ok, &answer, &e), -ENOENT);
        assert_answer(f, 6, true, "done");
        assert_answer(f, 1005, true, "done");
        assert_next(l, &forget, 2);
}

static void a_damaged_request_is_named(void **state)
{
        const struct fixture *f = *state;
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE);
        struct ledger_request request;
        struct error e = {};

        ask(f, &adopt);
        tamper(f, "PRAGMA ignore_check_constraints = ON; UPDATE requests SET verb = 'restart'");
        assert_int_equal(ledger_next_request(l, &request, &e), -EBADMSG);
        assert_non_null(strstr(e.text, "row 1 of requests"));
}

static void assert_status(const struct status_row *a, const struct status_row *b)
{
        assert_string_equal(a->resource, b->resource);
        assert_string_equal(a->provider, b->provider);
        assert_string_equal(a->phase, b->phase);
        assert_string_equal(a->reason, b->reason);
        assert_int_equal(a->desired, b->desired);
        assert_int_equal(a->ready, b->ready);
        assert_string_equal(a->message, b->message);
        assert_int_equal(a->since, b->since);
        assert_int_equal(a->next_attempt, b->next_attempt);
}

static void status_is_replaced_as_a_whole(void **state)
{
        const struct fixture *f = *state;
        const struct status_row first[] = {
                { "MachineSet/web", "star", "progressing", "", 5, 3, "2 machines installing", WALL, WALL + 30 },
                { "MachineSet/db", "fin", "blocked", "capacity", 2, 0, "wallet is empty", WALL - 7, 0 },
        };
        const struct status_row second[] = {
                { "MachineSet/db", "fin", "converged", "", 2, 2, "", WALL + 60, 0 },
        };
        _cleanup_(ledger_free_p) struct ledger *l = must_open(f, LEDGER_CREATE), *reader = must_open(f, LEDGER_READ);
        _cleanup_free_ struct status_row *rows = NULL;
        struct error e = {};
        int64_t at = -1;
        size_t n = 1;

        assert_int_equal(ledger_get_status(reader, &rows, &n, &at, &e), 0);
        assert_int_equal(n, 0);
        assert_int_equal(at, 0);

        assert_int_equal(ledger_set_status(l, first, 2, &e), 0);
        assert_int_equal(ledger_get_status(reader, &rows, &n, &at, &e), 0);
        assert_int_equal(n, 2);
        assert_status(&rows[0], &first[0]);
        assert_status(&rows[1], &first[1]);
        assert_true(at > 0);
        free(STEAL(rows));

        assert_int_equal(ledger_set_status(l, second, 1, &e), 0);
        assert_int_equal(ledger_get_status(reader, &rows, &n, &at, &e), 0);
        assert_int_equal(n, 1);
        assert_status(&rows[0], &second[0]);
        assert_int_equal(ledger_set_status(reader, first, 2, &e), -EROFS);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                ledger_test(requests_are_answered_in_their_order), ledger_test(every_verb_comes_through),
                ledger_test(a_pause_comes_with_its_answer),        ledger_test(an_answer_comes_with_what_it_is_about),
                ledger_test(requests_outlive_the_holder),          ledger_test(there_must_be_a_ledger_to_ask),
                ledger_test(others_ask_while_the_holder_writes),   ledger_test(old_answers_are_dropped),
                ledger_test(a_damaged_request_is_named),           ledger_test(status_is_replaced_as_a_whole),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
