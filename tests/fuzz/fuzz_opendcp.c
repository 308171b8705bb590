/* SPDX-License-Identifier: MIT */
#include "providers/opendcp/opendcp.h"
#include "reconcile/base/array.h"
#include "tests/fuzz/looks.h"

static const struct provider *const codec = &opendcp_provider;
static const struct account_config account = { .endpoint = "http://dcp.test", .timeout = USEC_PER_MINUTE };

static void check_rows(const struct observation *obs, enum thing_type type)
{
        for (size_t i = 0; i < obs->of[type].n_rows; i++) {
                const struct row *row = &obs->of[type].rows[i];

                must(*row->id && strlen(row->id) < OUTCOME_ID_MAX && !strpbrk(row->id, ",/"));
                must(observation_find(obs, type, row->id) == row);
                must(row->name && row->address && row->created);
                must(*condition_text(row->condition));
                must(observation_covers(obs, type));
                must(type != TYPE_MACHINE || *row->values.of[PROPERTY_TEMPLATE].text);
        }
}

static void check_observation(const struct observation *obs)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                check_rows(obs, type);
        if (obs->scope.type == SCOPE_ONE)
                must(obs->of[obs->scope.of].n_rows <= 1);
}

static void check_complete(const struct observation *obs)
{
        const struct listed *listed = &obs->of[obs->scope.of];

        if (obs->scope.type == SCOPE_ONE && listed->n_rows)
                must(text_equal(listed->rows[0].id, obs->scope.id));
}

static const struct looking looking = { &opendcp_provider, &account, check_observation, check_complete };

/* Nothing is refused for certain that the vendor did not say no to, nor done that it did not say yes to. */
static void check_outcome(struct replies replies, const struct order *order)
{
        _cleanup_(reply_done) struct reply rp = replies_next(&replies);
        bool is_create = order->verb == ORDER_CREATE;
        struct outcome outcome;

        codec->acted(&account, order, &rp, &outcome);
        must(*outcome_text(outcome.class));
        must(outcome.class != OUTCOME_ACCEPTED || (rp.status >= 200 && rp.status <= 299));
        must(outcome.class != OUTCOME_REFUSED || rp.status == 400 || rp.status == 404 || rp.status == 500);
        must(outcome.class != OUTCOME_CAPACITY || (rp.status == 400 && is_create && order->type == TYPE_MACHINE));
        must((outcome.n_ids > 0) == (is_create && outcome.class == OUTCOME_ACCEPTED));
        must(outcome.n_ids <= order->n);
        for (size_t i = 0; i < outcome.n_ids; i++)
                must(outcome.ids[i][0] && memchr(outcome.ids[i], '\0', OUTCOME_ID_MAX) &&
                     !strpbrk(outcome.ids[i], ",/"));
        if (outcome.class != OUTCOME_ACCEPTED)
                must(*outcome.why.text && fuzz_is_showable(outcome.why.text));
}

/* Each input is read as all that it could be the reply to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct detail details[] = { { TYPE_TEMPLATE, "5", NULL }, { TYPE_TEMPLATE, "16", NULL } };
        const struct scope both = { .type = SCOPE_ACCOUNT,
                                    .types = 1u << TYPE_MACHINE | 1u << TYPE_TEMPLATE,
                                    .details = details,
                                    .n_details = ARRAY_SIZE(details) };
        const struct scope templates = { .type = SCOPE_ACCOUNT,
                                         .types = 1u << TYPE_TEMPLATE,
                                         .details = details,
                                         .n_details = ARRAY_SIZE(details) };
        const struct scope machine = scope_one(TYPE_MACHINE, "i-fake000001"), template = scope_one(TYPE_TEMPLATE, "5");
        const struct scope *const scopes[] = { &scope_machines, &both, &templates, &machine, &template };
        const struct order orders[] = {
                { .verb = ORDER_CREATE, .n = 2, .name = "web-0" },
                { .verb = ORDER_CREATE, .type = TYPE_TEMPLATE, .n = 1, .name = "small" },
                { .verb = ORDER_DELETE, .id = "i-1", .n = 1, .name = "web-0" },
                { .verb = ORDER_DELETE, .type = TYPE_TEMPLATE, .id = "5", .n = 1, .name = "small" },
                { .verb = ORDER_START, .id = "i-1", .n = 1, .name = "web-0" },
                { .verb = ORDER_CHANGE, .type = TYPE_TEMPLATE, .id = "5", .n = 1, .field = PROPERTY_CREDIT },
        };
        const struct replies replies = { .rest = data, .n = size };

        for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
                looking_check(&looking, replies, scopes[i]);
        for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
                check_outcome(replies, &orders[i]);

        return 0;
}
