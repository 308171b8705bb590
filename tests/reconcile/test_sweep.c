/* SPDX-License-Identifier: MIT */

/*
 * What hangs on machines and is shown by one question for each of them: the real engine on a clock that the test moves.
 */

#include "reconcile/sweep.h"

#include "reconcile/account.h"
#include "tests/reconcile/test_ledger_fixture.h"
#include "tests/reconcile/test_sweep_vendor.h"
#include "tests/support/estate.h"

#define FLIGHTS_MAX 64

/* One engine and what is in flight. */
struct bench {
        struct fixture *fixture;
        struct ledger *ledger;
        struct engine *engine;
        struct estate *estate;
        struct resource *provider, *set;
        struct disk_spec *disk;
        usec_t now;
        struct {
                uint64_t id;
                usec_t due;
                char url[96];
        } flights[FLIGHTS_MAX];
        size_t n_flights;
        size_t reads, questions; /* for what hangs on machines */
};

static int host_send(void *userdata, _unused_ size_t account, uint64_t id, const struct request *rq,
                     _unused_ struct error *e)
{
        struct bench *b = userdata;
        bool slow = false;

        assert_true(b->n_flights < FLIGHTS_MAX);
        if (asked_of(rq->url)) {
                size_t number = number_of(asked_of(rq->url));

                vendor.asked[number]++;
                b->questions++;
                slow = vendor.answers[number] == SLOW;
        }
        b->reads += rq->read;
        if (!rq->read)
                serve(rq->url);
        b->flights[b->n_flights].id = id;
        b->flights[b->n_flights].due = b->now + (slow ? 30 * USEC_PER_SEC : USEC_PER_MSEC);
        (void)snprintf(b->flights[b->n_flights++].url, sizeof(b->flights[0].url), "%s", rq->url);
        return 0;
}

static void host_cancel(void *userdata, _unused_ size_t account, uint64_t id)
{
        struct bench *b = userdata;

        for (size_t i = 0; i < b->n_flights; i++)
                if (b->flights[i].id == id)
                        b->flights[i--] = b->flights[--b->n_flights];
}

static int host_commit(void *userdata, struct error *e)
{
        return ledger_commit(((struct bench *)userdata)->ledger, e);
}

static void host_event(_unused_ void *userdata, _unused_ const struct engine_event *event)
{
}

static int64_t host_wall(void *userdata)
{
        return WALL + (int64_t)((((struct bench *)userdata)->now - NOW) / USEC_PER_SEC);
}

static void bench_start(struct bench *b, enum engine_mode mode)
{
        const struct engine_host host = { b, host_send, host_cancel, host_commit, host_event, host_wall };
        const struct engine_options options = {
                .mode = mode, .interval = USEC_PER_MINUTE, .provider_find = provider_find, .keeps_seen = true
        };
        const struct account_secret secret = { "star", "t" };
        struct error e;

        assert_int_equal(engine_new(&options, &host, b->ledger, &b->engine), 0);
        assert_int_equal(engine_set_estate(b->engine, b->estate, &secret, 1, b->now, &e), 0);
}

static void bench_init(struct bench *b, void **state, int64_t count, const char *rate)
{
        struct error e;

        memset(&vendor, 0, sizeof(vendor));
        *b = (struct bench){ .fixture = *state, .now = NOW, .estate = test_estate_new() };
        assert_int_equal(ledger_open(b->fixture->path, LEDGER_CREATE, "default", &b->ledger, &e), 0);
        assert_int_equal(ledger_record_account(b->ledger, "star", "starvcenter", "http://x", WALL), 0);
        b->provider = test_estate_add_provider(b->estate, "star", "http://x");
        b->provider->provider->confirm = USEC_PER_SEC;
        b->provider->provider->rate_limit = rate ? 60 * strtol(rate, NULL, 10) : 0;
        b->set = test_estate_add_set(b->estate, "web", b->provider, count);
        b->disk = test_estate_alloc(b->estate, sizeof(*b->disk));
        *b->disk = (struct disk_spec){ .name = "data", .size = 10 * GIB };
        b->set->machine_set->disks = (struct objects){ .items = b->disk, .n = 1 };
        test_estate_finish(b->estate);
}

static void bench_stop(struct bench *b)
{
        b->engine = engine_free(b->engine);
        b->n_flights = 0;
}

static void bench_done(struct bench *b)
{
        bench_stop(b);
        ledger_free(b->ledger);
        estate_free(b->estate);
}

/* Machines of ours that are there, each with its disk. */
static void bench_own(struct bench *b, size_t n)
{
        struct error e;

        for (size_t i = 0; i < n; i++) {
                char id[24], slot[64];
                struct thing *t;

                (void)snprintf(vendor.machines[i], sizeof(vendor.machines[i]), "web-%u", (unsigned)i);
                t = ledger_add_thing(b->ledger, TYPE_MACHINE, "star", "MachineSet/web", vendor.machines[i],
                                     id_of(i, id));
                assert_non_null(t);
                t->ever_ready = true;
                (void)snprintf(slot, sizeof(slot), "%.23s/data", vendor.machines[i]);
                add_disk((int)i, slot, 10 * GIB);
                t = ledger_add_thing(b->ledger, TYPE_DISK, "star", "MachineSet/web", slot, vendor.disks[i].id);
                assert_non_null(t);
                t->ever_ready = true;
        }
        vendor.n_machines = n;
        assert_int_equal(ledger_commit(b->ledger, &e), 0);
}

static void deliver(struct bench *b, size_t i)
{
        char url[96], body[] = "", html[] = "<html>", why[] = "it took too long", broken[] = "it was cut off";
        uint64_t id = b->flights[i].id;
        struct reply rp = { .end = REPLY_COMPLETE, .status = 200, .body = body };
        enum answer answer = ANSWER;

        (void)snprintf(url, sizeof(url), "%s", b->flights[i].url);
        b->flights[i] = b->flights[--b->n_flights];
        if (asked_of(url))
                answer = vendor.answers[number_of(asked_of(url))];
        else if (!text_equal(url, "machines") && vendor.lose_replies)
                answer = LOST;
        if (answer == LOST || answer == SLOW) {
                rp.end = answer == SLOW ? REPLY_TIMEOUT : REPLY_BROKEN;
                rp.why = answer == SLOW ? why : broken;
        } else if (answer == ERROR) {
                rp.status = 500;
        } else if (answer == HTML) {
                rp.body = html;
        }
        engine_reply(b->engine, b->now, id, &rp);
}

/* Lets time pass, no further than to `end`, until nothing is in flight and nothing is due. */
static enum engine_state bench_run(struct bench *b, usec_t length)
{
        usec_t end = b->now + length;
        enum engine_state state;

        for (;;) {
                usec_t next;
                size_t first = 0;

                state = engine_step(b->engine, b->now);
                assert_int_not_equal(state, ENGINE_BROKEN);
                next = engine_next(b->engine, b->now);
                for (size_t i = 1; i < b->n_flights; i++)
                        if (b->flights[i].due < b->flights[first].due)
                                first = i;
                if (b->n_flights)
                        next = usec_min(next, b->flights[first].due);
                if (next > end || state == ENGINE_CONVERGED || state == ENGINE_STUCK)
                        break;
                b->now = usec_max(b->now, next);
                if (b->n_flights && b->flights[first].due <= b->now)
                        deliver(b, first);
        }
        if (state == ENGINE_RUNNING)
                b->now = end;
        return state;
}

static void assert_one_disk_each(size_t n, int64_t size)
{
        static bool has[MACHINES_MAX];
        size_t there = 0;

        memset(has, 0, sizeof(has));
        for (size_t i = 0; i < vendor.n_disks; i++) {
                const struct disk *d = &vendor.disks[i];

                if (!*d->name || d->backup)
                        continue;
                assert_false(has[d->machine]); /* no two on one machine */
                has[d->machine] = true;
                assert_int_equal(d->size, size);
                there++;
        }
        assert_int_equal(there, n);
}

/* All that were ever made of it but the last are gone again, and their numbers are those from 1 on. */
static void assert_backups_of(size_t machine, unsigned made)
{
        unsigned n = 0;

        for (const struct disk *d = vendor.of[machine]; d; d = d->next) {
                char name[64];

                if (!d->backup)
                        continue;
                (void)snprintf(name, sizeof(name), "%s/nightly-%u", vendor.machines[machine], made - n);
                assert_string_equal(d->name, n++ == 0 ? name : "");
        }
        assert_int_equal(n, made);
}

static void start_counting(struct bench *b)
{
        memset(vendor.asked, 0, sizeof(vendor.asked));
        b->reads = b->questions = 0;
}

static size_t count_asked(void)
{
        size_t n = 0;

        for (size_t i = 0; i < vendor.n_machines; i++)
                n += vendor.asked[i] > 0;
        return n;
}

static struct account_view view_of(const struct bench *b)
{
        struct account_view view;

        engine_account(b->engine, 0, &view);
        return view;
}

static void assert_all_done(const struct bench *b, uint64_t n)
{
        struct account_view view = view_of(b);

        assert_int_equal(view.n_tallies, 1);
        assert_string_equal(view.tallies[0].outcome, "done");
        assert_int_equal(view.tallies[0].n, n);
}

static const struct section *section_of(const struct bench *b, struct plan **plan)
{
        plan_free(*plan);
        *plan = NULL;
        assert_int_equal(engine_plan(b->engine, plan), 0);
        assert_int_equal((*plan)->n_sections, 1);
        return &(*plan)->sections[0];
}

/* 20 a second over 10,000 machines: no minute sees more than its share, a look is over long before it is too old to act on, and in the end all are known. */
static void ten_thousand_machines_stay_inside_the_limit(void **state)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        struct account_view view;
        struct bench b;
        size_t before;

        bench_init(&b, state, 10000, "20");
        bench_own(&b, 10000);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 45 * USEC_PER_SEC);
        view = view_of(&b);
        assert_int_equal(view.n_details, 10000);
        assert_int_equal(view.n_details_known, 600); /* half a minute's */
        assert_non_null(strstr(section_of(&b, &plan)->message, "the disks of 9400 machines are not known yet"));
        for (int minute = 0; minute < 20; minute++) {
                before = b.reads;
                (void)bench_run(&b, USEC_PER_MINUTE);
                assert_in_range(b.reads - before, 0, 1200);
        }
        assert_int_equal(count_asked(), 10000);
        view = view_of(&b);
        assert_int_equal(view.n_details_known, 10000);
        assert_in_range(view.details_since, WALL, host_wall(&b) - 60);
        assert_non_null(
                strstr(section_of(&b, &plan)->message, "machines are asked for their disks in turn: 9400 are as "));
        assert_int_equal(vendor.acted, 0);

        /* From then on in turn: nobody is asked twice before all were asked once. */
        start_counting(&b);
        (void)bench_run(&b, USEC_PER_HOUR);
        assert_int_equal(count_asked(), 10000);
        for (size_t i = 0; i < 10000; i++)
                assert_in_range(vendor.asked[i], 1, 5);
        bench_done(&b);
}

/* A fleet that fits into the budget is asked about in each look, as if there were none. */
static void a_small_fleet_is_asked_as_a_whole(void **state)
{
        struct bench b;

        bench_init(&b, state, 500, NULL);
        bench_own(&b, 500);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 30 * USEC_PER_SEC);
        assert_int_equal(b.questions, 500);
        assert_int_equal(view_of(&b).details_since, WALL);
        vendor.disks[17].name[0] = '\0'; /* somebody deletes one */
        (void)bench_run(&b, 3 * USEC_PER_MINUTE);
        assert_one_disk_each(500, 10 * GIB);
        bench_done(&b);
}

/* Backups are asked for in turn together with the disks, and each is made and rotated in its time, on what its machine says then. */
static void copies_share_the_limit(void **state)
{
        struct resource *nightly;
        struct bench b;
        size_t before;

        bench_init(&b, state, 1000, "20");
        nightly = test_estate_add(b.estate, &kind_backup_policy, "nightly");
        nightly->copy_policy->provider = b.set->machine_set->provider;
        nightly->copy_policy->machine_set = (struct reference){ "web", b.set, false };
        nightly->copy_policy->every = USEC_PER_HOUR;
        nightly->copy_policy->keep = 1;
        test_estate_finish(b.estate);
        bench_own(&b, 1000);
        bench_start(&b, ENGINE_AGENT);
        for (unsigned round = 1; round <= 3; round++) {
                for (int minute = 0; minute < (round == 1 ? 40 : 60); minute++) {
                        before = b.reads;
                        (void)bench_run(&b, USEC_PER_MINUTE);
                        assert_in_range(b.reads - before, 0, 1200);
                }
                assert_int_equal(view_of(&b).n_details, 2000);
                assert_int_equal(view_of(&b).n_details_known, 2000);
                for (size_t i = 0; i < 1000; i++)
                        assert_backups_of(i, round);
        }
        assert_one_disk_each(1000, 10 * GIB);
        bench_done(&b);
}

/* What is new gets its disks at once, however many are waiting for their turn. */
static void what_is_made_gets_its_disks_at_once(void **state)
{
        struct bench b;

        bench_init(&b, state, 5010, "20");
        bench_own(&b, 5000);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 4 * USEC_PER_MINUTE);
        assert_int_equal(vendor.n_machines, 5010);
        for (size_t i = 5000; i < 5010; i++) {
                char name[32];

                (void)snprintf(name, sizeof(name), "%.23s/data", vendor.machines[i]);
                assert_non_null(disk_named(name));
        }
        assert_in_range(view_of(&b).n_details_known, 1, 4500);
        bench_done(&b);
}

/* What is known of old is no ground to act on: the machine is asked again, and finds what a person has done meanwhile. */
static void nothing_is_done_on_what_is_known_of_old(void **state)
{
        struct error e;
        struct bench b;

        bench_init(&b, state, 3000, "20");
        bench_own(&b, 3000);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 10 * USEC_PER_MINUTE);
        assert_int_equal(view_of(&b).n_details_known, 3000);
        assert_int_equal(vendor.acted, 0);

        /* A person extends all of them just before the spec says so: nothing is left to do. */
        for (size_t i = 0; i < 3000; i++)
                vendor.disks[i].size = 20 * GIB;
        b.disk->size = 20 * GIB;
        assert_int_equal(engine_set_estate(b.engine, b.estate, &(struct account_secret){ "star", "t" }, 1, b.now, &e),
                         0);
        (void)bench_run(&b, 15 * USEC_PER_MINUTE);
        assert_int_equal(vendor.acted, 0);

        /* And what does differ is changed, each once. */
        b.disk->size = 30 * GIB;
        assert_int_equal(engine_set_estate(b.engine, b.estate, &(struct account_secret){ "star", "t" }, 1, b.now, &e),
                         0);
        (void)bench_run(&b, USEC_PER_HOUR);
        assert_int_equal(vendor.acted, 3000);
        assert_one_disk_each(3000, 30 * GIB);
        assert_all_done(&b, 3000); /* none was judged by what an earlier look saw */
        bench_done(&b);
}

/* A command that looks once asks for all; apply does so before it shows its plan, and gets on with it although that took longer than a plan lasts. */
static void a_single_look_asks_for_all(void **state)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        struct bench b;

        bench_init(&b, state, 4000, "20");
        bench_own(&b, 4000);
        b.disk->size = 20 * GIB;
        bench_start(&b, ENGINE_PLAN);
        assert_int_equal(bench_run(&b, USEC_PER_HOUR), ENGINE_CONVERGED);
        assert_int_equal(count_asked(), 4000);
        (void)section_of(&b, &plan);
        assert_int_equal(plan->n_actions, 4000);
        bench_stop(&b);

        bench_start(&b, ENGINE_APPLY);
        assert_int_equal(bench_run(&b, 10 * USEC_PER_MINUTE), ENGINE_PLANNED);
        (void)section_of(&b, &plan);
        assert_int_equal(plan->n_actions, 4000);
        engine_allow(b.engine);
        assert_int_equal(bench_run(&b, 3 * USEC_PER_HOUR), ENGINE_CONVERGED);
        assert_int_equal(vendor.acted, 4000);
        assert_one_disk_each(4000, 20 * GIB);
        bench_done(&b);
}

/* More calls are open than a look may ask about: none is judged by what was seen before it went out. */
static void calls_wait_for_their_turn_as_well(void **state)
{
        struct bench b;

        bench_init(&b, state, 4000, NULL);
        bench_own(&b, 4000);
        b.disk->size = 20 * GIB;
        bench_start(&b, ENGINE_APPLY);
        assert_int_equal(bench_run(&b, USEC_PER_MINUTE), ENGINE_PLANNED);
        engine_allow(b.engine);
        assert_int_equal(bench_run(&b, USEC_PER_HOUR), ENGINE_CONVERGED);
        assert_int_equal(vendor.acted, 4000);
        assert_all_done(&b, 4000);
        bench_done(&b);
}

static void apply_of(struct bench *b, enum engine_state end)
{
        bench_start(b, ENGINE_APPLY);
        assert_int_equal(bench_run(b, USEC_PER_MINUTE), ENGINE_PLANNED);
        engine_allow(b->engine);
        assert_int_equal(bench_run(b, USEC_PER_HOUR), end);
}

/* One machine's question fails in every way that there is: its disks are left alone, the others' are not, and the run ends. */
static void one_that_cannot_be_read_stands_alone(void **state)
{
        static const enum answer answers[] = { LOST, SLOW, ERROR, HTML };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                _cleanup_(plan_free_p) struct plan *plan = NULL;
                const struct section *section;
                struct bench b;

                bench_init(&b, state, 5, NULL);
                bench_own(&b, 5);
                b.disk->size = 20 * GIB;
                vendor.answers[2] = answers[i];
                apply_of(&b, ENGINE_STUCK);
                assert_int_equal(vendor.acted, 4);
                assert_int_equal(vendor.disks[2].size, 10 * GIB);
                section = section_of(&b, &plan);
                assert_int_equal(section->phase, PHASE_UNKNOWN);
                assert_int_equal(section->n_troubles, 1);
                assert_string_equal(section->troubles[0].name, "web-2");
                assert_int_equal(plan->unknown, 1);
                bench_stop(&b);

                vendor.answers[2] = ANSWER;
                apply_of(&b, ENGINE_CONVERGED);
                assert_one_disk_each(5, 20 * GIB);
                bench_done(&b);
                assert_int_equal(unlink(b.fixture->path), 0);
        }
}

/* One look lacks a disk, and no later one can see whether it is back: it is not taken for gone, and none is made beside it. */
static void what_was_not_looked_for_is_not_missed(void **state)
{
        struct bench b;
        char name[64];

        bench_init(&b, state, 5, NULL);
        bench_own(&b, 5);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 10 * USEC_PER_SEC);
        strcpy(name, vendor.disks[2].name);
        vendor.disks[2].name[0] = '\0'; /* a listing that lies */
        engine_look_again(b.engine);
        (void)bench_run(&b, 100 * USEC_PER_MSEC);
        vendor.answers[2] = ERROR;
        strcpy(vendor.disks[2].name, name);
        (void)bench_run(&b, 10 * USEC_PER_MINUTE);
        assert_int_equal(vendor.acted, 0);
        vendor.answers[2] = ANSWER;
        (void)bench_run(&b, 10 * USEC_PER_MINUTE);
        assert_int_equal(vendor.acted, 0);
        assert_one_disk_each(5, 10 * GIB);

        /* And one that is gone indeed comes back, once. */
        vendor.disks[2].name[0] = '\0';
        (void)bench_run(&b, 10 * USEC_PER_MINUTE);
        assert_int_equal(vendor.acted, 1);
        assert_one_disk_each(5, 10 * GIB);
        bench_done(&b);
}

/* When nobody's disks can be read, a look ends in bounded time, and the machines are seen to all the same. */
static void a_dead_question_does_not_hold_up_the_rest(void **state)
{
        struct account_view view;
        struct bench b;

        bench_init(&b, state, 2001, NULL);
        bench_own(&b, 2000);
        for (size_t i = 0; i < 2001; i++)
                vendor.answers[i] = SLOW;
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 90 * USEC_PER_SEC);
        view = view_of(&b);
        assert_true(view.readable);
        assert_int_equal(vendor.n_machines, 2001);
        assert_int_equal(vendor.n_disks, 2000);
        for (size_t i = 0; i < 2001; i++)
                vendor.answers[i] = ANSWER;
        (void)bench_run(&b, 30 * USEC_PER_MINUTE);
        assert_one_disk_each(2001, 10 * GIB);
        bench_done(&b);
}

/* Replies to creates of disks are lost while most machines wait for their turn: no machine has two. */
static void lost_replies_make_no_doubles(void **state)
{
        struct bench b;

        bench_init(&b, state, 1500, "20");
        bench_own(&b, 1500);
        for (size_t i = 0; i < 1500; i += 10) /* more at once would be a sudden loss */
                vendor.disks[i].name[0] = '\0';
        vendor.lose_replies = true;
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, 5 * USEC_PER_MINUTE);
        bench_stop(&b); /* dead, with whatever it had in flight */
        ledger_free(b.ledger);
        assert_int_equal(ledger_open(b.fixture->path, LEDGER_WRITE, "default", &b.ledger, &(struct error){ 0 }), 0);
        bench_start(&b, ENGINE_AGENT);
        (void)bench_run(&b, USEC_PER_HOUR);
        assert_one_disk_each(1500, 10 * GIB);
        bench_done(&b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(ten_thousand_machines_stay_inside_the_limit),
                TEST(copies_share_the_limit),
                TEST(a_small_fleet_is_asked_as_a_whole),
                TEST(what_is_made_gets_its_disks_at_once),
                TEST(nothing_is_done_on_what_is_known_of_old),
                TEST(a_single_look_asks_for_all),
                TEST(calls_wait_for_their_turn_as_well),
                TEST(one_that_cannot_be_read_stands_alone),
                TEST(what_was_not_looked_for_is_not_missed),
                TEST(a_dead_question_does_not_hold_up_the_rest),
                TEST(lost_replies_make_no_doubles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
