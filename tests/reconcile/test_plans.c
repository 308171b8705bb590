/* SPDX-License-Identifier: MIT */

/*
 * What is planned in which situation: each file of tests/reconcile/plans holds specs, and then situations (tests/support/situation.h), each with the
 * plan that is made in it. Files that are to be written anew: MUSTER_TESTS_WRITE=1.
 */

#include "cmd/plan_markdown.h"
#include "cmd/plan_text.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "reconcile/base/text.h"
#include "tests/reconcile/spec_files.h"
#include "tests/support/scarcity.h"
#include "tests/support/situation.h"

#define FOLDER "reconcile/plans"
#define TEXT_MAX ((size_t)1 << 18)
#define PLAN "\n--- plan\n" /* ends it */

/* Actions are named by their number where others wait for them: "#3". */
static void print_action(const struct plan *p, size_t number, struct buf *b)
{
        const struct action *a = &p->actions[number];

        (void)buf_addf(b, "  #%zu %s %s %s%s%s: %s\n", number + 1, action_verb_text(a->verb), a->kind, a->name,
                       a->vendor_id ? " " : "", a->vendor_id ? a->vendor_id : "", a->reason);
        if (a->summary)
                (void)buf_addf(b, "     %s\n", a->summary);
        for (size_t i = 0; i < a->n_changes; i++)
                (void)buf_addf(b, "     %s: %s -> %s\n", a->changes[i].field, a->changes[i].from, a->changes[i].to);
        for (size_t i = 0; i < a->depends_on.n; i++)
                (void)buf_addf(b, "%s#%zu", i ? ", " : "     after ", a->depends_on.of[i] + 1);
        if (a->depends_on.n)
                (void)buf_addc(b, '\n');
        if (a->waits)
                (void)buf_addf(b, "     waits: %s\n", a->waits);
        if (a->given_up)
                (void)buf_adds(b, "     given up\n");
        if (a->blocked)
                (void)buf_addf(b, "     blocked: %s\n", a->blocked);
        if (a->counts != COUNTS_NOTHING)
                (void)buf_addf(b, "     counts as %s\n", call_counts_words[a->counts]);
}

static void print_section(const struct plan *p, size_t number, struct buf *b)
{
        const struct section *s = &p->sections[number];
        const char *reason = phase_reason_text(s->phase_reason);

        (void)buf_addf(b, "%s: %s\n", s->resource, s->unknown ? s->unknown : s->headline);
        for (size_t i = 0; i < p->n_actions; i++)
                if (p->actions[i].section == number)
                        print_action(p, i, b);
        for (size_t i = 0; i < s->n_notes; i++)
                (void)buf_addf(b, "  %s\n", s->notes[i]);
        (void)buf_addf(b, "  %s%s%s%s%s\n", phase_text(s->phase), reason ? ", " : "", reason ? reason : "",
                       *s->message ? ": " : "", s->message);
}

static void print_plan(const struct plan *p, struct buf *b)
{
        static const char *const remarks[] = { "release", "protect", "unprotect" };

        for (size_t i = 0; i < p->n_sections; i++)
                print_section(p, i, b);
        for (size_t i = 0; i < p->n_remarks; i++)
                (void)buf_addf(b, "noted: %s %s\n", remarks[p->remarks[i].type], p->remarks[i].thing->slot);
        for (size_t i = 0; i < p->n_diagnostics; i++)
                (void)buf_addf(b, "%s: %s\n", p->diagnostics[i].resource, p->diagnostics[i].message);
        (void)buf_addf(b, "%lld as wanted, %lld foreign\n", (long long)p->unchanged, (long long)p->foreign);
}

/* A plan that was taken over into another one, sorted, says the same: nothing of it is new. */
static void check_copy(const struct plan *p)
{
        _cleanup_(plan_free_p) struct plan *copy = NULL;
        struct plan_counts a = plan_count(p), b;

        assert_int_equal(plan_new(&copy), 0);
        assert_int_equal(plan_append(copy, p), 0);
        assert_int_equal(plan_sort(copy), 0);
        b = plan_count(copy);
        assert_memory_equal(&a, &b, sizeof(a));
        assert_null(plan_find_new(p, copy));
        assert_null(plan_find_new(copy, p));
        assert_int_equal(plan_has_actions(copy), plan_has_actions(p));
}

static void plan_in(const struct estate *estate, const char *lines, struct buf *b)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        struct situation s;
        struct error e = { 0 };

        situation_init(&s, estate, codec_of(estate), lines);
        assert_int_equal(plan_new(&plan), 0);
        if (plan_account(plan, &s.in, &e) < 0)
                fail_msg("%s", e.text);
        print_plan(plan, b);
        check_copy(plan);
        situation_done(&s);
}

/* What the engine makes of it, and the commands show of that. */
static int make_all(const struct situation *s, struct plan **ret, struct buf *text)
{
        _cleanup_(plan_free_p) struct plan *part = NULL, *plan = NULL;
        struct error e = { 0 };
        int r;

        if (plan_new(&part) < 0 || plan_new(&plan) < 0)
                return -ENOMEM;
        r = plan_account(part, &s->in, &e);
        if (r < 0)
                assert_string_not_equal(e.text, "");
        if (r >= 0)
                r = plan_append(plan, part);
        if (r >= 0)
                r = plan_sort(plan);
        if (r >= 0)
                r = plan_check(plan);
        if (r >= 0)
                r = plan_text(plan, &palette_plain, 0, text);
        if (r >= 0)
                r = plan_markdown(plan, text);
        if (r >= 0)
                *ret = STEAL(plan);
        return r;
}

static void check_same(const char *is, const char *whole, uint64_t allocations, const char *lines)
{
        size_t same = 0;

        while (is[same] && is[same] == whole[same])
                same++;
        if (is[same] || whole[same])
                fail_msg("allocation %llu of%s\nmakes it differ: \"%.300s\" and not \"%.300s\"",
                         (unsigned long long)allocations, lines, is + same, whole + same);
}

/* With so many allocations: all of it, or nothing and a word why. False: it needs no more. */
static bool make_with(const struct estate *estate, const char *lines, uint64_t allocations, bool for_good,
                      const struct buf *whole)
{
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        _cleanup_buf_ struct buf text = BUF_INIT(TEXT_MAX);
        struct situation s;
        bool ran_out;
        int r;

        situation_init(&s, estate, codec_of(estate), lines);
        scarcity_begin(allocations, for_good);
        r = make_all(&s, &plan, &text);
        ran_out = scarcity_end();
        if (r < 0) {
                assert_true(ran_out);
                assert_int_equal(r, -ENOMEM);
        } else {
                print_plan(plan, &text);
                check_same(buf_text(&text), buf_text(whole), allocations, lines);
        }
        situation_done(&s);
        return ran_out;
}

static void plan_in_scarcity(const struct estate *estate, const char *lines, _unused_ struct buf *b)
{
        _cleanup_buf_ struct buf whole = BUF_INIT(TEXT_MAX);
        _cleanup_(plan_free_p) struct plan *plan = NULL;
        struct situation s;

        situation_init(&s, estate, codec_of(estate), lines);
        assert_int_equal(make_all(&s, &plan, &whole), 0);
        print_plan(plan, &whole);
        situation_done(&s);
        for (int for_good = 0; for_good < 2; for_good++)
                for (uint64_t n = 0; make_with(estate, lines, n, for_good, &whole);)
                        n++;
}

static bool check_file(const char *folder, const char *file)
{
        _cleanup_buf_ struct buf is = BUF_INIT(TEXT_MAX);
        char path[256];

        if (!strstr(file, ".plan"))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
        each_situation(path, PLAN, &is, plan_in);
        assert_same_as_file(buf_text(&is), path);
        return true;
}

static bool check_scarcity(const char *folder, const char *file)
{
        _cleanup_buf_ struct buf unused = BUF_INIT(TEXT_MAX);
        char path[256];

        if (!strstr(file, ".plan"))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, file);
        each_situation(path, PLAN, &unused, plan_in_scarcity);
        return true;
}

static void test_plans(_unused_ void **state)
{
        assert_true(test_folder_each(FOLDER, check_file) > 0);
}

/* Memory runs out at each allocation in turn, once or for good. */
static void test_memory(_unused_ void **state)
{
        assert_true(test_folder_each(FOLDER, check_scarcity) > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_plans),
                cmocka_unit_test(test_memory),
        };

        json_set_alloc_funcs(malloc, free);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
