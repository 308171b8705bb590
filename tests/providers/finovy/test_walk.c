/* SPDX-License-Identifier: MIT */

/*
 * Whole looks at a service that lists 25 machines a page, newest first, while machines come and go: an observation that is
 * complete shows every machine that was there all the time, once.
 */

#include <errno.h>

#include "tests/providers/finovy/exchange.h"

#include "reconcile/base/array.h"

#define PAGE 25

/* Machine n is there from the reply number `born` on, up to the one numbered `dies`. */
struct service {
        size_t n, n_asked;
        size_t dies, victim; /* at reply `dies` machine `victim` goes; 0: never */
        size_t comes;        /* at this reply one more comes; 0: never */
        bool same_page;      /* whatever is asked for, the first page comes */
};

static bool is_there(const struct service *s, size_t machine)
{
        return !(s->dies && s->n_asked >= s->dies && machine == s->victim);
}

static void answer(struct service *s, size_t page, struct buf *b)
{
        size_t there = 0, from = s->same_page ? 0 : (page - 1) * PAGE, n;

        s->n_asked++;
        n = s->n + (s->comes && s->n_asked >= s->comes);
        buf_adds(b, "{\"code\":0,\"data\":{\"data\":[");
        for (size_t i = n; i > 0; i--) {
                if (!is_there(s, i))
                        continue;
                if (there >= from && there < from + PAGE)
                        buf_addf(b, "%s{\"id\":\"h%zu\",\"createTime\":%zu}", there > from ? "," : "", i, i);
                there++;
        }
        buf_addf(b, "],\"totalCounts\":%zu}}", there);
}

/* 0 or how it ended; `ret` is what was seen. */
static int look(struct service *s, struct observation **ret)
{
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(&scope_machines, ret), 0);
        r = codec->look(&account, *ret, &asked, &e);
        for (size_t i = 0; r == 0 && i < asked.n_requests; i++) {
                struct buf b = BUF_INIT(TEXT_MAX);
                struct reply rp;
                size_t page;

                assert_true(asked.n_requests < 1000);
                assert_int_equal(sscanf(strstr(asked.requests[i].url, "page="), "page=%zu", &page), 1);
                answer(s, page, &b);
                rp = reply_with_text(200, buf_text(&b));
                r = codec->saw(&account, &asked.requests[i], &rp, *ret, &asked, &e);
                reply_done(&rp);
                buf_done(&b);
        }
        return r < 0 ? r : codec->seen(&account, *ret, &asked, &e);
}

static void every_machine_is_there_once(void **state)
{
        static const size_t counts[] = { 0, 1, 24, 25, 26, 50, 51, 260 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                struct service s = { .n = counts[i] };

                assert_int_equal(look(&s, &obs), 0);
                assert_int_equal(obs->of[TYPE_MACHINE].n_rows, counts[i]);
                assert_int_equal(s.n_asked, counts[i] ? (counts[i] + PAGE - 1) / PAGE : 1);
        }
}

static void assert_shows_all_that_stayed(const struct observation *obs, const struct service *s)
{
        for (size_t i = 1; i <= s->n; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "h%zu", i);
                if (!s->dies || i != s->victim)
                        assert_non_null(observation_find(obs, TYPE_MACHINE, id));
        }
}

/* A machine goes, or comes, between two pages: the rows shift, and one may be skipped. Never is that a whole listing. */
static void rows_that_shift_are_never_a_wrong_listing(void **state)
{
        size_t complete = 0, torn = 0;

        (void)state;
        for (size_t at = 1; at <= 4; at++)
                for (size_t victim = 0; victim <= 80; victim++) {
                        _cleanup_(observation_free_p) struct observation *obs = NULL;
                        struct service s = {
                                .n = 80, .dies = victim ? at : 0, .victim = victim, .comes = victim ? 0 : at
                        };
                        int r = look(&s, &obs);

                        assert_true(r == 0 || r == -ESTALE);
                        complete += r == 0;
                        torn += r != 0;
                        if (r == 0)
                                assert_shows_all_that_stayed(obs, &s);
                }
        assert_true(complete > 0 && torn > 0);
}

static void one_page_for_all_is_no_listing(void **state)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct service s = { .n = 60, .same_page = true };

        (void)state;
        assert_int_equal(look(&s, &obs), -ESTALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_machine_is_there_once),
                cmocka_unit_test(rows_that_shift_are_never_a_wrong_listing),
                cmocka_unit_test(one_page_for_all_is_no_listing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
