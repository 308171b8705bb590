/* SPDX-License-Identifier: MIT */

/*
 * Whole looks at a service whose lists stop at 1000 rows without a word, in memory: an observation that is complete and not capped shows
 * every machine once.
 */

#include "tests/providers/opendcp/exchange.h"

#include <errno.h>
#include <stdlib.h>

#include "reconcile/base/array.h"
#include "reconcile/base/json.h"

#define CAP 1000
#define MACHINES_MAX 2500
#define TEMPLATES_MAX 1100

enum trick {
        TRICK_NONE,
        TRICK_SAME_LIST,   /* whatever template is asked for, all machines are shown */
        TRICK_TWICE,       /* a template's list shows its first machine twice */
        TRICK_HTML,        /* a template's list is a page */
        TRICK_NO_LIST,     /* or not a list */
        TRICK_MOVED,       /* a machine is made of another template in a template's list than it was in that of all */
        TRICK_NO_TEMPLATE, /* the templates are not listed */
        TRICK_BAD_TEMPLATE
};

/* What there is, oldest first. Template n is 1 to `n_templates`; `machines` says of which each is. */
struct service {
        int machines[MACHINES_MAX];
        size_t n_machines, n_templates;
        enum trick trick;
        int hidden;        /* a template that is not listed, though machines are made of it; 0: none */
        size_t dies_after; /* so many replies the oldest machine is deleted; 0: never */
        bool backwards;    /* what is asked for at once is answered last first */
        size_t n_asked;
        size_t n_lists; /* of all machines */
};

static struct service *service_new(void)
{
        struct service *s = calloc(1, sizeof(*s));

        assert_non_null(s);
        return s;
}

/* `n` machines more, of one template. */
static void make(struct service *s, int template, size_t n)
{
        if ((size_t) template > s->n_templates)
                s->n_templates = (size_t) template;
        while (n-- > 0) {
                assert_true(s->n_machines < MACHINES_MAX);
                s->machines[s->n_machines++] = template;
        }
}

static json_t *machine_row(size_t i, int template)
{
        char id[32];

        (void)snprintf(id, sizeof(id), "i-%zu", i);
        return json_pack("{s:s, s:i, s:s, s:{s:i}}", "InstanceId", id, "Status", 1, "CreateTime",
                         "2026-11-21T01:06:55Z", "Cluster", "Id", template);
}

static void add_row(json_t *list, json_t *row)
{
        assert_int_equal(json_array_append_new(list, row), 0);
}

/* The newest come first, and the oldest are left out. */
static json_t *all_machines(const struct service *s)
{
        json_t *list = json_array();

        for (size_t i = s->n_machines; i > 0 && json_array_size(list) < CAP; i--)
                if (s->machines[i - 1])
                        add_row(list, machine_row(i - 1, s->machines[i - 1]));
        return list;
}

/* The oldest come first, and the newest are left out. */
static json_t *machines_of(const struct service *s, int template)
{
        json_t *list = json_array();

        if (s->trick == TRICK_SAME_LIST) {
                json_decref(list);
                return all_machines(s);
        }
        for (size_t i = 0; i < s->n_machines && json_array_size(list) < CAP; i++)
                if (s->machines[i] == template)
                        add_row(list, machine_row(i, template));
        if (s->trick == TRICK_TWICE && json_array_size(list) > 0)
                add_row(list, json_deep_copy(json_array_get(list, 0)));
        if (s->trick == TRICK_MOVED && template == 2)
                add_row(list, machine_row(s->n_machines - 1, 2));
        return list;
}

static json_t *all_templates(const struct service *s)
{
        json_t *list = json_array();

        for (size_t i = s->n_templates; i > 0 && json_array_size(list) < CAP; i--)
                if ((int)i != s->hidden)
                        add_row(list, json_pack("{s:I, s:s}", "Id",
                                                (json_int_t)(s->trick == TRICK_BAD_TEMPLATE ? 0 : i), "Name", "t"));
        return list;
}

static struct reply say(json_t *content)
{
        json_t *body = json_pack("{s:i, s:n, s:o, s:n}", "code", 0, "msg", "content", content, "ext");
        char *text = json_dumps(body, JSON_COMPACT);
        struct reply rp = reply_with_text(200, text);

        json_decref(body);
        free(text);
        return rp;
}

static struct reply serve(struct service *s, const struct request *rq)
{
        const char *path = rq->url + strlen(ENDPOINT);
        int template;

        assert_true(rq->read && rq->method == METHOD_GET);
        assert_true(s->n_asked++ < CAP + 10);
        if (s->dies_after && s->n_asked > s->dies_after)
                s->machines[0] = 0;
        if (text_equal(path, "/v1/instance/list")) {
                s->n_lists++;
                return say(all_machines(s));
        }
        if (text_equal(path, "/v1/cluster"))
                return say(s->trick == TRICK_NO_TEMPLATE ? json_array() : all_templates(s));
        if (sscanf(path, "/v1/organization/bill/%d", &template) == 1)
                return say(json_pack("{s:i, s:i}", "costs", 1, "credit", template * 10));
        if (sscanf(path, "/v1/instance/cluster/%d", &template) != 1)
                fail_msg("%s was asked for", path);
        return s->trick == TRICK_HTML      ? reply_with_text(200, "<html>")
               : s->trick == TRICK_NO_LIST ? say(json_null())
                                           : say(machines_of(s, template));
}

/* Answers all that is asked for, and what the answers make the codec ask for. */
static int answer_all(struct service *s, struct request_list *asked, struct observation *obs, struct error *e)
{
        int r = 0;

        while (r == 0 && asked->n_requests > 0) {
                _cleanup_request_list_ struct request_list now = *asked;

                *asked = (struct request_list){};
                for (size_t i = 0; r == 0 && i < now.n_requests; i++) {
                        const struct request *rq = &now.requests[s->backwards ? now.n_requests - 1 - i : i];
                        struct reply rp _cleanup_reply_ = serve(s, rq);

                        r = codec->saw(&account, rq, &rp, obs, asked, e);
                }
        }
        return r;
}

static int look(struct service *s, const struct scope *scope, struct observation **ret)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        s->n_asked = s->n_lists = 0;
        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(codec->look(&account, obs, &asked, &e), 0);
        do {
                r = answer_all(s, &asked, obs, &e);
                if (r == 0)
                        r = codec->seen(&account, obs, &asked, &e);
                assert_true(r != 1 || asked.n_requests > 0);
        } while (r == 1);
        assert_true(r == 0 || *e.text);
        assert_true(s->n_lists <= 1);
        if (r == 0)
                *ret = STEAL(obs);
        return r;
}

/* Every machine is shown once, as what it is; or the observation says that it may not be. */
static void check_shown(const struct service *s, const struct observation *obs)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_machines; i++) {
                const struct row *row;
                char id[32], template[32];

                (void)snprintf(id, sizeof(id), "i-%zu", i);
                (void)snprintf(template, sizeof(template), "%d", s->machines[i]);
                row = observation_find(obs, TYPE_MACHINE, id);
                assert_true(row || obs->capped || !s->machines[i]);
                if (!row)
                        continue;
                n++;
                if (s->machines[i])
                        assert_string_equal(row->values.of[PROPERTY_TEMPLATE].text, template);
        }
        assert_int_equal(n, obs->of[TYPE_MACHINE].n_rows);
}

/* Looks at machines alone and with templates, forwards and backwards; `asked` is how many requests the look at machines takes. */
static void check_look(struct service *s, bool capped, size_t asked)
{
        const struct scope both = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_MACHINE | 1u << TYPE_TEMPLATE };

        for (int way = 0; way < 4; way++) {
                const struct scope *scope = way & 1 ? &both : &scope_machines;
                _cleanup_(observation_free_p) struct observation *obs = NULL;

                s->backwards = way & 2;
                assert_int_equal(look(s, scope, &obs), 0);
                check_shown(s, obs);
                assert_int_equal(obs->capped, capped);
                assert_int_equal(s->n_asked, asked + (scope == &both));
                if (scope != &both)
                        assert_int_equal(obs->of[TYPE_TEMPLATE].n_rows, 0);
        }
        free(s);
}

static void up_to_999_machines_take_one_request(void **state)
{
        static const size_t sizes[] = { 0, 1, 2, 500, 999 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                struct service *s = service_new();

                make(s, 1, sizes[i]);
                check_look(s, false, 1);
        }
}

/* A list of 1000 may have stopped there: then each template's machines are read. */
static void more_machines_are_read_by_template(void **state)
{
        struct service *s = service_new();

        (void)state;
        make(s, 1, 999);
        make(s, 2, 1);
        check_look(s, false, 4);

        s = service_new();
        make(s, 1, 500);
        make(s, 2, 400);
        make(s, 3, 200);
        s->n_templates = 5; /* two of them without machines */
        check_look(s, false, 7);

        s = service_new();
        for (int i = 1; i <= 3; i++)
                make(s, i, 800);
        check_look(s, false, 5);
}

/* A template that has as many machines as its list shows may have more. */
static void a_full_list_of_a_template_is_an_unknown_count(void **state)
{
        struct service *s = service_new();

        (void)state;
        make(s, 1, CAP);
        check_look(s, true, 3);

        s = service_new();
        make(s, 1, 1100);
        make(s, 2, 10);
        check_look(s, true, 4);

        s = service_new();
        make(s, 1, 2400); /* those in the middle are in neither list */
        check_look(s, true, 3);
}

static void a_full_list_of_templates_is_an_unknown_count(void **state)
{
        static const struct scope templates = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_TEMPLATE };
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        struct service *s = service_new();

        (void)state;
        for (int i = 1; i <= TEMPLATES_MAX; i++)
                make(s, i, 1);
        assert_int_equal(look(s, &templates, &obs), 0);
        assert_true(obs->capped && obs->of[TYPE_TEMPLATE].n_rows == CAP);
        check_look(s, true, 2);

        s = service_new();
        for (int i = 1; i < CAP; i++)
                make(s, i, 2);
        check_look(s, false, 2 + CAP - 1);
}

/* What is not read completely is not known to be all. */
static void machines_of_a_template_that_is_not_listed_are_an_unknown_count(void **state)
{
        struct service *s = service_new();

        (void)state;
        make(s, 1, 600);
        make(s, 2, 600);
        s->hidden = 2;
        check_look(s, true, 3);

        s = service_new();
        make(s, 1, 1200);
        s->trick = TRICK_NO_TEMPLATE;
        check_look(s, true, 2);
}

static void lists_that_do_not_fit_together_are_no_listing(void **state)
{
        static const enum trick tricks[] = { TRICK_SAME_LIST, TRICK_TWICE, TRICK_HTML,
                                             TRICK_NO_LIST,   TRICK_MOVED, TRICK_BAD_TEMPLATE };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tricks); i++) {
                struct service *s = service_new();
                struct observation *obs = NULL;

                make(s, 2, 600);
                make(s, 1, 600);
                s->trick = tricks[i];
                assert_int_equal(look(s, &scope_machines, &obs), -EBADMSG);
                free(s);
        }
}

/* A machine that goes while its template's list is read does no harm. */
static void machines_may_go_meanwhile(void **state)
{
        struct service *s = service_new();

        (void)state;
        make(s, 1, 600);
        make(s, 2, 600);
        s->dies_after = 1;
        check_look(s, false, 4);
}

/* Credit is asked for where it is wanted, once the template is known to be there. */
static void credit_is_read_where_it_is_wanted(void **state)
{
        static const struct detail details[] = { { TYPE_TEMPLATE, "2" },
                                                 { TYPE_TEMPLATE, "3" },
                                                 { TYPE_TEMPLATE, "99" } };
        const struct scope scope = { .type = SCOPE_ACCOUNT,
                                     .types = 1u << TYPE_MACHINE | 1u << TYPE_TEMPLATE,
                                     .details = details,
                                     .n_details = ARRAY_SIZE(details) };

        (void)state;
        for (int backwards = 0; backwards <= 1; backwards++) {
                _cleanup_(observation_free_p) struct observation *obs = NULL;
                struct service *s = service_new();

                make(s, 3, 5);
                s->backwards = backwards;
                assert_int_equal(look(s, &scope, &obs), 0);
                assert_int_equal(s->n_asked, 4);
                for (int i = 1; i <= 3; i++) {
                        char id[] = { (char)('0' + i), '\0' };
                        const struct row *row = observation_find(obs, TYPE_TEMPLATE, id);

                        assert_int_equal(values_known(&row->values, PROPERTY_CREDIT), i != 1);
                        if (i != 1)
                                assert_int_equal(row->values.of[PROPERTY_CREDIT].number,
                                                 i * 10 * (int64_t)USEC_PER_HOUR);
                }
                free(s);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(up_to_999_machines_take_one_request),
                cmocka_unit_test(more_machines_are_read_by_template),
                cmocka_unit_test(a_full_list_of_a_template_is_an_unknown_count),
                cmocka_unit_test(a_full_list_of_templates_is_an_unknown_count),
                cmocka_unit_test(machines_of_a_template_that_is_not_listed_are_an_unknown_count),
                cmocka_unit_test(lists_that_do_not_fit_together_are_no_listing),
                cmocka_unit_test(machines_may_go_meanwhile),
                cmocka_unit_test(credit_is_read_where_it_is_wanted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
