/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/plan_json.h"
#include "cmd/plan_saved.h"
#include "reconcile/base/array.h"

static struct plan *make_plan(void)
{
        struct plan *p = NULL;

        assert_int_equal(plan_new(&p), 0);
        p->digest = "sha256:0123456789abcdef0123456789abcdef";
        return p;
}

static void add_section(struct plan *p, const char *resource, const char *provider)
{
        struct section *s = ARRAY_ADD(p->sections, p->n_sections, p->allocated_sections);

        assert_non_null(s);
        *s = (struct section){ .resource = resource, .provider = provider, .headline = "", .message = "" };
}

/* An action of the section that was added last. */
static struct action *add_action(struct plan *p, enum action_verb verb, const char *name, const char *id)
{
        struct action *a = ARRAY_ADD(p->actions, p->n_actions, p->allocated_actions);

        assert_non_null(a);
        *a = (struct action){ .verb = verb,
                              .kind = "Machine",
                              .name = name,
                              .vendor_id = id,
                              .reason = "",
                              .section = p->n_sections - 1 };
        return a;
}

static struct action *add_change(struct plan *p, const char *name, const char *to)
{
        struct action *a = add_action(p, ACTION_UPDATE, name, "vm-1");

        const struct change_line change = { .field = "cpu", .from = "4", .to = to };

        assert_int_equal(action_add_change(p, a, &change), 0);
        return a;
}

static struct plan *make_approved(void)
{
        struct plan *p = make_plan();

        add_section(p, "MachineSet/web", "star");
        add_action(p, ACTION_DELETE, "web-9", "vm-9");
        add_action(p, ACTION_REPLACE, "web-5", "vm-5");
        add_action(p, ACTION_REPLACE, "web-6", "vm-6")->blocked = "the limit is 1";
        add_change(p, "web-1", "8");
        add_action(p, ACTION_START, "web-1", "vm-1");
        add_section(p, "MachineSet/db", "fin");
        add_action(p, ACTION_CREATE, "db-0", NULL);
        return p;
}

/* The plan, through its JSON. */
static struct saved_plan *save(const struct plan *p)
{
        _cleanup_json_ json_t *json = plan_json(p);
        struct saved_plan *saved = NULL;
        struct error e;

        assert_int_equal(saved_plan_parse(json, &saved, &e), 0);
        return saved;
}

static void test_holds_what_was_saved(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_approved(), *q = make_plan();
        _cleanup_(saved_plan_free_p) struct saved_plan *saved = save(p);
        struct error e;

        for (size_t i = 0; i < p->n_actions; i++)
                assert_true(saved_plan_holds(saved, p, &p->actions[i]));
        assert_int_equal(saved_plan_tell_new(saved, p), 0);
        assert_int_equal(saved_plan_check_specs(saved, p->digest, &e), 0);
        assert_int_equal(saved_plan_check_specs(saved, "sha256:f", &e), -EINVAL);

        /* What is equal but for reason and order is the same. */
        add_section(q, "MachineSet/web", "star");
        add_action(q, ACTION_START, "web-1", "vm-1")->reason = "another";
        assert_int_equal(action_depends(q, add_change(q, "web-1", "8"), 0), 0);
        assert_int_equal(saved_plan_tell_new(saved, q), 0);
}

static void check_new(const struct saved_plan *saved, const char *resource, const char *provider, enum action_verb verb,
                      const char *name, const char *id)
{
        _cleanup_(plan_free_p) struct plan *p = make_plan();

        add_section(p, resource, provider);
        add_action(p, verb, name, id);
        assert_false(saved_plan_holds(saved, p, &p->actions[0]));
        assert_false(saved_plan_approves(saved, p, &p->actions[0]));
}

static void test_anything_else_is_new(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_approved(), *q = make_plan();
        _cleanup_(saved_plan_free_p) struct saved_plan *saved = save(p);

        check_new(saved, "MachineSet/web", "star", ACTION_DELETE, "web-9", "vm-10");
        check_new(saved, "MachineSet/web", "star", ACTION_DELETE, "web-8", "vm-9");
        check_new(saved, "MachineSet/web", "star", ACTION_STOP, "web-1", "vm-1");
        check_new(saved, "MachineSet/web", "fin", ACTION_DELETE, "web-9", "vm-9");
        check_new(saved, "MachineSet/db", "star", ACTION_DELETE, "web-9", "vm-9");
        check_new(saved, "MachineSet/web", "star", ACTION_CREATE, "web-9", NULL);
        check_new(saved, "MachineSet/web", "star", ACTION_REPLACE, "web-6", "vm-6");

        add_section(q, "MachineSet/web", "star");
        add_change(q, "web-1", "16");
        add_action(q, ACTION_DELETE, "web-9", "vm-9")->blocked = "now";
        assert_int_equal(saved_plan_tell_new(saved, q), 2);
}

/* A replacement is a delete and then a create: the second half has been approved with the first. */
static void test_a_replacement_has_two_halves(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_approved(), *q = make_plan();
        _cleanup_(saved_plan_free_p) struct saved_plan *saved = save(p);

        add_section(q, "MachineSet/web", "star");
        add_action(q, ACTION_CREATE, "web-5", NULL);
        add_action(q, ACTION_CREATE, "web-6", NULL);
        assert_true(saved_plan_approves(saved, q, &q->actions[0]));
        assert_false(saved_plan_holds(saved, q, &q->actions[0]));
        assert_false(saved_plan_approves(saved, q, &q->actions[1])); /* that one was blocked */
}

#define ACTION(changes)                                                                                           \
        "{\"action\": \"update\", \"kind\": \"Machine\", \"name\": \"web-1\", \"resource\": \"MachineSet/web\", " \
        "\"provider\": \"star\", \"vendorId\": null, \"blocked\": null, \"changes\": " changes "}"
#define PLAN(actions) "{\"format\": \"muster.plan/v1\", \"specs\": {\"digest\": \"d\"}, \"actions\": " actions "}"
#define CHANGE "{\"field\": \"cpu\", \"from\": \"4\", \"to\": \"8\"}"
#define FOUR CHANGE "," CHANGE "," CHANGE "," CHANGE ","

static void test_damaged(_unused_ void **state)
{
        static const struct {
                const char *json, *words;
        } cases[] = {
                { "[]", "its format is not muster.plan/v1" },
                { "{\"format\": \"muster.snapshot/v1\"}", "its format is not muster.plan/v1" },
                { "{\"format\": \"muster.plan/v1\", \"actions\": []}", "it has no valid digest" },
                { PLAN("{}"), "it has no valid list of actions" },
                { PLAN("[" ACTION("[]") ", 7]"), "its action number 2 has no valid " },
                { PLAN("[" ACTION("{}") "]"), "its action number 1 has no valid changes" },
                { PLAN("[" ACTION("[" FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR FOUR
                                          CHANGE "]") "]"),
                  "its action number 1 has no valid changes" },
                { PLAN("[" ACTION("[{\"field\": 1, \"from\": \"4\", \"to\": null}]") "]"),
                  "its action number 1 has no valid field" },
                { PLAN("[{\"action\": \"explode\", \"kind\": \"Machine\", \"name\": \"web-1\", \"resource\": \"MachineSet/web\", "
                       "\"provider\": \"star\", \"vendorId\": null, \"blocked\": null, \"changes\": []}]"),
                  "its action number 1 has no valid action" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_json_ json_t *json = json_loads(cases[i].json, 0, NULL);
                _cleanup_(saved_plan_free_p) struct saved_plan *saved = NULL;
                struct error e;

                assert_non_null(json);
                assert_int_equal(saved_plan_parse(json, &saved, &e), -EBADMSG);
                assert_memory_equal(e.text, cases[i].words, strlen(cases[i].words));
        }
}

/* The file is there as a whole, for its owner only, and what was no regular file is left alone. */
static void test_file(_unused_ void **state)
{
        _cleanup_(plan_free_p) struct plan *p = make_approved();
        _cleanup_(saved_plan_free_p) struct saved_plan *saved = NULL;
        char folder[] = "/tmp/muster-saved-XXXXXX", path[64], link[64];
        struct stat st;
        struct error e;

        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/plan.json", folder);
        (void)snprintf(link, sizeof(link), "%s/link", folder);

        assert_int_equal(saved_plan_write(path, p, &e), 0);
        assert_int_equal(symlink("plan.json", link), 0);
        assert_int_equal(saved_plan_write(link, p, &e), 0);
        assert_int_equal(lstat(link, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(lstat(path, &st), 0);
        assert_true(S_ISREG(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(saved_plan_read(path, &saved, &e), 0);
        assert_int_equal(saved_plan_tell_new(saved, p), 0);

        assert_int_equal(saved_plan_write(folder, p, &e), -EINVAL);
        assert_int_equal(saved_plan_write("/nowhere/plan.json", p, &e), -ENOENT);
        assert_string_equal(e.text, "/nowhere/plan.json cannot be written: No such file or directory");
        assert_int_equal(saved_plan_read(folder, &saved, &e), -EINVAL);

        assert_int_equal(truncate(path, 40), 0);
        assert_int_equal(unlink(link), 0);
        {
                _cleanup_(saved_plan_free_p) struct saved_plan *cut = NULL;

                assert_int_equal(saved_plan_read(path, &cut, &e), -EBADMSG);
                assert_non_null(strstr(e.text, "plan.json: not JSON at line"));
        }

        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(folder), 0); /* nothing was left beside it */
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_holds_what_was_saved),
                cmocka_unit_test(test_anything_else_is_new),
                cmocka_unit_test(test_a_replacement_has_two_halves),
                cmocka_unit_test(test_damaged),
                cmocka_unit_test(test_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
