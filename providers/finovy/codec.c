/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "providers/finovy/finovy.h"
#include "providers/finovy/message.h"
#include "providers/finovy/walk.h"
#include "reconcile/base/text.h"

#define PERIODS_MAX 1000

static const struct machine_support machines[] = {
        { "template", .required = true, .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "image", .required = true, .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { "billing", .readback = READBACK_NEVER, .change = CHANGE_REPLACE },
        { NULL },
};

static const char *const truths[] = { "false", "true", NULL };

static const struct provider_option options[] = {
        { "exclusive", truths, "true: nobody but muster makes machines on this account" },
        { NULL },
};

/* A machine's name cannot be set, and a create answers without an id: nothing tells which call made it. */
static const struct making *making(const struct pairs *account_options)
{
        static const struct making makings[THING_TYPES] = {
                [TYPE_MACHINE] = { .possible = true,
                                   .marker = MARKER_NONE,
                                   .alone_option = "exclusive",
                                   .shows_one = true },
        };

        (void)account_options;
        return makings;
}

static int create(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        const struct billing_spec *billing = order->resource ? order->resource->machine_set->billing : NULL;
        _cleanup_json_ json_t *body = NULL;

        if (!values_known(order->wanted, PROPERTY_TEMPLATE) || !values_known(order->wanted, PROPERTY_IMAGE))
                return error_set(e, -EINVAL, "a finovy machine needs a template (its package) and an image");
        body = json_pack("{s:s, s:s}", "packageId", order->wanted->of[PROPERTY_TEMPLATE].text, "imageId",
                         order->wanted->of[PROPERTY_IMAGE].text);
        if (!body)
                return error_oom(e);
        if (!billing || billing->mode == BILLING_HOURLY)
                return finovy_request(account, METHOD_POST, "createquantity", body, ret, e);
        if (billing->number < 1 || billing->number > PERIODS_MAX)
                return error_set(e, -EINVAL, "billing.number must be from 1 to %d", PERIODS_MAX);
        if (json_object_set_new(body, "periodNumber", json_integer(billing->number)) < 0 ||
            json_object_set_new(body, "periodType", json_integer(billing->unit)) < 0)
                return error_oom(e);
        return finovy_request(account, METHOD_POST, "createRent", body, ret, e);
}

static int act(const struct account_config *account, const struct order *order, struct request *ret, struct error *e)
{
        switch (order->verb) {
        case ORDER_CREATE:
                return create(account, order, ret, e);
        case ORDER_DELETE:
                return finovy_host_request(account, METHOD_DELETE, "delete", order->id, "", ret, e);
        case ORDER_START: /* these two are GETs that act */
                return finovy_host_request(account, METHOD_GET, "operate", order->id, "?type=1", ret, e);
        case ORDER_SHUT_DOWN:
        case ORDER_POWER_OFF:
                return finovy_host_request(account, METHOD_GET, "operate", order->id, "?type=0", ret, e);
        default:
                return error_set(e, -EINVAL, "finovy cannot change a machine that is there");
        }
}

/* Codes that speak of a machine's state are no answer to a create: what they mean there nobody has said. */
static enum outcome_class class_of(int64_t code, bool is_create)
{
        switch (code) {
        case FINOVY_NO_RESOURCES:
        case FINOVY_WALLET_HOUR:
        case FINOVY_WALLET_ERROR:
        case FINOVY_WALLET_EMPTY:
                return OUTCOME_CAPACITY;
        case FINOVY_NO_PERMISSION:
        case FINOVY_NOT_VERIFIED:
        case FINOVY_TYPES_DIFFER:
                return OUTCOME_REFUSED;
        case FINOVY_STARTING:
        case FINOVY_STOPPING:
        case FINOVY_NOT_STARTED:
        case FINOVY_UNAVAILABLE:
        case FINOVY_NOT_RUNNING:
                return is_create ? OUTCOME_UNKNOWN : OUTCOME_REFUSED;
        default: /* "creation waiting" among them */
                return OUTCOME_UNKNOWN;
        }
}

/* Yes is `true`, or for a period the machine's id; anything else is no answer to trust. */
static void read_yes(const struct json_node *data, const struct order *order, struct outcome *outcome)
{
        char scratch[32];
        const char *id;

        if (json_node_is_true(data) || text_equal(json_node_string(data), "true")) {
                outcome->class = OUTCOME_ACCEPTED;
        } else if (order->verb == ORDER_CREATE && json_node_read_text(data, scratch, &id) == 0 && api_id_valid(id) &&
                   !text_equal(id, "false")) {
                outcome->class = OUTCOME_ACCEPTED;
                (void)strncpy(outcome->ids[0], id, OUTCOME_ID_MAX - 1);
                outcome->n_ids = 1;
        } else {
                error_set(&outcome->why, -EBADMSG, "the provider's reply says that it is done, and not what");
        }
}

static void acted(const struct account_config *account, const struct order *order, struct reply *rp,
                  struct outcome *ret)
{
        struct outcome outcome = { .class = OUTCOME_UNKNOWN };
        _cleanup_json_doc_ struct json_doc *doc = NULL;
        int64_t code;

        (void)account;
        if (outcome_from_status(rp, ret))
                return;
        if (finovy_open(rp, &doc, &code, &outcome.why) == 0) {
                if (code == FINOVY_DONE)
                        read_yes(json_node_member(json_root(doc), "data"), order, &outcome);
                else
                        outcome.class = class_of(code, order->verb == ORDER_CREATE);
                outcome.said_no = outcome.class == OUTCOME_UNKNOWN && code != FINOVY_DONE && code != FINOVY_WAITING;
        }
        *ret = outcome;
}

/* The first line of a package's traits is its type, the second what it is sold for. */
static const char *sold_for(const struct row *package)
{
        const char *line = strchr(package->traits, '\n');

        return line ? line + 1 : "";
}

static bool types_agree(const struct row *package, const struct row *image)
{
        size_t n = strcspn(package->traits, "\n");

        return strncmp(package->traits, image->traits, n) == 0 && !image->traits[n];
}

static int quote(const struct account_config *account, const struct observation *obs, const struct machine_set *set,
                 struct quote *ret, struct error *e)
{
        bool period = set->billing && set->billing->mode == BILLING_PERIOD;
        const struct row *package = observation_find(obs, TYPE_OFFER, set->template.name);
        const struct row *image = observation_find(obs, TYPE_IMAGE, set->image);

        (void)account;
        if (!package)
                return error_set(e, -EINVAL, "the vendor offers no package %s (template)", set->template.name);
        if (!image)
                return error_set(e, -EINVAL, "the vendor has no image %s", set->image);
        if (!types_agree(package, image))
                return error_set(
                        e, -EINVAL,
                        "the package %s is of type %.*s and the image %s of type %s: take two of the same type",
                        package->id, (int)strcspn(package->traits, "\n"), package->traits, image->id, image->traits);
        if (text_equal(sold_for(package), period ? "0" : "1"))
                return error_set(e, -EINVAL, "the package %s is sold %s: write billing.mode %s", package->id,
                                 period ? "by the hour only" : "for periods only", period ? "hourly" : "period");
        *ret = (struct quote){
                .shows = package->values,
                .price = period ? 0 : package->price,
                .note = period ? "it is paid for the period beforehand; whether deleting it early pays anything back is not documented"
                               : NULL,
        };
        return 0;
}

const struct provider finovy_provider = {
        .type = "finovy",
        .machines = machines,
        .making = making,
        .auth = AUTH_TOKEN,
        .options = options,
        .currency = "CNY",
        .looks_always = 1u << TYPE_OFFER | 1u << TYPE_IMAGE,
        .timing = {
                .acting = 45 * USEC_PER_SEC,
                .lag = 10 * USEC_PER_SEC,
                .margin = 5 * USEC_PER_SEC,
                .change = 10 * USEC_PER_MINUTE,
                .shut_down = 2 * USEC_PER_MINUTE,
        },
        .look = finovy_look,
        .saw = finovy_saw,
        .seen = finovy_seen,
        .quote = quote,
        .act = act,
        .acted = acted,
};
