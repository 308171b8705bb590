/* SPDX-License-Identifier: MIT */

/*
 * What is planned of backups, out of made-up facts and clocks, as text.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reconcile/base/array.h"
#include "reconcile/base/text.h"
#include "reconcile/copies.h"
#include "reconcile/planner_internal.h"
#include "tests/support/estate.h"

#define TEXT_MAX ((size_t)1 << 16)
#define POLICY "BackupPolicy/nightly"
#define NOW (1000 * USEC_PER_DAY)
#define WALL INT64_C(1800000000) /* 2027-01-15T08:00:00Z */
#define HOURS INT64_C(3600)
#define DAYS (24 * HOURS)
#define YEARS (365 * DAYS)

/* A set of one machine, web-0 which is vm-0, and a policy of one backup a day of which two are kept. */
struct bench {
        struct ledger *ledger;
        struct observation *seen;
        struct estate *estate;
        struct resource *set, *policy;
        struct copy_policy spec;
        struct resource nightly;
        struct plan *plan;
        struct strmap retries;
        struct plan_input in;
        struct making making[THING_TYPES];
        struct thing *machine;
};

static void observe(struct bench *b, bool looked_into)
{
        const struct detail detail = { .of = TYPE_BACKUP, .id = "vm-0" };
        const struct scope scope = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_MACHINE | 1u << TYPE_BACKUP,
                                     .details = &detail,
                                     .n_details = looked_into };

        observation_free(b->seen);
        assert_int_equal(observation_new(&scope, &b->seen), 0);
        b->in.machines = b->seen;
}

static void show_machine(struct bench *b, enum condition condition)
{
        const struct row row = { .id = "vm-0", .name = "web-0", .condition = condition };

        assert_int_equal(observation_add(b->seen, TYPE_MACHINE, &row), 1);
}

static void bench_init(struct bench *b)
{
        struct resource *provider;

        *b = (struct bench){ .making = {
                                     [TYPE_MACHINE] = { .possible = true },
                                     [TYPE_BACKUP] = { .possible = true, .goes_along = true },
                             } };
        assert_int_equal(ledger_new_empty(&b->ledger), 0);
        assert_int_equal(plan_new(&b->plan), 0);
        b->estate = test_estate_new();
        provider = test_estate_add_provider(b->estate, "star", "http://127.0.0.1");
        b->set = test_estate_add_set(b->estate, "web", provider, 1);
        b->policy = test_estate_add_policy(b->estate);
        test_estate_finish(b->estate);
        b->spec = (struct copy_policy){ .every = USEC_PER_DAY, .keep = 2, .machine_set = { "web", b->set, false } };
        b->nightly = (struct resource){ .kind = &kind_backup_policy, .name = "nightly", .copy_policy = &b->spec };
        b->machine = ledger_add_thing(b->ledger, TYPE_MACHINE, "star", "MachineSet/web", "web-0", "vm-0");
        assert_non_null(b->machine);
        b->in = (struct plan_input){ .estate = b->estate,
                                     .account = "star",
                                     .ledger = b->ledger,
                                     .making = b->making,
                                     .retries = &b->retries,
                                     .now = NOW,
                                     .wall = WALL };
        observe(b, true);
        show_machine(b, CONDITION_RUNNING);
}

static void bench_done(struct bench *b)
{
        strmap_done(&b->retries);
        plan_free(b->plan);
        observation_free(b->seen);
        estate_free(b->estate);
        ledger_free(b->ledger);
}

static void show(struct bench *b, const char *id, const char *mark, enum condition condition)
{
        const struct row row = { .id = id, .name = mark, .parent = "vm-0", .condition = condition };

        assert_int_equal(observation_add(b->seen, TYPE_BACKUP, &row), 1);
}

/* One of ours that is shown, made so long ago (seconds) by the wall clock, in another boot. */
static struct thing *own(struct bench *b, int number, int64_t ago, enum condition condition)
{
        char slot[64], id[32];
        struct thing *t;

        (void)snprintf(slot, sizeof(slot), "web-0/nightly-%d", number);
        (void)snprintf(id, sizeof(id), "backup-%d", number);
        t = ledger_add_thing(b->ledger, TYPE_BACKUP, "star", POLICY, slot, id);
        assert_non_null(t);
        t->made_at = b->in.wall - ago;
        show(b, t->id, t->slot, condition);
        return t;
}

/* The vendor's creation time of the last one that was shown. */
static void created(struct bench *b, const char *text)
{
        b->seen->of[TYPE_BACKUP].rows[b->seen->of[TYPE_BACKUP].n_rows - 1].created = text;
}

static void print(const struct plan *p, struct buf *b)
{
        const struct section *s = &p->sections[0];

        for (size_t i = 0; i < p->n_actions; i++) {
                const struct action *a = &p->actions[i];

                (void)buf_addf(b, "%s %s: %s", action_verb_text(a->verb), a->name, a->reason);
                for (size_t k = 0; k < a->depends_on.n; k++)
                        (void)buf_addf(b, ", after %zu", a->depends_on.of[k]);
                (void)buf_addf(b, "%s%s%s%s%s\n", a->waits ? ", waits: " : "", a->waits ? a->waits : "",
                               a->blocked ? ", blocked: " : "", a->blocked ? a->blocked : "",
                               a->counts == COUNTS_NOTHING ? "" : ", counts");
        }
        for (size_t i = 0; i < s->n_notes; i++)
                (void)buf_addf(b, "note: %s\n", s->notes[i]);
        (void)buf_addf(b, "%lld of %lld%s", (long long)s->ready, (long long)s->desired, s->waiting ? ", waiting" : "");
        if (p->orphaned)
                (void)buf_addf(b, ", %lld orphaned", (long long)p->orphaned);
}

static void plan(struct bench *b, const struct resource *resource)
{
        _cleanup_census_ struct census census = { 0 };
        struct planning pl = { .plan = b->plan, .in = &b->in, .census = &census };
        struct section *s = ARRAY_ADD(b->plan->sections, b->plan->n_sections, b->plan->allocated_sections);
        struct error e = { "" };

        assert_non_null(s);
        *s = (struct section){ .resource = POLICY, .provider = "star", .headline = "", .message = "", .desired = 1 };
        assert_int_equal(census_take(&b->in, &census), 0);
        assert_int_equal(plan_copies(&pl, POLICY, resource, &e), 0);
        assert_false(pl.failed);
}

static void check_of(struct bench *b, const struct resource *resource, const char *expected)
{
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);

        plan(b, resource);
        print(b->plan, &text);
        assert_string_equal(buf_text(&text), expected);
}

/* And that is the end of the bench. */
static void check(struct bench *b, const char *expected)
{
        check_of(b, &b->nightly, expected);
        bench_done(b);
}

static void test_the_first_one(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        check(&b, "create web-0/nightly-1: there is none yet\n0 of 1");
}

static void test_not_due_yet(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, DAYS - 10, CONDITION_RUNNING);
        check_of(&b, &b.nightly, "1 of 1");
        assert_int_equal(b.plan->next_due, NOW + 10 * USEC_PER_SEC);
        assert_int_equal(b.plan->sections[0].due_at, WALL + 11);
        assert_string_equal(b.plan->sections[0].when_converged,
                            "the oldest of the last backups is web-0/nightly-1, from 2027-01-14T08:00:10Z");
        bench_done(&b);
}

static void test_due(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 7, DAYS, CONDITION_RUNNING);
        check(&b, "create web-0/nightly-8: the last is from 2027-01-14T08:00:00Z\n"
                  "delete web-0/nightly-1: 2 newer ones are kept, after 0, waits: the new one has to be usable first\n"
                  "0 of 1");
}

/* By how much is a clock wrong, what do the clocks say then, and is one made? */
static void test_clocks(_unused_ void **state)
{
        static const struct {
                int64_t ago;        /* by our wall clock, 0: never */
                const char *vendor; /* its time */
                int64_t boot_ago;   /* by this boot's clock; -1: it was made in another */
                bool due;
        } cases[] = {
                { 10 * YEARS, "", HOURS, false }, /* the wall clock jumped ahead while it ran: no storm */
                { -10 * YEARS, "", HOURS, false },
                { -10 * YEARS, "", 25 * HOURS, true }, /* it jumped back: not for ever without */
                { HOURS, "", 25 * HOURS, true },
                { DAYS, "", -1, true },
                { DAYS - 1, "", -1, false },
                { -HOURS, "", -1, false },
                { -10 * YEARS, "", -1, true }, /* no clock says anything that can be: one is made, and counts then */
                { -10 * YEARS, "2027-01-15 07:00:00", -1, false }, /* the vendor knows better */
                { -10 * YEARS, "2027-01-13 07:00:00", -1, true },
                { -10 * YEARS, "2037-01-13 07:00:00", -1, true }, /* nobody does */
                { HOURS, "2026-01-01 07:00:00", -1, false },      /* the vendor's clock is wrong */
                { HOURS, "2030-01-01 07:00:00", -1, false },
                { 57 * YEARS, "2027-01-15T07:00:00", -1, false }, /* ours was when it was made */
                { 57 * YEARS, "soon", -1, true },
                { DAYS, "2027-01-14 16:00:00", -1, true }, /* its time zone is not ours */
                { DAYS - 1, "2027-01-14 00:00:00", -1, false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct bench b;
                struct thing *t;

                bench_init(&b);
                t = own(&b, 1, cases[i].ago, CONDITION_RUNNING);
                created(&b, cases[i].vendor);
                if (cases[i].boot_ago >= 0)
                        t->made_boot = NOW - (usec_t)cases[i].boot_ago * USEC_PER_SEC;
                plan(&b, &b.nightly);
                if (b.plan->n_actions != cases[i].due)
                        fail_msg("case %zu: %zu actions", i, b.plan->n_actions);
                bench_done(&b);
        }
}

static void test_rotation(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 4 * DAYS, CONDITION_RUNNING);
        own(&b, 2, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 3, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 4, HOURS, CONDITION_RUNNING);
        check(&b, "delete web-0/nightly-2: 2 newer ones are kept\n"
                  "delete web-0/nightly-1: 2 newer ones are kept\n1 of 1");
}

/* The oldest is the one that muster made first, whatever the clocks say, and whatever numbers they have. */
static void test_rotation_goes_by_the_order_of_making(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 9, -2 * YEARS, CONDITION_RUNNING);
        own(&b, 2, 3 * YEARS, CONDITION_RUNNING);
        own(&b, 3, HOURS, CONDITION_RUNNING);
        check(&b, "delete web-0/nightly-9: 2 newer ones are kept\n1 of 1");
}

static void test_nothing_goes_before_the_new_one_is_usable(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 2, DAYS, CONDITION_RUNNING);
        own(&b, 3, HOURS, CONDITION_CHANGING);
        check(&b, "note: 1 backup is being made\n0 of 1, waiting");
}

static void test_one_that_is_not_usable_goes_in_its_turn(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 4 * DAYS, CONDITION_CHANGING);
        own(&b, 2, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 3, 2 * DAYS, CONDITION_CHANGING);
        own(&b, 4, HOURS, CONDITION_RUNNING);
        check(&b, "delete web-0/nightly-1: 2 newer ones are kept\n"
                  "note: web-0/nightly-1 (backup-1) is still not usable: it is kept until newer ones take its place; "
                  "'muster forget web-0/nightly-1' drops it from the ledger\n"
                  "note: web-0/nightly-3 (backup-3) is still not usable: it is kept until newer ones take its place; "
                  "'muster forget web-0/nightly-3' drops it from the ledger\n"
                  "1 of 1");
}

static void test_a_state_that_is_not_known_is_left_alone(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 4 * DAYS, CONDITION_UNKNOWN);
        own(&b, 2, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 3, HOURS, CONDITION_RUNNING);
        check(&b, "note: web-0/nightly-1 (backup-1) is in a state that is not known: it is kept until newer ones take "
                  "its place; 'muster forget web-0/nightly-1' drops it from the ledger\n1 of 1");
}

/* Whether it is usable nobody knows: it counts as one that is being made, for as long as that may take. */
static void test_a_new_one_in_a_state_that_is_not_known(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 2, HOURS, CONDITION_UNKNOWN);
        check(&b, "note: 1 backup is being made\n0 of 1");
        bench_init(&b);
        own(&b, 1, 7 * HOURS, CONDITION_UNKNOWN);
        check(&b, "create web-0/nightly-2: none is usable\n"
                  "note: web-0/nightly-1 (backup-1) is in a state that is not known: it is kept until newer ones take "
                  "its place; 'muster forget web-0/nightly-1' drops it from the ledger\n0 of 1");
}

/* One that was usable once. */
static struct thing *own_spoilt(struct bench *b, int number, int64_t ago, enum condition condition)
{
        struct thing *t = own(b, number, ago, condition);

        t->ever_ready = true;
        return t;
}

/* That one look shows it as not usable any more is no ground to make another one, nor to delete any. */
static void test_one_that_is_not_usable_by_one_look(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        b.spec.keep = 1;
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        own_spoilt(&b, 2, 7 * HOURS, CONDITION_UNKNOWN);
        check(&b, "note: web-0/nightly-2 (backup-2) is not usable any more; a second look must confirm that\n"
                  "0 of 1, waiting");
}

/* Never usable, or not any more: the good ones stay, and after some attempts no more are made. */
static void test_none_becomes_usable(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        b.spec.keep = 1;
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        own(&b, 2, DAYS, CONDITION_CHANGING);
        own(&b, 3, 7 * HOURS, CONDITION_CHANGING);
        own_spoilt(&b, 4, HOURS, CONDITION_CHANGING)->unusable = true;
        check_of(&b, &b.nightly,
                 "create web-0/nightly-5: the last is from 2027-01-06T08:00:00Z, blocked: 3 backups of web-0 in a row "
                 "did not become usable; look at the vendor's console, and delete them there or 'muster forget' them\n"
                 "note: web-0/nightly-2 (backup-2) is still not usable: it is kept until newer ones take its place; "
                 "'muster forget web-0/nightly-2' drops it from the ledger\n"
                 "note: web-0/nightly-3 (backup-3) is still not usable: it is kept until newer ones take its place; "
                 "'muster forget web-0/nightly-3' drops it from the ledger\n"
                 "note: web-0/nightly-4 (backup-4) is not usable any more: it is kept until newer ones take its place; "
                 "'muster forget web-0/nightly-4' drops it from the ledger\n"
                 "0 of 1");
        assert_int_equal(b.plan->sections[0].phase_reason, REASON_REFUSED);
        bench_done(&b);
}

static void test_others_are_not_touched(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        b.spec.keep = 1;
        show(&b, "theirs-1", "", CONDITION_RUNNING);
        show(&b, "theirs-2", "web-0/nightly-41",
             CONDITION_RUNNING); /* with our mark, but not ours: its number is taken */
        show(&b, "theirs-3", "web-0/weekly-77", CONDITION_CHANGING);
        show(&b, "theirs-4", "web-0/nightly-9223372036854775807", CONDITION_RUNNING);
        show(&b, "theirs-5", "web-0/nightly-", CONDITION_RUNNING);
        show(&b, "theirs-6", "web-0/nightly--3", CONDITION_RUNNING);
        show(&b, "theirs-7", "/", CONDITION_RUNNING);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        check(&b, "create web-0/nightly-42: the last is from 2027-01-13T08:00:00Z\n"
                  "delete web-0/nightly-1: 1 newer one is kept, after 0, waits: the new one has to be usable first\n"
                  "0 of 1");
}

/* A create of unknown outcome counts as made. */
static void test_a_create_that_is_open(_unused_ void **state)
{
        struct bench b;
        struct call *c;

        bench_init(&b);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        c = ledger_add_call(b.ledger, TYPE_BACKUP, "star", POLICY, "web-0/nightly-2", ORDER_CREATE);
        assert_non_null(c);
        c->state = CALL_UNKNOWN;
        check(&b, "note: 1 backup is being made\n0 of 1, waiting");
}

/* A vendor may show one only once it is done: until then, and no longer than that can take, it counts as being made. */
static void test_one_that_the_vendor_names_and_does_not_show(_unused_ void **state)
{
        for (int64_t ago = HOURS; ago <= 7 * HOURS; ago += 6 * HOURS) {
                struct bench b;
                struct thing *t;

                bench_init(&b);
                own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
                t = ledger_add_thing(b.ledger, TYPE_BACKUP, "star", POLICY, "web-0/nightly-2", "backup-2");
                assert_non_null(t);
                t->made_at = WALL - ago;
                t->state = THING_PARKED;
                t->leaked = true;
                t->note = "no listing shows it";
                check(&b, ago == HOURS ? "note: web-0/nightly-2 is parked: no listing shows it; 'muster adopt "
                                         "web-0/nightly-2 ID' or 'muster forget web-0/nightly-2' decides\n"
                                         "note: 1 backup is being made\n0 of 1"
                                       : "create web-0/nightly-3: the last is from 2027-01-13T08:00:00Z\n"
                                         "note: web-0/nightly-2 is parked: no listing shows it; 'muster adopt "
                                         "web-0/nightly-2 ID' or 'muster forget web-0/nightly-2' decides\n0 of 1");
        }
}

static void test_a_machine_at_work_is_waited_for(_unused_ void **state)
{
        static const struct {
                enum thing_type type;
                const char *resource, *slot;
                enum order_verb verb;
                bool waits;
        } cases[] = {
                { TYPE_MACHINE, "MachineSet/web", "web-0", ORDER_CHANGE, true },
                { TYPE_BACKUP, "BackupPolicy/weekly", "web-0/weekly-1", ORDER_CREATE, true },
                { TYPE_BACKUP, "BackupPolicy/weekly", "web-0/weekly-1", ORDER_DELETE, false },
                { TYPE_MACHINE, "MachineSet/web", "web-1", ORDER_CHANGE, false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct bench b;
                struct call *c;

                bench_init(&b);
                c = ledger_add_call(b.ledger, cases[i].type, "star", cases[i].resource, cases[i].slot, cases[i].verb);
                assert_non_null(c);
                c->state = CALL_ACCEPTED;
                check(&b, cases[i].waits ? "create web-0/nightly-1: there is none yet, waits: the vendor is still at "
                                           "work on its machine\n0 of 1"
                                         : "create web-0/nightly-1: there is none yet\n0 of 1");
        }
}

/* What one look does not show may be there: nothing follows from that. */
static void test_a_missing_one_is_waited_for(_unused_ void **state)
{
        struct bench b;
        struct thing *t;

        bench_init(&b);
        own(&b, 1, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 2, 2 * DAYS, CONDITION_RUNNING);
        t = ledger_add_thing(b.ledger, TYPE_BACKUP, "star", POLICY, "web-0/nightly-3", "backup-3");
        assert_non_null(t);
        t->made_at = WALL - HOURS;
        t->missing = true;
        check(&b, "note: web-0/nightly-3 (backup-3) is gone from the listing; a second look must confirm that\n"
                  "0 of 1, waiting");
}

static void test_what_was_not_looked_at(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        observe(&b, false);
        show_machine(&b, CONDITION_RUNNING);
        check(&b, "note: the backups of 1 machine are not known yet; nothing is done about them\n0 of 1, waiting");
}

static void seen_by_an_earlier_look(struct bench *b)
{
        bench_init(b);
        observe(b, false);
        show_machine(b, CONDITION_RUNNING);
        assert_int_equal(observation_remember(b->seen, TYPE_BACKUP, "vm-0", NOW - USEC_PER_HOUR), 0);
}

#define EARLIER                                                                                                 \
        "note: machines are asked for their backups in turn: 1 are as an earlier look saw them, the oldest at " \
        "2027-01-15T07:00:00Z\n"

/* It is planned with, and is no ground to make or to delete one. */
static void test_what_an_earlier_look_saw(_unused_ void **state)
{
        struct bench b;

        seen_by_an_earlier_look(&b);
        own(&b, 1, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 2, 2 * DAYS, CONDITION_RUNNING);
        check(&b,
              "create web-0/nightly-3: the last is from 2027-01-13T08:00:00Z, waits: the backups of its machine are "
              "asked for again first\n"
              "delete web-0/nightly-1: 2 newer ones are kept, after 0, waits: the new one has to be usable first\n" EARLIER
              "0 of 1");
        seen_by_an_earlier_look(&b);
        own(&b, 1, 3 * DAYS, CONDITION_RUNNING);
        own(&b, 2, DAYS - 1, CONDITION_RUNNING);
        own(&b, 3, HOURS, CONDITION_RUNNING);
        check(&b,
              "delete web-0/nightly-1: 2 newer ones are kept, waits: the backups of its machine are asked for again "
              "first\n" EARLIER "1 of 1");
        seen_by_an_earlier_look(&b);
        own(&b, 1, HOURS, CONDITION_RUNNING);
        check(&b, EARLIER "1 of 1");
}

static void test_machines_that_are_left_alone(_unused_ void **state)
{
        static const char *const held[] = { "web-0" };
        struct bench b;

        bench_init(&b);
        b.set->machine_set->hold = (struct strings){ (const char **)held, 1 };
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        check(&b, "note: web-0 is on hold: no backup of it is made or deleted\n0 of 1");
        bench_init(&b);
        observe(&b, true);
        show_machine(&b, CONDITION_ASLEEP);
        check(&b, "note: web-0 is asleep: no backup of it is made or deleted\n0 of 1");
        bench_init(&b);
        observe(&b, true);
        show_machine(&b, CONDITION_CHANGING);
        check(&b,
              "create web-0/nightly-1: there is none yet, waits: the vendor is still at work on its machine\n0 of 1");
        bench_init(&b);
        b.set->paused = true;
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        check(&b, "create web-0/nightly-2: the last is from 2027-01-06T08:00:00Z, blocked: MachineSet/web is paused in "
                  "its spec\n0 of 1");
        bench_init(&b);
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        b.machine->state = THING_LEAVING;
        check(&b, "note: web-0 goes, and with it its 1 backup\n0 of 0");
}

static void test_orphans(_unused_ void **state)
{
        struct bench b;

        bench_init(&b);
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 2, DAYS, CONDITION_RUNNING);
        check_of(&b, NULL, "note: 2 backups of 1 machine are orphaned: kept, because prune is off\n0 of 0, 2 orphaned");
        bench_done(&b);
        bench_init(&b);
        b.policy->policy->prune = true;
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        own(&b, 2, HOURS, CONDITION_CHANGING);
        show(&b, "theirs-2", "web-0/nightly-41", CONDITION_RUNNING);
        check_of(&b, NULL,
                 "delete web-0/nightly-1: no spec names it any more, counts\n"
                 "delete web-0/nightly-2: no spec names it any more, waits: the vendor is still at work on it, counts\n"
                 "0 of 0");
        bench_done(&b);
        bench_init(&b);
        b.policy->policy->prune = true;
        b.machine->protect = true;
        own(&b, 1, 2 * DAYS, CONDITION_RUNNING);
        check_of(&b, NULL,
                 "note: 1 backup of 1 machine is orphaned: kept, because its machine may not be touched\n"
                 "0 of 0, 1 orphaned");
        bench_done(&b);
}

/* Of another set's machines the policy's are not any more. */
static void test_a_policy_that_went_to_another_set(_unused_ void **state)
{
        struct bench b;
        struct resource other = { .kind = &kind_machine_set, .name = "db", .machine_set = NULL };

        bench_init(&b);
        other.machine_set = b.set->machine_set;
        b.spec.machine_set.resource = &other;
        own(&b, 1, 9 * DAYS, CONDITION_RUNNING);
        check(&b, "note: 1 backup of 1 machine is orphaned: kept, because prune is off\n0 of 0, 1 orphaned");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_first_one),
                cmocka_unit_test(test_not_due_yet),
                cmocka_unit_test(test_due),
                cmocka_unit_test(test_clocks),
                cmocka_unit_test(test_rotation),
                cmocka_unit_test(test_rotation_goes_by_the_order_of_making),
                cmocka_unit_test(test_nothing_goes_before_the_new_one_is_usable),
                cmocka_unit_test(test_one_that_is_not_usable_goes_in_its_turn),
                cmocka_unit_test(test_a_state_that_is_not_known_is_left_alone),
                cmocka_unit_test(test_a_new_one_in_a_state_that_is_not_known),
                cmocka_unit_test(test_one_that_is_not_usable_by_one_look),
                cmocka_unit_test(test_none_becomes_usable),
                cmocka_unit_test(test_others_are_not_touched),
                cmocka_unit_test(test_a_create_that_is_open),
                cmocka_unit_test(test_one_that_the_vendor_names_and_does_not_show),
                cmocka_unit_test(test_a_machine_at_work_is_waited_for),
                cmocka_unit_test(test_a_missing_one_is_waited_for),
                cmocka_unit_test(test_what_was_not_looked_at),
                cmocka_unit_test(test_what_an_earlier_look_saw),
                cmocka_unit_test(test_machines_that_are_left_alone),
                cmocka_unit_test(test_orphans),
                cmocka_unit_test(test_a_policy_that_went_to_another_set),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
