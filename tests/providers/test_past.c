/* SPDX-License-Identifier: MIT */

/*
 * What a simulated service remembers of its answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "providers/past.h"

static void keep(struct past *p, const char *url, const char *body, const char *answer)
{
        const struct request rq = { .method = METHOD_POST, .url = (char *)url, .body = (char *)body };
        const struct reply rp = { .status = 200, .body = (char *)answer, .body_len = strlen(answer) };

        assert_int_equal(past_keep(p, &rq, &rp), 0);
}

/* `answer` NULL: none is known. */
static void check(const struct past *p, const char *url, const char *body, const char *answer)
{
        const struct request rq = { .method = METHOD_POST, .url = (char *)url, .body = (char *)body };
        struct reply rp _cleanup_reply_ = {};

        assert_int_equal(past_find(p, &rq, &rp), answer != NULL);
        if (answer)
                assert_string_equal(rp.body, answer);
}

static void the_last_answer_to_each_question_is_kept(void **state)
{
        struct past p _cleanup_(past_done) = {};

        (void)state;
        check(&p, "/a", NULL, NULL);
        keep(&p, "/a", NULL, "one");
        keep(&p, "/a", "page=2", "two");
        check(&p, "/a", NULL, "one");
        check(&p, "/a", "page=2", "two");
        keep(&p, "/a", NULL, "three");
        check(&p, "/a", NULL, "three");
        check(&p, "/b", NULL, NULL);
}

static void the_oldest_question_is_forgotten(void **state)
{
        struct past p _cleanup_(past_done) = {};
        char url[16];

        (void)state;
        for (int i = 0; i <= PAST_MAX; i++) {
                (void)snprintf(url, sizeof(url), "/%d", i);
                keep(&p, url, NULL, url);
        }
        check(&p, "/0", NULL, NULL);
        check(&p, "/1", NULL, "/1");
        check(&p, url, NULL, url);
}

static void long_answers_are_not_kept(void **state)
{
        struct past p _cleanup_(past_done) = {};
        char *answer = calloc(1, PAST_BODY_MAX + 2);

        (void)state;
        assert_non_null(answer);
        memset(answer, 'x', PAST_BODY_MAX + 1);
        keep(&p, "/a", NULL, answer);
        check(&p, "/a", NULL, NULL);
        answer[PAST_BODY_MAX] = '\0';
        keep(&p, "/a", NULL, answer);
        check(&p, "/a", NULL, answer);
        free(answer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_last_answer_to_each_question_is_kept),
                cmocka_unit_test(the_oldest_question_is_forgotten),
                cmocka_unit_test(long_answers_are_not_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
