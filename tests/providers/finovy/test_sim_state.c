/* SPDX-License-Identifier: MIT */

/*
 * Who may call Finovy's simulator, what its calls are taken for, a person's hand behind it, and saved states.
 */

#include "tests/providers/finovy/sim_exchange.h"

static void variants_are_checked(void **state)
{
        const struct simulator_options options = { .variant = "oldest" };
        struct simulation *s = NULL;
        struct error e = { "" };

        (void)state;
        assert_int_equal(simulator->new (&options, &s, &e), -EINVAL);
        assert_non_null(strstr(e.text, "newer, older"));
        assert_null(s);
        assert_string_equal(simulator->variants[0], "newer");
        assert_string_equal(simulator->variants[1], "older");
        assert_null(simulator->variants[2]);
}

static void tokens_are_checked(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        const struct simulator_options options = { .token = NULL };
        struct request wrong _cleanup_request_ = make_call(METHOD_POST, "createquantity", SMALL);
        struct request none _cleanup_request_ = make_call(METHOD_POST, "createquantity", SMALL);
        struct reply rp _cleanup_reply_ = {}, rp2 _cleanup_reply_ = {}, rp3 _cleanup_reply_ = {};
        struct simulation *anybody = NULL;
        const char *class;

        (void)state;
        wrong.headers[0].value[0] = 'x';
        none.headers[0].name[0] = 'x';
        assert_int_equal(simulator->serve(w.s, 0, &wrong, PRETEND_NOTHING, &rp, &class), 0);
        assert_non_null(strstr(rp.body, "\"code\":1001"));
        assert_int_equal(simulator->serve(w.s, 0, &none, PRETEND_NOTHING, &rp2, &class), 0);
        assert_non_null(strstr(rp2.body, "\"code\":1001"));
        assert_int_equal(total(&w), 1);

        assert_int_equal(simulator->new (&options, &anybody, NULL), 0);
        assert_int_equal(simulator->serve(anybody, 0, &none, PRETEND_NOTHING, &rp3, &class), 0);
        assert_non_null(strstr(rp3.body, "\"data\":true"));
        simulator->free(anybody);
}

/* What is in no route is a page in place of an answer, and changes nothing. */
static void paths_are_checked(void **state)
{
        static const struct {
                enum method method;
                const char *path;
        } cases[] = {
                { METHOD_POST, "mypage?page=1&pageSize=1" },
                { METHOD_GET, "createquantity" },
                { METHOD_GET, "operate" },
                { METHOD_GET, "one/" },
                { METHOD_GET, "packAge" },
                { METHOD_GET, "packages/0" },
                { METHOD_GET, "delete/x" },
        };
        struct world w _cleanup_world_ = world_of(1, false, NULL);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct request rq _cleanup_request_ = make_call(cases[i].method, cases[i].path, NULL);
                struct reply rp _cleanup_reply_ = {};
                const char *class;

                assert_int_equal(simulator->serve(w.s, 0, &rq, PRETEND_NOTHING, &rp, &class), 0);
                assert_int_equal(rp.status, 404);
                assert_non_null(strstr(rp.content_type, "text/html"));
                assert_string_equal(class, "other");
        }
}

/* A GET may act: by their classes its calls are told apart. */
static void calls_have_their_class_and_subject(void **state)
{
        static const struct {
                enum method method;
                const char *path, *body, *class, *subject;
        } cases[] = {
                { METHOD_GET, "image", NULL, "lookup", "" },
                { METHOD_GET, "packAge/1", NULL, "lookup", "1" },
                { METHOD_GET, "mypage?page=1&pageSize=25", NULL, "list", "" },
                { METHOD_GET, "one/dyMFQQgHIW", NULL, "get", "dyMFQQgHIW" },
                { METHOD_POST, "createquantity", SMALL, "create", "pkg-small" },
                { METHOD_POST, "createquantity", "none", "create", "" },
                { METHOD_POST, "createRent", RENT(1, 1), "create", "pkg-rent" },
                { METHOD_GET, "operate/a?type=1", NULL, "start", "a" },
                { METHOD_GET, "operate/a?type=0", NULL, "shutdown", "a" },
                { METHOD_GET, "operate/a", NULL, "start", "a" },
                { METHOD_GET, "reboot/a", NULL, "reboot", "a" },
                { METHOD_DELETE, "delete/a%20b", NULL, "delete", "a b" },
                { METHOD_GET, "nothing", NULL, "other", "" },
        };
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct request rq _cleanup_request_ = make_call(cases[i].method, cases[i].path, cases[i].body);
                char subject[SIMULATOR_SUBJECT_MAX];

                assert_string_equal(simulator->classify(w.s, &rq), cases[i].class);
                simulator->subject(w.s, &rq, subject);
                assert_string_equal(subject, cases[i].subject);
        }
        assert_int_equal(total(&w), 0);
}

static void a_person_has_a_hand_in_it(void **state)
{
        struct world w _cleanup_world_ = world_of(2, false, NULL);
        _cleanup_free_ char *one = id_at(&w, 0), *other = id_at(&w, 1), *added = NULL;
        _cleanup_json_ json_t *host = NULL;

        (void)state;
        console_one(&w, "stop", one, "");
        check_status(&w, one, "0");
        console_one(&w, "start", one, "");
        check_status(&w, one, "2");
        console_one(&w, "fail", one, "");
        check_status(&w, one, "5");
        console_one(&w, "state", one, ",\"state\":4");
        check_status(&w, one, "4");
        console_one(&w, "rename", one, ",\"to\":\"y\"");
        console(&w, "stop", "{\"name\":\"y\"}", 0);
        check_status(&w, one, "0");
        console_one(&w, "delete", other, "");
        check_about(&w, "one/%s", other, 1001);
        console(&w, "add", "{\"count\":2,\"template\":\"pkg-gpu\",\"image\":\"507\",\"name\":\"z\",\"state\":0}", 0);
        assert_int_equal(total(&w), 3);
        added = id_at(&w, 0);
        host = details(&w, added);
        assert_int_equal(json_integer_value(json_object_get(host, "cpu")), 16);
        assert_string_equal(json_string_value(json_object_get(host, "operatingSystem")), "Windows");
        assert_string_equal(json_string_value(json_object_get(host, "name")), "z");
        check_status(&w, added, "0");
}

static void hosts_for_a_period_are_added_as_well(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_free_ char *month = NULL, *hours = NULL;

        (void)state;
        console(&w, "add", "{\"template\":\"pkg-rent\"}", 0);
        console(&w, "add", "{\"hours\":2}", 0);
        hours = id_at(&w, 0);
        month = id_at(&w, 1);
        w.now = 2 * USEC_PER_HOUR;
        check_status(&w, hours, "5");
        console_one(&w, "start", hours, ""); /* it lasts now, for as long as it likes */
        w.now = 719 * USEC_PER_HOUR;
        check_status(&w, month, "2");
        w.now = 720 * USEC_PER_HOUR;
        check_status(&w, month, "5");
        check_status(&w, hours, "2");
}

/* What a person did is not undone by what was going on before. */
static void a_hand_ends_work(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_free_ char *id = id_at(&w, 0);

        (void)state;
        check_about(&w, "reboot/%s", id, 0);
        console_one(&w, "stop", id, "");
        w.now = READY_DELAY;
        check_status(&w, id, "0");
}

static void mistakes_at_the_console_are_told(void **state)
{
        static const struct {
                const char *verb, *arguments;
                int expected;
        } cases[] = {
                { "stop", "{}", -EINVAL },
                { "stop", "{\"id\":\"nobody\"}", -ENOENT },
                { "stop", "{\"name\":\"nobody\"}", -ENOENT },
                { "stop", "{\"name\":\"twin\"}", -EINVAL },
                { "dance", "{\"name\":\"single\"}", -EINVAL },
                { "state", "{\"name\":\"single\"}", -EINVAL },
                { "state", "{\"name\":\"single\",\"state\":\"on\"}", -EINVAL },
                { "rename", "{\"name\":\"single\"}", -EINVAL },
                { "add", "{\"count\":0}", -EINVAL },
                { "add", "{\"count\":\"many\"}", -EINVAL },
                { "add", "{\"template\":\"none\"}", -EINVAL },
                { "add", "{\"image\":\"none\"}", -EINVAL },
                { "add", "{\"hours\":-1}", -EINVAL },
                { "room", "{}", -EINVAL },
                { "room", "{\"machines\":-1}", -EINVAL },
                { "wallet", "{}", -EINVAL },
                { "wallet", "{\"broken\":\"perhaps\"}", -EINVAL },
                { "account", "{}", -EINVAL },
                { "account", "{\"verified\":2}", -EINVAL },
                { "waiting", "{\"machines\":-2}", -EINVAL },
                { "waiting", "{\"made\":\"so\"}", -EINVAL },
        };
        struct world w _cleanup_world_ = world_of(0, false, NULL);

        (void)state;
        console(&w, "add", "{\"name\":\"twin\",\"count\":2}", 0);
        console(&w, "add", "{\"name\":\"single\"}", 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                console(&w, cases[i].verb, cases[i].arguments, cases[i].expected);
        assert_int_equal(total(&w), 3);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
}

static char *page_text(struct world *w)
{
        _cleanup_json_ json_t *page = list(w, "page=1&pageSize=25");

        return json_dumps(page, JSON_COMPACT | JSON_SORT_KEYS);
}

static void check_same_pages(struct world *one, struct world *other)
{
        _cleanup_free_ char *a = page_text(one), *b = page_text(other);

        assert_string_equal(a, b);
}

/* What was saved and loaded goes on as if nothing had happened, on another clock: work, periods, settings. */
static void states_survive(void **state)
{
        struct world w _cleanup_world_ = world_of(2, false, NULL), loaded _cleanup_world_ = world_of(5, false, NULL);
        _cleanup_free_ char *rented = rent(&w, RENT(1, 0)), *stopped = id_at(&w, 2);
        _cleanup_json_ json_t *saved = NULL;

        (void)state;
        w.now = READY_DELAY;
        check_about(&w, "operate/%s?type=0", stopped, 0);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        console_one(&w, "rename", rented, ",\"to\":\"y\"");
        console(&w, "wallet", "{\"machines\":1}", 0);
        console(&w, "waiting", "{\"made\":false}", 0);
        w.now += USEC_PER_SEC;
        saved = simulator->save(w.s, w.now);
        loaded.now = 90 * USEC_PER_SEC;
        assert_int_equal(simulator->load(loaded.s, loaded.now, saved, NULL), 0);
        check_same_pages(&w, &loaded);

        w.now += READY_DELAY - USEC_PER_SEC;
        loaded.now += READY_DELAY - USEC_PER_SEC;
        check_status(&loaded, stopped, "0");
        check_same_pages(&w, &loaded);
        check_code(&loaded, METHOD_POST, "createquantity", SMALL, 6005);
        check_code(&w, METHOD_POST, "createquantity", SMALL, 6005);
        check_true(&loaded, METHOD_POST, "createquantity", SMALL);
        check_true(&w, METHOD_POST, "createquantity", SMALL);
        check_code(&loaded, METHOD_POST, "createquantity", SMALL, 9001);
        check_same_pages(&w, &loaded);

        w.now = USEC_PER_HOUR;
        loaded.now += USEC_PER_HOUR - 2 * READY_DELAY;
        check_status(&loaded, rented, "5");
        check_same_pages(&w, &loaded);
}

static void periods_end_after_a_load_as_well(void **state)
{
        struct world w _cleanup_world_ = world_of(0, false, NULL), loaded _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_free_ char *id = rent(&w, RENT(1, 0));
        _cleanup_json_ json_t *saved = NULL;

        (void)state;
        w.now = READY_DELAY;
        check_status(&w, id, "2");
        saved = simulator->save(w.s, w.now);
        loaded.now = w.now;
        assert_int_equal(simulator->load(loaded.s, loaded.now, saved, NULL), 0);
        loaded.now = USEC_PER_HOUR - 1;
        check_status(&loaded, id, "2");
        loaded.now = USEC_PER_HOUR;
        check_status(&loaded, id, "5");
}

/* The one state that was saved, with one member of it, or of its first host, put in another's place. */
static void check_broken(struct world *w, const json_t *saved, const char *key, const char *of_host, json_t *value)
{
        _cleanup_json_ json_t *broken = json_deep_copy(saved);
        json_t *host = json_array_get(json_object_get(broken, "machines"), 0);
        struct error e = { "" };

        assert_int_equal(json_object_set_new(of_host ? host : broken, of_host ? of_host : key, value), 0);
        if (simulator->load(w->s, 0, broken, &e) != -EBADMSG)
                fail_msg("%s is taken", of_host ? of_host : key);
        assert_true(*e.text);
}

static void states_are_checked(void **state)
{
        struct world w _cleanup_world_ = world_of(2, false, NULL), loaded _cleanup_world_ = world_of(0, false, NULL);
        _cleanup_json_ json_t *saved = simulator->save(w.s, 0);

        (void)state;
        check_broken(&loaded, saved, "format", NULL, json_string("muster-sim.starvcenter/v1"));
        check_broken(&loaded, saved, "machines", NULL, json_object());
        check_broken(&loaded, saved, "nextSerial", NULL, json_integer(1));
        check_broken(&loaded, saved, "calendar", NULL, json_string("today"));
        check_broken(&loaded, saved, "wallet", NULL, json_integer(-1));
        check_broken(&loaded, saved, "waitingMade", NULL, json_null());
        check_broken(&loaded, saved, NULL, "serial", json_integer(2)); /* as the second */
        check_broken(&loaded, saved, NULL, "serial", json_integer(0));
        check_broken(&loaded, saved, NULL, "work", json_integer(4));
        check_broken(&loaded, saved, NULL, "dueIn", json_integer(-1));
        check_broken(&loaded, saved, NULL, "cpu", json_true());
        check_broken(&loaded, saved, NULL, "name", json_null());
        assert_int_equal(simulator->load(loaded.s, 0, saved, NULL), 0);
        check_same_pages(&w, &loaded);
}

/* What may be looked for in places where no password may be. */
static void states_tell_the_secrets(void **state)
{
        struct world w _cleanup_world_ = world_of(1, false, NULL);
        _cleanup_json_ json_t *saved = simulator->save(w.s, 0), *page = list(&w, "page=1&pageSize=1");
        const json_t *machine = json_array_get(json_object_get(saved, "machines"), 0);
        const json_t *row = json_array_get(json_object_get(page, "data"), 0);

        (void)state;
        assert_true(json_equal(json_object_get(machine, "id"), json_object_get(row, "id")));
        assert_true(json_equal(json_object_get(machine, "hostPw"), json_object_get(row, "hostPw")));
        assert_true(json_equal(json_object_get(machine, "hostAccount"), json_object_get(row, "hostAccount")));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(variants_are_checked),
                cmocka_unit_test(tokens_are_checked),
                cmocka_unit_test(paths_are_checked),
                cmocka_unit_test(calls_have_their_class_and_subject),
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(hosts_for_a_period_are_added_as_well),
                cmocka_unit_test(a_hand_ends_work),
                cmocka_unit_test(mistakes_at_the_console_are_told),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(periods_end_after_a_load_as_well),
                cmocka_unit_test(states_are_checked),
                cmocka_unit_test(states_tell_the_secrets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
