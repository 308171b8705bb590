/* SPDX-License-Identifier: MIT */
#include "providers/finovy/finovy.h"
#include "tests/fuzz/looks.h"

static const struct provider *const codec = &finovy_provider;
static const struct account_config account = { .endpoint = "https://finovy.test",
                                               .token = "secret-1",
                                               .timeout = USEC_PER_MINUTE };

static void check_rows(const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];

                must(*row->id && strlen(row->id) < OUTCOME_ID_MAX);
                must(observation_find(obs, type, row->id) == row);
                must(row->name && row->address && row->created && row->traits);
                must(*condition_text(row->condition) && row->price >= 0);
                must(observation_covers(obs, type));
                for (enum property p = PROPERTY_NONE + 1; p < PROPERTIES; p++)
                        if (values_known(&row->values, p))
                                must(property_is_number(p) && row->values.of[p].number >= 0);
        }
}

static void check_observation(const struct observation *obs)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                check_rows(obs, type);
}

static void check_complete(const struct observation *obs)
{
        const struct listed *listed = &obs->of[TYPE_MACHINE];

        must(!obs->denied && !obs->capped);
        if (obs->scope.type == SCOPE_ONE)
                must(listed->n_rows == 0 || (listed->n_rows == 1 && text_equal(listed->rows[0].id, obs->scope.id)));
        else
                must((int64_t)listed->n_rows == listed->total);
}

static const struct looking looking = { &finovy_provider, &account, check_observation, check_complete };

/* Nothing is refused for certain that the vendor did not say no to, nor done that it did not say yes to. */
static void check_outcome(struct replies replies, enum order_verb verb)
{
        const struct order order = { .verb = verb, .n = 1, .id = verb == ORDER_CREATE ? NULL : "h1", .name = "web-0" };
        _cleanup_(reply_done) struct reply rp = replies_next(&replies);
        struct outcome outcome;

        codec->acted(&account, &order, &rp, &outcome);
        must(*outcome_text(outcome.class));
        must(outcome.n_ids <= 1 && outcome.wait <= USEC_PER_HOUR);
        must(outcome.n_ids == 0 || (verb == ORDER_CREATE && outcome.class == OUTCOME_ACCEPTED && *outcome.ids[0] &&
                                    memchr(outcome.ids[0], '\0', OUTCOME_ID_MAX)));
        must(!outcome.said_no || outcome.class == OUTCOME_UNKNOWN);
        must((outcome.class != OUTCOME_ACCEPTED && outcome.class != OUTCOME_REFUSED &&
              outcome.class != OUTCOME_CAPACITY) ||
             (rp.status >= 200 && rp.status <= 299));
        if (outcome.class != OUTCOME_ACCEPTED)
                must(*outcome.why.text && fuzz_is_showable(outcome.why.text));
}

/* Each input is read as all that it could be the reply to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct scope all = { .type = SCOPE_ACCOUNT,
                                   .types = 1u << TYPE_MACHINE | 1u << TYPE_OFFER | 1u << TYPE_IMAGE };
        const struct scope one = scope_one(TYPE_MACHINE, "h1");
        const struct replies replies = { .rest = data, .n = size };

        looking_check(&looking, replies, &scope_machines);
        looking_check(&looking, replies, &all);
        looking_check(&looking, replies, &one);
        check_outcome(replies, ORDER_CREATE);
        check_outcome(replies, ORDER_DELETE);
        check_outcome(replies, ORDER_START);

        return 0;
}
