/* SPDX-License-Identifier: MIT */

/*
 * The simulator by itself: it answers as the document says, and with quirks as the notes say. Its calls are written here by
 * hand, not by the codec.
 */

#include "tests/providers/starvcenter/sim_exchange.h"

/* A machine as the saved state shows it. */
static void check_state(struct simulation *s, usec_t now, const char *id, int64_t state, int64_t cpu, int64_t memory)
{
        json_t *saved = simulator->save(s, now), *m;
        size_t i;

        json_array_foreach(json_object_get(saved, "machines"), i,
                           m) if (text_equal(json_string_value(json_object_get(m, "id")), id))
        {
                assert_int_equal(json_integer_value(json_object_get(m, "state")), state);
                assert_int_equal(json_integer_value(json_object_get(m, "cpu")), cpu);
                assert_int_equal(json_integer_value(json_object_get(m, "memory")), memory);
                json_decref(saved);
                return;
        }
        fail_msg("%s is not there", id);
}

#define CREATE "\"vm.vcpu.num\":\"4\",\"vm.memory.mem\":\"8192\",\"vnic.portgroupid\":\"pg-1\""

static void a_machine_is_installed_and_runs(void **state)
{
        struct simulation *s = make_sim(0, false);

        (void)state;
        check_call(
                s, 0, METHOD_POST, "cloudvm/create", "{\"vm.name\":\"web-0\",\"vm.template.id\":\"t\"," CREATE "}",
                "{\"result\":\"0\",\"data\":[{\"vm.id\":\"vm-1\",\"vm.name\":\"web-0\",\"jobstartid\":\"task-1\"}]}");
        check_call(s, READY_DELAY - 1, METHOD_GET, "cloudvm/vm-1", NULL, "\"vm.state\":\"3\"");
        check_call(s, READY_DELAY - 1, METHOD_GET, "cloudvm/vm-1", NULL, "\"vm.ip\":\"\"");
        check_call(s, READY_DELAY, METHOD_GET, "cloudvm/vm-1", NULL, "\"vm.state\":\"1\"");
        check_call(s, READY_DELAY, METHOD_GET, "cloudvm/vm-1", NULL, "\"vm.ip\":\"10.0.0.1\"");
        check_call(s, READY_DELAY, METHOD_GET, "cloudvm/vm-2", NULL, "\"result\":\"1\"");
        simulator->free(s);
}

static void several_are_made_together(void **state)
{
        struct simulation *s = make_sim(0, false), *quirky = make_sim(0, true);
        static const char params[] = "{\"vm.name\":\"web\",\"vm.tenant.model\":\"m\",\"vm.num\":\"3\"," CREATE "}";

        (void)state;
        check_call(s, 0, METHOD_POST, "cloudvm/create", params, "\"vm.name\":\"web-3\"");
        check_call(quirky, 0, METHOD_POST, "cloudvm/create", params, "\"vm.id\":\"vm-3\",\"vm.name\":\"web\"");
        simulator->free(s);
        simulator->free(quirky);
}

static void creates_are_checked(void **state)
{
        static const char *const refused[] = {
                "{\"vm.name\":\"x\"," CREATE "}",
                "{\"vm.name\":\"x\",\"vm.template.id\":\"t\",\"vm.tenant.model\":\"m\"," CREATE "}",
                "{\"vm.name\":\"x\",\"vm.template.id\":\"t\",\"vm.num\":\"11\"," CREATE "}",
                "{\"vm.name\":\"x\",\"vm.template.id\":\"t\",\"vm.num\":\"0\"," CREATE "}",
                "{\"vm.name\":\"x\",\"vm.template.id\":\"t\",\"vm.vdisk.num\":\"1\"," CREATE "}",
                "{\"vm.name\":\"x\",\"vm.template.id\":\"t\",\"vm.vcpu.num\":\"1\",\"vm.memory.mem\":\"1\"}",
                "[]",
        };
        struct simulation *s = make_sim(0, false);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
                check_call(s, 0, METHOD_POST, "cloudvm/create", refused[i], "{\"result\":\"1\",\"resultinfo\":");
        check_call(s, 0, METHOD_POST, "cloudvm/create", NULL, "\"result\":\"1\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "\"dataCount\":\"0\"");
        simulator->free(s);
}

static void power_follows_orders_late(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        check_call(s, 0, METHOD_PUT, "cloudvm/start", "{\"vm.id\":\"vm-1\"}", "not stopped");
        check_call(s, 0, METHOD_PUT, "cloudvm/shutdown", "{\"vm.id\":\"vm-1\"}", "\"startid\":\"task-1\"");
        check_state(s, READY_DELAY - 1, "vm-1", 1, 2, 4096);
        check_call(s, READY_DELAY - 1, METHOD_PUT, "cloudvm/destroy", "{\"vm.id\":\"vm-1\"}", "locked");
        check_state(s, READY_DELAY, "vm-1", 0, 2, 4096);
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/shutdown", "{\"vm.id\":\"vm-1\"}", "not running");
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/start", "{\"vm.id\":\"vm-1\"}", "\"result\":\"0\"");
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/destroy", "{\"vm.id\":\"vm-2\"}", "\"result\":\"0\"");
        check_state(s, 2 * READY_DELAY, "vm-1", 1, 2, 4096);
        check_state(s, 2 * READY_DELAY, "vm-2", 0, 2, 4096);
        simulator->free(s);
}

static void machines_change_in_place(void **state)
{
        struct simulation *s = make_sim(1, false), *quirky = make_sim(1, true);

        (void)state;
        check_call(s, 0, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-1\",\"vm.vcpu.num\":\"0\"}",
                   "out of range");
        check_call(s, 0, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-1\",\"vm.vcpu.num\":\"8\"}", "task-1");
        check_state(s, READY_DELAY - 1, "vm-1", 1, 2, 4096);
        check_call(s, READY_DELAY, METHOD_PUT, "cloudvm/mem/modify", "{\"vm.id\":\"vm-1\",\"vm.memory.mem\":16384}",
                   "task-2");
        check_state(s, 2 * READY_DELAY, "vm-1", 1, 8, 16384);
        check_call(s, 2 * READY_DELAY, METHOD_PUT, "cloudvm/modify", "{\"vm.id\":\"vm-1\",\"vm.name\":\"y\"}",
                   "{\"result\":\"0\",\"data\":\"\"}");
        check_call(s, 2 * READY_DELAY, METHOD_GET, "cloudvm/vm-1", NULL, "\"vm.name\":\"y\"");
        check_call(quirky, 0, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-1\",\"vm.vcpu.num\":\"8\"}",
                   "not stopped");
        simulator->free(s);
        simulator->free(quirky);
}

static void deleted_machines_go_late(void **state)
{
        struct simulation *s = make_sim(3, false);

        (void)state;
        check_call(s, 0, METHOD_DELETE, "cloudvm/vm-2", NULL, "\"result\":\"0\"");
        check_call(s, 1, METHOD_DELETE, "cloudvm/vm-2", NULL, "locked");
        check_call(s, 1, METHOD_POST, "cloudvm/search", "{}", "\"dataCount\":\"3\"");
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/search", "{}", "\"dataCount\":\"2\"");
        check_call(s, READY_DELAY, METHOD_DELETE, "cloudvm/vm-2", NULL, "does not exist");
        simulator->free(s);
}

static void searches_filter_and_page(void **state)
{
        struct simulation *s = make_sim(100, false);
        static const char *const bad[] = {
                "{\"page.startnum\":\"0\",\"page.everypagenum\":\"30\"}",
                "{\"page.startnum\":\"1\",\"page.everypagenum\":\"31\"}",
                "{\"page.startnum\":\"1\",\"page.everypagenum\":\"0\"}",
                "{\"page.startnum\":\"x\",\"page.everypagenum\":\"5\"}",
                "{\"page.everypagenum\":\"5\"}",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                check_call(s, 0, METHOD_POST, "cloudvm/search", bad[i], "out of range");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"vm.name\":\"elder-1\"}", "\"dataCount\":\"11\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"vm.id\":\"m-100\"}", "\"dataCount\":\"1\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"vm.state\":\"0\"}",
                   "{\"result\":\"0\",\"data\":[],\"dataCount\":\"0\"}");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"vm.ip\":\"10.0.0.9\"}", "\"vm.id\":\"vm-9\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search",
                   "{\"vm.name\":\"elder-1\",\"page.startnum\":2,\"page.everypagenum\":10}", "\"vm.id\":\"vm-20\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"page.startnum\":\"4\",\"page.everypagenum\":\"30\"}",
                   "\"data\":[{\"vm.id\":\"vm-91\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"page.startnum\":\"5\",\"page.everypagenum\":\"30\"}",
                   "\"data\":[],\"dataCount\":\"100\"");
        simulator->free(s);
}

static void quirks_are_those_of_the_notes(void **state)
{
        struct simulation *s = make_sim(1, true);
        struct request rq _cleanup_request_ = make_call(METHOD_POST, "cloudvm/search", "{}");
        struct reply rp _cleanup_reply_ = {};
        const char *class;

        (void)state;
        assert_int_equal(simulator->serve(s, 0, &rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_non_null(strstr(rp.body, "\r\n"));
        assert_null(strchr(rp.body, '='));
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "{\"result\":0,\"data\":[{");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "\"vm.tenant.type \":\"standard\"");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "\"vm.state\":1");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "\"vm.shutdown.enable\":true");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{}", "\"dataCount\":1}");
        check_call(s, 0, METHOD_POST, "cloudvm/search", "{\"vm.id\":\"none\"}",
                   "{\"result\":0,\"data\":\"\",\"dataCount\":0}");
        simulator->free(s);
}

static void tokens_and_paths_are_checked(void **state)
{
        struct simulation *s = make_sim(1, false);
        struct request wrong _cleanup_request_ = make_call(METHOD_GET, "cloudvm/vm-1", NULL);
        struct request nowhere _cleanup_request_ = make_call(METHOD_GET, "cloudvm/vm-1/disks", NULL);
        struct reply rp _cleanup_reply_ = {}, missing _cleanup_reply_ = {};
        const char *class;
        size_t n;

        (void)state;
        wrong.headers[0].value[0] = 'x';
        assert_int_equal(simulator->serve(s, 0, &wrong, PRETEND_NOTHING, &rp, &class), 0);
        assert_int_equal(base64_decode_in_place(rp.body, rp.body_len, &n, NULL), 0);
        assert_non_null(strstr(rp.body, "{\"result\":\"1003\""));
        assert_int_equal(simulator->serve(s, 0, &nowhere, PRETEND_NOTHING, &missing, &class), 0);
        assert_int_equal(missing.status, 404);
        assert_string_equal(class, "other");
        simulator->free(s);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct simulation *s = make_sim(2, false);

        (void)state;
        console(s, "stop", "{\"id\":\"vm-1\"}", 0);
        check_state(s, 0, "vm-1", 0, 2, 4096);
        console(s, "start", "{\"name\":\"elder-0\"}", 0);
        check_state(s, 0, "vm-1", 1, 2, 4096);
        console(s, "fail", "{\"id\":\"vm-1\"}", 0);
        check_state(s, 0, "vm-1", -2, 2, 4096);
        console(s, "state", "{\"id\":\"vm-1\",\"state\":17}", 0);
        check_state(s, 0, "vm-1", 17, 2, 4096);
        console(s, "add", "{\"name\":\"x\",\"cpu\":1,\"memory\":512,\"state\":0}", 0);
        check_state(s, 0, "vm-3", 0, 1, 512);
        console(s, "rename", "{\"id\":\"vm-3\",\"to\":\"elder-0\"}", 0);
        console(s, "stop", "{\"name\":\"elder-0\"}", -EINVAL);
        console(s, "stop", "{\"id\":\"vm-9\"}", -ENOENT);
        check_call(s, 0, METHOD_DELETE, "cloudvm/vm-2", NULL, "\"result\":\"0\"");
        console(s, "delete", "{\"id\":\"vm-2\"}", 0);
        check_call(s, READY_DELAY, METHOD_POST, "cloudvm/search", "{}", "\"dataCount\":\"2\"");
        simulator->free(s);
}

/* What was saved and loaded goes on as if nothing had happened, work that was going on included. */
static void states_survive(void **state)
{
        struct simulation *s = make_sim(2, false), *loaded = make_sim(5, false);
        _cleanup_free_ char *one = NULL, *other = NULL;
        json_t *saved;

        (void)state;
        console(s, "delete", "{\"id\":\"vm-1\"}", 0);
        check_call(s, 0, METHOD_POST, "cloudvm/create", "{\"vm.name\":\"w\",\"vm.template.id\":\"t\"," CREATE "}",
                   "vm-3");
        check_call(s, 1, METHOD_PUT, "cloudvm/cpu/modify", "{\"vm.id\":\"vm-2\",\"vm.vcpu.num\":\"8\"}", "task-2");
        saved = simulator->save(s, 2);
        assert_int_equal(simulator->load(loaded, 1000 + 2, saved, NULL), 0);
        json_decref(saved);

        check_state(loaded, 1000 + READY_DELAY, "vm-2", 1, 2, 4096);
        check_state(loaded, 1000 + READY_DELAY + 1, "vm-2", 1, 8, 4096);
        one = call(s, READY_DELAY + 1, METHOD_POST, "cloudvm/search", "{}");
        other = call(loaded, 1000 + READY_DELAY + 1, METHOD_POST, "cloudvm/search", "{}");
        assert_string_equal(one, other);
        check_call(loaded, 1000 + READY_DELAY + 1, METHOD_POST, "cloudvm/create",
                   "{\"vm.name\":\"w\",\"vm.template.id\":\"t\"," CREATE "}", "\"vm.id\":\"vm-4\"");
        simulator->free(s);
        simulator->free(loaded);
}

static void bad_states_are_refused(void **state)
{
        static const char *const bad[] = {
                "{}",
                "{\"format\":\"muster-sim.starvcenter/v1\",\"nextSerial\":1,\"nextTask\":1}",
                "{\"format\":\"muster-sim.starvcenter/v1\",\"nextSerial\":1,\"nextTask\":1,\"machines\":[{}]}",
                "{\"format\":\"muster-sim.starvcenter/v1\",\"nextSerial\":0,\"nextTask\":1,\"machines\":[]}",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                struct simulation *s = make_sim(0, false);
                struct error e = { "" };
                json_t *json = NULL;

                assert_int_equal(json_parse(bad[i], strlen(bad[i]), &json, NULL), 0);
                assert_int_equal(simulator->load(s, 0, json, &e), -EBADMSG);
                assert_true(*e.text);
                json_decref(json);
                simulator->free(s);
        }
}

static void unknown_variants_are_refused(void **state)
{
        const struct simulator_options options = { .variant = "backwards" };
        struct simulation *s = NULL;
        struct error e = { "" };

        (void)state;
        assert_int_equal(simulator->new (&options, &s, &e), -EINVAL);
        assert_non_null(strstr(e.text, "offset1"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_machine_is_installed_and_runs),
                cmocka_unit_test(several_are_made_together),
                cmocka_unit_test(creates_are_checked),
                cmocka_unit_test(power_follows_orders_late),
                cmocka_unit_test(machines_change_in_place),
                cmocka_unit_test(deleted_machines_go_late),
                cmocka_unit_test(searches_filter_and_page),
                cmocka_unit_test(quirks_are_those_of_the_notes),
                cmocka_unit_test(tokens_and_paths_are_checked),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(bad_states_are_refused),
                cmocka_unit_test(unknown_variants_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
