/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/providers.h"
#include "reconcile/base/text.h"
#include "specs/export.h"
#include "specs/specs.h"
#include "specs/write.h"
#include "tests/support/estate.h"
#include "tests/support/files.h"

#define TEXT_MAX ((size_t)1 << 20)
#define GIB ((int64_t)1 << 30)

static const struct provider *find_codec(const char *type)
{
        const struct vendor *vendor = vendor_find(type);

        return vendor ? vendor->codec : NULL;
}

/* Reads the text as a file of specs would be. */
static int load(const struct buf *text, struct estate **ret, struct diagnostics *d)
{
        static const char *const types[] = { "starvcenter", NULL };
        const struct specs_options options = { .provider_find = find_codec, .provider_types = types };
        char path[] = "/tmp/muster-export-XXXXXX.yaml";
        const char *paths[] = { path };
        int fd = mkstemps(path, (int)strlen(".yaml")), r;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, buf_text(text), text->len), text->len);
        assert_int_equal(close(fd), 0);
        r = specs_load(&options, paths, 1, ret, d);
        assert_int_equal(unlink(path), 0);
        return r;
}

struct world {
        struct estate *estate;
        struct resource *provider;
        struct ledger *ledger;
        struct observation *machines;
};

static int make_world(void **state)
{
        struct world *w = calloc(1, sizeof(*w));

        if (!w || ledger_new_empty(&w->ledger) < 0 || observation_new(&scope_machines, &w->machines) < 0)
                return -1;
        w->estate = test_estate_new();
        w->provider = test_estate_add_provider(w->estate, "star", "http://127.0.0.1:18081/starvcenter");
        *state = w;
        return 0;
}

static int drop_world(void **state)
{
        struct world *w = *state;

        observation_free(w->machines);
        ledger_free(w->ledger);
        estate_free(w->estate);
        free(w);
        return 0;
}

static struct row *see(struct world *w, const char *id, const char *name, int64_t cpu)
{
        struct row row = { .id = id, .name = name, .address = "", .created = "", .condition = CONDITION_RUNNING };

        values_set_number(&row.values, PROPERTY_CPU, cpu);
        values_set_number(&row.values, PROPERTY_MEMORY, 8 * GIB);
        assert_int_equal(observation_add(w->machines, TYPE_MACHINE, &row), 1);
        return &w->machines->of[TYPE_MACHINE].rows[w->machines->of[TYPE_MACHINE].n_rows - 1];
}

static struct thing *own(struct world *w, const char *resource, const char *slot, const char *id)
{
        struct thing *t = ledger_add_thing(w->ledger, TYPE_MACHINE, "star", resource, slot, id);

        assert_non_null(t);
        return t;
}

static void export(struct world *w, struct buf *b)
{
        const struct export_input in = {
                .estate = w->estate,
                .provider = w->provider,
                .codec = find_codec("starvcenter"),
                .ledger = w->ledger,
                .machines = w->machines,
        };
        struct error e;

        test_estate_finish(w->estate);
        assert_int_equal(write_document(b, w->provider, NULL), 0);
        assert_int_equal(export_machine_sets(&in, b, &e), 0);
}

/* Validation complains of what is FIXME, at each line that says so, and of nothing else. */
static void check_only_fixmes(const struct buf *text)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        const char *line = buf_text(text);
        uint32_t number = 1;
        size_t n = 0;

        assert_int_equal(load(text, &estate, &d), -EINVAL);
        for (; *line; line += strcspn(line, "\n") + 1, number++) {
                const char *fixme = strstr(line, ": FIXME");

                if (!fixme || fixme > line + strcspn(line, "\n"))
                        continue;
                assert_true(n < d.n);
                assert_int_equal(d.items[n].position.line, number);
                assert_non_null(strstr(d.items[n].message, "is FIXME; write "));
                n++;
        }
        assert_int_equal(d.n, n);
}

static void test_machines(void **state)
{
        static const char *const protect[] = { "web-0" };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        struct world *w = *state;
        struct resource *web = test_estate_add_set(w->estate, "web", w->provider, 9),
                        *elsewhere = test_estate_add_provider(w->estate, "other", "http://127.0.0.1:2");
        struct auth_spec auth = { .token_env = "STAR_TOKEN" };
        struct values made_with = { 0 };

        w->provider->provider->auth = &auth;

        /* Ours: what the spec says, with what there is. Two have what most have not. */
        web->machine_set->protect = (struct strings){ .items = (const char **)protect, .n = 1 };
        web->machine_set->adopt = (struct pairs){ 0 };
        values_set_text(&made_with, PROPERTY_TEMPLATE, "tmpl-8");
        for (int i = 0; i < 5; i++) {
                static const char *const ids[] = { "vm-1", "vm-2", "vm-3", "vm-4", "vm-5" };
                static const char *const names[] = { "web-0", "web-1", "web-2", "web-3", "web-4" };

                own(w, "MachineSet/web", names[i], ids[i])->made_with = made_with;
                see(w, ids[i], names[i], i == 0 ? 2 : 4);
        }
        w->ledger->things[4]->made_with = (struct values){ 0 };
        own(w, "MachineSet/gone-from-the-specs", "gone-from-the-specs-0", "vm-6");
        see(w, "vm-6", "gone-from-the-specs-0", 1);
        own(w, "MachineSet/web", "web-6", "vm-7")->state = THING_PARKED;
        see(w, "vm-7", "web-6", 4);
        own(w, "MachineSet/web", "web-7", "vm-8")->state = THING_LEAVING;
        see(w, "vm-8", "web-7", 4);

        /* Not ours: names that fit a set, names that do not, and names that are taken. */
        (void)test_estate_add_set(w->estate, "taken", elsewhere, 1);
        see(w, "100", "app-3", 4);
        see(w, "101", "app-0", 4);
        see(w, "102", "app-10", 8);
        see(w, "103", "App_07", 4);
        see(w, "104", "web-9", 4);
        see(w, "105", "taken-1", 4);
        see(w, "106", "taken-2", 4)->condition = CONDITION_STOPPED;
        see(w, "107", "", 4);
        see(w, "108", "42", 4);
        see(w, "109", "rack-2-7", 4);
        see(w, "10:30", "rack-2-7", 4);
        see(w, "110", "broken-1", 4)->condition = CONDITION_FAILED;
        see(w, "vm\": #x", "a-name-that-is-longer-than-forty-characters-in-all", 4);
        values_set_text(&see(w, "112", "modelled", 4)->values, PROPERTY_MODEL, "m.large");

        export(w, &b);
        assert_same_as_file(buf_text(&b), "specs/golden/export.yaml");
        check_only_fixmes(&b);
}

static void test_nothing(void **state)
{
        _cleanup_(estate_free_p) struct estate *estate = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);
        struct world *w = *state;
        struct auth_spec auth = { .token_file = "../the token" };
        struct pair tenant = { "tenant", "null" };

        w->provider->provider->auth = &auth;
        w->provider->provider->rate_limit = 1200;
        w->provider->provider->options = (struct pairs){ .items = &tenant, .n = 1 };
        export(w, &b);
        assert_string_equal(buf_text(&b), "apiVersion: muster/v1\n"
                                          "kind: Provider\n"
                                          "metadata:\n"
                                          "  name: star\n"
                                          "spec:\n"
                                          "  type: starvcenter\n"
                                          "  endpoint: http://127.0.0.1:18081/starvcenter\n"
                                          "  auth:\n"
                                          "    tokenFile: \"../the token\"\n"
                                          "  rateLimit: 20/s\n"
                                          "  options:\n"
                                          "    tenant: \"null\"\n");
        assert_int_equal(load(&b, &estate, &d), 0);
        assert_string_equal(estate->resources[0]->provider->auth->token_file, "../the token");
        assert_string_equal(estate->resources[0]->provider->options.items[0].value, "null");
}

/* Any text comes back as the text that it was. */
static void test_text(_unused_ void **state)
{
        static const struct {
                const char *text, *yaml;
        } cases[] = {
                { "web-0", "web-0" },
                { "/etc/token", "/etc/token" },
                { "http://host:80/a@b", "http://host:80/a@b" },
                { "yes", "\"yes\"" },
                { "No", "\"No\"" },
                { "y", "\"y\"" },
                { "NULL", "\"NULL\"" },
                { "~", "\"~\"" },
                { "1", "\"1\"" },
                { "0x1F", "\"0x1F\"" },
                { "1e3", "\"1e3\"" },
                { "12:30", "\"12:30\"" },
                { "2026-11-21", "\"2026-11-21\"" },
                { ".inf", "\".inf\"" },
                { "-", "\"-\"" },
                { "<<", "\"<<\"" },
                { "=", "\"=\"" },
                { "a: b", "\"a: b\"" },
                { "a:", "\"a:\"" },
                { "a #b", "\"a #b\"" },
                { "[a]", "\"[a]\"" },
                { "*a", "\"*a\"" },
                { "!a", "\"!a\"" },
                { " a", "\" a\"" },
                { "", "\"\"" },
                { "say \"hi\" \\ now", "\"say \\\"hi\\\" \\\\ now\"" },
                { "größe", "\"größe\"" },
                { "FIXME", "\"FIXME\"" },
                { "two\nlines\ttab", "\"two\\u000Alines\\u0009tab\"" },
                { "\x1b[2J", "\"\\u001B[2J\"" },
                { "a\xc2\x85z", "\"a\\u0085z\"" },
                { "a\xe2\x80\xa8z\xe2\x80\xaez\xef\xbb\xbf", "\"a\\u2028z\\u202Ez\\uFEFF\"" },
                { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
                { "\xf3\xbf\xbf\xbf", "\"\\U000FFFFF\"" },
                { "a\xff", "\"a\\\\xff\"" },
        };
        _cleanup_(estate_free_p) struct estate *written = test_estate_new(), *read = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_buf_ struct buf document = BUF_INIT(TEXT_MAX);
        struct pair pairs[ARRAY_SIZE(cases)];
        char keys[ARRAY_SIZE(cases)][16];
        struct resource *policy = test_estate_add_policy(written);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_buf_ struct buf b = BUF_INIT(1024);

                assert_int_equal(write_text(&b, cases[i].text), 0);
                assert_string_equal(buf_text(&b), cases[i].yaml);
                (void)snprintf(keys[i], sizeof(keys[i]), "key%zu", i);
                pairs[i] = (struct pair){ keys[i], cases[i].text };
        }

        policy->annotations = (struct pairs){ .items = pairs, .n = ARRAY_SIZE(cases) };
        assert_int_equal(write_document(&document, policy, NULL), 0);
        assert_int_equal(load(&document, &read, &d), 0);
        assert_int_equal(read->policy->annotations.n, ARRAY_SIZE(cases));
        for (size_t i = 0; i + 1 < ARRAY_SIZE(cases); i++) /* the last one is no text, and is shown */
                assert_string_equal(read->policy->annotations.items[i].value, cases[i].text);
        assert_string_equal(read->policy->annotations.items[ARRAY_SIZE(cases) - 1].value, "a\\xff");
}

/* Every type of field, written and read again. */
static void test_every_field(void **state)
{
        static const char *const hold[] = { "web-0", "7" };
        struct world *w = *state;
        struct resource *web = test_estate_add_set(w->estate, "web", w->provider, 0), *policy;
        struct tls_spec tls = { .insecure = true };
        struct rollout_spec rollout = { .max_unavailable = 2, .min_ready = 30 * USEC_PER_SEC, .on_failure = 1 };
        struct auth_spec auth = { .token_env = "TOKEN" };
        _cleanup_(estate_free_p) struct estate *read = NULL;
        _cleanup_diagnostics_ struct diagnostics d = { 0 };
        _cleanup_buf_ struct buf b = BUF_INIT(TEXT_MAX);

        w->provider->provider->tls = &tls;
        w->provider->provider->auth = &auth;
        web->machine_set->hold = (struct strings){ .items = (const char **)hold, .n = 2 };
        web->machine_set->scale_in = SCALE_IN_OLDEST;
        web->machine_set->rollout = &rollout;
        web->on_drift = ON_DRIFT_REPORT;
        web->paused = true;
        policy = test_estate_add_policy(w->estate);
        policy->policy->prune = true;
        policy->policy->max_deletes = (struct share){ .value = 10, .percent = true, .given = true };
        policy->policy->max_creates = 0;

        assert_int_equal(write_document(&b, w->provider, NULL), 0);
        assert_int_equal(buf_adds(&b, "---\n"), 0);
        assert_int_equal(write_document(&b, web, find_codec("starvcenter")), 0);
        assert_int_equal(buf_adds(&b, "---\n"), 0);
        assert_int_equal(write_document(&b, policy, NULL), 0);
        assert_same_as_file(buf_text(&b), "specs/golden/every-field.yaml");

        assert_int_equal(load(&b, &read, &d), 0);
        web = estate_find(read, &kind_machine_set, "web");
        assert_true(web->paused);
        assert_int_equal(web->machine_set->count, 0);
        assert_int_equal(web->machine_set->memory, 8 * GIB);
        assert_int_equal(web->machine_set->rollout->max_unavailable, 2);
        assert_int_equal(web->machine_set->rollout->on_failure, ON_FAILURE_CONTINUE);
        assert_string_equal(web->machine_set->hold.items[1], "7");
        assert_true(read->policy->policy->max_deletes.percent);
        assert_int_equal(read->policy->policy->max_creates, 0);
}

#define world_test(function) cmocka_unit_test_setup_teardown(function, make_world, drop_world)

int main(void)
{
        const struct CMUnitTest tests[] = {
                world_test(test_machines),
                world_test(test_nothing),
                cmocka_unit_test(test_text),
                world_test(test_every_field),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
