/* SPDX-License-Identifier: MIT */
#include "providers/jimv/jimv.h"
#include "tests/fuzz/looks.h"

#define GUEST "01ee4d15-7165-4859-b8d4-d2c3c0ea22c3"

static const struct provider *const codec = &jimv_provider;

static struct pair api_pairs[] = { { "api", "2017" }, { "api", "0.8" } };
static const struct pairs eras[] = { { &api_pairs[0], 1 }, { &api_pairs[1], 1 } };

static struct account_config account_of(int era)
{
        return (struct account_config){ .endpoint = "https://kvm.test",
                                        .options = &eras[era],
                                        .login = "admin",
                                        .token = "secret-1",
                                        .session = "sid=SESSION",
                                        .timeout = USEC_PER_MINUTE };
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

static void check_outcome(const struct account_config *account, struct replies replies, enum order_verb verb)
{
        const struct order order = { .verb = verb, .n = 1, .id = verb == ORDER_CREATE ? NULL : GUEST };
        _cleanup_(reply_done) struct reply rp = replies_next(&replies);
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
        _cleanup_(reply_done) struct reply rp = replies_next(&replies);
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
                const struct looking looking = { codec, &account, check_observation, check_complete };

                looking_check(&looking, replies, &all);
                looking_check(&looking, replies, &one);
                check_outcome(&account, replies, ORDER_CREATE);
                check_outcome(&account, replies, ORDER_CHANGE);
                check_login(&account, replies);
        }

        return 0;
}
