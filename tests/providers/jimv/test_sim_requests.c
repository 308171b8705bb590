/* SPDX-License-Identifier: MIT */

/*
 * Whatever is asked of the simulator, it answers as JSON or as a page, and its state stays one that can be loaded.
 */

#include "tests/providers/jimv/sim_exchange.h"

#include "tests/support/random.h"

#define CALLS 5000

static const char *const pieces[] = {
        "/api/guests",
        "/api/guest",
        "/api/disks",
        "/api/disk",
        "/_attach_disk",
        "/_detach_disk",
        "/_disk_resize",
        "/_boot",
        "/_shutdown",
        "/_suspend",
        "/_resume",
        "/_search",
        "/login",
        "/_adjust_ability",
        "/",
        ",",
        "%",
        "%2F",
        "/20",
        "/1",
        "?page=2",
        "&limit=3",
        "?filter=id:gt:2;name:like:%C3",
        "&order_by=name",
        "?keyword=e",
        "//",
        "http://",
        "&offset=0",
        "?page_size=",
        "&filter=::::",
        "/api/user/_sign_in",
};

static const char *const bodies[] = {
        NULL,
        "{\"remark\":\"r\",\"label\":\"l\"}",
        "{\"quantity\":2,\"name\":\"web\"," CREATE_2017 "}",
        "{\"quantity\":1,\"remark\":\"web\"," CREATE_0_8 "}",
        "{\"size\":10,\"quantity\":1,\"remark\":\"d\",\"node_id\":\"" NODE_1 "\"}",
        "{\"remark\":{}}",
        "[1,2]",
        "{",
        "",
};

static void random_path(struct world *w, struct random *chance, char ret[static 1024])
{
        _cleanup_json_ json_t *state = simulator->save(w->s, w->now);
        size_t n = random_between(chance, 1, 5);

        *ret = '\0';
        for (size_t i = 0; i < n; i++) {
                const char *list = random_chance(chance, 500) ? "machines" : "disks";
                json_t *records = json_object_get(state, list);
                size_t length = strlen(ret);

                if (random_chance(chance, 400) && json_array_size(records) > 0)
                        snprintf(ret + length, 1024 - length, "/%s",
                                 json_string_value(json_object_get(
                                         json_array_get(records, random_below(chance, json_array_size(records))),
                                         "id")));
                else
                        snprintf(ret + length, 1024 - length, "%s", pieces[random_below(chance, ARRAY_SIZE(pieces))]);
        }
}

static void check_answer(const char *path, const struct reply *rp, bool quirks)
{
        json_t *json = NULL;

        assert_true(rp->status == 200 || rp->status == 302 || (rp->status >= 400 && rp->status <= 503));
        if (quirks && (rp->status == 302 || strstr(rp->body, "<title>")))
                return;
        if (!quirks && rp->status == 302)
                return;
        if (text_starts(rp->body, "<!DOCTYPE html>"))
                return;
        if (json_parse(rp->body, rp->body_len, &json, NULL) < 0)
                fail_msg("%s is answered %s, which is no JSON", path, rp->body);
        json_decref(json);
}

static void check_any_requests(const char *variant, bool quirks, uint64_t seed)
{
        struct world w _cleanup_(world_done) = world_new(variant, quirks, 3),
                       loaded _cleanup_(world_done) = world_new(variant, quirks, 0);
        struct random chance = { seed };
        _cleanup_json_ json_t *state = NULL;

        if (text_equal(variant, "0.8"))
                sign_in(&w);
        for (size_t i = 0; i < CALLS; i++) {
                const char *body = bodies[random_below(&chance, ARRAY_SIZE(bodies))];
                enum method method = (enum method)random_below(&chance, METHOD_DELETE + 1);
                char path[1024];
                struct reply rp _cleanup_reply_ = {};

                random_path(&w, &chance, path);
                rp = call(&w, method, path, body);
                check_answer(path, &rp, quirks);
                w.now += random_below(&chance, READY_DELAY / 4);
                if (random_chance(&chance, 20))
                        console(&w, "lose", "{}");
        }
        state = simulator->save(w.s, w.now);
        loaded.now = w.now;
        assert_int_equal(simulator->load(loaded.s, w.now, state, NULL), 0);
        assert_int_equal(count(&w, "machines"), count(&loaded, "machines"));
}

static void any_request_has_an_answer(void **state)
{
        (void)state;
        for (size_t how = 0; how < 4; how++)
                check_any_requests(how & 1 ? "0.8" : "2017", how & 2, 4711 + how);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(any_request_has_an_answer),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
