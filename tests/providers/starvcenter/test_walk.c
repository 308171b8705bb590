/* SPDX-License-Identifier: MIT */

/*
 * The codec's walk against the simulator, in memory: whatever a start position means there and however many machines there
 * are, a listing that counts as complete shows each machine once.
 */

#include "tests/providers/starvcenter/exchange.h"

#include <errno.h>
#include <time.h>

#include "reconcile/base/text.h"
#include "tests/support/looking.h"

#define PAGE 30

static const size_t sizes[] = { 0, 1, 2, 29, 30, 31, 32, 33, 59, 60, 61, 62, 90, 91, 92, 300 };

/* One walk, and what happens to the service while it goes on. */
struct walk {
        struct simulation *s;
        bool backwards;                                       /* what is asked for at once is answered last first */
        bool uncounted;                                       /* no reply says how many machines there are */
        void (*between)(struct walk *w, uint64_t n_answered); /* NULL: nothing happens */
        uint64_t moment;                                      /* of `between`: after so many replies */
        size_t n_asked;
        size_t most; /* requests that a walk may take */
};

static struct simulation *service(const char *variant, size_t machines, bool quirks)
{
        const struct simulator_options options = { .machines = machines, .variant = variant, .quirks = quirks };
        struct simulation *s = NULL;

        assert_int_equal(simulator->new (&options, &s, NULL), 0);
        return s;
}

static void drop_total(struct reply *rp)
{
        _cleanup_free_ char *text = NULL;
        json_t *json;
        size_t n;

        assert_int_equal(base64_decode_in_place(rp->body, rp->body_len, &n, NULL), 0);
        assert_int_equal(json_parse(rp->body, n, &json, NULL), 0);
        json_object_del(json, "dataCount");
        text = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        reply_done(rp);
        *rp = reply_of_json(text);
}

static int answer(void *userdata, const struct request *rq, struct observation *obs, struct request_list *further,
                  struct error *e)
{
        struct reply rp _cleanup_reply_ = {};
        struct walk *w = userdata;
        const char *class;

        if (w->between)
                w->between(w, w->n_asked);
        assert_true(rq->read);
        assert_true(++w->n_asked <= w->most);
        assert_int_equal(simulator->serve(w->s, 0, rq, PRETEND_NOTHING, &rp, &class), 0);
        assert_true(text_equal(class, "list") || text_equal(class, "get"));
        if (w->uncounted)
                drop_total(&rp);
        return codec->saw(&account, rq, &rp, obs, further, e);
}

static struct looking looking_of(struct walk *w)
{
        return (struct looking){
                .codec = codec, .account = &account, .backwards = w->backwards, .answer = answer, .userdata = w
        };
}

/* 0 and a complete observation, or what the codec says against it. */
static int look(struct walk *w, struct observation **ret)
{
        const struct looking looking = looking_of(w);

        if (w->most == 0)
                w->most = 1000;
        return looking_end(&looking, &scope_machines, ret);
}

/* The ids of all machines that are there, as keys, in the order of the listing. */
static json_t *machines_of(struct simulation *s)
{
        json_t *state = simulator->save(s, 0), *ids = json_object(), *m;
        size_t i;

        json_array_foreach(json_object_get(state, "machines"), i, m)
                json_object_set(ids, json_string_value(json_object_get(m, "id")), m);
        json_decref(state);
        return ids;
}

/* Everything that was there all the time is shown, and nothing that never was. */
static void check_true(const struct observation *obs, json_t *before, json_t *after)
{
        const char *id;
        json_t *m;

        json_object_foreach(before, id, m) if (json_object_get(after, id) && !observation_find(obs, TYPE_MACHINE, id))
                fail_msg("%s is missing of %zu machines", id, json_object_size(before));
        for (size_t i = 0; i < obs->of[TYPE_MACHINE].n_rows; i++)
                assert_true(json_object_get(before, obs->of[TYPE_MACHINE].rows[i].id) ||
                            json_object_get(after, obs->of[TYPE_MACHINE].rows[i].id));
}

/* A walk that is expected to end well: all machines, each once. */
static void check_walk(struct walk *w, size_t n)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        json_t *machines = machines_of(w->s);

        assert_int_equal(json_object_size(machines), n);
        if (look(w, &obs) != 0)
                fail_msg("a walk over %zu machines is not complete", n);
        assert_int_equal(obs->of[TYPE_MACHINE].n_rows, n);
        check_true(obs, machines, machines);
        json_decref(machines);
}

static void every_reading_ends_with_every_row_once(void **state)
{
        (void)state;
        for (size_t v = 0; simulator->variants[v]; v++)
                for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                        for (int how = 0; how < 8; how++) {
                                struct walk w = { .backwards = how & 1, .uncounted = how & 2 };

                                w.s = service(simulator->variants[v], sizes[i], how & 4);
                                check_walk(&w, sizes[i]);
                                simulator->free(w.s);
                        }
}

/* Two pages more than the rows fill, at most: the second that tells what a position is, and one at either end. */
static void walks_ask_for_little(void **state)
{
        (void)state;
        for (size_t v = 0; simulator->variants[v]; v++)
                for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                        struct walk w = { .s = service(simulator->variants[v], sizes[i], false) };

                        w.most = (sizes[i] + PAGE - 1) / PAGE + (text_equal(simulator->variants[v], "page") ? 0 : 2);
                        w.most += w.most == 0;
                        check_walk(&w, sizes[i]);
                        simulator->free(w.s);
                }
}

/* What a person does at the vendor's console, to a machine by its id or, to add one, with its name. */
static void person(struct simulation *s, const char *verb, const char *value)
{
        json_t *arguments = json_pack("{s:s}", text_equal(verb, "add") ? "name" : "id", value);

        assert_int_equal(simulator->console(s, 0, verb, arguments, NULL), 0);
        json_decref(arguments);
}

/* The one machine at a place of the listing goes. */
static void delete_at(struct simulation *s, size_t place)
{
        json_t *machines = machines_of(s);
        void *at = json_object_iter(machines);

        while (place-- > 0)
                at = json_object_iter_next(machines, at);
        person(s, "delete", json_object_iter_key(at));
        json_decref(machines);
}

static void delete_first(struct walk *w, uint64_t n_answered)
{
        if (n_answered == w->moment)
                delete_at(w->s, 0);
}

static void delete_middle(struct walk *w, uint64_t n_answered)
{
        if (n_answered == w->moment)
                delete_at(w->s, 31);
}

static void delete_two(struct walk *w, uint64_t n_answered)
{
        if (n_answered == w->moment || n_answered == w->moment + 1)
                delete_at(w->s, 3);
}

static void add_one(struct walk *w, uint64_t n_answered)
{
        if (n_answered == w->moment)
                person(w->s, "add", "late");
}

static void delete_then_add(struct walk *w, uint64_t n_answered)
{
        if (n_answered == w->moment)
                delete_at(w->s, 0);
        if (n_answered == w->moment + 1)
                person(w->s, "add", "late");
}

/* Machines that come and go between pages: the walk may well not be complete then, but never wrongly is. */
static void check_shifting(const char *variant, size_t n, uint64_t moment, bool backwards,
                           void (*between)(struct walk *w, uint64_t n_answered))
{
        struct walk w = {
                .s = service(variant, n, false), .between = between, .moment = moment, .backwards = backwards
        };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        json_t *before = machines_of(w.s), *after;
        int r;

        r = look(&w, &obs);
        after = machines_of(w.s);
        if (r == 0)
                check_true(obs, before, after);
        else
                assert_true(r == -ESTALE || r == -EBADMSG);
        json_decref(before);
        json_decref(after);
        simulator->free(w.s);
}

static void shifting_rows_are_never_a_wrong_listing(void **state)
{
        static void (*const deeds[])(struct walk * w, uint64_t n_answered) = { delete_first, delete_middle, delete_two,
                                                                               add_one, delete_then_add };
        static const size_t shifting[] = { 33, 61, 92, 150 };

        (void)state;
        for (size_t v = 0; simulator->variants[v]; v++)
                for (size_t i = 0; i < ARRAY_SIZE(shifting); i++)
                        for (size_t d = 0; d < ARRAY_SIZE(deeds); d++)
                                for (uint64_t moment = 0; moment < shifting[i] / PAGE + 4; moment++) {
                                        check_shifting(simulator->variants[v], shifting[i], moment, false, deeds[d]);
                                        check_shifting(simulator->variants[v], shifting[i], moment, true, deeds[d]);
                                }
}

/* A page with the given ids, "vm-FIRST" and up, and the given total; negative: it states none. */
static struct reply page_of(int64_t first, int64_t n, int64_t total)
{
        struct buf json = BUF_INIT((size_t)1 << 20);
        struct reply rp;

        buf_adds(&json, "{\"result\":\"0\",\"data\":[");
        for (int64_t i = 0; i < n; i++)
                buf_addf(&json, "%s{\"vm.id\":\"vm-%d\"}", i > 0 ? "," : "", (int)(first + i));
        buf_addf(&json, total < 0 ? "]}" : "],\"dataCount\":%d}", (int)total);
        assert_int_equal(json.failed, 0);
        rp = reply_of_json(json.data);
        buf_done(&json);
        return rp;
}

/* Answers each request by a function of its start position; the codec's last word, and how many requests it took. */
static int walk_over(struct reply (*page)(int64_t position), size_t most, size_t *ret_rows)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        size_t n = 0;
        int r;

        assert_int_equal(observation_new(&scope_machines, &obs), 0);
        r = codec->look(&account, obs, &asked, &e);
        while (r >= 0) {
                for (r = 0; r == 0 && asked.n_requests > 0;) {
                        struct request rq _cleanup_request_ = asked.requests[--asked.n_requests];
                        struct reply rp _cleanup_reply_ = page((int64_t)rq.tag);

                        assert_true(++n <= most);
                        r = codec->saw(&account, &rq, &rp, obs, &asked, &e);
                }
                if (r == 0)
                        r = codec->seen(&account, obs, &asked, &e);
                if (r == 0)
                        break;
        }
        *ret_rows = obs->of[TYPE_MACHINE].n_rows;
        return r;
}

static struct reply endless_page(int64_t position)
{
        return page_of(position * 1000, PAGE, -1);
}

static struct reply same_page(int64_t position)
{
        (void)position;
        return page_of(1, PAGE, 100);
}

static struct reply larger_page(int64_t position)
{
        (void)position;
        return page_of(1, 50, 100);
}

static struct reply growing_total(int64_t position)
{
        return page_of(1 + (position - 1) * PAGE, PAGE, 90 + position);
}

static struct reply total_lost(int64_t position)
{
        return page_of(1 + (position - 1) * PAGE, PAGE, position == 2 ? -1 : 90);
}

/* The last page has one row fewer than the total says, and repeats one instead. */
static struct reply row_lost(int64_t position)
{
        return position < 3 ? page_of(1 + (position - 1) * PAGE, PAGE, 90) : page_of(60, PAGE, 90);
}

static struct reply refused_page(int64_t position)
{
        return position == 3 ? reply_of_json("{\"result\":\"1\",\"resultinfo\":\"busy\"}")
                             : page_of(1 + (position - 1) * PAGE, PAGE, 120);
}

static void hostile_paging_ends(void **state)
{
        size_t rows;

        (void)state;
        assert_int_equal(walk_over(endless_page, 200000 / PAGE + 3, &rows), -EBADMSG);
        assert_int_equal(walk_over(same_page, 3, &rows), -ESTALE);
        assert_int_equal(walk_over(larger_page, 3, &rows), -ESTALE);
        assert_int_equal(walk_over(growing_total, 5, &rows), -ESTALE);
        assert_int_equal(walk_over(total_lost, 5, &rows), -ESTALE);
        assert_int_equal(walk_over(row_lost, 5, &rows), -ESTALE);
        assert_int_equal(walk_over(refused_page, 5, &rows), -EBADMSG);
}

static void one_machine_is_asked_for(void **state)
{
        struct walk w = { .s = service("page", 40, true), .most = 10 };
        const struct looking looking = looking_of(&w);
        static const char *const ids[] = { "vm-40", "vm-41", "vm/.." };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                _cleanup_request_list_ struct request_list asked = {};
                struct error e = { "" };

                assert_int_equal(
                        observation_new(&(struct scope){ .type = SCOPE_ONE, .of = TYPE_MACHINE, .id = ids[i] }, &obs),
                        0);
                assert_int_equal(codec->look(&account, obs, &asked, &e), 0);
                assert_int_equal(looking_answer(&looking, &asked, obs, &e), 0);
                assert_int_equal(codec->seen(&account, obs, &asked, &e), 0);
                assert_int_equal(obs->of[TYPE_MACHINE].n_rows, i == 0);
                assert_false(obs->denied);
        }
        simulator->free(w.s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_reading_ends_with_every_row_once),
                cmocka_unit_test(walks_ask_for_little),
                cmocka_unit_test(shifting_rows_are_never_a_wrong_listing),
                cmocka_unit_test(hostile_paging_ends),
                cmocka_unit_test(one_machine_is_asked_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
