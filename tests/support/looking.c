/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/looking.h"

int looking_answer(const struct looking *l, struct request_list *asked, struct observation *obs, struct error *e)
{
        int r = 0;

        while (r == 0 && asked->n_requests > 0) {
                _cleanup_request_list_ struct request_list now = *asked;

                *asked = (struct request_list){};
                for (size_t i = 0; r == 0 && i < now.n_requests; i++)
                        r = l->answer(l->userdata, &now.requests[l->backwards ? now.n_requests - 1 - i : i], obs, asked,
                                      e);
        }
        return r;
}

int looking_end(const struct looking *l, const struct scope *scope, struct observation **ret)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        assert_int_equal(observation_new(scope, &obs), 0);
        assert_int_equal(l->codec->look(l->account, obs, &asked, &e), 0);
        do {
                r = looking_answer(l, &asked, obs, &e);
                if (r == 0)
                        r = l->codec->seen(l->account, obs, &asked, &e);
                assert_true(r != 1 || asked.n_requests > 0);
        } while (r == 1);

        assert_true(r == 0 || *e.text);
        if (r == 0)
                *ret = STEAL(obs);
        return r;
}
