/* SPDX-License-Identifier: MIT */

/*
 * What is asked and ordered, as the very bytes that go out; and what is refused before anything does.
 */

#include "tests/providers/jimv/exchange.h"

#include <errno.h>

#include "tests/support/files.h"

#define TEXT_MAX ((size_t)1 << 16)
#define WALL 1795223440 /* of the orders */

static const struct machine_set leased = { .lease = 90 * USEC_PER_DAY };
static const struct resource web = { .kind = &kind_machine_set,
                                     .name = "web",
                                     .machine_set = (struct machine_set *)&leased };

static void check_request(const char *file, const struct request *rq)
{
        struct buf b = BUF_INIT(TEXT_MAX);
        char path[512];

        buf_addf(&b, "%s %s\n", method_name(rq->method), rq->url);
        for (size_t i = 0; i < rq->n_headers; i++)
                buf_addf(&b, "%s: %s\n", rq->headers[i].name, rq->headers[i].value);
        if (rq->body) {
                assert_int_equal(rq->body_len, strlen(rq->body));
                buf_addf(&b, "\n%s\n", rq->body);
        }
        (void)snprintf(path, sizeof(path), "providers/jimv/golden/%s.txt", file);
        assert_same_as_file(buf_text(&b), path);
        assert_int_equal(rq->timeout, account_2017.timeout);
        buf_done(&b);
}

static struct values guest_values(void)
{
        struct values v = {};

        values_set_text(&v, PROPERTY_TEMPLATE, "7");
        values_set_number(&v, PROPERTY_CPU, 2);
        values_set_number(&v, PROPERTY_MEMORY, 4 * GIB);
        values_set_number(&v, PROPERTY_BANDWIDTH, 100000000);
        return v;
}

static struct values with_number(enum property p, int64_t number)
{
        struct values v = guest_values();

        values_set_number(&v, p, number);
        return v;
}

static struct values size(int64_t bytes)
{
        struct values v = {};

        values_set_number(&v, PROPERTY_SIZE, bytes);
        return v;
}

static struct order guest_order(enum order_verb verb)
{
        return (struct order){ .verb = verb, .type = TYPE_MACHINE, .id = GUEST, .n = 1, .name = "web-0" };
}

static struct order new_guest(const struct values *wanted, const char *marker)
{
        return (struct order){ .verb = ORDER_CREATE,
                               .type = TYPE_MACHINE,
                               .n = 1,
                               .name = "web-0",
                               .marker = marker,
                               .wanted = wanted,
                               .resource = &web,
                               .wall = WALL };
}

static struct order disk_order(enum order_verb verb)
{
        return (struct order){
                .verb = verb, .type = TYPE_DISK, .id = DISK, .n = 1, .name = "web-0/data", .parent = GUEST
        };
}

static struct order new_disk(const struct values *wanted, const char *marker, const char *host)
{
        return (struct order){ .verb = ORDER_CREATE,
                               .type = TYPE_DISK,
                               .n = 1,
                               .name = "web-0/data",
                               .marker = marker,
                               .parent = GUEST,
                               .parent_traits = host,
                               .wanted = wanted };
}

static void check_order(const char *file, const struct account_config *account, const struct order *order)
{
        _cleanup_request_ struct request rq = {};
        struct error e = { "" };

        if (codec->act(account, order, &rq, &e) < 0)
                fail_msg("%s: %s", file, e.text);
        assert_false(rq.read);
        check_request(file, &rq);
}

static void check_impossible(const struct account_config *account, const struct order *order, const char *words)
{
        struct request rq = {};
        struct error e = { "" };

        assert_int_equal(codec->act(account, order, &rq, &e), -EINVAL);
        if (!strstr(e.text, words))
                fail_msg("\"%s\" does not say \"%s\"", e.text, words);
        assert_null(rq.url);
}

static void check_look(const char *file, const struct account_config *account, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list further = {};

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(account, obs, &further, NULL), 0);
        assert_int_equal(further.n_requests, 1);
        assert_true(further.requests[0].read);
        check_request(file, &further.requests[0]);
}

static void looks_are_reads_of_the_right_routes(void **state)
{
        const struct scope one = scope_one(TYPE_MACHINE, GUEST);

        (void)state;
        check_look("2017/requests/look", &account_2017, &everything);
        check_look("2017/requests/look-disks", &account_2017, &all_disks);
        check_look("2017/requests/look-one", &account_2017, &one);
        check_look("0.8/requests/look", &account_08, &everything);
        check_look("0.8/requests/look-disks", &account_08, &all_disks);
        check_look("0.8/requests/look-one", &account_08, &one);
}

static void nothing_else_single_is_asked_for(void **state)
{
        const struct scope wrong[] = { scope_one(TYPE_DISK, DISK), scope_one(TYPE_MACHINE, "web-0"),
                                       scope_one(TYPE_MACHINE, GUEST "," GUEST) };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                _cleanup_request_list_ struct request_list further = {};

                assert_int_equal(observation_new(&wrong[i], &obs), 0);
                assert_int_equal(codec->look(&account_08, obs, &further, NULL), -EINVAL);
                assert_int_equal(further.n_requests, 0);
        }
}

static void logins_are_reads_without_a_session(void **state)
{
        struct account_config nameless = account_08, latin = account_08;
        _cleanup_request_ struct request rq = {};
        struct error e = { "" };

        (void)state;
        assert_int_equal(codec->log_in(&account_2017, &rq, &e), 1);
        assert_null(rq.url);
        assert_int_equal(codec->log_in(&account_08, &rq, &e), 0);
        assert_true(rq.read);
        check_request("0.8/requests/log-in", &rq);
        nameless.login = NULL;
        assert_int_equal(codec->log_in(&nameless, &rq, &e), -EINVAL);
        latin.token = "\xe9";
        assert_int_equal(codec->log_in(&latin, &rq, &e), -EINVAL);
        assert_null(strstr(e.text, "\xe9"));
}

static void guests_are_ordered_as_each_era_wants(void **state)
{
        struct values wanted = guest_values(), cpu = with_number(PROPERTY_CPU, 8),
                      memory = with_number(PROPERTY_MEMORY, 16 * GIB);
        struct order order = new_guest(&wanted, "web-0");

        (void)state;
        check_order("2017/requests/create", &account_2017, &order);
        order.password = "päss\"\\";
        order.marker = "muster:l1:web-0:12";
        check_order("0.8/requests/create", &account_08, &order);
        for (int i = 0; i < 2; i++) {
                const struct account_config *account = i ? &account_08 : &account_2017;
                const char *era = i ? "0.8" : "2017";
                char file[64];

                (void)snprintf(file, sizeof(file), "%s/requests/delete", era);
                order = guest_order(ORDER_DELETE);
                check_order(file, account, &order);
                (void)snprintf(file, sizeof(file), "%s/requests/start", era);
                order = guest_order(ORDER_START);
                check_order(file, account, &order);
                (void)snprintf(file, sizeof(file), "%s/requests/shut-down", era);
                order = guest_order(ORDER_SHUT_DOWN);
                check_order(file, account, &order);
                (void)snprintf(file, sizeof(file), "%s/requests/power-off", era);
                order = guest_order(ORDER_POWER_OFF);
                check_order(file, account, &order);
        }
        order = guest_order(ORDER_CHANGE);
        order.shown = &wanted;
        order.field = PROPERTY_CPU;
        order.wanted = &cpu;
        check_order("0.8/requests/change-cpu", &account_08, &order);
        order.field = PROPERTY_MEMORY;
        order.wanted = &memory;
        check_order("0.8/requests/change-memory", &account_08, &order);
}

static void disks_are_ordered_as_each_era_wants(void **state)
{
        struct values ten = size(10 * GIB), twenty = size(20 * GIB);
        struct order order = new_disk(&ten, NULL, NULL);

        (void)state;
        check_order("2017/requests/disk-create", &account_2017, &order);
        order = new_disk(&ten, "muster:l1:web-0/data:13", "1234567890123456");
        check_order("0.8/requests/disk-create", &account_08, &order);
        order = disk_order(ORDER_RENAME);
        check_order("2017/requests/disk-label", &account_2017, &order);
        for (int i = 0; i < 2; i++) {
                const struct account_config *account = i ? &account_08 : &account_2017;

                order = disk_order(ORDER_ATTACH);
                check_order(i ? "0.8/requests/disk-attach" : "2017/requests/disk-attach", account, &order);
                order = disk_order(ORDER_DETACH);
                check_order(i ? "0.8/requests/disk-detach" : "2017/requests/disk-detach", account, &order);
                order = disk_order(ORDER_DELETE);
                check_order(i ? "0.8/requests/disk-delete" : "2017/requests/disk-delete", account, &order);
                order = disk_order(ORDER_CHANGE);
                order.field = PROPERTY_SIZE;
                order.shown = &ten;
                order.wanted = &twenty;
                check_order(i ? "0.8/requests/disk-resize" : "2017/requests/disk-resize", account, &order);
        }
}

/* The vendor takes 0, negative and too large numbers, and goes wrong with them. */
static void numbers_out_of_bounds_never_go_out(void **state)
{
        static const struct {
                enum property property;
                int64_t number;
                const char *words;
        } cases[] = {
                { PROPERTY_CPU, 0, "cpu" },
                { PROPERTY_CPU, -1, "cpu" },
                { PROPERTY_CPU, 256, "from 1 to 255" },
                { PROPERTY_MEMORY, 0, "whole GiB" },
                { PROPERTY_MEMORY, -GIB, "whole GiB" },
                { PROPERTY_MEMORY, GIB / 2, "whole GiB" },
                { PROPERTY_MEMORY, INT64_MAX, "whole GiB" },
                { PROPERTY_BANDWIDTH, 0, "kbit/s" },
                { PROPERTY_BANDWIDTH, -1000, "kbit/s" },
                { PROPERTY_BANDWIDTH, 1500, "kbit/s" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct values wanted = with_number(cases[i].property, cases[i].number);
                struct order order = new_guest(&wanted, "muster:l1:web-0:12");

                check_impossible(&account_08, &order, cases[i].words);
                order.marker = "web-0";
                if (cases[i].property != PROPERTY_BANDWIDTH)
                        check_impossible(&account_2017, &order, cases[i].words);
        }
        for (int i = 0; i < 4; i++) {
                struct values wanted = size((int64_t[]){ 0, -GIB, GIB + 1, INT64_MAX }[i]);
                struct order order = new_disk(&wanted, NULL, NULL);

                check_impossible(&account_2017, &order, "whole GiB");
        }
}

static void templates_are_numbers(void **state)
{
        static const char *const templates[] = { "",       "0",   "-1",
                                                 "01",     "1.0", "1e3",
                                                 "centos", " 1",  "99999999999999999999" };
        struct values wanted = guest_values();
        struct order order = new_guest(&wanted, "web-0");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(templates); i++) {
                values_set_text(&wanted, PROPERTY_TEMPLATE, templates[i]);
                check_impossible(&account_2017, &order, "template");
        }
}

/* Without its marker nobody would find again what a create of unknown outcome made; and one that is cut is another. */
static void nothing_is_made_without_its_marker(void **state)
{
        struct values wanted = guest_values(), ten = size(10 * GIB);
        struct order order = new_guest(&wanted, NULL);
        char longer[255 + 2];

        (void)state;
        check_impossible(&account_2017, &order, "name");
        check_impossible(&account_08, &order, "remark");
        order.marker = "";
        check_impossible(&account_2017, &order, "name");
        memset(longer, 'x', sizeof(longer));
        longer[sizeof(longer) - 1] = '\0';
        order.marker = longer;
        check_impossible(&account_08, &order, "255");
        longer[64 + 1] = '\0';
        check_impossible(&account_2017, &order, "64");
        order = new_disk(&ten, NULL, "1234567890123456");
        check_impossible(&account_08, &order, "remark");
        order = new_disk(&ten, "muster:l1:web-0/data:13", "");
        check_impossible(&account_08, &order, "host");
        order = new_guest(&wanted, "web-0");
        order.n = 2;
        check_impossible(&account_2017, &order, "one thing at a time");
}

static void guests_need_all_that_the_vendor_wants(void **state)
{
        static const struct {
                enum property property;
                const char *words;
        } needed[] = { { PROPERTY_TEMPLATE, "template" },
                       { PROPERTY_CPU, "cpu" },
                       { PROPERTY_MEMORY, "memory" },
                       { PROPERTY_BANDWIDTH, "bandwidth" } };
        struct machine_set unleased = {};
        struct resource bare = { .kind = &kind_machine_set, .machine_set = &unleased };
        struct values wanted = guest_values();
        struct order order = new_guest(&wanted, "muster:l1:web-0:12");

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
                wanted = guest_values();
                wanted.known &= ~(1u << needed[i].property);
                check_impossible(&account_08, &order, needed[i].words);
        }
        wanted = guest_values();
        order.resource = &bare;
        check_impossible(&account_08, &order, "lease");
        order.resource = NULL;
        check_impossible(&account_08, &order, "lease");
        order = new_guest(&wanted, "muster:l1:web-0:12");
        order.password = "\xe9";
        check_impossible(&account_08, &order, "UTF-8");
}

/* The server of 2017 shrinks a disk when it is told to, and what was on it is gone. */
static void disks_never_shrink(void **state)
{
        struct values ten = size(10 * GIB), five = size(5 * GIB), unknown = {};
        struct order order = disk_order(ORDER_CHANGE);

        (void)state;
        order.field = PROPERTY_SIZE;
        for (int i = 0; i < 2; i++) {
                const struct account_config *account = i ? &account_08 : &account_2017;

                order.shown = &ten;
                order.wanted = &five;
                check_impossible(account, &order, "only grow");
                order.wanted = &ten;
                check_impossible(account, &order, "only grow");
                order.shown = &unknown;
                check_impossible(account, &order, "not shown");
                order.shown = NULL;
                check_impossible(account, &order, "not shown");
                order.shown = &ten;
                order.wanted = &unknown;
                check_impossible(account, &order, "size");
        }
}

static void system_disks_are_never_touched(void **state)
{
        static const enum order_verb verbs[] = { ORDER_DELETE, ORDER_ATTACH, ORDER_DETACH, ORDER_CHANGE, ORDER_RENAME };
        struct values ten = size(10 * GIB), twenty = size(20 * GIB);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                struct order order = disk_order(verbs[i]);

                order.id = GUEST;
                order.field = PROPERTY_SIZE;
                order.shown = &ten;
                order.wanted = &twenty;
                check_impossible(&account_08, &order, "never touched");
        }
}

static void ids_in_paths_are_uuids(void **state)
{
        static const char *const wrong[] = { "",
                                             "..",
                                             "web-0",
                                             GUEST "," GUEST,
                                             GUEST "/",
                                             "01ee4d15-7165-4859-b8d4-d2c3c0ea22c",
                                             "01ee4d15%2C7165-4859-b8d4-d2c3c0ea22c",
                                             "01ee4d15-7165-4859-b8d4-d2c3c0ea22c,",
                                             NULL };
        struct order guest = guest_order(ORDER_DELETE), disk = disk_order(ORDER_DELETE),
                     attach = disk_order(ORDER_ATTACH);

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                guest.id = disk.id = attach.id = wrong[i];
                check_impossible(&account_08, &guest, "uuid");
                check_impossible(&account_08, &disk, "uuid");
                check_impossible(&account_08, &attach, "uuid");
                attach.id = DISK;
                attach.parent = wrong[i];
                check_impossible(&account_2017, &attach, "uuid");
                attach.parent = GUEST;
        }
}

static void what_an_era_cannot_is_told(void **state)
{
        struct values wanted = guest_values(), unknown = {};
        struct order order = guest_order(ORDER_CHANGE);

        (void)state;
        order.shown = &wanted;
        order.wanted = &wanted;
        order.field = PROPERTY_CPU;
        check_impossible(&account_2017, &order, "2017");
        order.field = PROPERTY_BANDWIDTH;
        check_impossible(&account_08, &order, "only cpu and memory");
        order.field = PROPERTY_MEMORY;
        order.shown = &unknown;
        check_impossible(&account_08, &order, "not shown");
        order = guest_order(ORDER_RENAME);
        check_impossible(&account_2017, &order, "name");
        order = disk_order(ORDER_RENAME);
        check_impossible(&account_08, &order, "remark");
        order = disk_order(ORDER_START);
        check_impossible(&account_08, &order, "disk");
        order.type = TYPE_TEMPLATE;
        check_impossible(&account_08, &order, "no such things");
}

/* What cannot be made is told while it is planned. */
static void sets_are_checked_before_they_are_made(void **state)
{
        struct machine_set set = { .template = { .name = "7" }, .cpu = 2, .memory = 4 * GIB };
        struct quote quote = { .price = 1 };
        struct error e = { "" };

        (void)state;
        assert_int_equal(codec->quote(&account_2017, NULL, &set, &quote, &e), 0);
        assert_int_equal(quote.price, 0);
        assert_int_equal(quote.shows.known, 0);
        set.cpu = 300;
        assert_int_equal(codec->quote(&account_2017, NULL, &set, &quote, &e), -EINVAL);
        assert_non_null(strstr(e.text, "cpu"));
        set.cpu = 2;
        set.memory = GIB + GIB / 2;
        assert_int_equal(codec->quote(&account_08, NULL, &set, &quote, &e), -EINVAL);
        assert_non_null(strstr(e.text, "memory"));
        set.memory = GIB;
        set.template.name = "centos";
        assert_int_equal(codec->quote(&account_08, NULL, &set, &quote, &e), -EINVAL);
        assert_non_null(strstr(e.text, "template"));
}

static const struct machine_support *support(const struct pairs *options, const char *field)
{
        return machine_support_find(codec, options, field);
}

static void the_tables_say_what_each_era_has(void **state)
{
        const struct making *of_2017 = codec->making(&options_2017), *of_08 = codec->making(&options_08);

        (void)state;
        assert_ptr_equal(codec->making(NULL), of_2017);
        assert_int_equal(of_2017[TYPE_MACHINE].marker, MARKER_NAME);
        assert_int_equal(of_2017[TYPE_DISK].marker, MARKER_NONE);
        assert_true(of_2017[TYPE_DISK].named_later && of_2017[TYPE_DISK].detached);
        assert_int_equal(of_08[TYPE_MACHINE].marker, MARKER_REMARK);
        assert_int_equal(of_08[TYPE_DISK].marker, MARKER_REMARK);
        assert_true(!of_08[TYPE_DISK].named_later && of_08[TYPE_DISK].detached);
        for (enum thing_type type = TYPE_MACHINE; type <= TYPE_DISK; type++) {
                assert_true(of_2017[type].possible && of_08[type].possible);
                assert_true(of_2017[type].together <= 1 && of_08[type].together <= 1);
                assert_true(of_2017[type].deleted_together <= 1 && of_08[type].deleted_together <= 1);
                assert_int_equal(of_2017[type].shows_one, type == TYPE_MACHINE);
                assert_int_equal(of_08[type].shows_one, type == TYPE_MACHINE);
        }
        assert_int_equal(support(&options_2017, "cpu")->change, CHANGE_REPLACE);
        assert_int_equal(support(&options_08, "cpu")->change, CHANGE_IN_PLACE);
        assert_true(support(&options_08, "cpu")->while_off && support(&options_08, "memory")->while_off);
        assert_null(support(&options_2017, "bandwidth"));
        assert_true(support(&options_08, "bandwidth")->required);
        assert_true(support(&options_2017, "lease")->required);
        assert_int_equal(provider_auth(codec, NULL), AUTH_NONE);
        assert_int_equal(provider_auth(codec, &options_08), AUTH_LOGIN);
        assert_int_equal(codec->most_in_flight, 8);
        assert_int_equal(codec->timing.change, 10 * USEC_PER_MINUTE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(looks_are_reads_of_the_right_routes),
                cmocka_unit_test(nothing_else_single_is_asked_for),
                cmocka_unit_test(logins_are_reads_without_a_session),
                cmocka_unit_test(guests_are_ordered_as_each_era_wants),
                cmocka_unit_test(disks_are_ordered_as_each_era_wants),
                cmocka_unit_test(numbers_out_of_bounds_never_go_out),
                cmocka_unit_test(templates_are_numbers),
                cmocka_unit_test(nothing_is_made_without_its_marker),
                cmocka_unit_test(guests_need_all_that_the_vendor_wants),
                cmocka_unit_test(disks_never_shrink),
                cmocka_unit_test(system_disks_are_never_touched),
                cmocka_unit_test(ids_in_paths_are_uuids),
                cmocka_unit_test(what_an_era_cannot_is_told),
                cmocka_unit_test(sets_are_checked_before_they_are_made),
                cmocka_unit_test(the_tables_say_what_each_era_has),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
