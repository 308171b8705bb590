/* SPDX-License-Identifier: MIT */

/*
 * What follows from what the ledger has and a listing shows: the table under "Recovery" in reconcile/README.md, each cell of it. The files of
 * tests/reconcile/recoveries hold specs, and then what is on record (tests/support/situation.h), with the looks that follow: "@20" begins the one
 * that is made 20 seconds later. W is the Provider's `settle`. MUSTER_TESTS_WRITE=1 writes what comes of it anew.
 */

#include "reconcile/account.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/reconcile/spec_files.h"
#include "tests/support/scarcity.h"
#include "tests/support/situation.h"

#define FOLDER "reconcile/recoveries"
#define THEN "\n--- then\n"
#define LOOK "\n@"

struct bench {
        struct situation situation;
        struct engine *engine;
        struct account *account;
        struct buf *told;
        usec_t at;
};

static int cannot_send(_unused_ void *userdata, _unused_ size_t account, _unused_ uint64_t id,
                       _unused_ const struct request *rq, struct error *e)
{
        return error_set(e, -ENOTCONN, "nothing is sent here");
}

static void cancel(_unused_ void *userdata, _unused_ size_t account, _unused_ uint64_t id)
{
}

static int commit(_unused_ void *userdata, _unused_ struct error *e)
{
        return 0;
}

static void hear(_unused_ void *userdata, _unused_ const struct engine_event *event)
{
}

static int64_t wall(_unused_ void *userdata)
{
        return SITUATION_WALL;
}

static void bench_init(struct bench *b, const struct estate *estate, const char *lines, struct buf *told)
{
        const struct engine_options engine_options = { .mode = ENGINE_PLAN, .provider_find = find_provider };
        const struct engine_host host = {
                .userdata = b, .send = cannot_send, .cancel = cancel, .commit = commit, .event = hear, .wall = wall
        };
        struct error e = { 0 };

        b->told = told;
        b->at = 0;
        situation_init(&b->situation, estate, codec_of(estate), lines);
        assert_int_equal(engine_new(&engine_options, &host, b->situation.ledger, &b->engine), 0);
        if (engine_set_estate(b->engine, estate, NULL, 0, SITUATION_NOW, &e) < 0)
                fail_msg("%s", e.text);
        assert_int_equal(b->engine->n_accounts, 1);
        b->account = b->engine->accounts[0];
        b->account->readable = true;
        b->account->provider = b->situation.in.provider;
}

static void bench_done(struct bench *b)
{
        b->account->machines = NULL; /* the situation's */
        engine_free(b->engine);
        situation_done(&b->situation);
}

static void print_rest(const struct bench *b, struct buf *to)
{
        const struct ledger *l = b->situation.ledger;

        for (size_t i = 0; i < l->n_calls; i++) {
                const struct call *c = l->calls[i];

                (void)buf_addf(to, "%s %s %s: %s%s%s%s%s\n", order_verb_words[c->verb], thing_type_words[c->type],
                               c->slot, c->state == CALL_RESOLVED ? c->outcome : call_state_words[c->state],
                               c->state == CALL_RESOLVED && *c->note ? ": " : "",
                               c->state == CALL_RESOLVED ? c->note : "", c->absent ? ", absent" : "",
                               c->name_taken ? ", its name is taken" : "");
        }
        for (size_t i = 0; i < l->n_things; i++) {
                const struct thing *t = l->things[i];

                (void)buf_addf(to, "%s %s%s%s is %s%s%s%s%s%s%s\n", thing_type_words[t->type], t->slot,
                               *t->id ? " " : "", t->id, thing_state_words[t->state], t->missing ? ", missing" : "",
                               t->leaked ? ", leaked" : "", *t->note ? ": " : "", t->note,
                               values_known(&t->made_with, PROPERTY_SPEC) ? ", made with " : "",
                               values_known(&t->made_with, PROPERTY_SPEC) ? t->made_with.of[PROPERTY_SPEC].text : "");
        }
        if (b->account->hold)
                (void)buf_addf(to, "held: %s\n", b->account->hold);
}

/* One look, `lines` is what it shows. */
static int look(struct bench *b, const char *lines, struct error *e)
{
        struct account *a = b->account;
        bool scarce = scarcity.on;
        int64_t seconds;
        char *end;
        int r;

        scarcity.on = false;
        seconds = strtoll(lines, &end, 10);
        (void)buf_addf(b->told, "@%lld\n", (long long)seconds);
        situation_look(&b->situation, end);
        a->machines = b->situation.seen;
        a->machines_at = SITUATION_NOW + (usec_t)seconds * USEC_PER_SEC;
        losses_note_others(a);
        scarcity.on = scarce;
        r = recover_see(a, a->machines_at, e);
        losses_keep_others(a);
        if (r >= 0 && b->engine->broken)
                r = -ENOMEM;
        return r;
}

/* All looks; the first that fails ends it. */
static int look_on(struct bench *b, const char *lines)
{
        struct error e = { 0 };
        int r = 0;

        for (const char *at = strstr(lines, LOOK); at && r >= 0;) {
                const char *next = strstr(at + 1, LOOK);
                char text[4096];

                (void)snprintf(text, sizeof(text), "%.*s", (int)(next ? next - at : (ptrdiff_t)strlen(at)) - 2, at + 2);
                r = look(b, text, &e);
                at = next;
        }
        return r;
}

/* What is on record before the first look. */
static void before(const char *lines, char ret[static 4096])
{
        const char *at = strstr(lines, LOOK);

        assert_non_null(at);
        (void)snprintf(ret, 4096, "%.*s", (int)(at - lines), lines);
}

static void recover_in(const struct estate *estate, const char *lines, struct buf *to)
{
        struct bench b;
        char record[4096];

        before(lines, record);
        bench_init(&b, estate, record, to);
        assert_int_equal(look_on(&b, lines), 0);
        print_rest(&b, to);
        bench_done(&b);
}

static bool recover_with(const struct estate *estate, const char *lines, uint64_t allocations, const struct buf *whole)
{
        _cleanup_buf_ struct buf told = BUF_INIT(SPEC_FILE_MAX);
        struct bench b;
        char record[4096];
        bool ran_out;
        int r;

        before(lines, record);
        bench_init(&b, estate, record, &told);
        scarcity_begin(allocations, false);
        r = look_on(&b, lines);
        ran_out = scarcity_end();
        print_rest(&b, &told);
        if (r >= 0 && !text_equal(buf_text(&told), buf_text(whole)))
                fail_msg("allocation %llu of%s\nmakes it\n%s", (unsigned long long)allocations, lines, buf_text(&told));
        assert_true(r >= 0 || (ran_out && r == -ENOMEM));
        bench_done(&b);
        return ran_out;
}

/* It comes out the same, or the engine is broken, and is made anew out of what is on the disk. */
static void recover_in_scarcity(const struct estate *estate, const char *lines, _unused_ struct buf *unused)
{
        _cleanup_buf_ struct buf whole = BUF_INIT(SPEC_FILE_MAX);

        recover_in(estate, lines, &whole);
        for (uint64_t n = 0; recover_with(estate, lines, n, &whole);)
                n++;
}

static bool check_file(const char *folder, const char *file)
{
        _cleanup_buf_ struct buf is = BUF_INIT(SPEC_FILE_MAX);
        char path[256];

        if (!strstr(file, ".recovery"))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
        each_situation(path, THEN, &is, recover_in);
        assert_same_as_file(buf_text(&is), path);
        return true;
}

static bool check_scarcity(const char *folder, const char *file)
{
        _cleanup_buf_ struct buf unused = BUF_INIT(SPEC_FILE_MAX);
        char path[256];

        if (!strstr(file, ".recovery"))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
        each_situation(path, THEN, &unused, recover_in_scarcity);
        return true;
}

static void test_recoveries(_unused_ void **state)
{
        assert_true(test_folder_each(FOLDER, check_file) > 0);
}

static void test_memory(_unused_ void **state)
{
        assert_true(test_folder_each(FOLDER, check_scarcity) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recoveries),
                cmocka_unit_test(test_memory),
        };

        json_set_alloc_funcs(malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
