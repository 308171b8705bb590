/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/output.h"
#include "cmd/plan_json.h"
#include "cmd/plan_markdown.h"
#include "cmd/plan_text.h"
#include "reconcile/base/array.h"
#include "reconcile/base/json.h"
#include "tests/support/files.h"

static struct plan *make_plan(void)
{
        struct plan *p = NULL;

        assert_int_equal(plan_new(&p), 0);
        p->digest = "sha256:0123456789abcdef";

        return p;
}

static struct section *add_section(struct plan *p, const char *resource, const char *provider, const char *headline,
                                   const char *file, uint32_t line)
{
        struct section *s = ARRAY_ADD(p->sections, p->n_sections, p->allocated_sections);

        assert_non_null(s);
        s->resource = resource;
        s->provider = provider;
        s->headline = headline;
        s->position = (struct position){ .file = file, .line = line, .column = 1 };
        s->message = "";
        p->n_resources++;

        return s;
}

/* An action of the section that was added last. */
static struct action *add_action(struct plan *p, enum action_verb verb, const char *kind, const char *name)
{
        struct action *a = ARRAY_ADD(p->actions, p->n_actions, p->allocated_actions);

        assert_non_null(a);
        a->verb = verb;
        a->kind = kind;
        a->name = name;
        a->section = p->n_sections - 1;
        a->reason = p->sections[a->section].headline;

        return a;
}

static void add_note(struct section *s, const char *note)
{
        const char **slot = ARRAY_ADD(s->notes, s->n_notes, s->allocated_notes);

        assert_non_null(slot);
        *slot = note;
}

static void add_trouble(struct section *s, bool unknown, const char *name, const char *text)
{
        struct trouble *trouble = ARRAY_ADD(s->troubles, s->n_troubles, s->allocated_troubles);

        assert_non_null(trouble);
        *trouble = (struct trouble){ .unknown = unknown, .name = name, .text = text };
}

static void add_provider(struct plan *p, const char *name, uint64_t reads, uint64_t planned)
{
        struct plan_provider *provider = ARRAY_ADD(p->providers, p->n_providers, p->allocated_providers);

        assert_non_null(provider);
        *provider = (struct plan_provider){ .name = name, .reads = reads, .planned = planned };
}

static void add_line(struct plan *p, struct action *a, const char *field, const char *from, const char *to)
{
        const struct change_line change = { .field = field, .from = from, .to = to };

        assert_int_equal(action_add_change(p, a, &change), 0);
}

static void add_depends(struct plan *p, struct action *a, size_t number)
{
        assert_int_equal(action_depends(p, a, number), 0);
}

/* A set that grows and has drift, a balancer that follows it, and a set that nothing is known of. */
static struct plan *make_mixed(void)
{
        struct plan *p = make_plan();
        struct action *a;

        (void)add_section(p, "MachineSet/web", "star", "count is 5, 3 exist", "web.yaml", 4);
        add_action(p, ACTION_CREATE, "Machine", "web-3")->summary = "template tmpl-7, 4 cpu, 8GiB, network pg-12";
        add_action(p, ACTION_CREATE, "Machine", "web-4")->summary = "template tmpl-7, 4 cpu, 8GiB, network pg-12";
        a = add_action(p, ACTION_UPDATE, "Disk", "web-0/data");
        a->vendor_id = "vdisk-12";
        a->reason = "size is 50GiB, spec says 100GiB";
        add_line(p, a, "size", "50GiB", "100GiB");

        (void)add_section(p, "LoadBalancer/shop", "star", "follows MachineSet/web", "edge.yaml", 2);
        add_depends(p, add_action(p, ACTION_CREATE, "BackEnd", "web-3:8080"), 0);
        add_depends(p, add_action(p, ACTION_CREATE, "BackEnd", "web-4:8080"), 1);

        add_section(p, "MachineSet/batch", "fin", "", "batch.yaml", 1)
                ->unknown = "listing fell from 40 machines to 2; nothing is done there until that is confirmed";
        p->unchanged = 12;
        p->foreign = 7;
        p->unknown = 1;
        add_provider(p, "star", 4, 8);
        add_provider(p, "fin", 2, 1);

        return p;
}

/* What the mixed plan lacks: every other sign, what is blocked and what waits, notes, orphans, and hostile names. */
static struct plan *make_all_sorts(void)
{
        struct plan *p = make_plan();
        struct plan_diagnostic *d;
        struct section *s;
        struct action *a;

        s = add_section(p, "MachineSet/db", "star", "count is 2, 4 exist", "specs/a/very/long/path/to/the/file/db.yaml",
                        120);
        a = add_action(p, ACTION_DELETE, "Machine", "db-3");
        a->vendor_id = "vm-9";
        a->summary = "running";
        a->address = "10.0.0.9";
        a->blocked = "2 to delete, the limit is 1";
        a = add_action(p, ACTION_REPLACE, "Machine", "db-1");
        a->vendor_id = "vm-\033[2J";
        a->summary = "failed";
        a->reason = "it failed before it ever worked";
        a = add_action(p, ACTION_START, "Machine", "db-0");
        a->reason = "it is stopped, spec says running";
        a = add_action(p, ACTION_UPDATE, "Machine", "db-2-with-a-name-longer-than-the-column");
        add_line(p, a, "cpu", "4", "8");
        add_line(p, a, "memory", "8GiB", "16GiB");
        a = add_action(p, ACTION_CREATE, "Machine", "db-4");
        a->summary = "template t";
        a->waits = "a second look must confirm that it is gone";
        a = add_action(p, ACTION_DELETE, "Machine", "db-5");
        a->vendor_id = "vm-11";
        a->summary = "stopped";
        add_note(s, "db-7 is parked: two machines have its name");

        (void)add_section(p, "MachineSet/quiet", "star", "count is 1, 1 exists", "q.yaml", 1);
        s = add_section(p, "MachineSet/old", "star", "no spec names it any more; 1 exists", NULL, 0);
        add_note(s, "old-0 (vm-1) is orphaned: kept, because prune is off");
        p->orphaned = 1;
        p->unchanged = 1;
        add_provider(p, "star", 1, 1);

        d = ARRAY_ADD(p->diagnostics, p->n_diagnostics, p->allocated_diagnostics);
        assert_non_null(d);
        *d = (struct plan_diagnostic){ .severity = PLAN_WARNING, .resource = NULL, .message = "there is no ledger" };

        return p;
}

/* Parts that can never be as their spec says, or that nothing is known of, beside what is to be done; and a set with such parts alone. */
static struct plan *make_troubled(void)
{
        struct plan *p = make_plan();
        struct section *s;

        s = add_section(p, "MachineSet/db", "star", "count is 3, 2 exist", "db.yaml", 7);
        add_trouble(s, false, "db-0/data",
                    "size is 100GiB, spec says 50GiB; a disk cannot shrink: write size: 100GiB or more");
        add_trouble(s, true, "db-1", "its disks are not known: the answer was cut off; nothing is done about them");
        add_trouble(s, false, "db-0/l`o\033[2Jg",
                    "size is 2TiB, spec says 1TiB; a disk cannot shrink: write size: 2TiB or more");
        add_note(s, "db-7 is parked: two machines have its name");
        add_action(p, ACTION_CREATE, "Machine", "db-2")->summary = "template tmpl-7, 4 cpu, 8GiB, network pg-12";

        s = add_section(p, "MachineSet/web", "star", "count is 1, 1 exists", "web.yaml", 1);
        add_trouble(s, false, "web-0/data",
                    "size is 20GiB, spec says 10GiB; a disk cannot shrink: write size: 20GiB or more");
        p->unknown = 1;
        p->unchanged = 3;
        add_provider(p, "star", 4, 1);

        return p;
}

static const char *name_of(struct plan *p, const char *set, int ordinal)
{
        return plan_string(p, "%s-%d", set, ordinal);
}

static void add_machines(struct plan *p, enum action_verb verb, const char *set, int first, int last)
{
        int step = last < first ? -1 : 1;

        for (int i = first; i != last + step; i += step) {
                struct action *a = add_action(p, verb, "Machine", name_of(p, set, i));

                a->vendor_id = verb == ACTION_CREATE ? NULL : plan_string(p, "vm-%d", 100 + i);
                a->address = verb == ACTION_DELETE ? plan_string(p, "10.0.0.%d", i) : NULL;
                a->summary = verb == ACTION_CREATE ? "template tmpl-7, 4 cpu, 8GiB, network pg-12" : "running";
        }
}

static void add_change(struct plan *p, const char *name, const char *field, const char *from, const char *to)
{
        struct action *a = add_action(p, ACTION_UPDATE, "Machine", name);

        a->vendor_id = "vm-1";
        a->reason = plan_string(p, "%s is %s, spec says %s", field, from, to);
        add_line(p, a, field, from, to);
}

/* Sets that grow, shrink and change by many machines at once, with the gaps and the reasons that part them. */
static struct plan *make_large(void)
{
        struct plan *p = make_plan();
        struct action *a;

        (void)add_section(p, "MachineSet/web", "star", "count is 12, 4 exist", "web.yaml", 4);
        a = add_action(p, ACTION_CREATE, "Machine", "web-2");
        a->summary = "template tmpl-7, 4 cpu, 8GiB, network pg-12";
        a->reason = "web-2 (vm-102) is gone from the listing";
        a->waits = "a second look must confirm that it is gone";
        add_machines(p, ACTION_CREATE, "web", 4, 10);
        add_machines(p, ACTION_CREATE, "web", 12, 13);
        for (int i = 0; i < 4; i++) {
                add_change(p, name_of(p, "web", i), "cpu", "4", "8");
                add_change(p, name_of(p, "web", i), "memory", "8GiB", "16GiB");
                a = &p->actions[p->n_actions - 1];
                add_depends(p, a, p->n_actions - 2);
                a->waits = "one change of a machine at a time";
        }

        (void)add_section(p, "MachineSet/batch", "star", "count is 2, 9 exist", "batch.yaml", 1);
        add_machines(p, ACTION_DELETE, "batch", 8, 5);
        add_machines(p, ACTION_DELETE, "batch", 3, 1);
        for (size_t i = p->n_actions - 7; i < p->n_actions; i++)
                p->actions[i].blocked = "7 to delete on star and 0 deleted within the hour, the limit is 5; "
                                        "--max-deletes or a Policy's maxDeletes lifts it";

        (void)add_section(p, "MachineSet/db", "star", "count is 5, 5 exist", "db.yaml", 1);
        add_machines(p, ACTION_DELETE, "db", 9, 7);
        a = add_action(p, ACTION_ADOPT, "Machine", "db-2");
        a->vendor_id = "vm-77";
        a->summary = "old-db, running";
        a->reason = "the spec adopts it";
        a = add_action(p, ACTION_UPDATE, "Machine", "db-3");
        a->reason = "it was renamed to mine at the vendor";
        add_line(p, a, "name", "mine", "db-3");
        for (int i = 4; i < 6; i++) {
                a = add_action(p, ACTION_REPLACE, "Machine", name_of(p, "db", i));
                a->vendor_id = name_of(p, "vm", i);
                a->reason = "template is tmpl-7, spec says tmpl-8";
                add_line(p, a, "template", "tmpl-7", "tmpl-8");
                a->waits = "at most 1 away at a time, and each new one works for 30s first";
        }
        add_provider(p, "star", 1, 30);

        return p;
}

static void check_columns(const struct plan *p, const struct palette *colors, size_t columns, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(plan_text(p, colors, columns, &b), 0);
        assert_same_as_file(buf_text(&b), file);
}

static void check_text(const struct plan *p, const struct palette *colors, const char *file)
{
        check_columns(p, colors, 0, file);
}

static void check_markdown(const struct plan *p, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(plan_markdown(p, &b), 0);
        assert_same_as_file(buf_text(&b), file);
}

static void check_json(const struct plan *p, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        _cleanup_json_ json_t *json = plan_json(p);

        assert_int_equal(output_json_to(json, &b), 0);
        assert_same_as_file(buf_text(&b), file);
}

static void test_text(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts(), *large = make_large(),
                                           *troubled = make_troubled();

        check_text(mixed, &palette_plain, "cmd/golden/mixed.txt");
        check_text(all, &palette_plain, "cmd/golden/all-sorts.txt");
        check_text(large, &palette_plain, "cmd/golden/large.txt");
        check_text(troubled, &palette_plain, "cmd/golden/troubled.txt");
}

static void test_colored_text(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts();

        check_text(mixed, &palette_colored, "cmd/golden/mixed-colored.txt");
        check_text(all, &palette_colored, "cmd/golden/all-sorts-colored.txt");
}

/* On a terminal lines are broken between words, and colours take no room. */
static void test_text_for_a_terminal(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *large = make_large(), *mixed = make_mixed();

        check_columns(large, &palette_plain, 72, "cmd/golden/large-72-columns.txt");
        check_columns(mixed, &palette_colored, 60, "cmd/golden/mixed-60-columns.txt");
        check_columns(mixed, &palette_plain, 1, "cmd/golden/mixed-1-column.txt");
}

static void test_markdown(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts(), *large = make_large(),
                                           *nothing = make_plan(), *troubled = make_troubled();

        check_markdown(mixed, "cmd/golden/mixed.md");
        check_markdown(all, "cmd/golden/all-sorts.md");
        check_markdown(large, "cmd/golden/large.md");
        check_markdown(troubled, "cmd/golden/troubled.md");
        nothing->unchanged = 3;
        check_markdown(nothing, "cmd/golden/nothing.md");
}

/* What would end a code span or a cell, or write to somebody. */
static void test_markdown_of_hostile_words(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        (void)add_section(p, "MachineSet/web", "star", "count is 1, 0 exist", "a|b`c.yaml", 1);
        add_action(p, ACTION_CREATE, "Machine", "web-0")->summary = "`|\\| @all <b>\n| x |";
        assert_int_equal(plan_markdown(p, &b), 0);
        assert_non_null(
                strstr(buf_text(&b), "| + | `web-0` | machine | `\\x60\\x7c\\\\x7c @all <b>\\x0a\\x7c x \\x7c` |\n"));
        assert_non_null(strstr(buf_text(&b), " at `a\\x7cb\\x60c.yaml:1`\n"));
}

/* A comment has its limit: whole rows fit under it, the summary stays, and what is missing is counted. */
static void test_markdown_of_too_much(_unused_ void **state)
{
        static const int machines = 3000;
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);
        unsigned long left_out;
        const char *rest;
        size_t rows = 0;

        (void)add_section(p, "MachineSet/web", "star", "count is 6000, 0 exist", "web.yaml", 4);
        for (int i = 0; i < machines; i++)
                add_machines(p, ACTION_CREATE, "web", 2 * i, 2 * i);
        add_note(add_section(p, "MachineSet/db", "star", "count is 1, 1 exists", "db.yaml", 4), "db-0 is asleep");
        assert_int_equal(plan_markdown(p, &b), 0);

        assert_true(b.len <= PLAN_MARKDOWN_MAX && b.len > PLAN_MARKDOWN_MAX - 300);
        assert_memory_equal(buf_text(&b), "**Plan:** 3000 to create", 24);
        for (const char *row = buf_text(&b); (row = strstr(row, "\n| + |")); row++)
                rows++;
        rest = strstr(buf_text(&b), " |\n\n… and ");
        assert_non_null(rest);
        assert_int_equal(sscanf(rest, " |\n\n… and %lu more: `muster plan` shows all\n", &left_out), 1);
        assert_int_equal(rows + left_out, machines + 1);
}

static void test_text_of_nothing(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(plan_text(p, &palette_plain, 0, &b), 0);
        p->unchanged = 1;
        assert_int_equal(plan_text(p, &palette_plain, 0, &b), 0);
        p->unchanged = 12;
        assert_int_equal(plan_text(p, &palette_plain, 0, &b), 0);
        p->unchanged_parts = 1;
        assert_int_equal(plan_text(p, &palette_plain, 0, &b), 0);
        p->unchanged = 3;
        p->unchanged_parts = 2;
        assert_int_equal(plan_text(p, &palette_plain, 0, &b), 0);
        assert_string_equal(buf_text(&b), "No changes: there is nothing to do.\n"
                                          "No changes: 1 machine is as the specs say.\n"
                                          "No changes: 12 machines are as the specs say.\n"
                                          "No changes: 11 machines and 1 other thing are as the specs say.\n"
                                          "No changes: 1 machine and 2 other things are as the specs say.\n");
}

static void test_json(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts(), *troubled = make_troubled();

        check_json(mixed, "cmd/golden/mixed.json");
        check_json(troubled, "cmd/golden/troubled.json");
        check_json(all, "cmd/golden/all-sorts.json");
}

/* Vendors' bytes need not be UTF-8; the JSON is. */
static void test_json_of_any_bytes(_unused_ void **state)
{
        _cleanup_json_ json_t *text = json_any_text("a\xff\033z"), *none = json_any_text(NULL);

        assert_string_equal(json_string_value(text), "a\\xff\\x1bz");
        assert_true(json_is_null(none));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_text),
                cmocka_unit_test(test_colored_text),
                cmocka_unit_test(test_text_for_a_terminal),
                cmocka_unit_test(test_markdown),
                cmocka_unit_test(test_markdown_of_hostile_words),
                cmocka_unit_test(test_markdown_of_too_much),
                cmocka_unit_test(test_text_of_nothing),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_json_of_any_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
