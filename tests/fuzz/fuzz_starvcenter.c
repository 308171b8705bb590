/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "providers/starvcenter/starvcenter.h"
#include "reconcile/access.h"
#include "reconcile/balancer.h"
#include "reconcile/base/base64.h"
#include "tests/fuzz/fuzz.h"

static const struct provider *const codec = &starvcenter_provider;
static const struct account_config account = { .endpoint = "http://star.test/starvcenter",
                                               .token = "secret-1",
                                               .timeout = USEC_PER_MINUTE };

/* The bodies of replies, one after another: the input's lines that a NUL byte ends. */
struct bodies {
        const uint8_t *rest;
        size_t n;
        bool wrapped; /* they are what is in the Base64, not the Base64 itself */
        bool answered;
};

/* The next body; behind the last one, empty ones. */
static struct reply next_reply(struct bodies *bodies)
{
        const uint8_t *end = bodies->n > 0 ? memchr(bodies->rest, '\0', bodies->n) : NULL;
        size_t n = end ? (size_t)(end - bodies->rest) : bodies->n;
        _cleanup_buf_ struct buf base64 = BUF_INIT(n * 2 + 8);
        struct reply rp = { .end = REPLY_COMPLETE, .status = 200 };

        bodies->answered = true;
        must(base64_encode(&base64, bodies->rest, n) == 0);
        rp.body_len = bodies->wrapped ? base64.len : n;
        rp.body = fuzz_text(bodies->wrapped ? (const uint8_t *)base64.data : bodies->rest, rp.body_len);
        bodies->rest += n + (end != NULL);
        bodies->n -= n + (end != NULL);
        return rp;
}

/* What a balancer is set to is JSON again, whatever was printed. */
static bool is_settings(const struct values *v)
{
        _cleanup_json_ json_t *settings = NULL;
        const char *text = values_known(v, PROPERTY_SPEC) ? v->of[PROPERTY_SPEC].text : "";

        return json_parse(text, strlen(text), &settings, NULL) == 0 && json_is_object(settings);
}

/* A back end's name can be taken apart, or there is none, and it is never acted on. */
static bool is_named(const struct row *row)
{
        _cleanup_free_ char *key = strdup(row->name);
        struct backend backend;

        if (!*row->name)
                return row->condition == CONDITION_UNKNOWN;
        return backend_parse(key, &backend) == 0 && backend.port >= 0 && backend.port <= 65535;
}

/* A rule that has a text can be written as it says, and says the same then; one that has none is never acted on. */
static bool is_rule(const struct row *row)
{
        _cleanup_buf_ struct buf text = BUF_INIT(RULE_TEXT_MAX);
        _cleanup_rule_ struct rule rule = { 0 };

        if (!*row->name)
                return row->condition == CONDITION_UNKNOWN;
        return row->condition != CONDITION_UNKNOWN && rule_parse(row->name, &rule) == 0 &&
               rule_print(&rule, &text) == 0 && text_equal(buf_text(&text), row->name);
}

/* No more rules of a group are not in effect than it has. */
static bool is_pending(const struct observation *obs, const struct row *row)
{
        int64_t n = values_known(&row->values, PROPERTY_PENDING) ? row->values.of[PROPERTY_PENDING].number : 0;

        return n >= 0 && n <= (int64_t)obs->of[TYPE_RULE].n_rows;
}

static void check_group_row(const struct observation *obs, enum thing_type type, const struct row *row)
{
        size_t n = strlen(row->parent);

        must(type != TYPE_GROUP || (is_settings(&row->values) && is_pending(obs, row)));
        must(type != TYPE_RULE || (*row->parent && is_rule(row)));
        must(type != TYPE_CARD || *row->parent);
        must(type != TYPE_BINDING || (n > 0 && *row->traits && strncmp(row->id, row->parent, n) == 0 &&
                                      row->id[n] == ' ' && text_equal(row->id + n + 1, row->name)));
}

/* A rule of access that has a text says the same when that is read again; one that has none is never acted on. */
static bool is_access(const struct row *row)
{
        _cleanup_buf_ struct buf text = BUF_INIT(ACCESS_TEXT_MAX);
        _cleanup_access_ struct access access = { 0 };

        if (!values_known(&row->values, PROPERTY_SPEC))
                return row->condition == CONDITION_UNKNOWN;
        return row->condition == CONDITION_RUNNING && access_parse(row->values.of[PROPERTY_SPEC].text, &access) == 0 &&
               access_print(&access, &text, NULL) == 0 &&
               text_equal(buf_text(&text), row->values.of[PROPERTY_SPEC].text);
}

static void check_row(const struct observation *obs, enum thing_type type, const struct row *row)
{
        must(*row->id && (type == TYPE_BINDING || strlen(row->id) < OUTCOME_ID_MAX));
        must(observation_find(obs, type, row->id) == row);
        must(row->name && row->address && row->created);
        must(*condition_text(row->condition));
        must((type != TYPE_BALANCER && type != TYPE_NETWORK && type != TYPE_QUOTA) || is_settings(&row->values));
        must(!thing_is_copy(type) || text_equal(row->parent, "vm-1"));
        must(type != TYPE_BACKEND || (*row->parent && is_named(row)));
        check_group_row(obs, type, row);
        must((type != TYPE_PORT_MAPPING && type != TYPE_ADDRESS_MAPPING) || is_settings(&row->values));
        must(type != TYPE_ACCESS || is_access(row));
        if (values_known(&row->values, PROPERTY_CPU))
                must(row->values.of[PROPERTY_CPU].number >= 0);
        if (values_known(&row->values, PROPERTY_MEMORY))
                must(row->values.of[PROPERTY_MEMORY].number >= 0);
        if (values_known(&row->values, PROPERTY_MODEL))
                must(*row->values.of[PROPERTY_MODEL].text);
}

static void check_observation(const struct observation *obs)
{
        for (enum thing_type type = 0; type < THING_TYPES; type++)
                for (size_t i = 0; i < obs->of[type].n_rows; i++)
                        check_row(obs, type, &obs->of[type].rows[i]);
}

static void check_complete(const struct observation *obs)
{
        if (obs->scope.type == SCOPE_ONE)
                must(obs->of[TYPE_MACHINE].n_rows <= 1 &&
                     (obs->of[TYPE_MACHINE].n_rows == 0 ||
                      text_equal(obs->of[TYPE_MACHINE].rows[0].id, obs->scope.id)));
        else
                must(obs->of[TYPE_MACHINE].total < 0 ||
                     (size_t)obs->of[TYPE_MACHINE].total == obs->of[TYPE_MACHINE].n_rows);
}

/* Answers requests for as long as there are bodies. 0: all of them; 1: there were not enough bodies. */
static int answer(struct bodies *bodies, struct observation *obs, struct request_list *asked, struct error *e)
{
        _cleanup_request_list_ struct request_list batch = *asked;

        *asked = (struct request_list){};
        for (size_t i = 0; i < batch.n_requests; i++) {
                _cleanup_(reply_done) struct reply rp = {};
                int r;

                if (bodies->n == 0 && bodies->answered)
                        return 1;
                must(batch.requests[i].read && batch.requests[i].url);
                rp = next_reply(bodies);
                r = codec->saw(&account, &batch.requests[i], &rp, obs, asked, e);
                must(r == 0 || r == -EBADMSG || r == -EACCES);
                check_observation(obs);
                if (r < 0)
                        return r;
        }

        return asked->n_requests > 0 ? answer(bodies, obs, asked, e) : 0;
}

/* A whole look: further pages are asked for, as they are answered, until it is complete, refused, or out of bodies. */
static void check_look(struct bodies bodies, const struct scope *scope)
{
        _cleanup_(observation_free_p) struct observation *obs = NULL;
        _cleanup_request_list_ struct request_list asked = {};
        struct error e = { "" };
        int r;

        must(observation_new(scope, &obs) == 0);
        must(codec->look(&account, obs, &asked, &e) == 0);
        do {
                r = answer(&bodies, obs, &asked, &e);
                if (r == 0)
                        r = codec->seen(&account, obs, &asked, &e);
                else if (r > 0)
                        return;
        } while (r > 0);

        if (r == 0) {
                check_complete(obs);
        } else {
                must(r == -EBADMSG || r == -EACCES || r == -ESTALE);
                must(*e.text && fuzz_is_showable(e.text));
        }
}

static void check_outcome(struct bodies bodies, enum thing_type type, enum order_verb verb)
{
        const struct order order = {
                .verb = verb, .type = type, .id = verb == ORDER_CREATE ? NULL : "vm-1", .name = "web-0"
        };
        _cleanup_(reply_done) struct reply rp = next_reply(&bodies);
        struct outcome outcome;

        codec->acted(&account, &order, &rp, &outcome);
        must(*outcome_text(outcome.class));
        must(outcome.n_ids <= 1);
        must(outcome.n_ids == 0 || memchr(outcome.ids[0], '\0', OUTCOME_ID_MAX));
        must(outcome.n_ids == 0 || (verb == ORDER_CREATE && outcome.class == OUTCOME_ACCEPTED));
        must(verb != ORDER_CREATE || outcome.class != OUTCOME_REFUSED);
        if (outcome.class != OUTCOME_ACCEPTED)
                must(*outcome.why.text && fuzz_is_showable(outcome.why.text));
}

/* Each input is read as all that it could be the reply to, as it is and out of its wrapping. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct scope one = scope_one(TYPE_MACHINE, "vm-1");
        const struct scope balancers = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_BALANCER };
        const struct scope backends = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_BACKEND };
        static const struct detail details[] = { { TYPE_RULE, "sg-1", NULL },
                                                 { TYPE_BINDING, "sg-1", NULL },
                                                 { TYPE_CARD, "vm-1", "sg-1" },
                                                 { TYPE_CARD, "vm-2", "sg-1" } };
        const struct scope groups = { .type = SCOPE_ACCOUNT,
                                      .types = 1u << TYPE_GROUP | 1u << TYPE_RULE | 1u << TYPE_BINDING |
                                               1u << TYPE_CARD,
                                      .details = details,
                                      .n_details = sizeof(details) / sizeof(*details) };
        const struct scope mappings = { .type = SCOPE_ACCOUNT,
                                        .types = 1u << TYPE_PORT_MAPPING | 1u << TYPE_ADDRESS_MAPPING };
        const struct scope access = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_ACCESS };
        static const struct detail of_machines[] = { { TYPE_BACKUP, "vm-1", NULL }, { TYPE_SNAPSHOT, "vm-1", NULL } };
        const struct scope copies = { .type = SCOPE_ACCOUNT,
                                      .types = 1u << TYPE_BACKUP | 1u << TYPE_SNAPSHOT,
                                      .details = of_machines,
                                      .n_details = sizeof(of_machines) / sizeof(*of_machines) };
        const struct scope networks = { .type = SCOPE_ACCOUNT, .types = 1u << TYPE_NETWORK };
        static const struct detail tenant = { TYPE_QUOTA, "app-1", NULL };
        const struct scope quotas = {
                .type = SCOPE_ACCOUNT, .types = 1u << TYPE_QUOTA, .details = &tenant, .n_details = 1
        };

        for (int wrapped = 0; wrapped <= 1; wrapped++) {
                struct bodies bodies = { .rest = data, .n = size, .wrapped = wrapped };

                check_look(bodies, &scope_machines);
                check_look(bodies, &one);
                check_look(bodies, &balancers);
                check_look(bodies, &backends);
                check_look(bodies, &groups);
                check_look(bodies, &mappings);
                check_look(bodies, &access);
                check_look(bodies, &copies);
                check_look(bodies, &networks);
                check_look(bodies, &quotas);
                check_outcome(bodies, TYPE_MACHINE, ORDER_CREATE);
                check_outcome(bodies, TYPE_MACHINE, ORDER_CHANGE);
                check_outcome(bodies, TYPE_BALANCER, ORDER_CREATE);
                check_outcome(bodies, TYPE_BACKEND, ORDER_CREATE);
                check_outcome(bodies, TYPE_GROUP, ORDER_CREATE);
                check_outcome(bodies, TYPE_RULE, ORDER_CREATE);
                check_outcome(bodies, TYPE_BINDING, ORDER_DELETE);
                check_outcome(bodies, TYPE_PORT_MAPPING, ORDER_CREATE);
                check_outcome(bodies, TYPE_ACCESS, ORDER_CREATE);
                check_outcome(bodies, TYPE_BACKUP, ORDER_CREATE);
                check_outcome(bodies, TYPE_SNAPSHOT, ORDER_DELETE);
                check_outcome(bodies, TYPE_NETWORK, ORDER_CREATE);
                check_outcome(bodies, TYPE_QUOTA, ORDER_CHANGE);
        }

        return 0;
}
