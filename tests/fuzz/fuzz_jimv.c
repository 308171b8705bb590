/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/jimv/jimv.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/reply_text.h"

#define GUEST "01ee4d15-7165-4859-b8d4-d2c3c0ea22c3"

static const struct provider *const codec = &jimv_provider;

static struct pair api_pairs[] = { { "api", "2017" }, { "api", "0.8" } };
static const struct pairs eras[] = { { &api_pairs[0], 1 }, { &api_pairs[1], 1 } };

/* Replies as they go over the wire, one after another: the input's lines that a NUL byte ends. */
struct replies {
        const uint8_t *rest;
        size_t n;
};

static struct account_config account_of(int era)
{
        return (struct account_config){ .endpoint = "https://kvm.test",
                                        .options = &eras[era],
                                        .login = "admin",
                                        .token = "secret-1",
                                        .session = "sid=SESSION",
                                        .timeout = USEC_PER_MINUTE };
}

static struct reply next_reply(struct replies *replies)
{
        size_t n;
        char *text = fuzz_take(&replies->rest, &replies->n, '\0', &n);
        struct reply rp = reply_of_text(text, n);

        free(text);
        return rp;
}

static bool is_uuid(const char *id)
{
        return strlen(id) == 36 && strspn(id, "0123456789abcdefABCDEF-") == 36;
}

static void check_row(const struct observation *obs, enum thing_type type, const struct row *row)
{
        must(is_uuid(row->id));
        must(observation_find(obs, type, row->id) == row);
        must(row->name && row->address && row->created && row->traits);
        must(*condition_text(row->condition));
        must(!*row->parent || is_uuid(row->parent));
        must(type != TYPE_DISK || !text_equal(row->id, row->parent));
        for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                if (values_known(&row->values, p))
                        must(property_is_number(p) ? row->values.of[p].number >= 0 : *row->values.of[p].text != '\0');
}

static void check_observation(const struct observation *obs)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                for (size_t i = 0; i < obs->of[type].n_rows; i++)
                        check_row(obs, type, &obs->of[type].rows[i]);
}

static void check_complete(const struct observation *obs)
{
        const struct listed *guests = &obs->of[TYPE_MACHINE];

        if (obs->scope.type == SCOPE_ONE)
                must(obs->denied ? guests->n_rows == 0
                                 : guests->n_rows == 1 && text_equal(guests->rows[0].id, obs->scope.id));
        else
                must((int64_t)guests->n_rows == guests->total &&
                     (int64_t)obs->of[TYPE_DISK].n_rows <= obs->of[TYPE_DISK].total);
}

/* Answers requests for as long as there are replies. 0: all of them; 1: there were not enough. */
static int answer(const struct account_config *account, struct replies *replies, struct observation *obs,
                  struct request_list *asked, struct error *e)
{
        _cleanup_request_list_ struct request_list batch = *asked;

        *asked = (struct request_list){};
        for (size_t i = 0; i < batch.n_requests; i++) {
                _cleanup_(reply_done) struct reply rp = {};
                int r;

                if (replies->n == 0 && i > 0)
                        return 1;
                must(batch.requests[i].read && batch.requests[i].url);
                rp = next_reply(replies);
                r = codec->saw(account, &batch.requests[i], &rp, obs, asked, e);
                must(r == 0 || r == -EBADMSG || r == -EACCES || r == -EAGAIN || r == -EKEYEXPIRED || r == -ESTALE);
                check_observation(obs);
                if (r < 0)
                        return r;
        }
        return asked->n_requests > 0 && replies->n > 0 ? answer(account, replies, obs, asked, e)
                                                       : asked->n_requests > 0;
}

/* A whole look: further pages are asked for, as they are answered, until it is complete, refused, or out of replies. */
static void check_look(const struct account_config *account, struct replies replies, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        must(observation_new(scope, &obs) == 0);
        must(codec->look(account, obs, &asked, &e) == 0);
        do {
                r = answer(account, &replies, obs, &asked, &e);
                if (r > 0)
                        return;
                if (r == 0)
                        r = codec->seen(account, obs, &asked, &e);
        } while (r > 0);
        if (r == 0) {
                check_complete(obs);
                return;
        }
        must(r == -EBADMSG || r == -EACCES || r == -EAGAIN || r == -EKEYEXPIRED || r == -ESTALE);
        must(*e.text && fuzz_is_showable(e.text));
}

static void check_outcome(const struct account_config *account, struct replies replies, enum order_verb verb)
{
        const struct order order = { .verb = verb, .n = 1, .id = verb == ORDER_CREATE ? NULL : GUEST };
        _cleanup_(reply_done) struct reply rp = next_reply(&replies);
        struct outcome outcome;

        codec->acted(account, &order, &rp, &outcome);
        must(*outcome_text(outcome.class));
        must(outcome.n_ids == 0);
        must(outcome.wait <= USEC_PER_HOUR);
        must(!outcome.said_no || outcome.class == OUTCOME_UNKNOWN);
        must(outcome.class != OUTCOME_ACCEPTED || rp.status == 200);
        if (outcome.class != OUTCOME_ACCEPTED)
                must(*outcome.why.text && fuzz_is_showable(outcome.why.text));
}

static void check_login(const struct account_config *account, struct replies replies)
{
        _cleanup_(reply_done) struct reply rp = next_reply(&replies);
        _cleanup_free_ char *session = NULL;
        struct error e = { "" };
        int r = codec->logged_in(account, &rp, &session, &e);

        if (r == 0) {
                must(session && text_starts(session, "sid=") && session[4] && rp.status == 200);
        } else {
                must(!session && (r == -EACCES || r == -EAGAIN || r == -EBADMSG));
                must(*e.text && fuzz_is_showable(e.text));
        }
}

/* Each input is read as all that it could be the reply to, in both eras. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct scope one = scope_one(TYPE_MACHINE, GUEST);
        const struct scope all = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_MACHINE | 1u << TYPE_DISK };
        const struct replies replies = { .rest = data, .n = size };

        for (int era = 0; era < 2; era++) {
                const struct account_config account = account_of(era);

                check_look(&account, replies, &all);
                check_look(&account, replies, &one);
                check_outcome(&account, replies, ORDER_CREATE);
                check_outcome(&account, replies, ORDER_CHANGE);
                check_login(&account, replies);
        }

        return 0;
}
