/* SPDX-License-Identifier: MIT */

/*
 * The walk over the pages of a listing, against tables that come and go while they are read: a listing that counts as
 * complete shows every row that was there all the time, once.
 */

#include "tests/providers/jimv/exchange.h"

#include <errno.h>
#include <inttypes.h>

#include "tests/support/looking.h"
#include "tests/support/reply_text.h"

#define PAGE 200
#define TEXT_MAX ((size_t)4 << 20)

/* A table of the vendor's: rows in the order of their numbers, of which 0 is none any more. */
struct table {
        int64_t *numbers;
        size_t n;
        int64_t last; /* number */
        bool system;  /* every third row is a system disk */
};

/* One walk, and what happens to the service while it goes on. */
struct walk {
        struct table guests, disks;
        const struct account_config *account;
        const struct scope *scope;
        bool backwards;  /* what is asked for at once is answered last first */
        size_t cap;      /* rows of a page at most; 0: any */
        bool deaf;       /* the offset is ignored */
        int64_t lie;     /* about the total */
        int64_t renamed; /* the number of a row that has another uuid after the first answer */
        void (*between)(struct walk *w, size_t n); /* before the n-th answer; NULL: nothing happens */
        size_t moment, place, gone, added;         /* of `between` */
        size_t n_asked, most;
};

static void table_add(struct table *t, size_t n)
{
        t->numbers = realloc(t->numbers, (t->n + n + 1) * sizeof(*t->numbers));
        assert_non_null(t->numbers);
        while (n-- > 0)
                t->numbers[t->n++] = ++t->last;
}

static void table_delete(struct table *t, size_t place)
{
        memmove(&t->numbers[place], &t->numbers[place + 1], (t->n - place - 1) * sizeof(*t->numbers));
        t->n--;
}

static const char *uuid_of(bool disk, int64_t number, char text[static 40])
{
        (void)snprintf(text, 40, "%08" PRIx64 "-0000-4000-8000-%012x", (uint64_t)number, disk);
        return text;
}

static bool is_system(const struct table *t, int64_t number)
{
        return t->system && number % 3 == 0;
}

static void print_row(struct buf *b, const struct walk *w, const struct table *t, bool disk, int64_t number)
{
        char uuid[40], guest[40];
        bool renamed = number == w->renamed && w->n_asked > 1;

        buf_addf(b, "{\"id\":%" PRId64 ",\"uuid\":\"%s\"", number, uuid_of(disk != renamed, number, uuid));
        if (disk)
                buf_addf(b, ",\"state\":1,\"size\":10,\"sequence\":%d,\"guest_uuid\":\"%s\"}",
                         is_system(t, number) ? 0 : -1, is_system(t, number) ? uuid_of(false, number, guest) : "");
        else
                buf_adds(b, ",\"status\":1,\"xml\":\"<x a=\\\"1\\\"/>\",\"password\":\"hidden\"}");
}

static struct reply answer_of(const struct walk *w, const struct request *rq)
{
        bool disk = strstr(rq->url, "/api/disks?") != NULL;
        const struct table *t = disk ? &w->disks : &w->guests;
        size_t offset = strtoul(strstr(rq->url, "offset=") + 7, NULL, 10), from = w->deaf ? 0 : offset;
        size_t limit = strtoul(strstr(rq->url, "limit=") + 6, NULL, 10);
        struct buf b = BUF_INIT(TEXT_MAX);
        struct reply rp;

        assert_int_equal(limit, PAGE);
        assert_non_null(strstr(rq->url, "&order_by=id&order=asc"));
        buf_adds(&b, "{\"state\":{\"code\":\"200\"},\"data\":[");
        for (size_t i = from; i < t->n && i < from + (w->cap ? w->cap : limit); i++) {
                if (i > from)
                        buf_addc(&b, ',');
                print_row(&b, w, t, disk, t->numbers[i]);
        }
        buf_addf(&b, "],\"paging\":{\"total\":%" PRId64 ",\"offset\":%zu}}", (int64_t)t->n + w->lie, from);
        assert_int_equal(b.failed, 0);
        rp = reply_of_text(buf_text(&b), b.len);
        buf_done(&b);
        return rp;
}

static int answer(void *userdata, const struct request *rq, struct observation *obs, struct request_list *further,
                  struct error *e)
{
        struct reply rp _cleanup_reply_ = {};
        struct walk *w = userdata;

        assert_true(rq->read);
        assert_true(++w->n_asked <= w->most);
        if (w->between)
                w->between(w, w->n_asked);
        rp = answer_of(w, rq);
        return codec->saw(w->account, rq, &rp, obs, further, e);
}

/* 0 and a complete observation, or what the codec says against it. */
static int look(struct walk *w, struct observation **ret)
{
        const struct looking looking = {
                .codec = codec, .account = w->account, .backwards = w->backwards, .answer = answer, .userdata = w
        };

        w->most = w->most ? w->most : 1000;
        return looking_end(&looking, w->scope, ret);
}

static void walk_done(struct walk *w)
{
        free(w->guests.numbers);
        free(w->disks.numbers);
}

/* Exactly the rows that the table has now, and has a row for. */
static void assert_shows(const struct observation *obs, const struct table *t, bool disk)
{
        const struct listed *listed = &obs->of[disk ? TYPE_DISK : TYPE_MACHINE];
        size_t shown = 0;
        char uuid[40];

        for (size_t i = 0; i < t->n; i++) {
                bool there = observation_find(obs, disk ? TYPE_DISK : TYPE_MACHINE, uuid_of(disk, t->numbers[i], uuid));

                assert_int_equal(there, !is_system(t, t->numbers[i]));
                shown += there;
        }
        assert_int_equal(listed->n_rows, shown);
}

static const size_t sizes[] = { 0, 1, 2, 198, 199, 200, 201, 202, 397, 398, 399, 400, 401, 597, 598, 1000 };

static void every_row_is_there_once(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                for (int how = 0; how < 4; how++) {
                        struct walk w = { .account = how & 1 ? &account_08 : &account_2017,
                                          .scope = &scope_machines,
                                          .backwards = how & 2 };
                        _cleanup_(observation_free_p) struct observation *obs = NULL;

                        table_add(&w.guests, sizes[i]);
                        w.most = sizes[i] <= PAGE ? 1 : (sizes[i] - 2) / (PAGE - 1) + 1;
                        assert_int_equal(look(&w, &obs), 0);
                        assert_int_equal(w.n_asked, w.most);
                        assert_shows(obs, &w.guests, false);
                        assert_int_equal(obs->of[TYPE_DISK].n_rows, 0);
                        walk_done(&w);
                }
}

/* System disks are counted by the vendor, and are no rows, wherever they stand. */
static void disks_are_there_without_those_of_systems(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                for (int how = 0; how < 4; how++) {
                        struct walk w = { .account = &account_08,
                                          .scope = how & 1 ? &everything : &all_disks,
                                          .backwards = how & 2 };
                        _cleanup_(observation_free_p) struct observation *obs = NULL;

                        w.disks.system = true;
                        table_add(&w.guests, 3);
                        table_add(&w.disks, sizes[i]);
                        assert_int_equal(look(&w, &obs), 0);
                        assert_shows(obs, &w.disks, true);
                        assert_int_equal(obs->of[TYPE_MACHINE].n_rows, how & 1 ? 3 : 0);
                        walk_done(&w);
                }
}

/* A disk that has the uuid of a guest is that guest's, though it says nothing of it. */
static void a_disk_with_the_uuid_of_a_guest_is_no_row(void **state)
{
        static const char guests[] = "{\"state\":{\"code\":\"200\"},\"data\":[{\"id\":1,\"uuid\":\"" GUEST
                                     "\"}],\"paging\":{\"total\":1,\"offset\":0}}",
                          disks[] = "{\"state\":{\"code\":\"200\"},\"data\":[{\"id\":1,\"uuid\":\"" GUEST
                                    "\",\"state\":1,\"sequence\":-1,\"guest_uuid\":\"\"},{\"id\":2,\"uuid\":\"" DISK
                                    "\",\"state\":1}],\"paging\":{\"total\":2,\"offset\":0}}";
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list first = {}, second = {}, none = {};
        struct reply rp = reply_of_text(guests, strlen(guests));

        (void)state;
        assert_int_equal(observation_new(&everything, &obs), 0);
        assert_int_equal(codec->look(&account_08, obs, &first, NULL), 0);
        assert_int_equal(codec->saw(&account_08, &first.requests[0], &rp, obs, &none, NULL), 0);
        reply_done(&rp);
        assert_int_equal(codec->seen(&account_08, obs, &second, NULL), 1);
        assert_int_equal(second.n_requests, 1);
        rp = reply_of_text(disks, strlen(disks));
        assert_int_equal(codec->saw(&account_08, &second.requests[0], &rp, obs, &none, NULL), 0);
        reply_done(&rp);
        assert_int_equal(codec->seen(&account_08, obs, &none, NULL), 0);
        assert_int_equal(obs->of[TYPE_DISK].n_rows, 1);
        assert_string_equal(obs->of[TYPE_DISK].rows[0].id, DISK);
}

/* At the moment rows go, and as many or others come: those at the end of the table. */
static void come_and_go(struct walk *w, size_t n)
{
        if (n != w->moment)
                return;
        for (size_t i = 0; i < w->gone; i++)
                table_delete(&w->guests, w->place < w->guests.n ? w->place : w->guests.n - 1);
        table_add(&w->guests, w->added);
}

/* Whatever comes and goes between two pages, the walk is complete only when it shows all that was there throughout. */
static size_t check_moved(struct walk *w, size_t size)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct table before = {};
        char uuid[40];
        int r;

        table_add(&w->guests, size);
        table_add(&before, size);
        r = look(w, &obs);
        assert_true(r == 0 || r == -ESTALE || r == -EBADMSG);
        for (size_t i = 0; r == 0 && i < w->guests.n; i++)
                if (w->guests.numbers[i] <= before.last &&
                    !observation_find(obs, TYPE_MACHINE, uuid_of(false, w->guests.numbers[i], uuid)))
                        fail_msg("row %" PRId64 " is missing of %zu, %zu gone at %zu and %zu added before answer %zu",
                                 w->guests.numbers[i], size, w->gone, w->place, w->added, w->moment);
        free(before.numbers);
        walk_done(w);
        return r == 0;
}

static void rows_that_come_and_go_never_hide_others(void **state)
{
        static const size_t places[] = { 0, 1, 197, 198, 199, 200, 397, 398, 399, 449 };
        size_t complete = 0, walks = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++)
                for (size_t moment = 1; moment <= 4; moment++)
                        for (int how = 0; how < 8; how++) {
                                struct walk w = { .account = &account_2017,
                                                  .scope = &scope_machines,
                                                  .between = come_and_go,
                                                  .moment = moment,
                                                  .place = places[i],
                                                  .backwards = how & 1,
                                                  .gone = how & 2 ? 200 : 1 };

                                w.added = how & 4 ? w.gone : 0;
                                complete += check_moved(&w, 450);
                                walks++;
                        }
        /* Not that none is ever complete: what comes and goes before the first page or after the last does no harm. */
        assert_true(complete >= walks / 4 && complete < walks * 3 / 4);
}

static void grow(struct walk *w, size_t n)
{
        (void)n;
        table_add(&w->guests, PAGE);
}

/* None of these is ever taken for all there is. */
static void check_incomplete(struct walk w, size_t size, int expected)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;

        w.account = w.account ? w.account : &account_2017;
        w.scope = &scope_machines;
        table_add(&w.guests, size);
        assert_int_equal(look(&w, &obs), expected);
        walk_done(&w);
}

static void servers_that_page_otherwise_are_noticed(void **state)
{
        (void)state;
        check_incomplete((struct walk){ .deaf = true, .most = 2 }, 300, -EBADMSG);
        check_incomplete((struct walk){ .cap = 100, .most = 1 }, 300, -ESTALE);
        check_incomplete((struct walk){ .cap = 100, .most = 1 }, 101, -ESTALE);
        check_incomplete((struct walk){ .lie = 1 }, 10, -ESTALE);
        check_incomplete((struct walk){ .lie = -1 }, 10, -ESTALE);
        check_incomplete((struct walk){ .lie = 1 }, 500, -ESTALE);
        check_incomplete((struct walk){ .lie = -10 }, 500, -ESTALE);
        check_incomplete((struct walk){ .lie = 5 }, 0, -ESTALE);
        check_incomplete((struct walk){ .between = grow, .most = 2 }, 300, -ESTALE);
        check_incomplete((struct walk){ .lie = 2000000, .most = 1 }, 300, -EBADMSG);
        check_incomplete((struct walk){ .renamed = PAGE, .most = 2 }, 300, -ESTALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_there_once),
                cmocka_unit_test(disks_are_there_without_those_of_systems),
                cmocka_unit_test(a_disk_with_the_uuid_of_a_guest_is_no_row),
                cmocka_unit_test(rows_that_come_and_go_never_hide_others),
                cmocka_unit_test(servers_that_page_otherwise_are_noticed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
