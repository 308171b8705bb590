/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/output.h"
#include "cmd/plan_json.h"
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

static void add_provider(struct plan *p, const char *name, uint64_t reads, uint64_t planned)
{
        struct plan_provider *provider = ARRAY_ADD(p->providers, p->n_providers, p->allocated_providers);

        assert_non_null(provider);
        *provider = (struct plan_provider){ .name = name, .reads = reads, .planned = planned };
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
        a->changes[0] = (struct change_line){ .field = "size", .from = "50GiB", .to = "100GiB" };
        a->n_changes = 1;

        (void)add_section(p, "LoadBalancer/shop", "star", "follows MachineSet/web", "edge.yaml", 2);
        add_action(p, ACTION_CREATE, "BackEnd", "web-3:8080")->depends_on = 1;
        add_action(p, ACTION_CREATE, "BackEnd", "web-4:8080")->depends_on = 2;

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
        a->summary = "vm-9, running, 10.0.0.9";
        a->blocked = "2 to delete, the limit is 1";
        a = add_action(p, ACTION_REPLACE, "Machine", "db-1");
        a->vendor_id = "vm-\033[2J";
        a->summary = "vm-\033[2J, failed";
        a->reason = "it failed before it ever worked";
        a = add_action(p, ACTION_START, "Machine", "db-0");
        a->reason = "it is stopped, spec says running";
        a = add_action(p, ACTION_UPDATE, "Machine", "db-2-with-a-name-longer-than-the-column");
        a->changes[0] = (struct change_line){ .field = "cpu", .from = "4", .to = "8" };
        a->changes[1] = (struct change_line){ .field = "memory", .from = "8GiB", .to = "16GiB" };
        a->n_changes = 2;
        a = add_action(p, ACTION_CREATE, "Machine", "db-4");
        a->summary = "template t";
        a->waits = "a second look must confirm that it is gone";
        a = add_action(p, ACTION_DELETE, "Machine", "db-5");
        a->summary = "vm-11";
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

static void check_text(const struct plan *p, const struct palette *colors, const char *file)
{
        _cleanup_buf_ struct buf b = BUF_INIT(OUTPUT_MAX);

        assert_int_equal(plan_text(p, colors, 0, &b), 0);
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
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts();

        check_text(mixed, &palette_plain, "cmd/golden/mixed.txt");
        check_text(all, &palette_plain, "cmd/golden/all-sorts.txt");
}

static void test_colored_text(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_mixed();

        check_text(p, &palette_colored, "cmd/golden/mixed-colored.txt");
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
        assert_string_equal(buf_text(&b), "No changes: there is nothing to do.\n"
                                          "No changes: 1 machine is as the specs say.\n"
                                          "No changes: 12 machines are as the specs say.\n");
}

static void test_json(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *mixed = make_mixed(), *all = make_all_sorts();

        check_json(mixed, "cmd/golden/mixed.json");
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
                cmocka_unit_test(test_text_of_nothing),
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_json_of_any_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
