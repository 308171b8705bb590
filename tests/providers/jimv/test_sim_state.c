/* SPDX-License-Identifier: MIT */

/*
 * The simulator's console, and its saved states.
 */

#include "tests/providers/jimv/sim_exchange.h"

#include <errno.h>

static void a_person_has_a_hand_in_it(void **state)
{
        struct world w _cleanup_(world_done) = world_new("2017", true, 2);

        (void)state;
        console(&w, "stop", "{\"name\":\"elder-0\"}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 5);
        console(&w, "start", "{\"name\":\"elder-0\"}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 1);
        console(&w, "fail", "{\"name\":\"elder-0\"}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 6);
        console(&w, "state", "{\"name\":\"elder-0\",\"state\":17}");
        assert_int_equal(saved_number(&w, "machines", 0, "state"), 17);
        console(&w, "add", "{\"name\":\"x\",\"count\":2,\"cpu\":1,\"memory\":512,\"state\":0}");
        assert_int_equal(saved_number(&w, "machines", 3, "memory"), 512);
        console(&w, "rename", "{\"name\":\"x-2\",\"to\":\"y\"}");
        check(&w, METHOD_GET, "/api/guests?offset=3", NULL, 200, "\"name\": \"y\"");
        console(&w, "delete", "{\"name\":\"y\"}");
        assert_int_equal(count(&w, "machines"), 3);
}

static void persons_are_told_what_is_wrong(void **state)
{
        static const struct {
                const char *verb, *arguments;
                int r;
        } wrong[] = {
                { "stop", "{}", -EINVAL },
                { "stop", "{\"id\":\"none\"}", -ENOENT },
                { "stop", "{\"name\":\"none\"}", -ENOENT },
                { "explode", "{\"name\":\"elder-0\"}", -EINVAL },
                { "state", "{\"name\":\"elder-0\"}", -EINVAL },
                { "state", "{\"name\":\"elder-0\",\"state\":\"x\"}", -EINVAL },
                { "rename", "{\"name\":\"elder-0\"}", -EINVAL },
                { "rename", "{\"name\":\"elder-0\",\"to\":\"elder-1\"}", -EINVAL },
                { "add", "{}", -EINVAL },
                { "add", "{\"name\":\"x\",\"count\":0}", -EINVAL },
                { "add", "{\"name\":\"elder-0\"}", -EINVAL },
                { "lose", "{\"count\":-1}", -EINVAL },
                { "addresses", "{}", -EINVAL },
                { "host", "{}", -EINVAL },
                { "host", "{\"name\":\"kvm-9\",\"state\":\"alive\"}", -ENOENT },
                { "host", "{\"name\":\"kvm-1\",\"state\":\"dead\"}", -EINVAL },
        };
        struct world w _cleanup_(world_done) = world_new("2017", true, 2),
                       later _cleanup_(world_done) = world_new("0.8", true, 0);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(console_says(&w, wrong[i].verb, wrong[i].arguments), wrong[i].r);
        console(&later, "add", "{\"name\":\"same\",\"count\":2}");
        assert_int_equal(console_says(&later, "stop", "{\"name\":\"same\"}"), -EINVAL);
        console(&w, "addresses", "{\"free\":1}");
        assert_int_equal(console_says(&w, "add", "{\"name\":\"x\",\"count\":2}"), -EINVAL);
}

static char *listing(struct world *w, const char *path)
{
        struct reply rp _cleanup_reply_ = call(w, METHOD_GET, path, NULL);

        assert_int_equal(rp.status, 200);
        return strdup(rp.body);
}

static void check_same(struct world *w, struct world *loaded, const char *path)
{
        _cleanup_free_ char *one = listing(w, path), *other = listing(loaded, path);

        assert_string_equal(one, other);
}

/* Something of everything that a state has: guests of all sorts, disks, messages under way, hosts, sessions. */
static void make_history(struct world *w, bool later)
{
        char guest[64], path[128];

        console(w, "delete", "{\"name\":\"elder-0\"}");
        check_ok(w, METHOD_POST, "/api/disk",
                 "{\"size\":10,\"quantity\":2,\"remark\":\"d\",\"node_id\":\"" NODE_2 "\"}");
        w->now += READY_DELAY;
        saved_text(w, "machines", 0, "id", guest);
        for (int i = -1; i > (later ? -3 : -2); i--) {
                char disk[64];

                saved_text(w, "disks", i, "id", disk);
                snprintf(path, sizeof(path), "/api/guest/_attach_disk/%.36s/%.36s", guest, disk);
                check_ok(w, METHOD_PUT, path, NULL);
        }
        w->now += READY_DELAY / 4;
        check_ok(w, METHOD_POST, "/api/guest",
                 later ? "{\"quantity\":2,\"remark\":\"web\"," CREATE_0_8 "}"
                       : "{\"quantity\":2,\"name\":\"web\"," CREATE_2017 "}");
        check_of(w, METHOD_PUT, "/api/guests/_shutdown/%s", guest, NULL, 200, OK);
        console(w, "host", "{\"name\":\"kvm-1\",\"state\":\"silent\"}");
        console(w, "lose", "{\"count\":1}");
        console(w, "addresses", "{\"free\":4}");
}

/* What was saved and loaded goes on as if nothing had happened, messages that are under way included. */
static void check_survival(const char *variant)
{
        bool later = text_equal(variant, "0.8");
        struct world w _cleanup_(world_done) = world_new(variant, true, 3),
                       loaded _cleanup_(world_done) = world_new(variant, true, 5);
        _cleanup_json_ json_t *saved_once = NULL, *saved_twice = NULL;
        const char *create = later ? "{\"quantity\":5,\"remark\":\"db\"," CREATE_0_8 "}"
                                   : "{\"quantity\":5,\"name\":\"db\"," CREATE_2017 "}";

        if (later)
                sign_in(&w);
        make_history(&w, later);
        loaded.now = w.now;
        loaded.cookie = w.cookie ? strdup(w.cookie) : NULL;
        saved_once = simulator->save(w.s, w.now);
        assert_int_equal(simulator->load(loaded.s, loaded.now, saved_once, NULL), 0);
        saved_twice = simulator->save(loaded.s, loaded.now);
        assert_true(json_equal(saved_once, saved_twice));

        for (size_t i = 0; i < 4; i++) {
                check_same(&w, &loaded, "/api/guests");
                check_same(&w, &loaded, "/api/disks");
                if (i == 1) {
                        check(&w, METHOD_POST, "/api/guest", create, later ? 500 : 200, "");
                        check(&loaded, METHOD_POST, "/api/guest", create, later ? 500 : 200, "");
                }
                w.now = loaded.now += READY_DELAY * 2 / 3;
        }
        assert_int_equal(count(&loaded, "machines"), 8);
}

static void states_survive(void **state)
{
        (void)state;
        check_survival("2017");
        check_survival("0.8");
}

#define HEAD \
        "\"format\":\"muster-sim.jimv/v1\",\"era\":\"2017\",\"nextSerial\":1,\"nextDisk\":1,\"random\":1,\"toLose\":0,"
#define EMPTY "\"freeAddresses\":1,\"hosts\":[],\"sessions\":[],\"messages\":[],"

static void bad_states_are_refused(void **state)
{
        static const char *const bad[] = {
                "{}",
                "[]",
                "{" HEAD "\"freeAddresses\":1}",
                "{" HEAD EMPTY "\"disks\":[],\"machines\":[{}]}",
                "{" HEAD EMPTY "\"disks\":[7],\"machines\":[]}",
                "{" HEAD
                "\"freeAddresses\":1,\"hosts\":[],\"sessions\":[],\"messages\":[{}],\"disks\":[],\"machines\":[]}",
                "{" HEAD
                "\"freeAddresses\":1,\"hosts\":[],\"sessions\":[1],\"messages\":[],\"disks\":[],\"machines\":[]}",
                "{" HEAD
                "\"freeAddresses\":1,\"hosts\":[{}],\"sessions\":[],\"messages\":[],\"disks\":[],\"machines\":[]}",
                "{\"format\":\"muster-sim.jimv/v1\",\"era\":\"0.8\",\"nextSerial\":1,\"nextDisk\":1,\"random\":1,"
                "\"toLose\":0," EMPTY "\"disks\":[],\"machines\":[]}",
                "{\"format\":\"muster-sim.jimv/v1\",\"era\":\"2017\",\"nextSerial\":0,\"nextDisk\":1,\"random\":1,"
                "\"toLose\":0," EMPTY "\"disks\":[],\"machines\":[]}",
        };
        static const char good[] = "{" HEAD EMPTY "\"disks\":[],\"machines\":[]}";
        struct world w _cleanup_(world_done) = world_new("2017", true, 1);
        _cleanup_json_ json_t *json = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_json_ json_t *wrong = NULL;
                struct error e = { "" };

                assert_int_equal(json_parse(bad[i], strlen(bad[i]), &wrong, NULL), 0);
                assert_int_equal(simulator->load(w.s, 0, wrong, &e), -EBADMSG);
                assert_true(*e.text);
        }
        assert_int_equal(json_parse(good, strlen(good), &json, NULL), 0);
        assert_int_equal(simulator->load(w.s, 0, json, NULL), 0);
        assert_int_equal(count(&w, "machines"), 0);
}

static void there_are_two_eras(void **state)
{
        const struct simulator_options options = { .variant = "2.0" };
        struct simulation *s = NULL;
        struct error e = { "" };

        (void)state;
        assert_int_equal(simulator->new (&options, &s, &e), -EINVAL);
        assert_non_null(strstr(e.text, "0.8"));
        assert_string_equal(simulator->variants[0], "2017");
        assert_string_equal(simulator->type, "jimv");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_person_has_a_hand_in_it),
                cmocka_unit_test(persons_are_told_what_is_wrong),
                cmocka_unit_test(states_survive),
                cmocka_unit_test(bad_states_are_refused),
                cmocka_unit_test(there_are_two_eras),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
